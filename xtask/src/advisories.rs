//! `cargo xtask advisories`: holds the packages of the lock file against what is known of them. No network.
//!
//! What is known is in `advisories.json`, a snapshot of RustSec's data base with one line for each advisory: its
//! identifier, package, date, kind and versions. `cargo xtask advisories --update CLONE` takes it anew.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use miette::{IntoDiagnostic as _, Result, WrapErr as _, bail, miette};
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

const SOURCE: &str = "https://github.com/rustsec/advisory-db";
const FILE: &str = "xtask/advisories.json";

#[derive(Args)]
pub(crate) struct Choices {
    /// Take the snapshot anew from a clone of RustSec's advisory-db
    #[arg(long, value_name = "CLONE")]
    update: Option<PathBuf>,
}

/// `advisories.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    source: String,
    commit: String,
    /// The day of the commit.
    date: String,
    /// By identifier.
    advisories: Vec<Advisory>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advisory {
    id: String,
    package: String,
    date: String,
    /// `vulnerability`, `unsound`, `unmaintained` or `notice`.
    kind: String,
    patched: Vec<VersionReq>,
    unaffected: Vec<VersionReq>,
}

/// What stands at the head of an advisory of the data base.
#[derive(Deserialize)]
struct Head {
    advisory: HeadAdvisory,
    #[serde(default)]
    versions: HeadVersions,
}

#[derive(Deserialize)]
struct HeadAdvisory {
    id: String,
    package: String,
    date: String,
    #[serde(default)]
    informational: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
}

#[derive(Deserialize, Default)]
struct HeadVersions {
    #[serde(default)]
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

impl Advisory {
    /// From a file of the data base; none if the advisory was withdrawn.
    fn parse(text: &str) -> Result<Option<Self>> {
        let inside = text.lines().skip_while(|l| l.trim() != "```toml").skip(1);
        let lines: Vec<&str> = inside.take_while(|l| l.trim() != "```").collect();
        let Head { advisory, versions } = toml::from_str(&lines.join("\n")).into_diagnostic()?;
        let HeadAdvisory { id, package, date, informational, withdrawn } = advisory;
        let kind = informational.map_or_else(|| "vulnerability".to_owned(), |kind| kind.trim().to_owned());
        let HeadVersions { patched, unaffected } = versions;
        Ok(withdrawn.is_none().then_some(Self { id, package, date, kind, patched, unaffected }))
    }

    /// Whether it is about that version. One before a release counts as affected unless the advisory names it.
    fn affects(&self, package: &str, version: &Version) -> bool {
        self.package == package && !self.patched.iter().chain(&self.unaffected).any(|v| v.matches(version))
    }
}

impl Snapshot {
    fn read(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        let text =
            fs::read_to_string(&path).into_diagnostic().wrap_err_with(|| format!("could not read {FILE}"))?;
        serde_json::from_str(&text).into_diagnostic().wrap_err_with(|| {
            format!("{FILE} is damaged; restore it from the repository, or take it anew with --update")
        })
    }

    /// From a clone of the data base.
    fn take(clone: &Path) -> Result<Self> {
        let mut advisories = Vec::new();
        let folders = entries(&clone.join("crates")).wrap_err_with(|| {
            format!("{} is no clone of {SOURCE}: give the folder that `git clone` made", clone.display())
        })?;
        for path in folders.iter().map(|f| entries(f)).collect::<Result<Vec<_>>>()?.concat() {
            let text = fs::read_to_string(&path).into_diagnostic();
            let advisory = text.and_then(|text| Advisory::parse(&text));
            advisories.extend(advisory.wrap_err_with(|| format!("could not read {}", path.display()))?);
        }
        advisories.sort_by(|a, b| a.id.cmp(&b.id));
        let log = Command::new("git").arg("-C").arg(clone).args(["log", "-1", "--format=%H %cs"]).output();
        let log = String::from_utf8(log.into_diagnostic()?.stdout).into_diagnostic()?;
        let Some((commit, date)) = log.trim().split_once(' ') else {
            bail!("git knows no commit of {}: give a clone of {SOURCE}", clone.display());
        };
        Ok(Self { source: SOURCE.into(), commit: commit.into(), date: date.into(), advisories })
    }

