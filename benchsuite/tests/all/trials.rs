//! Whole trials of every class and kind, small: they end with a judged file, and a stopped one goes on
//! as if it had not been.

use std::path::Path;

use benchsuite::Error;
use benchsuite::interrupt::Stop;
use benchsuite::trial::{
    self, Class, Domain, Extra, ExtraRule, Problem, Scaling, Schedule, Times, TrialResult, TrialSpec,
};

fn spec(problem: Problem, class: Class, layers: &str) -> TrialSpec {
    TrialSpec {
        experiment: "TEST".into(),
        problem,
        class,
        layers: layers.into(),
        batch: 32,
        physics_batch: None,
        iterations: 600,
        seed: 3,
        t_end: None,
        samples: Some(if class == Class::Itnn { 2000 } else { 40 }),
        delta_t: None,
        windows: None,
        validate_every: Some(200),
        scaling: Scaling::Domain,
        schedule: Schedule::Printed,
        loss: surrogates::DataNorm::Squared,
        times: Times::Random,
        domain: Domain::Printed,
        extra: None,
    }
}

fn run(spec: &TrialSpec, folder: &Path) -> TrialResult {
    trial::run(spec, &folder.join(spec.id()), &folder.join("data"), Stop::new(), &mut |_| {}).unwrap()
}

#[test]
fn every_class_trains_and_is_judged_against_both_solutions() {
    let folder = tempfile::tempdir().unwrap();
    for problem in [Problem::BS, Problem::BC, Problem::C] {
        for class in Class::ALL {
            let spec = spec(problem, class, "SiLU8,Sin8");
            let result = run(&spec, folder.path());
            let inputs = 2 + usize::from(class != Class::Itnn) + usize::from(problem == Problem::C);
            assert_eq!(result.parameters, (inputs + 1) * 8 + 9 * 8 + 9 * 2);
            assert_eq!((result.iterations, result.neurons), (600, 16));
            assert_eq!(result.courses[0].iteration, [200, 400, 600]);
            let scores = result.scores;
            for errors in [scores.euler, scores.accurate] {
                // Nothing is perfect after 600 iterations. The equations come before the data: with them a
                // network has learned less of these by then.
                let most = if class.is_informed() || class.is_denser() { 1.5 } else { 0.6 };
                assert!((1e-4..most).contains(&errors.mean) && errors.max >= errors.mean, "{}", result.id);
            }
            // Euler with step 0.01 is near the solution, so the two means are near each other.
            assert!((scores.euler.mean - scores.accurate.mean).abs() < 0.02, "{}", result.id);
            assert_eq!(result.one_step.is_some(), class == Class::Itnn);
            if let Some(step) = result.one_step {
                assert_eq!((step.samples, scores.samples), (200, 200 * 25));
            }
            // The second call trains nothing.
            assert_eq!(run(&spec, folder.path()), result);
        }
    }
}

#[test]
fn a_stopped_trial_resumes_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = spec(Problem::BS, Class::PinnA, "SiLU16,Tanh16");
    spec.iterations = 1000;
    spec.windows = Some(2);
    let whole = run(&spec, &folder.path().join("whole"));

    let (at, data) = (folder.path().join("stopped"), folder.path().join("whole/data"));
    let run = |stop| trial::run(&spec, &at, &data, stop, &mut |_| {});
    // Stopped before it begins, it does one block of iterations each time: within the first window,
    // between validations, and within the second.
    for _ in 0..13 {
        let stop = Stop::new();
        stop.request();
        match run(stop) {
            Err(Error::TrialStopped(folder)) => assert!(folder.starts_with(&at)),
            other => panic!("{other:?}"),
        }
        assert!(!at.join("result.json").exists());
    }
    let resumed = run(Stop::new()).unwrap();
    assert_eq!(resumed.onnx_sha256, whole.onnx_sha256);
    assert_eq!((resumed.scores, &resumed.courses), (whole.scores, &whole.courses));
    assert_eq!(resumed.onnx_sha256.len(), 2);
}

#[test]
fn a_network_of_a_short_domain_is_used_again_and_extra_data_are_learned() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = spec(Problem::BC, Class::Ddnn, "Tanh8");
    spec.t_end = Some(5.0);
    let plain = run(&spec, folder.path());
    let reused = plain.reused.unwrap();
    assert_eq!(reused.samples, plain.scores.samples);
    assert!(reused.euler.mean.is_finite() && reused.euler.mean > 0.5 * plain.scores.euler.mean);
    spec.extra = Some(Extra {
        rule: ExtraRule::TopShare(0.1),
        scout: "Tanh4".into(),
        scout_iterations: 100,
        samples: 30,
        radius: 0.05,
        batch: 8,
        weight: 1.0,
    });
    let denser = run(&spec, folder.path());
    assert_ne!(denser.onnx_sha256, plain.onnx_sha256);
    assert!(denser.datasets.contains_key("extra") && !plain.datasets.contains_key("extra"));
    assert_eq!(denser.datasets["train"], plain.datasets["train"]);
}

#[test]
fn a_result_that_is_not_the_trials_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = spec(Problem::BS, Class::Ddnn, "Tanh4");
    let at = folder.path().join("trial");
    let data = folder.path().join("data");
    let run = |spec: &TrialSpec| trial::run(spec, &at, &data, Stop::new(), &mut |_| {});
    run(&first).unwrap();
    let other = TrialSpec { seed: 4, ..first.clone() };
    assert!(matches!(run(&other), Err(Error::Damaged { .. })));
    let model = at.join("model.onnx");
    let mut bytes = std::fs::read(&model).unwrap();
    bytes.push(0);
    std::fs::write(&model, bytes).unwrap();
    assert!(run(&first).unwrap_err().to_string().contains("SHA-256"));
    assert!(matches!(run(&TrialSpec { batch: 0, ..first }), Err(Error::BadTrial { .. })));
}
