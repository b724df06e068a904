//! What a run computes.

use serde::{Deserialize, Serialize};
use surrogates::neural_map::Decay;
use surrogates::neural_ode::{OdeConfig, OdeSpec, OnDivergence, Phase};
use surrogates::{AdamConfig, DataTerm, MlpSpec, PhysicsTerm, Sampling, TrainConfig};

use super::arm::{Arm, Schedule, Subject};
use super::truth::Truth;
use crate::reproduce::Options;
use crate::{Error, Tier, files};

/// `config.json`: together with the code and the machine it decides every number of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The layout of this file.
    pub format: u32,
    /// The experiment's id.
    pub experiment: String,
    /// The tier.
    pub tier: Tier,
    /// The seed of the run.
    pub seed: u64,
    /// Everything that is trained, in the order of training.
    pub trials: Vec<Trial>,
    /// Iterations of each.
    pub iterations: u64,
    /// The hidden layers, of vector fields and of networks of time alike.
    pub hidden: String,
    /// The first learning rate.
    pub learning_rate: f64,
    /// How it falls.
    pub decay: Decay,
    /// The largest norm of a gradient.
    pub clip: f64,
}

/// An arm with one of its seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The arm.
    pub arm: Arm,
    /// Which of its seeds, from 1.
    pub repeat: u64,
}

impl Trial {
    /// `pi-node-sr/3`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.arm.id, self.repeat)
    }

    /// The id as a name of files.
    pub fn file_name(&self) -> String {
        format!("{}-{}", self.arm.id, self.repeat)
    }

    /// The seed of its first weights and of its noise, from the run's: arms begin alike.
    pub fn seed(&self, run: u64) -> u64 {
        files::seed_of(&format!("{run}/P/{}", self.repeat))
    }
}

/// Iterations and seeds of the tier `paper`.
pub(crate) const FULL: (u64, u64) = (4000, 10);
/// Seeds of an ablation there.
const ABLATION_SEEDS: u64 = 3;

impl Config {
    /// The settings that the options stand for.
    ///
    /// # Errors
    /// [`Error::BadOption`] for options that choose among architectures: there is one.
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        options.one_architecture("P")?;
        let tier = options.tier;
        let (iterations, seeds, hidden) = match tier {
            Tier::Smoke => (40, 1, "Tanh16,Tanh16"),
            Tier::Quick => (1500, 3, "Tanh64,Tanh64"),
            Tier::Paper => (FULL.0, FULL.1, "Tanh64,Tanh64"),
        };
        let mut trials = Vec::new();
        let mut add = |arms: Vec<Arm>, seeds: u64| {
            for repeat in 1..=seeds {
                trials.extend(arms.iter().map(|arm| Trial { arm: arm.clone(), repeat }));
            }
        };
        add(Arm::main(), seeds);
        match tier {
            // One arm of each code path.
            Tier::Smoke => {
                let few =
                    ["residual-trajectory", "adjoint-quadrature", "step-0.05", "schedule-growing", "noise-5"];
                add(Arm::ablations().into_iter().filter(|a| few.contains(&a.id.as_str())).collect(), 1);
            }
            Tier::Quick => add(Arm::noisy(), 1),
            Tier::Paper => add(Arm::ablations(), ABLATION_SEEDS),
        }
        Ok(Config {
            format: 1,
            experiment: "P".into(),
            tier,
            seed: options.seed,
            trials,
            iterations: options.iterations.unwrap_or(iterations),
            hidden: hidden.into(),
            learning_rate: 3e-3,
            decay: Decay::Cosine(0.01),
            clip: 1.0,
        })
    }

    /// Whether verdicts may be given on the numbers of this run.
    pub fn is_comparable(&self) -> bool {
        self.tier == Tier::Paper && self.iterations == FULL.0
    }

    fn phases(&self, arm: &Arm) -> Vec<Phase> {
        let n = self.iterations;
        let part = |share: f64| ((n as f64 * share).round() as u64).max(1);
        let learned = arm.schedule == Schedule::LearnedStarts;
        let piece = |iterations: u64, segments: usize| Phase {
            segments,
            learn_starts: learned,
            continuity: if learned { 1.0 } else { 0.0 },
            ..Phase::whole(iterations)
        };
        // An action potential of the other cell is as long as thirty spikes.
        let pieces = if arm.subject == Subject::LuoRudy { 90 } else { 30 };
        let mut phases = match arm.schedule {
            Schedule::Shooting | Schedule::LearnedStarts => {
                vec![piece(part(0.15), pieces)]
            }
            Schedule::Whole => Vec::new(),
            Schedule::Growing => [0.1, 0.2, 0.3, 0.45, 0.6, 0.8]
                .into_iter()
                .map(|window| Phase { window, ..Phase::whole(part(0.1)) })
                .collect(),
        };
        let done: u64 = phases.iter().map(|p| p.iterations).sum();
        phases.push(piece(n.saturating_sub(done).max(1), 1));
        phases
    }

    /// The settings of a neural ODE.
    pub(crate) fn neural_ode(&self, trial: &Trial, truth: &Truth) -> Result<OdeConfig, surrogates::Error> {
        let arm = &trial.arm;
        let window = truth.window(arm.window)?;
        Ok(OdeConfig {
            network: OdeSpec::parse(truth.states(), &self.hidden)?,
            input: window.normalization(false)?,
            rate: truth.rate_normalization(&window)?,
            gain: 1.0,
            seed: trial.seed(self.seed),
            method: arm.method,
            pace: arm.pace,
            adjoint: arm.adjoint,
            phases: self.phases(arm),
            physics: arm.physics,
            adam: AdamConfig { learning_rate: self.learning_rate, ..AdamConfig::default() },
            decay: self.decay,
            clip: Some(self.clip),
            divergence: OnDivergence::MaskLoss,
            // A course has a hundred points.
            record_every: self.iterations.div_ceil(100),
        })
    }

    /// The settings of a network of time: all observations, as many collocation points, the start.
    pub(crate) fn pinn(&self, trial: &Trial, truth: &Truth) -> Result<TrainConfig, surrogates::Error> {
        let window = truth.window(trial.arm.window)?;
        let span = (window.t0(), window.time(window.rows() - 1));
        let mut config =
            TrainConfig::data_driven(MlpSpec::parse(1, &self.hidden, truth.states())?, trial.seed(self.seed));
        config.input = surrogates::Normalization::from_domain(&[span])?;
        config.output = window.normalization(false)?;
        config.data = Some(DataTerm { batch: window.rows(), sampling: Sampling::Shuffled, weight: 1.0 });
        if let Some(physics) = &trial.arm.physics {
            config.physics =
                vec![PhysicsTerm { batch: window.rows(), domain: vec![span], weight: physics.weight }];
        }
        config.adam = AdamConfig { learning_rate: self.learning_rate, ..AdamConfig::default() };
        config.validate_every = self.iterations.div_ceil(100);
        Ok(config)
    }
}
