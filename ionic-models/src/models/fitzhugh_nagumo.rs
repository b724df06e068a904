//! FitzHugh–Nagumo: two variables that stand for an excitable cell.
//!
//! FitzHugh, Biophys J 1:445 (1961), [10.1016/S0006-3495(61)86902-6](https://doi.org/10.1016/S0006-3495(61)86902-6);
//! Nagumo, Arimoto, Yoshizawa, Proc IRE 50:2061 (1962),
//! [10.1109/JRPROC.1962.288235](https://doi.org/10.1109/JRPROC.1962.288235).
//! All quantities are without units. Two scalings are in use, which differ in their equations and
//! in the names of the states; each is a type of its own.
//!
//! **[`FitzHughNagumo`]**, variant `werneck` (Werneck, dissertation, 2024):
//!
//! ```text
//! U' = K·[U(U − α)(1 − U) − W + I]        W' = ε(βU − γW)
//! ```
//!
//! `K` multiplies the whole bracket, the stimulus included (eq. 3.1 of the dissertation).
//!
//! **[`FitzHughNagumoPavia`]**, variant `pavia` (Pellegrini et al., Fourier neural operators for
//! ionic models, 2025):
//!
//! ```text
//! V' = b·V(V − β)(δ − V) − c·w + I        w' = e(V − γw)
//! ```
//!
//! A positive stimulus excites in both. The two terms of the first equation are returned as
//! currents, with the sign of outward currents: −K·U(U − α)(1 − U) is `I_ion`, K·W is `I_rec`.

use ode_solvers::{Over, Scalar};

use crate::model::{exactly, exactly_mut};
use crate::variable::{current, var};
use crate::{Current, IonicModel, StimulusConvention, Variable, Variant};

const STIMULUS: StimulusConvention = StimulusConvention { unit: "1", depolarising: 1.0, pacing: None };

const CITATION: &str = "FitzHugh, Biophys J 1:445 (1961), doi:10.1016/S0006-3495(61)86902-6; \
     Nagumo et al., Proc IRE 50:2061 (1962), doi:10.1109/JRPROC.1962.288235";

/// The scaling of Werneck's dissertation: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct FitzHughNagumo;

impl IonicModel for FitzHughNagumo {
    const NAME: &'static str = "fitzhugh_nagumo";
    const CITATION: &'static str = CITATION;
    const TIME_UNIT: &'static str = "1";
    const STIMULUS: StimulusConvention = STIMULUS;
    const STATES: &'static [Variable] = &[
        var("U", "1", 0.5, (-2.0, 2.0), "excitation, stands for the membrane potential", ""),
        var("W", "1", 0.0, (-1.0, 1.0), "recovery", ""),
    ];
    const PARAMETERS: &'static [Variable] = &[
        var("K", "1", 10.0, (0.0, 100.0), "speed of the excitation", ""),
        var("alpha", "1", 0.4, (0.0, 1.0), "threshold of the excitation", ""),
        var("epsilon", "1", 0.2, (0.0, 10.0), "speed of the recovery", ""),
        var("beta", "1", 0.2, (0.0, 10.0), "weight of the excitation in the recovery", ""),
        var("gamma", "1", 0.8, (0.0, 10.0), "decay of the recovery", ""),
    ];
    const CURRENTS: &'static [Current] = &[
        current("I_ion", "1", "excitation, outward positive", "K"),
        current("I_rec", "1", "recovery, outward positive", "K"),
    ];
    const VARIANTS: &'static [Variant] = &[Variant {
        name: "werneck",
        description: "Werneck 2024, starts excited",
        parameters: &[],
        states: &[],
    }];

    #[inline(always)]
    fn evaluate<P: Scalar, T: Scalar + Over<P>>(
        p: &[P],
        i_stim: T,
        y: &[T],
        dy: &mut [T],
        b: &mut [T],
        mut current: impl FnMut(&'static str, T),
    ) {
        let [k, alpha, epsilon, beta, gamma] = *exactly(p);
        let [u, w] = *exactly(y);
        let [du, dw] = exactly_mut(dy);
        let [b_u, b_w] = exactly_mut(b);

        current("I_ion", -(u * (u - alpha) * (-u + 1.0)) * k);
        current("I_rec", w * k);
        *du = (u * (u - alpha)).mul_add(-u + 1.0, i_stim - w) * k;
        *dw = w.neg_mul_add(gamma.into(), u * beta) * epsilon;
        *b_u = T::from(0.0);
        *b_w = T::from(0.0);
    }
}

/// The scaling of the operator-learning work: see the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct FitzHughNagumoPavia;

impl IonicModel for FitzHughNagumoPavia {
    const NAME: &'static str = "fitzhugh_nagumo";
    const CITATION: &'static str = CITATION;
    const TIME_UNIT: &'static str = "1";
    const STIMULUS: StimulusConvention = STIMULUS;
    const STATES: &'static [Variable] = &[
        var("V", "1", 0.0, (-2.0, 2.0), "excitation, stands for the membrane potential", ""),
        var("w", "1", 0.0, (-10.0, 10.0), "recovery", ""),
    ];
    const PARAMETERS: &'static [Variable] = &[
        var("b", "1", 5.0, (0.0, 100.0), "speed of the excitation", ""),
        var("c", "1", 1.0, (0.0, 10.0), "weight of the recovery", ""),
        var("beta", "1", 0.1, (0.0, 1.0), "threshold of the excitation", ""),
        var("delta", "1", 1.0, (0.0, 2.0), "excited state without recovery", ""),
        var("gamma", "1", 0.25, (0.0, 10.0), "decay of the recovery", ""),
        var("e", "1", 0.1, (0.0, 10.0), "speed of the recovery", ""),
    ];
    const CURRENTS: &'static [Current] = &[
        current("I_ion", "1", "excitation, outward positive", "b"),
        current("I_rec", "1", "recovery, outward positive", "c"),
    ];
    const VARIANTS: &'static [Variant] = &[Variant {
        name: "pavia",
        description: "Pellegrini et al. 2025, starts at rest",
        parameters: &[],
        states: &[],
    }];

    #[inline(always)]
    fn evaluate<P: Scalar, T: Scalar + Over<P>>(
        p: &[P],
        i_stim: T,
        y: &[T],
        dy: &mut [T],
        b: &mut [T],
        mut current: impl FnMut(&'static str, T),
    ) {
        let [b_speed, c, beta, delta, gamma, e] = *exactly(p);
        let [v, w] = *exactly(y);
        let [dv, dw] = exactly_mut(dy);
        let [b_v, b_w] = exactly_mut(b);

        let i_ion = v * (v - beta) * (v - delta) * b_speed;
        let i_rec = w * c;
        current("I_ion", i_ion);
        current("I_rec", i_rec);
        *dv = -i_ion - i_rec + i_stim;
        *dw = (v - w * gamma) * e;
        *b_v = T::from(0.0);
        *b_w = T::from(0.0);
    }
}
