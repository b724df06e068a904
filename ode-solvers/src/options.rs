//! How to solve: step size, tolerance, what to record, limits.

use crate::norm::{Measure, Norm, Weights};
use crate::{Controller, SolveError};

/// How large the local error of a step may be: `atol + rtol · |y|` for each state.
///
/// There is no default: what is accurate enough depends on the question. For the membrane potential
/// in mV, `Tolerance::new(1e-6, 1e-8)` gives about six digits.
///
/// The numbers are checked when a solve starts: `rtol` must be finite and not negative, `atol`
/// finite and positive (a state that passes through zero has no relative accuracy there).
#[derive(Debug, Clone, PartialEq)]
pub struct Tolerance {
    rtol: f64,
    atol: Vec<f64>,
    norm: Norm,
}

impl Tolerance {
    /// The same absolute tolerance for all states.
    pub fn new(rtol: f64, atol: f64) -> Self {
        Self { rtol, atol: vec![atol], norm: Norm::default() }
    }

    /// One absolute tolerance for each state.
    pub fn per_state(rtol: f64, atol: impl Into<Vec<f64>>) -> Self {
        Self { rtol, atol: atol.into(), norm: Norm::default() }
    }

    /// With another norm than the root mean square.
    #[must_use]
    pub fn with_norm(mut self, norm: Norm) -> Self {
        self.norm = norm;
        self
    }

    /// How the errors of the states become one number.
    pub fn norm(&self) -> Norm {
        self.norm
    }

    /// The relative tolerance.
    pub fn rtol(&self) -> f64 {
        self.rtol
    }

    /// The absolute tolerance of state `i`.
    pub fn atol(&self, i: usize) -> f64 {
        match self.atol.as_slice() {
            [one] => *one,
            many => many.get(i).copied().unwrap_or(f64::NAN),
        }
    }

    /// The weights of an error of `dim` states, all numbers checked.
    pub(crate) fn weights<T>(
        &self,
        dim: usize,
        measure: Measure<T>,
        name: impl Fn(usize) -> String,
    ) -> Result<Weights<T>, SolveError<T>> {
        if !(self.rtol >= 0.0 && self.rtol.is_finite()) {
            return Err(SolveError::InvalidRtol { rtol: self.rtol });
        }
        if self.atol.len() != 1 && self.atol.len() != dim {
            return Err(SolveError::WrongLength {
                what: "the absolute tolerances",
                expected: dim,
                found: self.atol.len(),
            });
        }
        let atol: Vec<f64> = (0..dim).map(|i| self.atol(i)).collect();
        match atol.iter().position(|&a| !(a > 0.0 && a.is_finite())) {
            Some(i) => Err(SolveError::InvalidAtol { state: name(i), atol: atol[i] }),
            None => Ok(Weights { rtol: self.rtol, atol, norm: self.norm, measure }),
        }
    }
}

/// How long the steps are.
#[derive(Debug, Clone, PartialEq)]
pub enum StepSize {
    /// All steps of one length, except the last before a stop or the end, which lands on it. The
    /// grid starts anew at each stop.
    Fixed(f64),
    /// As long as the tolerance allows. Needs a method that estimates its error.
    Adaptive(Tolerance),
}

/// What to record.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SaveAt {
    /// The initial state and the state after every step.
    #[default]
    EveryStep,
    /// The state at these times, in rising order and within the span, from the method's dense
    /// output. The steps don't depend on them.
    Times(Vec<f64>),
    /// The state at the end alone.
    End,
}

