//! How far a sweep is: plain lines, the same on a terminal and in a log.

use std::fmt;

use super::claim::{Claim, Watch};
use super::folder::Folder;
use super::record::Worker;
use super::state::{Standing, Standings};
use crate::Error;
use crate::manifest::later;
use crate::progress::duration;

/// How far a sweep is.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Trials with a result.
    pub done: usize,
    /// Trials that a living worker has.
    pub running: Vec<Running>,
    /// Trials whose worker has died; the next worker that looks takes them over.
    pub orphaned: usize,
    /// Trials that went wrong: what they are, and why.
    pub failed: Vec<(String, String)>,
    /// Trials that no worker has.
    pub waiting: usize,
    /// Trials in an hour at the present number of workers; none before the first has ended.
    pub per_hour: Option<f64>,
    /// Seconds until the end at that pace; none if nothing runs or nothing has ended.
    pub left: Option<f64>,
    /// Processes that take part now.
    pub workers: usize,
    /// Seconds that a single job would need for the rest, if nothing runs.
    pub alone: Option<f64>,
}

/// A trial that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// What it is.
    pub label: String,
    /// What is done, from 0 to 1.
    pub progress: f64,
    /// The worker.
    pub worker: String,
    /// Seconds since the worker's last beat.
    pub silent: f64,
}

/// Looks at a sweep.
///
/// # Errors
/// [`Error::Damaged`] for a file that cannot be read, [`Error::Io`].
pub fn status(folder: &Folder) -> Result<Status, Error> {
    let standings = Standings::look(folder)?;
    let (records, failures) = (folder.results()?, folder.failures()?);
    let kind = folder.plan.kind;
    let mut watch = Watch::new(folder, &Worker::current(0).id);
    let now = watch.now()?;
    let (mut running, mut orphaned, mut waiting, mut left) = (Vec::new(), 0, 0, 0.0);
    for trial in &folder.plan.trials {
        let cost = kind.cost(&trial.spec);
        match standings.of(trial) {
            Standing::Done | Standing::Failed => {}
            Standing::Free(_) => (waiting, left) = (waiting + 1, left + cost),
            Standing::Claimed(generation) => {
                let claim = Claim::find(folder, &trial.id, generation)?;
                let look = watch.look(folder, now, &trial.id, generation)?;
                let (age, progress) = look.map_or((0.0, 0.0), |l| (l.age, l.progress));
                left += cost * (1.0 - progress);
                // One look cannot tell a jump of the clock from a death: workers look twice.
                let lost = look.is_some_and(|l| l.expired) || age > folder.head.expire as f64;
                match claim.filter(|_| !lost) {
                    None => orphaned += 1,
                    Some(Claim { worker, .. }) => {
                        let label = kind.label(&trial.spec);
                        running.push(Running { label, progress, worker, silent: age });
                    }
                }
            }
        }
    }
    // Work of one job in one second, from the trials that were run in one go: of others only the last
    // part was timed, and those that were known before took no time here.
    let whole = records.values().filter(|r| r.generation == 0 && r.seconds > 0.0);
    let (cost, seconds) =
        whole.fold((0.0, 0.0), |(c, s), r| (c + kind.cost(&r.spec), s + r.seconds.max(1e-3)));
    let mean_cost = folder.plan.trials.iter().map(|t| kind.cost(&t.spec)).sum::<f64>()
        / folder.plan.trials.len().max(1) as f64;
    let speed = (cost > 0.0).then(|| cost / seconds);
    let jobs = running.len() as f64;
    let at_work: std::collections::BTreeSet<&str> = running.iter().map(|r| r.worker.as_str()).collect();
    Ok(Status {
        name: folder.head.name.clone(),
        done: records.len(),
        orphaned,
        failed: failures.values().map(|f| (kind.label(&f.spec), f.error.clone())).collect(),
        waiting,
        per_hour: speed.filter(|_| jobs > 0.0).map(|s| s * jobs / mean_cost * 3600.0),
        left: speed.filter(|_| jobs > 0.0).map(|s| left / s / jobs),
        alone: speed.filter(|_| jobs == 0.0 && left > 0.0).map(|s| left / s),
        workers: at_work.len(),
        running,
    })
}

