//! What a training of a map consists of, apart from its pairs.

use serde::{Deserialize, Serialize};

use super::MapSpec;
use crate::optimizer::Decay;
use crate::{AdamConfig, Backend, Error, Normalization, check};

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
        check_map(self.network, &self.state, &self.control)?;
        check::positive("dt", self.dt)?;
        check::positive("gain", self.gain)?;
        self.adam.check()?;
        check::at_least_one("batch", self.batch as u64)?;
        check::at_least_one("epochs", self.epochs)?;
        check::at_least_one("validate_every", self.validate_every)?;
        if !self.rates.is_empty() {
            check::length("rates", self.rates.len(), self.network.states)?;
        }
        if let Some(rate) = self.rates.iter().find(|r| !(r.is_finite() && **r > 0.0)) {
            return Err(Error::config("rates", rate, "they must be positive and finite"));
        }
        self.decay.check("decay")
    }
}

/// Checks a map's shape, and that normalisations are of that shape.
pub(super) fn check_map(
    network: MapSpec,
    state: &Normalization,
    control: &Normalization,
) -> Result<(), Error> {
    network.check()?;
    state.check("state", network.states)?;
    control.check("control", network.parameters)
}
