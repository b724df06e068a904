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
    let threshold = n.wrapping_neg() % n;
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(n);
        if product as u32 >= threshold {
            return (product >> 32) as u32;
        }
    }
}
