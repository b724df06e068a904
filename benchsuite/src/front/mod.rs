//! All works on one page: every published number with what is kept from runs at the paper's scale, what the
//! runs of a folder found, and the command that measures it.

mod page;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::claims::{Claim, Publication};
use crate::compare::standing;
use crate::reproduce::EXPERIMENTS;
use crate::results::{ClaimResult, Verdict, typed};
use crate::rundir::{self, RunDir};
use crate::{Error, files, grid, kept};

/// The files of kept results that hold claims.
const KEPT: [&str; 3] = ["results.json", "trials-results.json", "inference-results.json"];

/// The folder of the page over kept networks of problems B and C, beside the front page.
pub(crate) const NETWORKS: &str = "werneck2024-networks";

/// One published number and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The number.
    pub claim: Claim,
    /// From the results that are kept with the sources.
    pub kept: Option<ClaimResult>,
    /// From a run of the folder.
    pub fresh: Option<ClaimResult>,
}

impl Row {
    /// Whose verdict counts: that of kept results at the paper's scale; failing that, of a run.
    fn judge(&self) -> Option<&ClaimResult> {
        let judged = |r: &&ClaimResult| r.verdict != Verdict::NotRun;
        self.kept.as_ref().filter(judged).or(self.fresh.as_ref().filter(judged))
    }

    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        self.judge().map_or(Verdict::NotRun, |r| r.verdict)
    }

    /// The number at the paper's scale, if there is one.
    pub fn measured(&self) -> Option<f64> {
        self.judge().and_then(|r| r.measured)
    }

    /// When it agrees, in words: as the verdict was given, with the measure and the sample that it is of.
    pub fn agrees_if(&self) -> String {
        let said = self.judge().or(self.kept.as_ref()).or(self.fresh.as_ref());
        said.map_or_else(|| self.claim.rule.to_string(), |r| r.tolerance.clone())
    }

    /// Why there is no verdict.
    pub fn reason(&self) -> String {
        let known = self.kept.as_ref().and_then(ClaimResult::reason_kept);
        let known = known.or_else(|| self.fresh.as_ref().and_then(|r| r.reason.clone()));
        known.unwrap_or_else(|| "no run at the paper's scale is kept".into())
    }

    /// What is kept of a number that has no verdict: of a shorter training.
    pub fn so_far(&self) -> Option<f64> {
        self.kept.as_ref().filter(|r| r.verdict == Verdict::NotRun).and_then(|r| r.measured)
    }

    /// The command that measures it at the paper's scale.
    pub fn command(&self) -> String {
        // A run that did not measure a number does not measure it at another tier; a sweep's plan holds all of its
        // networks.
        let measures = |r: &&ClaimResult| r.measured.is_some() || r.command.contains(" sweep ");
        let unjudged = [&self.kept, &self.fresh].into_iter().flatten().find(measures);
        let command = self.judge().or(unjudged).map_or_else(
            || format!("cargo xtask reproduce {} --tier paper", self.experiment()),
            |r| r.command.replace("--tier smoke", "--tier paper").replace("--tier quick", "--tier paper"),
        );
        typed(&command)
    }

    /// What the id begins with: an experiment, or a part of one that is not run alone.
    pub fn part(&self) -> &str {
        self.claim.id.split('/').next().unwrap_or_default()
    }

    /// The experiment that the number belongs to: the part that its id begins with, or else the whole.
    fn experiment(&self) -> &str {
        let part = self.part();
        let known = EXPERIMENTS.iter().any(|e| e.id == part);
        if known { part } else { part.split('-').next().unwrap_or_default() }
    }

    /// Whether what is judged was trained for less than the paper says: a number that agrees all the same counts.
    pub fn is_shorter(&self) -> bool {
        // Parameters are counted, not trained.
        let trained = |r: &&ClaimResult| !r.id.ends_with("/parameters");
        self.judge().filter(trained).is_some_and(|r| r.command.contains(" --iterations "))
    }
}

/// A run of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its experiment.
    pub experiment: String,
    /// The name of its folder.
    pub folder: String,
    /// Whether it has come to its end.
    pub finished: bool,
}

/// One work.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The publication.
    pub publication: Publication,
    /// Its numbers, in the order of their file.
    pub rows: Vec<Row>,
    /// The runs of the folder that belong to it.
    pub runs: Vec<Run>,
}

impl Work {
    /// How many numbers have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|r| r.verdict() == verdict).count()
    }
}

/// What is kept of all works, and what the runs found that lie side by side in a folder, if one is given.
///
/// # Errors
/// [`Error::Claims`], [`Error::Io`], or [`Error::Damaged`] for a file of results that cannot be read.
pub fn gather(runs: Option<&Path>) -> Result<Vec<Work>, Error> {
    let all = runs.map_or_else(|| Ok(Vec::new()), runs_in)?;
    let publications = [
        Publication::werneck2024()?,
        Publication::kuptsov2022()?,
        Publication::kainth2025()?,
        Publication::pellegrini2025()?,
    ];
    publications.into_iter().map(|publication| of_work(publication, runs, &all)).collect()
}

