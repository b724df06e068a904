//! Independent pieces of work on a few threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Error;
use crate::interrupt::Stop;

/// Applies `work` to every item, at most `jobs` at a time, and returns the results in the order of
/// the items. The first error asks all other work to stop and is returned when they have.
pub(crate) fn run<I: Sync, R: Send>(
    jobs: usize,
    items: &[I],
    stop: Stop,
    work: impl Fn(&I) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let failure: Mutex<Option<Error>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let failed = failure.lock().is_ok_and(|f| f.is_some());
                    if i >= items.len() || failed {
                        return;
                    }
                    match work(&items[i]) {
                        Ok(result) => {
                            *results[i].lock().expect("a worker that panics ends the scope") = Some(result);
                        }
                        Err(error) => {
                            stop.request();
                            let mut first = failure.lock().expect("a worker that panics ends the scope");
                            // Others answer the request with `Interrupted`: the cause counts.
                            if first.as_ref().is_none_or(|f| matches!(f, Error::Interrupted { .. })) {
                                *first = Some(error);
                            }
                        }
                    }
                }
            });
        }
    });
    if let Some(error) = failure.into_inner().expect("all workers have ended") {
        return Err(error);
    }
    Ok(results
        .into_iter()
        .map(|r| r.into_inner().expect("all workers have ended").expect("without failure every item is done"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<u64> = (0..50).collect();
        let squares = run(3, &items, Stop::new(), |i| Ok(i * i)).unwrap();
        assert_eq!(squares, items.iter().map(|i| i * i).collect::<Vec<_>>());
        assert!(run(4, &[] as &[u64], Stop::new(), |i| Ok(*i)).unwrap().is_empty());
    }

    #[test]
    fn the_cause_is_reported_and_the_others_are_asked_to_stop() {
        let stop = Stop::new();
        let error = run(2, &[0, 1, 2, 3], stop, |i| {
            if *i == 1 {
                return Err(Error::UnknownTier("cause".into()));
            }
            while !stop.requested() {
                std::thread::yield_now();
            }
            Err::<(), _>(Error::Interrupted { resume: String::new() })
        })
        .unwrap_err();
        assert!(matches!(error, Error::UnknownTier(_)), "{error}");
    }
}
