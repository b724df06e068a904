//! From a recipe to its data.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use ionic_models::registry::Entry;
use ionic_models::{AnyCell, Stimulus};
use ndarray::Array2;
use ode_solvers::{Method, Options, StepSize, Tolerance, solve};
use rayon::prelude::*;

use crate::plan::{Plan, Source, Times};
use crate::pulse::{with_amplitude, with_duration};
use crate::random::{Purpose, Stream};
use crate::{Dataset, Error, Integrator, Part, Quantity, Range, Recipe, Rows, Sampling};

impl Recipe {
    /// Integrates every trajectory and lays out the rows, in parallel on the current rayon pool.
    /// The result does not depend on the number of threads.
    ///
    /// # Errors
    /// As [`check`](Recipe::check); [`Error::Trajectory`] or [`Error::NotFinite`] for the first
    /// trajectory (by index) that fails, with the values drawn for it.
    pub fn generate(&self) -> Result<Dataset, Error> {
        self.generate_watched(|_, _| ControlFlow::Continue(()))
    }

    /// As [`generate`](Recipe::generate), on a pool of its own with this many threads.
    ///
    /// # Errors
    /// As [`generate`](Recipe::generate), and [`Error::Threads`] if they cannot be started.
    pub fn generate_on(&self, threads: std::num::NonZeroUsize) -> Result<Dataset, Error> {
        let threads = threads.get();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| Error::Threads { threads, source })?;
        pool.install(|| self.generate())
    }

    /// As [`generate`](Recipe::generate), and calls `watch(done, of)` after each trajectory, from
    /// any thread, to show progress. `Break` ends the work.
    ///
    /// # Errors
    /// As [`generate`](Recipe::generate), and [`Error::Stopped`].
    pub fn generate_watched(
        &self,
        watch: impl Fn(u64, u64) -> ControlFlow<()> + Sync,
    ) -> Result<Dataset, Error> {
        let plan = self.plan()?;
        let (width, rows) = (plan.columns.len(), plan.trajectories * plan.rows_each);
        let mut values: Vec<f64> = Vec::new();
        if values.try_reserve_exact(rows * width).is_err() {
            return Err(Error::OutOfMemory { bytes: 8 * rows * width });
        }
        values.resize(rows * width, 0.0);
        let shared = plan.times.shared()?;
        let (done, of) = (AtomicU64::new(0), plan.trajectories as u64);
        // The first failure by index, whichever thread meets one first.
        let failure =
            values.par_chunks_mut(plan.rows_each * width).enumerate().find_map_first(|(index, rows)| {
                if let Err(e) = self.trajectory(&plan, &shared, index, rows) {
                    return Some(e);
                }
                let done = 1 + done.fetch_add(1, Ordering::Relaxed);
                watch(done, of).is_break().then_some(Error::Stopped { done, of })
            });
        match failure {
            Some(e) => Err(e),
            None => Ok(Dataset {
                recipe: self.clone(),
                values: Array2::from_shape_vec((rows, width), values)
                    .expect("invariant: as many values as rows times columns"),
                columns: plan.columns,
                rows_per_trajectory: plan.rows_each,
                producer: concat!("datagen ", env!("CARGO_PKG_VERSION")).to_owned(),
            }),
        }
    }

    /// Writes the rows of trajectory `index`, at the times that all share or at its own.
    fn trajectory(&self, plan: &Plan, shared: &[f64], index: usize, rows: &mut [f64]) -> Result<(), Error> {
        let mut random = Stream::new(self.seed, Purpose::Sample, index as u64);
        let mut cell = cell(self, plan.entry)?;
        let drawn = match &self.sampling {
            Sampling::NearThreshold { parts, state, above, margin, .. } => {
                let state = plan.entry.states.iter().position(|s| s.name == *state);
                let state = state.expect("invariant: the plan has looked for it");
                self.near_threshold(index, &mut *cell, parts, (state, *above), *margin, &mut random)?
            }
            others => draw(others, index, &mut random),
        };
        // Amplitude and length of a pulse belong to one stimulus, which is made when both are known.
        let mut stimulus = self.model.stimulus.clone();
        for (quantity, &value) in self.sampling.quantities().into_iter().zip(&drawn) {
            let place = || format!("sampling, trajectory {index}");
            match quantity {
                Quantity::Initial(name) => cell.set_state(name, value),
                Quantity::Parameter(name) => cell.set_parameter(name, value),
                Quantity::StimulusAmplitude => {
                    stimulus = with_amplitude(&stimulus, value);
                    Ok(None)
                }
                Quantity::StimulusDuration => {
                    stimulus = with_duration(&stimulus, value);
                    Ok(None)
                }
            }
            .map_err(Error::model(place()))?;
        }
        let applied =
            Stimulus::new(stimulus).map_err(Error::model(format!("sampling, trajectory {index}")))?;
        cell.set_stimulus(applied.clone());
        let own: Vec<f64>;
        let times = match plan.times {
            Times::Listed(_) | Times::Even(_) => shared,
            Times::Drawn { from, to, points } => {
                let mut times: Vec<f64> = (0..points).map(|_| random.uniform(from, to)).collect();
                times.sort_unstable_by(f64::total_cmp);
                own = times;
                &own
            }
        };
        let describe = || {
            let names = self.sampling.quantities();
            let pairs: Vec<String> = names.iter().zip(&drawn).map(|(q, v)| format!("{q}={v}")).collect();
            if pairs.is_empty() { "nothing drawn".to_owned() } else { pairs.join(", ") }
        };
        let path = self.integrate(&*cell, times).map_err(|source| Error::Trajectory {
            index,
            drawn: describe(),
            source: Box::new(source),
        })?;
        let width = plan.columns.len();
        for ((row, &t), (now, then)) in rows.chunks_exact_mut(width).zip(times).zip(path.rows(times.len())) {
            let inputs = plan.inputs.iter().map(|source| match *source {
                Source::Time => t,
                Source::State(i) => now[i],
                Source::Stimulus => applied.value(t),
                Source::StimulusMean(length) => applied.mean(t, t + length),
                Source::Drawn(i) => drawn[i],
                Source::Fixed(value) => value,
            });
            let targets = plan.targets.iter().map(|&i| then[i]);
            for (cell, value) in row.iter_mut().zip(inputs.chain(targets)) {
                *cell = value;
            }
            if let Some(i) = row.iter().position(|v| !v.is_finite()) {
                let column = plan.columns[i].name.clone();
                return Err(Error::NotFinite { index, drawn: describe(), column, t, value: row[i] });
            }
        }
        Ok(())
    }

    /// The states at `times`, and for step pairs also one step after each.
    fn integrate(&self, cell: &dyn AnyCell, times: &[f64]) -> Result<Path, ode_solvers::SolveError> {
        let (method, step) = self.integrator.method_and_step();
        // (time, place in the result): first all rows' times, then all times one step later.
        let mut wanted: Vec<(f64, usize)> = times.iter().copied().zip(0..).collect();
        if let Rows::StepPairs { step } = self.rows {
            wanted.extend(times.iter().map(|t| t + step).zip(times.len()..));
            wanted.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let y0 = cell.initial_state();
        let dim = y0.len();
        let mut states = vec![0.0; wanted.len() * dim];
        let at_start = wanted.partition_point(|w| w.0 <= self.t_start);
        for &(_, place) in &wanted[..at_start] {
            states[place * dim..][..dim].copy_from_slice(y0);
        }
        let later = &wanted[at_start..];
        if let Some(&(end, _)) = later.last() {
            let save_at: Vec<f64> = later.iter().map(|w| w.0).collect();
            let solution = solve(cell, method, step, (self.t_start, end), y0, &Options::save_at(save_at))?;
            for (k, &(_, place)) in later.iter().enumerate() {
                states[place * dim..][..dim].copy_from_slice(solution.state(k));
            }
        }
        Ok(Path { states, dim })
    }
}

