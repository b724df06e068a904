//! How long the next step should be.

use crate::Scalar;

/// Proportional–integral control of the step size.
///
/// The next step is `dt · safety · error^(−α) · previous_error^β`, within limits. β damps the
/// control: the sequence of steps is smoother and fewer are rejected (K. Gustafsson, Control
/// theoretic techniques for stepsize selection in explicit Runge–Kutta methods, ACM TOMS 17 (1991)
/// 533–554, doi:10.1145/210232.210242; constants: Hairer, Nørsett & Wanner, Solving Ordinary
/// Differential Equations I, sec. II.4 and IV.2).
#[derive(Debug, Clone, PartialEq)]
pub struct PiController {
    /// α.
    pub alpha: f64,
    /// β.
    pub beta: f64,
    /// Aim at an error this much below the tolerance.
    pub safety: f64,
    /// The strongest cut in one step.
    pub shrink: f64,
    /// The strongest growth in one step.
    pub grow: f64,
    previous: f64,
    after_rejection: bool,
}

impl PiController {
    /// For a method whose error shrinks as `dt` to the power `error_order + 1`.
    pub fn new(error_order: u32) -> Self {
        let k = f64::from(error_order) + 1.0;
        let beta = 0.2 / k;
        Self {
            alpha: 1.0 / k - 0.75 * beta,
            beta,
            safety: 0.9,
            shrink: 0.2,
            grow: 6.0,
            previous: 1e-4,
            after_rejection: false,
        }
    }

    /// The factor for the next step after one with this error (1 is just accepted).
    pub fn accept(&mut self, error: f64) -> f64 {
        let error = error.max(1e-10);
        let factor = self.safety * error.powf(-self.alpha) * self.previous.powf(self.beta);
        let grow = if self.after_rejection { 1.0 } else { self.grow };
        self.previous = error.max(1e-4);
        self.after_rejection = false;
        factor.clamp(self.shrink, grow)
    }

    /// The factor for another try after one with this error, more than 1.
    pub fn reject(&mut self, error: f64) -> f64 {
        self.after_rejection = true;
        (self.safety * error.powf(-self.alpha)).clamp(self.shrink, 0.9)
    }

    /// The factor for another try after a step that could not be computed.
    pub fn fail(&mut self) -> f64 {
        self.after_rejection = true;
        self.shrink
    }

    /// Forgets earlier steps.
    pub fn reset(&mut self) {
        self.previous = 1e-4;
        self.after_rejection = false;
    }
}

/// The weights of the error norm, and the norm.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    pub(crate) rtol: f64,
    pub(crate) atol: Vec<f64>,
}

impl Weights {
    /// The weighted root mean square of `x` with the sizes of `y` and `z`; the worst lane's. NaN
    /// if any is NaN.
    #[inline]
    pub(crate) fn norm<T: Scalar>(&self, x: &[T], y: &[T], z: &[T]) -> f64 {
        let mut sum = T::from(0.0);
        let n = x.len();
        let (y, z, atol) = (&y[..n], &z[..n], &self.atol[..n]);
        for i in 0..n {
            let r = x[i] / (y[i].abs().max(z[i].abs()) * self.rtol + atol[i]);
            sum += r * r;
        }
        (sum.worst() / n as f64).sqrt()
    }

    /// The state with the largest weighted error, and that error.
    pub(crate) fn dominant<T: Scalar>(&self, x: &[T], y: &[T], z: &[T]) -> (usize, f64) {
        let size = |i: usize| {
            let scale = y[i].abs().max(z[i].abs()) * self.rtol + self.atol[i];
            (x[i] / scale).abs().worst()
        };
        (0..x.len()).map(|i| (i, size(i))).fold((0, 0.0), |a, b| if b.1 > a.1 { b } else { a })
    }

    /// The length of a first step (Hairer, Nørsett & Wanner, Solving Ordinary Differential
    /// Equations I, sec. II.4), from the slopes at `t` and after an Euler step.
    ///
    /// `after(h, out)` writes the slope at `t + h` from the state `y + h·slope`.
    pub(crate) fn first_step<T: Scalar>(
        &self,
        order: u32,
        longest: f64,
        y: &[T],
        slope: &[T],
        difference: &mut [T],
        after: impl FnOnce(f64, &mut [T]),
    ) -> f64 {
        let d0 = self.norm(y, y, y);
        let d1 = self.norm(slope, y, y);
        let h0 = if d0 < 1e-5 || d1 < 1e-5 { 1e-6 } else { 0.01 * d0 / d1 };
        // NaN becomes the shortest guess: the step itself will tell what is wrong.
        let h0 = if h0 > 0.0 { h0.min(longest) } else { f64::MIN_POSITIVE };
        after(h0, difference);
        for (d, &f) in difference.iter_mut().zip(slope) {
            *d -= f;
        }
        let d2 = self.norm(difference, y, y) / h0;
        let d = d1.max(d2);
        let h1 = if d <= 1e-15 { (h0 * 1e-3).max(1e-6) } else { (0.01 / d).powf(1.0 / f64::from(order + 1)) };
        let h = (100.0 * h0).min(h1).min(longest);
        if h > 0.0 { h } else { h0 }
    }
}
