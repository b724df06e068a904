//! What trainings of all kinds have in common.

use core::ops::ControlFlow;
use std::path::Path;

use crate::Error;

/// A training on its way: a [`Trainer`](crate::Trainer), a [`MapTrainer`](crate::neural_map::MapTrainer), a fit by
/// [`LeastSquares`](crate::neural_map::LeastSquares), an [`OdeTrainer`](crate::neural_ode::OdeTrainer) or an
/// [`FnoTrainer`](crate::fno::FnoTrainer).
///
/// Each begins by a `new` of its own, since each learns from something else, and goes on from a file by its `resume`,
/// as if it had not been interrupted: every later number is the same, bit for bit.
pub trait Training: Sized {
    /// The settings.
    type Config;
    /// What is trained.
    type Network;
    /// What an iteration tells of its loss.
    type Loss;
    /// A line of the history.
    type Record;

    /// The settings.
    fn config(&self) -> &Self::Config;

    /// How many iterations were done.
    fn iteration(&self) -> u64;

    /// The records made so far, at the intervals of the settings.
    fn history(&self) -> &[Self::Record];

    /// One iteration. Returns the loss, taken before the step, and the record if one is due.
    ///
    /// # Errors
    /// [`Error::NotFinite`] at the iteration whose loss or gradient is NaN or infinite, [`Error::Diverged`] at that
    /// whose trajectory is: its step is not made. [`Error::Framework`] if memory runs out.
    fn step(&mut self) -> Result<(Self::Loss, Option<Self::Record>), Error>;

    /// Writes a [`Checkpoint`](crate::Checkpoint): atomically, so that a file of this name is always a whole one.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    fn save(&self, path: &Path) -> Result<(), Error>;

    /// Iterates until `until` iterations are done in all. After each one `callback` is called with the training, and
    /// with the record if one was made; [`ControlFlow::Break`] ends the run, and a later call goes on as if it had not.
    ///
    /// # Errors
    /// As [`Training::step`].
    fn run(
        &mut self,
        until: u64,
        mut callback: impl FnMut(&Self, Option<&Self::Record>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        while self.iteration() < until {
            let record = self.step()?.1;
            if callback(self, record.as_ref()).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
