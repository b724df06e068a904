//! Choosing among results: which belong together, which is best, which is smallest.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::stats::{Shape, widths};
use crate::trial::{self, TrialResult};

/// The results of one experiment, `W-BS2` and the like, trained by one protocol of the publication.
pub fn of<'a>(results: &'a [TrialResult], experiment: &str) -> Vec<&'a TrialResult> {
    trial::one_protocol(results.iter().filter(|r| r.spec.experiment == experiment).collect())
}

/// The experiments that took part, in the order of their first result.
pub fn experiments(results: &[TrialResult]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for r in results {
        if !all.contains(&r.spec.experiment) {
            all.push(r.spec.experiment.clone());
        }
    }
    all
}

/// Each network once: of several seeds the first.
pub fn first_seed<'a>(of: &[&'a TrialResult]) -> Vec<&'a TrialResult> {
    let least = of.iter().map(|r| r.spec.seed).min();
    of.iter().copied().filter(|r| Some(r.spec.seed) == least).collect()
}

/// The error by which the dissertation judges: the mean over the validation set, from Euler.
pub fn error(r: &TrialResult) -> f64 {
    r.judged()
}

/// Whether a result's error is a number.
pub fn is_sound(r: &&TrialResult) -> bool {
    error(r).is_finite()
}

/// The number of hidden layers.
pub fn depth(r: &TrialResult) -> usize {
    r.spec.layers.split(',').count()
}

/// The shape of a result's architecture; none if it has none.
pub fn shape(r: &TrialResult) -> Option<Shape> {
    Shape::of(&widths(&r.spec.layers)?)
}

/// The dissertation's limit between small and large networks: "small (fewer than 120 neurons) and
/// large (120 neurons or more)".
pub const LARGE: usize = 120;

/// The result with the smallest error among those that `wanted` accepts.
pub fn best<'a>(
    results: &[&'a TrialResult],
    wanted: impl Fn(&TrialResult) -> bool,
) -> Option<&'a TrialResult> {
    let candidates = results.iter().copied().filter(|r| wanted(r) && error(r).is_finite());
    candidates.min_by(|a, b| error(a).total_cmp(&error(b)))
}

/// The best result for each end of the time domain, the longest first.
pub fn best_of_each_domain<'a>(of: &[&'a TrialResult]) -> Vec<&'a TrialResult> {
    let ends = by(of, |r| Reverse((r.spec.t_end() * 1e3).round() as u64));
    ends.values().filter_map(|same| best(same, |_| true)).collect()
}

/// The results whose networks are drawn: the best of each experiment and end of its time domain.
pub fn drawn(all: &[TrialResult]) -> Vec<&TrialResult> {
    experiments(all).iter().flat_map(|experiment| best_of_each_domain(&of(all, experiment))).collect()
}

/// The result with the fewest neurons whose error is below `limit`; of several, that with the smallest
/// error.
pub fn smallest<'a>(results: &[&'a TrialResult], limit: f64) -> Option<&'a TrialResult> {
    let candidates = results.iter().copied().filter(|r| error(r) < limit);
    candidates.min_by(|a, b| (a.neurons, error(a)).partial_cmp(&(b.neurons, error(b))).expect("no NaN below"))
}

/// Results in the order of their errors; those without a number are left out.
pub fn ranked<'a>(results: &[&'a TrialResult]) -> Vec<&'a TrialResult> {
    let mut all: Vec<&TrialResult> = results.iter().copied().filter(is_sound).collect();
    all.sort_by(|a, b| error(a).total_cmp(&error(b)));
    all
}

