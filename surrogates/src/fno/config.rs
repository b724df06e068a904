//! What a training of an operator consists of, apart from its trajectories.

use serde::{Deserialize, Serialize};

use super::FnoSpec;
use crate::optimizer::Decay;
use crate::{AdamConfig, Backend, Error, MuonConfig, check};

/// The settings of a training. Together with the trajectories and the seed inside, they determine every
/// parameter after every iteration on one machine, on any number of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FnoConfig {
    /// The operator's shape.
    pub network: FnoSpec,
    /// Seed of the first parameters and of the order of trajectories.
    pub seed: u64,
    /// Trajectories in a batch; all of them if there are fewer.
    pub batch: usize,
    /// How often all trajectories are gone through.
    pub epochs: u64,
    /// The optimiser. Its learning rate is that of the first iteration.
    pub adam: AdamConfig,
    /// Muon for the square matrices of Fourier layers, W, both maps of M and the weights of each mode; all other
    /// parameters are AdamW's. Without it all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muon: Option<MuonConfig>,
    /// The decay of either: parameters are multiplied with 1 − learning rate · decay in every iteration.
    pub weight_decay: f64,
    /// How the learning rate falls.
    pub schedule: Schedule,
    /// The first epochs at fewer points; none for all epochs at all points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coarse: Option<Coarse>,
    /// What computes loss and gradient.
    pub backend: Backend,
    /// Every so many epochs the validation error is taken and a record is written into the history.
    pub validate_every: u64,
}

/// Epochs at fewer points than the trajectories have, before those at all points.
///
/// An operator is a map of functions: what it learned at one resolution is nearly right at another, and an epoch
/// at a quarter of the points takes a quarter of the time. A point stands for `every` of the trajectory's: it has
/// the targets of the first, and the mean of their inputs, so that the end of a pulse is seen more finely than
/// the points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coarse {
    /// One of so many points, at least 2. Where the number of points is no multiple of it, the last point stands
    /// for fewer. [`FnoTrainer::new`](super::FnoTrainer::new) refuses so many that less than two points are left, or
    /// too few, with their padding, for all modes.
    pub every: usize,
    /// So many epochs, less than all.
    pub epochs: u64,
}

/// The learning rate over a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Multiplied with `factor` after every `every` epochs: PyTorch's `StepLR`.
    Steps {
        /// Epochs between two steps.
        every: u64,
        /// What the learning rate is multiplied with.
        factor: f64,
    },
    /// Falling over the whole training.
    Over(Decay),
}

impl Schedule {
    /// The part of the first learning rate in the iteration after `done` of `all`, with `each` of them in an
    /// epoch.
    pub fn part(self, done: u64, all: u64, each: u64) -> f64 {
        match self {
            Self::Steps { every, factor } => factor.powf((done / each.max(1) / every.max(1)) as f64),
            Self::Over(decay) => decay.part(done as f64 / (all.max(2) - 1) as f64),
        }
    }
}

impl FnoConfig {
    /// The publication's training (Pellegrini et al. 2025): batches of 32, 1000 epochs, AdamW, and a
    /// learning rate that is multiplied with `factor` every 10 epochs.
    pub fn published(
        network: FnoSpec,
        learning_rate: f64,
        weight_decay: f64,
        factor: f64,
        seed: u64,
    ) -> Self {
        Self {
            network,
            seed,
            batch: 32,
            epochs: 1000,
            adam: AdamConfig { learning_rate, ..AdamConfig::default() },
            muon: None,
            weight_decay,
            schedule: Schedule::Steps { every: 10, factor },
            coarse: None,
            backend: Backend::Auto,
            validate_every: 1,
        }
    }

    /// Of how many points of a trajectory one is taken, after some epochs.
    pub(super) fn every(&self, epochs: u64) -> usize {
        self.coarse.filter(|coarse| epochs < coarse.epochs).map_or(1, |coarse| coarse.every)
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::BadConfig`] or [`Error::BadSpec`] naming the setting.
    pub fn check(&self) -> Result<(), Error> {
        self.network.check()?;
        self.adam.check()?;
        self.muon.map_or(Ok(()), |muon| muon.check())?;
        check::not_negative("weight_decay", self.weight_decay)?;
        check::at_least_one("batch", self.batch as u64)?;
        check::at_least_one("epochs", self.epochs)?;
        check::at_least_one("validate_every", self.validate_every)?;
        if let Some(Coarse { every, epochs }) = self.coarse {
            if every < 2 {
                return Err(Error::config(
                    "coarse.every",
                    every,
                    "it must be at least 2; leave `coarse` out",
                ));
            }
            if epochs == 0 || epochs >= self.epochs {
                let why = "it must be at least 1 and less than all epochs";
                return Err(Error::config("coarse.epochs", epochs, why));
            }
        }
        match self.schedule {
            Schedule::Steps { every, factor } => {
                check::at_least_one("schedule.every", every)?;
                check::part("schedule", factor)
            }
            Schedule::Over(decay) => decay.check("schedule"),
        }
    }
}