/// The quantities of trajectory `index`, in the order of [`Sampling::quantities`]; none where more than random numbers are
/// needed to find them.
fn draw(sampling: &Sampling, index: usize, random: &mut Stream) -> Vec<f64> {
    let inside = |range: &Range, random: &mut Stream| random.uniform(range.low, range.high);
    match sampling {
        Sampling::Single | Sampling::NearThreshold { .. } => Vec::new(),
        Sampling::Uniform { ranges, .. } => ranges.iter().map(|r| inside(r, random)).collect(),
        Sampling::Mixture { parts, .. } => {
            let ranges = draw_part(parts, random).map_or(&[][..], |p| &p.ranges);
            ranges.iter().map(|r| inside(r, random)).collect()
        }
        Sampling::Grid { axes } => {
            let mut left = index;
            let mut values: Vec<f64> = axes
                .iter()
                .rev()
                .map(|axis| {
                    let value = axis.values[left % axis.values.len()];
                    left /= axis.values.len();
                    value
                })
                .collect();
            values.reverse();
            values
        }
        Sampling::Listed { points, .. } => points[index].clone(),
        Sampling::Around { centres, half_widths, samples_each, .. } => {
            let centre = &centres[(index as u64 / samples_each) as usize];
            centre.iter().zip(half_widths).map(|(c, w)| random.uniform(c - w, c + w)).collect()
        }
    }
}

/// One of the boxes, by their shares.
pub(crate) fn draw_part<'a>(parts: &'a [Part], random: &mut Stream) -> Option<&'a Part> {
    let all: f64 = parts.iter().map(|p| p.share).sum();
    let mut left = random.uniform(0.0, all);
    let chosen = parts.iter().find(|p| {
        left -= p.share;
        left < 0.0
    });
    // Rounding may leave a last part of nothing.
    chosen.or(parts.last())
}

impl Integrator {
    pub(crate) fn method_and_step(&self) -> (Method, StepSize) {
        match *self {
            Integrator::Fixed { method, dt } => (method, StepSize::Fixed(dt)),
            Integrator::Adaptive { method, rtol, atol } => {
                (method, StepSize::Adaptive(Tolerance::new(rtol, atol)))
            }
        }
    }
}

/// States at the times of the rows, then states one step later if there are any.
struct Path {
    states: Vec<f64>,
    dim: usize,
}

impl Path {
    /// For each of `n` rows, the state at its time and the state that the targets are read from.
    fn rows(&self, n: usize) -> impl Iterator<Item = (&[f64], &[f64])> {
        let now = self.states.chunks_exact(self.dim);
        let later = now.len() - n;
        now.clone().take(n).zip(now.skip(later))
    }
}

/// The cell of the recipe, before anything is drawn.
pub(crate) fn cell(recipe: &Recipe, entry: &Entry) -> Result<Box<dyn AnyCell>, Error> {
    let mut cell = entry.cell();
    for (name, &value) in &recipe.model.parameters {
        cell.set_parameter(name, value).map_err(Error::model(format!("model.parameters.{name}")))?;
    }
    for (name, &value) in &recipe.model.initial {
        cell.set_state(name, value).map_err(Error::model(format!("model.initial.{name}")))?;
    }
    let stimulus = Stimulus::new(recipe.model.stimulus.clone()).map_err(Error::model("model.stimulus"))?;
    cell.set_stimulus(stimulus);
    Ok(cell)
}
