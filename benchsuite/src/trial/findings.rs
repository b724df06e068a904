//! From kept trials to verdicts on the claims of problems B_S, B_C and C.

use std::collections::BTreeMap;

use super::{Class, Protocol, TrialResult};
use crate::Tier;
use crate::claims::{Claim, Publication};
use crate::results::{ClaimResult, Finding};
use crate::stats;

/// The experiments whose claims are judged here.
const EXPERIMENTS: [&str; 6] = ["W-BS1/", "W-BS2/", "W-BC1/", "W-BC2/", "W-IT/", "W-C/"];

/// One result for each claim of these experiments, from trials at the publication's scale.
pub fn judge(publication: &Publication, trials: &[TrialResult]) -> Vec<ClaimResult> {
    let ours = |id: &str| {
        EXPERIMENTS.iter().any(|e| id.starts_with(e)) || id.starts_with("W-WIN/") || id.starts_with("W-GRID/")
    };
    publication.claims.iter().filter(|c| ours(&c.id)).map(|claim| one(claim, trials)).collect()
}

fn one(claim: &Claim, trials: &[TrialResult]) -> ClaimResult {
    let experiment = match claim.id.split('/').next().unwrap_or_default() {
        // The search over architectures is what was spread over machines.
        "W-GRID" => "W-BS2",
        own => own,
    };
    let own: Vec<&TrialResult> = trials.iter().filter(|t| t.spec.experiment == experiment).collect();
    if let Some(layers) = layers(&claim.id) {
        let extra = claim.id.contains("/extra/");
        let these = own.iter().filter(|t| t.spec.layers == layers && (!extra || t.spec.extra.is_some()));
        let these: Vec<&TrialResult> = these.copied().collect();
        // The program is what made the printed numbers: it goes before the text.
        let of = |p| these.iter().any(|t| t.spec.protocol() == Some(p));
        let protocol = match (of(Protocol::Program), of(Protocol::Text)) {
            (true, _) => Protocol::Program,
            (false, true) => Protocol::Text,
            (false, false) => followed(&[], experiment),
        };
        let mut errors: Vec<(u64, f64)> = these
            .iter()
            .filter(|t| t.spec.protocol() == Some(protocol))
            .map(|t| (t.spec.seed, t.judged()))
            .collect();
        errors.sort_by_key(|e| e.0);
        let seeds: Vec<u64> = errors.iter().map(|e| e.0).collect();
        let mut values: Vec<f64> = errors.iter().map(|e| e.1).collect();
        values.sort_by(f64::total_cmp);
        let finding = match values.get(values.len() / 2) {
            Some(median) => Finding::Measured(*median),
            None => not_run(&one_protocol(own), experiment),
        };
        return judged_by(protocol, claim, experiment, finding, &seeds).over(&values);
    }
    let own = one_protocol(own);
    let mut seeds: Vec<u64> = own.iter().map(|t| t.spec.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let population = Population::of(&claim.id, &own);
    let enough = population.is_none_or(|p| p.found >= p.least);
    let value = enough.then(|| whole(&claim.id, &own)).flatten();
    let finding = value.map_or_else(|| not_run(&own, experiment), Finding::Measured);
    let protocol = followed(&own, experiment);
    let mut result = judged_by(protocol, claim, experiment, finding, &seeds);
    if let (Some(Population { found, all, .. }), Some(_)) = (population.filter(|p| p.found < p.all), value) {
        result.tolerance += &format!("; over {found} of the {all} architectures");
    }
    result
}

/// The verdict, with the plan that measures it by this protocol, and the measure that it is in.
fn judged_by(
    protocol: Protocol,
    claim: &Claim,
    experiment: &str,
    finding: Finding,
    seeds: &[u64],
) -> ClaimResult {
    let experiment = experiment.to_lowercase();
    let plan = match protocol {
        Protocol::Program => "program",
        Protocol::Text => "paper",
    };
    let command = format!(
        "cargo xtask sweep new benchsuite/plans/werneck2024/{experiment}-{plan}.toml runs/{experiment} && \
         cargo xtask sweep run runs/{experiment}"
    );
    let mut result = ClaimResult::judge(claim, finding, &command, Tier::Paper, seeds);
    if protocol == Protocol::Program && claim.id.ends_with("error") {
        result.tolerance += "; as the author's program measures, the mean over U and W, half of eq. 3.3";
    }
    result
}

/// Trials of one protocol of the publication: of the one that more of them follow, of the program if as
/// many follow either.
pub fn one_protocol(trials: Vec<&TrialResult>) -> Vec<&TrialResult> {
    let of = |p| trials.iter().copied().filter(|t| t.spec.protocol() == Some(p)).collect::<Vec<_>>();
    let (program, text) = (of(Protocol::Program), of(Protocol::Text));
    if program.len() < text.len() { text } else { program }
}

/// The architecture of a claim about one network.
fn layers(id: &str) -> Option<&str> {
    let parts: Vec<&str> = id.split('/').collect();
    let [_, .., layers, "mean_error"] = parts.as_slice() else { return None };
    // Rows that a table repeats are told apart by words in parentheses.
    Some(layers.split(" (").next().unwrap_or(layers))
}

/// The protocol that these trials follow; that of the cheaper plan if there are none.
fn followed(own: &[&TrialResult], experiment: &str) -> Protocol {
    let none = if experiment == "W-WIN" { Protocol::Text } else { Protocol::Program };
    own.first().and_then(|t| t.spec.protocol()).unwrap_or(none)
}

/// How many trials an experiment's plan has, and CPU time by the costs measured here, in words.
fn scale(experiment: &str, protocol: Protocol) -> (usize, &'static str) {
    match (experiment, protocol) {
        ("W-BS1", Protocol::Text) => (720, "about 20 hours of one core"),
        ("W-BS1", Protocol::Program) => (68, "about 3 hours of one core"),
        ("W-BS2", _) => (262, "about 2.5 hours of one core"),
        ("W-BC1", Protocol::Text) => (3096, "about 40 hours of one core"),
        ("W-BC1", Protocol::Program) => (72, "about an hour of one core"),
        ("W-BC2", _) => (160, "about 1.5 hours of one core"),
        ("W-IT", _) => (56, "about an hour of one core"),
        ("W-C", Protocol::Text) => (646, "about 5 hours of one core"),
        ("W-C", Protocol::Program) => (56, "about half an hour of one core"),
        _ => (9, "about a quarter of an hour of one core"),
    }
}

fn not_run(own: &[&TrialResult], experiment: &str) -> Finding {
    let (of, cost) = scale(experiment, followed(own, experiment));
    let n = own.len();
    let reason = format!("{n} of {of} networks are trained; the whole costs {cost}");
    Finding::NotRun { measured: None, reason }
}

/// How many architectures a number is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Population {
    /// Those that are trained.
    found: usize,
    /// The publication's.
    all: usize,
    /// A sample of fewer says nothing.
    least: usize,
}

