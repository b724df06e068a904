//! Sizes of trajectories.

use std::sync::Arc;

use rustfft::algorithm::butterflies::Butterfly4;
use rustfft::algorithm::{BluesteinsAlgorithm, Radix4};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection};

/// Sizes of a function of time: Σ|x|, Σx², Σₖ (1 + k²)|x̂ₖ|², max |x|.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Norms {
    pub(super) l1: f64,
    pub(super) l2: f64,
    pub(super) h1: f64,
    pub(super) max: f64,
}

impl Norms {
    fn of(waves: &Waves, x: &[f64]) -> Self {
        Norms {
            l1: x.iter().map(|x| x.abs()).sum(),
            l2: x.iter().map(|x| x * x).sum(),
            h1: waves.h1(x),
            max: x.iter().fold(0.0f64, |m, x| m.max(x.abs())),
        }
    }

    /// Of the error of `y`, and of the truth `t`.
    pub(super) fn of_pair(waves: &Waves, y: &[f64], t: &[f64]) -> (Self, Self) {
        let error: Vec<f64> = y.iter().zip(t).map(|(y, t)| y - t).collect();
        (Self::of(waves, &error), Self::of(waves, t))
    }
}

/// Σₖ (1 + k²)|x̂ₖ|² over all modes of a trajectory.
pub(super) struct Waves {
    transform: BluesteinsAlgorithm<f64>,
}

impl Waves {
    /// Any number of points by powers of 4: the planner of `rustfft` would choose among all that it has, and all of it
    /// would be compiled here.
    pub(super) fn new(points: usize) -> Self {
        let times = (0..).find(|k| 4usize << (2 * k) >= 2 * points).unwrap_or_default();
        let base = Arc::new(Butterfly4::new(FftDirection::Forward));
        Waves { transform: BluesteinsAlgorithm::new(points, Arc::new(Radix4::new_with_base(times, base))) }
    }

    fn h1(&self, x: &[f64]) -> f64 {
        let mut modes: Vec<_> = x.iter().map(|x| Complex::new(*x, 0.0)).collect();
        self.transform.process(&mut modes);
        // A mode and its conjugate are as far from mode 0.
        let weighed = modes.iter().enumerate().map(|(k, mode)| {
            let k = k.min(modes.len() - k);
            (1.0 + (k * k) as f64) * mode.norm_sqr()
        });
        weighed.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Parseval, without the weights it is N·Σx²; a single cosine has all in its mode.
    #[test]
    fn the_norm_weighs_modes_by_their_square() {
        for n in [12usize, 15] {
            let waves = Waves::new(n);
            for k in [0usize, 1, 3, n / 2] {
                let angle = |i: usize| std::f64::consts::TAU * (i * k) as f64 / n as f64;
                let x: Vec<f64> = (0..n).map(|i| angle(i).cos()).collect();
                let energy: f64 = x.iter().map(|x| x * x).sum::<f64>() * n as f64;
                let expected = (1.0 + (k * k) as f64) * energy;
                assert!((waves.h1(&x) - expected).abs() < 1e-9 * expected, "{n} {k}");
            }
        }
    }
}
