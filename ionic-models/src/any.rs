//! A cell whose model is chosen at run time.

use ode_solvers::Linearize;

use crate::error::OutOfRange;
use crate::{Cell, Current, Error, IonicModel, RangePolicy, Stimulus, StimulusConvention, Variable};

/// A [`Cell`] of any model: what the [registry](crate::registry) gives.
///
/// A `dyn AnyCell` is a system over `f64` that knows its exact Jacobian, so that every method of
/// `ode_solvers` can integrate it.
pub trait AnyCell: Linearize + Send {
    /// The model's identifier.
    fn id(&self) -> &'static str;

    /// The name of the variant whose values the cell began with; empty if the model has only one.
    fn variant_name(&self) -> &'static str;

    /// The unit of time.
    fn time_unit(&self) -> &'static str;

    /// Unit and sign of the stimulus.
    fn stimulus_convention(&self) -> StimulusConvention;

    /// The model's states. The values are the model's, not the cell's.
    fn state_table(&self) -> &'static [Variable];

    /// The model's parameters. The values are the model's, not the cell's.
    fn parameter_table(&self) -> &'static [Variable];

    /// The currents that [`currents`](AnyCell::currents) returns.
    fn current_table(&self) -> &'static [Current];

    /// The parameters, in the order of the table.
    fn parameters(&self) -> &[f64];

    /// The initial state, in the order of the table.
    fn initial_state(&self) -> &[f64];

    /// The stimulus.
    fn stimulus(&self) -> &Stimulus;

    /// Replaces the stimulus.
    fn set_stimulus(&mut self, stimulus: Stimulus);

    /// See [`Cell::set_range_policy`].
    fn set_range_policy(&mut self, policy: RangePolicy);

    /// See [`Cell::parameter`].
    ///
    /// # Errors
    ///
    /// See [`Cell::parameter`].
    fn parameter(&self, name: &str) -> Result<f64, Error>;

    /// See [`Cell::set_parameter`].
    ///
    /// # Errors
    ///
    /// See [`Cell::set_parameter`].
    fn set_parameter(&mut self, name: &str, value: f64) -> Result<Option<OutOfRange>, Error>;

    /// See [`Cell::set_state`].
    ///
    /// # Errors
    ///
    /// See [`Cell::set_state`].
    fn set_state(&mut self, name: &str, value: f64) -> Result<Option<OutOfRange>, Error>;

    /// See [`Cell::set_initial_state`].
    ///
    /// # Errors
    ///
    /// See [`Cell::set_initial_state`].
    fn set_initial_state(&mut self, values: &[f64]) -> Result<Vec<OutOfRange>, Error>;

    /// Every current at time `t` and state `y`, by name; outward currents are positive.
    ///
    /// # Panics
    ///
    /// If `y` has another length than the initial state.
    fn currents(&self, t: f64, y: &[f64]) -> Vec<(&'static str, f64)>;

    /// A copy.
    fn boxed_clone(&self) -> Box<dyn AnyCell>;
}

impl<M: IonicModel> AnyCell for Cell<M> {
    fn id(&self) -> &'static str {
        M::NAME
    }

    fn variant_name(&self) -> &'static str {
        self.variant_name()
    }

    fn time_unit(&self) -> &'static str {
        M::TIME_UNIT
    }

    fn stimulus_convention(&self) -> StimulusConvention {
        M::STIMULUS
    }

    fn state_table(&self) -> &'static [Variable] {
        M::STATES
    }

    fn parameter_table(&self) -> &'static [Variable] {
        M::PARAMETERS
    }

    fn current_table(&self) -> &'static [Current] {
        M::CURRENTS
    }

    fn parameters(&self) -> &[f64] {
        self.parameters()
    }

    fn initial_state(&self) -> &[f64] {
        self.initial_state()
    }

    fn stimulus(&self) -> &Stimulus {
        self.stimulus()
    }

    fn set_stimulus(&mut self, stimulus: Stimulus) {
        self.set_stimulus(stimulus);
    }

    fn set_range_policy(&mut self, policy: RangePolicy) {
        self.set_range_policy(policy);
    }

    fn parameter(&self, name: &str) -> Result<f64, Error> {
        self.parameter(name)
    }

    fn set_parameter(&mut self, name: &str, value: f64) -> Result<Option<OutOfRange>, Error> {
        self.set_parameter(name, value)
    }

    fn set_state(&mut self, name: &str, value: f64) -> Result<Option<OutOfRange>, Error> {
        self.set_state(name, value)
    }

    fn set_initial_state(&mut self, values: &[f64]) -> Result<Vec<OutOfRange>, Error> {
        self.set_initial_state(values)
    }

    fn currents(&self, t: f64, y: &[f64]) -> Vec<(&'static str, f64)> {
        let mut named = Vec::with_capacity(M::CURRENTS.len());
        self.currents(t, y, |name, value| named.push((name, value)));
        named
    }

    fn boxed_clone(&self) -> Box<dyn AnyCell> {
        Box::new(self.clone())
    }
}
