//! The plan of a sweep: which trials there are, as data.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kind::{self, Kind};
use crate::{Error, files};

/// More trials than this are taken for a mistake: a list too many in a section.
const MOST_TRIALS: usize = 1_000_000;

/// More layers than any network has.
const MOST_LAYERS: usize = 64;

/// No layer has a name as long as this.
const LONGEST_NAME: usize = 32;

/// More text than this in the trials of a section is taken for a mistake, too: of a long text in many trials.
const MOST_BYTES: usize = 1 << 30;

/// A plan as written: a name, the kind of its trials, and sections.
///
/// ```toml
/// name = "shapes"
/// kind = "rehearsal"
///
/// [[section]]
/// layers = ["SiLU8", "Tanh32"] # an alphabet,
/// depths = [2, 3]              # and how many layers are taken from it: 4 + 8 architectures
/// take = 4                     # of each depth no more than these many: a sample, the same on every machine
/// seed = [1, 2]                # a list is swept: every combination is a trial
/// steps = 1000                 # anything else is the same in all trials of the section
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    kind: String,
    #[serde(default)]
    section: Vec<Map<String, Value>>,
}

/// A plan, expanded to its trials.
pub struct Plan {
    /// Its name.
    pub name: String,
    /// What its trials are.
    pub kind: &'static dyn Kind,
    /// SHA-256 of its text: two plans are the same if this is.
    pub sha256: String,
    /// Its trials, each once, in the order of the plan.
    pub trials: Vec<Trial>,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({}, {}, {} trials)", self.name, self.kind.name(), self.trials.len())
    }
}

/// One trial of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Its place in the plan and a hash of what it is: the name of its folder.
    pub id: String,
    /// What decides its numbers, as its kind understands it.
    pub spec: Value,
}

impl Plan {
    /// Reads a plan; `path` stands in messages.
    ///
    /// # Errors
    /// [`Error::Plan`] for text that is not TOML, an unknown field or kind, a trial that its kind
    /// refuses, or no trials at all.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let bad = |why: String| Error::Plan { path: path.to_owned(), why };
        let written: Written = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        let kind = kind::find(&written.kind).map_err(&bad)?;
        if written.section.is_empty() {
            return Err(bad("it has no [[section]], so no trials".into()));
        }
        let mut trials = Vec::new();
        let mut seen = HashSet::new();
        for (number, section) in written.section.iter().enumerate() {
            let place = |why: String| bad(format!("section {}: {why}", number + 1));
            for spec in expand(section).map_err(place)? {
                let spec = kind.check(&spec).map_err(|why| place(format!("trial {spec}: {why}")))?;
                let hash = files::sha256(format!("{}{spec}", kind.name()).as_bytes());
                // Sections may overlap: a trial is run once.
                if seen.insert(hash.clone()) {
                    trials.push(Trial { id: format!("{:05}-{}", trials.len() + 1, &hash[..10]), spec });
                }
                if trials.len() > MOST_TRIALS {
                    return Err(place(format!("more than {MOST_TRIALS} trials; is a list too many in it?")));
                }
            }
        }
        Ok(Plan { name: written.name, kind, sha256: files::sha256(text.as_bytes()), trials })
    }

    /// The trials by their ids.
    pub fn by_id(&self) -> HashMap<&str, &Trial> {
        self.trials.iter().map(|t| (t.id.as_str(), t)).collect()
    }
}

/// The trials of a section: the product of its lists.
fn expand(section: &Map<String, Value>) -> Result<Vec<Value>, String> {
    let mut axes: Vec<(&str, Vec<Value>)> = Vec::new();
    let depths = section.get("depths");
    let take = section.get("take").map(|take| match take.as_u64().map(usize::try_from) {
        Some(Ok(take)) if take > 0 => Ok(take),
        _ => Err(format!("`take` is {take}; it must be a number of architectures, 1 or more")),
    });
    let take = take.transpose()?;
    for (name, value) in section {
        let values = match (name.as_str(), value) {
            ("depths" | "take", _) => continue,
            ("layers", Value::Array(alphabet)) => {
                let depths = depths.ok_or("`layers` is an alphabet and needs `depths`, such as [2, 3]")?;
                architectures(alphabet, depths, take)?
            }
            (_, Value::Array(values)) => values.clone(),
            (_, value) => vec![value.clone()],
        };
        if values.is_empty() {
            return Err(format!("`{name}` is an empty list: no trial has a value from it"));
        }
        axes.push((name, values));
    }
    if !matches!(section.get("layers"), Some(Value::Array(_))) {
        if depths.is_some() {
            return Err("`depths` says how many layers to take, but `layers` is no list".into());
        }
        if take.is_some() {
            return Err("`take` says how many architectures to take, but `layers` is no list".into());
        }
    }
    let count = axes.iter().try_fold(1_usize, |n, (_, values)| n.checked_mul(values.len()));
    if count.is_none_or(|n| n > MOST_TRIALS) {
        return Err(format!("more than {MOST_TRIALS} trials; is a list too many in it?"));
    }
    let longest = |values: &[Value]| values.iter().map(|v| v.to_string().len()).max().unwrap_or(0);
    let size: usize = axes.iter().map(|(name, values)| name.len() + longest(values)).sum();
    if count.unwrap_or(0).saturating_mul(size) > MOST_BYTES {
        return Err(format!("its trials would take more than {MOST_BYTES} bytes; is a long text in it?"));
    }
    let mut specs = vec![Map::new()];
    for (name, values) in axes {
        let longer = |spec: &Map<String, Value>, value: &Value| {
            let mut spec = spec.clone();
            spec.insert(name.to_owned(), value.clone());
            spec
        };
        specs = specs.iter().flat_map(|spec| values.iter().map(move |value| longer(spec, value))).collect();
    }
    Ok(specs.into_iter().map(Value::Object).collect())
}

