//! Variance within and between groups.

use super::mean;
use crate::Error;
use crate::stats::anova::upper_tail;

/// The dissertation's variances of section 4.2.1: networks of one architecture class differ by their
/// activation functions, classes differ by their shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variances {
    /// Within groups: the squares of distances from the group's mean, summed and divided by the
    /// number of values less that of groups.
    pub intra: f64,
    /// Between groups: the squares of the distances of the group's mean from the mean of all, times
    /// the size of the group, summed and divided by the number of groups less one.
    pub extra: f64,
    /// The number of groups.
    pub groups: usize,
    /// The number of values.
    pub values: usize,
    /// The probability of such a ratio of the two, or a greater one, by chance.
    pub p: f64,
}

/// The variances within and between groups: the mean squares of a one-way analysis. That this is what
/// the dissertation means follows from its numbers: its extra-group variances, 1.46e-5 and 3.17e-7,
/// are the mean squares of the class in its Tables 5 and 6, 1.47e-5 and 3.18e-7.
///
/// # Errors
/// [`Error::Statistics`] for fewer than two groups with values, no group with two, or values that are
/// not finite.
pub fn variances<'a>(groups: impl IntoIterator<Item = &'a [f64]>) -> Result<Variances, Error> {
    let groups: Vec<&[f64]> = groups.into_iter().filter(|g| !g.is_empty()).collect();
    let values: usize = groups.iter().map(|g| g.len()).sum();
    let bad = |why: &str| Err(Error::Statistics(why.into()));
    if groups.len() < 2 {
        return bad("variances between groups need two groups with values");
    }
    if values <= groups.len() {
        return bad("variances within groups need a group of two values");
    }
    if groups.iter().any(|g| g.iter().any(|v| !v.is_finite())) {
        return bad("the groups have values that are not finite; leave them out");
    }
    let grand = groups.iter().map(|g| g.iter().sum::<f64>()).sum::<f64>() / values as f64;
    let between: f64 = groups.iter().map(|g| g.len() as f64 * (mean(g) - grand).powi(2)).sum();
    let within: f64 = groups.iter().map(|g| super::sum_of_squares(g)).sum();
    let degrees = (groups.len() as f64 - 1.0, (values - groups.len()) as f64);
    let (extra, intra) = (between / degrees.0, within / degrees.1);
    let p = upper_tail(extra / intra, degrees.0, degrees.1)?;
    Ok(Variances { intra, extra, groups: groups.len(), values, p })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_mean_squares_of_a_one_way_analysis() {
        let all: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/statistics.json")).unwrap();
        let data = &all["shapes"]["data"];
        let mut groups: std::collections::BTreeMap<&str, Vec<f64>> = Default::default();
        for (shape, y) in data["shape"].as_array().unwrap().iter().zip(data["y"].as_array().unwrap()) {
            groups.entry(shape.as_str().unwrap()).or_default().push(y.as_f64().unwrap());
        }
        let found = variances(groups.values().map(Vec::as_slice)).unwrap();
        let theirs = |name: &str| all["one_way"][name].as_f64().unwrap();
        assert!((found.extra / found.intra / theirs("f") - 1.0).abs() < 1e-10);
        assert!((found.p / theirs("p") - 1.0).abs() < 1e-8);
        assert_eq!((found.groups, found.values), (5, 77));
    }

    #[test]
    fn the_published_variances_are_the_mean_squares_of_the_published_tables() {
        // Small networks: what class does not explain is neurons, interaction and residual.
        let (neurons, interaction, residual) = (3.20e-5_f64, 2.73e-5, 1.47e-5 / 19.6);
        let intra = (neurons + interaction + 170.0 * residual) / 175.0;
        assert!((intra / 1.06e-6 - 1.0).abs() < 0.02, "{intra}");
        let (neurons, interaction, residual) = (2.74e-6_f64, 6.76e-6, 3.18e-7 / 4.00);
        let intra = (neurons + interaction + 67.0 * residual) / 72.0;
        assert!((intra / 2.08e-7 - 1.0).abs() < 0.02, "{intra}");
    }

    #[test]
    fn too_little_is_an_error() {
        for groups in
            [vec![], vec![&[1.0, 2.0][..]], vec![&[1.0][..], &[2.0]], vec![&[1.0, f64::NAN][..], &[2.0]]]
        {
            assert!(matches!(variances(groups), Err(Error::Statistics(_))));
        }
    }
}
