//! What a data set is made from: a pure, serialisable description.

use std::collections::BTreeMap;

use ionic_models::StimulusSpec;
use ode_solvers::Method;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::canonical;

/// The recipe format that this version writes and reads.
pub const RECIPE_FORMAT: u32 = 1;

/// A complete description of a data set. Two equal recipes give the same data set, byte for byte,
/// on any number of threads of one machine.
///
/// Build one in code, or read it from JSON with [`Recipe::from_json`]. Nothing is checked until
/// [`check`](Recipe::check) or [`generate`](Recipe::generate).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The version of this format, [`RECIPE_FORMAT`].
    pub format: u32,
    /// Which cell, with what in it replaced.
    pub model: ModelSpec,
    /// How trajectories differ from each other.
    pub sampling: Sampling,
    /// How a trajectory is integrated.
    pub integrator: Integrator,
    /// The time at which the initial state holds, in the model's unit of time.
    pub t_start: f64,
    /// The times of the rows of each trajectory, none before `t_start`.
    pub times: TimeGrid,
    /// What one row relates: a time to a state, or a state to a later state.
    pub rows: Rows,
    /// The columns of a row.
    pub columns: Columns,
    /// Seed of everything drawn at random.
    pub seed: u64,
}

/// The cell: an entry of the model registry and what is changed in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Registry id, such as `fitzhugh_nagumo`.
    pub id: String,
    /// Variant, such as `werneck`; `None` takes the model's only or first one.
    #[serde(default)]
    pub variant: Option<String>,
    /// Parameters that differ from the published values, in the model's units.
    #[serde(default)]
    pub parameters: BTreeMap<String, f64>,
    /// Initial states that differ from the published values, in the model's units.
    #[serde(default)]
    pub initial: BTreeMap<String, f64>,
    /// The applied current, in the model's unit and sign.
    #[serde(default)]
    pub stimulus: StimulusSpec,
}

/// Something that may differ from trajectory to trajectory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// The initial value of the named state.
    Initial(String),
    /// The named parameter.
    Parameter(String),
    /// The amplitude of the stimulus, which must have one: constant, a pulse train or S1–S2 pulses.
    StimulusAmplitude,
    /// How long a pulse of the stimulus lasts, which must be a pulse train: with a count of 1, a single pulse.
    StimulusDuration,
}

impl std::fmt::Display for Quantity {
    /// The name of the quantity's column: `U_0` for the initial value of `U`, the parameter's own
    /// name, `I_stim`, or `T_stim`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Quantity::Initial(name) => write!(f, "{name}_0"),
            Quantity::Parameter(name) => f.write_str(name),
            Quantity::StimulusAmplitude => f.write_str("I_stim"),
            Quantity::StimulusDuration => f.write_str("T_stim"),
        }
    }
}

/// How trajectories differ from each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Sampling {
    /// One trajectory, with the values of [`ModelSpec`].
    Single,
    /// Independent and uniform in a box.
    Uniform {
        /// The number of trajectories.
        samples: u64,
        /// The sides of the box.
        ranges: Vec<Range>,
    },
    /// Independent and uniform in one of several boxes, which is drawn first.
    Mixture {
        /// The number of trajectories.
        samples: u64,
        /// The boxes. All have the same sides, in the same order.
        parts: Vec<Part>,
    },
    /// Pulses nearly as strong as the weakest that excites the cell, for a denser cloud where responses are
    /// all or none: one of several boxes is drawn first, then a length in it, and then an amplitude within a margin of
    /// the threshold of that length. The threshold is sought between both ends of the box, with the recipe's
    /// integrator, to a sixteenth of the margin; lengths that have none there are drawn again.
    NearThreshold {
        /// The number of trajectories.
        samples: u64,
        /// The boxes. Each has two sides: the amplitude and the length of a pulse, in this order.
        parts: Vec<Part>,
        /// The state that tells whether the cell is excited.
        state: String,
        /// It is if the state rises above this before the last time of the rows.
        above: f64,
        /// How far from its threshold an amplitude may be, as a part of the threshold; between 0 and 1. Amplitudes near
        /// an end of a box may lie outside of it by as much.
        margin: f64,
    },
    /// Every combination of the values on each axis. The last axis runs fastest.
    Grid {
        /// The axes.
        axes: Vec<Axis>,
    },
    /// The given points, one trajectory each: extra points where a network errs, for instance.
    Listed {
        /// What the numbers of a point are.
        of: Vec<Quantity>,
        /// One row for each trajectory, as long as `of`.
        points: Vec<Vec<f64>>,
    },
    /// Uniform in boxes around given points, for a denser cloud where a network errs.
    Around {
        /// What the numbers of a centre are.
        of: Vec<Quantity>,
        /// The centres, each as long as `of`.
        centres: Vec<Vec<f64>>,
        /// Half the side of the box along each quantity; not negative.
        half_widths: Vec<f64>,
        /// The number of trajectories around each centre.
        samples_each: u64,
    },
}

