//! Where the rows of a batch lie: lines of 16 rows, panels of four, two or one line.
//!
//! Values without a derivative fill panels of values. Values with one stand in panels of pairs, whose
//! first half holds values and whose second half holds the derivatives of the same rows. Every
//! layer's numbers lie panel by panel, `[feature][line]` within a panel, panels of four lines first.

use super::simd::LANES;
use crate::ops::Rows;

/// Panels of one size that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// Lines in a panel: 4, 2 or 1.
    pub(super) lines: usize,
    /// Panels of values, which come first.
    pub(super) values: usize,
    /// Panels of pairs.
    pub(super) pairs: usize,
}

impl Group {
    pub(super) fn panels(self) -> usize {
        self.values + self.pairs
    }
}

/// Panels that go through all layers together: with 64 units in a layer, the numbers of four panels of four lines
/// still fit the second cache.
const BLOCK: usize = 4;

/// Panels that follow each other and go through all layers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// Lines of all panels before them, for a layer of one feature.
    pub(super) base: usize,
    /// The panels.
    pub(super) group: Group,
}

/// Groups cut into blocks, in their order.
fn blocks(groups: [Group; 3]) -> Vec<Block> {
    let (mut all, mut base) = (Vec::new(), 0);
    for group in groups {
        for first in (0..group.panels()).step_by(BLOCK) {
            let last = (first + BLOCK).min(group.panels());
            let values = group.values.clamp(first, last) - first;
            let group = Group { values, pairs: last - first - values, ..group };
            all.push(Block { base, group });
            base += group.panels() * group.lines;
        }
    }
    all
}

/// Where one number of a row lies within a layer of `width` features: `line + feature·step`, lane
/// `lane`. `line` depends on the layer: `base·width + offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Lines of all panels before this one, for a layer of one feature.
    base: u32,
    /// Line within the panel.
    offset: u16,
    lane: u16,
    /// Lines in the panel.
    step: u32,
}

impl Place {
    /// The line of a feature, and the lane, in a layer of `width` features.
    #[inline(always)]
    pub(super) fn at(self, width: usize, feature: usize) -> (usize, usize) {
        let line = self.base as usize * width + feature * self.step as usize + usize::from(self.offset);
        (line, usize::from(self.lane))
    }

    /// Whether another row lies in the same line, in each layer.
    #[inline(always)]
    pub(super) fn same_line(self, other: Self) -> bool {
        (self.base, self.offset) == (other.base, other.offset)
    }
}

/// The panels of a batch and the place of each of its rows.
#[derive(Debug, Clone)]
pub(super) struct Panels {
    pub(super) blocks: Vec<Block>,
    /// Lines for one feature.
    pub(super) lines: usize,
    /// The places of value rows, then of derivatives.
    pub(super) places: Vec<Place>,
}

impl Panels {
    /// Lines for one feature in the largest block.
    pub(super) fn block_lines(&self) -> usize {
        self.blocks.iter().map(|b| b.group.panels() * b.group.lines).max().unwrap_or(0)
    }

    pub(super) fn new(rows: Rows) -> Self {
        let (plain, paired) = (rows.values - rows.tangents, rows.tangents);
        let (value_lines, pair_lines) = (plain.div_ceil(LANES), paired.div_ceil(LANES));
        let groups = [
            Group { lines: 4, values: value_lines / 4, pairs: pair_lines / 2 },
            Group { lines: 2, values: value_lines % 4 / 2, pairs: pair_lines % 2 },
            Group { lines: 1, values: value_lines % 2, pairs: 0 },
        ];
        let lines = groups.iter().map(|g| g.panels() * g.lines).sum();
        let (mut values, mut pairs, mut derivatives) = (Vec::new(), Vec::new(), Vec::new());
        let mut base = 0;
        for group in groups {
            let step = group.lines as u32;
            for panel in 0..group.panels() {
                for offset in 0..group.lines as u16 {
                    let list = if panel < group.values {
                        &mut values
                    } else if usize::from(offset) < group.lines / 2 {
                        &mut pairs
                    } else {
                        &mut derivatives
                    };
                    list.extend((0..LANES as u16).map(|lane| Place { base, offset, lane, step }));
                }
                base += step;
            }
        }
        values.truncate(plain);
        pairs.truncate(paired);
        derivatives.truncate(paired);
        let places = [values, pairs, derivatives].concat();
        Self { blocks: blocks(groups), lines, places }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_row_has_a_place_of_its_own(plain in 0usize..300, paired in 0usize..300, width in 1usize..9) {
            let rows = Rows { values: plain + paired, tangents: paired };
            let panels = Panels::new(rows);
            prop_assert_eq!(panels.places.len(), rows.total());
            let used: HashSet<_> = panels
                .places
                .iter()
                .flat_map(|p| (0..width).map(move |f| p.at(width, f)))
                .collect();
            prop_assert_eq!(used.len(), rows.total() * width);
            prop_assert!(used.iter().all(|(line, lane)| *line < panels.lines * width && *lane < LANES));
            // No more than one line is partly empty for values, and one for pairs.
            prop_assert!(panels.lines * LANES < rows.total() + 3 * LANES);
        }

        #[test]
        fn a_derivative_stands_half_a_panel_behind_its_value(paired in 1usize..300) {
            let panels = Panels::new(Rows { values: paired + 5, tangents: paired });
            for row in 0..paired {
                let (value, derivative) = (panels.places[5 + row], panels.places[5 + paired + row]);
                prop_assert_eq!(value.base, derivative.base);
                prop_assert_eq!(u32::from(value.offset) + value.step / 2, u32::from(derivative.offset));
                prop_assert_eq!(value.lane, derivative.lane);
            }
        }
    }
}
