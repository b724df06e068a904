//! From trained networks to verdicts on claims.

use super::network::{Class, Set, architectures};
use super::train::Trained;
use crate::Tier;
use crate::claims::{Claim, Publication};
use crate::results::{ClaimResult, Finding};
use crate::stats::student;
use crate::trial::IN_PROGRAMS_MEASURE;

/// A trained network and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    /// The network with its errors.
    pub(crate) trained: &'a Trained,
    /// The command that trained it.
    pub(crate) command: &'a str,
    /// The tier that it was trained at.
    pub(crate) tier: Tier,
    /// The seed of its run.
    pub(crate) seed: u64,
}

/// The networks of a run, or all that are kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples<'a> {
    pub(crate) all: Vec<Sample<'a>>,
}

impl<'a> Samples<'a> {
    pub(crate) fn find(&self, set: Set, class: Class, layers: &str) -> Option<&Sample<'a>> {
        self.all.iter().find(|s| {
            let n = &s.trained.network;
            n.set == set && n.class == class && n.layers == layers
        })
    }

    /// Mean errors of the architectures that were trained in both classes: DDNN, PINN.
    pub(crate) fn columns(&self, publication: &Publication, set: Set) -> (Vec<f64>, Vec<f64>) {
        let error = |class, layers: &str| {
            Some(self.find(set, class, layers)?.trained.evaluation.euler.mean_as_printed())
        };
        architectures(publication, set)
            .iter()
            .filter_map(|layers| Some((error(Class::Ddnn, layers)?, error(Class::Pinn, layers)?)))
            .unzip()
    }

    fn command(&self) -> String {
        let mut commands: Vec<&str> = Vec::new();
        for sample in &self.all {
            if !commands.contains(&sample.command) {
                commands.push(sample.command);
            }
        }
        commands.join(" ; ")
    }

    fn seeds(&self) -> Vec<u64> {
        let mut seeds: Vec<u64> = self.all.iter().map(|s| s.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        seeds
    }
}

/// The mean errors of DDNN and of PINN in the printed tables, one for each architecture.
pub(crate) fn published_columns(publication: &Publication, set: Set) -> (Vec<f64>, Vec<f64>) {
    let column = |class: Class| -> Vec<f64> {
        architectures(publication, set)
            .iter()
            .filter_map(|layers| publication.claim(&format!("W-A/{set}/{class}/{layers}/mean_error")))
            .map(|claim| claim.value)
            .collect()
    };
    (column(Class::Ddnn), column(Class::Pinn))
}

/// One result for each claim of problem A. `doubt` says why the numbers may not be held against the
/// paper's; none if they may.
pub(crate) fn judge(
    publication: &Publication,
    samples: &Samples<'_>,
    tier: Tier,
    doubt: Option<&str>,
) -> Vec<ClaimResult> {
    publication
        .claims
        .iter()
        .filter(|claim| claim.id.starts_with("W-A/"))
        .map(|claim| one(publication, samples, tier, doubt, claim))
        .collect()
}

fn one(
    publication: &Publication,
    samples: &Samples<'_>,
    tier: Tier,
    doubt: Option<&str>,
    claim: &Claim,
) -> ClaimResult {
    let whole = |finding| ClaimResult::judge(claim, finding, &samples.command(), tier, &samples.seeds());
    let parts: Vec<&str> = claim.id.split('/').collect();
    let set = if parts[1] == "scarce" { Set::Scarce } else { Set::Complete };
    match parts.as_slice() {
        [_, _, class, layers, quantity] => {
            let class = if *class == "PINN" { Class::Pinn } else { Class::Ddnn };
            let Some(sample) = samples.find(set, class, layers) else {
                return whole(Finding::of(None, doubt, || "this network was not trained".into()));
            };
            let errors = sample.trained.evaluation.euler;
            let mean = *quantity == "mean_error";
            let value = if mean { errors.mean_as_printed() } else { errors.max };
            let finding = Finding::of(Some(value), doubt, String::new);
            let mut result = ClaimResult::judge(claim, finding, sample.command, sample.tier, &[sample.seed]);
            if mean {
                result.tolerance += IN_PROGRAMS_MEASURE;
            }
            result
        }
        [_, _, quantity] => {
            let (ddnn, pinn) = samples.columns(publication, set);
            let measured = match *quantity {
                "t" => student(&ddnn, &pinn).map(|t| t.t),
                "p" => student(&ddnn, &pinn).map(|t| t.p),
                "share_better" => share_better(&ddnn, &pinn),
                _ => smallest_ratio(&ddnn, &pinn),
            };
            let listed = architectures(publication, set).len();
            let part = (ddnn.len() < listed)
                .then(|| format!("computed from {} of the table's {listed} architectures", ddnn.len()));
            whole(Finding::of(measured, doubt.or(part.as_deref()), || {
                format!("too few architectures were trained: {} of {listed}", ddnn.len())
            }))
        }
        _ => whole(Finding::NotRun { measured: None, reason: "no rule measures this claim".into() }),
    }
}

