//! What the processor's instruction computes, in plain Rust: to the last bit, and slowly.

use super::layers::Pairs;
use super::pair::Pair;
use crate::native::dense::Factor;
use crate::native::vector::Vector;

/// The sum and both products, as Intel's manual has it: the upper product first, each added with one
/// rounding to nearest even; subnormal numbers count as zero, going in and coming out.
fn add_products(a: Pair, b: Pair, sum: f32) -> f32 {
    let [a, b] = [a.numbers().map(flush), b.numbers().map(flush)];
    let sum = flush(a[1].mul_add(b[1], flush(sum)));
    flush(a[0].mul_add(b[0], sum))
}

/// Zero of the same sign for a subnormal number.
fn flush(x: f32) -> f32 {
    if x.is_subnormal() { 0.0_f32.copysign(x) } else { x }
}

/// A pair for each lane of any vector: the instruction modelled lane by lane.
#[derive(Clone, Copy)]
pub(crate) struct Modelled([Pair; 16]);

impl<V: Vector> Factor<V> for Modelled {
    type Weight = Pair;
    const RUN: usize = usize::MAX;

    fn splat(weight: Pair) -> Self {
        Self([weight; 16])
    }
    fn add_products(self, x: Self, sum: V) -> V {
        let mut lanes = [0.0; 16];
        sum.store(&mut lanes);
        for ((sum, w), x) in lanes[..V::LANES].iter_mut().zip(self.0).zip(x.0) {
            *sum = add_products(w, x, *sum);
        }
        V::load(&lanes)
    }
}

impl<V: Vector> Pairs<V> for Modelled {
    fn pack(first: V, second: V) -> Self {
        let mut lanes = [[0.0; 16]; 2];
        first.store(&mut lanes[0]);
        second.store(&mut lanes[1]);
        Self(std::array::from_fn(|k| Pair::new(lanes[0][k], lanes[1][k])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_product_is_added_first_and_each_sum_rounded() {
        let (one, tiny) = (Pair::new(1.0, 1.0), 2.0_f32.powi(-24));
        // Each half unit is lost on its own; in one sum they would make a whole one.
        assert_eq!(add_products(one, Pair::new(tiny, tiny), 1.0), 1.0);
        // Cancellation first leaves what comes second whole.
        assert_eq!(add_products(one, Pair::new(tiny, -1.0), 1.0), tiny);
        assert_eq!(add_products(one, Pair::new(-1.0, tiny), 1.0), 0.0);
        // A product is not rounded on its own: 1.0078125² = 1.01568603515625 has 15 bits.
        let x = Pair::new(0.0, 1.007_812_5);
        assert_eq!(add_products(x, x, -1.0), 0.015_686_035);
    }

    #[test]
    fn subnormal_numbers_are_zero() {
        let (one, least) = (Pair::new(1.0, 1.0), f32::MIN_POSITIVE);
        assert_eq!(add_products(one, Pair::new(0.0, 0.0), least / 2.0), 0.0);
        assert_eq!(add_products(one, Pair::new(0.0, 1.5 * least), -least), 0.0);
        assert_eq!(add_products(one, Pair::new(least, least), -least), least);
    }
}
