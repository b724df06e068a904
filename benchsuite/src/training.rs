//! How networks of a run are trained: each from its checkpoint, watched, until it is done or the run is to stop.

mod places;

use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) use self::places::Places;
use crate::Error;
use crate::interrupt::Stop;
use crate::progress::Progress;

/// How long progress that nobody sees may wait.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A network on its way.
pub(crate) trait Training {
    /// Iterations done.
    fn done(&self) -> u64;

    /// Does one more. False if it was the last, whatever was asked for.
    fn step(&mut self) -> Result<bool, Error>;

    /// Writes all that it takes to go on from here.
    fn save(&self, checkpoint: &Path) -> Result<(), Error>;

    /// How far it is, in words.
    fn note(&self) -> String;

    /// Whether it is worth to read the clock: iterations may take microseconds.
    fn may_look(&self) -> bool {
        true
    }
}

/// Who is told how far trainings are.
pub(crate) trait Watch: Sync {
    /// Adds finished units of work, with a note on what they were.
    fn add(&self, units: f64, note: &dyn Fn() -> String);
    /// Says a line.
    fn line(&self, text: &str);
}

impl Watch for Progress {
    fn add(&self, units: f64, note: &dyn Fn() -> String) {
        Progress::add(self, units, note);
    }

    fn line(&self, text: &str) {
        Progress::line(self, text);
    }
}

/// What all trainings of a run share.
#[derive(Clone, Copy)]
pub(crate) struct Supervision<'a> {
    pub(crate) progress: &'a dyn Watch,
    pub(crate) stop: Stop,
    /// How often the state is saved while training goes on.
    pub(crate) save_every: Duration,
    /// The command that goes on with the run.
    pub(crate) resume: &'a str,
}

impl Supervision<'_> {
    /// Trains until so many iterations are done, each worth `unit` of the progress, and saves the state. Returns
    /// the wall time of an iteration in seconds; 0 if none was left to do.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if the run is to stop, after the state was saved; those of the training.
    pub(crate) fn train(
        &self,
        training: &mut impl Training,
        end: u64,
        unit: f64,
        checkpoint: &Path,
    ) -> Result<f64, Error> {
        let begun = training.done();
        let first = begun.min(end);
        self.progress.add(first as f64 * unit, &|| training.note());
        let started = Instant::now();
        let (mut looked, mut saved, mut counted) = (started, started, first);
        let look_every = LOOK_EVERY.min(self.save_every);
        while training.done() < end && training.step()? {
            if !training.may_look() {
                continue;
            }
            if self.stop.requested() {
                training.save(checkpoint)?;
                return Err(Error::Interrupted { resume: self.resume.to_owned() });
            }
            if looked.elapsed() < look_every {
                continue;
            }
            looked = Instant::now();
            let done = training.done();
            self.progress.add((done - counted) as f64 * unit, &|| training.note());
            counted = done;
            if saved.elapsed() >= self.save_every {
                training.save(checkpoint)?;
                saved = Instant::now();
            }
        }
        // What ended early has no work left.
        self.progress.add((end - counted) as f64 * unit, &|| training.note());
        training.save(checkpoint)?;
        let done = training.done().saturating_sub(begun);
        Ok(if done == 0 { 0.0 } else { started.elapsed().as_secs_f64() / done as f64 })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Counts; ends by itself at `last`.
    struct Counter {
        done: u64,
        last: u64,
        stop_at: Option<(u64, Stop)>,
    }

    impl Training for Counter {
        fn done(&self) -> u64 {
            self.done
        }
        fn step(&mut self) -> Result<bool, Error> {
            if self.done == self.last {
                return Ok(false);
            }
            self.done += 1;
            if let Some((at, stop)) = self.stop_at
                && at == self.done
            {
                stop.request();
            }
            Ok(true)
        }
        fn save(&self, checkpoint: &Path) -> Result<(), Error> {
            crate::files::write(checkpoint, self.done.to_string())
        }
        fn note(&self) -> String {
            format!("at {}", self.done)
        }
        fn may_look(&self) -> bool {
            self.done.is_multiple_of(4)
        }
    }

    #[derive(Default)]
    struct Sum(Mutex<f64>);

    impl Watch for Sum {
        fn add(&self, units: f64, _: &dyn Fn() -> String) {
            *self.0.lock().unwrap() += units;
        }
        fn line(&self, _: &str) {}
    }

    #[test]
    fn trainings_end_are_stopped_and_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("checkpoint");
        let saved = || std::fs::read_to_string(&checkpoint).unwrap();
        let train = |start: u64, last: u64, stop_at: Option<u64>| {
            let (stop, sum) = (Stop::new(), Sum::default());
            let mut counter = Counter { done: start, last, stop_at: stop_at.map(|at| (at, stop)) };
            let supervision =
                Supervision { progress: &sum, stop, save_every: Duration::ZERO, resume: "the same --resume" };
            let ended = supervision.train(&mut counter, 100, 0.5, &checkpoint);
            (ended, counter.done, *sum.0.lock().unwrap())
        };
        // To the end, and by itself: all work is accounted for, and the last state is on the disk.
        for (last, done) in [(1000, 100), (30, 30)] {
            let (ended, at, units) = train(0, last, None);
            assert!(ended.unwrap() > 0.0);
            assert_eq!((at, units, saved()), (done, 50.0, done.to_string()));
        }
        // Asked at 41, it is heard at the next look.
        let (ended, at, _) = train(0, 1000, Some(41));
        let Err(Error::Interrupted { resume }) = ended else { panic!("{ended:?}") };
        assert_eq!((at, saved(), resume.as_str()), (44, "44".into(), "the same --resume"));
        // What was done before counts as work; what is done already takes none.
        assert_eq!((train(44, 1000, None).1, train(44, 1000, None).2), (100, 50.0));
        let (ended, at, units) = train(120, 1000, None);
        assert_eq!((ended.unwrap(), at, units), (0.0, 120, 50.0));
    }
}
