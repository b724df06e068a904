//! From trained networks to verdicts on claims.

use serde::{Deserialize, Serialize};

use super::arm::{Arm, Group, METHOD, PINN};
use super::evaluate::Horizon;
use super::train::Trained;
use crate::Tier;
use crate::claims::{Claim, Publication};
use crate::results::{ClaimResult, Finding};
use crate::stats::{median, range};

/// All of a run, or all that is kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// The networks.
    pub networks: Vec<Trained>,
    /// The command that trained them.
    pub command: String,
    /// The seed of the run.
    pub seed: u64,
}

impl Findings {
    /// The networks of an arm.
    pub fn of<'a>(&'a self, arm: &'a str) -> impl Iterator<Item = &'a Trained> + 'a {
        self.networks.iter().filter(move |n| n.trial.arm.id == arm)
    }

    /// The arms of a group, in the order of training, the method itself first.
    pub fn arms(&self, group: Group) -> Vec<&Arm> {
        let mut arms: Vec<&Arm> = Vec::new();
        for arm in self.networks.iter().map(|n| &n.trial.arm) {
            let own = arm.group == group || (group != Group::Subject && arm.id == METHOD);
            if own && !arms.iter().any(|a| a.id == arm.id) {
                arms.push(arm);
            }
        }
        arms
    }

    /// One number of every network of an arm at a horizon; infinite where it has none.
    pub(crate) fn numbers(&self, arm: &str, far: bool, number: fn(&Horizon) -> Option<f64>) -> Vec<f64> {
        let horizon = |n: &Trained| {
            let all = &n.evaluation.horizons;
            let chosen = if far { all.get(1) } else { all.first() };
            chosen.map(|h| number(h).map_or(f64::INFINITY, f64::abs))
        };
        self.of(arm).filter_map(horizon).collect()
    }

    /// The median error of an arm at the first horizon, in standard deviations.
    pub(crate) fn error(&self, arm: &str) -> Option<f64> {
        median(&self.numbers(arm, false, |h| h.error))
    }

    /// Whether each network of an arm has frequency and amplitude at the first horizon.
    pub(crate) fn successes(&self, arm: &str) -> Vec<bool> {
        let good = |h: &Horizon| {
            h.frequency_error.is_some_and(|f| f.abs() < 2.0) && h.amplitude_error.is_some_and(|a| a < 10.0)
        };
        self.of(arm).filter_map(|n| n.evaluation.horizons.first().map(good)).collect()
    }

    /// The largest median error of a group's arms over the smallest; none with fewer than two arms.
    fn span(&self, group: Group) -> Option<f64> {
        let mut arms: Vec<&str> = self.arms(group).into_iter().map(|a| a.id.as_str()).collect();
        if group == Group::Scaling && self.of(super::arm::UNSCALED).next().is_some() {
            arms.push(super::arm::UNSCALED);
        }
        let errors: Vec<f64> = arms.into_iter().filter_map(|a| self.error(a)).collect();
        let (low, high) = range(errors.iter().copied());
        (errors.len() > 1).then_some(high / low)
    }

    /// The gate whose median is worst by `badness`.
    fn gate(
        &self,
        pick: fn(&super::evaluate::Morphology) -> &[f64],
        badness: fn(f64) -> f64,
    ) -> Option<(Vec<f64>, f64)> {
        let networks: Vec<&Trained> = self.of(METHOD).collect();
        let gates = networks.iter().find_map(|n| n.evaluation.morphology.as_ref()).map(|m| pick(m).len())?;
        let of = |gate: usize| -> Vec<f64> {
            let value =
                |n: &&Trained| n.evaluation.morphology.as_ref().map_or(f64::INFINITY, |m| pick(m)[gate]);
            networks.iter().map(value).collect()
        };
        (0..gates)
            .map(of)
            .filter_map(|all| median(&all).map(|m| (all, m)))
            .max_by(|a, b| badness(a.1).total_cmp(&badness(b.1)))
    }
}

/// One result for each claim. `doubt` says why the numbers get no verdict; none if they may.
pub(crate) fn judge(
    publication: &Publication,
    findings: &Findings,
    tier: Tier,
    doubt: Option<&str>,
) -> Vec<ClaimResult> {
    publication.claims.iter().map(|claim| one(findings, tier, doubt, claim)).collect()
}

fn one(f: &Findings, tier: Tier, doubt: Option<&str>, claim: &Claim) -> ClaimResult {
    let (values, value) = measured(f, &claim.id);
    let finding = Finding::of(value, doubt, || "not part of this run".into());
    let mut seeds: Vec<u64> = f.of(METHOD).map(|n| n.seed).collect();
    seeds.insert(0, f.seed);
    ClaimResult::judge(claim, finding, &f.command, tier, &seeds).over(&values)
}

