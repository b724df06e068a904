//! What an operator learns from: functions of time, sampled at the same points, and their scales.

use sha2::{Digest, Sha256};

use crate::{Error, check};

/// Trajectories: for each the given channels and the wanted ones at every point, in physical units.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    points: usize,
    channels: usize,
    outputs: usize,
    /// `[sample][point][channel]`
    inputs: Vec<f64>,
    /// `[sample][point][output]`
    targets: Vec<f64>,
}

impl Signals {
    /// Trajectories of `points` points from two tables: `inputs` holds `channels` numbers for each point,
    /// `targets` holds `outputs`.
    ///
    /// # Errors
    /// [`Error::Empty`] without trajectories, [`Error::BadLength`] if the tables are not whole or differ,
    /// [`Error::NotFiniteData`] for NaN and infinity.
    pub fn new(
        points: usize,
        channels: usize,
        outputs: usize,
        inputs: Vec<f64>,
        targets: Vec<f64>,
    ) -> Result<Self, Error> {
        if points == 0 || channels == 0 || outputs == 0 || inputs.is_empty() {
            return Err(Error::Empty { what: "trajectories".to_owned() });
        }
        let samples = inputs.len().div_ceil(points * channels);
        check::length("inputs", inputs.len(), samples * points * channels)?;
        check::length("targets", targets.len(), samples * points * outputs)?;
        check::finite("inputs", &inputs, channels)?;
        check::finite("targets", &targets, outputs)?;
        if u32::try_from(samples).is_err() {
            return Err(Error::config("trajectories", samples, "there must be fewer than 2^32"));
        }
        Ok(Self { points, channels, outputs, inputs, targets })
    }

    /// Some trajectories of a data set: its targets at every row, given its inputs there, apart from the
    /// time: an operator knows the place of a point by its number.
    ///
    /// # Errors
    /// As [`Signals::new`]; [`Error::BadDataset`] if time is the only input.
    pub fn from_dataset(dataset: &datagen::Dataset, trajectories: &[usize]) -> Result<Self, Error> {
        let all = dataset.n_inputs();
        let given: Vec<usize> = (0..all).filter(|&i| dataset.columns()[i].name != "t").collect();
        if given.is_empty() {
            let reason = "it has no input but the time: an operator needs a function of time";
            return Err(Error::BadDataset { reason: reason.to_owned() });
        }
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for rows in trajectories.iter().filter_map(|&k| dataset.trajectory(k)) {
            for row in rows.rows() {
                inputs.extend(given.iter().map(|&i| row[i]));
                targets.extend(row.iter().skip(all));
            }
        }
        Self::new(dataset.rows_per_trajectory(), given.len(), dataset.n_targets(), inputs, targets)
    }

    /// These trajectories, then those of `more`.
    ///
    /// # Errors
    /// [`Error::BadLength`] if those have another number of points or of columns.
    pub fn and(mut self, more: &Self) -> Result<Self, Error> {
        check::length("points of the other trajectories", more.points, self.points)?;
        check::length("channels of the other trajectories", more.channels, self.channels)?;
        check::length("outputs of the other trajectories", more.outputs, self.outputs)?;
        self.inputs.extend(&more.inputs);
        self.targets.extend(&more.targets);
        Self::new(self.points, self.channels, self.outputs, self.inputs, self.targets)
    }

    /// The number of trajectories.
    pub fn samples(&self) -> usize {
        self.inputs.len() / (self.points * self.channels)
    }

    /// The number of points of each.
    pub fn points(&self) -> usize {
        self.points
    }

    /// The number of given functions.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The number of wanted functions.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The given numbers, `[sample][point][channel]`.
    pub fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    /// The wanted numbers, `[sample][point][output]`.
    pub fn targets(&self) -> &[f64] {
        &self.targets
    }

    /// The trajectories at every `n`-th point, from the first on.
    ///
    /// # Errors
    /// [`Error::BadConfig`] if `n` is 0.
    pub fn every(&self, n: usize) -> Result<Self, Error> {
        check::at_least_one("every", n as u64)?;
        let thin = |table: &[f64], width: usize| {
            let samples = table.chunks_exact(self.points * width);
            samples.flat_map(|s| s.chunks_exact(width).step_by(n).flatten()).copied().collect()
        };
        let (inputs, targets) = (thin(&self.inputs, self.channels), thin(&self.targets, self.outputs));
        Self::new(self.points.div_ceil(n), self.channels, self.outputs, inputs, targets)
    }

