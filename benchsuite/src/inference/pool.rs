//! The networks' side: untrained networks of many shapes, activations, rows at a time, and what kept
//! trained networks would cost.

use std::path::Path;
use std::time::Instant;

use infer_trt::{Provider, Session, SessionOptions, open, probe};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use surrogates::MlpSpec;

use super::race::Limits;
use super::{Config, REFERENCE};
use crate::claims::Publication;
use crate::compare::clock::cpu;
use crate::compare_infer::networks::{operations, random, rows, write_plain};
use crate::progress::Progress;
use crate::reproduce::Job;
use crate::{Error, files, trial};

/// The widths of a layer.
const WIDTHS: [usize; 5] = [8, 16, 32, 64, 128];
/// Most layers.
const DEEPEST: usize = 5;

/// A network's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// Its hidden layers.
    pub layers: String,
    /// How many.
    pub depth: usize,
    /// Neurons in them.
    pub neurons: usize,
    /// Additions and multiplications of a row's products.
    pub flops: f64,
    /// Bytes of a row, in and out.
    pub bytes: f64,
    /// Seconds for the reference set by the native engine.
    pub seconds: f64,
    /// The time that the machine needs at least for products or bytes, over this time.
    pub of_limit: f64,
    /// Seconds by ONNX Runtime, where it is here.
    pub onnx_runtime: Option<f64>,
}

/// A network of equal layers with one activation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activation {
    /// The activation.
    pub activation: String,
    /// Neurons.
    pub neurons: usize,
    /// Seconds for the reference set.
    pub seconds: f64,
}

/// ONNX Runtime with so many rows at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its hidden layers.
    pub layers: String,
    /// Rows at a time.
    pub rows: usize,
    /// Seconds for the reference set.
    pub seconds: f64,
}

/// A trained network that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The problem.
    pub problem: String,
    /// Its hidden layers.
    pub layers: String,
    /// The mean error, against Euler's method as published.
    pub error: f64,
    /// Seconds for the reference set.
    pub seconds: f64,
}

/// Shapes of up to five layers: as many of each depth as there are, or an equal part of `count`,
/// evenly spread over all.
fn shapes(count: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut left = count;
    for depth in 1..=DEEPEST {
        let of_depth = WIDTHS.len().pow(depth as u32);
        let share = (left / (DEEPEST + 1 - depth)).min(of_depth);
        left -= share;
        for k in 0..share {
            // The digits of a number are a shape.
            let mut number = (2 * k + 1) * of_depth / (2 * share);
            let mut shape = Vec::with_capacity(depth);
            for _ in 0..depth {
                shape.push(WIDTHS[number % WIDTHS.len()]);
                number /= WIDTHS.len();
            }
            all.push(shape);
        }
    }
    all
}

/// A shape as an architecture, all layers with one activation.
fn text(shape: &[usize], activation: &str) -> String {
    shape.iter().map(|w| format!("{activation}{w}")).collect::<Vec<_>>().join(",")
}

/// A place for networks to be timed in.
struct Bench<'a> {
    folder: &'a Path,
    x: Vec<f32>,
    y: Vec<f32>,
    rows: usize,
    seconds: f64,
}

impl<'a> Bench<'a> {
    fn new(config: &Config, folder: &'a Path) -> Self {
        let rows_ = config.rows;
        Bench { folder, x: rows(rows_, 3), y: vec![0.0; rows_ * 2], rows: rows_, seconds: config.seconds }
    }

    /// Seconds of the reference set through a session: the least of three times at least.
    fn time(&mut self, session: &mut dyn Session) -> Result<f64, Error> {
        let (mut best, mut count, begin) = (f64::INFINITY, 0, cpu());
        while count < 3 || cpu() - begin < self.seconds {
            let start = cpu();
            session.run(&self.x, &mut self.y)?;
            best = best.min(cpu() - start);
            count += 1;
        }
        Ok(best * REFERENCE / self.rows as f64)
    }

    /// Opens the untrained network of some layers.
    fn open(&self, layers: &str, provider: &Provider, chunk: usize) -> Result<Box<dyn Session>, Error> {
        let path = self.folder.join("network.onnx");
        write_plain(&random(3, layers, 2, 1)?, &path)?;
        Ok(open(path, provider, &SessionOptions::default().with_threads(1).with_chunk(chunk))?)
    }

    fn native(&mut self, layers: &str) -> Result<f64, Error> {
        let mut session = self.open(layers, &Provider::Native, 0)?;
        self.time(&mut *session)
    }
}

