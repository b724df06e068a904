//! Why equations are not written down.

/// Why there is no text of adaptive steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotWritten {
    /// This thread is writing down equations already.
    #[error("this thread is writing down equations just now: ask again when that is done")]
    Busy,
    /// The equations have too many states or operations for one list.
    #[error("a system of {states} states is too large to be written down: use `solve_ensemble`")]
    TooLarge {
        /// The number of states.
        states: usize,
    },
    /// The method's error takes in a residual between the ends of a step.
    #[error(
        "{method} looks at a residual within each step, which the text has not: take Rodas5P, Rodas4 or Rodas3P"
    )]
    Residual {
        /// The method.
        method: &'static str,
    },
}
