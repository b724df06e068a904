//! Fixed points, branches, exponents, attractors: against what is known of public examples.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use approx::assert_abs_diff_eq;
use ode_solvers::dynamics::{
    Arrival, Change, ContinuationSettings, DynamicsError, Eigenvalue, FlowMap, FollowSettings, Iterated,
    LyapunovSettings, Map, MapFamily, Newton, SystemFamily, align, continue_equilibrium, eigenvalues,
    exponents, fixed_point, fixed_point_of_map, follow, kaplan_yorke_dimension, lyapunov_spectrum,
    share_arriving,
};
use ode_solvers::{Method, Scalar, StateSpace, System, Tolerance};
use proptest::prelude::*;

/// Hénon (1976): x' = 1 − a x² + y, y' = b x.
struct Henon {
    a: f64,
    b: f64,
}
impl StateSpace for Henon {
    fn dim(&self) -> usize {
        2
    }
}
impl<T: Scalar> System<T> for Henon {
    fn rhs(&self, _t: f64, x: &[T], next: &mut [T]) {
        next[0] = -(x[0] * x[0] * self.a) + 1.0 + x[1];
        next[1] = x[0] * self.b;
    }
}

struct Logistic(f64);
impl StateSpace for Logistic {
    fn dim(&self) -> usize {
        1
    }
}
impl<T: Scalar> System<T> for Logistic {
    fn rhs(&self, _t: f64, x: &[T], next: &mut [T]) {
        next[0] = x[0] * (-x[0] + 1.0) * self.0;
    }
}

struct Lorenz {
    rho: f64,
}
impl StateSpace for Lorenz {
    fn dim(&self) -> usize {
        3
    }
    fn is_autonomous(&self) -> bool {
        true
    }
}
impl<T: Scalar> System<T> for Lorenz {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = (y[1] - y[0]) * 10.0;
        dy[1] = y[0] * (-y[2] + self.rho) - y[1];
        dy[2] = y[0] * y[1] - y[2] * (8.0 / 3.0);
    }
}

/// y' = A y.
struct Linear([f64; 4]);
impl StateSpace for Linear {
    fn dim(&self) -> usize {
        2
    }
    fn is_autonomous(&self) -> bool {
        true
    }
}
impl<T: Scalar> System<T> for Linear {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let [a, b, c, d] = self.0;
        dy[0] = y[0] * a + y[1] * b;
        dy[1] = y[0] * c + y[1] * d;
    }
}

fn tolerance() -> Tolerance {
    Tolerance::new(1e-10, 1e-12)
}

fn close(found: &[Eigenvalue], expected: &[(f64, f64)], epsilon: f64) {
    assert_eq!(found.len(), expected.len());
    for (z, (re, im)) in found.iter().zip(expected) {
        assert!((z.re - re).hypot(z.im - im) < epsilon, "{found:?} are not {expected:?}");
    }
}

#[test]
fn eigenvalues_of_known_matrices() {
    // Column by column: a rotation, a triangle.
    close(&eigenvalues(&[0.0, 2.0, -2.0, 0.0], 2).unwrap(), &[(0.0, 2.0), (0.0, -2.0)], 1e-14);
    let triangle = [1.0, 0.0, 0.0, 5.0, -2.0, 0.0, 7.0, 1.0, 3.0];
    close(&eigenvalues(&triangle, 3).unwrap(), &[(3.0, 0.0), (1.0, 0.0), (-2.0, 0.0)], 1e-13);
    assert!(matches!(eigenvalues(&[f64::NAN], 1), Err(DynamicsError::NotFinite { .. })));
    assert!(matches!(eigenvalues(&[1.0, 2.0], 2), Err(DynamicsError::WrongLength { .. })));
}

