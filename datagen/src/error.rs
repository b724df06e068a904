//! What can go wrong, with the place and the remedy.

use std::path::{Path, PathBuf};

use ode_solvers::SolveError;

use crate::recipe::RECIPE_FORMAT;

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a recipe.
    #[error("this is not a recipe: {0}")]
    RecipeJson(#[source] serde_json::Error),
    /// The recipe was written for another version of the format.
    #[error("recipe format {found} is not known: this version reads format {RECIPE_FORMAT}")]
    RecipeFormat {
        /// The version that the recipe names.
        found: u32,
    },
    /// The model registry refused the model, a name in it, or a value.
    #[error("recipe, {place}: {source}")]
    Model {
        /// The part of the recipe.
        place: String,
        /// What the registry says.
        source: Box<ionic_models::Error>,
    },
    /// A state or parameter that the model does not have.
    #[error("recipe, {place}: `{name}` is not a {kind} of {model}; it has {known}")]
    UnknownName {
        /// The part of the recipe.
        place: String,
        /// `state` or `parameter`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// The model.
        model: String,
        /// What there is.
        known: String,
    },
    /// A number in the recipe that cannot be used.
    #[error("recipe, {place}: {value} {problem}")]
    BadNumber {
        /// The part of the recipe.
        place: String,
        /// The number.
        value: f64,
        /// What is wrong with it, and what would be right.
        problem: &'static str,
    },
    /// A range whose upper end is not above its lower end.
    #[error(
        "recipe, {place}: the range from {low} to {high} is empty or reversed; `low` must be below `high`"
    )]
    BadRange {
        /// The part of the recipe.
        place: String,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// Parts of the recipe that do not fit together.
    #[error("recipe, {place}: {problem}")]
    BadRecipe {
        /// The part of the recipe.
        place: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// More numbers than a data set may hold.
    #[error(
        "the recipe asks for {rows} rows of {columns} columns, more than the {limit} numbers a data set may hold: \
         split it into several recipes with different seeds"
    )]
    TooLarge {
        /// Trajectories times rows of each.
        rows: u128,
        /// Columns.
        columns: usize,
        /// The most numbers in one data set.
        limit: u128,
    },
    /// The system has no memory for the data set.
    #[error(
        "there is no memory for a data set of {bytes} bytes: split the recipe into several with different seeds"
    )]
    OutOfMemory {
        /// The size of the data set.
        bytes: usize,
    },
    /// A trajectory could not be integrated.
    #[error("trajectory {index} ({drawn}): {source}")]
    Trajectory {
        /// The index of the trajectory, from 0.
        index: usize,
        /// The quantities drawn for it, `name=value`.
        drawn: String,
        /// What the solver says.
        source: Box<SolveError>,
    },
    /// No threshold of excitation where one is sought.
    #[error(
        "trajectory {index}: of {lengths} pulses with lengths from {} to {}, none excites with one of the amplitudes {} and {} \
         and not with the other; widen sampling.parts, or check sampling.state and sampling.above",
        length.0, length.1, amplitude.0, amplitude.1
    )]
    NoThreshold {
        /// The index of the trajectory, from 0.
        index: usize,
        /// How many lengths were tried.
        lengths: usize,
        /// Between which lengths.
        length: (f64, f64),
        /// Between which amplitudes.
        amplitude: (f64, f64),
    },
    /// A trajectory was integrated, but a number in it is not finite.
    #[error("trajectory {index} ({drawn}): column `{column}` is {value} at t = {t}")]
    NotFinite {
        /// The index of the trajectory, from 0.
        index: usize,
        /// The quantities drawn for it, `name=value`.
        drawn: String,
        /// The column.
        column: String,
        /// The time of the row.
        t: f64,
        /// The number.
        value: f64,
    },
    /// The threads that were asked for could not be started.
    #[error("could not start {threads} threads: {source}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the thread pool says.
        source: rayon::ThreadPoolBuildError,
    },
    /// The caller asked to stop.
    #[error("stopped by the caller after {done} of {of} trajectories; nothing was kept")]
    Stopped {
        /// Trajectories finished.
        done: u64,
        /// Trajectories of the recipe.
        of: u64,
    },
    /// A split that leaves one side without trajectories, or is no fraction at all.
    #[error(
        "a validation fraction of {fraction} of {trajectories} trajectories leaves one side empty; choose a fraction between 0 and 1 and at least two trajectories"
    )]
    BadSplit {
        /// The fraction.
        fraction: f64,
        /// The trajectories there are.
        trajectories: usize,
    },
    /// The operating system refused.
    #[error("could not {action} {}: {source}; {}", path.display(), remedy(action))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that is not a data set, or not an undamaged one.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: FileProblem,
    },
    /// An export could not be written.
    #[error("could not write {} as {format}: {problem}; {}", path.display(), remedy("write"))]
    Export {
        /// The file.
        path: PathBuf,
        /// `npz` or `CSV`.
        format: &'static str,
        /// What the writer says.
        problem: String,
    },
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// Not a data set at all.
    #[error("this is not a data set of datagen: {0}")]
    NotADataset(String),
    /// The file ends early.
    #[error(
        "the file is cut short: it has {found} bytes and should have {expected}; generate it again from its recipe"
    )]
    CutShort {
        /// The bytes there are.
        found: u64,
        /// The bytes that its header announces.
        expected: u64,
    },
    /// The file goes on after its end.
    #[error("the file has {found} bytes and should have {expected}: something was appended to it")]
    TooLong {
        /// The bytes there are.
        found: u64,
        /// The bytes that its header announces.
        expected: u64,
    },
    /// Written by another version of the format.
    #[error("file format {found} is not known: this version reads format {supported}")]
    FormatVersion {
        /// The version in the file.
        found: String,
        /// The version that can be read.
        supported: u32,
    },
    /// The content is not what its hash says.
    #[error(
        "the file is damaged: its content has SHA-256 {found}, its header says {stored}; \
         generate it again from its recipe"
    )]
    ContentHash {
        /// The hash in the header.
        stored: String,
        /// The hash of what is there.
        found: String,
    },
    /// The recipe in the header is not the one its hash says.
    #[error("the file is damaged: its recipe has SHA-256 {found}, its header says {stored}")]
    RecipeHash {
        /// The hash in the header.
        stored: String,
        /// The hash of what is there.
        found: String,
    },
    /// The columns do not fit the values or the recipe.
    #[error("the columns do not fit: {0}")]
    Columns(String),
    /// A value that is not a finite number.
    #[error("row {row}, column `{column}`: {value} is not a finite number")]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The column.
        column: String,
        /// The value.
        value: f64,
    },
    /// The header says what is right, but not the way this crate writes it.
    #[error("the file is damaged: its header is not spelled the way datagen writes it")]
    Spelling,
}

impl FileProblem {
    /// This problem, in the file at `path`.
    pub(crate) fn at(self, path: &Path) -> Error {
        Error::File { path: path.to_owned(), problem: self }
    }
}

/// What may help where the system refused.
fn remedy(action: &str) -> &'static str {
    match action {
        "open" | "read" => "check the name, and that the file may be read",
        _ => "check that the folder is there and may be written to, and that the disk is not full",
    }
}

impl Error {
    pub(crate) fn bad_recipe(place: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::BadRecipe { place: place.into(), problem: problem.into() }
    }

    pub(crate) fn model(place: impl Into<String>) -> impl FnOnce(ionic_models::Error) -> Error {
        let place = place.into();
        move |source| Error::Model { place, source: Box::new(source) }
    }

    pub(crate) fn bad_number(place: impl Into<String>, value: f64, problem: &'static str) -> Error {
        Error::BadNumber { place: place.into(), value, problem }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { action, path, source }
    }
}
