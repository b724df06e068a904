//! Hodgkin–Huxley 1952: the action potential of the squid's giant axon.
//!
//! Hodgkin, Huxley, J Physiol 117:500 (1952),
//! [10.1113/jphysiol.1952.sp004764](https://doi.org/10.1113/jphysiol.1952.sp004764), eqs 6–26 and
//! the "value chosen" column of Table 3.
//!
//! ```text
//! C_m V' = I_stim − g_Na m³h (V − E_Na) − g_K n⁴ (V − E_K) − g_L (V − E_L)
//! m' = α_m(1 − m) − β_m m, and so on for h and n; with u = V − V_rest
//! α_m = 0.1(25 − u)/(e^((25 − u)/10) − 1)     β_m = 4 e^(−u/18)
//! α_h = 0.07 e^(−u/20)                        β_h = 1/(e^((30 − u)/10) + 1)
//! α_n = 0.01(10 − u)/(e^((10 − u)/10) − 1)    β_n = 0.125 e^(−u/80)
//! ```
//!
//! Time in ms, V in mV, currents in µA/cm². A positive stimulus depolarises.
//!
//! Depolarisation is positive here, negative in the paper. `V_rest` is the shift of the rates:
//! variant `squid_1952` counts V from rest, as the paper does (`V_rest` = 0, initial state at
//! rest); variant `modern` counts it from outside (`V_rest` = −65 mV), with the rounded reversal
//! potentials 50, −77 and −54.4 mV and the initial state (−65, 0.05, 0.6, 0.32) that are common
//! today.

use ode_solvers::{Over, Scalar};

use crate::kinetics::{exps, falling_from, linoid_from, open_close};
use crate::model::{exactly, exactly_mut};
use crate::variable::{current, var};
use crate::{Current, IonicModel, StimulusConvention, Variable, Variant};

/// The squid's giant axon: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct HodgkinHuxley1952;

impl IonicModel for HodgkinHuxley1952 {
    const NAME: &'static str = "hodgkin_huxley_1952";
    const CITATION: &'static str =
        "Hodgkin, Huxley, J Physiol 117:500 (1952), doi:10.1113/jphysiol.1952.sp004764";
    const TIME_UNIT: &'static str = "ms";
    const STIMULUS: StimulusConvention =
        StimulusConvention { unit: "uA/cm^2", depolarising: 1.0, pacing: None };
    const STATES: &'static [Variable] = &[
        var("V", "mV", 2.7570e-4, (-200.0, 200.0), "membrane potential", "membrane.V"),
        var("m", "1", 5.2934e-2, (0.0, 1.0), "sodium activation", "ina.m"),
        var("h", "1", 5.9611e-1, (0.0, 1.0), "sodium inactivation", "ina.h"),
        var("n", "1", 3.1768e-1, (0.0, 1.0), "potassium activation", "ik.n"),
    ];
    const PARAMETERS: &'static [Variable] = &[
        var("C_m", "uF/cm^2", 1.0, (0.01, 100.0), "membrane capacitance", "membrane.Cm"),
        var("g_Na", "mS/cm^2", 120.0, (0.0, 1000.0), "sodium conductance", "ina.g"),
        var("g_K", "mS/cm^2", 36.0, (0.0, 1000.0), "potassium conductance", "ik.g"),
        var("g_L", "mS/cm^2", 0.3, (0.0, 100.0), "leak conductance", "ileak.g"),
        var("E_Na", "mV", 115.0, (-200.0, 200.0), "sodium reversal potential", "ina.ENa"),
        var("E_K", "mV", -12.0, (-200.0, 200.0), "potassium reversal potential", "ik.EK"),
        var("E_L", "mV", 10.6, (-200.0, 200.0), "leak reversal potential", "ileak.Eleak"),
        var("V_rest", "mV", 0.0, (-100.0, 100.0), "potential from which the rates are counted", ""),
    ];
    const CURRENTS: &'static [Current] = &[
        current("I_Na", "uA/cm^2", "sodium current", "g_Na"),
        current("I_K", "uA/cm^2", "potassium current", "g_K"),
        current("I_L", "uA/cm^2", "leak current", "g_L"),
    ];
    const VARIANTS: &'static [Variant] = &[
        Variant {
            name: "squid_1952",
            description: "potential relative to rest, as published",
            parameters: &[],
            states: &[],
        },
        Variant {
            name: "modern",
            description: "potential relative to the outside, rest near -65 mV",
            parameters: &[("E_Na", 50.0), ("E_K", -77.0), ("E_L", -54.4), ("V_rest", -65.0)],
            states: &[("V", -65.0), ("m", 0.05), ("h", 0.6), ("n", 0.32)],
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
        let [c_m, g_na, g_k, g_l, e_na, e_k, e_l, v_rest] = *exactly(p);
        let [v, m, h, n] = *exactly(y);
        let [dv, dm, dh, dn] = exactly_mut(dy);
        let [b_v, b_m, b_h, b_n] = exactly_mut(b);

        let i_na = (v - e_na) * (m * m * m * h) * g_na;
        let i_k = (v - e_k) * (n * n * n * n) * g_k;
        let i_l = (v - e_l) * g_l;
        current("I_Na", i_na);
        current("I_K", i_k);
        current("I_L", i_l);

        let u = v - v_rest;
        let (x_m, x_n) = ((-u + 25.0) / 10.0, (-u + 10.0) / 10.0);
        let [exp_m, exp_n, e_18, e_20, e_30, e_80] =
            exps([x_m, x_n, -u / 18.0, -u / 20.0, (-u + 30.0) / 10.0, -u / 80.0]);
        let (alpha_m, beta_m) = (linoid_from(x_m, exp_m), e_18 * 4.0);
        let (alpha_h, beta_h) = (e_20 * 0.07, falling_from(e_30));
        let (alpha_n, beta_n) = (linoid_from(x_n, exp_n) * 0.1, e_80 * 0.125);

        *dv = (i_stim - i_na - i_k - i_l) / c_m;
        *b_v = T::from(0.0);
        (*dm, *b_m) = open_close(m, alpha_m, beta_m);
        (*dh, *b_h) = open_close(h, alpha_h, beta_h);
        (*dn, *b_n) = open_close(n, alpha_n, beta_n);
    }
}
