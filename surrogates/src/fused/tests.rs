//! The fused step against the tape.

use dfdx::prelude::{Backward as _, Cpu, PutTape as _, SplitTape as _, TensorFromVec as _};
use proptest::prelude::*;

use super::*;
use crate::{Activation, Mlp, Normalization, ops};

/// Outputs and gradient of a network on the tape, for a loss whose gradient by the outputs is `g`.
fn on_tape(network: &Mlp<f64>, x: &[f64], rows: Rows, g: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let device = Cpu::default();
    let tensors = network.tensors(&device).unwrap();
    let x = device.tensor_from_vec(x.to_vec(), (rows.total(), network.spec().inputs));
    let (y, tape) = network.traced(&tensors, x, rows, false).unwrap().split_tape();
    let out = ops::copy(&y);
    let mut gradients = ops::with_gradient(y.put_tape(tape), 0.0, g.to_vec()).unwrap().backward();
    let gradient = tensors.iter().flat_map(|t| gradients.get_or_alloc_mut(t).unwrap().to_vec()).collect();
    (out, gradient)
}

fn fused(level: Level, network: &Mlp, x: &[f32], rows: Rows, g: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let spec = network.spec();
    let mut net = Fused::new(level, spec, rows);
    for (row, x) in x.chunks_exact(spec.inputs).enumerate() {
        net.set_input(row, x);
    }
    net.forward(network.parameters());
    let mut y = vec![0.0; rows.total() * spec.outputs];
    for (row, y) in y.chunks_exact_mut(spec.outputs).enumerate() {
        net.output(row, y);
    }
    for (row, g) in g.chunks_exact(spec.outputs).enumerate() {
        net.set_gradient(row, g);
    }
    let mut gradient = vec![f32::NAN; spec.parameters()];
    net.backward(network.parameters(), &mut gradient);
    (y, gradient)
}

/// The largest difference.
fn difference(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let all = found.iter().zip(expected).map(|(f, e)| (f64::from(*f) - e).abs());
    // NaN must not be lost.
    all.fold(0.0, |w, d| if d <= w { w } else { d })
}

fn assert_equals_tape(spec: &MlpSpec, rows: Rows, seed: u64) {
    let one = || Normalization::identity(spec.inputs);
    let many = || Normalization::identity(spec.outputs);
    let single = Mlp::<f32>::random(spec.clone(), one(), many(), seed).unwrap();
    let double = Mlp::<f64>::random(spec.clone(), one(), many(), seed).unwrap();
    let numbers = |n: usize, c: f32| -> Vec<f32> { (0..n).map(|i| (i as f32 * c + 0.3).cos()).collect() };
    let x = numbers(rows.total() * spec.inputs, 0.7);
    let g = numbers(rows.total() * spec.outputs, 1.9);
    let wide = |v: &[f32]| -> Vec<f64> { v.iter().map(|v| f64::from(*v)).collect() };
    let (y, gradient) = on_tape(&double, &wide(&x), rows, &wide(&g));
    for level in Level::available() {
        let (found, found_gradient) = fused(level, &single, &x, rows, &g);
        // A gradient is a sum over rows: it is rounded like the sum of its terms' sizes.
        let size: f64 = 1.0 + g.iter().map(|g| f64::from(g.abs())).sum::<f64>();
        let (a, b) = (difference(&found, &y), difference(&found_gradient, &gradient) / size);
        assert!(a < 3e-6 && b < 1e-6, "{spec}, {rows:?}, {level:?}: outputs {a:e}, gradient {b:e}");
    }
}

#[test]
fn every_activation_has_the_gradient_of_the_tape() {
    for activation in Activation::ALL {
        let spec = MlpSpec::parse(3, &format!("{activation}32,{activation}13,{activation}8"), 2).unwrap();
        for rows in [Rows { values: 128, tangents: 0 }, Rows { values: 77, tangents: 77 }] {
            assert_equals_tape(&spec, rows, 5);
        }
    }
}

/// Activations without a kink.
const SMOOTH: &[Activation] = &[Activation::SiLU, Activation::Tanh, Activation::Sin];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_network_on_any_batch_has_the_gradient_of_the_tape(
        inputs in 1usize..6,
        // Slopes of ReLU, and of ELU's slope, jump at 0: rounding may land on the other side.
        hidden in proptest::collection::vec((proptest::sample::select(SMOOTH), 1usize..=40), 0..4),
        outputs in 1usize..7,
        plain in 0usize..150,
        tangents in 0usize..70,
        seed in 0u64..1000,
    ) {
        let hidden = hidden.iter().map(|&(activation, width)| crate::Layer { activation, width });
        let spec = MlpSpec { inputs, hidden: hidden.collect(), outputs };
        assert_equals_tape(&spec, Rows { values: plain + tangents, tangents }, seed);
    }
}

/// Several blocks of panels, of values and of pairs, and one that holds both.
#[test]
fn large_batches_have_the_gradient_of_the_tape() {
    for layers in ["SiLU8", "SiLU8,Tanh13", "Tanh9,SiLU8,SiLU5"] {
        let spec = MlpSpec::parse(3, layers, 2).unwrap();
        assert_equals_tape(&spec, Rows { values: 1500, tangents: 0 }, 2);
        assert_equals_tape(&spec, Rows { values: 1301, tangents: 700 }, 3);
    }
}

#[test]
fn the_widest_layers_have_the_gradient_of_the_tape() {
    let spec = MlpSpec::parse(5, "SiLU128,Tanh127,ELU1", 128).unwrap();
    assert_equals_tape(&spec, Rows { values: 100, tangents: 33 }, 1);
}
