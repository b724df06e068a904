//! Explicit Runge–Kutta steps from a table of coefficients.

use crate::combine::{Terms, copy_fresh};
use crate::tableau::{ExplicitPair, ExplicitTableau, Interpolant};
use crate::{Embedded, Scalar, Statistics, Step, StepError, Stepper, System};

/// An explicit Runge–Kutta method.
///
/// ```
/// use ode_solvers::{RungeKutta, Scalar, StateSpace, Statistics, Step, Stepper, System, tableau};
///
/// struct Decay;
/// impl StateSpace for Decay {
///     fn dim(&self) -> usize { 1 }
/// }
/// impl<T: Scalar> System<T> for Decay {
///     fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) { dy[0] = -y[0]; }
/// }
///
/// let mut euler = RungeKutta::new(&tableau::EXPLICIT_EULER, 1);
/// let mut y1 = [0.0];
/// euler.step(&Decay, Step::new(0.0, 0.1), &[1.0], &mut y1, &mut Statistics::default()).unwrap();
/// assert_eq!(y1, [0.9]);
/// ```
#[derive(Debug, Clone)]
pub struct RungeKutta<T> {
    tableau: &'static ExplicitTableau,
    rows: Vec<Terms>,
    b: Terms,
    fsal: bool,
    /// The rows of the stages that only the interpolant needs.
    extra: Vec<Terms>,
    /// The stages, row after row; those of the interpolant last.
    k: Vec<T>,
    /// The state at a stage.
    stage: Vec<T>,
    /// The slope at the end, where the last stage isn't it.
    end_slope: Vec<T>,
    /// The time of the first stage, if it is valid.
    start: Option<f64>,
    /// The time of the slope at the end, if it is valid.
    end: Option<f64>,
    /// Whether the interpolant's stages belong to the latest step.
    dense: bool,
}

impl<T: Scalar> RungeKutta<T> {
    /// A stepper for systems with `dim` states.
    pub fn new(tableau: &'static ExplicitTableau, dim: usize) -> Self {
        let zeros = || vec![T::default(); dim];
        let extra: &[&[f64]] = match tableau.interpolant {
            Interpolant::ExtraStages { a, .. } => a,
            _ => &[],
        };
        Self {
            tableau,
            rows: tableau.a.iter().map(|row| Terms::new(row)).collect(),
            b: Terms::new(tableau.b),
            fsal: tableau.is_fsal(),
            k: vec![T::default(); dim * (tableau.stages() + extra.len())],
            extra: extra.iter().map(|row| Terms::new(row)).collect(),
            stage: zeros(),
            end_slope: zeros(),
            start: None,
            end: None,
            dense: false,
        }
    }

    /// Makes the first stage valid for a step that starts at `t`.
    #[inline]
    fn prepare<S: System<T> + ?Sized>(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) {
        let n = self.stage.len();
        if self.start == Some(t) {
            return;
        }
        if self.end == Some(t) {
            if self.fsal {
                let (first, rest) = self.k.split_at_mut(n);
                copy_fresh(&rest[(self.rows.len() - 2) * n..][..n], first);
            } else {
                self.k[..n].copy_from_slice(&self.end_slope);
            }
        } else {
            system.rhs(t, y, &mut self.k[..n]);
            stats.rhs += 1;
        }
        self.start = Some(t);
        self.end = None;
    }

    /// The slope at the end of the latest step.
    fn slope_at_end(&self) -> &[T] {
        let n = self.stage.len();
        if self.fsal { &self.k[(self.rows.len() - 1) * n..][..n] } else { &self.end_slope }
    }
}

impl<T: Scalar, S: System<T> + ?Sized> Stepper<S, T> for RungeKutta<T> {
    fn order(&self) -> u32 {
        self.tableau.order
    }

    fn dense_order(&self) -> u32 {
        self.tableau.dense_order()
    }

    fn step(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        y1: &mut [T],
        stats: &mut Statistics,
    ) -> Result<(), StepError> {
        let n = self.stage.len();
        self.prepare(system, step.t, y, stats);
        let stages = self.rows.len();
        for i in 1..stages {
            let (done, rest) = self.k.split_at_mut(i * n);
            let last_is_result = self.fsal && i + 1 == stages;
            let stage: &mut [T] = if last_is_result { y1 } else { &mut self.stage };
            self.rows[i].write(step.dt, y, done, stage);
            system.rhs(step.at(self.tableau.c[i]), stage, &mut rest[..n]);
        }
        stats.rhs += stages as u64 - 1;
        if !self.fsal {
            self.b.write(step.dt, y, &self.k, y1);
        }
        self.end = self.fsal.then_some(step.t1);
        self.dense = false;
        Ok(())
    }

    fn slope(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) -> &[T] {
        self.prepare(system, t, y, stats);
        &self.k[..self.stage.len()]
    }

    fn prepare_dense(&mut self, system: &S, step: Step, y: &[T], y1: &[T], stats: &mut Statistics) {
        match self.tableau.interpolant {
            Interpolant::Hermite if self.end != Some(step.t1) => {
                system.rhs(step.at(1.0), y1, &mut self.end_slope);
                stats.rhs += 1;
                self.end = Some(step.t1);
            }
            Interpolant::ExtraStages { c, .. } if !self.dense => {
                let (n, first) = (self.stage.len(), self.rows.len());
                for (i, (row, &c)) in self.extra.iter().zip(c).enumerate() {
                    let (done, rest) = self.k.split_at_mut((first + i) * n);
                    row.write(step.dt, y, done, &mut self.stage);
                    system.rhs(step.at(c), &self.stage, &mut rest[..n]);
                }
                stats.rhs += c.len() as u64;
                self.dense = true;
            }
            _ => {}
        }
    }

