//! One whole iteration against the equations of the loss, written out once more in plain `f64`.

use crate::common;
use surrogates::{
    AdamConfig, DataTerm, Losses, MlpSpec, Normalization, PhysicsTerm, Sampling, TrainConfig, Trainer,
    Training as _, TrainingSet,
};

/// Collocation points are drawn from intervals of no width, so that the test knows them.
const POINTS: [f64; 2] = [0.8, 2.9];

fn config() -> TrainConfig {
    let mut config = common::physics_config();
    config.network = MlpSpec::parse(1, "SiLU7,Tanh5", 2).unwrap();
    config.input = Normalization::new(vec![1.5], vec![2.5]).unwrap();
    config.output = Normalization::new(vec![0.4, 0.05], vec![0.5, 0.2]).unwrap();
    config.data = Some(DataTerm { batch: 100, sampling: Sampling::Shuffled, weight: 0.7 });
    config.physics = vec![
        PhysicsTerm { batch: 3, domain: vec![(POINTS[0], POINTS[0])], weight: 0.3 },
        PhysicsTerm { batch: 2, domain: vec![(POINTS[1], POINTS[1])], weight: 1.9 },
    ];
    config.residual_scale = vec![2.0, 0.25];
    config.initial.as_mut().unwrap().weight = 1.1;
    config
}

/// The network in physical units.
fn output(c: &TrainConfig, p: &[f64], t: f64) -> [f64; 2] {
    crate::terms::output(&c.network, [&c.input, &c.output], p, &[t])
}

/// The loss of the whole batch, eqs 3.7 and 3.13 to 3.16; du/dt by differences.
fn losses(c: &TrainConfig, set: &TrainingSet, p: &[f64]) -> Losses {
    let normal = |j: usize, d: f64| (d / f64::from(c.output.scale()[j])).powi(2);
    let train = set.train.as_ref().unwrap();
    let mut data = 0.0;
    for (t, target) in train.inputs().iter().zip(train.targets().chunks(2)) {
        let u = output(c, p, f64::from(*t));
        data += (0..2).map(|j| 0.5 * normal(j, u[j] - f64::from(target[j]))).sum::<f64>();
    }
    data /= train.rows() as f64;
    let u = output(c, p, 0.0);
    let initial = normal(0, u[0] - 0.5) + normal(1, u[1]);
    let physics = POINTS.map(|t| {
        let h = 1e-4;
        let (u, above, below) = (output(c, p, t), output(c, p, t + h), output(c, p, t - h));
        let f = [10.0 * (u[0] * (u[0] - 0.4) * (1.0 - u[0]) - u[1]), 0.2 * (0.2 * u[0] - 0.8 * u[1])];
        let r = [0, 1].map(|j| ((above[j] - below[j]) / (2.0 * h) - f[j]) / c.residual_scale[j]);
        r[0] * r[0] + r[1] * r[1]
    });
    let total = 0.7 * data + 0.3 * physics[0] + 1.9 * physics[1] + 1.1 * initial;
    Losses { data, physics: physics[0] + physics[1], initial, total }
}

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (found - expected).abs() / (1.0 + expected.abs());
    assert!(error < tolerance, "{what}: {found} instead of {expected}");
}

#[test]
fn an_iteration_has_the_loss_and_the_gradient_of_the_equations() {
    let mut config = config();
    // With so large an eps the first step of Adam is −lr/eps times the gradient.
    config.adam = AdamConfig { learning_rate: 1e4, eps: 1e6, ..AdamConfig::default() };
    config.plateau = None;
    let set = common::set();
    let mut trainer = Trainer::new(config.clone(), set.clone()).unwrap();
    let before: Vec<f64> = trainer.network().parameters().iter().map(|p| f64::from(*p)).collect();
    let found = trainer.step().unwrap().0;
    let expected = losses(&config, &set, &before);
    assert_close(found.data, expected.data, 1e-6, "data");
    assert_close(found.physics, expected.physics, 1e-5, "physics");
    assert_close(found.initial, expected.initial, 1e-6, "initial");
    assert_close(found.total, expected.total, 1e-5, "total");

    let h = 1e-5;
    for (k, after) in trainer.network().parameters().iter().enumerate() {
        let mut p = before.clone();
        p[k] += h;
        let above = losses(&config, &set, &p).total;
        p[k] -= 2.0 * h;
        let below = losses(&config, &set, &p).total;
        let gradient = (before[k] - f64::from(*after)) / 0.01;
        assert_close(gradient, (above - below) / (2.0 * h), 1e-4, &format!("parameter {k}"));
    }
}