    /// Adds shape and content to a hash.
    pub(crate) fn hash_into(&self, hash: &mut Sha256) {
        for n in [self.points, self.channels, self.outputs, self.samples()] {
            hash.update((n as u64).to_le_bytes());
        }
        for x in self.inputs.iter().chain(&self.targets) {
            hash.update(x.to_le_bytes());
        }
    }
}

/// A linear map for each point and column: `normal = (physical − mean)/scale`, in `f64`, since what differs
/// at a point may be far smaller than what is there.
#[derive(Debug, Clone, PartialEq)]
pub struct PointScale {
    columns: usize,
    /// `[point][column]`
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl PointScale {
    /// Added to every standard deviation, as the publication's code does: where nothing differs between
    /// trajectories, nothing is magnified.
    pub const FLOOR: f64 = 1e-5;

    /// From a mean and a scale for each point and column.
    ///
    /// # Errors
    /// [`Error::BadLength`] if the lists do not fit; [`Error::BadConfig`] for a number that makes no sense.
    pub fn new(columns: usize, mean: Vec<f64>, scale: Vec<f64>) -> Result<Self, Error> {
        if columns == 0 || mean.len() != scale.len() || !mean.len().is_multiple_of(columns) {
            let (found, expected) = (scale.len(), mean.len());
            return Err(Error::BadLength { what: "scales of points".to_owned(), found, expected });
        }
        if let Some(m) = mean.iter().find(|m| !m.is_finite()) {
            return Err(Error::config("mean", m, "it must be finite"));
        }
        if let Some(s) = scale.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
            return Err(Error::config("scale", s, "it must be positive and finite"));
        }
        Ok(Self { columns, mean, scale })
    }

    /// Physical units are taken as they are.
    pub fn identity(points: usize, columns: usize) -> Self {
        Self { columns, mean: vec![0.0; points * columns], scale: vec![1.0; points * columns] }
    }

    /// Mean and standard deviation (of a sample, plus [`PointScale::FLOOR`]) over trajectories, for each point
    /// and column. `table` is `[sample][point][column]`.
    fn of(table: &[f64], each: usize, columns: usize) -> Self {
        let samples = (table.len() / each) as f64;
        let (mut mean, mut scale) = (vec![0.0; each], vec![0.0; each]);
        for sample in table.chunks_exact(each) {
            mean.iter_mut().zip(sample).for_each(|(m, x)| *m += x / samples);
        }
        for sample in table.chunks_exact(each) {
            scale.iter_mut().zip(sample.iter().zip(&mean)).for_each(|(s, (x, m))| *s += (x - m).powi(2));
        }
        scale.iter_mut().for_each(|s| *s = (*s / (samples - 1.0).max(1.0)).sqrt() + Self::FLOOR);
        Self { columns, mean, scale }
    }

