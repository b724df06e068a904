//! A model with its values and its stimulus: what is integrated.

use std::marker::PhantomData;

use ode_solvers::sparse::SparseDual;
use ode_solvers::{Kernel, Scalar, StateSpace, System, Twin};

use crate::error::OutOfRange;
use crate::names::near_misses;
use crate::{Error, IonicModel, MAX_PARAMETERS, MAX_STATES, Stimulus, Variable, Variant};

/// What a cell does with a value outside the range for which its model is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RangePolicy {
    /// Takes the value and returns a warning.
    #[default]
    Warn,
    /// Refuses the value with [`Error::OutOfRange`].
    Refuse,
    /// Takes the value and says nothing.
    Ignore,
}

/// One cell of model `M`: parameters, initial state, stimulus.
///
/// It is a [`System`] over every number type, with plain `f64` parameters.
///
/// ```
/// use ionic_models::models::HodgkinHuxley1952;
/// use ionic_models::{Cell, Stimulus};
/// use ode_solvers::System;
///
/// let mut axon = Cell::<HodgkinHuxley1952>::variant("modern")?;
/// axon.set_stimulus(Stimulus::constant(10.0)?);
/// axon.set_parameter("g_K", 30.0)?;
/// let mut dy = [0.0; 4];
/// axon.rhs(0.0, axon.initial_state(), &mut dy);
/// assert!(dy[0] > 0.0); // it depolarises
/// # Ok::<(), ionic_models::Error>(())
/// ```
pub struct Cell<M> {
    parameters: Vec<f64>,
    initial_state: Vec<f64>,
    stimulus: Stimulus,
    policy: RangePolicy,
    variant: &'static str,
    model: PhantomData<fn() -> M>,
}

impl<M> Clone for Cell<M> {
    fn clone(&self) -> Self {
        Self {
            parameters: self.parameters.clone(),
            initial_state: self.initial_state.clone(),
            stimulus: self.stimulus.clone(),
            policy: self.policy,
            variant: self.variant,
            model: PhantomData,
        }
    }
}

impl<M: IonicModel> std::fmt::Debug for Cell<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cell")
            .field("model", &M::NAME)
            .field("variant", &self.variant)
            .field("parameters", &self.parameters)
            .field("initial_state", &self.initial_state)
            .field("stimulus", &self.stimulus)
            .finish_non_exhaustive()
    }
}

impl<M: IonicModel> Default for Cell<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: IonicModel> Cell<M> {
    /// Scratch space on the stack holds every model.
    const FITS: () = assert!(
        M::STATES.len() <= MAX_STATES && M::PARAMETERS.len() <= MAX_PARAMETERS,
        "raise MAX_STATES or MAX_PARAMETERS"
    );

    /// The cell with the values of the model's first variant, without a stimulus.
    #[must_use]
    pub fn new() -> Self {
        Self::of(&M::VARIANTS[0])
    }

    /// The cell with the values of a variant, without a stimulus.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownVariant`] lists the model's variants.
    pub fn variant(name: &str) -> Result<Self, Error> {
        match M::VARIANTS.iter().find(|v| v.name == name) {
            Some(variant) => Ok(Self::of(variant)),
            None => Err(Error::UnknownVariant {
                model: M::NAME,
                variant: name.to_owned(),
                known: M::VARIANTS.iter().map(|v| v.name).collect(),
            }),
        }
    }

    pub(crate) fn of(variant: &'static Variant) -> Self {
        let () = Self::FITS;
        Self {
            parameters: with_values(M::PARAMETERS, variant.parameters).iter().map(|v| v.value).collect(),
            initial_state: with_values(M::STATES, variant.states).iter().map(|v| v.value).collect(),
            stimulus: Stimulus::none(),
            policy: RangePolicy::default(),
            variant: variant.name,
            model: PhantomData,
        }
    }

