//! What the O'Hara–Rudy models have in common, written once.
//!
//! O'Hara et al., PLoS Comput Biol 7:e1002061 (2011),
//! [10.1371/journal.pcbi.1002061](https://doi.org/10.1371/journal.pcbi.1002061), Text S1. The later
//! models keep these parts and their constants; they replace or rescale others.
//!
//! Quotients such as `1/(1 + K/c)` are written `c/(c + K)`: the same number, and no division by a
//! concentration.

use ode_solvers::{Over, Scalar};

use crate::kinetics::{exps, falling_from, fallings, relax_at, slowed};
use crate::model::exactly_mut;

/// Gas constant, mJ/mol/K.
const GAS: f64 = 8314.0;
/// Temperature, K.
const TEMPERATURE: f64 = 310.0;
/// Faraday constant, C/mol.
pub(super) const FARADAY: f64 = 96485.0;
/// RT/F, mV.
pub(super) const RT_F: f64 = GAS * TEMPERATURE / FARADAY;
/// F/(RT), 1/mV.
pub(super) const F_RT: f64 = FARADAY / (GAS * TEMPERATURE);
/// Permeability of I_Ks to sodium, relative to potassium.
pub(super) const PR_NA_K: f64 = 0.01833;

/// π as the models round it.
#[allow(clippy::approx_constant, reason = "the published volumes are computed with 3.14")]
const PI: f64 = 3.14;
/// Radius and length of the cell, cm.
const RADIUS: f64 = 0.0011;
const LENGTH: f64 = 0.01;
/// Volume of the cell, µl.
const VOLUME: f64 = 1000.0 * PI * RADIUS * RADIUS * LENGTH;
/// Capacitive area: twice the area of the cylinder, cm². At 1 µF/cm² it is the capacitance in µF.
const AREA: f64 = 2.0 * (2.0 * PI * RADIUS * RADIUS + 2.0 * PI * RADIUS * LENGTH);
/// Volumes relative to one another.
pub(super) const NSR_PER_MYO: f64 = 0.0552 / 0.68;
pub(super) const SS_PER_MYO: f64 = 0.02 / 0.68;
pub(super) const JSR_PER_NSR: f64 = 0.0048 / 0.0552;
pub(super) const JSR_PER_SS: f64 = 0.0048 / 0.02;
/// mM/ms of a monovalent ion in the cytosol for 1 A/F.
pub(super) const MYO: f64 = AREA / (FARADAY * (0.68 * VOLUME));
/// mM/ms of a monovalent ion in the subspace for 1 A/F.
pub(super) const SS: f64 = AREA / (FARADAY * (0.02 * VOLUME));

/// The range of an occupancy, or of a gate that starts below zero by rounding.
pub(super) const SHARE: (f64, f64) = (-1e-9, 1.0);

/// Derivative and rate of one state.
pub(super) type Row<T> = (T, T);

/// A state that is no linear relaxation.
#[inline(always)]
pub(super) fn plain<T: Scalar>(derivative: T) -> Row<T> {
    (derivative, T::from(0.0))
}

/// Rows, written as they are computed: the fewer numbers wait to be written, the fewer registers they
/// take from those that are computed with.
pub(super) struct Rows<'a, const N: usize, T> {
    dy: &'a mut [T; N],
    b: &'a mut [T; N],
    next: usize,
}

impl<'a, const N: usize, T: Scalar> Rows<'a, N, T> {
    /// For `N` states.
    #[inline(always)]
    pub(super) fn new(dy: &'a mut [T], b: &'a mut [T]) -> Self {
        Self { dy: exactly_mut(dy), b: exactly_mut(b), next: 0 }
    }

    /// The next states.
    #[inline(always)]
    pub(super) fn push<const M: usize>(&mut self, rows: [Row<T>; M]) {
        for (derivative, rate) in rows {
            self.dy[self.next] = derivative;
            self.b[self.next] = rate;
            self.next += 1;
        }
    }
}

/// All rows, in the order of the states.
#[inline(always)]
pub(super) fn write<const N: usize, T: Scalar>(rows: [Row<T>; N], dy: &mut [T], b: &mut [T]) {
    let (dy, b) = (exactly_mut::<N, T>(dy), exactly_mut::<N, T>(b));
    for (i, row) in rows.into_iter().enumerate() {
        (dy[i], b[i]) = row;
    }
}

