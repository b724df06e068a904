//! Networks in `bf16` against `f64`, and the instruction against its model.

use super::dispatch::Unit;
use super::layers::{Layer, lower};
use crate::native::centre::centre;
use crate::native::program::{Activation, ColumnOp, Dense, Program, Step};

const ACTIVATIONS: [Activation; 6] = [
    Activation::Silu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Elu(1.0),
    Activation::Relu,
    Activation::Sin,
];
/// Layers of up to five times 128, and widths that are multiples of nothing.
const SHAPES: [&[usize]; 8] =
    [&[8, 8], &[16, 16], &[32, 32, 32], &[64, 64, 64], &[128; 5], &[7, 13, 5], &[33, 129, 17, 3], &[1, 2]];

/// Rows of a batch: no whole number of tiles; few where an interpreter runs.
const ROWS: usize = if cfg!(miri) { 5 } else { 333 };

/// Numbers in ±1 that look random and are the same everywhere.
pub(in crate::native) struct Random(pub(in crate::native) u64);

impl Random {
    /// Any 32 bits.
    pub(in crate::native) fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }
    /// Uniform in [−1, 1).
    pub(in crate::native) fn next(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
    pub(in crate::native) fn vec(&mut self, n: usize, scale: f32) -> Vec<f32> {
        (0..n).map(|_| scale * self.next()).collect()
    }
}

/// Three inputs, hidden layers of one activation, two outputs.
pub(in crate::native) struct Net {
    /// Weights row by row, biases, activation.
    pub(in crate::native) layers: Vec<(Vec<f32>, Vec<f32>, Activation)>,
}

impl Net {
    /// Signals keep their size from layer to layer, as in trained networks.
    pub(in crate::native) fn random(hidden: &[usize], activation: Activation) -> Self {
        // The part of a variance that is left behind the activation, roughly.
        let passed = match activation {
            Activation::Silu => 0.36,
            Activation::Relu => 0.5,
            Activation::Sigmoid => 0.045,
            _ => 0.6,
        };
        let mut random = Random(1 + hidden.len() as u64);
        let mut layers = Vec::new();
        let mut n_in = 3;
        for (k, &n) in hidden.iter().chain(&[2]).enumerate() {
            let scale = (3.0 / passed / n_in as f32).sqrt();
            let last = k == hidden.len();
            let activation = if last { Activation::Identity } else { activation };
            layers.push((random.vec(n_in * n, scale), random.vec(n, 0.5), activation));
            n_in = n;
        }
        Self { layers }
    }

    pub(in crate::native) fn program(&self) -> Program {
        let mut n_in = 3;
        let mut width = 3;
        // An operation of columns in front, as normalisation is.
        let mut steps = vec![Step::Columns(ColumnOp::Sub, vec![0.25; 3])];
        for (w, bias, activation) in &self.layers {
            let mut dense = Dense::new(n_in, bias.len(), w);
            dense.bias.copy_from_slice(bias);
            dense.activation = *activation;
            steps.push(Step::Dense(dense));
            n_in = bias.len();
            width = width.max(n_in);
        }
        Program { n_inputs: 3, n_outputs: 2, width, steps }
    }

    fn lowered(&self) -> Program<Layer> {
        lower(centre(self.program())).unwrap()
    }

    pub(in crate::native) fn eval(&self, x: &[f32]) -> Vec<f64> {
        let mut v: Vec<f64> = x.iter().map(|&x| f64::from(x) - 0.25).collect();
        for (w, bias, activation) in &self.layers {
            let outputs = bias.iter().enumerate().map(|(o, &b)| {
                let products = v.iter().enumerate().map(|(i, x)| x * f64::from(w[i * bias.len() + o]));
                activate(*activation, products.sum::<f64>() + f64::from(b))
            });
            v = outputs.collect();
        }
        v
    }
}

fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Elu(alpha) if x < 0.0 => f64::from(alpha) * x.exp_m1(),
        Activation::Elu(_) => x,
        Activation::Relu => x.max(0.0),
        Activation::Sin => x.sin(),
    }
}

fn run(unit: Unit, program: &Program<Layer>, x: &[f32]) -> Vec<f32> {
    let mut y = vec![f32::NAN; x.len() / program.n_inputs * program.n_outputs];
    unit.run(program, x, &mut y);
    y
}

