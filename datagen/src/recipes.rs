//! Recipes of published data sets.

use std::collections::BTreeMap;

use ionic_models::StimulusSpec;
use ode_solvers::Method;

use crate::{
    Columns, Ends, Input, Integrator, ModelSpec, Quantity, RECIPE_FORMAT, Range, Recipe, Rows, Sampling,
    TimeGrid,
};

/// Problem A of Werneck (dissertation, 2024): one action potential of the FitzHugh–Nagumo model,
/// `t → (U, W)`.
///
/// U₀ = 0.5, W₀ = 0, no current, explicit Euler with step 0.01, `t` from 0 to 20. The text names
/// 10 points (scarce) and 1000 points (complete). It does not print where they lie: here they have
/// equal distances and include both ends, 20/9 and 20/999 apart, read off between Euler steps by
/// the method's dense output.
pub fn werneck_problem_a(points: u64) -> Recipe {
    Recipe {
        format: RECIPE_FORMAT,
        model: ModelSpec {
            id: "fitzhugh_nagumo".to_owned(),
            variant: Some("werneck".to_owned()),
            parameters: BTreeMap::new(),
            initial: BTreeMap::from([("U".to_owned(), 0.5), ("W".to_owned(), 0.0)]),
            stimulus: StimulusSpec::None,
        },
        sampling: Sampling::Single,
        integrator: Integrator::Fixed { method: Method::ExplicitEuler, dt: 0.01 },
        t_start: 0.0,
        times: TimeGrid::Uniform { from: 0.0, to: 20.0, points, ends: Ends::Both },
        rows: Rows::AtTimes,
        columns: Columns { inputs: vec![Input::Time], targets: vec!["U".to_owned(), "W".to_owned()] },
        seed: 0,
    }
}

/// Pairs for a neural map of the β-cell (Kuptsov, Stankevich, Bagautdinova 2022, section 3):
/// `V, n, S, V_S → V, n, S` a time `dt` later, on the oscillating attractor alone.
///
/// `variant` is `original` or `bistable`. Each of `chunks` trajectories has its own V_S, uniform in
/// [−40, −30], and its own start; what is before t = 100 s is dropped, and `pairs` pairs follow in a row.
/// The publication starts "sufficiently far from the fixed point" that no trajectory goes there. Here the
/// starts are uniform in V ∈ [−40, −20], n ∈ [0, 0.1], S ∈ [0.15, 0.17]: depolarised and with so little
/// slow potassium current that the cell fires at once. Its number of chunks and pairs, and its integrator,
/// are not printed (table 2 is lost): here Dormand and Prince's method of order 8 at a relative tolerance
/// of 10⁻¹⁰, whose dense output gives both states of a pair.
pub fn kuptsov_neural_map(variant: &str, dt: f64, chunks: u64, pairs: u64, seed: u64) -> Recipe {
    let state = |name: &str| Input::State(name.to_owned());
    let initial = |name: &str, low, high| Range { of: Quantity::Initial(name.to_owned()), low, high };
    let v_s = Quantity::Parameter("V_S".to_owned());
    let t0 = 100.0;
    Recipe {
        format: RECIPE_FORMAT,
        model: ModelSpec {
            id: "sherman_rinzel_keizer_1988".to_owned(),
            variant: Some(variant.to_owned()),
            parameters: BTreeMap::new(),
            initial: BTreeMap::new(),
            stimulus: StimulusSpec::None,
        },
        sampling: Sampling::Uniform {
            samples: chunks,
            ranges: vec![
                Range { of: v_s.clone(), low: -40.0, high: -30.0 },
                initial("V", -40.0, -20.0),
                initial("n", 0.0, 0.1),
                initial("S", 0.15, 0.17),
            ],
        },
        integrator: Integrator::Adaptive { method: Method::Dop853, rtol: 1e-10, atol: 1e-12 },
        t_start: 0.0,
        times: TimeGrid::Uniform { from: t0, to: t0 + pairs as f64 * dt, points: pairs, ends: Ends::First },
        rows: Rows::StepPairs { step: dt },
        columns: Columns {
            inputs: vec![state("V"), state("n"), state("S"), Input::Quantity(v_s)],
            targets: ["V", "n", "S"].map(str::to_owned).to_vec(),
        },
        seed,
    }
}
