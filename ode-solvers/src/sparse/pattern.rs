//! Which entries of a square matrix can differ from zero.

use crate::System;
use crate::sparse::{Depends, SparseError};

/// The positions at which a square matrix can differ from zero.
///
/// The diagonal always belongs to it: what is factorised is `I/(γh) − J`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparsityPattern {
    /// For each row, the columns.
    rows: Vec<Depends>,
    entries: usize,
}

impl SparsityPattern {
    /// The largest matrix that a pattern can describe.
    pub const MAX_DIM: usize = Depends::MAX_STATES;

    /// The structure of ∂f/∂y on the stretch between two stops that holds `t`, from one evaluation
    /// over [`Depends`].
    ///
    /// # Errors
    /// [`SparseError::TooLarge`] for a system of more than [`MAX_DIM`](Self::MAX_DIM) states.
    pub fn of<S: System<Depends> + ?Sized>(system: &S, t: f64) -> Result<Self, SparseError> {
        let mut rows = vec![Depends::default(); system.dim()];
        check_dim(rows.len())?;
        trace(system, t, &mut rows);
        Ok(Self::with_diagonal(rows))
    }

    /// From the positions (row, column) in any order; the diagonal is added.
    ///
    /// # Errors
    /// [`SparseError::TooLarge`] or [`SparseError::EntryOutside`].
    pub fn from_entries(
        dim: usize,
        entries: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Self, SparseError> {
        check_dim(dim)?;
        let mut rows = vec![Depends::default(); dim];
        for (row, column) in entries {
            if row >= dim || column >= dim {
                return Err(SparseError::EntryOutside { row, column, dim });
            }
            rows[row] += Depends::on(column);
        }
        Ok(Self::with_diagonal(rows))
    }

    pub(crate) fn with_diagonal(mut rows: Vec<Depends>) -> Self {
        for (i, row) in rows.iter_mut().enumerate() {
            *row += Depends::on(i);
        }
        let entries = rows.iter().map(|row| row.count()).sum();
        Self { rows, entries }
    }

    /// The number of rows, and of columns.
    pub fn dim(&self) -> usize {
        self.rows.len()
    }

    /// The number of entries, diagonal included.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The columns of the entries in row `i`.
    ///
    /// # Panics
    /// If there is no row `i`.
    pub fn row(&self, i: usize) -> Depends {
        self.rows[i]
    }

    /// Whether entry (`row`, `column`) can differ from zero.
    pub fn contains(&self, row: usize, column: usize) -> bool {
        self.rows.get(row).is_some_and(|r| r.contains(column))
    }

    /// Whether every entry of `rows` is one of this pattern's.
    pub(crate) fn covers(&self, rows: &[Depends]) -> bool {
        self.dim() == rows.len() && self.rows.iter().zip(rows).all(|(&a, &b)| a + b == a)
    }

    /// The entries of the pattern and of `rows`, which are at most
    /// [`MAX_DIM`](Self::MAX_DIM).
    pub(crate) fn union(&self, rows: &[Depends]) -> Self {
        Self::with_diagonal(self.rows.iter().zip(rows).map(|(&a, &b)| a + b).collect())
    }
}

/// Writes what each equation depends on into `rows`, at most [`Depends::MAX_STATES`] of them.
pub(crate) fn trace<S: System<Depends> + ?Sized>(system: &S, t: f64, rows: &mut [Depends]) {
    let y: [Depends; Depends::MAX_STATES] = core::array::from_fn(Depends::on);
    system.rhs(t, &y[..rows.len()], rows);
}

fn check_dim(dim: usize) -> Result<(), SparseError> {
    if dim > SparsityPattern::MAX_DIM {
        return Err(SparseError::TooLarge { dim, max: SparsityPattern::MAX_DIM });
    }
    Ok(())
}
