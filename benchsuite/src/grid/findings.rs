//! From results to verdicts: the analyses of W-BS1 and W-BS2, and what W-GRID counts. Single networks are
//! judged by [`trial::findings`](crate::trial).

use super::analyses::{self, Response, Size};
use super::select;
use crate::Tier;
use crate::claims::{Analysed, Publication};
use crate::results::{ClaimResult, Verdict};
use crate::stats::anova::Anova;
use crate::trial::{self, TrialResult};

/// Iterations of the dissertation's networks, problem A's apart (section 3.2).
pub const PAPER_ITERATIONS: u64 = 1_000_000;

/// Whether a network may be held against the published numbers.
fn is_comparable(r: &TrialResult) -> bool {
    r.iterations == PAPER_ITERATIONS && r.spec.is_paper()
}

/// Why networks that follow the text or the author's program may not be held against the published numbers all
/// the same; none if they may. Networks of other protocols do not count: no claim is about them.
pub fn doubt(results: &[TrialResult]) -> Option<String> {
    let used: Vec<&TrialResult> = results.iter().filter(|r| r.spec.protocol().is_some()).collect();
    let other = used.iter().filter(|r| !is_comparable(r)).count();
    (other > 0 || used.is_empty()).then(|| {
        format!(
            "not comparable with the paper: {other} of {} networks were not trained for {PAPER_ITERATIONS} \
             iterations with the published samples",
            used.len()
        )
    })
}

/// How many networks follow neither the text nor the author's program, in words; none if all do.
pub(super) fn others(results: &[TrialResult]) -> Option<String> {
    let n = results.iter().filter(|r| r.spec.protocol().is_none()).count();
    (n > 0).then(|| {
        format!(
            "{n} of {} networks follow neither the text nor the author's program, by a schedule that acts or another \
             choice of ours. No published number is held against them, and no table or figure shows them",
            results.len()
        )
    })
}

/// One result for each claim of the experiments that the results take part in. A claim that networks trained
/// as in the paper suffice for has a verdict; where shorter ones are needed, they give a number without one.
pub fn judge(publication: &Publication, results: &[TrialResult], command: &str) -> Vec<ClaimResult> {
    let belongs = |r: &ClaimResult| {
        let start = r.id.split('/').next().unwrap_or_default();
        // Networks for problem B_S of two or three layers are what W-GRID counts.
        let of = if start == "W-GRID" { "W-BS2" } else { start };
        results.iter().any(|t| t.spec.experiment == of)
    };
    let all: Vec<&TrialResult> = results.iter().collect();
    let comparable: Vec<&TrialResult> = results.iter().filter(|r| is_comparable(r)).collect();
    let mut judged = trial::judge_all(publication, &comparable);
    if let Some(doubt) = doubt(results) {
        let numbers = trial::judge_all(publication, &all);
        for (result, number) in judged.iter_mut().zip(numbers) {
            if result.verdict == Verdict::NotRun && number.measured.is_some() {
                *result = ClaimResult {
                    tier: Tier::Quick,
                    verdict: Verdict::NotRun,
                    reason: Some(doubt.clone()),
                    ..number
                };
            }
        }
    }
    judged.retain(belongs);
    judged.iter_mut().for_each(|result| result.command = command.to_owned());
    judged
}

/// The number that a claim about variances or the whole grid asks for, from the results of its experiment; none for
/// other claims, and unless all 252 architectures are there.
pub(crate) fn number(id: &str, own: &[&TrialResult]) -> Option<f64> {
    let all = || Some(architectures(own)).filter(|all| all.len() == ARCHITECTURES);
    match id.split('/').collect::<Vec<_>>().as_slice() {
        ["W-GRID", "models"] => all().map(|all| all.len() as f64),
        ["W-BS2", table @ ("variance_small" | "variance_large"), which] => {
            let size = if *table == "variance_small" { Size::Small } else { Size::Large };
            let found = analyses::shape_variances(&all()?, size).ok()?;
            Some(match *which {
                "extra" => found.extra,
                "intra" => found.intra,
                _ => found.extra / found.intra,
            })
        }
        _ => None,
    }
}

