//! What is kept of a trajectory while it is computed.

use crate::run::Within;
use crate::{Ending, Occurrence, SaveAt, Scalar, Solution, Statistics, Step};

/// Fills a [`Solution`] step by step.
pub(crate) struct Recorder<'a, T> {
    solution: Solution<T>,
    save_at: &'a SaveAt,
    /// How many of the requested times are done.
    done: usize,
    state: Vec<T>,
}

/// Times that differ by this much mean the same.
fn rounding(t: f64) -> f64 {
    4.0 * f64::EPSILON * t.abs()
}

impl<'a, T: Scalar> Recorder<'a, T> {
    pub(crate) fn new(save_at: &'a SaveAt, dim: usize) -> Self {
        let rows = if let SaveAt::Times(times) = save_at { times.len() } else { 1 };
        let solution = Solution {
            t: Vec::with_capacity(rows),
            y: Vec::with_capacity(rows * dim),
            dim,
            stats: Statistics::default(),
            events: Vec::new(),
            ending: Ending::Failed,
        };
        Self { solution, save_at, done: 0, state: vec![T::default(); dim] }
    }

    fn push(&mut self, t: f64, y: &[T]) {
        self.solution.t.push(t);
        self.solution.y.extend_from_slice(y);
    }

    /// Whether times between the ends of a step that goes as far as `end` are wanted.
    pub(crate) fn wants_dense(&self, end: f64) -> bool {
        self.next_before(end).is_some()
    }

    fn next_before(&self, end: f64) -> Option<f64> {
        let SaveAt::Times(times) = self.save_at else { return None };
        times.get(self.done).copied().filter(|&at| at < end - rounding(end))
    }

    /// The times within an accepted step, whose dense output is prepared, and before `end`.
    ///
    /// # Errors
    /// The index of a state that is not finite between the end points, although it is at both: a
    /// slope at the end that overflows.
    pub(crate) fn within(
        &mut self,
        within: &dyn Within<T>,
        step: Step,
        states: (&[T], &[T]),
        end: f64,
    ) -> Result<(), usize> {
        while let Some(at) = self.next_before(end) {
            within.state(step, at, states, &mut self.state);
            if let Some(i) = self.state.iter().position(|y| !y.all_finite()) {
                return Err(i);
            }
            self.solution.t.push(at);
            self.solution.y.extend_from_slice(&self.state);
            self.done += 1;
        }
        Ok(())
    }

    /// The state at `t` that a jump is about to change.
    pub(crate) fn before_jump(&mut self, t: f64, y: &[T]) {
        if *self.save_at == SaveAt::EveryStep {
            self.push(t, y);
        }
    }

    /// The state at `t`, the start or the end of a step.
    pub(crate) fn reached(&mut self, t: f64, y: &[T]) {
        match self.save_at {
            SaveAt::EveryStep => self.push(t, y),
            SaveAt::End => {}
            SaveAt::Times(times) => {
                // A time that misses the end of the step by rounding means the end.
                while let Some(&at) = times.get(self.done).filter(|&&at| at <= t + rounding(t)) {
                    self.push(at, y);
                    self.done += 1;
                }
            }
        }
    }

    /// An event happened.
    pub(crate) fn event(&mut self, event: usize, t: f64, y: &[T]) {
        self.solution.events.push(Occurrence { event, t, y: y.to_vec() });
    }

    /// The solution. Unless it reached the end of the span it ends with the state at `t`.
    pub(crate) fn finish(mut self, ending: Ending, t: f64, y: &[T], stats: Statistics) -> Solution<T> {
        let last = self.solution.t.last().copied();
        let is_early = ending != Ending::Reached && last.is_none_or(|last| last < t);
        if *self.save_at == SaveAt::End || is_early {
            self.push(t, y);
        }
        self.solution.stats = stats;
        self.solution.ending = ending;
        self.solution
    }
}
