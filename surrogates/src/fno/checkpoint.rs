//! An operator's training on disk, and an operator by itself.
//!
//! Both are safetensors files with the weights under the names of the publication's code
//! ([`super::state_dict`]), and with the scales `input.mean`, `input.scale` `[points, channels]`,
//! `output.mean`, `output.scale` `[points, outputs]` (F64). A checkpoint also has `adam.m` and `adam.v` in the
//! order of [`FnoSpec`](super::FnoSpec) (F32), and the history, with the fields `train`, `validation` and
//! `learning_rate`.
//!
//! The metadata has one entry, `ionic-surrogates.fno-training` or `ionic-surrogates.fno`: JSON with the format
//! number, the settings, and a SHA-256 over all of that and over every tensor.

use std::path::Path;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::{Fno, FnoConfig, FnoSpec, FnoTrainer, PointScale, Signals, state_dict};
use crate::checkpoint::{self, Contents, Stored};
use crate::data::SamplerState;
use crate::epochs::{EpochRecord, EpochState};
use crate::sealed::{self, Column, Moments};
use crate::{Error, Training as _};

/// The number of both formats; it grows when a change makes old files unreadable.
const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
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
    const FORMAT: u32 = FORMAT;

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
    const FORMAT: u32 = FORMAT;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

impl Stored for FnoTrainer {
    type Header = Header;
    type State = (EpochState, Moments);
    const DATA: (&'static str, &'static str) = ("data", "resume with the same trajectories, or train anew");

    fn data_sha256(&self) -> &str {
        &self.signals_sha256
    }

    fn header(&self) -> Header {
        let EpochState { sampler, since } = self.epochs.state();
        Header {
            format: FORMAT,
            config: self.config.clone(),
            signals_sha256: self.signals_sha256.clone(),
            iteration: self.iteration(),
            sampler,
            since,
            sha256: String::new(),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let mut out = network_columns(&self.network());
        let [m, v] = [&self.adam.m, &self.adam.v].map(|values| self.engine.unpack(values));
        out.extend(sealed::moments(&m, &v));
        out
    }

    fn parse(header: Header, file: &SafeTensors<'_>) -> Result<Contents<Self>, String> {
        let Header { config, signals_sha256, iteration, sampler, since, .. } = header;
        config.check().map_err(|e| e.to_string())?;
        let network = read_network(file, config.network)?;
        let moments = sealed::read_moments(file, network.parameters.len())?;
        let state = (EpochState { sampler, since }, moments);
        Ok(Contents { config, data_sha256: signals_sha256, iteration, network, state })
    }

    fn restore(
        &mut self,
        from: Contents<Self>,
        history: Vec<EpochRecord>,
        bad: impl Fn(&str) -> Error,
    ) -> Result<(), Error> {
        let (epochs, [m, v]) = from.state;
        if !self.epochs.restore(from.iteration, &epochs, history) {
            return Err(bad("its data order is not one of these trajectories"));
        }
        self.choose_resolution()?;
        self.engine.set_parameters(&from.network.parameters);
        self.engine.pack(m, &mut self.adam.m);
        self.engine.pack(v, &mut self.adam.v);
        self.adam.updates = from.iteration;
        self.fno = from.network;
        Ok(())
    }
}

impl FnoTrainer {
    /// A training that goes on where a checkpoint was written, as if it had not been interrupted: every later
    /// parameter is the same, bit for bit.
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`](crate::Checkpoint::open) and [`FnoTrainer::new`]; [`Error::OtherTraining`] if
    /// settings or trajectories are not those of the checkpoint.
    pub fn resume(
        path: &Path,
        config: FnoConfig,
        train: &Signals,
        validation: Option<&Signals>,
        threads: usize,
    ) -> Result<Self, Error> {
        checkpoint::resume(path, config, |config| Self::new(config, train, validation, threads))
    }
}

impl Fno {
    /// Writes the operator to a file, atomically.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let header =
            NetworkHeader { format: FORMAT, spec: self.spec, learned: self.learned, sha256: String::new() };
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
            out.push(sealed::column(format!("{name}.{part}"), shape.clone(), values));
        }
    }
    out
}

fn read_network(file: &SafeTensors<'_>, spec: FnoSpec) -> Result<Fno, String> {
    spec.check().map_err(|e| e.to_string())?;
    let scale = |name: &str, columns: usize| -> Result<PointScale, String> {
        let mean = format!("{name}.mean");
        let points = file.tensor(&mean).map_err(|e| e.to_string())?.shape().first().copied().unwrap_or(0);
        let values = |part: &str| sealed::numbers::<f64>(file, &format!("{name}.{part}"), &[points, columns]);
        PointScale::new(columns, values("mean")?, values("scale")?).map_err(|e| e.to_string())
    };
    let (input, output) = (scale("input", spec.inputs - 1)?, scale("output", spec.outputs)?);
    let parameters = state_dict::read(file, &spec, "")?;
    Fno::new(spec, input, output, parameters).map_err(|e| e.to_string())
}
