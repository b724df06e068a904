//! Numbers over many networks: means, extremes, shares and ratios that claims ask for, and over how many
//! architectures each is taken.

use std::collections::BTreeMap;

use super::{Class, TrialResult, TrialSpec};
use crate::grid;
use crate::results::Finding;
use crate::stats;

/// How many architectures a number is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Population {
    /// Those that are trained.
    pub(super) found: usize,
    /// The publication's.
    pub(super) all: usize,
    /// A sample of fewer says nothing.
    pub(super) least: usize,
    /// Whether the number is the best or the worst of them.
    pub(super) extreme: bool,
}

impl Population {
    /// That of a claim over many architectures of which a sample will do.
    pub(super) fn of(id: &str, own: &[&TrialResult]) -> Option<Self> {
        let until = |t_end: f64| own.iter().filter(|t| t.spec.t_end() == t_end).count();
        let parts: Vec<&str> = id.split('/').collect();
        let (found, all, least) = match parts.as_slice() {
            ["W-BS2", "best"] => (grid::findings::architectures(own).len(), 252, 36),
            ["W-BC1", "T50", _] => (until(50.0), 1548, 36),
            ["W-BC1", "T5", _] => (until(5.0), 1548, 36),
            ["W-BC1", "ratio"] => (until(50.0).min(until(5.0)), 1548, 36),
            ["W-IT", "extra", "worst"] | ["W-IT", "one_step_hides"] => (with_extra(own).count(), 36, 9),
            ["W-IT", "extra_better"] => (pairs(own).len(), 16, 8),
            ["W-C", "best_has_extra"] => (pairs(own).len(), 64, 12),
            ["W-BS1", "fig24", _] => (over_batches(own).len(), 36, 6),
            _ => return None,
        };
        let extreme = matches!(parts.last(), Some(&("best" | "worst")));
        Some(Self { found, all, least, extreme })
    }

    /// What a verdict says of a sample; none if it is of all.
    pub(super) fn words(self) -> Option<String> {
        let Self { found, all, extreme, .. } = self;
        let milder = if extreme { ", whose extreme is milder than that of all" } else { "" };
        (found < all).then(|| format!("over {found} of the {all} architectures{milder}"))
    }
}

/// For each architecture that a purely data-driven network was trained of with all five batch sizes: its error
/// with batches of 128 over the least.
pub(crate) fn over_batches(own: &[&TrialResult]) -> Vec<f64> {
    let mut by_layers: BTreeMap<&str, Vec<(usize, f64)>> = BTreeMap::new();
    for t in own.iter().filter(|t| t.spec.class == Class::Ddnn && t.spec.seed == 1) {
        by_layers.entry(&t.spec.layers).or_default().push((t.spec.batch, t.judged()));
    }
    let ratio = |errors: &Vec<(usize, f64)>| {
        let at = errors.iter().find(|e| e.0 == 128)?.1;
        Some(at / errors.iter().map(|e| e.1).min_by(f64::total_cmp)?)
    };
    by_layers.values().filter(|errors| errors.len() >= 5).filter_map(ratio).collect()
}

/// What was found for a claim over many networks, if all that it needs are there; those of a [`Population`] are
/// counted before.
pub(super) fn found(id: &str, own: &[&TrialResult]) -> Option<Finding> {
    let cell = || grid::findings::cell(id, own).map(Finding::Analysed);
    number(id, own).map(Finding::Measured).or_else(cell)
}

/// Such a number, unless it is a cell of a table of variance.
fn number(id: &str, own: &[&TrialResult]) -> Option<f64> {
    let mean = |t: &&TrialResult| t.judged();
    let least = |values: &mut dyn Iterator<Item = f64>| values.min_by(f64::total_cmp);
    let parts: Vec<&str> = id.split('/').collect();
    match parts.as_slice() {
        ["W-BS2", "two_over_three"] => {
            let all = grid::findings::architectures(own);
            if all.len() < 252 {
                return None;
            }
            let best = |depth| {
                least(&mut all.iter().filter(|t| t.spec.layers.split(',').count() == depth).map(mean))
            };
            Some(best(2)? / best(3)?)
        }
        ["W-BS2", "best"] => least(&mut grid::findings::architectures(own).iter().map(mean)),
        ["W-BS1", "cost", _] => {
            let cost = |class| {
                let mut same = own.iter().filter(|t| {
                    t.spec.class == class && t.spec.layers == "SiLU32,SiLU32" && t.spec.batch == 128
                });
                same.next().map(|t| t.iteration_us)
            };
            Some(cost(Class::Pinn)? / cost(Class::Ddnn)?)
        }
        ["W-BC1", domain, quantity] => {
            let t_end: f64 = domain.strip_prefix('T')?.parse().ok()?;
            let errors: Vec<f64> = own.iter().filter(|t| t.spec.t_end() == t_end).map(mean).collect();
            match *quantity {
                "mean" => Some(stats::mean(&errors)),
                "std" => Some(stats::deviation(&errors)),
                "best" => errors.into_iter().min_by(f64::total_cmp),
                _ => errors.into_iter().max_by(f64::total_cmp),
            }
        }
        ["W-BC1", "ratio"] => Some(number("W-BC1/T50/mean", own)? / number("W-BC1/T5/mean", own)?),
        ["W-IT", "extra", "worst"] => with_extra(own).map(|t| t.judged()).max_by(f64::total_cmp),
        ["W-IT", "extra_better"] => {
            let pairs = pairs(own);
            let better = pairs.iter().filter(|[without, with]| with.judged() < without.judged()).count();
            Some(better as f64 / pairs.len() as f64)
        }
        ["W-IT", "one_step_hides"] => {
            let both: Vec<(f64, f64)> =
                with_extra(own).filter_map(|t| Some((t.one_step?.euler.mean, t.judged()))).collect();
            Some(rank_correlation(&both))
        }
        ["W-C", "best_has_extra"] => {
            // Networks of three layers were trained with extra points alone: they are no part of it.
            let pairs = pairs(own);
            let of = |k: usize| least(&mut pairs.iter().map(|pair| pair[k].judged()));
            Some(of(0)? / of(1)?)
        }
        ["W-WIN", of] => {
            let ratios = windows(own);
            let ratio = |w: &Windows| Some(w.whole / if *of == "reuse_better" { w.reused? } else { w.ten? });
            let ratios: Vec<f64> = ratios.iter().filter_map(ratio).collect();
            (ratios.len() >= 3).then(|| stats::median(&ratios)).flatten()
        }
        ["W-BS1", "fig24", _] => stats::median(&over_batches(own)),
        _ => grid::findings::number(id, own),
    }
}

