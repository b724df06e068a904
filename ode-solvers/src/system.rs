//! What is integrated: `y' = f(t, y)`, or `M y' = f(t, y)`.

use crate::sparse::{Compression, DIRECTIONS, Depends, SparseDual, trace, with_scratch};
use crate::tape::{Expr, Trace};
use crate::{Mass, Scalar};

/// What a system is apart from its equations: its size, the names of its states, and where in time
/// its right-hand side is not smooth.
pub trait StateSpace: Sync {
    /// The number of states.
    fn dim(&self) -> usize;

    /// The name of state `i`, for messages.
    fn state_name(&self, i: usize) -> String {
        format!("y[{i}]")
    }

    /// Appends every time in the open interval `(t0, t1)` at which the right-hand side, or one of
    /// its derivatives, jumps: the edges of a stimulus. The solver ends a step at each of them and
    /// starts afresh. Times may come in any order and repeat.
    ///
    /// The right-hand side is continuous from the right: at an edge it already has the value of
    /// the piece that follows. Steps that end at an edge are evaluated up to the last
    /// floating-point number before it.
    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        let _ = (t0, t1, out);
    }

    /// Whether, between two stops, the right-hand side does not depend on time.
    fn is_autonomous(&self) -> bool {
        false
    }

    /// The constant matrix `M` of `M y' = f(t, y)`; the identity unless the system says otherwise.
    fn mass(&self) -> Mass {
        Mass::Identity
    }
}

/// A system of ordinary differential equations `y' = f(t, y)` over numbers of type `T`.
///
/// Time is `f64`, one clock for all lanes. Write one generic `impl<T: Scalar> System<T> for …`:
/// the same equations then give values, exact Jacobians and vectorised ensembles.
///
/// ```
/// use ode_solvers::{Linearize, Scalar, StateSpace, System};
///
/// struct VanDerPol { mu: f64 }
///
/// impl StateSpace for VanDerPol {
///     fn dim(&self) -> usize { 2 }
/// }
///
/// impl<T: Scalar> System<T> for VanDerPol {
///     fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
///         dy[0] = y[1];
///         dy[1] = (-(y[0] * y[0]) + 1.0) * y[1] * self.mu - y[0];
///     }
/// }
///
/// let mut jacobian = [0.0; 4];
/// VanDerPol { mu: 5.0 }.jacobian(0.0, &[2.0, 0.5], &mut jacobian);
/// assert_eq!(jacobian, [0.0, -11.0, 1.0, -15.0]); // column by column
/// ```
pub trait System<T: Scalar>: StateSpace {
    /// Writes `f(t, y)` into `dy`. `y` and `dy` have length [`dim`](StateSpace::dim). Allocates
    /// nothing and does not panic; a state outside the domain gives NaN.
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]);

    /// As [`rhs`](System::rhs), and writes into `b` the rate of the linear part of each equation
    /// that relaxes, `y' = b·(y − y∞)`: −1/τ for a gate, 0 for all others. Rush–Larsen steps use it.
    fn rhs_and_rates(&self, t: f64, y: &[T], dy: &mut [T], b: &mut [T]) {
        b.fill(T::from(0.0));
        self.rhs(t, y, dy);
    }

    /// Writes ∂f/∂t into `dfdt` and returns true, if the system knows it. Rosenbrock methods need
    /// it; for a system that is not autonomous and doesn't know it they take differences.
    fn time_derivative(&self, t: f64, y: &[T], dfdt: &mut [T]) -> bool {
        let _ = (t, y, dfdt);
        false
    }
}

/// A system that knows its Jacobian.
///
/// Every system written over all of [`Scalar`] knows it, for every number type, through dual numbers and
/// through its equations [written down](crate::tape): over [`Lanes`](crate::Lanes), one Jacobian for each
/// lane. Implement the trait by hand, or use
/// `FnSystem`, where only an `f64` right-hand side exists.
pub trait Linearize<T: Scalar = f64>: System<T> {
    /// Writes ∂fᵢ/∂yⱼ at `(t, y)` into `jacobian[i + j·n]`, column by column, `n·n` numbers.
    fn jacobian(&self, t: f64, y: &[T], jacobian: &mut [T]);

    /// Writes the states that each equation reads, on the stretch between two stops that holds
    /// `t`, into `rows` and returns true, if the system knows them. Too many do no harm, one too
    /// few makes the Jacobian wrong. Implicit methods then work with the entries alone, where that
    /// is cheaper; it is not asked of systems with more than [`Depends::MAX_STATES`] states.
    fn sparsity(&self, t: f64, rows: &mut [Depends]) -> bool {
        let _ = (t, rows);
        false
    }

    /// The right-hand side on the stretch between two stops that holds `t`, written down, if the
    /// system can be. Implicit methods derive the Jacobian of autonomous systems from it.
    fn trace(&self, t: f64) -> Option<Trace> {
        let _ = t;
        None
    }

    /// Writes the entries of the Jacobian at `(t, y)`, in the plan's order, into `values`. Asked
    /// only of systems that know their [`sparsity`](Linearize::sparsity).
    ///
    /// Unless a system does better, this takes them from [`jacobian`](Linearize::jacobian), and
    /// allocates memory for it.
    fn jacobian_entries(&self, t: f64, y: &[T], plan: &Compression, values: &mut [T]) {
        let n = y.len();
        let mut jacobian = vec![T::default(); n * n];
        self.jacobian(t, y, &mut jacobian);
        for (value, (i, j)) in values.iter_mut().zip(plan.entries()) {
            *value = jacobian[i + j * n];
        }
    }
}

impl<S, T> Linearize<T> for S
where
    T: Scalar,
    S: System<T> + System<SparseDual<DIRECTIONS, T>> + System<Depends> + System<Expr> + ?Sized,
{
    fn sparsity(&self, t: f64, rows: &mut [Depends]) -> bool {
        trace(self, t, rows);
        true
    }

    fn trace(&self, t: f64) -> Option<Trace> {
        Trace::of(self, t)
    }

    fn jacobian_entries(&self, t: f64, y: &[T], plan: &Compression, values: &mut [T]) {
        plan.evaluate(self, t, y, values);
    }

    fn jacobian(&self, t: f64, y: &[T], jacobian: &mut [T]) {
        dual_jacobian(self, t, y, jacobian);
    }
}

fn dual_jacobian<T: Scalar, S: System<SparseDual<DIRECTIONS, T>> + ?Sized>(
    s: &S,
    t: f64,
    y: &[T],
    jacobian: &mut [T],
) {
    let n = y.len();
    with_scratch::<SparseDual<DIRECTIONS, T>>(n, |x, f| {
        for (xi, &yi) in x.iter_mut().zip(y) {
            *xi = SparseDual::constant(yi);
        }
        for first in (0..n).step_by(DIRECTIONS) {
            let last = n.min(first + DIRECTIONS);
            for j in first..last {
                x[j] = SparseDual::variable(y[j], j - first);
            }
            s.rhs(t, x, f);
            for j in first..last {
                for (i, fi) in f.iter().enumerate() {
                    jacobian[i + j * n] = fi.derivative(j - first);
                }
                x[j] = SparseDual::constant(y[j]);
            }
        }
    });
}
