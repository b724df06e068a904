//! Errors of the activations, and all instruction sets side by side.

use super::dispatch::Simd;
use super::program::{Activation, ColumnOp, Dense, Program, Step};

/// One activation on one column.
fn map(activation: Activation) -> Program {
    Program { n_inputs: 1, n_outputs: 1, width: 1, steps: vec![Step::Map(activation, 1)] }
}

/// Every 997th `f32` from `low` up to `high`, both of one sign or with zero between; few where an interpreter runs.
pub(super) fn sample(low: f32, high: f32) -> Vec<f32> {
    const STEP: usize = if cfg!(miri) { 9_999_991 } else { 997 };
    // An order of the bit patterns that is the order of the numbers.
    let key = |x: f32| {
        let b = x.to_bits() as i32;
        i64::from(if b < 0 { i32::MIN.wrapping_sub(b) } else { b })
    };
    let back = |k: i64| {
        let k = k as i32;
        f32::from_bits(if k < 0 { i32::MIN.wrapping_sub(k) } else { k } as u32)
    };
    (key(low)..=key(high)).step_by(STEP).map(back).collect()
}

/// The largest error over `x`, in units 2⁻²⁴, absolute where `scale` says so.
fn worst(
    simd: Simd,
    activation: Activation,
    x: &[f32],
    f: impl Fn(f64) -> f64,
    scale: impl Fn(f64, f64) -> f64,
) -> f64 {
    let mut y = vec![0.0; x.len()];
    simd.run(&map(activation), x, &mut y);
    let mut worst = 0.0;
    for (&x, &y) in x.iter().zip(&y) {
        let exact = f(f64::from(x));
        let error = (f64::from(y) - exact).abs() / scale(f64::from(x), exact);
        assert!(!error.is_nan(), "{activation:?}({x:e}) = {y:e}");
        if error > worst {
            worst = error;
        }
    }
    worst * f64::from(1 << 24)
}

#[test]
fn activations_keep_their_bounds() {
    let relative = |_: f64, y: f64| y.abs().max(1e-300);
    // Relative too, and a twelfth more for every unit below 0: 3 u at 0, 14 u at −43.
    let falling = |x: f64, y: f64| y * (1.0 - x.min(0.0) / 12.0);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let silu = |x: f64| x / (1.0 + (-x).exp());
    let silu_falling = |x: f64, y: f64| falling(x, y).abs();
    // Where the function or x itself is below the smallest normal `f32`, relative error has no
    // meaning; the ends of the ranges leave these out.
    let tiny = 1.2e-38;
    let all = f32::MAX;
    for simd in Simd::available() {
        let check =
            |activation, x: &[f32], f: &dyn Fn(f64) -> f64, scale: &dyn Fn(f64, f64) -> f64, bound| {
                let worst = worst(simd, activation, x, f, scale);
                assert!(worst <= bound, "{simd}: {activation:?}: {worst:.2} u");
            };
        check(Activation::Sigmoid, &sample(-43.0, all), &sigmoid, &falling, 3.0);
        check(Activation::Silu, &sample(-43.0, -tiny), &silu, &silu_falling, 3.0);
        check(Activation::Silu, &sample(tiny, all), &silu, &relative, 3.0);
        check(Activation::Tanh, &sample(-all, -tiny), &f64::tanh, &relative, 4.0);
        check(Activation::Tanh, &sample(tiny, all), &f64::tanh, &relative, 4.0);
        check(Activation::Elu(1.0), &sample(-all, -tiny), &f64::exp_m1, &relative, 2.0);
        check(Activation::Sin, &sample(-30_000.0, 30_000.0), &f64::sin, &|_, _| 1.0, 3.0);
        check(Activation::Sin, &sample(1e6, all), &f64::sin, &|_, _| 1.0, 3.0);
        // Below −43 the functions all but vanish.
        let absolute = |bound: f64| move |_: f64, _: f64| bound * f64::from(1 << 24);
        check(Activation::Sigmoid, &sample(-all, -43.0), &sigmoid, &absolute(3e-19), 1.0);
        check(Activation::Silu, &sample(-all, -43.0), &silu, &absolute(1e-17), 1.0);
    }
}

#[test]
fn instruction_sets_agree() {
    let weights: Vec<f32> = (0..70).map(|k| (k as f32 * 0.7).sin()).collect();
    let mut dense = Dense::new(7, 10, &weights);
    dense.activation = Activation::Tanh;
    let program = Program {
        n_inputs: 7,
        n_outputs: 10,
        width: 10,
        steps: vec![
            Step::Columns(ColumnOp::Sub, vec![0.5; 7]),
            Step::Dense(dense),
            Step::Map(Activation::Silu, 10),
        ],
    };
    let x: Vec<f32> = (0..7 * 333).map(|k| (k as f32).cos()).collect();
    let results: Vec<Vec<f32>> = Simd::available()
        .into_iter()
        .map(|simd| {
            let mut y = vec![f32::NAN; 3330];
            simd.run(&program, &x, &mut y);
            y
        })
        .collect();
    for other in &results[1..] {
        for (a, b) in results[0].iter().zip(other) {
            assert!((a - b).abs() < 2e-6, "{a} {b}");
        }
    }
}
