//! Beeler–Reuter 1977: the mammalian ventricular action potential.
//!
//! Beeler, Reuter, J Physiol 268:177 (1977),
//! [10.1113/jphysiol.1977.sp011853](https://doi.org/10.1113/jphysiol.1977.sp011853), Table 1 and
//! eqs 1–13. Units and initial state follow the curated CellML encoding (Chaste/cellml,
//! `beeler_reuter_model_1977`), which is what `cellml` names refer to.
//!
//! ```text
//! C_m V' = I_stim − (I_Na + I_Nac + I_s + I_x1 + I_K1)
//! I_Na = g_Na m³hj (V − E_Na)      I_Nac = g_NaC (V − E_Na)      I_s = g_s d f (V − E_s)
//! E_s  = −82.3 − 13.0287 ln(Ca_i/M)
//! I_x1 = g_x1 x1 (e^(0.04(V+77)) − 1)/e^(0.04(V+35))
//! I_K1 = g_K1 [4 (e^(0.04(V+85)) − 1)/(e^(0.08(V+53)) + e^(0.04(V+53)))
//!              + 0.2 (V+23)/(1 − e^(−0.04(V+23)))]
//! Ca_i' = −0.01 I_s + 0.07 (10⁻⁴ − Ca_i)     (mM, ms, A/m²)
//! ```
//!
//! Time in ms, V in mV, currents in A/m² (1 µA/cm² = 0.01 A/m²), conductances in mS/mm²,
//! capacitance in µF/mm², calcium in mM. A positive stimulus depolarises; it is not part of any
//! ion's balance.
//!
//! Deviations: the paper prints calcium in mol/l and currents in µA/cm². The constant sodium
//! conductance, which is part of I_Na there, is a current of its own here, so that each current has
//! one conductance. The encoding's later additions for shifted or reduced inactivation of I_Na,
//! which are zero there, are left out.

use ode_solvers::{Over, Scalar};

use crate::kinetics::{exps, falling_from, linoid_from, open_close};
use crate::model::{exactly, exactly_mut};
use crate::variable::{current, gate, scaled, var};
use crate::{Current, IonicModel, PulseTrain, StimulusConvention, Variable};

/// The mammalian ventricular cell: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct BeelerReuter1977;

/// e^1.68, which is what the rectification of I_x1 keeps of e^(0.04·(77 − 35)).
const EXP_1_68: f64 = 5.365_555_971_121_975;

