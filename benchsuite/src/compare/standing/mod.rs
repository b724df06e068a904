//! All kept comparisons side by side: each of our times with each rival's at the same work.
//!
//! Nothing is measured here. The files that `compare … --out` leaves under `benchsuite/results` are read, and every
//! work becomes as many pairs as there are rivals that did it: the best of ours and the best of theirs, whatever
//! methods both have.

mod page;
mod read;

use std::path::{Path, PathBuf};

use super::origin::Origin;
use crate::{Error, files, kept};

/// Who is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Ours, by the shortest times and by the medians.
    Ahead,
    /// Ours by one of both, the rival by the other.
    Even,
    /// The rival, by both.
    Behind,
}

/// What one side takes for a work.
#[derive(Debug, Clone, PartialEq)]
pub struct Time {
    /// The solver, program or mode.
    pub who: String,
    /// The shortest time, if there is any.
    pub least: Option<f64>,
    /// The median.
    pub median: Option<f64>,
}

/// Ours and one rival at one work.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The work.
    pub work: String,
    /// Ours; without a time where we cannot do it.
    pub ours: Time,
    /// The rival, which always has a time.
    pub rival: Time,
}

impl Pair {
    /// Our time over the rival's, of the shortest and of the medians. Above one the rival is faster.
    pub fn ratios(&self) -> Option<(f64, f64)> {
        Some((self.ours.least? / self.rival.least?, self.ours.median? / self.rival.median?))
    }

    /// Who is ahead. Where we have no time the rival is.
    pub fn outcome(&self) -> Outcome {
        match self.ratios() {
            Some((least, median)) if least < 1.0 && median < 1.0 => Outcome::Ahead,
            Some((least, median)) if least < 1.0 || median < 1.0 => Outcome::Even,
            _ => Outcome::Behind,
        }
    }
}

/// One kept comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Contest {
    /// What is compared.
    pub title: String,
    /// What is timed.
    pub what: String,
    /// The unit of all times.
    pub unit: &'static str,
    /// The file, below the folder of results.
    pub file: &'static str,
    /// Where the numbers come from.
    pub origin: Origin,
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// Rivals without a time, and why.
    pub missing: Vec<String>,
}

impl Contest {
    /// Without pairs so far; title and file are filled in by whoever knows them.
    fn new(origin: &Origin, unit: &'static str, what: impl Into<String>) -> Self {
        let (title, file, what) = (String::new(), "", what.into());
        Contest { title, what, unit, file, origin: origin.clone(), pairs: Vec::new(), missing: Vec::new() }
    }

    /// Adds pairs of our best with every other that has a time; the others are missing.
    fn add(
        &mut self,
        work: &str,
        ours: impl IntoIterator<Item = Time>,
        others: impl IntoIterator<Item = (Time, Option<String>)>,
    ) {
        let nothing = Time { who: "nothing of ours".into(), least: None, median: None };
        let ours = read::fastest(ours).unwrap_or(nothing);
        for (rival, why) in others {
            if rival.least.is_some() && rival.median.is_some() {
                self.pairs.push(Pair { work: work.to_owned(), ours: ours.clone(), rival });
            } else {
                let why = why.as_deref().unwrap_or("it was not timed");
                self.missing.push(format!("{}, {work}: {why}", rival.who));
            }
        }
    }

    /// How many pairs ended so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.pairs.iter().filter(|p| p.outcome() == outcome).count()
    }
}

/// The kept comparisons that lie in a folder of results.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub fn gather(results: &Path) -> Result<Vec<Contest>, Error> {
    read::FILES.iter().filter_map(|kept| kept.read(results).transpose()).collect()
}

/// Writes the page into a folder, as `benches.md`, and as `benches.html` if asked for; returns one line in words.
///
/// # Errors
/// Those of [`gather`], and [`Error::Io`].
pub(crate) fn write(results: &Path, into: &Path, html: bool) -> Result<String, Error> {
    let contests = gather(results)?;
    let page = page::document(&contests);
    files::write(&into.join("benches.md"), page.to_markdown())?;
    if html {
        files::write(&into.join("benches.html"), page.to_html())?;
    }
    let count = |o| contests.iter().map(|c| c.count(o)).sum::<usize>();
    Ok(format!(
        "beside rivals: ahead {} times, even {} times, behind {} times",
        count(Outcome::Ahead),
        count(Outcome::Even),
        count(Outcome::Behind)
    ))
}