/// CaMKII: the fraction of channels that it has phosphorylated, and the derivative of what is
/// trapped.
#[inline(always)]
pub(super) fn camk<T: Scalar>(trapped: T, ca_ss: T) -> (T, T) {
    let bound = (-trapped + 1.0) * 0.05 * ca_ss / (ca_ss + 0.0015);
    let active = bound + trapped;
    (active / (active + 0.15), bound * active * 0.05 - trapped * 0.00068)
}

/// One part that is not phosphorylated, one that is.
#[inline(always)]
pub(super) fn blend<T: Scalar>(phi: T, not: T, phosphorylated: T) -> T {
    (-phi + 1.0) * not + phi * phosphorylated
}

/// I_Na: rates of the gates m, hf, hs and j.
#[inline(always)]
pub(super) fn i_na_rates<T: Scalar>(v: T) -> [T; 4] {
    let [m_up, m_down, hf_down, hf_up, hs_down, hs_up, j_down, j_up] = exps([
        (v + 11.64) / 34.77,
        -(v + 77.42) / 5.955,
        -(v + 1.196) / 6.285,
        (v + 0.5096) / 20.27,
        -(v + 17.95) / 28.05,
        (v + 5.73) / 56.66,
        -(v + 100.6) / 8.281,
        (v + 0.9941) / 38.45,
    ]);
    [
        m_up * 6.765 + m_down * 8.552,
        hf_down * 1.432e-5 + hf_up * 6.149,
        hs_down * 0.009794 + hs_up * 0.3343,
        slowed(j_down * 0.02136 + j_up * 0.3052, 2.038),
    ]
}

/// I_NaL: its steady activation, and the gates hL and hLp of its inactivation.
#[inline(always)]
pub(super) fn i_nal<T: Scalar>(v: T, h: T, h_p: T) -> (T, [Row<T>; 2]) {
    let [m_inf, h_inf, h_p_inf] = fallings([-(v + 42.85) / 5.264, (v + 87.61) / 7.488, (v + 93.81) / 7.488]);
    (m_inf, [relax_at(h, h_inf, T::from(1.0 / 200.0)), relax_at(h_p, h_p_inf, T::from(1.0 / 600.0))])
}

/// I_to: the open fraction, and the gates a, iF, iS, ap, iFp, iSp. `shortening` is by how much
/// inactivation is faster at rest: 0.95 in the epicardium, 0 elsewhere.
#[inline(always)]
pub(super) fn i_to<P: Scalar, T: Scalar + Over<P>>(
    v: T,
    phi: T,
    shortening: P,
    [a, i_f, i_s, a_p, i_fp, i_sp]: [T; 6],
) -> (T, [Row<T>; 6]) {
    let [a_inf, a_p_inf, a_open, a_close, i_inf, at_rest, recovered, fast] = fallings([
        -(v - 14.34) / 14.82,
        -(v - 24.34) / 14.82,
        -(v - 18.4099) / 29.3814,
        (v + 100.0) / 29.3814,
        (v + 43.94) / 5.711,
        (v + 70.0) / 5.0,
        (v + 70.0) / 20.0,
        (v - 213.6) / 151.2,
    ]);
    let [f_down, f_up, s_down, s_up, develop_up, develop_down] = exps([
        -(v + 100.0) / 100.0,
        (v + 50.0) / 16.59,
        -(v + 96.52) / 59.05,
        (v + 114.1) / 8.079,
        (v - 167.4) / 15.89,
        -(v - 12.23) / 0.2154,
    ]);
    let rate_a = a_open * (1.0 / (1.2089 * 1.0515)) + a_close * (3.5 / 1.0515);
    let epi = -(at_rest * shortening) + 1.0;
    // τ = (1/f + 4.562)·epi, and likewise for the slow part.
    let f = f_down * 0.3933 + f_up * 0.08004;
    let s = s_down * 0.001416 + s_up * 1.78e-8;
    let rate_f = f / ((f * 4.562 + 1.0) * epi);
    let rate_s = s / ((s * 23.62 + 1.0) * epi);
    // Phosphorylated, τ is (1.354 + 10⁻⁴/develop)·recover times as long.
    let develop = develop_up + develop_down;
    let recover = recovered * -0.5 + 1.0;
    let slower = develop / ((develop * 1.354 + 1e-4) * recover);

    let slow = -fast + 1.0;
    let open = blend(phi, a * (fast * i_f + slow * i_s), a_p * (fast * i_fp + slow * i_sp));
    let rows = [
        relax_at(a, a_inf, rate_a),
        relax_at(i_f, i_inf, rate_f),
        relax_at(i_s, i_inf, rate_s),
        relax_at(a_p, a_p_inf, rate_a),
        relax_at(i_fp, i_inf, slower * rate_f),
        relax_at(i_sp, i_inf, slower * rate_s),
    ];
    (open, rows)
}

