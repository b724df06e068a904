//! A worker: takes trials until there are none left.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::claim::{self, Held, Watch};
use super::folder::Folder;
use super::kind::Work;
use super::plan::Trial;
use super::record::{Failure, Record, Worker};
use super::state::{Standing, Standings};
use crate::interrupt::Stop;
use crate::manifest::now;
use crate::progress::{Progress, duration};
use crate::{Error, files};

/// How a worker works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Trials at the same time, each on a thread of its own.
    pub jobs: usize,
    /// Whether to stay until trials of other workers have ended, to take over those of the dead.
    pub stay: bool,
    /// Whether to run failed trials again.
    pub retry: bool,
}

/// What a worker did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Trials that it finished.
    pub here: usize,
    /// Trials that it took over from workers that had died.
    pub taken_over: usize,
    /// Trials of the sweep that have a result.
    pub all: usize,
    /// Trials that other workers still have.
    pub elsewhere: usize,
}

/// How often stops are passed on and claims are looked at.
const TICK: Duration = Duration::from_millis(100);

/// Works on a sweep until no trial is left.
///
/// # Errors
/// [`Error::Interrupted`] when stopped, after saving; [`Error::TrialsFailed`] if all trials have
/// ended and some went wrong; [`Error::Damaged`], [`Error::Io`] if the folder cannot be used.
pub fn run(
    folder: &Folder,
    options: Options,
    stop: Stop,
    progress: &Progress,
    resume: &str,
) -> Result<Done, Error> {
    // What is damaged is said before anything is computed.
    let before = folder.results()?;
    folder.failures()?;
    let mut worker = Worker::current(options.jobs);
    files::write_json(&folder.worker(&worker.id), &worker)?;
    if options.retry {
        forget_failures(folder)?;
    }
    progress.stage(&folder.head.name, folder.plan.trials.len() as f64, before.len() as f64);
    let crew = Crew::new(folder, &worker, options, stop, progress, before.len());
    std::thread::scope(|scope| {
        let heart = scope.spawn(|| crew.beat());
        let jobs: Vec<_> = (0..options.jobs.max(1)).map(|_| scope.spawn(|| crew.work())).collect();
        for job in jobs {
            // A thread that panics outside a trial is a defect; the heart must end all the same.
            let ended = job.join();
            if ended.is_err() {
                crew.fail(Error::Trial { trial: "(none)".into(), why: "a worker's thread panicked".into() });
            }
        }
        crew.over.store(true, Ordering::Relaxed);
        heart.join()
    })
    .map_err(|_| Error::Trial { trial: "(none)".into(), why: "the thread of the beats panicked".into() })?;
    progress.finish();
    let failure = crew.failure.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut done = crew.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    worker.ended = Some(now());
    let noted = files::write_json(&folder.worker(&worker.id), &worker);
    if let Some(error) = failure {
        return Err(error);
    }
    noted?;
    if stop.requested() {
        return Err(Error::Interrupted { resume: resume.to_owned() });
    }
    let standings = Standings::look(folder)?;
    let count =
        |wanted: fn(Standing) -> bool| folder.plan.trials.iter().filter(|t| wanted(standings.of(t))).count();
    done.all = count(|s| s == Standing::Done);
    done.elsewhere = count(|s| matches!(s, Standing::Claimed(_)));
    let failures = folder.failures()?;
    match failures.values().next() {
        Some(first) => Err(Error::TrialsFailed {
            failed: failures.len(),
            all: folder.plan.trials.len(),
            path: folder.path().join("failed"),
            first: format!("{}: {}", folder.plan.kind.label(&first.spec), first.error),
        }),
        None => Ok(done),
    }
}

/// Puts the errors of failed trials aside, so that they are run again.
fn forget_failures(folder: &Folder) -> Result<(), Error> {
    for id in folder.failures()?.keys() {
        let path = folder.failure(id);
        let aside = (1_u32..)
            .map(|n| path.with_extension(format!("{n}.txt")))
            .find(|p| !p.exists())
            .expect("the numbers have no end");
        match std::fs::rename(&path, &aside) {
            // Another worker was asked the same.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            other => other.map_err(Error::io(&path, "check that the folder of the sweep is writable"))?,
        }
    }
    Ok(())
}

