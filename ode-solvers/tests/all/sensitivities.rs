//! Forward sensitivities against formulas and against differences of solves at tight tolerances.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use ode_solvers::{
    ErrorControl, Instance, Mass, Method, Options, Over, Parametric, SaveAt, Scalar, SolveError, StateSpace,
    StepSize, Tolerance, Wanted, sensitivities, solve,
};

macro_rules! parametric {
    ($system:ident, $dim:literal, |$p:ident, $y:ident, $dy:ident, $P:ident, $T:ident| $body:block) => {
        struct $system;
        impl StateSpace for $system {
            fn dim(&self) -> usize {
                $dim
            }
            fn is_autonomous(&self) -> bool {
                true
            }
        }
        impl Parametric for $system {
            fn rhs<$P: Scalar, $T: Scalar + Over<$P>>(&self, $p: &[$P], _t: f64, $y: &[$T], $dy: &mut [$T]) $body
        }
    };
}

// Growth with a limit: r, K.
parametric!(Logistic, 1, |p, y, dy, P, T| {
    dy[0] = y[0] * (-(y[0] / p[1]) + 1.0) * p[0];
});

// Two decays in a row: k₁, k₂.
parametric!(Chain, 2, |p, y, dy, P, T| {
    let flow = y[0] * p[0];
    dy[0] = -flow;
    dy[1] = flow - y[1] * p[1];
});

// Robertson: k₁, k₂, k₃.
parametric!(Robertson, 3, |p, y, dy, P, T| {
    let (a, b, c) = (y[0] * p[0], y[1] * y[2] * p[2], y[1] * y[1] * p[1]);
    dy[0] = b - a;
    dy[1] = a - b - c;
    dy[2] = c;
});

/// x / (1 − e^(−x)), away from 0.
fn ramp<T: Scalar>(x: T) -> T {
    -x / (-x).exp_m1()
}

// An axon: g_Na, g_K, g_L, E_Na, the current.
parametric!(Axon, 4, |p, y, dy, P, T| {
    let [v, m, h, n] = [y[0], y[1], y[2], y[3]];
    let sodium = m.powi(3) * h * (v - p[3]) * p[0];
    let potassium = n.powi(4) * (v + 77.0) * p[1];
    dy[0] = -(sodium + potassium + (v + 54.4) * p[2]) + p[4];
    let (alpha, beta) = (ramp((v + 40.0) * 0.1), (-(v + 65.0) / 18.0).exp() * 4.0);
    dy[1] = alpha - (alpha + beta) * m;
    let (alpha, beta) = ((-(v + 65.0) * 0.05).exp() * 0.07, ((-(v + 35.0) * 0.1).exp() + 1.0).recip());
    dy[2] = alpha - (alpha + beta) * h;
    let (alpha, beta) = (ramp((v + 55.0) * 0.1) * 0.1, (-(v + 65.0) / 80.0).exp() * 0.125);
    dy[3] = alpha - (alpha + beta) * n;
});

const AXON: [f64; 5] = [120.0, 36.0, 0.3, 50.0, 10.0];
const REST: [f64; 4] = [-65.0, 0.05, 0.6, 0.32];

fn adaptive(rtol: f64, atol: f64) -> StepSize {
    StepSize::Adaptive(Tolerance::new(rtol, atol))
}

/// y, ∂y/∂r, ∂y/∂K and ∂y/∂y₀ of the logistic.
fn logistic(r: f64, k: f64, y0: f64, t: f64) -> [f64; 4] {
    let e = (-r * t).exp();
    let a = (k - y0) / y0;
    let d = 1.0 + a * e;
    let y = k / d;
    [y, k * a * t * e / (d * d), 1.0 / d - k * e / (y0 * d * d), k * k * e / (y0 * y0 * d * d)]
}

/// y, ∂y/∂k₁ and ∂y/∂k₂ of the second species of the chain, from (1, 0).
fn chain(k1: f64, k2: f64, t: f64) -> [f64; 3] {
    let (e1, e2, d) = ((-k1 * t).exp(), (-k2 * t).exp(), k2 - k1);
    let y = k1 / d * (e1 - e2);
    [y, k2 / (d * d) * (e1 - e2) - k1 / d * t * e1, -k1 / (d * d) * (e1 - e2) + k1 / d * t * e2]
}

