//! From physical units to what the network sees, and back.

use serde::{Deserialize, Serialize};

use crate::{Error, check};

/// One linear map per column: `normal = (physical − mean)/scale`.
///
/// It lies inside the exported graph, so that a network takes and gives physical units. Numbers
/// are kept as `f32`, as the graph holds them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normalization {
    mean: Vec<f32>,
    scale: Vec<f32>,
}

impl Normalization {
    /// From a mean and a scale for each column.
    ///
    /// # Errors
    /// [`Error::BadLength`] if the lists differ in length; [`Error::BadConfig`] for a mean that is
    /// not finite or a scale that is not a positive normal number.
    pub fn new(mean: Vec<f32>, scale: Vec<f32>) -> Result<Self, Error> {
        let n = Self { mean, scale };
        n.check("normalization", n.mean.len())?;
        Ok(n)
    }

    /// Physical units are taken as they are.
    pub fn identity(columns: usize) -> Self {
        Self { mean: vec![0.0; columns], scale: vec![1.0; columns] }
    }

    /// Maps each interval `(low, high)` to (−1, 1).
    ///
    /// # Errors
    /// [`Error::BadConfig`] for an interval that is empty or not finite.
    pub fn from_domain(domain: &[(f64, f64)]) -> Result<Self, Error> {
        let mean = domain.iter().map(|(a, b)| (0.5 * (a + b)) as f32).collect();
        let scale = domain.iter().map(|(a, b)| (0.5 * (b - a)) as f32).collect();
        Self::new(mean, scale)
    }

    /// Maps each column of a table (row by row) to mean 0 and standard deviation 1, the deviation
    /// taken over the whole population. A column that does not vary keeps its scale.
    ///
    /// # Errors
    /// [`Error::BadLength`] if the values are no whole number of rows, [`Error::Empty`] without
    /// rows, [`Error::NotFiniteData`] for NaN and infinity.
    pub fn from_columns(values: &[f32], columns: usize) -> Result<Self, Error> {
        check::table("normalization", values, columns)?;
        let rows = (values.len() / columns) as f64;
        let (mut mean, mut scale) = (Vec::new(), Vec::new());
        for j in 0..columns {
            let column = || values[j..].iter().step_by(columns).map(|&v| f64::from(v));
            let m = column().sum::<f64>() / rows;
            let s = (column().map(|v| (v - m).powi(2)).sum::<f64>() / rows).sqrt();
            mean.push(m as f32);
            // Rounding alone leaves a deviation of about 1e-7 of the mean.
            scale.push(if s > 1e-6 * m.abs().max(1e-30) { s as f32 } else { 1.0 });
        }
        Self::new(mean, scale)
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// What is subtracted from each column.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// What each column is divided by.
    pub fn scale(&self) -> &[f32] {
        &self.scale
    }

    /// Checks the numbers and that there are as many as columns: serialised files may hold anything.
    pub(crate) fn check(&self, what: &str, columns: usize) -> Result<(), Error> {
        for list in [&self.mean, &self.scale] {
            check::length(what, list.len(), columns)?;
        }
        for (j, (m, s)) in self.mean.iter().zip(&self.scale).enumerate() {
            if !m.is_finite() {
                return Err(Error::config(&format!("{what}.mean[{j}]"), m, "it must be finite"));
            }
            if !s.is_normal() || *s < 0.0 {
                let reason = "it must be positive, finite and not subnormal";
                return Err(Error::config(&format!("{what}.scale[{j}]"), s, reason));
            }
        }
        Ok(())
    }

    /// Physical to normal units, in place, row by row.
    pub fn apply(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(self.columns().max(1)) {
            for ((x, m), s) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                *x = (*x - m) / s;
            }
        }
    }

    /// Normal to physical units, in place, row by row.
    pub fn undo(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(self.columns().max(1)) {
            for ((x, m), s) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                *x = *x * s + m;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn columns_get_mean_zero_and_deviation_one() {
        let table = [1.0, 50.0, 7.0, 3.0, 70.0, 7.0, 5.0, 30.0, 7.0];
        let n = Normalization::from_columns(&table, 3).unwrap();
        assert_eq!(n.mean(), [3.0, 50.0, 7.0]);
        // A constant column keeps its scale.
        assert_eq!(n.scale(), [(8f32 / 3.0).sqrt(), (800f32 / 3.0).sqrt(), 1.0]);
        let mut rows = table;
        n.apply(&mut rows);
        assert_eq!(rows[2], 0.0);
        assert!((rows[0] + 1.5f32.sqrt()).abs() < 1e-6);
        n.undo(&mut rows);
        for (a, b) in rows.iter().zip(table) {
            assert_abs_diff_eq!(*a, b, epsilon = 1e-5);
        }
    }

    #[test]
    fn a_domain_becomes_minus_one_to_one() {
        let n = Normalization::from_domain(&[(0.0, 20.0), (-3.0, -1.0)]).unwrap();
        let mut row = [20.0, -3.0];
        n.apply(&mut row);
        assert_eq!(row, [1.0, -1.0]);
    }

    #[test]
    fn what_cannot_be_divided_by_is_refused() {
        for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-40] {
            let error = Normalization::new(vec![0.0], vec![scale]).unwrap_err().to_string();
            assert!(error.contains("scale[0]"), "{error}");
        }
        assert!(Normalization::new(vec![f32::NAN], vec![1.0]).is_err());
        assert!(Normalization::new(vec![0.0; 2], vec![1.0]).is_err());
        assert!(Normalization::from_domain(&[(1.0, 1.0)]).is_err());
        assert!(Normalization::from_columns(&[], 1).is_err());
        assert!(Normalization::from_columns(&[1.0], 0).is_err());
        assert!(Normalization::from_columns(&[1.0, f32::NAN], 1).is_err());
    }
}
