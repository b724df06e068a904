//! Small files of every kind that this crate reads, and their hashes made right again after damage.

use std::ops::ControlFlow;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use surrogates::fno::{self, Fno, FnoTrainer};
use surrogates::neural_map::{LeastSquares, MapTrainer};
use surrogates::neural_ode::OdeTrainer;
use surrogates::{Activation, Checkpoint, Error, TrainConfig, Trainer, Training, TrainingSet};

use super::trainings;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Mlp,
    Map,
    LeastSquares,
    Ode,
    Training,
    Operator,
    StateDict,
}

pub(crate) const KINDS: [Kind; 7] =
    [Kind::Mlp, Kind::Map, Kind::LeastSquares, Kind::Ode, Kind::Training, Kind::Operator, Kind::StateDict];

impl Kind {
    /// The key of the metadata that holds the header; none if the file has no hash.
    fn key(self) -> Option<&'static str> {
        match self {
            Kind::Mlp => Some("ionic-surrogates.checkpoint"),
            Kind::Map => Some("ionic-surrogates.map"),
            Kind::LeastSquares => Some("ionic-surrogates.least-squares"),
            Kind::Ode => Some("ionic-surrogates.ode"),
            Kind::Training => Some("ionic-surrogates.fno-training"),
            Kind::Operator => Some("ionic-surrogates.fno"),
            Kind::StateDict => None,
        }
    }

    /// Writes a good file, after a few iterations of a small training.
    pub(crate) fn write(self, path: &Path) {
        match self {
            Kind::Mlp => {
                // Without the second data term: damage is to meet the columns, not the header alone.
                let (config, set) = trainings::network();
                let config = TrainConfig { extra: None, ..config };
                let set = TrainingSet { extra: None, ..set };
                trained(Trainer::new(config, set), 5).save(path)
            }
            Kind::Map => {
                let pairs = trainings::pairs();
                trained(MapTrainer::new(trainings::map(), &pairs, Some(&pairs)), 7).save(path)
            }
            Kind::LeastSquares => {
                // Wide enough that the header is not most of the file.
                let pairs = trainings::pairs();
                let mut config = trainings::fit();
                config.network.width = 12;
                trained(LeastSquares::new(config, &pairs, Some(&pairs)), 4).save(path)
            }
            Kind::Ode => {
                let (config, window, field) = trainings::ode();
                trained(OdeTrainer::new(config, window, field), 3).save(path)
            }
            Kind::Training | Kind::Operator | Kind::StateDict => {
                let (config, signals) = trainings::operator();
                let trainer = trained(FnoTrainer::new(config, &signals, Some(&signals), 1), 3);
                match self {
                    Kind::Training => trainer.save(path),
                    _ => trainer.network().save(path),
                }
            }
        }
        .unwrap();
    }

    /// Reads a file, and uses what it gives a little; the error of a refusal.
    pub(crate) fn read(self, path: &Path) -> Result<(), Error> {
        match self {
            Kind::Mlp => {
                let c = Checkpoint::<Trainer>::open(path)?;
                let spec = c.network().spec();
                c.network().predict(&vec![0.5; spec.inputs], &mut vec![0.0; spec.outputs])
            }
            Kind::Map => {
                let c = Checkpoint::<MapTrainer>::open(path)?;
                let spec = c.network().spec();
                c.network().at(&vec![0.5; spec.parameters]).map(drop)
            }
            Kind::LeastSquares => {
                let c = Checkpoint::<LeastSquares>::open(path)?;
                let spec = c.network().spec();
                c.network().at(&vec![0.5; spec.parameters]).map(drop)
            }
            Kind::Ode => {
                let c = Checkpoint::<OdeTrainer>::open(path)?;
                drop((c.iteration(), c.network().spec().to_string()));
                Ok(())
            }
            Kind::Training => {
                let c = Checkpoint::<FnoTrainer>::open(path)?;
                drop(c.network().spec().to_string());
                Ok(())
            }
            Kind::Operator => predict(&Fno::open(path)?),
            Kind::StateDict => {
                let unwritten =
                    fno::state_dict::Unwritten { activation: Activation::GELU, padding: 1, residual: false };
                let (spec, parameters) = fno::state_dict::import(path, unwritten)?;
                assert_eq!(parameters.len(), spec.parameters());
                Ok(())
            }
        }
    }

    /// The file with the hash that its content has now; none if it is too damaged to have one.
    pub(crate) fn sealed(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let key = self.key()?;
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|n| *n <= rest.len())?;
        let (text, data) = rest.split_at(length);
        let mut file: Value = serde_json::from_slice(text).ok()?;
        let header = file.get("__metadata__")?.get(key)?.as_str()?.to_owned();
        // The hash stands at the end of the header, and is empty while it is taken.
        let (front, _) = header.rsplit_once("\"sha256\":\"")?;
        let mut tensors: Vec<(&str, String, &[u8])> = Vec::new();
        for (name, about) in file.as_object()?.iter().filter(|(name, _)| *name != "__metadata__") {
            let shape: Vec<u64> = serde_json::from_value(about.get("shape")?.clone()).ok()?;
            let [from, to]: [usize; 2] = serde_json::from_value(about.get("data_offsets")?.clone()).ok()?;
            let kind = about.get("dtype")?.as_str()?;
            tensors.push((name, format!("{name} {kind} {shape:?}"), data.get(from..to)?));
        }
        tensors.sort();
        let mut hash = Sha256::new();
        let empty = format!("{front}\"sha256\":\"\"}}");
        hash.update((empty.len() as u64).to_le_bytes());
        hash.update(empty.as_bytes());
        for (_, about, data) in tensors {
            hash.update((about.len() as u64).to_le_bytes());
            hash.update(about.as_bytes());
            hash.update(data);
        }
        let hash: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        file["__metadata__"][key] = format!("{front}\"sha256\":\"{hash}\"}}").into();
        let mut text = file.to_string();
        text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
        Some([&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), data].concat())
    }
}

/// Ten points of a trajectory.
fn predict(fno: &Fno) -> Result<(), Error> {
    let spec = fno.spec();
    // Wide or deep operators are no matter of a moment.
    if spec.parameters() > 100_000 || fno.points() > 1000 || spec.padding > 1000 {
        return Ok(());
    }
    let mut y = vec![0.0; fno.points() * spec.outputs];
    fno.predictor(1, 1)?.predict(&vec![0.5; fno.points() * (spec.inputs - 1)], &mut y)
}

fn trained<T: Training>(new: Result<T, Error>, iterations: u64) -> T {
    let mut training = new.unwrap();
    assert!(training.run(iterations, |_, _| ControlFlow::Continue(())).unwrap().is_continue());
    training
}
