//! Thousands of random problems and options: no panic, no endless loop, no broken promise.

use ode_solvers::{
    Controller, Ending, Event, FnSystem, Method, Norm, Options, SaveAt, SolveError, StepSize, Tolerance,
    solve_with_events,
};
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
    /// When the right-hand side becomes NaN.
    nan: f64,
    /// State, threshold, direction and action.
    events: Vec<(usize, f64, u8, u8)>,
}

/// What does not fit into a span that a clock can count.
fn span() -> BoxedStrategy<(f64, f64)> {
    prop_oneof![
        6 => Just((0.0, 3.0)),
        2 => (number(-5.0..0.0), number(0.0..3.0)),
        // As short as numbers get, as long, and far from zero.
        1 => (0u64..40, 1u64..40).prop_map(|(a, b)| (f64::from_bits(a), f64::from_bits(a + b))),
        1 => (0u64..1000, 1u64..1000).prop_map(|(a, b)| {
            let t = 1e9f64.to_bits() + a;
            (f64::from_bits(t), f64::from_bits(t + b))
        }),
        1 => prop::sample::select(vec![
            (-1e308, 1e308),
            (0.0, f64::MAX),
            (0.0, 1e300),
            (1e300, 1.000_000_000_1e300),
            (-f64::MIN_POSITIVE, f64::MIN_POSITIVE),
        ]),
    ]
    .boxed()
}

fn tolerance() -> BoxedStrategy<Tolerance> {
    let numbers = prop_oneof![
        6 => (power(-9..0), power(-12..0)),
        2 => (number(-1e-3..1.0), number(-1e-3..1.0)),
        // Tighter than numbers are, and looser than anything.
        1 => (power(-300..-14), power(-300..-14)),
        1 => (power(1..300), power(1..300)),
    ];
    (numbers, prop::bool::ANY)
        .prop_map(|((r, a), max)| {
            let norm = if max { Norm::Max } else { Norm::RootMeanSquare };
            Tolerance::new(r, a).with_norm(norm)
        })
        .boxed()
}

fn controller() -> BoxedStrategy<Controller> {
    prop_oneof![
        8 => prop::sample::select(vec![
            Controller::PI,
            Controller::INTEGRAL,
            Controller::PI42,
            Controller::H211PI,
            Controller::H211B,
            Controller::H312PID,
            Controller::PID,
        ]),
        1 => (number(-1.0..1.0), number(-1.0..1.0), number(0.0..1.0), number(1.0..10.0)).prop_map(
            |(beta, alpha, safety, grow)| Controller {
                safety,
                grow,
                ..Controller::filter([beta, alpha, beta], [alpha, beta])
            }
        ),
    ]
    .boxed()
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
        4 => tolerance().prop_map(StepSize::Adaptive),
        2 => number(0.01..2.0).prop_map(StepSize::Fixed),
    ]
    .boxed();
    let limits = (prop::option::of(number(1e-6..1.0)), number(0.0..1e-6), number(0.01..10.0), 1..2000u64);
    let control = (controller(), 0..30u32);
    let options = (save_at(), prop::collection::vec(number(-1.0..4.0), 0..4), limits, control)
        .prop_map(|(save_at, stops, (dt_init, dt_min, dt_max, max_steps), (controller, jacobian_steps))| {
            Options { save_at, stops, max_steps, dt_init, dt_min, dt_max, controller, jacobian_steps }
        })
        .boxed();
    (1..5usize).prop_flat_map(move |n| {
        (
            prop::sample::select(Method::ALL.to_vec()),
            step.clone(),
            span(),
            prop::collection::vec(number(-3.0..3.0), n..=n),
            options.clone(),
            prop::collection::vec(
                (-2.0..1.0f64, 0..6i32).prop_map(|(x, k)| x * 10f64.powi(k - 2)),
                n * n..=n * n,
            ),
            number(-1.0..1.0),
            0.0..3.0f64,
            (
                prop_oneof![3 => Just(f64::INFINITY), 1 => 0.0..3.0f64],
                prop_oneof![
                    1 => Just(Vec::new()),
                    1 => prop::collection::vec((0..n, number(-3.0..3.0), 0..3u8, 0..5u8), 1..4),
                ],
            ),
        )
            .prop_map(|(method, step, span, y0, options, matrix, quadratic, jump, (nan, events))| {
                Case { method, step, span, y0, options, matrix, quadratic, jump, nan, events }
            })
    })
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let n = case.y0.len();
    let (matrix, quadratic, jump) = (&case.matrix, case.quadratic, case.jump);
    let system = FnSystem::new(n, move |t, y, dy| {
        for (i, d) in dy.iter_mut().enumerate() {
            let linear: f64 = y.iter().enumerate().map(|(j, y)| matrix[i * n + j] * y).sum();
            let forcing = if t < jump { 1.0 } else { -2.0 };
            *d = linear + quadratic * y[i] * y[(i + 1) % n] + if t < case.nan { forcing } else { f64::NAN };
        }
    })
    .with_stops([jump]);
    let events: Vec<Event<'_>> = case
        .events
        .iter()
        .map(|&(i, threshold, direction, action)| {
            let function = move |_t: f64, y: &[f64]| y[i] - threshold;
            let event = match direction {
                0 => Event::rising(function),
                1 => Event::falling(function),
                _ => Event::crossing(function),
            };
            match action {
                0 => event.stop(),
                1 => event.jump(move |_t, y| y[i] = -y[i]),
                2 => Event::at([threshold]).jump(move |_t, y| y[i] += 0.5),
                _ => event,
            }
        })
        .collect();
    let step = case.step.clone();
    let result = solve_with_events(&system, case.method, step, case.span, &case.y0, &case.options, &events);
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
    prop_assert!(solution.events.windows(2).all(|w| w[0].t <= w[1].t));
    for event in &solution.events {
        prop_assert!(case.span.0 <= event.t && event.t <= case.span.1 && event.y.len() == n);
    }
    prop_assert_eq!(ended, solution.ending != Ending::Failed);
    if let Ending::Stopped { event } = solution.ending {
        let last = solution.events.iter().rfind(|e| e.event == event);
        prop_assert_eq!(last.map(|e| e.t), solution.events.last().map(|e| e.t));
        prop_assert!(last.is_some_and(|e| solution.t.last().is_some_and(|&t| t <= e.t)));
    } else if ended {
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
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_problem_and_no_options_break_a_solve(case in case()) {
        check(&case)?;
    }
}
