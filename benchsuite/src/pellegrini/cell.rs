//! The cells whose responses are learned.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A cell whose responses are learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellId {
    /// FitzHugh–Nagumo, 2 variables.
    Fhn,
    /// Hodgkin–Huxley, 4 variables.
    Hh,
    /// O'Hara–Rudy, 41 variables, over 500 ms.
    Ord,
    /// The same over 1000 ms.
    OrdLong,
}

impl CellId {
    /// All, by the number of their variables.
    pub const ALL: [CellId; 4] = [CellId::Fhn, CellId::Hh, CellId::Ord, CellId::OrdLong];

    /// The registry id of its model.
    pub fn model(self) -> &'static str {
        match self {
            CellId::Fhn => "fitzhugh_nagumo",
            CellId::Hh => "hodgkin_huxley_1952",
            CellId::Ord | CellId::OrdLong => "ohara_rudy_2011",
        }
    }

    /// Its name for readers.
    pub fn title(self) -> &'static str {
        match self {
            CellId::Fhn => "FitzHugh–Nagumo",
            CellId::Hh => "Hodgkin–Huxley",
            CellId::Ord => "O'Hara–Rudy",
            CellId::OrdLong => "O'Hara–Rudy, 1000 ms",
        }
    }

    /// Whether it is O'Hara and Rudy's.
    pub(crate) fn is_ventricle(self) -> bool {
        matches!(self, CellId::Ord | CellId::OrdLong)
    }

    /// The end of the interval, in the model's unit of time.
    pub fn end(self) -> f64 {
        match self {
            CellId::Fhn | CellId::Hh => 100.0,
            CellId::Ord => 500.0,
            CellId::OrdLong => 1000.0,
        }
    }

    /// The number of its variables.
    pub fn states(self) -> usize {
        match self {
            CellId::Fhn => 2,
            CellId::Hh => 4,
            CellId::Ord | CellId::OrdLong => 41,
        }
    }

    /// How many times more points its interval has than the others': the longer one has twice as many.
    pub(crate) fn longer(self) -> usize {
        if self == CellId::OrdLong { 2 } else { 1 }
    }

    /// Above which V is an action potential.
    pub(crate) fn threshold(self) -> f64 {
        match self {
            CellId::Fhn => 0.5,
            CellId::Hh => 50.0,
            CellId::Ord | CellId::OrdLong => 0.0,
        }
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CellId::Fhn => "FHN",
            CellId::Hh => "HH",
            CellId::Ord => "ORD",
            CellId::OrdLong => "ORD1000",
        })
    }
}
