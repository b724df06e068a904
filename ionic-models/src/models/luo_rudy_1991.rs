//! Luo–Rudy 1991: the ventricular action potential of the guinea pig.
//!
//! Luo, Rudy, Circ Res 68:1501 (1991),
//! [10.1161/01.RES.68.6.1501](https://doi.org/10.1161/01.RES.68.6.1501), Table 1 and Methods. Values
//! and initial state follow the curated CellML encoding (Chaste/cellml, `luo_rudy_1991`), which is
//! what `cellml` names refer to.
//!
//! ```text
//! C_m V' = −(I_Na + I_si + I_K + I_K1 + I_Kp + I_b + I_stim)
//! I_Na = g_Na m³hj (V − E_Na)             I_si = g_si d f (V − E_si)
//! I_K  = g_K √(K_o/5.4) X X_i(V) (V − E_K)    I_K1 = g_K1 √(K_o/5.4) K1∞(V) (V − E_K1)
//! I_Kp = g_Kp K_p(V) (V − E_K1)           I_b  = g_b (V − E_b)
//! Ca_i' = −10⁻⁴ I_si + 0.07 (10⁻⁴ − Ca_i)     (mM, ms)
//! ```
//!
//! Time in ms, V in mV, currents in µA/cm², concentrations in mM. The stimulus has the sign of the
//! ionic currents: a negative stimulus depolarises. It is not part of any ion's balance.
//!
//! Rates jump at V = −40 mV (h, j) and X_i at −100 mV, as published.
//!
//! Deviations from the paper: concentrations and E_b, E_si as in the encoding; its later additions
//! for shifted or reduced inactivation of I_Na, which are zero there, are left out.

use ode_solvers::{Over, Scalar};

use crate::kinetics::{below, exps, falling_from, linoid_from, open_close};
use crate::model::{exactly, exactly_mut};
use crate::variable::{current, gate, scaled, var};
use crate::{Current, IonicModel, PulseTrain, StimulusConvention, Variable};

/// The guinea-pig ventricular cell: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct LuoRudy1991;

/// e^1.68, which is what the rectification X_i keeps of e^(0.04·(77 − 35)).
const EXP_1_68: f64 = 5.365_555_971_121_975;

