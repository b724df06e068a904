//! What a training of a map consists of, apart from its pairs.

use serde::{Deserialize, Serialize};

use super::MapSpec;
use crate::{AdamConfig, Backend, Error, Normalization};

/// The settings of a training. Together with the pairs and the seed inside, they determine every
/// parameter after every iteration on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapConfig {
    /// The map's shape.
    pub network: MapSpec,
    /// The normalisation of the states (eq. 10).
    pub state: Normalization,
    /// The normalisation of the control parameters (eq. 10).
    pub control: Normalization,
    /// Δt, in the model's unit of time.
    pub dt: f64,
    /// What the first weights of inputs are multiplied with ([`NeuralMap::random`](crate::NeuralMap::random)).
    pub gain: f64,
    /// Seed of the first parameters and of the order of the pairs.
    pub seed: u64,
    /// Pairs in a batch; all of them if there are fewer.
    pub batch: usize,
    /// How often all pairs are gone through.
    pub epochs: u64,
    /// The optimiser. Its learning rate is that of the first iteration.
    pub adam: AdamConfig,
    /// What the learning rate of each sub-network is multiplied with; empty for 1. Increments of slow states
    /// are small, and so are the weights that make them: a rate that suits fast states throws them about.
    #[serde(default)]
    pub rates: Vec<f64>,
    /// How the learning rate falls.
    pub decay: Decay,
    /// What computes loss and gradient.
    pub backend: Backend,
    /// Every so many epochs the validation error is taken and a record is written into the history.
    pub validate_every: u64,
}

/// The learning rate over a training.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// The same all the time.
    #[default]
    Constant,
    /// A falling half-wave of the cosine, from the first learning rate to this part of it.
    Cosine(f64),
    /// By equal factors, from the first learning rate to this part of it.
    Exponential(f64),
}

impl Decay {
    /// The part of the first learning rate after a part `done`, from 0 to 1, of the training.
    pub fn part(self, done: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine(end) => end + (1.0 - end) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
            Self::Exponential(end) => end.powf(done),
        }
    }

    pub(crate) fn check(self, name: &str) -> Result<(), Error> {
        match self {
            Self::Cosine(end) | Self::Exponential(end) if !(end > 0.0 && end <= 1.0) => {
                Err(Error::config(name, end, "it must be above 0 and at most 1"))
            }
            _ => Ok(()),
        }
    }
}

impl MapConfig {
    /// The publication's training as far as it is known (2000 epochs of Adam on 100 neurons), with
    /// batches of 1000 and a constant learning rate of 10⁻³.
    pub fn published(
        network: MapSpec,
        state: Normalization,
        control: Normalization,
        dt: f64,
        seed: u64,
    ) -> Self {
        Self {
            network,
            state,
            control,
            dt,
            gain: 1.0,
            seed,
            batch: 1000,
            epochs: 2000,
            adam: AdamConfig::default(),
            rates: Vec::new(),
            decay: Decay::Constant,
            backend: Backend::Auto,
            validate_every: 10,
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::BadConfig`], [`Error::BadSpec`] or [`Error::BadLength`] naming the setting.
    pub fn check(&self) -> Result<(), Error> {
        self.network.check()?;
        self.state.check("state", self.network.states)?;
        self.control.check("control", self.network.parameters)?;
        self.adam.check()?;
        if !(self.dt > 0.0 && self.dt.is_finite()) {
            return Err(Error::config("dt", self.dt, "it must be positive and finite"));
        }
        if !(self.gain > 0.0 && self.gain.is_finite()) {
            return Err(Error::config("gain", self.gain, "it must be positive and finite"));
        }
        for (name, value) in
            [("batch", self.batch as u64), ("epochs", self.epochs), ("validate_every", self.validate_every)]
        {
            if value == 0 {
                return Err(Error::config(name, value, "it must be at least 1"));
            }
        }
        if !self.rates.is_empty() && self.rates.len() != self.network.states {
            let (found, expected) = (self.rates.len(), self.network.states);
            return Err(Error::BadLength { what: "rates".to_owned(), found, expected });
        }
        if let Some(rate) = self.rates.iter().find(|r| !(r.is_finite() && **r > 0.0)) {
            return Err(Error::config("rates", rate, "they must be positive and finite"));
        }
        self.decay.check("decay")
    }
}
