//! Numeric factorisation and solution.

use std::sync::Arc;

use crate::sparse::{SparseError, Symbolic};
use crate::{Kernel, Scalar, Twin};

/// The factors of a matrix of known structure, with pivots on the diagonal.
///
/// Over [`Lanes`](crate::Lanes) it factorises as many matrices side by side. Nothing is allocated
/// after [`new`](SparseLu::new), and the work does not depend on the values.
///
/// Pivots on the diagonal are safe where it dominates, as in `I/(γh) − J` for a small step; in
/// general they are not. [`solve_checked`](SparseLu::solve_checked) finds out.
///
/// ```
/// use std::sync::Arc;
/// use ode_solvers::sparse::{SparseLu, SparsityPattern, Symbolic};
///
/// // An arrow: dense elimination from the tip would fill it, Markowitz's order leaves it as it is.
/// let arrow = SparsityPattern::from_entries(4, (0..4).flat_map(|i| [(0, i), (i, 0)]))?;
/// let plan = Arc::new(Symbolic::new(&arrow));
/// assert_eq!(plan.fill(), 0);
///
/// let mut lu = SparseLu::<f64>::new(plan);
/// // 2 I − J, with J row by row.
/// lu.factorise(2.0, &[-1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0])?;
/// let mut x = [0.0, 1.0, 1.0, 1.0];
/// lu.solve(&mut x);
/// assert_eq!(x[1], 0.5 * (1.0 + x[0]));
/// # Ok::<(), ode_solvers::sparse::SparseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SparseLu<T> {
    plan: Arc<Symbolic>,
    /// 1/D, L, U: see [`Symbolic`].
    values: Vec<T>,
    /// Added to −J.
    diagonal: T,
    /// The residual of a solution in each equation, then the magnitude of each equation's terms.
    residual: Vec<T>,
}

impl<T: Scalar> SparseLu<T> {
    /// Without a matrix as yet.
    pub fn new(plan: Arc<Symbolic>) -> Self {
        let values = vec![T::default(); plan.factor_entries()];
        let residual = vec![T::default(); 2 * plan.dim()];
        Self { plan, values, diagonal: T::default(), residual }
    }

    /// The plan.
    pub fn plan(&self) -> &Symbolic {
        &self.plan
    }

    /// Factorises `diagonal · I − J`, with the entries of `J` in the plan's order.
    ///
    /// # Errors
    /// [`SparseError::BadPivot`] when a pivot, in any lane, is zero or not finite.
    ///
    /// # Panics
    /// If `jacobian` has another length than the pattern has entries.
    pub fn factorise(&mut self, diagonal: T, jacobian: &[T]) -> Result<(), SparseError> {
        let plan = &*self.plan;
        assert_eq!(jacobian.len(), plan.scatter.len(), "one value for each entry of the pattern");
        self.diagonal = diagonal;
        T::dispatch(Eliminate { plan, diagonal, jacobian, v: &mut self.values });
        let pivots = &self.values[..plan.dim()];
        match pivots.iter().position(|r| !r.all_finite()) {
            Some(k) => Err(SparseError::BadPivot { state: usize::from(plan.order[k]) }),
            None => Ok(()),
        }
    }

    /// Overwrites `x` with the solution of `A · solution = x`.
    ///
    /// # Panics
    /// If `x` has another length than the matrix has rows.
    #[inline]
    pub fn solve(&self, x: &mut [T]) {
        assert_eq!(x.len(), self.plan.dim(), "one number for each row");
        T::dispatch(Substitute { plan: &self.plan, v: &self.values, x });
    }

    /// As [`solve`](SparseLu::solve), and puts the solution back into the equations. `jacobian` is
    /// what was factorised, `b` the right-hand side, `x` receives the solution.
    ///
    /// The measure is the componentwise backward error `|b − A x|ᵢ / (|A| |x| + |b|)ᵢ`, which does
    /// not depend on the units of equations and states (Arioli, Demmel & Duff, SIAM J. Matrix Anal.
    /// Appl. 10:165, 1989). With good pivots it is a few roundings. `|x|` and `|b|` count for at least
    /// the smallest normal number of single precision: below it roundings no longer shrink with
    /// numbers, which says nothing about the pivots.
    ///
    /// # Errors
    /// [`SparseError::Unstable`] when it exceeds `limit` in any lane, or is NaN.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn solve_checked(
        &mut self,
        jacobian: &[T],
        b: &[T],
        x: &mut [T],
        limit: f64,
    ) -> Result<(), SparseError> {
        x.copy_from_slice(b);
        self.solve(x);
        let (state, backward_error) = self.backward_error(jacobian, b, x);
        if backward_error <= limit { Ok(()) } else { Err(SparseError::Unstable { state, backward_error }) }
    }

    /// The componentwise backward error of each equation, as [`solve_checked`](Self::solve_checked) has it.
    pub(crate) fn backward_errors(&mut self, jacobian: &[T], b: &[T], x: &[T]) -> &[T] {
        let residual = &mut self.residual;
        T::dispatch(Residual { plan: &self.plan, diagonal: self.diagonal, jacobian, b, x, residual });
        &self.residual[..x.len()]
    }

    /// The largest componentwise backward error over all lanes, and its equation.
    fn backward_error(&mut self, jacobian: &[T], b: &[T], x: &[T]) -> (usize, f64) {
        let (mut state, mut largest) = (0, 0.0);
        for (i, error) in self.backward_errors(jacobian, b, x).iter().enumerate() {
            let error = error.worst();
            if error.is_nan() {
                return (i, f64::NAN);
            }
            if error > largest {
                (state, largest) = (i, error);
            }
        }
        (state, largest)
    }
}