/// What the threads of a worker share.
struct Crew<'a> {
    folder: &'a Folder,
    worker: &'a Worker,
    options: Options,
    stop: Stop,
    progress: &'a Progress,
    /// Places of trials in the plan, the longest first.
    order: Vec<usize>,
    held: Mutex<Vec<Arc<Held>>>,
    watch: Mutex<Watch>,
    done: Mutex<Done>,
    counted: Mutex<usize>,
    failure: Mutex<Option<Error>>,
    over: AtomicBool,
}

enum Next<'a> {
    Take(&'a Trial, Arc<Held>),
    Wait,
    Leave,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Crew<'a> {
    fn new(
        folder: &'a Folder,
        worker: &'a Worker,
        options: Options,
        stop: Stop,
        progress: &'a Progress,
        done: usize,
    ) -> Self {
        let cost = |i: &usize| folder.plan.kind.cost(&folder.plan.trials[*i].spec);
        let mut order: Vec<usize> = (0..folder.plan.trials.len()).collect();
        order.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
        Crew {
            folder,
            worker,
            options,
            stop,
            progress,
            order,
            held: Mutex::default(),
            watch: Mutex::new(Watch::new(folder, &worker.id)),
            done: Mutex::default(),
            counted: Mutex::new(done),
            failure: Mutex::default(),
            over: AtomicBool::new(false),
        }
    }

    /// Stops everything for an error that is no trial's own.
    fn fail(&self, error: Error) {
        lock(&self.failure).get_or_insert(error);
    }

    fn must_end(&self) -> bool {
        self.stop.requested() || lock(&self.failure).is_some()
    }

    /// Keeps the claims of this worker alive, and passes on requests to stop.
    fn beat(&self) {
        let expire = Duration::from_secs(self.folder.head.expire);
        let every = expire / 6;
        let mut last = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            std::thread::sleep(TICK);
            let held: Vec<Arc<Held>> = lock(&self.held).clone();
            if self.must_end() {
                held.iter().for_each(|h| h.stop.request());
            }
            if last.elapsed() < every {
                continue;
            }
            last = Instant::now();
            for claim in held {
                // A machine that slept wakes up here: first see what others did meanwhile.
                if claim.is_lost() {
                    continue;
                }
                if let Err(error) = claim.beat() {
                    tracing::warn!("a beat was not written: {error}");
                    if claim.silent_for() > expire / 2 {
                        claim.lose();
                    }
                }
            }
        }
    }

    fn work(&self) {
        while !self.must_end() {
            match self.next() {
                Ok(Next::Take(trial, held)) => {
                    let ended = self.run(trial, &held);
                    lock(&self.held).retain(|h| !Arc::ptr_eq(h, &held));
                    if let Err(error) = ended {
                        self.fail(error);
                    }
                }
                Ok(Next::Wait) => self.pause(),
                Ok(Next::Leave) => return,
                Err(error) => self.fail(error),
            }
        }
    }

    fn pause(&self) {
        let until = Instant::now() + Duration::from_secs(self.folder.head.expire).div_f64(4.0).min(20 * TICK);
        while Instant::now() < until && !self.must_end() {
            std::thread::sleep(TICK);
        }
    }

    /// Takes the next trial: a free one, or else one whose worker has died.
    fn next(&self) -> Result<Next<'a>, Error> {
        // One look at a time: threads of one worker do not compete.
        let mut watch = lock(&self.watch);
        let standings = Standings::look(self.folder)?;
        let trials = || self.order.iter().map(|i| &self.folder.plan.trials[*i]);
        let mut others = Vec::new();
        let mut done = 0;
        for trial in trials() {
            match standings.of(trial) {
                Standing::Free(generation) => {
                    if let Some(held) = self.take(trial, generation)? {
                        return Ok(Next::Take(trial, held));
                    }
                    others.push(None);
                }
                Standing::Claimed(generation) => others.push(Some((trial, generation))),
                Standing::Done => done += 1,
                Standing::Failed => {}
            }
        }
        self.count(done);
        if others.is_empty() {
            return Ok(Next::Leave);
        }
        let own: Vec<Arc<Held>> = lock(&self.held).clone();
        let now = watch.now()?;
        // Another worker was faster with a trial that was free: it may die.
        let mut elsewhere = others.iter().any(Option::is_none);
        for (trial, generation) in others.into_iter().flatten() {
            if own.iter().any(|h| h.claim.trial == trial.id && h.claim.generation == generation) {
                continue;
            }
            elsewhere = true;
            let look = watch.look(self.folder, now, &trial.id, generation)?;
            if look.is_some_and(|l| l.expired)
                && let Some(held) = self.take(trial, generation + 1)?
            {
                let label = self.folder.plan.kind.label(&trial.spec);
                self.progress.line(&format!("  {label}: taken over, its worker has died"));
                lock(&self.done).taken_over += 1;
                return Ok(Next::Take(trial, held));
            }
        }
        Ok(if self.options.stay && elsewhere { Next::Wait } else { Next::Leave })
    }

    fn take(&self, trial: &Trial, generation: u32) -> Result<Option<Arc<Held>>, Error> {
        let Some(held) =
            claim::take(self.folder, &trial.id, generation, &self.worker.id, &self.worker.process)?
        else {
            return Ok(None);
        };
        // A file system that shows its folders late may have hidden the end of the trial.
        if self.folder.result(&trial.id).exists() || self.folder.failure(&trial.id).exists() {
            held.end("had ended already")?;
            return Ok(None);
        }
        let held = Arc::new(held);
        lock(&self.held).push(held.clone());
        Ok(Some(held))
    }

    fn run(&self, trial: &Trial, held: &Held) -> Result<(), Error> {
        let kind = self.folder.plan.kind;
        let own = self.folder.trial(&trial.id);
        let cache = self.folder.cache();
        std::fs::create_dir_all(&own)
            .map_err(Error::io(&own, "check that the folder of the sweep is writable"))?;
        let spec = own.join("spec.json");
        if !spec.exists() {
            files::write_json(&spec, &trial.spec)?;
        }
        let work = Work::new(&own, &cache, held.stop, &held.progress);
        let started = Instant::now();
        let outcome =
            catch_unwind(AssertUnwindSafe(|| kind.run(&trial.spec, &work))).unwrap_or_else(|panic| {
                Err(Error::Trial {
                    trial: kind.label(&trial.spec),
                    why: format!("a panic, which is a defect of the program: {}", words(&*panic)),
                })
            });
        let seconds = started.elapsed().as_secs_f64();
        if held.is_lost() {
            self.progress.line(&format!(
                "  {}: given up, this worker was silent for too long and another one has it",
                kind.label(&trial.spec)
            ));
            return Ok(());
        }
        let (generation, worker) = (held.claim.generation, self.worker.id.clone());
        match outcome {
            Ok(outcome) => {
                let record = Record {
                    trial: trial.id.clone(),
                    spec: trial.spec.clone(),
                    outcome,
                    seconds,
                    generation,
                    worker,
                    finished: now(),
                };
                files::write_new_json(&self.folder.result(&trial.id), &record)?;
                held.end("done")?;
                lock(&self.done).here += 1;
                self.progress.line(&format!("  {}: done in {}", kind.label(&trial.spec), duration(seconds)));
                Ok(())
            }
            Err(Error::Interrupted { .. }) if held.stop.requested() => held.end("stopped"),
            Err(error) => {
                let failure = Failure {
                    trial: trial.id.clone(),
                    spec: trial.spec.clone(),
                    error: error.to_string(),
                    seconds,
                    generation,
                    worker,
                    finished: now(),
                };
                files::write_json(&self.folder.failure(&trial.id), &failure)?;
                held.end("failed")?;
                self.progress.line(&format!("  {}: FAILED: {error}", kind.label(&trial.spec)));
                Ok(())
            }
        }
    }

    /// Tells the bar of trials that ended here or elsewhere.
    fn count(&self, done: usize) {
        let mut counted = lock(&self.counted);
        if done > *counted {
            self.progress.add((done - *counted) as f64, || format!("{done} trials done"));
            *counted = done;
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