impl Population {
    /// That of a claim over many architectures of which a sample will do.
    fn of(id: &str, own: &[&TrialResult]) -> Option<Self> {
        let until = |t_end: f64| own.iter().filter(|t| t.spec.t_end() == t_end).count();
        let extra = || own.iter().filter(|t| t.spec.extra.is_some() && t.spec.seed == 1).count();
        let (found, all, least) = match id.split('/').collect::<Vec<_>>().as_slice() {
            ["W-BC1", "T50", _] => (until(50.0), 1548, 36),
            ["W-BC1", "T5", _] => (until(5.0), 1548, 36),
            ["W-BC1", "ratio"] => (until(50.0).min(until(5.0)), 1548, 36),
            ["W-IT", "extra", "worst"] | ["W-IT", "one_step_hides"] => (extra(), 36, 9),
            ["W-IT", "extra_better"] => (pairs(own).len(), 16, 8),
            ["W-C", "best_has_extra"] => (pairs(own).len(), 64, 12),
            ["W-BS1", "fig24", _] => (over_batches(own).len(), 36, 6),
            _ => return None,
        };
        Some(Self { found, all, least })
    }
}

/// For each architecture that a purely data-driven network was trained of with all five batch sizes: its error
/// with batches of 128 over the least.
fn over_batches(own: &[&TrialResult]) -> Vec<f64> {
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

/// The first seed's trial of each architecture.
fn first_seed<'a>(own: &[&'a TrialResult]) -> Vec<&'a TrialResult> {
    own.iter().copied().filter(|t| t.spec.seed == 1).collect()
}

