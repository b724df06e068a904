//! Ctrl-C and SIGTERM: work stops at the next chunk and saves its state.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request to stop, shared by all workers. A clone of [`Stop::new`] sees the same request.
#[derive(Debug, Clone, Copy)]
pub struct Stop(&'static AtomicBool);

impl Stop {
    /// A request that only [`Stop::request`] makes.
    pub fn new() -> Self {
        Stop(Box::leak(Box::new(AtomicBool::new(false))))
    }

    /// The request that Ctrl-C and SIGTERM make. A second signal ends the process at once: what
    /// lies on the disk is whole at any moment.
    pub fn on_signals() -> Self {
        static STOP: OnceLock<Stop> = OnceLock::new();
        *STOP.get_or_init(|| {
            let stop = Stop::new();
            let handler = move || {
                if stop.0.swap(true, Ordering::SeqCst) {
                    std::process::exit(130);
                }
                eprintln!("\nstopping: saving the state of every network …");
            };
            if ctrlc::set_handler(handler).is_err() {
                tracing::warn!(
                    "signals cannot be caught here: Ctrl-C loses the work since the last checkpoint"
                );
            }
            stop
        })
    }

    /// Whether to stop.
    pub fn requested(self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Asks all workers to stop.
    pub fn request(self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
