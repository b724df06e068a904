//! Pulses, stops, and what is recorded.

use crate::common::{Circle, Driven};
use approx::assert_abs_diff_eq;
use ode_solvers::{
    FnSystem, Linearize, Method, Options, SaveAt, Scalar, StateSpace, StepSize, System, Tolerance, solve,
};

/// y' = pulse − y/τ: charge that leaks away. The pulse is on in [start, start + width).
struct Leaky {
    start: f64,
    width: f64,
    tau: f64,
}

impl StateSpace for Leaky {
    fn dim(&self) -> usize {
        1
    }
    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        out.extend([self.start, self.start + self.width].into_iter().filter(|t| t0 < *t && *t < t1));
    }
    fn is_autonomous(&self) -> bool {
        true
    }
}

impl Leaky {
    fn exact(&self, t: f64) -> f64 {
        let on = (t.min(self.start + self.width) - self.start).max(0.0);
        let off = (t - self.start - self.width).max(0.0);
        self.tau * -(-on / self.tau).exp_m1() / self.width * (-off / self.tau).exp()
    }
}

impl<T: Scalar> System<T> for Leaky {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        let on = self.start <= t && t < self.start + self.width;
        dy[0] = y[0] / -self.tau + if on { 1.0 / self.width } else { 0.0 };
    }
}

fn adaptive() -> StepSize {
    StepSize::Adaptive(Tolerance::new(1e-8, 1e-10))
}

#[test]
fn a_pulse_is_never_stepped_over() {
    // ROS3P's error estimate is zero on linear equations, so that the steps are no better than fixed.
    for &method in Method::ALL.iter().filter(|m| **m != Method::Ros3P) {
        for width in [1e-9, 1e-3, 1.0, 30.0] {
            let system = Leaky { start: 437.1, width, tau: 20.0 };
            let step = if method.is_adaptive() { adaptive() } else { StepSize::Fixed(0.1) };
            let times = [437.0, 437.1, 437.1 + width, 470.0, 1000.0];
            // Interpolation is not under the tolerance: keep it on a short leash.
            let options = Options { dt_max: 20.0, ..Options::save_at(times) };
            let solution = solve(&system, method, step, (0.0, 1000.0), &[0.0], &options).unwrap();
            let tolerance = match method.order() {
                1 => 6e-3,
                2 => 2e-5,
                _ => 2e-6,
            };
            for (k, &t) in times.iter().enumerate() {
                let error = (solution.state(k)[0] - system.exact(t)).abs();
                assert!(error < tolerance, "{method}, width {width}, t {t}: {error}");
            }
        }
    }
}

#[test]
fn a_step_that_ends_at_an_edge_does_not_see_what_follows() {
    // Without the half-open segments the last stage before the edge would already see the jump.
    let jump = FnSystem::new(1, |t, _y, dy| dy[0] = if t < 1.0 { 1.0 } else { -1000.0 }).with_stops([1.0]);
    for &method in Method::ALL {
        let options = Options { save_at: SaveAt::Times(vec![0.99999, 1.0, 2.0]), ..Options::default() };
        for step in [StepSize::Fixed(0.5), StepSize::Fixed(0.37), adaptive()] {
            if !method.is_adaptive() && matches!(step, StepSize::Adaptive(_)) {
                continue;
            }
            let solution = solve(&jump, method, step, (0.0, 2.0), &[0.0], &options).unwrap();
            for (y, expected) in solution.column(0).zip([0.99999, 1.0, -999.0]) {
                assert!((y - expected).abs() < 1e-9, "{method}: {y} instead of {expected}");
            }
        }
    }
}

#[test]
fn a_time_dependent_current_is_differentiated_on_its_own_side_of_an_edge() {
    let ramp = FnSystem::new(1, |t, y, dy| dy[0] = -1e4 * (y[0] - if t < 1.0 { t } else { 100.0 - t }))
        .with_stops([1.0]);
    let options = Options::save_at([0.5, 1.0, 1.5, 3.0]);
    let solution = solve(&ramp, Method::Rodas5P, adaptive(), (0.0, 3.0), &[0.0], &options).unwrap();
    // y follows the ramp at a distance of its slope over the rate.
    for (y, expected) in solution.column(0).zip([0.5 - 1e-4, 1.0 - 1e-4, 98.5 + 1e-4, 97.0 + 1e-4]) {
        assert!((y - expected).abs() < 1e-6, "{y} instead of {expected}");
    }
}

#[test]
fn stops_of_the_options_count_as_well() {
    let jump = FnSystem::new(1, |t, _y, dy| dy[0] = f64::from(u8::from((0.3..0.3001).contains(&t))));
    let options = Options { stops: vec![0.3001, 0.3, 7.0, -1.0, 0.3], ..Options::end() };
    let solution = solve(&jump, Method::Tsit5, adaptive(), (0.0, 1.0), &[0.0], &options).unwrap();
    assert_abs_diff_eq!(solution.last()[0], 1e-4, epsilon = 1e-9);
}

#[test]
fn fixed_steps_land_on_stops_and_end() {
    let options = Options { stops: vec![0.25], ..Options::default() };
    let solution =
        solve(&Circle, Method::Heun, StepSize::Fixed(0.1), (0.0, 1.0), &Circle::exact(0.0), &options)
            .unwrap();
    let expected = [0.0, 0.1, 0.2, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0];
    assert_eq!(solution.len(), expected.len());
    for (t, e) in solution.t.iter().zip(expected) {
        assert_abs_diff_eq!(*t, e, epsilon = 1e-15);
    }
    assert_eq!((solution.t[3], solution.t[11]), (0.25, 1.0));
    // 0.1 is not a binary fraction: the number of steps must not suffer.
    let long = solve(
        &Circle,
        Method::ExplicitEuler,
        StepSize::Fixed(0.01),
        (0.0, 50.0),
        &Circle::exact(0.0),
        &Options::default(),
    )
    .unwrap();
    assert_eq!((long.len(), long.stats.accepted, long.stats.rhs), (5001, 5000, 5000));
}

#[test]
fn times_are_recorded_exactly_and_do_not_change_the_steps() {
    fn run(system: &dyn Linearize, y0: &[f64], save_at: SaveAt) -> ode_solvers::Solution {
        let options = Options { save_at, ..Options::default() };
        solve(system, Method::Rodas5P, adaptive(), (0.0, 3.0), y0, &options).unwrap()
    }
    let y0 = Driven::exact(0.0);
    let every = run(&Driven, &y0, SaveAt::EveryStep);
    let end = run(&Driven, &y0, SaveAt::End);
    let times: Vec<f64> = (0..=300).map(|k| f64::from(k) * 0.01).collect();
    let at = run(&Driven, &y0, SaveAt::Times(times.clone()));
    assert_eq!(at.t, times);
    assert_eq!((every.stats, end.stats), (at.stats, at.stats));
    assert_eq!((every.last(), end.last()), (at.last(), at.last()));
    assert_eq!((end.len(), every.t[0], at.state(0)), (1, 0.0, y0.as_slice()));
    for (k, &t) in times.iter().enumerate() {
        for (y, e) in at.state(k).iter().zip(Driven::exact(t)) {
            assert_abs_diff_eq!(*y, e, epsilon = 1e-6);
        }
    }
}