/// A number over many networks, if all that it needs are there; those of a [`Population`] are counted before.
fn whole(id: &str, own: &[&TrialResult]) -> Option<f64> {
    let mean = |t: &&TrialResult| t.judged();
    let least = |values: &mut dyn Iterator<Item = f64>| values.min_by(f64::total_cmp);
    let parts: Vec<&str> = id.split('/').collect();
    match parts.as_slice() {
        ["W-BS2", "two_over_three"] => {
            let all = first_seed(own);
            if all.len() < 252 {
                return None;
            }
            let best = |depth| {
                least(&mut all.iter().filter(|t| t.spec.layers.split(',').count() == depth).map(mean))
            };
            Some(best(2)? / best(3)?)
        }
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
        ["W-BC1", "ratio"] => Some(whole("W-BC1/T50/mean", own)? / whole("W-BC1/T5/mean", own)?),
        ["W-IT", "extra", "worst"] => {
            own.iter().filter(|t| t.spec.extra.is_some()).map(mean).max_by(f64::total_cmp)
        }
        ["W-IT", "extra_better"] => {
            let pairs = pairs(own);
            let better = pairs.iter().filter(|(without, with)| with < without).count();
            Some(better as f64 / pairs.len() as f64)
        }
        ["W-IT", "one_step_hides"] => {
            let both: Vec<(f64, f64)> =
                own.iter().filter_map(|t| Some((t.one_step?.euler.mean, t.judged()))).collect();
            Some(rank_correlation(&both))
        }
        ["W-C", "best_has_extra"] => {
            let best =
                |extra: bool| least(&mut own.iter().filter(|t| t.spec.extra.is_some() == extra).map(mean));
            Some(best(false)? / best(true)?)
        }
        ["W-WIN", "windows_better"] => {
            let error = |windows: u32, layers: &str| {
                let mut same = own.iter().filter(|t| {
                    t.spec.windows() == windows && t.spec.layers == layers && t.spec.t_end() == 50.0
                });
                same.next().map(mean)
            };
            let mut ratios: Vec<f64> = own
                .iter()
                .filter(|t| t.spec.windows() == 10)
                .filter_map(|t| Some(error(1, &t.spec.layers)? / error(10, &t.spec.layers)?))
                .collect();
            ratios.sort_by(f64::total_cmp);
            (ratios.len() >= 3).then(|| ratios[ratios.len() / 2])
        }
        ["W-BS1", "fig24", _] => {
            let mut ratios = over_batches(own);
            ratios.sort_by(f64::total_cmp);
            ratios.get(ratios.len() / 2).copied()
        }
        _ => crate::grid::findings::value(id, own),
    }
}

/// Errors of the same architecture and seed without and with extra points.
fn pairs(own: &[&TrialResult]) -> Vec<(f64, f64)> {
    own.iter()
        .filter(|t| t.spec.extra.is_none())
        .filter_map(|without| {
            let with = own.iter().find(|t| {
                t.spec.extra.is_some()
                    && t.spec.layers == without.spec.layers
                    && t.spec.seed == without.spec.seed
            })?;
            Some((without.judged(), with.judged()))
        })
        .collect()
}

