//! One attempt at a Rosenbrock step, written down: the crate's own Jacobian and factorisation, over
//! expressions.

use core::marker::PhantomData;
use std::sync::Arc;

use super::NotWritten;
use crate::sparse::SparseLu;
use crate::tableau::RosenbrockTableau;
use crate::tape::program::{Entries, Program};
use crate::tape::trace::Trace;
use crate::tape::{Bound, Expr, expr, program};
use crate::{Columns, Element, Scalar, StateSpace, System};

/// Where the numbers of an attempt stand: first the state, then what each member has of its own, the
/// step's length, the relative tolerance, and the absolute ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) states: usize,
    /// Numbers that each member has of its own: the drive first, where there is one.
    pub(super) own: usize,
}

impl Layout {
    pub(super) fn length(self) -> usize {
        self.states + self.own
    }

    pub(super) fn rtol(self) -> usize {
        self.length() + 1
    }

    pub(super) fn atol(self) -> usize {
        self.length() + 2
    }

    pub(super) fn inputs(self) -> usize {
        self.atol() + self.states
    }

    /// After the new state: the size of the error, the worst backward error of the first stage, and what
    /// the first step's length follows from.
    fn outputs(self) -> usize {
        self.states + 5
    }
}

/// Equations with the numbers that are known.
struct Given<'a, E, S> {
    parameters: &'a [Option<f64>],
    drive: Option<f64>,
    system: PhantomData<fn() -> (E, S)>,
}

impl<E: Element, S: Columns<E>> Given<'_, E, S> {
    /// The slopes at `y`; `own` gives the numbers that are not known, one after the other.
    fn slopes(&self, mut own: impl FnMut() -> Expr, y: &[Expr]) -> Vec<Expr> {
        let mut given = |known: Option<f64>| known.map_or_else(&mut own, Expr::from);
        let drive = given(self.drive);
        let p: Vec<Expr> = self.parameters.iter().map(|known| given(*known)).collect();
        let (mut dy, mut rates) = (vec![Expr::ZERO; y.len()], vec![Expr::from(0.0); y.len()]);
        S::rhs(&p, drive, y, &mut dy, &mut rates);
        dy
    }
}

impl<E: Element, S: Columns<E>> StateSpace for Given<'_, E, S> {
    fn dim(&self) -> usize {
        S::STATES
    }
}

impl<E: Element, S: Columns<E>> System<Expr> for Given<'_, E, S> {
    fn rhs(&self, _: f64, y: &[Expr], dy: &mut [Expr]) {
        // The places that these numbers have in an attempt, as constants of its kind of number.
        let mut places = S::STATES as u32..;
        dy.copy_from_slice(&self.slopes(|| Expr::other(Expr(places.next().unwrap_or(u32::MAX))), y));
    }
}

/// The whole attempt as a function.
struct Attempt<'a, E, S> {
    given: Given<'a, E, S>,
    layout: Layout,
    tableau: &'a RosenbrockTableau,
    /// The equations, and how their Jacobian comes from them.
    trace: Trace,
    program: Arc<Program>,
}

impl<E: Element, S: Columns<E>> StateSpace for Attempt<'_, E, S> {
    fn dim(&self) -> usize {
        self.layout.inputs().max(self.layout.outputs())
    }
}

impl<E: Element, S: Columns<E>> System<Expr> for Attempt<'_, E, S> {
    fn rhs(&self, _: f64, x: &[Expr], out: &mut [Expr]) {
        let Layout { states: n, own } = self.layout;
        let (y, h, rtol) = (&x[..n], x[self.layout.length()], x[self.layout.rtol()]);
        let (own, atol) = (&x[n..n + own], &x[self.layout.atol()..]);
        let slopes = |y: &[Expr]| {
            let mut own = own.iter().copied();
            self.given.slopes(|| own.next().unwrap_or_default(), y)
        };
        let f = slopes(y);
        let mut jacobian = vec![Expr::ZERO; self.program.positions().len()];
        let bound = Bound::new(self.program.clone(), &self.trace);
        bound.expect("invariant: all constants are numbers or expressions").jacobian(y, &mut jacobian);

        let step = self.step(&slopes, (y, &f), &jacobian, h);
        out[..n].copy_from_slice(&step.next);
        let larger: Vec<Expr> = y.iter().zip(&step.next).map(|(a, b)| a.abs().max(b.abs())).collect();
        out[n] = root_mean_square(&step.error, &larger, rtol, atol);
        out[n + 1] = step.backward_error;

        let mut curvature = vec![Expr::from(0.0); n];
        for (&(i, j), &entry) in self.program.positions().iter().zip(&jacobian) {
            curvature[i] += entry * f[j];
        }
        let y: Vec<Expr> = y.iter().map(|y| y.abs()).collect();
        for (out, x) in out[n + 2..].iter_mut().zip([&y, &f, &curvature]) {
            *out = root_mean_square(x, &y, rtol, atol);
        }
    }
}

