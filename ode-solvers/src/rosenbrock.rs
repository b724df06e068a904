//! Rosenbrock steps from a table of coefficients.

use crate::combine::Terms;
use crate::mass;
use crate::matrix::Matrix;
use crate::reuse::Reuse;
use crate::slopes::Slopes;
use crate::tableau::RosenbrockTableau;
use crate::{Embedded, Linearize, Scalar, Statistics, Step, StepError, Stepper};

/// A Rosenbrock method: linearly implicit, one Jacobian and one factorisation for each step. W-methods may
/// [keep](Self::keeping_jacobian) a Jacobian for several.
///
/// `T` is `f64` unless said otherwise. Over [`Lanes`](crate::Lanes) every lane has its own Jacobian
/// and its own pivots; over [`Dual`](crate::Dual) numbers the derivatives of the steps are exact,
/// those of the Jacobian included.
#[derive(Debug)]
pub struct Rosenbrock<T = f64> {
    tableau: &'static RosenbrockTableau,
    stages: Vec<Stage>,
    b: Sum,
    error_weights: Terms,
    /// `error` is this stage alone.
    error_stage: Option<usize>,
    interpolant: Vec<Terms>,
    /// The stages, row after row.
    u: Vec<T>,
    /// The states at the stages: row `i` holds `y + Σ aᵢⱼ uⱼ`.
    stage: Vec<T>,
    slopes: Slopes<T>,
    time_derivative: Vec<T>,
    /// The Jacobian at the start and the factors of `I/(γ dt) − J`.
    matrix: Matrix<T>,
    /// While stages are computed, scratch.
    error: Vec<T>,
    /// The polynomial between the end points, row after row.
    dense: Vec<T>,
    /// Whether the last stage is evaluated at the result: its slope starts the next step.
    fsal: bool,
    jacobian: Reuse,
}

#[derive(Debug)]
struct Stage {
    c: f64,
    d: f64,
    state: Sum,
    coupling: Terms,
}

/// A row of weights, cheaper where it extends the row before it.
#[derive(Debug)]
struct Sum {
    /// `true`: to be added to the state of the stage before. Stiffly accurate methods end with such
    /// rows.
    continues: bool,
    terms: Terms,
}

impl Sum {
    fn new(row: &[f64], before: &[f64]) -> Self {
        let m = before.len();
        if m > 0 && row.len() > m && row[..m] == *before {
            let mut rest = vec![0.0; row.len()];
            rest[m..].copy_from_slice(&row[m..]);
            Self { continues: true, terms: Terms::new(&rest) }
        } else {
            Self { continues: false, terms: Terms::new(row) }
        }
    }
}

impl<T: Scalar> Rosenbrock<T> {
    /// A stepper for systems with `dim` states.
    pub fn new(tableau: &'static RosenbrockTableau, dim: usize) -> Self {
        let zeros = |rows: usize| vec![T::default(); rows * dim];
        let before = |i: usize| if i == 0 { &[] } else { tableau.a[i - 1] };
        let stages = (0..tableau.stages())
            .map(|i| Stage {
                c: tableau.c[i],
                d: tableau.d[i],
                state: Sum::new(tableau.a[i], before(i)),
                coupling: Terms::new(tableau.c_matrix[i]),
            })
            .collect();
        let mut nonzero = tableau.error.iter().enumerate().filter(|&(_, &w)| w != 0.0);
        let error_stage = match (nonzero.next(), nonzero.next()) {
            (Some((i, &1.0)), None) => Some(i),
            _ => None,
        };
        Self {
            tableau,
            stages,
            b: Sum::new(tableau.b, before(tableau.stages())),
            error_weights: Terms::new(tableau.error),
            error_stage,
            interpolant: tableau.h.iter().map(|row| Terms::new(row)).collect(),
            u: zeros(tableau.stages()),
            stage: zeros(tableau.stages()),
            slopes: Slopes::new(dim),
            time_derivative: zeros(1),
            matrix: Matrix::new(dim),
            error: zeros(1),
            dense: zeros(tableau.h.len()),
            fsal: tableau.is_fsal(),
            jacobian: Reuse::default(),
        }
    }

    /// Keeps a Jacobian, and ∂f/∂t, for up to this many steps, where the method keeps its order with any
    /// matrix ([`RosenbrockTableau::is_w_method`]) and the system has no mass matrix; 1, the default,
    /// takes a new one for each step, whatever the method. See
    /// [`Options::jacobian_steps`](crate::Options::jacobian_steps) for when it is renewed earlier.
    #[must_use]
    pub fn keeping_jacobian(mut self, steps: u32) -> Self {
        self.jacobian = Reuse::for_steps(if self.tableau.is_w_method() { steps } else { 1 });
        self
    }