/// Measures every network of the pool once, from its shape and its layers. What was measured before a run
/// was stopped stands in the file `path` and is not measured again.
pub(super) fn each_network<T: Serialize + DeserializeOwned>(
    config: &Config,
    path: &Path,
    progress: &Progress,
    job: &Job<'_>,
    mut measure: impl FnMut(&[usize], String) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let remedy = "delete it: the networks are timed again";
    let mut all: Vec<T> = if path.exists() { files::read_json(path, remedy)? } else { Vec::new() };
    let mut saved = Instant::now();
    for shape in shapes(config.networks).into_iter().skip(all.len()) {
        let stopped = job.stop.requested();
        if stopped || saved.elapsed().as_secs_f64() > 2.0 {
            files::write_json(path, &all)?;
            saved = Instant::now();
        }
        if stopped {
            return Err(Error::Interrupted { resume: job.resume.clone() });
        }
        let layers = text(&shape, "SiLU");
        all.push(measure(&shape, layers.clone())?);
        progress.add(1.0, || layers);
    }
    files::write_json(path, &all)?;
    Ok(all)
}

/// Figs 39 and 40, Tables 12 and 13.
pub(super) fn pool(
    config: &Config,
    folder: &Path,
    limits: &Limits,
    progress: &Progress,
    job: &Job<'_>,
) -> Result<Vec<Timed>, Error> {
    let mut bench = Bench::new(config, folder);
    let has_onnx_runtime = probe::onnx_runtime().status.is_present();
    each_network(config, &folder.join("pool.json"), progress, job, |shape, layers| {
        let spec = MlpSpec::parse(3, &layers, 2)
            .map_err(|e| Error::Training { network: layers.clone(), source: Box::new(e) })?;
        let (flops, _) = operations(&spec);
        let seconds = bench.native(&layers)?;
        let onnx_runtime = if has_onnx_runtime {
            let mut session = bench.open(&layers, &Provider::OrtCpu, 1024)?;
            Some(bench.time(&mut *session)?)
        } else {
            None
        };
        let bytes = 20.0;
        let least = (flops / limits.flops).max(bytes / limits.bytes) * REFERENCE;
        Ok(Timed {
            depth: shape.len(),
            neurons: shape.iter().sum(),
            flops,
            bytes,
            seconds,
            of_limit: least / seconds,
            onnx_runtime,
            layers,
        })
    })
}

/// Fig. 42.
pub(super) fn activations(config: &Config, folder: &Path) -> Result<Vec<Activation>, Error> {
    let mut bench = Bench::new(config, folder);
    let mut all = Vec::new();
    for shape in [&[8, 8][..], &[16, 16], &[32, 32, 32], &[64, 64, 64], &[128; 3]] {
        for activation in ["SiLU", "ELU", "Tanh", "Sin", "ReLU"] {
            let seconds = bench.native(&text(shape, activation))?;
            all.push(Activation { activation: activation.into(), neurons: shape.iter().sum(), seconds });
        }
    }
    Ok(all)
}

/// The search for the best number of rows at a time; empty without ONNX Runtime.
pub(super) fn chunks(config: &Config, folder: &Path) -> Result<Vec<Chunk>, Error> {
    let mut all = Vec::new();
    if !probe::onnx_runtime().status.is_present() {
        return Ok(all);
    }
    let mut bench = Bench::new(config, folder);
    for layers in ["SiLU8,SiLU8", "SiLU32,SiLU32,SiLU32"] {
        // More rows at a time than there are would be all of them once more.
        let sizes = [64, 256, 1024, 4096, 16_384, 65_536, usize::MAX];
        for rows in sizes.into_iter().map(|size| size.min(config.rows)) {
            let mut session = bench.open(layers, &Provider::OrtCpu, rows)?;
            all.push(Chunk { layers: layers.into(), rows, seconds: bench.time(&mut *session)? });
        }
    }
    Ok(all)
}

/// Fig. 41: errors of kept networks, and what their shapes cost.
pub(super) fn trained(
    config: &Config,
    folder: &Path,
    publication: &Publication,
) -> Result<Vec<Trained>, Error> {
    let mut bench = Bench::new(config, folder);
    let mut all: Vec<Trained> = Vec::new();
    for kept in trial::kept::load(&crate::kept::folder(publication))? {
        // Those that are one network for the whole time domain.
        if kept.onnx_sha256.len() != 1 || kept.one_step.is_some() {
            continue;
        }
        let layers = kept.spec.layers.clone();
        let seconds = match all.iter().find(|t| t.layers == layers) {
            Some(same) => same.seconds,
            None => bench.native(&layers)?,
        };
        let problem = kept.spec.problem.to_string();
        all.push(Trained { problem, layers, error: kept.scores.euler.mean, seconds });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_different_and_of_every_depth() {
        for (count, deepest) in [(909, 377), (20, 4), (5, 1)] {
            let mut all = shapes(count);
            assert_eq!(all.len(), count);
            assert_eq!(all.iter().filter(|s| s.len() == 5).count(), deepest);
            assert!(all.iter().all(|s| (8..=640).contains(&s.iter().sum::<usize>())));
            all.sort();
            all.dedup();
            assert_eq!(all.len(), count, "no shape twice");
        }
    }
}
