//! Cells of one model with different parameters, side by side.

use std::marker::PhantomData;

use ode_solvers::{Element, Kernel, Lanes, Over, Scalar, StateSpace, System, Twin};

use crate::{Cell, IonicModel, MAX_PARAMETERS, MAX_STATES, Stimulus};

/// Cells of model `M` whose parameters are numbers of type `P`: `Lanes<f64, 8>` for eight cells
/// with different parameters, `Dual<N>` for derivatives with respect to parameters.
///
/// All share one stimulus.
///
/// ```
/// use ionic_models::models::HodgkinHuxley1952;
/// use ionic_models::{Cell, Population};
/// use ode_solvers::{Lanes, System};
///
/// let mut cells = [Cell::<HodgkinHuxley1952>::new(), Cell::new()];
/// cells[1].set_parameter("g_Na", 60.0)?;
/// let population = Population::<_, Lanes<f64, 2>>::from_cells(&cells);
/// let y = population.initial_state();
/// let mut dy = [Lanes::default(); 4];
/// population.rhs(0.0, &y, &mut dy);
/// assert!(dy[0].0[0] > dy[0].0[1]);
/// # Ok::<(), ionic_models::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Population<M, P> {
    parameters: Vec<P>,
    initial_state: Vec<P>,
    stimulus: Stimulus,
    model: PhantomData<fn() -> M>,
}

impl<M: IonicModel, E: Element, const N: usize> Population<M, Lanes<E, N>> {
    /// One lane for each cell: parameters and initial states. The stimulus is the first cell's.
    #[must_use]
    pub fn from_cells(cells: &[Cell<M>; N]) -> Self {
        let lanes = |value: &dyn Fn(&Cell<M>) -> f64| Lanes::from_fn(|lane| E::from_f64(value(&cells[lane])));
        Self {
            parameters: (0..M::PARAMETERS.len()).map(|i| lanes(&|c| c.parameters()[i])).collect(),
            initial_state: (0..M::STATES.len()).map(|i| lanes(&|c| c.initial_state()[i])).collect(),
            stimulus: cells.first().map(|c| c.stimulus().clone()).unwrap_or_default(),
            model: PhantomData,
        }
    }
}

impl<M: IonicModel, P: Scalar> Population<M, P> {
    /// The cell, with its parameters converted: change them through
    /// [`parameters_mut`](Population::parameters_mut).
    #[must_use]
    pub fn from_cell(cell: &Cell<M>) -> Self {
        let convert = |values: &[f64]| values.iter().map(|&x| P::from(x)).collect();
        Self {
            parameters: convert(cell.parameters()),
            initial_state: convert(cell.initial_state()),
            stimulus: cell.stimulus().clone(),
            model: PhantomData,
        }
    }

    /// The parameters, in the order of [`IonicModel::PARAMETERS`].
    #[must_use]
    pub fn parameters(&self) -> &[P] {
        &self.parameters
    }

    /// The parameters, to change.
    pub fn parameters_mut(&mut self) -> &mut [P] {
        &mut self.parameters
    }

    /// The initial state, in the order of [`IonicModel::STATES`].
    #[must_use]
    pub fn initial_state(&self) -> Vec<P> {
        self.initial_state.clone()
    }
}

impl<M: IonicModel, P: Scalar> StateSpace for Population<M, P> {
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

impl<M: IonicModel, P: Scalar, T: Scalar + Over<P>> System<T> for Population<M, P> {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        let mut b = [T::default(); MAX_STATES];
        System::<T>::rhs_and_rates(self, t, y, dy, &mut b[..M::STATES.len()]);
    }

    fn rhs_and_rates(&self, t: f64, y: &[T], dy: &mut [T], b: &mut [T]) {
        // As numbers of the state's type: what runs on wide registers has one type for both.
        let mut p = [T::default(); MAX_PARAMETERS];
        for (p, &value) in p.iter_mut().zip(&self.parameters) {
            *p = T::from(value);
        }
        let i_stim = T::from(self.stimulus.value(t));
        T::dispatch(Equations::<M, T> {
            parameters: &p[..self.parameters.len()],
            i_stim,
            y,
            dy,
            b,
            model: PhantomData,
        });
    }
}

/// The equations at a state, for the widest registers that the machine has.
struct Equations<'a, M, T> {
    parameters: &'a [T],
    i_stim: T,
    y: &'a [T],
    dy: &'a mut [T],
    b: &'a mut [T],
    model: PhantomData<fn() -> M>,
}

impl<M: IonicModel, T: Scalar> Kernel<T> for Equations<'_, M, T> {
    type Output = ();

    #[inline(always)]
    fn run<U: Twin<T>>(self) {
        let (y, dy, b) = (U::view(self.y), U::view_mut(self.dy), U::view_mut(self.b));
        M::rhs(U::view(self.parameters), U::of(self.i_stim), y, dy, b);
    }
}
