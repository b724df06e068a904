//! Random numbers that are the same on every machine and in every release: ChaCha8 with one stream
//! for each purpose, and our own maps to floats and indices.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Stream of the first weights.
pub(crate) const WEIGHTS: u64 = 0;
/// Stream of the order of the data.
pub(crate) const DATA: u64 = 1;
/// Stream of collocation and initial points.
pub(crate) const POINTS: u64 = 2;
/// Stream of the order of the extra data.
pub(crate) const EXTRA: u64 = 3;

/// Stream of noise on observations.
pub(crate) const NOISE: u64 = 4;

/// A generator: the seed's eight bytes, little end first, then zeros.
pub(crate) fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(bytes);
    rng.set_stream(stream);
    rng
}

/// Uniform in [low, high): 53 random bits.
pub(crate) fn uniform(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    let unit = (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64);
    low + (high - low) * unit
}

/// Uniform in 0..n, without bias (Lemire 2019, doi:10.1145/3230636). `n` must not be 0.
pub(crate) fn below(rng: &mut ChaCha8Rng, n: u32) -> u32 {
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(n);
        // What is below 2³² mod n is refused; the division is hardly ever needed to know.
        let low = product as u32;
        if low >= n || low >= n.wrapping_neg() % n {
            return (product >> 32) as u32;
        }
    }
}

/// Normal with mean 0 and deviation 1, by Box and Muller's formula.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    // 1 − u lies in (0, 1].
    let radius = (-2.0 * (1.0 - uniform(rng, 0.0, 1.0)).ln()).sqrt();
    radius * (core::f64::consts::TAU * uniform(rng, 0.0, 1.0)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_their_moments() {
        let mut rng = stream(3, NOISE);
        let x: Vec<f64> = (0..40_000).map(|_| normal(&mut rng)).collect();
        let moment = |k: i32| x.iter().map(|x| x.powi(k)).sum::<f64>() / x.len() as f64;
        // Five standard deviations of each mean.
        for (k, expected, deviation) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let bound = 5.0 * (deviation / x.len() as f64).sqrt();
            assert!((moment(k) - expected).abs() < bound, "moment {k}: {}", moment(k));
        }
    }

    /// Numbers that may never change: data sets and weights of old runs depend on them. The words
    /// are those of ChaCha8 with the key 7, 0, …: computed with an independent implementation.
    #[test]
    fn streams_are_fixed() {
        let mut rng = stream(7, POINTS);
        let words: [u32; 4] = core::array::from_fn(|_| rng.next_u32());
        assert_eq!(words, reference::WORDS);
    }

    mod reference {
        /// Key: 07 00 … 00; block counter 0; stream 2; 8 rounds.
        pub(super) const WORDS: [u32; 4] = [0xb9e2_935b, 0x02cb_d593, 0xdf9d_3d29, 0x31c3_ac8d];
    }

    #[test]
    fn indices_are_uniform_and_in_range() {
        let mut rng = stream(1, DATA);
        for n in [1u32, 2, 3, 10, u32::MAX] {
            assert!((0..1000).all(|_| below(&mut rng, n) < n));
        }
        let mut count = [0; 6];
        for _ in 0..60_000 {
            count[below(&mut rng, 6) as usize] += 1;
        }
        // Five standard deviations of a binomial with n = 60 000, p = 1/6.
        assert!(count.iter().all(|c| (9_544..=10_456).contains(c)), "{count:?}");
    }

    #[test]
    fn floats_lie_in_their_interval() {
        let mut rng = stream(1, DATA);
        let x: Vec<f64> = (0..10_000).map(|_| uniform(&mut rng, -2.0, 3.0)).collect();
        assert!(x.iter().all(|x| (-2.0..3.0).contains(x)));
        let mean = x.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 5.0 * (25.0f64 / 12.0 / 10_000.0).sqrt(), "{mean}");
        assert_eq!(uniform(&mut rng, 4.0, 4.0), 4.0);
    }
}
