//! Random states, the same in every run.

use ionic_models::Variable;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Uniform between 0 and 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A state that the model could be in: gates anywhere, the potential between −100 and 60 mV,
    /// everything else within a factor of two of its initial value.
    pub(crate) fn state(&mut self, table: &[Variable]) -> Vec<f64> {
        table
            .iter()
            .map(|s| {
                if is_gate(s) {
                    self.between(0.01, 0.99)
                } else if s.unit == "mV" {
                    // Some rates jump at −40 mV: differences do not straddle it.
                    let v = self.between(-99.0, 60.0);
                    if (v + 40.0).abs() < 0.1 { -39.0 } else { v }
                } else if s.value == 0.0 {
                    self.between(0.0, 0.1)
                } else {
                    s.value * self.between(-1.0, 1.0).exp2()
                }
            })
            .collect()
    }
}

pub(crate) fn is_gate(s: &Variable) -> bool {
    s.unit == "1" && s.range == (0.0, 1.0)
}
