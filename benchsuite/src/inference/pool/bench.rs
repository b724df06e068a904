//! Networks through a session, on the clock.

use std::path::Path;

use infer_trt::{Provider, Session, SessionOptions, open};
use surrogates::MlpSpec;

use crate::Error;
use crate::compare::clock::cpu;
use crate::compare::work::{Limits, Reached, Work};
use crate::compare_infer::networks::{self, random, rows, write_plain};
use crate::inference::{Config, REFERENCE};

/// Inputs of the networks of the pool: time and two initial states.
pub(super) const INPUTS: usize = 3;

/// The work of a row of a network of the pool with these hidden layers.
pub(in crate::inference) fn row(layers: &str) -> Result<Work, Error> {
    row_of(INPUTS, layers)
}

fn row_of(inputs: usize, layers: &str) -> Result<Work, Error> {
    let spec = MlpSpec::parse(inputs, layers, 2)
        .map_err(|e| Error::Training { network: layers.to_owned(), source: Box::new(e) })?;
    Ok(networks::work(&spec))
}

/// Runs of everything that is timed, the shortest of which counts: so many at least, in two passes, so that a slow
/// minute of the machine does not fall on both.
pub(in crate::inference) const RUNS: usize = 7;
/// Passes.
pub(in crate::inference) const PASSES: usize = 2;

/// A network to be timed, and how many rows at a time it gets; 0 for what suits the provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Case {
    pub(super) inputs: usize,
    pub(super) layers: String,
    pub(super) chunk: usize,
}

impl Case {
    /// One of the pool's.
    pub(super) fn new(layers: String, chunk: usize) -> Self {
        Self { inputs: INPUTS, layers, chunk }
    }
}

/// A place for networks to be timed in.
pub(super) struct Bench<'a> {
    folder: &'a Path,
    limits: &'a Limits,
    x: Vec<f32>,
    y: Vec<f32>,
    rows: usize,
    seconds: f64,
}

impl<'a> Bench<'a> {
    pub(super) fn new(config: &Config, limits: &'a Limits, folder: &'a Path) -> Self {
        let (x, y) = (rows(config.rows, INPUTS + 1), vec![0.0; config.rows * 2]);
        Bench { folder, limits, x, y, rows: config.rows, seconds: config.seconds }
    }

    /// Seconds of the reference set through a session in one pass: the least of a pass's runs.
    fn pass(&mut self, session: &mut dyn Session) -> Result<f64, Error> {
        let (mut best, mut count, begin) = (f64::INFINITY, 0, cpu());
        while count < RUNS.div_ceil(PASSES) || cpu() - begin < self.seconds / PASSES as f64 {
            let start = cpu();
            session.run(&self.x[..self.rows * session.n_inputs()], &mut self.y)?;
            best = best.min(cpu() - start);
            count += 1;
        }
        Ok(best * REFERENCE / self.rows as f64)
    }

    /// Opens an untrained network.
    fn open(&self, case: &Case, provider: &Provider) -> Result<Box<dyn Session>, Error> {
        let Case { inputs, layers, chunk } = case;
        let path = self.folder.join("network.onnx");
        write_plain(&random(*inputs, layers, 2, 1)?, &path)?;
        Ok(open(path, provider, &SessionOptions::default().with_threads(1).with_chunk(*chunk))?)
    }

    /// One pass of a provider.
    pub(super) fn by(&mut self, case: &Case, provider: &Provider) -> Result<f64, Error> {
        let mut session = self.open(case, provider)?;
        self.pass(&mut *session)
    }

    /// The reference set through each of some networks, in all passes: the least seconds of each, and its work.
    pub(super) fn all(
        &mut self,
        provider: &Provider,
        networks: &[Case],
    ) -> Result<Vec<(f64, Reached)>, Error> {
        let mut seconds = vec![f64::INFINITY; networks.len()];
        for _ in 0..PASSES {
            for (case, least) in networks.iter().zip(&mut seconds) {
                *least = least.min(self.by(case, provider)?);
            }
        }
        let each = networks.iter().zip(seconds);
        each.map(|(case, s)| Ok((s, self.limits.reached(row_of(case.inputs, &case.layers)?, REFERENCE, s))))
            .collect()
    }
}
