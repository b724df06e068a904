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
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::SamplerState;
use crate::{Error, Losses, Mlp, MlpSpec, Record, TrainConfig, Trainer, TrainingSet, Validation, atomic};

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
        let (header, file) = read::<Header>(bytes)?;
        header.config.check().map_err(|e| e.to_string())?;

        let config = &header.config;
        let count = config.network.parameters();
        let parameters = read_layers(&file, &config.network)?;
        let network =
            Mlp::new(config.network.clone(), config.input.clone(), config.output.clone(), parameters)
                .map_err(|e| e.to_string())?;
        let m = f32s(&file, "adam.m", &[count])?;
        let v = f32s(&file, "adam.v", &[count])?;
        let history = read_history(&file, &HISTORY, record)?;
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
        let header = Header {
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
        write(path, header, &self.columns())
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

    /// Every tensor of the file.
    fn columns(&self) -> Vec<Column> {
        let mut out = layer_columns(self.network.spec(), self.network.parameters());
        for (name, values) in [("adam.m", &self.adam.m), ("adam.v", &self.adam.v)] {
            out.push(f32_column(name, vec![values.len()], values));
        }
        out.extend(history_columns(&self.history, |r| r.iteration, &HISTORY));
        out
    }
}

/// The history's columns of F64.
const HISTORY: [(&str, Field<Record>); 7] = [
    ("data", |r| r.losses.data),
    ("physics", |r| r.losses.physics),
    ("initial", |r| r.losses.initial),
    ("total", |r| r.losses.total),
    ("learning_rate", |r| r.learning_rate),
    ("validation_mean", |r| r.validation.map_or(f64::NAN, |v| v.mean)),
    ("validation_max", |r| r.validation.map_or(f64::NAN, |v| v.max)),
];

fn record(iteration: u64, f: &[f64]) -> Record {
    Record {
        iteration,
        losses: Losses { data: f[0], physics: f[1], initial: f[2], total: f[3] },
        learning_rate: f[4],
        validation: (!f[5].is_nan()).then(|| Validation { mean: f[5], max: f[6] }),
    }
}

impl Sealed for Header {
    const KEY: &'static str = KEY;
    const FORMAT: u32 = FORMAT;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

/// What stands in a file's metadata beside its tensors: JSON with the fields `format` and `sha256`, the hash of
/// the header with that field empty and of every tensor.
pub(crate) trait Sealed: Clone + Serialize + DeserializeOwned {
    /// The metadata's key.
    const KEY: &'static str;
    /// The format that this version reads and writes.
    const FORMAT: u32;

