//! Adaptive steps, against Rodas5P at tight tolerances.

use std::fmt::Write as _;

use core::ops::Range;

use super::program;
use ode_solvers::tableau::{
    RODAS3P, RODAS4, RODAS4P, RODAS5, RODAS5P, RODAS5PR, ROS3P, ROSENBROCK_23, RosenbrockTableau,
};
use ode_solvers::tape::{NotWritten, Precision, Source};
use ode_solvers::{Columns, FnSystem, Method, Options, Scalar, StepSize, Tolerance, solve};

/// An oscillator with a drive, and a rate of each member's own.
struct Oscillator;

impl Columns<f64> for Oscillator {
    const STATES: usize = 2;
    const PARAMETERS: usize = 2;
    fn len(&self) -> usize {
        0
    }
    fn parameter(&self, _: usize, _: Range<usize>, _: &mut [f64]) {}
    fn rhs<T: Scalar>(p: &[T], drive: T, y: &[T], dy: &mut [T], _: &mut [T]) {
        dy[0] = (y[0] - y[0].powi(3) / 3.0 - y[1]) * p[0].exp() + drive;
        dy[1] = y[0] * p[1];
    }
}

/// y' = y² + drive: leaves all bounds at the time 1/y.
struct Explosion;

impl Columns<f64> for Explosion {
    const STATES: usize = 1;
    const PARAMETERS: usize = 0;
    fn len(&self) -> usize {
        0
    }
    fn parameter(&self, _: usize, _: Range<usize>, _: &mut [f64]) {}
    fn rhs<T: Scalar>(_: &[T], drive: T, y: &[T], dy: &mut [T], _: &mut [T]) {
        dy[0] = y[0] * y[0] + drive;
    }
}

/// A gate that closes for ever, a clock, and a state that turns round when the clock says 1.
struct Switch;

impl Columns<f64> for Switch {
    const STATES: usize = 3;
    const PARAMETERS: usize = 0;
    fn len(&self) -> usize {
        0
    }
    fn parameter(&self, _: usize, _: Range<usize>, _: &mut [f64]) {}
    fn rhs<T: Scalar>(_: &[T], drive: T, y: &[T], dy: &mut [T], _: &mut [T]) {
        dy[0] = -y[0] * (y[2] + 1.0);
        dy[1] = drive;
        let (rises, falls) = (T::from(1.0), T::from(-1.0));
        dy[2] = T::select_lt(y[1], rises, rises, falls) - y[2] + y[0];
    }
}

/// What a function is called with.
#[derive(Clone)]
struct Call {
    name: String,
    edges: Vec<f64>,
    levels: Vec<f64>,
    rtol: f64,
    most: u32,
    each: Vec<f64>,
    y: Vec<f64>,
    states: usize,
}

/// What became of a member.
#[derive(Debug, Clone, PartialEq)]
struct Ended {
    y: Vec<f64>,
    reached: f64,
    status: i32,
    accepted: i32,
    rejected: i32,
}

/// A number as the prelude has it.
fn literal(x: f64) -> String {
    if x.is_nan() {
        "NOT_A_NUMBER".into()
    } else if x.is_infinite() {
        format!("({}INFINITE)", if x < 0.0 { "-" } else { "" })
    } else {
        format!("({x:?})")
    }
}

