//! Events: crossings, ends and jumps.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

mod jumps;

use core::f64::consts::PI;

use crate::common::{Circle, erased};
use approx::assert_abs_diff_eq;
use ode_solvers::{
    Direction, Ending, Event, FnSystem, Lanes, Method, Options, RungeKutta, RungeKuttaPair, SaveAt,
    SolveError, StepSize, Tolerance, Trigger, integrate_adaptive_with_events, integrate_fixed_with_events,
    solve, solve_with_events, tableau,
};

/// Adaptive steps where the method can, fixed ones otherwise, and how large an error of the state
/// may be.
fn step(method: Method) -> (StepSize, f64) {
    match method.order() {
        1 => (StepSize::Fixed(1e-5), 5e-4),
        2 | 3 if method.is_adaptive() => (StepSize::Adaptive(Tolerance::new(1e-8, 1e-8)), 1e-4),
        _ if method.is_adaptive() => (StepSize::Adaptive(Tolerance::new(1e-8, 1e-8)), 1e-5),
        2 => (StepSize::Fixed(1e-3), 2e-5),
        _ => (StepSize::Fixed(1e-2), 1e-6),
    }
}

fn adaptive() -> StepSize {
    StepSize::Adaptive(Tolerance::new(1e-9, 1e-9))
}

/// y' = 1: y = t, exact in every method.
fn clock() -> FnSystem<impl Fn(f64, &[f64], &mut [f64]) + Sync> {
    FnSystem::new(1, |_t, _y, dy| dy[0] = 1.0)
}

#[test]
fn every_method_finds_crossings_with_their_direction() {
    for &method in Method::ALL {
        let (step, tolerance) = step(method);
        let sine = |_t: f64, y: &[f64]| y[1] - 0.5;
        let events = [Event::crossing(sine), Event::rising(sine), Event::falling(sine)];
        let solution = solve_with_events(
            &Circle,
            method,
            step,
            (0.0, 7.0),
            &Circle::exact(0.0),
            &Options::end(),
            &events,
        )
        .unwrap();
        let expected = [PI / 6.0, PI * 5.0 / 6.0, PI * 13.0 / 6.0];
        for (event, expected) in
            [(0, expected.as_slice()), (1, &[expected[0], expected[2]]), (2, &[expected[1]])]
        {
            let found: Vec<f64> = solution.event_times(event).collect();
            assert_eq!(found.len(), expected.len(), "{method}, event {event}: {found:?}");
            for (t, e) in found.iter().zip(expected) {
                assert!((t - e).abs() < tolerance, "{method}, event {event}: {t} instead of {e}");
            }
        }
        // The event lies on the trajectory, and on the surface.
        for event in &solution.events {
            assert!((event.y[1] - 0.5).abs() < 1e-13, "{method}: {:?}", event);
            for (y, e) in event.y.iter().zip(Circle::exact(event.t)) {
                assert!((y - e).abs() < tolerance, "{method}: {y} instead of {e}");
            }
        }
        assert!(solution.events.windows(2).all(|w| (w[0].t, w[0].event) < (w[1].t, w[1].event)));
        assert_eq!(solution.ending, Ending::Reached);
    }
}

#[test]
fn a_terminal_event_ends_every_method_and_every_way_of_recording() {
    for &method in Method::ALL {
        let (step, tolerance) = step(method);
        let end = PI * 5.0 / 6.0;
        for save_at in [
            SaveAt::EveryStep,
            SaveAt::End,
            SaveAt::Times(vec![0.0, 1.0, 2.5, 3.0, 4.0]),
            SaveAt::Times(vec![4.0]),
        ] {
            let events = [Event::rising(|_t, y| y[0] - 2.0), Event::falling(|_t, y| y[1] - 0.5).stop()];
            let options = Options { save_at: save_at.clone(), ..Options::default() };
            let y0 = Circle::exact(0.0);
            let solution =
                solve_with_events(&Circle, method, step.clone(), (0.0, 7.0), &y0, &options, &events).unwrap();
            assert_eq!(solution.ending, Ending::Stopped { event: 1 }, "{method}");
            let [event] = solution.events.as_slice() else { panic!("{:?}", solution.events) };
            assert!((event.t - end).abs() < tolerance, "{method}: {}", event.t);
            assert_eq!((event.event, solution.t.last()), (1, Some(&event.t)));
            assert_eq!(solution.last(), event.y);
            match save_at {
                SaveAt::EveryStep => assert!(solution.len() > 5 && solution.t[0] == 0.0),
                SaveAt::End => assert_eq!(solution.len(), 1),
                SaveAt::Times(times) => {
                    let expected: Vec<f64> =
                        times.into_iter().filter(|&t| t < end).chain([event.t]).collect();
                    assert_eq!(solution.t, expected);
                }
            }
            assert!(solution.t.windows(2).all(|w| w[0] < w[1]), "{method}");
        }
    }
}

