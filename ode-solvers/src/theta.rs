//! θ-methods: backward Euler and the trapezoid, their equations solved by Newton's method.

use crate::mass;
use crate::matrix::Matrix;
use crate::slopes::Slopes;
use crate::tableau::ThetaTableau;
use crate::{Embedded, Linearize, Scalar, Statistics, Step, StepError, Stepper, Tolerance};

/// A θ-method: implicit in one stage, `M (y₁ − y)/h = θ f(t₁, y₁) + (1−θ) f(t, y)`.
///
/// The equations are solved to nearly rounding (or as far as [`within`](ThetaMethod::within) says), by
/// Newton's method from the state at the start. Jacobian and factors are kept from step to step for
/// as long as the iteration converges well with them; else they are computed anew at the start of the
/// step, and at last in every iteration.
///
/// The error estimate is the difference from a formula of the next order over the same states,
/// `h/2 (f₁ − f)` for backward Euler and `2h/3 (f½ − (f + f₁)/2)` for the trapezoid, multiplied by the
/// inverse of the matrix of the step, as it is usual for stiff equations (Hairer & Wanner, Solving
/// Ordinary Differential Equations II, 2nd ed., sec. IV.8, eq. 8.20).
///
/// Backward Euler takes systems with a [`Mass`](crate::Mass) matrix. Between the steps it is linear;
/// the trapezoid takes the cubic through states and slopes.
///
/// Over lanes the worst lane decides about convergence; over dual numbers the derivatives have
/// converged too.
#[derive(Debug)]
pub struct ThetaMethod<T = f64> {
    tableau: &'static ThetaTableau,
    estimates: bool,
    accuracy: Accuracy,
    slopes: Slopes<T>,
    change: Vec<T>,
    difference: Vec<T>,
    matrix: Matrix<T>,
    error: Vec<T>,
    /// The time of the state whose Jacobian is at hand, if one is. NaN where it is that of an iterate.
    linearised: Option<f64>,
    /// The step that the factors belong to, if they are valid.
    factorised: Option<f64>,
}

/// When the equations count as solved: when an iteration changes no state by more than its share.
#[derive(Debug)]
struct Accuracy {
    /// Relative to the state, and to its change over the step.
    relative: f64,
    /// For each state, or for all.
    absolute: Vec<f64>,
    /// Relative to the largest state: what rounding leaves of states near zero.
    rounding: f64,
}

/// How the iteration ended.
enum Outcome {
    Converged,
    /// It would take too long, or never converge; the state that changed most in the last iteration.
    Slow(usize),
}

/// How an attempt at the equations proceeds.
#[derive(Clone, Copy)]
struct Pace {
    iterations: usize,
    /// Changes may shrink no slower than this.
    slowest: f64,
    /// Whether the Jacobian is that of the latest iterate.
    full: bool,
}

/// With Jacobian and factors of an earlier step.
const KEPT: Pace = Pace { iterations: 6, slowest: 0.3, full: false };
/// With the Jacobian at the start of the step.
const SIMPLIFIED: Pace = Pace { iterations: 12, slowest: 0.5, full: false };
/// With a Jacobian for each iterate.
const FULL: Pace = Pace { iterations: 30, slowest: f64::INFINITY, full: true };

/// Which share of the tolerance the equations are solved to, so that the error estimate sees the error
/// of the method alone.
const SHARE: f64 = 1e-3;

impl<T: Scalar> ThetaMethod<T> {
    /// A stepper for systems with `dim` states.
    pub fn new(tableau: &'static ThetaTableau, dim: usize) -> Self {
        let zeros = || vec![T::default(); dim];
        // Numbers of single precision don't see this.
        let single = (T::from(1.0) + T::from(1e-10) - T::from(1.0)).worst() == 0.0;
        Self {
            tableau,
            estimates: true,
            accuracy: Accuracy {
                relative: if single { 1e-5 } else { 1e-11 },
                absolute: vec![0.0; dim],
                rounding: if single { 1e-7 } else { 1e-15 },
            },
            slopes: Slopes::new(dim),
            change: zeros(),
            difference: zeros(),
            matrix: Matrix::new(dim),
            error: zeros(),
            linearised: None,
            factorised: None,
        }
    }

    /// Without an error estimate, which costs an evaluation: [`Embedded::error`] is then zero.
    #[must_use]
    pub fn without_estimate(mut self) -> Self {
        self.estimates = false;
        self
    }

