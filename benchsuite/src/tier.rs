use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// How much work a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Minutes: shows that everything works. Its numbers are not comparable with the paper.
    Smoke,
    /// In between. The trend shows; not comparable with the paper either.
    Quick,
    /// The protocol of the paper.
    Paper,
}

impl Tier {
    /// All tiers, the smallest first.
    pub const ALL: [Tier; 3] = [Tier::Smoke, Tier::Quick, Tier::Paper];
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tier::Smoke => "smoke",
            Tier::Quick => "quick",
            Tier::Paper => "paper",
        })
    }
}

impl FromStr for Tier {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        Tier::ALL.into_iter().find(|t| t.to_string() == s).ok_or_else(|| Error::UnknownTier(s.to_owned()))
    }
}
