//! Sparse linear algebra for systems of up to 128 states.
//!
//! The Jacobian of a cell model is mostly zeros: a gate reads the potential and itself. This module
//! finds the structure from the model itself ([`SparsityPattern::of`]), evaluates a Jacobian along
//! as few directions as the structure allows ([`Compression`], [`SparseDual`]), orders the elimination once
//! ([`Symbolic`]), and then factorises and solves as flat lists of operations ([`SparseLu`]) that
//! depend on no value, so that [`Lanes`](crate::Lanes) of cells go through them side by side.
//!
//! Pivots stay on the diagonal. The price is that a factorisation can be inaccurate:
//! [`SparseLu::solve_checked`] measures it, and steppers fall back to a dense factorisation with
//! pivoting for that step.
//!
//! ```
//! use std::sync::Arc;
//! use ode_solvers::sparse::{Compression, SparseLu, SparsityPattern, Symbolic};
//! use ode_solvers::{Scalar, StateSpace, System};
//!
//! /// A chain of reactions: each species feeds the next.
//! struct Chain;
//!
//! impl StateSpace for Chain {
//!     fn dim(&self) -> usize { 20 }
//! }
//!
//! impl<T: Scalar> System<T> for Chain {
//!     fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
//!         dy[0] = -y[0] * y[0];
//!         for i in 1..20 {
//!             dy[i] = y[i - 1] * y[i - 1] - y[i] * y[i];
//!         }
//!     }
//! }
//!
//! let pattern = SparsityPattern::of(&Chain, 0.0)?;
//! assert_eq!(pattern.entries(), 39);
//! let compression = Compression::new(&pattern);
//! assert_eq!(compression.colours(), 2); // instead of 20 directions
//!
//! let mut jacobian = vec![0.0; pattern.entries()];
//! compression.evaluate(&Chain, 0.0, &[1.0; 20], &mut jacobian);
//! let mut lu = SparseLu::<f64>::new(Arc::new(compression.symbolic()));
//! lu.factorise(10.0, &jacobian)?;
//! # Ok::<(), ode_solvers::sparse::SparseError>(())
//! ```

mod colouring;
mod depends;
mod dual;
mod error;
mod lu;
mod ordering;
mod pattern;
mod scratch;
mod symbolic;

pub use colouring::Compression;
pub(crate) use colouring::DIRECTIONS;
pub use depends::Depends;
pub use dual::SparseDual;
pub use error::SparseError;
pub use lu::SparseLu;
pub use pattern::SparsityPattern;
pub(crate) use pattern::trace;
pub use scratch::with_scratch;
pub use symbolic::Symbolic;
