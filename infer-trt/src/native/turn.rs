//! From rows to columns and back, in registers.
#![allow(
    clippy::needless_range_loop,
    reason = "iterators in a function as large as the kernel may stay calls"
)]

use super::vector::Vector;

/// Wider rows are turned value by value: beside their layers that costs little.
const WIDEST: usize = 8;

/// Turns tiles of rows of one width.
///
/// A vector of rows of `n` values is `n` registers before and after: every register of the result
/// takes lanes from each of the `n` registers that there are. What comes from where is known
/// beforehand.
pub(crate) struct Turn<V: Vector> {
    n: usize,
    /// For each register of the result, for each that there is; empty for rows that are too wide.
    picks: Vec<V::Pick>,
}

impl<V: Vector> Turn<V> {
    /// For [`columns`](Turn::columns) of rows of `n` values.
    #[inline(always)]
    pub(crate) fn from_rows(n: usize) -> Self {
        // Column i, lane k: value k n + i.
        Self::new(n, |column, lane| lane * n + column)
    }

    /// For [`rows`](Turn::rows) of `n` values.
    #[inline(always)]
    pub(crate) fn to_rows(n: usize) -> Self {
        // Value v of the rows: column v mod n, lane v / n.
        Self::new(n, |register, lane| {
            let value = register * V::LANES + lane;
            value % n * V::LANES + value / n
        })
    }

    /// With the place of each lane of each register of the result: register times lanes, and lane.
    #[inline(always)]
    fn new(n: usize, place: impl Fn(usize, usize) -> usize) -> Self {
        let mut picks = Vec::new();
        if n <= WIDEST {
            for register in 0..n {
                for source in 0..n {
                    let mut lanes = [None; 16];
                    for (lane, from) in lanes[..V::LANES].iter_mut().enumerate() {
                        let place = place(register, lane);
                        *from = (place / V::LANES == source).then_some(place % V::LANES);
                    }
                    picks.push(V::pick(&lanes));
                }
            }
        }
        Self { n, picks }
    }

    /// A tile of rows, `x`, to columns.
    #[inline(always)]
    pub(crate) fn columns<const T: usize>(&self, x: &[f32], a: &mut [[V; T]]) {
        let n = self.n;
        if self.picks.is_empty() {
            return columns_by_value(n, x, a);
        }
        let picks = &self.picks[..n * n];
        let x = &x[..T * V::LANES * n];
        // Counted loops: iterators in a function as large as this one may stay calls.
        for t in 0..T {
            for i in 0..n {
                let mut v = V::splat(0.0);
                for s in 0..n {
                    v = v.merge(V::load(&x[(t * n + s) * V::LANES..]), picks[i * n + s]);
                }
                a[i][t] = v;
            }
        }
    }

    /// A tile of columns to rows, `y`.
    #[inline(always)]
    pub(crate) fn rows<const T: usize>(&self, a: &[[V; T]], y: &mut [f32]) {
        let n = self.n;
        if self.picks.is_empty() {
            return rows_by_value(n, a, y);
        }
        let picks = &self.picks[..n * n];
        let y = &mut y[..T * V::LANES * n];
        for t in 0..T {
            for i in 0..n {
                let mut v = V::splat(0.0);
                for s in 0..n {
                    v = v.merge(a[s][t], picks[i * n + s]);
                }
                v.store(&mut y[(t * n + i) * V::LANES..]);
            }
        }
    }
}

#[inline(always)]
fn columns_by_value<V: Vector, const T: usize>(n: usize, x: &[f32], a: &mut [[V; T]]) {
    let mut lanes = [0.0; 16];
    for i in 0..n {
        for t in 0..T {
            for k in 0..V::LANES {
                lanes[k] = x[(t * V::LANES + k) * n + i];
            }
            a[i][t] = V::load(&lanes);
        }
    }
}

#[inline(always)]
fn rows_by_value<V: Vector, const T: usize>(n: usize, a: &[[V; T]], y: &mut [f32]) {
    let mut lanes = [0.0; 16];
    for i in 0..n {
        for t in 0..T {
            a[i][t].store(&mut lanes);
            for k in 0..V::LANES {
                y[(t * V::LANES + k) * n + i] = lanes[k];
            }
        }
    }
}