/// The cell of a table of variance that a claim asks for; none for other claims, and if results are missing:
/// Tables 2 and 3 need twenty networks, Tables 5 and 6 all 252.
pub(crate) fn cell(id: &str, own: &[&TrialResult]) -> Option<Analysed> {
    match id.split('/').collect::<Vec<_>>().as_slice() {
        ["W-BS1", table @ ("anova_error" | "anova_time"), term, quantity] => {
            let twenty = twenty(own);
            let response = if *table == "anova_error" { Response::Error } else { Response::IterationTime };
            (twenty.len() == 20).then(|| analyses::classes(&twenty, response).ok())??.cell(term, quantity)
        }
        ["W-BS2", table @ ("anova_small" | "anova_large"), term, quantity] => {
            let all = architectures(own);
            let size = if *table == "anova_small" { Size::Small } else { Size::Large };
            (all.len() == ARCHITECTURES).then(|| analyses::shapes(&all, size).ok())??.cell(term, quantity)
        }
        _ => None,
    }
}

/// The architectures of two and three layers from the alphabet of W-BS2.
pub(crate) const ARCHITECTURES: usize = 252;

/// The networks of Tables 2 and 3: one architecture, four classes, five batch sizes, the first seed.
pub fn twenty<'a>(of: &[&'a TrialResult]) -> Vec<&'a TrialResult> {
    select::first_seed(of).into_iter().filter(|r| r.spec.layers == "SiLU32,SiLU32").collect()
}

/// The networks of Tables 5 and 6, 16 and 17: each architecture of two or three layers once.
pub fn architectures<'a>(of: &[&'a TrialResult]) -> Vec<&'a TrialResult> {
    select::first_seed(of).into_iter().filter(|r| matches!(select::depth(r), 2 | 3)).collect()
}

