//! From results to verdicts: the analyses of W-BS1 and W-BS2, and what W-GRID counts. Single networks are
//! judged by [`trial::findings`](crate::trial).

use super::analyses::{self, Response, Size};
use super::select;
use crate::Tier;
use crate::claims::Publication;
use crate::results::{ClaimResult, Verdict};
use crate::stats::anova::Anova;
use crate::trial::{self, TrialResult};

/// Iterations of the dissertation's networks, problem A's apart (section 3.2).
pub const PAPER_ITERATIONS: u64 = 1_000_000;

/// Why results may not be held against the published numbers; none if they may.
pub fn doubt(results: &[TrialResult]) -> Option<String> {
    let other = results.iter().filter(|r| r.iterations != PAPER_ITERATIONS || !r.spec.is_paper()).count();
    (other > 0 || results.is_empty()).then(|| {
        format!(
            "not comparable with the paper: {other} of {} networks were not trained for {PAPER_ITERATIONS} \
             iterations with the published schedule and samples",
            results.len()
        )
    })
}

/// One result for each claim of the experiments that the results take part in. Networks that were not
/// trained as in the paper give numbers and no verdicts.
pub fn judge(publication: &Publication, results: &[TrialResult], command: &str) -> Vec<ClaimResult> {
    let doubt = doubt(results);
    let belongs = |r: &ClaimResult| {
        let start = r.id.split('/').next().unwrap_or_default();
        // Networks for problem B_S of two or three layers are what W-GRID counts.
        let of = if start == "W-GRID" { "W-BS2" } else { start };
        results.iter().any(|t| t.spec.experiment == of)
    };
    let mut all = trial::judge(publication, results);
    all.retain(belongs);
    for result in &mut all {
        result.command = command.to_owned();
        if let (Some(doubt), Some(_)) = (&doubt, result.measured) {
            (result.tier, result.verdict, result.reason) =
                (Tier::Quick, Verdict::NotRun, Some(doubt.clone()));
        }
    }
    all
}

/// The number that a claim about analyses, or about the whole grid, asks for, from the results of its
/// experiment; none for other claims, and if results are missing: Tables 2 and 3 need twenty networks,
/// Tables 5 and 6, and the size of the grid, all 252.
pub(crate) fn value(id: &str, own: &[&TrialResult]) -> Option<f64> {
    let parts: Vec<&str> = id.split('/').collect();
    match parts.as_slice() {
        ["W-GRID", "models"] => {
            let count = architectures(own).len();
            (count == 252).then_some(count as f64)
        }
        ["W-BS1", table @ ("anova_error" | "anova_time"), term, quantity] => {
            let twenty = twenty(own);
            let response = if *table == "anova_error" { Response::Error } else { Response::IterationTime };
            (twenty.len() == 20).then(|| analyses::classes(&twenty, response).ok())??.cell(term, quantity)
        }
        ["W-BS2", table @ ("anova_small" | "anova_large"), term, quantity] => {
            let all = architectures(own);
            let size = if *table == "anova_small" { Size::Small } else { Size::Large };
            (all.len() == 252).then(|| analyses::shapes(&all, size).ok())??.cell(term, quantity)
        }
        ["W-BS2", table @ ("variance_small" | "variance_large"), which] => {
            let all = architectures(own);
            let size = if *table == "variance_small" { Size::Small } else { Size::Large };
            let found = (all.len() == 252).then(|| analyses::shape_variances(&all, size).ok())??;
            Some(match *which {
                "extra" => found.extra,
                "intra" => found.intra,
                _ => found.extra / found.intra,
            })
        }
        _ => None,
    }
}

/// The networks of Tables 2 and 3: one architecture, four classes, five batch sizes, the first seed.
pub fn twenty<'a>(of: &[&'a TrialResult]) -> Vec<&'a TrialResult> {
    select::first_seed(of).into_iter().filter(|r| r.spec.layers == "SiLU32,SiLU32").collect()
}

/// The networks of Tables 5 and 6, 16 and 17: each architecture of two or three layers once.
pub fn architectures<'a>(of: &[&'a TrialResult]) -> Vec<&'a TrialResult> {
    select::first_seed(of).into_iter().filter(|r| matches!(select::depth(r), 2 | 3)).collect()
}

impl Anova {
    /// A cell of a published table.
    fn cell(&self, term: &str, quantity: &str) -> Option<f64> {
        let row = if term == "Residual" { Some(&self.residual) } else { self.row(term) }?;
        match quantity {
            "coefficient" => {
                self.coefficient(&term.replace("iccs", "iccs[yes]").replace("pinn", "pinn[yes]"))
            }
            "sum_sq" => Some(row.sum_sq),
            "mean_sq" => Some(row.mean_sq),
            "F" => row.f,
            "p" => row.p,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::select::tests::made;
    use crate::trial::Class;

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
        assert!(results.iter().all(|r| r.verdict == Verdict::NotRun));
        let f = results.iter().find(|r| r.id == "W-BS2/anova_small/class/F").unwrap();
        assert!(f.measured.is_some() && f.reason.as_ref().unwrap().contains("1 of 252 networks"));
        assert!(judged(&[]).is_empty());
    }
}
