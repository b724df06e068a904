//! How the trajectory changes with parameters and initial states.

use crate::erased::Erased;
use crate::norm::{Measure, Weights, of_columns, of_values};
use crate::run::Plan;
use crate::solve::dispatch;
use crate::{
    Dual, Instance, Linearize, Method, Options, Parametric, SaveAt, Solution, SolveError, StateSpace,
    StepSize,
};

/// Which derivatives are wanted, and how accurate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The derivatives with respect to these parameters, by their place.
    pub parameters: Vec<usize>,
    /// The derivatives with respect to the initial values of these states.
    pub initial_states: Vec<usize>,
    /// What the tolerance holds for.
    pub error_control: ErrorControl,
}

/// What the tolerance of adaptive steps holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorControl {
    /// States and derivatives: the derivatives are about as accurate as the states. The default.
    ///
    /// A derivative is measured in units of the state: multiplied with the size of the parameter or
    /// initial value (1 where that is zero), it has the tolerance of the state. The states of all
    /// directions then count, and the worst direction decides.
    #[default]
    StatesAndDerivatives,
    /// States alone: the steps are those of a plain solve, and the derivatives are those of the
    /// computed numbers. Cheaper; but nothing watches them, and where they change faster than the
    /// states they are far off, at tight tolerances as well.
    States,
}

impl Wanted {
    /// The derivatives with respect to these parameters.
    pub fn parameters(indices: impl Into<Vec<usize>>) -> Self {
        Self { parameters: indices.into(), ..Self::default() }
    }

    /// The derivatives with respect to the initial values of these states.
    pub fn initial_states(indices: impl Into<Vec<usize>>) -> Self {
        Self { initial_states: indices.into(), ..Self::default() }
    }
}

/// A trajectory with its derivatives.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sensitivities {
    /// The trajectory. Its statistics count the work for the derivatives as well; an evaluation of
    /// the right-hand side gives up to four directions.
    pub solution: Solution,
    /// The number of directions: the parameters first, the initial states after them.
    pub directions: usize,
    /// Time after time, direction after direction, state after state.
    derivatives: Vec<f64>,
}

impl Sensitivities {
    /// The derivatives of all states at the `k`-th time along direction `j`.
    ///
    /// # Panics
    /// If there is no such time or direction, as for a slice.
    pub fn derivative(&self, k: usize, j: usize) -> &[f64] {
        assert!(j < self.directions, "direction {j} of {}", self.directions);
        let n = self.solution.dim;
        &self.derivatives[(k * self.directions + j) * n..][..n]
    }

    /// The derivatives at the last time along direction `j`.
    ///
    /// # Panics
    /// If there is no such direction.
    pub fn last(&self, j: usize) -> &[f64] {
        self.derivative(self.solution.len() - 1, j)
    }
}

/// Integrates a system together with the derivatives of its states with respect to parameters and
/// initial states (forward sensitivities).
///
/// The solver runs over [`Dual`] numbers: every method, explicit or implicit, gives the exact
/// derivatives of its steps, and with them (by default) an estimate of their error
/// ([`ErrorControl`]). Scaling by parameters as in CVODES (R. Serban & A. Hindmarsh, CVODES: the
/// sensitivity-enabled ODE solver in SUNDIALS, ASME 2005, doi:10.1115/DETC2005-85597).
///
/// Directions are computed four at a time, each time with steps of its own; trajectory and times are
/// those of the first four. With [`SaveAt::EveryStep`] the others are recorded at those times, from
/// their dense output.
///
/// ```
/// use ode_solvers::{Instance, Method, Options, Over, Parametric, Scalar, StateSpace, StepSize, Tolerance};
/// use ode_solvers::{Wanted, sensitivities};
///
/// /// Decay: y' = −k y.
/// struct Decay;
/// impl StateSpace for Decay {
///     fn dim(&self) -> usize { 1 }
/// }
/// impl Parametric for Decay {
///     fn rhs<P: Scalar, T: Scalar + Over<P>>(&self, p: &[P], _t: f64, y: &[T], dy: &mut [T]) {
///         dy[0] = -(y[0] * p[0]);
///     }
/// }
///
/// let decay = Instance::new(&Decay, [0.5]);
/// let step = StepSize::Adaptive(Tolerance::new(1e-8, 1e-10));
/// let options = Options::save_at([1.0, 2.0]);
/// let s = sensitivities(&decay, &Wanted::parameters([0]), Method::Tsit5, step, (0.0, 2.0), &[3.0], &options)?;
/// // y = 3 e^(−k t), ∂y/∂k = −t y.
/// assert!((s.last(0)[0] + 2.0 * s.solution.last()[0]).abs() < 1e-7);
/// # Ok::<(), ode_solvers::SolveError>(())
/// ```
///
/// # Stops
///
/// Stops are times, without derivatives: where the time of a pulse, or of an event, depends on a
/// parameter, the derivative lacks the part that comes from the shift of that time. Events are not
/// looked for.
///
/// # Errors
/// As [`solve`](crate::solve); for systems with algebraic equations; and where there is no such parameter or state. Not finite can be a
/// derivative as well as a state.
pub fn sensitivities<S: Parametric + ?Sized>(
    system: &Instance<'_, S>,
    wanted: &Wanted,
    method: Method,
    step: StepSize,
    span: (f64, f64),
    y0: &[f64],
    options: &Options,
) -> Result<Sensitivities, SolveError> {
    let (dim, mass) = (system.dim(), system.mass());
    if mass.fault(dim).is_none() && !mass.algebraic(dim).0.is_empty() {
        return Err(SolveError::AlgebraicDerivatives);
    }
    let directions = directions(&system.parameters, wanted, y0)?;
    let mut result: Option<Sensitivities> = None;
    let mut rest = directions.as_slice();
    let mut done = 0;
    while !rest.is_empty() {
        let width = if rest.len() == 1 { 1 } else { rest.len().min(4) };
        let (chunk, after) = rest.split_at(width);
        let recorded;
        let options = match &result {
            Some(first) if options.save_at == SaveAt::EveryStep => {
                recorded = Options { save_at: SaveAt::Times(first.solution.t.clone()), ..options.clone() };
                &recorded
            }
            _ => options,
        };
        let control = wanted.error_control;
        let task = Task { chunk, first: done, control, method, step: step.clone(), span, options };
        let result = result.get_or_insert_with(|| Sensitivities::empty(directions.len()));
        match width {
            1 => {
                let (parameters, y0) = task.lift::<1>(&system.parameters, y0);
                let lifted = Instance::new(system.system, parameters);
                task.run(Erased::new(&lifted).get(), &y0, result)?;
            }
            _ => {
                let (parameters, y0) = task.lift::<4>(&system.parameters, y0);
                let lifted = Instance::new(system.system, parameters);
                task.run(Erased::new(&lifted).get(), &y0, result)?;
            }
        }
        done += width;
        rest = after;
    }
    match result {
        Some(result) => Ok(result),
        None => Err(SolveError::NoDirections),
    }
}

