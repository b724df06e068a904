//! What a map learns from: a state, control parameters, and the state one step later.

use sha2::{Digest, Sha256};

use crate::{Error, Normalization, Real, check};

/// Pairs (p, u, v) with v = u(t + Δt), in physical units and in `f64`: increments of slow states lie
/// below the last digit of an `f32`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    states: usize,
    parameters: usize,
    /// u, then p, row by row.
    inputs: Vec<f64>,
    next: Vec<f64>,
}

impl Pairs {
    /// Pairs from two tables, row by row: `inputs` holds states, then control parameters; `next` the
    /// states one step later.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows, [`Error::BadLength`] if the tables are not whole or differ in
    /// rows, [`Error::NotFiniteData`] for NaN and infinity, [`Error::BadConfig`] for 2³² rows or more.
    pub fn new(states: usize, parameters: usize, inputs: Vec<f64>, next: Vec<f64>) -> Result<Self, Error> {
        let width = states + parameters;
        if states == 0 || inputs.is_empty() {
            return Err(Error::Empty { what: "pairs".to_owned() });
        }
        let rows = next.len().div_ceil(states);
        check::length("inputs", inputs.len(), rows * width)?;
        check::length("next states", next.len(), rows * states)?;
        check::finite("inputs", &inputs, width)?;
        check::finite("next states", &next, states)?;
        if u32::try_from(rows).is_err() {
            return Err(Error::config("pairs", rows, "there must be fewer than 2^32 rows"));
        }
        Ok(Self { states, parameters, inputs, next })
    }

    /// The pairs of some trajectories of a data set whose inputs are the states at a time, then the
    /// control parameters, and whose targets are the states a step later.
    ///
    /// # Errors
    /// As [`Pairs::new`]; [`Error::BadDataset`] if the columns are not these.
    pub fn from_dataset(dataset: &datagen::Dataset, trajectories: &[usize]) -> Result<Self, Error> {
        let bad = |reason: &str| Err(Error::BadDataset { reason: reason.to_owned() });
        let states = dataset.n_targets();
        let columns = dataset.columns();
        let Some(parameters) = dataset.n_inputs().checked_sub(states) else {
            return bad("it has fewer inputs than targets: a neural map needs every state as an input");
        };
        for (u, v) in columns.iter().zip(&columns[dataset.n_inputs()..]) {
            if v.name != format!("{}_next", u.name) {
                return bad("its targets must be the states of its first inputs, a step later");
            }
        }
        let table = dataset.select(trajectories);
        let (mut inputs, mut next) = (Vec::new(), Vec::new());
        for row in table.rows() {
            inputs.extend(row.iter().take(states + parameters));
            next.extend(row.iter().skip(states + parameters));
        }
        Self::new(states, parameters, inputs, next)
    }

    /// The number of pairs.
    pub fn rows(&self) -> usize {
        self.next.len() / self.states
    }

    /// The number of states.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The number of control parameters.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// States and control parameters, row by row.
    pub fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    /// The states one step later, row by row.
    pub fn next(&self) -> &[f64] {
        &self.next
    }

    /// The normalisations of eq. 10: mean 0 and standard deviation 1 of states and of control
    /// parameters over these pairs. What does not vary keeps its scale.
    ///
    /// # Errors
    /// [`Error::BadConfig`] for numbers beyond the range of `f32`.
    pub fn standardization(&self) -> Result<(Normalization, Normalization), Error> {
        let (width, rows) = (self.states + self.parameters, self.rows() as f64);
        let (mut mean, mut scale) = (Vec::new(), Vec::new());
        for j in 0..width {
            let column = || self.inputs[j..].iter().step_by(width);
            let m = column().sum::<f64>() / rows;
            let s = (column().map(|x| (x - m).powi(2)).sum::<f64>() / rows).sqrt();
            mean.push(m as f32);
            scale.push(if s > 1e-12 * m.abs().max(1e-30) { s as f32 } else { 1.0 });
        }
        let (control_mean, control_scale) = (mean.split_off(self.states), scale.split_off(self.states));
        Ok((Normalization::new(mean, scale)?, Normalization::new(control_mean, control_scale)?))
    }

    /// The pairs in normal units: inputs, and increments v − u, which are taken in `f64`.
    pub(crate) fn normal<E: Real>(&self, state: &Normalization, control: &Normalization) -> (Vec<E>, Vec<E>) {
        let width = self.states + self.parameters;
        let mean = state.mean().iter().chain(control.mean());
        let maps: Vec<(f64, f64)> = mean
            .zip(state.scale().iter().chain(control.scale()))
            .map(|(m, s)| (f64::from(*m), f64::from(*s)))
            .collect();
        let mut x = Vec::with_capacity(self.inputs.len());
        let mut increments = Vec::with_capacity(self.next.len());
        for (row, next) in self.inputs.chunks_exact(width).zip(self.next.chunks_exact(self.states)) {
            x.extend(row.iter().zip(&maps).map(|(u, (m, s))| E::nearest((u - m) / s)));
            increments
                .extend(next.iter().zip(row).zip(&maps).map(|((v, u), (_, s))| E::nearest((v - u) / s)));
        }
        (x, increments)
    }

    /// Adds shape and content to a hash.
    pub(crate) fn hash_into(&self, hash: &mut Sha256) {
        for n in [self.states, self.parameters, self.rows()] {
            hash.update((n as u64).to_le_bytes());
        }
        for x in self.inputs.iter().chain(&self.next) {
            hash.update(x.to_le_bytes());
        }
    }
}