/// One side of a box to draw from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// What is drawn.
    pub of: Quantity,
    /// The lower end.
    pub low: f64,
    /// The upper end, above `low`.
    pub high: f64,
}

/// One box of a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// How often this box is drawn, as a share of the sum of all shares.
    pub share: f64,
    /// The sides of the box.
    pub ranges: Vec<Range>,
}

/// One axis of a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// What is varied.
    pub of: Quantity,
    /// Its values, in the order of the rows.
    pub values: Vec<f64>,
}

impl Axis {
    /// `points` values with equal distances from `low` to `high`, both included.
    pub fn linear(of: Quantity, low: f64, high: f64, points: usize) -> Axis {
        Axis { of, values: (0..points).map(|i| between(low, high, i as u64, points as u64 - 1)).collect() }
    }
}

/// How a trajectory is integrated. There is no default accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Integrator {
    /// Steps of one size.
    Fixed {
        /// The method.
        #[serde(with = "method_name")]
        method: Method,
        /// The step, in the model's unit of time.
        dt: f64,
    },
    /// Steps chosen by error control.
    Adaptive {
        /// The method.
        #[serde(with = "method_name")]
        method: Method,
        /// Relative tolerance.
        rtol: f64,
        /// Absolute tolerance, the same for all states.
        atol: f64,
    },
}

/// The times of the rows of one trajectory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TimeGrid {
    /// Equal distances, the same times for every trajectory.
    Uniform {
        /// Start of the interval.
        from: f64,
        /// End of the interval.
        to: f64,
        /// The number of points.
        points: u64,
        /// Which ends of the interval are among the points.
        ends: Ends,
    },
    /// These times, in rising order, for every trajectory.
    Listed {
        /// The times.
        times: Vec<f64>,
    },
    /// Drawn for each trajectory on its own, uniform in the interval, in rising order.
    Random {
        /// Start of the interval.
        from: f64,
        /// End of the interval.
        to: f64,
        /// The number of points.
        points: u64,
    },
}

/// Which ends of an interval belong to a uniform grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// Distance `(to − from)/(n − 1)`.
    Both,
    /// Distance `(to − from)/n`, starting at `from`.
    First,
    /// Distance `(to − from)/n`, ending at `to`.
    Last,
    /// Distance `(to − from)/(n + 1)`.
    Neither,
}

/// What one row relates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rows {
    /// Inputs and targets are taken at the same time of the grid: data for `u(t, …)`.
    AtTimes,
    /// Inputs are taken at a time of the grid, targets `step` later: data for an iterator
    /// `u(t + Δt) = F(u(t), …)`.
    StepPairs {
        /// Δt, in the model's unit of time.
        step: f64,
    },
}

/// The columns of a row: inputs first, then targets, each in the order given here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// What a network sees.
    pub inputs: Vec<Input>,
    /// What it is to give: states by name.
    pub targets: Vec<String>,
}

/// An input column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The time of the row on the model's clock: `t`.
    Time,
    /// A quantity of the trajectory, drawn or not.
    Quantity(Quantity),
    /// The named state at the time of the row.
    State(String),
    /// The applied current at the time of the row: `I_app`. Continuous from the right.
    Stimulus,
    /// The mean of the applied current from the time of the row over the distance to the next: `I_app`. So rows
    /// that lie farther apart than pulses are long, or differ in length, still tell how much charge there
    /// was. With times at equal distances only.
    StimulusMean,
}

impl Recipe {
    /// Reads a recipe from JSON.
    ///
    /// # Errors
    /// [`Error::RecipeFormat`] for a recipe of another format version, [`Error::RecipeJson`] for
    /// anything that is not a recipe. The numbers in it are checked later, by
    /// [`check`](Recipe::check).
    pub fn from_json(text: &str) -> Result<Recipe, Error> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let version: Version = serde_json::from_str(text).map_err(Error::RecipeJson)?;
        if version.format != RECIPE_FORMAT {
            return Err(Error::RecipeFormat { found: version.format });
        }
        serde_json::from_str(text).map_err(Error::RecipeJson)
    }

    /// The recipe as canonical JSON: keys in alphabetical order, no white space, numbers in the
    /// shortest form that reads back to the same bits.
    pub fn to_json(&self) -> String {
        canonical::json(self)
    }

    /// SHA-256 of [`to_json`](Recipe::to_json), in hexadecimal. It is the identity of the data
    /// set that the recipe describes.
    pub fn sha256(&self) -> String {
        canonical::hex(&Sha256::digest(self.to_json().as_bytes()))
    }
}

/// The `i`-th of `n` equal parts of the way from `low` to `high`; exact at both ends.
pub(crate) fn between(low: f64, high: f64, i: u64, n: u64) -> f64 {
    if n == 0 {
        return low;
    }
    (high * i as f64 + low * (n - i) as f64) / n as f64
}

/// A method under the name it has on command lines.
mod method_name {
    use ode_solvers::Method;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(method: &Method, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(method)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Method, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}
