//! Methods of the package diffsol behind [`solve`](crate::solve): an independent implementation that
//! integrates the same system, with the same stops, tolerances and times to record.
//!
//! Controller and norm are diffsol's own.
//!
//! The package: <https://docs.rs/diffsol>. Of its matrix types nalgebra's is the fastest for systems
//! of this size.

use std::cell::{Cell, RefCell};

use diffsol::error::OdeSolverError;
use diffsol::{
    DiffsolError, NalgebraLU, NalgebraMat, NalgebraVec, OdeBuilder, OdeEquations, OdeSolverMethod,
    OdeSolverStopReason, VectorCommon,
};

use crate::norm::of_values;
use crate::sparse::{Compression, Depends, SparsityPattern};
use crate::tape::Planned;
use crate::{Ending, Linearize, Mass, Method, Options, SaveAt, Solution, SolveError, Statistics, Tolerance};

/// Which of diffsol's methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Bdf,
    TrBdf2,
    Esdirk34,
    Tsit45,
}

impl Scheme {
    pub(crate) const fn order(self) -> u32 {
        match self {
            Self::Bdf | Self::Tsit45 => 5,
            Self::TrBdf2 => 2,
            Self::Esdirk34 => 3,
        }
    }

    pub(crate) const fn dense_order(self) -> u32 {
        match self {
            Self::Bdf => 5,
            Self::TrBdf2 => 2,
            Self::Esdirk34 => 3,
            Self::Tsit45 => 4,
        }
    }

    pub(crate) const fn is_stiff(self) -> bool {
        !matches!(self, Self::Tsit45)
    }

    pub(crate) const fn citation(self) -> &'static str {
        match self {
            Self::Bdf => {
                "diffsol's BDF after Shampine & Reichelt, SIAM J. Sci. Comput. 18:1 (1997), \
                 doi:10.1137/S1064827594276424"
            }
            Self::TrBdf2 => {
                "diffsol's TR-BDF2 after Hosea & Shampine, Appl. Numer. Math. 20:21 (1996), \
                 doi:10.1016/0168-9274(95)00115-8"
            }
            Self::Esdirk34 => {
                "diffsol's ESDIRK34 after Jørgensen, Kristensen & Thomsen, arXiv:1803.01613 (2018)"
            }
            Self::Tsit45 => {
                "diffsol's Tsit45 after Tsitouras, Comput. Math. Appl. 62:770 (2011), \
                 doi:10.1016/j.camwa.2011.06.002"
            }
        }
    }
}

type Vector = NalgebraVec<f64>;

/// Integrates from stop to stop: at each, diffsol starts afresh.
pub(crate) fn integrate<S: Linearize + ?Sized>(
    system: &S,
    (method, scheme): (Method, Scheme),
    tolerance: &Tolerance,
    span: (f64, f64),
    y0: &[f64],
    options: &Options,
) -> Result<Solution, SolveError> {
    let mut run = Run::start(system, method, span, y0, options)?;
    let dim = y0.len();
    let atol = tolerance.weights(dim, of_values, |i| system.state_name(i))?.atol;
    let edges = edges(system, span, options);
    let mut jacobian = None;
    for segment in edges.windows(2) {
        let (a, b) = (segment[0], segment[1]);
        let matrix = RefCell::new(Jacobian::on(system, a, dim, jacobian.take()));
        // The stretch ends before the edge: what the system does at the edge belongs to the next.
        let last = b.next_down();
        let calls = Cell::new(0);
        let y = run.y.clone();
        let mut builder = OdeBuilder::<NalgebraMat<f64>>::new()
            .t0(a)
            .rtol(tolerance.rtol())
            .atol(atol.iter().copied())
            .p([0.0]);
        if let (Some(dt), true) = (options.dt_init, a == span.0) {
            builder = builder.h0(dt.min(b - a));
        }
        let problem = builder
            .rhs_implicit(
                |y: &[f64], _p: &[f64], t: f64, dy: &mut [f64]| {
                    calls.set(calls.get() + 1);
                    system.rhs(t.min(last), y, dy);
                },
                |y: &[f64], _p: &[f64], t: f64, v: &[f64], jv: &mut [f64]| {
                    matrix.borrow_mut().multiply(system, t.min(last), y, v, jv);
                },
            )
            .init(|_p: &[f64], _t: f64, out: &mut [f64]| out.copy_from_slice(&y), dim)
            .build()
            .map_err(|e| run.gave_up(&e))?;
        macro_rules! go {
            ($solver:expr) => {
                match $solver {
                    Ok(solver) => run.segment(solver, b),
                    Err(e) => Err(run.gave_up(&e)),
                }
            };
        }
        let outcome = match scheme {
            Scheme::Bdf => go!(problem.bdf::<NalgebraLU<f64>>()),
            Scheme::TrBdf2 => go!(problem.tr_bdf2::<NalgebraLU<f64>>()),
            Scheme::Esdirk34 => go!(problem.esdirk34::<NalgebraLU<f64>>()),
            Scheme::Tsit45 => go!(problem.tsit45()),
        };
        drop(problem);
        let matrix = matrix.into_inner();
        run.stats.rhs += calls.get();
        run.stats.jacobian += matrix.evaluations;
        outcome?;
        jacobian = Some(matrix);
    }
    Ok(run.take(false))
}

