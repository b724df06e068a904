//! The fused step against the tape; increments as they are learned.

use proptest::prelude::*;

use super::*;
use crate::Normalization;
use crate::fused::{FusedMap, Level};

fn numbers(n: usize, c: f64) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * c + 0.3).cos()).collect()
}

fn single(x: &[f64]) -> Vec<f32> {
    x.iter().map(|x| *x as f32).collect()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

fn normalization(n: usize, c: f64) -> Normalization {
    let scale = (0..n).map(|i| 0.5 + 0.4 * i as f32).collect();
    Normalization::new(single(&numbers(n, c)), scale).unwrap()
}

fn map(spec: MapSpec, seed: u64) -> NeuralMap {
    let (u, p) = (normalization(spec.states, 1.3), normalization(spec.parameters, 0.9));
    NeuralMap::random(spec, u, p, 0.005, 1.0, seed).unwrap()
}

/// Loss and gradient of the fused step and of the tape in `f64`, for every instruction set.
fn assert_equals_tape(spec: MapSpec, rows: usize, seed: u64) {
    let parameters = map(spec, seed).parameters().to_vec();
    let x = single(&numbers(rows * spec.inputs(), 0.7));
    let y = single(&numbers(rows * spec.states, 1.9));
    let mut expected = vec![f64::NAN; parameters.len()];
    let loss = tape::learn(spec, &wide(&parameters), &wide(&x), &wide(&y), &mut expected).unwrap();
    for level in Level::available() {
        let mut net = FusedMap::new(level, spec, rows);
        for row in 0..rows {
            net.set_row(
                row,
                &x[row * spec.inputs()..][..spec.inputs()],
                &y[row * spec.states..][..spec.states],
            );
        }
        let mut found = vec![f32::NAN; parameters.len()];
        let fused_loss = net.learn(&parameters, &mut found);
        assert!((fused_loss - loss).abs() < 1e-5 * loss, "{spec:?}, {rows}, {level:?}: {fused_loss} {loss}");
        assert_eq!(net.square_sum(&parameters) / (rows * spec.states) as f64, fused_loss);
        for (k, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let off = (f64::from(*found) - expected).abs();
            assert!(off < 2e-6, "{spec:?}, {rows}, {level:?}, parameter {k}: {found} {expected}");
        }
        // Outputs are those of the map as it is written.
        let exact = NeuralMap::<f64>::new(
            spec,
            Normalization::identity(spec.states),
            Normalization::identity(spec.parameters),
            1.0,
            wide(&parameters),
        )
        .unwrap();
        let row = rows - 1;
        let x = wide(&x[row * spec.inputs()..][..spec.inputs()]);
        let (mut v, mut increment) = (vec![0.0; spec.states], vec![0.0; spec.states]);
        exact.apply(&x[spec.states..], &x[..spec.states], &mut v);
        net.increment(row, &mut increment);
        for (i, increment) in increment.iter().enumerate() {
            assert!((v[i] - x[i] - f64::from(*increment)).abs() < 3e-6, "{spec:?}, {level:?}, state {i}");
        }
    }
}

#[test]
fn the_fused_step_of_the_published_map_is_that_of_the_tape() {
    assert_equals_tape(MapSpec { states: 3, parameters: 1, width: 100 }, 1000, 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_fused_step_of_any_map_is_that_of_the_tape(
        states in 1usize..7, parameters in 0usize..4, width in 1usize..40, rows in 1usize..400, seed in 0u64..99,
    ) {
        assert_equals_tape(MapSpec { states, parameters, width }, rows, seed);
    }
}

#[test]
fn slow_states_keep_their_increments() {
    // A state that moves by 1e-9 of its size: an f32 would see it stand still.
    let inputs: Vec<f64> = (0..100).map(|i| 0.19 + 1e-3 * f64::from(i)).collect();
    let next = inputs.iter().map(|x| x + 1e-10).collect();
    let pairs = Pairs::new(1, 0, inputs, next).unwrap();
    let (state, control) = pairs.standardization().unwrap();
    let (_, increments) = pairs.normal::<f32>(&state, &control);
    for increment in increments {
        assert!((increment * state.scale()[0] - 1e-10).abs() < 1e-15);
    }
}
