//! The training loop: its gradient against finite differences, and divergence.

#[path = "../../tests/common/neural_odes.rs"]
mod small;

use small::{config, field, window};

use super::*;
use crate::{AdamConfig, Decay, Error, Normalization, SystemField, Training as _, VectorField};

/// What one parameter does to the loss of the first iteration, by differences.
fn assert_gradient(config: &OdeConfig, window: &Window) {
    let make = || OdeTrainer::new(config.clone(), window.clone(), Some(field())).unwrap();
    let mut trainer = make();
    trainer.gradient_at_start().unwrap();
    let found = trainer.last_gradient().to_vec();
    let size = found.iter().fold(0.0f32, |m, g| m.max(g.abs()));
    for i in (0..found.len()).step_by(29) {
        let value = |h: f32| {
            let mut trainer = make();
            trainer.network.parameters_mut()[i] += h;
            trainer.gradient_at_start().unwrap().total
        };
        let h = 3e-3;
        let difference = (value(h) - value(-h)) / (2.0 * f64::from(h));
        let error = (difference - f64::from(found[i])).abs();
        assert!(error < 3e-3 * f64::from(size), "{i}: {} {difference} of {size}", found[i]);
    }
}

#[test]
fn the_whole_loss_has_the_gradient_of_its_differences() {
    let window = window(41);
    let base = config(&window, vec![Phase::whole(1)]);
    assert_gradient(&base, &window);
    let at = |at, scale| {
        let physics = Some(PhysicsLoss { at, scale, ..base.physics.unwrap() });
        OdeConfig { physics, ..base.clone() }
    };
    assert_gradient(&at(ResidualAt::Observations, ResidualScale::Largest), &window);
    assert_gradient(&at(ResidualAt::Trajectory, ResidualScale::Quartiles), &window);
    assert_gradient(&at(ResidualAt::Trajectory, ResidualScale::Unit), &window);
    assert_gradient(&at(ResidualAt::Trajectory, ResidualScale::StateDeviation), &window);
    let shooting = Phase { iterations: 1, window: 0.8, segments: 3, learn_starts: true, continuity: 0.7 };
    assert_gradient(&OdeConfig { phases: vec![shooting], ..base.clone() }, &window);
    for pace in [Pace::Steps(2), Pace::Samples(4)] {
        assert_gradient(&OdeConfig { pace, ..base.clone() }, &window);
    }
    let norm = base.network.clone().with_layer_norm().with_time();
    let input = window.normalization(true).unwrap();
    assert_gradient(&OdeConfig { network: norm, input, ..base }, &window);
}

#[test]
fn starts_have_the_gradient_of_their_differences() {
    let window = window(31);
    let phase = Phase { iterations: 1, window: 1.0, segments: 3, learn_starts: true, continuity: 0.7 };
    let config = config(&window, vec![phase]);
    let make = || {
        let mut t = OdeTrainer::new(config.clone(), window.clone(), Some(field())).unwrap();
        // Away from the observations, so that gaps and distances count.
        for (i, z) in t.pieces.starts.iter_mut().enumerate() {
            *z += 0.1 * (i as f32).cos();
        }
        t
    };
    let mut trainer = make();
    trainer.gradient_at_start().unwrap();
    for i in 0..6 {
        let value = |h: f32| {
            let mut trainer = make();
            trainer.pieces.starts[i] += h;
            trainer.gradient_at_start().unwrap().total
        };
        let difference = (value(1e-2) - value(-1e-2)) / 2e-2;
        let found = f64::from(trainer.pieces.gradient[i]);
        assert!((difference - found).abs() < 2e-3 * (1.0 + found.abs()), "{i}: {found} {difference}");
    }
}

#[test]
fn divergence_is_typed_and_survived_as_configured() {
    let window = window(101);
    // Steps of ten samples, and states that decay so fast that Heun's method with this step blows them up, and
    // with half of it does not.
    let new = |divergence| {
        let config = OdeConfig {
            network: OdeSpec::parse(2, "").unwrap(),
            pace: Pace::Samples(10),
            physics: None,
            divergence,
            ..config(&window, vec![Phase::whole(60)])
        };
        let (input, rate) = (config.input.clone(), config.rate.clone());
        let mut trainer = OdeTrainer::new(config, window.clone(), None).unwrap();
        let p = trainer.network.parameters_mut();
        p.fill(0.0);
        for i in 0..2 {
            p[3 * i] = -7.0 * input.scale()[i] / rate.scale()[i];
        }
        trainer
    };
    let before = new(OnDivergence::Stop).network().clone();
    let mut stopped = new(OnDivergence::Stop);
    let error = stopped.step().unwrap_err();
    assert!(matches!(error, Error::Diverged { iteration: 1, .. }), "{error}");
    assert_eq!((stopped.network(), stopped.iteration()), (&before, 0), "the step must not be made");
    let error = new(OnDivergence::HalveStep(0)).step().unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    for divergence in [OnDivergence::HalveStep(8), OnDivergence::MaskLoss] {
        let mut trainer = new(divergence);
        for _ in 0..60 {
            let (losses, _) = trainer.step().unwrap();
            assert!(losses.total.is_finite());
        }
        assert!(trainer.diverged() > 0);
        assert!(trainer.network().parameters().iter().all(|p| p.is_finite()));
    }
}
