//! The second data term and the continuity term: loss and gradient against the equations written out
//! in plain `f64` with finite differences, by both backends; and a killed training with both.

use approx::assert_relative_eq;
use surrogates::{
    AdamConfig, Backend, ContinuityTerm, DataTerm, Mlp, MlpSpec, Normalization, Samples, Sampling,
    TrainConfig, Trainer, Training as _, TrainingSet,
};

/// Where the windows meet.
const INTERFACE: f64 = 1.25;

/// The second window: two inputs, so that the interface is a line. A box without width along it makes
/// the drawn points known.
fn config() -> TrainConfig {
    let network = MlpSpec::parse(2, "SiLU7,Tanh5", 2).unwrap();
    TrainConfig {
        input: Normalization::new(vec![1.5, 0.2], vec![2.5, 0.6]).unwrap(),
        output: Normalization::new(vec![0.4, 0.05], vec![0.5, 0.2]).unwrap(),
        data: Some(DataTerm { batch: 100, sampling: Sampling::Shuffled, weight: 0.7 }),
        extra: Some(DataTerm { batch: 100, sampling: Sampling::Shuffled, weight: 1.6 }),
        continuity: Some(ContinuityTerm {
            batch: 3,
            domain: vec![(INTERFACE, INTERFACE), (0.3, 0.3)],
            weight: 2.3,
        }),
        plateau: None,
        ..TrainConfig::data_driven(network, 3)
    }
}

fn samples(rows: usize, shift: f32) -> Samples {
    let x: Vec<f32> = (0..2 * rows).map(|i| ((i * 37 + 11) % 53) as f32 / 53.0 + shift).collect();
    let y = x.chunks(2).flat_map(|x| [x[0] * x[1], x[0] - 0.5 * x[1]]).collect();
    Samples::new(2, 2, x, y).unwrap()
}

/// The network of the first window, with units of its own.
fn before() -> Mlp {
    let input = Normalization::new(vec![0.5, 0.4], vec![1.25, 0.4]).unwrap();
    let output = Normalization::new(vec![-0.1, 0.3], vec![0.9, 1.4]).unwrap();
    Mlp::random(MlpSpec::parse(2, "Tanh9", 2).unwrap(), input, output, 11).unwrap()
}

fn set() -> TrainingSet {
    TrainingSet {
        train: Some(samples(9, 0.0)),
        extra: Some(samples(5, 0.4)),
        previous: Some(before()),
        ..TrainingSet::default()
    }
}

/// A network in physical units: layer by layer, with plain loops.
pub(crate) fn output(spec: &MlpSpec, maps: [&Normalization; 2], p: &[f64], x: &[f64]) -> [f64; 2] {
    let normal = |j: usize| (x[j] - f64::from(maps[0].mean()[j])) / f64::from(maps[0].scale()[j]);
    let mut h: Vec<f64> = (0..x.len()).map(normal).collect();
    for layer in spec.layers() {
        let (w, b) = layer.split(p);
        h = (0..layer.outputs)
            .map(|j| {
                let z = b[j] + (0..layer.inputs).map(|i| h[i] * w[i * layer.outputs + j]).sum::<f64>();
                match layer.activation {
                    None => z,
                    Some(surrogates::Activation::SiLU) => z / (1.0 + (-z).exp()),
                    Some(_) => z.tanh(),
                }
            })
            .collect();
    }
    [0, 1].map(|j| h[j] * f64::from(maps[1].scale()[j]) + f64::from(maps[1].mean()[j]))
}

