//! Fits of maps by least squares: what they find, bits, files.

use std::ops::ControlFlow;

use crate::neural_map::spiral;
use ode_solvers::dynamics::{Newton, fixed_point_of_map};
use surrogates::neural_map::{
    LeastSquares, LeastSquaresConfig, LeastSquaresRecord, MapSpec, NeuralMap, Pairs, mean_square_error,
};
use surrogates::{Checkpoint, Error, Training as _};

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
    let config = LeastSquaresConfig { validate_every: 1, ..config(80) };
    let mut fit = LeastSquares::new(config, &pairs, Some(&pairs)).unwrap();
    let mut errors = Vec::new();
    while fit.iteration() < 80 {
        errors.push(fit.step().unwrap().1.unwrap().train);
    }
    // Steps go down, but where it begins again.
    for (k, pair) in errors.windows(2).enumerate() {
        assert!(pair[1] <= pair[0] || k + 1 == 20, "step {}: {pair:?}", k + 2);
    }
    let last = fit.history().last().copied().unwrap();
    assert!(last.validation < 1e-7, "{last:?}");
    let by_f32 = mean_square_error(&fit.map().cast(), &pairs).unwrap();
    assert!((by_f32 - last.validation).abs() < 1e-8, "{by_f32} {last:?}");
    let at = fit.map().at(&[0.95]).unwrap();
    let point = fixed_point_of_map(&at, &[0.8, -1.7], &Newton::default()).unwrap();
    assert!((point.state[0] - 1.0).hypot(point.state[1] + 2.0) < 1e-3, "{point:?}");
}

/// The mean squared error of the second state, in normal units.
fn error_of_second(map: &NeuralMap<f64>, pairs: &Pairs) -> f64 {
    let scale = f64::from(map.state_normalization().scale()[1]);
    let error = |(row, next): (&[f64], &[f64])| {
        let mut v = [0.0; 2];
        map.apply(&row[2..], &row[..2], &mut v);
        ((v[1] - next[1]) / scale).powi(2)
    };
    let rows = pairs.inputs().chunks_exact(3).zip(pairs.next().chunks_exact(2));
    rows.map(error).sum::<f64>() / pairs.rows() as f64
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
        let part = &fit.map().parameters()[spec.parameters_each()..];
        // Rows: the first state, the parameter, β, then the own state.
        let size = |row: usize| part[row * 10..][..10].iter().map(|w| w * w).sum::<f64>().sqrt();
        ([size(0) / size(3), size(1) / size(3)], error_of_second(fit.map(), &pairs))
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
    let read = Checkpoint::<LeastSquares>::open(&path).unwrap();
    assert_eq!((read.network(), read.iteration(), read.history()), (whole.map(), 20, whole.history()));

    // Other settings, other pairs, another file.
    let other = LeastSquaresConfig { sharpness: 1.0, ..config(20) };
    let error = LeastSquares::resume(&path, other, &pairs, Some(&pairs)).err().unwrap().to_string();
    assert!(error.contains("sharpness"), "{error}");
    let error = LeastSquares::resume(&path, config(20), &pairs, None).err().unwrap();
    assert!(matches!(error, Error::OtherTraining { .. }), "{error}");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(Checkpoint::<LeastSquares>::open(&path), Err(Error::BadCheckpoint { .. })));
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
    assert_eq!((bits(&fit), fit.iteration()), (before, 0));
    let narrow = Pairs::new(1, 1, vec![0.0; 4], vec![0.0; 2]).unwrap();
    assert!(matches!(LeastSquares::new(config(8), &narrow, None), Err(Error::BadLength { .. })));
}
