//! A network as a kernel whose threads take a row each.
//!
//! Activations stay in registers, and weights are numbers in the instructions. Nothing but rows and
//! results touches the device's memory. The text is one statement for each product: loops that a
//! compiler has to unroll take it minutes.

use std::fmt::Write as _;

use crate::native::{Activation, ColumnOp, Dense, Program, Step, block};

use super::tensor;
use super::text::{ELSEWHERE, NAME, PRELUDE, Text, apply, literal, not_wider};

/// Widest layer: two layers of it fit the registers of a thread.
pub(super) const WIDEST: usize = 64;
/// As many numbers at most whose instructions stay in the cache of a multiprocessor: on an H200, a
/// network of 4,400 ran at 45 Tflop/s, one of 8,600 at 17.
pub(super) const CACHED: usize = 6000;
/// Most numbers in all: kernels with more are compiled for a minute, and no longer fit the cache of
/// instructions.
const MOST: usize = 1 << 16;
/// Threads of a block.
const THREADS: u32 = 256;

/// Numbers that are in the instructions.
pub(super) fn numbers(program: &Program) -> usize {
    let count = |s: &Step| match s {
        Step::Dense(dense) => dense.weights.len() + dense.bias.len(),
        Step::Columns(_, constants) => constants.len(),
        Step::Map(..) => 0,
    };
    program.steps.iter().map(count).sum()
}

/// Where a network goes that the registers do not hold.
fn remedy(program: &Program) -> String {
    if program.width > tensor::WIDEST {
        return ELSEWHERE.to_owned();
    }
    format!("take `Way::MatrixUnits` on a device of compute capability 8.0 or newer, or {ELSEWHERE}")
}

/// The text of a program.
///
/// # Errors
/// Why no kernel can hold it.
pub(super) fn text(program: &Program) -> Result<Text, String> {
    let remedy = remedy(program);
    not_wider(program, (WIDEST, "the registers of a thread"), &remedy)?;
    let numbers = numbers(program);
    if numbers > MOST {
        return Err(format!(
            "it has {numbers} constants, and a kernel is compiled with {MOST} at most; {remedy}"
        ));
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
                    let _ = writeln!(body, "    const float h{next}_{i} = {};", column(*op, &v, &c));
                }
            }
            Step::Map(activation, _) => {
                for i in 0..width {
                    let _ = writeln!(body, "    float h{next}_{i} = h{k}_{i};");
                }
                map(&mut body, next, width, *activation);
            }
        }
    }
    let last = program.steps.len();
    for o in 0..width {
        let _ = writeln!(body, "    y[r * {width} + {o}] = h{last}_{o};");
    }
    let source = format!(
        "{PRELUDE}KERNEL {NAME}(long long rows, const float *x, float *y)\n{{\n  EACH_ROW(r, rows) {{\n{body}  }}\n}}\n"
    );
    Ok(Text { source, weights: Vec::new(), threads: THREADS, shared: 0, rows: THREADS as usize })
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
            let _ = writeln!(body, "    float h{next}_{output} = {};", literal(dense.bias[output]));
            for (i, w) in own.iter().skip(o).step_by(size).enumerate() {
                let _ = writeln!(body, "    h{next}_{output} += {} * h{k}_{i};", literal(*w));
            }
        }
        (first, weights) = (first + size, behind);
    }
    map(body, next, dense.n_out, dense.activation);
}

/// An activation of all values of a layer, two by two.
fn map(body: &mut String, layer: usize, width: usize, activation: Activation) {
    if activation == Activation::Identity {
        return;
    }
    for i in (0..width - width % 2).step_by(2) {
        let (a, b) = (format!("h{layer}_{i}"), format!("h{layer}_{}", i + 1));
        let _ = writeln!(body, "    {}", apply(activation, &a, &b));
    }
    if width % 2 == 1 {
        let last = format!("h{layer}_{}", width - 1);
        let _ = writeln!(body, "    {{ float none = 0.0f; {} }}", apply(activation, &last, "none"));
    }
}

/// An operation with a column's constant.
pub(super) fn column(op: ColumnOp, v: &str, c: &str) -> String {
    match op {
        ColumnOp::Add => format!("{v} + {c}"),
        ColumnOp::Sub => format!("{v} - {c}"),
        ColumnOp::SubFrom => format!("{c} - {v}"),
        ColumnOp::Mul => format!("{v} * {c}"),
        ColumnOp::Div => format!("{v} / {c}"),
        ColumnOp::DivInto => format!("{c} / {v}"),
    }
}