fn of_work(publication: Publication, folder: Option<&Path>, all: &[Run]) -> Result<Work, Error> {
    let keeps = kept::folder(&publication);
    let mut kept = BTreeMap::new();
    for name in KEPT {
        add(&mut kept, &keeps.join(name))?;
    }
    // An experiment belongs to the work whose numbers begin with the same letter.
    let letter = |id: &str| id.chars().next();
    let own = publication.claims.first().and_then(|c| letter(&c.id));
    let runs: Vec<Run> = all.iter().filter(|r| letter(&r.experiment) == own).cloned().collect();
    let mut fresh = BTreeMap::new();
    for run in runs.iter().filter(|r| r.finished) {
        let folder = folder.unwrap_or(Path::new("")).join(&run.folder);
        add(&mut fresh, &RunDir::results(&folder))?;
    }
    let rows = publication.claims.iter().map(|claim| Row {
        claim: claim.clone(),
        kept: kept.remove(&claim.id),
        fresh: fresh.remove(&claim.id),
    });
    Ok(Work { rows: rows.collect(), publication, runs })
}

/// Adds the results of a file, if it is there. One with a verdict outdoes one without.
fn add(results: &mut BTreeMap<String, ClaimResult>, path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Ok(());
    }
    let found: Vec<ClaimResult> =
        files::read_json(path, "restore it; a run's own is written anew when it is resumed")?;
    for result in found {
        let known = results.get(&result.id).is_some_and(|r| r.verdict != Verdict::NotRun);
        if !known || result.verdict != Verdict::NotRun {
            results.insert(result.id.clone(), result);
        }
    }
    Ok(())
}

/// The runs that lie side by side in a folder, by the names of theirs.
fn runs_in(folder: &Path) -> Result<Vec<Run>, Error> {
    let io = || Error::io(folder, "give a folder that holds the folders of runs");
    let mut runs = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io())? {
        let path = entry.map_err(io())?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        // Other things may lie beside runs: sweeps, data, notes. A run that is damaged is not one of them.
        if !RunDir::config(&path).exists() {
            continue;
        }
        let experiment = rundir::experiment_of(&path)?;
        let finished = RunDir::results(&path).exists();
        runs.push(Run { experiment, folder: name.to_owned(), finished });
    }
    runs.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(runs)
}

