//! The networks' side: untrained networks of many shapes, activations, rows at a time, and what kept
//! trained networks would cost.

mod bench;
mod shape;

use std::path::Path;
use std::time::Instant;

use infer_trt::{Provider, probe};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::bench::{Bench, Case, INPUTS};
pub(super) use self::bench::{PASSES, RUNS, row};
pub(super) use self::shape::widths;
use self::shape::{WIDTHS, shapes, text};
use super::{Config, REFERENCE};
use crate::claims::Publication;
use crate::compare::work::{Limits, Reached};
use crate::progress::Progress;
use crate::reproduce::Job;
use crate::trial::{Domain, Problem, TrialSpec};
use crate::{Error, files, trial};

/// A network's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// Its hidden layers.
    pub layers: String,
    /// How many.
    pub depth: usize,
    /// Neurons in them.
    pub neurons: usize,
    /// Seconds for the reference set by the native engine.
    pub seconds: f64,
    /// The work of a row: its products, and its bytes in and out.
    #[serde(flatten)]
    pub reached: Reached,
    /// Seconds by ONNX Runtime, where it is here.
    pub onnx_runtime: Option<f64>,
    /// Rows at a time there: those that suit networks of its greatest width best.
    #[serde(default)]
    pub chunk: Option<usize>,
}

impl Timed {
    /// With the shorter times of both.
    fn or_faster(self, other: Timed) -> Self {
        let onnx_runtime = self.onnx_runtime.zip(other.onnx_runtime).map(|(a, b)| a.min(b));
        let own = if other.seconds < self.seconds { other } else { self };
        Timed { onnx_runtime, ..own }
    }
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
    /// The work of a row.
    #[serde(flatten)]
    pub reached: Reached,
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
    /// The work of a row.
    #[serde(flatten)]
    pub reached: Reached,
}

/// A trained network that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The problem, and whose initial states it has.
    pub problem: String,
    /// The end of its time domain; not written down in races that were kept before it was.
    #[serde(default)]
    pub t_end: Option<f64>,
    /// Its hidden layers.
    pub layers: String,
    /// The mean error over its validation set, against an accurate solution; in races that name no end of the time
    /// domain against Euler's method.
    pub error: f64,
    /// Seconds for the reference set, one row a cell.
    pub seconds: f64,
    /// The work of a row.
    #[serde(flatten)]
    pub reached: Reached,
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

