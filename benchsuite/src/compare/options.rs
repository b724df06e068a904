//! What every comparison can be asked, who has a turn when, and the files that it leaves.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::peer::Timing;
use crate::{Error, files, print};

/// Who takes part, and where results go.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Others that take part; `all` or `none`
    #[arg(long, value_name = "RIVALS", value_delimiter = ',', default_value = "all")]
    rivals: Vec<String>,
    /// Time after which an answer of another program is no longer waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0)]
    pub(crate) timeout: f64,
    /// The Python that has the rivals' packages
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    pub(crate) python: PathBuf,
    /// Write what was found into this folder: numbers, tables, figures
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Common {
    /// Whether this rival was asked for.
    pub(crate) fn wants(&self, id: &str) -> bool {
        self.rivals.iter().any(|name| name == id || name == "all")
    }

    /// Checks the values; `known` are the names of rivals.
    pub(crate) fn check<'a>(&self, known: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
        let known: Vec<&str> = known.into_iter().chain(["all", "none"]).collect();
        check_names("--rivals", &self.rivals, &known)?;
        check_seconds("--timeout", self.timeout)
    }

    /// Writes what was found as `compare-NAME.json`, with its tables and figures, if a folder was given. Figures are
    /// drawn last: one that cannot be costs no number.
    pub(crate) fn write(
        &self,
        name: &str,
        found: &impl Serialize,
        tables: String,
        figures: impl FnOnce() -> Result<Vec<(String, String)>, Error>,
    ) -> Result<(), Error> {
        let Some(folder) = &self.out else { return Ok(()) };
        files::write_json(&folder.join(format!("compare-{name}.json")), found)?;
        files::write(&folder.join(format!("compare-{name}.md")), tables)?;
        for (figure, svg) in figures()? {
            files::write(&folder.join(figure), svg)?;
        }
        print(&format!("written to {}\n", folder.display()))
    }
}

/// Reads a comparison that is kept in a folder of results, if it is there.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub(crate) fn read<T: DeserializeOwned>(results: &Path, file: &str) -> Result<Option<T>, Error> {
    let path = results.join(file);
    let remedy = "restore it from the repository, or compare again";
    path.exists().then(|| files::read_json(&path, remedy)).transpose()
}

/// How often each has its turn, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Args, Serialize, Deserialize)]
pub struct Turns {
    /// How often each has its turn
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub rounds: usize,
    /// Time of a turn, in which the work is done again and again; of one thread its CPU time
    #[arg(long, value_name = "SECONDS", default_value_t = 0.3)]
    #[serde(rename = "seconds_a_turn")]
    pub turn: f64,
}

impl Turns {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !(1..=1000).contains(&self.rounds) {
            return Err(Error::bad_option("--rounds", self.rounds, "give 1 to 1000"));
        }
        check_seconds("--turn", self.turn)
    }

    /// Rounds in which everyone has a turn who has not failed: `turn` is told who, and for how many seconds. All
    /// times of each are added to what was found, or why there are none takes its place.
    pub(crate) fn take(
        &self,
        mut found: Vec<Result<Timing, String>>,
        mut turn: impl FnMut(usize, f64) -> Result<Timing, String>,
    ) -> Vec<Result<Timing, String>> {
        for _ in 0..self.rounds {
            for (k, found) in found.iter_mut().enumerate() {
                let Ok(so_far) = found else { continue };
                match turn(k, self.turn) {
                    Ok(mut turn) => {
                        std::mem::swap(&mut so_far.us, &mut turn.us);
                        turn.us.append(&mut so_far.us);
                        *so_far = turn;
                    }
                    Err(why) => *found = Err(why),
                }
            }
        }
        found
    }
}

/// Checks that all names given for an option are known.
pub(crate) fn check_names(option: &'static str, given: &[String], known: &[&str]) -> Result<(), Error> {
    if let Some(name) = given.iter().find(|name| !known.contains(&name.as_str())) {
        let near = crate::error::near_misses(name, known.iter().copied());
        let why = format!("it is not known{near}; known: {}", known.join(", "));
        return Err(Error::bad_option(option, name, why));
    }
    Ok(())
}

fn check_seconds(option: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value <= 86_400.0 {
        return Ok(());
    }
    Err(Error::bad_option(option, value, "give a positive number of seconds, a day at most"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The options that these words give.
    pub(crate) fn parse<T: Args>(words: &str) -> Result<T, String> {
        let command = T::augment_args(clap::Command::new("compare").no_binary_name(true));
        let matches = command.try_get_matches_from(words.split_whitespace()).map_err(|e| e.to_string())?;
        T::from_arg_matches(&matches).map_err(|e| e.to_string())
    }

    /// Each of these words is refused, and what is said of it has this part.
    pub(crate) fn refused<T: Args>(check: impl Fn(&T) -> Result<(), Error>, cases: &[(&str, &str)]) {
        for (words, says) in cases {
            let checked = parse::<T>(words).and_then(|options| check(&options).map_err(|e| e.to_string()));
            let error = checked.unwrap_err();
            assert!(error.contains(says), "{words}: {error}");
        }
    }

    #[test]
    fn names_choose() {
        let common = |words| parse::<Common>(words).unwrap();
        assert!(common("").wants("scipy") && common("--rivals diffsol,scipy").wants("scipy"));
        assert!(!common("--rivals none").wants("scipy") && !common("--rivals diffsol").wants("scipy"));
        assert!(common("--rivals diffsol,none").check(["diffsol"]).is_ok());
        refused(
            |common: &Common| common.check(["diffsol"]),
            &[
                ("--rivals difsol", "did you mean `diffsol`"),
                ("--rivals octave", "known: diffsol, all, none"),
                ("--timeout=-1", "positive number"),
                ("--timeout nan", "positive number"),
            ],
        );
        refused(Turns::check, &[("--rounds 0", "give 1 to 1000"), ("--turn nan", "positive number")]);
    }

    #[test]
    fn whoever_fails_has_no_more_turns() {
        let turns = Turns { rounds: 3, turn: 0.5 };
        let mut asked = [0; 3];
        let before = vec![Ok(Timing::default()), Ok(Timing::default()), Err("it is not here".into())];
        let found = turns.take(before, |k, seconds| {
            asked[k] += 1;
            let us = vec![seconds, f64::from(asked[k])];
            if (k, asked[k]) == (1, 2) { Err("it crashed".into()) } else { Ok(us.into()) }
        });
        assert_eq!(asked, [3, 2, 0]);
        assert_eq!(found[0].as_ref().unwrap().us, [0.5, 1.0, 0.5, 2.0, 0.5, 3.0]);
        assert_eq!(found[1..], [Err("it crashed".into()), Err("it is not here".into())]);
    }
}