/// Inactivation of I_CaL that the models share: by voltage (`f`), by calcium (`f_ca`), and each
/// phosphorylated.
pub(super) struct Inactivation<T> {
    /// Steady inactivation by voltage.
    pub(super) inf: T,
    f: T,
    f_p: T,
    f_ca: T,
    f_ca_p: T,
    /// ff, fs, fcaf, fcas, ffp, fcafp.
    pub(super) rows: [Row<T>; 6],
}

impl<T: Scalar> Inactivation<T> {
    /// From the gates ff, fs, fcaf, fcas, ffp, fcafp.
    #[inline(always)]
    pub(super) fn new(v: T, [ff, fs, fcaf, fcas, ffp, fcafp]: [T; 6]) -> Self {
        let [inf, fast_ca, ff_down, ff_up, fs_down, fs_up, fcaf_down, fcaf_up, fcas_down, fcas_up] = exps([
            (v + 19.58) / 3.696,
            (v - 10.0) / 10.0,
            -(v + 20.0) / 10.0,
            (v + 20.0) / 10.0,
            -(v + 5.0) / 4.0,
            (v + 5.0) / 6.0,
            -(v - 4.0) / 7.0,
            (v - 4.0) / 7.0,
            -v / 3.0,
            v / 7.0,
        ]);
        let inf = falling_from(inf);
        let rate_ff = slowed((ff_down + ff_up) * 0.0045, 7.0);
        let rate_fs = slowed((fs_down + fs_up) * 3.5e-5, 1000.0);
        let rate_fcaf = slowed((fcaf_down + fcaf_up) * 0.04, 7.0);
        let rate_fcas = slowed((fcas_down + fcas_up) * 0.00012, 100.0);
        let fast_ca = falling_from(fast_ca) * 0.6 + 0.3;
        let slow_ca = -fast_ca + 1.0;
        Self {
            inf,
            f: ff * 0.6 + fs * 0.4,
            f_p: ffp * 0.6 + fs * 0.4,
            f_ca: fast_ca * fcaf + slow_ca * fcas,
            f_ca_p: fast_ca * fcafp + slow_ca * fcas,
            rows: [
                relax_at(ff, inf, rate_ff),
                relax_at(fs, inf, rate_fs),
                relax_at(fcaf, inf, rate_fcaf),
                relax_at(fcas, inf, rate_fcas),
                relax_at(ffp, inf, rate_ff * 0.4),
                relax_at(fcafp, inf, rate_fcaf * 0.4),
            ],
        }
    }

    /// The fraction that is not inactivated: `n` is in the calcium-dependent mode, which `j_ca`
    /// limits; phosphorylated channels conduct 1.1 times as well.
    #[inline(always)]
    pub(super) fn open(&self, phi: T, n: T, j_ca: T) -> T {
        let voltage = -n + 1.0;
        let calcium = j_ca * n;
        let not = self.f * voltage + self.f_ca * calcium;
        let phosphorylated = self.f_p * voltage + self.f_ca_p * calcium;
        blend(phi, not, phosphorylated * 1.1)
    }
}

/// Rate of the activation of I_CaL.
#[inline(always)]
pub(super) fn i_cal_activation_rate<T: Scalar>(v: T) -> T {
    let [down, up] = exps([(v + 6.0) * -0.05, (v + 14.0) * 0.09]);
    slowed(down + up, 0.6)
}

/// The fraction of channels in the calcium-dependent mode, entered at rate `k_2n` (1/ms).
#[inline(always)]
pub(super) fn calcium_mode<T: Scalar>(n: T, j_ca: T, ca: T, k_2n: f64) -> Row<T> {
    // 1/(1 + 0.002/ca)⁴ = bound/total.
    let (bound, total) = (ca.powi(4), (ca + 0.002).powi(4));
    (j_ca * bound * k_2n / (j_ca * total + bound * k_2n) - n * j_ca, -j_ca)
}

