//! Adam, and how learning rates fall: over a training, or by PyTorch's schedule.

use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::kernels::{self, AdamStep};
use crate::{Error, Real, check};

/// The numbers of Adam (Kingma & Ba 2015, arXiv:1412.6980, algorithm 1). Defaults are the paper's,
/// which are PyTorch's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamConfig {
    /// The first learning rate.
    pub learning_rate: f64,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

impl AdamConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        check::positive("adam.learning_rate", self.learning_rate)?;
        for (name, beta) in [("adam.beta1", self.beta1), ("adam.beta2", self.beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return Err(Error::config(name, beta, "it must be from 0 up to but not 1"));
            }
        }
        check::positive("adam.eps", self.eps)
    }
}

/// The numbers of Muon: a square matrix moves along the unitary matrix nearest to its momentum, roughly (Jordan et al.
/// 2024, <https://kellerjordan.github.io/posts/muon/>). Defaults are those of Liu et al. (2025, arXiv:2502.16982):
/// with them the learning rate and the decay mean what they mean for AdamW.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MuonConfig {
    /// Decay of the mean of gradients, to which each step adds the latest gradient once more (Nesterov's).
    pub momentum: f64,
    /// The root mean square of a step's numbers, in learning rates.
    pub size: f64,
}

impl Default for MuonConfig {
    fn default() -> Self {
        Self { momentum: 0.95, size: 0.2 }
    }
}

impl MuonConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Self { momentum, size } = *self;
        if !(0.0..1.0).contains(&momentum) {
            return Err(Error::config("muon.momentum", momentum, "it must be from 0 up to but not 1"));
        }
        check::positive("muon.size", size)
    }
}

/// Adam's state: the two moments of every parameter and the number of updates.
///
/// An update is PyTorch's: m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²,
/// p ← p − lr/(1−β₁ᵗ) · m/(√v/√(1−β₂ᵗ) + eps).
#[derive(Debug, Clone, PartialEq)]
pub struct Adam<E: Real = f32> {
    config: AdamConfig,
    pub(crate) m: Vec<E>,
    pub(crate) v: Vec<E>,
    pub(crate) updates: u64,
}

impl<E: Real> Adam<E> {
    /// The state before the first update of `parameters` parameters.
    pub fn new(config: AdamConfig, parameters: usize) -> Self {
        Self { config, m: vec![E::default(); parameters], v: vec![E::default(); parameters], updates: 0 }
    }

    /// Moves `parameters` one step against `gradient` with the given learning rate.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn update(&mut self, parameters: &mut [E], gradient: &[E], learning_rate: f64) {
        self.update_decayed(parameters, gradient, learning_rate, 0.0);
    }

    /// As [`Adam::update`], after `parameters` were multiplied with 1 − learning rate · decay: AdamW
    /// (Loshchilov and Hutter 2019, arXiv:1711.05101), in PyTorch's form.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn update_decayed(&mut self, parameters: &mut [E], gradient: &[E], learning_rate: f64, decay: f64) {
        let all = parameters.len().max(1);
        self.update_all(parameters, gradient, all, |_| learning_rate, decay);
    }

    /// As [`Adam::update`], with a learning rate for each of several parts of `each` parameters.
    ///
    /// # Panics
    /// If the lengths differ, or `each` is 0.
    pub(crate) fn update_parts(
        &mut self,
        parameters: &mut [E],
        gradient: &[E],
        each: usize,
        learning_rate: impl Fn(usize) -> f64,
    ) {
        self.update_all(parameters, gradient, each, learning_rate, 0.0);
    }

    fn update_all(
        &mut self,
        parameters: &mut [E],
        gradient: &[E],
        each: usize,
        learning_rate: impl Fn(usize) -> f64,
        decay: f64,
    ) {
        let all = parameters.len();
        let parts = (0..all).step_by(each).map(|from| from..all.min(from + each));
        self.update_ranges(parameters, gradient, parts, learning_rate, decay);
    }

    /// As [`Adam::update_decayed`], of parameters in some ranges alone; the k-th range has its own learning rate.
    ///
    /// # Panics
    /// If the lengths differ, or a range goes beyond them.
    pub(crate) fn update_ranges(
        &mut self,
        parameters: &mut [E],
        gradient: &[E],
        ranges: impl Iterator<Item = Range<usize>>,
        learning_rate: impl Fn(usize) -> f64,
        decay: f64,
    ) {
        assert!(parameters.len() == self.m.len() && gradient.len() == self.m.len(), "lengths differ");
        self.updates += 1;
        let t = self.updates as f64;
        let c = self.config;
        for (k, range) in ranges.enumerate() {
            let step = AdamStep {
                beta1: E::nearest(c.beta1),
                beta2: E::nearest(c.beta2),
                step: E::nearest(learning_rate(k) / (1.0 - c.beta1.powf(t))),
                correction: E::nearest((1.0 - c.beta2.powf(t)).sqrt().recip()),
                eps: E::nearest(c.eps),
                keep: E::nearest(1.0 - learning_rate(k) * decay),
            };
            let (m, v) = (&mut self.m[range.clone()], &mut self.v[range.clone()]);
            kernels::adam(step, &mut parameters[range.clone()], &gradient[range], m, v);
        }
    }

    /// The number of updates so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Goes to where a file was written.
    pub(crate) fn restore(&mut self, [m, v]: [Vec<E>; 2], updates: u64) {
        (self.m, self.v, self.updates) = (m, v, updates);
    }
}

