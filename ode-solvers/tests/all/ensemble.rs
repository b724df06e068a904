//! Many systems solved together: the numbers of single solves, whatever the threads, and failures
//! that spoil no other.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use approx::assert_relative_eq;
use ode_solvers::{
    Ensemble, Lanes, Method, Options, Scalar, Solution, SolveError, StateSpace, StepSize, System, Tolerance,
    solve, solve_ensemble,
};

/// One width for all tests: each is all methods to compile.
type Eight = Lanes<f64, 8>;

/// Van der Pol's oscillator; its square root of `domain − t` leaves its domain.
struct Oscillator<P> {
    mu: P,
    domain: P,
}

impl<P: Scalar> StateSpace for Oscillator<P> {
    fn dim(&self) -> usize {
        2
    }
}

impl<P: Scalar, T: Scalar + From<P>> System<T> for Oscillator<P> {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        let left = (T::from(self.domain) - t).sqrt() * 1e-300;
        dy[0] = y[1] + left;
        dy[1] = (-(y[0] * y[0]) + 1.0) * y[1] * T::from(self.mu) - y[0];
    }
}

struct Oscillators(Vec<(f64, f64)>);

impl Ensemble<Eight> for Oscillators {
    type Group = Oscillator<Eight>;
    fn len(&self) -> usize {
        self.0.len()
    }
    fn group(&self, members: &[usize]) -> (Self::Group, Vec<Eight>) {
        let mu = Lanes::from_fn(|lane| self.0[members[lane]].0);
        let domain = Lanes::from_fn(|lane| self.0[members[lane]].1);
        (Oscillator { mu, domain }, vec![Lanes::from(2.0), Lanes::from(0.0)])
    }
    fn similarity(&self, member: usize) -> f64 {
        self.0[member].0
    }
}

fn oscillators(count: usize) -> Oscillators {
    // Far from sorted.
    Oscillators((0..count).map(|i| (1.0 + ((i * 37) % count) as f64, 1e9)).collect())
}

type Outcome = Result<Solution, SolveError>;

fn all(ensemble: &Oscillators, method: Method, step: &StepSize) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; ensemble.0.len()];
    // Heeded by Rosenbrock23 alone.
    let options = Options { jacobian_steps: 9, ..Options::save_at([0.0, 1.5, 3.0]) };
    solve_ensemble::<f64, 8, _>(ensemble, method, step, (0.0, 3.0), &options, |i, outcome| {
        assert!(outcomes[i].is_none(), "member {i} is delivered once");
        outcomes[i] = Some(outcome);
    });
    outcomes.into_iter().map(Option::unwrap).collect()
}

fn alone((mu, domain): (f64, f64), method: Method, step: &StepSize) -> Solution {
    let options = Options::save_at([0.0, 1.5, 3.0]);
    solve(&Oscillator { mu, domain }, method, step.clone(), (0.0, 3.0), &[2.0, 0.0], &options).unwrap()
}

#[test]
fn members_get_what_they_would_get_alone() {
    let ensemble = oscillators(21);
    let adaptive = StepSize::Adaptive(Tolerance::new(1e-9, 1e-11));
    let fixed = StepSize::Fixed(1e-3);
    let cases = [
        (Method::Rodas5P, &adaptive, 1e-7),
        (Method::Tsit5, &adaptive, 1e-7),
        (Method::RungeKutta4, &fixed, 1e-12),
    ];
    for (method, step, tolerance) in cases {
        for (member, outcome) in ensemble.0.iter().zip(all(&ensemble, method, step)) {
            let (found, expected) = (outcome.unwrap(), alone(*member, method, step));
            assert_eq!(found.t, expected.t);
            for (a, b) in found.y.iter().zip(&expected.y) {
                assert_relative_eq!(a, b, max_relative = tolerance, epsilon = tolerance);
            }
        }
    }
}

#[test]
fn numbers_do_not_depend_on_the_threads() {
    let ensemble = oscillators(100);
    let step = StepSize::Adaptive(Tolerance::new(1e-5, 1e-7));
    let on = |method, threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| all(&ensemble, method, &step))
    };
    for method in [Method::Rodas5P, Method::Rosenbrock23] {
        let one = on(method, 1);
        for outcome in &one {
            let stats = outcome.as_ref().unwrap().stats;
            // Kept Jacobians are kept for all lanes.
            assert_eq!(
                stats.jacobian < stats.accepted,
                method == Method::Rosenbrock23,
                "{method}: {stats:?}"
            );
        }
        assert_eq!(one, on(method, 2));
        assert_eq!(one, on(method, 7));
    }
}

#[test]
fn a_failure_stays_with_its_member() {
    let mut ensemble = oscillators(20);
    ensemble.0[7].1 = 2.0;
    let step = StepSize::Adaptive(Tolerance::new(1e-6, 1e-8));
    for (i, outcome) in all(&ensemble, Method::Rodas5P, &step).into_iter().enumerate() {
        if i == 7 {
            let error = outcome.unwrap_err();
            assert!(matches!(error, SolveError::NotFinite { .. }), "{error}");
            let partial = error.partial().unwrap();
            let end = partial.t[partial.t.len() - 1];
            assert!(end > 1.5 && end < 2.0 + 1e-6, "the trajectory up to {end}");
        } else {
            assert_eq!(outcome.unwrap().t, [0.0, 1.5, 3.0], "member {i}");
        }
    }
}

#[test]
fn bad_input_is_an_error_of_every_member_and_nobody_is_no_error() {
    let step = StepSize::Adaptive(Tolerance::new(-1.0, 1e-8));
    let outcomes = all(&oscillators(9), Method::Rodas5P, &step);
    assert_eq!(outcomes.len(), 9);
    assert!(outcomes.iter().all(|o| matches!(o, Err(SolveError::InvalidRtol { .. }))));
    assert!(all(&oscillators(0), Method::Rodas5P, &step).is_empty());
}