/// I_Ks: the open fraction times its dependence on calcium, and the gates xs1, xs2.
#[inline(always)]
pub(super) fn i_ks<T: Scalar>(v: T, ca_i: T, xs1: T, xs2: T) -> (T, [Row<T>; 2]) {
    let [inf, up_1, down_1, up_2, down_2] = exps([
        -(v + 11.6) / 8.932,
        (v + 48.28) / 17.8,
        -(v + 210.0) / 230.0,
        (v - 50.0) / 20.0,
        -(v + 66.54) / 31.0,
    ]);
    let inf = falling_from(inf);
    let rate_1 = slowed(up_1 * 0.0002326 + down_1 * 0.001292, 817.3);
    let rate_2 = up_2 * 0.01 + down_2 * 0.0193;
    let calcium = ((ca_i.recip() * 3.8e-5).powf(1.4) + 1.0).recip() * 0.6 + 1.0;
    (calcium * xs1 * xs2, [relax_at(xs1, inf, rate_1), relax_at(xs2, inf, rate_2)])
}

/// The sodium–calcium exchanger: what does not depend on the compartment.
pub(super) struct Exchanger<T> {
    h_na: T,
    h_ca: T,
    k1: T,
    k3: T,
    k3_na: T,
    k8: T,
}

impl<T: Scalar> Exchanger<T> {
    /// Rates of binding and release of calcium, 1/ms; release is k2 and k5.
    const ON: f64 = 1.5e6;
    const OFF: f64 = 5000.0;
    /// Rates of translocation: sodium and calcium, and both.
    const W: f64 = 60000.0;
    const W_BOTH: f64 = 5000.0;

    /// At `vfrt` = VF/RT.
    #[inline(always)]
    pub(super) fn new<P: Scalar>(vfrt: T, na_o: P, ca_o: P) -> Self
    where
        T: Over<P>,
    {
        let [h_na, h_ca] = exps([vfrt * 0.5224, vfrt * 0.167]);
        let h7 = (h_na.recip() + 1.0) * (na_o / 88.12) + 1.0;
        let h8 = (h_na * h7).recip() * (na_o / 88.12);
        let h10 = na_o / 15.0 * (na_o / 5.0 + 1.0) + 13.5;
        let h11 = na_o * na_o / (h10 * 75.0);
        let k3_na = h8 * Self::W_BOTH;
        Self {
            h_na,
            h_ca,
            k1: T::from(ca_o / h10 * Self::ON),
            k3: h7.recip() * Self::W + k3_na,
            k3_na,
            k8: h8 * (h11 * Self::W),
        }
    }

    /// The net charge per unit of conductance that the exchanger moves outward.
    #[inline(always)]
    pub(super) fn current(&self, na: T, ca: T) -> T {
        let Self { h_na, h_ca, k1, k3, k3_na, k8 } = *self;
        let h1 = na / 88.12 * (h_na + 1.0) + 1.0;
        let h2 = na * h_na / (h1 * 88.12);
        let h4 = na / 15.0 * (na / 5.0 + 1.0) + 1.0;
        let h5 = na * na / (h4 * 75.0);
        let k4_na = h2 * Self::W_BOTH;
        let k4 = (h1 * h_ca).recip() * Self::W + k4_na;
        let k6 = ca / h4 * Self::ON;
        let k7 = h5 * h2 * Self::W;
        let off = Self::OFF;
        let x1 = k4 * off * (k7 + k6) + k7 * off * (k3 + off);
        let x2 = k1 * k7 * (k4 + off) + k4 * k6 * (k1 + k8);
        let x3 = k1 * k3 * (k7 + k6) + k8 * k6 * (k3 + off);
        let x4 = k8 * off * (k4 + off) + k3 * off * (k1 + k8);
        let sodium = (x4 * k7 - x1 * k8) * 3.0 + x3 * k4_na - x2 * k3_na;
        let calcium = x2 * off - x1 * k1;
        // Calcium activates the exchanger: Hill coefficient 2, 150 nM.
        let allosteric = ca * ca / (ca * ca + 0.00015 * 0.00015);
        allosteric * (sodium + calcium * 2.0) / (x1 + x2 + x3 + x4)
    }
}