/// Start, stops and end, in rising order.
fn edges<S: Linearize + ?Sized>(system: &S, (t0, t1): (f64, f64), options: &Options) -> Vec<f64> {
    let mut edges = Vec::new();
    system.stops(t0, t1, &mut edges);
    edges.extend_from_slice(&options.stops);
    edges.retain(|t| t0 < *t && *t < t1);
    edges.extend([t0, t1]);
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// A solve under way.
struct Run<'a, S: ?Sized> {
    system: &'a S,
    method: Method,
    options: &'a Options,
    t: f64,
    y: Vec<f64>,
    times: Vec<f64>,
    states: Vec<f64>,
    /// How many of the requested times are done.
    done: usize,
    stats: Statistics,
}

impl<'a, S: Linearize + ?Sized> Run<'a, S> {
    fn start(
        system: &'a S,
        method: Method,
        span: (f64, f64),
        y0: &[f64],
        options: &'a Options,
    ) -> Result<Self, SolveError> {
        options.check(span)?;
        if !matches!(system.mass(), Mass::Identity) {
            return Err(SolveError::BeyondDiffsol { method, what: "a mass matrix" });
        }
        if options.dt_max.is_finite() {
            let rule = "diffsol knows no longest step; leave it infinite, or take one of our methods";
            return Err(SolveError::InvalidOption { name: "dt_max", value: options.dt_max, rule });
        }
        let dim = system.dim();
        if dim == 0 {
            return Err(SolveError::NoStates);
        }
        if y0.len() != dim {
            return Err(SolveError::WrongLength {
                what: "the initial state",
                expected: dim,
                found: y0.len(),
            });
        }
        if let Some(i) = y0.iter().position(|y| !y.is_finite()) {
            return Err(SolveError::InitialNotFinite { state: system.state_name(i), value: y0[i] });
        }
        let stats = Statistics::default();
        let (times, states) = (Vec::new(), Vec::new());
        let mut run =
            Self { system, method, options, t: span.0, y: y0.to_vec(), times, states, done: 0, stats };
        match &options.save_at {
            SaveAt::EveryStep => run.push(run.t),
            SaveAt::End => {}
            SaveAt::Times(times) => {
                while times.get(run.done).is_some_and(|&at| at <= run.t) {
                    run.push(times[run.done]);
                    run.done += 1;
                }
            }
        }
        Ok(run)
    }

    fn push(&mut self, t: f64) {
        self.times.push(t);
        self.states.extend_from_slice(&self.y);
    }

    /// From `self.t` to the edge `b`.
    fn segment<'e, E, M>(&mut self, mut solver: M, b: f64) -> Result<(), SolveError>
    where
        E: OdeEquations<T = f64, V = Vector> + 'e,
        M: OdeSolverMethod<'e, E>,
    {
        let before = self.stats;
        solver.set_stop_time(b).map_err(|e| self.gave_up(&e))?;
        let mut state = solver.interpolate(self.t).map_err(|e| self.gave_up(&e))?;
        loop {
            let reason = solver.step();
            let stats = solver.get_statistics();
            self.stats.accepted = before.accepted + stats.number_of_steps as u64;
            self.stats.rejected = before.rejected
                + (stats.number_of_error_test_failures + stats.number_of_nonlinear_solver_fails) as u64;
            self.stats.factorisations = before.factorisations + stats.number_of_linear_solver_setups as u64;
            self.stats.solves = before.solves + stats.number_of_nonlinear_solver_iterations as u64;
            let (h, t) = (solver.state().h, solver.state().t);
            let reason = reason.map_err(|e| self.gave_up(&e))?;
            let done = matches!(reason, OdeSolverStopReason::TstopReached);
            let t = if done { b } else { t };
            let y = solver.state().y.inner().as_slice();
            if let Some(i) = y.iter().position(|y| !y.is_finite()) {
                let (state, at) = (self.system.state_name(i), self.t);
                let partial = Box::new(self.take(true));
                return Err(SolveError::NotFinite { t: at, dt: t - at, state, partial });
            }
            while let Some(at) = self.next_before(t) {
                // diffsol's own clock may end a rounding before the edge.
                solver
                    .interpolate_inplace(at.min(solver.state().t), &mut state)
                    .map_err(|e| self.gave_up(&e))?;
                self.times.push(at);
                self.states.extend_from_slice(state.inner().as_slice());
                self.done += 1;
            }
            self.t = t;
            self.y.copy_from_slice(y);
            self.reached();
            if done {
                return Ok(());
            }
            let max_steps = self.options.max_steps;
            if self.stats.accepted + self.stats.rejected >= max_steps {
                let stiff = self.method.is_stiff();
                let partial = Box::new(self.take(true));
                return Err(SolveError::TooManySteps { t, dt: h, max_steps, stiff, partial });
            }
        }
    }

