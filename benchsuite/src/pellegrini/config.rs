//! What a run computes.

use std::fmt;

use serde::{Deserialize, Serialize};
use surrogates::fno::{Coarse, FnoConfig, FnoSpec, Schedule, Variant};
use surrogates::neural_map::Decay;
use surrogates::{Activation, MuonConfig};

use super::cell::CellId;
use crate::reproduce::Options;
use crate::{Error, Tier, files};

/// Whether the number of parameters was fixed while the network was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// About 500 000.
    Constrained,
    /// Free.
    Unconstrained,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Size::Constrained { "constrained" } else { "unconstrained" })
    }
}

/// A network of the publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetId {
    /// What it learns.
    pub cell: CellId,
    /// Which of the two.
    pub size: Size,
}

impl NetId {
    /// `F-FHN/constrained`: the beginning of the ids of its claims.
    pub fn id(&self) -> String {
        format!("F-{}/{}", self.cell, self.size)
    }

    /// The id as a name of files.
    pub fn file_name(&self) -> String {
        format!("{}-{}", self.cell.to_string().to_lowercase(), self.size)
    }

    /// A seed of its own, from the run's.
    pub fn seed(&self, run: u64) -> u64 {
        files::seed_of(&format!("{run}/F/{}", self.id()))
    }

    /// The network that the publication's search found, and how it was trained: learning rate, weight
    /// decay, and what the rate is multiplied with every 10 epochs.
    pub fn published(&self) -> (FnoSpec, [f64; 3]) {
        let (width, modes, layers, padding, variant, activation, training) = match (self.cell, self.size) {
            (CellId::Fhn, Size::Unconstrained) => {
                (224, 20, 4, 15, Variant::Mlp, Activation::LeakyReLU, [6.2e-4, 9.7e-4, 0.85])
            }
            (CellId::Fhn, Size::Constrained) => {
                (64, 12, 5, 5, Variant::Mlp, Activation::GELU, [1.69e-3, 4.76e-4, 0.93])
            }
            (CellId::Hh, Size::Unconstrained) => {
                (256, 24, 4, 15, Variant::Mlp, Activation::LeakyReLU, [4.4e-4, 7.49e-4, 0.88])
            }
            (CellId::Hh, Size::Constrained) => {
                (96, 5, 5, 7, Variant::Mlp, Activation::GELU, [7.64e-3, 5.14e-4, 0.92])
            }
            (CellId::Ord | CellId::OrdLong, Size::Unconstrained) => {
                (192, 32, 5, 14, Variant::Mlp, Activation::GELU, [8.3e-4, 1e-3, 0.93])
            }
            // As the authors' code had it when the paper was sent in; an earlier state has 48 channels, 22 modes,
            // padding 14, rate 8e-3, decay 7.68e-4, factor .81.
            (CellId::Ord | CellId::OrdLong, Size::Constrained) => {
                (32, 48, 5, 15, Variant::Classic, Activation::GELU, [4.23e-3, 4.93e-4, 0.93])
            }
        };
        let outputs = self.cell.states();
        let spec =
            FnoSpec { inputs: 2, outputs, width, modes, layers, padding, hidden: 128, variant, activation };
        (spec, training)
    }
}

/// One part of the publication; each is an experiment by its own id too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// FitzHugh–Nagumo.
    #[serde(rename = "F-FHN")]
    Fhn,
    /// Hodgkin–Huxley.
    #[serde(rename = "F-HH")]
    Hh,
    /// O'Hara–Rudy.
    #[serde(rename = "F-ORD")]
    Ord,
    /// The search for a network.
    #[serde(rename = "F-TUNE")]
    Tune,
    /// How many epochs constrained and unconstrained networks need.
    #[serde(rename = "F-EPOCHS")]
    Epochs,
    /// A finer grid than was trained on.
    #[serde(rename = "F-RES")]
    Resolution,
}

impl Part {
    /// All parts, in the order of the report.
    pub const ALL: [Part; 6] = [Part::Fhn, Part::Hh, Part::Ord, Part::Tune, Part::Epochs, Part::Resolution];

