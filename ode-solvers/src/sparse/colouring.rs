//! Evaluating a Jacobian with as few directions as its structure allows.

use crate::sparse::scratch::with_scratch;
use crate::sparse::{SparseDual, SparsityPattern, Symbolic};
use crate::{Scalar, System};

/// A plan for evaluating the entries of a Jacobian.
///
/// Two columns that share no row can be evaluated along one direction (Curtis, Powell & Reid,
/// J. Inst. Math. Appl. 13:117, 1974): every row then tells which of the two a derivative belongs
/// to. Columns are coloured greedily, those with most conflicts first; a colour is a direction. No
/// plan needs fewer directions than the fullest row has entries.
#[derive(Debug, Clone)]
pub struct Compression {
    pattern: SparsityPattern,
    colour_of: Vec<u16>,
    colours: usize,
    /// The entries in the order in which values are stored: by colour, column, row.
    entries: Vec<Entry>,
    /// Where the entries of each colour start, and the end.
    starts: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    row: u16,
    column: u16,
}

/// Directions that one evaluation carries. One number for all systems: each is one more copy of the
/// equations to compile.
pub(crate) const DIRECTIONS: usize = 4;

impl Compression {
    /// The plan for a pattern.
    pub fn new(pattern: &SparsityPattern) -> Self {
        let columns = columns(pattern);
        Self::with(pattern, |j| columns[j], |j| columns[j])
    }

    /// The plan for evaluating the diagonal alone. Two columns can share a direction unless one of
    /// them has an entry in the other's diagonal row: all gates that read only the potential and
    /// themselves do.
    pub(crate) fn diagonal(pattern: &SparsityPattern) -> Self {
        let columns = columns(pattern);
        // Column `j` sets a bit in each row that it reads into, and is asked for row `j`; whoever
        // shares its colour must not read into row `j`, nor it into theirs.
        Self::with(pattern, |j| columns[j], |j| 1 << j)
    }

    /// Column `j` touches the rows `touched(j)`, and is wanted in `wanted(j)` of them.
    fn with(
        pattern: &SparsityPattern,
        touched: impl Fn(usize) -> u128,
        wanted: impl Fn(usize) -> u128,
    ) -> Self {
        let n = pattern.dim();
        let conflict = |j: usize, k: usize| touched(j) & wanted(k) != 0 || touched(k) & wanted(j) != 0;
        let conflicts = |j: usize| (0..n).filter(|&k| conflict(j, k)).count();
        let mut order: Vec<(usize, usize)> = (0..n).map(|j| (conflicts(j), j)).collect();
        order.sort_unstable_by_key(|&(conflicts, j)| (core::cmp::Reverse(conflicts), j));
        // The rows that each colour touches, and those in which it is wanted.
        let mut taken: Vec<[u128; 2]> = Vec::new();
        let mut colour_of = vec![0u16; n];
        for (_, j) in order {
            let free = |t: &[u128; 2]| t[0] & wanted(j) == 0 && t[1] & touched(j) == 0;
            let colour = taken.iter().position(free).unwrap_or_else(|| {
                taken.push([0; 2]);
                taken.len() - 1
            });
            taken[colour][0] |= touched(j);
            taken[colour][1] |= wanted(j);
            colour_of[j] = colour as u16;
        }
        let colours = taken.len();
        let (mut entries, mut starts) = (Vec::with_capacity(pattern.entries()), vec![0]);
        for colour in 0..colours {
            for j in (0..n).filter(|&j| usize::from(colour_of[j]) == colour) {
                let rows = (0..n).filter(|&i| wanted(j) & (1 << i) != 0);
                entries.extend(rows.map(|i| Entry { row: i as u16, column: j as u16 }));
            }
            starts.push(entries.len());
        }
        Self { pattern: pattern.clone(), colour_of, colours, entries, starts }
    }

    /// The structure.
    pub fn pattern(&self) -> &SparsityPattern {
        &self.pattern
    }

    /// The number of directions.
    pub fn colours(&self) -> usize {
        self.colours
    }

    /// The direction along which column `j` is evaluated.
    ///
    /// # Panics
    /// If there is no column `j`.
    pub fn colour(&self, j: usize) -> usize {
        usize::from(self.colour_of[j])
    }

    /// The position (row, column) of each value, in the order of storage.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (usize, usize)> {
        self.entries.iter().map(|e| (usize::from(e.row), usize::from(e.column)))
    }

    /// The plan for factorising with values in this order.
    pub fn symbolic(&self) -> Symbolic {
        let entries: Vec<_> = self.entries().collect();
        Symbolic::with_entries(&self.pattern, &entries)
    }

    /// Writes the entries of ∂f/∂y at `(t, y)` into `values`, in the order of
    /// [`entries`](Self::entries). Allocates nothing.
    ///
    /// # Panics
    /// If `y` or `values` has another length than the pattern has rows, or the plan entries.
    pub fn evaluate<T, S>(&self, system: &S, t: f64, y: &[T], values: &mut [T])
    where
        T: Scalar,
        S: System<SparseDual<DIRECTIONS, T>> + ?Sized,
    {
        assert_eq!(y.len(), self.pattern.dim(), "one state for each row of the pattern");
        assert_eq!(values.len(), self.entries.len(), "one value for each entry of the pattern");
        with_scratch(y.len(), |x, f| self.chunks(system, (t, y), x, f, values));
    }

    fn chunks<T, S>(
        &self,
        system: &S,
        (t, y): (f64, &[T]),
        x: &mut [SparseDual<DIRECTIONS, T>],
        f: &mut [SparseDual<DIRECTIONS, T>],
        values: &mut [T],
    ) where
        T: Scalar,
        S: System<SparseDual<DIRECTIONS, T>> + ?Sized,
    {
        for first in (0..self.colours).step_by(DIRECTIONS) {
            for ((x, &y), &colour) in x.iter_mut().zip(y).zip(&self.colour_of) {
                // A colour of another chunk is no direction of this one: a constant.
                *x = SparseDual::variable(y, usize::from(colour).wrapping_sub(first));
            }
            system.rhs(t, x, f);
            for colour in first..self.colours.min(first + DIRECTIONS) {
                let range = self.starts[colour]..self.starts[colour + 1];
                for (value, entry) in values[range.clone()].iter_mut().zip(&self.entries[range]) {
                    *value = f[usize::from(entry.row)].derivative(colour - first);
                }
            }
        }
    }
}

/// Each column as the set of its rows, so that a conflict is a common bit.
fn columns(pattern: &SparsityPattern) -> Vec<u128> {
    let n = pattern.dim();
    let mut columns = vec![0u128; n];
    for i in 0..n {
        for j in pattern.row(i).states() {
            columns[j] |= 1 << i;
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A potential that reads all gates, and gates that read it and themselves.
    #[test]
    fn the_diagonal_of_a_cell_takes_two_directions() {
        let n = 30;
        let entries = (0..n).flat_map(|i| [(0, i), (i, 0), (i, i)]);
        let pattern = SparsityPattern::from_entries(n, entries).expect("small");
        let plan = Compression::diagonal(&pattern);
        assert_eq!(plan.colours(), 2);
        let mut entries: Vec<_> = plan.entries().collect();
        entries.sort_unstable();
        assert!(entries.iter().copied().eq((0..n).map(|i| (i, i))));
    }
}
