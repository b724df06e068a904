//! The measured order of every method, at the ends of steps and between them.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::{Circle, Driven, ProtheroRobinson};
use ode_solvers::{Linearize, Method, Options, StepSize, solve};

/// The largest error at `times` with `steps` steps over (0, 2).
fn error(
    system: &dyn Linearize,
    method: Method,
    steps: u32,
    times: &[f64],
    exact: fn(f64) -> Vec<f64>,
) -> f64 {
    let step = StepSize::Fixed(2.0 / f64::from(steps));
    let solution = solve(system, method, step, (0.0, 2.0), &exact(0.0), &Options::save_at(times)).unwrap();
    let mut worst = 0.0f64;
    for (k, &t) in times.iter().enumerate() {
        for (y, e) in solution.state(k).iter().zip(exact(t)) {
            worst = worst.max((y - e).abs());
        }
    }
    worst
}

/// The order between `steps` and twice as many.
fn order(
    system: &dyn Linearize,
    method: Method,
    steps: u32,
    times: &[f64],
    exact: fn(f64) -> Vec<f64>,
) -> f64 {
    let coarse = error(system, method, steps, times, exact);
    let fine = error(system, method, 2 * steps, times, exact);
    (coarse / fine).log2()
}

#[test]
fn every_method_has_its_order() {
    for &method in Method::ALL {
        let p = f64::from(method.order());
        // Fine enough for the leading term, coarse enough for rounding.
        let steps = match method.order() {
            0..4 => 256,
            4..8 => 128,
            _ => 8,
        };
        let measured = order(&Circle, method, steps, &[2.0], Circle::exact);
        assert!((measured - p).abs() < 0.2, "{method}: {measured}");
        // Where time enters. Some methods are lucky with this problem.
        let steps = match method.order() {
            0..5 => 128,
            5..8 => 64,
            _ => 5,
        };
        let measured = order(&Driven, method, steps, &[2.0], Driven::exact);
        assert!(measured > p - 0.2, "{method}, driven: {measured}");
    }
}

#[test]
fn every_method_has_its_order_between_steps() {
    // No multiple of any step.
    let times: Vec<f64> = (1..60).map(|k| 2.0 * f64::from(k) / 61.0).collect();
    for &method in Method::ALL {
        let p = f64::from(method.dense_order());
        for steps in if method.dense_order() < 7 { [64, 128] } else { [8, 12] } {
            let measured = order(&Circle, method, steps, &times, Circle::exact);
            assert!(measured > p - 0.25, "{method}: {measured}");
            let measured = order(&Driven, method, steps, &times, Driven::exact);
            assert!(measured > p - 0.25, "{method}, driven: {measured}");
        }
    }
}

#[test]
fn rodas5p_keeps_its_order_where_others_lose_it() {
    let system = ProtheroRobinson { lambda: -1e6 };
    let exact = |t: f64| vec![(core::f64::consts::FRAC_PI_4 + t).sin()];
    let measured = order(&system, Method::Rodas5P, 8, &[2.0], exact);
    assert!((measured - 3.0).abs() < 0.2, "{measured}");
}