    /// The id of its experiment.
    pub fn id(self) -> &'static str {
        match self {
            Part::Fhn => "F-FHN",
            Part::Hh => "F-HH",
            Part::Ord => "F-ORD",
            Part::Tune => "F-TUNE",
            Part::Epochs => "F-EPOCHS",
            Part::Resolution => "F-RES",
        }
    }
}

/// A search by successive halving.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// What is learned.
    pub cell: CellId,
    /// Networks drawn at random.
    pub candidates: usize,
    /// Epochs after which all but the best are given up, and the last.
    pub rungs: Vec<u64>,
    /// One of so many goes on.
    pub reduction: usize,
    /// Parameters that a network of the constrained space has, nearly; none for the unconstrained space.
    pub parameters: Option<usize>,
}

/// `config.json`: together with the code and the machine it decides every number of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The layout of this file.
    pub format: u32,
    /// The experiment's id: `F` for all parts.
    pub experiment: String,
    /// The parts.
    pub parts: Vec<Part>,
    /// The tier.
    pub tier: Tier,
    /// The seed of the run.
    pub seed: u64,
    /// The networks, in the order of training.
    pub nets: Vec<NetId>,
    /// Trajectories to train, validate and test with.
    pub samples: [usize; 3],
    /// How many of those to train with are near the threshold, for O'Hara and Rudy's cell; none for as all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near_threshold: Option<usize>,
    /// Points of a trajectory.
    pub points: usize,
    /// Trajectories in a batch.
    pub batch: usize,
    /// Epochs.
    pub epochs: u64,
    /// Width, modes and layers instead of the published ones; none for those.
    pub small: Option<(usize, usize, usize)>,
    /// How the learning rate falls instead of the published steps; none for those.
    pub decay: Option<Decay>,
    /// The rate that every training begins with; none for the published ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Muon for the square matrices of Fourier layers; none for AdamW alone, as published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muon: Option<MuonConfig>,
    /// The first epochs at fewer points, but for O'Hara and Rudy's cell; none for all epochs at all points, as published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coarse: Option<Coarse>,
    /// The search; none without one.
    pub search: Option<Search>,
}

/// The epochs of the publication.
pub(crate) const PAPER_EPOCHS: u64 = 1000;
/// How many times finer the grid of F-RES is than the one that was learned at, and that one than the one of the
/// first epochs of a shorter training.
pub(crate) const FINER: usize = 4;
/// One of so many pulses that O'Hara and Rudy's operator learns from is near the threshold. With none, of 2.9 % of error on
/// 375 test trajectories thirteen near their threshold made 2.1, and the median was .5 %.
const NEAR_THRESHOLD: usize = 3;
/// How near: a part of the threshold.
pub(crate) const MARGIN: f64 = 0.05;
/// The share of those epochs. FitzHugh and Nagumo's operator came within a tenth of its last error ten epochs after
/// the change to the full grid, each of which costs as much as four before it.
const COARSE_SHARE: (u64, u64) = (9, 10);
/// The rate that a shorter training begins with, with Muon. Twelve epochs of Hodgkin and Huxley's constrained operator, all
/// at a quarter of the points, with a cosine over them, ended at a validation error there of .087 with it; at a third of
/// it, of .162. By AdamW alone they ended at .164 from .002, and at .215 from the published .00764 with an exponential
/// instead of the cosine and gradients cut at one and a half times their mean length.
const RATE: f64 = 6e-3;

