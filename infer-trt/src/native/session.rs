//! The session of the native engine.

use rayon::prelude::*;

use super::bf16::{self, Unit, lower};
use super::centre::centre;
use super::dispatch::Simd;
use super::graph::compile;
use super::kernel::TILE_ROWS;
use super::program::{Program, Step};
use crate::session::rows;
use crate::{InferError, ModelInfo, Provider, Session, onnx};

/// Multiplications below which threads cost more than they save (some tens of microseconds).
pub(super) const WORTH_THREADS: usize = 1 << 20;

/// What runs rows: a program and the instructions for it.
enum Engine {
    F32(Program, Simd),
    Bf16(Program<bf16::Layer>, Unit),
}

impl Engine {
    fn run(&self, x: &[f32], y: &mut [f32]) {
        match self {
            Self::F32(program, simd) => simd.run(program, x, y),
            Self::Bf16(program, unit) => unit.run(program, x, y),
        }
    }
}

/// A network compiled for this machine.
pub(crate) struct NativeSession {
    engine: Engine,
    info: ModelInfo,
    pool: Option<rayon::ThreadPool>,
    /// Multiplications per row, with a rough equivalent for activations.
    work: usize,
}

impl NativeSession {
    /// In `f32`.
    pub(crate) fn new(file: &onnx::File, threads: usize) -> Result<Self, InferError> {
        let program = centre(compile(file, &Provider::Native)?);
        let work = work(&program);
        Self::with(Engine::F32(program, Simd::widest()), work, file, threads)
    }

    /// In `bf16`, where the processor has it.
    pub(crate) fn bf16(file: &onnx::File, threads: usize) -> Result<Self, InferError> {
        let unit = Unit::of_processor().map_err(|reason| InferError::Unavailable {
            provider: Provider::NativeBf16,
            reason,
            remedy: Unit::REMEDY.to_owned(),
        })?;
        let program = centre(compile(file, &Provider::NativeBf16)?);
        let work = work(&program);
        let program = lower(program).map_err(|reason| InferError::Refused {
            path: file.path.clone(),
            reason: format!("provider `{}`: {reason}; open it with `native`", Provider::NativeBf16),
        })?;
        Self::with(Engine::Bf16(program, unit), work, file, threads)
    }

    fn with(engine: Engine, work: usize, file: &onnx::File, threads: usize) -> Result<Self, InferError> {
        Ok(Self { engine, info: file.info.clone(), pool: pool(threads)?, work })
    }
}

/// So many threads, if there is more than one.
pub(super) fn pool(threads: usize) -> Result<Option<rayon::ThreadPool>, InferError> {
    if threads < 2 {
        return Ok(None);
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|k| format!("infer-{k}"))
        .build()
        .map_err(|e| InferError::Option {
            option: "threads",
            value: threads.to_string(),
            reason: format!("the system refused to start them ({e}); ask for fewer"),
        })?;
    Ok(Some(pool))
}

/// Multiplications per row, with a rough equivalent for activations.
fn work(program: &Program) -> usize {
    let of = |step: &Step| match step {
        Step::Dense(dense) => dense.n_out * (dense.n_in + 16),
        Step::Columns(_, constants) => constants.len(),
        Step::Map(_, width) => width * 16,
    };
    program.steps.iter().map(of).sum::<usize>().max(1)
}

impl Session for NativeSession {
    fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        let rows = rows(&self.info, x, y)?;
        let (engine, info) = (&self.engine, &self.info);
        match &self.pool {
            Some(pool) if rows.saturating_mul(self.work) > WORTH_THREADS => {
                // A row's values do not depend on where in a tile it lies, so neither do they
                // depend on how the rows are divided.
                let parts = 4 * pool.current_num_threads();
                let least = (WORTH_THREADS / 8 / self.work).max(1);
                let chunk = rows.div_ceil(parts).max(least).next_multiple_of(TILE_ROWS);
                pool.install(|| {
                    x.par_chunks(chunk * info.n_inputs)
                        .zip(y.par_chunks_mut(chunk * info.n_outputs))
                        .for_each(|(x, y)| engine.run(x, y));
                });
            }
            _ => engine.run(x, y),
        }
        Ok(())
    }

    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn provider(&self) -> &Provider {
        match self.engine {
            Engine::F32(..) => &Provider::Native,
            Engine::Bf16(..) => &Provider::NativeBf16,
        }
    }
}