/// Everything about a solve that has a sensible default.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What to record. Default: every step.
    pub save_at: SaveAt,
    /// Times at which the right-hand side jumps, in addition to those that the system itself names
    /// ([`StateSpace::stops`](crate::StateSpace::stops)). Those outside the span are ignored.
    pub stops: Vec<f64>,
    /// The largest number of steps, rejected ones included. Default: ten million.
    pub max_steps: u64,
    /// The length of the first step, for adaptive steps. Default: chosen from the slope.
    pub dt_init: Option<f64>,
    /// Adaptive steps that would have to be shorter end the solve with an error. Default: 0, that
    /// is, as short as the floating-point numbers of time allow.
    pub dt_min: f64,
    /// The longest adaptive step. Default: infinity.
    pub dt_max: f64,
    /// How the length of adaptive steps follows from their errors. Default: [`Controller::PI`].
    pub controller: Controller,
    /// For how many adaptive steps a W-method may keep a Jacobian, at least 1. Default: 1, a new one for
    /// each step.
    ///
    /// Of the methods here Rosenbrock23 is one ([`is_w_method`](crate::tableau::RosenbrockTableau::is_w_method)):
    /// it keeps its order, and the order of its error estimate, with any matrix in the place of the
    /// Jacobian. All others, systems with a mass matrix, and steps of one length, whose errors nobody looks
    /// at, take a new Jacobian for each step whatever stands here.
    ///
    /// A kept Jacobian is renewed earlier where a step is rejected, where the error makes the next step
    /// shorter than the last, and after every stop or jump. Factors are made anew for every length.
    ///
    /// Errors of steps with an old Jacobian are of the same order and larger: the solver takes more of
    /// them. At equal tolerances 3 makes a beat of O'Hara–Rudy's model, whose Jacobian costs more than
    /// anything else, an eighth to a fifth faster at 10⁻⁴ and 10⁻⁵, one of Luo–Rudy's a tenth slower, and
    /// problems of chemistry 1.3 to 2.4 times as slow; the axon of Hodgkin and Huxley gains a tenth and loses as
    /// much in accuracy. Hence the default.
    pub jacobian_steps: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            save_at: SaveAt::EveryStep,
            stops: Vec::new(),
            max_steps: 10_000_000,
            dt_init: None,
            dt_min: 0.0,
            dt_max: f64::INFINITY,
            controller: Controller::PI,
            jacobian_steps: Self::JACOBIAN_STEPS,
        }
    }
}

impl Options {
    /// The default of [`jacobian_steps`](Self::jacobian_steps).
    pub const JACOBIAN_STEPS: u32 = 1;

    /// Default options that record the state at these times.
    pub fn save_at(times: impl Into<Vec<f64>>) -> Self {
        Self { save_at: SaveAt::Times(times.into()), ..Self::default() }
    }

    /// Default options that record the state at the end alone.
    pub fn end() -> Self {
        Self { save_at: SaveAt::End, ..Self::default() }
    }

    /// Checks everything that doesn't depend on the system.
    pub(crate) fn check<T>(&self, (t0, t1): (f64, f64)) -> Result<(), SolveError<T>> {
        // The length must be finite as well.
        if !(t0.is_finite() && t1.is_finite() && t0 < t1 && (t1 - t0).is_finite()) {
            return Err(SolveError::InvalidSpan { t0, t1 });
        }
        let option = |name, value, rule| Err(SolveError::InvalidOption { name, value, rule });
        if let Some(&t) = self.stops.iter().find(|t| !t.is_finite()) {
            return option("stops", t, "every stop must be finite");
        }
        if self.max_steps == 0 {
            return option("max_steps", 0.0, "it must be at least 1");
        }
        if let Some(dt) = self.dt_init.filter(|&dt| !(dt > 0.0 && dt.is_finite())) {
            return option("dt_init", dt, "it must be positive and finite");
        }
        if !(self.dt_min >= 0.0 && self.dt_min.is_finite()) {
            return option("dt_min", self.dt_min, "it must be finite and not negative");
        }
        if self.dt_max.is_nan() || self.dt_max <= 0.0 || self.dt_max < self.dt_min {
            return option("dt_max", self.dt_max, "it must be positive and not less than dt_min");
        }
        if self.jacobian_steps == 0 {
            return option("jacobian_steps", 0.0, "it must be at least 1");
        }
        if let Some((name, value, rule)) = self.controller.fault() {
            return option(name, value, rule);
        }
        if let SaveAt::Times(times) = &self.save_at {
            if times.is_empty() {
                return Err(SolveError::NoSaveTimes);
            }
            let mut previous = f64::NEG_INFINITY;
            for (index, &t) in times.iter().enumerate() {
                if !(t0..=t1).contains(&t) {
                    return Err(SolveError::SaveAtOutside { index, t, t0, t1 });
                }
                if t < previous {
                    return Err(SolveError::SaveAtUnsorted { index, t, previous });
                }
                previous = t;
            }
        }
        Ok(())
    }
}
