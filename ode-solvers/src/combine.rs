//! Linear combinations of stages: the inner loops of every method.

use crate::Scalar;

/// A sum `Σ wⱼ kⱼ` over some stages, without the weights that are zero.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    terms: Vec<(usize, f64)>,
}

/// As many stages as one pass over the states adds up.
const PASS: usize = 8;

impl Terms {
    /// From a row of weights: entry `j` belongs to stage `j`.
    pub(crate) fn new(weights: &[f64]) -> Self {
        Self { terms: weights.iter().copied().enumerate().filter(|&(_, w)| w != 0.0).collect() }
    }

    /// `out = y + scale · Σ wⱼ kⱼ`, where stage `j` is the `j`-th row of `k`.
    #[inline]
    pub(crate) fn write<T: Scalar>(&self, scale: f64, y: &[T], k: &[T], out: &mut [T]) {
        let mut passes = self.terms.chunks(PASS);
        match passes.next() {
            None => out.copy_from_slice(y),
            Some(terms) => pass(terms, scale, Some(y), k, out),
        }
        for terms in passes {
            pass(terms, scale, None, k, out);
        }
    }

    /// `out += scale · Σ wⱼ kⱼ`.
    #[inline]
    pub(crate) fn add<T: Scalar>(&self, scale: f64, k: &[T], out: &mut [T]) {
        for terms in self.terms.chunks(PASS) {
            pass(terms, scale, None, k, out);
        }
    }
}

/// One pass with the number of stages known to the compiler.
#[inline]
fn pass<T: Scalar>(terms: &[(usize, f64)], scale: f64, y: Option<&[T]>, k: &[T], out: &mut [T]) {
    match terms.len() {
        0 => {}
        1 => kernel::<1, T>(terms, scale, y, k, out),
        2 => kernel::<2, T>(terms, scale, y, k, out),
        3 => kernel::<3, T>(terms, scale, y, k, out),
        4 => kernel::<4, T>(terms, scale, y, k, out),
        5 => kernel::<5, T>(terms, scale, y, k, out),
        6 => kernel::<6, T>(terms, scale, y, k, out),
        7 => kernel::<7, T>(terms, scale, y, k, out),
        _ => kernel::<PASS, T>(terms, scale, y, k, out),
    }
}

#[inline]
fn kernel<const J: usize, T: Scalar>(
    terms: &[(usize, f64)],
    scale: f64,
    y: Option<&[T]>,
    k: &[T],
    out: &mut [T],
) {
    let n = out.len();
    let w: [f64; J] = core::array::from_fn(|j| terms[j].1 * scale);
    // Slices of one length `n`: the compiler drops the bounds checks of the loops.
    let k: [&[T]; J] = core::array::from_fn(|j| &k[terms[j].0 * n..][..n]);
    let sum = |i: usize| {
        let mut s = k[0][i] * w[0];
        for j in 1..J {
            s += k[j][i] * w[j];
        }
        s
    };
    match y {
        Some(y) => {
            let y = &y[..n];
            for i in 0..n {
                out[i] = y[i] + sum(i);
            }
        }
        None => {
            for (i, o) in out.iter_mut().enumerate() {
                *o += sum(i);
            }
        }
    }
}
