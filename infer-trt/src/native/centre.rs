//! Moving what dense layers hand on to around zero, so that sums round less.
//!
//! SiLU, sigmoid and ELU give numbers that are mostly on one side of zero: an offset, which is the same for all rows,
//! and a signal. In the sums of the next layer the offset's part is often the larger one, and sums round by their size.
//! So a layer hands on what its neurons give less their means, h − c, and the next one adds b + W c, taken once in
//! `f64`, for its bias b: the same function for any c. SiLU and sigmoid end with a product to which −c is added before
//! it is rounded, so this takes no time. In 16 bits, the offset is not rounded at all.
//!
//! Means are taken over rows spread over ±1 in front of the first dense layer, as normalised inputs are. For others
//! nothing may be gained. The hyperbolic tangent and the sine have no offset to speak of, and the zeros of ReLU are
//! exact: with these, sums would not round less.

use super::program::{Activation, Dense, Program, Step, UNMOVED};

/// Most rows over which means are taken; few where an interpreter runs.
const ROWS: usize = if cfg!(miri) { 2 } else { 64 };
/// Rows times parameters that are worth it when a session opens: a tenth of a second.
const WORK: usize = 1 << 26;

/// Whether what an activation gives has an offset that is worth taking away.
fn has_offset(activation: Activation) -> bool {
    match activation {
        Activation::Silu | Activation::Sigmoid | Activation::Elu(_) => true,
        Activation::Identity | Activation::Tanh | Activation::Relu | Activation::Sin => false,
    }
}

/// The program with every dense layer centred that has such an activation, and leads to another dense layer with no
/// step between.
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
        if has_offset(layer.activation) && take(&means, layer, next) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::bf16::tests::{Net, Random, errors};
    use crate::native::dispatch::Simd;
    use crate::native::program::ColumnOp;

    /// Few where an interpreter runs.
    const BATCH: usize = if cfg!(miri) { 3 } else { 1000 };

    fn run(simd: Simd, program: &Program, x: &[f32]) -> Vec<f32> {
        let mut y = vec![f32::NAN; x.len() / program.n_inputs * program.n_outputs];
        simd.run(program, x, &mut y);
        y
    }

    /// Mean errors without and with centring, of the range, for rows around `at` in each column.
    fn before_and_after(net: &Net, at: f32) -> Vec<[f64; 2]> {
        let x: Vec<f32> = Random(2).vec(3 * BATCH, 1.0).into_iter().map(|x| x + at).collect();
        let exact: Vec<f64> = x.chunks(3).flat_map(|x| net.eval(x)).collect();
        let programs = [net.program(), centre(net.program())];
        let mean = |simd, program: &Program| {
            let [_, mean] = errors(&run(simd, program, &x), &exact);
            mean
        };
        Simd::available().into_iter().map(|simd| programs.each_ref().map(|p| mean(simd, p))).collect()
    }

    #[test]
    fn sums_round_less_and_hardly_more_far_from_where_means_were_taken() {
        for (hidden, activation, most) in [
            (&[128; 5][..], Activation::Silu, 0.95),
            (&[64; 3], Activation::Sigmoid, 0.85),
            (&[32, 32], Activation::Elu(0.7), 1.0),
        ] {
            let net = Net::random(hidden, activation);
            for (at, most) in [(0.25, most), (3.0, 1.25), (-40.0, 1.5)] {
                for [before, after] in before_and_after(&net, at) {
                    let less = after < most * before;
                    assert!(less || cfg!(miri), "{activation:?}, {at}: {before:e} before, {after:e} after");
                }
            }
        }
    }

    #[test]
    fn layers_without_an_offset_or_with_another_step_behind_stay_as_they_are() {
        for activation in [Activation::Identity, Activation::Tanh, Activation::Relu, Activation::Sin] {
            let program = Net::random(&[9, 9, 9], activation).program();
            assert_eq!(centre(program.clone()), program);
        }
        let mut program = Net::random(&[9, 9], Activation::Silu).program();
        program.steps.insert(2, Step::Columns(ColumnOp::Mul, vec![2.0; 9]));
        assert_eq!(centre(program.clone()), program);
        // One layer leads to none.
        let program = Net::random(&[], Activation::Silu).program();
        assert_eq!(centre(program.clone()), program);
        let empty = Program { n_inputs: 1, n_outputs: 1, width: 1, steps: Vec::new() };
        assert_eq!(centre(empty.clone()), empty);
    }

    #[test]
    fn a_layer_whose_means_or_products_are_no_numbers_stays_as_it_is() {
        let mut net = Net::random(&[4, 4], Activation::Silu);
        net.layers[0].1 = vec![2e38; 4];
        net.layers[1].0.fill(3e38);
        let program = net.program();
        assert_eq!(centre(program.clone()), program);
    }

    #[test]
    #[cfg_attr(miri, ignore = "two million parameters, in an interpreter")]
    fn wide_networks_are_centred_too() {
        // Two million parameters, and so half as many rows.
        let net = Net::random(&[1024, 1024, 1024], Activation::Sigmoid);
        let Some(Step::Dense(layer)) = centre(net.program()).steps.into_iter().nth(1) else { panic!() };
        let mean = -layer.shift.iter().sum::<f32>() / 1024.0;
        assert!((mean - 0.5).abs() < 0.1, "{mean}");
    }
}
