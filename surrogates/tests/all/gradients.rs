//! Every derivative against differences, and the fused operations against dfdx's own.

use dfdx::prelude::*;
use ode_solvers::{Scalar, StateSpace, System};
use surrogates::ops::{self, Matrix, Rows};
use surrogates::{
    Activation, Mlp, MlpSpec, Normalization, Residual, SystemField, VectorField, mean_length, mean_square,
};

/// FitzHugh–Nagumo with a time-dependent current, so that time matters.
struct Excitable;

impl StateSpace for Excitable {
    fn dim(&self) -> usize {
        2
    }
}

impl<T: Scalar> System<T> for Excitable {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = (y[0] * (y[0] - 0.4) * (-y[0] + 1.0) - y[1] + 0.1 * t.sin()) * 10.0;
        dy[1] = (y[0] * 0.2 - y[1] * 0.8) * 0.2;
    }
}

fn output_normalization() -> Normalization {
    Normalization::new(vec![0.25, -0.5], vec![0.5, 2.0]).unwrap()
}

fn network(hidden: &str) -> Mlp<f64> {
    let spec = MlpSpec::parse(2, hidden, 2).unwrap();
    Mlp::random(spec, Normalization::identity(2), output_normalization(), 7).unwrap()
}

/// Inputs that stay away from the kinks of ReLU and ELU; the first is time.
fn points(n: usize) -> Vec<f64> {
    (0..2 * n).map(|i| ((i * 37 + 11) % 53) as f64 / 19.0 - 1.3).collect()
}

const ROWS: Rows = Rows { values: 5, tangents: 3 };

/// A batch whose last rows are the derivatives by the first input.
fn batch(values: &[f64]) -> Vec<f64> {
    let mut x = values.to_vec();
    for _ in 0..ROWS.tangents {
        x.extend([1.0, 0.0]);
    }
    x
}

/// The whole loss of a network: data on the first two rows, physics on the last three. Also the
/// gradient by the parameters if `gradient` is given.
fn loss(network: &Mlp<f64>, x: &[f64], gradient: Option<&mut Vec<f64>>) -> f64 {
    let dev = Cpu::default();
    let tensors = network.tensors(&dev).unwrap();
    let input = dev.tensor_from_vec(batch(x), (ROWS.total(), 2));
    let y = network.traced(&tensors, input, ROWS, false).unwrap();
    let (y, tape) = y.split_tape();
    let out = ops::copy(&y);
    let mut g = vec![0.0; out.len()];
    let data = mean_square(&out[..4], &[0.3, -0.2, 0.9, 0.1], 2, 0.5, 0.7, &mut g[..4]);
    let field = SystemField::new(Excitable, 0, "");
    let normalization = output_normalization();
    let mut residual = Residual::new(&field, &normalization, &[1.0, 3.0]);
    let (gv, gt) = g.split_at_mut(10);
    let physics = residual.evaluate(&x[4..], &out[4..10], &out[10..], 1.3, &mut gv[4..], gt);
    let total = 0.7 * data + 1.3 * physics;
    let scalar = ops::with_gradient(y.put_tape(tape), total, g).unwrap();
    if let Some(gradient) = gradient {
        let mut grads = scalar.backward();
        gradient.clear();
        for t in &tensors {
            gradient.extend_from_slice(grads.get_or_alloc_mut(t).unwrap());
        }
    }
    total
}

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (found - expected).abs() / (1.0 + expected.abs());
    assert!(error < tolerance, "{what}: {found} instead of {expected}");
}

#[test]
fn the_gradient_of_the_whole_loss_is_that_of_differences() {
    for activation in Activation::ALL {
        let mut network = network(&format!("{activation}5,{activation}4"));
        let x = points(ROWS.values);
        let mut gradient = Vec::new();
        loss(&network, &x, Some(&mut gradient));
        assert_eq!(gradient.len(), network.spec().parameters());
        let h = 1e-5;
        for (k, g) in gradient.iter().enumerate() {
            let at = network.parameters()[k];
            network.parameters_mut()[k] = at + h;
            let above = loss(&network, &x, None);
            network.parameters_mut()[k] = at - h;
            let below = loss(&network, &x, None);
            network.parameters_mut()[k] = at;
            assert_close(*g, (above - below) / (2.0 * h), 1e-8, &format!("{activation}, parameter {k}"));
        }
    }
}

