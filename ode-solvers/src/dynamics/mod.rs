//! What a system or a map does in the long run: fixed points, their stability and how both change with
//! a parameter; attractors, Lyapunov exponents, the reach of a stable point.
//!
//! Everything works on a [`Map`], one application of which stands for a stretch of time: the flow of a
//! system over that stretch ([`FlowMap`]), a recurrence ([`Iterated`]), or a network that was trained
//! to be one. Fixed points are found of systems as well, without integrating.
//!
//! ```
//! use ode_solvers::{Scalar, StateSpace, System};
//! use ode_solvers::dynamics::{Newton, eigenvalues, fixed_point};
//!
//! struct VanDerPol { mu: f64 }
//! impl StateSpace for VanDerPol {
//!     fn dim(&self) -> usize { 2 }
//! }
//! impl<T: Scalar> System<T> for VanDerPol {
//!     fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
//!         dy[0] = y[1];
//!         dy[1] = (-(y[0] * y[0]) + 1.0) * y[1] * self.mu - y[0];
//!     }
//! }
//!
//! let rest = fixed_point(&VanDerPol { mu: 1.0 }, &[0.3, -0.2], &Newton::default())?;
//! let leading = eigenvalues(&rest.jacobian, 2)?[0];
//! assert!((leading.re - 0.5).abs() < 1e-12 && leading.im > 0.0); // an unstable focus
//! # Ok::<(), ode_solvers::dynamics::DynamicsError>(())
//! ```
//!
//! * [`fixed_point`], [`fixed_point_of_map`]: damped Newton, with exact Jacobians.
//! * [`eigenvalues`]; [`exponents`] turns a map's multipliers into growth rates.
//! * [`continue_equilibrium`]: a branch of fixed points over a parameter, around folds, and the places
//!   where its stability changes ([`Crossing`]).
//! * [`lyapunov_spectrum`], [`kaplan_yorke_dimension`].
//! * [`follow`]: attractors over a parameter, each from the end of the one before: a bifurcation
//!   diagram.
//! * [`share_arriving`]: which part of random starts ends at a point.

mod attractor;
mod basin;
mod continuation;
mod eigen;
mod error;
mod family;
mod fixed_point;
mod flow;
mod lyapunov;
mod map;

pub use attractor::{FollowSettings, Observed, align, follow, iterate};
pub use basin::{Arrival, share_arriving};
pub use continuation::{Branch, BranchPoint, Change, ContinuationSettings, Crossing, continue_equilibrium};
pub use eigen::{Eigenvalue, eigenvalues, exponents};
pub use error::DynamicsError;
pub use family::{Equilibria, MapFamily, SystemFamily};
pub use fixed_point::{FixedPoint, Newton, fixed_point, fixed_point_of_map};
pub use flow::FlowMap;
pub use lyapunov::{LyapunovSettings, kaplan_yorke_dimension, lyapunov_spectrum};
pub use map::{Iterated, Map};
