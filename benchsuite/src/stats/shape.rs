//! The shape of an architecture.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The classes of section 4.2.1: "rectangle (all layers of the same size), funnel (layers
/// progressively smaller), bottleneck (layers progressively larger), bowtie (three layers with a
/// smaller middle layer), and diamond (three layers with a larger middle layer)".
///
/// Table 16 decides what the words leave open: neighbours may be equal, since (64, 64, 32) is a
/// funnel there and (32, 32, 64) a bottleneck; and the middle layer is compared with both others,
/// since (32, 64, 8) is a diamond. With that, every architecture of two or three layers has exactly
/// one shape. One layer is a rectangle; four or more may have none. (Tables 4 and 17 call (8, 32, 8) a
/// bowtie, against the text and Table 16.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// All layers of one size.
    Rectangle,
    /// Layers get smaller.
    Funnel,
    /// Layers get larger.
    Bottleneck,
    /// Three layers, the middle one smaller than both others.
    Bowtie,
    /// Three layers, the middle one larger than both others.
    Diamond,
}

impl Shape {
    /// All shapes, in the dissertation's order.
    pub const ALL: [Shape; 5] =
        [Shape::Rectangle, Shape::Funnel, Shape::Bottleneck, Shape::Bowtie, Shape::Diamond];

    /// The shape of hidden layers of these widths; none if it has none.
    pub fn of(widths: &[usize]) -> Option<Shape> {
        let pairs = || widths.windows(2).map(|w| (w[0], w[1]));
        match widths {
            [] => None,
            _ if pairs().all(|(a, b)| a == b) => Some(Shape::Rectangle),
            _ if pairs().all(|(a, b)| a >= b) => Some(Shape::Funnel),
            _ if pairs().all(|(a, b)| a <= b) => Some(Shape::Bottleneck),
            [a, m, b] if m < a && m < b => Some(Shape::Bowtie),
            [a, m, b] if m > a && m > b => Some(Shape::Diamond),
            _ => None,
        }
    }

    /// The shape of layers written as `SiLU32,Tanh8`; none if they have none.
    pub fn of_layers(layers: &str) -> Option<Shape> {
        Shape::of(&widths(layers)?)
    }
}

/// The widths of layers written as `SiLU32,Tanh8`; none if a layer has none.
pub fn widths(layers: &str) -> Option<Vec<usize>> {
    let width = |l: &str| l.trim().trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok();
    layers.split(',').map(width).collect()
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shape::Rectangle => "rectangle",
            Shape::Funnel => "funnel",
            Shape::Bottleneck => "bottleneck",
            Shape::Bowtie => "bowtie",
            Shape::Diamond => "diamond",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definitions again, as five questions: each architecture of two or three layers answers
    /// exactly one with yes, and that is its shape.
    #[test]
    fn every_architecture_of_two_or_three_layers_has_exactly_one_shape() {
        let sizes = [8, 16, 32, 64, 128];
        let mut counts = std::collections::BTreeMap::<Shape, usize>::new();
        let mut check = |w: &[usize]| {
            let equal = w.iter().all(|x| *x == w[0]);
            let falling = !equal && w.is_sorted_by(|a, b| a >= b);
            let rising = !equal && w.is_sorted();
            let three = w.len() == 3;
            let answers = [
                (equal, Shape::Rectangle),
                (falling, Shape::Funnel),
                (rising, Shape::Bottleneck),
                (three && w[1] < w[0].min(w[2]), Shape::Bowtie),
                (three && w[1] > w[0].max(w[2]), Shape::Diamond),
            ];
            let yes: Vec<Shape> = answers.iter().filter(|(yes, _)| *yes).map(|(_, s)| *s).collect();
            assert_eq!(yes.len(), 1, "{w:?}");
            assert_eq!(Shape::of(w), Some(yes[0]), "{w:?}");
            *counts.entry(yes[0]).or_default() += 1;
        };
        for a in sizes {
            for b in sizes {
                check(&[a, b]);
                for c in sizes {
                    check(&[a, b, c]);
                }
            }
        }
        // Mirror images change places: funnel and bottleneck are as many.
        assert_eq!(counts[&Shape::Funnel], counts[&Shape::Bottleneck]);
        assert_eq!(counts[&Shape::Bowtie], counts[&Shape::Diamond]);
        assert_eq!(counts.values().sum::<usize>(), 25 + 125);
    }

    #[test]
    fn table_16_as_printed() {
        for (layers, shape) in [
            ("SiLU32,Tanh32,SiLU32", Shape::Rectangle),
            ("Tanh64,Tanh32,SiLU64", Shape::Bowtie),
            ("SiLU32,Tanh64,SiLU8", Shape::Diamond),
            ("Tanh32,Tanh64,SiLU64", Shape::Bottleneck),
            ("SiLU64,SiLU64,SiLU32", Shape::Funnel),
            ("SiLU32,Tanh32,ELU8", Shape::Funnel),
            ("ELU8,Tanh64,SiLU32", Shape::Diamond),
            ("SiLU8,Tanh32,SiLU8", Shape::Diamond),
        ] {
            assert_eq!(Shape::of_layers(layers), Some(shape), "{layers}");
        }
    }

    #[test]
    fn other_depths() {
        assert_eq!(Shape::of(&[]), None);
        assert_eq!(Shape::of(&[8]), Some(Shape::Rectangle));
        assert_eq!(Shape::of(&[8, 16, 16, 32]), Some(Shape::Bottleneck));
        assert_eq!(Shape::of(&[8, 32, 8, 32]), None);
        assert_eq!(Shape::of_layers("SiLU,Tanh8"), None);
    }
}
