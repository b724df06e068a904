//! Published numbers, read from the data files of `benchsuite/claims`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Error;

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
}

impl Rule {
    /// Whether `measured` agrees with `published`. NaN never does.
    pub fn holds(&self, published: f64, measured: f64) -> bool {
        match *self {
            Rule::WithinFactor { factor } => measured >= published / factor && measured <= published * factor,
            Rule::AtMostFactor { factor } => measured <= published * factor,
            Rule::AtLeast { bound } => measured >= bound,
            Rule::WithinAbsolute { tolerance, of } => (measured - of).abs() <= tolerance,
        }
    }

    fn is_sound(&self) -> bool {
        match *self {
            Rule::WithinFactor { factor } => factor.is_finite() && factor > 1.0,
            Rule::AtMostFactor { factor } => factor.is_finite() && factor >= 1.0,
            Rule::AtLeast { bound } => bound.is_finite(),
            Rule::WithinAbsolute { tolerance, of } => {
                tolerance.is_finite() && tolerance > 0.0 && of.is_finite()
            }
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rule::WithinFactor { factor } => write!(f, "within a factor of {factor}"),
            Rule::AtMostFactor { factor: 1.0 } => f.write_str("no larger"),
            Rule::AtMostFactor { factor } => write!(f, "at most {factor} times as large"),
            Rule::AtLeast { bound } => write!(f, "at least {bound}"),
            Rule::WithinAbsolute { tolerance, of } => write!(f, "{of} ± {tolerance}"),
        }
    }
}

/// One published number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// `experiment/…/quantity`, unique.
    pub id: String,
    /// Table, figure or page of the publication.
    pub source: String,
    /// What the number is, in words.
    pub description: String,
    /// The number as printed.
    pub value: f64,
    /// Its unit; `1` for a pure number.
    pub unit: String,
    /// When a measured value agrees.
    pub rule: Rule,
}

/// The claims of one publication.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// The full citation.
    pub citation: String,
    /// Author and year.
    pub short: String,
    /// The folder of `benchsuite/results` that keeps its results.
    pub folder: String,
    /// Its claims, in the order of the file.
    pub claims: Vec<Claim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    citation: String,
    short: String,
    folder: String,
    #[serde(default)]
    single: Vec<Claim>,
    #[serde(default)]
    group: Vec<Group>,
}

/// A column of a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    experiment: String,
    prefix: String,
    quantity: String,
    source: String,
    unit: String,
    rule: Rule,
    values: BTreeMap<String, f64>,
}

