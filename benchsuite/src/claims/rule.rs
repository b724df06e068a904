//! When a measured value agrees with the published one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The level below which an effect counts as significant, here as in the publications.
pub const LEVEL: f64 = 0.05;

/// When a measured value agrees with the published one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Between published / factor and published · factor.
    WithinFactor {
        /// The factor, greater than 1.
        factor: f64,
    },
    /// No greater than published · factor: an error may be smaller.
    AtMostFactor {
        /// The factor, at least 1.
        factor: f64,
    },
    /// At least a bound that stands for the words of the paper.
    AtLeast {
        /// The bound.
        bound: f64,
    },
    /// No further than `tolerance` from `of`.
    WithinAbsolute {
        /// The greatest distance.
        tolerance: f64,
        /// The centre.
        of: f64,
    },
    /// A sum of squares: its share of the sum of all rows of its table, residual included.
    ShareOfTotal {
        /// The published sum of all rows.
        total: f64,
        /// The greatest distance of the shares.
        tolerance: f64,
    },
    /// A sum of squares of a table that prints no residual: its share of the sum of the terms.
    ShareOfTerms {
        /// The published sum of the terms.
        total: f64,
        /// The greatest distance of the shares.
        tolerance: f64,
    },
    /// An effect that the paper finds significant is significant: p below [`LEVEL`].
    Significant,
    /// An effect that the paper does not find significant is not: p of [`LEVEL`] or above.
    NotSignificant,
    /// A coefficient of a significant effect: significant, of the published sign, and of its size to within a
    /// factor where both are of one unit and machine.
    Effect {
        /// The factor, greater than 1; none where only the sign can be compared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        factor: Option<f64>,
    },
}

/// A cell of a table of variance, with what its rule may compare besides the number itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Analysed {
    /// The number in the cell.
    pub value: f64,
    /// The probability of its term's effect by chance; none for the residual.
    pub p: Option<f64>,
    /// The sum of the sums of squares of the table's terms.
    pub terms: f64,
    /// The residual's sum of squares.
    pub residual: f64,
}

impl Rule {
    /// Whether `measured` agrees with `published`. NaN never does, nor does a number alone where the rule asks
    /// for its table ([`Rule::holds_in`]).
    pub fn holds(&self, published: f64, measured: f64) -> bool {
        match *self {
            Rule::WithinFactor { factor } => measured >= published / factor && measured <= published * factor,
            Rule::AtMostFactor { factor } => measured <= published * factor,
            Rule::AtLeast { bound } => measured >= bound,
            Rule::WithinAbsolute { tolerance, of } => (measured - of).abs() <= tolerance,
            Rule::ShareOfTotal { .. }
            | Rule::ShareOfTerms { .. }
            | Rule::Significant
            | Rule::NotSignificant
            | Rule::Effect { .. } => false,
        }
    }

    /// Whether a cell of a table of variance agrees with the published one.
    pub fn holds_in(&self, published: f64, cell: &Analysed) -> bool {
        let significant = cell.p.map(|p| p < LEVEL);
        match *self {
            Rule::ShareOfTotal { tolerance, .. } | Rule::ShareOfTerms { tolerance, .. } => {
                let shares = self.shares(published, cell);
                shares.is_some_and(|(theirs, ours)| (theirs - ours).abs() <= tolerance)
            }
            Rule::Significant => significant == Some(true),
            // Not the opposite: NaN is on neither side.
            Rule::NotSignificant => cell.p.is_some_and(|p| p >= LEVEL),
            Rule::Effect { factor } => {
                let ratio = cell.value / published;
                let near = factor.is_none_or(|factor| ratio >= 1.0 / factor && ratio <= factor);
                significant == Some(true) && ratio > 0.0 && near
            }
            _ => self.holds(published, cell.value),
        }
    }

    /// The shares that a rule about shares compares: the published one and ours.
    fn shares(&self, published: f64, cell: &Analysed) -> Option<(f64, f64)> {
        match *self {
            Rule::ShareOfTotal { total, .. } => {
                Some((published / total, cell.value / (cell.terms + cell.residual)))
            }
            Rule::ShareOfTerms { total, .. } => Some((published / total, cell.value / cell.terms)),
            _ => None,
        }
    }