/// Eqs 3.7 and 3.8 over both sets, and eq. 3.20 at the interface: data, continuity, weighted sum.
fn losses(c: &TrainConfig, p: &[f64]) -> [f64; 3] {
    let out = |x: [f64; 2]| output(&c.network, [&c.input, &c.output], p, &x);
    let normal = |j: usize, d: f64| (d / f64::from(c.output.scale()[j])).powi(2);
    let data = [samples(9, 0.0), samples(5, 0.4)].map(|set| {
        let rows = set.inputs().chunks(2).zip(set.targets().chunks(2));
        let sum: f64 = rows
            .map(|(x, t)| {
                let u = out([f64::from(x[0]), f64::from(x[1])]);
                (0..2).map(|j| 0.5 * normal(j, u[j] - f64::from(t[j]))).sum::<f64>()
            })
            .sum();
        sum / set.rows() as f64
    });
    let first = before();
    let q: Vec<f64> = first.parameters().iter().map(|p| f64::from(*p)).collect();
    let at = [INTERFACE, 0.3];
    let end = output(first.spec(), [first.input_normalization(), first.output_normalization()], &q, &at);
    let start = out(at);
    let continuity: f64 = (0..2).map(|j| normal(j, start[j] - end[j])).sum();
    [data[0] + data[1], continuity, 0.7 * data[0] + 1.6 * data[1] + 2.3 * continuity]
}

#[test]
fn losses_and_gradients_are_those_of_the_equations() {
    for backend in [Backend::Fused, Backend::Tape] {
        // With so large an eps the first step of Adam is −lr/eps times the gradient.
        let adam = AdamConfig { learning_rate: 1e4, eps: 1e6, ..AdamConfig::default() };
        let config = TrainConfig { backend, adam, ..config() };
        let mut trainer = Trainer::new(config.clone(), set()).unwrap();
        let before: Vec<f64> = trainer.network().parameters().iter().map(|p| f64::from(*p)).collect();
        let found = trainer.step().unwrap().0;
        let [data, continuity, total] = losses(&config, &before);
        for (found, expected) in [(found.data, data), (found.initial, continuity), (found.total, total)] {
            assert_relative_eq!(found, expected, max_relative = 1e-5);
        }
        let h = 1e-5;
        for (k, after) in trainer.network().parameters().iter().enumerate() {
            let mut p = before.clone();
            p[k] += h;
            let above = losses(&config, &p)[2];
            p[k] -= 2.0 * h;
            let expected = (above - losses(&config, &p)[2]) / (2.0 * h);
            let gradient = (before[k] - f64::from(*after)) / 0.01;
            let error = (gradient - expected).abs() / (1.0 + expected.abs());
            assert!(error < 1e-4, "{backend:?}, parameter {k}: {gradient} instead of {expected}");
        }
    }
}

/// Both terms have random numbers of their own: all of them go on after a stop.
#[test]
fn a_resumed_training_equals_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let term = |batch| Some(DataTerm { batch, sampling: Sampling::Shuffled, weight: 1.0 });
    let mut config = TrainConfig { data: term(4), extra: term(2), ..config() };
    config.continuity.as_mut().unwrap().domain[1] = (0.0, 0.8);
    let mut whole = Trainer::new(config.clone(), set()).unwrap();
    for _ in 0..37 {
        whole.step().unwrap();
    }
    whole.save(&path).unwrap();
    let mut resumed = Trainer::resume(&path, config.clone(), set()).unwrap();
    for _ in 0..50 {
        assert_eq!(whole.step().unwrap(), resumed.step().unwrap());
    }
    assert_eq!(whole.network().parameters(), resumed.network().parameters());

    let refused = |set: TrainingSet| Trainer::resume(&path, config.clone(), set).err().unwrap().to_string();
    let other =
        Mlp::random(before().spec().clone(), Normalization::identity(2), Normalization::identity(2), 1);
    assert!(refused(TrainingSet { previous: Some(other.unwrap()), ..set() }).contains("data set"));
    assert!(refused(TrainingSet { extra: Some(samples(6, 0.4)), ..set() }).contains("data set"));
    // And what is asked for must be there.
    assert!(refused(TrainingSet { previous: None, ..set() }).contains("set `previous`"));
    assert!(refused(TrainingSet { extra: None, ..set() }).contains("set `extra`"));
}