impl Publication {
    /// Reads a claims file.
    ///
    /// # Errors
    /// [`Error::Claims`] for text that is not TOML, an unknown field, a number or a rule that is
    /// not sound, or an id that occurs twice.
    pub fn parse(file: &'static str, text: &str) -> Result<Self, Error> {
        let bad = |why: String| Error::Claims { file, why };
        let raw: File = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        let mut claims = raw.single;
        for group in raw.group {
            for (key, value) in group.values {
                claims.push(Claim {
                    id: format!("{}/{}/{key}/{}", group.experiment, group.prefix, group.quantity),
                    source: group.source.clone(),
                    description: format!(
                        "{}, {}, {key}",
                        group.quantity.replace('_', " "),
                        group.prefix.replace('/', " ")
                    ),
                    value,
                    unit: group.unit.clone(),
                    rule: group.rule,
                });
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        for claim in &claims {
            if !claim.value.is_finite() || !claim.rule.is_sound() {
                return Err(bad(format!("claim `{}` has a value or a rule that is not sound", claim.id)));
            }
            if !seen.insert(&claim.id) {
                return Err(bad(format!("claim `{}` occurs twice", claim.id)));
            }
        }
        Ok(Publication { citation: raw.citation, short: raw.short, folder: raw.folder, claims })
    }

    /// Werneck's dissertation.
    ///
    /// # Errors
    /// [`Error::Claims`] if the data file does not parse; a test holds that it does.
    pub fn werneck2024() -> Result<Self, Error> {
        Self::parse("werneck2024.toml", include_str!("../claims/werneck2024.toml"))
    }

    /// Kuptsov, Stankevich and Bagautdinova's paper.
    ///
    /// # Errors
    /// [`Error::Claims`] if the data file does not parse; a test holds that it does.
    pub fn kuptsov2022() -> Result<Self, Error> {
        Self::parse("kuptsov2022.toml", include_str!("../claims/kuptsov2022.toml"))
    }

    /// Pellegrini, Ghiotto, Centofanti and Pavarino's paper.
    ///
    /// # Errors
    /// [`Error::Claims`] if the data file does not parse; a test holds that it does.
    pub fn pellegrini2025() -> Result<Self, Error> {
        Self::parse("pellegrini2025.toml", include_str!("../claims/pellegrini2025.toml"))
    }

    /// Kainth and others' paper, of which the abstract is public.
    ///
    /// # Errors
    /// [`Error::Claims`] if the data file does not parse; a test holds that it does.
    pub fn kainth2025() -> Result<Self, Error> {
        Self::parse("kainth2025.toml", include_str!("../claims/kainth2025.toml"))
    }

    /// The claim with that id.
    pub fn claim(&self, id: &str) -> Option<&Claim> {
        self.claims.iter().find(|c| c.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_tables_14_and_15_is_there() {
        let publication = Publication::werneck2024().unwrap();
        let count = |start: &str, end: &str| {
            publication.claims.iter().filter(|c| c.id.starts_with(start) && c.id.ends_with(end)).count()
        };
        for class in ["PINN", "DDNN"] {
            for quantity in ["mean_error", "max_error"] {
                assert_eq!(count(&format!("W-A/scarce/{class}/"), quantity), 15);
                assert_eq!(count(&format!("W-A/complete/{class}/"), quantity), 7);
            }
        }
        let value = |id: &str| publication.claim(id).map(|c| c.value);
        // The extremes that the text quotes.
        assert_eq!(value("W-A/scarce/PINN/SiLU32,SiLU16,Tanh8/mean_error"), Some(1.08e-4));
        assert_eq!(value("W-A/scarce/DDNN/SiLU16,SiLU32,SiLU16/max_error"), Some(1.78));
        assert_eq!(value("W-A/complete/PINN/SiLU32,SiLU32/mean_error"), Some(1.66e-4));
        assert_eq!(value("W-A/complete/DDNN/SiLU32,Tanh8/mean_error"), Some(1.04e-3));
    }

    #[test]
    fn a_ratio_computed_from_the_table_is_what_the_file_says() {
        let publication = Publication::werneck2024().unwrap();
        let smallest = publication
            .claims
            .iter()
            .filter_map(|c| {
                let key = c.id.strip_prefix("W-A/scarce/PINN/")?.strip_suffix("/mean_error")?;
                let ddnn = publication.claim(&format!("W-A/scarce/DDNN/{key}/mean_error"))?;
                Some(ddnn.value / c.value)
            })
            .fold(f64::INFINITY, f64::min);
        let said = publication.claim("W-A/scarce/smallest_ratio").unwrap().value;
        assert!((smallest - said).abs() < 0.005 * said, "{smallest} against {said}");
    }

    #[test]
    fn rules() {
        assert!(Rule::WithinFactor { factor: 3.0 }.holds(3e-4, 1e-4));
        assert!(!Rule::WithinFactor { factor: 3.0 }.holds(3e-4, 9.1e-4));
        assert!(Rule::AtMostFactor { factor: 3.0 }.holds(3e-4, 1e-9));
        let words = |factor| Rule::AtMostFactor { factor }.to_string();
        assert_eq!([words(1.0), words(3.0)], ["no larger", "at most 3 times as large"]);
        assert!(!Rule::AtLeast { bound: 10.0 }.holds(11.8, 9.9));
        assert!(Rule::WithinAbsolute { tolerance: 2.0, of: 0.0 }.holds(0.33, -1.9));
        for rule in [
            Rule::WithinFactor { factor: 3.0 },
            Rule::AtMostFactor { factor: 3.0 },
            Rule::AtLeast { bound: 0.0 },
            Rule::WithinAbsolute { tolerance: 1.0, of: 0.0 },
        ] {
            assert!(!rule.holds(1.0, f64::NAN));
        }
    }

    #[test]
    fn a_bad_file_is_refused_with_its_reason() {
        let head = "citation = \"c\"\nshort = \"s\"\nfolder = \"f\"\n";
        let single = |value: &str, rule: &str| {
            format!(
                "[[single]]\nid = \"a\"\nsource = \"s\"\ndescription = \"d\"\nunit = \"1\"\nvalue = {value}\nrule = {rule}\n"
            )
        };
        let good = "{ kind = \"at_least\", bound = 1.0 }";
        let parse = |body: &str| Publication::parse("t.toml", &format!("{head}{body}"));
        assert!(parse(&single("1.0", good)).is_ok());
        assert!(parse("colour = 1\n").is_err());
        assert!(parse(&single("nan", good)).is_err());
        assert!(parse(&single("1.0", "{ kind = \"within_factor\", factor = 0.5 }")).is_err());
        let twice = format!("{}{}", single("1.0", good), single("2.0", good));
        assert!(parse(&twice).unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn pellegrinis_claims_are_of_known_networks() {
        let publication = Publication::pellegrini2025().unwrap();
        assert!(publication.claims.iter().all(|c| c.id.starts_with("F-")));
        assert_eq!(publication.claim("F-FHN/constrained/L2").unwrap().value, 0.00815);
        assert_eq!(publication.claim("F-HH/unconstrained/parameters").unwrap().value, 13_439_236.0);
    }
}
