//! A rival in a process of its own, asked line by line (`benchsuite/peers/README.md`). It may exit,
//! print garbage or hang: that costs its own numbers, nothing else.

use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde::Deserialize;

/// What a rival says about a timed solve.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Timing {
    /// CPU time of each repeat in µs.
    pub us: Vec<f64>,
    /// Steps, as far as the solver tells.
    pub steps: Option<u64>,
    /// Evaluations of the right-hand side, as far as the solver tells.
    pub rhs: Option<u64>,
    /// Evaluations of the Jacobian, as far as the solver tells.
    pub jacobians: Option<u64>,
    /// The mean of what was computed, of those who tell it: that all compute the same can be seen.
    pub mean: Option<f64>,
}

impl Timing {
    /// As rows of tables have it: no times of one that failed, and why.
    pub(crate) fn or_failure(timing: Result<Self, String>) -> (Self, Option<String>) {
        match timing {
            Ok(timing) => (timing, None),
            Err(why) => (Timing::default(), Some(why)),
        }
    }
}

impl From<Vec<f64>> for Timing {
    /// Times alone.
    fn from(us: Vec<f64>) -> Self {
        Timing { us, ..Timing::default() }
    }
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

/// A program that answers requests.
#[derive(Debug)]
pub struct Peer {
    command: Command,
    timeout: Duration,
    running: Option<Running>,
    /// What the program says it is.
    pub name: String,
    /// Its version.
    pub version: String,
}

#[derive(Debug)]
struct Running {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
    complaints: std::fs::File,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    /// Starts the program and waits until it says what it is.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn start(command: Command, timeout: Duration) -> Result<Self, String> {
        let mut peer = Self { command, timeout, running: None, name: String::new(), version: String::new() };
        peer.ensure()?;
        Ok(peer)
    }

    fn ensure(&mut self) -> Result<(), String> {
        if self.running.is_some() {
            return Ok(());
        }
        let complaints = tempfile::tempfile().map_err(|e| format!("no temporary file: {e}"))?;
        let copy = complaints.try_clone().map_err(|e| format!("no temporary file: {e}"))?;
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(copy);
        let mut child = self
            .command
            .spawn()
            .map_err(|e| format!("{} does not start: {e}", self.command.get_program().to_string_lossy()))?;
        let (Some(requests), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the program has no input or output".into());
        };
        let (send, answers) = channel();
        // Ends with the program's output.
        std::thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n') {
                let Ok(line) = line else { return };
                if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        self.running = Some(Running { child, requests, answers, complaints });
        let hello: Answer = parse(&self.answer()?).inspect_err(|_| self.running = None)?;
        if !hello.ok {
            self.running = None;
            return Err(hello.error);
        }
        (self.name, self.version) = (hello.name, hello.version);
        Ok(())
    }

    /// Waits for a line.
    fn answer(&mut self) -> Result<String, String> {
        let Some(running) = &mut self.running else { return Err("the program is not running".into()) };
        match running.answers.recv_timeout(self.timeout) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => {
                self.running = None;
                Err(format!("no answer within {} s; the program was ended", self.timeout.as_secs_f64()))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.epitaph()),
        }
    }

    /// What is left to say about a program that has ended.
    fn epitaph(&mut self) -> String {
        let Some(mut running) = self.running.take() else { return "the program has ended".into() };
        let status = running.child.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
        let mut text = Vec::new();
        let _ = running.complaints.rewind().and_then(|()| running.complaints.read_to_end(&mut text));
        let text = String::from_utf8_lossy(&text).into_owned();
        match text.lines().map(str::trim).rfind(|line| !line.is_empty()) {
            Some(last) => format!("the program ended ({status}): {last}"),
            None => format!("the program ended ({status})"),
        }
    }

    fn ask(&mut self, request: &str) -> Result<String, String> {
        self.ensure()?;
        let Some(running) = &mut self.running else { return Err("the program is not running".into()) };
        let sent = writeln!(running.requests, "{request}").and_then(|()| running.requests.flush());
        let line = match sent {
            Ok(()) => self.answer()?,
            Err(_) => return Err(self.epitaph()),
        };
        // A program that prints garbage is out of step: the next request starts another.
        let answer: Answer = parse(&line).inspect_err(|_| self.running = None)?;
        if answer.ok { Ok(line) } else { Err(answer.error) }
    }

    /// Times solves for `seconds` of CPU time, one at least.
    ///
    /// # Errors
    /// What the solver says, or what became of the program.
    pub fn time(&mut self, method: &str, rtol: f64, atol: f64, seconds: f64) -> Result<Timing, String> {
        let timing: Timing = parse(&self.ask(&format!("time {method} {rtol:e} {atol:e} {seconds}"))?)?;
        if timing.us.is_empty() || timing.us.iter().any(|t| !(t.is_finite() && *t > 0.0)) {
            return Err("the program gave no times".into());
        }
        Ok(timing)
    }

    /// The potential on the grid.
    ///
    /// # Errors
    /// What the solver says, or what became of the program.
    pub fn grid(&mut self, method: &str, rtol: f64, atol: f64) -> Result<Vec<f64>, String> {
        let file = tempfile::NamedTempFile::new().map_err(|e| format!("no temporary file: {e}"))?;
        let path = file.path().display().to_string();
        if path.contains(char::is_whitespace) {
            return Err(format!(
                "the folder for temporary files has a blank in its name: {path}; set TMPDIR"
            ));
        }
        self.ask(&format!("grid {method} {rtol:e} {atol:e} {path}"))?;
        let bytes = std::fs::read(file.path()).map_err(|e| format!("{path}: {e}"))?;
        let (numbers, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(format!("the grid has {} bytes, which is no whole number of numbers", bytes.len()));
        }
        Ok(numbers.iter().map(|b| f64::from_le_bytes(*b)).collect())
    }
}

