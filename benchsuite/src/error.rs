use std::path::{Path, PathBuf};

/// What can go wrong in a run. Every message names the value, the place and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}; {remedy}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
        /// What to do about it.
        remedy: &'static str,
    },
    /// No experiment has that id.
    #[error(
        "no experiment is called `{id}`{near}; known: {known} (`reproduce --list` describes them; W-BS1, W-BS2, W-BC1, W-BC2, W-IT, W-C and W-WIN are sweeps: `sweep new benchsuite/plans/werneck2024/…`)"
    )]
    UnknownExperiment {
        /// The id as given.
        id: String,
        /// `, did you mean …?` or nothing.
        near: String,
        /// All ids.
        known: String,
    },
    /// No tier has that name.
    #[error("no tier is called `{0}`; known: smoke, quick, paper")]
    UnknownTier(String),
    /// An architecture was asked for that the published tables do not list.
    #[error("architecture `{given}` is in none of the published tables{near}; known: {known}")]
    UnknownArchitecture {
        /// The architecture as given.
        given: String,
        /// `, did you mean …?` or nothing.
        near: String,
        /// All architectures.
        known: String,
    },
    /// An option has a value that makes no sense.
    #[error("{option} {value}: {why}")]
    BadOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is wrong and what is allowed.
        why: String,
    },
    /// The output folder holds something that is not a run.
    #[error("{0} is not empty and holds no run (no config.json); choose another folder with --out")]
    NotARun(PathBuf),
    /// The output folder holds a run and resuming was not asked for.
    #[error("{path} already holds {what} run; add --resume to {resume}, or choose another folder with --out")]
    RunExists {
        /// The folder.
        path: PathBuf,
        /// "a finished" or "an unfinished".
        what: &'static str,
        /// What resuming would do.
        resume: &'static str,
    },
    /// The run to resume has another configuration.
    #[error(
        "{path} holds a run with another configuration: `{field}` is {there} there and {here} here; \
         resume with the options that it was started with, or choose another folder with --out"
    )]
    OtherConfig {
        /// The folder.
        path: PathBuf,
        /// The first setting that differs.
        field: String,
        /// Its value in the folder.
        there: String,
        /// Its value now.
        here: String,
    },
    /// An analysis of a system or a map failed.
    #[error("{what}: {source}")]
    Analysis {
        /// What was looked for.
        what: String,
        /// Why it was not found.
        source: Box<ode_solvers::dynamics::DynamicsError>,
    },
    /// There is no run to resume.
    #[error("{0} holds no run to resume; leave out --resume to start one")]
    NothingToResume(PathBuf),
    /// A folder has no list of its files.
    #[error(
        "{0} holds no SHA256SUMS: its run is not finished, or is older than such lists; resume it, which \
         writes one at its end"
    )]
    NotSealed(PathBuf),
    /// Files of a finished run, or experiments of a folder, are not as they were.
    #[error("{path} is not as its run left it: {}; restore them, or run it again with --resume", .files.join(", "))]
    NotWhole {
        /// The folder.
        path: PathBuf,
        /// The files, each with what is wrong.
        files: Vec<String>,
    },
    /// A folder holds no runs.
    #[error("{0} holds no run and no folders of runs; give the folder of a run, or of a reproduction")]
    NoRuns(PathBuf),
    /// A folder is not that of a run.
    #[error("{0} holds no run (no config.json); give the folder of one run, or of a sweep")]
    NoRun(PathBuf),
    /// Another process works in the folder.
    #[error("another process is running in {0}; wait for it, or choose another folder with --out")]
    Busy(PathBuf),
    /// A file of a run is damaged.
    #[error("{path} is damaged: {why}; {remedy}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What to do about it.
        remedy: String,
    },
    /// A trial's spec makes no sense.
    #[error("trial: {field} = {value}: {why}")]
    BadTrial {
        /// The field.
        field: String,
        /// Its value.
        value: String,
        /// What is wrong and what is allowed.
        why: String,
    },
    /// A trial was asked to stop, and its state was saved.
    #[error("{0}: stopped; its state is saved, and the same call goes on with it")]
    TrialStopped(PathBuf),
    /// A plan of a sweep cannot be used.
    #[error("plan {path}: {why}")]
    Plan {
        /// The plan.
        path: PathBuf,
        /// What is wrong with it and what is allowed.
        why: String,
    },
    /// The folder of a sweep holds another plan.
    #[error(
        "{path} holds the sweep `{there}` with another plan; a folder takes one plan: choose another \
         folder for `{here}`"
    )]
    OtherPlan {
        /// The folder.
        path: PathBuf,
        /// The name of the plan in the folder.
        there: String,
        /// The name of the plan given.
        here: String,
    },
    /// The folder holds no sweep.
    #[error("{0} holds no sweep (no sweep.json); begin one with `sweep new PLAN.toml {0}`")]
    NotASweep(PathBuf),
    /// The folder of a new sweep holds something else.
    #[error("{0} is not empty and holds no sweep (no plan.toml); choose another folder")]
    NotForASweep(PathBuf),
    /// A trial of a sweep went wrong.
    #[error("trial {trial}: {why}")]
    Trial {
        /// The trial.
        trial: String,
        /// What went wrong.
        why: String,
    },
    /// A sweep has ended, and some of its trials failed.
    #[error(
        "{failed} of {all} trials failed: see {path} (first: {first}); once the cause is gone, run them \
         again with --retry"
    )]
    TrialsFailed {
        /// How many failed.
        failed: usize,
        /// How many there are.
        all: usize,
        /// The folder that says why.
        path: PathBuf,
        /// The first of them and its error.
        first: String,
    },
    /// Numbers do not allow the statistics asked for.
    #[error("statistics: {0}")]
    Statistics(String),
    /// A network's training went wrong.
    #[error("network {network}: {source}")]
    Training {
        /// The network.
        network: String,
        /// What the trainer said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A data set could not be made.
    #[error("data set `{name}`: {source}")]
    Data {
        /// The data set.
        name: String,
        /// What the generator said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A session could not be opened or run.
    #[error("inference: {0}")]
    Inference(#[from] infer_trt::InferError),
    /// A model, a parameter or a stimulus that makes no sense.
    #[error(transparent)]
    Model(#[from] ionic_models::Error),
    /// A trajectory that biomarkers cannot be taken from.
    #[error("biomarkers: {0}")]
    Biomarkers(#[from] ionic_models::biomarkers::BiomarkerError),
    /// A solve failed.
    #[error("{model}: {source}{}", saved(partial.as_deref()))]
    Solve {
        /// The model.
        model: &'static str,
        /// Where the trajectory up to the failure was written, if it was.
        partial: Option<PathBuf>,
        /// What the solver said.
        source: Box<ode_solvers::SolveError>,
    },
    /// The claims file cannot be used.
    #[error("claims {file}: {why}")]
    Claims {
        /// The file.
        file: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A figure could not be drawn.
    #[error("figure {name}: {why}")]
    Figure {
        /// The figure.
        name: String,
        /// What the drawing library said.
        why: String,
    },
    /// The work was stopped by Ctrl-C or SIGTERM after its state was saved.
    #[error("stopped; the work so far is saved. Go on with:\n  {resume}")]
    Interrupted {
        /// The command that resumes.
        resume: String,
    },
}

fn saved(partial: Option<&Path>) -> String {
    partial.map_or_else(String::new, |p| format!("; the trajectory until then is in {}", p.display()))
}

impl Error {
    pub(crate) fn bad_option(
        option: &'static str,
        value: impl std::fmt::Display,
        why: impl Into<String>,
    ) -> Self {
        Error::BadOption { option, value: value.to_string(), why: why.into() }
    }

    pub(crate) fn bad_trial(field: &str, value: impl std::fmt::Display, why: impl Into<String>) -> Self {
        Error::BadTrial { field: field.to_owned(), value: value.to_string(), why: why.into() }
    }

    pub(crate) fn io(path: &Path, remedy: &'static str) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { path, source, remedy }
    }
}

/// `, did you mean …?` for the candidates near to `given`, or nothing.
pub(crate) fn near_misses<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let key = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let wanted = key(given);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|c| (distance(&wanted, &key(c)), c))
        .filter(|(d, c)| *d <= 1 + key(c).len() / 4)
        .collect();
    near.sort();
    match near.first() {
        Some((_, best)) => format!(", did you mean `{best}`?"),
        None => String::new(),
    }
}

/// Levenshtein distance: the fewest insertions, deletions and substitutions.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, near_misses};

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("wa", "wa"), 0);
    }

    #[test]
    fn near_misses_name_the_closest_or_nothing() {
        assert_eq!(near_misses("w_a", ["W-A", "W-BS1"]), ", did you mean `W-A`?");
        assert_eq!(near_misses("W-B", ["W-A"]), ", did you mean `W-A`?");
        assert_eq!(near_misses("turbulence", ["W-A", "W-BS1"]), "");
    }
}
