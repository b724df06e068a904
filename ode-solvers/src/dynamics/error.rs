//! What can go wrong in an analysis.

use crate::SolveError;

/// Why an analysis could not be made. Each names the place and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicsError {
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
    /// A setting has a value that makes no sense.
    #[error("setting {name} is {value}: {rule}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// The value as given.
        value: f64,
        /// What it must satisfy.
        rule: &'static str,
    },
    /// A state, a value of the map or a derivative is NaN or infinite.
    #[error("{what} is not finite {place}; start nearer to the solution, or look at the equations there")]
    NotFinite {
        /// What is not finite.
        what: &'static str,
        /// Where.
        place: String,
    },
    /// The matrix of Newton's method has no inverse.
    #[error(
        "the Jacobian at {state:?} is singular: a fold of the equilibria lies near; \
         start elsewhere, or follow the branch by arclength"
    )]
    Singular {
        /// Where.
        state: Vec<f64>,
    },
    /// Newton's method did not converge.
    #[error(
        "Newton's method did not converge in {iterations} iterations: the last correction is \
         {correction:.1e} of the state's size; start nearer to the fixed point, or allow more iterations"
    )]
    NoConvergence {
        /// How many were made.
        iterations: usize,
        /// The size of the last correction.
        correction: f64,
        /// Where it ended.
        state: Vec<f64>,
    },
    /// A branch could not be followed further.
    #[error(
        "the branch could not be followed beyond {parameter}: {steps} steps were made, the last of \
         {step:.1e}; shorten the first step, or look whether the branch ends there"
    )]
    BranchLost {
        /// The parameter's value at the last point.
        parameter: f64,
        /// How many points were found.
        steps: usize,
        /// The length of the step that failed.
        step: f64,
    },
    /// The eigenvalue iteration did not converge.
    #[error("the eigenvalues of a matrix of {size} rows were not found: the iteration did not converge")]
    Eigenvalues {
        /// The matrix's size.
        size: usize,
    },
    /// A solve between two applications of a flow map failed.
    #[error(transparent)]
    Solve(#[from] SolveError),
}

impl DynamicsError {
    pub(super) fn length(what: &'static str, found: usize, expected: usize) -> Result<(), Self> {
        if found == expected { Ok(()) } else { Err(Self::WrongLength { what, expected, found }) }
    }

    pub(super) fn finite(
        what: &'static str,
        values: &[f64],
        place: impl FnOnce() -> String,
    ) -> Result<(), Self> {
        if values.iter().all(|x| x.is_finite()) {
            Ok(())
        } else {
            Err(Self::NotFinite { what, place: place() })
        }
    }

    pub(super) fn positive(name: &'static str, value: f64) -> Result<(), Self> {
        if value > 0.0 && value.is_finite() {
            Ok(())
        } else {
            Err(Self::Setting { name, value, rule: "it must be positive and finite" })
        }
    }
}
