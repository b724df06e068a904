//! What a run computes.

use std::fmt;

use serde::{Deserialize, Serialize};
use surrogates::neural_map::{Decay, LeastSquaresConfig, MapConfig};
use surrogates::{AdamConfig, MapSpec, Normalization};

use crate::reproduce::Options;
use crate::{Error, Tier, files};

/// The ODE that a map is to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// g_K2 = 0.
    Original,
    /// g_K2 = 0.12: the publication's modified system.
    Bistable,
}

impl Variant {
    /// Both.
    pub const ALL: [Variant; 2] = [Variant::Original, Variant::Bistable];
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Variant::Original => "original",
            Variant::Bistable => "bistable",
        })
    }
}

/// One part of the publication; each is an experiment by its own id too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// Time series and the attractor.
    #[serde(rename = "K-TS")]
    Series,
    /// Bifurcation diagrams of the oscillating branch.
    #[serde(rename = "K-BIF")]
    Diagrams,
    /// The fixed point.
    #[serde(rename = "K-FP")]
    FixedPoint,
    /// Its eigenvalues, for three time steps.
    #[serde(rename = "K-EIG")]
    Eigenvalues,
    /// The silent branch of the bistable system.
    #[serde(rename = "K-BIST")]
    Bistability,
    /// How many random starts reach the fixed point.
    #[serde(rename = "K-PFXP")]
    Reach,
}

impl Part {
    /// All parts, in the order of the report.
    pub const ALL: [Part; 6] =
        [Part::Series, Part::Diagrams, Part::FixedPoint, Part::Eigenvalues, Part::Bistability, Part::Reach];

    /// The id of its experiment.
    pub fn id(self) -> &'static str {
        match self {
            Part::Series => "K-TS",
            Part::Diagrams => "K-BIF",
            Part::FixedPoint => "K-FP",
            Part::Eigenvalues => "K-EIG",
            Part::Bistability => "K-BIST",
            Part::Reach => "K-PFXP",
        }
    }
}

/// The time steps of the maps; all but the first belong to K-EIG alone.
pub(crate) const STEPS: [f64; 3] = [0.005, 0.0025, 0.001];

/// How a map is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Levenberg's and Marquardt's method, in units of what the inputs matter: what the claims are judged by.
    LeastSquares,
    /// The publication's: Adam.
    Adam,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::LeastSquares => "least squares",
            Method::Adam => "Adam",
        })
    }
}

/// A map to train.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MapId {
    /// What it learns.
    pub variant: Variant,
    /// Its time step in seconds.
    pub dt: f64,
    /// Which of several that differ in their seed alone, from 1.
    pub repeat: u64,
    /// How it is trained.
    pub method: Method,
}

impl MapId {
    /// `bistable/0.005/2`, or `bistable/0.005/2/adam`.
    pub fn id(&self) -> String {
        self.joined("/")
    }

    /// The id as a name of files.
    pub fn file_name(&self) -> String {
        self.joined("-")
    }

    fn joined(&self, by: &str) -> String {
        let adam = if self.method == Method::Adam { format!("{by}adam") } else { String::new() };
        format!("{}{by}{}{by}{}{adam}", self.variant, self.dt, self.repeat)
    }

    /// A seed of its own, from the run's.
    pub fn seed(&self, run: u64) -> u64 {
        files::seed_of(&format!("{run}/K/{}", self.id()))
    }
}

/// `config.json`: together with the code and the machine it decides every number of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The layout of this file.
    pub format: u32,
    /// The experiment's id: `K` for all parts.
    pub experiment: String,
    /// The parts.
    pub parts: Vec<Part>,
    /// The tier.
    pub tier: Tier,
    /// The seed of the run.
    pub seed: u64,
    /// The maps, in the order of training.
    pub maps: Vec<MapId>,
    /// C: trajectories of a data set, each at its own V_S.
    pub chunks: u64,
    /// S: pairs of each.
    pub pairs: u64,
    /// p_split: the share of the trajectories that is kept for validation.
    pub validation: f64,
    /// N_h.
    pub width: usize,
    /// Steps of least squares: each goes through all pairs once.
    pub steps: u64,
    /// How many of them scout: find out what the inputs matter.
    pub scouting: u64,
    /// How sharply what matters less is held back.
    pub sharpness: f64,
    /// Epochs of Adam.
    pub epochs: u64,
    /// N_batch of Adam.
    pub batch: usize,
    /// Adam.
    pub adam: AdamConfig,
    /// How its learning rate falls.
    pub decay: Decay,
    /// How finely the analyses look.
    pub grid: Grid,
}

/// How finely the analyses look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Values of V_S of the fixed point and its eigenvalues.
    pub equilibria: usize,
    /// Columns of a bifurcation diagram.
    pub columns: usize,
    /// Seconds that are dropped before something is looked at.
    pub transient: f64,
    /// Values of V_S at which random starts are counted.
    pub reach: usize,
    /// Random starts at each.
    pub starts: usize,
    /// Seconds that each has.
    pub patience: f64,
}