/// All sequences of layers with these lengths, repetitions included: section 3.2.1 of the
/// dissertation. With `take`, a sample of each length.
fn architectures(alphabet: &[Value], depths: &Value, take: Option<usize>) -> Result<Vec<Value>, String> {
    let names: Vec<&str> = alphabet
        .iter()
        .map(|v| v.as_str().ok_or(format!("`layers` holds {v}; layers are named, such as \"SiLU32\"")))
        .collect::<Result<_, _>>()?;
    let depths: Vec<usize> = serde_json::from_value(depths.clone())
        .map_err(|_| format!("`depths` is {depths}; it must be a list of numbers of layers"))?;
    if let Some(long) = names.iter().find(|n| n.len() > LONGEST_NAME) {
        return Err(format!(
            "`{}…` is no name of a layer, such as \"SiLU32\"",
            long.chars().take(12).collect::<String>()
        ));
    }
    let (mut all, mut total) = (Vec::new(), 0);
    for depth in depths {
        let exponent = u32::try_from(depth).ok().filter(|_| (1..=MOST_LAYERS).contains(&depth));
        let count = exponent.and_then(|d| names.len().checked_pow(d)).filter(|n| *n <= MOST_TRIALS - total);
        let Some(count) = count else {
            return Err(format!("{depth} layers out of {}: there are none or far too many", names.len()));
        };
        total += count;
        let mut sequences = vec![String::new()];
        for _ in 0..depth {
            sequences = sequences
                .iter()
                .flat_map(|s| {
                    names.iter().map(move |n| if s.is_empty() { (*n).to_owned() } else { format!("{s},{n}") })
                })
                .collect();
        }
        if let Some(take) = take {
            sample(&mut sequences, take);
        }
        all.extend(sequences.into_iter().map(Value::String));
    }
    Ok(all)
}

