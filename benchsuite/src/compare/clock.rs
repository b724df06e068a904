//! CPU time of the calling thread: what a solve costs, whatever else the machine does.

/// CPU time of this thread in seconds, from an arbitrary start.
#[cfg(unix)]
#[allow(unsafe_code, reason = "the system's clock of a thread has no safe interface in std")]
pub(crate) fn cpu() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid place to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    now.tv_sec as f64 + 1e-9 * now.tv_nsec as f64
}

/// Time in seconds, from an arbitrary start: other systems have no clock of a thread that is as easy.
#[cfg(not(unix))]
pub(crate) fn cpu() -> f64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed().as_secs_f64()
}
