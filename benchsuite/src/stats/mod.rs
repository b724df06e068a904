//! The tests that papers print: t tests, analyses of variance, variances of groups, and the shapes
//! that group architectures.

pub mod anova;
mod groups;
mod shape;

pub use groups::{Variances, variances};
pub use shape::{Shape, widths};

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// An unpaired two-sample t test with pooled variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// The statistic: positive if the first sample has the greater mean.
    pub t: f64,
    /// The degrees of freedom.
    pub degrees: f64,
    /// The two-sided p value.
    pub p: f64,
}

/// Student's t test of two independent samples with equal variances: none if a sample has fewer
/// than two values, a value is not finite, or neither sample varies.
///
/// With samples of equal size, Welch's statistic is the same number; only its degrees of freedom
/// differ.
///
/// ```
/// let t = benchsuite::stats::student(&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 6.0, 8.0]).unwrap();
/// assert!((t.t + 1.7320508).abs() < 1e-6);
/// ```
pub fn student(a: &[f64], b: &[f64]) -> Option<TTest> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let (na, nb) = (a.len() as f64, b.len() as f64);
    let degrees = na + nb - 2.0;
    let pooled = (sum_of_squares(a) + sum_of_squares(b)) / degrees;
    finish(mean(a) - mean(b), pooled * (1.0 / na + 1.0 / nb), degrees)
}

/// Welch's t test of two independent samples whose variances may differ. None as for [`student`].
pub fn welch(a: &[f64], b: &[f64]) -> Option<TTest> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    // The squared standard error of a mean, and its degrees of freedom.
    let error = |x: &[f64]| {
        let n = x.len() as f64;
        (sum_of_squares(x) / (n - 1.0) / n, n - 1.0)
    };
    let ((ea, da), (eb, db)) = (error(a), error(b));
    // Welch and Satterthwaite.
    let degrees = (ea + eb).powi(2) / (ea * ea / da + eb * eb / db);
    finish(mean(a) - mean(b), ea + eb, degrees)
}

/// The paired t test: of the differences against zero. None as for [`student`], or if the samples
/// differ in size.
pub fn paired(a: &[f64], b: &[f64]) -> Option<TTest> {
    if a.len() != b.len() || a.len() < 2 {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
    let n = a.len() as f64;
    finish(mean(&differences), sum_of_squares(&differences) / (n - 1.0) / n, n - 1.0)
}

fn finish(difference: f64, variance: f64, degrees: f64) -> Option<TTest> {
    let t = difference / variance.sqrt();
    if !t.is_finite() {
        return None;
    }
    let p = 2.0 * StudentsT::new(0.0, 1.0, degrees).ok()?.sf(t.abs());
    Some(TTest { t, degrees, p })
}

/// The mean.
pub fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// The standard deviation of a sample; NaN for fewer than two values.
pub fn deviation(x: &[f64]) -> f64 {
    (sum_of_squares(x) / (x.len() as f64 - 1.0)).sqrt()
}

/// The middle of a list, infinite numbers counted as large; between the two in the middle of an even number. None
/// if it is empty.
///
/// ```
/// use benchsuite::stats::median;
///
/// assert_eq!(median(&[3.0, 1.0, f64::INFINITY]), Some(3.0));
/// assert_eq!(median(&[2.0, 1.0]), Some(1.5));
/// ```
pub fn median(x: &[f64]) -> Option<f64> {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.get((sorted.len().max(1) - 1) / 2)?, sorted.get(sorted.len() / 2)?);
    Some(if low == high { *low } else { 0.5 * (low + high) })
}

/// The smallest and the largest number; infinite and the wrong way round if there is none. NaN is passed over.
pub fn range(x: impl IntoIterator<Item = f64>) -> (f64, f64) {
    x.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

fn sum_of_squares(x: &[f64]) -> f64 {
    let m = mean(x);
    x.iter().map(|v| (v - m) * (v - m)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Publication;

    fn columns(set: &str) -> (Vec<f64>, Vec<f64>) {
        let publication = Publication::werneck2024().unwrap();
        let column = |class: &str| {
            let start = format!("W-A/{set}/{class}/");
            publication
                .claims
                .iter()
                .filter(|c| c.id.starts_with(&start) && c.id.ends_with("/mean_error"))
                .map(|c| c.value)
                .collect::<Vec<_>>()
        };
        (column("DDNN"), column("PINN"))
    }

    /// The p value that the dissertation prints, .74, is Student's on the raw mean errors of its
    /// own Table 15; the t that it prints, .33, is .34 from the rounded table.
    #[test]
    fn the_published_complete_test_is_students_on_raw_errors() {
        let (ddnn, pinn) = columns("complete");
        let test = student(&ddnn, &pinn).unwrap();
        assert_eq!(test.degrees, 12.0);
        assert!((test.t - 0.342).abs() < 5e-4, "{test:?}");
        assert!((test.p - 0.74).abs() < 5e-3, "{test:?}");
        assert!((paired(&ddnn, &pinn).unwrap().t - 0.285).abs() < 5e-4);
    }

    /// The t that it prints for the scarce set, 7.42, follows from no test on Table 14.
    #[test]
    fn the_published_scarce_statistic_does_not_follow_from_table_14() {
        let (ddnn, pinn) = columns("scarce");
        let ln = |x: &[f64]| x.iter().map(|v| v.ln()).collect::<Vec<_>>();
        let all = [
            (student(&ddnn, &pinn).unwrap().t, 6.328),
            (paired(&ddnn, &pinn).unwrap().t, 6.326),
            (student(&ln(&ddnn), &ln(&pinn)).unwrap().t, 17.403),
            (paired(&ln(&ddnn), &ln(&pinn)).unwrap().t, 18.336),
        ];
        for (t, expected) in all {
            assert!((t - expected).abs() < 2e-3, "{t} against {expected}");
            assert!((t - 7.42).abs() > 1.0);
        }
    }

    #[test]
    fn all_three_tests_agree_with_scipy() {
        let all: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/statistics.json")).unwrap();
        let all = &all["t_tests"];
        let sample = |name: &str| -> Vec<f64> { serde_json::from_value(all[name].clone()).unwrap() };
        let (x, z, pair) = (sample("x"), sample("z"), sample("pair"));
        for (name, ours) in
            [("student", student(&x, &z)), ("welch", welch(&x, &z)), ("paired", paired(&x, &pair))]
        {
            let ours = ours.unwrap();
            for (field, value) in [("t", ours.t), ("df", ours.degrees), ("p", ours.p)] {
                let theirs = all[name][field].as_f64().unwrap();
                assert!((value - theirs).abs() < 1e-9 * theirs.abs(), "{name} {field}: {value} {theirs}");
            }
        }
    }

    #[test]
    fn points_of_the_distribution() {
        // Two-sided 5 % points of Student's t: 12.706 at 1 degree of freedom, 2.179 at 12.
        let p = |t: f64, degrees| finish(t, 1.0, degrees).unwrap().p;
        assert!((p(12.7062, 1.0) - 0.05).abs() < 1e-5);
        assert!((p(-2.1788, 12.0) - 0.05).abs() < 1e-5);
    }

    #[test]
    fn samples_that_allow_no_test() {
        assert_eq!(student(&[1.0], &[2.0, 3.0]), None);
        assert_eq!(welch(&[1.0], &[2.0, 3.0]), None);
        assert_eq!(welch(&[1.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(student(&[1.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(student(&[1.0, f64::NAN], &[1.0, 2.0]), None);
        assert_eq!(paired(&[1.0, 2.0], &[1.0]), None);
    }
}
