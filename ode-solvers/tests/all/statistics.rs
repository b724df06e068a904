//! Every counter of [`Statistics`] against what the system itself counts.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ode_solvers::problems::{Circle, Driven, Hires, Kaps};
use ode_solvers::{
    Event, Linearize, Method, Options, SaveAt, StateSpace, StepSize, System, Tolerance, solve_with_events,
};

/// Counts what a solver asks of the system within.
struct Counted<'a> {
    system: &'a dyn Linearize,
    autonomous: bool,
    rhs: AtomicU64,
    jacobian: AtomicU64,
}

impl<'a> Counted<'a> {
    fn new(system: &'a dyn Linearize, autonomous: bool) -> Self {
        Self { system, autonomous, rhs: AtomicU64::new(0), jacobian: AtomicU64::new(0) }
    }
}

impl StateSpace for Counted<'_> {
    fn dim(&self) -> usize {
        self.system.dim()
    }
    fn is_autonomous(&self) -> bool {
        self.autonomous
    }
}

impl System<f64> for Counted<'_> {
    fn rhs(&self, t: f64, y: &[f64], dy: &mut [f64]) {
        self.rhs.fetch_add(1, Relaxed);
        self.system.rhs(t, y, dy);
    }
    fn rhs_and_rates(&self, t: f64, y: &[f64], dy: &mut [f64], b: &mut [f64]) {
        self.rhs.fetch_add(1, Relaxed);
        self.system.rhs_and_rates(t, y, dy, b);
    }
}

impl Linearize for Counted<'_> {
    fn jacobian(&self, t: f64, y: &[f64], jacobian: &mut [f64]) {
        self.jacobian.fetch_add(1, Relaxed);
        self.system.jacobian(t, y, jacobian);
    }
}

fn check(system: &dyn Linearize, y0: &[f64], end: f64, autonomous: bool) {
    let times: Vec<f64> = (0..=37).map(|k| end * f64::from(k) / 37.0).collect();
    for &method in Method::ALL {
        let mut steps = vec![StepSize::Fixed(end / 300.0)];
        if method.is_adaptive() {
            steps.push(StepSize::Adaptive(Tolerance::new(1e-3, 1e-5)));
            steps.push(StepSize::Adaptive(Tolerance::new(1e-6, 1e-8)));
        }
        for step in steps {
            for save_at in [SaveAt::EveryStep, SaveAt::End, SaveAt::Times(times.clone())] {
                for (watched, kept) in [(false, 1), (true, 1), (false, 7), (true, 7)] {
                    let system = Counted::new(system, autonomous);
                    let calls = AtomicU64::new(0);
                    let middle = Event::crossing(|t, y| {
                        calls.fetch_add(1, Relaxed);
                        y[0] - 0.5 + 1e-3 * t
                    })
                    .jump(|_t, y| y[1] += 1e-3);
                    let events = if watched { vec![middle, Event::at([0.3 * end])] } else { Vec::new() };
                    let options = Options {
                        save_at: save_at.clone(),
                        stops: vec![0.7 * end],
                        jacobian_steps: kept,
                        ..Options::default()
                    };
                    let stats =
                        solve_with_events(&system, method, step.clone(), (0.0, end), y0, &options, &events)
                            .unwrap()
                            .stats;
                    let place = format!("{method} {step:?} {save_at:?} {watched} {kept}");
                    assert_eq!(stats.rhs, system.rhs.load(Relaxed), "{place}");
                    assert_eq!(stats.jacobian, system.jacobian.load(Relaxed), "{place}");
                    assert_eq!(stats.event_functions, calls.load(Relaxed), "{place}");
                    if [Method::BackwardEuler, Method::Trapezoid].contains(&method) {
                        // Jacobians are kept; a matrix belongs to a step size.
                        assert!(0 < stats.jacobian && stats.jacobian <= stats.factorisations, "{place}");
                        assert!(stats.solves <= stats.rhs + stats.accepted, "{place}");
                    } else if method == Method::Rosenbrock23 && kept > 1 {
                        // Of adaptive steps alone.
                        let tried = stats.accepted + stats.rejected;
                        let fewer = matches!(step, StepSize::Adaptive(_)) || stats.jacobian == stats.accepted;
                        assert!(fewer && stats.jacobian <= tried && stats.factorisations <= tried, "{place}");
                    } else if method.is_stiff() {
                        // One linearisation for each state from which steps were tried, one matrix
                        // for each try.
                        assert_eq!(stats.jacobian, stats.accepted, "{place}");
                        assert_eq!(stats.factorisations, stats.accepted + stats.rejected, "{place}");
                    } else {
                        assert_eq!((stats.factorisations, stats.solves), (0, 0), "{place}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_counter_is_true_for_every_method() {
    check(&Circle, &Circle::exact(0.0), 3.0, true);
    check(&Driven, &Driven::exact(0.0), 3.0, false);
    check(&Kaps { mu: 30.0 }, &Kaps::exact(0.0), 1.0, true);
    check(&Hires, &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057], 1.0, true);
}

/// Accepted steps are the rows of a trajectory that records each.
#[test]
fn accepted_steps_are_rows() {
    for &method in Method::ALL {
        let step = if method.is_adaptive() {
            StepSize::Adaptive(Tolerance::new(1e-5, 1e-5))
        } else {
            StepSize::Fixed(0.01)
        };
        let y0 = Circle::exact(0.0);
        let solution =
            solve_with_events(&Circle, method, step, (0.0, 2.0), &y0, &Options::default(), &[]).unwrap();
        assert_eq!(solution.len() as u64, solution.stats.accepted + 1, "{method}");
    }
}