/// Figs 39 and 40, Tables 12 and 13. `chunks` are what was found out about rows at a time.
pub(super) fn pool(
    config: &Config,
    folder: &Path,
    limits: &Limits,
    chunks: &[Chunk],
    (progress, job): (&Progress, &Job<'_>),
) -> Result<Vec<Timed>, Error> {
    let mut bench = Bench::new(config, limits, folder);
    let mut passes = (1..=PASSES).map(|pass| {
        each_network(config, &folder.join(format!("pool-{pass}.json")), progress, job, |shape, layers| {
            let seconds = bench.by(&Case::new(layers.clone(), 0), &Provider::Native)?;
            let chunk = best_chunk(chunks, shape);
            let by = |chunk| bench.by(&Case::new(layers.clone(), chunk), &Provider::OrtCpu);
            Ok(Timed {
                depth: shape.len(),
                neurons: shape.iter().sum(),
                seconds,
                reached: limits.reached(row(&layers)?, REFERENCE, seconds),
                onnx_runtime: chunk.map(by).transpose()?,
                chunk,
                layers,
            })
        })
    });
    let first = passes.next().transpose()?.unwrap_or_default();
    passes.try_fold(first, |all, pass| Ok(all.into_iter().zip(pass?).map(|(a, b)| a.or_faster(b)).collect()))
}

/// Fig. 42.
pub(super) fn activations(config: &Config, folder: &Path, limits: &Limits) -> Result<Vec<Activation>, Error> {
    let mut networks = Vec::new();
    let mut names = Vec::new();
    for shape in [&[8, 8][..], &[16, 16], &[32, 32, 32], &[64, 64, 64], &[128; 3]] {
        for activation in ["SiLU", "ELU", "Tanh", "Sin", "ReLU"] {
            names.push((activation.to_owned(), shape.iter().sum()));
            networks.push(Case::new(text(shape, activation), 0));
        }
    }
    let times = Bench::new(config, limits, folder).all(&Provider::Native, &networks)?;
    let each = names.into_iter().zip(times);
    Ok(each
        .map(|((activation, neurons), (seconds, reached))| Activation {
            activation,
            neurons,
            seconds,
            reached,
        })
        .collect())
}

/// The search for the best number of rows at a time, by the width of layers; empty without ONNX Runtime.
pub(super) fn chunks(config: &Config, folder: &Path, limits: &Limits) -> Result<Vec<Chunk>, Error> {
    if !probe::onnx_runtime().status.is_present() {
        return Ok(Vec::new());
    }
    // More rows at a time than there are would be all of them once more.
    let mut sizes =
        [64, 256, 1024, 4096, 16_384, 65_536, usize::MAX].map(|size| size.min(config.rows)).to_vec();
    sizes.dedup();
    let of_width = |w: &usize| text(&[*w; 3], "SiLU");
    let networks: Vec<Case> =
        WIDTHS.iter().flat_map(|w| sizes.iter().map(move |size| Case::new(of_width(w), *size))).collect();
    let times = Bench::new(config, limits, folder).all(&Provider::OrtCpu, &networks)?;
    let chunk = |(case, (seconds, reached)): (Case, _)| Chunk {
        layers: case.layers,
        rows: case.chunk,
        seconds,
        reached,
    };
    Ok(networks.into_iter().zip(times).map(chunk).collect())
}

/// The rows at a time that were best for layers as wide as the widest of a shape.
fn best_chunk(chunks: &[Chunk], shape: &[usize]) -> Option<usize> {
    let widest = shape.iter().max()?;
    let as_wide = chunks.iter().filter(|c| widths(&c.layers).iter().max() == Some(widest));
    as_wide.min_by(|a, b| a.seconds.total_cmp(&b.seconds)).map(|c| c.rows)
}

/// The problem, and whose initial states its validation set has: errors over the one and the other are not to be
/// compared.
fn validated(spec: &TrialSpec) -> String {
    match spec.domain {
        Domain::Printed => spec.problem.to_string(),
        Domain::Program => format!("{}, the program's initial states", spec.problem),
    }
}

/// Fig. 41: errors of kept networks, and what their shapes cost; each with its spec.
pub(super) fn trained(
    config: &Config,
    folder: &Path,
    limits: &Limits,
    publication: &Publication,
) -> Result<Vec<(Trained, TrialSpec)>, Error> {
    let mut found = trial::kept::load(&crate::kept::folder(publication))?;
    // Those that are one network for the whole time domain.
    found.retain(|kept| kept.onnx_sha256.len() == 1 && kept.one_step.is_none());
    // The current is an input of problem C.
    let case = |spec: &TrialSpec| Case {
        inputs: INPUTS + usize::from(spec.problem == Problem::C),
        layers: spec.layers.clone(),
        chunk: 0,
    };
    let mut networks: Vec<Case> = found.iter().map(|kept| case(&kept.spec)).collect();
    networks.sort();
    networks.dedup();
    let times = Bench::new(config, limits, folder).all(&Provider::Native, &networks)?;
    let of = |kept: trial::TrialResult| {
        let place = networks.iter().position(|n| *n == case(&kept.spec))?;
        let (seconds, reached) = times[place];
        let network = Trained {
            problem: validated(&kept.spec),
            t_end: Some(kept.spec.t_end()),
            layers: kept.spec.layers.clone(),
            error: kept.scores.accurate.mean,
            seconds,
            reached,
        };
        Some((network, kept.spec))
    };
    Ok(found.into_iter().filter_map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_at_a_time_are_those_of_the_widest_layer() {
        let chunk = |w: usize, rows, seconds| Chunk {
            layers: text(&[w; 3], "SiLU"),
            rows,
            seconds,
            reached: Reached::default(),
        };
        let chunks = [chunk(8, 64, 2.0), chunk(8, 4096, 1.0), chunk(32, 64, 3.0), chunk(32, 256, 4.0)];
        assert_eq!(widths("SiLU8,LeakyReLU32,Sin128"), [8, 32, 128]);
        assert_eq!(best_chunk(&chunks, &[8, 8]), Some(4096));
        assert_eq!(best_chunk(&chunks, &[8, 32, 8]), Some(64));
        assert_eq!((best_chunk(&chunks, &[64]), best_chunk(&[], &[8])), (None, None));
    }

    #[test]
    fn the_faster_pass_counts_for_each_engine() {
        let pass = |seconds, ort| Timed {
            layers: "SiLU8".into(),
            depth: 1,
            neurons: 8,
            seconds,
            reached: Reached { of_limit: Some(1.0 / seconds), ..Reached::default() },
            onnx_runtime: Some(ort),
            chunk: Some(64),
        };
        let best = pass(2.0, 3.0).or_faster(pass(1.0, 4.0));
        assert_eq!(best, pass(1.0, 3.0));
        assert_eq!(pass(1.0, 4.0).or_faster(pass(2.0, 3.0)), best);
    }
}
