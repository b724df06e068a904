//! The engine of this crate: chains of dense layers and element-wise operations on the CPU, and Fourier neural
//! operators ([`operator`]).
//!
//! [`graph`] walks the chain of nodes from the input to the output and yields a [`Program`] of
//! fused steps; [`kernel`] runs it over tiles of rows that stay in the first-level cache, on the
//! widest vector instructions that the machine has ([`dispatch`]), after [`centre`] has made its sums
//! round less. [`bf16`] is the same with half of the bits in most products.

mod bf16;
mod centre;
mod dense;
mod dispatch;
mod graph;
mod kernel;
mod math;
mod operator;
mod peak;
mod program;
mod session;
#[cfg(test)]
mod tests;
mod turn;
mod vector;

pub(crate) use self::bf16::Unit;
pub(crate) use self::dispatch::Simd;
pub(crate) use self::graph::compile;
pub(crate) use self::operator::OperatorSession;
pub(crate) use self::program::{Activation, ColumnOp, Dense, Program, Step, block};
pub(crate) use self::session::NativeSession;
