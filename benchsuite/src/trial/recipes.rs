//! The data sets of problems B_S, B_C and C (Werneck 2024, Table 1 and sections 3.1, 4.2, 4.3).
//!
//! Printed: the domains, 10 000 solutions (half to learn from), explicit Euler with step 0.01,
//! 5 000 000 steps for iterators. Not printed: how many times a solution is sampled at, and which. To
//! learn from, see [`Times`]; validation is at [`TIMES_EACH`] times of each solution's own, whose mean is
//! that over the time domain.

use std::collections::BTreeMap;

use datagen::{
    Columns, Ends, Input, Integrator, ModelSpec, Quantity, RECIPE_FORMAT, Range, Recipe, Rows, Sampling,
    TimeGrid,
};
use ionic_models::StimulusSpec;
use ode_solvers::Method;

use super::{Class, Domain, Problem, Times, TrialSpec};

/// The times at which each solution is sampled: once per unit of time on the average, if t_end = 50.
pub(super) const TIMES_EACH: u64 = 50;

/// The distance of times on a grid.
const INTERVAL: f64 = 0.1;

/// How many random times; none for those of the grid.
pub(super) fn learned(times: Times) -> Option<u64> {
    match times {
        Times::Random => Some(TIMES_EACH),
        Times::Grid => None,
    }
}

/// The domain of the initial U (Table 1).
pub(super) const U: (f64, f64) = (0.0, 1.0);
/// The domain of the initial W (Table 1).
pub(super) const W: (f64, f64) = (0.0, 0.18);
/// The current where problem C's K is 0, and where it is 1.
pub(super) const CURRENT: (f64, f64) = (0.08, 0.12);

/// What a data set is for: sets of different purposes have no random number in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Train = 1,
    Validation = 2,
    Domain = 3,
    Extra = 4,
}

/// Which integrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// Explicit Euler with step 0.01, as the dissertation.
    Euler,
    /// Five orders below the errors that are measured with it.
    Accurate,
}

impl Truth {
    fn integrator(self) -> Integrator {
        match self {
            Truth::Euler => Integrator::Fixed { method: Method::ExplicitEuler, dt: 0.01 },
            Truth::Accurate => Integrator::Adaptive { method: Method::Tsit5, rtol: 1e-9, atol: 1e-11 },
        }
    }
}

impl Problem {
    /// The constant current; problem C varies it.
    fn stimulus(self) -> StimulusSpec {
        match self {
            Problem::BS => StimulusSpec::None,
            Problem::BC => StimulusSpec::Constant(0.1),
            Problem::C => StimulusSpec::Constant(CURRENT.0),
        }
    }

    /// What differs from solution to solution: U₀, W₀, and for problem C the current.
    pub(super) fn quantities(self) -> Vec<Quantity> {
        let mut all = vec![Quantity::Initial("U".into()), Quantity::Initial("W".into())];
        if self == Problem::C {
            all.push(Quantity::StimulusAmplitude);
        }
        all
    }

    /// The domain of each of them.
    pub(super) fn domain(self) -> Vec<(f64, f64)> {
        let mut all = vec![U, W];
        if self == Problem::C {
            all.push(CURRENT);
        }
        all
    }
}

/// The domain of each quantity of [`Problem::quantities`].
pub(super) fn domain(spec: &TrialSpec) -> Vec<(f64, f64)> {
    let mut all = spec.problem.domain();
    match (spec.domain, spec.class) {
        (Domain::Printed, _) => {}
        (Domain::Program, Class::Itnn) => (all[0], all[1]) = ((-0.1, 1.0), (0.0, 0.2)),
        (Domain::Program, _) => (all[0], all[1]) = ((-0.1, 0.81), (0.0, 0.12)),
    }
    all
}

impl TrialSpec {
    /// Where U₀ and W₀ lie, to learn from and to validate with; for an iterator U and W.
    pub fn initial_domain(&self) -> [(f64, f64); 2] {
        let all = domain(self);
        [all[0], all[1]]
    }
}

/// Everywhere in a trial's domain.
pub(super) fn everywhere(spec: &TrialSpec, samples: u64) -> Sampling {
    uniform(spec.problem, &domain(spec), samples)
}