impl Anova {
    /// A cell of a published table: of a term, or of the `Residual`.
    pub(crate) fn cell(&self, term: &str, quantity: &str) -> Option<Analysed> {
        let row = if term == "Residual" { Some(&self.residual) } else { self.row(term) }?;
        let value = match quantity {
            "coefficient" => {
                self.coefficient(&term.replace("iccs", "iccs[yes]").replace("pinn", "pinn[yes]"))
            }
            "sum_sq" => Some(row.sum_sq),
            "mean_sq" => Some(row.mean_sq),
            "F" => row.f,
            "p" => row.p,
            _ => None,
        }?;
        let terms = self.rows.iter().map(|r| r.sum_sq).sum();
        Some(Analysed { value, p: row.p, terms, residual: self.residual.sum_sq })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::grid::select::tests::made;
    use crate::sweep::Plan;
    use crate::trial::{Class, Protocol, TrialSpec};

    fn judged(results: &[TrialResult]) -> Vec<ClaimResult> {
        judge(&Publication::werneck2024().unwrap(), results, "cmd")
    }

    fn twenty_made() -> Vec<TrialResult> {
        let mut all = Vec::new();
        for (i, class) in [Class::Ddnn, Class::Pinn, Class::DdnnA, Class::PinnA].into_iter().enumerate() {
            for (j, batch) in [32, 64, 128, 512, 1536].into_iter().enumerate() {
                let noise = 1e-5 * ((i * 5 + j * 3) % 7) as f64;
                all.push(made("W-BS1", class, "SiLU32,SiLU32", batch, 1e-3 + 4e-4 * i as f64 + noise));
            }
        }
        all
    }

    #[test]
    fn every_cell_of_the_published_analyses_is_measured() {
        let mut all = crate::grid::select::tests::architectures();
        all.extend(twenty_made());
        let results = judged(&all);
        let measured = |start: &str, count: usize| {
            let of: Vec<&ClaimResult> = results.iter().filter(|r| r.id.starts_with(start)).collect();
            assert_eq!(of.len(), count, "{start}");
            for r in of {
                assert!(r.measured.is_some() && r.verdict != Verdict::NotRun, "{r:?}");
            }
        };
        measured("W-BS1/anova_error/", 21);
        measured("W-BS1/anova_time/", 21);
        measured("W-BS2/anova_small/", 12);
        measured("W-BS2/anova_large/", 12);
        measured("W-BS2/variance_", 6);
        measured("W-GRID/", 1);
        let grid = results.iter().find(|r| r.id == "W-GRID/models").unwrap();
        assert_eq!((grid.measured, grid.verdict), (Some(252.0), Verdict::Pass));
        // Experiments that did not take part are not judged.
        assert!(!results.iter().any(|r| r.id.starts_with("W-BC") || r.id.starts_with("W-A/")));
    }

    #[test]
    fn a_part_of_a_grid_is_neither_counted_nor_analysed() {
        let all = crate::grid::select::tests::architectures();
        let results = judged(&all[..100]);
        let of = |id: &str| results.iter().find(|r| r.id == id).unwrap();
        assert_eq!(of("W-GRID/models").verdict, Verdict::NotRun);
        assert_eq!(of("W-BS2/anova_small/class/F").measured, None);
    }

    #[test]
    fn short_trainings_keep_their_numbers_and_get_no_verdict() {
        let mut all = crate::grid::select::tests::architectures();
        all[0].iterations = 1000;
        let results = judged(&all);
        let of = |id: &str| results.iter().find(|r| r.id == id).unwrap();
        // All 252 are needed: the short one counts.
        let f = of("W-BS2/anova_small/class/F");
        assert_eq!((f.verdict, f.tier), (Verdict::NotRun, Tier::Quick));
        assert!(f.measured.is_some() && f.reason.as_ref().unwrap().contains("1 of 252 networks"));
        // A network that was trained to its end is judged.
        assert_ne!(of("W-BS2/DDNN/SiLU32,Tanh32,SiLU32/mean_error").verdict, Verdict::NotRun);
        all.iter_mut().for_each(|r| r.iterations = 1000);
        let results = judged(&all);
        assert!(results.iter().all(|r| r.verdict == Verdict::NotRun));
        assert!(judged(&[]).is_empty());
    }

    /// Five networks of the plan have a schedule of our own. They are no part of any claim, and doubt nothing.
    #[test]
    fn the_real_plan_of_architectures_gives_verdicts() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/werneck2024/w-bs2-paper.toml");
        let plan = Plan::parse(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
        let result = |trial: &crate::sweep::Trial| {
            let spec: TrialSpec = serde_json::from_value(trial.spec.clone()).unwrap();
            let made = made(&spec.experiment, spec.class, &spec.layers, spec.batch, 5e-4);
            TrialResult { iterations: spec.iterations, id: spec.id(), spec, ..made }
        };
        let all: Vec<TrialResult> = plan.trials.iter().map(result).collect();
        let of_ours = all.iter().filter(|r| r.spec.protocol().is_none()).count();
        assert_eq!((of_ours, doubt(&all)), (5, None));
        assert!(others(&all).unwrap().starts_with("5 of 267 networks"));
        let results = judged(&all);
        let open: Vec<&ClaimResult> = results.iter().filter(|r| r.verdict == Verdict::NotRun).collect();
        // Without any difference of errors there is nothing to analyse.
        assert!(open.iter().all(|r| r.id.contains("/anova_") || r.id.contains("/variance_")), "{open:?}");
        let best = results.iter().find(|r| r.id == "W-BS2/best").unwrap();
        assert_eq!((best.measured, best.verdict), (Some(5e-4), Verdict::Differs));
        assert_eq!(best.tolerance, "no larger");
    }

    /// What a verdict says that a plan has is what the plan has.
    #[test]
    fn plans_have_as_many_networks_as_verdicts_say() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/werneck2024");
        let (mut said, mut planned) = (Vec::new(), Vec::new());
        for experiment in ["W-BS1", "W-BS2", "W-BC1", "W-BC2", "W-IT", "W-C", "W-WIN"] {
            for (name, protocol) in [("paper", Protocol::Text), ("program", Protocol::Program)] {
                let path = folder.join(format!("{}-{name}.toml", experiment.to_lowercase()));
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                let specs = Plan::parse(&path, &text).unwrap().trials.into_iter();
                let specs = specs.map(|t| serde_json::from_value::<TrialSpec>(t.spec).unwrap());
                let count = specs.filter(|s| s.protocol() == Some(protocol)).count();
                said.push((experiment, name, trial::planned(experiment, protocol)));
                planned.push((experiment, name, count));
            }
        }
        assert_eq!(said, planned);
        assert!(said.len() >= 13, "{said:?}");
    }
}
