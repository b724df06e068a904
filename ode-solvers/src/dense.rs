//! Dense LU factors with pivoting, for any number type.

use crate::Scalar;
use crate::linear::{Lu, Singular};

/// The LU factors, with pivoting, of `diagonal · I − J`. Allocates nothing after
/// [`new`](Dense::new).
#[derive(Debug)]
pub(crate) enum Dense<T> {
    /// `f64`.
    Plain(Lu),
    /// Lanes and duals.
    Lanewise(Lanewise<T>),
}

impl<T: Scalar> Dense<T> {
    pub(crate) fn new(n: usize) -> Self {
        match T::as_f64s(&mut []) {
            Some(_) => Self::Plain(Lu::new(n)),
            None => Self::Lanewise(Lanewise::new(n)),
        }
    }

    /// Factorises `diagonal · I − jacobian`, with the Jacobian column by column.
    pub(crate) fn factorise(&mut self, diagonal: f64, jacobian: &mut [T]) -> Result<(), Singular> {
        match self {
            Self::Plain(lu) => match T::as_f64s(jacobian) {
                Some(jacobian) => lu.factorise(diagonal, jacobian),
                None => Ok(()),
            },
            Self::Lanewise(lu) => lu.factorise(diagonal, jacobian),
        }
    }

    /// Overwrites `x` with the solution of `A · solution = x`.
    #[inline]
    pub(crate) fn solve(&mut self, x: &mut [T]) {
        match self {
            Self::Plain(lu) => {
                if let Some(x) = T::as_f64s(x) {
                    lu.solve(x);
                }
            }
            Self::Lanewise(lu) => lu.solve(x),
        }
    }
}

/// Elimination in which every lane chooses its own pivots, and duals choose by value.
///
/// The pivot comes up by comparing and exchanging: each row below is exchanged with the pivot's row
/// in those lanes where its entry is larger. Row by row, so that an exchange runs along memory.
#[derive(Debug)]
pub(crate) struct Lanewise<T> {
    n: usize,
    /// L left of the diagonal, U right of it, and on the diagonal the reciprocal of U's.
    lu: Vec<T>,
    /// In their order. Those that no lane makes are left out.
    exchanges: Vec<Exchange<T>>,
}

#[derive(Debug)]
struct Exchange<T> {
    upper: usize,
    lower: usize,
    /// 1 in the lanes that exchange, 0 in the others.
    mark: T,
}

impl<T: Scalar> Lanewise<T> {
    fn new(n: usize) -> Self {
        let exchanges = Vec::with_capacity(n * n.saturating_sub(1) / 2);
        Self { n, lu: vec![T::default(); n * n], exchanges }
    }

    fn factorise(&mut self, diagonal: f64, jacobian: &[T]) -> Result<(), Singular> {
        let n = self.n;
        for (i, row) in self.lu.chunks_exact_mut(n).enumerate() {
            for (j, a) in row.iter_mut().enumerate() {
                *a = -jacobian[i + j * n];
            }
            row[i] += T::from(diagonal);
        }
        self.exchanges.clear();
        eliminate(n, &mut self.lu, &mut self.exchanges)
    }

    fn solve(&self, x: &mut [T]) {
        for Exchange { upper, lower, mark } in &self.exchanges {
            let (head, tail) = x.split_at_mut(*lower);
            exchange(*mark, &mut head[*upper..=*upper], &mut tail[..1]);
        }
        substitute(self.n, &self.lu, x);
    }
}

/// Exchanges two rows in the lanes that are marked.
#[inline]
fn exchange<T: Scalar>(mark: T, upper: &mut [T], lower: &mut [T]) {
    let half = T::from(0.5);
    for (u, l) in upper.iter_mut().zip(lower) {
        (*u, *l) = (T::select_lt(half, mark, *l, *u), T::select_lt(half, mark, *u, *l));
    }
}

fn eliminate<T: Scalar>(n: usize, a: &mut [T], exchanges: &mut Vec<Exchange<T>>) -> Result<(), Singular> {
    for j in 0..n {
        let (above, below) = a.split_at_mut((j + 1) * n);
        let pivot = &mut above[j * n..];
        for (k, row) in below.chunks_exact_mut(n).enumerate() {
            let mark = T::select_lt(pivot[j].abs(), row[j].abs(), T::from(1.0), T::from(0.0));
            if mark.worst() > 0.0 {
                exchange(mark, pivot, row);
                exchanges.push(Exchange { upper: j, lower: j + 1 + k, mark });
            }
        }
        let r = pivot[j].recip();
        // Zero in some lane, or not finite.
        if !(r.all_finite() && pivot[j].all_finite()) {
            return Err(Singular(j));
        }
        pivot[j] = r;
        let right = &pivot[j + 1..];
        for row in below.chunks_exact_mut(n) {
            let l = row[j] * r;
            row[j] = l;
            for (x, &u) in row[j + 1..].iter_mut().zip(right) {
                *x -= l * u;
            }
        }
    }
    Ok(())
}

