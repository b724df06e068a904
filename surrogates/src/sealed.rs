//! Files of a training: tensors, and a header in which their hash stands.
//!
//! The header is JSON under one key of the safetensors metadata. Its field `sha256` is the hash of the
//! header with this field empty, then of every tensor in the order of names.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::{Error, MlpSpec, Real, atomic};

/// A tensor to be written: name, type, shape, bytes.
pub(crate) type Column = (String, Dtype, Vec<usize>, Vec<u8>);

/// A header of a kind of file.
pub trait Header: Serialize + DeserializeOwned {
    /// The key of the metadata.
    const KEY: &'static str;
    /// The number of the format; it grows when a change makes old files unreadable.
    const FORMAT: u32;

    /// The field that holds the hash.
    fn sha256(&mut self) -> &mut String;
}

fn json(settings: &impl Serialize) -> String {
    serde_json::to_string(settings).expect("invariant: settings have string keys and finite numbers")
}

/// Writes a file, atomically.
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub(crate) fn write<H: Header>(path: &Path, mut header: H, columns: &[Column]) -> Result<(), Error> {
    header.sha256().clear();
    let mut tensors = views(columns).map_err(|e| Error::io(path, std::io::Error::other(e)))?;
    *header.sha256() = digest(&json(&header), &mut tensors);
    store(path, H::KEY, json(&header), tensors)
}

/// Tensors as they are written.
type Views<'a> = Vec<(String, TensorView<'a>)>;

fn views(columns: &[Column]) -> Result<Views<'_>, SafeTensorError> {
    let mut tensors = Vec::new();
    for (name, dtype, shape, bytes) in columns {
        tensors.push((name.clone(), TensorView::new(*dtype, shape.clone(), bytes)?));
    }
    Ok(tensors)
}

fn store(path: &Path, key: &str, header: String, tensors: Views<'_>) -> Result<(), Error> {
    let metadata = HashMap::from([(key.to_owned(), header)]);
    let bytes = safetensors::serialize(tensors, Some(metadata));
    atomic::write(path, &bytes.map_err(|e| Error::io(path, std::io::Error::other(e)))?)
}

/// Reads a file and makes of it what `parse` does, which says what is wrong with it.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::BadCheckpoint`] with what is wrong.
pub(crate) fn read<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, String>) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    parse(&bytes).map_err(|reason| Error::BadCheckpoint { path: path.to_owned(), reason })
}

/// A file that belongs to another training: what differs, and what to do.
pub(crate) fn other_training(path: &Path, what: impl Into<String>, remedy: &str) -> Error {
    Error::OtherTraining { path: path.to_owned(), what: what.into(), remedy: remedy.to_owned() }
}

/// Whether a training goes on with the settings that its file was written with.
///
/// # Errors
/// [`Error::OtherTraining`] naming the first setting that differs.
pub(crate) fn same_settings<C: PartialEq + Serialize>(path: &Path, now: &C, then: &C) -> Result<(), Error> {
    if now == then {
        return Ok(());
    }
    let remedy = "resume with the settings it was written with, or train anew";
    Err(other_training(path, differing(&json(now), &json(then)), remedy))
}

/// Header and tensors of a file in memory, after its hash was verified.
pub(crate) fn parse<H: Header>(bytes: &[u8]) -> Result<(H, SafeTensors<'_>), String> {
    let (text, file) = open(bytes, H::KEY, H::FORMAT)?;
    let mut header: H = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let sha256 = std::mem::take(header.sha256());
    let mut tensors: Vec<_> = file.iter().map(|(name, t)| (name.to_owned(), t)).collect();
    if digest(&json(&header), &mut tensors) != sha256 {
        return Err("its content does not have the hash in its header".to_owned());
    }
    *header.sha256() = sha256;
    Ok((header, file))
}

/// The text of the header under a key, and the tensors.
fn open<'a>(bytes: &'a [u8], key: &str, expected: u32) -> Result<(String, SafeTensors<'a>), String> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let text = metadata
        .metadata()
        .as_ref()
        .and_then(|m| m.get(key))
        .ok_or_else(|| format!("its header has no `{key}`"))?;
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if format != expected {
        return Err(format!("it has format {format}, and this version reads {expected}"));
    }
    Ok((text.clone(), file))
}

/// The bytes of a tensor of the given type and shape.
fn bytes<'a>(file: &SafeTensors<'a>, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&'a [u8], String> {
    let t = file.tensor(name).map_err(|e| e.to_string())?;
    if t.dtype() != dtype || t.shape() != shape {
        return Err(format!("`{name}` is {:?} {:?}, not {dtype:?} {shape:?}", t.dtype(), t.shape()));
    }
    Ok(t.data())
}

/// A number of networks, as files hold it.
pub(crate) trait Number: Real {
    /// Its name there.
    const DTYPE: Dtype;

    /// Adds its bytes, the least first.
    fn write(&self, to: &mut Vec<u8>);
    /// The numbers of such bytes.
    fn read(bytes: &[u8]) -> Vec<Self>;
}

impl Number for f32 {
    const DTYPE: Dtype = Dtype::F32;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.to_le_bytes());
    }
    fn read(bytes: &[u8]) -> Vec<Self> {
        bytes.as_chunks().0.iter().map(|b| Self::from_le_bytes(*b)).collect()
    }
}

