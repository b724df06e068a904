//! From trained operators to verdicts on claims.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use surrogates::EpochRecord;
use surrogates::fno::{FnoConfig, FnoSpec, Variant};

use super::cell::CellId;
use super::config::{NetId, PAPER_EPOCHS, Size};
use super::train::Trained;
use super::tune::Candidate;
use crate::Tier;
use crate::claims::{Claim, Publication};
use crate::results::{ClaimResult, Finding, Verdict};

/// All of a run, or all that is kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// The operators.
    pub nets: Vec<Trained>,
    /// The candidates of the search, the best first.
    pub candidates: Vec<Candidate>,
    /// The command that found them.
    pub command: String,
    /// By a network's id the command and the seed of its own run, where networks of several runs are kept.
    #[serde(skip)]
    pub(crate) origins: BTreeMap<String, (String, u64)>,
    /// The seed of the run.
    pub seed: u64,
}

impl Findings {
    /// The operator with that id.
    pub fn net(&self, cell: CellId, size: Size) -> Option<&Trained> {
        self.nets.iter().find(|t| t.net == NetId { cell, size })
    }

    /// Epochs of the unconstrained network as a share of those of the constrained one, each until its error over
    /// validation trajectories is within 5 % of its last for the first time (F-EPOCHS). The schedule of the learning
    /// rate decides when that is, and so do the optimiser and the points: none unless both had the same.
    pub fn epochs_ratio(&self, cell: CellId) -> Option<f64> {
        let [free, fixed] = [Size::Unconstrained, Size::Constrained].map(|size| self.net(cell, size));
        let (free, fixed) = (free?, fixed?);
        let course = |t: &Trained| {
            let FnoConfig { schedule, muon, coarse, .. } = t.config;
            (t.epochs, schedule, muon, coarse)
        };
        (course(free) == course(fixed)).then_some(settled(free)? / settled(fixed)?)
    }
}

/// The first epoch whose error over validation trajectories is within 5 % of the last.
pub(crate) fn settled(trained: &Trained) -> Option<f64> {
    let last = trained.history.last()?;
    let first = first_within(&trained.history, 0.05)?;
    Some(trained.epochs as f64 * first.iteration as f64 / last.iteration as f64)
}

/// The first record whose validation error exceeds the last one's by no more than this part.
fn first_within(history: &[EpochRecord], part: f64) -> Option<&EpochRecord> {
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
    let about = network(&claim.id);
    let trained = about.as_ref().and_then(|(net, _)| f.net(net.cell, net.size));
    // Counted where nothing was trained, or, at the smallest scale, smaller networks.
    let counted = match (parameters(&claim.id), trained) {
        (Some(_), Some(trained)) if tier != Tier::Smoke => Some(trained.parameters as f64),
        (count, _) => count,
    };
    let value = counted.or_else(|| measured(f, &claim.id));
    let finding = Finding::of(value, doubt.filter(|_| counted.is_none()), || match trained {
        Some(_) => "the network that is kept is older than this measure; train it again".into(),
        None => cost(&claim.id),
    });
    let own = about.and_then(|(net, _)| f.origins.get(&net.id()));
    let (command, seed) = own.map_or((&f.command, f.seed), |(command, seed)| (command, *seed));
    let mut result = ClaimResult::judge(claim, finding, command, tier, &[seed]);
    // Fewer epochs count if the error is met. If it is not, they say nothing of the publication's.
    let epochs =
        trained.map(|t| t.epochs).or_else(|| f.net(ratio(&claim.id)?, Size::Constrained).map(|t| t.epochs));
    if let Some(epochs) = epochs.filter(|e| *e < PAPER_EPOCHS && counted.is_none())
        && result.verdict == Verdict::Differs
    {
        result.verdict = Verdict::NotRun;
        result.reason =
            Some(format!("after {epochs} of {PAPER_EPOCHS} epochs the published number is not met"));
    }
    result
}

/// What it would take: arithmetic of the published protocol, at the rate of one core of a usual machine.
fn cost(id: &str) -> String {
    let sizes = [Size::Constrained, Size::Unconstrained];
    let nets = match (ratio(id), network(id)) {
        (Some(cell), _) => sizes.map(|size| NetId { cell, size }).to_vec(),
        (_, Some((net, _))) => vec![net],
        _ => return "not part of this run".into(),
    };
    let hours: f64 = nets.iter().map(estimated_hours).sum();
    format!("not part of this run; the published protocol takes about {hours:.0} hours of one core")
}

/// Floating-point operations in a second of one core: a training iteration of the constrained networks at 1260 points
/// took .42 to .55 s (FitzHugh–Nagumo) and .94 to 1.1 s (Hodgkin–Huxley) on a core of 3 GHz without AVX-512, which are
/// 37 to 49 and 37 to 43 Gflop/s by the operations counted here, of a peak of 95.
pub(crate) const RATE: f64 = 45e9;

