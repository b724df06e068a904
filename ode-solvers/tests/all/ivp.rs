//! Public test problems, against their end states, by every method that is meant for them.
//!
//! Errors are those of [`Description::error`]: the weighted maximum norm in units of the tolerance.
//! The local error is what a tolerance bounds. How much of it arrives at the end depends on the
//! problem: where nothing damps it, it adds up and is magnified.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use ode_solvers::problems::{self, Arenstorf, Description, E5, Problem, RingModulator, Robertson};
use ode_solvers::{Controller, Method, Norm, Options, StepSize, System, Tolerance, solve};

/// The error at the end.
fn error(problem: &dyn Problem, about: &Description, method: Method, rtol: f64) -> f64 {
    let step = StepSize::Adaptive(Tolerance::new(rtol, rtol * about.scale));
    let solution = solve(problem, method, step, about.span, &about.y0, &Options::end()).unwrap();
    about.error(solution.last(), rtol)
}

/// Methods for problems of any kind, of an order that is worth the tolerances here.
fn is_high_order(method: Method) -> bool {
    method.is_stiff() && method.order() >= 4
}

#[test]
fn stiff_problems_are_solved_within_ten_times_the_tolerance() {
    let mut count = 0;
    for problem in problems::all() {
        let about = problem.describe();
        if !about.is_stiff || about.name == RingModulator.describe().name {
            continue;
        }
        count += 1;
        for &method in Method::ALL.iter().filter(|m| is_high_order(**m)) {
            for rtol in [1e-4, 1e-6, 1e-8] {
                let error = error(&*problem, &about, method, rtol);
                assert!(error < 10.0, "{} by {method} at {rtol:.0e}: {error}", about.name);
            }
        }
        // The first choice follows the tolerance to the end.
        let error = error(&*problem, &about, Method::Rodas5P, 1e-10);
        assert!(error < 10.0, "{} at 1e-10: {error}", about.name);
    }
    assert_eq!(count, 11);
}

#[test]
fn methods_of_low_order_follow_at_a_distance() {
    // Their estimate belongs to an order lower than what adds up. ROS3P sees no error in what is
    // linear: the relaxation of the Oregonator goes wrong.
    for problem in problems::all() {
        let about = problem.describe();
        if !about.is_stiff || about.name == RingModulator.describe().name {
            continue;
        }
        for method in [Method::Trapezoid, Method::Rosenbrock23, Method::Ros3P, Method::Rodas3P] {
            if method == Method::Ros3P && about.name == "Oregonator" {
                continue;
            }
            // What is very stiff oscillates in the trapezoid, and its steps stay short.
            if method == Method::Trapezoid && ["Robertson", "E5", "Pollution"].contains(&about.name) {
                continue;
            }
            let error = error(&*problem, &about, method, 1e-5);
            assert!(error < 1e3, "{} by {method}: {error}", about.name);
        }
    }
}

#[test]
fn problems_that_are_not_stiff_are_solved_by_explicit_pairs_and_implicit_methods() {
    for problem in problems::all() {
        let about = problem.describe();
        // Nothing damps errors in the sky: they grow with time, and at close encounters.
        let bound = match about.name {
            "Brusselator" => 30.0,
            "Driven" => 3.0,
            "Circle" => 600.0,
            "Pleiades" => 5e3,
            "Arenstorf" => 2e5,
            _ => continue,
        };
        let pairs = [Method::DormandPrince54, Method::Tsit5];
        for method in Method::ALL.iter().copied().filter(|m| pairs.contains(m) || is_high_order(*m)) {
            for rtol in [1e-6, 1e-8] {
                let error = error(&*problem, &about, method, rtol);
                assert!(error < bound, "{} by {method} at {rtol:.0e}: {error}", about.name);
            }
        }
        let error = error(&*problem, &about, Method::BogackiShampine32, 1e-6);
        assert!(error < 3.0 * bound, "{} by bs3: {error}", about.name);
    }
}

#[test]
fn the_ring_modulator_is_solved() {
    // Thousands of oscillations: errors of phase add up.
    let about = RingModulator.describe();
    for (method, rtol) in [(Method::Rodas5P, 1e-4), (Method::Rodas4, 1e-4), (Method::Rodas5P, 1e-5)] {
        let error = error(&RingModulator, &about, method, rtol);
        assert!(error < 100.0, "{method} at {rtol}: {error}");
    }
}

