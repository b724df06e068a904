//! From one number type to another.

use crate::{Solution, SolveError};

impl<T> SolveError<T> {
    /// With `f` of every number of the partial trajectory in the place of the number.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> SolveError<U> {
        use SolveError as E;
        let map = |partial: Box<Solution<T>>| Box::new(partial.map(&f));
        match self {
            E::InvalidSpan { t0, t1 } => E::InvalidSpan { t0, t1 },
            E::WrongLength { what, expected, found } => E::WrongLength { what, expected, found },
            E::NoStates => E::NoStates,
            E::InitialNotFinite { state, value } => E::InitialNotFinite { state, value },
            E::InvalidRtol { rtol } => E::InvalidRtol { rtol },
            E::InvalidAtol { state, atol } => E::InvalidAtol { state, atol },
            E::InvalidStep { dt } => E::InvalidStep { dt },
            E::InvalidOption { name, value, rule } => E::InvalidOption { name, value, rule },
            E::NoSaveTimes => E::NoSaveTimes,
            E::SaveAtOutside { index, t, t0, t1 } => E::SaveAtOutside { index, t, t0, t1 },
            E::SaveAtUnsorted { index, t, previous } => E::SaveAtUnsorted { index, t, previous },
            E::AlgebraicDerivatives => E::AlgebraicDerivatives,
            E::MassNotTaken => E::MassNotTaken,
            E::InvalidMass { row, column, value, dim } => E::InvalidMass { row, column, value, dim },
            E::InconsistentStart { state, value, consistent } => {
                E::InconsistentStart { state, value, consistent }
            }
            E::NotIndexOne { state, t, reason } => E::NotIndexOne { state, t, reason },
            E::NoDirections => E::NoDirections,
            E::NoSuchDirection { what, index, count } => E::NoSuchDirection { what, index, count },
            E::NotAdaptive { method } => E::NotAdaptive { method },
            #[cfg(feature = "diffsol")]
            E::NotFixed { method } => E::NotFixed { method },
            #[cfg(feature = "diffsol")]
            E::BeyondDiffsol { method, what } => E::BeyondDiffsol { method, what },
            #[cfg(feature = "diffsol")]
            E::Diffsol { method, t, reason, partial } => {
                E::Diffsol { method, t, reason, partial: map(partial) }
            }
            E::ClockStuck { t, dt, partial } => E::ClockStuck { t, dt, partial: map(partial) },
            E::TooManySteps { t, dt, max_steps, stiff, partial } => {
                E::TooManySteps { t, dt, max_steps, stiff, partial: map(partial) }
            }
            E::StepTooSmall { t, dt, state, error, partial } => {
                E::StepTooSmall { t, dt, state, error, partial: map(partial) }
            }
            E::NotFinite { t, dt, state, partial } => E::NotFinite { t, dt, state, partial: map(partial) },
            E::JacobianNotFinite { t, equation, state, partial } => {
                E::JacobianNotFinite { t, equation, state, partial: map(partial) }
            }
            E::SingularMatrix { t, dt, state, partial } => {
                E::SingularMatrix { t, dt, state, partial: map(partial) }
            }
            E::NotConverged { t, dt, state, partial } => {
                E::NotConverged { t, dt, state, partial: map(partial) }
            }
            E::EventNotFinite { t, event, partial } => E::EventNotFinite { t, event, partial: map(partial) },
            E::JumpNotFinite { t, event, state, partial } => {
                E::JumpNotFinite { t, event, state, partial: map(partial) }
            }
        }
    }
}
