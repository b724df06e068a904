//! Ten Tusscher–Panfilov 2006: the human ventricular action potential.
//!
//! Ten Tusscher, Panfilov, Am J Physiol Heart Circ Physiol 291:H1088 (2006),
//! [10.1152/ajpheart.00109.2006](https://doi.org/10.1152/ajpheart.00109.2006), with the currents of
//! ten Tusscher, Noble, Noble, Panfilov (2004),
//! [10.1152/ajpheart.00794.2003](https://doi.org/10.1152/ajpheart.00794.2003), where the 2006 paper
//! keeps them. Values and initial states follow the curated CellML encodings (Chaste/cellml,
//! `ten_tusscher_model_2006_epi`, `_endo`, `_M`), which is what `cellml` names refer to.
//!
//! ```text
//! V' = −(I_K1 + I_to + I_Kr + I_Ks + I_CaL + I_NaK + I_Na + I_bNa + I_NaCa + I_bCa + I_pK + I_pCa + I_stim)
//! Na_i' = −(I_Na + I_bNa + 3 I_NaK + 3 I_NaCa) C_m/(V_c F)
//! K_i'  = −(I_K1 + I_to + I_Kr + I_Ks + I_pK + I_stim − 2 I_NaK) C_m/(V_c F)
//! Ca_i' = B_c [(I_leak − I_up) V_sr/V_c + I_xfer − (I_bCa + I_pCa − 2 I_NaCa) C_m/(2 V_c F)]
//! Ca_SR' = B_sr [I_up − I_leak − I_rel]
//! Ca_ss' = B_ss [−I_CaL C_m/(2 V_ss F) + I_rel V_sr/V_ss − I_xfer V_c/V_ss]
//! R' = k₄(1 − R) − k₂ Ca_ss R,  O = k₁ Ca_ss² R/(k₃ + k₁ Ca_ss²),  I_rel = V_rel O (Ca_SR − Ca_ss)
//! ```
//!
//! Time in ms, V in mV, currents in A/F (= pA/pF), concentrations in mM. The stimulus has the sign
//! of the ionic currents: a negative stimulus depolarises. It is carried by potassium and enters
//! K_i.
//!
//! Variants `epi`, `endo` and `M` differ in g_to, g_Ks, the inactivation s of I_to and the initial
//! state. Rates of h and j jump at V = −40 mV, as published.
//!
//! Deviations from the encoding: I_CaL's removable singularity at 15 mV is evaluated exactly, where
//! the encoding takes a constant within 1 µV; its later additions for shifted or reduced
//! inactivation of I_Na and for clamped concentrations, which have no effect there, are left out.

use ode_solvers::{Over, Scalar};

use crate::kinetics::{below, exps, falling_from, fallings, ghk, linoid_from, relax, relax_at};
use crate::model::{exactly, exactly_mut};
use crate::variable::{current, gate, scaled, var};
use crate::{Current, IonicModel, PulseTrain, StimulusConvention, Variable, Variant};

/// The human ventricular cell: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct TenTusscherPanfilov2006;

