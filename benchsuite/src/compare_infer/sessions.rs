//! Those that run in this process.

use std::path::{Path, PathBuf};
use std::time::Instant;

use infer_trt::probe::{self, Status};
use infer_trt::{Provider, Session, SessionOptions, open};
use surrogates::Mlp;

use super::networks::{error, rows};
use super::report::BF16;
use crate::Error;
use crate::compare::clock::cpu;
use crate::compare::origin::Presence;
use crate::compare::peer::Timing;

/// As many rows are held against `f64`.
pub(super) const CHECKED: usize = 10_000;

/// The providers that take part, with their names; those that are missing leave the reason.
pub(super) fn providers(onnx_runtime: bool, rivals: &mut Vec<Presence>) -> Vec<(String, Provider)> {
    let mut all = Vec::new();
    let mut own = |provider, name: &str, status: Status| {
        if status.is_present() {
            all.push((name.to_owned(), provider));
        } else {
            Presence::probed(name, "", status).note(rivals);
        }
    };
    own(Provider::Native, "native", probe::simd().status);
    own(Provider::NativeBf16, BF16, probe::bf16().status);
    if onnx_runtime {
        let found = Presence::probed("ort", "ONNX Runtime", probe::onnx_runtime().status);
        all.extend(found.version.as_ref().map(|v| (format!("{} {v}", found.title), Provider::OrtCpu)));
        found.note(rivals);
    }
    all
}

/// Whether a provider chooses its rows at a time itself.
pub(super) fn has_tiles(provider: &Provider) -> bool {
    matches!(provider, Provider::Native | Provider::NativeBf16)
}

/// Sessions on one file, opened as they are asked for, and their rows.
pub(super) struct InProcess {
    path: PathBuf,
    threads: usize,
    x: Vec<f32>,
    y: Vec<f32>,
    open: Vec<((Provider, usize), Box<dyn Session>)>,
}

impl InProcess {
    pub(super) fn new(path: &Path, threads: usize, count: usize) -> Self {
        let (x, y) = (rows(count, 3), vec![0.0; count * 2]);
        Self { path: path.to_owned(), threads, x, y, open: Vec::new() }
    }

    fn session(&mut self, provider: &Provider, chunk: usize) -> Result<usize, infer_trt::InferError> {
        let key = (provider.clone(), if has_tiles(provider) { 0 } else { chunk });
        if let Some(k) = self.open.iter().position(|(k, _)| *k == key) {
            return Ok(k);
        }
        let options = SessionOptions::default().with_threads(self.threads).with_chunk(key.1);
        let session = open(&self.path, provider, &options)?;
        self.open.push((key, session));
        Ok(self.open.len() - 1)
    }

    /// Runs batches for some seconds.
    pub(super) fn time(&mut self, provider: &Provider, chunk: usize, seconds: f64) -> Result<Timing, String> {
        let k = self.session(provider, chunk).map_err(|e| e.to_string())?;
        let session = &mut self.open[k].1;
        let wall = Instant::now();
        // A session of one thread computes on this one.
        let now = || if self.threads == 1 { cpu() } else { wall.elapsed().as_secs_f64() };
        let (mut times, begin) = (Vec::new(), now());
        while times.is_empty() || now() - begin < seconds {
            let start = now();
            session.run(&self.x, &mut self.y).map_err(|e| e.to_string())?;
            times.push((now() - start) * 1e6);
        }
        Ok(times.into())
    }

    /// The greatest difference from `f64`, as a part of an output's range.
    pub(super) fn error(&mut self, provider: &Provider, network: &Mlp) -> Result<Option<f64>, Error> {
        let k = self.session(provider, 0)?;
        let count = CHECKED.min(self.x.len() / 3);
        let (x, y) = (&self.x[..3 * count], &mut self.y[..2 * count]);
        self.open[k].1.run(x, y)?;
        Ok(error(network, x, y))
    }
}
