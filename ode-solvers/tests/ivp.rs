//! Public test problems, against their published end values.
//!
//! Equations and end values: Test Set for IVP Solvers (F. Mazzia & C. Magherini, University of Bari,
//! <https://archimede.uniba.it/~testset/>), the end values recomputed in binary128 with Hairer's
//! RADAU5 and rounded to f64; Robertson's at t = 40, which the set doesn't list, from the same
//! computation.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

mod common;

use common::problems::{Hires, Oregonator, Pollution, Problem, Robertson, VanDerPol};
use ode_solvers::{Linearize, Method, Options, StepSize, Tolerance, solve};

/// The largest error in units of `atol + rtol·|reference|`.
fn error(problem: &(impl Problem + Linearize), method: Method, rtol: f64) -> f64 {
    let atol = rtol * problem.scale();
    let step = StepSize::Adaptive(Tolerance::new(rtol, atol));
    let (y0, end, reference) = problem.reference();
    let solution = solve(problem, method, step, (0.0, end), &y0, &Options::end()).unwrap();
    let scaled = |(y, r): (&f64, &f64)| (y - r).abs() / (atol + rtol * r.abs());
    solution.last().iter().zip(&reference).map(scaled).fold(0.0, f64::max)
}

fn check(problem: &(impl Problem + Linearize), name: &str) {
    for rtol in [1e-4, 1e-6, 1e-8, 1e-10] {
        let error = error(problem, Method::Rodas5P, rtol);
        assert!(error < 10.0, "{name} at {rtol}: {error}");
    }
    // Both meant for stiff systems and of high order: the others follow the tolerance less closely.
    for method in [Method::Rodas4, Method::Rodas4P, Method::Rodas5, Method::Rodas5Pe, Method::Rodas5Pr] {
        let error = error(problem, method, 1e-7);
        assert!(error < 10.0, "{name} by {method}: {error}");
    }
}

#[test]
fn robertson_is_solved() {
    check(&Robertson { end: 40.0 }, "Robertson 40");
    check(&Robertson { end: 1e11 }, "Robertson");
}

#[test]
fn van_der_pol_is_solved() {
    check(&VanDerPol, "Van der Pol");
}

#[test]
fn hires_is_solved() {
    check(&Hires, "HIRES");
}

#[test]
fn the_oregonator_is_solved() {
    check(&Oregonator, "Oregonator");
}

#[test]
fn the_pollution_problem_is_solved() {
    check(&Pollution, "Pollution");
}
