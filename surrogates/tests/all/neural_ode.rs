//! The training loop of neural ODEs: what it learns, its checkpoints.

#[path = "../common/neural_odes.rs"]
mod small;

use std::ops::ControlFlow;

use small::{Fast, config, field, window};
use surrogates::neural_map::Decay;
use surrogates::neural_ode::{
    Adjoint, OdeConfig, OdeMethod, OdeSpec, OdeTrainer, OnDivergence, Pace, Phase, PhysicsLoss, ResidualAt,
    ResidualScale, Window,
};
use surrogates::{AdamConfig, Checkpoint, Error, Normalization, SystemField, Training as _, VectorField};

#[test]
fn a_network_learns_the_equations_from_a_window_and_shooting() {
    let window = window(201);
    let phases = vec![
        Phase { segments: 20, ..Phase::whole(200) },
        Phase { iterations: 100, window: 1.0, segments: 4, learn_starts: true, continuity: 1.0 },
        Phase { window: 0.5, ..Phase::whole(100) },
        Phase::whole(600),
    ];
    let mut config = config(&window, phases);
    config.physics.as_mut().unwrap().at = ResidualAt::Observations;
    let mut trainer = OdeTrainer::new(config, window, Some(field())).unwrap();
    let _ = trainer.run(1000, |_, _| ControlFlow::Continue(())).unwrap();
    let last = trainer.history().last().unwrap().losses;
    // One and four before the first iteration.
    assert!(last.data < 5e-3 && last.physics < 5e-2, "{last:?}");
}

#[test]
fn a_resumed_training_is_the_uninterrupted_one_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ode.safetensors");
    let window = window(61);
    let phases = vec![
        Phase { window: 0.5, ..Phase::whole(15) },
        Phase { iterations: 30, window: 1.0, segments: 3, learn_starts: true, continuity: 0.5 },
    ];
    let config = config(&window, phases);
    let new = || OdeTrainer::new(config.clone(), window.clone(), Some(field())).unwrap();
    let run = |t: &mut OdeTrainer, until| {
        let _ = t.run(until, |_, _| ControlFlow::Continue(())).unwrap();
    };
    for stop in [7, 15, 31] {
        let (mut whole, mut first) = (new(), new());
        run(&mut whole, 45);
        run(&mut first, stop);
        first.save(&path).unwrap();
        let mut second = OdeTrainer::resume(&path, config.clone(), window.clone(), Some(field())).unwrap();
        run(&mut second, 45);
        assert_eq!(whole.network(), second.network(), "stopped at {stop}");
        assert_eq!(whole.starts(), second.starts());
        assert_eq!(whole.history(), second.history());
        second.save(&path).unwrap();
        let read = Checkpoint::<OdeTrainer>::open(&path).unwrap();
        assert_eq!((read.network(), read.iteration()), (whole.network(), 45));
    }
    let other = OdeConfig { clip: Some(1.0), ..config.clone() };
    let error = OdeTrainer::resume(&path, other, window.clone(), Some(field())).err().unwrap().to_string();
    assert!(error.contains("clip"), "{error}");
    let noisy = window.clone().with_noise(0.1, 1).unwrap();
    let error = OdeTrainer::resume(&path, config.clone(), noisy, Some(field())).err().unwrap();
    assert!(matches!(error, Error::OtherTraining { .. }));
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(Checkpoint::<OdeTrainer>::open(&path), Err(Error::BadCheckpoint { .. })));
}

#[test]
fn the_weight_of_the_physics_rises_and_falls() {
    let window = window(21);
    let mut config = config(&window, vec![Phase::whole(11)]);
    let physics = config.physics.as_mut().unwrap();
    (physics.weight, physics.warm_up, physics.decay) = (2.0, 0.5, Decay::Exponential(0.25));
    let mut trainer = OdeTrainer::new(config, window, Some(field())).unwrap();
    let mut weights = vec![trainer.weight()];
    for _ in 0..10 {
        trainer.step().unwrap();
        weights.push(trainer.weight());
    }
    assert_eq!((weights[0], weights[5], weights[10]), (0.0, 1.0, 0.5));
}

#[test]
fn wide_rows_are_single_rows() {
    let (wide, single) = (field(), SystemField::new(Fast, 0, "fast"));
    let times: Vec<f64> = (0..13).map(f64::from).collect();
    let u: Vec<f64> = (0..26).map(|i| (f64::from(i) * 0.7).sin()).collect();
    let mut found = (vec![0.0; 26], vec![0.0; 52]);
    let mut expected = found.clone();
    wide.evaluate_rows(&times, &u, &mut found.0, &mut found.1);
    single.evaluate_rows(&times, &u, &mut expected.0, &mut expected.1);
    for (a, b) in found.0.iter().chain(&found.1).zip(expected.0.iter().chain(&expected.1)) {
        assert!((a - b).abs() < 1e-14, "{a} {b}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let window = window(21);
    let base = config(&window, vec![Phase::whole(5)]);
    let phase = |p: Phase| OdeConfig { phases: vec![p], ..base.clone() };
    let whole = Phase::whole(5);
    for (what, config) in [
        ("phases", OdeConfig { phases: Vec::new(), ..base.clone() }),
        ("window", phase(Phase { window: 0.0, ..whole })),
        ("segments", phase(Phase { segments: 21, ..whole })),
        ("continuity", phase(Phase { continuity: -1.0, ..whole })),
        ("pace", OdeConfig { pace: Pace::Steps(0), ..base.clone() }),
        ("clip", OdeConfig { clip: Some(f64::NAN), ..base.clone() }),
        ("adjoint", OdeConfig { adjoint: Adjoint::Checkpointed(0), ..base.clone() }),
    ] {
        let error = OdeTrainer::new(config, window.clone(), Some(field())).err().unwrap().to_string();
        assert!(error.contains(what), "{what}: {error}");
    }
    assert!(OdeTrainer::new(base.clone(), window.clone(), None).is_err(), "a physics term needs equations");
    assert!(Window::new(2, 0.0, 0.1, vec![1.0, f64::NAN, 0.0, 0.0]).is_err());
    assert!(Window::new(2, 0.0, 0.0, vec![0.0; 4]).is_err());
    assert!(Window::new(2, 0.0, 0.1, vec![0.0; 5]).is_err());
    assert!(window.with_noise(f64::INFINITY, 1).is_err());
}
