//! What a training of a neural ODE consists of, apart from its observations and equations.

use serde::{Deserialize, Serialize};

use super::{Adjoint, OdeMethod, OdeSpec};
use crate::optimizer::Decay;
use crate::{AdamConfig, Error, Normalization, check};

/// The settings of a training. Together with observations and equations they determine every parameter after
/// every iteration on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OdeConfig {
    /// The network.
    pub network: OdeSpec,
    /// The map of states, and of time if it is an input, to what the network sees. The loss counts states in
    /// these units.
    pub input: Normalization,
    /// The map of physical rates to what the network gives.
    pub rate: Normalization,
    /// What the first weights of the last layer are multiplied with.
    pub gain: f64,
    /// Seed of the first parameters.
    pub seed: u64,
    /// The method that the trajectory is computed by.
    pub method: OdeMethod,
    /// Its step.
    pub pace: Pace,
    /// How the gradient is taken.
    pub adjoint: Adjoint,
    /// What is trained on, one after the other.
    pub phases: Vec<Phase>,
    /// The physics term; none for a plain neural ODE.
    #[serde(default)]
    pub physics: Option<PhysicsLoss>,
    /// The optimiser. Its learning rate is that of the first iteration.
    #[serde(default)]
    pub adam: AdamConfig,
    /// How the learning rate falls over the whole training.
    #[serde(default)]
    pub decay: Decay,
    /// The largest Euclidean norm of a gradient: longer ones are shortened. None for no limit.
    #[serde(default)]
    pub clip: Option<f64>,
    /// What is done about a trajectory that diverges.
    pub divergence: OnDivergence,
    /// Every so many iterations a record is written into the history.
    pub record_every: u64,
}

/// How long a step is, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// So many steps from sample to sample.
    Steps(u32),
    /// One step over so many samples; the samples between are not compared with.
    Samples(u32),
}

/// A part of a training: how far trajectories go, and where they begin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// How many iterations it takes.
    pub iterations: u64,
    /// The share of the window, from its start, that is trained on; above 0, at most 1.
    pub window: f64,
    /// Multiple shooting: into so many pieces the window is cut, each with a start of its own.
    pub segments: usize,
    /// Whether starts are learned; else they are the observations. Learned starts begin there too.
    pub learn_starts: bool,
    /// The weight of the gaps between the ends of pieces and the starts that follow.
    pub continuity: f64,
}

impl Phase {
    /// The whole window from its first observation.
    pub fn whole(iterations: u64) -> Self {
        Self { iterations, window: 1.0, segments: 1, learn_starts: false, continuity: 0.0 }
    }
}

/// The physics term λ Σⱼ meanᵢ (rᵢⱼ/sⱼ)², where r is the difference between the network's rates and those of
/// the equations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhysicsLoss {
    /// λ.
    pub weight: f64,
    /// How λ falls over the whole training.
    #[serde(default)]
    pub decay: Decay,
    /// Over this share of the training, from its start, λ grows from 0.
    #[serde(default)]
    pub warm_up: f64,
    /// What a residual is divided by.
    pub scale: ResidualScale,
    /// The states at which it is taken.
    pub at: ResidualAt,
}

/// sⱼ: a number for each state from the training window, that residuals are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResidualScale {
    /// 1: residuals in physical units.
    Unit,
    /// The standard deviation of the equations' rates over the observations.
    #[default]
    Deviation,
    /// The largest of these rates, regardless of sign.
    Largest,
    /// The interquartile range of these rates.
    Quartiles,
    /// The standard deviation of the state itself, per unit of time.
    StateDeviation,
}

/// The states at which residuals are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResidualAt {
    /// Those of the network's trajectory, at the beginning of every step: where they go, the equations'
    /// rates go along, and the gradient passes through both.
    #[default]
    Trajectory,
    /// The observations.
    Observations,
}

/// What is done about a trajectory that leaves the numbers that can be worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDivergence {
    /// The training ends with [`Error::Diverged`].
    Stop,
    /// The iteration is made again with half the step, at most so many times; then as `Stop`.
    HalveStep(u32),
    /// The loss counts what came before. Where nothing is left, as `Stop`.
    MaskLoss,
}

impl OdeConfig {
    /// All iterations of all phases.
    pub fn iterations(&self) -> u64 {
        self.phases.iter().map(|p| p.iterations).sum()
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::BadConfig`], [`Error::BadSpec`] or [`Error::BadLength`] naming the setting.
    pub fn check(&self) -> Result<(), Error> {
        self.network.check()?;
        self.input.check("input", self.network.inputs())?;
        self.rate.check("rate", self.network.states())?;
        self.adam.check()?;
        self.decay.check("decay")?;
        check::positive("gain", self.gain)?;
        check::at_least_one("record_every", self.record_every)?;
        check::at_least_one("phases", self.phases.len() as u64)?;
        let (Pace::Steps(pace) | Pace::Samples(pace)) = self.pace;
        check::at_least_one("pace", u64::from(pace))?;
        if let Adjoint::Checkpointed(steps) = self.adjoint {
            check::at_least_one("adjoint.checkpointed", steps as u64)?;
        }
        if let Some(clip) = self.clip {
            check::positive("clip", clip)?;
        }
        for phase in &self.phases {
            check::at_least_one("phases.iterations", phase.iterations)?;
            check::at_least_one("phases.segments", phase.segments as u64)?;
            check::part("phases.window", phase.window)?;
            check::not_negative("phases.continuity", phase.continuity)?;
        }
        if let Some(physics) = &self.physics {
            check::not_negative("physics.weight", physics.weight)?;
            physics.decay.check("physics.decay")?;
            if !(0.0..=1.0).contains(&physics.warm_up) {
                return Err(Error::config("physics.warm_up", physics.warm_up, "it must be from 0 to 1"));
            }
        }
        Ok(())
    }
}
