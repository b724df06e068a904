//! Who works on which trial: files whose creation is atomic, and whose age says who is dead.
//!
//! The claims on a trial are a chain of files, `claims/ID.0000.json`, `claims/ID.0001.json`, …. The
//! last one holds. A worker takes a trial by creating the next file, which must not exist: of many
//! workers one succeeds, on any machines that share the folder, and an expired claim is taken over
//! exactly once. Beside a claim stand `.beat`, which its worker writes again and again, and `.end`
//! when it gave the trial back. Nothing is ever deleted: the chain says what happened.
//!
//! A claim expires when its last beat is old. Old is a comparison of two times that the file system
//! itself has written, the beat's and that of a file written just now: the clocks of the workers'
//! machines do not matter. So that a jump of the file system's own clock takes nothing from the
//! living, the beat must also have stayed the same for a while by the clock of the one who looks.
//! What is assumed: creating a file that must not exist, and renaming, are atomic; a file that was
//! written and flushed on one machine is seen when it is opened on another within the time of
//! expiry; modification times come from one clock, or from several that differ by less than a
//! quarter of it. Local file systems, NFS from version 3 on, Lustre and BeeGFS do this.

use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::folder::{Folder, names};
use super::process::Process;
use crate::interrupt::Stop;
use crate::manifest::now;
use crate::{Error, files};

const REMEDY: &str = "check that the folder of the sweep is there and writable and the disk is not full";

/// `claims/*.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The trial's id.
    pub trial: String,
    /// How many claims there were before.
    pub generation: u32,
    /// The worker.
    pub worker: String,
    /// Its process.
    pub process: Process,
    /// When, in UTC, by the clock of the worker's machine.
    pub at: String,
}

/// The last claim on a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) generation: u32,
    /// Whether its worker gave the trial back.
    pub(super) ended: bool,
}

fn stem(trial: &str, generation: u32) -> String {
    format!("{trial}.{generation:04}")
}

fn path(folder: &Folder, trial: &str, generation: u32, ending: &str) -> PathBuf {
    folder.claims().join(format!("{}.{ending}", stem(trial, generation)))
}

/// The last claim on each trial that has one.
pub(super) fn last(folder: &Folder) -> Result<HashMap<String, Last>, Error> {
    let mut all: HashMap<String, Last> = HashMap::new();
    for name in names(&folder.claims())? {
        let mut parts = name.split('.');
        let (Some(trial), Some(number), Some(ending)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let Ok(generation) = number.parse::<u32>() else { continue };
        let entry = all.entry(trial.to_owned()).or_insert(Last { generation, ended: false });
        if generation > entry.generation {
            *entry = Last { generation, ended: false };
        }
        if generation == entry.generation && ending == "end" {
            entry.ended = true;
        }
    }
    Ok(all)
}

impl Claim {
    /// The claim on a trial that followed `generation` others.
    ///
    /// # Errors
    /// [`Error::Damaged`], also if it claims something else than its name says; [`Error::Io`].
    pub fn read(folder: &Folder, trial: &str, generation: u32) -> Result<Self, Error> {
        let path = path(folder, trial, generation, "json");
        let remedy =
            "stop the workers, delete it, and start them again: the trial goes on from its last state";
        let claim: Claim = files::read_json(&path, remedy)?;
        if claim.trial != trial || claim.generation != generation {
            let why = format!("it claims `{}`", stem(&claim.trial, claim.generation));
            return Err(Error::Damaged { path, why, remedy: remedy.into() });
        }
        Ok(claim)
    }

    /// As [`Claim::read`]; none where the file was deleted, as its remedy says.
    pub(super) fn find(folder: &Folder, trial: &str, generation: u32) -> Result<Option<Self>, Error> {
        match Self::read(folder, trial, generation) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }
}

/// Takes a trial, if no other worker was faster.
pub(super) fn take(
    folder: &Folder,
    trial: &str,
    generation: u32,
    worker: &str,
    process: &Process,
) -> Result<Option<Held>, Error> {
    let claim =
        Claim { trial: trial.into(), generation, worker: worker.into(), process: process.clone(), at: now() };
    if !files::write_new_json(&path(folder, trial, generation, "json"), &claim)? {
        return Ok(None);
    }
    let beat = path(folder, trial, generation, "beat");
    let file = std::fs::File::create(&beat).map_err(Error::io(&beat, REMEDY))?;
    let held = Held {
        claim,
        next: path(folder, trial, generation + 1, "json"),
        end: path(folder, trial, generation, "end"),
        beat: Mutex::new(Beat { path: beat, file, count: 0, at: Instant::now() }),
        progress: AtomicU64::new(0),
        lost: AtomicBool::new(false),
        stop: Stop::new(),
    };
    held.beat()?;
    Ok(Some(held))
}

/// A claim of this process.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) claim: Claim,
    next: PathBuf,
    end: PathBuf,
    beat: Mutex<Beat>,
    /// The share of the trial that is done, as bits.
    pub(super) progress: AtomicU64,
    lost: AtomicBool,
    /// Stops this trial alone. (A few bytes are never freed, once for each trial.)
    pub(super) stop: Stop,
}