proptest! {
    #[test]
    fn a_flow_has_the_growth_rates_of_its_system(
        a in -2.0..2.0f64, b in -2.0..2.0f64, c in -2.0..2.0f64, d in -2.0..2.0f64,
    ) {
        let system = Linear([a, b, c, d]);
        let rates = eigenvalues(&[a, c, b, d], 2).unwrap();
        // Imaginary parts stay below π/Δt.
        let map = FlowMap::new(system, Method::Tsit5, tolerance(), 0.7).unwrap();
        let (mut v, mut j) = ([0.0; 2], [0.0; 4]);
        map.linearize(&[0.0, 0.0], &mut v, &mut j).unwrap();
        let found = exponents(&eigenvalues(&j, 2).unwrap(), map.dt());
        // Two equal ones split by the root of an error.
        let near = (rates[0].re - rates[1].re).hypot(rates[0].im - rates[1].im);
        let epsilon = if near < 0.05 { 1e-3 } else { 1e-6 };
        for (z, e) in found.iter().zip(&rates) {
            prop_assert!((z.re - e.re).hypot(z.im - e.im) < epsilon, "{found:?} {rates:?}");
        }
    }

    #[test]
    fn a_flow_map_carries_its_states_derivatives(x in -10.0..10.0f64, y in -10.0..10.0f64, z in 5.0..30.0f64) {
        let map = FlowMap::new(Lorenz { rho: 28.0 }, Method::Dop853, tolerance(), 0.1).unwrap();
        let (mut v, mut j) = ([0.0; 3], [0.0; 9]);
        map.linearize(&[x, y, z], &mut v, &mut j).unwrap();
        let mut end = [0.0; 3];
        map.apply(&[x, y, z], &mut end).unwrap();
        for k in 0..3 {
            prop_assert!((v[k] - end[k]).abs() < 1e-7 * (1.0 + end[k].abs()));
            let h = 1e-5;
            let (mut up, mut down) = ([0.0; 3], [0.0; 3]);
            let shifted = |h: f64| { let mut u = [x, y, z]; u[k] += h; u };
            map.apply(&shifted(h), &mut up).unwrap();
            map.apply(&shifted(-h), &mut down).unwrap();
            for i in 0..3 {
                let difference = (up[i] - down[i]) / (2.0 * h);
                prop_assert!((difference - j[i + 3 * k]).abs() < 1e-4 * (1.0 + difference.abs()));
            }
        }
    }
}

#[test]
fn exponents_take_the_principal_logarithm() {
    let z = |re, im| Eigenvalue { re, im };
    let found = exponents(&[z(0.5, 0.0), z(-0.5, 0.0), z(0.0, 1.0)], 0.1);
    close(
        &found,
        &[
            (0.0, std::f64::consts::FRAC_PI_2 / 0.1),
            (0.5f64.ln() / 0.1, std::f64::consts::PI / 0.1),
            (0.5f64.ln() / 0.1, 0.0),
        ],
        1e-12,
    );
    assert_eq!(exponents(&[z(0.0, 0.0)], 1.0)[0].re, f64::NEG_INFINITY);
}

#[test]
fn newton_finds_the_fixed_points_of_henon_and_lorenz() {
    let (a, b) = (1.4, 0.3);
    let exact = (-(1.0 - b) + ((1.0 - b) * (1.0 - b) + 4.0 * a).sqrt()) / (2.0 * a);
    let point = fixed_point_of_map(&Iterated(Henon { a, b }), &[2.0, 2.0], &Newton::default()).unwrap();
    assert_abs_diff_eq!(point.state[0], exact, epsilon = 1e-14);
    assert_abs_diff_eq!(point.state[1], b * exact, epsilon = 1e-14);
    // Its multipliers solve ρ² + 2 a x ρ − b = 0.
    let root = (a * a * exact * exact + b).sqrt();
    let found = eigenvalues(&point.jacobian, 2).unwrap();
    close(&found, &[(-a * exact + root, 0.0), (-a * exact - root, 0.0)], 1e-12);

    let rest = fixed_point(&Lorenz { rho: 28.0 }, &[5.0, 5.0, 20.0], &Newton::default()).unwrap();
    let c = (27.0 * 8.0 / 3.0f64).sqrt();
    for (found, exact) in rest.state.iter().zip([c, c, 27.0]) {
        assert_abs_diff_eq!(*found, exact, epsilon = 1e-12);
    }
}

/// arctan: plain Newton's steps grow without bound from |x| > 1.39.
struct Arctangent;
impl StateSpace for Arctangent {
    fn dim(&self) -> usize {
        1
    }
}
impl System<f64> for Arctangent {
    fn rhs(&self, _t: f64, x: &[f64], dx: &mut [f64]) {
        dx[0] = x[0].atan();
    }
}
impl ode_solvers::Linearize for Arctangent {
    fn jacobian(&self, _t: f64, x: &[f64], j: &mut [f64]) {
        j[0] = 1.0 / (1.0 + x[0] * x[0]);
    }
}

#[test]
fn damping_makes_newton_converge_from_afar_and_failures_say_why() {
    let found = fixed_point(&Arctangent, &[20.0], &Newton::default()).unwrap();
    assert!(found.state[0].abs() < 1e-12 && found.iterations > 3);
    // x² + 1 has no zero.
    let none = fixed_point_of_map(&Iterated(Henon { a: -1.0, b: 0.0 }), &[0.3, 0.0], &Newton::default());
    assert!(
        matches!(none, Err(DynamicsError::NoConvergence { .. } | DynamicsError::Singular { .. })),
        "{none:?}"
    );
    let nan = fixed_point(&Lorenz { rho: 28.0 }, &[f64::NAN; 3], &Newton::default());
    assert!(matches!(nan, Err(DynamicsError::NotFinite { .. })));
    let short = fixed_point(&Lorenz { rho: 28.0 }, &[0.0], &Newton::default());
    assert!(matches!(short, Err(DynamicsError::WrongLength { .. })));
    let settings = Newton { tolerance: 0.0, ..Newton::default() };
    let setting = fixed_point(&Lorenz { rho: 28.0 }, &[0.0; 3], &settings);
    assert!(matches!(setting, Err(DynamicsError::Setting { name: "tolerance", .. })));
}

