//! The bursting pancreatic β-cell of Sherman, Rinzel and Keizer, with the current of Stankevich and
//! Mosekilde that makes it bistable.
//!
//! Sherman, Rinzel, Keizer, Biophys J 54:411 (1988),
//! [10.1016/S0006-3495(88)82975-8](https://doi.org/10.1016/S0006-3495(88)82975-8);
//! Stankevich, Mosekilde, Chaos 27:123101 (2017),
//! [10.1063/1.4986401](https://doi.org/10.1063/1.4986401); in the form and with the values of
//! Kuptsov, Stankevich, Bagautdinova (2022), eqs 4–7.
//!
//! ```text
//! τ V' = I_stim − g_Ca m∞(V)(V − V_Ca) − g_K n (V − V_K) − g_S S (V − V_K) − g_K2 p∞(V)(V − V_K)
//! τ n' = σ (n∞(V) − n)        τ_S S' = S∞(V) − S
//! ω∞ = 1/(1 + e^((V_ω − V)/θ_ω)) for ω = m, n, S
//! p∞ = 1/(e^((V − V_p)/θ_p) + e^((V_p − V)/θ_p))
//! ```
//!
//! Time in seconds, V in mV; conductances are without units, so that currents are in mV. A
//! positive stimulus, which the publications do not have, depolarises.
//!
//! Variants: `original` without the additional current (g_K2 = 0), `bistable` with it
//! (g_K2 = 0.12). `V_S` between −40 and −30 mV is the control parameter: bursting at −36, spiking
//! at −33. The initial state (−40, 0.05, 0.18) is not from a publication; it leads to the
//! oscillation in both variants.

use ode_solvers::{Over, Scalar};

use crate::kinetics::{exps, falling_from, relax};
use crate::model::{exactly, exactly_mut};
use crate::variable::{current, gate, var};
use crate::{Current, IonicModel, StimulusConvention, Variable, Variant};

/// The bursting pancreatic β-cell: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct ShermanRinzelKeizer1988;

impl IonicModel for ShermanRinzelKeizer1988 {
    const NAME: &'static str = "sherman_rinzel_keizer_1988";
    const CITATION: &'static str = "Sherman, Rinzel, Keizer, Biophys J 54:411 (1988), \
         doi:10.1016/S0006-3495(88)82975-8; Stankevich, Mosekilde, Chaos 27:123101 (2017), \
         doi:10.1063/1.4986401";
    const TIME_UNIT: &'static str = "s";
    const STIMULUS: StimulusConvention = StimulusConvention { unit: "mV", depolarising: 1.0, pacing: None };
    const STATES: &'static [Variable] = &[
        var("V", "mV", -40.0, (-120.0, 60.0), "membrane potential", ""),
        gate("n", 0.05, "potassium activation", ""),
        gate("S", 0.18, "slow potassium activation", ""),
    ];
    const PARAMETERS: &'static [Variable] = &[
        var("tau", "s", 0.02, (1e-4, 1.0), "time constant of V and n", ""),
        var("tau_S", "s", 35.0, (0.01, 1000.0), "time constant of S", ""),
        var("sigma", "1", 0.93, (0.01, 10.0), "speed of n", ""),
        var("g_Ca", "1", 3.6, (0.0, 36.0), "calcium conductance", ""),
        var("g_K", "1", 10.0, (0.0, 100.0), "potassium conductance", ""),
        var("g_S", "1", 4.0, (0.0, 40.0), "slow potassium conductance", ""),
        var("g_K2", "1", 0.0, (0.0, 1.0), "additional potassium conductance", ""),
        var("V_Ca", "mV", 25.0, (-100.0, 200.0), "calcium reversal potential", ""),
        var("V_K", "mV", -75.0, (-150.0, 0.0), "potassium reversal potential", ""),
        var("V_m", "mV", -20.0, (-100.0, 100.0), "half activation of m", ""),
        var("theta_m", "mV", 12.0, (0.1, 100.0), "width of m", ""),
        var("V_n", "mV", -16.0, (-100.0, 100.0), "half activation of n", ""),
        var("theta_n", "mV", 5.6, (0.1, 100.0), "width of n", ""),
        var("V_S", "mV", -36.0, (-60.0, 0.0), "half activation of S, the control parameter", ""),
        var("theta_S", "mV", 10.0, (0.1, 100.0), "width of S", ""),
        var("V_p", "mV", -49.5, (-100.0, 100.0), "centre of the additional current", ""),
        var("theta_p", "mV", 1.0, (0.1, 100.0), "width of the additional current", ""),
    ];
    const CURRENTS: &'static [Current] = &[
        current("I_Ca", "mV", "calcium current", "g_Ca"),
        current("I_K", "mV", "potassium current", "g_K"),
        current("I_S", "mV", "slow potassium current", "g_S"),
        current("I_K2", "mV", "additional potassium current", "g_K2"),
    ];
    const VARIANTS: &'static [Variant] = &[
        Variant {
            name: "original",
            description: "without the additional current: bursting at V_S = -36",
            parameters: &[],
            states: &[],
        },
        Variant {
            name: "bistable",
            description: "with the additional current: bursting and rest at V_S = -36",
            parameters: &[("g_K2", 0.12)],
            states: &[],
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
            tau,
            tau_s,
            sigma,
            g_ca,
            g_k,
            g_s,
            g_k2,
            e_ca,
            e_k,
            v_m,
            theta_m,
            v_n,
            theta_n,
            v_s,
            theta_s,
            v_p,
            theta_p,
        ] = *exactly(p);
        let [v, n, s] = *exactly(y);
        let [dv, dn, ds] = exactly_mut(dy);
        let [b_v, b_n, b_s] = exactly_mut(b);

        let x_p = (v - v_p) / theta_p;
        let [e_m, e_n, e_s, rising, setting] =
            exps([-(v - v_m) / theta_m, -(v - v_n) / theta_n, -(v - v_s) / theta_s, x_p, -x_p]);
        let (m_inf, n_inf, s_inf) = (falling_from(e_m), falling_from(e_n), falling_from(e_s));
        let p_inf = (rising + setting).recip();

        let i_ca = m_inf * (v - e_ca) * g_ca;
        let i_k = n * (v - e_k) * g_k;
        let i_s = s * (v - e_k) * g_s;
        let i_k2 = p_inf * (v - e_k) * g_k2;
        current("I_Ca", i_ca);
        current("I_K", i_k);
        current("I_S", i_s);
        current("I_K2", i_k2);

        *dv = (i_stim - i_ca - i_k - i_s - i_k2) / tau;
        *b_v = T::from(0.0);
        (*dn, *b_n) = relax(n, n_inf, T::from(tau / sigma));
        (*ds, *b_s) = relax(s, s_inf, T::from(tau_s));
    }
}