/// The epochs of the publication (section 3), which the maps trained by Adam have at tier paper.
pub(crate) const PAPER_EPOCHS: u64 = 2000;

/// The steps of least squares at tier paper.
pub(crate) const PAPER_STEPS: u64 = 600;

impl Config {
    /// The pairs of a data set at tier paper.
    pub(crate) const PAPER_PAIRS: u64 = 6_000;

    /// The settings that the options stand for.
    ///
    /// # Errors
    /// [`Error::BadOption`] for options that choose among architectures: there is one.
    pub(crate) fn new(id: &str, parts: &[Part], options: &Options) -> Result<Self, Error> {
        options.one_architecture(id)?;
        let tier = options.tier;
        let (repeats, chunks, pairs, steps, epochs) = match tier {
            Tier::Smoke => (1, 60, 6, 20, 60),
            Tier::Quick => (1, 300, 6, 200, 500),
            Tier::Paper => (3, 1000, 6, PAPER_STEPS, PAPER_EPOCHS),
        };
        let grid = match tier {
            Tier::Smoke => {
                Grid { equilibria: 21, columns: 11, transient: 30.0, reach: 3, starts: 40, patience: 30.0 }
            }
            Tier::Quick => {
                Grid { equilibria: 51, columns: 51, transient: 100.0, reach: 5, starts: 200, patience: 40.0 }
            }
            Tier::Paper => Grid {
                equilibria: 101,
                columns: 101,
                transient: 100.0,
                reach: 6,
                starts: 500,
                patience: 40.0,
            },
        };
        let mut maps = Vec::new();
        for repeat in 1..=repeats {
            for variant in Variant::ALL {
                maps.push(MapId { variant, dt: STEPS[0], repeat, method: Method::LeastSquares });
            }
        }
        let one = |method, dt| move |variant| MapId { variant, dt, repeat: 1, method };
        if parts.contains(&Part::Eigenvalues) {
            for dt in &STEPS[1..] {
                maps.extend(Variant::ALL.map(one(Method::LeastSquares, *dt)));
            }
        }
        maps.extend(Variant::ALL.map(one(Method::Adam, STEPS[0])));
        if parts.iter().all(|p| matches!(p, Part::Bistability | Part::Reach)) {
            maps.retain(|m| m.variant == Variant::Bistable);
        }
        let mut config = Config {
            format: 2,
            experiment: id.to_owned(),
            parts: parts.to_vec(),
            tier,
            seed: options.seed,
            maps,
            chunks,
            pairs,
            validation: 0.1,
            width: 100,
            steps,
            scouting: steps.div_ceil(10).min(50),
            sharpness: 1.5,
            epochs,
            batch: 250,
            // The default eps of 10⁻⁸ is as large as the gradients of the slow state are in the end.
            adam: AdamConfig { learning_rate: 5e-3, eps: 1e-12, ..AdamConfig::default() },
            decay: Decay::Cosine(1e-4),
            grid,
        };
        if let Some(iterations) = options.iterations {
            // As often as all pairs are gone through in so many iterations of Adam.
            config.epochs = (iterations / config.iterations_per_epoch()).max(1);
            config.steps = config.steps.min(config.epochs);
            config.scouting = config.scouting.min(config.steps - 1);
        }
        Ok(config)
    }

    /// Iterations of an epoch.
    pub fn iterations_per_epoch(&self) -> u64 {
        let held = ((self.chunks as f64 * self.validation).round() as u64).clamp(1, self.chunks - 1);
        let pairs = (self.chunks - held) * self.pairs;
        pairs.div_ceil(pairs.min(self.batch as u64))
    }

    /// Whether the numbers of this run may be held against the paper's.
    pub fn is_comparable(&self) -> bool {
        self.tier == Tier::Paper && self.epochs == PAPER_EPOCHS && self.steps == PAPER_STEPS
    }

    fn network(&self) -> MapSpec {
        MapSpec { states: 3, parameters: 1, width: self.width }
    }

    /// The settings of least squares for one map.
    pub(crate) fn fit(&self, id: &MapId, state: Normalization, control: Normalization) -> LeastSquaresConfig {
        LeastSquaresConfig {
            steps: self.steps,
            scouting: self.scouting,
            sharpness: self.sharpness,
            // A course has a hundred points.
            validate_every: self.steps.div_ceil(100),
            ..LeastSquaresConfig::new(self.network(), state, control, id.dt, id.seed(self.seed))
        }
    }

    /// The settings of Adam for one map.
    pub(crate) fn train(&self, id: &MapId, state: Normalization, control: Normalization) -> MapConfig {
        MapConfig {
            batch: self.batch,
            epochs: self.epochs,
            adam: self.adam,
            decay: self.decay,
            validate_every: self.epochs.div_ceil(100),
            ..MapConfig::published(self.network(), state, control, id.dt, id.seed(self.seed))
        }
    }
}