/// Failures beyond this many are counted, not listed.
const LISTED: usize = 10;

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.done + self.running.len() + self.orphaned + self.failed.len() + self.waiting;
        writeln!(f, "{}: {} of {all} trials done", self.name, self.done)?;
        writeln!(
            f,
            "running {}, waiting {}, failed {}{}",
            self.running.len(),
            self.waiting,
            self.failed.len(),
            match self.orphaned {
                0 => String::new(),
                n => format!(", left by workers that died {n}"),
            }
        )?;
        match (self.per_hour, self.left, self.alone) {
            (Some(rate), Some(left), _) => writeln!(
                f,
                "{rate:.1} trials an hour with {} at a time in {} processes; about {} left, until {}",
                self.running.len(),
                self.workers,
                duration(left),
                later(left)
            )?,
            (_, _, Some(alone)) => {
                writeln!(f, "nothing runs; one job would need about {} for the rest", duration(alone))?
            }
            _ if self.done + self.failed.len() == all => writeln!(f, "nothing is left to do")?,
            _ if self.running.is_empty() => writeln!(f, "nothing runs")?,
            _ => writeln!(f, "no trial has ended yet, so no pace is known")?,
        }
        for r in &self.running {
            let share = 100.0 * r.progress;
            writeln!(f, "  {}: {share:.0} % ({}, {:.0} s ago)", r.label, r.worker, r.silent)?;
        }
        for (label, error) in self.failed.iter().take(LISTED) {
            writeln!(f, "  {label}: FAILED: {error}")?;
        }
        if self.failed.len() > LISTED {
            writeln!(f, "  … and {} more failures", self.failed.len() - LISTED)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::tests::{begin, trial_ids};
    use crate::sweep::{Process, claim};

    #[test]
    fn all_four_kinds_of_trials_are_counted() {
        let root = tempfile::tempdir().unwrap();
        let folder = begin(root.path(), 4);
        let ids = trial_ids(&folder);
        let fresh = status(&folder).unwrap();
        assert_eq!((fresh.waiting, fresh.done, fresh.left), (4, 0, None));
        assert!(fresh.to_string().contains("nothing runs"), "{fresh}");

        let me = Process::current();
        let _alive = claim::take(&folder, &ids[0], 0, "me", &me).unwrap().unwrap();
        let dead = Process { started: me.started + 1, ..me };
        claim::take(&folder, &ids[1], 0, "dead", &dead).unwrap().unwrap();
        let spec = folder.plan.trials[2].spec.clone();
        let record = crate::sweep::Record {
            trial: ids[2].clone(),
            spec: spec.clone(),
            outcome: serde_json::Value::Null,
            seconds: 2.0,
            generation: 0,
            worker: "me".into(),
            finished: String::new(),
        };
        crate::files::write_json(&folder.result(&ids[2]), &record).unwrap();
        let now = status(&folder).unwrap();
        assert_eq!((now.done, now.running.len(), now.orphaned, now.waiting), (1, 1, 1, 1));
        // One done in two seconds; three are left, of equal cost, and one runs at a time.
        assert!((now.left.unwrap() - 6.0).abs() < 1e-9 && (now.per_hour.unwrap() - 1800.0).abs() < 1e-6);
        let text = now.to_string();
        assert!(
            text.contains("1 of 4 trials done") && text.contains("left by workers that died 1"),
            "{text}"
        );
        assert!(text.contains("1800.0 trials an hour") && text.contains("6 s left, until 20"), "{text}");
    }

    #[test]
    fn trials_that_were_known_before_give_no_pace() {
        let root = tempfile::tempdir().unwrap();
        let folder = begin(root.path(), 2);
        let ids = trial_ids(&folder);
        let record = crate::sweep::Record {
            trial: ids[0].clone(),
            spec: folder.plan.trials[0].spec.clone(),
            outcome: serde_json::Value::Null,
            seconds: 0.0,
            generation: 0,
            worker: "known".into(),
            finished: String::new(),
        };
        crate::files::write_json(&folder.result(&ids[0]), &record).unwrap();
        let now = status(&folder).unwrap();
        assert_eq!((now.done, now.waiting, now.alone), (1, 1, None));
        assert!(!now.to_string().contains("0 s"), "{now}");
    }
}