/// The learning rate over a training.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// The same all the time.
    #[default]
    Constant,
    /// A falling half-wave of the cosine, from the first learning rate to this part of it.
    Cosine(f64),
    /// By equal factors, from the first learning rate to this part of it.
    Exponential(f64),
}

impl Decay {
    /// The part of the first learning rate after a part `done`, from 0 to 1, of the training.
    pub fn part(self, done: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine(end) => end + (1.0 - end) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
            Self::Exponential(end) => end.powf(done),
        }
    }

    pub(crate) fn check(self, name: &str) -> Result<(), Error> {
        match self {
            Self::Cosine(end) | Self::Exponential(end) => check::part(name, end),
            Self::Constant => Ok(()),
        }
    }
}

/// The numbers of [`ReduceOnPlateau`]. Defaults are Werneck's (2024, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlateauConfig {
    /// What the learning rate is multiplied with.
    pub factor: f64,
    /// How many steps without improvement are waited for.
    pub patience: u64,
    /// An improvement is a loss below best·(1 − threshold).
    pub threshold: f64,
    /// The learning rate never falls below this.
    pub min_learning_rate: f64,
    /// A change of the learning rate that is not larger than this is not made.
    pub eps: f64,
}

impl Default for PlateauConfig {
    fn default() -> Self {
        Self { factor: 0.999_999, patience: 1000, threshold: 1e-3, min_learning_rate: 1e-5, eps: 1e-8 }
    }
}

impl PlateauConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !(self.factor > 0.0 && self.factor < 1.0) {
            return Err(Error::config("plateau.factor", self.factor, "it must lie between 0 and 1"));
        }
        check::not_negative("plateau.threshold", self.threshold)?;
        check::not_negative("plateau.min_learning_rate", self.min_learning_rate)?;
        check::not_negative("plateau.eps", self.eps)
    }
}

/// Lowers the learning rate when the loss stops falling: PyTorch's `ReduceLROnPlateau` with mode
/// `min`, a relative threshold and no cooldown.
///
/// With [`PlateauConfig::eps`] at 1e-8, PyTorch's default, a factor of 0.999999 changes a learning
/// rate of 1e-3 by 1e-9 only, and so never changes it: Werneck's published numbers amount to a
/// constant learning rate. Set `eps` to 0 for a schedule that acts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReduceOnPlateau {
    config: PlateauConfig,
    /// The learning rate now.
    pub(crate) learning_rate: f64,
    /// The lowest loss that counted as an improvement; infinite before the first.
    pub(crate) best: f64,
    /// Steps since then.
    pub(crate) bad_steps: u64,
}

impl ReduceOnPlateau {
    /// The state before the first step.
    pub fn new(config: PlateauConfig, learning_rate: f64) -> Self {
        Self { config, learning_rate, best: f64::INFINITY, bad_steps: 0 }
    }

    /// Takes the loss of one step and returns the learning rate from now on.
    pub fn step(&mut self, loss: f64) -> f64 {
        if loss < self.best * (1.0 - self.config.threshold) {
            self.best = loss;
            self.bad_steps = 0;
        } else {
            self.bad_steps += 1;
        }
        if self.bad_steps > self.config.patience {
            let new = (self.learning_rate * self.config.factor).max(self.config.min_learning_rate);
            if self.learning_rate - new > self.config.eps {
                self.learning_rate = new;
            }
            self.bad_steps = 0;
        }
        self.learning_rate
    }

