//! The matrix of an implicit step, `M/(γh) − J`, kept in the form that is cheaper to work with.

use std::sync::Arc;

use crate::dense::Dense;
use crate::linear::Singular;
use crate::sparse::{Compression, Depends, SparseError, SparseLu, SparsityPattern, Symbolic};
use crate::tape::{self, Bound, Entries};
use crate::{Linearize, Scalar, StepError};

/// A solution that misses an equation by more than this share of its terms is computed again, with
/// pivoting. Step-size control asks for a few digits of a stage.
pub(crate) const BACKWARD_ERROR: f64 = 1e-9;
/// The same in single precision, whose roundings are larger than that.
pub(crate) const BACKWARD_ERROR_SINGLE: f64 = 1e-4;

fn tolerated<T: Scalar>() -> f64 {
    let one = T::from(1.0);
    if one + T::from(1e-12) == one { BACKWARD_ERROR_SINGLE } else { BACKWARD_ERROR }
}

/// Over `f64` a sparse operation takes about as long as this many of a dense elimination, which runs
/// down columns with vector instructions. Over lanes and duals, which are vectors themselves, both
/// take the same time: sparse is never worse.
const SPARSE_COST: usize = 2;

/// The Jacobian of a system and the factors of `diagonal · M − J`, where `M` is the system's mass
/// matrix: the identity, unless it has one.
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
    /// The entries of `M`; none for the identity.
    mass: Option<Vec<(usize, usize, f64)>>,
    /// With a mass matrix: `J − diagonal · M`, column by column.
    shifted: Vec<T>,
}

#[derive(Debug)]
struct Sparse<T> {
    source: Source<T>,
    /// The positions of the entries.
    positions: Vec<(usize, usize)>,
    jacobian: Vec<T>,
    /// With a mass matrix: its entries and those of `J − diagonal · M`, in the plan's order.
    mass: Vec<f64>,
    shifted: Vec<T>,
    lu: SparseLu<T>,
    diagonal: f64,
    b: Vec<T>,
    pivots: Pivots,
}

/// Where the entries come from.
#[derive(Debug)]
enum Source<T> {
    /// The system is asked for them.
    System(Compression),
    /// The equations as they were written down after the latest restart.
    Tape(Bound<T>),
}