    /// The name of the variant whose values the cell began with; empty if the model has only one.
    #[must_use]
    pub fn variant_name(&self) -> &'static str {
        self.variant
    }

    /// What to do with values outside their range, from now on.
    pub fn set_range_policy(&mut self, policy: RangePolicy) {
        self.policy = policy;
    }

    /// The parameters, in the order of [`IonicModel::PARAMETERS`].
    #[must_use]
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// The initial state, in the order of [`IonicModel::STATES`].
    #[must_use]
    pub fn initial_state(&self) -> &[f64] {
        &self.initial_state
    }

    /// The stimulus.
    #[must_use]
    pub fn stimulus(&self) -> &Stimulus {
        &self.stimulus
    }

    /// Replaces the stimulus.
    pub fn set_stimulus(&mut self, stimulus: Stimulus) {
        self.stimulus = stimulus;
    }

    /// As [`set_stimulus`](Cell::set_stimulus), to write after a constructor.
    #[must_use]
    pub fn with_stimulus(mut self, stimulus: Stimulus) -> Self {
        self.stimulus = stimulus;
        self
    }

    /// The value of a parameter, by its name or its CellML name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] lists names that look like it.
    pub fn parameter(&self, name: &str) -> Result<f64, Error> {
        Ok(self.parameters[index_of(M::NAME, "parameter", M::PARAMETERS, name)?])
    }

    /// Sets a parameter by its name or its CellML name. A value outside the range is treated as the
    /// [`RangePolicy`] says: the warning is returned.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] lists names that look like it; [`Error::NotFinite`];
    /// [`Error::OutOfRange`] under [`RangePolicy::Refuse`]. The cell is unchanged then.
    pub fn set_parameter(&mut self, name: &str, value: f64) -> Result<Option<OutOfRange>, Error> {
        let i = index_of(M::NAME, "parameter", M::PARAMETERS, name)?;
        let warning = check(M::NAME, "parameter", &M::PARAMETERS[i], value, self.policy)?;
        self.parameters[i] = value;
        Ok(warning)
    }

    /// Sets an initial state by its name or its CellML name, as
    /// [`set_parameter`](Cell::set_parameter) does.
    ///
    /// # Errors
    ///
    /// As [`set_parameter`](Cell::set_parameter).
    pub fn set_state(&mut self, name: &str, value: f64) -> Result<Option<OutOfRange>, Error> {
        let i = index_of(M::NAME, "state", M::STATES, name)?;
        let warning = check(M::NAME, "state", &M::STATES[i], value, self.policy)?;
        self.initial_state[i] = value;
        Ok(warning)
    }

    /// Replaces the whole initial state, in the order of [`IonicModel::STATES`]; returns a warning
    /// for every value outside its range.
    ///
    /// # Errors
    ///
    /// [`Error::WrongLength`], [`Error::NotFinite`], or [`Error::OutOfRange`] under
    /// [`RangePolicy::Refuse`]. The cell is unchanged then.
    pub fn set_initial_state(&mut self, values: &[f64]) -> Result<Vec<OutOfRange>, Error> {
        if values.len() != M::STATES.len() {
            return Err(Error::WrongLength {
                model: M::NAME,
                kind: "state",
                expected: M::STATES.len(),
                found: values.len(),
            });
        }
        let mut warnings = Vec::new();
        for (variable, &value) in M::STATES.iter().zip(values) {
            warnings.extend(check(M::NAME, "state", variable, value, self.policy)?);
        }
        self.initial_state.copy_from_slice(values);
        Ok(warnings)
    }

    /// Hands every current at time `t` and state `y` to `current`, by name, in the order of
    /// [`IonicModel::CURRENTS`]. Outward currents are positive.
    ///
    /// # Panics
    ///
    /// If `y` has another length than [`IonicModel::STATES`].
    pub fn currents<T: Scalar>(&self, t: f64, y: &[T], current: impl FnMut(&'static str, T)) {
        let n = M::STATES.len();
        let (mut dy, mut b) = ([T::default(); MAX_STATES], [T::default(); MAX_STATES]);
        let i_stim = T::from(self.stimulus.value(t));
        M::evaluate(&self.parameters, i_stim, y, &mut dy[..n], &mut b[..n], current);
    }

    /// The one place where the equations are compiled for a number type.
    fn equations<T: Scalar>(&self, i_stim: T, y: &[T], dy: &mut [T], b: &mut [T]) {
        T::dispatch(Equations::<M, T> { parameters: &self.parameters, i_stim, y, dy, b, model: PhantomData });
    }
}

impl<M: IonicModel> StateSpace for Cell<M> {
    fn dim(&self) -> usize {
        M::STATES.len()
    }

    fn state_name(&self, i: usize) -> String {
        M::STATES.get(i).map_or_else(|| format!("y[{i}]"), |v| v.name.to_owned())
    }

    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        self.stimulus.stops(t0, t1, out);
    }

    fn is_autonomous(&self) -> bool {
        self.stimulus.is_piecewise_constant()
    }
}

