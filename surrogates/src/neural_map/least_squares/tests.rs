//! The normal equations against the tape, one row at a time.

use proptest::prelude::*;

use super::super::{MapSpec, tape};
use super::*;
use crate::Normalization;

fn numbers(n: usize, c: f64) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * c + 0.3).cos()).collect()
}

fn parameters(spec: MapSpec, seed: u64) -> Vec<f64> {
    let one = Normalization::identity;
    let map = NeuralMap::<f64>::random(spec, one(spec.states), one(spec.parameters), 1.0, 1.0, seed).unwrap();
    // Biases too.
    map.parameters().iter().zip(numbers(spec.total_parameters(), 0.37)).map(|(w, x)| w + 0.1 * x).collect()
}

/// Derivatives of one row's error by the parameters of sub-network `i`, and the error, from the tape.
fn derivatives(spec: MapSpec, parameters: &[f64], x: &[f64], y: &[f64], i: usize) -> (Vec<f64>, f64) {
    // A loss that the error of sub-network i alone makes: the others are given what they say.
    let one = Normalization::identity;
    let map = NeuralMap::new(spec, one(spec.states), one(spec.parameters), 1.0, parameters.to_vec()).unwrap();
    let mut v = vec![0.0; spec.states];
    map.apply(&x[spec.states..], &x[..spec.states], &mut v);
    let error = v[i] - x[i] - y[i];
    // The gradient of error² / states is 2·error/states times the derivative; the target is moved so that
    // the error is 1.
    let mut target: Vec<f64> = v.iter().zip(x).map(|(v, x)| v - x).collect();
    target[i] -= 1.0;
    let mut gradient = vec![0.0; parameters.len()];
    tape::learn(spec, parameters, x, &target, &mut gradient).unwrap();
    let scale = spec.states as f64 / 2.0;
    (gradient[spec.range(i)].iter().map(|g| g * scale).collect(), error)
}

fn assert_equals_tape(spec: MapSpec, count: usize, seed: u64) {
    let parameters = parameters(spec, seed);
    let (x, y) = (numbers(count * spec.inputs(), 0.7), numbers(count * spec.states, 1.9));
    for i in 0..spec.states {
        let own = &parameters[spec.range(i)];
        let each = own.len();
        let (mut products, mut gradient, mut sum) = (vec![0.0; each * (each + 1) / 2], vec![0.0; each], 0.0);
        for (x, y) in x.chunks_exact(spec.inputs()).zip(y.chunks_exact(spec.states)) {
            let (j, error) = derivatives(spec, &parameters, x, y, i);
            sum += error * error;
            for a in 0..each {
                gradient[a] += j[a] * error;
                for b in 0..=a {
                    products[a * (a + 1) / 2 + b] += j[a] * j[b];
                }
            }
        }
        let rows = Rows::of(spec, i, &x, &y);
        for level in Level::available() {
            let found = equations(level, spec.width, own, &rows);
            let close = |a: f64, b: f64| (a - b).abs() < 1e-10 * count as f64;
            assert!(close(found.squares, sum), "{spec:?} {level:?}: {} {sum}", found.squares);
            assert!(close(squares(level, spec.width, own, &rows), sum), "{spec:?} {level:?}");
            assert!(found.gradient.iter().zip(&gradient).all(|(a, b)| close(*a, *b)), "{spec:?} {level:?}");
            assert_eq!(found.products.len(), products.len());
            for (k, (a, b)) in found.products.iter().zip(&products).enumerate() {
                assert!(close(*a, *b), "{spec:?} {level:?}, product {k}: {a} {b}");
            }
        }
    }
}

/// Whole blocks of pairs, and rows of neurons that fill registers or do not.
#[test]
fn the_normal_equations_of_wide_maps_are_those_of_the_tape() {
    assert_equals_tape(MapSpec { states: 3, parameters: 1, width: 40 }, 130, 3);
    assert_equals_tape(MapSpec { states: 1, parameters: 0, width: 16 }, 64, 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn the_normal_equations_of_any_map_are_those_of_the_tape(
        states in 1usize..4, parameters in 0usize..3, width in 1usize..13, rows in 1usize..90, seed in 0u64..99,
    ) {
        assert_equals_tape(MapSpec { states, parameters, width }, rows, seed);
    }

    #[test]
    fn the_factors_solve_what_they_were_made_of(n in 1usize..70, seed in 0u64..99) {
        // A = M·Mᵀ + I.
        let m = numbers(n * n, 0.6 + seed as f64 * 1e-2);
        let dot = |i: usize, j: usize| -> f64 { (0..n).map(|k| m[i * n + k] * m[j * n + k]).sum() };
        let products: Vec<f64> = (0..n).flat_map(|i| (0..=i).map(move |j| dot(i, j))).collect();
        let x = numbers(n, 2.3);
        let b: Vec<f64> = (0..n).map(|i| x[i] + (0..n).map(|j| dot(i, j) * x[j]).sum::<f64>()).collect();
        let found = Cholesky::new(&products, |_| 1.0).unwrap().solve(&b);
        for (a, b) in found.iter().zip(&x) {
            prop_assert!((a - b).abs() < 1e-9 * n as f64, "{a} {b}");
        }
        // One entry of the diagonal turned negative: no factors.
        let negative = Cholesky::new(&products, |k| if k == n / 2 { -2.0 * (dot(k, k) + 1.0) } else { 1.0 });
        prop_assert!(negative.is_none());
    }

    #[test]
    fn slopes_are_those_of_differences(states in 1usize..4, parameters in 0usize..3, width in 1usize..20) {
        let spec = MapSpec { states, parameters, width };
        let all = self::parameters(spec, 5);
        let one = Normalization::identity;
        let map = NeuralMap::new(spec, one(states), one(parameters), 1.0, all.clone()).unwrap();
        let count = 9;
        let x = numbers(count * spec.inputs(), 0.7);
        let increment = |row: &[f64], i: usize| {
            let mut v = vec![0.0; states];
            map.apply(&row[states..], &row[..states], &mut v);
            v[i] - row[i]
        };
        for i in 0..states {
            let inputs: Vec<usize> = (0..spec.features()).map(|r| spec.feature(i, r)).chain([i]).collect();
            let rows = Rows::of(spec, i, &x, &vec![0.0; count * states]);
            for level in Level::available() {
                let found = slopes(level, width, &all[spec.range(i)], &rows);
                for (found, input) in found.iter().zip(&inputs) {
                    let of = |row: &[f64]| {
                        let (mut up, mut down) = (row.to_vec(), row.to_vec());
                        (up[*input], down[*input]) = (row[*input] + 1e-5, row[*input] - 1e-5);
                        ((increment(&up, i) - increment(&down, i)) / 2e-5).powi(2)
                    };
                    let expected = x.chunks_exact(spec.inputs()).map(of).sum::<f64>() / count as f64;
                    prop_assert!((found - expected).abs() < 1e-7 * (1.0 + expected), "{found} {expected}");
                }
            }
        }
    }
}