    /// The hash.
    fn sha256(&mut self) -> &mut String;
}

/// A tensor: name, type, shape, bytes.
pub(crate) type Column = (String, Dtype, Vec<usize>, Vec<u8>);

/// One number of a record.
pub(crate) type Field<R> = fn(&R) -> f64;

/// Writes tensors with their header, sealed by its hash: atomically, so that a file of this name is always a
/// whole one.
pub(crate) fn write<H: Sealed>(path: &Path, mut header: H, columns: &[Column]) -> Result<(), Error> {
    let other = |e: safetensors::SafeTensorError| Error::io(path, std::io::Error::other(e));
    let mut tensors = Vec::new();
    for (name, dtype, shape, bytes) in columns {
        tensors.push((name.clone(), TensorView::new(*dtype, shape.clone(), bytes).map_err(other)?));
    }
    *header.sha256() = digest(&header, &mut tensors);
    let metadata = HashMap::from([(H::KEY.to_owned(), json(&header))]);
    let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(other)?;
    atomic::write(path, &bytes)
}

/// Header and tensors of a file, verified.
pub(crate) fn read<H: Sealed>(bytes: &[u8]) -> Result<(H, SafeTensors<'_>), String> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let text = metadata
        .metadata()
        .as_ref()
        .and_then(|m| m.get(H::KEY))
        .ok_or_else(|| format!("its header has no `{}`", H::KEY))?;
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if format != H::FORMAT {
        return Err(format!("it has format {format}, and this version reads {}", H::FORMAT));
    }
    let mut header: H = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let mut tensors: Vec<_> = file.iter().map(|(name, t)| (name.to_owned(), t)).collect();
    if digest(&header, &mut tensors) != *header.sha256() {
        return Err("its content does not have the hash in its header".to_owned());
    }
    Ok((header, file))
}

/// SHA-256 of the header without its hash, and of every tensor in the order of names.
fn digest<H: Sealed>(header: &H, tensors: &mut [(String, TensorView<'_>)]) -> String {
    let mut header = header.clone();
    header.sha256().clear();
    let text = json(&header);
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

/// A tensor of F32.
pub(crate) fn f32_column(name: impl Into<String>, shape: Vec<usize>, values: &[f32]) -> Column {
    (name.into(), Dtype::F32, shape, values.iter().flat_map(|x| x.to_le_bytes()).collect())
}

/// `layer.K.weight` and `layer.K.bias` of every layer.
pub(crate) fn layer_columns(spec: &MlpSpec, parameters: &[f32]) -> Vec<Column> {
    let mut out = Vec::new();
    for (k, layer) in spec.layers().enumerate() {
        let (w, b) = layer.split(parameters);
        out.push(f32_column(format!("layer.{k}.weight"), vec![layer.inputs, layer.outputs], w));
        out.push(f32_column(format!("layer.{k}.bias"), vec![layer.outputs], b));
    }
    out
}

/// The parameters that [`layer_columns`] wrote.
pub(crate) fn read_layers(file: &SafeTensors<'_>, spec: &MlpSpec) -> Result<Vec<f32>, String> {
    let mut parameters = Vec::with_capacity(spec.parameters());
    for (k, layer) in spec.layers().enumerate() {
        let (i, o) = (layer.inputs, layer.outputs);
        parameters.extend(f32s(file, &format!("layer.{k}.weight"), &[i, o])?);
        parameters.extend(f32s(file, &format!("layer.{k}.bias"), &[o])?);
    }
    Ok(parameters)
}

/// A history, one column a tensor: `history.iteration` (U64) and `history.FIELD` (F64).
pub(crate) fn history_columns<R>(
    history: &[R],
    iteration: fn(&R) -> u64,
    fields: &[(&str, Field<R>)],
) -> Vec<Column> {
    let rows = vec![history.len()];
    let iterations = history.iter().flat_map(|r| iteration(r).to_le_bytes()).collect();
    let first = ("history.iteration".to_owned(), Dtype::U64, rows.clone(), iterations);
    let others = fields.iter().map(|(name, value)| {
        let bytes = history.iter().flat_map(|r| value(r).to_le_bytes()).collect();
        (format!("history.{name}"), Dtype::F64, rows.clone(), bytes)
    });
    std::iter::once(first).chain(others).collect()
}

/// The history that [`history_columns`] wrote: `record` makes a record from its iteration and fields.
pub(crate) fn read_history<R>(
    file: &SafeTensors<'_>,
    fields: &[(&str, Field<R>)],
    record: fn(u64, &[f64]) -> R,
) -> Result<Vec<R>, String> {
    let name = "history.iteration";
    let rows = file.tensor(name).map_err(|e| e.to_string())?.shape().first().copied().unwrap_or(0);
    let words = |name: &str, dtype| -> Result<Vec<u64>, String> {
        let (bytes, _) = numbers(file, name, dtype, &[rows])?.as_chunks();
        Ok(bytes.iter().map(|b| u64::from_le_bytes(*b)).collect())
    };
    let iterations = words(name, Dtype::U64)?;
    let mut columns = Vec::new();
    for (name, _) in fields {
        columns.push(words(&format!("history.{name}"), Dtype::F64)?);
    }
    let row = |(i, iteration): (usize, u64)| {
        let numbers: Vec<f64> = columns.iter().map(|c| f64::from_bits(c[i])).collect();
        record(iteration, &numbers)
    };
    Ok(iterations.into_iter().enumerate().map(row).collect())
}

/// The bytes of a tensor of the given type and shape.
fn numbers<'a>(
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

fn json(header: &impl Serialize) -> String {
    serde_json::to_string(header).expect("invariant: a header has string keys and finite numbers")
}

pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
