//! Where a run's numbers come from: code, machine, seeds, data.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The sources and the compiler that this program was built from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// The version of the workspace.
    pub version: String,
    /// The git commit, or `unknown`.
    pub commit: String,
    /// Whether sources differed from that commit: `true`, `false` or `unknown`.
    pub dirty: String,
    /// SHA-256 of `Cargo.lock`.
    pub cargo_lock_sha256: String,
    /// The compiler.
    pub rustc: String,
    /// The target triple.
    pub target: String,
    /// `release` or `debug`.
    pub profile: String,
}

impl Code {
    /// What this program was built from.
    pub fn current() -> Self {
        Code {
            version: env!("CARGO_PKG_VERSION").into(),
            commit: env!("BENCHSUITE_COMMIT").into(),
            dirty: env!("BENCHSUITE_DIRTY").into(),
            cargo_lock_sha256: crate::files::sha256(include_bytes!("../../Cargo.lock")),
            rustc: env!("BENCHSUITE_RUSTC").into(),
            target: env!("BENCHSUITE_TARGET").into(),
            profile: env!("BENCHSUITE_PROFILE").into(),
        }
    }

    /// The commit in short, with a mark if the sources differed from it.
    pub fn short_commit(&self) -> String {
        let commit: String = self.commit.chars().take(12).collect();
        if self.dirty == "true" { format!("{commit} with changes") } else { commit }
    }
}

/// The machine that a run was done on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Threads that this process may use.
    pub threads: usize,
    /// The vector instructions that the kernels may choose.
    pub simd: String,
    /// Main memory in GiB; 0 if unknown.
    pub memory_gib: f64,
    /// The operating system.
    pub os: String,
}

impl Machine {
    /// This machine.
    pub fn current() -> Self {
        let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, key: &str| {
            text.lines()
                .find(|line| line.starts_with(key))
                .and_then(|line| line.split_once([':', '=']))
                .map(|(_, value)| value.trim().trim_matches('"').to_owned())
        };
        let kib = after(&file("/proc/meminfo"), "MemTotal")
            .and_then(|v| v.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()));
        let distribution = after(&file("/etc/os-release"), "PRETTY_NAME");
        let kernel = version(&file("/proc/sys/kernel/osrelease"));
        Machine {
            cpu: after(&file("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.into()),
            threads: threads(),
            simd: crate::doctor::simd(),
            memory_gib: kib.map_or(0.0, |k| (k / 1024.0 / 1024.0 * 10.0).round() / 10.0),
            os: [Some(std::env::consts::OS.to_owned()), Some(kernel), distribution]
                .into_iter()
                .flatten()
                .filter(|s| !s.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

/// The numbers of a kernel's release, such as `6.18.44` of `6.18.44-generic`: what follows names who built it.
fn version(release: &str) -> String {
    let end = release.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(release.len());
    release[..end].trim_end_matches('.').to_owned()
}

/// The threads that this process may use.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

/// One start of the program on a run directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// When, in UTC.
    pub at: String,
    /// The command.
    pub command: String,
    /// Networks trained at the same time.
    pub jobs: usize,
    /// The code.
    pub code: Code,
    /// The machine.
    pub machine: Machine,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of this file.
    pub format: u32,
    /// The experiment.
    pub experiment: String,
    /// The seeds: the run's own, and what was derived from it for each network.
    pub seeds: BTreeMap<String, u64>,
    /// Content hashes of the data sets.
    pub datasets: BTreeMap<String, String>,
    /// Every start: the first, and one for each time the run was resumed.
    pub starts: Vec<Start>,
}

impl Manifest {
    /// The command that the run began with.
    pub fn command(&self) -> &str {
        self.starts.first().map_or("", |start| &start.command)
    }

    /// The commits that took part, in order, without repeats.
    pub fn commits(&self) -> Vec<String> {
        let mut commits: Vec<String> = self.starts.iter().map(|s| s.code.short_commit()).collect();
        commits.dedup();
        commits
    }
}

/// Now, in UTC, to the second.
pub fn now() -> String {
    later(0.0)
}

/// So many seconds from now, in UTC, to the second.
pub(crate) fn later(seconds: f64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    // A thousand years are enough; what is no number is now.
    utc(now + seconds.clamp(0.0, 3e10) as u64)
}

/// A Unix time in ISO 8601.
fn utc(seconds: u64) -> String {
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    let leap = |y: u64| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}T{:02}:{:02}:{:02}Z", days + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::{utc, version};

    #[test]
    fn of_a_kernel_only_its_version_is_told() {
        for (release, told) in
            [("6.18.44-generic\n", "6.18.44"), ("5.10\n", "5.10"), ("6.6.x", "6.6"), ("custom", ""), ("", "")]
        {
            assert_eq!(version(release), told);
        }
    }

    #[test]
    fn dates() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_704_067_199), "2023-12-31T23:59:59Z");
        assert_eq!(utc(1_709_251_200), "2024-03-01T00:00:00Z");
    }
}
