//! Training on disk: everything that the next iteration depends on, in one safetensors file.
//!
//! Tensors: `layer.K.weight` `[inputs, outputs]` and `layer.K.bias` `[outputs]` for each layer K,
//! `adam.m` and `adam.v` for all parameters in the same order (all F32), and the history, one column
//! a tensor: `history.iteration` (U64), `history.data`, `history.physics`, `history.initial`,
//! `history.total`, `history.learning_rate`, `history.validation_mean` and
//! `history.validation_max` (F64, NaN where there is no validation set).
//!
//! The header's metadata has one entry, `ionic-surrogates.checkpoint`: JSON with the format number,
//! the settings, the hash of data and equations, the state of optimiser, schedule and random
//! numbers, and a SHA-256 over all of that and over every tensor.

use std::collections::HashMap;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::SamplerState;
use crate::{Error, Losses, Mlp, Record, TrainConfig, Trainer, TrainingSet, Validation, atomic};

/// The number of the format described above; it grows when a change makes old files unreadable.
pub const FORMAT: u32 = 1;

/// The metadata's key.
const KEY: &str = "ionic-surrogates.checkpoint";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    config: TrainConfig,
    data_sha256: String,
    iteration: u64,
    schedule: Option<ScheduleState>,
    sampler: Option<SamplerState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra_sampler: Option<SamplerState>,
    points_word_position: u64,
    /// SHA-256 of the header with this field empty, then of every tensor.
    sha256: String,
}

/// The schedule's state; JSON has no infinity, so `best` is absent before the first step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct ScheduleState {
    learning_rate: f64,
    best: Option<f64>,
    bad_steps: u64,
}

/// A checkpoint in memory: read, verified, and not yet joined to its data.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    path: std::path::PathBuf,
    header: Header,
    network: Mlp,
    m: Vec<f32>,
    v: Vec<f32>,
    history: Vec<Record>,
}

impl Checkpoint {
    /// Reads a checkpoint and verifies its hash.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::BadCheckpoint`] if it is cut short,
    /// altered, of another format, or something else altogether.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        Self::parse(path, &bytes).map_err(|reason| Error::BadCheckpoint { path: path.to_owned(), reason })
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let text = metadata
            .metadata()
            .as_ref()
            .and_then(|m| m.get(KEY))
            .ok_or_else(|| format!("its header has no `{KEY}`"))?;
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if format != FORMAT {
            return Err(format!("it has format {format}, and this version reads {FORMAT}"));
        }
        let header: Header = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let mut tensors: Vec<_> = file.iter().map(|(name, t)| (name.to_owned(), t)).collect();
        if digest(&header, &mut tensors) != header.sha256 {
            return Err("its content does not have the hash in its header".to_owned());
        }
        header.config.check().map_err(|e| e.to_string())?;

        let config = &header.config;
        let count = config.network.parameters();
        let mut parameters = Vec::with_capacity(count);
        for (k, layer) in config.network.layers().enumerate() {
            let (i, o) = (layer.inputs, layer.outputs);
            parameters.extend(f32s(&file, &format!("layer.{k}.weight"), &[i, o])?);
            parameters.extend(f32s(&file, &format!("layer.{k}.bias"), &[o])?);
        }
        let network =
            Mlp::new(config.network.clone(), config.input.clone(), config.output.clone(), parameters)
                .map_err(|e| e.to_string())?;
        let m = f32s(&file, "adam.m", &[count])?;
        let v = f32s(&file, "adam.v", &[count])?;
        let history = read_history(&file)?;
        Ok(Self { path: path.to_owned(), header, network, m, v, history })
    }

    /// The settings of the training.
    pub fn config(&self) -> &TrainConfig {
        &self.header.config
    }

    /// How many iterations were done.
    pub fn iteration(&self) -> u64 {
        self.header.iteration
    }

    /// The network as it was.
    pub fn network(&self) -> &Mlp {
        &self.network
    }

    /// The records made so far.
    pub fn history(&self) -> &[Record] {
        &self.history
    }

    /// SHA-256 of the content, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.header.sha256
    }
}

