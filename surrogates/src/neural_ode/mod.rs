//! Neural ODEs: a network as the right-hand side of a differential equation, trained through the solver,
//! and on the equations.
//!
//! Kainth, Joshi, Dandekar, Dandekar, Panat, *Physics-Informed Neural ODEs with Scale-Aware Residuals for
//! Learning Stiff Biophysical Dynamics* (2025): a network learns a vector field from one oscillation through an
//! explicit method of low order, and from the residual between its rates and those of the equations, each
//! state's divided by a scale of its own, so that fast and slow states count alike.
//!
//! ```
//! use std::ops::ControlFlow;
//! use std::sync::Arc;
//!
//! use ode_solvers::{Method, Options, Scalar, StateSpace, StepSize, System, Tolerance, solve};
//! use surrogates::neural_ode::{
//!     Adjoint, OdeConfig, OdeMethod, OdeSpec, OdeTrainer, OnDivergence, Pace, Phase, PhysicsLoss,
//!     ResidualAt, ResidualScale, Window,
//! };
//! use surrogates::{AdamConfig, Normalization, SystemField, Training};
//!
//! // A pendulum with friction, observed for a while.
//! struct Pendulum;
//! impl StateSpace for Pendulum {
//!     fn dim(&self) -> usize { 2 }
//!     fn is_autonomous(&self) -> bool { true }
//! }
//! impl<T: Scalar> System<T> for Pendulum {
//!     fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
//!         dy[0] = y[1];
//!         dy[1] = -y[0].sin() - y[1] * 0.1;
//!     }
//! }
//! let times: Vec<f64> = (0..=100).map(|i| 0.1 * f64::from(i)).collect();
//! let step = StepSize::Adaptive(Tolerance::new(1e-8, 1e-10));
//! let options = Options::save_at(times);
//! let truth = solve(&Pendulum, Method::Tsit5, step.clone(), (0.0, 10.0), &[1.0, 0.0], &options)?;
//! let window = Window::new(2, 0.0, 0.1, truth.y)?;
//!
//! let config = OdeConfig {
//!     network: OdeSpec::parse(2, "Tanh16")?,
//!     input: window.normalization(false)?,
//!     rate: Normalization::new(vec![0.0; 2], vec![0.5; 2])?,
//!     gain: 0.1,
//!     seed: 1,
//!     method: OdeMethod::Heun,
//!     pace: Pace::Steps(1),
//!     adjoint: Adjoint::Discrete,
//!     phases: vec![Phase { window: 0.3, ..Phase::whole(200) }, Phase::whole(600)],
//!     physics: Some(PhysicsLoss {
//!         weight: 1.0,
//!         decay: Default::default(),
//!         warm_up: 0.0,
//!         scale: ResidualScale::Deviation,
//!         at: ResidualAt::Trajectory,
//!     }),
//!     adam: AdamConfig { learning_rate: 0.01, ..AdamConfig::default() },
//!     decay: Default::default(),
//!     clip: Some(10.0),
//!     divergence: OnDivergence::MaskLoss,
//!     record_every: 100,
//! };
//! let field = Arc::new(SystemField::wide(Pendulum, 0, "pendulum"));
//! let mut trainer = OdeTrainer::new(config, window, Some(field))?;
//! let _ = trainer.run(800, |_, _| ControlFlow::Continue(()))?;
//! assert!(trainer.history().last().unwrap().losses.data < 1e-3);
//!
//! // The network is a system like any other.
//! let learned = trainer.network().field();
//! let later = solve(&learned, Method::Tsit5, step, (0.0, 12.0), &[1.0, 0.0], &Options::end())?;
//! assert!(later.last().iter().all(|u| u.abs() < 1.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`OdeSpec`], [`NeuralOde`], [`OdeField`]: the network, its units, and its right-hand side for every
//!   solver.
//! * [`Unroll`]: a trajectory by an explicit method ([`OdeMethod`]) and the gradient of a loss on it
//!   ([`Adjoint`]): of the discrete trajectory, or by the adjoint equation.
//! * [`OdeConfig`], [`OdeTrainer`]: phases over longer windows, multiple shooting, the physics
//!   term with its [`ResidualScale`], answers to divergence; a training continues bit for bit.
//! * [`export`], [`export_step`]: the vector field, and a step of the method, as ONNX files.
//!
//! Algorithms stand once over two evaluations of a network: fused kernels with neurons in lanes, and plain
//! layers in `f32` or `f64`, which know layer normalisation too. Tests hold one against the other.

mod checkpoint;
mod config;
mod continuous;
mod field;
mod method;
mod network;
mod onnx;
mod pass;
mod pieces;
mod residual;
mod spec;
mod sweep;
#[cfg(test)]
mod tests;
mod trainer;
#[cfg(test)]
mod training_tests;
mod unroll;
mod window;

pub use config::{OdeConfig, OnDivergence, Pace, Phase, PhysicsLoss, ResidualAt, ResidualScale};
pub use method::OdeMethod;
pub use network::{NeuralOde, OdeField};
pub use onnx::{export, export_step, step_model, to_model};
pub use spec::OdeSpec;
pub use sweep::{Divergence, Grid};
pub use trainer::{OdeLosses, OdeRecord, OdeTrainer};
pub use unroll::{Adjoint, LossGradient, Unroll};
pub use window::Window;
