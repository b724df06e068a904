//! Recipes that the tests share.

use std::collections::BTreeMap;

use datagen::*;
use ionic_models::{PulseTrain, StimulusSpec};
use ode_solvers::Method;

/// Twelve trajectories of the FitzHugh–Nagumo model, four rows each: t, U_0, W_0 → U, W.
pub(crate) fn small() -> Recipe {
    Recipe {
        format: RECIPE_FORMAT,
        model: ModelSpec {
            id: "fitzhugh_nagumo".to_owned(),
            variant: Some("werneck".to_owned()),
            parameters: BTreeMap::new(),
            initial: BTreeMap::new(),
            stimulus: StimulusSpec::Constant(0.1),
        },
        sampling: Sampling::Uniform {
            samples: 12,
            ranges: vec![
                Range { of: initial("U"), low: 0.0, high: 1.0 },
                Range { of: initial("W"), low: 0.0, high: 0.18 },
            ],
        },
        integrator: Integrator::Fixed { method: Method::ExplicitEuler, dt: 0.01 },
        t_start: 0.0,
        times: TimeGrid::Uniform { from: 0.0, to: 1.0, points: 4, ends: Ends::Last },
        rows: Rows::AtTimes,
        columns: Columns {
            inputs: vec![Input::Time, Input::Quantity(initial("U")), Input::Quantity(initial("W"))],
            targets: vec!["U".to_owned(), "W".to_owned()],
        },
        seed: 7,
    }
}

/// Three pulses near the threshold.
#[allow(dead_code, reason = "not every test binary draws pulses")]
pub(crate) fn near_threshold() -> Recipe {
    let pulse = PulseTrain { start: 0.0, period: 20.0, duration: 0.5, amplitude: 0.0, count: Some(1) };
    let part = Part {
        share: 1.0,
        ranges: vec![
            Range { of: Quantity::StimulusAmplitude, low: 0.01, high: 2.0 },
            Range { of: Quantity::StimulusDuration, low: 0.3, high: 1.0 },
        ],
    };
    let mut recipe = small();
    recipe.model.stimulus = StimulusSpec::PulseTrain(pulse);
    recipe.model.initial = [("U", 0.0), ("W", 0.0)].map(|(name, value)| (name.to_owned(), value)).into();
    recipe.sampling = Sampling::NearThreshold {
        samples: 3,
        parts: vec![part],
        state: "U".to_owned(),
        above: 0.6,
        margin: 0.1,
    };
    recipe.times = TimeGrid::Uniform { from: 0.0, to: 5.0, points: 4, ends: Ends::Last };
    recipe.columns.inputs = vec![Input::Time, Input::Quantity(Quantity::StimulusAmplitude)];
    recipe
}

pub(crate) fn initial(name: &str) -> Quantity {
    Quantity::Initial(name.to_owned())
}

#[allow(dead_code, reason = "not every test binary samples a parameter")]
pub(crate) fn parameter(name: &str) -> Quantity {
    Quantity::Parameter(name.to_owned())
}

/// Whether a recipe that passes its check takes but a moment: what is tried on it is the handling of its numbers.
#[allow(dead_code, reason = "not every test binary generates what it is given")]
pub(crate) fn is_short(recipe: &Recipe) -> bool {
    let rows = recipe.sampling.trajectories().saturating_mul(recipe.times.points());
    let last = match &recipe.times {
        TimeGrid::Uniform { to, .. } | TimeGrid::Random { to, .. } => *to,
        TimeGrid::Listed { times } => times.last().copied().unwrap_or(0.0),
    };
    let step = match recipe.rows {
        Rows::AtTimes => 0.0,
        Rows::StepPairs { step } => step,
    };
    let steps = |dt: f64| (last + step - recipe.t_start) / dt;
    // Pulses far closer than the steps are work of their own.
    let pulses = match &recipe.model.stimulus {
        StimulusSpec::None | StimulusSpec::Constant(_) => 0.0,
        StimulusSpec::PulseTrain(train) => steps(train.period),
        _ => return false,
    };
    let dt = match recipe.integrator {
        Integrator::Fixed { dt, .. } => dt,
        Integrator::Adaptive { .. } => return false,
    };
    rows <= 200 && steps(dt) <= 1e3 && pulses <= 1e3
}
