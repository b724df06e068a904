//! The folder of a sweep: one plan, and files that any number of processes may share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::record::{Failure, Record, Worker};
use crate::manifest::{Code, now};
use crate::{Error, files};

const PLAN: &str = "plan.toml";
const SWEEP: &str = "sweep.json";
const REMEDY: &str = "check that the folder is there and writable and the disk is not full";
const PARTS: [&str; 6] = ["claims", "results", "failed", "trials", "workers", "cache"];

/// After how many seconds without a beat a claim expires, unless told otherwise.
pub const EXPIRE: u64 = 60;

/// `sweep.json`: what all workers of a sweep must agree on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The layout of the folder.
    pub format: u32,
    /// The plan's name.
    pub name: String,
    /// The kind of its trials.
    pub kind: String,
    /// SHA-256 of `plan.toml`.
    pub plan_sha256: String,
    /// The number of trials.
    pub trials: usize,
    /// SHA-256 of the ids of the trials: another version of the program may read a plan differently.
    pub trials_sha256: String,
    /// Seconds without a beat after which a claim expires.
    pub expire: u64,
    /// When the sweep was begun, in UTC.
    pub begun: String,
    /// The code that began it.
    pub code: Code,
}

/// A sweep on the disk.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// What all workers agree on.
    pub head: Head,
    /// The plan.
    pub plan: Plan,
}

fn trials_sha256(plan: &Plan) -> String {
    let ids: Vec<&str> = plan.trials.iter().map(|t| t.id.as_str()).collect();
    files::sha256(ids.join("\n").as_bytes())
}

impl Folder {
    /// Begins a sweep. With the plan that the folder already holds, nothing changes.
    ///
    /// # Errors
    /// [`Error::Plan`], [`Error::OtherPlan`], [`Error::NotForASweep`], [`Error::OtherConfig`],
    /// [`Error::Io`].
    pub fn begin(plan: &Path, path: &Path, expire: Option<u64>) -> Result<Self, Error> {
        let text = std::fs::read_to_string(plan).map_err(Error::io(plan, "check the plan's name"))?;
        let parsed = Plan::parse(plan, &text)?;
        let place = path.join(PLAN);
        if !place.exists() && !is_free(path)? {
            return Err(Error::NotForASweep(path.to_owned()));
        }
        files::create_folder(path)?;
        if !files::write_new(&place, &text)? {
            let there = std::fs::read_to_string(&place).map_err(Error::io(&place, REMEDY))?;
            if there != text {
                let name = Plan::parse(&place, &there).map_or_else(|_| "unreadable".into(), |p| p.name);
                return Err(Error::OtherPlan { path: path.to_owned(), there: name, here: parsed.name });
            }
        }
        for part in PARTS {
            let part = path.join(part);
            files::create_folder(&part)?;
        }
        let head = Head {
            format: 1,
            name: parsed.name.clone(),
            kind: parsed.kind.name().into(),
            plan_sha256: parsed.sha256.clone(),
            trials: parsed.trials.len(),
            trials_sha256: trials_sha256(&parsed),
            expire: expire.unwrap_or(EXPIRE),
            begun: now(),
            code: Code::current(),
        };
        files::write_new_json(&path.join(SWEEP), &head)?;
        let sweep = Self::open(path)?;
        match expire.filter(|e| *e != sweep.head.expire) {
            Some(here) => Err(Error::OtherConfig {
                path: path.to_owned(),
                field: "expire".into(),
                there: sweep.head.expire.to_string(),
                here: here.to_string(),
            }),
            None => Ok(sweep),
        }
    }