/// The share of pairs whose PINN has the smaller error.
fn share_better(ddnn: &[f64], pinn: &[f64]) -> Option<f64> {
    let better = ddnn.iter().zip(pinn).filter(|(d, p)| p < d).count();
    (!ddnn.is_empty()).then(|| better as f64 / ddnn.len() as f64)
}

/// The smallest ratio DDNN / PINN; NaN if a ratio is.
fn smallest_ratio(ddnn: &[f64], pinn: &[f64]) -> Option<f64> {
    ddnn.iter().zip(pinn).map(|(d, p)| d / p).reduce(|a, b| if a.is_nan() || a <= b { a } else { b })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::results::Verdict;
    use crate::werneck::evaluate::{Errors, Evaluation};
    use crate::werneck::network::Network;

    /// Networks with exactly the published errors, times a factor.
    pub(crate) fn as_published(publication: &Publication, factor: f64) -> Vec<Trained> {
        let mut all = Vec::new();
        for set in Set::ALL {
            for layers in architectures(publication, set) {
                for class in Class::ALL {
                    let network = Network { set, class, layers: layers.clone() };
                    let value = |q: &str| publication.claim(&network.claim(q)).unwrap().value * factor;
                    let errors = Errors { mean: 2.0 * value("mean_error"), max: value("max_error") };
                    all.push(Trained {
                        seed: 1,
                        parameters: 1,
                        iterations: 2_000_000,
                        microseconds_per_iteration: 1.0,
                        onnx_sha256: String::new(),
                        evaluation: Evaluation { euler: errors, accurate: errors, solution: Vec::new() },
                        network,
                    });
                }
            }
        }
        all
    }

    fn results(trained: &[Trained], doubt: Option<&str>) -> Vec<ClaimResult> {
        let publication = Publication::werneck2024().unwrap();
        let all = trained
            .iter()
            .map(|t| Sample { trained: t, command: "cmd", tier: Tier::Paper, seed: 1 })
            .collect();
        judge(&publication, &Samples { all }, Tier::Paper, doubt)
    }

    fn count(results: &[ClaimResult], verdict: Verdict) -> usize {
        results.iter().filter(|r| r.verdict == verdict).count()
    }

    #[test]
    fn the_published_numbers_pass_and_numbers_far_off_differ() {
        let publication = Publication::werneck2024().unwrap();
        let same = results(&as_published(&publication, 1.0), None);
        assert_eq!(same.len(), 88 + 5);
        assert_eq!(count(&same, Verdict::Pass), same.len());
        let far = results(&as_published(&publication, 6.0), None);
        // All errors differ; the tests and ratios do not depend on a common factor.
        assert_eq!(count(&far, Verdict::Differs), 88);
        // Means are held against the tables as these were made, and say so.
        let row = |q: &str| same.iter().find(|r| r.id.ends_with(&format!("SiLU32,SiLU32/{q}"))).unwrap();
        assert!(row("mean_error").tolerance.contains("half of eq. 3.3"));
        assert!(!row("max_error").tolerance.contains("half of eq. 3.3"));
    }

    #[test]
    fn a_doubt_keeps_the_numbers_and_takes_the_verdicts() {
        let publication = Publication::werneck2024().unwrap();
        let smoke = results(&as_published(&publication, 1.0), Some("tier smoke"));
        assert_eq!(count(&smoke, Verdict::NotRun), smoke.len());
        assert!(smoke.iter().all(|r| r.measured.is_some() && r.reason.as_deref() == Some("tier smoke")));
    }

    #[test]
    fn with_some_architectures_rows_are_judged_and_tests_are_not() {
        let publication = Publication::werneck2024().unwrap();
        let mut trained = as_published(&publication, 1.0);
        trained.retain(|t| ["SiLU32,SiLU32", "SiLU16,SiLU16"].contains(&t.network.layers.as_str()));
        let partial = results(&trained, None);
        assert_eq!(count(&partial, Verdict::Pass), 16);
        let t = partial.iter().find(|r| r.id == "W-A/scarce/t").unwrap();
        assert_eq!(t.verdict, Verdict::NotRun);
        assert!(t.measured.is_some() && t.reason.as_ref().unwrap().contains("2 of the table's 15"));
        let none = results(&[], None);
        assert_eq!(count(&none, Verdict::NotRun), 93);
    }

    #[test]
    fn a_ratio_that_is_no_number_is_not_hidden() {
        assert_eq!(smallest_ratio(&[2.0, 6.0], &[1.0, 2.0]), Some(2.0));
        assert!(smallest_ratio(&[2.0, f64::NAN], &[1.0, 2.0]).unwrap().is_nan());
        assert!(smallest_ratio(&[f64::NAN, 2.0], &[1.0, 2.0]).is_some_and(f64::is_nan));
        assert_eq!(share_better(&[2.0, 1.0], &[1.0, 2.0]), Some(0.5));
        assert_eq!(share_better(&[], &[]), None);
    }
}