impl Config {
    /// The settings that the options stand for.
    ///
    /// # Errors
    /// [`Error::BadOption`] for options that choose among architectures: they are the publication's.
    pub(crate) fn new(id: &str, parts: &[Part], options: &Options) -> Result<Self, Error> {
        if let Some(layers) = options.architectures.first() {
            let why = format!("{id} has the publication's networks; leave the option out");
            return Err(Error::bad_option("--arch", layers, why));
        }
        let tier = options.tier;
        let wants = |part| parts.contains(&part);
        let cells = CellId::ALL.into_iter().filter(|cell| match cell {
            CellId::Fhn => wants(Part::Fhn) || wants(Part::Epochs) || wants(Part::Resolution),
            CellId::Hh => wants(Part::Hh) || wants(Part::Epochs),
            CellId::Ord => wants(Part::Ord),
            CellId::OrdLong => wants(Part::Ord) && tier == Tier::Paper,
        });
        // The small ones first: a run that is stopped has them.
        let mut nets: Vec<NetId> = cells.map(|cell| NetId { cell, size: Size::Constrained }).collect();
        if tier == Tier::Paper || (wants(Part::Epochs) && parts.len() == 1) {
            nets.extend(nets.clone().into_iter().map(|net| NetId { size: Size::Unconstrained, ..net }));
        }
        if let Some(limit) = options.limit {
            nets.truncate(limit);
        }
        let (samples, points, epochs) = match tier {
            Tier::Smoke => ([48, 12, 12], 120, 30),
            Tier::Quick => ([3000, 375, 375], 1260, 20),
            Tier::Paper => ([3000, 375, 375], 1260, PAPER_EPOCHS),
        };
        let search = wants(Part::Tune).then(|| match tier {
            Tier::Smoke => Search {
                cell: CellId::Fhn,
                candidates: 8,
                rungs: vec![2, 8],
                reduction: 4,
                parameters: Some(20_000),
            },
            Tier::Quick => Search {
                cell: CellId::Fhn,
                candidates: 16,
                rungs: vec![2, 8, 20],
                reduction: 4,
                parameters: Some(500_000),
            },
            Tier::Paper => Search {
                cell: CellId::Fhn,
                candidates: 200,
                rungs: vec![250, 1000],
                reduction: 4,
                parameters: Some(500_000),
            },
        });
        let mut config = Config {
            format: 1,
            experiment: id.to_owned(),
            parts: parts.to_vec(),
            tier,
            seed: options.seed,
            samples,
            near_threshold: nets.iter().any(|n| n.cell.is_ventricle()).then_some(samples[0] / NEAR_THRESHOLD),
            nets,
            points,
            batch: if tier == Tier::Smoke { 8 } else { 32 },
            epochs,
            small: (tier == Tier::Smoke).then_some((16, 6, 2)),
            // The published steps take hundreds of epochs to lower the rate.
            decay: (tier != Tier::Paper).then_some(Decay::Cosine(0.01)),
            rate: None,
            muon: None,
            coarse: None,
            search,
        };
        if let Some(iterations) = options.iterations {
            config.epochs = (iterations / config.iterations_per_epoch()).max(1);
            config.decay = Some(Decay::Cosine(0.01));
        }
        config.rate = config.decay.map(|_| RATE);
        config.muon = config.decay.map(|_| MuonConfig::default());
        if tier != Tier::Smoke && config.decay.is_some() {
            let epochs = config.epochs * COARSE_SHARE.0 / COARSE_SHARE.1;
            config.coarse = (epochs > 0).then_some(Coarse { every: FINER, epochs });
        }
        Ok(config)
    }

    /// Iterations of an epoch.
    pub fn iterations_per_epoch(&self) -> u64 {
        self.samples[0].div_ceil(self.batch) as u64
    }

    /// Whether the numbers of this run may be held against the paper's. Fewer epochs are welcome if the
    /// error is met; fewer trajectories or a smaller network are not.
    pub fn is_comparable(&self) -> bool {
        self.tier == Tier::Paper
    }

