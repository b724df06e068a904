//! What can be wrong with a sparse matrix.

/// Why a sparse matrix could not be described, factorised or solved with.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SparseError {
    /// More states than a pattern can hold.
    #[error("{dim} states: a sparsity pattern holds up to {max}; use a dense matrix")]
    TooLarge {
        /// The number of states.
        dim: usize,
        /// The largest number.
        max: usize,
    },
    /// A position outside the matrix.
    #[error("entry ({row}, {column}) lies outside a matrix of {dim} rows and columns")]
    EntryOutside {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The size of the matrix.
        dim: usize,
    },
    /// A pivot on the diagonal is zero or not finite.
    #[error("the pivot of state {state} is zero or not finite: factorise with pivoting")]
    BadPivot {
        /// The row, and column, of the pivot.
        state: usize,
    },
    /// The solution does not fulfil the equations: the pivots on the diagonal are too small.
    #[error(
        "the solution misses the equation of state {state} by {backward_error:.1e} of its terms: \
         factorise with pivoting"
    )]
    Unstable {
        /// The equation that is missed most.
        state: usize,
        /// The residual relative to the sum of the magnitudes of the equation's terms.
        backward_error: f64,
    },
}
