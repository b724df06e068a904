//! A small training of a neural ODE, for the tests of the crate from inside and from outside. (Names of the crate come from
//! the file that holds this one.)

use std::sync::Arc;

use ode_solvers::{Scalar, StateSpace, System};

use super::*;

/// The FitzHugh–Nagumo equations' shape: a fast and a slow state.
pub(super) struct Fast;

impl StateSpace for Fast {
    fn dim(&self) -> usize {
        2
    }

    fn is_autonomous(&self) -> bool {
        true
    }
}

impl<T: Scalar> System<T> for Fast {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = (y[0] - y[0] * y[0] * y[0] / 3.0 - y[1] + 0.5) * 3.0;
        dy[1] = (y[0] - y[1] * 0.8 + 0.7) * 0.3;
    }
}

pub(super) fn field() -> Arc<dyn VectorField> {
    Arc::new(SystemField::wide(Fast, 0, "fast"))
}

/// Heun's method by itself: observations that the training can meet exactly.
pub(super) fn window(rows: usize) -> Window {
    let (dt, mut y) = (0.05, [-1.0, 0.2]);
    let mut values = y.to_vec();
    for _ in 1..rows {
        let (mut k1, mut k2) = ([0.0; 2], [0.0; 2]);
        Fast.rhs(0.0, &y, &mut k1);
        Fast.rhs(0.0, &[y[0] + dt * k1[0], y[1] + dt * k1[1]], &mut k2);
        for i in 0..2 {
            y[i] += 0.5 * dt * (k1[i] + k2[i]);
        }
        values.extend(y);
    }
    Window::new(2, 0.0, dt, values).unwrap()
}

pub(super) fn config(window: &Window, phases: Vec<Phase>) -> OdeConfig {
    OdeConfig {
        network: OdeSpec::parse(2, "Tanh16,Tanh16").unwrap(),
        input: window.normalization(false).unwrap(),
        rate: Normalization::new(vec![0.0; 2], vec![1.0, 0.2]).unwrap(),
        gain: 0.3,
        seed: 4,
        method: OdeMethod::Heun,
        pace: Pace::Steps(1),
        adjoint: Adjoint::Discrete,
        phases,
        physics: Some(PhysicsLoss {
            weight: 0.3,
            decay: Decay::Constant,
            warm_up: 0.0,
            scale: ResidualScale::Deviation,
            at: ResidualAt::Trajectory,
        }),
        adam: AdamConfig { learning_rate: 5e-3, ..AdamConfig::default() },
        decay: Decay::Cosine(0.1),
        clip: None,
        divergence: OnDivergence::Stop,
        record_every: 10,
    }
}
