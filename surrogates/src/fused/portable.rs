//! [`Simd`] in plain arithmetic: for machines that are no x86-64, whose compiler finds their registers. On x86-64 it is
//! what the tests hold the registers of every such machine against.

use super::level::Task;
use super::simd::{LANES, Line, Simd};

/// No instructions but those that every machine has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

macro_rules! lanewise {
    ($($name:ident($($arg:ident),*) = $value:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: Self::V),*) -> Self::V {
            let mut out = [0.0; LANES];
            for i in 0..LANES {
                $(let $arg: f32 = $arg[i];)*
                out[i] = $value;
            }
            out
        }
    )*};
}

#[allow(clippy::needless_range_loop, reason = "several arrays advance together")]
impl Simd for Portable {
    type V = [f32; LANES];
    type Sum = [f32; 4];
    const REGISTERS: usize = 4;

    #[inline(always)]
    fn load(self, x: &Line) -> Self::V {
        x.0
    }
    #[inline(always)]
    fn store(self, x: Self::V, to: &mut Line) {
        to.0 = x;
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        [x; LANES]
    }
    lanewise! {
        add(a, b) = a + b;
        sub(a, b) = a - b;
        mul(a, b) = a * b;
        fma(a, b, c) = a * b + c;
        fnma(a, b, c) = c - a * b;
        reciprocal(x) = 1.0 / x;
        min(limit, x) = if limit < x { limit } else { x };
        max(limit, x) = if limit > x { limit } else { x };
        if_positive(x, yes, no) = if x > 0.0 { yes } else { no };
        power_of_two(x) = f32::from_bits((x.to_bits() << 23).wrapping_add(0x3f80_0000));
    }
    #[inline(always)]
    fn rotate(self, shifted: Self::V, sin: Self::V, cos: Self::V) -> (Self::V, Self::V) {
        let (mut s, mut c) = (sin, cos);
        for i in 0..LANES {
            let q = shifted[i].to_bits();
            let (a, b) = if q & 1 == 0 { (sin[i], cos[i]) } else { (cos[i], sin[i]) };
            s[i] = f32::from_bits(a.to_bits() ^ ((q & 2) << 30));
            c[i] = f32::from_bits(b.to_bits() ^ ((q.wrapping_add(1) & 2) << 30));
        }
        (s, c)
    }
    #[inline(always)]
    fn within(self, x: Self::V, limit: f32) -> bool {
        x.iter().fold(true, |all, x| all & (x.abs() <= limit))
    }

    #[inline(always)]
    fn zero_sum(self) -> Self::Sum {
        [0.0; 4]
    }
    #[inline(always)]
    fn accumulate(self, a: Self::V, b: Self::V, mut sum: Self::Sum) -> Self::Sum {
        for i in 0..LANES {
            sum[i % 4] += a[i] * b[i];
        }
        sum
    }
    #[inline(always)]
    fn register(self, x: &Line, k: usize) -> Self::Sum {
        core::array::from_fn(|i| x.0[4 * k + i])
    }
    #[inline(always)]
    fn accumulate_register(self, a: Self::Sum, b: Self::Sum, sum: Self::Sum) -> Self::Sum {
        core::array::from_fn(|i| sum[i] + a[i] * b[i])
    }
    #[inline(always)]
    fn add_totals(self, sums: [Self::Sum; 4], to: &mut [f32; 4]) {
        for i in 0..4 {
            let s = sums[i];
            to[i] += (s[0] + s[2]) + (s[1] + s[3]);
        }
    }

    fn apart<K: Task>(self, task: K) -> K::Output {
        task.run(self)
    }
}

/// SSE2 has the same registers, so every sum is taken in the same order: the bits are equal.
#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::super::simd::ROUND;
    use super::super::x86::Sse2;
    use super::*;

    /// Numbers of every size and sign, zeros, and what is no number.
    fn lines() -> Vec<Line> {
        let special = [0.0, -0.0, 1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MIN_POSITIVE, 1e30];
        let number = |i: usize| match special.get(i % 37) {
            Some(x) => *x,
            None => (i as f32 * 0.61).sin() * 10f32.powi(i as i32 % 9 - 4),
        };
        (0..40).map(|k| Line(core::array::from_fn(|i| number(31 * k + 7 * i + k * k)))).collect()
    }

    fn stored<S: Simd>(s: S, x: S::V) -> [u32; LANES] {
        let mut line = Line::ZERO;
        s.store(x, &mut line);
        // A NaN is one, whatever its bits.
        line.0.map(|x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() })
    }

    /// Everything that three lines can be given to.
    fn results<S: Simd>(s: S, [x, y, z]: [&Line; 3]) -> (Vec<[u32; LANES]>, Vec<u32>, bool) {
        let [a, b, c] = [x, y, z].map(|x| s.load(x));
        let quadrants = s.load(&Line(core::array::from_fn(|i| ROUND + i as f32 - 7.0)));
        let (sin, cos) = s.rotate(quadrants, a, b);
        let lines = [
            s.add(a, b),
            s.sub(a, b),
            s.mul(a, b),
            s.fma(a, b, c),
            s.fnma(a, b, c),
            s.reciprocal(a),
            s.min(a, b),
            s.max(a, b),
            s.if_positive(a, b, c),
            s.power_of_two(quadrants),
            s.splat(x.0[3]),
            sin,
            cos,
        ];
        let sums = [(a, b), (b, c), (c, a), (a, a)].map(|(a, b)| s.accumulate(a, b, s.zero_sum()));
        let mut totals = [1.0, 2.0, 3.0, 4.0];
        s.add_totals(sums, &mut totals);
        let registers = core::array::from_fn(|k| {
            s.accumulate_register(s.register(x, k), s.register(y, k), s.register(z, k))
        });
        let mut more = [0.5; 4];
        s.add_totals(registers, &mut more);
        let totals = [totals, more].concat();
        let bits = totals.iter().map(|x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() });
        (lines.map(|x| stored(s, x)).to_vec(), bits.collect(), s.within(a, 3.0))
    }

    #[test]
    fn registers_of_every_machine_have_the_bits_of_plain_arithmetic() {
        let lines = lines();
        for (k, x) in lines.iter().enumerate() {
            let three = [x, &lines[(k + 1) % lines.len()], &lines[(k * 7 + 3) % lines.len()]];
            assert_eq!(results(Sse2, three), results(Portable, three), "line {k}");
        }
    }

    #[test]
    fn a_limit_is_kept_by_all_lanes_or_by_none() {
        for lane in 0..LANES {
            for (x, all) in [(2.0, true), (-3.0, true), (3.5, false), (-9.0, false), (f32::NAN, false)] {
                let mut line = Line([1.0; LANES]);
                line.0[lane] = x;
                assert_eq!(Sse2.within(Sse2.load(&line), 3.0), all, "{x} in lane {lane}");
                assert_eq!(Portable.within(Portable.load(&line), 3.0), all, "{x} in lane {lane}");
            }
        }
    }
}
