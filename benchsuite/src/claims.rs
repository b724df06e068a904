//! Published numbers, read from the data files of `benchsuite/claims`.

mod rule;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::rule::{Analysed, LEVEL, Rule};
use crate::Error;

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

impl Claim {
    /// What the number is, in words, with its unit.
    pub(crate) fn what(&self) -> String {
        match self.unit.as_str() {
            "1" => self.description.clone(),
            "s" if self.description.ends_with("in seconds") => self.description.clone(),
            unit => format!("{}, in {}", self.description, unit.replace("^2", "²")),
        }
    }
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

    /// A verdict that cannot be `DIFFERS` is none.
    #[test]
    fn cells_of_tables_of_variance_can_differ() {
        let publication = Publication::werneck2024().unwrap();
        let mut cells = 0;
        for claim in publication.claims.iter().filter(|c| c.id.contains("/anova_")) {
            let quantity = claim.id.rsplit('/').next().unwrap();
            let judges = match quantity {
                "sum_sq" => matches!(claim.rule, Rule::ShareOfTotal { .. } | Rule::ShareOfTerms { .. }),
                "F" | "p" => matches!(claim.rule, Rule::Significant | Rule::NotSignificant),
                "coefficient" => matches!(claim.rule, Rule::Effect { .. } | Rule::NotSignificant),
                _ => matches!(claim.rule, Rule::WithinFactor { .. }),
            };
            assert!(judges, "{}: {}", claim.id, claim.rule);
            cells += 1;
        }
        assert_eq!(cells, 21 + 21 + 12 + 12 + 13 + 13);
    }

    /// What rules of one term ask for is what the paper says of it, and shares are of the printed sums.
    #[test]
    fn rules_of_a_table_of_variance_follow_from_its_cells() {
        let publication = Publication::werneck2024().unwrap();
        let of = |id: String| publication.claim(&id);
        for claim in publication.claims.iter().filter(|c| c.id.contains("/anova_")) {
            let (term, quantity) = claim.id.rsplit_once('/').unwrap();
            let (table, _) = term.rsplit_once('/').unwrap();
            let is_significant = of(format!("{term}/p")).map(|p| p.value < LEVEL);
            match claim.rule {
                Rule::Significant | Rule::Effect { .. } => {
                    assert_eq!(is_significant, Some(true), "{}", claim.id)
                }
                Rule::NotSignificant => assert_eq!(is_significant, Some(false), "{}", claim.id),
                Rule::ShareOfTotal { total, .. } | Rule::ShareOfTerms { total, .. } => {
                    let residual = of(format!("{table}/Residual/sum_sq")).is_some();
                    assert_eq!(matches!(claim.rule, Rule::ShareOfTotal { .. }), residual, "{}", claim.id);
                    let start = format!("{table}/");
                    let printed = publication.claims.iter().filter(|c| c.id.starts_with(&start));
                    let sum: f64 = printed.filter(|c| c.id.ends_with("/sum_sq")).map(|c| c.value).sum();
                    assert!((total / sum - 1.0).abs() < 1e-9, "{}: {total}, not {sum}", claim.id);
                }
                _ => assert_eq!(quantity, "mean_sq", "{}", claim.id),
            }
        }
    }

    #[test]
    fn a_number_is_named_with_its_unit() {
        let werneck = Publication::werneck2024().unwrap();
        let what = |id: &str| werneck.claim(id).unwrap().what();
        assert!(what("W-BS1/anova_time/bs/coefficient").ends_with(" batch size, in s"));
        assert!(what("W-BS1/anova_time/bs/sum_sq").ends_with(", in s²"));
        assert!(what("W-BS1/anova_time/pinn/coefficient").ends_with("C(pinn), in seconds"));
        assert!(what("W-BS2/best").ends_with("all architectures"));
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
