//! A network as a kernel whose warps use the device's matrix units.
//!
//! A block keeps the weights in the memory that its threads share: all of them where they fit beside
//! another block, else those of one layer at a time. Values between layers stay in registers, and the
//! results of a layer are the operands of the next without an exchange between lanes; see `tensor.h`.

use std::fmt::Write as _;

use crate::native::{Activation, Dense, Program, Step, block};

use super::registers::column;
use super::text::{ELSEWHERE, NAME, PRELUDE, Text, apply, not_wider};

/// Widest layer: two layers of 16 rows fit the registers of a warp.
pub(super) const WIDEST: usize = 128;
/// Widest layer of 32 rows.
const WIDEST_OF_TWO_TILES: usize = 64;
/// Warps of a block.
const WARPS: usize = 4;
/// Most bytes that a block shares: two such blocks fit a multiprocessor of compute capability 8.0.
const SHARED: usize = 80 << 10;
/// Columns of a tile.
const COLUMNS: usize = 8;

/// The text of a program.
///
/// # Errors
/// Why no kernel can hold it.
pub(super) fn text(program: &Program) -> Result<Text, String> {
    not_wider(program, (WIDEST, "the registers of a warp"), ELSEWHERE)?;
    let row_tiles = if program.width <= WIDEST_OF_TWO_TILES { 2 } else { 1 };
    let sections: Vec<Vec<f32>> = program.steps.iter().map(section).collect();
    let all: usize = sections.iter().map(Vec::len).sum();
    let resident = 4 * all <= SHARED;
    let shared = if resident { all } else { sections.iter().map(Vec::len).max().unwrap_or(0) };
    let rows = 16 * row_tiles * WARPS;

    let mut body = String::new();
    let width = program.n_inputs;
    let tiles = width.div_ceil(COLUMNS);
    let _ = writeln!(
        body,
        "    TILE h0[ROW_TILES][{tiles}];\n    EACH_NUMBER({tiles}, m, n, i) h0[m][n][i] = \
         COLUMN(n, i) < {width} && ROW(first, m, i) < rows ? x[ROW(first, m, i) * {width} + COLUMN(n, i)] : 0.0f;"
    );
    let mut writer = Writer { body, resident, at: 0, width, tiles };
    let (mut k, mut last) = (0, 0);
    while k < program.steps.len() {
        let alike = alike(&program.steps[k..]);
        writer.step(&program.steps[k], last, sections[k].len(), alike);
        (k, last) = (k + alike, last + 1);
    }
    let Writer { mut body, width, tiles, .. } = writer;
    let _ = writeln!(
        body,
        "    EACH_NUMBER({tiles}, m, n, i) if (COLUMN(n, i) < {width} && ROW(first, m, i) < rows) \
         y[ROW(first, m, i) * {width} + COLUMN(n, i)] = h{last}[m][n][i];"
    );
    let at_once = if resident {
        format!("  COPY(memory, numbers, {all});\n  __syncthreads();\n")
    } else {
        String::new()
    };
    let source = format!(
        "#define ROW_TILES {row_tiles}\n{PRELUDE}{}extern \"C\" __global__ void __launch_bounds__({})\n\
         {NAME}(long long rows, const float *x, float *y, const float *numbers)\n{{\n  \
         extern __shared__ float4 memory[];\n  const float *weights = (const float *)memory;\n{at_once}  \
         for (long long block = (long long)blockIdx.x * {rows}; block < rows; block += (long long)gridDim.x * {rows}) {{\n    \
         const long long first = block + threadIdx.x / 32 * {};\n{body}  }}\n}}\n",
        include_str!("tensor.h"),
        32 * WARPS,
        16 * row_tiles,
    );
    let shared = u32::try_from(4 * shared).map_err(|_| "its layers are too large".to_owned())?;
    Ok(Text { source, weights: sections.concat(), threads: 32 * WARPS as u32, shared, rows })
}

/// How many layers, from the first step on, differ in their numbers only: one text serves them.
fn alike(steps: &[Step]) -> usize {
    let shape = |step: &Step| match step {
        Step::Dense(d) if d.n_in == d.n_out => Some((d.n_in, d.activation)),
        _ => None,
    };
    let first = shape(&steps[0]);
    if first.is_none() { 1 } else { steps.iter().take_while(|s| shape(s) == first).count() }
}

/// The text of a row tile's way through the layers.
struct Writer {
    body: String,
    /// Whether all numbers lie in shared memory.
    resident: bool,
    /// Where the numbers of the next step begin.
    at: usize,
    width: usize,
    tiles: usize,
}

