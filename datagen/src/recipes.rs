//! Recipes of published data sets.

use std::collections::BTreeMap;

use ionic_models::StimulusSpec;
use ode_solvers::Method;

use crate::{Columns, Ends, Input, Integrator, ModelSpec, RECIPE_FORMAT, Recipe, Rows, Sampling, TimeGrid};

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
