//! Memory for one evaluation of a right-hand side, from the stack.

use crate::Scalar;
use crate::sparse::SparsityPattern;

/// As much as is taken from the stack: threads have at least 2 MiB of it.
const LARGEST: usize = 512 * 1024;

/// Calls `f` with two slices of `n` numbers, states and slopes.
///
/// They lie on the stack, no more than about what is needed, since it is cleared; on the heap only
/// for systems that are too large for a [`SparsityPattern`], and numbers that carry very many others.
#[inline]
pub fn with_scratch<T: Scalar>(n: usize, f: impl FnOnce(&mut [T], &mut [T])) {
    match n {
        0..=8 => on_stack::<8, T>(n, f),
        9..=48 => on_stack::<48, T>(n, f),
        49..=SparsityPattern::MAX_DIM => on_stack::<{ SparsityPattern::MAX_DIM }, T>(n, f),
        _ => on_heap(n, f),
    }
}

#[inline]
fn on_stack<const M: usize, T: Scalar>(n: usize, f: impl FnOnce(&mut [T], &mut [T])) {
    if const { 2 * M * size_of::<T>() > LARGEST } {
        return on_heap(n, f);
    }
    let (mut y, mut dy) = ([T::default(); M], [T::default(); M]);
    f(&mut y[..n], &mut dy[..n]);
}

#[cold]
fn on_heap<T: Scalar>(n: usize, f: impl FnOnce(&mut [T], &mut [T])) {
    f(&mut vec![T::default(); n], &mut vec![T::default(); n]);
}