impl Number for f64 {
    const DTYPE: Dtype = Dtype::F64;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.to_le_bytes());
    }
    fn read(bytes: &[u8]) -> Vec<Self> {
        bytes.as_chunks().0.iter().map(|b| Self::from_le_bytes(*b)).collect()
    }
}

/// The numbers of a tensor of the given shape.
pub(crate) fn numbers<E: Number>(
    file: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
) -> Result<Vec<E>, String> {
    Ok(E::read(bytes(file, name, E::DTYPE, shape)?))
}

/// A tensor of numbers.
pub(crate) fn column<E: Number>(name: impl Into<String>, shape: Vec<usize>, values: &[E]) -> Column {
    let mut bytes = Vec::with_capacity(size_of_val(values));
    values.iter().for_each(|x| x.write(&mut bytes));
    (name.into(), E::DTYPE, shape, bytes)
}

/// A tensor of one axis.
pub(crate) fn list(name: impl Into<String>, values: &[f32]) -> Column {
    column(name, vec![values.len()], values)
}

/// Adam's means of gradients, `adam.m`, and of their squares, `adam.v`, in the order of parameters.
pub(crate) type Moments = [Vec<f32>; 2];

/// The columns of [`Moments`].
pub(crate) fn moments(m: &[f32], v: &[f32]) -> [Column; 2] {
    [list("adam.m", m), list("adam.v", v)]
}

/// Reads what [`moments`] wrote for `count` parameters.
pub(crate) fn read_moments(file: &SafeTensors<'_>, count: usize) -> Result<Moments, String> {
    Ok([numbers(file, "adam.m", &[count])?, numbers(file, "adam.v", &[count])?])
}

/// `layer.K.weight` and `layer.K.bias` of every layer.
pub(crate) fn layer_columns(spec: &MlpSpec, parameters: &[f32]) -> Vec<Column> {
    let mut out = Vec::new();
    for (k, layer) in spec.layers().enumerate() {
        let (w, b) = layer.split(parameters);
        out.push(column(format!("layer.{k}.weight"), vec![layer.inputs, layer.outputs], w));
        out.push(list(format!("layer.{k}.bias"), b));
    }
    out
}

/// The parameters that [`layer_columns`] wrote.
pub(crate) fn read_layers(file: &SafeTensors<'_>, spec: &MlpSpec) -> Result<Vec<f32>, String> {
    // No more is reserved than the file holds: its header may claim anything.
    let mut parameters = Vec::new();
    for (k, layer) in spec.layers().enumerate() {
        let (i, o) = (layer.inputs, layer.outputs);
        parameters.extend(numbers::<f32>(file, &format!("layer.{k}.weight"), &[i, o])?);
        parameters.extend(numbers::<f32>(file, &format!("layer.{k}.bias"), &[o])?);
    }
    Ok(parameters)
}

/// One number of a record.
pub(crate) type Field<R> = (&'static str, fn(&R) -> f64);

/// A record of a history, which stands in files as a row.
pub trait Row: Sized + 'static {
    /// Its numbers, in the order in which [`Row::of`] takes them.
    const FIELDS: &'static [Field<Self>];

    /// How many iterations were done.
    fn iteration(&self) -> u64;

    /// The record of an iteration and of its numbers.
    fn of(iteration: u64, fields: &[f64]) -> Self;
}

/// A history, one column a tensor: `history.iteration` (U64), and one of F64 for each field.
pub(crate) fn history<R: Row>(records: &[R]) -> Vec<Column> {
    let shape = vec![records.len()];
    let iterations = records.iter().flat_map(|r| r.iteration().to_le_bytes()).collect();
    let mut out = vec![("history.iteration".to_owned(), Dtype::U64, shape.clone(), iterations)];
    for (name, value) in R::FIELDS {
        let values: Vec<f64> = records.iter().map(value).collect();
        out.push(column(format!("history.{name}"), shape.clone(), &values));
    }
    out
}

/// Reads what [`history`] wrote.
pub(crate) fn read_history<R: Row>(file: &SafeTensors<'_>) -> Result<Vec<R>, String> {
    let name = "history.iteration";
    let rows = file.tensor(name).map_err(|e| e.to_string())?.shape().first().copied().unwrap_or(0);
    let (iterations, _) = bytes(file, name, Dtype::U64, &[rows])?.as_chunks();
    let mut columns = Vec::new();
    for (name, _) in R::FIELDS {
        columns.push(numbers::<f64>(file, &format!("history.{name}"), &[rows])?);
    }
    let row = |i: usize| columns.iter().map(|c| c[i]).collect::<Vec<f64>>();
    Ok(iterations.iter().enumerate().map(|(i, n)| R::of(u64::from_le_bytes(*n), &row(i))).collect())
}

/// SHA-256 of a header's text, and of every tensor in the order of names.
fn digest(text: &str, tensors: &mut [(String, TensorView<'_>)]) -> String {
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

/// The name of the first setting that differs between two texts of settings.
fn differing(a: &str, b: &str) -> String {
    let (a, b) = (serde_json::from_str(a), serde_json::from_str(b));
    if let (Ok(serde_json::Value::Object(a)), Ok(serde_json::Value::Object(b))) = (a, b)
        && let Some((name, value)) = a.iter().find(|(name, value)| b.get(*name) != Some(value))
    {
        let was = b.get(name).unwrap_or(&serde_json::Value::Null);
        return format!("setting `{name}` ({was} in the file, {value} now)");
    }
    "settings".to_owned()
}

pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
