//! Generalized Rush–Larsen steps against their definition.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::{Circle, HodgkinHuxley};
use approx::assert_relative_eq;
use ode_solvers::problems::{Hires, Problem};
use ode_solvers::{FnSystem, Linearize, Method, Options, StepSize, solve};

fn step(system: &dyn Linearize, method: Method, y: &[f64], dt: f64) -> Vec<f64> {
    solve(system, method, StepSize::Fixed(dt), (0.0, dt), y, &Options::end()).unwrap().last().to_vec()
}

fn check(system: &dyn Linearize, y: &[f64], dt: f64) {
    let n = y.len();
    let (mut f, mut jacobian) = (vec![0.0; n], vec![0.0; n * n]);
    system.rhs(0.0, y, &mut f);
    system.jacobian(0.0, y, &mut jacobian);
    let first = step(system, Method::GeneralizedRushLarsen1, y, dt);
    for i in 0..n {
        let a = jacobian[i + i * n];
        let factor = if a == 0.0 { dt } else { (a * dt).exp_m1() / a };
        assert_relative_eq!(first[i], y[i] + factor * f[i], max_relative = 1e-14, epsilon = 1e-300);
    }
    // A system that does not know its structure takes the diagonal of the whole Jacobian.
    let dense = FnSystem::new(n, |t, y, dy| system.rhs(t, y, dy))
        .autonomous()
        .with_jacobian(|t, y, j| system.jacobian(t, y, j));
    for method in [Method::GeneralizedRushLarsen1, Method::GeneralizedRushLarsen2] {
        for (a, b) in step(system, method, y, dt).iter().zip(step(&dense, method, y, dt)) {
            assert_relative_eq!(*a, b, max_relative = 1e-14);
        }
    }
}

#[test]
fn a_step_is_exact_for_each_equation_on_its_own() {
    check(&HodgkinHuxley, &[-52.0, 0.1, 0.5, 0.4], 0.01);
    check(&Circle, &Circle::exact(0.4), 0.1);
    let y0 = Hires.describe().y0;
    check(&Hires, &y0, 0.01);
}

/// Explicit Euler and Rush–Larsen blow up with this step: the fast state is not a gate.
#[test]
fn what_relaxes_need_not_be_declared() {
    let fast = FnSystem::new(2, |_t, y: &[f64], dy: &mut [f64]| {
        dy[0] = -1e4 * (y[0] - y[1]);
        dy[1] = -y[1];
    })
    .autonomous()
    .with_jacobian(|_t, _y, j| j.copy_from_slice(&[-1e4, 0.0, 1e4, -1.0]));
    let run = |method| {
        let end = solve(&fast, method, StepSize::Fixed(0.01), (0.0, 1.0), &[2.0, 1.0], &Options::end());
        end.map(|s| s.last()[0])
    };
    // Euler steps for what is no gate: a factor of −99 in each.
    assert!(run(Method::RushLarsen1).unwrap().abs() > 1e100);
    for method in [Method::GeneralizedRushLarsen1, Method::GeneralizedRushLarsen2] {
        assert_relative_eq!(run(method).unwrap(), (-1f64).exp(), epsilon = 0.02);
    }
}