impl IonicModel for LuoRudy1991 {
    const NAME: &'static str = "luo_rudy_1991";
    const CITATION: &'static str = "Luo, Rudy, Circ Res 68:1501 (1991), doi:10.1161/01.RES.68.6.1501";
    const TIME_UNIT: &'static str = "ms";
    const STIMULUS: StimulusConvention = StimulusConvention {
        unit: "uA/cm^2",
        depolarising: -1.0,
        pacing: Some(PulseTrain { start: 0.0, period: 1000.0, duration: 2.0, amplitude: -25.5, count: None }),
    };
    const STATES: &'static [Variable] = &[
        var("V", "mV", -83.853, (-150.0, 100.0), "membrane potential", "membrane.V"),
        gate("m", 0.00187018, "sodium activation", "fast_sodium_current_m_gate.m"),
        gate("h", 0.9804713, "sodium fast inactivation", "fast_sodium_current_h_gate.h"),
        gate("j", 0.98767124, "sodium slow inactivation", "fast_sodium_current_j_gate.j"),
        gate("d", 0.00316354, "slow inward activation", "slow_inward_current_d_gate.d"),
        gate("f", 0.99427859, "slow inward inactivation", "slow_inward_current_f_gate.f"),
        gate("X", 0.16647703, "potassium activation", "time_dependent_potassium_current_X_gate.X"),
        var(
            "Ca_i",
            "mM",
            0.0002,
            (1e-6, 0.1),
            "intracellular calcium",
            "intracellular_calcium_concentration.Cai",
        ),
    ];
    const PARAMETERS: &'static [Variable] = &[
        var("C_m", "uF/cm^2", 1.0, (0.01, 100.0), "membrane capacitance", "membrane.C"),
        scaled("g_Na", "mS/cm^2", 23.0, "sodium conductance", "fast_sodium_current.g_Na"),
        scaled("g_si", "mS/cm^2", 0.09, "slow inward conductance", "slow_inward_current.P_si"),
        scaled(
            "g_K",
            "mS/cm^2",
            0.282,
            "potassium conductance at K_o = 5.4 mM",
            "time_dependent_potassium_current.g_K_max",
        ),
        scaled(
            "g_K1",
            "mS/cm^2",
            0.6047,
            "inward rectifier conductance at K_o = 5.4 mM",
            "time_independent_potassium_current.g_K1_max",
        ),
        scaled("g_Kp", "mS/cm^2", 0.0183, "plateau conductance", "plateau_potassium_current.g_Kp"),
        scaled("g_b", "mS/cm^2", 0.03921, "background conductance", "background_current.g_b"),
        var("E_b", "mV", -59.87, (-150.0, 100.0), "background reversal potential", "background_current.E_b"),
        var("Na_o", "mM", 140.0, (1.0, 300.0), "extracellular sodium", "ionic_concentrations.Nao"),
        var("Na_i", "mM", 18.0, (0.1, 100.0), "intracellular sodium", "ionic_concentrations.Nai"),
        var("K_o", "mM", 5.4, (0.1, 100.0), "extracellular potassium", "ionic_concentrations.Ko"),
        var("K_i", "mM", 145.0, (1.0, 300.0), "intracellular potassium", "ionic_concentrations.Ki"),
        var(
            "PR_NaK",
            "1",
            0.01833,
            (0.0, 1.0),
            "sodium to potassium permeability of I_K",
            "time_dependent_potassium_current.PR_NaK",
        ),
        var("R", "mJ/mol/K", 8314.0, (8300.0, 8330.0), "gas constant", "membrane.R"),
        var("T", "K", 310.0, (273.0, 320.0), "temperature", "membrane.T"),
        var("F", "C/mol", 96484.6, (96400.0, 96500.0), "Faraday constant", "membrane.F"),
    ];
    const CURRENTS: &'static [Current] = &[
        current("I_Na", "uA/cm^2", "fast sodium current", "g_Na"),
        current("I_si", "uA/cm^2", "slow inward (calcium) current", "g_si"),
        current("I_K", "uA/cm^2", "time-dependent potassium current", "g_K"),
        current("I_K1", "uA/cm^2", "inward rectifier", "g_K1"),
        current("I_Kp", "uA/cm^2", "plateau potassium current", "g_Kp"),
        current("I_b", "uA/cm^2", "background current", "g_b"),
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
            g_na,
            g_si,
            g_k,
            g_k1,
            g_kp,
            g_b,
            e_b,
            na_o,
            na_i,
            k_o,
            k_i,
            pr_nak,
            gas,
            temperature,
            faraday,
        ] = *exactly(p);
        let [v, m, h, j, d, f, x, ca_i] = *exactly(y);
        let [dv, dm, dh, dj, dd, df, dx, dca_i] = exactly_mut(dy);
        let [b_v, b_m, b_h, b_j, b_d, b_f, b_x, b_ca_i] = exactly_mut(b);
        let zero = T::from(0.0);

        // Reversal potentials and the dependence on extracellular potassium.
        let rt_f = gas * temperature / faraday;
        let e_na = rt_f * (na_o / na_i).ln();
        let e_k = rt_f * ((k_o + pr_nak * na_o) / (k_i + pr_nak * na_i)).ln();
        let e_k1 = rt_f * (k_o / k_i).ln();
        let e_si = -ca_i.ln() * 13.0287 + 7.7;
        let root_k_o = (k_o / 5.4).sqrt();

        let i_na = m * m * m * h * j * (v - e_na) * g_na;
        let i_si = d * f * (v - e_si) * g_si;

        let u = (v + 77.0) * 0.04;
        let w = v - e_k1;
        let x_m = (v + 47.13) * -0.1;
        let [e_u, e_k1_1, e_k1_2, e_k1_3, e_k1_4, e_kp, e_m, e_11] = exps([
            -u,
            (w - 59.215) * 0.2385,
            (w + 5.476) * 0.08032,
            (w - 594.31) * 0.06175,
            (w + 4.753) * -0.5143,
            (-v + 7.488) / 5.98,
            x_m,
            -v / 11.0,
        ]);
        let rectified = linoid_from(-u, e_u).recip() * (2.837 * 0.04 * EXP_1_68);
        let x_i = T::select_lt(T::from(-100.0), v, rectified, T::from(1.0));
        let i_k = x * x_i * (v - e_k) * (g_k * root_k_o);

        let alpha_k1 = falling_from(e_k1_1) * 1.02;
        let beta_k1 = (e_k1_2 * 0.49124 + e_k1_3) * falling_from(e_k1_4);
        let i_k1 = alpha_k1 / (alpha_k1 + beta_k1) * w * (g_k1 * root_k_o);
        let i_kp = falling_from(e_kp) * w * g_kp;
        let i_b = (v - e_b) * g_b;
        current("I_Na", i_na);
        current("I_si", i_si);
        current("I_K", i_k);
        current("I_K1", i_k1);
        current("I_Kp", i_kp);
        current("I_b", i_b);

        *dv = -(i_na + i_si + i_k + i_k1 + i_kp + i_b + i_stim) / c_m;
        *b_v = zero;

        let alpha_m = linoid_from(x_m, e_m) * 3.2;
        let beta_m = e_11 * 0.08;
        (*dm, *b_m) = open_close(m, alpha_m, beta_m);

        let [alpha_h1, beta_h1, beta_h2, beta_h3] =
            exps([(v + 80.0) / -6.8, v * 0.079, v * 0.35, (v + 10.66) / -11.1]);
        let alpha_h = below(v, -40.0, alpha_h1 * 0.135, zero);
        let beta_h = below(v, -40.0, beta_h1 * 3.56 + beta_h2 * 3.1e5, falling_from(beta_h3) / 0.13);
        (*dh, *b_h) = open_close(h, alpha_h, beta_h);

        let [alpha_j1, alpha_j2, alpha_j3, beta_j1, beta_j2, beta_j3, beta_j4] = exps([
            v * 0.2444,
            v * -0.04391,
            (v + 79.23) * 0.311,
            v * -0.01052,
            (v + 40.14) * -0.1378,
            v * -2.535e-7,
            (v + 32.0) * -0.1,
        ]);
        let alpha_j = (alpha_j1 * -1.2714e5 - alpha_j2 * 3.474e-5) * (v + 37.78) * falling_from(alpha_j3);
        let alpha_j = below(v, -40.0, alpha_j, zero);
        let beta_j =
            below(v, -40.0, beta_j1 * 0.1212 * falling_from(beta_j2), beta_j3 * 0.3 * falling_from(beta_j4));
        (*dj, *b_j) = open_close(j, alpha_j, beta_j);

        let [alpha_d1, alpha_d2, beta_d1, beta_d2, alpha_f1, alpha_f2, beta_f1, beta_f2] = exps([
            (v - 5.0) * -0.01,
            (v - 5.0) * -0.072,
            (v + 44.0) * -0.017,
            (v + 44.0) * 0.05,
            (v + 28.0) * -0.008,
            (v + 28.0) * 0.15,
            (v + 30.0) * -0.02,
            (v + 30.0) * -0.2,
        ]);
        let alpha_d = alpha_d1 * 0.095 * falling_from(alpha_d2);
        let beta_d = beta_d1 * 0.07 * falling_from(beta_d2);
        (*dd, *b_d) = open_close(d, alpha_d, beta_d);

        let alpha_f = alpha_f1 * 0.012 * falling_from(alpha_f2);
        let beta_f = beta_f1 * 0.0065 * falling_from(beta_f2);
        (*df, *b_f) = open_close(f, alpha_f, beta_f);

        let [alpha_x1, alpha_x2, beta_x1, beta_x2] =
            exps([(v + 50.0) * 0.083, (v + 50.0) * 0.057, (v + 20.0) * -0.06, (v + 20.0) * -0.04]);
        let alpha_x = alpha_x1 * 0.0005 * falling_from(alpha_x2);
        let beta_x = beta_x1 * 0.0013 * falling_from(beta_x2);
        (*dx, *b_x) = open_close(x, alpha_x, beta_x);

        *dca_i = i_si * -1e-4 + (-ca_i + 1e-4) * 0.07;
        *b_ca_i = zero;
    }
}
