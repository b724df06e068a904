//! `metrics.jsonl`: one line of JSON per event, appended and flushed.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;

const REMEDY: &str = "check that the folder is writable and the disk is not full";

/// What one line of a training log must say: how far the training was.
pub trait Iterated: Serialize + DeserializeOwned {
    /// The number of iterations done when the line was written.
    fn iteration(&self) -> u64;
}

/// One validation of a network in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progressed {
    /// Iterations done.
    pub iteration: u64,
    /// The weighted loss of that iteration's batch (eq. 3.16).
    pub loss: f64,
    /// The data term.
    pub data: f64,
    /// The physics term; 0 without one.
    pub physics: f64,
    /// The initial-condition term; 0 without one.
    pub initial: f64,
    /// The learning rate.
    pub lr: f64,
    /// Mean error over the validation set (eq. 3.3).
    pub mean_error: f64,
    /// Greatest error over the validation set.
    pub max_error: f64,
}

impl Iterated for Progressed {
    fn iteration(&self) -> u64 {
        self.iteration
    }
}

/// An open log.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    file: File,
}

impl Metrics {
    /// Opens a log that continues after `iteration`: later lines, and a last line that was cut
    /// short, are dropped. A log that is not there begins empty.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Damaged`] for a line other than the last that is not JSON.
    pub fn resume<T: Iterated>(path: &Path, iteration: u64) -> Result<Self, Error> {
        let kept: Vec<T> = if path.exists() { read(path)? } else { Vec::new() };
        let mut text = Vec::new();
        for line in kept.iter().filter(|line| line.iteration() <= iteration) {
            serde_json::to_writer(&mut text, line).map_err(|e| damaged(path, &e))?;
            text.push(b'\n');
        }
        crate::files::write(path, text)?;
        let file = OpenOptions::new().append(true).open(path).map_err(Error::io(path, REMEDY))?;
        Ok(Metrics { path: path.to_owned(), file })
    }

    /// Appends a line.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn push<T: Iterated>(&mut self, line: &T) -> Result<(), Error> {
        let mut text = serde_json::to_vec(line).map_err(|e| damaged(&self.path, &e))?;
        text.push(b'\n');
        self.file.write_all(&text).and_then(|()| self.file.flush()).map_err(Error::io(&self.path, REMEDY))
    }
}

/// Reads a log. A last line that was cut short is left out.
///
/// # Errors
/// [`Error::Io`], or [`Error::Damaged`] for another line that is not JSON.
pub fn read<T: Iterated>(path: &Path) -> Result<Vec<T>, Error> {
    let file = File::open(path).map_err(Error::io(path, "check that the file is there"))?;
    let mut lines = Vec::new();
    let mut broken: Option<serde_json::Error> = None;
    for line in BufReader::new(file).lines() {
        let line = line.map_err(Error::io(path, "check that the file is text"))?;
        if let Some(error) = broken {
            return Err(damaged(path, &error));
        }
        match serde_json::from_str(&line) {
            Ok(value) => lines.push(value),
            Err(error) => broken = Some(error),
        }
    }
    Ok(lines)
}

fn damaged(path: &Path, error: &serde_json::Error) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        why: error.to_string(),
        remedy: "delete the network's folder to train it again".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(iteration: u64) -> Progressed {
        Progressed {
            iteration,
            loss: 0.1,
            data: 0.1,
            physics: 0.0,
            initial: 0.0,
            lr: 1e-3,
            mean_error: 1.0 / 3.0,
            max_error: 2.0,
        }
    }

    #[test]
    fn resuming_drops_what_came_after_the_checkpoint_and_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut log = Metrics::resume::<Progressed>(&path, 0).unwrap();
        for i in [10, 20, 30] {
            log.push(&line(i)).unwrap();
        }
        log.file.write_all(b"{\"iteration\": 4").unwrap();
        assert_eq!(read::<Progressed>(&path).unwrap().len(), 3);

        let mut log = Metrics::resume::<Progressed>(&path, 20).unwrap();
        assert_eq!(read::<Progressed>(&path).unwrap(), [line(10), line(20)]);
        log.push(&line(30)).unwrap();
        assert_eq!(read::<Progressed>(&path).unwrap(), [line(10), line(20), line(30)]);
    }

    #[test]
    fn damage_in_the_middle_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        std::fs::write(&path, "not json\n{}\n").unwrap();
        assert!(matches!(read::<Progressed>(&path), Err(Error::Damaged { .. })));
    }
}