    /// What the rule compares in a cell of a table, in words; none for rules about the number itself.
    pub fn compared(&self, published: f64, cell: &Analysed) -> Option<String> {
        if let Some((theirs, ours)) = self.shares(published, cell) {
            return Some(format!("printed {:.1} %, here {:.1} %", 100.0 * theirs, 100.0 * ours));
        }
        match self {
            Rule::Significant | Rule::NotSignificant | Rule::Effect { .. } => {
                Some(format!("here p = {}", crate::report::scientific(cell.p?)))
            }
            _ => None,
        }
    }

    /// How large a measured value is beside the published one, in words, where the rule is about sizes and both
    /// are positive: `0.72 of the published`, `1.6 times the published`.
    pub fn ratio(&self, published: f64, measured: f64) -> Option<String> {
        let sized = match self {
            Rule::WithinFactor { .. } | Rule::AtMostFactor { .. } => true,
            Rule::Effect { factor } => factor.is_some(),
            _ => false,
        };
        let ratio = measured / published;
        if !sized || !ratio.is_finite() || published <= 0.0 || measured <= 0.0 {
            return None;
        }
        // Two digits.
        let digits = (1 - ratio.log10().floor() as i32).clamp(0, 9) as usize;
        let text = match ratio {
            1e-3..1e5 => format!("{ratio:.digits$}"),
            _ => format!("{ratio:.1e}"),
        };
        Some(if ratio < 1.0 {
            format!("{text} of the published")
        } else {
            format!("{text} times the published")
        })
    }