#[test]
fn the_tangent_is_the_derivative_by_time() {
    let dev = Cpu::default();
    for activation in Activation::ALL {
        let network = network(&format!("{activation}6,Tanh3,{activation}4"));
        let tensors = network.tensors(&dev).unwrap();
        let run = |x: Vec<f64>, rows: Rows| {
            let x = dev.tensor_from_vec(x, (rows.total(), 2));
            ops::copy(&network.traced(&tensors, x, rows, false).unwrap())
        };
        let x = points(ROWS.values);
        let y = run(batch(&x), ROWS);
        let h = 1e-5;
        let shifted = |h: f64| {
            let moved = x.iter().enumerate().map(|(i, v)| if i % 2 == 0 { v + h } else { *v }).collect();
            run(moved, Rows { values: ROWS.values, tangents: 0 })
        };
        let (above, below) = (shifted(h), shifted(-h));
        for i in 0..2 * ROWS.tangents {
            let k = 2 * (ROWS.values - ROWS.tangents) + i;
            let difference = (above[k] - below[k]) / (2.0 * h);
            assert_close(y[2 * ROWS.values + i], difference, 1e-8, &format!("{activation}, {i}"));
        }
    }
}

#[test]
fn the_input_gradient_is_that_of_differences() {
    let dev = Cpu::default();
    let network = network("SiLU5,Sin4");
    let tensors = network.tensors(&dev).unwrap();
    let run = |x: &[f64]| {
        let x = dev.tensor_from_vec(x.to_vec(), (ROWS.total(), 2));
        let y = network.traced(&tensors, x.clone(), ROWS, true).unwrap();
        let (y, tape) = y.split_tape();
        let out = ops::copy(&y);
        // Any function of all values and tangents will do.
        let value: f64 = out.iter().enumerate().map(|(i, y)| y * y * (i as f64 + 1.0)).sum();
        let slope = out.iter().enumerate().map(|(i, y)| 2.0 * y * (i as f64 + 1.0)).collect();
        let mut grads = ops::with_gradient(y.put_tape(tape), value, slope).unwrap().backward();
        (value, grads.get_or_alloc_mut(&x).unwrap().to_vec())
    };
    let mut x = batch(&points(ROWS.values));
    let (_, gradient) = run(&x);
    let h = 1e-6;
    for k in 0..x.len() {
        let at = x[k];
        x[k] = at + h;
        let above = run(&x).0;
        x[k] = at - h;
        let below = run(&x).0;
        x[k] = at;
        assert_close(gradient[k], (above - below) / (2.0 * h), 1e-7, &format!("input {k}"));
    }
}

#[test]
fn the_residual_goes_back_through_the_exact_jacobian() {
    let field = SystemField::new(Excitable, 0, "");
    let normalization = output_normalization();
    let mut residual = Residual::new(&field, &normalization, &[]);
    let x = [0.7, 0.0, 2.9, 0.0];
    let mut y = [0.3, -0.2, 0.8, 0.5, 1.4, -0.6, 0.2, 0.9];
    let (mut gy, mut gdy) = ([0.0; 4], [0.0; 4]);
    let value = residual.evaluate(&x, &y[..4], &y[4..], 1.0, &mut gy, &mut gdy);
    // By hand, in physical units: the first output is 0.5·y + 0.25, the second 2·y − 0.5.
    let mut expected = 0.0;
    for i in 0..2 {
        let (u, w) = (0.5 * y[2 * i] + 0.25, 2.0 * y[2 * i + 1] - 0.5);
        let (du, dw) = (0.5 * y[4 + 2 * i], 2.0 * y[5 + 2 * i]);
        let fu = 10.0 * (u * (u - 0.4) * (1.0 - u) - w + 0.1 * x[2 * i].sin());
        let fw = 0.2 * (0.2 * u - 0.8 * w);
        expected += 0.5 * ((du - fu).powi(2) + (dw - fw).powi(2));
    }
    assert_close(value, expected, 1e-14, "value");
    let gradient = [gy, gdy].concat();
    let h = 1e-6;
    for k in 0..8 {
        let at = y[k];
        let mut around = [0.0; 2];
        for (value, step) in around.iter_mut().zip([h, -h]) {
            y[k] = at + step;
            let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
            *value = residual.evaluate(&x, &y[..4], &y[4..], 1.0, &mut a, &mut b);
        }
        y[k] = at;
        assert_close(gradient[k], (around[0] - around[1]) / (2.0 * h), 1e-8, &format!("output {k}"));
    }
}

