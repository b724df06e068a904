//! Rush–Larsen steps: exponential for what relaxes, explicit for the rest.

use crate::runge_kutta::hermite;
use crate::{Scalar, Statistics, Step, StepError, Stepper, System};

pub(crate) const fn citation(order: u32) -> &'static str {
    match order {
        1 => {
            "S. Rush & H. Larsen, A practical algorithm for solving dynamic membrane equations, \
             IEEE Trans. Biomed. Eng. 25 (1978) 389–392, doi:10.1109/TBME.1978.326270"
        }
        _ => {
            "J. Sundnes, R. Artebrant, O. Skavhaug & A. Tveito, A second-order algorithm for solving dynamic \
             cell membrane equations, IEEE Trans. Biomed. Eng. 56 (2009) 2546–2548, \
             doi:10.1109/TBME.2009.2014739"
        }
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
            start: None,
            end: None,
        }
    }

    fn prepare<S: System<T> + ?Sized>(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) {
        if self.start != Some(t) {
            system.rhs_and_rates(t, y, &mut self.slope, &mut self.rates);
            stats.rhs += 1;
            self.start = Some(t);
            self.end = None;
        }
    }
}

/// `h · (e^(b h) − 1)/(b h)`, and `h` where `b` is zero.
#[inline(always)]
fn relaxation<T: Scalar>(b: T, h: f64) -> T {
    let zero = T::from(0.0);
    let is_zero = |yes, no| T::select_lt(zero, b.abs(), no, yes);
    // No division by zero, whichever side is taken.
    let safe = is_zero(T::from(1.0), b);
    is_zero(T::from(h), (safe * h).exp_m1() / safe)
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
        let n = self.slope.len();
        let (y, y1) = (&y[..n], &mut y1[..n]);
        if self.second_order {
            let h = 0.5 * step.dt;
            for i in 0..n {
                self.half[i] = y[i] + self.slope[i] * relaxation(self.rates[i], h);
            }
            system.rhs_and_rates(step.at(0.5), &self.half, &mut self.half_slope, &mut self.half_rates);
            stats.rhs += 1;
            for i in 0..n {
                // The slope that the equation linearised at the half step has at the start.
                let b = self.half_rates[i];
                let slope = self.half_slope[i] + b * (y[i] - self.half[i]);
                y1[i] = y[i] + slope * relaxation(b, step.dt);
            }
        } else {
            for i in 0..n {
                y1[i] = y[i] + self.slope[i] * relaxation(self.rates[i], step.dt);
            }
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
            system.rhs(step.at(1.0), y1, &mut self.end_slope);
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