impl Trainer {
    /// Writes a checkpoint: atomically, so that a file of this name is always a whole one.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let mut header = Header {
            format: FORMAT,
            config: self.config.clone(),
            data_sha256: self.set_sha256.clone(),
            iteration: self.iteration,
            schedule: self.schedule.map(|s| ScheduleState {
                learning_rate: s.learning_rate,
                best: s.best.is_finite().then_some(s.best),
                bad_steps: s.bad_steps,
            }),
            sampler: self.samplers[0].as_ref().map(crate::data::Sampler::state),
            extra_sampler: self.samplers[1].as_ref().map(crate::data::Sampler::state),
            points_word_position: self.points.get_word_pos() as u64,
            sha256: String::new(),
        };
        let columns = self.columns();
        let mut tensors = Vec::new();
        for (name, dtype, shape, bytes) in &columns {
            let view = TensorView::new(*dtype, shape.clone(), bytes)
                .map_err(|e| Error::io(path, std::io::Error::other(e)))?;
            tensors.push((name.clone(), view));
        }
        header.sha256 = digest(&header, &mut tensors);
        let metadata = HashMap::from([(KEY.to_owned(), json(&header))]);
        let bytes = safetensors::serialize(tensors, Some(metadata))
            .map_err(|e| Error::io(path, std::io::Error::other(e)))?;
        atomic::write(path, &bytes)
    }

    /// A training that goes on where a checkpoint was written, as if it had not been interrupted:
    /// every later weight is the same, bit for bit. The settings, the data and the equations must be
    /// those of the checkpoint.
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`] and [`Trainer::new`]; [`Error::OtherTraining`] if settings, data
    /// or equations differ.
    pub fn resume(path: &Path, config: TrainConfig, set: TrainingSet) -> Result<Self, Error> {
        Self::from_checkpoint(Checkpoint::open(path)?, config, set)
    }

    /// As [`Trainer::resume`], from a checkpoint that was opened already.
    ///
    /// # Errors
    /// As [`Trainer::resume`].
    pub fn from_checkpoint(
        checkpoint: Checkpoint,
        config: TrainConfig,
        set: TrainingSet,
    ) -> Result<Self, Error> {
        let Checkpoint { path, header, network, m, v, history } = checkpoint;
        let other = |what: &str, remedy: &str| Error::OtherTraining {
            path: path.clone(),
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        };
        if config != header.config {
            let what = differing(&config, &header.config);
            return Err(other(&what, "resume with the settings it was written with, or train anew"));
        }
        let mut trainer = Self::new(config, set)?;
        if trainer.set_sha256 != header.data_sha256 {
            let remedy = "resume with the same samples and equations, or train anew";
            return Err(other("data set or its equations", remedy));
        }
        trainer.network = network;
        trainer.adam.m = m;
        trainer.adam.v = v;
        trainer.adam.updates = header.iteration;
        trainer.iteration = header.iteration;
        trainer.history = history;
        trainer.points.set_word_pos(u128::from(header.points_word_position));
        let bad = |reason: &str| Error::BadCheckpoint { path: path.clone(), reason: reason.to_owned() };
        match (&mut trainer.schedule, header.schedule) {
            (None, None) => {}
            (Some(schedule), Some(state)) => {
                schedule.learning_rate = state.learning_rate;
                schedule.best = state.best.unwrap_or(f64::INFINITY);
                schedule.bad_steps = state.bad_steps;
            }
            _ => return Err(bad("its schedule does not fit its settings")),
        }
        for (sampler, state) in trainer.samplers.iter_mut().zip([&header.sampler, &header.extra_sampler]) {
            match (sampler, state) {
                (None, None) => {}
                (Some(sampler), Some(state)) => {
                    if !sampler.restore(state) {
                        return Err(bad("its data order is not one of these data"));
                    }
                }
                _ => return Err(bad("its data order does not fit its settings")),
            }
        }
        Ok(trainer)
    }

    /// Every tensor of the file: name, type, shape, bytes.
    fn columns(&self) -> Vec<(String, Dtype, Vec<usize>, Vec<u8>)> {
        let f32s = |v: &[f32]| v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let mut out = Vec::new();
        for (k, layer) in self.config.network.layers().enumerate() {
            let (w, b) = layer.split(self.network.parameters());
            let shape = vec![layer.inputs, layer.outputs];
            out.push((format!("layer.{k}.weight"), Dtype::F32, shape, f32s(w)));
            out.push((format!("layer.{k}.bias"), Dtype::F32, vec![layer.outputs], f32s(b)));
        }
        for (name, values) in [("adam.m", &self.adam.m), ("adam.v", &self.adam.v)] {
            out.push((name.to_owned(), Dtype::F32, vec![values.len()], f32s(values)));
        }
        let rows = self.history.len();
        let iterations = self.history.iter().flat_map(|r| r.iteration.to_le_bytes()).collect();
        out.push(("history.iteration".to_owned(), Dtype::U64, vec![rows], iterations));
        for (name, value) in HISTORY {
            let bytes = self.history.iter().flat_map(|r| value(r).to_le_bytes()).collect();
            out.push((format!("history.{name}"), Dtype::F64, vec![rows], bytes));
        }
        out
    }
}

/// One number of a record.
type Field = fn(&Record) -> f64;

/// The history's columns of F64, in the order in which [`read_history`] takes them.
const HISTORY: [(&str, Field); 7] = [
    ("data", |r| r.losses.data),
    ("physics", |r| r.losses.physics),
    ("initial", |r| r.losses.initial),
    ("total", |r| r.losses.total),
    ("learning_rate", |r| r.learning_rate),
    ("validation_mean", |r| r.validation.map_or(f64::NAN, |v| v.mean)),
    ("validation_max", |r| r.validation.map_or(f64::NAN, |v| v.max)),
];

fn read_history(file: &SafeTensors<'_>) -> Result<Vec<Record>, String> {
    let name = "history.iteration";
    let rows = file.tensor(name).map_err(|e| e.to_string())?.shape().first().copied().unwrap_or(0);
    let iterations = numbers(file, name, Dtype::U64, &[rows])?;
    let mut columns = Vec::new();
    for (name, _) in HISTORY {
        columns.push(numbers(file, &format!("history.{name}"), Dtype::F64, &[rows])?);
    }
    let u64_at = |bytes: &[u8], i: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[8 * i..8 * i + 8]);
        u64::from_le_bytes(word)
    };
    Ok((0..rows)
        .map(|i| {
            let f = |column: usize| f64::from_bits(u64_at(columns[column], i));
            Record {
                iteration: u64_at(iterations, i),
                losses: Losses { data: f(0), physics: f(1), initial: f(2), total: f(3) },
                learning_rate: f(4),
                validation: (!f(5).is_nan()).then(|| Validation { mean: f(5), max: f(6) }),
            }
        })
        .collect())
}

/// The bytes of a tensor of the given type and shape.
pub(crate) fn numbers<'a>(
    file: &SafeTensors<'a>,
    name: &str,
    dtype: Dtype,
    shape: &[usize],
) -> Result<&'a [u8], String> {
    let t = file.tensor(name).map_err(|e| e.to_string())?;
    if t.dtype() != dtype || t.shape() != shape {
        return Err(format!("`{name}` is {:?} {:?}, not {dtype:?} {shape:?}", t.dtype(), t.shape()));
    }
    Ok(t.data())
}

pub(crate) fn f32s(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let bytes = numbers(file, name, Dtype::F32, shape)?;
    Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// SHA-256 of the header without its hash, and of every tensor in the order of names.
fn digest(header: &Header, tensors: &mut [(String, TensorView<'_>)]) -> String {
    digest_of(&json(&Header { sha256: String::new(), ..header.clone() }), tensors)
}

/// SHA-256 of a header's text, and of every tensor in the order of names.
pub(crate) fn digest_of(text: &str, tensors: &mut [(String, TensorView<'_>)]) -> String {
    let mut hash = Sha256::new();
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, t) in tensors {
        let about = format!("{name} {:?} {:?}", t.dtype(), t.shape());
        hash.update((about.len() as u64).to_le_bytes());
        hash.update(about.as_bytes());
        hash.update(t.data());
    }
    hex(hash)
}

/// The name of the first setting that differs.
pub(crate) fn differing(a: &impl Serialize, b: &impl Serialize) -> String {
    let (a, b) = (serde_json::to_value(a), serde_json::to_value(b));
    if let (Ok(serde_json::Value::Object(a)), Ok(serde_json::Value::Object(b))) = (a, b)
        && let Some((name, value)) = a.iter().find(|(name, value)| b.get(*name) != Some(value))
    {
        let was = b.get(name).unwrap_or(&serde_json::Value::Null);
        return format!("setting `{name}` ({was} in the file, {value} now)");
    }
    "settings".to_owned()
}

fn json(header: &Header) -> String {
    serde_json::to_string(header).expect("invariant: a header has string keys and finite numbers")
}

pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