/// One network of each architecture that was trained with extra points.
fn with_extra<'a>(own: &'a [&TrialResult]) -> impl Iterator<Item = &'a TrialResult> {
    own.iter().copied().filter(|t| t.spec.extra.is_some() && t.spec.seed == 1)
}

/// Networks without and with extra points that differ in nothing else.
pub(crate) fn pairs<'a>(own: &[&'a TrialResult]) -> Vec<[&'a TrialResult; 2]> {
    let with = own.iter().filter(|t| t.spec.extra.is_some());
    with.filter_map(|with| {
        let same = TrialSpec { extra: None, ..with.spec.clone() };
        let without = own.iter().find(|t| t.spec == same)?;
        Some([*without, *with])
    })
    .collect()
}

/// Errors up to t = 50 of one architecture (section 3.4.1).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Windows {
    pub(crate) layers: String,
    pub(crate) neurons: usize,
    /// Of one network for the whole time domain.
    pub(crate) whole: f64,
    /// Of ten networks, one for each tenth of it.
    pub(crate) ten: Option<f64>,
    /// Of one network for the first tenth, over that tenth …
    pub(crate) short: Option<f64>,
    /// … and used ten times, the state at its end for the next initial state.
    pub(crate) reused: Option<f64>,
}

/// The architectures that have a network for the whole time domain, in the order of their results.
pub(crate) fn windows(own: &[&TrialResult]) -> Vec<Windows> {
    let whole = own.iter().filter(|t| t.spec.windows() == 1 && t.spec.t_end() == 50.0);
    whole
        .map(|whole| {
            let same = |t: &&&TrialResult| {
                let (a, b) = (&whole.spec, &t.spec);
                a.layers == b.layers && a.seed == b.seed && a.class == b.class && a.batch == b.batch
            };
            let ten = own.iter().find(|t| same(t) && t.spec.windows() == 10 && t.spec.t_end() == 50.0);
            let short = own.iter().find(|t| same(t) && t.spec.windows() == 1 && t.spec.t_end() == 5.0);
            Windows {
                layers: whole.spec.layers.clone(),
                neurons: whole.neurons,
                whole: whole.judged(),
                ten: ten.map(|t| t.judged()),
                short: short.map(|t| t.judged()),
                reused: short.and_then(|t| t.judged_reused()),
            }
        })
        .collect()
}

/// Spearman's ρ, without ties.
pub(crate) fn rank_correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let ranks = |value: fn(&(f64, f64)) -> f64| {
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by(|a, b| value(&pairs[*a]).total_cmp(&value(&pairs[*b])));
        let mut ranks = vec![0.0; pairs.len()];
        order.iter().enumerate().for_each(|(rank, k)| ranks[*k] = rank as f64);
        ranks
    };
    let (a, b) = (ranks(|p| p.0), ranks(|p| p.1));
    let d: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
    1.0 - 6.0 * d / (n * (n * n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_that_differ_in_one_pair_correlate_by_four_fifths() {
        let rho = rank_correlation(&[(1.0, 10.0), (2.0, 20.0), (3.0, 40.0), (4.0, 30.0)]);
        assert!((rho - 0.8).abs() < 1e-12, "{rho}");
        assert_eq!(rank_correlation(&[(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]), -1.0);
    }

    /// The number is of those networks that the words beside it count.
    #[test]
    fn numbers_of_iterators_are_of_those_that_are_counted() {
        let publication = crate::claims::Publication::werneck2024().unwrap();
        let kept = crate::trial::kept::load(&crate::kept::folder(&publication)).unwrap();
        let all: Vec<&TrialResult> = kept.iter().filter(|t| t.spec.experiment == "W-IT").collect();
        let counted: Vec<&TrialResult> = with_extra(&all).collect();
        assert!(counted.len() < all.len());
        for id in ["W-IT/extra/worst", "W-IT/one_step_hides"] {
            assert_eq!(Population::of(id, &all).unwrap().found, counted.len(), "{id}");
            assert_eq!(number(id, &all), number(id, &counted), "{id}");
        }
    }
}
