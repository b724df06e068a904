//! Which process a worker is, and whether it is certainly dead.

use serde::{Deserialize, Serialize};

/// A process, so that another one on the same machine can tell whether it still runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The machine's name.
    pub host: String,
    /// The process's number.
    pub pid: u32,
    /// Which start of which machine, and which space of process numbers; empty where unknown.
    pub space: String,
    /// When the process began, in ticks since that start: numbers are used again.
    pub started: u64,
}

impl Process {
    /// This process.
    pub fn current() -> Self {
        let pid = std::process::id();
        Process {
            host: host(),
            pid,
            space: space().unwrap_or_default(),
            started: begin(pid).unwrap_or_default(),
        }
    }

    /// Whether the process has certainly ended. `false` says nothing: it may run on another machine.
    pub fn is_dead(&self) -> bool {
        let known = !self.space.is_empty() && self.started > 0;
        known && space().as_ref() == Some(&self.space) && begin(self.pid) != Some(self.started)
    }
}

fn host() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let named = [kernel.trim().to_owned(), std::env::var("HOSTNAME").unwrap_or_default()];
    named.into_iter().find(|n| !n.is_empty()).unwrap_or_else(|| "localhost".into())
}

/// The boot of the machine and the space of process numbers; none where the system does not say.
fn space() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let numbers = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), numbers.display()))
}

/// When a process began; none if there is no such process, or it has ended and only its parent has
/// not taken notice.
fn begin(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_whitespace().collect();
    if matches!(fields.first(), Some(&"Z" | &"X")) {
        return None;
    }
    fields.get(19)?.parse().ok()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn the_living_the_dead_and_the_unknown() {
        let own = Process::current();
        assert!(!own.is_dead() && own.started > 0);
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let other = Process { pid: child.id(), started: begin(child.id()).unwrap(), ..own.clone() };
        assert!(!other.is_dead());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(other.is_dead());
        // The same number, but another process.
        assert!(Process { started: own.started + 1, ..own.clone() }.is_dead());
        // Another machine, or another boot: nothing is known.
        assert!(!Process { space: "elsewhere".into(), ..other }.is_dead());
    }
}