/// How to write the page of all comparisons.
#[derive(Debug, Clone, clap::Args)]
pub struct PageOptions {
    /// The folder of kept results [default: benchsuite/results]
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
    /// Where to write benches.md [default: the folder of results]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl PageOptions {
    /// Writes it.
    ///
    /// # Errors
    /// As [`gather`], and [`Error::Io`].
    pub(super) fn run(&self) -> Result<(), Error> {
        let results = self.results.clone().unwrap_or_else(kept::root);
        let out = self.out.clone().unwrap_or_else(|| results.clone());
        let line = write(&results, &out, false)?;
        crate::print(&format!("{line}\nwritten to {}\n", out.join("benches.md").display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(ours: Option<(f64, f64)>, rival: (f64, f64)) -> Pair {
        let time = |who: &str, t: Option<(f64, f64)>| Time {
            who: who.into(),
            least: t.map(|t| t.0),
            median: t.map(|t| t.1),
        };
        Pair { work: "w".into(), ours: time("ours", ours), rival: time("theirs", Some(rival)) }
    }

    #[test]
    fn both_times_decide_who_is_ahead() {
        let outcome = |ours, rival| pair(ours, rival).outcome();
        assert_eq!(outcome(Some((1.0, 2.0)), (2.0, 3.0)), Outcome::Ahead);
        assert_eq!(outcome(Some((1.0, 4.0)), (2.0, 3.0)), Outcome::Even);
        assert_eq!(outcome(Some((3.0, 4.0)), (2.0, 3.0)), Outcome::Behind);
        assert_eq!(outcome(None, (2.0, 3.0)), Outcome::Behind);
        assert_eq!(pair(Some((1.0, 3.0)), (2.0, 4.0)).ratios(), Some((0.5, 0.75)));
    }

    /// The page that is kept with the sources is what its command writes now.
    #[test]
    fn the_kept_page_is_up_to_date() {
        let results = kept::root();
        let contests = gather(&results).unwrap();
        let page = page::document(&contests).to_markdown();
        let there = std::fs::read_to_string(results.join("benches.md")).unwrap();
        assert!(there == page, "results/benches.md is old: write it anew by `cargo xtask compare page`");
        for contest in &contests {
            assert!(page.contains(&contest.origin.code.short_commit()), "{}", contest.file);
            for pair in contest.pairs.iter().filter(|p| p.outcome() == Outcome::Behind) {
                assert!(page.contains(&pair.work) && page.contains(&pair.rival.who), "{pair:?}");
            }
        }
    }

    /// Every comparison that lies in the folder of results is on the page, and the other way round.
    #[test]
    fn every_kept_comparison_is_on_the_page() {
        fn find(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.is_dir() {
                    find(&path, found);
                } else if name.starts_with("compare-") && name.ends_with(".json") {
                    found.push(path);
                }
            }
        }
        let mut there = Vec::new();
        find(&kept::root(), &mut there);
        let mut listed: Vec<PathBuf> = read::FILES.iter().map(|kept| kept::root().join(kept.file)).collect();
        there.sort();
        listed.sort();
        assert_eq!(there, listed, "list it in standing/read.rs, or take it out of there");
        let contests = gather(&kept::root()).unwrap();
        assert_eq!(contests.len(), listed.len());
        for contest in contests {
            assert!(
                !contest.pairs.is_empty() || !contest.missing.is_empty(),
                "{} says nothing",
                contest.file
            );
        }
    }

    #[test]
    fn a_damaged_comparison_is_read_or_refused() {
        for kept in read::FILES {
            let sample = kept::root().join(kept.file);
            // Of those of one kind the smallest will do.
            if ["compare-ode/", "compare-gpu-responses/small", "compare-gpu-responses/tp06"]
                .iter()
                .any(|start| kept.file.starts_with(start))
            {
                continue;
            }
            kept::try_damage(&[sample], kept.file, |folder| {
                page::document(&gather(folder)?).to_html();
                Ok(())
            });
        }
    }
}