    /// The Jacobian and ∂f/∂t at the start of the step, or those of a step before.
    fn linearise<S: Linearize<T> + ?Sized>(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        stats: &mut Statistics,
    ) {
        // With an inexact Jacobian algebraic equations would be fulfilled to a lower order.
        if self.jacobian.serves(step, self.matrix.mass().is_some()) {
            return;
        }
        self.matrix.linearise(system, step.t, y);
        stats.jacobian += 1;
        if !system.is_autonomous() && !system.time_derivative(step.t, y, &mut self.time_derivative) {
            self.differentiate_in_time(system, step, y, stats);
        }
        self.jacobian.taken(step.t);
    }

    /// ∂f/∂t by a difference of second order that looks forward only, and within the step: what
    /// lies on the other side of a stop is never seen.
    fn differentiate_in_time<S: Linearize<T> + ?Sized>(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        stats: &mut Statistics,
    ) {
        let delta = f64::EPSILON.cbrt() * step.dt;
        let (t1, t2) = ((step.t + delta).min(step.last), (step.t + 2.0 * delta).min(step.last));
        // What they are after rounding.
        let (h1, h2) = (t1 - step.t, t2 - step.t);
        if !(h1 > 0.0 && h2 > h1) {
            self.time_derivative.fill(T::from(0.0));
            return;
        }
        let n = self.slopes.start.len();
        let (f1, f2) = self.u[..2 * n].split_at_mut(n);
        system.rhs(t1, y, f1);
        system.rhs(t2, y, f2);
        stats.rhs += 2;
        let (w1, w2) = (h2 / (h1 * (h2 - h1)), -h1 / (h2 * (h2 - h1)));
        for (i, ft) in self.time_derivative.iter_mut().enumerate() {
            *ft = (f1[i] - self.slopes.start[i]) * w1 + (f2[i] - self.slopes.start[i]) * w2;
        }
    }

    /// The coefficients of the interpolant.
    fn find_polynomial(&mut self) {
        self.dense.fill(T::from(0.0));
        for (terms, row) in self.interpolant.iter().zip(self.dense.chunks_exact_mut(self.slopes.start.len()))
        {
            terms.add(1.0, &self.u, row);
        }
    }

    /// Makes the error the larger of itself and the interpolant's residual at the middle, times `h`.
    fn add_residual<S: Linearize<T> + ?Sized>(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        y1: &[T],
        stats: &mut Statistics,
    ) {
        let n = self.slopes.start.len();
        self.find_polynomial();
        // The states at the stages are done with.
        let (middle, rest) = self.stage.split_at_mut(n);
        let (f, slope) = rest.split_at_mut(n);
        let slope = &mut slope[..n];
        polynomial(0.5, y, y1, &self.dense, middle);
        middle_slope(y, y1, &self.dense, slope);
        system.rhs(step.at(0.5), middle, f);
        stats.rhs += 1;
        match self.matrix.mass() {
            None => add_scaled(-step.dt, f, slope),
            Some(mass) => {
                middle.fill(T::from(0.0));
                mass::add_product(mass, slope, middle);
                add_scaled(-step.dt, f, middle);
                slope.copy_from_slice(middle);
            }
        }
        for (e, &r) in self.error.iter_mut().zip(slope.iter()) {
            *e = T::select_lt(e.abs(), r.abs(), r, *e);
        }
    }

    fn factorise(&mut self, step: Step, stats: &mut Statistics) -> Result<(), StepError> {
        let diagonal = 1.0 / (step.dt * self.tableau.gamma);
        if self.jacobian.is_factorised(diagonal) {
            return Ok(());
        }
        stats.factorisations += 1;
        self.matrix.factorise(diagonal)?;
        self.jacobian.factorised(diagonal);
        Ok(())
    }
}