#[test]
fn lorenz_loses_its_foci_in_a_hopf_bifurcation() {
    let family = SystemFamily::new(3, |rho| Ok(Lorenz { rho }));
    let settings = ContinuationSettings::over((14.0, 30.0), [10.0]);
    let branch = continue_equilibrium(&family, 20.0, &[7.0, 7.0, 19.0], &settings).unwrap();
    assert_eq!(branch.points.first().unwrap().p, 14.0);
    assert_eq!(branch.points.last().unwrap().p, 30.0);
    // ρ = σ(σ + β + 3)/(σ − β − 1), ω² = β(σ + ρ).
    let (sigma, beta) = (10.0, 8.0 / 3.0);
    let rho = sigma * (sigma + beta + 3.0) / (sigma - beta - 1.0);
    let [crossing] = &branch.crossings[..] else { panic!("{:?}", branch.crossings) };
    assert_abs_diff_eq!(crossing.at.p, rho, epsilon = 1e-9);
    assert_eq!(crossing.unstable, (0, 2));
    match crossing.change {
        Change::Pair { omega } => assert_abs_diff_eq!(omega, (beta * (sigma + rho)).sqrt(), epsilon = 1e-7),
        Change::Real => panic!("{crossing:?}"),
    }
}

/// x' = p + x − x³: an S with folds at p = ±2/√27.
struct Fold(f64);
impl StateSpace for Fold {
    fn dim(&self) -> usize {
        1
    }
}
impl<T: Scalar> System<T> for Fold {
    fn rhs(&self, _t: f64, x: &[T], dx: &mut [T]) {
        dx[0] = x[0] - x[0].powi(3) + self.0;
    }
}

#[test]
fn a_branch_goes_around_its_folds() {
    let family = SystemFamily::new(1, |p| Ok(Fold(p)));
    let settings = ContinuationSettings::over((-1.0, 1.0), [1.0]);
    let branch = continue_equilibrium(&family, -1.0, &[-1.3], &settings).unwrap();
    // From the lower end on the left to the upper end on the right, over all three sheets.
    assert!(branch.points.first().unwrap().state[0] < -1.0 && branch.points.last().unwrap().state[0] > 1.0);
    let p = 2.0 / 27f64.sqrt();
    let [first, second] = &branch.crossings[..] else { panic!("{:?}", branch.crossings) };
    assert_eq!((first.change, second.change), (Change::Real, Change::Real));
    assert_abs_diff_eq!(first.at.p, p, epsilon = 1e-9);
    assert_abs_diff_eq!(second.at.p, -p, epsilon = 1e-9);
    assert_eq!((first.unstable, second.unstable), ((0, 1), (1, 0)));
}

#[test]
fn a_map_loses_its_fixed_point_where_a_multiplier_becomes_minus_one() {
    let family = MapFamily::new(1, 1.0, |r| Ok(Iterated(Logistic(r))));
    let settings = ContinuationSettings::over((1.5, 3.5), [1.0]);
    let branch = continue_equilibrium(&family, 2.0, &[0.5], &settings).unwrap();
    let [crossing] = &branch.crossings[..] else { panic!("{:?}", branch.crossings) };
    assert_abs_diff_eq!(crossing.at.p, 3.0, epsilon = 1e-9);
    assert_abs_diff_eq!(crossing.at.rates[0].im.abs(), std::f64::consts::PI, epsilon = 1e-9);
}

#[test]
fn lyapunov_exponents_of_public_examples() {
    let settings = LyapunovSettings { count: 1, transient: 1000, steps: 200_000, every: 1 };
    // The logistic map at r = 4: ln 2.
    let found = lyapunov_spectrum(&Iterated(Logistic(4.0)), &[0.1234], &settings).unwrap();
    assert_abs_diff_eq!(found[0], std::f64::consts::LN_2, epsilon = 5e-3);
    // Hénon: 0.4192 (Sprott, Chaos and Time-Series Analysis, 2003, p. 424); the sum is ln b exactly.
    let settings = LyapunovSettings { count: 2, ..settings };
    let found = lyapunov_spectrum(&Iterated(Henon { a: 1.4, b: 0.3 }), &[0.1, 0.1], &settings).unwrap();
    assert_abs_diff_eq!(found[0], 0.4192, epsilon = 3e-3);
    assert_abs_diff_eq!(found[0] + found[1], 0.3f64.ln(), epsilon = 1e-9);
    // A linear system has the real parts of its eigenvalues, to the last digit but the transient's.
    let map = FlowMap::new(Linear([-0.3, 2.0, -2.0, -0.3]), Method::Dop853, tolerance(), 0.5).unwrap();
    let settings = LyapunovSettings { count: 2, transient: 10, steps: 200, every: 5 };
    for exponent in lyapunov_spectrum(&map, &[1.0, 0.0], &settings).unwrap() {
        assert_abs_diff_eq!(exponent, -0.3, epsilon = 1e-7);
    }
    let settings = LyapunovSettings { count: 3, ..settings };
    assert!(matches!(lyapunov_spectrum(&map, &[1.0, 0.0], &settings), Err(DynamicsError::Setting { .. })));
}