#[test]
fn every_method_gives_the_derivatives_of_a_formula() {
    let (r, k, y0) = (0.8, 5.0, 0.3);
    let times = [0.7, 3.1, 6.0];
    for &method in Method::ALL {
        let (step, tolerance) = match method.order() {
            // Its errors add up over thousands of steps.
            1 if method.is_adaptive() => (adaptive(1e-7, 1e-7), 2e-3),
            _ if method.is_adaptive() => (adaptive(1e-7, 1e-7), 1e-4),
            1 => (StepSize::Fixed(1e-4), 1e-2),
            _ => (StepSize::Fixed(1e-2), 1e-3),
        };
        let wanted = Wanted { initial_states: vec![0], ..Wanted::parameters([0, 1]) };
        let system = Instance::new(&Logistic, [r, k]);
        let options = Options::save_at(times);
        let s = sensitivities(&system, &wanted, method, step, (0.0, 6.0), &[y0], &options).unwrap();
        for (row, &t) in times.iter().enumerate() {
            let exact = logistic(r, k, y0, t);
            assert!((s.solution.state(row)[0] - exact[0]).abs() < tolerance, "{method}");
            for j in 0..3 {
                let (found, expected) = (s.derivative(row, j)[0], exact[j + 1]);
                let error = (found - expected).abs() / (1.0 + expected.abs());
                assert!(error < tolerance, "{method} at {t}, {j}: {found} instead of {expected}");
            }
        }
    }
}

#[test]
fn derivatives_follow_the_tolerance_stiff_or_not() {
    // The second rate is 10⁶ times the first: stiff, and ∂y₂/∂k₂ is 10⁻⁶ of a state.
    for (k1, k2, methods) in [
        (0.7, 0.9, &[Method::Tsit5, Method::DormandPrince54, Method::Rodas5P, Method::Rodas4] as &[Method]),
        (1.0, 1e6, &[Method::Rodas5P, Method::Rodas4, Method::Rodas5]),
    ] {
        for &method in methods {
            for rtol in [1e-4, 1e-6, 1e-8, 1e-10] {
                let system = Instance::new(&Chain, [k1, k2]);
                let wanted = Wanted::parameters([0, 1]);
                let scale = k1 / k2;
                let step = StepSize::Adaptive(Tolerance::per_state(rtol, [rtol, rtol * scale]));
                let (span, y0, options) = ((0.0, 3.0), [1.0, 0.0], Options::save_at([1.0, 3.0]));
                let s = sensitivities(&system, &wanted, method, step, span, &y0, &options).unwrap();
                for (row, t) in [1.0, 3.0].into_iter().enumerate() {
                    let exact = chain(k1, k2, t);
                    let size = exact[0].abs() + scale;
                    assert!((s.solution.state(row)[1] - exact[0]).abs() < 20.0 * rtol * size, "{method}");
                    for (j, k) in [k1, k2].into_iter().enumerate() {
                        let error = k * (s.derivative(row, j)[1] - exact[j + 1]).abs() / size;
                        assert!(error < 20.0 * rtol, "{method} at {rtol:.0e}, t {t}, {j}: {error}");
                    }
                }
            }
        }
    }
}

/// ∂y/∂p of plain solves at a tight tolerance, by central differences of order 4.
fn differences<S: Parametric>(
    system: &S,
    p: &[f64],
    k: usize,
    relative: f64,
    run: impl Fn(&Instance<'_, S>) -> Vec<f64>,
) -> Vec<f64> {
    let h = p[k] * relative;
    let at = |x: f64| {
        let mut p = p.to_vec();
        p[k] += x;
        run(&Instance::new(system, p))
    };
    let (a, b, c, d) = (at(2.0 * h), at(h), at(-h), at(-2.0 * h));
    (0..a.len()).map(|i| (8.0 * (b[i] - c[i]) - (a[i] - d[i])) / (12.0 * h)).collect()
}

#[test]
fn an_axon_agrees_with_differences() {
    // Through the first spike.
    let times = [2.0, 4.0, 12.0];
    let run = |system: &Instance<'_, Axon>| {
        let options = Options::save_at(times);
        solve(system, Method::Tsit5, adaptive(1e-12, 1e-12), (0.0, 12.0), &REST, &options).unwrap().y
    };
    let expected: Vec<Vec<f64>> = (0..5).map(|k| differences(&Axon, &AXON, k, 1e-4, run)).collect();
    let system = Instance::new(&Axon, AXON);
    for method in [Method::Tsit5, Method::DormandPrince54, Method::Rodas5P, Method::Rodas4] {
        let wanted = Wanted::parameters([0, 1, 2, 3, 4]);
        let options = Options::save_at(times);
        let step = adaptive(1e-9, 1e-9);
        let s = sensitivities(&system, &wanted, method, step, (0.0, 12.0), &REST, &options).unwrap();
        assert_eq!(s.directions, 5);
        for (k, expected) in expected.iter().enumerate() {
            let largest = expected.iter().fold(0.0f64, |a, b| a.max(b.abs()));
            for (row, expected) in expected.chunks_exact(4).enumerate() {
                for (found, expected) in s.derivative(row, k).iter().zip(expected) {
                    let error = (found - expected).abs() / (expected.abs() + 1e-3 * largest);
                    assert!(error < 1e-5, "{method}, parameter {k}: {found} instead of {expected}");
                }
            }
        }
    }
}

