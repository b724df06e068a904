//! What a training consists of, apart from its data.

use serde::{Deserialize, Serialize};

use crate::optimizer::{AdamConfig, PlateauConfig};
use crate::{Error, MlpSpec, Normalization, Sampling, check};

/// The settings of a training. Together with the data, the equations and the seed inside, they
/// determine every weight at every iteration on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The network.
    pub network: MlpSpec,
    /// Maps inputs to what the network sees.
    pub input: Normalization,
    /// Maps targets to what the network learns. Data and initial losses are taken in these units.
    pub output: Normalization,
    /// Seed of the first weights, of the order of the data, and of collocation points.
    pub seed: u64,
    /// The data term; `None` trains without data.
    pub data: Option<DataTerm>,
    /// A second data term, on samples of its own ([`TrainingSet::extra`](crate::TrainingSet::extra)):
    /// extra points where a network errs, for instance (eq. 3.8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<DataTerm>,
    /// How the data terms, common and extra, count the error of a row.
    #[serde(default, skip_serializing_if = "DataNorm::is_default")]
    pub data_norm: DataNorm,
    /// The physics term (eq. 3.14): one entry for each region of the domain; empty for none.
    #[serde(default)]
    pub physics: Vec<PhysicsTerm>,
    /// Each output's physics residual is divided by this number; empty for 1.
    #[serde(default)]
    pub residual_scale: Vec<f64>,
    /// The initial-condition term.
    #[serde(default)]
    pub initial: Option<InitialTerm>,
    /// The continuity term: the network of one window of the time domain agrees with that of the
    /// window before where they meet (eq. 3.20).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuity: Option<ContinuityTerm>,
    /// Which input is time: du/dt is the derivative with respect to it.
    #[serde(default)]
    pub time_input: usize,
    /// The optimiser.
    #[serde(default)]
    pub adam: AdamConfig,
    /// The learning rate's schedule, driven by the training loss of every iteration; `None` keeps
    /// the learning rate.
    #[serde(default)]
    pub plateau: Option<PlateauConfig>,
    /// What computes loss and gradient. Files without it were trained on the tape.
    #[serde(default = "Backend::of_old_files")]
    pub backend: Backend,
    /// Every so many iterations the validation error is taken and a record written into the history.
    pub validate_every: u64,
}

/// What computes the loss and its gradient. Both compute the same, rounded differently: a training
/// is resumed with the one that began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// [`Backend::Fused`] for networks whose layers are at most [`Backend::FUSED_WIDTH`] wide, else
    /// [`Backend::Tape`].
    #[default]
    Auto,
    /// Kernels of this crate that keep the batch in lanes, without a tape and without allocation.
    Fused,
    /// Reverse mode on dfdx's tape.
    Tape,
}

impl Backend {
    /// The widest layer for which [`Backend::Auto`] takes the fused kernels: beyond it, panels and
    /// weights leave the first cache.
    pub const FUSED_WIDTH: usize = 128;

    fn of_old_files() -> Self {
        Self::Tape
    }

    /// The backend that a network is trained with: never [`Backend::Auto`].
    pub fn resolve(self, network: &MlpSpec) -> Self {
        let narrow = |n: usize| n <= Self::FUSED_WIDTH;
        match self {
            Self::Auto if network.layers().all(|l| narrow(l.inputs) && narrow(l.outputs)) => Self::Fused,
            Self::Auto => Self::Tape,
            chosen => chosen,
        }
    }
}

/// What the data terms take the mean of, over the rows of a batch. In a row, e is the vector of errors in
/// normal units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataNorm {
    /// ½|e|², of eqs 3.5 to 3.7.
    #[default]
    Squared,
    /// |e|, the length of the vector. Rows with large errors pull less: the mean error becomes smaller,
    /// the greatest error larger.
    Euclidean,
}

impl DataNorm {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The data term of the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataTerm {
    /// Rows in a batch; the whole data set if it is not larger.
    pub batch: usize,
    /// How they are drawn.
    #[serde(default)]
    pub sampling: Sampling,
    /// λ_D of eq. 3.16.
    pub weight: f64,
}

/// The physics term on one region of the inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhysicsTerm {
    /// Collocation points in a batch, drawn anew at every iteration, uniform in `domain`.
    pub batch: usize,
    /// (low, high) for every input, in physical units. Equal bounds hold an input fixed.
    pub domain: Vec<(f64, f64)>,
    /// λ_P of eq. 3.16, or λⁱ of eq. 3.14.
    pub weight: f64,
}

/// The initial-condition term.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitialTerm {
    /// Points in a batch, drawn anew at every iteration.
    pub batch: usize,
    /// (low, high) for every input, in physical units; time's entry is usually (0, 0).
    pub domain: Vec<(f64, f64)>,
    /// The state there, one entry for each output.
    pub values: Vec<InitialValue>,
    /// λ_B of eq. 3.16.
    pub weight: f64,
}

