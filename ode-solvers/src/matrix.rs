//! The matrix of an implicit step, `I/(γh) − J`, kept in the form that is cheaper to work with.

use std::sync::Arc;

use crate::dense::Dense;
use crate::linear::Singular;
use crate::sparse::{Compression, Depends, SparseError, SparseLu, SparsityPattern};
use crate::{Linearize, Scalar, StepError};

/// A solution that misses an equation by more than this share of its terms is computed again, with
/// pivoting. Step-size control asks for a few digits of a stage.
const BACKWARD_ERROR: f64 = 1e-9;

/// Over `f64` a sparse operation takes about as long as this many of a dense elimination, which runs
/// down columns with vector instructions. Over lanes and duals, which are vectors themselves, both
/// take the same time: sparse is never worse.
const SPARSE_COST: usize = 2;

/// The Jacobian of a system and the factors of `diagonal · I − J`.
///
/// The structure of the Jacobian is asked for at the start, and again after every restart, since
/// it may differ from one side of a stop to the other. Systems that don't know theirs, that have
/// too many states or too few zeros, are treated as dense.
#[derive(Debug)]
pub(crate) struct Matrix<T> {
    n: usize,
    /// Whether the structure has been asked for since the latest restart.
    known: bool,
    rows: Box<[Depends]>,
    sparse: Option<Box<Sparse<T>>>,
    /// Column by column; while the Jacobian is sparse, only for falling back.
    jacobian: Vec<T>,
    lu: Dense<T>,
}

#[derive(Debug)]
struct Sparse<T> {
    compression: Compression,
    jacobian: Vec<T>,
    lu: SparseLu<T>,
    diagonal: f64,
    b: Vec<T>,
    pivots: Pivots,
}

/// What is known about the pivots on the diagonal of the latest factorisation.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Pivots {
    /// No solution has been put back into the equations.
    Unchecked,
    Good,
    /// The dense factors are valid.
    Bad,
}

impl<T: Scalar> Matrix<T> {
    pub(crate) fn new(n: usize) -> Self {
        Self {
            n,
            known: false,
            rows: vec![Depends::default(); n.min(SparsityPattern::MAX_DIM)].into(),
            sparse: None,
            jacobian: vec![T::default(); n * n],
            lu: Dense::new(n),
        }
    }

    /// The system, or the side of a stop, may be another.
    pub(crate) fn restart(&mut self) {
        self.known = false;
    }

    /// Evaluates the Jacobian.
    pub(crate) fn linearise<S: Linearize<T> + ?Sized>(&mut self, system: &S, t: f64, y: &[T]) {
        if !self.known {
            self.find_structure(system, t);
            self.known = true;
        }
        match &mut self.sparse {
            Some(s) => system.jacobian_entries(t, y, &s.compression, &mut s.jacobian),
            None => system.jacobian(t, y, &mut self.jacobian),
        }
    }

    fn find_structure<S: Linearize<T> + ?Sized>(&mut self, system: &S, t: f64) {
        if self.n > SparsityPattern::MAX_DIM || !system.sparsity(t, &mut self.rows) {
            self.sparse = None;
            return;
        }
        let pattern = match &self.sparse {
            Some(sparse) if sparse.compression.pattern().covers(&self.rows) => return,
            Some(sparse) => sparse.compression.pattern().union(&self.rows),
            None => SparsityPattern::with_diagonal(self.rows.to_vec()),
        };
        self.sparse = Sparse::new(&pattern).map(Box::new);
    }

    /// Factorises `diagonal · I − J`.
    pub(crate) fn factorise(&mut self, diagonal: f64) -> Result<(), StepError> {
        let Some(sparse) = &mut self.sparse else {
            return factorise_dense(&mut self.lu, diagonal, &mut self.jacobian);
        };
        sparse.diagonal = diagonal;
        sparse.pivots = Pivots::Unchecked;
        match sparse.lu.factorise(T::from(diagonal), &sparse.jacobian) {
            Ok(()) => Ok(()),
            Err(_) => sparse.fall_back(&mut self.jacobian, &mut self.lu),
        }
    }

    /// Overwrites `x` with the solution of `A · solution = x`.
    ///
    /// # Errors
    /// When the pivots on the diagonal turn out to be bad, and there are no others.
    #[inline]
    pub(crate) fn solve(&mut self, x: &mut [T]) -> Result<(), StepError> {
        match &mut self.sparse {
            Some(sparse) if sparse.pivots == Pivots::Good => sparse.lu.solve(x),
            Some(sparse) if sparse.pivots == Pivots::Unchecked => {
                sparse.b.copy_from_slice(x);
                match sparse.lu.solve_checked(&sparse.jacobian, &sparse.b, x, BACKWARD_ERROR) {
                    Ok(()) => sparse.pivots = Pivots::Good,
                    // The right-hand side is not finite: no factorisation would help.
                    Err(SparseError::Unstable { .. }) if !sparse.b.iter().all(|b| b.all_finite()) => {}
                    Err(_) => {
                        sparse.fall_back(&mut self.jacobian, &mut self.lu)?;
                        x.copy_from_slice(&sparse.b);
                        self.lu.solve(x);
                    }
                }
            }
            Some(_) | None => self.lu.solve(x),
        }
        Ok(())
    }
}

impl<T: Scalar> Sparse<T> {
    /// Nothing if a dense matrix is cheaper.
    fn new(pattern: &SparsityPattern) -> Option<Self> {
        let n = pattern.dim();
        let compression = Compression::new(pattern);
        let plan = compression.symbolic();
        // A step factorises once and solves once for each stage, of which there are about eight.
        let sparse = plan.factor_flops() + 8 * plan.solve_flops();
        let dense = 2 * n * n * n / 3 + 8 * 2 * n * n;
        let is_dense = T::as_f64s(&mut []).is_some() && SPARSE_COST * sparse > dense;
        (!is_dense).then(|| Self {
            jacobian: vec![T::default(); pattern.entries()],
            compression,
            lu: SparseLu::new(Arc::new(plan)),
            diagonal: 0.0,
            b: vec![T::default(); n],
            pivots: Pivots::Unchecked,
        })
    }

    /// Factorises with pivoting.
    #[cold]
    fn fall_back(&mut self, dense: &mut [T], lu: &mut Dense<T>) -> Result<(), StepError> {
        let n = self.b.len();
        dense.fill(T::from(0.0));
        for ((i, j), &value) in self.compression.entries().zip(&self.jacobian) {
            dense[i + j * n] = value;
        }
        factorise_dense(lu, self.diagonal, dense)?;
        self.pivots = Pivots::Bad;
        Ok(())
    }
}

fn factorise_dense<T: Scalar>(lu: &mut Dense<T>, diagonal: f64, jacobian: &mut [T]) -> Result<(), StepError> {
    lu.factorise(diagonal, jacobian).map_err(|Singular(column)| {
        let n = jacobian.len().isqrt();
        match jacobian.iter().position(|x| !x.all_finite()) {
            Some(k) => StepError::JacobianNotFinite { row: k % n, column: k / n },
            None => StepError::Singular { column },
        }
    })
}