#[test]
fn a_stiff_reaction_agrees_with_differences() {
    let p = [0.04, 3e7, 1e4];
    let tolerance = |rtol: f64| StepSize::Adaptive(Tolerance::per_state(rtol, [rtol, 1e-5 * rtol, rtol]));
    let (span, y0, times) = ((0.0, 40.0), [1.0, 0.0, 0.0], [0.4, 4.0, 40.0]);
    let run = |system: &Instance<'_, Robertson>| {
        solve(system, Method::Rodas5P, tolerance(1e-12), span, &y0, &Options::save_at(times)).unwrap().y
    };
    let system = Instance::new(&Robertson, p);
    for method in [Method::Rodas5P, Method::Rodas4] {
        let wanted = Wanted { initial_states: vec![0], ..Wanted::parameters([0, 1, 2]) };
        let options = Options::save_at(times);
        let s = sensitivities(&system, &wanted, method, tolerance(1e-8), span, &y0, &options).unwrap();
        for k in 0..3 {
            let expected = differences(&Robertson, &p, k, 1e-3, run);
            for (row, expected) in expected.chunks_exact(3).enumerate() {
                for (i, (found, expected)) in s.derivative(row, k).iter().zip(expected).enumerate() {
                    let error = p[k] * (found - expected).abs() / [1.0, 1e-5, 1.0][i];
                    assert!(error < 1e-6, "{method}, parameter {k}, state {i}: {found} {expected}");
                }
            }
        }
        // Mass is conserved: what one species gains the others lose, and all of what is put in stays.
        for row in 0..3 {
            for (direction, total) in [(0, 0.0), (1, 0.0), (2, 0.0), (3, 1.0)] {
                let (sum, unit) = (s.derivative(row, direction).iter().sum::<f64>(), [p[0], p[1], p[2], 1.0]);
                assert!((sum - total).abs() * unit[direction] < 1e-9, "{method}: {sum}");
            }
        }
    }
}

#[test]
fn error_control_of_states_alone_takes_the_steps_of_a_plain_solve() {
    for method in [Method::Tsit5, Method::Rodas5P, Method::RungeKutta4] {
        let step = if method.is_adaptive() { adaptive(1e-6, 1e-6) } else { StepSize::Fixed(0.01) };
        let (span, options) = ((0.0, 12.0), Options::default());
        let system = Instance::new(&Axon, AXON);
        let plain = solve(&system, method, step.clone(), span, &REST, &options).unwrap();
        let wanted = Wanted { error_control: ErrorControl::States, ..Wanted::parameters([4]) };
        let cheap = sensitivities(&system, &wanted, method, step.clone(), span, &REST, &options).unwrap();
        assert_eq!(cheap.solution.stats.accepted, plain.stats.accepted, "{method}");
        // The matrix of duals is factorised in another order: rounding moves the steps a little.
        for (a, b) in cheap.solution.y.iter().zip(&plain.y) {
            assert!((a - b).abs() < 1e-6 * (1.0 + b.abs()), "{method}: {a} {b}");
        }
        let careful =
            sensitivities(&system, &Wanted::parameters([4]), method, step, span, &REST, &options).unwrap();
        if method.is_adaptive() {
            // The derivative of a spike is steeper than the spike.
            assert!(careful.solution.stats.accepted > plain.stats.accepted, "{method}");
        } else {
            assert_eq!(careful, cheap);
        }
    }
}

