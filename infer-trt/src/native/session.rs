//! The session of the native engine.

use rayon::prelude::*;

use super::dispatch::Simd;
use super::graph::compile;
use super::kernel::TILE_ROWS;
use super::program::{Program, Step};
use crate::session::rows;
use crate::{InferError, ModelInfo, Provider, Session, onnx};

/// Multiplications below which threads cost more than they save (some tens of microseconds).
const WORTH_THREADS: usize = 1 << 20;

/// A network compiled for this machine.
pub(crate) struct NativeSession {
    program: Program,
    info: ModelInfo,
    simd: Simd,
    pool: Option<rayon::ThreadPool>,
    /// Multiplications per row, with a rough equivalent for activations.
    work: usize,
}

impl NativeSession {
    pub(crate) fn new(file: &onnx::File, threads: usize) -> Result<Self, InferError> {
        let program = compile(file)?;
        let pool = if threads > 1 {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .thread_name(|k| format!("infer-{k}"))
                .build()
                .map_err(|e| InferError::Option {
                    option: "threads",
                    value: threads.to_string(),
                    reason: format!("the system refused to start them ({e}); ask for fewer"),
                })?;
            Some(pool)
        } else {
            None
        };
        let work = program
            .steps
            .iter()
            .map(|step| match step {
                Step::Dense(dense) => dense.n_out * (dense.n_in + 16),
                Step::Columns(_, constants) => constants.len(),
                Step::Map(_, width) => width * 16,
            })
            .sum::<usize>()
            .max(1);
        let simd = Simd::widest();
        Ok(Self { program, info: file.info.clone(), simd, pool, work })
    }
}

impl Session for NativeSession {
    fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        let rows = rows(&self.info, x, y)?;
        let (program, simd) = (&self.program, self.simd);
        match &self.pool {
            Some(pool) if rows.saturating_mul(self.work) > WORTH_THREADS => {
                // A row's values do not depend on where in a tile it lies, so neither do they
                // depend on how the rows are divided.
                let parts = 4 * pool.current_num_threads();
                let least = (WORTH_THREADS / 8 / self.work).max(1);
                let chunk = rows.div_ceil(parts).max(least).next_multiple_of(TILE_ROWS);
                pool.install(|| {
                    x.par_chunks(chunk * program.n_inputs)
                        .zip(y.par_chunks_mut(chunk * program.n_outputs))
                        .for_each(|(x, y)| simd.run(program, x, y));
                });
            }
            _ => simd.run(program, x, y),
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