impl Writer {
    /// Writes a step from the values `h{k}` to the next ones, or `times` steps alike, each with so many
    /// numbers.
    fn step(&mut self, step: &Step, k: usize, numbers: usize, times: usize) {
        let (inputs, next) = (self.tiles, k + 1);
        if let Step::Dense(dense) = step {
            self.width = dense.n_out;
        }
        self.tiles = self.width.div_ceil(COLUMNS);
        let (tiles, width, at) = (self.tiles, self.width, self.at);
        let body = &mut self.body;
        let _ = writeln!(body, "    TILE h{next}[ROW_TILES][{tiles}];");
        let offset = if times > 1 { format!("{at} + {numbers} * layer") } else { at.to_string() };
        if times > 1 {
            let _ = writeln!(body, "#pragma unroll 1\n    for (int layer = 0; layer < {times}; layer++) {{");
        }
        let place = if self.resident || numbers == 0 {
            format!("weights + {offset}")
        } else {
            let _ = writeln!(
                body,
                "    __syncthreads();\n    COPY(memory, numbers + {offset}, {numbers});\n    __syncthreads();"
            );
            "weights".to_owned()
        };
        let (from, to) = (format!("h{k}[m][n][i]"), format!("h{next}[m][n][i]"));
        let activation = match step {
            Step::Dense(dense) => {
                let _ = writeln!(body, "    DENSE<{inputs}, {tiles}>(h{k}, h{next}, {place});");
                dense.activation
            }
            Step::Columns(op, _) => {
                let f = column(*op, &from, &format!("({place})[COLUMN(n, i)]"));
                let _ = writeln!(body, "    EACH_NUMBER({tiles}, m, n, i) {to} = {f};");
                Activation::Identity
            }
            Step::Map(activation, _) => {
                let _ = writeln!(body, "    EACH_NUMBER({tiles}, m, n, i) {to} = {from};");
                *activation
            }
        };
        if activation != Activation::Identity {
            let f = apply(activation, &to, &format!("h{next}[m][n][i + 1]"));
            let _ = writeln!(body, "    EACH_PAIR({tiles}, m, n, i) {{ {f} }}");
        }
        if !width.is_multiple_of(COLUMNS) {
            // Columns that there are not may have become infinite.
            let _ =
                writeln!(body, "    EACH_NUMBER({tiles}, m, n, i) if (COLUMN(n, i) >= {width}) {to} = 0.0f;");
        }
        if times > 1 {
            let _ = writeln!(body, "    EACH_NUMBER({tiles}, m, n, i) {from} = {to};\n    }}");
        }
        self.at += numbers * times;
    }
}

/// The numbers of a step, as the kernel reads them.
fn section(step: &Step) -> Vec<f32> {
    match step {
        Step::Dense(dense) => pack(dense),
        Step::Columns(_, constants) => padded(constants, 1.0),
        Step::Map(..) => Vec::new(),
    }
}

fn padded(values: &[f32], with: f32) -> Vec<f32> {
    let mut all = values.to_vec();
    all.resize(values.len().next_multiple_of(COLUMNS), with);
    all
}

/// Weights in the order of lanes: for each tile of inputs and each of outputs, lane after lane, the
/// weights of its output for its two inputs. Then the biases.
fn pack(dense: &Dense) -> Vec<f32> {
    let (inputs, outputs) = (dense.n_in.div_ceil(COLUMNS), dense.n_out.div_ceil(COLUMNS));
    let mut numbers = Vec::with_capacity(64 * inputs * outputs + COLUMNS * outputs);
    for k in 0..inputs {
        for n in 0..outputs {
            for lane in 0..32 {
                let (input, output) = (COLUMNS * k + 2 * (lane % 4), COLUMNS * n + lane / 4);
                numbers.extend([weight(dense, input, output), weight(dense, input + 1, output)]);
            }
        }
    }
    numbers.extend(padded(&dense.bias, 0.0));
    numbers
}

/// The weight between an input and an output, zero where there is none.
fn weight(dense: &Dense, input: usize, output: usize) -> f32 {
    if input >= dense.n_in || output >= dense.n_out {
        return 0.0;
    }
    let mut first = 0;
    loop {
        let size = block(dense.n_out - first);
        if output < first + size {
            return dense.weights[first * dense.n_in + input * size + (output - first)];
        }
        first += size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tensor.h` does with a layer, lane by lane: the layout of weights is right if sums are.
    #[test]
    fn lanes_find_the_weights_of_their_columns() {
        let (n_in, n_out) = (11, 13);
        let w: Vec<f32> = (0..n_in * n_out).map(|i| (i as f32 * 0.37).sin()).collect();
        let mut dense = Dense::new(n_in, n_out, &w);
        dense.bias = (0..n_out).map(|o| o as f32).collect();
        let x: Vec<f32> = (0..n_in).map(|i| (i as f32).cos()).collect();
        let numbers = pack(&dense);
        let (inputs, outputs) = (2, 2);
        assert_eq!(numbers.len(), 64 * inputs * outputs + 8 * outputs);
        for output in 0..8 * outputs {
            let mut sum = numbers[64 * inputs * outputs + output];
            for k in 0..inputs {
                for t in 0..4 {
                    let lane = 4 * (output % 8) + t;
                    let at = 64 * (k * outputs + output / 8) + 2 * lane;
                    for (i, w) in numbers[at..at + 2].iter().enumerate() {
                        sum += w * x.get(8 * k + 2 * t + i).copied().unwrap_or(1e9);
                    }
                }
            }
            let expected: f32 = match output {
                o if o < n_out => o as f32 + (0..n_in).map(|i| x[i] * w[i * n_out + o]).sum::<f32>(),
                _ => 0.0,
            };
            assert!((sum - expected).abs() < 1e-4, "{output}: {sum} {expected}");
        }
    }
}
