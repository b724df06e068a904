//! A network as one kernel.
//!
//! A thread takes a row through all layers: activations stay in registers, and weights are numbers in
//! the instructions. Nothing but rows and results touches the device's memory. The text is one
//! statement for each product: loops that a compiler has to unroll take it minutes.

use std::fmt::Write as _;

use crate::native::{Activation, ColumnOp, Dense, Program, Step, block};
use crate::{InferError, Provider, onnx};

/// Widest layer: two layers of it fit the registers of a thread.
pub(crate) const WIDEST: usize = 64;
/// Most numbers in all: kernels with more are compiled for a minute, and no longer fit the cache of
/// instructions.
const MOST: usize = 1 << 16;

/// In front of a network's function: it compiles as CUDA C++ and as C.
const PRELUDE: &str = r#"#ifdef __CUDACC__
#define KERNEL extern "C" __global__ void
#define HELPER static __device__ __forceinline__
#define EACH_ROW(r, rows) \
  for (long long r = (long long)blockIdx.x * blockDim.x + threadIdx.x; r < (rows); \
       r += (long long)gridDim.x * blockDim.x)
#else
#include <math.h>
#define KERNEL void
#define HELPER static inline
#define EACH_ROW(r, rows) for (long long r = 0; r < (rows); r++)
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
    let mut body = String::new();
    let mut width = program.n_inputs;
    for i in 0..width {
        let _ = writeln!(body, "    const float h0_{i} = x[r * {width} + {i}];");
    }
    for (k, step) in program.steps.iter().enumerate() {
        let next = k + 1;
        match step {
            Step::Dense(dense) => {
                dense_layer(&mut body, k, dense);
                width = dense.n_out;
            }
            Step::Columns(op, values) => {
                for (i, c) in values.iter().enumerate() {
                    let (v, c) = (format!("h{k}_{i}"), literal(*c));
                    let f = match op {
                        ColumnOp::Add => format!("{v} + {c}"),
                        ColumnOp::Sub => format!("{v} - {c}"),
                        ColumnOp::SubFrom => format!("{c} - {v}"),
                        ColumnOp::Mul => format!("{v} * {c}"),
                        ColumnOp::Div => format!("{v} / {c}"),
                        ColumnOp::DivInto => format!("{c} / {v}"),
                    };
                    let _ = writeln!(body, "    const float h{next}_{i} = {f};");
                }
            }
            Step::Map(activation, _) => {
                for i in 0..width {
                    let f = apply(*activation, &format!("h{k}_{i}"));
                    let _ = writeln!(body, "    const float h{next}_{i} = {f};");
                }
            }
        }
    }
    let last = program.steps.len();
    for o in 0..width {
        let _ = writeln!(body, "    y[r * {width} + {o}] = h{last}_{o};");
    }
    Ok(format!(
        "{PRELUDE}KERNEL network(long long rows, const float *x, float *y)\n{{\n  EACH_ROW(r, rows) {{\n{body}  }}\n}}\n"
    ))
}

/// A layer: for each output its bias, a product for each input, the activation.
fn dense_layer(body: &mut String, k: usize, dense: &Dense) {
    let next = k + 1;
    let (mut first, mut weights) = (0, &dense.weights[..]);
    while first < dense.n_out {
        let size = block(dense.n_out - first);
        let (own, behind) = weights.split_at(size * dense.n_in);
        for o in 0..size {
            let output = first + o;
            let _ = writeln!(body, "    float s{next}_{output} = {};", literal(dense.bias[output]));
            for (i, w) in own.iter().skip(o).step_by(size).enumerate() {
                let _ = writeln!(body, "    s{next}_{output} += {} * h{k}_{i};", literal(*w));
            }
            let f = apply(dense.activation, &format!("s{next}_{output}"));
            let _ = writeln!(body, "    const float h{next}_{output} = {f};");
        }
        (first, weights) = (first + size, behind);
    }
}

/// The shortest digits that give the same number back.
fn literal(x: f32) -> String {
    if x.is_sign_negative() { format!("({x:?}f)") } else { format!("{x:?}f") }
}

/// A network that a kernel cannot hold.
pub(crate) fn refused(file: &onnx::File, reason: String) -> InferError {
    InferError::Refused {
        path: file.path.clone(),
        reason: format!("provider `{}`: {reason}", Provider::FusedCuda),
    }
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
