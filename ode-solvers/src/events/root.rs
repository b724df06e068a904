//! A zero between two times at which a function has different signs.

/// The narrowest bracket of a zero that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Root {
    /// The end of the bracket on the far side: the function has the sign of `b`'s there, or is zero.
    pub(crate) t: f64,
    /// How far from zero the function is at the ends of the bracket.
    pub(crate) noise: f64,
}

/// The zero of `f` between `(a, fa)` and `(b, fb)`, where `fa` and `fb` have different signs (or
/// `fb` is zero), in a bracket no wider than `width`.
///
/// The ITP method: at most one evaluation more than bisection takes, and superlinear where the
/// function is smooth (I. Oliveira & R. Takahashi, An enhancement of the bisection method average
/// performance preserving minmax optimality, ACM TOMS 47 (2020) 5, doi:10.1145/3423597; κ₁ =
/// 0.2/(b − a), κ₂ = 2, n₀ = 1).
///
/// # Errors
/// The time at which `f` is NaN.
pub(crate) fn itp(
    mut f: impl FnMut(f64) -> f64,
    (mut a, mut fa): (f64, f64),
    (mut b, mut fb): (f64, f64),
    width: f64,
) -> Result<Root, f64> {
    if fb == 0.0 {
        return Ok(Root { t: b, noise: 0.0 });
    }
    let falling = fa > 0.0;
    let kappa = 0.2 / (b - a);
    // The radius that bisection with one spare evaluation would have reached.
    let spare = ((b - a) / width).log2().ceil().max(0.0) + 1.0;
    let mut radius = 0.5 * width * spare.exp2();
    while b - a > width {
        let middle = a + 0.5 * (b - a);
        let secant = (fb * a - fa * b) / (fb - fa);
        let (to_middle, delta) = (middle - secant, kappa * (b - a) * (b - a));
        let truncated = if delta <= to_middle.abs() { secant + delta.copysign(to_middle) } else { middle };
        let room = (radius - 0.5 * (b - a)).max(0.0);
        let near = (truncated - middle).abs() <= room;
        let mut t = if near { truncated } else { middle - room.copysign(to_middle) };
        // Rounding, and functions that are infinite.
        if !(a < t && t < b) {
            t = middle;
        }
        if !(a < t && t < b) {
            break;
        }
        let ft = f(t);
        if ft.is_nan() {
            return Err(t);
        }
        if ft == 0.0 {
            return Ok(Root { t, noise: 0.0 });
        }
        if (ft > 0.0) == falling {
            (a, fa) = (t, ft);
        } else {
            (b, fb) = (t, ft);
        }
        radius *= 0.5;
    }
    Ok(Root { t: b, noise: fa.abs().max(fb.abs()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root, and how many evaluations it took.
    fn find(f: impl Fn(f64) -> f64, a: f64, b: f64) -> (f64, u32) {
        let mut count = 0;
        let mut counted = |t: f64| {
            count += 1;
            f(t)
        };
        let root = itp(&mut counted, (a, f(a)), (b, f(b)), 4.0 * f64::EPSILON * b).map(|r| r.t);
        (root.unwrap_or(f64::NAN), count)
    }

    #[test]
    fn smooth_functions_take_few_evaluations() {
        for (f, root) in [
            ((|t| t * t - 2.0) as fn(f64) -> f64, 2f64.sqrt()),
            (|t| t.cos(), core::f64::consts::FRAC_PI_2),
            (|t| 1.0 - (t - 0.5).exp(), 0.5),
            (|t| (t - 1.0).powi(3), 1.0),
        ] {
            let (t, count) = find(f, 0.25, 2.0);
            assert!((t - root).abs() <= 4.0 * f64::EPSILON * 2.0 * root.max(1.0), "{t} instead of {root}");
            assert!(count <= 54, "{count}");
            // The new sign, or zero.
            assert!(f(t) == 0.0 || (f(t) > 0.0) == (f(2.0) > 0.0));
        }
        assert!(find(|t| t * t - 2.0, 0.25, 2.0).1 < 14);
    }

    #[test]
    fn jumps_and_infinities_take_no_more_than_bisection_and_one() {
        for edge in [0.3, 1.0, 1.9999] {
            for high in [1.0, 1e300, f64::INFINITY] {
                let (t, count) = find(|t| if t < edge { -1e-9 } else { high }, 0.0, 2.0);
                assert!((t - edge).abs() <= 8.0 * f64::EPSILON, "{t} instead of {edge}");
                assert!(count <= 54, "{count}");
            }
        }
    }

    #[test]
    fn a_function_that_is_nan_says_where() {
        let root = itp(|_| f64::NAN, (0.0, -1.0), (1.0, 1.0), 1e-15);
        assert!(root.is_err_and(|t| 0.0 < t && t < 1.0));
    }
}
