//! Training lowers the error, reports what it does, and stops where it must.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::common;
use surrogates::{
    DataTerm, Error, InitialTerm, InitialValue, MlpSpec, Normalization, PhysicsTerm, Samples, Sampling,
    TrainConfig, Trainer, Training as _, TrainingSet, VectorField,
};

fn train(config: TrainConfig, iterations: u64) -> Trainer {
    let mut trainer = Trainer::new(config, common::set()).unwrap();
    let end = trainer.run(iterations, |_, _| ControlFlow::Continue(())).unwrap();
    assert!(end.is_continue());
    trainer
}

#[test]
fn equations_make_up_for_scarce_data() {
    let error = |config: &TrainConfig, iterations| {
        let train = Some(common::trajectory(1000, common::END));
        let mut trainer = Trainer::new(config.clone(), TrainingSet { train, ..common::set() }).unwrap();
        let _ = trainer.run(iterations, |_, _| ControlFlow::Continue(())).unwrap();
        trainer.validate().unwrap().unwrap().mean
    };
    let fast = |mut config: TrainConfig| {
        config.adam.learning_rate = 3e-3;
        config
    };
    let before = error(&common::data_config(), 0);
    let data = error(&fast(common::data_config()), 30_000);
    let physics = error(&fast(common::physics_config()), 30_000);
    assert!(data < 0.2 * before, "data alone: {before} to {data}");
    assert!(physics < 0.35 * data, "with the equations: {physics}, without: {data}");
}

