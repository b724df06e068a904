//! Many cells of one model, solved together.

use faer::Mat;
use faer::prelude::SolveLstsq as _;
use ode_solvers::{Element, Ensemble, Lanes};

use crate::{Cell, IonicModel, Population};

/// Cells of one model that differ in parameters, initial states or stimuli: an
/// [`Ensemble`] for [`solve_ensemble`](ode_solvers::solve_ensemble).
///
/// Cells that take similar steps should stand close to each other in
/// [`similarity`](Cells::with_similarity): by default it is their place in the list.
///
/// ```
/// use ionic_models::models::HodgkinHuxley1952;
/// use ionic_models::{Cell, Cells, Stimulus};
/// use ode_solvers::{Method, Options, StepSize, Tolerance, solve_ensemble};
///
/// // How the current of a squid axon moves its first spike.
/// let axon = |i: i32| -> Result<_, ionic_models::Error> {
///     let mut axon = Cell::<HodgkinHuxley1952>::variant("modern")?;
///     axon.set_stimulus(Stimulus::constant(8.0 + f64::from(i))?);
///     Ok(axon)
/// };
/// let cells = Cells::new((0..20).map(axon).collect::<Result<_, _>>()?);
/// let step = StepSize::Adaptive(Tolerance::new(1e-6, 1e-8));
/// let mut peaks = vec![0.0; 20];
/// solve_ensemble::<f64, 8, _>(&cells, Method::Rodas5P, &step, (0.0, 5.0), &Options::default(), |i, solution| {
///     let solution = solution.expect("an axon that is not overdriven");
///     let best = solution.column(0).zip(&solution.t).max_by(|a, b| a.0.total_cmp(&b.0));
///     peaks[i] = best.map_or(0.0, |(_, &t)| t);
/// });
/// assert!(peaks.is_sorted_by(|a, b| a > b)); // the stronger, the earlier
/// # Ok::<(), ionic_models::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cells<M: IonicModel> {
    cells: Vec<Cell<M>>,
    similarity: Vec<f64>,
}

impl<M: IonicModel> Cells<M> {
    /// These cells.
    #[must_use]
    pub fn new(cells: Vec<Cell<M>>) -> Self {
        let similarity = (0..cells.len()).map(|i| i as f64).collect();
        Self { cells, similarity }
    }

    /// With a number for each cell by which they are put side by side: a conductance that shortens
    /// the action potential, its duration if it is known.
    #[must_use]
    pub fn with_similarity(mut self, number: impl Fn(&Cell<M>) -> f64) -> Self {
        self.similarity = self.cells.iter().map(number).collect();
        self
    }

    /// As [`with_similarity`](Cells::with_similarity) with a number that is dear to compute, such as the
    /// end of an action potential: it is computed for `sample` cells, spread evenly over the list, and
    /// estimated for all, as a linear function of the parameters that vary (least squares). What the
    /// parameters do not say, such as different stimuli, is averaged over.
    ///
    /// With conductances that vary by a fifth the estimate orders cells nearly as the number itself
    /// does. A sample of twice as many cells as parameters that vary is enough.
    #[must_use]
    pub fn with_estimated_similarity(mut self, sample: usize, number: impl Fn(&Cell<M>) -> f64) -> Self {
        let columns = standardised(&self.cells);
        let measured: Vec<(usize, f64)> = spread(self.cells.len(), sample)
            .map(|i| (i, number(&self.cells[i])))
            .filter(|(_, y)| y.is_finite())
            .collect();
        let mean = measured.iter().map(|(_, y)| y).sum::<f64>() / measured.len().max(1) as f64;
        let (rows, width) = (measured.len(), columns.len());
        if rows == 0 || width == 0 {
            self.similarity = vec![mean; self.cells.len()];
            return self;
        }
        // The last column is the constant. A row for each other weight keeps it small where the sample
        // does not determine it.
        let left = Mat::from_fn(rows + width, width + 1, |row, k| match measured.get(row) {
            Some((i, _)) => columns.get(k).map_or(1.0, |column| column[*i]),
            None if row - rows == k => RIDGE,
            None => 0.0,
        });
        let right = Mat::from_fn(rows + width, 1, |row, _| measured.get(row).map_or(0.0, |(_, y)| y - mean));
        let weights = left.qr().solve_lstsq(right);
        let estimate = |i: usize| {
            let varying = (0..width).map(|k| weights[(k, 0)] * columns[k][i]).sum::<f64>();
            mean + weights[(width, 0)] + varying
        };
        self.similarity = (0..self.cells.len()).map(estimate).collect();
        self
    }

    /// The cells.
    #[must_use]
    pub fn as_slice(&self) -> &[Cell<M>] {
        &self.cells
    }
}

/// The weight of a row that keeps a parameter's weight small: far below that of a cell in the sample.
const RIDGE: f64 = 1e-3;

/// So many places out of `len`, evenly spread; all of them if there are fewer.
fn spread(len: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.clamp(1, len.max(1)).min(len);
    (0..count).map(move |k| k * len / count)
}

/// The parameters that vary from cell to cell, each with mean 0 and standard deviation 1.
fn standardised<M: IonicModel>(cells: &[Cell<M>]) -> Vec<Vec<f64>> {
    let count = cells.len().max(1) as f64;
    (0..M::PARAMETERS.len())
        .filter_map(|k| {
            let mean = cells.iter().map(|c| c.parameters()[k]).sum::<f64>() / count;
            let centred: Vec<f64> = cells.iter().map(|c| c.parameters()[k] - mean).collect();
            let deviation = (centred.iter().map(|x| x * x).sum::<f64>() / count).sqrt();
            // Below that it is the mean's rounding.
            let varies = deviation > 1e-12 * mean.abs() && deviation.is_finite();
            varies.then(|| centred.into_iter().map(|x| x / deviation).collect())
        })
        .collect()
}

impl<M: IonicModel, E: Element, const N: usize> Ensemble<Lanes<E, N>> for Cells<M> {
    type Group = Population<M, Lanes<E, N>>;

    fn len(&self) -> usize {
        self.cells.len()
    }

    fn group(&self, members: &[usize]) -> (Self::Group, Vec<Lanes<E, N>>) {
        let population = Population::of_lanes(std::array::from_fn(|lane| &self.cells[members[lane]]));
        let y0 = population.initial_state();
        (population, y0)
    }

    fn similarity(&self, member: usize) -> f64 {
        self.similarity[member]
    }
}