    /// With equations that are solved to a thousandth of a tolerance, or as far as rounding allows.
    #[must_use]
    pub fn within(mut self, tolerance: &Tolerance) -> Self {
        self.accuracy.relative = self.accuracy.relative.max(SHARE * tolerance.rtol());
        for (i, absolute) in self.accuracy.absolute.iter_mut().enumerate() {
            *absolute = SHARE * tolerance.atol(i);
        }
        self
    }

    fn linearise<S: Linearize<T> + ?Sized>(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) {
        self.matrix.linearise(system, t, y);
        stats.jacobian += 1;
        self.linearised = Some(t);
        self.factorised = None;
    }

    fn factorise(&mut self, dt: f64, stats: &mut Statistics) -> Result<(), StepError> {
        if self.factorised != Some(dt) {
            self.factorised = None;
            stats.factorisations += 1;
            self.matrix.factorise(1.0 / (dt * self.tableau.theta))?;
            self.factorised = Some(dt);
        }
        Ok(())
    }

    /// Finds `y1`, with the factors that are there if they serve.
    fn solve<S: Linearize<T> + ?Sized>(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        y1: &mut [T],
        stats: &mut Statistics,
    ) -> Result<(), StepError> {
        if self.linearised != Some(step.t) {
            if self.linearised.is_some() {
                let kept = self.factorise(step.dt, stats);
                let kept = kept.and_then(|()| self.iterate(system, step, KEPT, y, y1, stats));
                if let Ok(Outcome::Converged) = kept {
                    return Ok(());
                }
            }
            self.linearise(system, step.t, y, stats);
        }
        self.factorise(step.dt, stats)?;
        if let Outcome::Converged = self.iterate(system, step, SIMPLIFIED, y, y1, stats)? {
            return Ok(());
        }
        let outcome = self.iterate(system, step, FULL, y, y1, stats);
        // The Jacobian is that of an iterate: worth a try for the next step, and for no other at `t`.
        self.linearised = Some(f64::NAN);
        match outcome? {
            // A state that is not finite tells more than that the iteration failed.
            Outcome::Slow(state) if y1.iter().all(|y| y.all_finite()) => {
                Err(StepError::NotConverged { state })
            }
            _ => Ok(()),
        }
    }

    /// Newton's method from the state at the start.
    fn iterate<S: Linearize<T> + ?Sized>(
        &mut self,
        system: &S,
        step: Step,
        pace: Pace,
        y: &[T],
        y1: &mut [T],
        stats: &mut Statistics,
    ) -> Result<Outcome, StepError> {
        let theta = self.tableau.theta;
        let (kept, per_dt) = ((1.0 - theta) / theta, 1.0 / (theta * step.dt));
        y1.copy_from_slice(y);
        let mut before = f64::INFINITY;
        let mut state = 0;
        for iteration in 0..pace.iterations {
            if pace.full && iteration > 0 {
                self.linearise(system, step.t1, y1, stats);
                self.factorise(step.dt, stats)?;
            }
            system.rhs(step.at(1.0), y1, &mut self.change);
            stats.rhs += 1;
            if kept != 0.0 {
                add_scaled(kept, &self.slopes.start, &mut self.change);
            }
            for (d, (&y1, &y)) in self.difference.iter_mut().zip(y1.iter().zip(y)) {
                *d = (y - y1) * per_dt;
            }
            match self.matrix.mass() {
                None => add_scaled(1.0, &self.difference, &mut self.change),
                Some(mass) => mass::add_product(mass, &self.difference, &mut self.change),
            }
            self.matrix.solve(&mut self.change)?;
            stats.solves += 1;
            add_scaled(1.0, &self.change, y1);
            let size;
            (size, state) = self.size(step.dt, y, y1);
            if !size.is_finite() {
                break;
            }
            let rate = size / before;
            // The next change would be smaller by the rate at which they shrink.
            if size <= 1.0 || (iteration > 0 && rate < 1.0 && size * rate / (1.0 - rate) <= 1.0) {
                return Ok(Outcome::Converged);
            }
            if iteration > 0 && rate > pace.slowest {
                break;
            }
            before = size;
        }
        Ok(Outcome::Slow(state))
    }

