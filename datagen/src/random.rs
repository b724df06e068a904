//! Random numbers that are specified to the bit: ChaCha with 8 rounds, one stream for each
//! trajectory.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What the numbers are for. Different purposes never share numbers.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Sample,
    Split,
}

/// A stream of random numbers.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    /// Stream `index` of `seed`. The ChaCha key is the seed in little-endian bytes, the purpose in
    /// the ninth byte, then zeros; the ChaCha stream number is `index`.
    pub(crate) fn new(seed: u64, purpose: Purpose, index: u64) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = match purpose {
            Purpose::Sample => 1,
            Purpose::Split => 2,
        };
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(index);
        Stream(rng)
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in [low, high].
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        let u = self.unit();
        // Two products instead of low + u·(high − low): no overflow, and no step outside.
        (low * (1.0 - u) + high * u).clamp(low, high)
    }

    /// Uniform in 0..n, without bias; n > 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let limit = u64::MAX - u64::MAX % n;
        loop {
            let x = self.0.next_u64();
            if x < limit {
                return x % n;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_for_ever() {
        // A change here changes every data set ever generated: it needs a new recipe format.
        let mut s = Stream::new(42, Purpose::Sample, 7);
        let first: Vec<u64> = (0..3).map(|_| (s.unit() * 9_007_199_254_740_992.0) as u64).collect();
        assert_eq!(first, [6621584813884787, 1219853650589599, 7754329770034796]);
    }

    #[test]
    fn uniform_stays_inside_and_fills_the_range() {
        let mut s = Stream::new(1, Purpose::Sample, 0);
        let drawn: Vec<f64> = (0..20_000).map(|_| s.uniform(-2.0, 6.0)).collect();
        assert!(drawn.iter().all(|x| (-2.0..=6.0).contains(x)));
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        // Standard error of the mean: 8/√12/√20000 = 0.0163.
        assert!((mean - 2.0).abs() < 0.08, "{mean}");
        assert!(drawn.iter().any(|&x| x < -1.99) && drawn.iter().any(|&x| x > 5.99));
    }

    #[test]
    fn below_is_unbiased_enough_to_see() {
        let mut s = Stream::new(1, Purpose::Split, 0);
        let mut counts = [0; 3];
        for _ in 0..30_000 {
            counts[s.below(3) as usize] += 1;
        }
        // Standard deviation of a count: √(30000·2/9) = 82.
        assert!(counts.iter().all(|&c: &i32| (c - 10_000).abs() < 400), "{counts:?}");
    }
}
