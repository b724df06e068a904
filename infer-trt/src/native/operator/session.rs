//! The session of an operator.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::plan::Plan;
use super::read::{HOLDS, read};
use super::run::{Runner, Work};
use super::schedule;
use crate::native::dispatch::Simd;
use crate::native::session::{WORTH_THREADS, pool};
use crate::session::rows;
use crate::{InferError, ModelInfo, Provider, Session, onnx};

/// An operator compiled for this machine.
pub(crate) struct OperatorSession {
    plan: Plan,
    simd: Simd,
    info: ModelInfo,
    pool: Option<rayon::ThreadPool>,
    /// Memory of each thread, for groups of as many samples as were asked for at most so far.
    works: Vec<Work>,
    room: usize,
}

impl OperatorSession {
    /// For the widest instructions of this machine.
    pub(crate) fn new(file: &onnx::File, threads: usize) -> Result<Self, InferError> {
        Self::on(Simd::widest(), file, threads)
    }

    /// For these instructions.
    pub(super) fn on(simd: Simd, file: &onnx::File, threads: usize) -> Result<Self, InferError> {
        let nodes = read(file)?;
        let plan = schedule::plan(&nodes, simd.lanes()).map_err(|reason| InferError::Refused {
            path: file.path.clone(),
            reason: format!("{reason}; {HOLDS}"),
        })?;
        Ok(Self { plan, simd, info: file.info.clone(), pool: pool(threads)?, works: Vec::new(), room: 0 })
    }

    /// The plan, for tests that look into it.
    #[cfg(test)]
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Memory for so many threads, and groups of so many samples.
    fn prepare(&mut self, threads: usize, room: usize) {
        if room > self.room {
            // What is too small goes before what replaces it comes.
            self.works.clear();
            self.room = room;
        }
        while self.works.len() < threads {
            self.works.push(Work::new(&self.plan, self.room));
        }
    }
}

impl Session for OperatorSession {
    fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        let samples = rows(&self.info, x, y)?;
        if samples == 0 {
            return Ok(());
        }
        let threads = match &self.pool {
            Some(pool) if samples.saturating_mul(self.plan.work) > WORTH_THREADS => {
                pool.current_num_threads().min(samples)
            }
            _ => 1,
        };
        // Groups of one size, as many for each thread. How samples are divided changes no bit of them.
        let groups = samples.div_ceil(threads * self.plan.room) * threads;
        let group = samples.div_ceil(groups);
        self.prepare(threads, group);
        let runner = Runner { plan: &self.plan, simd: self.simd, room: self.room };
        let groups = x.chunks(group * self.info.n_inputs).zip(y.chunks_mut(group * self.info.n_outputs));
        match &self.pool {
            Some(pool) if threads > 1 => {
                // Each thread takes the next group when it is done with one.
                let left = Mutex::new(groups);
                let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
                pool.install(|| {
                    self.works[..threads].par_iter_mut().for_each(|work| {
                        while let Some((x, y)) = next() {
                            runner.group(work, x, y);
                        }
                    });
                });
            }
            _ => {
                for (x, y) in groups {
                    runner.group(&mut self.works[0], x, y);
                }
            }
        }
        Ok(())
    }

    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn provider(&self) -> &Provider {
        &Provider::Native
    }
}
