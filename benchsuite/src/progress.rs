//! Progress with an estimate of the time left: a bar on a terminal, a plain line every ten seconds
//! elsewhere.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Shared by all workers of a run.
pub struct Progress {
    label: String,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    stage: String,
    /// Units of work: all of the stage, done before this start, done since.
    total: f64,
    before: f64,
    done: f64,
    since: Instant,
    printed: Option<Instant>,
    note: String,
}

impl Progress {
    /// Progress on standard error; `label` stands in front of every line.
    pub fn new(label: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr_with_hz(5));
            let style = ProgressStyle::with_template("{prefix} [{bar:32}] {msg}")
                .expect("the template is a constant that a test draws")
                .progress_chars("█▉▊▋▌▍▎▏ ");
            bar.set_style(style);
            bar
        });
        Progress {
            label: label.to_owned(),
            bar,
            state: Mutex::new(State {
                stage: String::new(),
                total: 0.0,
                before: 0.0,
                done: 0.0,
                since: Instant::now(),
                printed: None,
                note: String::new(),
            }),
        }
    }

    /// Begins a stage of `total` units, `before` of which an earlier start has done.
    pub fn stage(&self, name: &str, total: f64, before: f64) {
        let mut state = self.lock();
        state.stage = name.to_owned();
        (state.total, state.before, state.done) = (total, before, 0.0);
        (state.since, state.printed) = (Instant::now(), None);
        state.note.clear();
        self.draw(&mut state);
    }

    /// Adds finished units, with a note on what they were.
    pub fn add(&self, units: f64, note: impl FnOnce() -> String) {
        let mut state = self.lock();
        state.done += units;
        if self.bar.is_some() || state.is_due() {
            state.note = note();
        }
        self.draw(&mut state);
    }

    /// Prints a line of its own.
    pub fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn draw(&self, state: &mut State) {
        let share = state.share();
        let text = state.text();
        if let Some(bar) = &self.bar {
            bar.set_prefix(format!("{} · {}", self.label, state.stage));
            bar.set_message(text);
            bar.set_position((share * 1000.0) as u64);
        } else if state.is_due() {
            eprintln!("{} · {} · {text}", self.label, state.stage);
            state.printed = Some(Instant::now());
        }
    }
}

impl State {
    fn is_due(&self) -> bool {
        self.printed.is_none_or(|at| at.elapsed() >= PLAIN_EVERY)
    }

    fn share(&self) -> f64 {
        if self.total > 0.0 { ((self.before + self.done) / self.total).clamp(0.0, 1.0) } else { 0.0 }
    }

    fn text(&self) -> String {
        let mut text = format!("{:5.1} %", 100.0 * self.share());
        let elapsed = self.since.elapsed().as_secs_f64();
        let left = self.total - self.before - self.done;
        if self.done > 0.0 && elapsed > 2.0 && left > 0.0 {
            text.push_str(&format!(" · {} left", duration(elapsed * left / self.done)));
        }
        if !self.note.is_empty() {
            text.push_str(" · ");
            text.push_str(&self.note);
        }
        text
    }
}

/// Seconds for people: `42 s`, `3 min 05 s`, `2 h 10 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration(41.6), "42 s");
        assert_eq!(duration(185.0), "3 min 05 s");
        assert_eq!(duration(7_800.0), "2 h 10 min");
        assert_eq!(duration(f64::NAN), "0 s");
    }

    #[test]
    fn the_estimate_counts_only_work_of_this_start() {
        let mut state = State {
            stage: "train".into(),
            total: 100.0,
            before: 50.0,
            done: 25.0,
            since: Instant::now() - Duration::from_secs(10),
            printed: None,
            note: "a network".into(),
        };
        assert_eq!(state.text(), " 75.0 % · 10 s left · a network");
        state.done = 50.0;
        assert_eq!(state.share(), 1.0);
    }

    #[test]
    fn a_bar_can_be_drawn() {
        let style = ProgressStyle::with_template("{prefix} [{bar:32}] {msg}");
        assert!(style.is_ok());
        let progress = Progress::new("W-A");
        progress.stage("train", 2.0, 0.0);
        progress.add(1.0, || "half".into());
        progress.finish();
    }
}