#[test]
fn lorenz_has_the_spectrum_that_is_known() {
    // 0.9056, 0, −14.5723 (Sprott 2003, p. 431); the sum is −(σ + 1 + β).
    let map = FlowMap::new(Lorenz { rho: 28.0 }, Method::Tsit5, Tolerance::new(1e-7, 1e-8), 0.2).unwrap();
    let settings = LyapunovSettings { count: 3, transient: 200, steps: 10_000, every: 1 };
    let found = lyapunov_spectrum(&map, &[1.0, 1.0, 25.0], &settings).unwrap();
    assert_abs_diff_eq!(found[0], 0.9056, epsilon = 0.02);
    assert_abs_diff_eq!(found[1], 0.0, epsilon = 0.01);
    assert_abs_diff_eq!(found.iter().sum::<f64>(), -(10.0 + 1.0 + 8.0 / 3.0), epsilon = 1e-4);
    assert_abs_diff_eq!(kaplan_yorke_dimension(&found).unwrap(), 2.062, epsilon = 2e-3);
    assert_eq!(kaplan_yorke_dimension(&[0.1, 0.0]), None);
}

#[test]
fn attractors_are_inherited_and_aligned() {
    let settings = FollowSettings { transient: 2000, window: 8, every: 1, aligned: true };
    let found =
        follow(|r| Ok(Iterated(Logistic(r))), &[3.2, 3.21, 3.22], &[0.3], &settings, |x| x[0]).unwrap();
    // Period 2: the columns are in phase.
    for pair in found.windows(2) {
        for (a, b) in pair[0].values.iter().zip(&pair[1].values) {
            assert!((a - b).abs() < 0.01, "{pair:?}");
        }
    }
    // A stable point is inherited: Fold's upper sheet beyond the place where the lower one ends.
    let family = |p| FlowMap::new(Fold(p), Method::Tsit5, tolerance(), 1.0);
    let settings = FollowSettings { transient: 50, window: 1, every: 1, aligned: false };
    let up = follow(family, &[-0.3, 0.0, 0.3], &[-1.2], &settings, |x| x[0]).unwrap();
    let down = follow(family, &[0.3, 0.0, -0.3], &[1.2], &settings, |x| x[0]).unwrap();
    assert!(up.iter().all(|o| o.values[0] < 0.0) && down.iter().all(|o| o.values[0] > 0.0));
    assert_eq!(align(&[5.0, 1.0, 2.0, 1.0, 2.0], &[1.0, 2.0]), 1);
    assert_eq!(align(&[1.0], &[1.0, 2.0]), 0);
    // A trajectory that escapes says so.
    let escape = follow(
        |r| Ok(Iterated(Logistic(r))),
        &[5.0],
        &[0.3],
        &FollowSettings { every: 1, ..settings.clone() },
        |x| x[0],
    );
    assert!(matches!(escape, Err(DynamicsError::NotFinite { .. })));
    let zero = follow(family, &[0.0], &[1.0], &FollowSettings { every: 0, ..settings }, |x| x[0]);
    assert!(matches!(zero, Err(DynamicsError::Setting { name: "every", .. })));
}

#[test]
fn the_share_of_starts_that_arrive() {
    // Two stable points of x' = x − x³, at ±1: the sign decides.
    let map = FlowMap::new(Fold(0.0), Method::Tsit5, Tolerance::new(1e-6, 1e-8), 0.5).unwrap();
    let starts: Vec<Vec<f64>> = (0..40).map(|i| vec![-1.9 + 0.1 * f64::from(i) - 0.05]).collect();
    let arrival = Arrival { target: vec![1.0], within: vec![1e-3], steps: 60, quiet: 10 };
    let positive = starts.iter().filter(|s| s[0] > 0.0).count();
    assert_eq!(share_arriving(&map, &starts, &arrival).unwrap(), positive);
    let error = share_arriving(&map, &starts, &Arrival { quiet: 0, ..arrival });
    assert!(matches!(error, Err(DynamicsError::Setting { name: "quiet", .. })));
}