    /// One line for each advisory, so that a difference can be read.
    fn text(&self) -> Result<String> {
        let line = |a: &Advisory| serde_json::to_string(a).into_diagnostic();
        let lines = self.advisories.iter().map(line).collect::<Result<Vec<_>>>()?;
        Ok(format!(
            "{{\n\"source\": \"{}\",\n\"commit\": \"{}\",\n\"date\": \"{}\",\n\"advisories\": [\n{}\n]\n}}\n",
            self.source,
            self.commit,
            self.date,
            lines.join(",\n")
        ))
    }

    /// What is to be said against packages, with identifiers that are excused and why.
    fn against(
        &self,
        packages: &[(String, Version)],
        excused: &BTreeMap<String, String>,
    ) -> Result<(), Vec<String>> {
        let mut found = Vec::new();
        for advisory in self.advisories.iter().filter(|a| a.kind != "notice") {
            let versions: Vec<String> = packages
                .iter()
                .filter(|(name, version)| advisory.affects(name, version))
                .map(|(_, version)| version.to_string())
                .collect();
            match (versions.is_empty(), excused.get(&advisory.id)) {
                (true, Some(reason)) => found.push(format!(
                    "deny.toml excuses {} ({reason}), which is about no version in the lock file: take it out",
                    advisory.id
                )),
                (false, None) => found.push(format!(
                    "{} {} ({}, {}) has {}: https://rustsec.org/advisories/{}; move to a version that it is not \
                     about, or excuse it in deny.toml under advisories.ignore, with the reason",
                    advisory.package,
                    versions.join(", "),
                    advisory.kind,
                    advisory.date,
                    advisory.id,
                    advisory.id
                )),
                _ => {}
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}

/// The paths in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = fs::read_dir(folder).into_diagnostic();
    let list = list.wrap_err_with(|| format!("could not read {}", folder.display()))?;
    let mut paths = list.map(|e| e.map(|e| e.path()).into_diagnostic()).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn table(path: &Path) -> Result<toml::Table> {
    let text = fs::read_to_string(path).into_diagnostic();
    let table = text.and_then(|text| text.parse::<toml::Table>().into_diagnostic());
    table.wrap_err_with(|| format!("could not read {}", path.display()))
}

/// The packages of the lock file that others wrote.
fn locked(root: &Path) -> Result<Vec<(String, Version)>> {
    let lock = table(&root.join("Cargo.lock"))?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let packages = packages.ok_or_else(|| miette!("Cargo.lock has no packages"))?;
    let foreign = packages.iter().filter(|p| p.get("source").is_some());
    let text = |p: &toml::Value, key: &str| {
        let text = p.get(key).and_then(toml::Value::as_str);
        text.map(str::to_owned).ok_or_else(|| miette!("a package of Cargo.lock has no {key}"))
    };
    foreign.map(|p| Ok((text(p, "name")?, text(p, "version")?.parse().into_diagnostic()?))).collect()
}

/// The advisories that `deny.toml` excuses, with the reasons.
fn excused(root: &Path) -> Result<BTreeMap<String, String>> {
    let deny = table(&root.join("deny.toml"))?;
    let list = deny.get("advisories").and_then(|a| a.get("ignore")).and_then(toml::Value::as_array);
    let text = |entry: &toml::Value, key: &str| entry.get(key)?.as_str().map(str::to_owned);
    let pair = |entry| {
        text(entry, "id")
            .zip(text(entry, "reason").filter(|r| !r.is_empty()))
            .ok_or_else(|| miette!("deny.toml: {entry} under advisories.ignore needs an `id` and a `reason`"))
    };
    list.into_iter().flatten().map(pair).collect()
}

pub(crate) fn run(choices: &Choices) -> Result<()> {
    let root = crate::root();
    if let Some(clone) = &choices.update {
        let snapshot = Snapshot::take(clone)?;
        // A file of its own first: what is there stays whole.
        let (new, text) = (root.join("xtask/.advisories.json"), snapshot.text()?);
        let write = || {
            let mut file = fs::File::create(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, root.join(FILE))
        };
        write().into_diagnostic().wrap_err_with(|| format!("could not write {FILE}"))?;
    }
    let (snapshot, packages, excused) = (Snapshot::read(&root)?, locked(&root)?, excused(&root)?);
    match snapshot.against(&packages, &excused) {
        Err(found) => bail!("{}", found.join("\n")),
        Ok(()) => println!(
            "{} packages against {} advisories of {} (commit {}): nothing is known that deny.toml does not excuse ({})",
            packages.len(),
            snapshot.advisories.len(),
            snapshot.date,
            &snapshot.commit.get(..12).unwrap_or(&snapshot.commit),
            excused.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
        ),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"p\"\ndate = \"2020-01-02\"\n\
                            \n[versions]\npatched = [\">= 1.2.3\"]\nunaffected = [\"< 1.0.0\"]\n```\n\n# p is bad\n";

    fn snapshot(text: &str) -> Snapshot {
        let advisories = Advisory::parse(text).unwrap().into_iter().collect();
        Snapshot { source: SOURCE.into(), commit: "c".into(), date: "d".into(), advisories }
    }

    fn packages(version: &str) -> [(String, Version); 2] {
        [("q".into(), Version::new(1, 1, 0)), ("p".into(), version.parse().unwrap())]
    }

    /// The lock file as it is, and every excuse in use.
    #[test]
    fn nothing_is_known_of_what_is_locked() {
        let root = crate::root();
        let snapshot = Snapshot::read(&root).unwrap();
        assert!(snapshot.advisories.len() > 1000, "{}", snapshot.advisories.len());
        let packages = locked(&root).unwrap();
        assert!(packages.len() > 100, "{}", packages.len());
        let said = snapshot.against(&packages, &excused(&root).unwrap());
        assert!(said.is_ok(), "{}", said.unwrap_err().join("\n"));
        // The excused ones are found when nobody excuses them.
        assert!(snapshot.against(&packages, &BTreeMap::new()).is_err());
    }

    #[test]
    fn versions_between_unaffected_and_patched_are_named() {
        let snapshot = snapshot(ADVISORY);
        for good in ["0.9.9", "1.2.3", "2.0.0"] {
            assert_eq!(snapshot.against(&packages(good), &BTreeMap::new()), Ok(()), "{good}");
        }
        for bad in ["1.0.0", "1.2.2", "1.2.3-rc.1"] {
            let said = snapshot.against(&packages(bad), &BTreeMap::new()).unwrap_err();
            assert!(said.len() == 1 && said[0].starts_with(&format!("p {bad} ")), "{said:?}");
            let excused = [("RUSTSEC-2020-0001".to_owned(), "why".to_owned())].into();
            assert_eq!(snapshot.against(&packages(bad), &excused), Ok(()));
            // An excuse that nobody needs.
            let said = snapshot.against(&packages("2.0.0"), &excused).unwrap_err();
            assert!(said[0].contains("take it out"), "{said:?}");
        }
    }

    #[test]
    fn what_was_withdrawn_or_only_noticed_is_not_held_against_anybody() {
        let withdrawn = ADVISORY.replace("package", "withdrawn = \"2020-02-03\"\npackage");
        assert_eq!(Advisory::parse(&withdrawn).unwrap(), None);
        let notice = snapshot(&ADVISORY.replace("package", "informational = \"notice\"\npackage"));
        assert_eq!(notice.against(&packages("1.0.0"), &BTreeMap::new()), Ok(()));
        assert!(Advisory::parse("# no head").is_err());
    }

    #[test]
    fn a_snapshot_is_taken_from_a_clone_and_read_again() {
        let home = tempfile::tempdir().unwrap();
        let clone = home.path().join("db");
        fs::create_dir_all(clone.join("crates/p")).unwrap();
        fs::write(clone.join("crates/p/RUSTSEC-2020-0001.md"), ADVISORY).unwrap();
        assert!(Snapshot::take(home.path()).unwrap_err().to_string().contains("git clone"));
        let git = |arguments: &[&str]| {
            let done = Command::new("git").arg("-C").arg(&clone).args(arguments).output().unwrap();
            assert!(done.status.success(), "{done:?}");
        };
        git(&["init", "--quiet"]);
        git(&["add", "."]);
        git(&["-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "--message=m"]);
        let taken = Snapshot::take(&clone).unwrap();
        assert_eq!((taken.commit.len(), taken.advisories.len()), (40, 1));
        assert_eq!(serde_json::from_str::<Snapshot>(&taken.text().unwrap()).unwrap(), taken);
        fs::write(clone.join("crates/p/RUSTSEC-2020-0002.md"), "nothing").unwrap();
        assert!(format!("{:?}", Snapshot::take(&clone).unwrap_err()).contains("RUSTSEC-2020-0002"));
    }
}