    /// Opens a sweep.
    ///
    /// # Errors
    /// [`Error::NotASweep`], [`Error::Damaged`], [`Error::Plan`], [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let place = path.join(SWEEP);
        if !place.exists() {
            return Err(Error::NotASweep(path.to_owned()));
        }
        let again = "restore it, or begin a new sweep in another folder";
        let head: Head = files::read_json(&place, again)?;
        let damaged =
            |path: &Path, why: String, remedy: String| Error::Damaged { path: path.to_owned(), why, remedy };
        if head.format != 1 {
            let why = format!("its format is {}, this program reads 1", head.format);
            return Err(damaged(&place, why, format!("use the program of commit {}", head.code.commit)));
        }
        let place = path.join(PLAN);
        let text = std::fs::read_to_string(&place).map_err(Error::io(&place, again))?;
        if files::sha256(text.as_bytes()) != head.plan_sha256 {
            return Err(damaged(
                &place,
                "its SHA-256 is not the one in sweep.json".into(),
                "restore the plan that the sweep was begun with; another plan needs another folder".into(),
            ));
        }
        let plan = Plan::parse(&place, &text)?;
        if trials_sha256(&plan) != head.trials_sha256 {
            return Err(damaged(
                &place,
                format!("this program reads {} other trials from it", plan.trials.len()),
                format!("use the program that began the sweep, commit {}", head.code.commit),
            ));
        }
        Ok(Folder { path: path.to_owned(), head, plan })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the claims.
    pub(super) fn claims(&self) -> PathBuf {
        self.path.join("claims")
    }

    /// A trial's own folder.
    pub fn trial(&self, id: &str) -> PathBuf {
        self.path.join("trials").join(id)
    }

    /// What trials share.
    pub fn cache(&self) -> PathBuf {
        self.path.join("cache")
    }

    pub(super) fn result(&self, id: &str) -> PathBuf {
        self.path.join("results").join(format!("{id}.json"))
    }

    pub(super) fn failure(&self, id: &str) -> PathBuf {
        self.path.join("failed").join(format!("{id}.json"))
    }

    pub(super) fn worker(&self, id: &str) -> PathBuf {
        self.path.join("workers").join(format!("{id}.json"))
    }

    /// The ids of finished and of failed trials.
    pub(super) fn ended(&self) -> Result<(Vec<String>, Vec<String>), Error> {
        Ok((self.ids("results")?, self.ids("failed")?))
    }

    /// The ids of the plan's trials that a part has a file of.
    fn ids(&self, part: &str) -> Result<Vec<String>, Error> {
        let names = names(&self.path.join(part))?;
        Ok(names.into_iter().filter_map(|n| n.strip_suffix(".json").map(str::to_owned)).collect())
    }

    /// All results, by trial.
    ///
    /// # Errors
    /// [`Error::Damaged`] for one that cannot be read or belongs elsewhere, [`Error::Io`].
    pub fn results(&self) -> Result<BTreeMap<String, Record>, Error> {
        let (mut all, trials) = (BTreeMap::new(), self.plan.by_id());
        for id in self.ids("results")? {
            let path = self.result(&id);
            let again =
                format!("delete it, and `sweep run {}` finishes the trial again", self.path.display());
            let record: Record = files::read_json(&path, &again)?;
            let trial = trials.get(id.as_str());
            if record.trial != id || trial.is_none_or(|t| t.spec != record.spec) {
                let why = "it is of no trial of this plan".into();
                return Err(Error::Damaged { path, why, remedy: again });
            }
            all.insert(id, record);
        }
        Ok(all)
    }

    /// All failures, by trial.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn failures(&self) -> Result<BTreeMap<String, Failure>, Error> {
        let (mut all, trials) = (BTreeMap::new(), self.plan.by_id());
        for id in self.ids("failed")?.into_iter().filter(|id| trials.contains_key(id.as_str())) {
            let path = self.failure(&id);
            all.insert(id, files::read_json(&path, "delete it, and the trial is run again")?);
        }
        Ok(all)
    }

    /// All workers that ever took part.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn workers(&self) -> Result<Vec<Worker>, Error> {
        let remedy = "delete it; only its line in reports is lost";
        self.ids("workers")?.iter().map(|id| files::read_json(&self.worker(id), remedy)).collect()
    }
}

/// The names of the files in a folder, sorted; those that are being written are left out.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let io = || Error::io(folder, REMEDY);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io())? {
        let name = entry.map_err(io())?.file_name();
        if let Some(name) = name.to_str().filter(|n| !n.starts_with('.')) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a folder is absent or empty.
fn is_free(path: &Path) -> Result<bool, Error> {
    match std::fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(e) => Err(Error::io(path, "choose another folder")(e)),
    }
}
