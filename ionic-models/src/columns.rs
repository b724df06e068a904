//! Very many cells of one model as columns, for fixed steps.

use std::marker::PhantomData;
use std::ops::Range;

use ode_solvers::{Columns, Element, Scalar};

use crate::cell::index_of;
use crate::{Cell, Error, IonicModel, Stimulus};

/// Cells of one model as columns: [`march_columns`](ode_solvers::march_columns) takes fixed steps with
/// millions of them.
///
/// They begin as copies of one cell; columns of numbers replace parameters, and the stimulus.
///
/// ```
/// use ionic_models::models::FitzHughNagumo;
/// use ionic_models::{Cell, CellColumns};
/// use ode_solvers::{Method, march_columns};
///
/// let count = 10_000;
/// let mut cells = CellColumns::<FitzHughNagumo, f32>::new(&Cell::new(), count);
/// cells.set_stimulus_column((0..count).map(|m| 1e-5 * m as f32).collect());
/// let mut y = cells.initial_state();
/// let lost = march_columns::<f32, 16, _>(&cells, Method::ExplicitEuler, 0.01, (0.0, 1.0), &mut y, |_| {})?;
/// assert!(lost.is_empty() && y[count - 1] > y[0]); // U, driven by the most and by the least
/// # Ok::<(), ode_solvers::SolveError>(())
/// ```
#[derive(Debug, Clone)]
pub struct CellColumns<M, E> {
    len: usize,
    parameters: Vec<Column<E>>,
    initial_state: Vec<f64>,
    drive: Drive<E>,
    model: PhantomData<fn() -> M>,
}

#[derive(Debug, Clone)]
enum Column<E> {
    Same(E),
    Each(Vec<E>),
}

#[derive(Debug, Clone)]
enum Drive<E> {
    Stimulus(Stimulus),
    Each(Vec<E>),
}

impl<M: IonicModel, E: Element> CellColumns<M, E> {
    /// `len` cells like this one.
    #[must_use]
    pub fn new(cell: &Cell<M>, len: usize) -> Self {
        Self {
            len,
            parameters: cell.parameters().iter().map(|&p| Column::Same(E::from_f64(p))).collect(),
            initial_state: cell.initial_state().to_vec(),
            drive: Drive::Stimulus(cell.stimulus().clone()),
            model: PhantomData,
        }
    }

    /// A value of a parameter, by its name or its CellML name, for each cell.
    ///
    /// # Errors
    /// [`Error::UnknownName`] lists names that look like it; [`Error::WrongColumn`] if the column is not as long as
    /// there are cells; [`Error::NotFinite`]. Nothing is changed then.
    pub fn set_parameter_column(&mut self, name: &str, column: Vec<E>) -> Result<(), Error> {
        let k = index_of(M::NAME, "parameter", M::PARAMETERS, name)?;
        let (model, kind, name) = (M::NAME, "parameter", M::PARAMETERS[k].name);
        if column.len() != self.len {
            return Err(Error::WrongColumn { model, kind, name, expected: self.len, found: column.len() });
        }
        if let Some(value) = column.iter().map(|&x| -> f64 { x.into() }).find(|x| !x.is_finite()) {
            return Err(Error::NotFinite { model, kind, name, value });
        }
        self.parameters[k] = Column::Each(column);
        Ok(())
    }

    /// A constant stimulus for each cell, in the model's unit and sign.
    ///
    /// # Panics
    /// If the column is not as long as there are cells.
    pub fn set_stimulus_column(&mut self, column: Vec<E>) {
        assert_eq!(column.len(), self.len, "a number for each cell");
        self.drive = Drive::Each(column);
    }

    /// The initial state of all cells, column by column.
    #[must_use]
    pub fn initial_state(&self) -> Vec<E> {
        self.initial_state.iter().flat_map(|&y| std::iter::repeat_n(E::from_f64(y), self.len)).collect()
    }
}

impl<M: IonicModel, E: Element> Columns<E> for CellColumns<M, E> {
    const STATES: usize = M::STATES.len();
    const PARAMETERS: usize = M::PARAMETERS.len();

    fn len(&self) -> usize {
        self.len
    }

    fn parameter(&self, k: usize, members: Range<usize>, out: &mut [E]) {
        match &self.parameters[k] {
            Column::Same(x) => out.fill(*x),
            Column::Each(column) => out.copy_from_slice(&column[members]),
        }
    }

    fn is_common(&self, k: usize) -> bool {
        matches!(self.parameters[k], Column::Same(_))
    }

    fn drive(&self, t: f64, members: Range<usize>, out: &mut [E]) {
        match &self.drive {
            Drive::Stimulus(stimulus) => out.fill(E::from_f64(stimulus.value(t))),
            Drive::Each(column) => out.copy_from_slice(&column[members]),
        }
    }

    fn is_autonomous(&self) -> bool {
        match &self.drive {
            Drive::Stimulus(stimulus) => stimulus.is_piecewise_constant(),
            Drive::Each(_) => true,
        }
    }

    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        if let Drive::Stimulus(stimulus) = &self.drive {
            stimulus.stops(t0, t1, out);
        }
    }

    fn state_name(&self, i: usize) -> String {
        M::STATES.get(i).map_or_else(|| format!("y[{i}]"), |v| v.name.to_owned())
    }

    #[inline(always)]
    fn rhs<T: Scalar>(p: &[T], drive: T, y: &[T], dy: &mut [T], b: &mut [T]) {
        M::rhs(p, drive, y, dy, b);
    }
}
