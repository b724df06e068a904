//! The training loop.

use std::path::Path;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::Sampler;
use crate::loss::Losses;
use crate::optimizer::{Adam, ReduceOnPlateau};
use crate::{
    Backend, DataTerm, Error, Mlp, Samples, TrainConfig, Training, VectorField, check, checkpoint as file,
    random,
};

mod batch;
mod checkpoint;
mod fused;
mod previous;
mod tape;

use self::batch::{Batch, Sources};
use self::previous::Previous;

/// What a training learns from, apart from its settings.
#[derive(Clone, Default)]
pub struct TrainingSet {
    /// Samples to learn; unused without a data term.
    pub train: Option<Samples>,
    /// Samples to validate with; `None` for no validation.
    pub validation: Option<Samples>,
    /// The equations of the physics term.
    pub field: Option<Arc<dyn VectorField>>,
    /// Samples of the second data term; unused without one.
    pub extra: Option<Samples>,
    /// The network of the window before; unused without a continuity term.
    pub previous: Option<Mlp>,
}

/// The error over a validation set. The error of a sample is the sum over outputs of
/// |predicted − true| in physical units (Werneck 2024, eq. 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// The mean over the samples.
    pub mean: f64,
    /// The largest of all samples.
    pub max: f64,
}

/// One line of a training's history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// How many iterations were done.
    pub iteration: u64,
    /// The losses of that iteration's batch.
    pub losses: Losses,
    /// The learning rate of the next iteration.
    pub learning_rate: f64,
    /// The validation error after that iteration, if there is a validation set.
    pub validation: Option<Validation>,
}

/// Trains one network.
///
/// Every iteration draws a batch, evaluates the weighted loss (eq. 3.16), takes its gradient by
/// reverse mode with the [`Backend`] of the settings, makes one step of Adam, and gives the loss to
/// the schedule.
pub struct Trainer {
    config: TrainConfig,
    set: TrainingSet,
    network: Mlp,
    adam: Adam,
    schedule: Option<ReduceOnPlateau>,
    /// Of the common data, and of the extra data.
    samplers: [Option<Sampler>; 2],
    previous: Option<Previous>,
    points: ChaCha8Rng,
    iteration: u64,
    history: Vec<Record>,
    /// SHA-256 of the training set.
    set_sha256: String,
    engine: Engine,
    gradient: Vec<f32>,
    batch: Batch,
}

/// What computes the loss and its gradient.
enum Engine {
    Fused(Box<fused::Engine>),
    Tape(tape::Tape),
}

impl Trainer {
    /// A training before its first iteration.
    ///
    /// # Errors
    /// [`Error::BadConfig`] and others for settings out of range, and [`Error::BadLength`] if data
    /// or equations do not fit the network.
    pub fn new(config: TrainConfig, set: TrainingSet) -> Result<Self, Error> {
        config.check()?;
        let spec = &config.network;
        let network = Mlp::random(spec.clone(), config.input.clone(), config.output.clone(), config.seed)?;
        for samples in [&set.train, &set.validation, &set.extra].into_iter().flatten() {
            check::length("columns of inputs", samples.n_inputs(), spec.inputs)?;
            check::length("columns of targets", samples.n_outputs(), spec.outputs)?;
        }
        if !config.physics.is_empty() {
            let Some(field) = &set.field else {
                return Err(Error::config("physics", "on", "it needs equations: set `field`"));
            };
            check::length("states of the equations", field.dim(), spec.outputs)?;
        }
        let samplers = [
            sampler("data", config.data.as_ref(), "train", set.train.as_ref(), config.seed, random::DATA)?,
            sampler("extra", config.extra.as_ref(), "extra", set.extra.as_ref(), config.seed, random::EXTRA)?,
        ];
        let previous = match (&config.continuity, &set.previous) {
            (None, _) => None,
            (Some(_), None) => {
                let reason = "it needs the network of the window before: set `previous`";
                return Err(Error::config("continuity", "on", reason));
            }
            (Some(term), Some(network)) => {
                check::length("inputs of the network before", network.spec().inputs, spec.inputs)?;
                check::length("outputs of the network before", network.spec().outputs, spec.outputs)?;
                Some(Previous::new(network, term.batch))
            }
        };
        let batch = Batch::new(&config, samplers.each_ref().map(Option::as_ref));
        let engine = match config.backend.resolve(spec) {
            Backend::Tape => Engine::Tape(tape::Tape::new(&network)?),
            _ => Engine::Fused(Box::new(fused::Engine::new(&config, &batch))),
        };
        Ok(Self {
            adam: Adam::new(config.adam, network.parameters().len()),
            schedule: config.plateau.map(|p| ReduceOnPlateau::new(p, config.adam.learning_rate)),
            points: random::stream(config.seed, random::POINTS),
            gradient: vec![0.0; network.parameters().len()],
            iteration: 0,
            history: Vec::new(),
            set_sha256: set_sha256(&config, &set),
            config,
            set,
            network,
            samplers,
            previous,
            engine,
            batch,
        })
    }

