//! Everything that can go wrong in a solve.

mod map;

use crate::{Method, Solution};

/// Why a solve ended early, or could not start.
///
/// Errors after the start keep what was computed: [`partial`](SolveError::partial) ends with the
/// last accepted state.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SolveError<T = f64> {
    /// The span is empty, reversed or not finite.
    #[error(
        "the time span ({t0}, {t1}) is empty, reversed or not finite; \
         give two finite times, the earlier one first"
    )]
    InvalidSpan {
        /// Start as given.
        t0: f64,
        /// End as given.
        t1: f64,
    },
    /// A list has the wrong number of entries.
    #[error("{what}: expected {expected} numbers, found {found}")]
    WrongLength {
        /// Which list.
        what: &'static str,
        /// The length it should have.
        expected: usize,
        /// The length it has.
        found: usize,
    },
    /// The system has no states.
    #[error("the system has no states: there is nothing to solve")]
    NoStates,
    /// The initial state holds a number that is not finite.
    #[error("the initial value of {state} is {value}; give a finite number")]
    InitialNotFinite {
        /// The state's name.
        state: String,
        /// Its value; the worst lane's where there are several.
        value: f64,
    },
    /// The relative tolerance is negative or not finite.
    #[error("the relative tolerance is {rtol}; it must be finite and not negative, for example 1e-6")]
    InvalidRtol {
        /// The value as given.
        rtol: f64,
    },
    /// An absolute tolerance is not positive and finite.
    #[error(
        "the absolute tolerance of {state} is {atol}; it must be finite and positive: \
         choose the size below which {state} doesn't matter"
    )]
    InvalidAtol {
        /// The state's name.
        state: String,
        /// The value as given.
        atol: f64,
    },
    /// A fixed step that is not positive and finite.
    #[error("the step size is {dt}; it must be finite and positive")]
    InvalidStep {
        /// The value as given.
        dt: f64,
    },
    /// An option has a value that makes no sense.
    #[error("option {name} is {value}: {rule}")]
    InvalidOption {
        /// The option.
        name: &'static str,
        /// The value as given.
        value: f64,
        /// What it must satisfy.
        rule: &'static str,
    },
    /// An empty list of times to record.
    #[error("save_at holds no times; give at least one, or record the end alone with SaveAt::End")]
    NoSaveTimes,
    /// A time to record lies outside the span.
    #[error("save_at[{index}] = {t} lies outside the time span ({t0}, {t1})")]
    SaveAtOutside {
        /// Its place in the list.
        index: usize,
        /// The time.
        t: f64,
        /// Start of the span.
        t0: f64,
        /// End of the span.
        t1: f64,
    },
    /// The times to record are not in rising order.
    #[error("save_at[{index}] = {t} comes after {previous}; sort the times")]
    SaveAtUnsorted {
        /// Its place in the list.
        index: usize,
        /// The time.
        t: f64,
        /// The time before it in the list.
        previous: f64,
    },
    /// No derivative was asked for.
    #[error("no derivative is wanted; name a parameter or an initial state, or use solve")]
    NoDirections,
    /// A derivative was asked for with respect to something that is not there.
    #[error("there is no {what} {index} to differentiate by: there are {count}, counted from 0")]
    NoSuchDirection {
        /// Parameter or state.
        what: &'static str,
        /// Its place as given.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// Derivatives were asked for of a system with algebraic equations.
    #[error(
        "derivatives of a system with algebraic equations need a start whose derivatives fulfil them, \
         which is not implemented; eliminate the algebraic states, or take differences of solves"
    )]
    AlgebraicDerivatives,
    /// A mass matrix was given to a method that takes none.
    #[error(
        "the system has a mass matrix, and the method integrates y' = f(t, y) alone; \
         use a Rosenbrock method with its own interpolant, such as rodas5p"
    )]
    MassNotTaken,
    /// An entry of the mass matrix is not finite or out of place.
    #[error(
        "entry ({row}, {column}) of the mass matrix is {value}; the matrix has {dim} rows and columns, \
         and its entries must be finite"
    )]
    InvalidMass {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// Its value; NaN where it is missing.
        value: f64,
        /// The number of states.
        dim: usize,
    },
    /// The initial state does not fulfil the algebraic equations.
    #[error(
        "the initial value of {state} is {value}, and the algebraic equations ask for about {consistent}; \
         start from what `consistent_start` returns, or correct the value"
    )]
    InconsistentStart {
        /// The algebraic state that is farthest off.
        state: String,
        /// Its value as given.
        value: f64,
        /// Its value after one Newton iteration.
        consistent: f64,
    },
    /// The algebraic equations do not determine the algebraic states.
    #[error(
        "the algebraic equations do not determine {state} at t = {t}: {reason}; \
         differentiate the equations, or start nearer to a solution"
    )]
    NotIndexOne {
        /// An algebraic state that is not determined.
        state: String,
        /// Where.
        t: f64,
        /// What was found.
        reason: &'static str,
    },
    /// Adaptive steps were asked of a method that does not estimate its error.
    #[error(
        "{method} does not estimate its error, so it cannot choose its step size; \
         use StepSize::Fixed, or an adaptive method ({})",
        adaptive_methods()
    )]
    NotAdaptive {
        /// The method.
        method: Method,
    },
    /// Fixed steps were asked of a method that chooses its own.
    #[cfg(feature = "diffsol")]
    #[error("{method} always chooses its own steps; use StepSize::Adaptive, or one of our methods")]
    NotFixed {
        /// The method.
        method: Method,
    },
    /// diffsol's methods were asked for what runs with ours alone.
    #[cfg(feature = "diffsol")]
    #[error("{method} solves without {what}; take one of our methods, for example rodas5p")]
    BeyondDiffsol {
        /// The method.
        method: Method,
        /// What it was asked for.
        what: &'static str,
    },
    /// The package diffsol gave up.
    #[cfg(feature = "diffsol")]
    #[error(
        "{method} gave up at t = {t}: {reason}; change the tolerance, or take one of our methods, \
         for example rodas5p"
    )]
    Diffsol {
        /// The method.
        method: Method,
        /// How far the solve got.
        t: f64,
        /// What diffsol said.
        reason: String,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
    /// The step size is so small that time stands still.
    #[error(
        "at t = {t} a step of {dt} does not advance the clock; take longer steps, or start the time near 0"
    )]
    ClockStuck {
        /// Where.
        t: f64,
        /// The step.
        dt: f64,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
    /// The limit on the number of steps was reached.
    #[error(
        "{max_steps} steps were not enough: the solve got to t = {t} with steps of about {dt}; \
         {}", remedy_for_many_steps(*stiff)
    )]
    TooManySteps {
        /// How far the solve got.
        t: f64,
        /// The latest step.
        dt: f64,
        /// The limit.
        max_steps: u64,
        /// Whether the method is one for stiff systems.
        stiff: bool,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
    /// The tolerance would need a step that is too short.
    #[error(
        "at t = {t} the tolerance would need a step shorter than {dt}; \
         the error of {state} is {error:.1e} times too large; \
         loosen the tolerance of {state}, look for a jump of the right-hand side there \
         (name it in `stops`), or check whether the solution itself grows without bound"
    )]
    StepTooSmall {
        /// Where.
        t: f64,
        /// The shortest step tried.
        dt: f64,
        /// The state that dominates the error.
        state: String,
        /// Its error relative to the tolerance.
        error: f64,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
    /// A state, its error or the right-hand side became NaN or infinite.
    #[error(
        "{state} is not finite after a step of {dt} from t = {t}; \
         look at its equation there (domain of a logarithm or power, division by zero, overflow), \
         or take shorter steps if the method is not stable with this one"
    )]
    NotFinite {
        /// Start of the step that made it; all states are finite there.
        t: f64,
        /// The step.
        dt: f64,
        /// The first state that is not finite.
        state: String,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
    /// The Jacobian holds a number that is not finite.
    #[error(
        "the derivative of the equation of {equation} by {state} is not finite at t = {t}; \
         look for a square root, power or division at the edge of its domain"
    )]
    JacobianNotFinite {
        /// Where.
        t: f64,
        /// The equation.
        equation: String,
        /// The state it was differentiated by.
        state: String,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
    /// The matrix of an implicit step has no inverse, however short the step.
    #[error(
        "the matrix of a step of {dt} from t = {t} is singular in the column of {state}; \
         check the Jacobian there, or take shorter steps"
    )]
    SingularMatrix {
        /// Where.
        t: f64,
        /// The step.
        dt: f64,
        /// The state whose column has no pivot.
        state: String,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
    /// The equations of an implicit step were not solved.
    #[error(
        "Newton's method finds no solution of a step of {dt} from t = {t}; {state} keeps changing; \
         take shorter steps, or a method without such equations (rodas5p)"
    )]
    NotConverged {
        /// Where.
        t: f64,
        /// The step.
        dt: f64,
        /// The state that changed most in the last iteration.
        state: String,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
    /// The function of an event is NaN.
    #[error(
        "the function of event {event} is NaN at t = {t}; \
         it must give a number wherever the solution goes, an infinite one if need be"
    )]
    EventNotFinite {
        /// Where.
        t: f64,
        /// The event's place in the list.
        event: usize,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
    /// A jump of the state leads to a number that is not finite.
    #[error("the jump of event {event} at t = {t} makes {state} not finite; look at what it computes")]
    JumpNotFinite {
        /// Where.
        t: f64,
        /// The event's place in the list.
        event: usize,
        /// The first state that is not finite.
        state: String,
        /// The trajectory so far.
        partial: Box<Solution<T>>,
    },
}