/// A direction: what is varied, and by which unit.
#[derive(Debug, Clone, Copy)]
struct Along {
    place: Place,
    unit: f64,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Parameter(usize),
    Initial(usize),
}

fn directions(parameters: &[f64], wanted: &Wanted, y0: &[f64]) -> Result<Vec<Along>, SolveError> {
    let unit = |value: f64| if value != 0.0 && value.is_finite() { value.abs() } else { 1.0 };
    let mut all = Vec::new();
    for (what, indices, values, place) in [
        ("parameter", &wanted.parameters, parameters, Place::Parameter as fn(usize) -> Place),
        ("state", &wanted.initial_states, y0, Place::Initial),
    ] {
        for &index in indices {
            let Some(&value) = values.get(index) else {
                return Err(SolveError::NoSuchDirection { what, index, count: values.len() });
            };
            all.push(Along { place: place(index), unit: unit(value) });
        }
    }
    Ok(all)
}

impl Sensitivities {
    fn empty(directions: usize) -> Self {
        Self { solution: Solution::empty(), directions, derivatives: Vec::new() }
    }
}

/// A solve along some of the directions: compiled once for each number of them, whatever the system.
struct Task<'a> {
    chunk: &'a [Along],
    /// How many directions come before these.
    first: usize,
    control: ErrorControl,
    method: Method,
    step: StepSize,
    span: (f64, f64),
    options: &'a Options,
}

impl Task<'_> {
    /// Parameters and initial state, which vary along the directions by their units.
    fn lift<const N: usize>(&self, parameters: &[f64], y0: &[f64]) -> (Vec<Dual<N>>, Vec<Dual<N>>) {
        let constants = |x: &[f64]| x.iter().map(|&v| Dual::constant(v)).collect::<Vec<Dual<N>>>();
        let (mut parameters, mut y0) = (constants(parameters), constants(y0));
        for (i, along) in self.chunk.iter().enumerate() {
            match along.place {
                Place::Parameter(k) => parameters[k].d[i] = along.unit,
                Place::Initial(k) => y0[k].d[i] = along.unit,
            }
        }
        (parameters, y0)
    }

    /// Solves the lifted system, and writes the directions into `result`.
    fn run<const N: usize>(
        self,
        system: &dyn Linearize<Dual<N>>,
        y0: &[Dual<N>],
        result: &mut Sensitivities,
    ) -> Result<(), SolveError> {
        let measure: Measure<Dual<N>> = match self.control {
            ErrorControl::StatesAndDerivatives => of_values_and_derivatives,
            ErrorControl::States => of_values,
        };
        let plan = Plan { options: self.options, events: &[], measure };
        let solution = dispatch(system, self.method, self.step, self.span, y0, &plan)
            .map_err(|error| error.map(|y| y.v))?;
        let n = system.dim();
        let (m, first) = (result.directions, self.first);
        if first == 0 {
            result.derivatives = vec![0.0; solution.y.len() * m];
            result.solution = solution.clone().map(|y| y.v);
        } else {
            result.solution.stats += solution.stats;
        }
        for (k, row) in solution.y.chunks_exact(n).enumerate() {
            for (i, along) in self.chunk.iter().enumerate() {
                let out = &mut result.derivatives[(k * m + first + i) * n..][..n];
                for (out, y) in out.iter_mut().zip(row) {
                    *out = y.d[i] / along.unit;
                }
            }
        }
        Ok(())
    }
}

/// The norm of the values or of the derivatives along one of the directions, whichever is larger.
fn of_values_and_derivatives<const N: usize>(
    weights: &Weights<Dual<N>>,
    x: &[Dual<N>],
    y: &[Dual<N>],
    z: &[Dual<N>],
) -> f64 {
    let values = of_columns(weights, x, y, z, |x| x.v);
    (0..N)
        .map(|k| of_columns(weights, x, y, z, |x| x.d[k]))
        .fold(values, |a, b| if b <= a || a.is_nan() { a } else { b })
}