#[test]
fn watching_changes_no_step_and_no_number() {
    for &method in Method::ALL {
        let (step, _) = step(method);
        let run = |events: &[Event<'_>]| {
            let y0 = Circle::exact(0.0);
            let options = Options::default();
            solve_with_events(&Circle, method, step.clone(), (0.0, 0.5), &y0, &options, events).unwrap()
        };
        let (plain, watched) = (run(&[]), run(&[Event::crossing(|_t, y| y[1] - 0.25)]));
        assert_eq!((plain.t, plain.y), (watched.t, watched.y), "{method}");
        assert_eq!(plain.stats.accepted, watched.stats.accepted);
        // Dense output may need the slope at the very end; that of DOP853 has three stages of its own,
        // and the diagonal of a generalized Rush-Larsen step does not come with a slope.
        let free = match method {
            Method::Dop853 => 3 * plain.stats.accepted,
            Method::GeneralizedRushLarsen1 | Method::GeneralizedRushLarsen2 => plain.stats.accepted,
            _ => 1,
        };
        assert!(
            watched.stats.rhs <= plain.stats.rhs + free,
            "{method}: {:?} {:?}",
            plain.stats,
            watched.stats
        );
        assert_eq!(plain.stats.event_functions, 0);
        assert!(watched.stats.event_functions > 4 * watched.stats.accepted);
    }
}

#[test]
fn a_stepper_of_ones_own_finds_the_same_events_with_fixed_steps() {
    let (span, y0, options) = ((0.0, 7.0), Circle::exact(0.0), Options::default());
    let events = [Event::crossing(|_t, y: &[f64]| y[1] - 0.5), Event::at([6.9]).stop()];
    let (circle, mut stepper) = (erased(&Circle), RungeKutta::new(&tableau::RUNGE_KUTTA_4, 3));
    let own = integrate_fixed_with_events(circle, &mut stepper, 0.01, span, &y0, &options, &events).unwrap();
    let step = StepSize::Fixed(0.01);
    let named = solve_with_events(&Circle, Method::RungeKutta4, step, span, &y0, &options, &events).unwrap();
    assert_eq!((&own.t, &own.y, &own.events), (&named.t, &named.y, &named.events));
    assert_eq!(own.ending, Ending::Stopped { event: 1 });
    let found: Vec<f64> = own.event_times(0).collect();
    assert_eq!(found.len(), 3);
    for (t, e) in found.iter().zip([PI / 6.0, PI * 5.0 / 6.0, PI * 13.0 / 6.0]) {
        assert_abs_diff_eq!(*t, e, epsilon = 1e-6);
    }
    let bad = integrate_fixed_with_events(circle, &mut stepper, 0.0, span, &y0, &options, &events);
    assert!(matches!(bad, Err(SolveError::InvalidStep { dt: 0.0 })));
}

#[test]
fn a_zero_where_a_step_ends_is_found_once() {
    // At the end of a step, at a stop, at the end of the span; the numbers are exact.
    for (dt, stops, end) in [(0.125, vec![], 1.0), (0.3, vec![0.5], 1.0), (0.125, vec![], 0.5)] {
        let options = Options { stops, ..Options::end() };
        let events = [Event::crossing(|_t, y| y[0] - 0.5), Event::rising(|t, _y| t - 0.5)];
        let step = StepSize::Fixed(dt);
        let solution =
            solve_with_events(&clock(), Method::Midpoint, step, (0.0, end), &[0.0], &options, &events)
                .unwrap();
        let found: Vec<(usize, f64)> = solution.events.iter().map(|e| (e.event, e.t)).collect();
        assert_eq!(found, [(0, 0.5), (1, 0.5)], "{dt}");
    }
}

#[test]
fn a_function_that_starts_at_zero_counts_from_when_it_has_left() {
    // sin t starts at zero and comes back at π.
    let events = [Event::crossing(|_t, y| y[1]), Event::rising(|_t, y| y[1]), Event::falling(|_t, y| y[1])];
    let y0 = Circle::exact(0.0);
    let solution =
        solve_with_events(&Circle, Method::Tsit5, adaptive(), (0.0, 7.0), &y0, &Options::end(), &events)
            .unwrap();
    for (event, expected) in [(0, vec![PI, 2.0 * PI]), (1, vec![2.0 * PI]), (2, vec![PI])] {
        let found: Vec<f64> = solution.event_times(event).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (t, e) in found.iter().zip(expected) {
            assert_abs_diff_eq!(*t, e, epsilon = 1e-7);
        }
    }
    // A function that is always zero never crosses; one that is infinite on one side does.
    let events =
        [Event::crossing(|_t, _y| 0.0), Event::rising(|t, _y| if t < 0.3 { f64::NEG_INFINITY } else { 1.0 })];
    let solution =
        solve_with_events(&clock(), Method::Tsit5, adaptive(), (0.0, 1.0), &[0.0], &Options::end(), &events)
            .unwrap();
    assert_eq!(solution.events.len(), 1);
    assert_abs_diff_eq!(solution.events[0].t, 0.3, epsilon = 1e-15);
}

