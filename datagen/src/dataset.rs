//! The data set in memory.

use ndarray::{Array2, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Recipe, canonical};

/// Whether a network sees a column or has to give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A network sees it.
    Input,
    /// A network gives it.
    Target,
}

/// One column of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name, unique in the data set: `t`, `U_0`, `U`, `U_next`, …
    pub name: String,
    /// Unit, as the model's table spells it.
    pub unit: String,
    /// Input or target.
    pub role: Role,
}

/// Rows of numbers with named columns, and the recipe that they came from.
///
/// Rows are ordered by trajectory, then by time; every trajectory has the same number of rows.
/// Columns are ordered inputs first. All values are finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    pub(crate) recipe: Recipe,
    pub(crate) columns: Vec<Column>,
    pub(crate) values: Array2<f64>,
    pub(crate) rows_per_trajectory: usize,
    pub(crate) producer: String,
}

impl Dataset {
    /// The recipe that this data set was generated from.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The columns, inputs first.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The names of the columns with this role.
    pub fn names(&self, role: Role) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(move |c| c.role == role).map(|c| c.name.as_str())
    }

    /// All values, shape (rows, columns).
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }

    /// The inputs, shape (rows, inputs).
    pub fn inputs(&self) -> ArrayView2<'_, f64> {
        self.values.slice(s![.., ..self.n_inputs()])
    }

    /// The targets, shape (rows, targets).
    pub fn targets(&self) -> ArrayView2<'_, f64> {
        self.values.slice(s![.., self.n_inputs()..])
    }

    /// The number of input columns.
    pub fn n_inputs(&self) -> usize {
        self.names(Role::Input).count()
    }

    /// The number of target columns.
    pub fn n_targets(&self) -> usize {
        self.columns.len() - self.n_inputs()
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.values.nrows()
    }

    /// The number of trajectories.
    pub fn n_trajectories(&self) -> usize {
        self.n_rows() / self.rows_per_trajectory
    }

    /// The number of rows of each trajectory.
    pub fn rows_per_trajectory(&self) -> usize {
        self.rows_per_trajectory
    }

    /// The rows of trajectory `i`, or `None` if there is none.
    pub fn trajectory(&self, i: usize) -> Option<ArrayView2<'_, f64>> {
        let mut chunks = self.values.axis_chunks_iter(Axis(0), self.rows_per_trajectory);
        chunks.nth(i)
    }

    /// Program and version that wrote the data set, such as `datagen 0.1.0`.
    pub fn producer(&self) -> &str {
        &self.producer
    }

    /// SHA-256 of the recipe, in hexadecimal: which data set this is.
    pub fn recipe_sha256(&self) -> String {
        self.recipe.sha256()
    }

    /// SHA-256 of everything in the data set, in hexadecimal: recipe, columns, producer, and the
    /// bits of every value. Equal hashes mean equal files.
    pub fn content_sha256(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(canonical::json(&crate::file::metadata(self)).as_bytes());
        hash.update((self.values.nrows() as u64).to_le_bytes());
        hash.update((self.values.ncols() as u64).to_le_bytes());
        let mut buffer = Vec::with_capacity(8 * CHUNK);
        for chunk in self.flat().chunks(CHUNK) {
            buffer.clear();
            buffer.extend(chunk.iter().flat_map(|v| v.to_le_bytes()));
            hash.update(&buffer);
        }
        canonical::hex(&hash.finalize())
    }

    /// The values, row by row.
    pub(crate) fn flat(&self) -> &[f64] {
        self.values.as_slice().expect("invariant: values are kept in standard layout")
    }

    /// The first value that is not finite, as (row, column).
    pub(crate) fn first_not_finite(&self) -> Option<(usize, usize)> {
        let at = self.flat().iter().position(|v| !v.is_finite())?;
        Some((at / self.columns.len(), at % self.columns.len()))
    }
}

/// Numbers turned into bytes at a time.
pub(crate) const CHUNK: usize = 8192;

/// Rows of a data set, divided by trajectory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Trajectories to learn from, in rising order.
    pub train: Vec<usize>,
    /// Trajectories to validate on, in rising order. None of them is in `train`.
    pub val: Vec<usize>,
}

impl Dataset {
    /// Divides the trajectories into two disjoint sets, `fraction` of them (rounded, at least one
    /// on each side) for validation. Equal seeds give equal splits; rows of one trajectory are
    /// never on both sides.
    ///
    /// # Errors
    /// [`Error::BadSplit`] if `fraction` is not between 0 and 1 or there is only one trajectory.
    pub fn split(&self, fraction: f64, seed: u64) -> Result<Split, Error> {
        let n = self.n_trajectories();
        if !(fraction > 0.0 && fraction < 1.0) || n < 2 {
            return Err(Error::BadSplit { fraction, trajectories: n });
        }
        let n_val = ((n as f64 * fraction).round() as usize).clamp(1, n - 1);
        let mut order: Vec<usize> = (0..n).collect();
        let mut random = crate::random::Stream::new(seed, crate::random::Purpose::Split, 0);
        // Fisher–Yates, as far as it decides who is in the validation set.
        for i in 0..n_val {
            order.swap(i, i + random.below((n - i) as u64) as usize);
        }
        let mut train = order.split_off(n_val);
        order.sort_unstable();
        train.sort_unstable();
        Ok(Split { train, val: order })
    }

    /// The values of the named trajectories, one below the other, shape (rows, columns).
    /// Trajectories that do not exist are left out.
    pub fn select(&self, trajectories: &[usize]) -> Array2<f64> {
        let views: Vec<_> = trajectories.iter().filter_map(|&i| self.trajectory(i)).collect();
        if views.is_empty() {
            return Array2::zeros((0, self.columns.len()));
        }
        ndarray::concatenate(Axis(0), &views).expect("invariant: all trajectories have the same columns")
    }
}
