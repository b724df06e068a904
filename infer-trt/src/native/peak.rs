//! How fast this machine multiplies and adds: what a kernel is measured by.

#![allow(clippy::needless_range_loop, reason = "as in the kernel: iterators may stay calls")]

use std::hint::black_box;
use std::time::Instant;

use super::vector::Vector;

/// Sums that go on side by side: more than a result takes cycles to come.
const SUMS: usize = 12;
/// Rounds between looks at the clock: some tens of microseconds.
const ROUNDS: usize = 10_000;

/// The most additions and multiplications that `rounds` of sums took in a second, over `seconds`.
#[inline(always)]
pub(crate) fn measure<V: Vector>(seconds: f64) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    let (factor, addend) = (V::splat(black_box(0.999_9)), V::splat(black_box(1e-4)));
    let mut sums = [addend; SUMS];
    while best.is_infinite() || begin.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            for k in 0..SUMS {
                sums[k] = sums[k].mul_add(factor, addend);
            }
        }
        let mut out = [0.0; 16];
        for sum in sums {
            sum.store(&mut out);
            black_box(&out);
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    (2 * ROUNDS * SUMS * V::LANES) as f64 / best
}