    /// The scales of what is given and of what is wanted, over the trajectories.
    pub fn of_signals(signals: &Signals) -> (Self, Self) {
        let each = |width: usize| signals.points * width;
        (
            Self::of(&signals.inputs, each(signals.channels), signals.channels),
            Self::of(&signals.targets, each(signals.outputs), signals.outputs),
        )
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of points.
    pub fn points(&self) -> usize {
        self.mean.len() / self.columns
    }

    /// What is subtracted, `[point][column]`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// What is divided by, `[point][column]`.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// Normal numbers of a trajectory.
    pub(crate) fn normal<'a>(&'a self, physical: &'a [f64]) -> impl Iterator<Item = f32> + 'a {
        physical.iter().zip(self.mean.iter().zip(&self.scale)).map(|(x, (m, s))| ((x - m) / s) as f32)
    }

    /// Physical numbers of a trajectory.
    pub(crate) fn physical(&self, normal: &[f32], to: &mut [f64]) {
        for ((to, x), (m, s)) in to.iter_mut().zip(normal).zip(self.mean.iter().zip(&self.scale)) {
            *to = f64::from(*x) * s + m;
        }
    }

    /// The scales at `points` points of the same interval, from its beginning: linear in between, and
    /// continued after the last of the old points.
    pub(crate) fn at_points(&self, points: usize) -> Self {
        let old = self.points();
        let list = |values: &[f64]| {
            let mut out = Vec::with_capacity(points * self.columns);
            for i in 0..points {
                let at = i as f64 * old as f64 / points as f64;
                let low = (at as usize).min(old.saturating_sub(2));
                for j in 0..self.columns {
                    let value = |k: usize| values[k.min(old - 1) * self.columns + j];
                    // Not continued beyond: a scale must stay positive.
                    let part = (at - low as f64).min(1.0);
                    out.push(value(low) + part * (value(low + 1) - value(low)));
                }
            }
            out
        };
        Self { columns: self.columns, mean: list(&self.mean), scale: list(&self.scale) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_those_of_each_point() {
        // Two trajectories of three points; the second point differs in the twelfth digit alone.
        let inputs = vec![1.0, 5.0, 7.0, 3.0, 5.0, 7.0];
        let targets = vec![0.0, 1.0 + 1e-12, 4.0, 2.0, 1.0, 0.0];
        let signals = Signals::new(3, 1, 1, inputs, targets).unwrap();
        let (x, y) = PointScale::of_signals(&signals);
        assert_eq!(x.mean(), [2.0, 5.0, 7.0]);
        let root = 2f64.sqrt();
        for (scale, expected) in x.scale().iter().zip([root + 1e-5, 1e-5, 1e-5]) {
            assert!((scale - expected).abs() < 1e-12);
        }
        let normal: Vec<f32> = y.normal(&signals.targets()[..3]).collect();
        assert!((normal[1] - 5e-8).abs() < 1e-10, "{normal:?}");
        let mut back = [0.0; 3];
        y.physical(&normal, &mut back);
        assert!((back[1] - (1.0 + 1e-12)).abs() < 1e-15 && (back[2] - 4.0).abs() < 1e-6);
        // Finer: the old points are there, and what is between is linear.
        let fine = x.at_points(6);
        assert_eq!(fine.mean(), [2.0, 3.5, 5.0, 6.0, 7.0, 7.0]);
    }

    /// Two trajectories of five points, of one channel and two outputs.
    #[test]
    fn trajectories_are_thinned_one_by_one_from_their_first_point() {
        let inputs = (0..10).map(f64::from).collect();
        let targets = (0..20).map(|k| f64::from(100 + k)).collect();
        let signals = Signals::new(5, 1, 2, inputs, targets).unwrap();
        let thin = signals.every(3).unwrap();
        assert_eq!((thin.points(), thin.samples()), (2, 2));
        assert_eq!(thin.inputs(), [0.0, 3.0, 5.0, 8.0]);
        assert_eq!(thin.targets(), [100.0, 101.0, 106.0, 107.0, 110.0, 111.0, 116.0, 117.0]);
        assert_eq!(signals.every(1).unwrap(), signals);
        // One point is left of any number.
        assert_eq!(signals.every(usize::MAX).unwrap().inputs(), [0.0, 5.0]);
        assert!(signals.every(0).unwrap_err().to_string().contains("at least 1"));
    }

    #[test]
    fn bad_tables_are_refused() {
        assert!(matches!(Signals::new(2, 1, 1, vec![], vec![]), Err(Error::Empty { .. })));
        assert!(matches!(Signals::new(2, 1, 1, vec![0.0; 3], vec![0.0; 4]), Err(Error::BadLength { .. })));
        assert!(matches!(Signals::new(2, 1, 1, vec![0.0; 2], vec![0.0; 3]), Err(Error::BadLength { .. })));
        let nan = Signals::new(1, 1, 2, vec![0.0], vec![0.0, f64::NAN]).unwrap_err();
        assert!(matches!(nan, Error::NotFiniteData { row: 0, column: 1, .. }));
        assert!(PointScale::new(1, vec![0.0], vec![0.0]).is_err());
        assert!(PointScale::new(2, vec![0.0], vec![1.0]).is_err());
    }
}