/// All calls as a program of C.
fn run(precision: Precision, texts: &str, calls: &[Call]) -> Vec<Vec<Ended>> {
    let list = |x: &[f64]| {
        let numbers: Vec<String> = x.iter().map(|&x| literal(x)).collect();
        numbers.join(", ")
    };
    let mut text = format!("{}{texts}#include <stdio.h>\nint main(void) {{\n", Source::prelude(precision));
    for call in calls {
        let Call { name, edges, levels, rtol, most, each, y, states } = call;
        let n = y.len() / states;
        let _ = write!(
            text,
            "  {{ double edges[] = {{{}}}; REAL levels[] = {{{}}}, atol[] = {{{}}}, each[] = {{{}}}, y[] = {{{}}};\n    \
             double reached[{n}]; int report[{}];\n    \
             {name}({n}, {}, edges, levels, (REAL){rtol:?}, atol, {most}, each, y, reached, report);\n    \
             for (int m = 0; m < {n}; m++) {{\n      \
             printf(\"%.17g %d %d %d\", reached[m], report[m], report[{n} + m], report[2 * {n} + m]);\n      \
             for (int i = 0; i < {states}; i++) printf(\" %.17g\", (double)y[i * {n} + m]);\n      \
             printf(\"\\n\");\n    }} }}\n",
            list(edges),
            list(levels),
            list(&vec![1e-3 * rtol; *states]),
            list(each),
            list(y),
            3 * n,
            levels.len(),
        );
    }
    text += "  return 0;\n}\n";
    let found = program("adaptive", &text);
    let mut lines = found.lines();
    let mut member = || {
        let numbers: Vec<f64> = lines.next().unwrap().split(' ').map(|x| x.parse().unwrap()).collect();
        let count = |k: usize| numbers[k] as i32;
        let [status, accepted, rejected] = [1, 2, 3].map(count);
        Ended { y: numbers[4..].to_vec(), reached: numbers[0], status, accepted, rejected }
    };
    calls.iter().map(|call| (0..call.y.len() / call.states).map(|_| member()).collect()).collect()
}

const EDGES: [f64; 4] = [-1.0, 0.5, 0.75, 12.0];
const LEVELS: [f64; 3] = [0.0, 1.0, -0.25];
/// Three members: how strongly they are driven, their rate, their states.
const EACH: [f64; 6] = [0.0, 2.0, 5.0, 1.0, 3.0, 4.0];
const START: [f64; 6] = [0.5, -1.0, 1.5, 0.0, 0.3, -0.2];

fn oscillators(name: &str, rtol: f64) -> Call {
    Call {
        name: name.into(),
        edges: EDGES.to_vec(),
        levels: LEVELS.to_vec(),
        rtol,
        most: 100_000,
        each: EACH.to_vec(),
        y: START.to_vec(),
        states: 2,
    }
}

/// The equations of member `m` between two edges.
fn stretch(m: usize, level: f64) -> FnSystem<impl Fn(f64, &[f64], &mut [f64]) + Sync> {
    let p = [EACH[3 + m], 0.5];
    let rhs = move |_, y: &[f64], dy: &mut [f64]| {
        Oscillator::rhs(&p, level * EACH[m], y, dy, &mut [0.0; 2]);
    };
    FnSystem::new(2, rhs).autonomous()
}

/// Member `m` at the end, by Rodas5P.
fn exact(m: usize) -> Vec<f64> {
    let mut y = vec![START[m], START[3 + m]];
    for (k, level) in LEVELS.into_iter().enumerate() {
        let step = StepSize::Adaptive(Tolerance::new(1e-11, 1e-13));
        let found =
            solve(&stretch(m, level), Method::Rodas5P, step, (EDGES[k], EDGES[k + 1]), &y, &Options::end());
        y = found.unwrap().last().to_vec();
    }
    y
}

