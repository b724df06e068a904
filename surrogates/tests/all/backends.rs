//! The fused kernels against the tape, through whole trainings.

use std::ops::ControlFlow;

use crate::common;
use approx::assert_relative_eq;
use surrogates::{
    Activation, AdamConfig, Backend, DataNorm, DataTerm, MlpSpec, Sampling, TrainConfig, Trainer,
    Training as _, TrainingSet,
};

/// One step whose change of the parameters is proportional to the gradient: with so large an eps the
/// first step of Adam is −lr/eps times the gradient.
fn step(config: &TrainConfig, backend: Backend) -> (surrogates::Losses, Vec<f32>) {
    let adam = AdamConfig { learning_rate: 1e4, eps: 1e6, ..AdamConfig::default() };
    let config = TrainConfig { backend, adam, plateau: None, ..config.clone() };
    let mut trainer = Trainer::new(config, common::set()).unwrap();
    let before = trainer.network().parameters().to_vec();
    let losses = trainer.step().unwrap().0;
    let change = trainer.network().parameters().iter().zip(before).map(|(a, b)| (b - a) * 100.0);
    (losses, change.collect())
}

fn assert_equal_steps(config: &TrainConfig) {
    let (fused, by_fused) = step(config, Backend::Fused);
    let (tape, by_tape) = step(config, Backend::Tape);
    for (a, b) in [
        (fused.data, tape.data),
        (fused.physics, tape.physics),
        (fused.initial, tape.initial),
        (fused.total, tape.total),
    ] {
        assert_relative_eq!(a, b, max_relative = 2e-5, epsilon = 1e-12);
    }
    let size = by_tape.iter().fold(1.0f32, |s, g| s.max(g.abs()));
    for (k, (a, b)) in by_fused.iter().zip(&by_tape).enumerate() {
        assert!((a - b).abs() < 5e-5 * size, "{}, parameter {k}: {a} instead of {b}", config.network);
    }
}

#[test]
fn every_loss_and_activation_has_the_gradient_of_the_tape() {
    for activation in Activation::ALL {
        let network = MlpSpec::parse(1, &format!("{activation}12,{activation}7"), 2).unwrap();
        let data = TrainConfig { network: network.clone(), ..common::data_config() };
        let whole = Some(DataTerm { batch: 100, sampling: Sampling::Shuffled, weight: 0.6 });
        let physics = TrainConfig { network, ..common::physics_config() };
        assert_equal_steps(&data);
        assert_equal_steps(&TrainConfig { data: whole.clone(), ..data.clone() });
        assert_equal_steps(&physics);
        let data_norm = DataNorm::Euclidean;
        assert_equal_steps(&TrainConfig { data_norm, ..data.clone() });
        assert_equal_steps(&TrainConfig { data_norm, ..physics.clone() });
        assert_equal_steps(&TrainConfig { data: whole, residual_scale: vec![2.0, 0.5], ..physics.clone() });
        assert_equal_steps(&TrainConfig { initial: None, ..physics.clone() });
        assert_equal_steps(&TrainConfig { physics: Vec::new(), ..physics });
    }
}

#[test]
fn the_backend_is_chosen_by_the_widest_layer() {
    let spec = |text: &str| MlpSpec::parse(1, text, 2).unwrap();
    assert_eq!(Backend::Auto.resolve(&spec("SiLU128")), Backend::Fused);
    assert_eq!(Backend::Auto.resolve(&spec("SiLU8,SiLU129")), Backend::Tape);
    assert_eq!(Backend::Fused.resolve(&spec("SiLU129")), Backend::Fused);
    assert_eq!(Backend::Tape.resolve(&spec("SiLU1")), Backend::Tape);
}

#[test]
fn both_backends_learn_alike() {
    let error = |backend| {
        let config = TrainConfig { backend, ..common::physics_config() };
        let mut trainer = Trainer::new(config, common::set()).unwrap();
        let _ = trainer.run(3000, |_, _| ControlFlow::Continue(())).unwrap();
        trainer.validate().unwrap().unwrap().mean
    };
    let (fused, tape) = (error(Backend::Fused), error(Backend::Tape));
    // Rounding grows along a training: the weights differ, what was learned does not.
    assert_relative_eq!(fused, tape, max_relative = 0.3);
}

/// The whole data set in each batch is normalised once and must not be lost.
#[test]
fn a_whole_batch_stays() {
    let data = Some(DataTerm { batch: 9, sampling: Sampling::Shuffled, weight: 1.0 });
    let config = TrainConfig { data, ..common::data_config() };
    let set = TrainingSet { validation: None, ..common::set() };
    let losses = |backend| {
        let mut trainer = Trainer::new(TrainConfig { backend, ..config.clone() }, set.clone()).unwrap();
        [(); 20].map(|()| trainer.step().unwrap().0.data)
    };
    for (a, b) in losses(Backend::Fused).iter().zip(losses(Backend::Tape)) {
        assert_relative_eq!(*a, b, max_relative = 1e-4);
    }
}

#[test]
fn a_checkpoint_belongs_to_its_backend_and_old_files_to_the_tape() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let tape = TrainConfig { backend: Backend::Tape, ..common::data_config() };
    Trainer::new(tape.clone(), common::set()).unwrap().save(&path).unwrap();
    let auto = TrainConfig { backend: Backend::Auto, ..tape.clone() };
    let error = Trainer::resume(&path, auto, common::set()).err().unwrap().to_string();
    assert!(error.contains("backend"), "{error}");
    let mut json = serde_json::to_value(&tape).unwrap();
    json.as_object_mut().unwrap().remove("backend").unwrap();
    assert_eq!(serde_json::from_value::<TrainConfig>(json).unwrap(), tape);
}
