//! The size of an error relative to the tolerance.

use crate::Scalar;

/// How the errors of the states become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Norm {
    /// The root of the mean of the squares: a state may exceed its tolerance by √n if no other
    /// uses its own. The default, and what most solvers do.
    #[default]
    RootMeanSquare,
    /// The largest: every state keeps its tolerance in every step, as few states as there may be
    /// that need it.
    Max,
}

/// The size of `x` where the states lie between `y` and `z`. NaN if any entry of `x` is.
pub(crate) type Measure<T> = fn(&Weights<T>, x: &[T], y: &[T], z: &[T]) -> f64;

/// The weights of the error norm, and the norm.
#[derive(Debug, Clone)]
pub(crate) struct Weights<T> {
    pub(crate) rtol: f64,
    pub(crate) atol: Vec<f64>,
    pub(crate) norm: Norm,
    pub(crate) measure: Measure<T>,
}

/// The weighted norm of the values of `x`; the worst lane's.
pub(crate) fn of_values<T: Scalar>(weights: &Weights<T>, x: &[T], y: &[T], z: &[T]) -> f64 {
    of_columns(weights, x, y, z, |x| x)
}

/// The weighted norm of what `part` takes of each entry; the worst lane's.
#[inline(always)]
pub(crate) fn of_columns<T: Scalar, U: Scalar>(
    weights: &Weights<T>,
    x: &[T],
    y: &[T],
    z: &[T],
    part: impl Fn(T) -> U,
) -> f64 {
    let n = x.len();
    let (y, z, atol) = (&y[..n], &z[..n], &weights.atol[..n]);
    let relative = |i: usize| part(x[i]) / (part(y[i]).abs().max(part(z[i]).abs()) * weights.rtol + atol[i]);
    match weights.norm {
        Norm::RootMeanSquare => {
            let mut sum = U::from(0.0);
            for i in 0..n {
                let r = relative(i);
                sum += r * r;
            }
            (sum.worst() / n as f64).sqrt()
        }
        Norm::Max => {
            // Not `f64::max`, which forgets NaN.
            let larger = |a: f64, b: f64| if b <= a || a.is_nan() { a } else { b };
            (0..n).map(|i| relative(i).abs().worst()).fold(0.0, larger)
        }
    }
}

impl<T: Scalar> Weights<T> {
    pub(crate) fn measure(&self, x: &[T], y: &[T], z: &[T]) -> f64 {
        (self.measure)(self, x, y, z)
    }

    /// The state with the largest weighted error, and that error.
    pub(crate) fn dominant(&self, x: &[T], y: &[T], z: &[T]) -> (usize, f64) {
        let alone = |i: usize| {
            let weights = Self { atol: vec![self.atol[i]], ..self.clone() };
            weights.measure(&x[i..=i], &y[i..=i], &z[i..=i])
        };
        (0..x.len()).map(|i| (i, alone(i))).fold((0, 0.0), |a, b| if b.1 > a.1 { b } else { a })
    }

    /// The length of a first step (Hairer, Nørsett & Wanner, Solving Ordinary Differential
    /// Equations I, sec. II.4), from the slopes at `t` and after an Euler step.
    ///
    /// `after(h, out)` writes the slope at `t + h` from the state `y + h·slope`.
    pub(crate) fn first_step(
        &self,
        order: u32,
        longest: f64,
        y: &[T],
        slope: &[T],
        difference: &mut [T],
        after: impl FnOnce(f64, &mut [T]),
    ) -> f64 {
        let d0 = self.measure(y, y, y);
        let d1 = self.measure(slope, y, y);
        let h0 = if d0 < 1e-5 || d1 < 1e-5 { 1e-6 } else { 0.01 * d0 / d1 };
        // NaN becomes the shortest guess: the step itself will tell what is wrong.
        let h0 = if h0 > 0.0 { h0.min(longest) } else { f64::MIN_POSITIVE };
        after(h0, difference);
        for (d, &f) in difference.iter_mut().zip(slope) {
            *d -= f;
        }
        let d2 = self.measure(difference, y, y) / h0;
        let d = d1.max(d2);
        let h1 = if d <= 1e-15 { (h0 * 1e-3).max(1e-6) } else { (0.01 / d).powf(1.0 / f64::from(order + 1)) };
        let h = (100.0 * h0).min(h1).min(longest);
        if h > 0.0 { h } else { h0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(norm: Norm) -> Weights<f64> {
        Weights { rtol: 0.1, atol: vec![1.0, 2.0, 1.0], norm, measure: of_values }
    }

    #[test]
    fn the_norms_are_what_they_say() {
        let (x, y, z) = ([2.0, -6.0, 0.0], [-10.0, 5.0, 0.0], [9.0, -10.0, 0.0]);
        // Scales 2, 3 and 1.
        let rms = weights(Norm::RootMeanSquare).measure(&x, &y, &z);
        assert!((rms - (5f64 / 3.0).sqrt()).abs() < 1e-15, "{rms}");
        assert_eq!(weights(Norm::Max).measure(&x, &y, &z), 2.0);
        assert_eq!(weights(Norm::Max).dominant(&x, &y, &z), (1, 2.0));
    }

    #[test]
    fn a_number_that_is_none_is_never_forgotten() {
        for norm in [Norm::RootMeanSquare, Norm::Max] {
            for place in 0..3 {
                let mut x = [1.0, 2.0, 3.0];
                x[place] = f64::NAN;
                assert!(weights(norm).measure(&x, &[0.0; 3], &[0.0; 3]).is_nan(), "{norm:?} {place}");
            }
            assert!(weights(norm).measure(&[f64::INFINITY, 0.0, 0.0], &[0.0; 3], &[0.0; 3]) > 1e300);
        }
    }
}