/// As many states as have rates that are cheaper to clear without a loop.
const FEW: usize = 8;

impl<M: IonicModel, T: Scalar> System<T> for Cell<M> {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        // One compiled copy of the equations serves both: writing the rates costs far less than the
        // equations, compiling a large model twice for every number type does not.
        if const { M::STATES.len() <= FEW } {
            let mut b = [T::default(); FEW];
            System::<T>::rhs_and_rates(self, t, y, dy, &mut b[..M::STATES.len()]);
        } else {
            let mut b = [T::default(); MAX_STATES];
            System::<T>::rhs_and_rates(self, t, y, dy, &mut b[..M::STATES.len()]);
        }
    }

    fn rhs_and_rates(&self, t: f64, y: &[T], dy: &mut [T], b: &mut [T]) {
        self.equations(T::from(self.stimulus.value(t)), y, dy, b);
    }

    fn time_derivative(&self, t: f64, y: &[T], dfdt: &mut [T]) -> bool {
        let slope = self.stimulus.slope(t);
        if slope == 0.0 {
            dfdt.fill(T::from(0.0));
            return true;
        }
        // ∂f/∂t = ∂f/∂I · dI/dt: the stimulus carries the derivative. One direction would do; the numbers are those
        // of Jacobians, so that no further copy of the equations is compiled, and know what does not depend on it.
        let n = M::STATES.len();
        let mut x = [SparseDual::<4, T>::default(); MAX_STATES];
        let (mut dx, mut b) = (x, x);
        for (x, &y) in x.iter_mut().zip(y) {
            *x = SparseDual::constant(y);
        }
        let i_stim = SparseDual::<4, T>::variable(T::from(0.0), 0) * slope + self.stimulus.value(t);
        self.equations(i_stim, &x[..n], &mut dx[..n], &mut b[..n]);
        for (out, dx) in dfdt.iter_mut().zip(&dx) {
            *out = dx.derivative(0);
        }
        true
    }
}

/// The equations at a state, for the widest registers that the machine has.
struct Equations<'a, M, T> {
    parameters: &'a [f64],
    i_stim: T,
    y: &'a [T],
    dy: &'a mut [T],
    b: &'a mut [T],
    model: PhantomData<fn() -> M>,
}

impl<M: IonicModel, T: Scalar> Kernel<T> for Equations<'_, M, T> {
    type Output = ();
    const PLAIN_TOO: bool = true;

    #[inline(always)]
    fn run<U: Twin<T>>(self) {
        M::rhs(
            self.parameters,
            U::of(self.i_stim),
            U::view(self.y),
            U::view_mut(self.dy),
            U::view_mut(self.b),
        );
    }
}

/// A table with some values replaced.
pub(crate) fn with_values(table: &[Variable], values: &[(&str, f64)]) -> Vec<Variable> {
    let mut table = table.to_vec();
    for (name, value) in values {
        if let Some(variable) = table.iter_mut().find(|v| v.name == *name) {
            variable.value = *value;
        }
    }
    table
}

/// Where in a table a name stands.
pub(crate) fn index_of(
    model: &'static str,
    kind: &'static str,
    table: &[Variable],
    name: &str,
) -> Result<usize, Error> {
    table.iter().position(|v| v.is_called(name)).ok_or_else(|| Error::UnknownName {
        model,
        kind,
        name: name.to_owned(),
        near: near_misses(name, table.iter().flat_map(|v| [v.name, v.cellml])),
    })
}

/// Whether a variable may have this value.
fn check(
    model: &'static str,
    kind: &'static str,
    variable: &Variable,
    value: f64,
    policy: RangePolicy,
) -> Result<Option<OutOfRange>, Error> {
    if !value.is_finite() {
        return Err(Error::NotFinite { model, kind, name: variable.name, value });
    }
    if policy == RangePolicy::Ignore || variable.admits(value) {
        return Ok(None);
    }
    let Variable { name, range, unit, .. } = *variable;
    let warning = OutOfRange { model, kind, name, value, range, unit };
    match policy {
        RangePolicy::Refuse => Err(Error::OutOfRange(warning)),
        RangePolicy::Warn | RangePolicy::Ignore => Ok(Some(warning)),
    }
}
