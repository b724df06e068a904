//! A small problem: one trajectory of FitzHugh–Nagumo.

use std::sync::Arc;

use ode_solvers::{Scalar, StateSpace, System};
use surrogates::{
    DataTerm, InitialTerm, InitialValue, MlpSpec, Normalization, PhysicsTerm, PlateauConfig, Samples,
    Sampling, SystemField, TrainConfig, TrainingSet,
};

/// u' = 10·(u(u − 0.4)(1 − u) − w), w' = 0.2·(0.2u − 0.8w): Werneck 2024.
#[derive(Debug, Clone)]
pub(crate) struct FitzHughNagumo;

impl StateSpace for FitzHughNagumo {
    fn dim(&self) -> usize {
        2
    }
}

impl<T: Scalar> System<T> for FitzHughNagumo {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = (y[0] * (y[0] - 0.4) * (-y[0] + 1.0) - y[1]) * 10.0;
        dy[1] = (y[0] * 0.2 - y[1] * 0.8) * 0.2;
    }
}

/// Every `stride`-th Euler step of 0.001 from (0.5, 0), up to time `end`.
pub(crate) fn trajectory(stride: usize, end: f64) -> Samples {
    let (mut t, mut x) = (Vec::new(), Vec::new());
    let mut y = [0.5, 0.0];
    for k in 0..=(end / 0.001).round() as usize {
        if k % stride == 0 {
            t.push((k as f64 * 0.001) as f32);
            x.extend(y.map(|v: f64| v as f32));
        }
        let mut dy = [0.0; 2];
        FitzHughNagumo.rhs(0.0, &y, &mut dy);
        y = [y[0] + 0.001 * dy[0], y[1] + 0.001 * dy[1]];
    }
    Samples::new(1, 2, t, x).unwrap()
}

/// Time until which the small problem runs: upstroke, plateau and the beginning of recovery.
pub(crate) const END: f64 = 4.0;

pub(crate) fn set() -> TrainingSet {
    TrainingSet {
        train: Some(trajectory(500, END)),
        validation: Some(trajectory(20, END)),
        field: Some(Arc::new(SystemField::new(FitzHughNagumo, 0, "fitzhugh_nagumo"))),
        ..TrainingSet::default()
    }
}

/// A training on nine points, in batches of four.
pub(crate) fn data_config() -> TrainConfig {
    let network = MlpSpec::parse(1, "SiLU16,Tanh8", 2).unwrap();
    TrainConfig {
        input: Normalization::from_domain(&[(0.0, END)]).unwrap(),
        output: Normalization::new(vec![0.4, 0.05], vec![0.4, 0.05]).unwrap(),
        data: Some(DataTerm { batch: 4, sampling: Sampling::Shuffled, weight: 1.0 }),
        plateau: Some(PlateauConfig { factor: 0.99, patience: 20, eps: 0.0, ..Default::default() }),
        validate_every: 100,
        ..TrainConfig::data_driven(network, 3)
    }
}

/// The same with the equations and the initial state.
pub(crate) fn physics_config() -> TrainConfig {
    TrainConfig {
        physics: vec![
            PhysicsTerm { batch: 8, domain: vec![(0.0, 1.5)], weight: 0.1 },
            PhysicsTerm { batch: 5, domain: vec![(1.5, END)], weight: 0.1 },
        ],
        initial: Some(InitialTerm {
            batch: 2,
            domain: vec![(0.0, 0.0)],
            values: vec![InitialValue::Fixed(0.5), InitialValue::Fixed(0.0)],
            weight: 1.0,
        }),
        ..data_config()
    }
}