fn worst(found: &[Ended]) -> f64 {
    let of = |(m, found): (usize, &Ended)| {
        assert_eq!((found.status, found.reached), (0, EDGES[3]), "member {m}: {found:?}");
        found.y.iter().zip(exact(m)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    found.iter().enumerate().map(of).fold(0.0, f64::max)
}

fn written(name: &str, tableau: &RosenbrockTableau, precision: Precision) -> String {
    let source = Source::adaptive::<f64, Oscillator>(name, &[None, Some(0.5)], None, tableau, precision);
    let source = source.unwrap();
    assert_eq!((source.states(), source.own()), (2, 2));
    assert!(source.operations().flops() > 50);
    assert!(!source.text().contains('@'), "a word was left: {}", source.text());
    source.text().to_owned()
}

#[test]
fn every_method_comes_closer_as_the_tolerance_tightens() {
    let tables = [&ROSENBROCK_23, &ROS3P, &RODAS3P, &RODAS4, &RODAS4P, &RODAS5, &RODAS5P];
    for (precision, tolerances, floor) in [
        (Precision::Single, &[1e-2, 1e-3, 1e-4][..], 1e-5),
        (Precision::Double, &[1e-3, 1e-5, 1e-7, 1e-9][..], 0.0),
    ] {
        let mut text = String::new();
        let mut calls = Vec::new();
        for (k, tableau) in tables.iter().enumerate() {
            text += &written(&format!("f{k}"), tableau, precision);
            calls.extend(tolerances.iter().map(|rtol| oscillators(&format!("f{k}"), *rtol)));
        }
        let found = run(precision, &text, &calls);
        for (found, tableau) in found.chunks(tolerances.len()).zip(tables) {
            let errors: Vec<f64> = found.iter().map(|f| worst(f)).collect();
            for pair in errors.windows(2) {
                assert!(pair[1] < pair[0].max(floor), "{}: {errors:?}", tableau.name);
            }
            let last = tolerances[tolerances.len() - 1];
            assert!(errors[errors.len() - 1] < 1e4 * last, "{}: {errors:?}", tableau.name);
        }
    }
}

/// Not the same numbers, since sums are ordered otherwise, but the same decisions.
#[test]
fn steps_are_as_many_as_the_solver_takes() {
    let found = run(Precision::Double, &written("f", &RODAS4, Precision::Double), &[oscillators("f", 1e-6)]);
    for (m, member) in found[0].iter().enumerate() {
        let mut taken = 0;
        let mut y = vec![START[m], START[3 + m]];
        for (k, level) in LEVELS.into_iter().enumerate() {
            let step = StepSize::Adaptive(Tolerance::new(1e-6, 1e-9));
            let system = stretch(m, level);
            let found = solve(&system, Method::Rodas4, step, (EDGES[k], EDGES[k + 1]), &y, &Options::end());
            let found = found.unwrap();
            y = found.last().to_vec();
            taken += found.stats.accepted;
        }
        let accepted = f64::from(member.accepted);
        assert!((accepted / taken as f64 - 1.0).abs() < 0.05, "{accepted} steps, {taken} by the solver");
    }
}

#[test]
fn members_know_nothing_of_each_other() {
    for precision in [Precision::Single, Precision::Double] {
        let all = oscillators("f", 1e-4);
        let alone = |m: usize| Call {
            each: vec![EACH[m], EACH[3 + m]],
            y: vec![START[m], START[3 + m]],
            ..all.clone()
        };
        let calls = [all.clone(), alone(0), alone(1), alone(2)];
        let found = run(precision, &written("f", &RODAS3P, precision), &calls);
        for m in 0..3 {
            assert_eq!(found[0][m], found[1 + m][0]);
        }
        // They do take steps of their own.
        assert_ne!(found[0][0].accepted, found[0][2].accepted);
    }
}

#[test]
fn no_pulse_is_stepped_over() {
    // From rest, a blow of a millionth of the time.
    let call = Call {
        edges: vec![0.0, 5.0, 5.000_001, 5.000_002],
        levels: vec![0.0, 1e6, 0.0],
        each: vec![0.5],
        y: vec![0.0],
        states: 1,
        ..oscillators("f", 1e-4)
    };
    for precision in [Precision::Single, Precision::Double] {
        let source = Source::adaptive::<f64, Explosion>("f", &[], None, &RODAS3P, precision).unwrap();
        let found = run(precision, source.text(), std::slice::from_ref(&call));
        let Ended { y, reached, status, .. } = &found[0][0];
        assert_eq!((*status, *reached), (0, 5.000_002));
        assert!((y[0] - 0.5).abs() < 1e-5, "{y:?}");
    }
}

#[test]
fn whoever_does_not_arrive_says_why_and_keeps_a_good_state() {
    for precision in [Precision::Single, Precision::Double] {
        let few = Call { most: 5, ..oscillators("f", 1e-4) };
        let mut lost = oscillators("f", 1e-4);
        lost.each[4] = f64::NAN;
        let mut started_lost = oscillators("f", 1e-4);
        started_lost.y[0] = f64::INFINITY;
        let explosion = Call {
            name: "g".into(),
            edges: vec![0.0, 2.0],
            levels: vec![0.0],
            each: vec![0.0, 0.0],
            y: vec![1.0, 0.25],
            states: 1,
            ..oscillators("g", 1e-4)
        };
        let text = written("f", &RODAS3P, precision);
        let other = Source::adaptive::<f64, Explosion>("g", &[], None, &RODAS3P, precision).unwrap();
        let text = text + other.text();
        let found = run(precision, &text, &[few, lost, started_lost, explosion]);
        for member in &found[0] {
            assert_eq!((member.status, member.accepted + member.rejected), (1, 5), "{member:?}");
            assert!(member.reached > EDGES[0] && member.reached < EDGES[3]);
            assert!(member.y.iter().all(|y| y.is_finite()));
        }
        let statuses = |k: usize| found[k].iter().map(|m| m.status).collect::<Vec<_>>();
        assert_eq!((statuses(1), statuses(2)), (vec![0, 3, 0], vec![3, 0, 0]));
        assert_eq!((found[1][1].reached, found[1][1].accepted), (EDGES[0], 0));
        let kept = |y: f64| if precision == Precision::Single { f64::from(y as f32) } else { y };
        assert_eq!(found[1][1].y, [START[1], START[4]].map(kept));
        // The one that explodes ends just before it does, the other arrives.
        let [exploded, other] = [&found[3][0], &found[3][1]];
        assert!(exploded.status >= 2 && (exploded.reached - 1.0).abs() < 1e-3, "{exploded:?}");
        assert!(exploded.y[0].is_finite() && exploded.y[0] > 1e3);
        assert!(other.status == 0 && (other.y[0] - 0.5).abs() < 1e-4, "{other:?}");
    }
}

/// Short steps at a jump, with a state that single precision has few digits left for.
#[test]
fn a_state_that_is_nearly_nothing_makes_no_factorisation_look_bad() {
    let starts: Vec<f64> = (0..60).map(|k| 0.5_f64.powi(100 + k)).collect();
    let n = starts.len();
    let call = |method: usize, rtol: f64| Call {
        edges: vec![0.0, 2.0],
        levels: vec![1.0],
        most: 10_000,
        each: vec![1.0; n],
        y: [starts.clone(), vec![0.0; 2 * n]].concat(),
        states: 3,
        ..oscillators(&format!("f{method}"), rtol)
    };
    let tables = [&ROSENBROCK_23, &RODAS3P, &RODAS4, &RODAS5P];
    let calls: Vec<Call> =
        (0..tables.len()).flat_map(|k| [1e-3, 1e-4, 1e-5].map(|rtol| call(k, rtol))).collect();
    for precision in [Precision::Single, Precision::Double] {
        let written = |(k, tableau): (usize, &&RosenbrockTableau)| {
            Source::adaptive::<f64, Switch>(&format!("f{k}"), &[], None, tableau, precision).unwrap()
        };
        let text: String = tables.iter().enumerate().map(|t| written(t).text().to_owned()).collect();
        for (found, call) in run(precision, &text, &calls).iter().zip(&calls) {
            let arrive = found.iter().all(|member| member.status == 0);
            assert!(arrive, "{} {precision:?} {}: {found:?}", call.name, call.rtol);
        }
    }
}

#[test]
fn a_method_that_looks_within_its_steps_is_refused() {
    let refused = Source::adaptive::<f64, Explosion>("f", &[], None, &RODAS5PR, Precision::Double);
    assert_eq!(refused, Err(NotWritten::Residual { method: RODAS5PR.name }));
}