fn uniform(problem: Problem, domain: &[(f64, f64)], samples: u64) -> Sampling {
    let ranges = problem.quantities().into_iter().zip(domain);
    Sampling::Uniform { samples, ranges: ranges.map(|(of, &(low, high))| Range { of, low, high }).collect() }
}

/// Everywhere in the domain of Table 1.
#[cfg(test)]
pub(super) fn in_table_1(problem: Problem, samples: u64) -> Sampling {
    uniform(problem, &problem.domain(), samples)
}

fn recipe(problem: Problem, sampling: Sampling, times: TimeGrid, truth: Truth, purpose: Purpose) -> Recipe {
    Recipe {
        format: RECIPE_FORMAT,
        model: ModelSpec {
            id: "fitzhugh_nagumo".into(),
            variant: Some("werneck".into()),
            parameters: BTreeMap::new(),
            initial: BTreeMap::new(),
            stimulus: problem.stimulus(),
        },
        sampling,
        integrator: truth.integrator(),
        t_start: 0.0,
        times,
        rows: Rows::AtTimes,
        columns: Columns {
            inputs: problem.quantities().into_iter().map(Input::Quantity).collect(),
            targets: vec!["U".into(), "W".into()],
        },
        seed: purpose as u64,
    }
}

/// Rows (t, U₀, W₀, …) → (U, W): at `times` random times of each solution's own, or every [`INTERVAL`].
pub(super) fn solutions(
    problem: Problem,
    sampling: Sampling,
    t_end: f64,
    times: Option<u64>,
    truth: Truth,
    purpose: Purpose,
) -> Recipe {
    let times = match times {
        Some(points) => TimeGrid::Random { from: 0.0, to: t_end, points },
        None => {
            let points = (t_end / INTERVAL).round().max(1.0) as u64;
            TimeGrid::Uniform { from: 0.0, to: t_end, points, ends: Ends::First }
        }
    };
    let mut recipe = recipe(problem, sampling, times, truth, purpose);
    recipe.columns.inputs.insert(0, Input::Time);
    recipe
}

/// Rows (U, W, …) → (U, W) `delta_t` later.
pub(super) fn steps(
    problem: Problem,
    sampling: Sampling,
    delta_t: f64,
    truth: Truth,
    purpose: Purpose,
) -> Recipe {
    recipe(problem, sampling, TimeGrid::Listed { times: vec![delta_t] }, truth, purpose)
}

/// Rows (t, U₀, W₀, …) → (U, W) at every multiple of `delta_t` up to `t_end`.
pub(super) fn sequence(
    problem: Problem,
    sampling: Sampling,
    delta_t: f64,
    t_end: f64,
    truth: Truth,
) -> Recipe {
    // A multiple that rounding puts just beyond the end belongs to it.
    let count = (t_end / delta_t * (1.0 + 1e-12)).floor() as u64;
    let times = (1..=count.max(1)).map(|k| k as f64 * delta_t).collect();
    let mut recipe = recipe(problem, sampling, TimeGrid::Listed { times }, truth, Purpose::Domain);
    recipe.columns.inputs.insert(0, Input::Time);
    recipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_a_time_every_tenth_and_the_program_a_domain_of_its_own() {
        let mut spec: TrialSpec = serde_json::from_value(serde_json::json!({
            "experiment": "TEST", "problem": "C", "class": "DDNN", "layers": "Tanh8", "batch": 8,
            "iterations": 1, "seed": 1, "times": "grid", "domain": "program"
        }))
        .unwrap();
        let recipe = solutions(
            spec.problem,
            everywhere(&spec, 3),
            5.0,
            learned(spec.times),
            Truth::Euler,
            Purpose::Train,
        );
        assert_eq!(recipe.times, TimeGrid::Uniform { from: 0.0, to: 5.0, points: 50, ends: Ends::First });
        assert_eq!(domain(&spec), [(-0.1, 0.81), (0.0, 0.12), CURRENT]);
        assert_eq!(spec.initial_domain(), [(-0.1, 0.81), (0.0, 0.12)]);
        spec.class = Class::Itnn;
        assert_eq!(domain(&spec), [(-0.1, 1.0), (0.0, 0.2), CURRENT]);
        spec.domain = Domain::Printed;
        assert_eq!(domain(&spec), [U, W, CURRENT]);
    }
}