impl<T> SolveError<T> {
    /// What was computed before the error, if the solve had started.
    pub fn partial(&self) -> Option<&Solution<T>> {
        match self {
            Self::TooManySteps { partial, .. }
            | Self::ClockStuck { partial, .. }
            | Self::StepTooSmall { partial, .. }
            | Self::NotFinite { partial, .. }
            | Self::JacobianNotFinite { partial, .. }
            | Self::SingularMatrix { partial, .. }
            | Self::NotConverged { partial, .. }
            | Self::EventNotFinite { partial, .. }
            | Self::JumpNotFinite { partial, .. } => Some(partial),
            #[cfg(feature = "diffsol")]
            Self::Diffsol { partial, .. } => Some(partial),
            _ => None,
        }
    }

    /// As [`partial`](SolveError::partial), by value.
    pub fn into_partial(self) -> Option<Solution<T>> {
        match self {
            Self::TooManySteps { partial, .. }
            | Self::ClockStuck { partial, .. }
            | Self::StepTooSmall { partial, .. }
            | Self::NotFinite { partial, .. }
            | Self::JacobianNotFinite { partial, .. }
            | Self::SingularMatrix { partial, .. }
            | Self::NotConverged { partial, .. }
            | Self::EventNotFinite { partial, .. }
            | Self::JumpNotFinite { partial, .. } => Some(*partial),
            #[cfg(feature = "diffsol")]
            Self::Diffsol { partial, .. } => Some(*partial),
            _ => None,
        }
    }
}

fn adaptive_methods() -> String {
    let names: Vec<String> =
        Method::ALL.iter().filter(|m| m.is_adaptive()).map(ToString::to_string).collect();
    names.join(", ")
}

fn remedy_for_many_steps(stiff: bool) -> &'static str {
    if stiff {
        "loosen the tolerance, shorten the span, or raise max_steps"
    } else {
        "use a method for stiff systems (rodas5p), loosen the tolerance, or raise max_steps"
    }
}