/// Spearman's ρ, without ties.
fn rank_correlation(pairs: &[(f64, f64)]) -> f64 {
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
    use surrogates::DataNorm;

    use super::*;
    use crate::grid::select::tests::made;
    use crate::results::Verdict;
    use crate::trial::{Domain, Times};

    /// Samples of architectures are judged if they are large enough, and say how large they are.
    #[test]
    fn a_sample_of_architectures_says_how_many_it_holds() {
        let publication = Publication::werneck2024().unwrap();
        let of = |each: usize, t_end: f64| -> Vec<TrialResult> {
            let one = |k: usize| {
                let mut trial =
                    made("W-BC1", Class::Ddnn, &format!("SiLU8,Tanh{}", k + 1), 128, 1e-3 * (k + 1) as f64);
                trial.spec.t_end = Some(t_end);
                trial
            };
            (0..each).map(one).collect()
        };
        let judged = |trials: &[TrialResult], id: &str| {
            judge(&publication, trials).into_iter().find(|r| r.id == id).unwrap()
        };
        let few = judged(&of(35, 5.0), "W-BC1/T5/mean");
        assert_eq!((few.measured, few.verdict), (None, Verdict::NotRun));
        let mut trials = of(36, 5.0);
        let enough = judged(&trials, "W-BC1/T5/mean");
        assert!((enough.measured.unwrap() - 18.5e-3).abs() < 1e-12, "{enough:?}");
        assert!(enough.tolerance.ends_with("; over 36 of the 1548 architectures"), "{}", enough.tolerance);
        assert_eq!(judged(&trials, "W-BC1/T5/best").measured, Some(1e-3));
        assert_eq!(judged(&trials, "W-BC1/T50/best").measured, None);
        // The ratio needs both.
        assert_eq!(judged(&trials, "W-BC1/ratio").measured, None);
        trials.extend(of(40, 50.0));
        let ratio = judged(&trials, "W-BC1/ratio");
        assert!((ratio.measured.unwrap() - 20.5 / 18.5).abs() < 1e-12, "{ratio:?}");
        assert!(ratio.tolerance.contains("over 36 of"), "{}", ratio.tolerance);
    }

    #[test]
    fn the_program_goes_before_the_text_and_is_judged_in_its_measure() {
        let publication = Publication::werneck2024().unwrap();
        let id = "W-BS2/DDNN/table4/Tanh32,SiLU32/mean_error";
        let value = |trials: &[TrialResult]| {
            let all = judge(&publication, trials);
            all.into_iter().find(|r| r.id == id).unwrap().measured
        };
        let text = made("W-BS2", Class::Ddnn, "Tanh32,SiLU32", 128, 3e-3);
        assert_eq!(value(std::slice::from_ref(&text)), Some(3e-3));
        let mut program = made("W-BS2", Class::Ddnn, "Tanh32,SiLU32", 128, 2e-3);
        program.spec.loss = DataNorm::Euclidean;
        program.spec.times = Times::Grid;
        // Neither the text's protocol nor the program's: no published number is held against it.
        let other = program.clone();
        assert_eq!(value(&[text.clone(), other.clone()]), Some(3e-3));
        assert!(!other.spec.is_paper());
        program.spec.domain = Domain::Program;
        assert!(program.spec.is_paper());
        assert_eq!(value(&[text.clone(), other.clone(), program.clone()]), Some(1e-3));
        let say = |trial: &TrialResult| {
            let all = judge(&publication, std::slice::from_ref(trial));
            let one = all.into_iter().find(|r| r.id == id).unwrap();
            (one.tolerance.contains("half of eq. 3.3"), one.command.contains("w-bs2-program.toml"))
        };
        assert_eq!((say(&text), say(&program)), ((false, false), (true, true)));
        // Over many networks: the protocol that more of them follow.
        assert_eq!(one_protocol(vec![&text, &other, &program]), [&program]);
        assert_eq!(one_protocol(vec![&text, &other, &program, &text]), [&text, &text]);
        // Steps have no times.
        program.spec.class = Class::Itnn;
        assert_eq!(program.spec.protocol(), None);
        program.spec.times = Times::Random;
        assert_eq!(program.spec.protocol(), Some(Protocol::Program));
    }
}
