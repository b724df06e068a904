//! Rush–Larsen steps: exponential for what relaxes, explicit for the rest.

use crate::runge_kutta::hermite;
use crate::{Scalar, Statistics, Step, StepError, Stepper, System, generalized_rush_larsen};

pub(crate) const fn citation(order: u32) -> &'static str {
    match order {
        1 => {
            "S. Rush & H. Larsen, A practical algorithm for solving dynamic membrane equations, \
             IEEE Trans. Biomed. Eng. 25 (1978) 389–392, doi:10.1109/TBME.1978.326270"
        }
        _ => generalized_rush_larsen::CITATION,
    }
}

/// Rush & Larsen's method and its extension to order 2.
///
/// With `b` from [`System::rhs_and_rates`], a step is `y₁ = y + h φ(b h) f`, `φ(z) = (eᶻ − 1)/z`:
/// exact for an equation `y' = b (y − y∞)` while `b` and `y∞` stand still, and explicit Euler where
/// `b = 0`. The method of order 2 takes the slope and the rate at the state after half a step.
#[derive(Debug, Clone)]
pub struct RushLarsen<T> {
    second_order: bool,
    slope: Vec<T>,
    rates: Vec<T>,
    half: Vec<T>,
    half_slope: Vec<T>,
    half_rates: Vec<T>,
    end_slope: Vec<T>,
    end_rates: Vec<T>,
    start: Option<f64>,
    end: Option<f64>,
}

impl<T: Scalar> RushLarsen<T> {
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
            slope: zeros(),
            rates: zeros(),
            half: zeros(),
            half_slope: zeros(),
            half_rates: zeros(),
            end_slope: zeros(),
            end_rates: zeros(),
            start: None,
            end: None,
        }
    }

    fn prepare<S: System<T> + ?Sized>(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) {
        if self.start == Some(t) {
            return;
        }
        if self.end == Some(t) {
            core::mem::swap(&mut self.slope, &mut self.end_slope);
            core::mem::swap(&mut self.rates, &mut self.end_rates);
        } else {
            system.rhs_and_rates(t, y, &mut self.slope, &mut self.rates);
            stats.rhs += 1;
        }
        self.start = Some(t);
        self.end = None;
    }
}

/// `h · (e^(b h) − 1)/(b h)`, and `h` where `b` is zero.
#[inline(always)]
pub(crate) fn relaxation<T: Scalar>(b: T, h: f64) -> T {
    let zero = T::from(0.0);
    let is_zero = |yes, no| T::select_lt(zero, b.abs(), no, yes);
    // No division by zero, whichever side is taken.
    let safe = is_zero(T::from(1.0), b);
    is_zero(T::from(h), (safe * h).exp_m1() / safe)
}

/// `out = y + h φ(b h) f`.
#[inline]
pub(crate) fn relax<T: Scalar>(y: &[T], f: &[T], b: &[T], h: f64, out: &mut [T]) {
    let n = out.len();
    let (y, f, b) = (&y[..n], &f[..n], &b[..n]);
    for (i, o) in out.iter_mut().enumerate() {
        *o = y[i] + f[i] * relaxation(b[i], h);
    }
}

impl<T: Scalar, S: System<T> + ?Sized> Stepper<S, T> for RushLarsen<T> {
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
        self.prepare(system, step.t, y, stats);
        if self.second_order {
            relax(y, &self.slope, &self.rates, 0.5 * step.dt, &mut self.half);
            system.rhs_and_rates(step.at(0.5), &self.half, &mut self.half_slope, &mut self.half_rates);
            stats.rhs += 1;
            // The slope that the equation linearised at the half step has at the start.
            for (i, slope) in self.half_slope.iter_mut().enumerate() {
                *slope += self.half_rates[i] * (y[i] - self.half[i]);
            }
            relax(y, &self.half_slope, &self.half_rates, step.dt, y1);
        } else {
            relax(y, &self.slope, &self.rates, step.dt, y1);
        }
        self.end = None;
        Ok(())
    }

    fn slope(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) -> &[T] {
        self.prepare(system, t, y, stats);
        &self.slope
    }

    fn prepare_dense(&mut self, system: &S, step: Step, _y: &[T], y1: &[T], stats: &mut Statistics) {
        if self.end != Some(step.t1) {
            // With the rates, so that the next step can start from it.
            system.rhs_and_rates(step.at(1.0), y1, &mut self.end_slope, &mut self.end_rates);
            stats.rhs += 1;
            self.end = Some(step.t1);
        }
    }

    fn interpolate(&self, step: Step, theta: f64, y: &[T], y1: &[T], out: &mut [T]) {
        hermite(theta, step.dt, (y, &self.slope), (y1, &self.end_slope), out);
    }

    fn reset(&mut self) {
        self.start = None;
        self.end = None;
    }
}