/// The continuity term: its targets are what [`TrainingSet::previous`](crate::TrainingSet::previous)
/// gives for the same inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinuityTerm {
    /// Points in a batch, drawn anew at every iteration.
    pub batch: usize,
    /// (low, high) for every input, in physical units; time's entry is the interface twice.
    pub domain: Vec<(f64, f64)>,
    /// The weight of the term.
    pub weight: f64,
}

/// Where an initial state comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialValue {
    /// A number, in physical units.
    Fixed(f64),
    /// The input of this index.
    Input(usize),
}

impl TrainConfig {
    /// A training on data alone: Adam with its defaults, no schedule, the whole set in each batch up
    /// to 128 rows, a record every 10 000 iterations.
    pub fn data_driven(network: MlpSpec, seed: u64) -> Self {
        Self {
            input: Normalization::identity(network.inputs),
            output: Normalization::identity(network.outputs),
            network,
            seed,
            data: Some(DataTerm { batch: 128, sampling: Sampling::default(), weight: 1.0 }),
            extra: None,
            data_norm: DataNorm::Squared,
            physics: Vec::new(),
            residual_scale: Vec::new(),
            initial: None,
            continuity: None,
            time_input: 0,
            adam: AdamConfig::default(),
            plateau: None,
            backend: Backend::Auto,
            validate_every: 10_000,
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::BadConfig`], [`Error::BadSpec`] or [`Error::BadLength`] naming the setting.
    pub fn check(&self) -> Result<(), Error> {
        let (n_in, n_out) = (self.network.inputs, self.network.outputs);
        self.network.check()?;
        self.input.check("input", n_in)?;
        self.output.check("output", n_out)?;
        self.adam.check()?;
        if let Some(plateau) = &self.plateau {
            plateau.check()?;
        }
        if let Some(data) = &self.data {
            check_term("data", data.batch, data.weight)?;
        }
        if let Some(extra) = &self.extra {
            check_term("extra", extra.batch, extra.weight)?;
        }
        if let Some(term) = &self.continuity {
            check_term("continuity", term.batch, term.weight)?;
            check_domain("continuity.domain", &term.domain, n_in)?;
        }
        for (k, term) in self.physics.iter().enumerate() {
            let name = format!("physics[{k}]");
            check_term(&name, term.batch, term.weight)?;
            check_domain(&format!("{name}.domain"), &term.domain, n_in)?;
        }
        if let Some(initial) = &self.initial {
            check_term("initial", initial.batch, initial.weight)?;
            check_domain("initial.domain", &initial.domain, n_in)?;
            check_length("initial.values", initial.values.len(), n_out)?;
            for (j, value) in initial.values.iter().enumerate() {
                let name = format!("initial.values[{j}]");
                match *value {
                    InitialValue::Fixed(v) if !v.is_finite() => {
                        return Err(Error::config(&name, v, "it must be finite"));
                    }
                    InitialValue::Input(i) if i >= n_in => {
                        return Err(Error::config(&name, i, format!("there are only {n_in} inputs")));
                    }
                    _ => {}
                }
            }
        }
        let values = self.extra.is_some() || self.initial.is_some() || self.continuity.is_some();
        if self.data.is_none() && self.physics.is_empty() && !values {
            return Err(Error::config("data", "none", "the loss has no term at all; set one"));
        }
        if !self.residual_scale.is_empty() {
            check_length("residual_scale", self.residual_scale.len(), n_out)?;
        }
        for (j, c) in self.residual_scale.iter().enumerate() {
            if !(c.is_normal() && *c > 0.0) {
                let name = format!("residual_scale[{j}]");
                return Err(Error::config(&name, c, "it must be positive and finite"));
            }
        }
        if self.time_input >= n_in {
            let reason = format!("there are only {n_in} inputs");
            return Err(Error::config("time_input", self.time_input, reason));
        }
        check::at_least_one("validate_every", self.validate_every)
    }
}

fn check_length(name: &str, found: usize, expected: usize) -> Result<(), Error> {
    check::length(&format!("setting `{name}`"), found, expected)
}

fn check_term(name: &str, batch: usize, weight: f64) -> Result<(), Error> {
    if !(1..=1 << 24).contains(&batch) {
        return Err(Error::config(&format!("{name}.batch"), batch, "it must be from 1 to 2^24"));
    }
    check::not_negative(&format!("{name}.weight"), weight)
}

fn check_domain(name: &str, domain: &[(f64, f64)], inputs: usize) -> Result<(), Error> {
    check_length(name, domain.len(), inputs)?;
    for (i, (low, high)) in domain.iter().enumerate() {
        if !(low.is_finite() && high.is_finite() && low <= high) {
            let value = format!("({low}, {high})");
            return Err(Error::config(&format!("{name}[{i}]"), value, "it must be finite with low ≤ high"));
        }
    }
    Ok(())
}