#[test]
fn a_fields_jacobian_is_stored_column_by_column() {
    let field = SystemField::new(Excitable, 1, "excitable");
    let (mut f, mut j) = ([0.0; 2], [0.0; 4]);
    field.evaluate(&[9.0, 0.0], &[0.5, 0.1], &mut f, &mut j);
    assert_close(f[0], 10.0 * (0.5 * 0.1 * 0.5 - 0.1), 1e-15, "f");
    assert_close(j[1], 0.04, 1e-15, "∂f₁/∂u₀");
    assert_close(j[2], -10.0, 1e-15, "∂f₀/∂u₁");
    assert_eq!((field.dim(), field.identity().as_str()), (2, "excitable"));
}

#[test]
fn each_loss_has_the_value_of_its_equation() {
    let (y, t) = ([1.0, 2.0, 3.0, 5.0], [0.0, 0.0, 1.0, 1.0]);
    let mut g = [0.0; 4];
    // (1 + 4 + 4 + 16) / 2 over 2 rows
    assert_eq!(mean_square(&y, &t, 2, 0.5, 3.0, &mut g), 6.25);
    assert_eq!(g, [1.5, 3.0, 3.0, 6.0]);
    assert_eq!(mean_square(&y, &t, 2, 1.0, 0.0, &mut g), 12.5);
    assert_eq!(g, [1.5, 3.0, 3.0, 6.0], "weight 0 adds nothing");
}

type Traced = OwnedTape<f64, Cpu>;
/// A loss of dfdx's own operations, of the outputs and their derivatives.
type Composed<'a> = &'a dyn Fn(Matrix<f64, Traced>, Matrix<f64, Traced>) -> Tensor<Rank0, f64, Cpu, Traced>;

/// A loss of ours, of the same: adds its gradients by both.
type Ours<'a> = &'a dyn Fn(&[f64], &[f64], &mut [f64], &mut [f64]) -> f64;

/// σ and its derivative, built from dfdx's own operations. What jumps at 0 is a constant.
fn activated(kind: Activation, z: Matrix<f64, Traced>) -> (Matrix<f64, Traced>, Matrix<f64, Traced>) {
    let dev = Cpu::default();
    let again = || z.with_empty_tape();
    let step = |below: f64| -> Matrix<f64> {
        let slopes = z.as_vec().iter().map(|z| if *z > 0.0 { 1.0 } else { below }).collect();
        dev.tensor_from_vec(slopes, *z.shape())
    };
    match kind {
        Activation::Tanh => {
            let slope = again().tanh().square().negate() + 1.0;
            (z.tanh(), slope)
        }
        Activation::SiLU => {
            // σ' = s + z·s·(1 − s)
            let s = || again().sigmoid();
            let slope = again() * ((s().negate() + 1.0) * s()) + s();
            let s = s();
            (z * s, slope)
        }
        Activation::Sin => {
            let slope = again().cos();
            (z.sin(), slope)
        }
        Activation::ELU => {
            let below = || again().negate().relu().negate().exp();
            let slope = below() * step(0.0).negate().leaky_traced() + below() + step(0.0);
            let rest = below() - 1.0;
            (z.relu() + rest, slope)
        }
        Activation::ReLU | Activation::LeakyReLU => {
            let slope = step(if kind == Activation::ReLU { 0.0 } else { 0.01 });
            (z * slope.clone(), slope.leaky_traced())
        }
        Activation::GELU => {
            // Φ = GELU/z and, at this place, its tangent: dfdx 0.13 takes √2 times the density for its derivative. σ' = Φ + z·φ
            let here = || dev.tensor_from_vec(z.as_vec(), *z.shape());
            let value: Matrix<f64> = here().accurate_gelu() / here();
            let density = |z: Matrix<f64, Traced>| {
                (z.square() * -0.5).exp() * (2.0 * core::f64::consts::PI).sqrt().recip()
            };
            let constant: Matrix<f64> = dev.tensor_from_vec(density(again()).as_vec(), *z.shape());
            let normal = || (again() - here()) * constant.clone() + value.clone();
            let slope = normal() + again() * density(again());
            let y = normal();
            (z * y, slope)
        }
    }
}

