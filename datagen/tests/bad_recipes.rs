//! Recipes that cannot be cooked: typed errors that name the place, no panic.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use common::{initial, parameter, small};
use datagen::*;
use ionic_models::{PulseTrain, StimulusSpec};
use ode_solvers::Method;
use proptest::prelude::*;

/// The message of the error that the changed recipe gives, from `check` and `generate` alike.
fn refused(change: impl FnOnce(&mut Recipe)) -> String {
    let mut recipe = small();
    change(&mut recipe);
    let error = recipe.check().expect_err("the recipe is bad");
    let same = recipe.generate().expect_err("the recipe is bad");
    assert_eq!(error.to_string(), same.to_string());
    error.to_string()
}

#[track_caller]
fn says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{message}` does not say `{part}`");
    }
}

#[test]
fn a_good_recipe_passes() {
    small().check().unwrap();
}

#[test]
fn unknown_names() {
    says(&refused(|r| r.model.id = "fitzhugh_nagumoo".into()), &["fitzhugh_nagumoo", "fitzhugh_nagumo"]);
    says(&refused(|r| r.model.variant = Some("pavlova".into())), &["pavlova", "werneck"]);
    says(
        &refused(|r| assert_eq!(r.model.initial.insert("V".into(), 0.0), None)),
        &["model.initial", "`V`", "U, W"],
    );
    says(
        &refused(|r| assert_eq!(r.model.parameters.insert("g".into(), 0.0), None)),
        &["model.parameters", "`g`", "alpha"],
    );
    says(&refused(|r| r.columns.targets = vec!["X".into()]), &["columns.targets", "`X`", "U, W"]);
    says(
        &refused(|r| r.columns.inputs = vec![Input::Quantity(parameter("zeta"))]),
        &["columns.inputs", "zeta"],
    );
    says(
        &refused(|r| {
            r.sampling = Sampling::Grid { axes: vec![Axis { of: initial("Y"), values: vec![1.0] }] }
        }),
        &["sampling", "`Y`"],
    );
}

#[test]
fn numbers_that_cannot_be_used() {
    for bad in [-0.01, 0.0, f64::NAN, f64::INFINITY] {
        let message =
            refused(|r| r.integrator = Integrator::Fixed { method: Method::ExplicitEuler, dt: bad });
        says(&message, &["integrator.dt", "positive"]);
        says(&refused(|r| r.rows = Rows::StepPairs { step: bad }), &["rows.step", "positive"]);
        let message =
            refused(|r| r.integrator = Integrator::Adaptive { method: Method::Tsit5, rtol: 1e-6, atol: bad });
        says(&message, &["integrator.atol"]);
    }
    let nan = f64::NAN;
    says(
        &refused(|r| assert_eq!(r.model.initial.insert("U".into(), nan), None)),
        &["model.initial.U", "NaN"],
    );
    says(
        &refused(|r| assert_eq!(r.model.parameters.insert("alpha".into(), nan), None)),
        &["model.parameters.alpha", "NaN"],
    );
    says(&refused(|r| r.model.stimulus = StimulusSpec::Constant(nan)), &["model.stimulus", "NaN"]);
    says(&refused(|r| r.t_start = nan), &["t_start", "NaN"]);
    says(&refused(|r| r.times = TimeGrid::Listed { times: vec![0.0, nan] }), &["times[1]", "NaN"]);
    says(
        &refused(|r| r.sampling = Sampling::Listed { of: vec![initial("U")], points: vec![vec![nan]] }),
        &["sampling.points[0][0]", "NaN"],
    );
    says(
        &refused(|r| r.integrator = Integrator::Adaptive { method: Method::Tsit5, rtol: -1.0, atol: 1e-6 }),
        &["integrator.rtol", "-1"],
    );
    says(
        &refused(|r| {
            r.integrator = Integrator::Adaptive { method: Method::ExplicitEuler, rtol: 1e-6, atol: 1e-6 }
        }),
        &["integrator.method", "euler"],
    );
    let pulses = PulseTrain { start: 0.0, period: 1.0, duration: 2.0, amplitude: 1.0, count: None };
    says(&refused(|r| r.model.stimulus = StimulusSpec::PulseTrain(pulses)), &["model.stimulus", "period"]);
}

#[test]
fn ranges_that_are_empty_or_reversed() {
    for (low, high) in [(1.0, 0.0), (0.5, 0.5), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        let message = refused(|r| {
            r.sampling =
                Sampling::Uniform { samples: 3, ranges: vec![Range { of: initial("U"), low, high }] };
        });
        says(&message, &["sampling.ranges[0] (U_0)"]);
        says(
            &refused(|r| r.times = TimeGrid::Uniform { from: low, to: high, points: 3, ends: Ends::Both }),
            &["times"],
        );
        says(&refused(|r| r.times = TimeGrid::Random { from: low, to: high, points: 3 }), &["times"]);
    }
}

#[test]
fn nothing_to_do() {
    let ranges = || vec![Range { of: initial("U"), low: 0.0, high: 1.0 }];
    says(
        &refused(|r| r.sampling = Sampling::Uniform { samples: 0, ranges: ranges() }),
        &["sampling", "trajectory"],
    );
    says(
        &refused(|r| r.sampling = Sampling::Uniform { samples: 3, ranges: vec![] }),
        &["sampling", "single"],
    );
    says(&refused(|r| r.sampling = Sampling::Grid { axes: vec![] }), &["sampling"]);
    says(
        &refused(|r| r.sampling = Sampling::Grid { axes: vec![Axis { of: initial("U"), values: vec![] }] }),
        &["sampling.axes[0]", "no values"],
    );
    says(
        &refused(|r| r.sampling = Sampling::Listed { of: vec![initial("U")], points: vec![] }),
        &["sampling", "at least one"],
    );
    says(&refused(|r| r.times = TimeGrid::Listed { times: vec![] }), &["times", "at least one"]);
    says(&refused(|r| r.times = TimeGrid::Random { from: 0.0, to: 1.0, points: 0 }), &["times"]);
    says(&refused(|r| r.columns.inputs.clear()), &["columns.inputs"]);
    says(&refused(|r| r.columns.targets.clear()), &["columns.targets"]);
}

#[test]
fn things_that_do_not_fit_together() {
    says(&refused(|r| r.columns.targets = vec!["U".into(), "U".into()]), &["columns", "`U`"]);
    says(&refused(|r| r.columns.inputs = vec![Input::State("U".into())]), &["columns.inputs", "step pairs"]);
    says(&refused(|r| r.t_start = 0.5), &["t_start"]);
    says(&refused(|r| r.times = TimeGrid::Listed { times: vec![1.0, 0.5] }), &["times[1]", "0.5"]);
    says(&refused(|r| r.times = TimeGrid::Listed { times: vec![-1.0] }), &["times[0]", "before t_start"]);
    says(
        &refused(|r| r.times = TimeGrid::Uniform { from: 0.0, to: 1.0, points: 1, ends: Ends::Both }),
        &["times", "both ends"],
    );
    says(
        &refused(|r| {
            r.model.stimulus = StimulusSpec::None;
            r.columns.inputs = vec![Input::Quantity(Quantity::StimulusAmplitude)];
        }),
        &["columns.inputs", "stimulus"],
    );
    says(
        &refused(|r| r.sampling = Sampling::Listed { of: vec![initial("U")], points: vec![vec![0.1, 0.2]] }),
        &["sampling.points[0]", "2 numbers"],
    );
    says(
        &refused(|r| {
            r.sampling =
                Sampling::Listed { of: vec![initial("U"), initial("U")], points: vec![vec![0.1, 0.2]] };
        }),
        &["sampling", "twice"],
    );
    says(
        &refused(|r| {
            r.sampling = Sampling::Around {
                of: vec![initial("U")],
                centres: vec![vec![0.1]],
                half_widths: vec![-0.1],
                samples_each: 2,
            };
        }),
        &["sampling.half_widths[0]", "-0.1"],
    );
    says(&refused(|r| r.format = 99), &["99", "1"]);
}

#[test]
fn more_than_any_machine_holds() {
    for samples in [1 << 40, u64::MAX] {
        let message = refused(|r| {
            r.sampling =
                Sampling::Uniform { samples, ranges: vec![Range { of: initial("U"), low: 0.0, high: 1.0 }] };
            r.times = TimeGrid::Uniform { from: 0.0, to: 1.0, points: u64::MAX, ends: Ends::Neither };
        });
        says(&message, &["split it"]);
    }
    // A solver stops at both edges of every pulse, and one of these has 10²⁰ of them.
    let pulses = PulseTrain { start: 0.0, period: 1e-20, duration: 1e-21, amplitude: 1.0, count: None };
    let message = refused(|r| r.model.stimulus = StimulusSpec::PulseTrain(pulses));
    says(&message, &["model.stimulus", "lengthen the period"]);
    // A grid of billions is checked without listing it.
    let mut large = small();
    large.sampling = Sampling::Single;
    large.columns.inputs = vec![Input::Time];
    large.times = TimeGrid::Uniform { from: 0.0, to: 1.0, points: 1 << 30, ends: Ends::Last };
    large.check().unwrap();
    let axis = |name: &str| Axis::linear(parameter(name), 0.1, 1.0, 100_000);
    says(
        &refused(|r| {
            r.sampling = Sampling::Grid { axes: vec![axis("alpha"), axis("epsilon"), axis("beta")] }
        }),
        &["split it"],
    );
}

#[test]
fn values_outside_the_range_of_the_model_are_warned_of_and_used() {
    let mut recipe = small();
    assert_eq!(recipe.warnings().unwrap(), []);
    let range = |name: &str, low, high| Range { of: initial(name), low, high };
    recipe.sampling =
        Sampling::Uniform { samples: 2, ranges: vec![range("U", 0.0, 1e3), range("W", 0.0, 0.1)] };
    let outside = recipe.warnings().unwrap();
    assert_eq!(outside.iter().map(|w| (w.name, w.value)).collect::<Vec<_>>(), [("U", 1e3)]);
    recipe.sampling = Sampling::Around {
        of: vec![initial("U")],
        centres: vec![vec![-1e3]],
        half_widths: vec![1.0],
        samples_each: 1,
    };
    recipe.model.parameters.insert("alpha".into(), 1e6);
    let outside = recipe.warnings().unwrap();
    let named: Vec<_> = outside.iter().map(|w| (w.name, w.value)).collect();
    assert_eq!(named, [("alpha", 1e6), ("U", -1001.0), ("U", -999.0)]);
    recipe.check().unwrap();
    recipe.model.id = "none".into();
    assert!(recipe.warnings().is_err());
}

#[test]
fn text_that_is_no_recipe() {
    for text in ["", "{}", "[]", "null", "{\"format\":1}", "{\"format\":\"one\"}", "\u{0}"] {
        assert!(matches!(Recipe::from_json(text), Err(Error::RecipeJson(_))), "{text}");
    }
    let newer = small().to_json().replace("\"format\":1", "\"format\":2,\"novelty\":3");
    assert!(matches!(Recipe::from_json(&newer), Err(Error::RecipeFormat { found: 2 })));
    let extra = small().to_json().replacen('{', "{\"sed\":3,", 1);
    assert!(Recipe::from_json(&extra).unwrap_err().to_string().contains("sed"));
    let method = small().to_json().replace("\"euler\"", "\"eulr\"");
    assert!(Recipe::from_json(&method).unwrap_err().to_string().contains("eulr"));
}

#[test]
fn json_round_trip() {
    let mut recipe = small();
    recipe.integrator = Integrator::Adaptive { method: Method::Rodas5P, rtol: 1e-9, atol: 1.0 / 3.0 };
    recipe.seed = u64::MAX;
    recipe.model.initial.insert("U".into(), f64::MIN_POSITIVE);
    assert_eq!(Recipe::from_json(&recipe.to_json()).unwrap(), recipe);
    // Spelling does not matter: white space, order, whole numbers without a point.
    let pretty = serde_json::to_string_pretty(&serde_json::to_value(&recipe).unwrap()).unwrap();
    assert_eq!(Recipe::from_json(&pretty).unwrap().sha256(), recipe.sha256());
    let whole = recipe.to_json().replace("\"t_start\":0.0", "\"t_start\":0");
    assert_eq!(Recipe::from_json(&whole).unwrap().sha256(), recipe.sha256());
}

#[test]
fn recipe_hashes_stay_as_they_are() {
    // A data set is found by its recipe's hash: a change here orphans all that exist.
    assert_eq!(
        recipes::werneck_problem_a(10).to_json(),
        concat!(
            r#"{"columns":{"inputs":["time"],"targets":["U","W"]},"format":1,"integrator":{"dt":0.01,"#,
            r#""kind":"fixed","method":"euler"},"model":{"id":"fitzhugh_nagumo","initial":{"U":0.5,"#,
            r#""W":0.0},"parameters":{},"stimulus":"none","variant":"werneck"},"#,
            r#""rows":{"kind":"at_times"},"sampling":{"kind":"single"},"seed":0,"t_start":0.0,"#,
            r#""times":{"ends":"both","from":0.0,"kind":"uniform","points":10,"to":20.0}}"#,
        )
    );
    assert_eq!(
        recipes::werneck_problem_a(10).sha256(),
        "c2a878e62b315c81ab1b7373438974b2dfc479c9ff43701ad5679a64b88877c2"
    );
    assert_eq!(small().sha256(), "50c4755199d3bb6e21f3e3325c32fbe692f01735cc99c5963725edd95a5a40a2");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the numbers are, a recipe is either refused or gives finite rows.
    #[test]
    fn no_number_makes_it_panic(
        dt in prop_oneof![any::<f64>(), Just(0.05)],
        from in prop_oneof![any::<f64>(), Just(0.0)],
        to in prop_oneof![any::<f64>(), Just(1.0)],
        low in prop_oneof![any::<f64>(), Just(0.0)],
        high in prop_oneof![any::<f64>(), Just(1.0)],
        points in 0u64..4,
    ) {
        let mut recipe = small();
        // Keep the number of steps small: what is tested is the handling of numbers.
        let steps = (to - recipe.t_start) / dt;
        prop_assume!(steps.is_nan() || steps <= 1e4);
        recipe.integrator = Integrator::Fixed { method: Method::Heun, dt };
        recipe.times = TimeGrid::Uniform { from, to, points, ends: Ends::Last };
        recipe.sampling = Sampling::Uniform {
            samples: 2,
            ranges: vec![Range { of: initial("U"), low, high }],
        };
        if let Ok(data) = recipe.generate() {
            prop_assert!(data.values().iter().all(|v| v.is_finite()));
        }
    }
}

/// Rows without columns are no small data set: times that nobody could write down are not walked through.
#[test]
fn no_columns_at_endless_times() {
    for points in [1 << 62, u64::MAX] {
        let empty = |r: &mut Recipe| {
            (r.columns.inputs, r.columns.targets) = (Vec::new(), Vec::new());
            r.times = TimeGrid::Uniform { from: 0.0, to: 1.0, points, ends: Ends::Neither };
        };
        says(&refused(empty), &["columns.inputs", "no column"]);
    }
}