impl<T: Scalar, S: Linearize<T> + ?Sized> Stepper<S, T> for Rosenbrock<T> {
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
        let n = self.slopes.start.len();
        self.slopes.prepare(system, step.t, y, stats);
        self.linearise(system, step, y, stats);
        self.factorise(step, stats)?;
        let autonomous = system.is_autonomous();
        let per_dt = 1.0 / step.dt;
        for (i, stage) in self.stages.iter().enumerate() {
            let (done, rest) = self.u.split_at_mut(i * n);
            let u = &mut rest[..n];
            if i == 0 {
                u.copy_from_slice(&self.slopes.start);
            } else {
                let (before, here) = self.stage.split_at_mut(i * n);
                let base = if stage.state.continues { &before[(i - 1) * n..] } else { y };
                let state = &mut here[..n];
                stage.state.terms.write(1.0, base, done, state);
                system.rhs(step.at(stage.c), state, u);
                stats.rhs += 1;
                if self.fsal && i + 1 == self.stages.len() {
                    self.slopes.end.copy_from_slice(u);
                }
            }
            match self.matrix.mass() {
                None => stage.coupling.add(per_dt, done, u),
                Some(mass) => {
                    self.error.fill(T::from(0.0));
                    stage.coupling.add(per_dt, done, &mut self.error);
                    mass::add_product(mass, &self.error, u);
                }
            }
            if !autonomous && stage.d != 0.0 {
                add_scaled(step.dt * stage.d, &self.time_derivative, u);
            }
            self.matrix.solve(u)?;
        }
        let stages = self.stages.len();
        stats.solves += stages as u64;
        let base = if self.b.continues { &self.stage[(stages - 1) * n..] } else { y };
        self.b.terms.write(1.0, base, &self.u, y1);
        match self.error_stage {
            Some(i) => self.error.copy_from_slice(&self.u[i * n..(i + 1) * n]),
            None => {
                self.error.fill(T::from(0.0));
                self.error_weights.add(1.0, &self.u, &mut self.error);
            }
        }
        if self.tableau.residual {
            self.add_residual(system, step, y, y1, stats);
        }
        if self.fsal {
            self.slopes.ends_at(step.t1);
        } else {
            self.slopes.forget_end();
        }
        Ok(())
    }

    fn slope(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) -> &[T] {
        self.slopes.prepare(system, t, y, stats);
        &self.slopes.start
    }

    fn prepare_dense(&mut self, system: &S, step: Step, _y: &[T], y1: &[T], stats: &mut Statistics) {
        if self.interpolant.is_empty() {
            self.slopes.finish(system, step, y1, stats);
            return;
        }
        self.find_polynomial();
    }

    fn interpolate(&self, step: Step, theta: f64, y: &[T], y1: &[T], out: &mut [T]) {
        if self.interpolant.is_empty() {
            return self.slopes.cubic(theta, step.dt, y, y1, out);
        }
        polynomial(theta, y, y1, &self.dense, out);
    }

    fn takes_mass(&self) -> bool {
        // The cubic through states and slopes knows no slope of an algebraic state.
        !self.interpolant.is_empty()
    }

    fn reset(&mut self) {
        self.slopes.reset();
        self.jacobian.forget();
        self.matrix.restart();
    }
}

impl<T: Scalar, S: Linearize<T> + ?Sized> Embedded<S, T> for Rosenbrock<T> {
    fn error(&self) -> &[T] {
        &self.error
    }

    fn error_order(&self) -> u32 {
        self.tableau.embedded_order.min(self.tableau.order)
    }
}

/// `out += w x`.
fn add_scaled<T: Scalar>(w: f64, x: &[T], out: &mut [T]) {
    for (o, &x) in out.iter_mut().zip(x) {
        *o += x * w;
    }
}

/// `(1−θ) y + θ (y₁ + (1−θ)(k₁ + θ (k₂ + …)))`, where `kᵣ` is the `r`-th row of `k`.
fn polynomial<T: Scalar>(theta: f64, y: &[T], y1: &[T], k: &[T], out: &mut [T]) {
    let n = out.len();
    let rest = 1.0 - theta;
    for (i, o) in out.iter_mut().enumerate() {
        let inner = k.chunks_exact(n).rev().fold(T::from(0.0), |sum, row| sum * theta + row[i]);
        *o = y[i] * rest + (y1[i] + inner * rest) * theta;
    }
}

/// The derivative of [`polynomial`] by θ at its middle.
fn middle_slope<T: Scalar>(y: &[T], y1: &[T], k: &[T], out: &mut [T]) {
    let n = out.len();
    for (i, o) in out.iter_mut().enumerate() {
        *o = y1[i] - y[i];
        // (θ(1−θ) Σ kᵣ θʳ)' = Σ kᵣ ((r+1) θʳ − (r+2) θʳ⁺¹).
        let mut power = 1.0;
        for (r, row) in k.chunks_exact(n).enumerate() {
            let r = r as f64;
            *o += row[i] * (power * (0.5 * r));
            power *= 0.5;
        }
    }
}
