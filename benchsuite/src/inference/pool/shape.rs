//! The shapes of the pool: widths of layers.

/// The widths of a layer.
pub(super) const WIDTHS: [usize; 5] = [8, 16, 32, 64, 128];
/// Most layers.
const DEEPEST: usize = 5;

/// The widths of hidden layers such as `SiLU8,ELU16`.
pub(in crate::inference) fn widths(layers: &str) -> Vec<usize> {
    let width = |layer: &str| layer.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
    layers.split(',').map(width).collect()
}

/// Shapes of up to five layers: as many of each depth as there are, or an equal part of `count`,
/// evenly spread over all.
pub(super) fn shapes(count: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut left = count;
    for depth in 1..=DEEPEST {
        let of_depth = WIDTHS.len().pow(depth as u32);
        let share = (left / (DEEPEST + 1 - depth)).min(of_depth);
        left -= share;
        for k in 0..share {
            // The digits of a number are a shape.
            let mut number = (2 * k + 1) * of_depth / (2 * share);
            let mut shape = Vec::with_capacity(depth);
            for _ in 0..depth {
                shape.push(WIDTHS[number % WIDTHS.len()]);
                number /= WIDTHS.len();
            }
            all.push(shape);
        }
    }
    all
}

/// A shape as an architecture, all layers with one activation.
pub(super) fn text(shape: &[usize], activation: &str) -> String {
    shape.iter().map(|w| format!("{activation}{w}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_different_and_of_every_depth() {
        for (count, deepest) in [(909, 377), (20, 4), (5, 1)] {
            let mut all = shapes(count);
            assert_eq!(all.len(), count);
            assert_eq!(all.iter().filter(|s| s.len() == 5).count(), deepest);
            assert!(all.iter().all(|s| (8..=640).contains(&s.iter().sum::<usize>())));
            all.sort();
            all.dedup();
            assert_eq!(all.len(), count, "no shape twice");
        }
    }
}