#[derive(Debug)]
struct Beat {
    path: PathBuf,
    file: std::fs::File,
    count: u64,
    /// When the last one was written, by this machine's clock.
    at: Instant,
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, Beat> {
        self.beat.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Writes a beat, and flushes it so that other machines see it.
    pub(super) fn beat(&self) -> Result<(), Error> {
        let mut beat = self.lock();
        beat.count += 1;
        let share = f64::from_bits(self.progress.load(Ordering::Relaxed));
        // Always as long: no reader sees the end of an older, longer one.
        let text = format!("{:020} {share:.6}\n", beat.count);
        let written = beat
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| beat.file.write_all(text.as_bytes()))
            .and_then(|()| beat.file.sync_data());
        written.map_err(Error::io(&beat.path, REMEDY))?;
        beat.at = Instant::now();
        Ok(())
    }

    /// How long ago the last beat was written.
    pub(super) fn silent_for(&self) -> Duration {
        self.lock().at.elapsed()
    }

    /// Whether another worker has taken the trial over; then it is stopped here.
    pub(super) fn is_lost(&self) -> bool {
        if self.next.exists() {
            self.lose();
        }
        self.lost.load(Ordering::Relaxed)
    }

    /// Stops the trial here, because another worker has it or may have it soon.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
        self.stop.request();
    }

    /// Gives the trial back.
    pub(super) fn end(&self, why: &str) -> Result<(), Error> {
        files::write_new(&self.end, format!("{why}\n")).map(drop)
    }
}

/// How a claim of another worker looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// Seconds since its last beat, by the file system's clock.
    pub(super) age: f64,
    /// What its worker last said was done, from 0 to 1.
    pub(super) progress: f64,
    /// Whether the trial may be taken over.
    pub(super) expired: bool,
}

/// One who looks at claims again and again.
#[derive(Debug)]
pub(super) struct Watch {
    probe: PathBuf,
    expire: Duration,
    seen: HashMap<(String, u32), (String, Instant)>,
}

impl Watch {
    /// `name` must differ between all who look.
    pub(super) fn new(folder: &Folder, name: &str) -> Self {
        Watch {
            probe: folder.claims().join(format!(".now-{name}")),
            expire: Duration::from_secs(folder.head.expire),
            seen: HashMap::new(),
        }
    }

    /// The time by the clock that also dates the beats: of a file that is written now.
    pub(super) fn now(&self) -> Result<SystemTime, Error> {
        let stamp = || -> std::io::Result<SystemTime> {
            let mut file = std::fs::File::create(&self.probe)?;
            file.write_all(b"now\n")?;
            file.sync_data()?;
            file.metadata()?.modified()
        };
        stamp().map_err(Error::io(&self.probe, REMEDY))
    }