    /// The largest of the latest changes in units of what is allowed, and its state. NaN if any is.
    fn size(&self, dt: f64, y: &[T], y1: &[T]) -> (f64, usize) {
        let scale = |i: usize| y[i].largest().max(y1[i].largest()).max(dt * self.slopes.start[i].largest());
        let largest = (0..y.len()).map(scale).fold(f64::MIN_POSITIVE, f64::max);
        let Accuracy { relative, absolute, rounding } = &self.accuracy;
        let mut worst = (0.0, 0);
        for (i, change) in self.change.iter().enumerate() {
            let allowed = (relative * scale(i) + absolute[i]).max(rounding * largest);
            let size = change.largest() / allowed;
            if size.is_nan() {
                return (size, i);
            }
            if size > worst.0 {
                worst = (size, i);
            }
        }
        worst
    }

    /// The slope at the end, from the equations of the step: what is stiff would magnify the rounding of
    /// `y1` in the right-hand side.
    fn find_end_slope<S: Linearize<T> + ?Sized>(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        y1: &[T],
        stats: &mut Statistics,
    ) {
        if self.matrix.mass().is_some() {
            system.rhs(step.at(1.0), y1, &mut self.slopes.end);
            stats.rhs += 1;
        } else {
            let theta = self.tableau.theta;
            let (kept, per_dt) = ((1.0 - theta) / theta, 1.0 / (theta * step.dt));
            for (i, end) in self.slopes.end.iter_mut().enumerate() {
                *end = (y1[i] - y[i]) * per_dt - self.slopes.start[i] * kept;
            }
        }
        self.slopes.ends_at(step.t1);
    }

    fn estimate<S: Linearize<T> + ?Sized>(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        y1: &[T],
        stats: &mut Statistics,
    ) -> Result<(), StepError> {
        if self.tableau.order == 1 {
            for (i, error) in self.error.iter_mut().enumerate() {
                *error = (self.slopes.start[i] - self.slopes.end[i]) * 0.5;
            }
        } else {
            let middle = &mut self.difference;
            self.slopes.cubic(0.5, step.dt, y, y1, middle);
            system.rhs(step.at(0.5), middle, &mut self.error);
            stats.rhs += 1;
            for (i, error) in self.error.iter_mut().enumerate() {
                *error = (*error - (self.slopes.start[i] + self.slopes.end[i]) * 0.5) * (4.0 / 3.0);
            }
        }
        stats.solves += 1;
        self.matrix.solve(&mut self.error)
    }
}

impl<T: Scalar, S: Linearize<T> + ?Sized> Stepper<S, T> for ThetaMethod<T> {
    fn order(&self) -> u32 {
        self.tableau.order
    }

    fn dense_order(&self) -> u32 {
        self.tableau.dense_order
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
        self.slopes.forget_end();
        self.solve(system, step, y, y1, stats)?;
        self.find_end_slope(system, step, y, y1, stats);
        if self.estimates {
            self.estimate(system, step, y, y1, stats)?;
        }
        Ok(())
    }

    fn slope(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) -> &[T] {
        self.slopes.prepare(system, t, y, stats);
        &self.slopes.start
    }

    fn prepare_dense(&mut self, _system: &S, _step: Step, _y: &[T], _y1: &[T], _stats: &mut Statistics) {}

    fn interpolate(&self, step: Step, theta: f64, y: &[T], y1: &[T], out: &mut [T]) {
        if self.tableau.dense_order > 1 {
            return self.slopes.cubic(theta, step.dt, y, y1, out);
        }
        for (o, (&y, &y1)) in out.iter_mut().zip(y.iter().zip(y1)) {
            *o = y + (y1 - y) * theta;
        }
    }

    fn takes_mass(&self) -> bool {
        // The cubic through states and slopes knows no slope of an algebraic state.
        self.tableau.dense_order == 1
    }

    fn reset(&mut self) {
        self.slopes.reset();
        self.linearised = None;
        self.factorised = None;
        self.matrix.restart();
    }
}

impl<T: Scalar, S: Linearize<T> + ?Sized> Embedded<S, T> for ThetaMethod<T> {
    fn error(&self) -> &[T] {
        &self.error
    }

    fn error_order(&self) -> u32 {
        self.tableau.order
    }
}

/// `out += w x`.
fn add_scaled<T: Scalar>(w: f64, x: &[T], out: &mut [T]) {
    for (o, &x) in out.iter_mut().zip(x) {
        *o += x * w;
    }
}
