//! What is kept of a trajectory while it is computed.

use crate::{SaveAt, Scalar, Solution, Statistics, Step, Stepper};

/// Fills a [`Solution`] step by step.
pub(crate) struct Recorder<'a, T> {
    solution: Solution<T>,
    save_at: &'a SaveAt,
    /// How many of the requested times are done.
    done: usize,
    state: Vec<T>,
}

impl<'a, T: Scalar> Recorder<'a, T> {
    pub(crate) fn new(save_at: &'a SaveAt, t: f64, y: &[T]) -> Self {
        let dim = y.len();
        let rows = if let SaveAt::Times(times) = save_at { times.len() } else { 1 };
        let solution = Solution {
            t: Vec::with_capacity(rows),
            y: Vec::with_capacity(rows * dim),
            dim,
            stats: Statistics::default(),
        };
        let mut recorder = Self { solution, save_at, done: 0, state: vec![T::default(); dim] };
        match save_at {
            SaveAt::EveryStep => recorder.push(t, y),
            SaveAt::End => {}
            SaveAt::Times(times) => {
                while times.get(recorder.done).is_some_and(|&at| at <= t) {
                    recorder.push(t, y);
                    recorder.done += 1;
                }
            }
        }
        recorder
    }

    fn push(&mut self, t: f64, y: &[T]) {
        self.solution.t.push(t);
        self.solution.y.extend_from_slice(y);
    }

    /// After an accepted step.
    ///
    /// # Errors
    /// The index of a state that is not finite between the end points, although it is at both: a
    /// slope at the end that overflows.
    pub(crate) fn accept<S: ?Sized, M: Stepper<S, T> + ?Sized>(
        &mut self,
        system: &S,
        stepper: &mut M,
        step: Step,
        (y, y1): (&[T], &[T]),
        stats: &mut Statistics,
    ) -> Result<(), usize> {
        let times = match self.save_at {
            SaveAt::EveryStep => {
                self.push(step.t1, y1);
                return Ok(());
            }
            SaveAt::End => return Ok(()),
            SaveAt::Times(times) => times,
        };
        // A time that misses the end of the step by rounding means the end.
        let rounding = 4.0 * f64::EPSILON * step.t1.abs();
        let mut prepared = false;
        while let Some(&at) = times.get(self.done).filter(|&&at| at <= step.t1 + rounding) {
            if at >= step.t1 - rounding {
                self.push(at, y1);
            } else {
                if !prepared {
                    stepper.prepare_dense(system, step, y, y1, stats);
                    prepared = true;
                }
                let theta = ((at - step.t) / (step.t1 - step.t)).clamp(0.0, 1.0);
                stepper.interpolate(step, theta, y, y1, &mut self.state);
                if let Some(i) = self.state.iter().position(|y| !y.all_finite()) {
                    return Err(i);
                }
                self.solution.t.push(at);
                self.solution.y.extend_from_slice(&self.state);
            }
            self.done += 1;
        }
        Ok(())
    }

    /// The solution, ending with the state at `t` if it must (`SaveAt::End`, or a failed solve).
    pub(crate) fn finish(mut self, failed: bool, t: f64, y: &[T], stats: Statistics) -> Solution<T> {
        let last = self.solution.t.last().copied();
        if *self.save_at == SaveAt::End || (failed && last.is_none_or(|last| last < t)) {
            self.push(t, y);
        }
        self.solution.stats = stats;
        self.solution
    }
}