/// Hours of one core at [`RATE`] for the published epochs of a network.
pub(crate) fn estimated_hours(net: &NetId) -> f64 {
    hours(&net.published().0, net.cell)
}

/// Hours of one core at [`RATE`] for the published epochs of any network on a cell's trajectories.
pub(crate) fn hours(spec: &FnoSpec, cell: CellId) -> f64 {
    let points = (1260 * cell.longer() + spec.padding) as f64;
    let [w, h, m] = [spec.width, spec.hidden, spec.modes].map(|x| x as f64);
    let maps = if spec.variant == Variant::Mlp { 3.0 } else { 1.0 };
    // Forward, and twice as much in reverse; transforms have no gradient of their own.
    let pointwise =
        6.0 * points * (w * w * maps * spec.layers as f64 + 2.0 * w * h + h * spec.outputs as f64);
    let transforms = spec.layers as f64 * (8.0 * points * m * w + 24.0 * m * w * w);
    3000.0 * PAPER_EPOCHS as f64 * (pointwise + transforms) / RATE / 3600.0
}

fn cell(name: &str) -> Option<CellId> {
    CellId::ALL.into_iter().find(|cell| cell.to_string() == name)
}

/// The cell of a claim about epochs.
fn ratio(id: &str) -> Option<CellId> {
    cell(id.strip_prefix("F-EPOCHS/")?.strip_suffix("/ratio")?)
}

/// The network that a claim is about, and what about it.
fn network(id: &str) -> Option<(NetId, Vec<&str>)> {
    let mut parts = id.strip_prefix("F-")?.split('/');
    let (cell, size) = (cell(parts.next()?)?, parts.next()?);
    let size = [Size::Constrained, Size::Unconstrained].into_iter().find(|s| s.to_string() == size)?;
    Some((NetId { cell, size }, parts.collect()))
}

/// The parameters of the published network, if the claim is about their number.
fn parameters(id: &str) -> Option<f64> {
    let (net, quantity) = network(id)?;
    (quantity == ["parameters"]).then(|| net.published().0.parameters() as f64)
}

