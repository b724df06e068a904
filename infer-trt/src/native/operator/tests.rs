//! Products, tables and functions on all instruction sets, and what plans hold.

use std::path::Path;

use prost::Message;

use super::elementwise::Apply;
use super::ir::Function;
use super::numbers::Numbers;
use super::plan::Step;
use super::product::{Product, Start};
use super::session::OperatorSession;
use super::tables::{Folds, Left, Way};
use crate::Session;
use crate::common::eval::erf;
use crate::common::operator::{Operator, Variant};
use crate::common::{Act, Random};
use crate::native::dispatch::Simd;
use crate::native::tests::sample;
use crate::onnx::File;

#[test]
fn products_equal_plain_loops_for_every_shape() {
    let mut random = Random(3);
    for (rows, inner, vectors) in [
        (1, 1, 1),
        (6, 64, 4),
        (13, 5, 2),
        (25, 70, 3),
        (9, 300, 5),
        (7, 97, 6),
        (31, 2, 8),
        (5, 130, 14),
        (3, 0, 2),
    ] {
        for simd in Simd::available() {
            let width = vectors * simd.lanes();
            let (a, b) = (random.vec(rows * (inner + 2), 1.0), random.vec(inner * width, 1.0));
            let (before, row) = (random.vec(rows * width, 1.0), random.vec(width, 1.0));
            for start in [Start::Zero, Start::Row(&row), Start::Rows(&before), Start::Add] {
                let mut c = before.clone();
                Product { rows, inner, width, a: &a, stride: inner + 2, b: &b, start, c: &mut c }.run(simd);
                for (k, &found) in c.iter().enumerate() {
                    let (i, j) = (k / width, k % width);
                    let from = match start {
                        Start::Zero => 0.0,
                        Start::Row(row) => row[j],
                        Start::Rows(_) | Start::Add => before[k],
                    };
                    let terms =
                        (0..inner).map(|p| f64::from(a[i * (inner + 2) + p]) * f64::from(b[p * width + j]));
                    let error = (f64::from(found) - f64::from(from) - terms.sum::<f64>()).abs();
                    assert!(error < 1e-5, "{simd} {rows}×{inner}×{width}: off by {error}");
                }
            }
        }
    }
}

/// Cosines and sines as the training crate writes them, `[2 modes, points]`.
fn waves(points: usize, modes: usize) -> Vec<f32> {
    let angle = |n: usize, m: usize| std::f64::consts::TAU * ((n * m) % points) as f64 / points as f64;
    let parts: [fn(f64) -> f64; 2] = [f64::cos, |a| -a.sin()];
    let at = |i: usize| parts[i / (modes * points)](angle(i % points, i / points % modes)) as f32;
    (0..2 * modes * points).map(at).collect()
}

#[test]
fn tables_are_folded_where_they_are_even_and_odd_and_lead_to_the_same() {
    let mut random = Random(4);
    for (points, modes) in [(1, 1), (2, 2), (9, 5), (64, 33), (105, 12), (250, 100)] {
        let (rows, table) = (2 * modes, waves(points, modes));
        let turned: Vec<f32> = (0..rows * points).map(|i| table[i % rows * points + i / rows]).collect();
        let mut spoiled = [table.clone(), turned.clone()];
        // One number of one row, by more than two roundings.
        spoiled[0][points.min(2) - 1] += 3e-6;
        spoiled[1][(points.min(2) - 1) * rows] += 3e-6;
        for simd in Simd::available() {
            let width = 2 * simd.lanes();
            let mut folds = Folds::new(width);
            let x = random.vec(points * width, 1.0);
            let y = random.vec(rows * width, 1.0);
            for (analysis, synthesis, folded) in
                [(&table, &turned, true), (&spoiled[0], &spoiled[1], points < 3)]
            {
                let left = Left::new(Way::Analysis, (rows, points), analysis);
                let back = Left::new(Way::Synthesis, (rows, points), synthesis);
                assert_eq!((left.is_folded(), back.is_folded()), (folded, folded), "{points}, {modes}");
                let mut spectrum = vec![f32::NAN; rows * width];
                left.analyse(simd, width, &x, &mut folds, &mut spectrum);
                let exact = |r: usize, j: usize| {
                    let of = |n| f64::from(analysis[r * points + n]) * f64::from(x[n * width + j]);
                    (0..points).map(of).sum::<f64>()
                };
                let bound = 1e-6 * (points as f64).sqrt() + 1e-6;
                for (r, j) in (0..rows).flat_map(|r| [0, 5, width - 1].map(|j| (r, j))) {
                    let error = (f64::from(spectrum[left.place[r] * width + j]) - exact(r, j)).abs();
                    assert!(error < bound, "{simd}: {points}, {modes}: off by {error}");
                }
                let mut given = vec![0.0; rows * width];
                for (r, row) in y.chunks_exact(width).enumerate() {
                    given[back.place[r] * width..][..width].copy_from_slice(row);
                }
                let mut out = vec![f32::NAN; points * width];
                back.synthesise(simd, width, &given, &mut folds, &mut out);
                for (n, j) in (0..points).flat_map(|n| [0, 5, width - 1].map(|j| (n, j))) {
                    let of = |r| f64::from(synthesis[n * rows + r]) * f64::from(y[r * width + j]);
                    let error = (f64::from(out[n * width + j]) - (0..rows).map(of).sum::<f64>()).abs();
                    assert!(error < 2e-6 * (rows as f64).sqrt(), "{simd}: {points}, {modes}: off by {error}");
                }
            }
        }
    }
}

