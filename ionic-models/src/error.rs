//! What can go wrong.

use std::path::PathBuf;

use crate::names::hint;

/// An error of this crate: each names the value, the place and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No model has this identifier.
    #[error("no model is called `{id}`{}; the models are {}", hint(near), known.join(", "))]
    UnknownModel {
        /// The name asked for.
        id: String,
        /// Names that look like it.
        near: Vec<String>,
        /// All identifiers.
        known: Vec<&'static str>,
    },
    /// A model is to be added under the name of another.
    #[error("there is a model called `{id}`: give your `IonicModel::NAME` another name")]
    ModelExists {
        /// The name.
        id: &'static str,
    },
    /// The model has no such variant.
    #[error("model `{model}` has no variant `{variant}`; {}", list_variants(known))]
    UnknownVariant {
        /// The model.
        model: &'static str,
        /// The variant asked for.
        variant: String,
        /// The model's variants.
        known: Vec<&'static str>,
    },
    /// The model has no such parameter, state or current.
    #[error("model `{model}` has no {kind} called `{name}`{}", hint(near))]
    UnknownName {
        /// The model.
        model: &'static str,
        /// `parameter`, `state` or `current`.
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// Names that look like it.
        near: Vec<String>,
    },
    /// A value that is not a finite number.
    #[error("{kind} `{name}` of model `{model}` cannot be {value}: give a finite number")]
    NotFinite {
        /// The model.
        model: &'static str,
        /// `parameter` or `state`.
        kind: &'static str,
        /// Its name.
        name: &'static str,
        /// The value.
        value: f64,
    },
    /// A value outside the range for which the model is meant, where the cell was told to refuse it
    /// ([`RangePolicy::Refuse`](crate::RangePolicy)).
    #[error("{0}")]
    OutOfRange(OutOfRange),
    /// Too many or too few values.
    #[error("model `{model}` has {expected} {kind}s, {found} values were given")]
    WrongLength {
        /// The model.
        model: &'static str,
        /// `parameter` or `state`.
        kind: &'static str,
        /// As many as the table has.
        expected: usize,
        /// As many as were given.
        found: usize,
    },
    /// A column that is not as long as there are cells.
    #[error(
        "{kind} `{name}` of model `{model}` needs a column of {expected} values, one for each cell; {found} were given"
    )]
    WrongColumn {
        /// The model.
        model: &'static str,
        /// `parameter`.
        kind: &'static str,
        /// Its name.
        name: &'static str,
        /// The number of cells.
        expected: usize,
        /// As many as were given.
        found: usize,
    },
    /// A stimulus that makes no sense.
    #[error("stimulus: {field} is {value}: {remedy}")]
    Stimulus {
        /// Which number.
        field: String,
        /// Its value.
        value: f64,
        /// What is allowed.
        remedy: &'static str,
    },
    /// More pulses than a solver can list.
    #[error(
        "{pulses:e} pulses begin until t = {until}, more than {:e}; lengthen the period, or give a count",
        crate::MAX_PULSES
    )]
    TooManyPulses {
        /// How many.
        pulses: f64,
        /// The end of the time that was asked for.
        until: f64,
    },
    /// Text that does not describe a stimulus.
    #[error("cannot read `{text}` as a stimulus: {remedy}")]
    StimulusText {
        /// The piece of text.
        text: String,
        /// What is expected.
        remedy: String,
    },
    /// A stimulus file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of a stimulus file that makes no sense.
    #[error("{}, line {line}: {message}", path.display())]
    FileLine {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong and what is expected.
        message: String,
    },
}

/// A value outside the range for which the model is meant: a warning, or an error where the caller
/// wants one.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "{kind} `{name}` = {value} of model `{model}` is outside {} to {} {unit}, the range for which the model is meant",
    range.0, range.1
)]
pub struct OutOfRange {
    /// The model.
    pub model: &'static str,
    /// `parameter` or `state`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// The range, both ends included.
    pub range: (f64, f64),
    /// The unit of all three.
    pub unit: &'static str,
}

fn list_variants(known: &[&str]) -> String {
    match known {
        [""] | [] => "it has only one set of values: leave the variant out".to_owned(),
        _ => format!("its variants are {}", known.join(", ")),
    }
}
