//! The plan of a factorisation: everything that depends on the structure alone.

use crate::sparse::SparsityPattern;
use crate::sparse::ordering::{bits, markowitz};

/// The plan for factorising and solving with matrices of one structure.
///
/// The matrix becomes `L D U` with ones on the diagonals of `L` and `U`, without exchange of rows.
/// Values lie in one array: first the reciprocals of `D` in the order of elimination, then `L` row
/// by row, then `U` row by row. All work is listed as positions in that array: the numeric part
/// asks no question about the structure.
#[derive(Debug, Clone)]
pub struct Symbolic {
    dim: usize,
    /// Where each entry of the pattern goes, in the order given to [`new`](Symbolic::new).
    pub(super) scatter: Vec<u16>,
    /// The same entries (row, column), for residuals.
    pub(super) entries: Vec<[u16; 2]>,
    /// The states in the order of elimination.
    pub(super) order: Vec<u16>,
    pub(super) lower: usize,
    pub(super) upper: usize,
    pub(super) pivots: Vec<Pivot>,
    /// `values[target] -= values[l] · values[u]`.
    pub(super) updates: Vec<Update>,
    /// The positions of the entries of `L` below a pivot: scaled by it.
    pub(super) scaled: Vec<u16>,
    /// The rows of `L` that are not empty.
    pub(super) forward: Vec<Row>,
    /// The column of each entry of `L`.
    pub(super) forward_columns: Vec<u16>,
    /// `x[row] -= U · x[column]`, in the order of back substitution.
    pub(super) backward: Vec<Back>,
}

/// One elimination step: ranges of what belongs to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pivot {
    /// End of the range in `updates`; it starts where the one before ends.
    pub(super) updates_end: u32,
    /// End of the range in `scaled`.
    pub(super) scaled_end: u32,
    /// End of the row of `U`, from the start of `U`.
    pub(super) row_end: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Update {
    pub(super) target: u16,
    pub(super) l: u16,
    pub(super) u: u16,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) row: u16,
    /// End of the row's entries, from the start of `L`.
    pub(super) end: u16,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Back {
    pub(super) row: u16,
    pub(super) column: u16,
    pub(super) value: u16,
}

impl Symbolic {
    /// The plan for matrices whose entries are given in the order of the pattern's rows, columns
    /// ascending.
    pub fn new(pattern: &SparsityPattern) -> Self {
        let n = pattern.dim();
        let entries: Vec<_> = (0..n).flat_map(|i| pattern.row(i).states().map(move |j| (i, j))).collect();
        Self::with_entries(pattern, &entries)
    }

    /// The plan for matrices whose entries are given in the order of `entries` (row, column):
    /// those of the pattern.
    pub(crate) fn with_entries(pattern: &SparsityPattern, entries: &[(usize, usize)]) -> Self {
        let n = pattern.dim();
        let (order, filled) = markowitz(pattern);
        let mut position = vec![0; n];
        for (k, &i) in order.iter().enumerate() {
            position[i] = k;
        }
        // Slots of the entries, by positions in the order of elimination.
        let mut slot = vec![u16::MAX; n * n];
        for k in 0..n {
            slot[k * n + k] = k as u16;
        }
        // For each k: the columns right of the pivot and the rows below it, ascending.
        let (mut right, mut below) = (vec![Vec::new(); n], vec![Vec::new(); n]);
        let mut next = n;
        let (mut forward, mut forward_columns) = (Vec::new(), Vec::new());
        for (k, &i) in order.iter().enumerate() {
            let mut left: Vec<usize> = bits(filled[i]).map(|j| position[j]).filter(|&j| j < k).collect();
            left.sort_unstable();
            for &j in &left {
                slot[k * n + j] = next as u16;
                below[j].push(k);
                forward_columns.push(order[j] as u16);
                next += 1;
            }
            if !left.is_empty() {
                forward.push(Row { row: i as u16, end: forward_columns.len() as u16 });
            }
        }
        let lower = next - n;
        for (k, &i) in order.iter().enumerate() {
            right[k] = bits(filled[i]).map(|j| position[j]).filter(|&j| j > k).collect();
            right[k].sort_unstable();
            for &j in &right[k] {
                slot[k * n + j] = next as u16;
                next += 1;
            }
        }
        let upper = next - n - lower;

        let (mut pivots, mut updates, mut scaled) = (Vec::new(), Vec::new(), Vec::new());
        let mut row_end = 0;
        for k in 0..n {
            for &i in &below[k] {
                scaled.push(slot[i * n + k]);
                updates.extend(right[k].iter().map(|&j| Update {
                    target: slot[i * n + j],
                    l: slot[i * n + k],
                    u: slot[k * n + j],
                }));
            }
            row_end += right[k].len();
            pivots.push(Pivot {
                updates_end: updates.len() as u32,
                scaled_end: scaled.len() as u32,
                row_end: row_end as u32,
            });
        }
        let mut backward = Vec::with_capacity(upper);
        for j in (0..n).rev() {
            backward.extend((0..j).filter(|&i| slot[i * n + j] != u16::MAX).map(|i| Back {
                row: order[i] as u16,
                column: order[j] as u16,
                value: slot[i * n + j],
            }));
        }
        Self {
            dim: n,
            scatter: entries.iter().map(|&(i, j)| slot[position[i] * n + position[j]]).collect(),
            entries: entries.iter().map(|&(i, j)| [i as u16, j as u16]).collect(),
            order: order.iter().map(|&i| i as u16).collect(),
            lower,
            upper,
            pivots,
            updates,
            scaled,
            forward,
            forward_columns,
            backward,
        }
    }

    /// The number of rows, and of columns.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The states in the order of elimination.
    pub fn order(&self) -> impl ExactSizeIterator<Item = usize> {
        self.order.iter().map(|&i| usize::from(i))
    }

    /// The number of entries of `L`, `D` and `U` together.
    pub fn factor_entries(&self) -> usize {
        self.dim + self.lower + self.upper
    }

    /// The number of entries that the matrix does not have but its factors do.
    pub fn fill(&self) -> usize {
        self.factor_entries() - self.entries.len()
    }

    /// Multiplications, subtractions and divisions of Gaussian elimination: one division for each
    /// entry of `L`, two operations for each update.
    pub fn factor_flops(&self) -> usize {
        self.lower + 2 * self.updates.len()
    }

    /// Multiplications, subtractions and divisions of a solution.
    pub fn solve_flops(&self) -> usize {
        2 * (self.lower + self.upper) + self.dim
    }
}
