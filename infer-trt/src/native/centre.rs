//! Moving what dense layers pass on to the middle of zero, so that sums round less.
//!
//! A layer behind another sums products of weights and values that all have an offset: what a neuron gives on average.
//! The offsets' part of the sums is the same for all rows, is often the larger one, and its roundings are as large as
//! those of a signal. So a layer hands on what its neurons give less their means, h − c, and the next one adds
//! b + W c, taken once in `f64`, for its bias b: the same function, for any c. An activation ends with a product to
//! which −c is added before it is rounded, so neither costs time.
//!
//! The means are those over rows spread over ±1 in front of the first dense layer, as normalised inputs are. For others
//! the function is the same, and nothing is gained.

use super::program::{Activation, Dense, Program, Step, UNMOVED};

/// Most rows over which means are taken.
const ROWS: usize = 64;
/// Rows times parameters that are worth it when a session opens: a tenth of a second.
const WORK: usize = 1 << 26;

/// The program with every dense layer centred that has an activation and leads to another dense layer.
pub(crate) fn centre(mut program: Program) -> Program {
    let Some(first) = program.steps.iter().position(|step| matches!(step, Step::Dense(_))) else {
        return program;
    };
    let parameters: usize = program.steps.iter().map(parameters).sum();
    let count = (WORK / parameters.max(1)).clamp(1, ROWS);
    let mut rows: Vec<Vec<f64>> = Vec::new();
    let mut steps = &mut program.steps[first..];
    while let [step, rest @ ..] = steps {
        let Step::Dense(layer) = step else { break };
        if rows.is_empty() {
            rows = spread(count, layer.n_in);
        }
        let [Step::Dense(next), ..] = rest else { break };
        for row in &mut rows {
            *row = evaluate(layer, row);
        }
        let means = means(&rows, layer.n_out);
        if layer.activation != Activation::Identity && take(&means, layer, next) {
            for row in &mut rows {
                row.iter_mut().zip(&means).for_each(|(v, m)| *v -= f64::from(*m));
            }
        }
        steps = rest;
    }
    program
}

fn parameters(step: &Step) -> usize {
    match step {
        Step::Dense(layer) => layer.weights.len(),
        Step::Columns(..) | Step::Map(..) => 0,
    }
}

/// Rows of numbers in ±1 that look random, and are the same everywhere (`SplitMix64`).
fn spread(count: usize, width: usize) -> Vec<Vec<f64>> {
    let mut state = 0_u64;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 * 2.0_f64.powi(-52) - 1.0
    };
    (0..count).map(|_| (0..width).map(|_| next()).collect()).collect()
}

/// W x
fn products(layer: &Dense, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; layer.n_out];
    for (outputs, weights) in layer.blocks() {
        let size = outputs.len();
        let y = &mut y[outputs];
        for (x, weights) in x.iter().zip(weights.chunks_exact(size)) {
            for (y, w) in y.iter_mut().zip(weights) {
                *y += x * f64::from(*w);
            }
        }
    }
    y
}

/// What the neurons of a layer give that is not centred.
fn evaluate(layer: &Dense, x: &[f64]) -> Vec<f64> {
    let mut y = products(layer, x);
    for (y, b) in y.iter_mut().zip(&layer.bias) {
        let z = *y + f64::from(*b);
        *y = match layer.activation {
            Activation::Identity => z,
            Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
            Activation::Silu => z / (1.0 + (-z).exp()),
            Activation::Tanh => z.tanh(),
            Activation::Elu(alpha) if z < 0.0 => f64::from(alpha) * z.exp_m1(),
            Activation::Elu(_) => z,
            Activation::Relu => z.max(0.0),
            Activation::Sin => z.sin(),
        };
    }
    y
}

fn means(rows: &[Vec<f64>], width: usize) -> Vec<f32> {
    let mean = |column: usize| rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64;
    (0..width).map(|column| mean(column) as f32).collect()
}

/// Takes numbers from what a layer gives, and their products from the next one's sums; not where that gives no number.
fn take(means: &[f32], layer: &mut Dense, next: &mut Dense) -> bool {
    let wide: Vec<f64> = means.iter().map(|m| f64::from(*m)).collect();
    let products = products(next, &wide);
    let bias: Vec<f32> = next.bias.iter().zip(products).map(|(b, p)| (f64::from(*b) + p) as f32).collect();
    let numbers = means.iter().chain(&bias).all(|v| v.is_finite());
    if numbers {
        layer.shift = means.iter().map(|m| if *m == 0.0 { UNMOVED } else { -m }).collect();
        next.bias = bias;
    }
    numbers
}
