//! Small files of every kind that this crate reads, and their hashes made right again after damage.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};
use surrogates::fno::{self, Fno, FnoConfig, FnoSpec, FnoTrainer, Signals, Variant};
use surrogates::neural_map::{LeastSquares, LeastSquaresConfig, MapConfig, MapTrainer, Pairs};
use surrogates::neural_ode::{
    Adjoint, OdeConfig, OdeMethod, OdeSpec, OdeTrainer, OnDivergence, Pace, Phase, Window,
};
use surrogates::{
    Activation, Checkpoint, Error, MapSpec, MlpSpec, Normalization, SystemField, TrainConfig, Trainer,
    Training as _,
};

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

/// Twenty pairs.
fn pairs() -> Pairs {
    let inputs: Vec<f64> = (0..30).map(|i| (f64::from(i) * 0.7).sin()).collect();
    Pairs::new(2, 1, inputs.clone(), inputs[..20].to_vec()).unwrap()
}

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
        let go = |_| ControlFlow::<()>::Continue(());
        match self {
            Kind::Mlp => {
                let config = TrainConfig {
                    network: MlpSpec::parse(1, "SiLU4,Tanh3", 2).unwrap(),
                    validate_every: 2,
                    ..super::common::physics_config()
                };
                let mut trainer = Trainer::new(config, super::common::set()).unwrap();
                let _ = trainer.run(5, |_, _| go(())).unwrap();
                trainer.save(path).unwrap();
            }
            Kind::Map => {
                let pairs = pairs();
                let (state, control) = pairs.standardization().unwrap();
                let spec = MapSpec { states: 2, parameters: 1, width: 3 };
                let config = MapConfig {
                    batch: 4,
                    epochs: 2,
                    validate_every: 1,
                    ..MapConfig::published(spec, state, control, 1.0, 7)
                };
                let mut trainer = MapTrainer::new(config, &pairs, Some(&pairs)).unwrap();
                let _ = trainer.run(4, |_, _| go(())).unwrap();
                trainer.save(path).unwrap();
            }
            Kind::LeastSquares => {
                let pairs = pairs();
                let (state, control) = pairs.standardization().unwrap();
                let spec = MapSpec { states: 2, parameters: 1, width: 12 };
                let config = LeastSquaresConfig {
                    steps: 6,
                    scouting: 2,
                    validate_every: 1,
                    ..LeastSquaresConfig::new(spec, state, control, 1.0, 7)
                };
                let mut fit = LeastSquares::new(config, &pairs, Some(&pairs)).unwrap();
                let _ = fit.run(4, |_, _| go(())).unwrap();
                fit.save(path).unwrap();
            }
            Kind::Ode => {
                let values = (0..40).map(|i| (f64::from(i) * 0.3).sin()).collect();
                let window = Window::new(2, 0.0, 0.1, values).unwrap();
                let config = OdeConfig {
                    network: OdeSpec::parse(2, "Tanh4").unwrap().with_layer_norm(),
                    input: window.normalization(false).unwrap(),
                    rate: Normalization::identity(2),
                    gain: 0.1,
                    seed: 1,
                    method: OdeMethod::Heun,
                    pace: Pace::Steps(1),
                    adjoint: Adjoint::Discrete,
                    phases: vec![
                        Phase { segments: 2, learn_starts: true, ..Phase::whole(4) },
                        Phase::whole(2),
                    ],
                    physics: None,
                    adam: Default::default(),
                    decay: Default::default(),
                    clip: Some(10.0),
                    divergence: OnDivergence::MaskLoss,
                    record_every: 1,
                };
                let field = SystemField::new(super::common::FitzHughNagumo, 0, "fitzhugh_nagumo");
                let mut trainer = OdeTrainer::new(config, window, Some(Arc::new(field))).unwrap();
                let _ = trainer.run(3, |_, _| go(())).unwrap();
                trainer.save(path).unwrap();
            }
            Kind::Training | Kind::Operator | Kind::StateDict => {
                let given = (0..60).map(|i| f64::from(i % 7)).collect();
                let wanted = (0..60).map(|i| f64::from(i % 11)).collect();
                let signals = Signals::new(10, 1, 1, given, wanted).unwrap();
                let network = FnoSpec {
                    inputs: 2,
                    outputs: 1,
                    width: 3,
                    modes: 2,
                    layers: 2,
                    padding: 1,
                    hidden: 3,
                    variant: Variant::Mlp,
                    activation: Activation::GELU,
                };
                let config =
                    FnoConfig { batch: 4, epochs: 2, ..FnoConfig::published(network, 1e-3, 1e-4, 0.8, 1) };
                let mut trainer = FnoTrainer::new(config, &signals, Some(&signals), 1).unwrap();
                let _ = trainer.run(3, |_, _| go(())).unwrap();
                match self {
                    Kind::Training => trainer.save(path).unwrap(),
                    _ => trainer.network().save(path).unwrap(),
                }
            }
        }
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