impl IonicModel for TenTusscherPanfilov2006 {
    const NAME: &'static str = "ten_tusscher_panfilov_2006";
    const CITATION: &'static str = "ten Tusscher, Panfilov, Am J Physiol Heart Circ Physiol 291:H1088 \
         (2006), doi:10.1152/ajpheart.00109.2006";
    const TIME_UNIT: &'static str = "ms";
    const STIMULUS: StimulusConvention = StimulusConvention {
        unit: "A/F",
        depolarising: -1.0,
        pacing: Some(PulseTrain { start: 0.0, period: 1000.0, duration: 1.0, amplitude: -52.0, count: None }),
    };
    const STATES: &'static [Variable] = &[
        var("V", "mV", -85.23, (-150.0, 100.0), "membrane potential", "membrane.V"),
        gate("Xr1", 0.00621, "I_Kr activation", "rapid_time_dependent_potassium_current_Xr1_gate.Xr1"),
        gate("Xr2", 0.4712, "I_Kr inactivation", "rapid_time_dependent_potassium_current_Xr2_gate.Xr2"),
        gate("Xs", 0.0095, "I_Ks activation", "slow_time_dependent_potassium_current_Xs_gate.Xs"),
        gate("m", 0.00172, "I_Na activation", "fast_sodium_current_m_gate.m"),
        gate("h", 0.7444, "I_Na fast inactivation", "fast_sodium_current_h_gate.h"),
        gate("j", 0.7045, "I_Na slow inactivation", "fast_sodium_current_j_gate.j"),
        gate("d", 3.373e-5, "I_CaL activation", "L_type_Ca_current_d_gate.d"),
        gate("f", 0.7888, "I_CaL slow inactivation", "L_type_Ca_current_f_gate.f"),
        gate("f2", 0.9755, "I_CaL fast inactivation", "L_type_Ca_current_f2_gate.f2"),
        gate("fCass", 0.9953, "I_CaL inactivation by calcium", "L_type_Ca_current_fCass_gate.fCass"),
        gate("s", 0.999998, "I_to inactivation", "transient_outward_current_s_gate.s"),
        gate("r", 2.42e-8, "I_to activation", "transient_outward_current_r_gate.r"),
        var("Ca_i", "mM", 0.000126, (1e-6, 0.1), "cytosolic calcium", "calcium_dynamics.Ca_i"),
        var("Ca_SR", "mM", 3.64, (1e-3, 20.0), "sarcoplasmic calcium", "calcium_dynamics.Ca_SR"),
        var("Ca_ss", "mM", 0.00036, (1e-6, 20.0), "subspace calcium", "calcium_dynamics.Ca_ss"),
        gate("R_prime", 0.9073, "release channels not inactivated", "calcium_dynamics.R_prime"),
        var("Na_i", "mM", 8.604, (0.1, 100.0), "intracellular sodium", "sodium_dynamics.Na_i"),
        var("K_i", "mM", 136.89, (1.0, 300.0), "intracellular potassium", "potassium_dynamics.K_i"),
    ];
    const PARAMETERS: &'static [Variable] = PARAMETERS;
    const CURRENTS: &'static [Current] = &[
        current("I_K1", "A/F", "inward rectifier", "g_K1"),
        current("I_to", "A/F", "transient outward current", "g_to"),
        current("I_Kr", "A/F", "rapid delayed rectifier", "g_Kr"),
        current("I_Ks", "A/F", "slow delayed rectifier", "g_Ks"),
        current("I_CaL", "A/F", "L-type calcium current", "g_CaL"),
        current("I_NaK", "A/F", "sodium-potassium pump", "P_NaK"),
        current("I_Na", "A/F", "fast sodium current", "g_Na"),
        current("I_bNa", "A/F", "background sodium current", "g_bNa"),
        current("I_NaCa", "A/F", "sodium-calcium exchanger", "K_NaCa"),
        current("I_bCa", "A/F", "background calcium current", "g_bCa"),
        current("I_pK", "A/F", "plateau potassium current", "g_pK"),
        current("I_pCa", "A/F", "sarcolemmal calcium pump", "g_pCa"),
    ];
    const VARIANTS: &'static [Variant] = &[
        Variant { name: "epi", description: "epicardial", parameters: &[], states: &[] },
        Variant {
            name: "endo",
            description: "endocardial",
            parameters: &[
                ("g_to", 0.073),
                ("s_V_half", -28.0),
                ("s_tau_peak", 1000.0),
                ("s_tau_V", -67.0),
                ("s_tau_width", 1000.0),
                ("s_tau_step", 0.0),
                ("s_tau_min", 8.0),
            ],
            states: &[
                ("V", -86.709),
                ("Xr1", 0.00448),
                ("Xr2", 0.476),
                ("Xs", 0.0087),
                ("m", 0.00155),
                ("h", 0.7573),
                ("j", 0.7225),
                ("d", 3.164e-5),
                ("f", 0.8009),
                ("f2", 0.9778),
                ("s", 0.3212),
                ("r", 2.235e-8),
                ("Ca_i", 0.00013),
                ("Ca_SR", 3.715),
                ("R_prime", 0.9068),
                ("Na_i", 10.355),
                ("K_i", 138.4),
            ],
        },
        Variant {
            name: "M",
            description: "mid-myocardial",
            parameters: &[("g_Ks", 0.098)],
            states: &[
                ("V", -85.423),
                ("Xr1", 0.0165),
                ("Xr2", 0.473),
                ("Xs", 0.0174),
                ("m", 0.00165),
                ("h", 0.749),
                ("j", 0.6788),
                ("d", 3.288e-5),
                ("f", 0.7026),
                ("f2", 0.9526),
                ("fCass", 0.9942),
                ("r", 2.347e-8),
                ("Ca_i", 0.000153),
                ("Ca_SR", 4.272),
                ("Ca_ss", 0.00042),
                ("R_prime", 0.8978),
                ("Na_i", 10.132),
                ("K_i", 138.52),
            ],
        },
    ];

    #[inline(always)]
    fn evaluate<P: Scalar, T: Scalar + Over<P>>(
        p: &[P],
        i_stim: T,
        y: &[T],
        dy: &mut [T],
        b: &mut [T],
        mut current: impl FnMut(&'static str, T),
    ) {
        let [
            c_m,
            v_c,
            v_sr,
            v_ss,
            gas,
            temperature,
            faraday,
            na_o,
            k_o,
            ca_o,
            g_na,
            g_k1,
            g_to,
            g_kr,
            g_ks,
            p_kna,
            g_cal,
            p_nak,
            k_mk,
            k_mna,
            k_naca,
            k_sat,
            km_ca,
            km_nai,
            alpha_naca,
            gamma_naca,
            g_bna,
            g_bca,
            g_pk,
            g_pca,
            k_pca,
            vmax_up,
            k_up,
            v_rel,
            k1_prime,
            k2_prime,
            k3,
            k4,
            ec,
            max_sr,
            min_sr,
            v_leak,
            v_xfer,
            buf_c,
            k_buf_c,
            buf_sr,
            k_buf_sr,
            buf_ss,
            k_buf_ss,
            s_v_half,
            s_tau_peak,
            s_tau_v,
            s_tau_width,
            s_tau_step,
            s_tau_min,
        ] = *exactly(p);
        let [v, xr1, xr2, xs, m, h, j, d, f, f2, f_cass, s, r, ca_i, ca_sr, ca_ss, r_prime, na_i, k_i] =
            *exactly(y);
        let [
            d_v,
            d_xr1,
            d_xr2,
            d_xs,
            d_m,
            d_h,
            d_j,
            d_d,
            d_f,
            d_f2,
            d_f_cass,
            d_s,
            d_r,
            d_ca_i,
            d_ca_sr,
            d_ca_ss,
            d_r_prime,
            d_na_i,
            d_k_i,
        ] = exactly_mut(dy);
        let [
            b_v,
            b_xr1,
            b_xr2,
            b_xs,
            b_m,
            b_h,
            b_j,
            b_d,
            b_f,
            b_f2,
            b_f_cass,
            b_s,
            b_r,
            b_ca_i,
            b_ca_sr,
            b_ca_ss,
            b_r_prime,
            b_na_i,
            b_k_i,
        ] = exactly_mut(b);
        let zero = T::from(0.0);
        let one = T::from(1.0);

        // Reversal potentials.
        let rt_f = gas * temperature / faraday;
        let e_k = (k_i / k_o).ln() * -rt_f;
        let e_na = (na_i / na_o).ln() * -rt_f;
        let e_ca = (ca_i / ca_o).ln() * (-rt_f * 0.5);
        let e_ks = ((k_i + na_i * p_kna) / (k_o + p_kna * na_o)).ln() * -rt_f;
        let root_k_o = (k_o / 5.4).sqrt();

        // Potassium currents.
        let w = v - e_k;
        let x = (v - 15.0) / (rt_f * 0.5);
        let vf_rt = v / rt_f;
        let [e_k1_1, e_k1_2, e_k1_3, e_k1_4, e_pk, e_x, forward, backward] = exps([
            (w - 200.0) * 0.06,
            (w + 100.0) * 0.0002,
            (w - 10.0) * 0.1,
            w * -0.5,
            (-v + 25.0) / 5.98,
            x,
            vf_rt * gamma_naca,
            vf_rt * (gamma_naca - 1.0),
        ]);
        let alpha_k1 = falling_from(e_k1_1) * 0.1;
        let beta_k1 = (e_k1_2 * 3.0 + e_k1_3) * falling_from(e_k1_4);
        let i_k1 = alpha_k1 / (alpha_k1 + beta_k1) * w * (g_k1 * root_k_o);
        let i_to = r * s * w * g_to;
        let i_kr = xr1 * xr2 * w * (g_kr * root_k_o);
        let i_ks = xs * xs * (v - e_ks) * g_ks;
        let i_pk = w * falling_from(e_pk) * g_pk;

        // Calcium currents.
        let i_cal =
            d * f * f2 * f_cass * ghk(x, linoid_from(x, e_x), ca_ss * 0.25, ca_o) * (g_cal * faraday * 2.0);
        let i_bca = (v - e_ca) * g_bca;
        let i_pca = ca_i / (ca_i + k_pca) * g_pca;

        // Sodium currents.
        let i_na = m * m * m * h * j * (v - e_na) * g_na;
        let i_bna = (v - e_na) * g_bna;

        // Exchanger and pump.
        let [e_nak_1, e_nak_2, tau_xr1_1, tau_xr1_2, xr1_inf, tau_xr2_1, tau_xr2_2, xr2_inf] = exps([
            vf_rt * -0.1,
            -vf_rt,
            (-v - 45.0) / 10.0,
            (v + 30.0) / 11.5,
            (-v - 26.0) / 7.0,
            (-v - 60.0) / 20.0,
            (v - 60.0) / 20.0,
            (v + 88.0) / 24.0,
        ]);
        let na_o3 = na_o * na_o * na_o;
        let i_naca = (forward * (na_i * na_i * na_i) * ca_o - backward * ca_i * (na_o3 * alpha_naca))
            / (backward * k_sat + 1.0)
            * (k_naca / ((km_nai * km_nai * km_nai + na_o3) * (km_ca + ca_o)));
        let i_nak = na_i / (na_i + k_mna) / (e_nak_1 * 0.1245 + e_nak_2 * 0.0353 + 1.0)
            * (p_nak * k_o / (k_o + k_mk));

        current("I_K1", i_k1);
        current("I_to", i_to);
        current("I_Kr", i_kr);
        current("I_Ks", i_ks);
        current("I_CaL", i_cal);
        current("I_NaK", i_nak);
        current("I_Na", i_na);
        current("I_bNa", i_bna);
        current("I_NaCa", i_naca);
        current("I_bCa", i_bca);
        current("I_pK", i_pk);
        current("I_pCa", i_pca);

        let i_k_all = i_k1 + i_to + i_kr + i_ks + i_pk + i_stim;
        *d_v = -(i_k_all + i_cal + i_nak + i_na + i_bna + i_naca + i_bca + i_pca);
        *b_v = zero;

        // Gates of I_Kr and I_Ks.
        let tau = falling_from(tau_xr1_1) * falling_from(tau_xr1_2) * (450.0 * 6.0);
        (*d_xr1, *b_xr1) = relax(xr1, falling_from(xr1_inf), tau);
        let tau = falling_from(tau_xr2_1) * falling_from(tau_xr2_2) * (3.0 * 1.12);
        (*d_xr2, *b_xr2) = relax(xr2, falling_from(xr2_inf), tau);
        let [tau_xs_1, tau_xs_2, xs_inf, m_inf, tau_m_1, tau_m_2, tau_m_3, h_inf] = fallings([
            (-v + 5.0) / 6.0,
            (v - 35.0) / 15.0,
            (-v - 5.0) / 14.0,
            (-v - 56.86) / 9.03,
            (-v - 60.0) / 5.0,
            (v + 35.0) / 5.0,
            (v - 50.0) / 200.0,
            (v + 71.55) / 7.43,
        ]);
        (*d_xs, *b_xs) = relax(xs, xs_inf, tau_xs_1.sqrt() * tau_xs_2 * 1400.0 + 80.0);

        // Gates of I_Na.
        (*d_m, *b_m) = relax(m, m_inf * m_inf, tau_m_1 * (tau_m_2 * 0.1 + tau_m_3 * 0.1));
        let h_inf = h_inf * h_inf;
        let [h_1, h_2, h_3, h_4, j_1, j_2, j_3, j_4] = exps([
            (v + 80.0) / -6.8,
            v * 0.079,
            v * 0.3485,
            (v + 10.66) / -11.1,
            v * 0.2444,
            v * -0.04391,
            (v + 79.23) * 0.311,
            v * -0.01052,
        ]);
        let rate = below(v, -40.0, h_1 * 0.057 + h_2 * 2.7 + h_3 * 3.1e5, falling_from(h_4) * (0.77 / 0.13));
        (*d_h, *b_h) = relax_at(h, h_inf, rate);
        let [j_5, j_6, j_7, tau_d_1, tau_d_2, tau_d_3, d_inf, slow] = exps([
            (v + 40.14) * -0.1378,
            v * 0.057,
            (v + 32.0) * -0.1,
            (-v - 35.0) / 13.0,
            (v + 5.0) / 5.0,
            (-v + 50.0) / 20.0,
            (-v - 8.0) / 7.5,
            (v + 30.0) / 10.0,
        ]);
        let alpha_j = (j_1 * -25_428.0 - j_2 * 6.948e-6) * (v + 37.78) * falling_from(j_3);
        let rate =
            below(v, -40.0, alpha_j + j_4 * 0.02424 * falling_from(j_5), j_6 * 0.6 * falling_from(j_7));
        (*d_j, *b_j) = relax_at(j, h_inf, rate);

        // Gates of I_CaL.
        let tau = (falling_from(tau_d_1) * 1.4 + 0.25) * falling_from(tau_d_2) * 1.4 + falling_from(tau_d_3);
        (*d_d, *b_d) = relax(d, falling_from(d_inf), tau);
        let slow = falling_from(slow);
        let bell = -((v + 27.0) * (v + 27.0));
        let to_centre = v - s_tau_v;
        let [bell_f, tau_f, f_inf, bell_f2, tau_f2, f2_inf, bell_s, tau_s] = exps([
            bell / 225.0,
            (-v + 13.0) / 10.0,
            (v + 20.0) / 7.0,
            bell / 240.0,
            (-v + 25.0) / 10.0,
            (v + 35.0) / 7.0,
            -(to_centre * to_centre) / s_tau_width,
            (v - 20.0) / 5.0,
        ]);
        let tau = bell_f * 1102.5 + falling_from(tau_f) * 200.0 + slow * 180.0 + 20.0;
        (*d_f, *b_f) = relax(f, falling_from(f_inf), tau);
        let tau = bell_f2 * 562.0 + falling_from(tau_f2) * 31.0 + slow * 80.0;
        (*d_f2, *b_f2) = relax(f2, falling_from(f2_inf) * 0.67 + 0.33, tau);
        let ca_ratio = ca_ss / 0.05;
        let free = one / (ca_ratio * ca_ratio + 1.0);
        (*d_f_cass, *b_f_cass) = relax(f_cass, free * 0.6 + 0.4, free * 80.0 + 2.0);

        // Gates of I_to.
        let [s_inf, bell_r, r_inf] =
            exps([(v - s_v_half) / 5.0, -((v + 40.0) * (v + 40.0)) / 1800.0, (-v + 20.0) / 6.0]);
        let tau = bell_s * s_tau_peak + falling_from(tau_s) * s_tau_step + s_tau_min;
        (*d_s, *b_s) = relax(s, falling_from(s_inf), tau);
        (*d_r, *b_r) = relax(r, falling_from(r_inf), bell_r * 9.5 + 0.8);

        // Calcium: uptake, leak, release, diffusion; buffers.
        let i_up = T::from(vmax_up) / (T::from(k_up * k_up) / (ca_i * ca_i) + 1.0);
        let i_leak = (ca_sr - ca_i) * v_leak;
        let i_xfer = (ca_ss - ca_i) * v_xfer;
        let load = T::from(ec) / ca_sr;
        let kcasr = -(T::from(max_sr - min_sr) / (load * load + 1.0)) + max_sr;
        let k1_ca2 = ca_ss * ca_ss * k1_prime / kcasr;
        let k2_ca = kcasr * ca_ss * k2_prime;
        let open = k1_ca2 * r_prime / (k1_ca2 + k3);
        let i_rel = open * (ca_sr - ca_ss) * v_rel;
        *b_r_prime = -(k2_ca + k4);
        *d_r_prime = r_prime * *b_r_prime + k4;

        let to_mm = c_m / (v_c * faraday);
        *d_ca_i = free_share(ca_i, buf_c, k_buf_c)
            * ((i_leak - i_up) * (v_sr / v_c) + i_xfer - (i_bca + i_pca - i_naca * 2.0) * (to_mm * 0.5));
        *d_ca_sr = free_share(ca_sr, buf_sr, k_buf_sr) * (i_up - i_rel - i_leak);
        *d_ca_ss = free_share(ca_ss, buf_ss, k_buf_ss)
            * (i_rel * (v_sr / v_ss) - i_cal * (c_m / (v_ss * faraday) * 0.5) - i_xfer * (v_c / v_ss));
        *d_na_i = -(i_na + i_bna + i_nak * 3.0 + i_naca * 3.0) * to_mm;
        *d_k_i = -(i_k_all - i_nak * 2.0) * to_mm;
        (*b_ca_i, *b_ca_sr, *b_ca_ss, *b_na_i, *b_k_i) = (zero, zero, zero, zero, zero);
    }
}

