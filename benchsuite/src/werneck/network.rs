//! Which networks problem A trains: the rows of Tables 14 and 15.

use std::fmt;

use serde::{Deserialize, Serialize};
use surrogates::MlpSpec;

use crate::claims::Publication;
use crate::error::near_misses;
use crate::{Error, files};

/// What a network learns from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Set {
    /// 10 points, Table 14.
    Scarce,
    /// 1000 points, Table 15.
    Complete,
}

impl Set {
    /// Both sets.
    pub const ALL: [Set; 2] = [Set::Scarce, Set::Complete];

    /// The table that prints its errors.
    pub fn table(self) -> u32 {
        match self {
            Set::Scarce => 14,
            Set::Complete => 15,
        }
    }

    /// The number of its points.
    pub fn points(self) -> u64 {
        match self {
            Set::Scarce => 10,
            Set::Complete => 1000,
        }
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Set::Scarce => "scarce",
            Set::Complete => "complete",
        })
    }
}

/// Which terms a network's loss has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Class {
    /// Data, physics and initial condition.
    #[serde(rename = "PINN")]
    Pinn,
    /// Data alone.
    #[serde(rename = "DDNN")]
    Ddnn,
}

impl Class {
    /// Both classes.
    pub const ALL: [Class; 2] = [Class::Pinn, Class::Ddnn];
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Pinn => "PINN",
            Class::Ddnn => "DDNN",
        })
    }
}

/// One network of the experiment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Network {
    /// What it learns from.
    pub set: Set,
    /// Its loss.
    pub class: Class,
    /// Its hidden layers, such as `SiLU32,Tanh8`.
    pub layers: String,
}

impl Network {
    /// `scarce/PINN/SiLU32,Tanh8`: the middle of the ids of its claims.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.set, self.class, self.layers)
    }

    /// The id as a name of files.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}", self.set, self.class, self.layers.replace(',', "-"))
    }

    /// The id of one of its claims; `quantity` is `mean_error` or `max_error`.
    pub fn claim(&self, quantity: &str) -> String {
        format!("W-A/{}/{quantity}", self.id())
    }

    /// The network: one input, time, and two outputs, U and W.
    ///
    /// # Errors
    /// [`Error::Training`] if the layers are not a network.
    pub fn spec(&self) -> Result<MlpSpec, Error> {
        MlpSpec::parse(1, &self.layers, 2)
            .map_err(|e| Error::Training { network: self.id(), source: Box::new(e) })
    }

    /// A seed of its own, from the run's.
    pub fn seed(&self, run: u64) -> u64 {
        files::seed_of(&format!("{run}/{}", self.id()))
    }
}

/// The architectures that a table lists, in its order.
pub(crate) fn architectures(publication: &Publication, set: Set) -> Vec<String> {
    let start = format!("W-A/{set}/PINN/");
    publication
        .claims
        .iter()
        .filter_map(|c| c.id.strip_prefix(&start)?.strip_suffix("/mean_error").map(str::to_owned))
        .collect()
}

/// The networks to train, in the order of training: by architecture, then set, then class.
///
/// # Errors
/// [`Error::UnknownArchitecture`] for an architecture that neither table lists.
pub(crate) fn select(
    publication: &Publication,
    wanted: Option<&[String]>,
    limit: Option<usize>,
) -> Result<Vec<Network>, Error> {
    let tables = Set::ALL.map(|set| (set, architectures(publication, set)));
    let mut known: Vec<String> = tables.iter().flat_map(|(_, t)| t.iter().cloned()).collect();
    known.sort();
    known.dedup();
    let mut chosen: Vec<String> = match wanted {
        None => known,
        Some(wanted) => wanted.iter().map(|given| canonical(given, &known)).collect::<Result<_, _>>()?,
    };
    let mut seen = std::collections::BTreeSet::new();
    chosen.retain(|layers| seen.insert(layers.clone()));
    chosen.truncate(limit.unwrap_or(usize::MAX));
    let mut networks = Vec::new();
    for layers in chosen {
        for (set, table) in &tables {
            if table.contains(&layers) {
                for class in Class::ALL {
                    networks.push(Network { set: *set, class, layers: layers.clone() });
                }
            }
        }
    }
    Ok(networks)
}

/// The table's spelling of an architecture given in any case, with or without blanks.
fn canonical(given: &str, known: &[String]) -> Result<String, Error> {
    let plain = |s: &str| s.replace(' ', "").to_lowercase();
    known.iter().find(|k| plain(k) == plain(given)).cloned().ok_or_else(|| Error::UnknownArchitecture {
        given: given.to_owned(),
        near: near_misses(given, known.iter().map(String::as_str)),
        known: known.join("  "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication() -> Publication {
        Publication::werneck2024().unwrap()
    }

    #[test]
    fn the_tables_have_fifteen_and_seven_pairs() {
        let all = select(&publication(), None, None).unwrap();
        let count = |set, class| all.iter().filter(|n| n.set == set && n.class == class).count();
        assert_eq!(count(Set::Scarce, Class::Pinn), 15);
        assert_eq!(count(Set::Scarce, Class::Ddnn), 15);
        assert_eq!(count(Set::Complete, Class::Pinn), 7);
        assert_eq!(count(Set::Complete, Class::Ddnn), 7);
        for network in &all {
            network.spec().unwrap();
            for quantity in ["mean_error", "max_error"] {
                assert!(publication().claim(&network.claim(quantity)).is_some(), "{}", network.id());
            }
        }
    }

    #[test]
    fn architectures_are_chosen_in_the_order_given_and_once() {
        let wanted = ["silu32, silu32", "SiLU16,SiLU16", "SiLU32,SiLU32"].map(str::to_owned);
        let ids: Vec<String> =
            select(&publication(), Some(&wanted), None).unwrap().iter().map(Network::id).collect();
        assert_eq!(ids.len(), 8);
        assert_eq!(ids[0], "scarce/PINN/SiLU32,SiLU32");
        assert_eq!(ids[3], "complete/DDNN/SiLU32,SiLU32");
        assert_eq!(ids[4], "scarce/PINN/SiLU16,SiLU16");
        assert_eq!(select(&publication(), Some(&wanted), Some(1)).unwrap().len(), 4);
    }

    #[test]
    fn an_unknown_architecture_names_its_neighbour() {
        let error = select(&publication(), Some(&["SiLU32,SiLU33".into()]), None).unwrap_err().to_string();
        assert!(error.contains("did you mean `SiLU32,SiLU32`?"), "{error}");
    }

    #[test]
    fn seeds_differ_between_networks_and_runs() {
        let all = select(&publication(), None, None).unwrap();
        let mut seeds: Vec<u64> = [1, 2].iter().flat_map(|s| all.iter().map(|n| n.seed(*s))).collect();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 2 * all.len());
        assert!(seeds.iter().all(|s| *s < 1 << 53));
    }
}
