//! Cholesky's factors of a symmetric matrix, row by row.

use ode_solvers::{Kernel, Lanes, Scalar, Twin};

/// Eight numbers of a row.
type Eight = Lanes<f64, 8>;

/// L of A = L·Lᵀ, row by row; rows are filled up to whole registers.
#[derive(Debug)]
pub(super) struct Cholesky {
    count: usize,
    stride: usize,
    rows: Vec<Eight>,
}

impl Cholesky {
    /// The factors of a matrix whose lower triangle is `products` ([`Equations`](super::equations::Equations))
    /// plus a diagonal; none if the sum is not positive definite in `f64`.
    pub(super) fn new(products: &[f64], diagonal: impl Fn(usize) -> f64) -> Option<Self> {
        let count = (((8 * products.len() + 1) as f64).sqrt() as usize - 1) / 2;
        let stride = count.div_ceil(8);
        let mut rows = vec![Lanes([0.0; 8]); count * stride];
        for i in 0..count {
            let row = &products[i * (i + 1) / 2..][..=i];
            for (j, x) in row.iter().enumerate() {
                rows[i * stride + j / 8].0[j % 8] = *x;
            }
            rows[i * stride + i / 8].0[i % 8] += diagonal(i);
        }
        let mut all = Self { count, stride, rows };
        Eight::dispatch(Factor(&mut all)).then_some(all)
    }

    /// x of A·x = b.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let entry = |i: usize, j: usize| self.rows[i * self.stride + j / 8].0[j % 8];
        let mut x = b.to_vec();
        for i in 0..self.count {
            let sum: f64 = (0..i).map(|j| entry(i, j) * x[j]).sum();
            x[i] = (x[i] - sum) / entry(i, i);
        }
        for i in (0..self.count).rev() {
            x[i] /= entry(i, i);
            let last = x[i];
            for (j, x) in x[..i].iter_mut().enumerate() {
                *x -= entry(i, j) * last;
            }
        }
        x
    }
}

struct Factor<'a>(&'a mut Cholesky);

/// Rows that are taken together: what is read of the rows above serves all of them.
const TOGETHER: usize = 4;

impl Kernel<Eight> for Factor<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<U: Twin<Eight>>(self) -> bool {
        let Cholesky { count, stride, rows } = self.0;
        let (count, stride) = (*count, *stride);
        let mut first = 0;
        while first < count {
            let together = TOGETHER.min(count - first);
            let (above, here) = rows.split_at_mut(first * stride);
            // Against the rows above: the entries of all rows in a column, before the next column.
            for j in 0..first {
                let whole = j / 8;
                let upper = &above[j * stride..][..=whole];
                let mut sums = [U::default(); TOGETHER];
                for (p, a) in U::view(&upper[..whole]).iter().enumerate() {
                    for (k, sum) in sums.iter_mut().enumerate().take(together) {
                        *sum = U::of(here[k * stride + p]).mul_add(*a, *sum);
                    }
                }
                for (k, sum) in sums.iter().enumerate().take(together) {
                    let row = &mut here[k * stride..][..=whole];
                    let sum = rest(*sum, &upper[whole], &row[whole], j % 8);
                    row[whole].0[j % 8] = (row[whole].0[j % 8] - sum) / upper[whole].0[j % 8];
                }
            }
            // Among themselves.
            for k in 0..together {
                let i = first + k;
                for j in first..=i {
                    let whole = j / 8;
                    let mut sum = U::default();
                    for p in 0..whole {
                        sum = U::of(here[(j - first) * stride + p]).mul_add(U::of(here[k * stride + p]), sum);
                    }
                    let other = here[(j - first) * stride + whole];
                    let row = &mut here[k * stride..][..=whole];
                    let x = row[whole].0[j % 8] - rest(sum, &other, &row[whole], j % 8);
                    row[whole].0[j % 8] = if j < i {
                        x / other.0[j % 8]
                    } else if x > 0.0 && x.is_finite() {
                        x.sqrt()
                    } else {
                        return false;
                    };
                }
            }
            first += together;
        }
        true
    }
}

/// The lanes of a sum, and the products of the first `n` lanes of two registers.
#[inline(always)]
fn rest<U: Twin<Eight>>(sum: U, a: &Eight, b: &Eight, n: usize) -> f64 {
    let whole: f64 = sum.back().0.iter().sum();
    a.0.iter().zip(&b.0).take(n).map(|(a, b)| a * b).sum::<f64>() + whole
}