/// Systems that are smaller need fewer operations than writing them down takes.
pub(crate) const WRITTEN: usize = 5;

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
            mass: None,
            shifted: Vec::new(),
        }
    }

    /// The system, or the side of a stop, may be another.
    pub(crate) fn restart(&mut self) {
        self.known = false;
    }

    /// Evaluates the Jacobian.
    pub(crate) fn linearise<S: Linearize<T> + ?Sized>(&mut self, system: &S, t: f64, y: &[T]) {
        if !self.known {
            self.mass = system.mass().entries(self.n);
            self.find_structure(system, t);
            self.known = true;
        }
        match &mut self.sparse {
            Some(s) => match &mut s.source {
                Source::System(plan) => system.jacobian_entries(t, y, plan, &mut s.jacobian),
                Source::Tape(bound) => bound.jacobian(y, &mut s.jacobian),
            },
            None => system.jacobian(t, y, &mut self.jacobian),
        }
    }

    /// From the equations, if nothing in them depends on time. Whether the structure is known now.
    fn find_tape<S: Linearize<T> + ?Sized>(&mut self, system: &S, t: f64) -> bool {
        if self.n < WRITTEN || self.mass.is_some() || !system.is_autonomous() {
            return false;
        }
        let Some(bound) = system.trace(t).and_then(|trace| tape::program::<T>(&trace, Entries::All)) else {
            return false;
        };
        let program = bound.program().clone();
        let Some((_, symbolic)) = program.plan() else { return false };
        self.sparse = match &mut self.sparse {
            // The same operations with other numbers.
            Some(sparse) if sparse.is_from(bound.program()) => {
                sparse.source = Source::Tape(bound);
                return true;
            }
            _ if is_dense::<T>(symbolic) => None,
            _ => {
                let positions = program.positions().to_vec();
                Some(Box::new(Sparse::new(Source::Tape(bound), positions, symbolic.clone())))
            }
        };
        true
    }

    fn find_structure<S: Linearize<T> + ?Sized>(&mut self, system: &S, t: f64) {
        if self.find_tape(system, t) {
            return;
        }
        if self.n > SparsityPattern::MAX_DIM || !system.sparsity(t, &mut self.rows) {
            self.sparse = None;
            return;
        }
        for &(i, j, _) in self.mass.iter().flatten() {
            self.rows[i] += Depends::on(j);
        }
        let known = self.sparse.as_ref().and_then(|sparse| match &sparse.source {
            Source::System(plan) => Some(plan.pattern()),
            Source::Tape(_) => None,
        });
        let pattern = match known {
            Some(pattern) if pattern.covers(&self.rows) => None,
            Some(pattern) => Some(pattern.union(&self.rows)),
            None => Some(SparsityPattern::with_diagonal(self.rows.to_vec())),
        };
        if let Some(pattern) = pattern {
            self.sparse = Sparse::of(&pattern).map(Box::new);
        }
        let mass = self.mass.as_deref();
        self.sparse.iter_mut().for_each(|sparse| sparse.set_mass(mass));
    }

    /// The entries of the mass matrix; none for the identity.
    pub(crate) fn mass(&self) -> Option<&[(usize, usize, f64)]> {
        self.mass.as_deref()
    }

    /// Factorises `diagonal · M − J`.
    pub(crate) fn factorise(&mut self, diagonal: f64) -> Result<(), StepError> {
        let Some(sparse) = &mut self.sparse else {
            let Some(mass) = &self.mass else {
                return factorise_dense(&mut self.lu, diagonal, &mut self.jacobian);
            };
            self.shifted.clone_from(&self.jacobian);
            for &(i, j, m) in mass {
                self.shifted[i + j * self.n] -= T::from(diagonal * m);
            }
            return factorise_dense(&mut self.lu, 0.0, &mut self.shifted);
        };
        sparse.pivots = Pivots::Unchecked;
        sparse.diagonal = if self.mass.is_some() { 0.0 } else { diagonal };
        sparse.shift(diagonal);
        let matrix = if self.mass.is_some() { &sparse.shifted } else { &sparse.jacobian };
        match sparse.lu.factorise(T::from(sparse.diagonal), matrix) {
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
                let matrix = if self.mass.is_some() { &sparse.shifted } else { &sparse.jacobian };
                match sparse.lu.solve_checked(matrix, &sparse.b, x, tolerated::<T>()) {
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
    fn of(pattern: &SparsityPattern) -> Option<Self> {
        let compression = Compression::new(pattern);
        let plan = compression.symbolic();
        let positions = compression.entries().collect();
        (!is_dense::<T>(&plan)).then(|| Self::new(Source::System(compression), positions, Arc::new(plan)))
    }

    fn new(source: Source<T>, positions: Vec<(usize, usize)>, plan: Arc<Symbolic>) -> Self {
        Self {
            source,
            jacobian: vec![T::default(); positions.len()],
            positions,
            mass: Vec::new(),
            shifted: Vec::new(),
            b: vec![T::default(); plan.dim()],
            lu: SparseLu::new(plan),
            diagonal: 0.0,
            pivots: Pivots::Unchecked,
        }
    }

    fn is_from(&self, program: &Arc<tape::Program>) -> bool {
        matches!(&self.source, Source::Tape(bound) if Arc::ptr_eq(bound.program(), program))
    }

    /// Sorts the entries of the mass matrix into the plan's order.
    fn set_mass(&mut self, mass: Option<&[(usize, usize, f64)]>) {
        let entries = self.positions.iter();
        self.mass = mass.map_or_else(Vec::new, |mass| {
            let at =
                |&(i, j): &(usize, usize)| mass.iter().filter(|m| (m.0, m.1) == (i, j)).map(|m| m.2).sum();
            entries.map(at).collect()
        });
        self.shifted = vec![T::default(); self.mass.len()];
    }

    /// Writes `J − diagonal · M`, where there is a mass matrix.
    fn shift(&mut self, diagonal: f64) {
        for ((s, &j), &m) in self.shifted.iter_mut().zip(&self.jacobian).zip(&self.mass) {
            *s = j - m * diagonal;
        }
    }

    /// Factorises with pivoting.
    #[cold]
    fn fall_back(&mut self, dense: &mut [T], lu: &mut Dense<T>) -> Result<(), StepError> {
        let n = self.b.len();
        dense.fill(T::from(0.0));
        let matrix = if self.mass.is_empty() { &self.jacobian } else { &self.shifted };
        for (&(i, j), &value) in self.positions.iter().zip(matrix) {
            dense[i + j * n] = value;
        }
        factorise_dense(lu, self.diagonal, dense)?;
        self.pivots = Pivots::Bad;
        Ok(())
    }
}

/// Whether a dense matrix is cheaper.
fn is_dense<T: Scalar>(plan: &Symbolic) -> bool {
    // A step factorises once and solves once for each stage, of which there are about eight.
    let n = plan.dim();
    let sparse = plan.factor_flops() + 8 * plan.solve_flops();
    let dense = 2 * n * n * n / 3 + 8 * 2 * n * n;
    T::as_f64s(&mut []).is_some() && SPARSE_COST * sparse > dense
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
