//! A network as one kernel.
//!
//! A thread takes a row through all layers: activations stay in registers, weights come from constant
//! memory, where all threads of a warp read the same one at once. Nothing but rows and results
//! touches the device's memory.

use std::fmt::Write as _;

use crate::native::{Activation, ColumnOp, Program, Step, block};
use crate::{InferError, Provider, onnx};

/// Widest layer: two layers of it fit the registers of a thread.
pub(crate) const WIDEST: usize = 64;
/// Numbers that constant memory holds (64 KiB, some of them taken by others).
const CONSTANTS: usize = 15_000;
/// Most numbers in all: what a compiler still takes.
const MOST: usize = 1 << 20;

/// In front of a network's function: it compiles as CUDA C++ and as C.
const PRELUDE: &str = r#"#ifdef __CUDACC__
#define KERNEL extern "C" __global__ void
#define HELPER static __device__ __forceinline__
#define FEW static __constant__
#define MANY static __device__ const
#define EACH_ROW(r, rows) \
  for (long long r = (long long)blockIdx.x * blockDim.x + threadIdx.x; r < (rows); \
       r += (long long)gridDim.x * blockDim.x)
#define UNROLL _Pragma("unroll")
#else
#include <math.h>
#define KERNEL void
#define HELPER static inline
#define FEW static const
#define MANY static const
#define EACH_ROW(r, rows) for (long long r = 0; r < (rows); r++)
#define UNROLL
#endif
/* Negations let NaN pass. */
HELPER float SIGMOID(float x) { return 1.0f / (1.0f + expf(-x)); }
HELPER float SILU(float x) { return x < -80.0f ? 0.0f : x / (1.0f + expf(-x)); }
HELPER float ELU(float x, float a) { return x > 0.0f ? x : a * expm1f(x); }
HELPER float RELU(float x) { return x < 0.0f ? 0.0f : x; }
"#;

/// The text of a program.
///
/// # Errors
/// Why no kernel can hold it.
pub(crate) fn source(program: &Program) -> Result<String, String> {
    if program.width > WIDEST {
        return Err(format!(
            "it is {} wide, and the registers of a thread hold {WIDEST}; open it with `tensorrt` or `ort-cuda`",
            program.width
        ));
    }
    let count = |s: &Step| match s {
        Step::Dense(dense) => dense.weights.len() + dense.bias.len(),
        Step::Columns(_, constants) => constants.len(),
        Step::Map(..) => 0,
    };
    let numbers: usize = program.steps.iter().map(count).sum();
    if numbers > MOST {
        return Err(format!("it has {numbers} constants, and a kernel is compiled with {MOST} at most"));
    }
    let memory = if numbers <= CONSTANTS { "FEW" } else { "MANY" };
    let (mut constants, mut body) = (String::new(), String::new());
    let mut width = program.n_inputs;
    let _ = writeln!(body, "    float h0[{width}];");
    let _ = writeln!(body, "    UNROLL\n    for (int i = 0; i < {width}; i++) h0[i] = x[r * {width} + i];");
    for (k, step) in program.steps.iter().enumerate() {
        let (from, to) = (format!("h{k}"), format!("h{}", k + 1));
        match step {
            Step::Dense(dense) => {
                array(
                    &mut constants,
                    memory,
                    &format!("w{k}"),
                    &by_output(dense.n_in, dense.n_out, &dense.weights),
                );
                array(&mut constants, memory, &format!("b{k}"), &dense.bias);
                let f = apply(dense.activation, "s");
                let (n, m) = (dense.n_in, dense.n_out);
                let _ = writeln!(
                    body,
                    "    float {to}[{m}];\n    UNROLL\n    for (int o = 0; o < {m}; o++) {{\n      float s = b{k}[o];\n      \
                     UNROLL\n      for (int i = 0; i < {n}; i++) s += w{k}[o * {n} + i] * {from}[i];\n      {to}[o] = {f};\n    }}"
                );
                width = m;
            }
            Step::Columns(op, values) => {
                array(&mut constants, memory, &format!("c{k}"), values);
                let f = match op {
                    ColumnOp::Add => "v + c",
                    ColumnOp::Sub => "v - c",
                    ColumnOp::SubFrom => "c - v",
                    ColumnOp::Mul => "v * c",
                    ColumnOp::Div => "v / c",
                    ColumnOp::DivInto => "c / v",
                };
                let _ = writeln!(
                    body,
                    "    float {to}[{width}];\n    UNROLL\n    for (int i = 0; i < {width}; i++) {{\n      \
                     const float v = {from}[i], c = c{k}[i];\n      {to}[i] = {f};\n    }}"
                );
            }
            Step::Map(activation, _) => {
                let f = apply(*activation, &format!("{from}[i]"));
                let _ = writeln!(
                    body,
                    "    float {to}[{width}];\n    UNROLL\n    for (int i = 0; i < {width}; i++) {to}[i] = {f};"
                );
            }
        }
    }
    let last = program.steps.len();
    let _ =
        writeln!(body, "    UNROLL\n    for (int o = 0; o < {width}; o++) y[r * {width} + o] = h{last}[o];");
    Ok(format!(
        "{PRELUDE}{constants}KERNEL network(long long rows, const float *x, float *y)\n{{\n  EACH_ROW(r, rows) {{\n{body}  }}\n}}\n"
    ))
}

/// A network that a kernel cannot hold.
pub(crate) fn refused(file: &onnx::File, reason: String) -> InferError {
    InferError::Refused {
        path: file.path.clone(),
        reason: format!("provider `{}`: {reason}", Provider::FusedCuda),
    }
}

/// The weights of blocks of outputs, output by output.
fn by_output(n_in: usize, n_out: usize, weights: &[f32]) -> Vec<f32> {
    let mut all = vec![0.0; n_in * n_out];
    let (mut first, mut rest) = (0, weights);
    while first < n_out {
        let size = block(n_out - first);
        let (own, behind) = rest.split_at(size * n_in);
        for (i, row) in own.chunks_exact(size).enumerate() {
            for (k, w) in row.iter().enumerate() {
                all[(first + k) * n_in + i] = *w;
            }
        }
        (first, rest) = (first + size, behind);
    }
    all
}

fn array(out: &mut String, memory: &str, name: &str, values: &[f32]) {
    let _ = write!(out, "{memory} float {name}[{}] = {{", values.len());
    for (k, value) in values.iter().enumerate() {
        // The shortest digits that give the same number back.
        let _ = write!(out, "{}{value:?}f,", if k % 8 == 0 { "\n  " } else { " " });
    }
    out.push_str("\n};\n");
}

fn apply(activation: Activation, x: &str) -> String {
    match activation {
        Activation::Identity => x.to_owned(),
        Activation::Sigmoid => format!("SIGMOID({x})"),
        Activation::Silu => format!("SILU({x})"),
        Activation::Tanh => format!("tanhf({x})"),
        Activation::Elu(alpha) => format!("ELU({x}, {alpha:?}f)"),
        Activation::Relu => format!("RELU({x})"),
        Activation::Sin => format!("sinf({x})"),
    }
}