/// What an attempt comes to.
struct Outcome {
    next: Vec<Expr>,
    error: Vec<Expr>,
    backward_error: Expr,
}

impl<E: Element, S: Columns<E>> Attempt<'_, E, S> {
    /// The stages, as [`RosenbrockTableau`] has them, of equations that no time enters.
    fn step(
        &self,
        slopes: &impl Fn(&[Expr]) -> Vec<Expr>,
        (y, f): (&[Expr], &[Expr]),
        jacobian: &[Expr],
        h: Expr,
    ) -> Outcome {
        let table = self.tableau;
        let (_, plan) = self.program.plan().expect("invariant: the plan was asked for");
        let mut lu = SparseLu::<Expr>::new(plan.clone());
        let per_h = h.recip();
        let diagonal = per_h * (1.0 / table.gamma);
        lu.factorise(diagonal, jacobian).expect("invariant: an expression is taken to be finite");
        let mut u: Vec<Vec<Expr>> = Vec::new();
        // Rows without their last zeros, with the slopes there: some stages stand at the same place.
        let mut slopes_at: Vec<(&[f64], Vec<Expr>)> = vec![(&[], f.to_vec())];
        let mut at: (&[f64], Vec<Expr>) = (&[], y.to_vec());
        // Rows often go on where the row before ends.
        let place = |(row, state): &(&[f64], Vec<Expr>), next: &[f64], u: &[Vec<Expr>]| {
            if next.starts_with(row) { plus(state, next, row.len(), u) } else { plus(y, next, 0, u) }
        };
        for i in 0..table.stages() {
            let row = without_zeros(table.a[i]);
            let known = slopes_at.iter().find(|(other, _)| *other == row).map(|(_, f)| f.clone());
            let mut x = known.unwrap_or_else(|| {
                at = (row, place(&at, row, &u));
                let f = slopes(&at.1);
                slopes_at.push((row, f.clone()));
                f
            });
            for (w, u) in table.c_matrix[i].iter().zip(&u).filter(|(w, _)| **w != 0.0) {
                let scaled = per_h * *w;
                x.iter_mut().zip(u).for_each(|(x, u)| *x += *u * scaled);
            }
            lu.solve(&mut x);
            u.push(x);
        }
        let backward_errors = lu.backward_errors(jacobian, f, &u[0]);
        Outcome {
            backward_error: backward_errors.iter().fold(Expr::from(0.0), |worst, e| worst.max(*e)),
            next: place(&at, without_zeros(table.b), &u),
            error: plus(&vec![Expr::from(0.0); y.len()], table.error, 0, &u),
        }
    }
}

fn without_zeros(row: &[f64]) -> &[f64] {
    &row[..row.iter().rposition(|w| *w != 0.0).map_or(0, |last| last + 1)]
}

/// `base + Σ wⱼ uⱼ`, without the first `skipped` stages.
fn plus(base: &[Expr], row: &[f64], skipped: usize, u: &[Vec<Expr>]) -> Vec<Expr> {
    let mut sum = base.to_vec();
    // Weights of 10⁻⁶² are what is left of a zero.
    for (w, u) in row.iter().zip(u).skip(skipped).filter(|(w, _)| w.abs() > 1e-30) {
        sum.iter_mut().zip(u).for_each(|(sum, u)| *sum += *u * *w);
    }
    sum
}

/// The norm of the solvers, [`Norm::RootMeanSquare`](crate::Norm), with tolerances that are not known
/// yet; `size` has the magnitudes of the states.
fn root_mean_square(x: &[Expr], size: &[Expr], rtol: Expr, atol: &[Expr]) -> Expr {
    let mut sum = Expr::from(0.0);
    for ((&x, &size), &atol) in x.iter().zip(size).zip(atol) {
        let relative = x / (size * rtol + atol);
        sum += relative * relative;
    }
    (sum * (1.0 / x.len() as f64)).sqrt()
}

/// Writes an attempt down.
pub(super) fn record<E: Element, S: Columns<E>>(
    parameters: &[Option<f64>],
    drive: Option<f64>,
    tableau: &RosenbrockTableau,
) -> Result<(Trace, Layout), NotWritten> {
    if tableau.residual {
        return Err(NotWritten::Residual { method: tableau.name });
    }
    let given = Given::<E, S> { parameters, drive, system: PhantomData };
    let own = [drive].iter().chain(parameters).filter(|known| known.is_none()).count();
    let layout = Layout { states: S::STATES, own };
    let trace = expr::record(&given, 0.0).ok_or(NotWritten::Busy)?;
    let too_large = NotWritten::TooLarge { states: S::STATES };
    let bound = program::<Expr>(&trace, Entries::All).ok_or(too_large)?;
    let program = bound.program().clone();
    if program.plan().is_none() {
        return Err(too_large);
    }
    let attempt = Attempt { given, layout, tableau, trace, program };
    let trace = expr::record(&attempt, 0.0).ok_or(NotWritten::Busy)?;
    Ok((trace, layout))
}
