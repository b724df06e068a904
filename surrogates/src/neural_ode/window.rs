//! Observations of a trajectory at equal distances.

use sha2::{Digest, Sha256};

use crate::{Error, Normalization, check, random};

/// States that were observed at `t0`, `t0 + dt`, …
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    states: usize,
    t0: f64,
    dt: f64,
    values: Vec<f64>,
}

impl Window {
    /// From a table, a row for each time.
    ///
    /// # Errors
    /// [`Error::Empty`] without two rows, [`Error::BadLength`] for a part of a row,
    /// [`Error::NotFiniteData`] for NaN and infinity, [`Error::BadConfig`] for times that do not grow.
    pub fn new(states: usize, t0: f64, dt: f64, values: Vec<f64>) -> Result<Self, Error> {
        let what = "observations";
        if states == 0 || values.len() < 2 * states {
            return Err(Error::Empty { what: format!("{what}, of which two are needed, table") });
        }
        check::length(what, values.len(), values.len().div_ceil(states) * states)?;
        check::finite(what, &values, states)?;
        if !(t0.is_finite() && dt.is_finite() && dt > 0.0) {
            return Err(Error::config("dt of the observations", dt, "it must be positive and finite"));
        }
        Ok(Self { states, t0, dt, values })
    }

    /// The same with normal noise, `level` times each state's standard deviation: stream 4 of `seed`.
    ///
    /// # Errors
    /// [`Error::BadConfig`] for a level that is negative or not finite.
    pub fn with_noise(mut self, level: f64, seed: u64) -> Result<Self, Error> {
        check::not_negative("noise", level)?;
        let deviations: Vec<f64> =
            self.moments().into_iter().map(|(_, deviation)| level * deviation).collect();
        let mut rng = random::stream(seed, random::NOISE);
        for row in self.values.chunks_exact_mut(self.states) {
            for (x, deviation) in row.iter_mut().zip(&deviations) {
                *x += deviation * random::normal(&mut rng);
            }
        }
        Ok(self)
    }

    /// The number of states.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The time of the first observation.
    pub fn t0(&self) -> f64 {
        self.t0
    }

    /// The time from one observation to the next.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// The number of observations.
    pub fn rows(&self) -> usize {
        self.values.len() / self.states
    }

    /// All of them, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// One observation.
    ///
    /// # Panics
    /// If there is none of this number.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.states..(i + 1) * self.states]
    }

    /// Its time.
    pub fn time(&self, i: usize) -> f64 {
        self.t0 + self.dt * i as f64
    }

    /// Mean and standard deviation of each state.
    pub fn moments(&self) -> Vec<(f64, f64)> {
        moments(&self.values, self.states)
    }

    /// Means and deviations as a normalisation, with time (mean and half length of the window) as a last
    /// column if it is asked for.
    ///
    /// # Errors
    /// [`Error::BadConfig`] for a state that does not vary.
    pub fn normalization(&self, with_time: bool) -> Result<Normalization, Error> {
        let mut moments = self.moments();
        if with_time {
            let half = 0.5 * self.dt * (self.rows() - 1) as f64;
            moments.push((self.t0 + half, half));
        }
        let (mean, scale) = moments.into_iter().map(|(m, s)| (m as f32, s as f32)).unzip();
        Normalization::new(mean, scale)
    }

    pub(super) fn hash_into(&self, hash: &mut Sha256) {
        hash.update((self.states as u64).to_le_bytes());
        for x in [self.t0, self.dt].iter().chain(&self.values) {
            hash.update(x.to_le_bytes());
        }
    }
}

/// Mean and standard deviation of each column of a table.
pub(super) fn moments(values: &[f64], columns: usize) -> Vec<(f64, f64)> {
    let rows = (values.len() / columns) as f64;
    (0..columns)
        .map(|j| {
            let column = || values[j..].iter().step_by(columns);
            let mean = column().sum::<f64>() / rows;
            (mean, (column().map(|x| (x - mean).powi(2)).sum::<f64>() / rows).sqrt())
        })
        .collect()
}
