//! The order in which states are eliminated.

use crate::sparse::SparsityPattern;

/// Eliminates all states, each time the one whose pivot makes the least fill by Markowitz's
/// measure: the product of the other entries in its row and in its column (Management Sci. 3:255,
/// 1957). Pivots stay on the diagonal. Returns the order, and the pattern with its fill, both by
/// the states' own numbers.
pub(super) fn markowitz(pattern: &SparsityPattern) -> (Vec<usize>, Vec<u128>) {
    let n = pattern.dim();
    let (mut rows, mut columns) = (vec![0u128; n], vec![0u128; n]);
    for (i, row) in rows.iter_mut().enumerate() {
        for j in pattern.row(i).states() {
            *row |= 1 << j;
            columns[j] |= 1 << i;
        }
    }
    let mut active: u128 = if n == SparsityPattern::MAX_DIM { u128::MAX } else { (1 << n) - 1 };
    let mut order = Vec::with_capacity(n);
    while active != 0 {
        let mut best = (u32::MAX, u32::MAX, 0);
        for k in bits(active) {
            let r = (rows[k] & active).count_ones() - 1;
            let c = (columns[k] & active).count_ones() - 1;
            best = best.min((r * c, r + c, k));
        }
        let k = best.2;
        active &= !(1 << k);
        order.push(k);
        let (row, column) = (rows[k] & active, columns[k] & active);
        for i in bits(column) {
            rows[i] |= row;
        }
        for j in bits(row) {
            columns[j] |= column;
        }
    }
    (order, rows)
}

/// The positions of the bits that are set.
pub(super) fn bits(mut set: u128) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let i = (set != 0).then(|| set.trailing_zeros() as usize)?;
        set &= set - 1;
        Some(i)
    })
}
