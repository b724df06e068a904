//! Factorising and solving with the matrix of an implicit step.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::lu::partial_pivoting::{factor, solve};
use faer::perm::PermRef;
use faer::{MatMut, MatRef, Par};

/// The largest matrix that our own elimination takes; faer takes larger ones.
///
/// Measured on a 2-core AMD Zen 5 machine without special compiler flags, one factorisation and
/// eight solves (a step of Rodas5P), own against faer in µs: n = 2: 0.07, 0.32; 4: 0.19, 0.42;
/// 8: 0.7, 1.1; 20: 2.4, 3.9; 41: 9.6, 11.6; 64: 27, 22; 80: 124, 30; 100: 430, 166.
const SMALL: usize = 48;

/// No pivot was found in this column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Singular(pub(crate) usize);

/// The LU factors, with partial pivoting, of a matrix stored column by column. Allocates nothing
/// after [`new`](Lu::new).
#[derive(Debug)]
pub(crate) struct Lu {
    n: usize,
    /// L below the diagonal, U above it, and on the diagonal the reciprocal of U's (own
    /// elimination) or U's itself (faer).
    lu: Vec<f64>,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    /// Row `pivots[j]` was exchanged with row `j` in step `j`.
    Own {
        pivots: Vec<usize>,
    },
    Faer(Faer),
}

struct Faer {
    forward: Vec<usize>,
    inverse: Vec<usize>,
    scratch: MemBuffer,
}

impl core::fmt::Debug for Faer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Faer").field("forward", &self.forward).finish_non_exhaustive()
    }
}

impl Lu {
    pub(crate) fn new(n: usize) -> Self {
        if n <= SMALL { Self::own(n) } else { Self::faer(n) }
    }

    fn own(n: usize) -> Self {
        Self { n, lu: vec![0.0; n * n], backend: Backend::Own { pivots: vec![0; n] } }
    }

    fn faer(n: usize) -> Self {
        let scratch = StackReq::any_of(&[
            factor::lu_in_place_scratch::<usize, f64>(n, n, Par::Seq, Default::default()),
            solve::solve_in_place_scratch::<usize, f64>(n, 1, Par::Seq),
        ]);
        let backend = Backend::Faer(Faer {
            forward: vec![0; n],
            inverse: vec![0; n],
            scratch: MemBuffer::new(scratch),
        });
        Self { n, lu: vec![0.0; n * n], backend }
    }

    /// Factorises `diagonal · I − jacobian`.
    pub(crate) fn factorise(&mut self, diagonal: f64, jacobian: &[f64]) -> Result<(), Singular> {
        let n = self.n;
        for (a, &j) in self.lu.iter_mut().zip(jacobian) {
            *a = -j;
        }
        for a in self.lu.iter_mut().step_by(n + 1) {
            *a += diagonal;
        }
        match &mut self.backend {
            Backend::Own { pivots } => eliminate(n, &mut self.lu, pivots),
            Backend::Faer(faer) => {
                factor::lu_in_place(
                    MatMut::from_column_major_slice_mut(&mut self.lu, n, n),
                    &mut faer.forward,
                    &mut faer.inverse,
                    Par::Seq,
                    MemStack::new(&mut faer.scratch),
                    Default::default(),
                );
                match self.lu.iter().step_by(n + 1).position(|&d| d == 0.0 || !d.is_finite()) {
                    Some(column) => Err(Singular(column)),
                    None => Ok(()),
                }
            }
        }
    }

    /// Overwrites `x` with the solution of `A·solution = x`.
    #[inline]
    pub(crate) fn solve(&mut self, x: &mut [f64]) {
        let n = self.n;
        match &mut self.backend {
            Backend::Own { pivots } => substitute(n, &self.lu, pivots, x),
            Backend::Faer(faer) => {
                let lu = MatRef::from_column_major_slice(&self.lu, n, n);
                solve::solve_in_place(
                    lu,
                    lu,
                    PermRef::new_checked(&faer.forward, &faer.inverse, n),
                    MatMut::from_column_major_slice_mut(x, n, 1),
                    Par::Seq,
                    MemStack::new(&mut faer.scratch),
                );
            }
        }
    }
}

/// Gaussian elimination by columns: the inner loop runs down a column, which lies in one piece.
fn eliminate(n: usize, a: &mut [f64], pivots: &mut [usize]) -> Result<(), Singular> {
    for j in 0..n {
        let (left, right) = a.split_at_mut((j + 1) * n);
        let column = &mut left[j * n..];
        let (mut p, mut largest) = (j, column[j].abs());
        for (i, x) in column.iter().enumerate().skip(j + 1) {
            if x.abs() > largest {
                (p, largest) = (i, x.abs());
            }
        }
        // Also where the column holds NaN or infinity.
        if !(largest > 0.0 && largest.is_finite()) {
            return Err(Singular(j));
        }
        pivots[j] = p;
        column.swap(j, p);
        let r = 1.0 / column[j];
        column[j] = r;
        let column = &mut column[j + 1..];
        for l in column.iter_mut() {
            *l *= r;
        }
        for other in right.chunks_exact_mut(n) {
            other.swap(j, p);
            let u = other[j];
            // Models couple few states with each other: most of these are zero.
            if u != 0.0 {
                for (x, &l) in other[j + 1..].iter_mut().zip(column.iter()) {
                    *x -= l * u;
                }
            }
        }
        for k in 0..j {
            left.swap(k * n + j, k * n + p);
        }
    }
    Ok(())
}

#[inline]
fn substitute(n: usize, lu: &[f64], pivots: &[usize], x: &mut [f64]) {
    let x = &mut x[..n];
    for (j, &p) in pivots.iter().enumerate() {
        x.swap(j, p);
    }
    for (j, column) in lu.chunks_exact(n).enumerate() {
        let (head, tail) = x.split_at_mut(j + 1);
        let xj = head[j];
        if xj != 0.0 {
            for (xi, &l) in tail.iter_mut().zip(&column[j + 1..]) {
                *xi -= l * xj;
            }
        }
    }
    for (j, column) in lu.chunks_exact(n).enumerate().rev() {
        let (head, tail) = x.split_at_mut(j);
        let xj = tail[0] * column[j];
        tail[0] = xj;
        if xj != 0.0 {
            for (xi, &u) in head.iter_mut().zip(column) {
                *xi -= u * xj;
            }
        }
    }
}
