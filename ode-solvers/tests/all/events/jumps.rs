//! Events that change the state.

use approx::assert_abs_diff_eq;
use ode_solvers::{
    Ending, Event, FnSystem, Method, Options, SaveAt, SolveError, StepSize, solve_with_events,
};

use super::{adaptive, clock, step};

/// A ball that falls, with gravity 1: height and velocity.
fn ball() -> FnSystem<impl Fn(f64, &[f64], &mut [f64]) + Sync> {
    FnSystem::new(2, |_t, y, dy| dy.copy_from_slice(&[y[1], -1.0])).with_names(["height", "velocity"])
}

#[test]
fn a_ball_bounces_at_the_right_times() {
    // From height 0.5 it falls for 1; each bounce keeps 0.8 of the speed and lasts 2·0.8ᵏ.
    let times: Vec<f64> = (0..20)
        .scan((1.0, 2.0 * 0.8), |(t, next), _| {
            let now = *t;
            *t += *next;
            *next *= 0.8;
            Some(now)
        })
        .collect();
    for method in [Method::RungeKutta4, Method::DormandPrince54, Method::Tsit5, Method::Rodas5P, Method::Heun]
    {
        // Both directions: the surface is left upwards, which is no crossing.
        for event in [Event::falling(|_t, y| y[0]), Event::crossing(|_t, y| y[0])] {
            let events = [event.jump(|_t, y| y[1] *= -0.8)];
            let step = if method.is_adaptive() { adaptive() } else { StepSize::Fixed(0.01) };
            let end = times[19] + 1e-3;
            let solution =
                solve_with_events(&ball(), method, step, (0.0, end), &[0.5, 0.0], &Options::end(), &events)
                    .unwrap();
            assert_eq!(solution.events.len(), 20, "{method}");
            for (event, &t) in solution.events.iter().zip(&times) {
                assert!((event.t - t).abs() < 1e-8, "{method}: {} instead of {t}", event.t);
                assert!(event.y[1] < 0.0, "{method}: the state before the jump");
            }
        }
    }
}

#[test]
fn a_ball_that_comes_to_rest_is_no_endless_loop() {
    let events = [Event::falling(|_t, y| y[0]).jump(|_t, y| y[1] *= -0.5)];
    let options = Options { max_steps: 20_000, ..Options::end() };
    let result =
        solve_with_events(&ball(), Method::Tsit5, adaptive(), (0.0, 4.0), &[0.5, 0.0], &options, &events);
    // Infinitely many bounces before t = 3: either the steps run out, or rounding lets the ball
    // through the floor.
    let events = match result {
        Ok(solution) => solution.events,
        Err(SolveError::TooManySteps { partial, .. } | SolveError::StepTooSmall { partial, .. }) => {
            partial.events
        }
        Err(other) => panic!("{other}"),
    };
    assert!(events.len() > 20, "{}", events.len());
    assert_abs_diff_eq!(events[20].t, 3.0, epsilon = 1e-5);
}

/// A drug that is cleared at rate 1 and given in doses of 2 at 0, 1 and 2.
#[test]
fn doses_at_times_change_the_state_and_the_record_is_continuous_from_the_right() {
    let cleared = || FnSystem::new(1, |_t, y, dy| dy[0] = -y[0]);
    let exact =
        |t: f64| [0.0, 1.0, 2.0].into_iter().filter(|&d| d <= t).map(|d| 2.0 * (d - t).exp()).sum::<f64>();
    for &method in Method::ALL.iter().filter(|m| m.order() > 1 && **m != Method::Ros3P) {
        let doses = [Event::at([0.0, 1.0, 2.0]).jump(|_t, y| y[0] += 2.0)];
        let (step, tolerance) = step(method);
        let run = |save_at: SaveAt| {
            let options = Options { save_at, dt_max: 0.1, ..Options::default() };
            solve_with_events(&cleared(), method, step.clone(), (0.0, 2.0), &[0.0], &options, &doses).unwrap()
        };
        let times = vec![0.0, 0.5, 1.0, 1.5, 2.0];
        let solution = run(SaveAt::Times(times.clone()));
        assert_eq!(solution.t, times);
        for (y, t) in solution.column(0).zip(times) {
            assert!((y - exact(t)).abs() < tolerance, "{method}: {y} instead of {}", exact(t));
        }
        assert_eq!(solution.event_times(0).collect::<Vec<_>>(), [0.0, 1.0, 2.0]);
        assert_eq!(solution.events[0].y, [0.0]);
        assert!((run(SaveAt::End).last()[0] - exact(2.0)).abs() < tolerance);
        let every = run(SaveAt::EveryStep);
        for dose in [0.0, 1.0, 2.0] {
            let at: Vec<f64> =
                every.t.iter().zip(every.column(0)).filter(|(t, _)| **t == dose).map(|p| p.1).collect();
            assert_eq!(at.len(), 2, "{method}");
            assert_abs_diff_eq!(at[1] - at[0], 2.0, epsilon = 1e-14);
        }
        assert_eq!(every.ending, Ending::Reached);
    }
}

#[test]
fn jumps_of_one_moment_come_in_the_order_of_the_list_and_cross_nothing() {
    let events = [
        Event::at([0.5]).jump(|_t, y| y[0] = 2.0 * y[0] + 1.0),
        Event::at([0.5]).jump(|_t, y| y[0] *= 10.0),
        // 0.5 → 20: carried over by the jump.
        Event::crossing(|_t, y| y[0] - 10.0),
        Event::at([0.75, 7.0, -1.0]).stop(),
    ];
    let solution =
        solve_with_events(&clock(), Method::Tsit5, adaptive(), (0.0, 1.0), &[0.0], &Options::end(), &events)
            .unwrap();
    let found: Vec<(usize, f64)> = solution.events.iter().map(|e| (e.event, e.t)).collect();
    assert_eq!(found, [(0, 0.5), (1, 0.5), (3, 0.75)]);
    assert_abs_diff_eq!(solution.last()[0], 20.25, epsilon = 1e-12);
    assert_eq!(solution.ending, Ending::Stopped { event: 3 });
    // At the very start.
    let events = [Event::at([0.0]).stop()];
    let solution = solve_with_events(
        &clock(),
        Method::Tsit5,
        adaptive(),
        (0.0, 1.0),
        &[3.0],
        &Options::save_at([1.0]),
        &events,
    )
    .unwrap();
    assert_eq!((solution.t.as_slice(), solution.last()), ([0.0].as_slice(), [3.0].as_slice()));
    assert_eq!(solution.stats.accepted, 0);
}

#[test]
fn jumps_count_as_starts_for_the_order_of_a_method() {
    // y' = −y; when y falls to 0.5 it is set to 1: period ln 2.
    let system = FnSystem::new(1, |_t, y, dy| dy[0] = -y[0]);
    let end = 10.0 * 2f64.ln() + 0.3;
    let error = |dt: f64| {
        let events = [Event::falling(|_t, y| y[0] - 0.5).jump(|_t, y| y[0] = 1.0)];
        let solution = solve_with_events(
            &system,
            Method::RungeKutta4,
            StepSize::Fixed(dt),
            (0.0, end),
            &[1.0],
            &Options::end(),
            &events,
        )
        .unwrap();
        assert_eq!(solution.events.len(), 10);
        (solution.last()[0] - (-0.3f64).exp()).abs()
    };
    // The crossings are as good as the dense output, of order 3: its error enters once a period.
    let order = (error(0.1) / error(0.025)).log2() / 2.0;
    assert!(order > 3.3, "{order}");
}