/// The layers, the tangents and a loss, built from dfdx's own operations: its value, and its gradient by the parameters.
fn composed(network: &Mlp<f64>, x: &[f64], dx: &[f64], loss: Composed<'_>) -> (f64, Vec<f64>) {
    let dev = Cpu::default();
    let n = x.len() / 2;
    let mut weights = Vec::new();
    for layer in network.spec().layers() {
        let (w, b) = layer.split(network.parameters());
        let w: Matrix<f64> = dev.tensor_from_vec(w.to_vec(), (layer.inputs, layer.outputs));
        let b: Tensor<(usize,), f64, Cpu> = dev.tensor_from_vec(b.to_vec(), (layer.outputs,));
        weights.push((w, b, layer.activation));
    }
    let x: Matrix<f64> = dev.tensor_from_vec(x.to_vec(), (n, 2));
    let dx: Matrix<f64> = dev.tensor_from_vec(dx.to_vec(), (n, 2));
    let mut h: Matrix<f64, Traced> = x.leaky_traced();
    let mut dh: Matrix<f64, Traced> = dx.leaky_traced();
    for (w, b, activation) in &weights {
        let width = w.shape().1;
        let bias = b.retaped::<Traced>().broadcast_like::<_, Axis<0>>(&(n, width));
        let z = h.matmul(w.retaped::<Traced>()) + bias;
        let dz = dh.matmul(w.retaped::<Traced>());
        (h, dh) = match activation {
            None => (z, dz),
            Some(kind) => {
                let (y, slope) = activated(*kind, z);
                (y, dz * slope)
            }
        };
    }
    let loss = loss(h, dh);
    let value = loss.array();
    let grads = loss.backward();
    let mut gradient = Vec::new();
    for (w, b, _) in &weights {
        gradient.extend(grads.get(w).as_vec());
        gradient.extend(grads.get(b).as_vec());
    }
    (value, gradient)
}

/// Ours: values and derivatives at once, and a loss with its gradients by both.
fn fused(network: &Mlp<f64>, x: &[f64], dx: &[f64], loss: Ours<'_>) -> (f64, Vec<f64>) {
    let (dev, n) = (Cpu::default(), x.len() / 2);
    let rows = Rows { values: n, tangents: n };
    let tensors = network.tensors(&dev).unwrap();
    let input = dev.tensor_from_vec([x, dx].concat(), (rows.total(), 2));
    let (y, tape) = network.traced(&tensors, input, rows, false).unwrap().split_tape();
    let out = ops::copy(&y);
    let mut g = vec![0.0; out.len()];
    let (gv, gt) = g.split_at_mut(2 * n);
    let value = loss(&out[..2 * n], &out[2 * n..], gv, gt);
    let mut grads = ops::with_gradient(y.put_tape(tape), value, g).unwrap().backward();
    let gradient = tensors.iter().flat_map(|t| grads.get_or_alloc_mut(t).unwrap().to_vec()).collect();
    (value, gradient)
}

