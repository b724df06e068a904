//! Generalized Rush–Larsen steps: exponential in every state, by the diagonal of the Jacobian.

use crate::matrix::WRITTEN;
use crate::rush_larsen::relax;
use crate::slopes::Slopes;
use crate::sparse::{Compression, Depends, SparsityPattern};
use crate::tape::{self, Bound, Entries};
use crate::{Linearize, Scalar, Statistics, Step, StepError, Stepper};

pub(crate) const CITATION: &str = "J. Sundnes, R. Artebrant, O. Skavhaug & A. Tveito, A second-order algorithm \
     for solving dynamic cell membrane equations, IEEE Trans. Biomed. Eng. 56 (2009) 2546–2548, \
     doi:10.1109/TBME.2009.2014739";

/// The generalized Rush–Larsen methods of order 1 and 2 (Sundnes et al. 2009).
///
/// Every equation is linearised in its own state, `aᵢ = ∂fᵢ/∂yᵢ`, and solved exactly while the other
/// states stand still: `y₁ = y + h φ(a h) f`, `φ(z) = (eᶻ − 1)/z`. Gates are treated as by
/// [`RushLarsen`](crate::RushLarsen), concentrations and the potential likewise, and nothing needs to
/// be known about which state is a gate.
///
/// The method of order 2 takes half such a step and linearises there. The paper evaluates equation
/// `i` at the half step with state `i` put back to the start; here its linearisation is taken back
/// instead, which differs in terms beyond the order and costs one evaluation instead of one for each
/// state.
///
/// The diagonal is exact, by dual numbers along as few directions as the structure allows.
#[derive(Debug)]
pub struct GeneralizedRushLarsen<T = f64> {
    second_order: bool,
    diagonal: Diagonal<T>,
    slopes: Slopes<T>,
    rates: Vec<T>,
    half: Vec<T>,
    half_slope: Vec<T>,
}

impl<T: Scalar> GeneralizedRushLarsen<T> {
    /// The method of order 1 for systems with `dim` states.
    pub fn first_order(dim: usize) -> Self {
        Self::new(dim, false)
    }

    /// The method of order 2 for systems with `dim` states.
    pub fn second_order(dim: usize) -> Self {
        Self::new(dim, true)
    }

    fn new(dim: usize, second_order: bool) -> Self {
        let zeros = || vec![T::default(); dim];
        Self {
            second_order,
            diagonal: Diagonal::new(dim),
            slopes: Slopes::new(dim),
            rates: zeros(),
            half: zeros(),
            half_slope: zeros(),
        }
    }
}

impl<T: Scalar, S: Linearize<T> + ?Sized> Stepper<S, T> for GeneralizedRushLarsen<T> {
    fn order(&self) -> u32 {
        if self.second_order { 2 } else { 1 }
    }

    fn dense_order(&self) -> u32 {
        Stepper::<S, T>::order(self)
    }

    fn step(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        y1: &mut [T],
        stats: &mut Statistics,
    ) -> Result<(), StepError> {
        self.slopes.prepare(system, step.t, y, stats);
        self.diagonal.evaluate(system, step.t, y, &mut self.rates, stats)?;
        if self.second_order {
            relax(y, &self.slopes.start, &self.rates, 0.5 * step.dt, &mut self.half);
            let t = step.at(0.5);
            system.rhs(t, &self.half, &mut self.half_slope);
            stats.rhs += 1;
            self.diagonal.evaluate(system, t, &self.half, &mut self.rates, stats)?;
            // The slope that the equation linearised at the half step has at the start.
            for (i, slope) in self.half_slope.iter_mut().enumerate() {
                *slope += self.rates[i] * (y[i] - self.half[i]);
            }
            relax(y, &self.half_slope, &self.rates, step.dt, y1);
        } else {
            relax(y, &self.slopes.start, &self.rates, step.dt, y1);
        }
        self.slopes.forget_end();
        Ok(())
    }

    fn slope(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) -> &[T] {
        self.slopes.prepare(system, t, y, stats);
        &self.slopes.start
    }

    fn prepare_dense(&mut self, system: &S, step: Step, _y: &[T], y1: &[T], stats: &mut Statistics) {
        self.slopes.finish(system, step, y1, stats);
    }

    fn interpolate(&self, step: Step, theta: f64, y: &[T], y1: &[T], out: &mut [T]) {
        self.slopes.cubic(theta, step.dt, y, y1, out);
    }

    fn reset(&mut self) {
        self.slopes.reset();
        self.diagonal.restart();
    }
}

/// The diagonal of a system's Jacobian.
#[derive(Debug)]
struct Diagonal<T> {
    n: usize,
    /// Whether the structure has been asked for since the latest restart.
    known: bool,
    rows: Box<[Depends]>,
    /// The equations as they were written down after the latest restart.
    tape: Option<Bound<T>>,
    /// Nothing for systems that don't know their structure, or are too large.
    plan: Option<Compression>,
    /// The diagonal in the plan's order, or the whole Jacobian, column by column.
    values: Vec<T>,
}

impl<T: Scalar> Diagonal<T> {
    fn new(n: usize) -> Self {
        let rows = vec![Depends::default(); n.min(SparsityPattern::MAX_DIM)].into();
        Self { n, known: false, rows, tape: None, plan: None, values: vec![T::default(); n] }
    }

    fn restart(&mut self) {
        self.known = false;
    }

    fn find_structure<S: Linearize<T> + ?Sized>(&mut self, system: &S, t: f64) {
        self.tape = (self.n >= WRITTEN && system.is_autonomous())
            .then(|| system.trace(t))
            .flatten()
            .and_then(|trace| tape::program(&trace, Entries::Diagonal));
        if self.tape.is_some() {
            return;
        }
        let known = self.n <= SparsityPattern::MAX_DIM && system.sparsity(t, &mut self.rows);
        let size = if known { self.n } else { self.n * self.n };
        self.values.resize(size, T::default());
        self.plan = known.then(|| Compression::diagonal(&SparsityPattern::with_diagonal(self.rows.to_vec())));
    }

    fn evaluate<S: Linearize<T> + ?Sized>(
        &mut self,
        system: &S,
        t: f64,
        y: &[T],
        out: &mut [T],
        stats: &mut Statistics,
    ) -> Result<(), StepError> {
        if !self.known {
            self.find_structure(system, t);
            self.known = true;
        }
        stats.jacobian += 1;
        match (&mut self.tape, &self.plan) {
            (Some(tape), _) => tape.jacobian(y, out),
            (None, Some(plan)) => {
                system.jacobian_entries(t, y, plan, &mut self.values);
                for ((i, _), &value) in plan.entries().zip(&self.values) {
                    out[i] = value;
                }
            }
            (None, None) => {
                system.jacobian(t, y, &mut self.values);
                for (out, &value) in out.iter_mut().zip(self.values.iter().step_by(self.n + 1)) {
                    *out = value;
                }
            }
        }
        match out.iter().position(|a| !a.all_finite()) {
            Some(i) => Err(StepError::JacobianNotFinite { row: i, column: i }),
            None => Ok(()),
        }
    }
}
