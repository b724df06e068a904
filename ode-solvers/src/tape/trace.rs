//! Equations as a list of operations.

use core::any::Any;

use crate::tape::expr::{self, Expr};
use crate::{Scalar, System};

/// What a right-hand side does, operation by operation: the states come first, then each operation
/// refers to results before it.
///
/// Numbers that are no states (parameters, the stimulus) are kept apart from the operations, so that
/// systems that differ in them alone share one [program](super::Program).
#[derive(Debug, Default)]
pub struct Trace {
    pub(super) inputs: usize,
    pub(super) ops: Vec<Raw>,
    /// The place of each slope.
    pub(super) outputs: Vec<u32>,
    pub(super) constants: Vec<Constant>,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// `args[0]` is the place in the list of constants.
    Constant,
    Neg,
    Add,
    Sub,
    Mul,
    Div,
    Recip,
    Exp,
    ExpM1,
    Ln,
    Sqrt,
    /// `args[1]` is the exponent.
    Powi,
    /// `args[1]` and `args[2]` are the bits of the exponent.
    Powf,
    Tanh,
    Sin,
    Cos,
    Abs,
    /// a < b ? yes : no.
    Select,
}

/// One operation as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) op: Op,
    pub(super) args: [u32; 4],
}

/// A number that is no state.
#[derive(Debug)]
pub(super) enum Constant {
    /// The same in every lane.
    Same(f64),
    /// A number of the type that is computed with.
    Other(Box<dyn Any + Send + Sync>),
}

impl Constant {
    /// As a number of type `T`, if it is one.
    pub(super) fn to<T: Scalar>(&self) -> Option<T> {
        match self {
            Self::Same(x) => Some(T::from(*x)),
            Self::Other(x) => x.downcast_ref().copied(),
        }
    }
}

impl Trace {
    pub(super) fn with_inputs(inputs: usize) -> Self {
        Self { inputs, ..Self::default() }
    }

    /// Writes down the right-hand side of a system on the stretch that holds `t`. Nothing if this
    /// thread is writing down another just now.
    pub fn of<S: System<Expr> + ?Sized>(system: &S, t: f64) -> Option<Self> {
        expr::record(system, t)
    }

    /// The number of states.
    pub fn dim(&self) -> usize {
        self.inputs
    }

    pub(super) fn push(&mut self, raw: Raw) -> u32 {
        self.ops.push(raw);
        (self.inputs + self.ops.len() - 1) as u32
    }

    /// For each constant the first one that is the same number: equal expressions of both are one.
    pub(super) fn first_equals(&self) -> Vec<u32> {
        let mut first = std::collections::HashMap::new();
        let of = |(k, c): (usize, &Constant)| match c {
            Constant::Same(x) => *first.entry(x.to_bits()).or_insert(k as u32),
            Constant::Other(_) => k as u32,
        };
        self.constants.iter().enumerate().map(of).collect()
    }
}
