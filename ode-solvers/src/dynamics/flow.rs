//! The flow of a system over a stretch of time, as a map.

use super::{DynamicsError, Map};
use crate::erased::Erased;
use crate::tableau::DOP853;
use crate::{
    Linearize, Method, Options, RungeKuttaPair, Solution, SolveError, StateSpace, StepSize, System,
    Tolerance, integrate_adaptive, solve,
};

/// The flow of an autonomous system over the time `dt`: u(t) ↦ u(t + dt).
///
/// Its Jacobian comes from the variational equation M' = J(u)·M, M(0) = 1, integrated beside the state
/// with DOP853 at the same tolerance, whatever the method: for stiff systems keep `dt` short.
#[derive(Debug, Clone)]
pub struct FlowMap<S> {
    system: S,
    method: Method,
    tolerance: Tolerance,
    dt: f64,
}

impl<S: Linearize> FlowMap<S> {
    /// The flow over `dt`, integrated with an adaptive method.
    ///
    /// # Errors
    /// [`DynamicsError::Setting`] if `dt` is not positive and finite.
    pub fn new(system: S, method: Method, tolerance: Tolerance, dt: f64) -> Result<Self, DynamicsError> {
        DynamicsError::positive("dt", dt)?;
        Ok(Self { system, method, tolerance, dt })
    }

    /// The system.
    pub fn system(&self) -> &S {
        &self.system
    }
}

impl<S: Linearize> Map for FlowMap<S> {
    fn dim(&self) -> usize {
        self.system.dim()
    }

    fn dt(&self) -> f64 {
        self.dt
    }

    fn apply(&self, u: &[f64], v: &mut [f64]) -> Result<(), DynamicsError> {
        let step = StepSize::Adaptive(self.tolerance.clone());
        let end = solve(&self.system, self.method, step, (0.0, self.dt), u, &Options::end())?;
        v.copy_from_slice(end.last());
        Ok(())
    }

    fn linearize(&self, u: &[f64], v: &mut [f64], jacobian: &mut [f64]) -> Result<(), DynamicsError> {
        let end = with_derivatives(Erased::new(&self.system).get(), &self.tolerance, self.dt, u)?;
        let (state, derivatives) = end.last().split_at(self.dim());
        v.copy_from_slice(state);
        jacobian.copy_from_slice(derivatives);
        Ok(())
    }
}

/// The state after `dt`, and its derivatives by the state before. Compiled once for all systems.
fn with_derivatives(
    system: &dyn Linearize,
    tolerance: &Tolerance,
    dt: f64,
    u: &[f64],
) -> Result<Solution, SolveError> {
    let n = system.dim();
    let mut start = vec![0.0; n + n * n];
    start[..n].copy_from_slice(u);
    for j in 0..n {
        start[n + j * n + j] = 1.0;
    }
    // The derivatives are of the size of a quotient of two states: they get the tolerance of their
    // numerators, taken for a denominator of 1.
    let atol: Vec<f64> = (0..n + n * n).map(|k| tolerance.atol(if k < n { k } else { k % n })).collect();
    let tolerance = Tolerance::per_state(tolerance.rtol(), atol);
    let mut pair = RungeKuttaPair::new(&DOP853, start.len());
    integrate_adaptive(&Variational(system), &mut pair, &tolerance, (0.0, dt), &start, &Options::end())
}

/// A system with the derivatives of its state by the initial state, column by column.
struct Variational<'a>(&'a dyn Linearize);

impl StateSpace for Variational<'_> {
    fn dim(&self) -> usize {
        let n = self.0.dim();
        n + n * n
    }
    fn state_name(&self, i: usize) -> String {
        let n = self.0.dim();
        match i.checked_sub(n) {
            None => self.0.state_name(i),
            Some(k) => format!("d{}/d{}(0)", self.0.state_name(k % n), self.0.state_name(k / n)),
        }
    }
    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        self.0.stops(t0, t1, out);
    }
    fn is_autonomous(&self) -> bool {
        self.0.is_autonomous()
    }
}

impl System<f64> for Variational<'_> {
    fn rhs(&self, t: f64, y: &[f64], dy: &mut [f64]) {
        let n = self.0.dim();
        const FEW: usize = 8;
        let (mut few, mut many) = ([0.0; FEW * FEW], Vec::new());
        let jacobian = match few.get_mut(..n * n) {
            Some(few) => few,
            None => {
                many.resize(n * n, 0.0);
                &mut many[..]
            }
        };
        let ((u, m), (du, dm)) = (y.split_at(n), dy.split_at_mut(n));
        self.0.rhs(t, u, du);
        self.0.jacobian(t, u, jacobian);
        for (m, dm) in m.chunks_exact(n).zip(dm.chunks_exact_mut(n)) {
            dm.fill(0.0);
            for (m, column) in m.iter().zip(jacobian.chunks_exact(n)) {
                for (dm, j) in dm.iter_mut().zip(column) {
                    *dm += j * m;
                }
            }
        }
    }
}
