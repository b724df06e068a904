//! The numbers in the guide are what the solvers do.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::HodgkinHuxley;
use ode_solvers::problems::{Brusselator, Hires, Oregonator, Pleiades, Pollution, Problem, VanDerPol};
use ode_solvers::{Linearize, Method, Options, StepSize, Tolerance, solve};

/// Problem, method, steps (thrown away), evaluations, Jacobians, error in units of the tolerance.
fn row(
    name: &str,
    system: &dyn Linearize,
    y0: &[f64],
    end: f64,
    method: Method,
    (rtol, scale): (f64, f64),
    error: &dyn Fn(&[f64]) -> f64,
) -> String {
    let step = StepSize::Adaptive(Tolerance::new(rtol, rtol * scale));
    let solution = solve(system, method, step, (0.0, end), y0, &Options::end()).unwrap();
    let s = solution.stats;
    let error = error(solution.last());
    let (steps, rhs) = (format!("{} ({})", s.accepted, s.rejected), s.rhs);
    format!("| {name} | `{method}` | {steps} | {rhs} | {} | {error:.1} |", s.jacobian)
}

fn table() -> Vec<String> {
    let mut rows = Vec::new();
    let rtol = 1e-6;
    let stiff: [&dyn Problem; 4] = [&VanDerPol, &Oregonator, &Hires, &Pollution];
    for problem in stiff {
        let about = problem.describe();
        for method in [Method::Rosenbrock23, Method::Rodas4, Method::Rodas5P, Method::Tsit5] {
            // On the others an explicit method would take millions of steps.
            if method == Method::Tsit5 && about.name != "HIRES" {
                continue;
            }
            let error = |y: &[f64]| about.error(y, rtol);
            let tolerance = (rtol, about.scale);
            rows.push(row(about.name, problem, &about.y0, about.span.1, method, tolerance, &error));
        }
    }
    let others: [&dyn Problem; 2] = [&Brusselator, &Pleiades];
    for problem in others {
        let about = problem.describe();
        for method in [Method::BogackiShampine32, Method::DormandPrince54, Method::Tsit5, Method::Rodas5P] {
            let error = |y: &[f64]| about.error(y, rtol);
            rows.push(row(about.name, problem, &about.y0, about.span.1, method, (rtol, about.scale), &error));
        }
    }
    // The axon of 1952, firing for 50 ms.
    let y0 = [-65.0, 0.05, 0.6, 0.32];
    let tight = StepSize::Adaptive(Tolerance::new(1e-13, 1e-13));
    let exact = solve(&HodgkinHuxley, Method::Tsit5, tight, (0.0, 50.0), &y0, &Options::end()).unwrap();
    for method in [Method::BogackiShampine32, Method::DormandPrince54, Method::Tsit5, Method::Rodas5P] {
        let error = |y: &[f64]| {
            let scaled = |(y, e): (&f64, &f64)| (y - e).abs() / (rtol * (1.0 + e.abs()));
            y.iter().zip(exact.last()).map(scaled).fold(0.0, f64::max)
        };
        rows.push(row("axon", &HodgkinHuxley, &y0, 50.0, method, (rtol, 1.0), &error));
    }
    rows
}

#[test]
fn the_table_is_what_the_solvers_do() {
    let guide = include_str!("../../guide/choose_a_solver.md");
    let rows = table();
    let missing: Vec<&String> = rows.iter().filter(|row| !guide.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "put these rows into the guide:\n{}", rows.join("\n"));
}
