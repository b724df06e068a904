//! Equations written down: exact Jacobians of large systems at a few times the cost of the equations.
//!
//! Dual numbers give a Jacobian by evaluating the equations once for every few directions, and
//! compute with zeros most of the time. Here the equations are written down once as a list of
//! operations ([`Trace`]); from the list the derivatives of every operation by every state it depends
//! on are derived, expressions that are equal are merged, and what remains becomes a [`Program`]: a
//! flat list of operations that any number type runs through ([`Bound`]), lanes of cells side by side.
//! Deriving takes about a millisecond, and is done once for all systems with the same operations.
//!
//! ```
//! use ode_solvers::tape::{Entries, Trace, program};
//! use ode_solvers::{Scalar, StateSpace, System};
//!
//! struct Pendulum { length: f64 }
//! impl StateSpace for Pendulum {
//!     fn dim(&self) -> usize { 2 }
//! }
//! impl<T: Scalar> System<T> for Pendulum {
//!     fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
//!         dy[0] = y[1];
//!         dy[1] = y[0].sin() * (-9.81 / self.length);
//!     }
//! }
//!
//! let trace = Trace::of(&Pendulum { length: 2.0 }, 0.0).expect("nothing else is written down");
//! let mut bound = program::<f64>(&trace, Entries::All).expect("few operations");
//! let mut entries = [0.0; 4];
//! bound.jacobian(&[0.0, 0.3], &mut entries);
//! assert_eq!(entries, [0.0, 1.0, -9.81 / 2.0, 0.0]); // row by row, with the diagonal
//! ```

mod cache;
mod derivative;
mod expr;
mod graph;
mod planned;
mod program;
mod run;
mod schedule;
mod source;
mod trace;

pub use cache::program;
pub use expr::Expr;
pub use planned::Planned;
pub use program::{Entries, Program};
pub use run::Bound;
pub use source::{FixedStep, NotWritten, Operations, Precision, Source, Steps};
pub use trace::Trace;