    /// The network as it is now.
    pub fn network(&self) -> &Mlp {
        &self.network
    }

    /// The learning rate of the next iteration.
    pub fn learning_rate(&self) -> f64 {
        self.schedule.map_or(self.config.adam.learning_rate, |s| s.learning_rate())
    }

    /// The error over the validation set now; `None` without one.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if the network gives NaN or infinity.
    pub fn validate(&self) -> Result<Option<Validation>, Error> {
        let Some(set) = &self.set.validation else { return Ok(None) };
        let validation = validate(&self.network, set)?;
        if !validation.max.is_finite() {
            return Err(Error::not_finite(self.iteration, "the validation error", validation.max));
        }
        Ok(Some(validation))
    }
}

impl Training for Trainer {
    type Config = TrainConfig;
    type Network = Mlp;
    type Loss = Losses;
    type Record = Record;

    fn config(&self) -> &TrainConfig {
        &self.config
    }

    fn iteration(&self) -> u64 {
        self.iteration
    }

    fn history(&self) -> &[Record] {
        &self.history
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        file::save(self, path)
    }

    fn step(&mut self) -> Result<(Losses, Option<Record>), Error> {
        let Self { config, set, samplers, previous, points, batch, network, engine, .. } = self;
        let sources = Sources {
            samplers: samplers.each_mut().map(Option::as_mut),
            previous: previous.as_mut(),
            points,
        };
        let first = batch.draw(config, sources);
        for (sampler, set) in samplers.iter().zip([&set.train, &set.extra]) {
            if let (Some(sampler), Some(set)) = (sampler, set) {
                set.soon(sampler.upcoming());
            }
        }
        let (losses, tape) = match engine {
            Engine::Fused(e) => (e.losses(config, set, batch, first, network.parameters()), None),
            Engine::Tape(e) => {
                batch.copy_samples(config, [set.train.as_ref(), set.extra.as_ref()]);
                let (losses, tape) = e.losses(config, network, set.field.as_deref(), batch)?;
                (losses, Some(tape))
            }
        };
        for (what, value) in [
            ("the data loss", losses.data),
            ("the physics loss", losses.physics),
            ("the initial-condition loss", losses.initial),
            ("the loss", losses.total),
        ] {
            if !value.is_finite() {
                return Err(Error::not_finite(self.iteration + 1, what, value));
            }
        }
        let finite = match &mut self.engine {
            Engine::Fused(e) => {
                e.gradient(self.network.parameters(), &mut self.gradient);
                e.all_finite(&self.gradient)
            }
            Engine::Tape(e) => {
                if let Some(loss) = tape {
                    e.gradient(&self.config, loss, &mut self.gradient)?;
                }
                self.gradient.iter().fold(true, |good, g| good & g.is_finite())
            }
        };
        if !finite {
            return Err(Error::not_finite(self.iteration + 1, "the gradient of the loss", f64::NAN));
        }
        let learning_rate = self.learning_rate();
        self.adam.update(self.network.parameters_mut(), &self.gradient, learning_rate);
        if let Some(schedule) = &mut self.schedule {
            schedule.step(losses.total);
        }
        self.iteration += 1;

        let mut record = None;
        if self.iteration.is_multiple_of(self.config.validate_every) {
            let validation = self.validate()?;
            let learning_rate = self.learning_rate();
            let r = Record { iteration: self.iteration, losses, learning_rate, validation };
            self.history.push(r);
            record = Some(r);
        }
        Ok((losses, record))
    }
}