/// Results by a key, in its order.
pub fn by<'a, K: Ord>(
    results: &[&'a TrialResult],
    key: impl Fn(&TrialResult) -> K,
) -> BTreeMap<K, Vec<&'a TrialResult>> {
    let mut groups: BTreeMap<K, Vec<&TrialResult>> = BTreeMap::new();
    for r in results {
        groups.entry(key(r)).or_default().push(r);
    }
    groups
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::manifest::{Code, Machine};
    use crate::trial::{Class, Course, Errors, Scores};

    /// A result with a given error, for tests of tables and figures.
    pub(crate) fn made(
        experiment: &str,
        class: Class,
        layers: &str,
        batch: usize,
        error: f64,
    ) -> TrialResult {
        // As a plan would say it: what is not named has its default.
        let spec: crate::trial::TrialSpec = serde_json::from_value(serde_json::json!({
            "experiment": experiment, "problem": "B_S", "class": class, "layers": layers, "batch": batch,
            "iterations": 1_000_000, "seed": 1
        }))
        .unwrap();
        let errors = Errors { mean: error, max: 30.0 * error };
        let drop = |k: u64| error * if k < 40 { 30.0 } else { 1.0 + 1.0 / k as f64 };
        TrialResult {
            format: TrialResult::FORMAT,
            id: spec.id(),
            parameters: 100,
            neurons: widths(layers).map_or(0, |w| w.iter().sum()),
            iterations: spec.iterations,
            iteration_us: 20.0 + batch as f64 / 10.0 + f64::from(u8::from(class.is_informed())) * 100.0,
            scores: Scores { euler: errors, accurate: errors, samples: 1000 },
            one_step: None,
            reused: None,
            courses: vec![Course {
                iteration: (1..=100).map(|k| k * 10_000).collect(),
                loss: (1..=100).map(|k| drop(k) * drop(k)).collect(),
                mean_error: (1..=100).map(drop).collect(),
                max_error: (1..=100).map(|k| 30.0 * drop(k)).collect(),
            }],
            onnx_sha256: vec![String::new()],
            datasets: Default::default(),
            code: Code::current(),
            machine: Machine::current(),
            finished: String::new(),
            spec,
        }
    }

    /// The 252 architectures of W-BS2 with errors that depend on shape, size and a little on the layers.
    pub(crate) fn architectures() -> Vec<TrialResult> {
        let alphabet = ["SiLU8", "SiLU32", "SiLU64", "Tanh32", "Tanh64", "ELU8"];
        let mut all = Vec::new();
        for a in alphabet {
            for b in alphabet {
                all.push(format!("{a},{b}"));
                all.extend(alphabet.map(|c| format!("{a},{b},{c}")));
            }
        }
        let result = |(i, layers): (usize, &String)| {
            let w = widths(layers).unwrap();
            let shape = Shape::of(&w).unwrap() as u8;
            let noise = 1.0 + 0.3 * ((i * 7919 % 101) as f64 / 101.0 - 0.5);
            let error = (4e-4 + 0.05 / w.iter().sum::<usize>() as f64 * f64::from(1 + shape) / 3.0) * noise;
            made("W-BS2", Class::Ddnn, layers, 128, error)
        };
        all.iter().enumerate().map(result).collect()
    }

    #[test]
    fn best_and_smallest() {
        let all = [
            made("W-BS2", Class::Ddnn, "SiLU8,SiLU8", 128, 5e-3),
            made("W-BS2", Class::Ddnn, "ELU8,SiLU8", 128, 4e-3),
            made("W-BS2", Class::Ddnn, "SiLU32,SiLU32", 128, 1e-3),
            made("W-BS2", Class::Ddnn, "SiLU32,SiLU64", 128, f64::NAN),
            made("W-BC2", Class::Ddnn, "SiLU64,SiLU64", 128, 1e-6),
        ];
        let bs2 = of(&all, "W-BS2");
        assert_eq!(bs2.len(), 4);
        assert_eq!(best(&bs2, |_| true).unwrap().spec.layers, "SiLU32,SiLU32");
        assert_eq!(smallest(&bs2, 0.01).unwrap().spec.layers, "ELU8,SiLU8");
        assert_eq!(smallest(&bs2, 1e-5), None);
        assert_eq!(ranked(&bs2).len(), 3);
        assert_eq!(experiments(&all), ["W-BS2", "W-BC2"]);
        let mut two = vec![all[0].clone(), all[1].clone(), all[2].clone()];
        two[0].spec.t_end = Some(5.0);
        let layers: Vec<&str> = drawn(&two).iter().map(|r| r.spec.layers.as_str()).collect();
        assert_eq!(layers, ["SiLU32,SiLU32", "SiLU8,SiLU8"]);
        assert_eq!(by(&bs2, depth)[&2].len(), 4);
    }

    #[test]
    fn a_grid_of_252_has_the_sizes_that_the_dissertation_tells() {
        let all = architectures();
        assert_eq!(all.len(), 252);
        let small = all.iter().filter(|r| r.neurons < LARGE).count();
        assert_eq!((small, all.len() - small), (168, 84));
    }
}
