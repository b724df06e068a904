//! Random points of a box and their normal units, as many at a time as the machine has lanes.
//!
//! Point by point this took a twentieth of a step with collocation points: a row was read as a whole just after
//! it had been written number by number, and so had to wait.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::level::{Level, Task};
use super::simd::Simd;
use crate::Normalization;

/// Points whose numbers are taken together: that of lanes of double precision.
const TOGETHER: usize = 8;

/// Uniform points of a box. Box and normal units stand there as often as points are taken together, so that a loop over
/// numbers needs no columns.
pub(crate) struct Points {
    level: Level,
    low: Vec<f64>,
    span: Vec<f64>,
    mean: Vec<f64>,
    scale: Vec<f64>,
    words: Vec<u64>,
}

impl Points {
    /// Of a box with as many sides as `normal` has columns.
    pub(crate) fn new(level: Level, domain: &[(f64, f64)], normal: &Normalization) -> Self {
        let again = |row: &mut dyn Iterator<Item = f64>| row.collect::<Vec<_>>().repeat(TOGETHER);
        Self {
            level,
            low: again(&mut domain.iter().map(|(low, _)| *low)),
            span: again(&mut domain.iter().map(|(low, high)| high - low)),
            mean: again(&mut normal.mean().iter().map(|m| f64::from(*m))),
            scale: again(&mut normal.scale().iter().map(|s| f64::from(*s))),
            words: Vec::new(),
        }
    }

    /// Draws points, row by row, in physical and in normal units: the numbers that
    /// [`random::uniform`](crate::random::uniform) gives one after the other.
    pub(crate) fn draw(&mut self, random: &mut ChaCha8Rng, points: &mut [f64], x: &mut [f32]) {
        self.words.resize(points.len(), 0);
        random.fill_bytes(bytemuck::cast_slice_mut(&mut self.words));
        self.level.run(Uniform(self, points, x));
    }
}

struct Uniform<'a>(&'a Points, &'a mut [f64], &'a mut [f32]);

impl Task for Uniform<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self(Points { low, span, mean, scale, words, .. }, points, x) = self;
        let length = low.len().max(1);
        for ((words, points), x) in
            words.chunks(length).zip(points.chunks_mut(length)).zip(x.chunks_mut(length))
        {
            for ((point, word), (low, span)) in points.iter_mut().zip(words).zip(low.iter().zip(span)) {
                let unit = (u64::from_le(*word) >> 11) as f64 * (1.0 / (1u64 << 53) as f64);
                *point = low + span * unit;
            }
            for ((x, point), (mean, scale)) in x.iter_mut().zip(&*points).zip(mean.iter().zip(scale)) {
                *x = ((point - mean) / scale) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    /// To the last bit those that are drawn one by one, however many came before.
    #[test]
    fn points_are_those_that_are_drawn_one_by_one() {
        let domain = [(0.0, 20.0), (-0.3, 1.1), (7.0, 7.0)];
        let normal =
            Normalization::new(vec![10.0, 0.4, 0.0], vec![5.8, 0.41, 3.0]).expect("scales above zero");
        for columns in 1..=3 {
            let (domain, normal) = (
                &domain[..columns],
                Normalization::new(normal.mean()[..columns].to_vec(), normal.scale()[..columns].to_vec()),
            );
            let normal = normal.expect("scales above zero");
            for level in Level::available() {
                let (mut random, mut other) =
                    (random::stream(5, random::POINTS), random::stream(5, random::POINTS));
                let mut points = Points::new(level, domain, &normal);
                for rows in [1, 128, 0, 13] {
                    let (mut drawn, mut x) = (vec![0.0; rows * columns], vec![0.0; rows * columns]);
                    points.draw(&mut random, &mut drawn, &mut x);
                    for (i, (point, x)) in drawn.iter().zip(&x).enumerate() {
                        let (column, (low, high)) = (i % columns, domain[i % columns]);
                        let expected = random::uniform(&mut other, low, high);
                        assert_eq!(point.to_bits(), expected.to_bits(), "{i} of {rows}, {level:?}");
                        let (mean, scale) = (normal.mean()[column], normal.scale()[column]);
                        let expected = ((expected - f64::from(mean)) / f64::from(scale)) as f32;
                        assert_eq!(x.to_bits(), expected.to_bits(), "{i} of {rows}, {level:?}");
                    }
                }
                assert_eq!(random.get_word_pos(), other.get_word_pos());
            }
        }
    }
}
