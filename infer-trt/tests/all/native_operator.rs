//! Fourier neural operators in the native engine, against an evaluation of the same graph in `f64`.

use crate::common::eval::{evaluate, evaluate_rounded};
use crate::common::operator::{Operator, VARIANTS, Variant};
use crate::common::{ACTS, Act, Folder, error, ranges};
use infer_trt::{InferError, Provider, Session, SessionOptions, open};
use proptest::prelude::*;

fn native(folder: &Folder, operator: &Operator, threads: usize) -> Box<dyn Session> {
    let options = SessionOptions::default().with_threads(threads);
    open(folder.model(&operator.model()), &Provider::Native, &options).unwrap()
}

fn run(session: &mut dyn Session, x: &[f32]) -> Vec<f32> {
    let samples = x.len() / session.n_inputs();
    let mut y = vec![f32::NAN; samples * session.n_outputs()];
    session.run(x, &mut y).unwrap();
    y
}

/// Holds an operator on some samples against `f64`: to 1e-6 of the range of each output, or four times the error of
/// an evaluation that rounds what each node gives and nothing else, where that is worse.
fn check(operator: &Operator, samples: usize) {
    let folder = Folder::new();
    let (model, x) = (operator.model(), operator.inputs(5, samples));
    let y = run(&mut *native(&folder, operator, 1), &x);
    let reference = evaluate(&model, samples, &x);
    let ranges = ranges(&reference, operator.outputs);
    let off = error(&y, &reference, &ranges);
    let least = error(&evaluate_rounded(&model, samples, &x), &reference, &ranges);
    assert!(off < f64::max(1e-6, 4.0 * least), "{operator:?}: {off:e}, rounded {least:e}");
}

#[test]
fn every_variant_and_activation_agrees_with_f64() {
    for variant in VARIANTS {
        for act in ACTS.into_iter().chain([Act::LeakyRelu, Act::Gelu]) {
            for padding in [0, 3] {
                let operator = Operator { padding, ..Operator::small(variant, act) };
                check(&operator, 3);
            }
        }
    }
}

#[test]
fn every_size_agrees_with_f64() {
    let small = Operator::small(Variant::Classic, Act::Gelu);
    for (points, padding, modes, width, hidden, channels, outputs) in [
        (2, 0, 2, 1, 1, 1, 1),
        (3, 0, 2, 16, 5, 2, 1),
        (17, 0, 9, 48, 33, 3, 17),
        (64, 0, 33, 16, 64, 1, 4),
        (96, 1, 12, 20, 128, 1, 3),
        (97, 0, 49, 5, 16, 1, 2),
        (101, 5, 6, 64, 40, 2, 20),
        (130, 0, 66, 7, 7, 1, 1),
        (300, 11, 8, 33, 100, 1, 2),
    ] {
        for (variant, complex) in [(Variant::Classic, true), (Variant::Mlp, false), (Variant::Residual, true)]
        {
            let size = Operator { points, padding, modes, width, hidden, channels, outputs, ..small };
            let operator = Operator { variant, complex, ..size };
            check(&operator, 20_usize.div_ceil(points));
        }
    }
}