    pub(super) fn is_sound(&self) -> bool {
        match *self {
            Rule::WithinFactor { factor } => factor.is_finite() && factor > 1.0,
            Rule::AtMostFactor { factor } => factor.is_finite() && factor >= 1.0,
            Rule::AtLeast { bound } => bound.is_finite(),
            Rule::WithinAbsolute { tolerance, of } => {
                tolerance.is_finite() && tolerance > 0.0 && of.is_finite()
            }
            Rule::ShareOfTotal { total, tolerance } | Rule::ShareOfTerms { total, tolerance } => {
                total.is_finite() && total > 0.0 && tolerance > 0.0 && tolerance < 1.0
            }
            Rule::Significant | Rule::NotSignificant => true,
            Rule::Effect { factor } => factor.is_none_or(|f| f.is_finite() && f > 1.0),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::WithinFactor { factor } => write!(f, "within a factor of {factor}"),
            Rule::AtMostFactor { factor: 1.0 } => f.write_str("no larger"),
            Rule::AtMostFactor { factor } => write!(f, "at most {factor} times as large"),
            Rule::AtLeast { bound } => write!(f, "at least {bound}"),
            Rule::WithinAbsolute { tolerance, of } => write!(f, "{of} ± {tolerance}"),
            Rule::ShareOfTotal { tolerance, .. } => {
                write!(f, "the same share of all sums of squares, ± {} points", (100.0 * tolerance).round())
            }
            Rule::ShareOfTerms { tolerance, .. } => write!(
                f,
                "the same share of the terms' sums of squares, ± {} points",
                (100.0 * tolerance).round()
            ),
            Rule::Significant => write!(f, "significant, p < {LEVEL}"),
            Rule::NotSignificant => write!(f, "not significant, p ≥ {LEVEL}"),
            Rule::Effect { factor: Some(factor) } => {
                write!(f, "significant, of the same sign, within a factor of {factor}")
            }
            Rule::Effect { factor: None } => f.write_str("significant, of the same sign"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: Analysed = Analysed { value: 3.0, p: Some(0.01), terms: 6.0, residual: 4.0 };

    #[test]
    fn rules() {
        assert!(Rule::WithinFactor { factor: 3.0 }.holds(3e-4, 1e-4));
        assert!(!Rule::WithinFactor { factor: 3.0 }.holds(3e-4, 9.1e-4));
        assert!(Rule::AtMostFactor { factor: 3.0 }.holds(3e-4, 1e-9));
        let words = |factor| Rule::AtMostFactor { factor }.to_string();
        assert_eq!([words(1.0), words(3.0)], ["no larger", "at most 3 times as large"]);
        assert!(!Rule::AtLeast { bound: 10.0 }.holds(11.8, 9.9));
        assert!(Rule::WithinAbsolute { tolerance: 2.0, of: 0.0 }.holds(0.33, -1.9));
    }

    #[test]
    fn nothing_agrees_with_nan() {
        let nan = Analysed { value: f64::NAN, p: Some(f64::NAN), terms: f64::NAN, residual: 1.0 };
        for rule in [
            Rule::WithinFactor { factor: 3.0 },
            Rule::AtMostFactor { factor: 3.0 },
            Rule::AtLeast { bound: 0.0 },
            Rule::WithinAbsolute { tolerance: 1.0, of: 0.0 },
            Rule::ShareOfTotal { total: 1.0, tolerance: 0.5 },
            Rule::ShareOfTerms { total: 1.0, tolerance: 0.5 },
            Rule::Significant,
            Rule::NotSignificant,
            Rule::Effect { factor: None },
        ] {
            assert!(!rule.holds(1.0, f64::NAN) && !rule.holds_in(1.0, &nan), "{rule}");
            assert_eq!(rule.ratio(1.0, f64::NAN), None);
        }
    }

    #[test]
    fn a_sum_of_squares_is_judged_by_its_share() {
        // Ours: 3 of 10, or 3 of the 6 that the terms explain. Units cancel.
        let total = |tolerance| Rule::ShareOfTotal { total: 1e-6, tolerance };
        assert!(total(0.1).holds_in(2.5e-7, &CELL) && !total(0.1).holds_in(1.5e-7, &CELL));
        let terms = Rule::ShareOfTerms { total: 1e-6, tolerance: 0.1 };
        assert!(terms.holds_in(4.5e-7, &CELL) && !terms.holds_in(2.5e-7, &CELL));
        assert_eq!(terms.compared(4.5e-7, &CELL).unwrap(), "printed 45.0 %, here 50.0 %");
        assert_eq!(terms.to_string(), "the same share of the terms' sums of squares, ± 10 points");
        // A number alone has no share.
        assert!(!total(0.1).holds(2.5e-7, 2.5e-7));
    }

    #[test]
    fn significance_is_ours_and_not_the_papers() {
        let by_chance = Analysed { p: Some(0.5), ..CELL };
        let residual = Analysed { p: None, ..CELL };
        for (cell, is, is_not) in [(CELL, true, false), (by_chance, false, true), (residual, false, false)] {
            assert_eq!(Rule::Significant.holds_in(7.0, &cell), is);
            assert_eq!(Rule::NotSignificant.holds_in(7.0, &cell), is_not);
        }
        let effect = |factor| Rule::Effect { factor };
        assert!(effect(None).holds_in(1e-3, &CELL) && !effect(None).holds_in(-1e-3, &CELL));
        assert!(!effect(None).holds_in(1e-3, &by_chance), "by chance it has some sign");
        assert!(effect(Some(3.0)).holds_in(1.1, &CELL) && !effect(Some(3.0)).holds_in(0.9, &CELL));
        assert_eq!(effect(None).compared(1.0, &by_chance).unwrap(), "here p = 0.500");
        // Rules about the number itself need no table.
        assert!(Rule::AtLeast { bound: 3.0 }.holds_in(1.0, &CELL));
        assert_eq!(Rule::AtLeast { bound: 3.0 }.compared(1.0, &CELL), None);
    }

    #[test]
    fn ratios_are_told_where_sizes_count() {
        let rule = Rule::AtMostFactor { factor: 2.0 };
        for (measured, words) in [
            (0.72, Some("0.72 of the published")),
            (1.0, Some("1.0 times the published")),
            (1.62, Some("1.6 times the published")),
            (24.87, Some("25 times the published")),
            (0.00496, Some("0.0050 of the published")),
            (3.4e13, Some("3.4e13 times the published")),
            (0.0, None),
            (-1.0, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(rule.ratio(1.0, measured).as_deref(), words);
        }
        assert_eq!(rule.ratio(0.0, 1.0), None);
        assert_eq!(Rule::AtLeast { bound: 1.0 }.ratio(1.0, 2.0), None);
        assert_eq!(Rule::Significant.ratio(1.0, 2.0), None);
    }
}