#[test]
fn several_events_of_one_step_come_in_order_of_time() {
    // One step from 0 to 1, and nine crossings in it: four of event 0, three of 1, one each of 2, 3.
    let events = [
        Event::crossing(|t, _y| (t * 4.0 * PI - 0.1).sin()),
        Event::falling(|_t, y| 0.62 - y[0]),
        Event::crossing(|_t, y| y[0] - 0.3),
        Event::crossing(|_t, y| y[0] - 0.3),
    ];
    let step = StepSize::Fixed(1.0);
    let solution =
        solve_with_events(&clock(), Method::RungeKutta4, step, (0.0, 1.0), &[0.0], &Options::end(), &events)
            .unwrap();
    assert_eq!(solution.stats.accepted, 1);
    let shift = 0.1 / (4.0 * PI);
    let expected = [(0, shift), (0, 0.25 + shift), (2, 0.3), (3, 0.3), (0, 0.5 + shift), (1, 0.62)];
    let expected = expected.into_iter().chain([(0, 0.75 + shift)]);
    assert_eq!(solution.events.len(), 7);
    for (found, (event, t)) in solution.events.iter().zip(expected) {
        assert_eq!(found.event, event);
        assert_abs_diff_eq!(found.t, t, epsilon = 4e-15);
        assert_abs_diff_eq!(found.y[0], t, epsilon = 4e-15);
    }
}

#[test]
fn what_would_follow_an_end_does_not_happen() {
    let events = [
        Event::rising(|_t, y| y[0] - 0.61),
        Event::rising(|_t, y| y[0] - 0.6).stop(),
        Event::rising(|_t, y| y[0] - 0.6),
        Event::rising(|_t, y| y[0] - 0.59),
        Event::at([0.7]),
    ];
    let step = StepSize::Fixed(1.0);
    let y0 = [0.0];
    let solution =
        solve_with_events(&clock(), Method::Heun, step, (0.0, 1.0), &y0, &Options::end(), &events).unwrap();
    let order: Vec<usize> = solution.events.iter().map(|e| e.event).collect();
    assert_eq!(order, [3, 1, 2]);
    assert_eq!(solution.ending, Ending::Stopped { event: 1 });
}

#[test]
fn events_that_make_no_number_are_errors_with_the_trajectory_so_far() {
    let run = |events: &[Event<'_>]| {
        let options = Options::default();
        solve_with_events(&clock(), Method::Tsit5, adaptive(), (0.0, 1.0), &[0.0], &options, events)
            .unwrap_err()
    };
    let error = run(&[Event::at([0.1]), Event::crossing(|_t, y| (0.5 - y[0]).ln())]);
    let SolveError::EventNotFinite { t, event: 1, partial } = &error else { panic!("{error}") };
    assert!(*t > 0.5 && partial.last()[0] <= 0.5 && partial.ending == Ending::Failed);
    assert_eq!(partial.events.len(), 1);
    let error = run(&[Event::crossing(|_t, _y| f64::NAN)]);
    assert!(matches!(error, SolveError::EventNotFinite { t: 0.0, event: 0, .. }), "{error}");
    let error = run(&[Event::at([0.5]).jump(|_t, y| y[0] = f64::INFINITY)]);
    let SolveError::JumpNotFinite { t: 0.5, event: 0, state, partial } = &error else { panic!("{error}") };
    assert_eq!(state, "y[0]");
    assert_abs_diff_eq!(partial.last()[0], 0.5, epsilon = 1e-15);
    let error = run(&[Event::at([f64::NAN])]);
    assert!(error.to_string().contains("events is NaN"), "{error}");
}

#[test]
fn lanes_share_the_clock_of_an_event() {
    let start = Circle::exact(0.0);
    let y0: Vec<Lanes<f64, 8>> = start.iter().map(|&y| Lanes::from(y)).collect();
    let function =
        Box::new(|_t: f64, y: &[Lanes<f64, 8>]| y[1].0.iter().copied().fold(f64::MIN, f64::max) - 0.5);
    let events = [Event::new(Trigger::Crossing(Direction::Rising, function)).stop()];
    let mut stepper = RungeKuttaPair::new(&tableau::TSIT5, 3);
    let tolerance = Tolerance::new(1e-9, 1e-9);
    let (circle, options) = (erased(&Circle), Options::end());
    let solution =
        integrate_adaptive_with_events(circle, &mut stepper, &tolerance, (0.0, 7.0), &y0, &options, &events)
            .unwrap();
    assert_abs_diff_eq!(solution.t[0], PI / 6.0, epsilon = 1e-7);
    assert_eq!(solution.last(), solution.events[0].y);
    let alone = solve(&Circle, Method::Tsit5, adaptive(), (0.0, 7.0), &start, &Options::end()).unwrap();
    assert_eq!(alone.ending, Ending::Reached);
}
