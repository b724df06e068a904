//! From kept trials to verdicts on the claims of problems B_S, B_C and C.

use super::many::{self, Population};
use super::{IN_PROGRAMS_MEASURE, Problem, Protocol, TrialResult, cost};
use crate::Tier;
use crate::claims::{Claim, Publication};
use crate::results::{ClaimResult, Finding};
use crate::stats;

/// The experiments whose claims are judged here.
const EXPERIMENTS: [&str; 6] = ["W-BS1/", "W-BS2/", "W-BC1/", "W-BC2/", "W-IT/", "W-C/"];

/// One result for each claim of these experiments, from trials at the publication's scale.
pub fn judge(publication: &Publication, trials: &[TrialResult]) -> Vec<ClaimResult> {
    judge_all(publication, &trials.iter().collect::<Vec<_>>())
}

/// The same, of trials wherever they lie.
pub(crate) fn judge_all(publication: &Publication, trials: &[&TrialResult]) -> Vec<ClaimResult> {
    let ours = |id: &str| {
        EXPERIMENTS.iter().any(|e| id.starts_with(e)) || id.starts_with("W-WIN/") || id.starts_with("W-GRID/")
    };
    publication.claims.iter().filter(|c| ours(&c.id)).map(|claim| one(claim, trials)).collect()
}

fn one(claim: &Claim, trials: &[&TrialResult]) -> ClaimResult {
    let experiment = match claim.id.split('/').next().unwrap_or_default() {
        // The search over architectures is what was spread over machines.
        "W-GRID" => "W-BS2",
        own => own,
    };
    let own: Vec<&TrialResult> = trials.iter().copied().filter(|t| t.spec.experiment == experiment).collect();
    match layers(&claim.id) {
        Some(layers) => of_network(claim, experiment, layers, own, trials),
        None => of_many(claim, experiment, own, trials),
    }
}

/// A claim about the networks of one architecture.
fn of_network(
    claim: &Claim,
    experiment: &str,
    layers: &str,
    own: Vec<&TrialResult>,
    trials: &[&TrialResult],
) -> ClaimResult {
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
    let values: Vec<f64> = errors.iter().map(|e| e.1).collect();
    let finding = match stats::median(&values) {
        Some(median) => Finding::Measured(median),
        None => not_run(&one_protocol(own), experiment, trials),
    };
    judged_by(protocol, claim, experiment, finding, &seeds).over(&values)
}

/// A claim about many networks.
fn of_many(claim: &Claim, experiment: &str, own: Vec<&TrialResult>, trials: &[&TrialResult]) -> ClaimResult {
    let own = one_protocol(own);
    let mut seeds: Vec<u64> = own.iter().map(|t| t.spec.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let population = Population::of(&claim.id, &own);
    let enough = population.is_none_or(|p| p.found >= p.least);
    let found = enough.then(|| many::found(&claim.id, &own)).flatten();
    let sample = population.and_then(Population::words).filter(|_| found.is_some());
    let finding = found.unwrap_or_else(|| not_run(&own, experiment, trials));
    let mut result = judged_by(followed(&own, experiment), claim, experiment, finding, &seeds);
    if let Some(sample) = sample {
        result.tolerance += &format!("; {sample}");
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
    let folder = experiment.to_lowercase();
    let plan = match protocol {
        Protocol::Program => "program",
        Protocol::Text => "paper",
    };
    let command = format!(
        "cargo xtask sweep new benchsuite/plans/werneck2024/{folder}-{plan}.toml runs/{folder} && \
         cargo xtask sweep run runs/{folder}"
    );
    let mut result = ClaimResult::judge(claim, finding, &command, Tier::Paper, seeds);
    if protocol == Protocol::Program {
        if is_error(&claim.id) {
            result.tolerance += IN_PROGRAMS_MEASURE;
        }
        if experiment == "W-C" {
            result.tolerance += &format!(
                "; up to t = {}, as in that program, where the text prints 50",
                super::spec::until(Problem::C, Protocol::Program)
            );
        }
    }
    result
}

/// Whether a claim's number is an error, or follows from errors with their unit.
fn is_error(id: &str) -> bool {
    let quantity = id.rsplit('/').next().unwrap_or_default();
    match quantity {
        "mean_error" | "mean" | "std" | "best" | "worst" | "extra" | "intra" | "mean_sq" => true,
        "coefficient" => id.contains("anova_error"),
        _ => false,
    }
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

fn not_run(own: &[&TrialResult], experiment: &str, trials: &[&TrialResult]) -> Finding {
    let reason = cost::words(own, experiment, followed(own, experiment), trials);
    Finding::NotRun { measured: None, reason }
}

#[cfg(test)]
mod tests {
    use surrogates::DataNorm;

    use super::*;
    use crate::grid::select::tests::made;
    use crate::results::Verdict;
    use crate::trial::{Class, Domain, Times};

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