/// Every activation with every loss: squares of values and of derivatives, lengths, and the residual of the equations in
/// physical units.
#[test]
fn fused_layers_and_losses_equal_the_composition_of_plain_operations() {
    let n = 6;
    let x = points(n);
    let dx: Vec<f64> = (0..n).flat_map(|_| [1.0, 0.0]).collect();
    let target: Vec<f64> = (0..2 * n).map(|i| (i as f64).sin()).collect();
    let dev = Cpu::default();
    let wanted: Matrix<f64> = dev.tensor_from_vec(target.clone(), (n, 2));
    let each = 1.0 / n as f64;
    let field = SystemField::new(Excitable, 0, "");
    let units = output_normalization();

    let squares: Composed<'_> = &|h, dh| {
        (h - wanted.clone()).square().sum::<Rank0, _>() * (0.5 * each) + dh.square().sum::<Rank0, _>() * each
    };
    let lengths: Composed<'_> = &|h, dh| {
        let length = (h - wanted.clone()).square().sum::<(usize,), Axis<1>>().sqrt();
        // Without a part in it, derivatives would have no gradient at all.
        length.sum::<Rank0, _>() * each + dh.sum::<Rank0, _>() * 0.0
    };
    let residual: Composed<'_> = &|h, dh| {
        let column = |of: Matrix<f64, Traced>, j: usize, scale: f64, mean: f64| {
            let pick: Matrix<f64> = dev.tensor_from_vec(vec![(1 - j) as f64, j as f64], (2, 1));
            of.matmul(pick) * scale + mean
        };
        let (u, w) = (column(h.with_empty_tape(), 0, 0.5, 0.25), column(h, 1, 2.0, -0.5));
        let (du, dw) = (column(dh.with_empty_tape(), 0, 0.5, 0.0), column(dh, 1, 2.0, 0.0));
        let current: Vec<f64> = x.iter().step_by(2).map(|t| 0.1 * t.sin()).collect();
        let current: Matrix<f64> = dev.tensor_from_vec(current, (n, 1));
        let cubic = (u.with_empty_tape() - 0.4) * (u.with_empty_tape().negate() + 1.0) * u.with_empty_tape();
        let fu = (cubic - w.with_empty_tape() + current) * 10.0;
        let fw = u * 0.04 - w * 0.16;
        let (ru, rw) = (du - fu, (dw - fw) * (1.0 / 3.0));
        (ru.square().sum::<Rank0, _>() + rw.square().sum::<Rank0, _>()) * each
    };
    for activation in Activation::ALL {
        let network = network(&format!("{activation}33,{activation}18,{activation}7"));
        let compare = |what: &str, theirs: Composed<'_>, ours: Ours<'_>| {
            let (expected, expected_gradient) = composed(&network, &x, &dx, theirs);
            let (value, gradient) = fused(&network, &x, &dx, ours);
            assert_close(value, expected, 1e-13, &format!("{activation}, {what}"));
            assert_eq!(gradient.len(), expected_gradient.len());
            for (k, (a, b)) in gradient.iter().zip(&expected_gradient).enumerate() {
                assert_close(*a, *b, 1e-12, &format!("{activation}, {what}, parameter {k}"));
            }
        };
        compare("squares", squares, &|y, dy, gy, gdy| {
            mean_square(y, &target, n, 0.5, 1.0, gy) + mean_square(dy, &vec![0.0; 2 * n], n, 1.0, 1.0, gdy)
        });
        compare("lengths", lengths, &|y, _, gy, _| mean_length(y, &target, n, 1.0, gy));
        compare("residual", residual, &|y, dy, gy, gdy| {
            Residual::new(&field, &units, &[1.0, 3.0]).evaluate(&x, y, dy, 1.0, gy, gdy)
        });
    }
}

/// The shapes for which the matrix kernels have different tiles, in the precision of training.
#[test]
fn single_precision_equals_double_precision() {
    let dev = Cpu::default();
    for hidden in ["SiLU1", "Tanh3,ELU17", "ReLU32,SiLU34,Sin40", "SiLU70,Tanh8"] {
        let spec = MlpSpec::parse(3, hidden, 5).unwrap();
        let one = || Normalization::identity(3);
        let five = || Normalization::identity(5);
        let single = Mlp::<f32>::random(spec.clone(), one(), five(), 3).unwrap();
        let double = Mlp::<f64>::random(spec, one(), five(), 3).unwrap();
        for rows in [Rows { values: 1, tangents: 1 }, Rows { values: 11, tangents: 6 }] {
            let x: Vec<f64> = (0..rows.total() * 3).map(|i| f64::from((i as f32 * 0.7).cos())).collect();
            let small: Vec<f32> = x.iter().map(|x| *x as f32).collect();
            let x = dev.tensor_from_vec(x, (rows.total(), 3));
            let small = dev.tensor_from_vec(small, (rows.total(), 3));
            let t = double.tensors(&dev).unwrap();
            let y = double.traced(&t, x, rows, false).unwrap();
            let s = single.tensors(&dev).unwrap();
            let z = single.traced(&s, small, rows, false).unwrap();
            let (y, tape_y) = y.split_tape();
            let (z, tape_z) = z.split_tape();
            let (yv, zv) = (ops::copy(&y), ops::copy(&z));
            for (a, b) in yv.iter().zip(&zv) {
                assert_close(f64::from(*b), *a, 2e-6, hidden);
            }
            let ones = vec![1.0f64; yv.len()];
            let mut gy = ops::with_gradient(y.put_tape(tape_y), 0.0, ones).unwrap().backward();
            let ones = vec![1.0f32; yv.len()];
            let mut gz = ops::with_gradient(z.put_tape(tape_z), 0.0, ones).unwrap().backward();
            for (t, s) in t.iter().zip(&s) {
                let a = gy.get_or_alloc_mut(t).unwrap();
                let b = gz.get_or_alloc_mut(s).unwrap();
                for (a, b) in a.iter().zip(b.iter()) {
                    assert_close(f64::from(*b), *a, 2e-5, hidden);
                }
            }
        }
    }
}