#[test]
fn deep_wide_operators_agree_with_f64() {
    for variant in VARIANTS {
        let operator = Operator {
            points: 120,
            width: 48,
            hidden: 96,
            modes: 16,
            layers: 4,
            outputs: 4,
            ..Operator::small(variant, Act::Gelu)
        };
        check(&operator, 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn batches_and_threads_change_no_bit(
        points in 2..140_usize,
        width in 1..40_usize,
        variant in 0..3_usize,
        padding in 0..6_usize,
        complex: bool,
        act in 0..8_usize,
        samples in 1..30_usize,
    ) {
        let folder = Folder::new();
        let acts: Vec<Act> = ACTS.into_iter().chain([Act::LeakyRelu, Act::Gelu]).collect();
        let modes = ((points + padding) / 2 + 1).min(7);
        let small = Operator::small(VARIANTS[variant], acts[act]);
        let operator = Operator { points, width, padding, modes, complex, ..small };
        let x = operator.inputs(11, samples);
        let mut one = native(&folder, &operator, 1);
        let whole = run(&mut *one, &x);
        let single: Vec<f32> = x.chunks(points).flat_map(|x| run(&mut *one, x)).collect();
        prop_assert_eq!(&single, &whole);
        let part = run(&mut *one, &x[..samples.div_ceil(2) * points]);
        prop_assert_eq!(&part[..], &whole[..part.len()]);
        for threads in [2, 3] {
            prop_assert_eq!(&run(&mut *native(&folder, &operator, threads), &x), &whole, "{} threads", threads);
        }
    }
}

#[test]
fn large_batches_are_divided_over_threads() {
    let folder = Folder::new();
    let operator = Operator { points: 120, width: 32, ..Operator::small(Variant::Classic, Act::Gelu) };
    let x = operator.inputs(3, 70);
    let whole = run(&mut *native(&folder, &operator, 1), &x);
    for threads in [0, 2, 5] {
        assert_eq!(run(&mut *native(&folder, &operator, threads), &x), whole, "{threads} threads");
    }
    // Small after large, and nothing at all.
    let mut session = native(&folder, &operator, 2);
    run(&mut *session, &x);
    assert_eq!(run(&mut *session, &x[..120]), whole[..240]);
    assert!(run(&mut *session, &[]).is_empty());
}

#[test]
fn a_nan_stays_in_its_sample() {
    let folder = Folder::new();
    for variant in VARIANTS {
        for act in ACTS.into_iter().chain([Act::LeakyRelu, Act::Gelu]) {
            let operator = Operator::small(variant, act);
            let mut session = native(&folder, &operator, 1);
            let mut x = operator.inputs(1, 19);
            let clean = run(&mut *session, &x);
            let (n, m) = (session.n_inputs(), session.n_outputs());
            x[5 * n + 7] = f32::NAN;
            let y = run(&mut *session, &x);
            for (sample, (y, clean)) in y.chunks(m).zip(clean.chunks(m)).enumerate() {
                if sample == 5 {
                    assert!(y.iter().all(|v| v.is_nan()), "{variant:?}, {act:?}");
                } else {
                    assert_eq!(y, clean, "{variant:?}, {act:?}, sample {sample}");
                }
            }
            // What it left behind touches no later batch.
            assert_eq!(run(&mut *session, &x[6 * n..]), clean[6 * m..]);
        }
    }
}

#[test]
fn the_session_says_what_it_runs_and_refuses_wrong_buffers() {
    let folder = Folder::new();
    let operator = Operator::small(Variant::Mlp, Act::Gelu);
    let mut session = native(&folder, &operator, 1);
    assert_eq!(session.provider(), &Provider::Native);
    assert_eq!((session.n_inputs(), session.n_outputs()), (24, 48));
    assert_eq!(
        (&session.model().input_shape[..], &session.model().output_shape[..]),
        (&[24, 1][..], &[24, 2][..])
    );
    let mut y = [7.0; 48];
    let error = session.run(&[0.0; 25], &mut y).unwrap_err();
    assert!(matches!(error, InferError::InputLength { len: 25, n_inputs: 24 }), "{error}");
    let error = session.run(&[0.0; 48], &mut y).unwrap_err();
    assert!(matches!(error, InferError::OutputLength { len: 48, rows: 2, n_outputs: 48 }), "{error}");
    assert_eq!(y, [7.0; 48]);
    session.warm_up(3).unwrap();
}

#[test]
fn engines_for_rows_alone_refuse_operators() {
    let folder = Folder::new();
    let path = folder.model(&Operator::small(Variant::Classic, Act::Gelu).model());
    for provider in [Provider::NativeBf16, Provider::FusedCuda] {
        let error = open(&path, &provider, &SessionOptions::default()).err().unwrap();
        assert!(matches!(error, InferError::Refused { .. } | InferError::Unavailable { .. }), "{error}");
        if matches!(error, InferError::Refused { .. }) {
            let text = error.to_string();
            assert!(text.contains("[24, 1] and [24, 2]") && text.contains("`native`"), "{text}");
        }
    }
}