/// Keeps those `take` whose SHA-256 is the least, in their order: no layer is preferred, and a larger sample
/// holds every smaller one.
fn sample(sequences: &mut Vec<String>, take: usize) {
    let mut hashes: Vec<String> = sequences.iter().map(|s| files::sha256(s.as_bytes())).collect();
    hashes.sort_unstable();
    if let Some(first_left) = hashes.get(take) {
        sequences.retain(|s| files::sha256(s.as_bytes()) < *first_left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Plan, Error> {
        Plan::parse(Path::new("plan.toml"), text)
    }

    const HEAD: &str = "name = \"n\"\nkind = \"rehearsal\"\n";

    #[test]
    fn a_section_is_the_product_of_its_lists_and_overlaps_are_run_once() {
        let text = format!(
            "{HEAD}[[section]]\nlayers = [\"SiLU8\", \"ELU8\"]\ndepths = [1, 2]\nseed = [1, 2]\nsteps = 10\n\
             [[section]]\nlayers = \"SiLU8\"\nseed = [2, 3]\nsteps = 10\n"
        );
        let plan = parse(&text).unwrap();
        // (2 + 4) architectures, 2 seeds; then seed 3 alone is new.
        assert_eq!(plan.trials.len(), 13);
        let layers: Vec<&str> = plan.trials.iter().map(|t| t.spec["layers"].as_str().unwrap()).collect();
        assert!(layers.contains(&"SiLU8,ELU8") && layers.contains(&"ELU8,ELU8"));
        let mut ids: Vec<&str> = plan.trials.iter().map(|t| t.id.as_str()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 13);
        assert!(plan.trials[12].id.starts_with("00013-"));
        // The same text gives the same ids, wherever it is read.
        assert_eq!(parse(&text).unwrap().trials, plan.trials);
    }

    #[test]
    fn the_dissertations_alphabet_gives_252_architectures() {
        let text = format!(
            "{HEAD}[[section]]\nlayers = [\"SiLU8\", \"SiLU32\", \"SiLU64\", \"Tanh32\", \"Tanh64\", \"ELU8\"]\n\
             depths = [2, 3]\nseed = 1\nsteps = 1\n"
        );
        assert_eq!(parse(&text).unwrap().trials.len(), 252);
    }

    #[test]
    fn a_sample_of_architectures_holds_every_smaller_one() {
        let of = |take: &str| -> Vec<String> {
            let text = format!(
                "{HEAD}[[section]]\nlayers = [\"SiLU8\", \"Tanh32\", \"ELU8\"]\ndepths = [1, 3]\n{take}\nseed = 1\n\
                 steps = 1\n"
            );
            let trials = parse(&text).unwrap().trials;
            trials.iter().map(|t| t.spec["layers"].as_str().unwrap().to_owned()).collect()
        };
        let (all, ten, four) = (of(""), of("take = 10"), of("take = 4"));
        // Three of one layer are fewer than any sample.
        assert_eq!((all.len(), ten.len(), four.len()), (3 + 27, 3 + 10, 3 + 4));
        assert!(ten.iter().all(|a| all.contains(a)) && four.iter().all(|a| ten.contains(a)));
        assert!(of("take = 27") == all && of("take = 4000") == all);
        // Every layer is in the sample, at every place.
        for place in 0..3 {
            for layer in ["SiLU8", "Tanh32", "ELU8"] {
                assert!(
                    ten.iter().any(|a| a.split(',').nth(place) == Some(layer)),
                    "{layer} at {place}: {ten:?}"
                );
            }
        }
    }

    /// Every plan that comes with the sources can be begun.
    #[test]
    fn the_plans_of_this_crate_are_plans() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
        let (mut folders, mut plans) = (vec![root], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "toml") {
                    let plan = Plan::parse(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
                    assert!(!plan.trials.is_empty(), "{}", path.display());
                    plans += 1;
                }
            }
        }
        assert!(plans > 20, "{plans}");
    }

    #[test]
    fn bad_plans_name_the_place_and_the_remedy() {
        for (body, part) in [
            ("", "no [[section]]"),
            ("colour = 1\n[[section]]\n", "colour"),
            ("[[section]]\nseed = []\nsteps = 1\n", "`seed` is an empty list"),
            ("[[section]]\nlayers = [\"a\"]\nseed = 1\nsteps = 1\n", "needs `depths`"),
            ("[[section]]\nlayers = [\"a\"]\ndepths = [1]\ntake = 0\nseed = 1\nsteps = 1\n", "`take` is 0"),
            ("[[section]]\nlayers = \"a\"\ntake = 2\nseed = 1\nsteps = 1\n", "`layers` is no list"),
            ("[[section]]\nlayers = [1]\ndepths = [1]\nseed = 1\nsteps = 1\n", "layers are named"),
            ("[[section]]\nlayers = \"a\"\ndepths = [1]\nseed = 1\nsteps = 1\n", "`layers` is no list"),
            ("[[section]]\nlayers = [\"a\", \"b\"]\ndepths = [40]\nseed = 1\nsteps = 1\n", "far too many"),
            // A single name has one sequence of any length.
            ("[[section]]\nlayers = [\"a\"]\ndepths = [4000000000]\nseed = 1\nsteps = 1\n", "far too many"),
            (
                "[[section]]\nlayers = [\"a\", \"b\"]\ndepths = [19, 19, 19]\nseed = 1\nsteps = 1\n",
                "far too many",
            ),
            ("[[section]]\nlayers = [\"a\", \"b\"]\ndepths = [0]\nseed = 1\nsteps = 1\n", "none"),
            ("[[section]]\nseed = 1\nsteps = 1\nwidth = 3\n", "section 1: trial"),
            ("[[section]\n", "plan.toml"),
        ] {
            let error = parse(&format!("{HEAD}{body}")).unwrap_err();
            assert!(matches!(error, Error::Plan { .. }), "{error:?}");
            assert!(error.to_string().contains(part), "{error} lacks {part}");
        }
        let error = parse("name = \"n\"\nkind = \"rehearse\"\n[[section]]\n").unwrap_err().to_string();
        assert!(error.contains("did you mean `rehearsal`?"), "{error}");
    }
}
