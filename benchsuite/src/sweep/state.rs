//! Where every trial stands, from three listings of folders.

use std::collections::{HashMap, HashSet};

use super::claim::{self, Last};
use super::folder::Folder;
use super::plan::Trial;
use crate::Error;

/// Where a trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has a result.
    Done,
    /// It went wrong.
    Failed,
    /// No worker has it; the number that its next claim gets.
    Free(u32),
    /// A worker has claimed it; the number of the claim.
    Claimed(u32),
}

/// One look at a sweep.
#[derive(Debug)]
pub(super) struct Standings {
    claims: HashMap<String, Last>,
    done: HashSet<String>,
    failed: HashSet<String>,
}

impl Standings {
    /// Looks. Claims come first: a worker writes a result before it gives a trial back, so that a
    /// trial whose claim has ended and that has no result is free.
    pub(super) fn look(folder: &Folder) -> Result<Self, Error> {
        let claims = claim::last(folder)?;
        let (done, failed) = folder.ended()?;
        Ok(Standings { claims, done: done.into_iter().collect(), failed: failed.into_iter().collect() })
    }

    /// Where a trial stands.
    pub(super) fn of(&self, trial: &Trial) -> Standing {
        if self.done.contains(&trial.id) {
            return Standing::Done;
        }
        if self.failed.contains(&trial.id) {
            return Standing::Failed;
        }
        match self.claims.get(&trial.id) {
            None => Standing::Free(0),
            Some(last) if last.ended => Standing::Free(last.generation + 1),
            Some(last) => Standing::Claimed(last.generation),
        }
    }
}
