//! The normal equations against the tape, one row at a time; steps, units, files.

use std::ops::ControlFlow;

use ode_solvers::dynamics::{Newton, fixed_point_of_map};
use proptest::prelude::*;

use super::super::tests::spiral;
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

fn config(steps: u64) -> LeastSquaresConfig {
    let (state, control) = spiral().standardization().unwrap();
    let spec = MapSpec { states: 2, parameters: 1, width: 12 };
    LeastSquaresConfig {
        steps,
        scouting: steps / 4,
        validate_every: 5,
        ..LeastSquaresConfig::new(spec, state, control, 1.0, 7)
    }
}

fn go(_: &LeastSquares, _: Option<&LeastSquaresRecord>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_fit_comes_far_below_adam_and_finds_the_fixed_point() {
    let pairs = spiral();
    let mut fit = LeastSquares::new(config(80), &pairs, Some(&pairs)).unwrap();
    let mut errors = Vec::new();
    while fit.steps_done() < 80 {
        let _ = fit.step().unwrap();
        errors.push(fit.parts.iter().map(|p| p.state.squares).sum::<f64>());
    }
    // Steps go down, but where it begins again.
    for (k, pair) in errors.windows(2).enumerate() {
        assert!(pair[1] <= pair[0] || k + 1 == 20, "step {}: {pair:?}", k + 2);
    }
    let last = fit.history().last().copied().unwrap();
    assert!(last.validation < 1e-7, "{last:?}");
    let by_f32 = super::super::mean_square_error(&fit.map().cast(), &pairs).unwrap();
    assert!((by_f32 - last.validation).abs() < 1e-8, "{by_f32} {last:?}");
    let at = fit.map().at(&[0.95]).unwrap();
    let point = fixed_point_of_map(&at, &[0.8, -1.7], &Newton::default()).unwrap();
    assert!((point.state[0] - 1.0).hypot(point.state[1] + 2.0) < 1e-3, "{point:?}");
}

#[test]
fn an_input_without_effect_loses_its_weights() {
    // The second state moves by itself; the first and the parameter do nothing to it.
    let (mut inputs, mut next) = (Vec::new(), Vec::new());
    for i in 0..400 {
        let (u, w, p) = ((f64::from(i) * 0.7).sin(), (f64::from(i) * 1.3).cos(), (f64::from(i) * 2.9).sin());
        inputs.extend([u, w, p]);
        next.extend([0.9 * u + 0.3 * w, w + 0.2 * (2.0 * w).tanh()]);
    }
    let pairs = Pairs::new(2, 1, inputs, next).unwrap();
    let spec = MapSpec { states: 2, parameters: 1, width: 10 };
    let fit = |sharpness| {
        let (state, control) = pairs.standardization().unwrap();
        let config = LeastSquaresConfig {
            steps: 60,
            scouting: 30,
            sharpness,
            ..LeastSquaresConfig::new(spec, state, control, 1.0, 3)
        };
        let mut fit = LeastSquares::new(config, &pairs, None).unwrap();
        let _ = fit.run(60, go).unwrap();
        let part = fit.parts.swap_remove(1);
        // Rows: the first state, the parameter, β, then the own state.
        let size = |row: usize| part.parameters[row * 10..][..10].iter().map(|w| w * w).sum::<f64>().sqrt();
        ([size(0) / size(3), size(1) / size(3)], part.state.squares / part.rows.len() as f64)
    };
    let (weights, error) = fit(1.5);
    assert!(weights.iter().all(|w| *w < 0.02) && error < 1e-9, "{weights:?} {error}");
    // Where all inputs have the same unit they keep what they were given at first.
    let (weights, _) = fit(0.0);
    assert!(weights.iter().all(|w| *w > 0.1), "{weights:?}");
}

#[test]
fn the_bits_are_those_of_any_number_of_threads() {
    let pairs = spiral();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut fit = LeastSquares::new(config(8), &pairs, Some(&pairs)).unwrap();
            let _ = fit.run(8, go).unwrap();
            (fit.map().clone(), fit.history().to_vec())
        })
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn a_resumed_fit_is_the_uninterrupted_one_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.safetensors");
    let pairs = spiral();
    let mut whole = LeastSquares::new(config(20), &pairs, Some(&pairs)).unwrap();
    let _ = whole.run(20, go).unwrap();
    // Before the scouts are back, at the step that begins again, and after it.
    for stop in [0, 3, 5, 13] {
        let mut first = LeastSquares::new(config(20), &pairs, Some(&pairs)).unwrap();
        let _ = first.run(stop, go).unwrap();
        first.save(&path).unwrap();
        let mut second = LeastSquares::resume(&path, config(20), &pairs, Some(&pairs)).unwrap();
        assert_eq!(first.map(), second.map(), "stopped at {stop}");
        let _ = second.run(20, go).unwrap();
        assert_eq!((whole.map(), whole.history()), (second.map(), second.history()), "stopped at {stop}");
        second.save(&path).unwrap();
    }
    let read = LeastSquaresCheckpoint::open(&path).unwrap();
    assert_eq!((read.map(), read.steps_done(), read.history()), (whole.map(), 20, whole.history()));

    // Other settings, other pairs, another file.
    let other = LeastSquaresConfig { sharpness: 1.0, ..config(20) };
    let error = LeastSquares::resume(&path, other, &pairs, Some(&pairs)).err().unwrap().to_string();
    assert!(error.contains("sharpness"), "{error}");
    let error = LeastSquares::resume(&path, config(20), &pairs, None).err().unwrap();
    assert!(matches!(error, Error::OtherTraining { .. }), "{error}");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(LeastSquaresCheckpoint::open(&path), Err(Error::BadCheckpoint { .. })));
}

#[test]
fn what_does_not_fit_is_refused() {
    let pairs = spiral();
    let wide = MapSpec { states: 2, parameters: 1, width: 7000 };
    for (what, config) in [
        ("steps", LeastSquaresConfig { steps: 0, ..config(8) }),
        ("scouting", LeastSquaresConfig { scouting: 8, ..config(8) }),
        ("sharpness", LeastSquaresConfig { sharpness: f64::NAN, ..config(8) }),
        ("least_unit", LeastSquaresConfig { least_unit: 0.0, ..config(8) }),
        ("damping", LeastSquaresConfig { damping: -1.0, ..config(8) }),
        ("parameters of a sub-network", LeastSquaresConfig { network: wide, ..config(8) }),
    ] {
        let error = LeastSquares::new(config, &pairs, None).err().unwrap().to_string();
        assert!(error.contains(what), "{error}");
    }
    // Where one sub-network cannot step, none does.
    let mut far = spiral().inputs().to_vec();
    far.chunks_exact_mut(3).for_each(|row| row[1] *= 1e200);
    let pairs = Pairs::new(2, 1, far, spiral().next().to_vec()).unwrap();
    let mut fit = LeastSquares::new(config(8), &pairs, None).unwrap();
    // Units of so far inputs overflow in `f32`: the map is compared bit by bit.
    let bits = |fit: &LeastSquares| fit.map().parameters().iter().map(|p| p.to_bits()).collect::<Vec<_>>();
    let before = bits(&fit);
    assert!(matches!(fit.step(), Err(Error::NotFinite { iteration: 1, .. })));
    assert_eq!((bits(&fit), fit.steps_done()), (before, 0));
    let narrow = Pairs::new(1, 1, vec![0.0; 4], vec![0.0; 2]).unwrap();
    assert!(matches!(LeastSquares::new(config(8), &narrow, None), Err(Error::BadLength { .. })));
}
