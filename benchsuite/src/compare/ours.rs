//! Solvers that run in this process: ours, and diffsol behind the same front door.

use ionic_models::AnyCell;
use ode_solvers::{Method, Options, StepSize, Tolerance, solve};

use super::clock::cpu;
use super::peer::Timing;
use super::task::Task;
use crate::Error;

/// The absolute tolerance that goes with a relative one.
pub(super) fn atol(rtol: f64) -> f64 {
    rtol * 1e-2
}

/// The potential on a task's grid, much more accurate than what is compared with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The potential in mV.
    pub v: Vec<f64>,
    /// How it was computed.
    pub method: String,
    /// The greatest difference in mV from a second computation by another method.
    pub check: f64,
}

impl Reference {
    /// Computes the reference of a task, twice.
    ///
    /// # Errors
    /// [`Error::Solve`] if either fails.
    pub fn compute(task: &Task, cell: &dyn AnyCell) -> Result<Self, Error> {
        let failed = |source| Error::Solve { model: cell.id(), partial: None, source: Box::new(source) };
        let v = potential(task, cell, Method::Rodas5P, 1e-12, 1e-14).map_err(failed)?;
        let again = potential(task, cell, Method::Rodas4, 1e-11, 1e-13).map_err(failed)?;
        let method = "rodas5p, rtol 1e-12, atol 1e-14; checked by rodas4, rtol 1e-11, atol 1e-13".into();
        Ok(Self { check: greatest_difference(&v, &again), v, method })
    }

    /// The greatest error of a potential on the grid.
    pub fn error(&self, v: &[f64]) -> f64 {
        greatest_difference(&self.v, v)
    }
}

/// NaN if one of them holds NaN or they differ in length.
pub(crate) fn greatest_difference(a: &[f64], b: &[f64]) -> f64 {
    if a.len() != b.len() {
        return f64::NAN;
    }
    // `f64::max` alone would drop a NaN.
    let greater = |m: f64, d: f64| if m.is_nan() || d.is_nan() { f64::NAN } else { m.max(d) };
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, greater)
}

fn potential(
    task: &Task,
    cell: &dyn AnyCell,
    method: Method,
    rtol: f64,
    atol: f64,
) -> Result<Vec<f64>, ode_solvers::SolveError> {
    let step = StepSize::Adaptive(Tolerance::new(rtol, atol));
    let options = Options::save_at(task.times());
    let solution = solve(cell, method, step, (0.0, task.end), cell.initial_state(), &options)?;
    Ok(solution.column(0).collect())
}

/// The potential on the grid.
///
/// # Errors
/// What the solver says.
pub fn grid(task: &Task, cell: &dyn AnyCell, method: Method, rtol: f64) -> Result<Vec<f64>, String> {
    potential(task, cell, method, rtol, atol(rtol)).map_err(|e| e.to_string())
}

/// Solves again and again for `seconds` of CPU time, at least once.
///
/// # Errors
/// What the solver says.
pub fn time(
    task: &Task,
    cell: &dyn AnyCell,
    method: Method,
    rtol: f64,
    seconds: f64,
) -> Result<Timing, String> {
    let tolerance = Tolerance::new(rtol, atol(rtol));
    let (options, begin) = (Options::end(), cpu());
    let mut timing = Timing::default();
    loop {
        let start = cpu();
        let step = StepSize::Adaptive(tolerance.clone());
        let solution = solve(cell, method, step, (0.0, task.end), cell.initial_state(), &options);
        let end = cpu();
        let stats = solution.map_err(|e| e.to_string())?.stats;
        timing.us.push((end - start) * 1e6);
        timing.steps = Some(stats.accepted + stats.rejected);
        timing.rhs = Some(stats.rhs);
        timing.jacobians = Some(stats.jacobian);
        if end - begin >= seconds || timing.us.len() >= 4096 {
            return Ok(timing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::task::TASKS;
    use approx::assert_abs_diff_eq;

    #[test]
    fn a_greatest_difference_keeps_what_is_not_a_number() {
        assert_abs_diff_eq!(greatest_difference(&[1.0, 2.0, 3.0], &[1.5, 2.0, 2.0]), 1.0);
        assert!(greatest_difference(&[1.0, f64::NAN, 3.0], &[1.5, 2.0, 2.0]).is_nan());
        assert!(greatest_difference(&[1.0], &[1.0, 2.0]).is_nan());
        assert!(greatest_difference(&[f64::INFINITY, 1.0], &[1.0, 1.0]).is_infinite());
    }

    #[test]
    fn the_reference_is_better_than_what_is_held_against_it() {
        let task = &TASKS[1];
        let cell = task.cell().unwrap();
        let reference = Reference::compute(task, &*cell).unwrap();
        assert!(reference.check < 1e-5, "{}", reference.check);
        assert_eq!(reference.v.len(), 1001);
        for &method in [Method::Rodas5P, Method::Tsit5].iter().chain(Method::DIFFSOL) {
            let loose = reference.error(&grid(task, &*cell, method, 1e-4).unwrap());
            let tight = reference.error(&grid(task, &*cell, method, 1e-8).unwrap());
            assert!(
                reference.check < tight && tight < 0.1 * loose && loose < 10.0,
                "{method}: {loose} {tight}"
            );
            let timing = time(task, &*cell, method, 1e-4, 1e-9).unwrap();
            assert!(timing.us.len() == 1 && timing.us[0] > 0.0 && timing.rhs > timing.steps, "{timing:?}");
        }
    }
}