    fn interpolate(&self, step: Step, theta: f64, y: &[T], y1: &[T], out: &mut [T]) {
        let n = self.stage.len();
        match self.tableau.interpolant {
            Interpolant::Hermite => {
                hermite(theta, step.dt, (y, &self.k[..n]), (y1, self.slope_at_end()), out);
            }
            Interpolant::Weights { w, .. } | Interpolant::ExtraStages { w, .. } => {
                out.copy_from_slice(y);
                for (row, k) in w.iter().zip(self.k.chunks_exact(n)) {
                    let b = row.iter().rev().fold(0.0, |sum, &c| (sum + c) * theta) * step.dt;
                    for (o, &k) in out.iter_mut().zip(k) {
                        *o += k * b;
                    }
                }
            }
        }
    }

    fn reset(&mut self) {
        self.start = None;
        self.end = None;
    }
}

/// The cubic through `(y, f)` at `theta = 0` and at `theta = 1`, which lie `dt` apart; writes its value at
/// `theta`. All slices have one length.
pub fn hermite<T: Scalar>(
    theta: f64,
    dt: f64,
    (y0, f0): (&[T], &[T]),
    (y1, f1): (&[T], &[T]),
    out: &mut [T],
) {
    let rest = 1.0 - theta;
    // Weights of y₁ − y₀ and of the two slopes.
    let up = theta * theta * (3.0 - 2.0 * theta);
    let (g0, g1) = (theta * rest * rest * dt, -theta * theta * rest * dt);
    for (i, o) in out.iter_mut().enumerate() {
        *o = y0[i] + ((y1[i] - y0[i]) * up + f0[i] * g0 + f1[i] * g1);
    }
}

/// An explicit Runge–Kutta pair: a method with an error estimate.
#[derive(Debug, Clone)]
pub struct RungeKuttaPair<T> {
    method: RungeKutta<T>,
    error_order: u32,
    weights: Terms,
    second_weights: Option<Terms>,
    zero: Vec<T>,
    error: Vec<T>,
    second: Vec<T>,
}

impl<T: Scalar> RungeKuttaPair<T> {
    /// A stepper for systems with `dim` states.
    pub fn new(pair: &'static ExplicitPair, dim: usize) -> Self {
        Self {
            method: RungeKutta::new(&pair.tableau, dim),
            error_order: pair.error_order(),
            weights: Terms::new(pair.error),
            second_weights: pair.second.map(|second| Terms::new(second.error)),
            zero: vec![T::from(0.0); dim],
            error: vec![T::default(); dim],
            second: vec![T::default(); dim],
        }
    }
}

/// `e ← e² / √(e² + 0.01 s²)`, and 0 where both are.
fn combine<T: Scalar>(second: &[T], error: &mut [T]) {
    for (e, &s) in error.iter_mut().zip(second) {
        // Relative to the larger of the two: squares neither overflow nor vanish. The least size is
        // one that single precision has.
        let size = e.abs().max(s.abs() * 0.1).max(T::from(f64::from(f32::MIN_POSITIVE)));
        let (x, z) = (*e / size, s * 0.1 / size);
        *e = *e * x / (x * x + z * z + f64::EPSILON * f64::EPSILON).sqrt();
    }
}

impl<T: Scalar, S: System<T> + ?Sized> Stepper<S, T> for RungeKuttaPair<T> {
    fn order(&self) -> u32 {
        Stepper::<S, T>::order(&self.method)
    }

    fn dense_order(&self) -> u32 {
        Stepper::<S, T>::dense_order(&self.method)
    }

    fn step(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        y1: &mut [T],
        stats: &mut Statistics,
    ) -> Result<(), StepError> {
        self.method.step(system, step, y, y1, stats)?;
        self.weights.write(step.dt, &self.zero, &self.method.k, &mut self.error);
        if let Some(weights) = &self.second_weights {
            weights.write(step.dt, &self.zero, &self.method.k, &mut self.second);
            combine(&self.second, &mut self.error);
        }
        Ok(())
    }

    fn slope(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) -> &[T] {
        self.method.slope(system, t, y, stats)
    }

    fn prepare_dense(&mut self, system: &S, step: Step, y: &[T], y1: &[T], stats: &mut Statistics) {
        self.method.prepare_dense(system, step, y, y1, stats);
    }

    fn interpolate(&self, step: Step, theta: f64, y: &[T], y1: &[T], out: &mut [T]) {
        Stepper::<S, T>::interpolate(&self.method, step, theta, y, y1, out);
    }

    fn reset(&mut self) {
        Stepper::<S, T>::reset(&mut self.method);
    }
}

impl<T: Scalar, S: System<T> + ?Sized> Embedded<S, T> for RungeKuttaPair<T> {
    fn error(&self) -> &[T] {
        &self.error
    }

    fn error_order(&self) -> u32 {
        self.error_order
    }
}