fn parse<T: for<'a> Deserialize<'a>>(line: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|e| {
        let start: String = line.chars().take(60).collect();
        format!("the program printed what is no answer: `{start}` ({e})")
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Instant;

    const HELLO: &str = r#"echo '{"ok": true, "name": "Test", "version": "1"}'"#;

    fn start(script: &str, seconds: f64) -> Result<Peer, String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Peer::start(command, Duration::from_secs_f64(seconds))
    }

    /// Starts after a hello, and asks for times.
    fn time(rest: &str) -> Result<Timing, String> {
        start(&format!("{HELLO}; {rest}"), 5.0)?.time("bdf", 1e-6, 1e-8, 0.1)
    }

    #[test]
    fn an_answer_is_read() {
        let reads = r#"read a b c d e; echo "{\"ok\": true, \"us\": [$e, 2.5], \"steps\": 7}""#;
        let timing = time(reads).unwrap();
        assert_eq!(timing, Timing { us: vec![0.1, 2.5], steps: Some(7), ..Timing::default() });
        let writes = r#"read a b c d file; printf '\0\0\0\0\0\0\360\77' > $file; echo '{"ok": true}'"#;
        let mut peer = start(&format!("{HELLO}; {writes}"), 5.0).unwrap();
        assert_eq!((peer.name.as_str(), peer.version.as_str()), ("Test", "1"));
        assert_eq!(peer.grid("bdf", 1e-6, 1e-8).unwrap(), [1.0]);
    }

    #[test]
    fn failures_are_contained_and_told() {
        for (script, says) in [
            (r#"read a; echo '{"ok": false, "error": "CV_TOO_MUCH_WORK"}'"#, "CV_TOO_MUCH_WORK"),
            ("read a; echo oops >&2; exit 1", "exit status: 1): oops"),
            ("exit 3", "exit status: 3"),
            ("read a; kill -SEGV $$", "signal: 11"),
            ("read a; echo Segmentation fault", "no answer: `Segmentation fault`"),
            (r#"read a; echo '{"ok": true}'"#, "no answer"),
            (r#"read a; echo '{"ok": true, "us": []}'"#, "no times"),
            (r#"read a; echo '{"ok": true, "us": [-1]}'"#, "no times"),
            ("read a; printf '\\377\\376\\n'", "no answer"),
        ] {
            let error = time(script).unwrap_err();
            assert!(error.contains(says), "{script}: {error}");
        }
        let error = start("echo No module named numpy >&2; exit 1", 5.0).unwrap_err();
        assert!(error.contains("No module named numpy"), "{error}");
        let error = Peer::start(Command::new("no-such-program"), Duration::from_secs(5)).unwrap_err();
        assert!(error.contains("does not start"), "{error}");
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_started_again() {
        let script = format!(
            "{HELLO}; read task method rest; [ $method = slow ] && exec sleep 600; \
                              echo '{{\"ok\": true, \"us\": [1]}}'; read more"
        );
        let mut peer = start(&script, 30.0).unwrap();
        peer.timeout = Duration::from_millis(500);
        let begin = Instant::now();
        let error = peer.time("slow", 1e-6, 1e-8, 0.1).unwrap_err();
        assert!(error.contains("no answer within 0.5 s"), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(60));
        peer.timeout = Duration::from_secs(30);
        assert_eq!(peer.time("fast", 1e-6, 1e-8, 0.1).unwrap().us, [1.0]);
    }
}