#[test]
fn every_problem_describes_itself() {
    let problems = problems::all();
    let mut names: Vec<&str> = problems.iter().map(|p| p.describe().name).collect();
    for problem in &problems {
        let about = problem.describe();
        assert_eq!((about.y0.len(), about.end.len()), (problem.dim(), problem.dim()), "{}", about.name);
        assert!(about.span.0 < about.span.1 && about.precision < 1e-8 && about.scale > 0.0);
        assert!(about.citation.len() > 20 && !about.name.is_empty());
        let mut slope = vec![0.0; problem.dim()];
        System::<f64>::rhs(&**problem, 0.37 * about.span.1, &about.y0, &mut slope);
        assert!(slope.iter().all(|f| f.is_finite()) && slope.iter().any(|&f| f != 0.0), "{}", about.name);
        // The norm sees what is wrong.
        assert_eq!(about.error(&about.end, 1e-6), 0.0);
        assert_eq!(about.error(&[], 1e-6), f64::INFINITY);
        let mut wrong = about.end.clone();
        wrong[0] = f64::NAN;
        assert!(about.error(&wrong, 1e-6).is_nan());
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), problems.len());
}

#[test]
fn laws_of_the_problems_hold_along_the_way() {
    let run = |problem: &dyn Problem| {
        let about = problem.describe();
        let step = StepSize::Adaptive(Tolerance::new(1e-9, 1e-9 * about.scale));
        solve(problem, Method::Rodas5P, step, about.span, &about.y0, &Options::default()).unwrap()
    };
    // Mass of Robertson's three species.
    let robertson = run(&Robertson::LONG);
    assert!((0..robertson.len()).all(|k| (robertson.state(k).iter().sum::<f64>() - 1.0).abs() < 1e-11));
    // The first species of E5 is only ever used up, as long as its tolerance sees it.
    let first: Vec<f64> = run(&E5).column(0).collect();
    assert!(first.windows(2).all(|w| w[1] <= w[0] || w[0] < 1e-20));
    // Jacobi's integral of the satellite.
    let arenstorf = run(&Arenstorf);
    let integral = |y: &[f64]| {
        let (moon, earth) = (0.012277471, 1.0 - 0.012277471);
        let (r1, r2) = ((y[0] + moon).hypot(y[1]), (y[0] - earth).hypot(y[1]));
        y[0] * y[0] + y[1] * y[1] + 2.0 * (earth / r1 + moon / r2) - y[2] * y[2] - y[3] * y[3]
    };
    let start = integral(arenstorf.state(0));
    assert!((0..arenstorf.len()).all(|k| (integral(arenstorf.state(k)) / start - 1.0).abs() < 1e-5));
}

/// Steps taken and thrown away, summed over the problems, and the largest error.
#[test]
fn the_work_of_every_controller_and_norm() {
    let controllers = [
        ("integral", Controller::INTEGRAL),
        ("PI", Controller::PI),
        ("PI42", Controller::PI42),
        ("H211PI", Controller::H211PI),
        ("H211b", Controller::H211B),
        ("H312PID", Controller::H312PID),
        ("PID", Controller::PID),
    ];
    let mut lines = vec!["method  rtol norm       control  accept reject  median error".to_owned()];
    for (method, rtol) in
        [(Method::Rodas5P, 1e-4), (Method::Rodas5P, 1e-7), (Method::Tsit5, 1e-4), (Method::Tsit5, 1e-7)]
    {
        for (norm, norm_name) in [(Norm::RootMeanSquare, "rms"), (Norm::Max, "max")] {
            for (name, controller) in controllers {
                let (mut accepted, mut rejected, mut errors) = (0, 0, Vec::new());
                for problem in problems::all() {
                    let about = problem.describe();
                    if about.is_stiff != method.is_stiff() || about.name == RingModulator.describe().name {
                        continue;
                    }
                    let tolerance = Tolerance::new(rtol, rtol * about.scale).with_norm(norm);
                    let options = Options { controller, ..Options::end() };
                    let step = StepSize::Adaptive(tolerance);
                    let solution = solve(&*problem, method, step, about.span, &about.y0, &options).unwrap();
                    accepted += solution.stats.accepted;
                    rejected += solution.stats.rejected;
                    errors.push(about.error(solution.last(), rtol));
                }
                errors.sort_by(f64::total_cmp);
                let median = errors[errors.len() / 2];
                lines.push(format!(
                    "{method:7} {rtol:.0e} {norm_name:10} {name:8} {accepted:6} {rejected:6}  {median:.1e}"
                ));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}