/// [`eliminate`] on the registers that the machine has.
struct Eliminate<'a, T> {
    plan: &'a Symbolic,
    diagonal: T,
    jacobian: &'a [T],
    v: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Eliminate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<U: Twin<T>>(self) {
        eliminate(self.plan, U::of(self.diagonal), U::view(self.jacobian), U::view_mut(self.v));
    }
}

/// [`residual`] on the registers that the machine has.
struct Residual<'a, T> {
    plan: &'a Symbolic,
    diagonal: T,
    jacobian: &'a [T],
    b: &'a [T],
    x: &'a [T],
    residual: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Residual<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<U: Twin<T>>(self) {
        let (diagonal, jacobian) = (U::of(self.diagonal), U::view(self.jacobian));
        let (b, x, out) = (U::view(self.b), U::view(self.x), U::view_mut(self.residual));
        residual(self.plan, diagonal, jacobian, (b, x), out);
    }
}

/// Writes the backward error of each equation into the first half of `out`.
#[inline(always)]
fn residual<T: Scalar>(plan: &Symbolic, diagonal: T, jacobian: &[T], (b, x): (&[T], &[T]), out: &mut [T]) {
    // Below the smallest normal number a rounding is as large as at it (Demmel, SIAM J. Sci. Stat. Comput.
    // 5:887, 1984). Multiplied with the diagonal of a short step, that of a solution can be all that an
    // equation has: a gate that decayed to 1e-38 would look as if its pivot were bad, the more so the
    // shorter the step. The number is that of single precision for all: in double it is as good as none.
    let normal = f64::from(f32::MIN_POSITIVE);
    let (rest, scale) = out.split_at_mut(plan.dim());
    for (i, &b) in b.iter().enumerate() {
        (rest[i], scale[i]) = (b, b.abs() + normal);
    }
    for (&[i, j], &a) in plan.entries.iter().zip(jacobian) {
        // The matrix's own entries: where the diagonal cancels, its two parts say nothing about how
        // large the equation's terms are.
        let a = if i == j { a - diagonal } else { a };
        let x = x[usize::from(j)];
        rest[usize::from(i)] += a * x;
        scale[usize::from(i)] += a.abs() * (x.abs() + normal);
    }
    for (r, &scale) in rest.iter_mut().zip(scale.iter()) {
        *r = r.abs() / scale;
    }
}

/// [`substitute`] on the registers that the machine has.
struct Substitute<'a, T> {
    plan: &'a Symbolic,
    v: &'a [T],
    x: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Substitute<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<U: Twin<T>>(self) {
        substitute(self.plan, U::view(self.v), U::view_mut(self.x));
    }
}

/// The numeric part of a factorisation of `diagonal · I − J`: everything but the check of the pivots.
#[inline(always)]
fn eliminate<T: Scalar>(plan: &Symbolic, diagonal: T, jacobian: &[T], v: &mut [T]) {
    v.fill(T::from(0.0));
    for (&slot, &j) in plan.scatter.iter().zip(jacobian) {
        v[usize::from(slot)] = -j;
    }
    for d in &mut v[..plan.dim()] {
        *d += diagonal;
    }
    let (mut update, mut scaled, mut row) = (0, 0, plan.dim() + plan.lower);
    let row_start = row;
    for (k, pivot) in plan.pivots.iter().enumerate() {
        let r = v[k].recip();
        v[k] = r;
        let end = pivot.scaled_end as usize;
        for &s in &plan.scaled[scaled..end] {
            v[usize::from(s)] *= r;
        }
        scaled = end;
        let end = pivot.updates_end as usize;
        for op in &plan.updates[update..end] {
            let product = v[usize::from(op.l)] * v[usize::from(op.u)];
            v[usize::from(op.target)] -= product;
        }
        update = end;
        let end = row_start + pivot.row_end as usize;
        for u in &mut v[row..end] {
            *u *= r;
        }
        row = end;
    }
}

/// Overwrites `x` with the solution, from the factors `v`.
#[inline(always)]
fn substitute<T: Scalar>(plan: &Symbolic, v: &[T], x: &mut [T]) {
    let (d, rest) = v.split_at(plan.dim());
    let lower = &rest[..plan.lower];
    let mut start = 0;
    for row in &plan.forward {
        let end = usize::from(row.end);
        let (l, columns) = (&lower[start..end], &plan.forward_columns[start..end]);
        x[usize::from(row.row)] -= dot(l, columns, x);
        start = end;
    }
    for (&i, &d) in plan.order.iter().zip(d) {
        x[usize::from(i)] *= d;
    }
    for op in &plan.backward {
        let product = v[usize::from(op.value)] * x[usize::from(op.column)];
        x[usize::from(op.row)] -= product;
    }
}

/// `Σ lᵢ x[columnᵢ]`, as four sums that don't wait for each other.
#[inline(always)]
fn dot<T: Scalar>(l: &[T], columns: &[u16], x: &[T]) -> T {
    let mut sums = [T::from(0.0); 4];
    let (l4, columns4) = (l.chunks_exact(4), columns.chunks_exact(4));
    let rest = l4.remainder().iter().zip(columns4.remainder());
    for (l, columns) in l4.zip(columns4) {
        for ((sum, &l), &j) in sums.iter_mut().zip(l).zip(columns) {
            *sum += l * x[usize::from(j)];
        }
    }
    for ((&l, &j), sum) in rest.zip(&mut sums) {
        *sum += l * x[usize::from(j)];
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}