    /// The trainer's settings for one network.
    pub(crate) fn train(&self, net: &NetId) -> FnoConfig {
        let (mut network, [rate, weight_decay, factor]) = net.published();
        if let Some((width, modes, layers)) = self.small {
            network = FnoSpec { width, modes, layers, hidden: 32, ..network };
        }
        let mut config = FnoConfig::published(network, rate, weight_decay, factor, net.seed(self.seed));
        config.batch = self.batch;
        config.epochs = self.epochs;
        if let Some(rate) = self.rate {
            config.adam.learning_rate = rate;
        }
        config.muon = self.muon;
        if let Some(decay) = self.decay {
            config.schedule = Schedule::Over(decay);
        }
        // O'Hara and Rudy's upstrokes fall between those points: what was learned at a quarter of them, with an error of
        // .087 there, had one of .33 at all, and .11 after ten epochs more.
        config.coarse = self.coarse.filter(|_| !net.cell.is_ventricle());
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_have_the_networks_that_they_say() {
        let config = |tier, parts: &[Part]| Config::new("F", parts, &Options::new(tier)).unwrap();
        assert_eq!(config(Tier::Smoke, &Part::ALL).nets.len(), 3);
        assert_eq!(config(Tier::Paper, &Part::ALL).nets.len(), 8);
        let epochs = config(Tier::Quick, &[Part::Epochs]);
        assert_eq!(epochs.nets.len(), 4);
        let paper = config(Tier::Paper, &[Part::Hh]);
        assert_eq!(paper.nets.len(), 2);
        let train = paper.train(&paper.nets[0]);
        assert_eq!(train.network.parameters(), 626_180);
        assert_eq!(train.schedule, Schedule::Steps { every: 10, factor: 0.92 });
        let mut options = Options::new(Tier::Paper);
        options.iterations = Some(9400);
        let short = Config::new("F-FHN", &[Part::Fhn], &options).unwrap();
        assert_eq!((short.epochs, short.is_comparable()), (100, true));
        let train = short.train(&short.nets[0]);
        assert_eq!(train.coarse, Some(Coarse { every: 4, epochs: 90 }));
        // Muon, at a rate of its own, belongs to trainings that are shorter than the published ones.
        let of = |train: &FnoConfig| (train.adam.learning_rate, train.muon.is_some());
        let long = paper.train(&paper.nets[0]);
        assert_eq!([of(&long), of(&train)], [(7.64e-3, false), (6e-3, true)]);
        let ord = NetId { cell: CellId::Ord, size: Size::Constrained };
        assert_eq!(ord.published().0.parameters(), 510_825);
    }

    /// But for O'Hara and Rudy's cell, over either interval.
    #[test]
    fn shorter_trainings_of_the_ventricle_are_at_all_points() {
        let options = Options { iterations: Some(20 * 94), ..Options::new(Tier::Paper) };
        let config = Config::new("F", &Part::ALL, &options).unwrap();
        assert_eq!(config.coarse.map(|c| c.epochs), Some(18));
        for net in &config.nets {
            assert_eq!(config.train(net).coarse.is_none(), net.cell.is_ventricle(), "{}", net.id());
        }
        assert_eq!(config.nets.len(), 8);
    }

    /// Nine tenths of the epochs, and none if that is less than one; the smallest scale and the published schedule have
    /// all epochs at all points.
    #[test]
    fn shorter_trainings_begin_at_fewer_points() {
        let coarse = |tier: Tier, iterations: Option<u64>| {
            let options = Options { iterations, ..Options::new(tier) };
            let config = Config::new("F-FHN", &[Part::Fhn], &options).unwrap();
            config.train(&config.nets[0]).check().unwrap();
            (config.epochs, config.coarse.map(|c| (c.every, c.epochs)))
        };
        assert_eq!(coarse(Tier::Quick, None), (20, Some((4, 18))));
        assert_eq!(coarse(Tier::Paper, None), (1000, None));
        // An epoch has 94 iterations, and 6 at the smallest scale.
        assert_eq!(coarse(Tier::Paper, Some(2 * 94)), (2, Some((4, 1))));
        assert_eq!(coarse(Tier::Paper, Some(94)), (1, None));
        assert_eq!(coarse(Tier::Paper, Some(5)), (1, None));
        assert_eq!((coarse(Tier::Smoke, None), coarse(Tier::Smoke, Some(60))), ((30, None), (10, None)));
    }
}