/// The free part of a change of calcium, of which a buffer binds the rest: `total` of it, half of it
/// bound at `k`.
#[inline(always)]
fn free_share<P: Scalar, T: Scalar + Over<P>>(ca: T, total: P, k: P) -> T {
    let free = (ca + k) * (ca + k);
    free / (free + total * k)
}

const PARAMETERS: &[Variable] = &[
    var("C_m", "uF", 0.185, (0.01, 1.0), "cell capacitance", "membrane.Cm"),
    var("V_c", "nl", 0.016404, (0.001, 0.1), "cytosolic volume", "membrane.V_c"),
    var("V_sr", "nl", 0.001094, (1e-4, 0.01), "sarcoplasmic volume", "calcium_dynamics.V_sr"),
    var("V_ss", "nl", 5.468e-5, (1e-6, 1e-3), "subspace volume", "calcium_dynamics.V_ss"),
    var("R", "mJ/mol/K", 8314.472, (8300.0, 8330.0), "gas constant", "membrane.R"),
    var("T", "K", 310.0, (273.0, 320.0), "temperature", "membrane.T"),
    var("F", "C/mol", 96485.3415, (96400.0, 96500.0), "Faraday constant", "membrane.F"),
    var("Na_o", "mM", 140.0, (1.0, 300.0), "extracellular sodium", "sodium_dynamics.Na_o"),
    var("K_o", "mM", 5.4, (0.1, 100.0), "extracellular potassium", "potassium_dynamics.K_o"),
    var("Ca_o", "mM", 2.0, (0.01, 20.0), "extracellular calcium", "calcium_dynamics.Ca_o"),
    scaled("g_Na", "mS/uF", 14.838, "I_Na conductance", "fast_sodium_current.g_Na"),
    scaled(
        "g_K1",
        "mS/uF",
        5.405,
        "I_K1 conductance at K_o = 5.4 mM",
        "inward_rectifier_potassium_current.g_K1",
    ),
    scaled("g_to", "mS/uF", 0.294, "I_to conductance", "transient_outward_current.g_to"),
    scaled(
        "g_Kr",
        "mS/uF",
        0.153,
        "I_Kr conductance at K_o = 5.4 mM",
        "rapid_time_dependent_potassium_current.g_Kr",
    ),
    scaled("g_Ks", "mS/uF", 0.392, "I_Ks conductance", "slow_time_dependent_potassium_current.g_Ks"),
    var("p_KNa", "1", 0.03, (0.0, 1.0), "sodium permeability of I_Ks", "reversal_potentials.P_kna"),
    scaled("g_CaL", "l/F/s", 3.98e-5, "I_CaL permeability", "L_type_Ca_current.g_CaL"),
    scaled("P_NaK", "A/F", 2.724, "largest I_NaK", "sodium_potassium_pump_current.P_NaK"),
    var("K_mK", "mM", 1.0, (0.01, 100.0), "I_NaK: half K_o", "sodium_potassium_pump_current.K_mk"),
    var("K_mNa", "mM", 40.0, (0.1, 1000.0), "I_NaK: half Na_i", "sodium_potassium_pump_current.K_mNa"),
    scaled("K_NaCa", "A/F", 1000.0, "largest I_NaCa", "sodium_calcium_exchanger_current.K_NaCa"),
    var("K_sat", "1", 0.1, (0.0, 1.0), "I_NaCa: saturation", "sodium_calcium_exchanger_current.K_sat"),
    var("Km_Ca", "mM", 1.38, (0.01, 100.0), "I_NaCa: half Ca", "sodium_calcium_exchanger_current.Km_Ca"),
    var("Km_Nai", "mM", 87.5, (1.0, 1000.0), "I_NaCa: half Na", "sodium_calcium_exchanger_current.Km_Nai"),
    var(
        "alpha",
        "1",
        2.5,
        (0.1, 10.0),
        "I_NaCa: weight of the outward mode",
        "sodium_calcium_exchanger_current.alpha",
    ),
    var(
        "gamma",
        "1",
        0.35,
        (0.0, 1.0),
        "I_NaCa: place of the energy barrier",
        "sodium_calcium_exchanger_current.gamma",
    ),
    scaled("g_bNa", "mS/uF", 0.00029, "I_bNa conductance", "sodium_background_current.g_bna"),
    scaled("g_bCa", "mS/uF", 0.000592, "I_bCa conductance", "calcium_background_current.g_bca"),
    scaled("g_pK", "mS/uF", 0.0146, "I_pK conductance", "potassium_pump_current.g_pK"),
    scaled("g_pCa", "A/F", 0.1238, "largest I_pCa", "calcium_pump_current.g_pCa"),
    var("K_pCa", "mM", 0.0005, (1e-6, 0.1), "I_pCa: half Ca_i", "calcium_pump_current.K_pCa"),
    scaled("Vmax_up", "mM/ms", 0.006375, "largest uptake", "calcium_dynamics.Vmax_up"),
    var("K_up", "mM", 0.00025, (1e-6, 0.1), "uptake: half Ca_i", "calcium_dynamics.K_up"),
    scaled("V_rel", "1/ms", 0.102, "largest release rate", "calcium_dynamics.V_rel"),
    scaled("k1_prime", "1/mM^2/ms", 0.15, "release: opening", "calcium_dynamics.k1_prime"),
    scaled("k2_prime", "1/mM/ms", 0.045, "release: inactivation", "calcium_dynamics.k2_prime"),
    scaled("k3", "1/ms", 0.06, "release: closing", "calcium_dynamics.k3"),
    scaled("k4", "1/ms", 0.005, "release: recovery", "calcium_dynamics.k4"),
    var("EC", "mM", 1.5, (0.01, 100.0), "release: half load", "calcium_dynamics.EC"),
    var("max_sr", "1", 2.5, (1.0, 10.0), "release: largest k_casr", "calcium_dynamics.max_sr"),
    var("min_sr", "1", 1.0, (0.1, 10.0), "release: smallest k_casr", "calcium_dynamics.min_sr"),
    scaled("V_leak", "1/ms", 0.00036, "leak rate", "calcium_dynamics.V_leak"),
    scaled("V_xfer", "1/ms", 0.0038, "diffusion out of the subspace", "calcium_dynamics.V_xfer"),
    var("Buf_c", "mM", 0.2, (0.0, 10.0), "cytosolic buffer", "calcium_dynamics.Buf_c"),
    var("K_buf_c", "mM", 0.001, (1e-6, 1.0), "cytosolic buffer: half Ca", "calcium_dynamics.K_buf_c"),
    var("Buf_sr", "mM", 10.0, (0.0, 100.0), "sarcoplasmic buffer", "calcium_dynamics.Buf_sr"),
    var("K_buf_sr", "mM", 0.3, (1e-3, 10.0), "sarcoplasmic buffer: half Ca", "calcium_dynamics.K_buf_sr"),
    var("Buf_ss", "mM", 0.4, (0.0, 10.0), "subspace buffer", "calcium_dynamics.Buf_ss"),
    var("K_buf_ss", "mM", 0.00025, (1e-6, 1.0), "subspace buffer: half Ca", "calcium_dynamics.K_buf_ss"),
    var("s_V_half", "mV", -20.0, (-100.0, 100.0), "I_to: half inactivation", ""),
    var("s_tau_peak", "ms", 85.0, (0.0, 10_000.0), "I_to: height of the bell of tau_s", ""),
    var("s_tau_V", "mV", -45.0, (-150.0, 100.0), "I_to: centre of the bell of tau_s", ""),
    var("s_tau_width", "mV^2", 320.0, (1.0, 10_000.0), "I_to: width of the bell of tau_s", ""),
    var("s_tau_step", "ms", 5.0, (0.0, 100.0), "I_to: step of tau_s at 20 mV", ""),
    var("s_tau_min", "ms", 3.0, (0.1, 100.0), "I_to: smallest tau_s", ""),
];