/// The error of a network over samples, eq. 3.3: mean and largest of Σⱼ |predicted − true|.
///
/// A prediction that is not finite makes both not finite.
///
/// # Errors
/// [`Error::BadLength`] if the samples do not fit the network.
pub fn validate(network: &Mlp, samples: &Samples) -> Result<Validation, Error> {
    check::length("columns of inputs", samples.n_inputs(), network.spec().inputs)?;
    check::length("columns of targets", samples.n_outputs(), network.spec().outputs)?;
    let n_out = samples.n_outputs();
    let mut y = vec![0.0; samples.targets().len()];
    network.predict(samples.inputs(), &mut y)?;
    let (mut sum, mut max) = (0.0, 0.0f64);
    for (y, t) in y.chunks_exact(n_out).zip(samples.targets().chunks_exact(n_out)) {
        let error: f64 = y.iter().zip(t).map(|(y, t)| (f64::from(*y) - f64::from(*t)).abs()).sum();
        sum += error;
        // Not `max`: it would drop NaN.
        max = if error <= max { max } else { error };
    }
    let mean = sum / samples.rows() as f64;
    Ok(Validation { mean, max: if mean.is_finite() { max } else { mean } })
}

/// What deals out the samples of a data term.
fn sampler(
    setting: &str,
    term: Option<&DataTerm>,
    field: &str,
    samples: Option<&Samples>,
    seed: u64,
    stream: u64,
) -> Result<Option<Sampler>, Error> {
    let Some(term) = term else { return Ok(None) };
    let Some(samples) = samples else {
        let reason = format!("it needs samples: set `{field}`, or `{setting}` to none");
        return Err(Error::config(setting, "on", reason));
    };
    // `Samples` holds fewer than 2³² rows.
    let rows = u32::try_from(samples.rows()).unwrap_or(u32::MAX);
    Ok(Some(Sampler::new(random::stream(seed, stream), rows, term.batch, term.sampling)))
}

/// SHA-256 of what a training learns from: samples, validation samples, equations.
fn set_sha256(config: &TrainConfig, set: &TrainingSet) -> String {
    let mut hash = Sha256::new();
    let part = |hash: &mut Sha256, name: &str, samples: Option<&Samples>| {
        hash.update(name.as_bytes());
        hash.update([u8::from(samples.is_some())]);
        if let Some(samples) = samples {
            samples.hash_into(hash);
        }
    };
    part(&mut hash, "train", set.train.as_ref().filter(|_| config.data.is_some()));
    part(&mut hash, "validation", set.validation.as_ref());
    if let Some(field) = set.field.as_deref().filter(|_| !config.physics.is_empty()) {
        hash.update(b"field");
        hash.update(field.identity().as_bytes());
    }
    // Only what is there: trainings without them keep the hashes that they had.
    if config.extra.is_some() {
        part(&mut hash, "extra", set.extra.as_ref());
    }
    if let Some(network) = set.previous.as_ref().filter(|_| config.continuity.is_some()) {
        hash.update(b"previous");
        for list in [network.input_normalization(), network.output_normalization()] {
            list.mean().iter().chain(list.scale()).for_each(|v| hash.update(v.to_le_bytes()));
        }
        hash.update(network.spec().to_string().as_bytes());
        network.parameters().iter().for_each(|v| hash.update(v.to_le_bytes()));
    }
    crate::sealed::hex(hash)
}
