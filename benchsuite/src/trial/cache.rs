//! Data sets on disk, generated once for all trials and processes.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use datagen::{Dataset, Recipe};
use surrogates::Samples;

use crate::interrupt::Stop;
use crate::{Error, files};

/// A data set as networks take it, in single precision.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) samples: Samples,
    pub(super) rows_each: usize,
    pub(super) content_sha256: String,
}

/// Sets that some trial of this process holds: threads share them.
static HELD: LazyLock<Mutex<BTreeMap<PathBuf, Weak<Loaded>>>> = LazyLock::new(Mutex::default);

/// Where a recipe's data set lies.
fn place(cache: &Path, recipe: &Recipe) -> PathBuf {
    cache.join(format!("{}.safetensors", &recipe.sha256()[..24]))
}

/// The data set of a recipe: from memory, from the cache, or generated and then cached. The file is
/// verified against its hash and its recipe.
pub(super) fn get(cache: &Path, name: &str, recipe: &Recipe, stop: Stop) -> Result<Arc<Loaded>, Error> {
    let path = place(cache, recipe);
    // A panic elsewhere leaves the map whole.
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = held.get(&path).and_then(Weak::upgrade) {
        return Ok(loaded);
    }
    let failed =
        |source: Box<dyn std::error::Error + Send + Sync>| Error::Data { name: name.to_owned(), source };
    let data = on_disk(&path, name, recipe, stop)?;
    let loaded = Arc::new(Loaded {
        samples: Samples::from_dataset(&data).map_err(|e| failed(Box::new(e)))?,
        rows_each: data.rows_per_trajectory(),
        content_sha256: data.content_sha256(),
    });
    held.retain(|_, set| set.strong_count() > 0);
    held.insert(path, Arc::downgrade(&loaded));
    Ok(loaded)
}

fn on_disk(path: &Path, name: &str, recipe: &Recipe, stop: Stop) -> Result<Dataset, Error> {
    const REMEDY: &str = "check that the folder of data sets is writable and the disk is not full";
    let failed =
        |source: Box<dyn std::error::Error + Send + Sync>| Error::Data { name: name.to_owned(), source };
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    files::create_folder(folder)?;
    // One process generates while others wait; the system frees the lock however a process ends.
    let lock_path = path.with_extension("lock");
    let lock = File::create(&lock_path).map_err(Error::io(&lock_path, REMEDY))?;
    lock.lock().map_err(Error::io(&lock_path, REMEDY))?;
    if path.exists() {
        let data = Dataset::open(path).map_err(|e| failed(Box::new(e)))?;
        if *data.recipe() != *recipe {
            return Err(Error::Damaged {
                path: path.to_owned(),
                why: "it holds another data set than its name says".into(),
                remedy: "delete it: it is generated again".into(),
            });
        }
        return Ok(data);
    }
    let data = recipe
        .generate_watched(
            |_, _| if stop.requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) },
        )
        .map_err(|e| match e {
            datagen::Error::Stopped { .. } => Error::TrialStopped(path.to_owned()),
            e => failed(Box::new(e)),
        })?;
    data.save(path).map_err(|e| failed(Box::new(e)))?;
    Ok(data)
}

/// Keeps a computed list of points beside the data sets, as JSON: made once, by whoever comes first.
pub(super) fn points(
    cache: &Path,
    key: &str,
    make: impl FnOnce() -> Result<Vec<Vec<f64>>, Error>,
) -> Result<Vec<Vec<f64>>, Error> {
    const REMEDY: &str = "check that the folder of data sets is writable and the disk is not full";
    files::create_folder(cache)?;
    let path = cache.join(format!("{key}.json"));
    let lock_path = path.with_extension("lock");
    let lock = File::create(&lock_path).map_err(Error::io(&lock_path, REMEDY))?;
    lock.lock().map_err(Error::io(&lock_path, REMEDY))?;
    if path.exists() {
        return files::read_json(&path, "delete it: it is computed again");
    }
    let points = make()?;
    files::write_json(&path, &points)?;
    Ok(points)
}

/// Does `work` on a thread of its own and calls `beat` while it goes on.
pub(super) fn watched<R: Send>(work: impl FnOnce() -> R + Send, mut beat: impl FnMut()) -> R {
    std::thread::scope(|scope| {
        let thread = scope.spawn(work);
        let mut told = Instant::now();
        while !thread.is_finished() {
            if told.elapsed() > Duration::from_millis(250) {
                beat();
                told = Instant::now();
            }
            // Short: what is in memory already is there at once.
            std::thread::sleep(Duration::from_millis(5));
        }
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::Problem;
    use super::super::recipes::{Purpose, Truth, in_table_1, solutions};
    use super::*;

    fn recipe() -> Recipe {
        solutions(Problem::BS, in_table_1(Problem::BS, 20), 5.0, Some(3), Truth::Euler, Purpose::Train)
    }

    #[test]
    fn a_set_is_generated_once_and_shared() {
        let folder = tempfile::tempdir().unwrap();
        let sets: Vec<Arc<Loaded>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| get(folder.path(), "train", &recipe(), Stop::new()).unwrap()))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(sets.iter().all(|s| Arc::ptr_eq(s, &sets[0])));
        assert_eq!(sets[0].samples.rows(), 60);
        assert_eq!(sets[0].content_sha256, recipe().generate().unwrap().content_sha256());
        let written = std::fs::metadata(place(folder.path(), &recipe())).unwrap().modified().unwrap();
        drop(sets);
        // Nobody holds it any more: it is read again, not made again.
        get(folder.path(), "train", &recipe(), Stop::new()).unwrap();
        assert_eq!(std::fs::metadata(place(folder.path(), &recipe())).unwrap().modified().unwrap(), written);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_a_stop_leaves_none() {
        let folder = tempfile::tempdir().unwrap();
        let stop = Stop::new();
        stop.request();
        assert!(matches!(get(folder.path(), "train", &recipe(), stop), Err(Error::TrialStopped(_))));
        let path = place(folder.path(), &recipe());
        assert!(!path.exists());
        recipe().generate().unwrap().save(&path).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(get(folder.path(), "train", &recipe(), Stop::new()), Err(Error::Data { .. })));
    }
}
