//! Thousands of random problems and options: no panic, no endless loop, no broken promise.

use ode_solvers::{FnSystem, Method, Options, SaveAt, SolveError, StepSize, Tolerance, solve};
use proptest::prelude::*;

/// Mostly ordinary numbers, sometimes none.
fn number(ordinary: std::ops::Range<f64>) -> BoxedStrategy<f64> {
    prop_oneof![
        12 => ordinary,
        1 => prop::sample::select(vec![0.0, -1.0, 1e-300, 1e300, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE]),
    ]
    .boxed()
}

fn power(range: std::ops::Range<i32>) -> BoxedStrategy<f64> {
    range.prop_map(|k| 10f64.powi(k)).boxed()
}

#[derive(Debug, Clone)]
struct Case {
    method: Method,
    step: StepSize,
    span: (f64, f64),
    y0: Vec<f64>,
    options: Options,
    /// Linear part, strength of the quadratic one, the time at which the forcing jumps.
    matrix: Vec<f64>,
    quadratic: f64,
    jump: f64,
}

fn save_at() -> BoxedStrategy<SaveAt> {
    prop_oneof![
        Just(SaveAt::EveryStep),
        Just(SaveAt::End),
        prop::collection::vec(0.0..3.0f64, 1..8).prop_map(|mut times| {
            times.sort_by(f64::total_cmp);
            SaveAt::Times(times)
        }),
        prop::collection::vec(number(-1.0..4.0), 0..4).prop_map(SaveAt::Times),
    ]
    .boxed()
}

fn case() -> impl Strategy<Value = Case> {
    let step = prop_oneof![
        3 => (power(-9..0), power(-12..0)).prop_map(|(r, a)| StepSize::Adaptive(Tolerance::new(r, a))),
        1 => (number(-1e-3..1.0), number(-1e-3..1.0)).prop_map(|(r, a)| StepSize::Adaptive(Tolerance::new(r, a))),
        2 => number(0.01..2.0).prop_map(StepSize::Fixed),
    ]
    .boxed();
    let limits = (prop::option::of(number(1e-6..1.0)), number(0.0..1e-6), number(0.01..10.0), 1..2000u64);
    let options = (save_at(), prop::collection::vec(number(-1.0..4.0), 0..4), limits)
        .prop_map(|(save_at, stops, (dt_init, dt_min, dt_max, max_steps))| Options {
            save_at,
            stops,
            max_steps,
            dt_init,
            dt_min,
            dt_max,
            ..Options::default()
        })
        .boxed();
    (1..5usize).prop_flat_map(move |n| {
        (
            prop::sample::select(Method::ALL.to_vec()),
            step.clone(),
            (
                prop_oneof![4 => Just(0.0), 1 => number(-5.0..0.0)],
                prop_oneof![4 => Just(3.0), 1 => number(0.0..3.0)],
            ),
            prop::collection::vec(number(-3.0..3.0), n..=n),
            options.clone(),
            prop::collection::vec(
                (-2.0..1.0f64, 0..6i32).prop_map(|(x, k)| x * 10f64.powi(k - 2)),
                n * n..=n * n,
            ),
            number(-1.0..1.0),
            0.0..3.0f64,
        )
            .prop_map(|(method, step, span, y0, options, matrix, quadratic, jump)| Case {
                method,
                step,
                span,
                y0,
                options,
                matrix,
                quadratic,
                jump,
            })
    })
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let n = case.y0.len();
    let (matrix, quadratic, jump) = (&case.matrix, case.quadratic, case.jump);
    let system = FnSystem::new(n, move |t, y, dy| {
        for (i, d) in dy.iter_mut().enumerate() {
            let linear: f64 = y.iter().enumerate().map(|(j, y)| matrix[i * n + j] * y).sum();
            *d = linear + quadratic * y[i] * y[(i + 1) % n] + if t < jump { 1.0 } else { -2.0 };
        }
    })
    .with_stops([jump]);
    let result = solve(&system, case.method, case.step.clone(), case.span, &case.y0, &case.options);
    let (solution, ended) = match &result {
        Ok(solution) => (Some(solution), true),
        Err(error) => {
            prop_assert!(!error.to_string().is_empty());
            (error.partial(), false)
        }
    };
    let Some(solution) = solution else { return Ok(()) };
    prop_assert!(!solution.is_empty());
    prop_assert!(solution.y.iter().all(|y| y.is_finite()));
    prop_assert!(solution.t.windows(2).all(|w| w[0] <= w[1]));
    prop_assert_eq!(solution.y.len(), n * solution.len());
    prop_assert!(solution.stats.accepted + solution.stats.rejected <= case.options.max_steps + 1);
    if ended {
        match &case.options.save_at {
            SaveAt::Times(times) => prop_assert_eq!(&solution.t, times),
            _ => prop_assert_eq!(solution.t.last(), Some(&case.span.1)),
        }
    } else if let Some(SolveError::TooManySteps { max_steps, .. }) = result.as_ref().err() {
        prop_assert_eq!(*max_steps, case.options.max_steps);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_problem_and_no_options_break_a_solve(case in case()) {
        check(&case)?;
    }
}