#[test]
fn every_iteration_reports_and_the_history_keeps_every_hundredth() {
    let mut trainer = Trainer::new(common::physics_config(), common::set()).unwrap();
    let mut seen = Vec::new();
    let mut calls = 0;
    let end = trainer.run(1000, |t, record| {
        calls += 1;
        assert_eq!(t.iteration(), calls);
        seen.extend(record.copied());
        if t.iteration() == 250 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(end.unwrap().is_break());
    assert_eq!((calls, trainer.iteration()), (250, 250));
    assert_eq!(seen, trainer.history());
    assert_eq!(seen.iter().map(|r| r.iteration).collect::<Vec<_>>(), [100, 200]);
    let r = seen[1];
    let l = r.losses;
    // Both regions have weight 0.1, data and initial state weight 1.
    let total = l.data + l.initial + 0.1 * l.physics;
    assert!((l.total - total).abs() < 1e-12 * total, "{l:?}");
    assert!(l.data > 0.0 && l.physics > 0.0 && l.initial > 0.0);
    let validation = r.validation.unwrap();
    assert!(validation.mean > 0.0 && validation.mean < validation.max);
    assert!(r.learning_rate <= 1e-3 && r.learning_rate > 9e-4);
}

#[test]
fn a_run_in_pieces_equals_a_run_at_once() {
    let whole = train(common::physics_config(), 300);
    let mut pieces = Trainer::new(common::physics_config(), common::set()).unwrap();
    for until in [1, 7, 150, 150, 300] {
        let _ = pieces.run(until, |_, _| ControlFlow::Continue(())).unwrap();
    }
    assert_eq!(whole.network(), pieces.network());
    assert_eq!(whole.history(), pieces.history());
}

#[test]
fn the_seed_decides() {
    let other = TrainConfig { seed: 4, ..common::physics_config() };
    assert_ne!(train(common::physics_config(), 3).network(), train(other, 3).network());
}

/// Equations that give NaN above a certain time.
struct Torn;

impl VectorField for Torn {
    fn dim(&self) -> usize {
        2
    }
    fn identity(&self) -> String {
        "torn".to_owned()
    }
    fn evaluate(&self, x: &[f64], _: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        f.fill(if x[0] > 3.95 { f64::NAN } else { 0.0 });
        jacobian.fill(0.0);
    }
}

#[test]
fn nan_is_caught_at_its_iteration_and_the_network_is_kept() {
    let set = TrainingSet { field: Some(Arc::new(Torn)), ..common::set() };
    let mut trainer = Trainer::new(common::physics_config(), set).unwrap();
    let mut last = trainer.network().clone();
    let error = trainer
        .run(1000, |t, _| {
            last = t.network().clone();
            ControlFlow::Continue(())
        })
        .unwrap_err();
    let Error::NotFinite { iteration, ref what, value } = error else { panic!("{error}") };
    assert_eq!(iteration, trainer.iteration() + 1);
    assert_eq!(what, "the physics loss");
    assert!(value.is_nan());
    assert_eq!(*trainer.network(), last);
    assert!(error.to_string().contains("learning rate"), "{error}");
}

#[test]
fn a_learning_rate_that_explodes_is_caught() {
    let mut config = common::data_config();
    config.adam.learning_rate = 1e30;
    let mut trainer = Trainer::new(config, common::set()).unwrap();
    let error = trainer.run(1000, |_, _| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    assert!(trainer.network().parameters().iter().all(|p| p.is_finite()));
}

#[test]
fn physics_and_initial_state_alone_are_enough() {
    let config = TrainConfig { data: None, ..common::physics_config() };
    let set = TrainingSet { train: None, ..common::set() };
    let mut trainer = Trainer::new(config, set).unwrap();
    let first = trainer.step().unwrap().0;
    let _ = trainer.run(2000, |_, _| ControlFlow::Continue(())).unwrap();
    let last = trainer.step().unwrap().0;
    assert_eq!(first.data, 0.0);
    assert!(last.total < 0.2 * first.total, "{first:?} to {last:?}");
}

/// A network whose second input is the initial state: du/dt = −u, u(0) = the input.
struct Decay;

impl VectorField for Decay {
    fn dim(&self) -> usize {
        1
    }
    fn identity(&self) -> String {
        "decay".to_owned()
    }
    fn evaluate(&self, _: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        f[0] = -u[0];
        jacobian[0] = -1.0;
    }
}

#[test]
fn initial_states_may_be_inputs() {
    let network = MlpSpec::parse(2, "Tanh16,Tanh16", 1).unwrap();
    let domain = vec![(1.0, 2.0), (0.0, 1.0)];
    let config = TrainConfig {
        data: None,
        input: Normalization::from_domain(&[(-1.0, 3.0), (0.0, 2.0)]).unwrap(),
        // Time is the second input.
        time_input: 1,
        physics: vec![PhysicsTerm { batch: 32, domain, weight: 1.0 }],
        initial: Some(InitialTerm {
            batch: 16,
            domain: vec![(1.0, 2.0), (0.0, 0.0)],
            values: vec![InitialValue::Input(0)],
            weight: 1.0,
        }),
        ..TrainConfig::data_driven(network, 1)
    };
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for i in 0..25 {
        let (u0, t) = (1.0 + (i / 5) as f32 / 4.0, (i % 5) as f32 / 4.0);
        x.extend([u0, t]);
        y.push(u0 * (-t).exp());
    }
    let validation = Some(Samples::new(2, 1, x, y).unwrap());
    let set = TrainingSet { validation, field: Some(Arc::new(Decay)), ..TrainingSet::default() };
    let mut trainer = Trainer::new(config, set).unwrap();
    let _ = trainer.run(4000, |_, _| ControlFlow::Continue(())).unwrap();
    let error = trainer.validate().unwrap().unwrap();
    assert!(error.max < 0.05, "{error:?}");
}

#[test]
fn settings_out_of_range_are_named() {
    type Change = fn(&mut TrainConfig);
    let named = |change: Change, set: TrainingSet| {
        let mut config = common::physics_config();
        change(&mut config);
        Trainer::new(config, set).err().expect("this must not be accepted").to_string()
    };
    let cases: [(Change, &str); 14] = [
        (|c| c.validate_every = 0, "validate_every"),
        (|c| c.time_input = 1, "time_input"),
        (|c| c.adam.learning_rate = f64::NAN, "adam.learning_rate"),
        (|c| c.adam.beta2 = 1.0, "adam.beta2"),
        (|c| c.data.as_mut().unwrap().batch = 0, "data.batch"),
        (|c| c.data.as_mut().unwrap().weight = -1.0, "data.weight"),
        (|c| c.physics[1].domain[0] = (2.0, 1.0), "physics[1].domain[0]"),
        (|c| c.physics[0].domain.clear(), "physics[0].domain"),
        (|c| c.initial.as_mut().unwrap().values[1] = InitialValue::Input(1), "initial.values[1]"),
        (|c| c.initial.as_mut().unwrap().values[0] = InitialValue::Fixed(f64::NAN), "initial.values[0]"),
        (|c| c.residual_scale = vec![1.0, 0.0], "residual_scale[1]"),
        (|c| c.plateau.as_mut().unwrap().factor = 1.5, "plateau.factor"),
        (|c| c.network.hidden[0].width = 0, "width of a hidden layer"),
        (|c| c.network.outputs = 3, "output"),
    ];
    for (change, name) in cases {
        let message = named(change, common::set());
        assert!(message.contains(name), "{name}: {message}");
    }
    let message = named(|_| (), TrainingSet { field: None, ..common::set() });
    assert!(message.contains("equations"), "{message}");
    let message = named(|_| (), TrainingSet { train: None, ..common::set() });
    assert!(message.contains("samples"), "{message}");
    let wide = Samples::new(2, 2, vec![0.0; 4], vec![0.0; 4]).unwrap();
    let message = named(|_| (), TrainingSet { train: Some(wide), ..common::set() });
    assert!(message.contains("columns of inputs"), "{message}");
    let nothing = |c: &mut TrainConfig| {
        c.data = None;
        c.initial = None;
        c.physics.clear();
    };
    assert!(named(nothing, common::set()).contains("no term"));
}

#[test]
fn samples_are_checked() {
    assert!(matches!(Samples::new(1, 1, vec![], vec![]), Err(Error::Empty { .. })));
    assert!(matches!(Samples::new(0, 1, vec![1.0], vec![1.0]), Err(Error::Empty { .. })));
    assert!(matches!(Samples::new(2, 1, vec![1.0; 3], vec![1.0]), Err(Error::BadLength { .. })));
    assert!(matches!(Samples::new(1, 1, vec![1.0; 3], vec![1.0; 2]), Err(Error::BadLength { .. })));
    let error = Samples::new(1, 2, vec![1.0; 2], vec![1.0, 2.0, 3.0, f32::NAN]).unwrap_err();
    assert!(matches!(error, Error::NotFiniteData { row: 1, column: 1, .. }), "{error}");
}

/// Which rows one epoch takes, seen through a network that cannot learn: the loss of a batch of one.
#[test]
fn shuffled_batches_take_every_sample_before_any_twice() {
    let rows = 10;
    let y: Vec<f32> = (0..rows).map(|i| 1.0 + i as f32).collect();
    let set = TrainingSet {
        train: Some(Samples::new(1, 1, vec![0.0; rows], y).unwrap()),
        ..TrainingSet::default()
    };
    for sampling in [Sampling::Shuffled, Sampling::Replacement] {
        let mut config = TrainConfig::data_driven(MlpSpec::parse(1, "", 1).unwrap(), 0);
        config.data = Some(DataTerm { batch: 1, sampling, weight: 1.0 });
        config.adam.learning_rate = 1e-30;
        let mut trainer = Trainer::new(config, set.clone()).unwrap();
        let mut epoch = || {
            let losses: Vec<f64> = (0..rows).map(|_| trainer.step().unwrap().0.data).collect();
            let mut sorted = losses.clone();
            sorted.sort_by(f64::total_cmp);
            sorted.dedup();
            (losses, sorted.len())
        };
        let (first, second) = (epoch(), epoch());
        assert_ne!(first.0, second.0);
        let distinct = first.1.min(second.1);
        assert_eq!(sampling == Sampling::Shuffled, distinct == rows, "{sampling:?}: {distinct}");
    }
}

#[test]
fn a_trainer_can_move_to_another_thread() {
    fn send<T: Send>() {}
    send::<Trainer>();
}