/// The sodium–potassium pump: the net charge per unit of its maximum that it moves outward, at
/// `vfrt` = VF/RT.
#[inline(always)]
pub(super) fn pump<P: Scalar, T: Scalar + Over<P>>(vfrt: T, na_i: T, k_i: T, na_o: P, k_o: P) -> T {
    // Protons and nucleotides, mM.
    const H: f64 = 1e-7;
    const ATP: f64 = 9.8 / 1.698e-7;
    const B1: f64 = 182.4 * 0.05;
    const A2: f64 = 687.2;
    const A4: f64 = 639.0 * ATP / (1.0 + ATP);

    let [inward, outward] = exps([vfrt * (-0.155 / 3.0), vfrt * (1.155 / 3.0)]);
    let na_in = na_i / (inward * 9.073);
    let na_out = (outward * 27.78).recip() * na_o;
    let k_in = k_i / 0.5;
    let k_out = k_o / 0.3582;
    let inside = (na_in + 1.0).powi(3) + (k_in + 1.0).powi(2) - 1.0;
    let outside = (na_out + 1.0).powi(3) + (k_out + 1.0).powi(2) - 1.0;
    let a1 = na_in.powi(3) * 949.5 / inside;
    let b4 = k_in.powi(2) * 40.0 / inside;
    let b2 = na_out.powi(3) * 39.4 / outside;
    let a3 = outside.recip() * (k_out.powi(2) * 1899.0);
    let phosphate = (na_i / 224.0 + k_i / 292.0 + (1.0 + H / 1.698e-7)).recip() * 4.2;
    let b3 = phosphate * (79300.0 * H / (1.0 + ATP));

    let x1 = a1 * (A4 * A2) + b2 * b4 * b3 + b4 * b3 * A2 + b3 * a1 * A2;
    let x2 = b2 * b4 * B1 + a1 * a3 * A2 + a3 * b4 * B1 + a3 * b4 * A2;
    let x3 = a3 * (A2 * A4) + b3 * b2 * B1 + b2 * (B1 * A4) + a3 * (A4 * B1);
    let x4 = b4 * b3 * b2 + a3 * a1 * A4 + b2 * a1 * A4 + b3 * b2 * a1;
    let sodium = (x1 * a3 - x2 * b3) * 3.0;
    let potassium = (x4 * B1 - x3 * a1) * 2.0;
    (sodium + potassium) / (x1 + x2 + x3 + x4)
}

/// Release from the junctional store: rows of the flux through channels that are not and that are
/// phosphorylated. `drive` is the calcium current that triggers it, inward positive; `half` the
/// content of the store for half of it, mM.
#[inline(always)]
pub(super) fn release<T: Scalar>(drive: T, ca_jsr: T, half: f64, np: T, p: T) -> [Row<T>; 2] {
    let filled = (ca_jsr * (1.0 / half)).powi(8);
    let inf = drive * (filled * (0.5 * 4.75)) / (filled + 1.0);
    // τ = 4.75 ca/(ca + 0.0123), and at least 0.001 ms: also where the store is empty, or below by
    // rounding.
    let (numerator, denominator) = (ca_jsr * 4.75, ca_jsr + 0.0123);
    let least = denominator * 0.001;
    let rate = denominator / numerator.max(least);
    let rate_p = denominator / (numerator * 1.25).max(least);
    [relax_at(np, inf, rate), relax_at(p, inf * 1.25, rate_p)]
}

/// Uptake into the network store, without its leak; 1 for SERCA's maximum.
#[inline(always)]
pub(super) fn uptake<T: Scalar>(phi: T, ca_i: T) -> T {
    blend(phi, ca_i / (ca_i + 0.00092), ca_i / (ca_i + (0.00092 - 0.00017)) * 2.75)
}

/// What a buffer of total 1 with half saturation `k` binds of a small change of calcium.
#[inline(always)]
fn binds<T: Scalar>(ca: T, k: f64) -> T {
    (ca + k).powi(2).recip() * k
}

/// The free part of a change of calcium in the cytosol, bound by calmodulin `cmdn` and troponin.
#[inline(always)]
pub(super) fn free_i<P: Scalar, T: Scalar + Over<P>>(ca_i: T, cmdn: P) -> T {
    (binds(ca_i, 0.00238) * cmdn + binds(ca_i, 0.0005) * 0.07 + 1.0).recip()
}

/// As [`free_i`] in the subspace, bound by the binding sites of both membranes.
#[inline(always)]
pub(super) fn free_ss<T: Scalar>(ca_ss: T) -> T {
    (binds(ca_ss, 0.00087) * 0.047 + binds(ca_ss, 0.0087) * 1.124 + 1.0).recip()
}

/// As [`free_i`] in the junctional store, bound by calsequestrin.
#[inline(always)]
pub(super) fn free_jsr<T: Scalar>(ca_jsr: T) -> T {
    (binds(ca_jsr, 0.8) * 10.0 + 1.0).recip()
}