/// A function of some numbers.
fn apply(simd: Simd, function: Function, x: &[f32]) -> Vec<f32> {
    let mut y = Numbers::zeros(x.len().next_multiple_of(simd.lanes()));
    y[..x.len()].copy_from_slice(x);
    simd.enter(Apply { function, x: &mut y });
    y[..x.len()].to_vec()
}

#[test]
fn gelu_keeps_its_bound() {
    let u = f64::from(f32::EPSILON) / 2.0;
    for simd in Simd::available() {
        let x = [sample(-f32::MAX, -1e-37), sample(1e-37, f32::MAX)].concat();
        let (mut worst, mut worst_near) = (0.0_f64, 0.0_f64);
        for (&x, y) in x.iter().zip(apply(simd, Function::Gelu, &x)) {
            let (x, y) = (f64::from(x), f64::from(y));
            let exact = if x < -12.0 { 0.0 } else { 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2)) };
            let error = (y - exact).abs() / x.abs() / u;
            assert!(!error.is_nan(), "{simd}: {x:e}");
            // Far below nothing is left of x.
            worst = if x < -6.0 { worst.max((y - exact).abs() / u / 6.0) } else { worst.max(error) };
            if x.abs() < 0.1 {
                worst_near = worst_near.max((y / exact - 1.0).abs() / u);
            }
        }
        println!("{simd}: GELU {worst:.2} u of x, {worst_near:.2} u of itself near 0");
        assert!(worst <= 5.0, "{simd}: {worst:.2} u");
        assert!(worst_near <= 3.0, "{simd}: {worst_near:.2} u");
        let ends = apply(simd, Function::Gelu, &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, 9.0, -9.0]);
        assert!(ends[0].is_nan());
        assert_eq!(ends[1..], [f32::INFINITY, 0.0, 0.0, 9.0, 0.0]);
    }
}

#[test]
fn leaky_relu_is_exact() {
    for simd in Simd::available() {
        let x = sample(-f32::MAX, f32::MAX);
        for (&x, y) in x.iter().zip(apply(simd, Function::LeakyRelu(0.01), &x)) {
            assert_eq!(y, if x > 0.0 { x } else { 0.01 * x });
        }
    }
}

fn session(operator: &Operator, simd: Simd) -> OperatorSession {
    let bytes = operator.model().encode_to_vec();
    let file = File::parse(Path::new("operator.onnx"), bytes.into()).unwrap();
    OperatorSession::on(simd, &file, 1).unwrap()
}

#[test]
fn instruction_sets_agree() {
    for (variant, act) in
        [(Variant::Classic, Act::Gelu), (Variant::Mlp, Act::Silu), (Variant::Residual, Act::Tanh)]
    {
        let operator = Operator { points: 75, width: 20, hidden: 40, ..Operator::small(variant, act) };
        let x = operator.inputs(3, 4);
        let results: Vec<Vec<f32>> = Simd::available()
            .into_iter()
            .map(|simd| {
                let mut y = vec![f32::NAN; 4 * 75 * 2];
                session(&operator, simd).run(&x, &mut y).unwrap();
                y
            })
            .collect();
        for other in &results[1..] {
            for (a, b) in results[0].iter().zip(other) {
                assert!((a - b).abs() < 2e-5, "{variant:?}: {a} {b}");
            }
        }
    }
}

#[test]
fn little_is_stored_for_all_points() {
    for (padding, variant) in [(0, Variant::Classic), (5, Variant::Mlp), (3, Variant::Residual)] {
        let layers = 4;
        let operator = Operator { layers, padding, hidden: 128, ..Operator::small(variant, Act::Gelu) };
        let session = session(&operator, Simd::widest());
        let plan = session.plan();
        // Each table once, and folded; what a layer takes and gives in one memory, and its convolution in another.
        assert_eq!(plan.tables.len(), 2);
        assert!(plan.tables.iter().all(Left::is_folded));
        assert!(plan.convolutions.iter().all(|c| c.mix.is_complex()));
        let per_sample = plan.buffers.iter().filter(|b| b.each).count();
        assert_eq!((per_sample, plan.buffers.len()), (1, 2), "{variant:?}: {:?}", plan.buffers);
        // One pass for each level: the lifting goes with the first, the projection with the last, where nothing is
        // cut off before it.
        let passes: Vec<_> = plan.stages.iter().flat_map(|s| &s.passes).collect();
        let cuts = usize::from(padding > 0);
        assert_eq!(passes.len(), layers + 1 + cuts, "{variant:?}");
        let stores = passes.iter().flat_map(|p| &p.steps).filter(|s| matches!(s, Step::Store { .. }));
        assert_eq!(stores.count(), layers + cuts, "{variant:?}");
    }
}