/// The greatest and the mean difference, as parts of an output's range, the worse of two outputs.
pub(in crate::native) fn errors(y: &[f32], exact: &[f64]) -> [f64; 2] {
    let mut worst = [0.0; 2];
    for column in 0..2 {
        let all = || exact.iter().skip(column).step_by(2).copied();
        let range = all().fold(f64::MIN, f64::max) - all().fold(f64::MAX, f64::min);
        let off: Vec<f64> = y
            .iter()
            .skip(column)
            .step_by(2)
            .zip(all())
            .map(|(y, e)| (f64::from(*y) - e).abs() / range)
            .collect();
        assert!(off.iter().all(|e| e.is_finite()));
        worst[0] = off.iter().copied().fold(worst[0], f64::max);
        worst[1] = f64::max(worst[1], off.iter().sum::<f64>() / off.len() as f64);
    }
    worst
}

#[test]
fn networks_keep_within_a_hundredth_of_their_range_and_mostly_a_few_thousandths() {
    let unit = Unit::models()[0];
    for shape in SHAPES {
        for activation in ACTIVATIONS {
            let net = Net::random(shape, activation);
            let x = Random(9).vec(3 * ROWS, 1.0);
            let exact: Vec<f64> = x.chunks(3).flat_map(|x| net.eval(x)).collect();
            let [greatest, mean] = errors(&run(unit, &net.lowered(), &x), &exact);
            // A sigmoid passes a quarter of a signal at most, and weights are larger for it.
            let weights = if activation == Activation::Sigmoid { 1.5 } else { 1.0 };
            let kept = greatest < weights * 1e-2 && mean < weights * 3e-3;
            assert!(kept, "{shape:?}, {activation:?}: {greatest:.1e}, {mean:.1e}");
        }
    }
}

#[test]
fn inputs_are_not_rounded() {
    // Between two neighbouring numbers of 16 bits, 8 and 8.0625, outputs go on changing.
    let net = Net::random(&[32, 32], Activation::Sin);
    let x: Vec<f32> = (0..64).flat_map(|k| [8.0 + k as f32 / 1024.0, 0.0, 0.0]).collect();
    let y = run(Unit::models()[0], &net.lowered(), &x);
    let mut values: Vec<u32> = y.iter().step_by(2).map(|y| y.to_bits()).collect();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), 64);
}

#[test]
fn a_row_has_the_same_bits_in_every_batch_and_a_nan_stays_in_its_row() {
    for unit in Unit::models().into_iter().chain(instruction()) {
        for activation in ACTIVATIONS {
            let program = Net::random(&[7, 13, 5], activation).lowered();
            let mut x = Random(4).vec(3 * 100, 1.0);
            let whole = run(unit, &program, &x);
            let single: Vec<f32> = x.chunks(3).flat_map(|x| run(unit, &program, x)).collect();
            assert_eq!(whole, single);
            x[3 * 41] = f32::NAN;
            let y = run(unit, &program, &x);
            assert!(y[82..84].iter().all(|y| y.is_nan()));
            assert!(y[..82] == whole[..82] && y[84..] == whole[84..]);
        }
    }
}

#[test]
fn networks_without_a_layer_in_between_and_weights_without_a_number_are_refused() {
    for hidden in [&[][..], &[64]] {
        let error = lower(Net::random(hidden, Activation::Silu).program()).unwrap_err();
        assert!(error.contains("has no other"), "{error}");
    }
    let mut net = Net::random(&[4, 4], Activation::Silu);
    net.layers[1].0[5] = f32::MAX;
    let error = lower(net.program()).unwrap_err();
    assert!(error.contains("beyond the largest"), "{error}");
}

/// The instruction, where the processor has it; where not, says so.
pub(super) fn instruction() -> Option<Unit> {
    Unit::of_processor().inspect_err(|reason| eprintln!("the instruction was not tested: {reason}")).ok()
}

#[test]
fn models_on_different_vectors_agree() {
    // Activations differ in their last bits, and so some roundings fall the other way.
    let [first, others @ ..] = &Unit::models()[..] else { unreachable!("one is always there") };
    let program = Net::random(&[32, 32, 32], Activation::Silu).lowered();
    let x = Random(5).vec(3 * ROWS, 1.0);
    let expected: Vec<f64> = run(*first, &program, &x).into_iter().map(f64::from).collect();
    for other in others {
        let [greatest, _] = errors(&run(*other, &program, &x), &expected);
        assert!(greatest < 5e-3, "{other:?}: {greatest:e}");
    }
}

#[test]
fn networks_on_the_instruction_have_the_bits_of_its_model() {
    let Some(unit) = instruction() else { return };
    // The last one computes all else on the same registers.
    let Some(&model) = Unit::models().last() else { unreachable!("one is always there") };
    for shape in SHAPES {
        for activation in ACTIVATIONS {
            let program = Net::random(shape, activation).lowered();
            let x = Random(6).vec(3 * ROWS, 1.0);
            let [found, expected] = [unit, model].map(|unit| run(unit, &program, &x));
            assert_eq!(found, expected, "{shape:?}, {activation:?}");
        }
    }
}
