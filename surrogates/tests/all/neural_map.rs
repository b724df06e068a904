//! The analytic Jacobian of maps against dual numbers; training by Adam; files.

use std::ops::ControlFlow;

use ode_solvers::Dual;
use ode_solvers::dynamics::{Map as _, Newton, fixed_point_of_map};
use proptest::prelude::*;
use surrogates::neural_map::{Decay, MapConfig, MapSpec, MapTrainer, NeuralMap, Pairs, mean_square_error};
use surrogates::{AdamConfig, Backend, Checkpoint, Error, Normalization, Training as _};

fn numbers(n: usize, c: f64) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * c + 0.3).cos()).collect()
}

fn normalization(n: usize, c: f64) -> Normalization {
    let scale = (0..n).map(|i| 0.5 + 0.4 * i as f32).collect();
    Normalization::new(numbers(n, c).iter().map(|x| *x as f32).collect(), scale).unwrap()
}

fn map(spec: MapSpec, seed: u64) -> NeuralMap {
    let (u, p) = (normalization(spec.states, 1.3), normalization(spec.parameters, 0.9));
    NeuralMap::random(spec, u, p, 0.005, 1.0, seed).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_jacobian_is_that_of_dual_numbers(
        states in 1usize..12, parameters in 0usize..3, width in 1usize..40, seed in 0u64..99,
    ) {
        let spec = MapSpec { states, parameters, width };
        let map = map(spec, seed);
        let (u, p) = (numbers(states, 0.4), numbers(parameters, 2.1));
        let at = map.at(&p).unwrap();
        let (mut v, mut j) = (vec![0.0; states], vec![0.0; states * states]);
        at.linearize(&u, &mut v, &mut j).unwrap();
        for k in 0..states {
            let x: Vec<Dual<1>> = u.iter().enumerate()
                .map(|(i, u)| if i == k { Dual::variable(*u, 0) } else { Dual::constant(*u) }).collect();
            let p: Vec<Dual<1>> = p.iter().map(|p| Dual::constant(*p)).collect();
            let mut y = vec![Dual::constant(0.0); states];
            map.apply(&p, &x, &mut y);
            for i in 0..states {
                prop_assert!((y[i].v - v[i]).abs() < 1e-13 * (1.0 + v[i].abs()));
                prop_assert!((y[i].d[0] - j[i + k * states]).abs() < 1e-12, "{i} {k}");
            }
        }
    }
}

#[test]
fn a_sub_network_of_the_publication_has_701_parameters() {
    let spec = MapSpec { states: 3, parameters: 1, width: 100 };
    assert_eq!((spec.parameters_each(), spec.total_parameters()), (701, 2103));
}

/// Rotation by 0.2 a step that is damped by `p`, around (1, −2).
pub(crate) fn spiral() -> Pairs {
    let (mut inputs, mut next) = (Vec::new(), Vec::new());
    for i in 0..1500 {
        let (r, phi, p) =
            (0.3 + 0.001 * f64::from(i), 1.7 * f64::from(i), 0.9 + 0.1 * (f64::from(i) * 0.77).sin());
        let at = |r: f64, phi: f64| [1.0 + r * phi.cos(), -2.0 + r * phi.sin()];
        inputs.extend(at(r, phi));
        inputs.push(p);
        next.extend(at(r * p, phi + 0.2));
    }
    Pairs::new(2, 1, inputs, next).unwrap()
}

fn spiral_config(backend: Backend, epochs: u64) -> MapConfig {
    let pairs = spiral();
    let (state, control) = pairs.standardization().unwrap();
    let spec = MapSpec { states: 2, parameters: 1, width: 24 };
    MapConfig {
        batch: 200,
        epochs,
        backend,
        validate_every: 5,
        adam: AdamConfig { learning_rate: 5e-3, ..AdamConfig::default() },
        decay: Decay::Cosine(1e-3),
        rates: vec![1.0, 0.7],
        ..MapConfig::published(spec, state, control, 1.0, 7)
    }
}

