//! An operator's training on disk, and an operator by itself.
//!
//! Both are safetensors files with the weights under the names of the publication's code
//! ([`super::state_dict`]), and with the scales `input.mean`, `input.scale` `[points, channels]`,
//! `output.mean`, `output.scale` `[points, outputs]` (F64). A checkpoint also has `adam.m` and `adam.v` in the
//! order of [`FnoSpec`](super::FnoSpec) (F32), and the history, one column a tensor: `history.iteration` (U64)
//! and `history.train`, `history.validation`, `history.learning_rate` (F64).
//!
//! The metadata has one entry, `ionic-surrogates.fno-training` or `ionic-surrogates.fno`: JSON with the format
//! number, the settings, and a SHA-256 over all of that and over every tensor.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::{Fno, FnoConfig, FnoRecord, FnoSpec, FnoTrainer, PointScale, Signals, state_dict};
use crate::Error;
use crate::data::SamplerState;
use crate::sealed::{self, Column, Field, f32s, f64s};

/// The number of the format described above; it grows when a change makes old files unreadable.
pub const FNO_FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    config: FnoConfig,
    signals_sha256: String,
    iteration: u64,
    sampler: SamplerState,
    /// Sum and number of the losses since the last record.
    since: (f64, u64),
    /// SHA-256 of the header with this field empty, then of every tensor.
    sha256: String,
}

impl sealed::Header for Header {
    const KEY: &'static str = "ionic-surrogates.fno-training";
    const FORMAT: u32 = FNO_FORMAT;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkHeader {
    format: u32,
    spec: FnoSpec,
    learned: usize,
    sha256: String,
}

impl sealed::Header for NetworkHeader {
    const KEY: &'static str = "ionic-surrogates.fno";
    const FORMAT: u32 = FNO_FORMAT;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

/// A checkpoint in memory: read, verified, and not yet joined to its trajectories.
#[derive(Debug, Clone)]
pub struct FnoCheckpoint {
    path: PathBuf,
    header: Header,
    fno: Fno,
    m: Vec<f32>,
    v: Vec<f32>,
    history: Vec<FnoRecord>,
}

impl FnoCheckpoint {
    /// Reads a checkpoint and verifies its hash.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::BadCheckpoint`] if it is cut short, altered, of
    /// another format, or something else altogether.
    pub fn open(path: &Path) -> Result<Self, Error> {
        sealed::read(path, |bytes| {
            let (header, file) = sealed::parse::<Header>(bytes)?;
            header.config.check().map_err(|e| e.to_string())?;
            let fno = read_network(&file, header.config.network)?;
            let count = fno.parameters.len();
            let (m, v) = (f32s(&file, "adam.m", &[count])?, f32s(&file, "adam.v", &[count])?);
            let history = sealed::read_history(&file, &HISTORY, record)?;
            Ok(Self { path: path.to_owned(), header, fno, m, v, history })
        })
    }

    /// The settings of the training.
    pub fn config(&self) -> &FnoConfig {
        &self.header.config
    }

    /// How many iterations were done.
    pub fn iteration(&self) -> u64 {
        self.header.iteration
    }

    /// The operator as it was.
    pub fn network(&self) -> &Fno {
        &self.fno
    }

    /// The records made so far.
    pub fn history(&self) -> &[FnoRecord] {
        &self.history
    }

