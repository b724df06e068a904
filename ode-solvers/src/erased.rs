//! A system behind a pointer.

use core::marker::PhantomData;

use crate::sparse::{Compression, Depends};
use crate::tape::Trace;
use crate::{Linearize, Mass, Scalar, StateSpace, System};

/// A system whose type is forgotten as soon as it is called: the loops over steps are compiled once
/// for each number type, with all their methods, and not once more for each system. A call through a
/// pointer costs a nanosecond or two; the equations of a cell cost tens to hundreds.
pub(crate) struct Erased<'a, T, S: ?Sized> {
    system: &'a S,
    number: PhantomData<fn() -> T>,
}

impl<'a, T: Scalar, S: Linearize<T> + ?Sized> Erased<'a, T, S> {
    pub(crate) fn new(system: &'a S) -> Self {
        Self { system, number: PhantomData }
    }

    pub(crate) fn get(&self) -> &(dyn Linearize<T> + '_) {
        self
    }
}

impl<T, S: StateSpace + ?Sized> StateSpace for Erased<'_, T, S> {
    fn dim(&self) -> usize {
        self.system.dim()
    }
    fn state_name(&self, i: usize) -> String {
        self.system.state_name(i)
    }
    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        self.system.stops(t0, t1, out);
    }
    fn is_autonomous(&self) -> bool {
        self.system.is_autonomous()
    }
    fn mass(&self) -> Mass {
        self.system.mass()
    }
}

impl<T: Scalar, S: Linearize<T> + ?Sized> System<T> for Erased<'_, T, S> {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        self.system.rhs(t, y, dy);
    }
    fn rhs_and_rates(&self, t: f64, y: &[T], dy: &mut [T], b: &mut [T]) {
        self.system.rhs_and_rates(t, y, dy, b);
    }
    fn time_derivative(&self, t: f64, y: &[T], dfdt: &mut [T]) -> bool {
        self.system.time_derivative(t, y, dfdt)
    }
}

impl<T: Scalar, S: Linearize<T> + ?Sized> Linearize<T> for Erased<'_, T, S> {
    fn jacobian(&self, t: f64, y: &[T], jacobian: &mut [T]) {
        self.system.jacobian(t, y, jacobian);
    }
    fn sparsity(&self, t: f64, rows: &mut [Depends]) -> bool {
        self.system.sparsity(t, rows)
    }
    fn trace(&self, t: f64) -> Option<Trace> {
        self.system.trace(t)
    }
    fn jacobian_entries(&self, t: f64, y: &[T], plan: &Compression, values: &mut [T]) {
        self.system.jacobian_entries(t, y, plan, values);
    }
}
