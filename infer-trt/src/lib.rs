//! Runs small networks from ONNX files on the provider that you name, and on no other.
//!
//! ```
//! use infer_trt::{Provider, SessionOptions, open};
//!
//! # fn main() -> Result<(), infer_trt::InferError> {
//! // A network that gives the larger of two numbers: relu(a − b) + relu(b) − relu(−b).
//! let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/larger.onnx");
//! let mut session = open(file, &Provider::Native, &SessionOptions::default())?;
//!
//! // Two rows of two inputs; two rows of one output.
//! let mut y = [0.0; 2];
//! session.run(&[1.0, 4.0, -2.5, -3.0], &mut y)?;
//! assert_eq!(y, [4.0, -2.5]);
//! # Ok(())
//! # }
//! ```
//!
//! # Providers
//!
//! | [`Provider`] | needs | runs |
//! |---|---|---|
//! | [`Native`](Provider::Native), the default | nothing | one chain of dense layers and element-wise operations, or a Fourier neural operator, in `f32` |
//! | [`NativeBf16`](Provider::NativeBf16) | a processor with AVX512-BF16 | chains as the native engine's, most products of 16 bits: two digits |
//! | [`OrtCpu`](Provider::OrtCpu) | the ONNX Runtime library, found at run time | every ONNX graph of one input and one output |
//! | [`OrtCuda`](Provider::OrtCuda) | the GPU build of that library, NVIDIA's driver for CUDA 12.8 or newer, a GPU | the same |
//! | [`TensorRt`](Provider::TensorRt) | the same, and TensorRT 10 | the same, compiled to an engine that is kept; `f32`, `f16`, `bf16` |
//! | [`FusedCuda`](Provider::FusedCuda) | NVIDIA's driver, likewise, and a run-time compiler no newer than it, a GPU | chains as the native engine's up to 128 wide (64 before compute capability 8.0), as one kernel |
//!
//! A session opens on the provider asked for or fails with an [`InferError`] that says what is
//! missing and how to get it. On a GPU ONNX Runtime's own fallback to the CPU is switched off, and
//! its profile of a first row must name the provider asked for and no other. [`probe`] says the same for a whole machine.
//!
//! `f32` is computed in `f32`, with one exception. ONNX Runtime's CUDA provider by itself rounds the factors of
//! products to TF32 (10 bits after the point: errors of about a thousandth) on GPUs that have it, and is told not to.
//! TensorRT does the same in `f32`, and ONNX Runtime has no option for it: start the program with the environment
//! variable `NVIDIA_TF32_OVERRIDE=0` where digits count. Engines built with and without it are kept apart.
//!
//! The ONNX Runtime library is the one that `ORT_DYLIB_PATH` names, or else the one that `cargo
//! xtask setup onnxruntime` puts into the user's cache; `onnxruntime.toml` pins its version. A
//! process loads it once and keeps it.
//!
//! # Models
//!
//! A model has one float32 input `[batch, n]` and one float32 output `[batch, m]`, weights inside
//! the file, and works on rows independently. A row may have up to three dimensions: an operator takes and gives
//! functions, rows of `[points, channels]`. Normalisation is part of the graph: values go in and
//! come out in physical units. Files are not trusted: sizes, versions, shapes and references to
//! other files are checked before anything runs.
//!
//! # The native engine
//!
//! The graph becomes a few fused steps, dense layers with their activation among them, which run one
//! after another on tiles of rows that stay in cache, on the widest vector instructions of the
//! machine (AVX-512F, AVX2 with FMA, or plain Rust that the compiler vectorises), with large batches
//! divided over threads. Activations are branch-free polynomials: with u = 2⁻²⁴ the unit of `f32`
//! rounding, tanh keeps within 4 u of the exact function, ELU within 2 u, the sine within 3 u of 1,
//! sigmoid and SiLU within 3 u for positive and 3 (1 + |x|/12) u for negative arguments down to
//! −43, where they all but vanish. A row has the same bits in every batch and for every number of
//! threads; between machines with different instructions the last bits differ.
//!
//! Sums of more than 32 products are taken over sixteen at a time, and layers hand on what their neurons
//! give less its mean (SiLU, sigmoid and ELU have one; the next layer's bias makes up for it), which rounds
//! less: eight networks of five layers of 128 with random weights kept within .5 to 1.0 millionths of their
//! outputs' range from an evaluation in `f64`, over two thousand rows.
//!
//! On one thread of an AMD EPYC (Zen 4) a million rows through (8, 8) take .38 of ONNX Runtime's time at its best
//! batch, through (32, 32, 32) .64, through five layers of 128 .92; on an Intel Xeon .32, .55 and .82: `compare-infer`
//! and `compare-infer-bf16` among the kept results of the workspace, which `cargo xtask compare infer` measures again.
//!
//! Subtracting the mean and dividing by the deviation are not folded into the first layer: that
//! loses a factor |mean/deviation| of precision, and saves a few percent of a small network's time.
//!
//! ## Fourier neural operators
//!
//! Where rows are points and channels, the engine runs graphs of dense maps of points, operations with constants (one for
//! each channel, or one for each channel of each point), activations (those above, LeakyReLU, and GELU written with
//! `Erf`), sums of two values, `Pad` and `Slice` along the points, and spectral convolutions. A spectral convolution is a
//! product with a table `[2 modes, points]` on its left, one with weights `[modes, 2 inputs, 2 outputs]`, and one
//! with a table `[points, 2 modes]`, and between them the changes of shape that set modes side by side. It is known by its
//! shapes and constants; what is nearly one is refused, and the error names the node.
//!
//! Channels lie in vectors, point after point. A block of points goes through all dense maps and activations between
//! two convolutions while it is in the first-level cache, so that hidden layers are never stored for all points. Tables
//! whose rows are even or odd in the point, as cosines and sines are to some rounding errors, are multiplied with sums
//! and differences of mirrored points: half of the work. Up to eight samples go through a layer together and share its
//! weights; they are what threads divide. A sample has the same bits in every batch and for every number of threads.
//! GELU keeps within 5 u |x| of the exact function, and below −5.6, where that is smaller than 1e-7, it is 0. With
//! 64 channels, 32 modes, 4 layers and 512 points a batch of 32 takes .64 of ONNX Runtime's time on one thread
//! (`compare-train-operators` among the kept results).
//!
//! # The native engine in bf16
//!
//! Where the processor has AVX512-BF16, [`Provider::NativeBf16`] sums products of 16-bit numbers two
//! at a time: weights of the layers between the first and the last are rounded when a session opens
//! (8 significant bits, to nearest even), their inputs as they come. Sums, biases and activations
//! are `f32`, and so are the first layer and the last, which are narrow on one side: inputs such as a
//! time need more digits, and roundings in front of the last layer go straight to the outputs.
//!
//! Expect errors of a few thousandths of an output's range; tests hold every activation with layers
//! of up to five times 128 to a hundredth at most and .003 in the mean, and the sigmoid, which passes a
//! quarter of a signal at most, to half as much again.
//!
//! Whether it pays depends on how often the processor starts the instruction, and `cargo xtask compare infer` tells.
//! Where it starts as often as those of `f32`, it does twice the products: on an AMD EPYC (Zen 4) five layers of 128
//! take .54 of the time of [`Provider::Native`], three of 64 .62, three of 32 .74, with errors of .003 to .01 of an
//! output's range. On an Intel Xeon networks from (8, 8) to five times 128 took 1.1 to 1.8 times as long.
//! A network of a single hidden layer has no layer in between and is refused.
//!
//! ```
//! use infer_trt::{InferError, Provider, SessionOptions, open};
//!
//! # fn main() -> Result<(), InferError> {
//! # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/larger.onnx");
//! let options = SessionOptions::default();
//! let session = match open(file, &Provider::NativeBf16, &options) {
//!     // This processor has no such instruction, or this network no layer for it.
//!     Err(InferError::Unavailable { .. } | InferError::Refused { .. }) => {
//!         open(file, &Provider::Native, &options)?
//!     }
//!     opened => opened?,
//! };
//! # assert_eq!(session.provider(), &Provider::Native);
//! # Ok(())
//! # }
//! ```

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;
pub mod cuda;
#[cfg(test)]
#[path = "../tests/common/damage.rs"]
mod damage;
mod engine_cache;
mod error;
mod library;
mod native;
mod onnx;
mod ort_cpu;
mod ort_gpu;
mod ort_ran;
pub mod probe;
mod provider;
mod session;

pub use error::InferError;
pub use provider::{Precision, Provider};
pub use session::{ModelInfo, Session, SessionOptions, open};
