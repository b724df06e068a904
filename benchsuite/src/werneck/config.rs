//! The settings of a run of problem A.

use serde::{Deserialize, Serialize};
use surrogates::{
    AdamConfig, DataTerm, InitialTerm, InitialValue, Normalization, PhysicsTerm, PlateauConfig, Sampling,
    TrainConfig,
};

use super::data::T_END;
use super::network::{Class, Network};
use crate::{Error, Tier};

/// `config.json`: what decides every number of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The layout of this file.
    pub format: u32,
    /// `W-A`.
    pub experiment: String,
    /// The tier.
    pub tier: Tier,
    /// The run's seed; each network's is derived from it.
    pub seed: u64,
    /// Iterations of each network.
    pub iterations: u64,
    /// Iterations between validations.
    pub validate_every: u64,
    /// The networks, in the order of training.
    pub networks: Vec<Network>,
    /// What the networks share.
    pub protocol: Protocol,
}

/// The numbers of the training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Rows of data in a batch.
    pub data_batch: usize,
    /// Collocation points in a batch.
    pub physics_batch: usize,
    /// Points at t = 0 in a batch.
    pub initial_batch: usize,
    /// λ_D of eq. 3.16.
    pub data_weight: f64,
    /// λ_P of eq. 3.16.
    pub physics_weight: f64,
    /// λ_B of eq. 3.16.
    pub initial_weight: f64,
    /// What the networks see for t = 0 and t = t_end.
    pub time_normal: [f64; 2],
    /// Adam.
    pub adam: AdamConfig,
    /// The schedule of the learning rate.
    pub plateau: PlateauConfig,
}

impl Protocol {
    /// The dissertation's, section 3.2 and 4.1; what it does not print is among the deviations of
    /// the report.
    pub fn published() -> Self {
        Protocol {
            data_batch: 10,
            physics_batch: 16,
            initial_batch: 2,
            data_weight: 1.0,
            physics_weight: 1.0,
            initial_weight: 1.0,
            time_normal: [0.0, 20.0],
            adam: AdamConfig { learning_rate: 1e-3, ..AdamConfig::default() },
            plateau: PlateauConfig {
                factor: 0.999_999,
                patience: 1000,
                threshold: 1e-3,
                min_learning_rate: 1e-5,
                eps: 1e-8,
            },
        }
    }
}

/// The paper's number of iterations.
pub(crate) const PAPER_ITERATIONS: u64 = 2_000_000;

/// How many iterations a tier does, how often it validates, and which architectures it trains unless
/// told otherwise; none for all. A pair of networks costs about 40 µs an iteration.
pub(crate) fn size(tier: Tier) -> (u64, u64, Option<&'static [&'static str]>) {
    match tier {
        Tier::Smoke => (300_000, 2_000, Some(&["SiLU32,SiLU32", "SiLU16,SiLU16"])),
        Tier::Quick => (500_000, 5_000, None),
        Tier::Paper => (PAPER_ITERATIONS, 10_000, None),
    }
}

impl Config {
    /// Whether the numbers of this run may be held against the paper's.
    pub fn is_comparable(&self) -> bool {
        self.tier == Tier::Paper && self.iterations == PAPER_ITERATIONS
    }

    /// The trainer's settings for one network.
    ///
    /// # Errors
    /// [`Error::Training`] for an architecture that is none.
    pub fn train(&self, network: &Network) -> Result<TrainConfig, Error> {
        let p = &self.protocol;
        let failed = |e: surrogates::Error| Error::Training { network: network.id(), source: Box::new(e) };
        let spec = network.spec()?;
        let mut config = TrainConfig::data_driven(spec, network.seed(self.seed));
        let scale = T_END / (p.time_normal[1] - p.time_normal[0]);
        let mean = -p.time_normal[0] * scale;
        config.input = Normalization::new(vec![mean as f32], vec![scale as f32]).map_err(failed)?;
        config.data =
            Some(DataTerm { batch: p.data_batch, sampling: Sampling::Shuffled, weight: p.data_weight });
        if network.class == Class::Pinn {
            config.physics = vec![PhysicsTerm {
                batch: p.physics_batch,
                domain: vec![(0.0, T_END)],
                weight: p.physics_weight,
            }];
            config.initial = Some(InitialTerm {
                batch: p.initial_batch,
                domain: vec![(0.0, 0.0)],
                values: super::INITIAL.map(InitialValue::Fixed).to_vec(),
                weight: p.initial_weight,
            });
        }
        config.adam = p.adam;
        config.plateau = Some(p.plateau);
        config.validate_every = self.validate_every;
        Ok(config)
    }
}
