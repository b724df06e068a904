//! The matrix on the left-hand side of `M y' = f(t, y)`.

use crate::Scalar;

/// The constant matrix `M` of a system `M y' = f(t, y)`.
///
/// A row of zeros makes its equation algebraic, `0 = fᵢ(t, y)`: the system is differential-algebraic.
/// It must be of index 1, that is, the algebraic equations must determine the algebraic states
/// (∂f/∂y restricted to them is regular). Rosenbrock methods that have an interpolant of their own
/// and backward Euler take such systems; other methods refuse them.
///
/// Write algebraic equations so that equation `i` reads state `i` where that is possible: the
/// elimination then needs no exchange of rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Mass {
    /// `M = I`: ordinary differential equations.
    #[default]
    Identity,
    /// One number for each equation; 0 makes it algebraic.
    Diagonal(Vec<f64>),
    /// Row, column and value of every entry that is not zero; those that repeat add up.
    Entries(Vec<(usize, usize, f64)>),
}

impl Mass {
    /// The first entry that is not finite or lies outside a matrix of `dim` rows; for a diagonal of
    /// another length, the first that is missing or too many.
    pub(crate) fn fault(&self, dim: usize) -> Option<(usize, usize, f64)> {
        match self {
            Self::Identity => None,
            Self::Diagonal(m) if m.len() != dim => {
                let i = m.len().min(dim);
                Some((i, i, m.get(i).copied().unwrap_or(f64::NAN)))
            }
            Self::Diagonal(m) => m.iter().position(|m| !m.is_finite()).map(|i| (i, i, m[i])),
            Self::Entries(m) => m.iter().copied().find(|&(i, j, m)| i >= dim || j >= dim || !m.is_finite()),
        }
    }

    /// The entries within `dim` rows and columns; none for the identity.
    pub(crate) fn entries(&self, dim: usize) -> Option<Vec<(usize, usize, f64)>> {
        let mut entries: Vec<_> = match self {
            Self::Identity => return None,
            Self::Diagonal(m) => m.iter().enumerate().map(|(i, &m)| (i, i, m)).collect(),
            Self::Entries(m) => m.clone(),
        };
        entries.retain(|&(i, j, m)| m != 0.0 && i < dim && j < dim);
        Some(entries)
    }

    /// The equations without a derivative, and the states whose derivative is in no equation.
    pub(crate) fn algebraic(&self, dim: usize) -> (Vec<usize>, Vec<usize>) {
        let Some(entries) = self.entries(dim) else { return (Vec::new(), Vec::new()) };
        let (mut rows, mut columns) = (vec![true; dim], vec![true; dim]);
        for (i, j, _) in entries {
            (rows[i], columns[j]) = (false, false);
        }
        let listed = |set: Vec<bool>| (0..dim).filter(|&i| set[i]).collect();
        (listed(rows), listed(columns))
    }
}

/// `out += M x`.
pub(crate) fn add_product<T: Scalar>(mass: &[(usize, usize, f64)], x: &[T], out: &mut [T]) {
    for &(i, j, m) in mass {
        out[i] += x[j] * m;
    }
}
