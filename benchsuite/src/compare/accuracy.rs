//! How long a solver takes to a given accuracy.

/// The time that a solver needs to reach an error of at most `target`, from what was measured at
/// several tolerances: `points` are (error, time), in the order of the tolerances.
///
/// It is the shortest of the times of those points that are accurate enough, and of those at which a
/// straight line between two successive points, in logarithms of both, crosses the target. `None` if
/// no point is accurate enough.
///
/// ```
/// use benchsuite::compare::accuracy::time_to;
///
/// let points = [(1e-1, 100.0), (1e-3, 400.0)];
/// assert!((time_to(1e-2, &points).unwrap() - 200.0).abs() < 1e-9);
/// assert_eq!(time_to(1e-4, &points), None);
/// assert_eq!(time_to(1.0, &points), Some(100.0));
/// ```
pub fn time_to(target: f64, points: &[(f64, f64)]) -> Option<f64> {
    let usable = |p: &&(f64, f64)| p.0.is_finite() && p.0 >= 0.0 && p.1.is_finite() && p.1 > 0.0;
    let points: Vec<(f64, f64)> = points.iter().filter(usable).copied().collect();
    let reached = points.iter().filter(|p| p.0 <= target).map(|p| p.1);
    let crossed = points.windows(2).filter_map(|pair| {
        let ((e0, t0), (e1, t1)) = (pair[0], pair[1]);
        // From an error of zero there is no line in logarithms.
        let crosses = e0 > target && target > e1 && e1 > 0.0;
        crosses.then(|| {
            let share = (e0.ln() - target.ln()) / (e0.ln() - e1.ln());
            (t0.ln() + share * (t1.ln() - t0.ln())).exp()
        })
    });
    reached.chain(crossed).min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn a_method_of_known_order_is_read_off_exactly() {
        // error = t^-5: what a method of order 5 does.
        let points: Vec<(f64, f64)> = (1..6).map(|k| 10f64.powi(k)).map(|t| (t.powi(-5), t)).collect();
        for target in [1e-7, 3e-12, 1e-25] {
            assert_relative_eq!(time_to(target, &points).unwrap(), target.powf(-0.2), max_relative = 1e-12);
        }
    }

    #[test]
    fn luck_counts_and_failures_do_not() {
        // The tightest tolerance is the cheapest: it decides.
        assert_eq!(time_to(1e-2, &[(1e-1, 50.0), (1e-3, 40.0)]), Some(40.0));
        // An error that grows on the way is no crossing.
        assert_eq!(time_to(1e-2, &[(1e-3, 50.0), (1e-1, 60.0)]), Some(50.0));
        assert_eq!(time_to(1e-2, &[(f64::NAN, 1.0), (1e-1, 2.0)]), None);
        assert_eq!(time_to(1e-2, &[(1e-1, 1.0), (f64::INFINITY, 2.0), (1e-3, f64::NAN)]), None);
        assert_eq!(time_to(1e-2, &[(1e-1, 1.0), (0.0, 3.0)]), Some(3.0));
        assert_eq!(time_to(1e-2, &[]), None);
    }
}