/// The value that a claim is about.
fn measured(f: &Findings, id: &str) -> Option<f64> {
    if let Some(cell) = ratio(id) {
        return f.epochs_ratio(cell);
    }
    let (net, quantity) = network(id)?;
    let errors = &f.net(net.cell, net.size)?.errors;
    match quantity[..] {
        ["L1"] => Some(errors.mean_l1()),
        ["L2"] => Some(errors.mean_l2()),
        ["H1"] => Some(errors.h1),
        [norm, variable] => {
            let at = errors.variables.iter().position(|v| v == variable)?;
            let list = match norm {
                "L1" => &errors.l1,
                "L2" => &errors.l2,
                "H1" => &errors.h1_each,
                _ => return None,
            };
            list.get(at).copied()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use surrogates::MuonConfig;
    use surrogates::fno::{Coarse, Schedule};

    use super::*;

    #[test]
    fn the_cost_of_what_was_not_run_is_named() {
        // 3000 trajectories and 1000 epochs of 0.6 GFLOP each.
        let hours = estimated_hours(&NetId { cell: CellId::Fhn, size: Size::Constrained });
        assert!((5.0..20.0).contains(&hours), "{hours}");
        assert!(cost("F-HH/unconstrained/L2").contains("hours"));
        assert!(cost("F-EPOCHS/FHN/ratio").contains("hours"));
    }

    /// No run is needed to count parameters; the published numbers are in the claims.
    #[test]
    fn parameters_are_counted_without_a_run() {
        let publication = Publication::pellegrini2025().unwrap();
        let results = judge(&publication, &Findings::default(), Tier::Smoke, Some("small"));
        let counted: Vec<_> = results.iter().filter(|r| r.id.ends_with("/parameters")).collect();
        assert_eq!(counted.len(), 6);
        for r in counted {
            assert_eq!(
                (r.measured, r.verdict),
                (Some(r.published), crate::results::Verdict::Pass),
                "{}",
                r.id
            );
        }
    }

    /// What is kept of the constrained operator of FitzHugh and Nagumo's model, as if it had been trained otherwise: so
    /// many epochs, with these errors at equal distances.
    fn trained(size: Size, epochs: u64, validation: &[f64]) -> Trained {
        let folder = crate::kept::folder(&Publication::pellegrini2025().unwrap());
        let kept = super::super::kept::load(&folder).unwrap();
        let net = kept.nets.into_iter().find(|t| t.net.cell == CellId::Fhn).unwrap();
        let record = |(k, validation): (usize, &f64)| EpochRecord {
            iteration: 10 * (k as u64 + 1),
            train: f64::NAN,
            validation: *validation,
            learning_rate: 1e-3,
        };
        let history = validation.iter().enumerate().map(record).collect();
        Trained { net: NetId { size, ..net.net }, epochs, history, ..net }
    }

    /// The one is settled at its second record of four, the other at its fourth.
    #[test]
    fn epochs_are_compared_of_trainings_of_one_course_alone() {
        let ratio = |epochs, change: fn(&mut FnoConfig)| {
            let free = trained(Size::Unconstrained, 1000, &[1.0, 0.1, 0.1, 0.1]);
            let mut fixed = trained(Size::Constrained, epochs, &[1.0, 0.5, 0.2, 0.1]);
            change(&mut fixed.config);
            Findings { nets: vec![free, fixed], ..Findings::default() }.epochs_ratio(CellId::Fhn)
        };
        assert_eq!((ratio(1000, |_| ()), ratio(100, |_| ())), (Some(0.5), None));
        let others: [fn(&mut FnoConfig); 3] = [
            |config| config.schedule = Schedule::Steps { every: 7, factor: 0.5 },
            |config| config.muon = Some(MuonConfig { momentum: 0.5, ..MuonConfig::default() }),
            |config| config.coarse = Some(Coarse { every: 7, epochs: 1 }),
        ];
        assert_eq!(others.map(|change| ratio(1000, change)), [None; 3]);
        // Each network has the rate that was published for it.
        assert_eq!(ratio(1000, |config| config.adam.learning_rate = 0.5), Some(0.5));
    }

    /// An error that is not met after fewer epochs is no verdict; one that is met is; and each claim names the run of
    /// its own network.
    #[test]
    fn a_shorter_training_passes_or_says_nothing() {
        let publication = Publication::pellegrini2025().unwrap();
        let of = |epochs, error: f64| {
            let mut net = trained(Size::Constrained, epochs, &[1.0]);
            net.errors.l2.fill(error);
            let origins = [(net.net.id(), ("its own".to_owned(), 7))].into();
            let f = Findings { nets: vec![net], command: "another".into(), origins, ..Findings::default() };
            let all = judge(&publication, &f, Tier::Paper, None);
            let of = |id: &str| all.iter().find(|r| r.id == id).unwrap().clone();
            (of("F-FHN/constrained/L2"), of("F-HH/constrained/L2"))
        };
        let (own, other) = of(1000, 0.5);
        assert_eq!((own.verdict, &*own.command, &own.seeds[..]), (Verdict::Differs, "its own", &[7][..]));
        assert_eq!((other.verdict, &*other.command), (Verdict::NotRun, "another"));
        assert_eq!(of(100, 1e-3).0.verdict, Verdict::Pass);
        let short = of(100, 0.5).0;
        assert_eq!((short.verdict, short.measured), (Verdict::NotRun, Some(0.5)));
        assert!(short.reason.unwrap().contains("100 of 1000 epochs"));
    }

    /// Means over variables, but for the H¹ error, which is of all together; and of each variable its own.
    #[test]
    fn every_claim_is_about_its_own_error() {
        let mut net = trained(Size::Constrained, 1000, &[1.0]);
        let e = &mut net.errors;
        e.variables = vec!["V".into(), "w".into()];
        (e.l1, e.l2, e.h1, e.h1_each) = (vec![1.0, 3.0], vec![10.0, 30.0], 7.0, vec![100.0, 300.0]);
        let mut f = Findings { nets: vec![net], ..Findings::default() };
        for (quantity, expected) in [
            ("L1", Some(2.0)),
            ("L2", Some(20.0)),
            ("H1", Some(7.0)),
            ("L1/V", Some(1.0)),
            ("L2/w", Some(30.0)),
            ("H1/w", Some(300.0)),
            ("L2/Ca_i", None),
            ("L3", None),
            ("L3/V", None),
        ] {
            assert_eq!(measured(&f, &format!("F-FHN/constrained/{quantity}")), expected, "{quantity}");
        }
        assert_eq!(measured(&f, "F-FHN/unconstrained/L2"), None, "another network");
        // As in a file of an earlier state.
        f.nets[0].errors.h1_each.clear();
        assert_eq!(measured(&f, "F-FHN/constrained/H1/w"), None);
        assert_eq!(measured(&f, "F-FHN/constrained/H1"), Some(7.0));
    }

    /// The error dips below the bound, rises again and ends there: it counts when it was there first.
    #[test]
    fn an_error_is_settled_when_it_is_near_its_last_for_the_first_time() {
        let record = |(k, validation): (usize, f64)| EpochRecord {
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
