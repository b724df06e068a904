//! Many cells of one model, solved together.

use ode_solvers::{Element, Ensemble, Lanes, estimate_from_sample};

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
    pub fn with_estimated_similarity(self, sample: usize, number: impl Fn(&Cell<M>) -> f64) -> Self {
        let measured: Vec<(usize, f64)> =
            self.sample(sample).into_iter().map(|i| (i, number(&self.cells[i]))).collect();
        self.with_similarity_from(&measured)
    }

    /// So many cells out of all, evenly spread over the list: their places.
    #[must_use]
    pub fn sample(&self, count: usize) -> Vec<usize> {
        spread(self.cells.len(), count).collect()
    }

    /// As [`with_estimated_similarity`](Cells::with_estimated_similarity) where the numbers of a
    /// [`sample`](Cells::sample) have been computed already, on many threads perhaps: each with the place
    /// of its cell.
    ///
    /// # Panics
    /// If there is no cell at one of the places.
    #[must_use]
    pub fn with_similarity_from(mut self, measured: &[(usize, f64)]) -> Self {
        let column = |k: usize| self.cells.iter().map(|c| c.parameters()[k]).collect();
        let parameters: Vec<Vec<f64>> = (0..M::PARAMETERS.len()).map(column).collect();
        if !parameters.is_empty() {
            self.similarity = estimate_from_sample(&parameters, measured);
        }
        self
    }

    /// The cells.
    #[must_use]
    pub fn as_slice(&self) -> &[Cell<M>] {
        &self.cells
    }
}

/// So many places out of `len`, evenly spread; all of them if there are fewer.
fn spread(len: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.clamp(1, len.max(1)).min(len);
    (0..count).map(move |k| k * len / count)
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