    /// The learning rate now.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    /// The algorithm as Kingma and Ba print it, in f64: bias-corrected moments, then the step. It
    /// equals PyTorch's form exactly.
    #[test]
    fn updates_are_those_of_the_published_algorithm() {
        let config = AdamConfig { learning_rate: 0.01, beta1: 0.8, beta2: 0.95, eps: 1e-3 };
        let n = 37;
        let mut adam = Adam::<f64>::new(config, n);
        let mut p: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let (mut q, mut m, mut v) = (p.clone(), vec![0.0; n], vec![0.0; n]);
        for t in 1..=50 {
            let lr = 0.01 / f64::from(t);
            let g: Vec<f64> = q.iter().map(|q| (q * f64::from(t)).sin()).collect();
            adam.update(&mut p, &g, lr);
            for i in 0..n {
                m[i] = 0.8 * m[i] + 0.2 * g[i];
                v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
                let (m, v): (f64, f64) = (m[i] / (1.0 - 0.8f64.powi(t)), v[i] / (1.0 - 0.95f64.powi(t)));
                q[i] -= lr * m / (v.sqrt() + 1e-3);
                assert!((p[i] - q[i]).abs() < 1e-12, "update {t}, parameter {i}");
            }
        }
        assert_eq!(adam.updates(), 50);
    }

    /// AdamW as PyTorch's documentation prints it: the decay first, then Adam's step.
    #[test]
    fn decay_shrinks_parameters_apart_from_the_gradient() {
        let config = AdamConfig { learning_rate: 0.01, ..AdamConfig::default() };
        let (mut plain, mut decayed) = (Adam::<f64>::new(config, 3), Adam::<f64>::new(config, 3));
        let (mut p, mut q) = ([2.0, -3.0, 0.5], [2.0, -3.0, 0.5]);
        for t in 0..5 {
            let g = [0.3 * f64::from(t), -1.0, 0.0];
            let before = q;
            decayed.update_decayed(&mut q, &g, 0.01, 0.1);
            let was = p;
            plain.update(&mut p, &g, 0.01);
            for i in 0..3 {
                let expected = before[i] * (1.0 - 0.01 * 0.1) + (p[i] - was[i]);
                assert!((q[i] - expected).abs() < 1e-14, "update {t}, parameter {i}");
            }
        }
    }

    #[test]
    fn the_first_step_is_the_learning_rate_whatever_the_gradient() {
        let mut adam = Adam::<f32>::new(AdamConfig::default(), 3);
        let mut p = [1.0, 1.0, 1.0];
        adam.update(&mut p, &[1e3, -1e-3, 0.0], 0.1);
        for (p, e) in p.iter().zip([0.9, 1.1, 1.0]) {
            assert!((p - e).abs() < 2e-6, "{p} instead of {e}");
        }
    }

    fn schedule(config: PlateauConfig, losses: &[f64]) -> Vec<f64> {
        let mut s = ReduceOnPlateau::new(config, 1.0);
        losses.iter().map(|l| s.step(*l)).collect()
    }

    /// Worked by hand along PyTorch's rules: better means below best·(1 − threshold); the rate falls
    /// when more than `patience` steps in a row were not better, and the count starts again.
    #[test]
    fn the_rate_falls_after_more_than_patience_bad_steps() {
        let config =
            PlateauConfig { factor: 0.5, patience: 2, threshold: 0.1, min_learning_rate: 0.2, eps: 0.0 };
        // Best 10; 9.5 and 9.1 are not below 9; 8.9 is. Then three bad steps lower the rate, and
        // three more; the third reduction is held at the minimum.
        let losses = [10.0, 9.5, 9.1, 8.9, 9.0, 9.0, 8.9, 8.5, 8.5, 8.5, 8.5, 8.5, 8.5];
        let rates = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2];
        assert_eq!(schedule(config, &losses), rates);
    }

    #[test]
    fn a_change_not_larger_than_eps_is_not_made() {
        let config = PlateauConfig { patience: 0, ..PlateauConfig::default() };
        let mut s = ReduceOnPlateau::new(config, 1e-3);
        for _ in 0..100 {
            s.step(1.0);
        }
        assert_eq!(s.learning_rate(), 1e-3, "1e-3 × 1e-6 is below eps = 1e-8");
        let mut s = ReduceOnPlateau::new(PlateauConfig { eps: 0.0, ..config }, 1e-3);
        for _ in 0..101 {
            s.step(1.0);
        }
        assert_abs_diff_eq!(s.learning_rate(), 1e-3 * 0.999_999f64.powi(100), epsilon = 1e-15);
    }
}