    /// The next time to record, if it lies before `t` by more than rounding.
    fn next_before(&self, t: f64) -> Option<f64> {
        let SaveAt::Times(times) = &self.options.save_at else { return None };
        times.get(self.done).copied().filter(|&at| at < t - rounding(t))
    }

    /// Records the state at `self.t`, the end of a step, where it is asked for.
    fn reached(&mut self) {
        match &self.options.save_at {
            SaveAt::EveryStep => self.push(self.t),
            SaveAt::End => {}
            SaveAt::Times(times) => {
                while let Some(&at) = times.get(self.done).filter(|&&at| at <= self.t + rounding(self.t)) {
                    self.push(at);
                    self.done += 1;
                }
            }
        }
    }

    fn gave_up(&mut self, error: &DiffsolError) -> SolveError {
        let (method, t) = (self.method, self.t);
        let partial = Box::new(self.take(true));
        let reason = match error {
            DiffsolError::OdeSolverError(OdeSolverError::StepSizeTooSmall { .. }) => {
                "its steps became too short".into()
            }
            other => other.to_string(),
        };
        SolveError::Diffsol { method, t, reason, partial }
    }

    /// The solution, ending with the latest state if it must.
    fn take(&mut self, failed: bool) -> Solution {
        let last = self.times.last().copied();
        if self.options.save_at == SaveAt::End || (failed && last.is_none_or(|last| last < self.t)) {
            self.push(self.t);
        }
        Solution {
            t: std::mem::take(&mut self.times),
            y: std::mem::take(&mut self.states),
            dim: self.y.len(),
            stats: self.stats,
            events: Vec::new(),
            ending: if failed { Ending::Failed } else { Ending::Reached },
        }
    }
}

/// Times that differ by this much mean the same.
fn rounding(t: f64) -> f64 {
    4.0 * f64::EPSILON * t.abs()
}

/// The exact Jacobian, evaluated once for each point at which diffsol multiplies with it.
struct Jacobian {
    rows: Vec<Depends>,
    plan: Option<Compression>,
    /// Columns: where each starts in `entries`, and the end.
    starts: Vec<usize>,
    /// Row, and place in `values`, column by column.
    entries: Vec<(usize, usize)>,
    values: Vec<f64>,
    /// Gives the values on this stretch.
    source: Option<Planned<f64>>,
    /// The point of `values`.
    at: Option<f64>,
    y: Vec<f64>,
    evaluations: u64,
}

impl Jacobian {
    /// The structure on the stretch that begins at `t`; that of `earlier` if it is the same.
    fn on<S: Linearize + ?Sized>(system: &S, t: f64, dim: usize, earlier: Option<Self>) -> Self {
        let mut rows = vec![Depends::default(); dim.min(SparsityPattern::MAX_DIM)];
        let known = dim <= SparsityPattern::MAX_DIM && system.sparsity(t, &mut rows);
        let mut jacobian = match earlier {
            Some(same) if same.plan.is_some() == known && (!known || same.rows == rows) => {
                Self { at: None, evaluations: 0, ..same }
            }
            _ => Self::new(dim, rows, known),
        };
        jacobian.source = jacobian.plan.as_ref().map(|plan| Planned::new(system, t, plan));
        jacobian
    }

    fn new(dim: usize, rows: Vec<Depends>, known: bool) -> Self {
        let plan = known.then(|| Compression::new(&SparsityPattern::with_diagonal(rows.clone())));
        let mut places: Vec<(usize, usize, usize)> = match &plan {
            Some(plan) => plan.entries().enumerate().map(|(k, (i, j))| (j, i, k)).collect(),
            None => (0..dim * dim).map(|k| (k / dim, k % dim, k)).collect(),
        };
        places.sort_unstable();
        let starts = (0..=dim).map(|j| places.partition_point(|p| p.0 < j)).collect();
        Self {
            rows,
            plan,
            starts,
            values: vec![0.0; places.len()],
            entries: places.into_iter().map(|(_, i, k)| (i, k)).collect(),
            source: None,
            at: None,
            y: vec![0.0; dim],
            evaluations: 0,
        }
    }

    /// Writes `J(t, y) · v` into `jv`.
    fn multiply<S: Linearize + ?Sized>(&mut self, system: &S, t: f64, y: &[f64], v: &[f64], jv: &mut [f64]) {
        // diffsol multiplies with one unit vector after the other.
        if self.at != Some(t) || self.y != y {
            match (&self.plan, &mut self.source) {
                (Some(plan), Some(source)) => source.entries(system, t, y, plan, &mut self.values),
                _ => system.jacobian(t, y, &mut self.values),
            }
            self.at = Some(t);
            self.y.copy_from_slice(y);
            self.evaluations += 1;
        }
        jv.fill(0.0);
        for (j, &v) in v.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            for &(i, k) in &self.entries[self.starts[j]..self.starts[j + 1]] {
                jv[i] += self.values[k] * v;
            }
        }
    }
}
