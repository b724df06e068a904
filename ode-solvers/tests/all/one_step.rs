//! One step of the Rosenbrock methods against steps computed with 50 digits.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::HodgkinHuxley;
use ode_solvers::{Embedded, Linearize, Method, Rosenbrock, Statistics, Step, Stepper, System, tableau};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn assert_close(found: &[f64], expected: &[f64], relative: f64, absolute: f64, what: &str) {
    for (x, e) in found.iter().zip(expected) {
        assert!((x - e).abs() <= relative * e.abs() + absolute, "{what}: {found:?} instead of {expected:?}");
    }
}

#[test]
fn a_step_equals_one_computed_with_fifty_digits() {
    let data: Value = serde_json::from_str(include_str!("../data/one_step_hodgkin_huxley.json")).unwrap();
    let y0 = numbers(&data["y0"]);
    let mut slope = [0.0; 4];
    System::<f64>::rhs(&HodgkinHuxley, 0.0, &y0, &mut slope);
    assert_close(&slope, &numbers(&data["slope"]), 1e-13, 1e-17, "slope");
    let steps = data["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 12);
    for expected in steps {
        let method: Method = expected["method"].as_str().unwrap().parse().unwrap();
        let tableau = match method {
            Method::Rodas5P => &tableau::RODAS5P,
            Method::Rodas5Pe => &tableau::RODAS5PE,
            Method::Rodas5 => &tableau::RODAS5,
            Method::Rodas4 => &tableau::RODAS4,
            Method::Ros3P => &tableau::ROS3P,
            Method::Rodas3P => &tableau::RODAS3P,
            other => panic!("{other}"),
        };
        let mut stepper = Rosenbrock::new(tableau, 4);
        check(&HodgkinHuxley, &mut stepper, method, &y0, expected);
    }
}

fn check(system: &dyn Linearize, stepper: &mut Rosenbrock, method: Method, y0: &[f64], expected: &Value) {
    let step = Step::new(0.0, expected["dt"].as_f64().unwrap());
    let mut stats = Statistics::default();
    let mut y1 = [0.0; 4];
    stepper.step(system, step, y0, &mut y1, &mut stats).unwrap();
    assert_close(&y1, &numbers(&expected["y1"]), 2e-15, 0.0, method.name());
    // A small difference of large stages: it carries the rounding of the state.
    for (i, (found, exact)) in
        Embedded::<dyn Linearize, f64>::error(stepper).iter().zip(numbers(&expected["error"])).enumerate()
    {
        let rounding = 1e-12 * exact.abs() + 1e-15 * y0[i].abs();
        assert!((found - exact).abs() <= rounding, "{method}, error {i}: {found} instead of {exact}");
    }
    if !expected["middle"].is_null() {
        let mut middle = [0.0; 4];
        stepper.prepare_dense(system, step, y0, &y1, &mut stats);
        Stepper::<dyn Linearize, f64>::interpolate(stepper, step, 0.5, y0, &y1, &mut middle);
        assert_close(&middle, &numbers(&expected["middle"]), 2e-15, 0.0, method.name());
    }
}

/// The error of Rodas5Pr is the larger of Rodas5P's and what its interpolant misses the equation by
/// at the middle, found by a difference of the interpolant itself.
#[test]
fn the_residual_of_rodas5pr_is_that_of_its_interpolant() {
    let system: &dyn Linearize = &HodgkinHuxley;
    let mut stats = Statistics::default();
    let mut larger = [0, 0];
    for (y0, dt) in
        [([-60.0, 0.2, 0.5, 0.35], 0.5), ([-50.0, 0.1, 0.6, 0.32], 0.2), ([20.0, 0.9, 0.2, 0.6], 1.0)]
    {
        let step = Step::new(0.0, dt);
        let [mut y1, mut plain, mut a, mut b, mut middle, mut f] = [[0.0; 4]; 6];
        let mut p = Rosenbrock::new(&tableau::RODAS5P, 4);
        p.step(system, step, &y0, &mut plain, &mut stats).unwrap();
        let mut r = Rosenbrock::new(&tableau::RODAS5PR, 4);
        r.step(system, step, &y0, &mut y1, &mut stats).unwrap();
        assert_eq!(y1, plain);
        r.prepare_dense(system, step, &y0, &y1, &mut stats);
        let at = |theta: f64, out: &mut [f64]| {
            Stepper::<dyn Linearize, f64>::interpolate(&r, step, theta, &y0, &y1, out);
        };
        at(0.5 - 1e-4, &mut a);
        at(0.5 + 1e-4, &mut b);
        at(0.5, &mut middle);
        system.rhs(0.5 * dt, &middle, &mut f);
        let plain = Embedded::<dyn Linearize, f64>::error(&p);
        let error = Embedded::<dyn Linearize, f64>::error(&r);
        for i in 0..4 {
            let residual = (b[i] - a[i]) / 2e-4 - dt * f[i];
            let dominates = residual.abs() > plain[i].abs();
            larger[usize::from(dominates)] += 1;
            let expected = if dominates { residual } else { plain[i] };
            assert!(
                (error[i] - expected).abs() < 1e-5 * (expected.abs() + 1e-3),
                "{i}: {} {expected}",
                error[i]
            );
        }
    }
    assert!(larger[0] > 0 && larger[1] > 0, "{larger:?}");
}
