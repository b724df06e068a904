//! Two numbers of 16 bits in 32.

/// Two `bf16`, which are upper halves of `f32`: the first in the lower bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair(u32);

impl Pair {
    /// Both numbers rounded to nearest, ties to even; subnormal numbers become zero, as the
    /// processor's conversion has it.
    #[inline(always)]
    pub(crate) fn new(first: f32, second: f32) -> Self {
        Self(round(first) >> 16 | round(second))
    }

    /// The bits, the first number in the lower half.
    #[inline(always)]
    pub(crate) fn to_bits(self) -> u32 {
        self.0
    }

    /// The two numbers.
    #[inline(always)]
    pub(crate) fn numbers(self) -> [f32; 2] {
        [f32::from_bits(self.0 << 16), f32::from_bits(self.0 & UPPER)]
    }
}

impl core::fmt::Debug for Pair {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.numbers().fmt(f)
    }
}

/// The bits of a `bf16` in those of an `f32`.
const UPPER: u32 = 0xffff_0000;

/// The bits of the nearest `f32` whose lower half is zero.
#[inline(always)]
fn round(x: f32) -> u32 {
    let bits = x.to_bits();
    if x.is_nan() {
        // Quiet, and not cut to an infinity.
        return (bits | 1 << 22) & UPPER;
    }
    if x.is_subnormal() {
        return bits & 1 << 31;
    }
    // Past one half always up, at one half where the last bit that stays is odd.
    (bits + 0x7fff + (bits >> 16 & 1)) & UPPER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(x: f32) -> f32 {
        let [first, second] = Pair::new(x, -x).numbers();
        assert_eq!(first.to_bits() ^ 1 << 31, second.to_bits());
        first
    }

    #[test]
    fn numbers_round_to_nearest_even() {
        // 8 bits: 1 is followed by 1 + 1/128.
        for (x, y) in [
            (1.0, 1.0),
            (1.0 + 1.0 / 256.0, 1.0),
            (1.0 + 3.0 / 256.0, 1.0 + 2.0 / 128.0),
            (1.0 + 1.01 / 256.0, 1.0 + 1.0 / 128.0),
            (-1.999, -2.0),
            (0.0, 0.0),
            (f32::MAX, f32::INFINITY),
            (f32::MIN_POSITIVE, f32::MIN_POSITIVE),
            (f32::MIN_POSITIVE / 2.0, 0.0),
            (f32::INFINITY, f32::INFINITY),
        ] {
            assert_eq!(rounded(x), y, "{x}");
        }
        assert_eq!(rounded(-0.0).to_bits(), (-0.0_f32).to_bits());
        // A NaN whose only bit is the last must not become an infinity.
        for nan in [f32::NAN, f32::from_bits(0x7f80_0001)] {
            assert!(Pair::new(nan, nan).numbers().iter().all(|x| x.is_nan()));
        }
    }

    #[test]
    fn no_number_moves_by_more_than_one_in_256() {
        for k in 0..10_000 {
            let x = (k as f32 * 0.618_034 - 3000.0) * 1.000_1_f32.powi(k);
            assert!((rounded(x) - x).abs() <= x.abs() / 256.0, "{x}");
        }
    }
}