#[test]
fn more_than_four_directions_equal_each_alone() {
    let system = Instance::new(&Axon, AXON);
    let run = |wanted: &Wanted, save_at: SaveAt| {
        let options = Options { save_at, ..Options::default() };
        let step = adaptive(1e-9, 1e-9);
        sensitivities(&system, wanted, Method::Tsit5, step, (0.0, 5.0), &REST, &options).unwrap()
    };
    let wanted = Wanted { initial_states: vec![0, 1, 3], ..Wanted::parameters([4, 0, 2]) };
    let all = run(&wanted, SaveAt::EveryStep);
    assert_eq!((all.directions, all.solution.t[0]), (6, 0.0));
    // At the start the states are what they are given to be.
    for (j, state) in [None, None, None, Some(0), Some(1), Some(3)].into_iter().enumerate() {
        for (i, d) in all.derivative(0, j).iter().enumerate() {
            assert_eq!(*d, if state == Some(i) { 1.0 } else { 0.0 });
        }
    }
    for (j, one) in [
        Wanted::parameters([4]),
        Wanted::parameters([0]),
        Wanted::parameters([2]),
        Wanted::initial_states([0]),
        Wanted::initial_states([1]),
        Wanted::initial_states([3]),
    ]
    .into_iter()
    .enumerate()
    {
        let alone = run(&one, SaveAt::Times(all.solution.t.clone()));
        let largest = (0..alone.solution.len())
            .flat_map(|k| alone.derivative(k, 0).iter().map(|d| d.abs()))
            .fold(0.0, f64::max);
        for k in 0..alone.solution.len() {
            for (a, b) in all.derivative(k, j).iter().zip(alone.derivative(k, 0)) {
                assert!((a - b).abs() < 1e-5 * largest, "{j} at {}: {a} {b}", all.solution.t[k]);
            }
        }
    }
    assert_eq!(all.last(0), all.derivative(all.solution.len() - 1, 0));
}

#[test]
fn bad_questions_and_failed_solves_are_typed() {
    let run = |wanted: &Wanted, p: &[f64], y0: &[f64], max_steps: u64| {
        let options = Options { max_steps, ..Options::default() };
        let system = Instance::new(&Logistic, p);
        sensitivities(&system, wanted, Method::Rodas5P, adaptive(1e-6, 1e-6), (0.0, 4.0), y0, &options)
            .unwrap_err()
    };
    let p = [0.5, 5.0];
    assert_eq!(run(&Wanted::default(), &p, &[1.0], 100), SolveError::NoDirections);
    let error = run(&Wanted::parameters([2]), &p, &[1.0], 100);
    assert_eq!(error, SolveError::NoSuchDirection { what: "parameter", index: 2, count: 2 });
    assert!(error.to_string().contains("no parameter 2"), "{error}");
    let error = run(&Wanted::initial_states([1]), &p, &[1.0], 100);
    assert!(matches!(error, SolveError::NoSuchDirection { what: "state", .. }), "{error}");
    assert!(matches!(run(&Wanted::parameters([0]), &p, &[1.0, 2.0], 100), SolveError::WrongLength { .. }));
    let error = run(&Wanted::parameters([0]), &p, &[1.0], 3);
    assert_eq!(error.partial().map(|s| (s.len(), s.dim)), Some((4, 1)), "{error}");
    // A limit of zero: nothing is finite.
    assert!(run(&Wanted::parameters([1]), &[0.5, 0.0], &[1.0], 100).partial().is_some());
}

/// A decay with an algebraic equation for its double.
struct Algebraic;

impl StateSpace for Algebraic {
    fn dim(&self) -> usize {
        2
    }
    fn mass(&self) -> Mass {
        Mass::Diagonal(vec![1.0, 0.0])
    }
}

impl Parametric for Algebraic {
    fn rhs<P: Scalar, T: Scalar + Over<P>>(&self, p: &[P], _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = -(y[0] * p[0]);
        dy[1] = y[1] - y[0] * 2.0;
    }
}

#[test]
fn algebraic_equations_are_refused() {
    let (system, wanted) = (Instance::new(&Algebraic, [1.0]), Wanted::initial_states([0]));
    let (step, options) = (adaptive(1e-6, 1e-6), Options::end());
    let y0 = [1.0, 2.0];
    let end = solve(&system, Method::Rodas5P, step.clone(), (0.0, 1.0), &y0, &options).unwrap();
    assert!((end.last()[1] - 2.0 * (-1f64).exp()).abs() < 1e-5);
    let error =
        sensitivities(&system, &wanted, Method::Rodas5P, step, (0.0, 1.0), &y0, &options).unwrap_err();
    assert_eq!(error, SolveError::AlgebraicDerivatives);
}