    /// Looks at the claim of another worker; none if the file has gone.
    pub(super) fn look(
        &mut self,
        folder: &Folder,
        now: SystemTime,
        trial: &str,
        generation: u32,
    ) -> Result<Option<Look>, Error> {
        let beat = path(folder, trial, generation, "beat");
        let claim = path(folder, trial, generation, "json");
        // A worker that died between claim and first beat leaves the claim alone.
        let Some((text, at)) = stamped(&beat)?.or(stamped(&claim)?) else { return Ok(None) };
        // The living may have beaten since `now`.
        let age = now.duration_since(at).unwrap_or_default();
        let key = (trial.to_owned(), generation);
        let progress = text.split_whitespace().nth(1).and_then(|s| s.parse().ok()).unwrap_or(0.0);
        let seen = self.seen.entry(key).or_insert_with(|| (text.clone(), Instant::now()));
        if seen.0 != text {
            *seen = (text, Instant::now());
        }
        let still = seen.1.elapsed() >= self.expire / 4;
        // A beat without its claim, which was deleted: it ends as that of a worker that is not seen from here.
        let dead = || Claim::find(folder, trial, generation).map(|c| c.is_some_and(|c| c.process.is_dead()));
        let expired = age > self.expire && still || dead()?;
        Ok(Some(Look { age: age.as_secs_f64(), progress, expired }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Nothing depends on it: a probe that is left behind is not looked at.
        let _ = std::fs::remove_file(&self.probe);
    }
}

/// A file's text and when it was written; none if there is no such file. It is opened, not only
/// looked up, so that a network file system asks its server.
fn stamped(path: &Path) -> Result<Option<(String, SystemTime)>, Error> {
    let read = || -> std::io::Result<(String, SystemTime)> {
        let mut file = std::fs::File::open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok((String::from_utf8_lossy(&bytes).into_owned(), file.metadata()?.modified()?))
    };
    match read() {
        Ok(stamped) => Ok(Some(stamped)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io(path, REMEDY)(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::tests::{begin, trial_ids};

    fn elsewhere() -> Process {
        Process { space: "another machine".into(), ..Process::current() }
    }

    /// Dates a beat back, as if its worker had died then.
    fn age(folder: &Folder, trial: &str, generation: u32, seconds: u64) {
        let path = path(folder, trial, generation, "beat");
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn a_trial_is_taken_once_and_expires_by_the_age_of_its_beat() {
        let root = tempfile::tempdir().unwrap();
        let folder = begin(root.path(), 2);
        let id = &trial_ids(&folder)[0];
        let held = take(&folder, id, 0, "a", &elsewhere()).unwrap().unwrap();
        assert!(take(&folder, id, 0, "b", &elsewhere()).unwrap().is_none());
        assert!(!held.is_lost());

        let mut watch = Watch::new(&folder, "b");
        let expire = folder.head.expire;
        let mut look = || {
            let now = watch.now().unwrap();
            watch.look(&folder, now, id, 0).unwrap().unwrap()
        };
        assert!(!look().expired);
        // A beat that nobody has seen yet, so that its watch begins now.
        held.beat().unwrap();
        age(&folder, id, 0, 10 * expire);
        // Old by the file system's clock, but it was seen only now.
        let first = look();
        assert!(!first.expired && first.age > 9.0 * expire as f64, "{first:?}");
        std::thread::sleep(Duration::from_secs_f64(expire as f64 / 4.0 + 0.05));
        assert!(look().expired);
        // It beats after all: the living keep their trial.
        held.progress.store(0.25_f64.to_bits(), Ordering::Relaxed);
        held.beat().unwrap();
        let back = look();
        assert!(!back.expired && back.progress == 0.25, "{back:?}");
    }

    #[test]
    fn a_jump_of_the_file_systems_clock_takes_nothing_from_the_living() {
        let root = tempfile::tempdir().unwrap();
        let folder = begin(root.path(), 1);
        let id = &trial_ids(&folder)[0];
        let held = take(&folder, id, 0, "a", &elsewhere()).unwrap().unwrap();
        let mut watch = Watch::new(&folder, "b");
        for _ in 0..4 {
            held.beat().unwrap();
            let jumped = watch.now().unwrap() + Duration::from_secs(3600);
            let look = watch.look(&folder, jumped, id, 0).unwrap().unwrap();
            assert!(look.age > 3000.0 && !look.expired, "{look:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    #[test]
    fn of_many_who_see_an_expired_claim_one_takes_it_over_and_the_first_notices() {
        let root = tempfile::tempdir().unwrap();
        let folder = begin(root.path(), 1);
        let id = &trial_ids(&folder)[0];
        let first = take(&folder, id, 0, "first", &elsewhere()).unwrap().unwrap();
        let taken: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|i| {
                    let folder = &folder;
                    scope
                        .spawn(move || take(folder, id, 1, &format!("w{i}"), &elsewhere()).unwrap().is_some())
                })
                .collect();
            threads.into_iter().map(|t| usize::from(t.join().unwrap())).sum()
        });
        assert_eq!(taken, 1);
        assert!(!first.stop.requested());
        assert!(first.is_lost() && first.stop.requested());
        assert_eq!(last(&folder).unwrap()[id], Last { generation: 1, ended: false });
    }

    #[test]
    fn a_trial_given_back_is_marked_and_a_damaged_claim_says_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        let folder = begin(root.path(), 1);
        let id = &trial_ids(&folder)[0];
        let held = take(&folder, id, 0, "a", &Process::current()).unwrap().unwrap();
        held.end("stopped").unwrap();
        assert_eq!(last(&folder).unwrap()[id], Last { generation: 0, ended: true });
        assert_eq!(Claim::read(&folder, id, 0).unwrap().worker, "a");
        let place = path(&folder, id, 0, "json");
        for text in ["", "{", "{\"trial\": 1}"] {
            std::fs::write(&place, text).unwrap();
            let error = Claim::read(&folder, id, 0).unwrap_err();
            assert!(matches!(error, Error::Damaged { .. }) && error.to_string().contains("delete it"));
        }
    }
}