/// Writes the page over what is kept and the runs of a folder, `report.html` and `report.md` in `into`; beside it the
/// page of rivals, `benches.html` and `benches.md`, and in a folder of its own that of the kept networks of Werneck's
/// searches. Returns the page and what it comes to, in words.
///
/// # Errors
/// Those of [`gather`], and [`Error::Io`].
pub fn write(runs: Option<&Path>, into: &Path) -> Result<(PathBuf, String), Error> {
    let works = gather(runs)?;
    let networks = grid::kept::document(&kept::folder(&Publication::werneck2024()?))?;
    if let Some(page) = &networks {
        page.write(&into.join(NETWORKS))?;
    }
    let rivals = standing::write(&kept::root(), into, true)?;
    // Pages of runs are linked to if they lie in the same folder.
    page::document(&works, runs == Some(into), networks.is_some(), &rivals).write(into)?;
    let count = |v| works.iter().map(|w| w.count(v)).sum::<usize>();
    let line = format!(
        "all works: {} published numbers; at the paper's scale {} PASS, {} DIFFER, {} were not run\n{rivals}",
        works.iter().map(|w| w.rows.len()).sum::<usize>(),
        count(Verdict::Pass),
        count(Verdict::Differs),
        count(Verdict::NotRun)
    );
    Ok((into.join("report.html"), line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tier;
    use crate::results::Finding;
    use serde_json::json;

    fn result(claim: &Claim, finding: Finding, tier: Tier) -> ClaimResult {
        ClaimResult::judge(claim, finding, "benchsuite reproduce K --tier smoke --seed 1", tier, &[1])
    }

    fn claim() -> Claim {
        Publication::kuptsov2022().unwrap().claims[0].clone()
    }

    #[test]
    fn a_kept_verdict_outdoes_a_fresh_one_and_any_outdoes_none() {
        let claim = claim();
        let far = result(&claim, Finding::Measured(1e9), Tier::Paper);
        let near = result(&claim, Finding::Measured(claim.value), Tier::Paper);
        let smoke =
            result(&claim, Finding::NotRun { measured: Some(1.0), reason: "tier smoke".into() }, Tier::Smoke);
        let row = |kept: Option<&ClaimResult>, fresh: Option<&ClaimResult>| Row {
            claim: claim.clone(),
            kept: kept.cloned(),
            fresh: fresh.cloned(),
        };
        assert_eq!(row(Some(&near), Some(&far)).verdict(), Verdict::Pass);
        assert_eq!(row(Some(&smoke), Some(&far)).verdict(), Verdict::Differs);
        let none = row(None, Some(&smoke));
        assert_eq!(
            (none.verdict(), none.measured(), none.reason()),
            (Verdict::NotRun, None, "tier smoke".into())
        );
        assert_eq!(none.command(), "cargo xtask reproduce K --tier paper --seed 1");
        let nothing = row(None, None);
        assert!(
            nothing.command().starts_with("cargo xtask reproduce K-FP --tier paper"),
            "{}",
            nothing.command()
        );
    }

    /// Whether a command names experiments and plans that are there.
    fn exists(command: &str) -> bool {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        command.split(" ; ").all(|one| {
            let words: Vec<&str> = one.split_whitespace().collect();
            match words[..] {
                ["cargo", "xtask", "reproduce", id, ..] => EXPERIMENTS.iter().any(|e| e.id == id),
                ["cargo", "xtask", "sweep", "new", plan, ..] => sources.join(plan).is_file(),
                _ => false,
            }
        })
    }

    #[test]
    fn a_command_that_did_not_measure_a_number_is_not_named_for_it() {
        let claims = Publication::pellegrini2025().unwrap().claims;
        let claim = claims.iter().find(|c| c.id == "F-HH/constrained/L2").unwrap();
        let finding = Finding::NotRun { measured: None, reason: "not part of this run".into() };
        let command = "benchsuite reproduce F-FHN --tier paper --limit 1";
        let kept = ClaimResult::judge(claim, finding, command, Tier::Paper, &[1]);
        let row = Row { claim: claim.clone(), kept: Some(kept), fresh: None };
        assert_eq!(row.command(), "cargo xtask reproduce F-HH --tier paper");
        // Parts that are not run alone belong to the whole.
        let claims = Publication::kainth2025().unwrap().claims;
        let row = Row { claim: claims[0].clone(), kept: None, fresh: None };
        assert_eq!(row.command(), "cargo xtask reproduce P --tier paper");
    }

    #[test]
    fn the_page_shows_every_number_of_every_work_with_a_command_and_links_to_the_runs() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("K");
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(run.join("config.json"), json!({"experiment": "K"}).to_string()).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let works = gather(Some(folder.path())).unwrap();
        assert!(!works[1].runs[0].finished && works[0].runs.is_empty());

        let smoke = result(
            &claim(),
            Finding::NotRun { measured: Some(-49.5), reason: "tier smoke".into() },
            Tier::Smoke,
        );
        std::fs::write(run.join("results.json"), serde_json::to_string(&[smoke]).unwrap()).unwrap();
        let (page, line) = write(Some(folder.path()), folder.path()).unwrap();
        assert!(line.starts_with("all works: "), "{line}");
        let html = std::fs::read_to_string(page).unwrap().replace("<wbr>", "");
        assert!(html.contains("<a href=\"K/report.html\">") && html.contains("-49.5"));
        assert!(html.contains("<a href=\"werneck2024-networks/report.html\">"));
        assert!(folder.path().join("werneck2024-networks/report.html").exists());
        // Verdicts come with the measure and the sample that they are of, and with the size of an error.
        for part in ["half of eq. 3.3", "of the 36 architectures", "up to t = 20", " of the published"] {
            assert!(html.contains(part), "{part} is missing");
        }
        let works = gather(Some(folder.path())).unwrap();
        assert_eq!(works.len(), 4);
        for row in works.iter().flat_map(|w| &w.rows) {
            assert!(html.contains(&format!(">{}</code>", row.claim.id)), "{} is missing", row.claim.id);
            assert!(exists(&row.command()), "{}: {}", row.claim.id, row.command());
            assert!(row.verdict() != Verdict::NotRun || !row.reason().is_empty());
        }

        std::fs::write(run.join("results.json"), "[{}]").unwrap();
        assert!(matches!(gather(Some(folder.path())), Err(Error::Damaged { .. })));
        std::fs::write(run.join("config.json"), "{").unwrap();
        assert!(matches!(gather(Some(folder.path())), Err(Error::Damaged { .. })));
    }

    /// A run's results, whatever became of the file, are shown or refused.
    #[test]
    fn damaged_results_are_shown_or_refused() {
        let publication = Publication::kainth2025().unwrap();
        let kept = kept::folder(&publication).join("results.json");
        kept::try_damage(&[kept], "P/results.json", |folder| {
            let mut fresh = BTreeMap::new();
            add(&mut fresh, &folder.join("P/results.json"))?;
            let row = |claim: &Claim| Row {
                claim: claim.clone(),
                kept: None,
                fresh: fresh.get(&claim.id).cloned(),
            };
            let rows = publication.claims.iter().map(row).collect();
            let page = page::document(
                &[Work { publication: publication.clone(), rows, runs: Vec::new() }],
                false,
                false,
                "",
            );
            assert!(!page.to_html().is_empty() && !page.to_markdown().is_empty());
            Ok(())
        });
    }
}
