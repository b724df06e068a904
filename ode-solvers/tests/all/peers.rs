//! An independent solver on the same problems: diffsol's BDF and Tsitouras methods.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use std::cell::RefCell;

use crate::common::HodgkinHuxley;
use diffsol::{
    NalgebraLU, NalgebraMat, NalgebraVec, OdeBuilder, OdeEquations, OdeSolverMethod, OdeSolverStopReason,
    VectorCommon,
};
use ode_solvers::problems::{Hires, Problem};
use ode_solvers::{Linearize, Method, Options, StepSize, Tolerance, solve};

/// diffsol's methods that ours are held against.
enum Theirs {
    Bdf,
    Tsit45,
}

/// The end state by diffsol, with the exact Jacobian. One function for all systems: diffsol's are generic in all that
/// they are given.
fn theirs(system: &dyn Linearize, method: Theirs, y0: &[f64], end: f64, rtol: f64, atol: f64) -> Vec<f64> {
    let n = y0.len();
    let matrix = RefCell::new(vec![0.0; n * n]);
    let problem = OdeBuilder::<NalgebraMat<f64>>::new()
        .rtol(rtol)
        .atol([atol])
        .p([0.0])
        .rhs_implicit(
            |y: &[f64], _p: &[f64], t: f64, dy: &mut [f64]| system.rhs(t, y, dy),
            |y: &[f64], _p: &[f64], t: f64, v: &[f64], jv: &mut [f64]| {
                let mut matrix = matrix.borrow_mut();
                system.jacobian(t, y, &mut matrix);
                jv.fill(0.0);
                for (column, v) in matrix.chunks_exact(n).zip(v) {
                    for (jv, a) in jv.iter_mut().zip(column) {
                        *jv += a * v;
                    }
                }
            },
        )
        .init(|_p: &[f64], _t: f64, y: &mut [f64]| y.copy_from_slice(y0), n)
        .build()
        .unwrap();
    match method {
        Theirs::Bdf => finish(problem.bdf::<NalgebraLU<f64>>().unwrap(), end),
        Theirs::Tsit45 => finish(problem.tsit45().unwrap(), end),
    }
}

fn finish<'e, E, M>(mut solver: M, end: f64) -> Vec<f64>
where
    E: OdeEquations<T = f64, V = NalgebraVec<f64>> + 'e,
    M: OdeSolverMethod<'e, E>,
{
    solver.set_stop_time(end).unwrap();
    while !matches!(solver.step().unwrap(), OdeSolverStopReason::TstopReached) {}
    solver.state().y.inner().as_slice().to_vec()
}

fn ours(system: &dyn Linearize, method: Method, y0: &[f64], end: f64, rtol: f64, atol: f64) -> Vec<f64> {
    let step = StepSize::Adaptive(Tolerance::new(rtol, atol));
    solve(system, method, step, (0.0, end), y0, &Options::end()).unwrap().y
}

#[test]
fn diffsol_agrees_on_hires() {
    let hires = Hires.describe();
    let (y0, end) = (hires.y0, hires.span.1);
    let theirs = theirs(&Hires, Theirs::Bdf, &y0, end, 1e-8, 1e-12);
    let ours = ours(&Hires, Method::Rodas5P, &y0, end, 1e-8, 1e-12);
    for (a, b) in ours.iter().zip(&theirs) {
        assert!((a - b).abs() < 1e-5 * b.abs(), "{ours:?} {theirs:?}");
    }
}

#[test]
fn diffsol_agrees_on_an_axon() {
    let y0 = [-65.0, 0.05, 0.6, 0.32];
    let theirs = theirs(&HodgkinHuxley, Theirs::Tsit45, &y0, 25.0, 1e-9, 1e-10);
    for method in [Method::Tsit5, Method::DormandPrince54, Method::Rodas5P, Method::Rodas4] {
        let ours = ours(&HodgkinHuxley, method, &y0, 25.0, 1e-9, 1e-10);
        for (a, b) in ours.iter().zip(&theirs) {
            assert!((a - b).abs() < 1e-5 * b.abs(), "{method}: {ours:?} {theirs:?}");
        }
    }
}
