//! Sums and differences of points and their mirrors, and back.
//!
//! Of N points, n and N − n are mirrors of each other; 0 is its own, and so is N/2 of an even number.

use crate::native::dispatch::Task;
use crate::native::vector::Vector;

/// From points to half of them: `even` has `x[n] + x[N − n]`, `odd` `x[n] − x[N − n]` for n from `first` on, as many as
/// there is room for. A point that is its own mirror counts once among the sums, and not among the differences.
pub(super) struct Fold<'a> {
    pub(super) points: usize,
    pub(super) width: usize,
    pub(super) first: usize,
    pub(super) x: &'a [f32],
    pub(super) even: &'a mut [f32],
    pub(super) odd: &'a mut [f32],
}

impl Task for Fold<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { points, width, first, x, even, odd } = self;
        let rows = even.len() / width;
        for k in 0..rows {
            let n = first + k;
            let mirror = (points - n) % points;
            let (even, odd) = (&mut even[k * width..][..width], &mut odd[k * width..][..width]);
            let x_n = &x[n * width..][..width];
            if mirror == n {
                even.copy_from_slice(x_n);
                odd.fill(0.0);
                continue;
            }
            let x_m = &x[mirror * width..][..width];
            let mut j = 0;
            while j < width {
                let (a, b) = (V::load(&x_n[j..]), V::load(&x_m[j..]));
                a.add(b).store(&mut even[j..]);
                a.sub(b).store(&mut odd[j..]);
                j += V::LANES;
            }
        }
    }
}

/// The way back, for sums of even and of odd terms: `y[n] = even + odd`, `y[N − n] = even − odd`.
pub(super) struct Unfold<'a> {
    pub(super) points: usize,
    pub(super) width: usize,
    pub(super) first: usize,
    pub(super) even: &'a [f32],
    pub(super) odd: &'a [f32],
    pub(super) y: &'a mut [f32],
}

impl Task for Unfold<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { points, width, first, even, odd, y } = self;
        let rows = even.len() / width;
        for k in 0..rows {
            let n = first + k;
            let mirror = (points - n) % points;
            let (even, odd) = (&even[k * width..][..width], &odd[k * width..][..width]);
            let mut j = 0;
            while j < width {
                let (e, o) = (V::load(&even[j..]), V::load(&odd[j..]));
                // Where a point is its own mirror its odd terms are rounding errors of zero: it gets the sum.
                e.sub(o).store(&mut y[mirror * width + j..]);
                e.add(o).store(&mut y[n * width + j..]);
                j += V::LANES;
            }
        }
    }
}
