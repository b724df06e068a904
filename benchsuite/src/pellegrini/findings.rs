//! From trained operators to verdicts on claims.

use serde::{Deserialize, Serialize};
use surrogates::fno::FnoRecord;

use super::config::{Cell, NetId, PAPER_EPOCHS, Size};
use super::train::Trained;
use super::tune::Candidate;
use crate::Tier;
use crate::claims::{Claim, Publication};
use crate::results::{ClaimResult, Finding};

/// All of a run, or all that is kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// The operators.
    pub nets: Vec<Trained>,
    /// The candidates of the search, the best first.
    pub candidates: Vec<Candidate>,
    /// The command that found them.
    pub command: String,
    /// The seed of the run.
    pub seed: u64,
}

impl Findings {
    /// The operator with that id.
    pub fn net(&self, cell: Cell, size: Size) -> Option<&Trained> {
        self.nets.iter().find(|t| t.net == NetId { cell, size })
    }

    /// Epochs of the unconstrained network as a share of those of the constrained one, each until its error over
    /// validation trajectories is within 5 % of its last for the first time (F-EPOCHS).
    pub fn epochs_ratio(&self, cell: Cell) -> Option<f64> {
        let epochs = |size| self.net(cell, size).and_then(settled);
        Some(epochs(Size::Unconstrained)? / epochs(Size::Constrained)?)
    }
}

/// The first epoch whose error over validation trajectories is within 5 % of the last.
pub(crate) fn settled(trained: &Trained) -> Option<f64> {
    let last = trained.history.last()?;
    let first = first_within(&trained.history, 0.05)?;
    Some(trained.epochs as f64 * first.iteration as f64 / last.iteration as f64)
}

/// The first record whose validation error exceeds the last one's by no more than this part.
fn first_within(history: &[FnoRecord], part: f64) -> Option<&FnoRecord> {
    let last = history.last()?;
    history.iter().find(|r| r.validation <= (1.0 + part) * last.validation)
}

/// One result for each claim. `doubt` says why the numbers may not be held against the paper's; none if they
/// may.
pub(crate) fn judge(
    publication: &Publication,
    findings: &Findings,
    tier: Tier,
    doubt: Option<&str>,
) -> Vec<ClaimResult> {
    publication.claims.iter().map(|claim| one(findings, tier, doubt, claim)).collect()
}

fn one(f: &Findings, tier: Tier, doubt: Option<&str>, claim: &Claim) -> ClaimResult {
    let value = measured(f, &claim.id);
    // The architecture is the publication's at any scale but the smallest, whose networks are smaller.
    let counted = claim.id.ends_with("/parameters") && tier != Tier::Smoke;
    let finding = Finding::of(value, doubt.filter(|_| !counted), || cost(&claim.id));
    ClaimResult::judge(claim, finding, &f.command, tier, &[f.seed])
}

/// What it would take: arithmetic of the published protocol, at the rate of one core of a usual machine.
fn cost(id: &str) -> String {
    let parts: Vec<&str> = id.split('/').collect();
    let cell = Cell::ALL
        .into_iter()
        .find(|c| parts[0] == format!("F-{c}") || parts.get(1) == Some(&&*c.to_string()));
    let size = if parts.get(1) == Some(&"constrained") { Size::Constrained } else { Size::Unconstrained };
    let Some(cell) = cell else { return "not part of this run".into() };
    let both = parts[0] == "F-EPOCHS";
    let sizes = if both { vec![Size::Constrained, Size::Unconstrained] } else { vec![size] };
    let hours: f64 = sizes.into_iter().map(|size| estimated_hours(&NetId { cell, size })).sum();
    format!("not part of this run; the published protocol takes about {hours:.0} hours of one core")
}

/// Floating-point operations in a second of one core: a training iteration of the constrained networks at 1260 points
/// took .42 to .55 s (FitzHugh–Nagumo) and .94 to 1.1 s (Hodgkin–Huxley) on a core of 3 GHz without AVX-512, which are
/// 37 to 49 and 37 to 43 Gflop/s by the operations counted here, of a peak of 95.
pub(crate) const RATE: f64 = 45e9;

/// Hours of one core at [`RATE`] for the published epochs of a network.
pub(crate) fn estimated_hours(net: &NetId) -> f64 {
    let (spec, _) = net.published();
    let points = (1260 * net.cell.longer() + spec.padding) as f64;
    let [w, h, m] = [spec.width, spec.hidden, spec.modes].map(|x| x as f64);
    let maps = if spec.variant == surrogates::fno::Variant::Mlp { 3.0 } else { 1.0 };
    // Forward, and twice as much in reverse; transforms have no gradient of their own.
    let pointwise =
        6.0 * points * (w * w * maps * spec.layers as f64 + 2.0 * w * h + h * spec.outputs as f64);
    let transforms = spec.layers as f64 * (8.0 * points * m * w + 24.0 * m * w * w);
    3000.0 * PAPER_EPOCHS as f64 * (pointwise + transforms) / RATE / 3600.0
}

/// The value that a claim is about.
fn measured(f: &Findings, id: &str) -> Option<f64> {
    let parts: Vec<&str> = id.split('/').collect();
    let cell = |name: &str| Cell::ALL.into_iter().find(|c| c.to_string() == name);
    match parts.as_slice() {
        ["F-EPOCHS", name, "ratio"] => f.epochs_ratio(cell(name)?),
        [experiment, size, quantity @ ..] => {
            let size = if *size == "constrained" { Size::Constrained } else { Size::Unconstrained };
            let t = f.net(cell(experiment.strip_prefix("F-")?)?, size)?;
            match quantity {
                ["parameters"] => Some(t.parameters as f64),
                ["L1"] => Some(t.errors.mean_l1()),
                ["L2"] => Some(t.errors.mean_l2()),
                ["H1"] => Some(t.errors.h1),
                [norm, variable] => {
                    let at = t.errors.variables.iter().position(|v| v == variable)?;
                    let list = match *norm {
                        "L1" => &t.errors.l1,
                        "L2" => &t.errors.l2,
                        "H1" => &t.errors.h1_each,
                        _ => return None,
                    };
                    list.get(at).copied()
                }
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_what_was_not_run_is_named() {
        // 3000 trajectories and 1000 epochs of 0.6 GFLOP each.
        let hours = estimated_hours(&NetId { cell: Cell::Fhn, size: Size::Constrained });
        assert!((5.0..20.0).contains(&hours), "{hours}");
        assert!(cost("F-HH/unconstrained/L2").contains("hours"));
        assert!(cost("F-EPOCHS/FHN/ratio").contains("hours"));
    }

    /// The error dips below the bound, rises again and ends there: it counts when it was there first.
    #[test]
    fn an_error_is_settled_when_it_is_near_its_last_for_the_first_time() {
        let record = |(k, validation): (usize, f64)| FnoRecord {
            iteration: 10 * (k as u64 + 1),
            train: f64::NAN,
            validation,
            learning_rate: 1e-3,
        };
        let history: Vec<_> = [1.0, 0.3, 0.104, 0.2, 0.1].into_iter().enumerate().map(record).collect();
        assert_eq!(first_within(&history, 0.05).unwrap().iteration, 30);
        assert_eq!(first_within(&history, 0.01).unwrap().iteration, 50);
        assert!(first_within(&[], 0.05).is_none());
    }
}
