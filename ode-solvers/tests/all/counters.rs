//! The work that solves take, under snapshot: a change of cost is a difference to look at.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::{Circle, HodgkinHuxley};
use ode_solvers::problems::{Hires, Oregonator, Problem, Robertson, VanDerPol};
use ode_solvers::{Linearize, Method, Options, StepSize, Tolerance, solve};

fn line(
    name: &str,
    system: &dyn Linearize,
    y0: &[f64],
    end: f64,
    scale: f64,
    method: Method,
    rtol: f64,
) -> String {
    let step = StepSize::Adaptive(Tolerance::new(rtol, rtol * scale));
    let s = solve(system, method, step, (0.0, end), y0, &Options::end()).unwrap().stats;
    format!(
        "{name:12} {method:12} {rtol:.0e} {:6} {:6} {:6} {:6} {:6} {:6}",
        s.accepted, s.rejected, s.rhs, s.jacobian, s.factorisations, s.solves
    )
}

fn stiff(lines: &mut Vec<String>, name: &str, problem: &dyn Problem) {
    let about = problem.describe();
    for method in [Method::Rodas4, Method::Rodas5P, Method::Rodas5Pe, Method::Rodas5Pr] {
        for rtol in [1e-4, 1e-7] {
            lines.push(line(name, problem, &about.y0, about.span.1, about.scale, method, rtol));
        }
    }
}

#[test]
fn the_work_of_a_solve() {
    let mut lines =
        vec!["problem      method        rtol accept reject    rhs  jacob factor  solve".to_owned()];
    stiff(&mut lines, "Robertson", &Robertson::LONG);
    stiff(&mut lines, "Van der Pol", &VanDerPol);
    stiff(&mut lines, "HIRES", &Hires);
    stiff(&mut lines, "Oregonator", &Oregonator);
    for method in
        [Method::BogackiShampine32, Method::DormandPrince54, Method::Tsit5, Method::Dop853, Method::Rodas5P]
    {
        for rtol in [1e-4, 1e-7] {
            lines.push(line("Circle", &Circle, &Circle::exact(0.0), 20.0, 1.0, method, rtol));
            let axon = [-65.0, 0.05, 0.6, 0.32];
            lines.push(line("axon", &HodgkinHuxley, &axon, 50.0, 1.0, method, rtol));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}