fn substitute<T: Scalar>(n: usize, lu: &[T], x: &mut [T]) {
    let product = |row: &[T], x: &[T]| row.iter().zip(x).fold(T::from(0.0), |sum, (&a, &x)| sum + a * x);
    for (i, row) in lu.chunks_exact(n).enumerate() {
        let sum = product(&row[..i], &x[..i]);
        x[i] -= sum;
    }
    for (i, row) in lu.chunks_exact(n).enumerate().rev() {
        let sum = product(&row[i + 1..], &x[i + 1..]);
        x[i] = (x[i] - sum) * row[i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dual, Lanes};

    /// Matrices (column by column, negated) that need different pivots in every lane.
    fn jacobian(n: usize, lane: usize) -> Vec<f64> {
        let entry = |k: usize| ((k * 37 + lane * 101) % 23) as f64 / 11.0 - 1.0;
        (0..n * n)
            .map(|k| if k.is_multiple_of(n + 1) && (k + lane).is_multiple_of(2) { 0.0 } else { entry(k) })
            .collect()
    }

    #[test]
    fn every_lane_has_its_own_pivots() {
        for n in [1, 2, 3, 5, 12] {
            let lanes: Vec<Vec<f64>> = (0..4).map(|lane| jacobian(n, lane)).collect();
            let mut j: Vec<Lanes<f64, 4>> =
                (0..n * n).map(|k| Lanes::from_fn(|lane| lanes[lane][k])).collect();
            let mut x: Vec<Lanes<f64, 4>> =
                (0..n).map(|i| Lanes::from_fn(|lane| (i + lane) as f64 - 1.5)).collect();
            let b = x.clone();
            let mut lu = Dense::new(n);
            lu.factorise(1e-3, &mut j).expect("regular");
            lu.solve(&mut x);
            for (lane, j) in lanes.iter().enumerate() {
                let mut expected: Vec<f64> = b.iter().map(|b| b.0[lane]).collect();
                let mut plain = Lu::new(n);
                plain.factorise(1e-3, j).expect("regular");
                plain.solve(&mut expected);
                for (x, e) in x.iter().zip(expected) {
                    approx::assert_relative_eq!(x.0[lane], e, max_relative = 1e-10, epsilon = 1e-12);
                }
            }
        }
    }

    #[test]
    fn one_singular_lane_is_found() {
        let mut j = [[1.0, 0.0], [2.0, 1.0], [2.0, 1.0], [4.0, 0.0]].map(Lanes::<f64, 2>);
        assert_eq!(Dense::new(2).factorise(0.0, &mut j), Err(Singular(1)));
        let mut j = [Lanes::<f64, 2>([f64::NAN, 1.0])];
        assert_eq!(Dense::new(1).factorise(0.0, &mut j), Err(Singular(0)));
    }

    /// `d(A⁻¹b) = −A⁻¹ dA A⁻¹ b`, where the derivative's entries are larger than the values'.
    #[test]
    fn duals_pivot_by_value() {
        let a = |p: f64| [-0.1 - 5.0 * p, 1.0, -2.0, 0.3 * p];
        let solve = |p: f64| {
            let (mut lu, mut x) = (Lu::new(2), [1.0, 2.0]);
            lu.factorise(0.0, &a(p).map(|x| -x)).expect("regular");
            lu.solve(&mut x);
            x
        };
        let p = Dual::<1>::variable(0.01, 0);
        let mut j = [p * 5.0 + 0.1, Dual::from(-1.0), Dual::from(2.0), p * -0.3];
        let (mut lu, mut x) = (Dense::new(2), [Dual::from(1.0), Dual::from(2.0)]);
        lu.factorise(0.0, &mut j).expect("regular");
        lu.solve(&mut x);
        for (i, x) in x.iter().enumerate() {
            let slope = (solve(0.01 + 1e-5)[i] - solve(0.01 - 1e-5)[i]) / 2e-5;
            approx::assert_relative_eq!(x.v, solve(0.01)[i], max_relative = 1e-14);
            approx::assert_relative_eq!(x.d[0], slope, max_relative = 1e-8);
        }
    }
}