/// The values over seeds, if there are several, and the one that the claim is about.
fn measured(f: &Findings, id: &str) -> (Vec<f64>, Option<f64>) {
    let single = |value: Option<f64>| (Vec::new(), value);
    let middle = |values: Vec<f64>| {
        let value = median(&values);
        (values, value)
    };
    let frequency = |arm: &str, far| middle(f.numbers(arm, far, |h| h.frequency_error));
    let ratio = |arm: &str| {
        let own = f.error(METHOD);
        single(f.error(arm).zip(own).map(|(other, own)| other / own))
    };
    let parts: Vec<&str> = id.split('/').collect();
    match parts.as_slice() {
        ["P-EXT", "frequency_error"] => frequency(METHOD, false),
        ["P-EXT", "far", "frequency_error"] => frequency(METHOD, true),
        ["P-EXT", "amplitude_error"] => middle(f.numbers(METHOD, false, |h| h.amplitude_error)),
        ["P-EXT", "success"] => single(share(&f.successes(METHOD))),
        ["P-BASE", "pinn", "silent"] => {
            let silent = |n: &Trained| n.evaluation.horizons.first().is_some_and(|h| h.spikes.1 <= 1);
            single(share(&f.of(PINN).map(silent).collect::<Vec<_>>()))
        }
        ["P-BASE", arm] => ratio(arm),
        ["P-MORPH", "curvature"] => match f.gate(|m| &m.curvature, |c| c.ln().abs()) {
            Some((values, value)) => (values, Some(value)),
            None => single(None),
        },
        ["P-MORPH", "shape"] => match f.gate(|m| &m.shape, |s| s) {
            Some((values, value)) => (values, Some(value)),
            None => single(None),
        },
        ["P-ABL", "scaling"] => single(f.span(Group::Scaling)),
        ["P-ABL", "adjoint"] => single(f.span(Group::Adjoint)),
        ["P-ABL", "weight"] => single(f.span(Group::Weight)),
        ["P-ABL", "solver"] => single(f.span(Group::Solver)),
        ["P-NOISE", level] => frequency(&format!("noise-{level}"), false),
        ["P-SEED", "spread"] => {
            let errors = f.numbers(METHOD, false, |h| h.error);
            let (low, high) = range(errors.iter().copied());
            let value = (errors.len() > 1).then_some(high / low);
            (errors, value)
        }
        _ => single(None),
    }
}

/// The share of what is true.
fn share(all: &[bool]) -> Option<f64> {
    (!all.is_empty()).then(|| all.iter().filter(|x| **x).count() as f64 / all.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::super::arm::{PLAIN, UNSCALED};
    use super::super::config::Trial;
    use super::super::evaluate::{Evaluation, Morphology};
    use super::*;
    use crate::results::Verdict;

    /// A network whose frequency is off by so many percent; none for one that is silent.
    fn network(arm: &Arm, repeat: u64, off: Option<f64>) -> Trained {
        let horizon = |end: f64| Horizon {
            end,
            spikes: (7, if off.is_some() { 7 } else { 0 }),
            frequency_error: off,
            amplitude_error: off.map(|_| 3.0),
            drift: off,
            rmse: vec![off; 4],
            error: off.map(|off| off.abs() / 10.0),
        };
        let morphology = Morphology { shape: vec![1.0, 2.0, 0.5], curvature: vec![1.1, 0.9, 1.0] };
        Trained {
            trial: Trial { arm: arm.clone(), repeat },
            seed: repeat,
            parameters: 1,
            iterations: 1,
            microseconds_per_iteration: 1.0,
            onnx_sha256: String::new(),
            failure: None,
            diverged: 0,
            course: Vec::new(),
            evaluation: Evaluation {
                horizons: vec![horizon(100.0), horizon(1000.0)],
                morphology: off.map(|_| morphology),
                broke_off: None,
                states: Vec::new(),
            },
        }
    }

    fn findings() -> Findings {
        let mut networks = Vec::new();
        for (k, arm) in Arm::main().into_iter().chain(Arm::ablations()).enumerate() {
            let off = if k == 0 { 1.0 } else { 3.0 };
            for repeat in 1..=3 {
                let off =
                    (arm.id != PINN).then_some(off * repeat as f64 * if repeat == 2 { -0.75 } else { 0.5 });
                networks.push(network(&arm, repeat, off));
            }
        }
        Findings { networks, command: "c".into(), seed: 1 }
    }

    #[test]
    fn every_claim_is_measured_and_silent_networks_count_as_far_off() {
        let publication = Publication::kainth2025().unwrap();
        let f = findings();
        let results = judge(&publication, &f, Tier::Paper, None);
        assert_eq!(results.len(), publication.claims.len());
        let verdict = |id: &str| results.iter().find(|r| r.id == id).unwrap();
        assert!(results.iter().all(|r| r.verdict != Verdict::NotRun), "a claim that nothing measures");
        // 0.5, −1.5 and 1.5 percent.
        for (id, expected) in [
            ("P-EXT/frequency_error", 1.5),
            ("P-EXT/success", 1.0),
            ("P-BASE/node", 3.0),
            ("P-MORPH/curvature", 0.9),
            ("P-MORPH/shape", 2.0),
            ("P-BASE/pinn/silent", 1.0),
            ("P-SEED/spread", 3.0),
        ] {
            let found = verdict(id).measured.unwrap();
            assert!((found - expected).abs() < 1e-12, "{id}: {found}");
        }
        assert_eq!(verdict("P-BASE/pinn").verdict, Verdict::Pass, "an infinite error is worse");
        assert!(f.error(PINN).is_some_and(f64::is_infinite));
        assert_eq!(f.successes(PLAIN), [true, false, false]);
        assert_eq!(f.arms(Group::Scaling).len(), 4);
        assert!(f.of(UNSCALED).count() == 3);
    }

    #[test]
    fn arms_have_names_of_their_own_and_change_one_thing() {
        let arms: Vec<Arm> = Arm::main().into_iter().chain(Arm::ablations()).collect();
        let mut names: Vec<&str> = arms.iter().map(|a| a.id.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), arms.len());
        for arm in &arms[1..] {
            let same = Arm { id: arm.id.clone(), group: arm.group, ..Arm::method() };
            assert_ne!(*arm, same, "{} changes nothing", arm.id);
        }
    }
}