impl IonicModel for BeelerReuter1977 {
    const NAME: &'static str = "beeler_reuter_1977";
    const CITATION: &'static str =
        "Beeler, Reuter, J Physiol 268:177 (1977), doi:10.1113/jphysiol.1977.sp011853";
    const TIME_UNIT: &'static str = "ms";
    const STIMULUS: StimulusConvention = StimulusConvention {
        unit: "A/m^2",
        depolarising: 1.0,
        pacing: Some(PulseTrain { start: 0.0, period: 1000.0, duration: 1.0, amplitude: 0.5, count: None }),
    };
    const STATES: &'static [Variable] = &[
        var("V", "mV", -84.624, (-150.0, 100.0), "membrane potential", "membrane.V"),
        gate("m", 0.011, "sodium activation", "sodium_current_m_gate.m"),
        gate("h", 0.988, "sodium fast inactivation", "sodium_current_h_gate.h"),
        gate("j", 0.975, "sodium slow inactivation", "sodium_current_j_gate.j"),
        var("Ca_i", "mM", 1e-4, (1e-6, 0.1), "intracellular calcium", "slow_inward_current.Cai"),
        gate("d", 0.003, "slow inward activation", "slow_inward_current_d_gate.d"),
        gate("f", 0.994, "slow inward inactivation", "slow_inward_current_f_gate.f"),
        gate("x1", 0.0001, "outward activation", "time_dependent_outward_current_x1_gate.x1"),
    ];
    const PARAMETERS: &'static [Variable] = &[
        var("C_m", "uF/mm^2", 0.01, (1e-4, 1.0), "membrane capacitance", "membrane.C"),
        scaled("g_Na", "mS/mm^2", 0.04, "sodium conductance", "sodium_current.g_Na"),
        scaled("g_NaC", "mS/mm^2", 3e-5, "constant sodium conductance", "sodium_current.g_Nac"),
        scaled("g_s", "mS/mm^2", 0.0009, "slow inward conductance", "slow_inward_current.g_s"),
        scaled("g_x1", "A/m^2", 0.008, "scale of I_x1", "time_dependent_outward_current.G_Kr"),
        scaled("g_K1", "A/m^2", 0.0035, "scale of I_K1", "time_independent_outward_current.G_K1"),
        var("E_Na", "mV", 50.0, (-100.0, 150.0), "sodium reversal potential", "sodium_current.E_Na"),
    ];
    const CURRENTS: &'static [Current] = &[
        current("I_Na", "A/m^2", "fast sodium current", "g_Na"),
        current("I_NaC", "A/m^2", "constant sodium current", "g_NaC"),
        current("I_s", "A/m^2", "slow inward (calcium) current", "g_s"),
        current("I_x1", "A/m^2", "time-dependent outward current", "g_x1"),
        current("I_K1", "A/m^2", "time-independent outward current", "g_K1"),
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
        let [c_m, g_na, g_nac, g_s, g_x1, g_k1, e_na] = *exactly(p);
        let [v, m, h, j, ca_i, d, f, x1] = *exactly(y);
        let [dv, dm, dh, dj, dca_i, dd, df, dx1] = exactly_mut(dy);
        let [b_v, b_m, b_h, b_j, b_ca_i, b_d, b_f, b_x1] = exactly_mut(b);

        let i_na = m * m * m * h * j * (v - e_na) * g_na;
        let i_nac = (v - e_na) * g_nac;
        // Calcium is in mM, the logarithm's argument in mol/l.
        let e_s = (ca_i * 0.001).ln() * -13.0287 - 82.3;
        let i_s = d * f * (v - e_s) * g_s;
        let (x_k1, x_m) = ((v + 23.0) * -0.04, (v + 47.0) * -0.1);
        let [e_x1, e_85, e_53_twice, e_53, e_k1, e_m, beta_m, alpha_h] = exps([
            (v + 35.0) * -0.04,
            (v + 85.0) * 0.04,
            (v + 53.0) * 0.08,
            (v + 53.0) * 0.04,
            x_k1,
            x_m,
            (v + 72.0) * -0.056,
            (v + 77.0) * -0.25,
        ]);
        // (e^(0.04(V+77)) − 1)/e^(0.04(V+35)), divided through.
        let i_x1 = x1 * (-e_x1 + EXP_1_68) * g_x1;
        let rectifier = (e_85 - 1.0) * 4.0 / (e_53_twice + e_53);
        let i_k1 = (rectifier + linoid_from(x_k1, e_k1) * 5.0) * g_k1;
        current("I_Na", i_na);
        current("I_NaC", i_nac);
        current("I_s", i_s);
        current("I_x1", i_x1);
        current("I_K1", i_k1);

        *dv = (i_stim - (i_na + i_nac + i_s + i_x1 + i_k1)) / c_m;
        *b_v = T::from(0.0);

        (*dm, *b_m) = open_close(m, linoid_from(x_m, e_m) * 10.0, beta_m * 40.0);

        let [beta_h, alpha_j1, alpha_j2, beta_j] =
            exps([(v + 22.5) * -0.082, (v + 78.0) * -0.25, (v + 78.0) * -0.2, (v + 32.0) * -0.1]);
        (*dh, *b_h) = open_close(h, alpha_h * 0.126, falling_from(beta_h) * 1.7);
        (*dj, *b_j) = open_close(j, alpha_j1 * 0.055 * falling_from(alpha_j2), falling_from(beta_j) * 0.3);

        *dca_i = i_s * -0.01 + (-ca_i + 1e-4) * 0.07;
        *b_ca_i = T::from(0.0);

        let [alpha_d1, alpha_d2, beta_d1, beta_d2, alpha_f1, alpha_f2, beta_f1, beta_f2] = exps([
            (v - 5.0) / -100.0,
            (v - 5.0) / -13.89,
            (v + 44.0) / -59.0,
            (v + 44.0) / 20.0,
            (v + 28.0) / -125.0,
            (v + 28.0) / 6.67,
            (v + 30.0) / -50.0,
            (v + 30.0) / -5.0,
        ]);
        let alpha_d = alpha_d1 * 0.095 * falling_from(alpha_d2);
        let beta_d = beta_d1 * 0.07 * falling_from(beta_d2);
        (*dd, *b_d) = open_close(d, alpha_d, beta_d);

        let alpha_f = alpha_f1 * 0.012 * falling_from(alpha_f2);
        let beta_f = beta_f1 * 0.0065 * falling_from(beta_f2);
        (*df, *b_f) = open_close(f, alpha_f, beta_f);

        let [alpha_x1_1, alpha_x1_2, beta_x1_1, beta_x1_2] =
            exps([(v + 50.0) / 12.1, (v + 50.0) / 17.5, (v + 20.0) / -16.67, (v + 20.0) / -25.0]);
        let alpha_x1 = alpha_x1_1 * 0.0005 * falling_from(alpha_x1_2);
        let beta_x1 = beta_x1_1 * 0.0013 * falling_from(beta_x1_2);
        (*dx1, *b_x1) = open_close(x1, alpha_x1, beta_x1);
    }
}