    /// SHA-256 of the content, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.header.sha256
    }
}

impl FnoTrainer {
    /// Writes a checkpoint: atomically, so that a file of this name is always a whole one.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let header = Header {
            format: FNO_FORMAT,
            config: self.config.clone(),
            signals_sha256: self.signals_sha256.clone(),
            iteration: self.iteration,
            sampler: self.sampler.state(),
            since: self.since,
            sha256: String::new(),
        };
        let mut columns = network_columns(&self.network());
        for (name, values) in [("adam.m", &self.adam.m), ("adam.v", &self.adam.v)] {
            let list = self.engine.unpack(values);
            columns.push(sealed::column(name, vec![list.len()], &list));
        }
        columns.extend(sealed::history(&self.history, |r| r.iteration, &HISTORY));
        sealed::write(path, header, &columns)
    }

    /// A training that goes on where a checkpoint was written, as if it had not been interrupted: every later
    /// parameter is the same, bit for bit.
    ///
    /// # Errors
    /// Those of [`FnoCheckpoint::open`] and [`FnoTrainer::new`]; [`Error::OtherTraining`] if settings or
    /// trajectories are not those of the checkpoint.
    pub fn resume(
        path: &Path,
        config: FnoConfig,
        train: &Signals,
        validation: Option<&Signals>,
        threads: usize,
    ) -> Result<Self, Error> {
        let FnoCheckpoint { path, header, fno, m, v, history } = FnoCheckpoint::open(path)?;
        sealed::same_settings(&path, &config, &header.config)?;
        let mut trainer = Self::new(config, train, validation, threads)?;
        if trainer.signals_sha256 != header.signals_sha256 {
            return Err(sealed::other_training(
                &path,
                "data",
                "resume with the same trajectories, or train anew",
            ));
        }
        if !trainer.sampler.restore(&header.sampler) {
            let reason = "its data order is not one of these trajectories".to_owned();
            return Err(Error::BadCheckpoint { path, reason });
        }
        trainer.iteration = header.iteration;
        trainer.choose_resolution()?;
        trainer.engine.set_parameters(&fno.parameters);
        trainer.engine.pack(m, &mut trainer.adam.m);
        trainer.engine.pack(v, &mut trainer.adam.v);
        trainer.fno = fno;
        trainer.adam.updates = header.iteration;
        trainer.since = header.since;
        trainer.history = history;
        Ok(trainer)
    }
}

impl Fno {
    /// Writes the operator to a file, atomically.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let header = NetworkHeader {
            format: FNO_FORMAT,
            spec: self.spec,
            learned: self.learned,
            sha256: String::new(),
        };
        sealed::write(path, header, &network_columns(self))
    }

    /// Reads an operator that [`Fno::save`] wrote.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::BadCheckpoint`] if it is not a whole operator.
    pub fn open(path: &Path) -> Result<Self, Error> {
        sealed::read(path, |bytes| {
            let (header, file) = sealed::parse::<NetworkHeader>(bytes)?;
            let fno = read_network(&file, header.spec)?;
            if header.learned < 2 {
                return Err("it learned at fewer than two points".to_owned());
            }
            let fno = Self { learned: header.learned, ..fno };
            // Its padding follows from that, and modes may be those of points with padding alone.
            let spec = FnoSpec { padding: fno.padding(), ..fno.spec };
            spec.check_points(fno.points()).map_err(|e| e.to_string())?;
            Ok(fno)
        })
    }
}

fn network_columns(fno: &Fno) -> Vec<Column> {
    let mut out = state_dict::columns(&fno.spec, &fno.parameters);
    for (name, scale) in [("input", &fno.input), ("output", &fno.output)] {
        let shape = vec![scale.points(), scale.columns()];
        for (part, values) in [("mean", scale.mean()), ("scale", scale.scale())] {
            out.push(sealed::wide_column(format!("{name}.{part}"), shape.clone(), values.iter().copied()));
        }
    }
    out
}

fn read_network(file: &SafeTensors<'_>, spec: FnoSpec) -> Result<Fno, String> {
    spec.check().map_err(|e| e.to_string())?;
    let scale = |name: &str, columns: usize| -> Result<PointScale, String> {
        let mean = format!("{name}.mean");
        let points = file.tensor(&mean).map_err(|e| e.to_string())?.shape().first().copied().unwrap_or(0);
        let values = |part: &str| f64s(file, &format!("{name}.{part}"), &[points, columns]);
        PointScale::new(columns, values("mean")?, values("scale")?).map_err(|e| e.to_string())
    };
    let (input, output) = (scale("input", spec.inputs - 1)?, scale("output", spec.outputs)?);
    let parameters = state_dict::read(file, &spec, "")?;
    Fno::new(spec, input, output, parameters).map_err(|e| e.to_string())
}

/// The history's columns of F64, in the order in which [`record`] takes them.
const HISTORY: [Field<FnoRecord>; 3] =
    [("train", |r| r.train), ("validation", |r| r.validation), ("learning_rate", |r| r.learning_rate)];

fn record(iteration: u64, f: &[f64]) -> FnoRecord {
    FnoRecord { iteration, train: f[0], validation: f[1], learning_rate: f[2] }
}
