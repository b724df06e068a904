//! Linear combinations of stages: the inner loops of every method.

use crate::{Kernel, Scalar, Twin};

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
        combine(Combine { terms: &self.terms, scale, y: Some(y), k, out });
    }

    /// `out += scale · Σ wⱼ kⱼ`.
    #[inline]
    pub(crate) fn add<T: Scalar>(&self, scale: f64, k: &[T], out: &mut [T]) {
        combine(Combine { terms: &self.terms, scale, y: None, k, out });
    }
}

/// Plain numbers of two to four states are summed where they are: what is computed is less than the way to
/// wider registers.
#[inline]
fn combine<T: Scalar>(sum: Combine<'_, T>) {
    // Asked for where it is compiled: no other number gets this code.
    if const { is_plain::<T>() } {
        match sum.out.len() {
            2 => return sum.few::<2>(),
            3 => return sum.few::<3>(),
            4 => return sum.few::<4>(),
            _ => {}
        }
    }
    T::dispatch_loops(sum);
}

pub(crate) const fn is_plain<T>() -> bool {
    size_of::<T>() == size_of::<f64>()
}

/// Copies slopes that have only just been written.
#[inline]
pub(crate) fn copy_fresh<T: Scalar>(from: &[T], to: &mut [T]) {
    if const { is_plain::<T>() } && from.len() <= 4 {
        for (to, from) in to.iter_mut().zip(from) {
            *to = alone(from);
        }
    } else {
        to.copy_from_slice(from);
    }
}

/// Reads a number by itself. The equations of a few states write slopes one by one, and a register read
/// over several of them right afterwards waits until all are in the cache: longer than the sum takes.
#[inline(always)]
#[allow(unsafe_code, reason = "the compiler joins reads that are not volatile")]
fn alone<T: Copy>(x: &T) -> T {
    // SAFETY: a reference to a number.
    unsafe { core::ptr::read_volatile(x) }
}

/// `out = y + scale · Σ wⱼ kⱼ`, or `out +=` the sum where there is no `y`.
struct Combine<'a, T> {
    terms: &'a [(usize, f64)],
    scale: f64,
    y: Option<&'a [T]>,
    k: &'a [T],
    out: &'a mut [T],
}

impl<T: Scalar> Combine<'_, T> {
    /// For `N` states. The last stage has only just been written.
    #[inline(always)]
    fn few<const N: usize>(self) {
        let (k, _) = self.k.as_chunks::<N>();
        let Some(out) = self.out.first_chunk_mut::<N>() else { return };
        let mut y = self.y.and_then(<[T]>::first_chunk).copied().unwrap_or(*out);
        for terms in self.terms.chunks(PASS) {
            let [before @ .., last] = terms else { return };
            let w = last.1 * self.scale;
            let fresh: [T; N] = core::array::from_fn(|i| alone(&k[last.0][i]) * w);
            let sum = match before {
                [first, rest @ ..] => {
                    let w = first.1 * self.scale;
                    let mut sum = k[first.0].map(|k| k * w);
                    for term in rest {
                        let w = term.1 * self.scale;
                        for (s, &k) in sum.iter_mut().zip(&k[term.0]) {
                            *s += k * w;
                        }
                    }
                    for (s, &fresh) in sum.iter_mut().zip(&fresh) {
                        *s += fresh;
                    }
                    sum
                }
                [] => fresh,
            };
            for (y, &sum) in y.iter_mut().zip(&sum) {
                *y += sum;
            }
        }
        *out = y;
    }
}

impl<T: Scalar> Kernel<T> for Combine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<U: Twin<T>>(self) {
        let (k, out) = (U::view(self.k), U::view_mut(self.out));
        let mut y = self.y.map(U::view);
        if let (Some(y), true) = (y, self.terms.is_empty()) {
            out.copy_from_slice(y);
        }
        for terms in self.terms.chunks(PASS) {
            pass(terms, self.scale, y.take(), k, out);
        }
    }
}

/// One pass with the number of stages known to the compiler.
#[inline(always)]
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

#[inline(always)]
fn kernel<const J: usize, T: Scalar>(
    terms: &[(usize, f64)],
    scale: f64,
    y: Option<&[T]>,
    k: &[T],
    out: &mut [T],
) {
    let n = out.len();
    let mut w = [0.0; J];
    // Slices of one length `n`: the compiler drops the bounds checks of the loops.
    let mut rows: [&[T]; J] = [&[]; J];
    for j in 0..J {
        w[j] = terms[j].1 * scale;
        rows[j] = &k[terms[j].0 * n..][..n];
    }
    let y = y.map(|y| &y[..n]);
    let mut i = 0;
    // Plain numbers block by block, each a register or two: what is computed before any of it is written
    // needs no proof that the slices are apart, and a few states are not left to the scalar end of a loop.
    if const { size_of::<T>() == size_of::<f64>() } {
        while i + 8 <= n {
            block::<8, J, T>(&rows, &w, y, out, i);
            i += 8;
        }
        if i + 4 <= n {
            block::<4, J, T>(&rows, &w, y, out, i);
            i += 4;
        }
    }
    while i < n {
        block::<1, J, T>(&rows, &w, y, out, i);
        i += 1;
    }
}

/// The states from `i` on, `B` of them.
#[inline(always)]
fn block<const B: usize, const J: usize, T: Scalar>(
    rows: &[&[T]; J],
    w: &[f64; J],
    y: Option<&[T]>,
    out: &mut [T],
    i: usize,
) {
    let old: &[T] = y.unwrap_or(out);
    let mut sums = [T::default(); B];
    for (b, s) in sums.iter_mut().enumerate() {
        *s = old[i + b] + sum(rows, w, i + b);
    }
    out[i..i + B].copy_from_slice(&sums);
}

/// Σ wⱼ kⱼ of state `i`.
#[inline(always)]
fn sum<const J: usize, T: Scalar>(rows: &[&[T]; J], w: &[f64; J], i: usize) -> T {
    let mut s = rows[0][i] * w[0];
    for j in 1..J {
        s += rows[j][i] * w[j];
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks and what is left over give what a plain loop gives, bit for bit, for any number of states and
    /// of stages, more than one pass included.
    #[test]
    fn blocks_are_the_plain_sum() {
        for n in 1..=21 {
            for stages in [1, 3, 8, 11] {
                let weights: Vec<f64> = (0..stages).map(|j| 0.3 - 0.07 * j as f64).collect();
                let k: Vec<f64> = (0..stages * n).map(|i| (i as f64 * 0.7).sin()).collect();
                let y: Vec<f64> = (0..n).map(|i| (i as f64 * 1.3).cos()).collect();
                let mut expected = y.clone();
                let indexed: Vec<_> = weights.iter().enumerate().collect();
                for pass in indexed.chunks(PASS) {
                    for (i, e) in expected.iter_mut().enumerate() {
                        let term = |&(j, w): &(usize, &f64)| k[j * n + i] * (w * 0.01);
                        *e += pass[1..].iter().map(term).fold(term(&pass[0]), |s, t| s + t);
                    }
                }
                let (terms, mut out, mut added) = (Terms::new(&weights), vec![0.0; n], y.clone());
                terms.write(0.01, &y, &k, &mut out);
                terms.add(0.01, &k, &mut added);
                assert_eq!(out, expected, "{n} states, {stages} stages");
                assert_eq!(added, expected, "{n} states, {stages} stages");
            }
        }
    }
}
