//! What the rest of an experiment costs, from what the networks that are there have cost.

use super::{Protocol, TrialResult};
use crate::stats;

/// How many networks of a protocol the plan of an experiment has.
pub(crate) fn planned(experiment: &str, protocol: Protocol) -> usize {
    match (experiment, protocol) {
        ("W-BS1", Protocol::Text) => 720,
        ("W-BS1", Protocol::Program) => 68,
        ("W-BS2", _) => 262,
        ("W-BC1", Protocol::Text) => 3096,
        ("W-BC1", Protocol::Program) => 72,
        ("W-BC2", _) => 160,
        ("W-IT", Protocol::Text) => 52,
        ("W-IT", Protocol::Program) => 74,
        ("W-C", Protocol::Text) => 646,
        ("W-C", Protocol::Program) => 56,
        _ => 9,
    }
}

/// How many networks are trained, and what all of them cost at the pace of those of the experiment, or failing
/// them of `all` trials.
pub(super) fn words(
    own: &[&TrialResult],
    experiment: &str,
    protocol: Protocol,
    all: &[&TrialResult],
) -> String {
    let (n, of) = (own.len(), planned(experiment, protocol));
    let pace = |trials: &[&TrialResult]| {
        let seconds: Vec<f64> = trials.iter().filter_map(|t| t.seconds()).collect();
        (!seconds.is_empty()).then(|| stats::mean(&seconds))
    };
    match pace(own).or_else(|| pace(all)) {
        Some(each) => format!(
            "{n} of {of} networks are trained; at the pace of those that are kept all cost {} of one core",
            about(each * of as f64)
        ),
        None => format!("{n} of {of} networks are trained"),
    }
}

/// A time in words, to two digits.
fn about(seconds: f64) -> String {
    let hours = seconds / 3600.0;
    match hours {
        ..0.95 => format!("about {:.0} minutes", (seconds / 60.0).max(1.0)),
        ..9.95 => format!("about {hours:.1} hours"),
        _ => format!("about {hours:.0} hours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::select::tests::made;
    use crate::trial::Class;

    #[test]
    fn the_pace_is_that_of_the_experiment_or_of_what_there_is() {
        let mut trials = [
            made("W-BC1", Class::Ddnn, "SiLU8,SiLU8", 128, 1e-3),
            made("W-C", Class::Ddnn, "Tanh8", 128, 1e-3),
        ];
        // A million iterations of 36 µs, and of 360 µs.
        (trials[0].iteration_us, trials[1].iteration_us) = (36.0, 360.0);
        let all: Vec<&TrialResult> = trials.iter().collect();
        let of = |own: &[&TrialResult], experiment| words(own, experiment, Protocol::Program, &all);
        let own = of(&all[..1], "W-BC1");
        assert!(own.starts_with("1 of 72 networks") && own.contains("about 43 minutes of one core"), "{own}");
        // 74 at the mean of both.
        let other = of(&[], "W-IT");
        assert!(other.starts_with("0 of 74 networks") && other.contains("about 4.1 hours"), "{other}");
        assert_eq!(words(&[], "W-IT", Protocol::Text, &[]), "0 of 52 networks are trained");
        // A damaged file has no pace.
        let mut damaged = trials[0].clone();
        damaged.iteration_us = f64::NAN;
        assert_eq!(words(&[&damaged], "W-IT", Protocol::Text, &[]), "1 of 52 networks are trained");
    }

    #[test]
    fn times_in_words() {
        for (seconds, words) in
            [(2400.0, "about 40 minutes"), (9000.0, "about 2.5 hours"), (144e3, "about 40 hours")]
        {
            assert_eq!(about(seconds), words);
        }
    }
}