#[test]
fn a_trained_map_has_the_fixed_point_that_it_never_saw() {
    let pairs = spiral();
    let mut trainer = MapTrainer::new(spiral_config(Backend::Auto, 400), &pairs, Some(&pairs)).unwrap();
    let _ = trainer.run(trainer.iterations(), |_, _| ControlFlow::Continue(())).unwrap();
    let last = trainer.history().last().copied().unwrap();
    assert!(last.validation < 1e-4, "{last:?}");
    assert_eq!(mean_square_error(trainer.map(), &pairs).unwrap(), last.validation);
    let at = trainer.map().at(&[0.95]).unwrap();
    let point = fixed_point_of_map(&at, &[0.8, -1.7], &Newton::default()).unwrap();
    assert!((point.state[0] - 1.0).hypot(point.state[1] + 2.0) < 0.02, "{point:?}");
}

#[test]
fn both_backends_take_the_same_steps_up_to_rounding() {
    let train = |backend| {
        let mut trainer = MapTrainer::new(spiral_config(backend, 2), &spiral(), None).unwrap();
        let losses: Vec<f64> = (0..12).map(|_| trainer.step().unwrap().0).collect();
        losses
    };
    for (fused, tape) in train(Backend::Fused).into_iter().zip(train(Backend::Tape)) {
        assert!((fused - tape).abs() < 1e-4 * tape, "{fused} {tape}");
    }
}

#[test]
fn a_resumed_training_is_the_uninterrupted_one_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.safetensors");
    let pairs = spiral();
    let config = spiral_config(Backend::Auto, 20);
    let mut whole = MapTrainer::new(config.clone(), &pairs, Some(&pairs)).unwrap();
    let end = whole.iterations();
    let _ = whole.run(end, |_, _| ControlFlow::Continue(())).unwrap();
    let mut first = MapTrainer::new(config.clone(), &pairs, Some(&pairs)).unwrap();
    let _ = first.run(61, |_, _| ControlFlow::Continue(())).unwrap();
    first.save(&path).unwrap();
    let mut second = MapTrainer::resume(&path, config.clone(), &pairs, Some(&pairs)).unwrap();
    let _ = second.run(end, |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(whole.map(), second.map());
    assert_eq!(whole.history(), second.history());
    second.save(&path).unwrap();
    let read = Checkpoint::<MapTrainer>::open(&path).unwrap();
    assert_eq!((read.network(), read.iteration(), read.history()), (whole.map(), end, whole.history()));

    // Other settings, other pairs, another file.
    let other = MapConfig { batch: 100, ..config.clone() };
    let error = MapTrainer::resume(&path, other, &pairs, Some(&pairs)).err().unwrap().to_string();
    assert!(error.contains("batch"), "{error}");
    assert!(matches!(MapTrainer::resume(&path, config, &pairs, None), Err(Error::OtherTraining { .. })));
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(Checkpoint::<MapTrainer>::open(&path), Err(Error::BadCheckpoint { .. })));
}

#[test]
fn what_does_not_fit_is_refused() {
    let pairs = spiral();
    for (what, config) in [
        ("epochs", MapConfig { epochs: 0, ..spiral_config(Backend::Auto, 1) }),
        ("rates", MapConfig { rates: vec![1.0], ..spiral_config(Backend::Auto, 1) }),
        ("rates", MapConfig { rates: vec![1.0, 0.0], ..spiral_config(Backend::Auto, 1) }),
        ("decay", MapConfig { decay: Decay::Cosine(0.0), ..spiral_config(Backend::Auto, 1) }),
        ("dt", MapConfig { dt: -1.0, ..spiral_config(Backend::Auto, 1) }),
    ] {
        let error = MapTrainer::new(config, &pairs, None).err().unwrap().to_string();
        assert!(error.contains(what), "{error}");
    }
    assert!(Pairs::new(2, 1, vec![0.0; 6], vec![0.0; 5]).is_err());
    assert!(Pairs::new(2, 1, vec![0.0, f64::NAN, 0.0], vec![0.0; 2]).is_err());
    assert!(Pairs::new(2, 0, Vec::new(), Vec::new()).is_err());
    assert!(map(MapSpec { states: 2, parameters: 1, width: 3 }, 0).at(&[]).is_err());
}
