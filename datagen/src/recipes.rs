//! Recipes of published data sets.

use std::collections::BTreeMap;

use ionic_models::{PulseTrain, StimulusSpec};
use ode_solvers::Method;

use crate::{
    Columns, Ends, Input, Integrator, ModelSpec, Part, Quantity, RECIPE_FORMAT, Range, Recipe, Rows,
    Sampling, TimeGrid,
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

/// Pulses of O'Hara–Rudy's cell as in [`pellegrini_pulses`], but each amplitude within `margin` (a part of it) of the
/// weakest that excites at the length that was drawn: above 0 mV before `end`, in ms.
///
/// Near their threshold responses differ most between pulses that differ least: of pulses drawn in boxes few lie there,
/// and an operator that learned from those alone misses action potentials.
///
/// # Errors
/// As [`pellegrini_pulses`]; for a margin that is not between 0 and 1 [`Recipe::check`] has one.
pub fn ohara_rudy_pulses_near_threshold(
    end: f64,
    points: u64,
    samples: u64,
    margin: f64,
    seed: u64,
) -> Result<Recipe, crate::Error> {
    let mut recipe = pellegrini_pulses("ohara_rudy_2011", end, points, samples, seed)?;
    if let Sampling::Mixture { parts, .. } = recipe.sampling {
        recipe.sampling =
            Sampling::NearThreshold { samples, parts, state: "V".to_owned(), above: 0.0, margin };
    }
    Ok(recipe)
}

/// Responses to single pulses for a neural operator (Pellegrini, Ghiotto, Centofanti, Pavarino 2025):
/// `I_app(t) → every state(t)`, one pulse from t = 0 for each trajectory.
///
/// | `model` | `variant` | interval | pulses: share, amplitude, length |
/// |---|---|---|---|
/// | `fitzhugh_nagumo` | `pavia` | 100 | 18 %: 0 to 0.014; 82 %: 0.03 to 2; both 1 to 100 |
/// | `hodgkin_huxley_1952` | `squid_1952` | 100 ms | 86 %: 2 to 10; 14 %: 45 to 200 µA/cm²; both 1 to 100 ms |
/// | `ohara_rudy_2011` | `endo` | 500 or 1000 ms | 35 %: −80 to −10 A/F, 0.5 to 1 ms; 25 %: −16 to −2 A/F, 1 to 5 ms; 40 %: −4 to −0.2 A/F, 5 to 100 ms |
///
/// The first two are inferred from statistics that the authors released with their code. How O'Hara–Rudy's
/// pulses were drawn is not known: here they are of three kinds, each with the threshold inside its box, and
/// no stronger than pacing is (80 A/F for 1 ms, where 40 A/F ms are usual). What the network sees of
/// O'Hara–Rudy's current is its mean between points, since such pulses may lie between two of them.
///
/// `points` points have equal distances from 0 on, without the end of the interval, so that a multiple
/// of them is a finer grid that holds them all. Rosenbrock's method Rodas5P at a relative tolerance of 10⁻⁸.
///
/// `end` is the end of the interval. Targets are all states that the model has, in its order.
///
/// # Errors
/// [`Error::BadRecipe`](crate::Error) for another model, and what the registry says of an unknown variant.
pub fn pellegrini_pulses(
    model: &str,
    end: f64,
    points: u64,
    samples: u64,
    seed: u64,
) -> Result<Recipe, crate::Error> {
    // Share, amplitude, length.
    type Pulses = (f64, (f64, f64), (f64, f64));
    let (variant, boxes, seen): (&str, Vec<Pulses>, Input) = match model {
        "fitzhugh_nagumo" => (
            "pavia",
            vec![(0.18, (0.0, 0.014), (1.0, 100.0)), (0.82, (0.03, 2.0), (1.0, 100.0))],
            Input::Stimulus,
        ),
        "hodgkin_huxley_1952" => (
            "squid_1952",
            vec![(0.86, (2.0, 10.0), (1.0, 100.0)), (0.14, (45.0, 200.0), (1.0, 100.0))],
            Input::Stimulus,
        ),
        "ohara_rudy_2011" => (
            "endo",
            vec![
                (0.35, (-80.0, -10.0), (0.5, 1.0)),
                (0.25, (-16.0, -2.0), (1.0, 5.0)),
                (0.4, (-4.0, -0.2), (5.0, 100.0)),
            ],
            Input::StimulusMean,
        ),
        other => {
            let text = format!(
                "no pulses are known for `{other}`; take fitzhugh_nagumo, hodgkin_huxley_1952 or ohara_rudy_2011"
            );
            return Err(crate::Error::bad_recipe("model", text));
        }
    };
    let entry = ionic_models::registry::find(model, Some(variant)).map_err(crate::Error::model("model"))?;
    let side = |of: Quantity, (low, high)| Range { of, low, high };
    let parts = boxes.into_iter().map(|(share, amplitude, length)| Part {
        share,
        ranges: vec![side(Quantity::StimulusAmplitude, amplitude), side(Quantity::StimulusDuration, length)],
    });
    // Amplitude and length stand for those that are drawn.
    let pulse = PulseTrain { start: 0.0, period: 2.0 * end, duration: 1.0, amplitude: 0.0, count: Some(1) };
    Ok(Recipe {
        format: RECIPE_FORMAT,
        model: ModelSpec {
            id: model.to_owned(),
            variant: Some(variant.to_owned()),
            parameters: BTreeMap::new(),
            initial: BTreeMap::new(),
            stimulus: StimulusSpec::PulseTrain(pulse),
        },
        sampling: Sampling::Mixture { samples, parts: parts.collect() },
        integrator: Integrator::Adaptive { method: Method::Rodas5P, rtol: 1e-8, atol: 1e-10 },
        t_start: 0.0,
        times: TimeGrid::Uniform { from: 0.0, to: end, points, ends: Ends::First },
        rows: Rows::AtTimes,
        columns: Columns {
            inputs: vec![seen],
            targets: entry.states.iter().map(|s| s.name.to_owned()).collect(),
        },
        seed,
    })
}
