//! What a solve returns.

use crate::Occurrence;

/// How much work a solve took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Steps taken.
    pub accepted: u64,
    /// Steps tried and thrown away.
    pub rejected: u64,
    /// Evaluations of the right-hand side, without those inside Jacobians.
    pub rhs: u64,
    /// Evaluations of the Jacobian.
    pub jacobian: u64,
    /// Factorisations of a matrix.
    pub factorisations: u64,
    /// Solves with a factorised matrix.
    pub solves: u64,
    /// Evaluations of event functions.
    pub event_functions: u64,
}

/// How a solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// At the end of the span.
    Reached,
    /// At an event that ends the solve: its place in the list of events.
    Stopped {
        /// The event.
        event: usize,
    },
    /// Before that, by an error: the solution is the [partial](crate::SolveError::partial) one.
    Failed,
}

/// A trajectory: states at times.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Solution<T = f64> {
    /// The times, in rising order.
    pub t: Vec<f64>,
    /// The states, row after row: `dim` numbers for each time.
    pub y: Vec<T>,
    /// The number of states.
    pub dim: usize,
    /// The work it took.
    pub stats: Statistics,
    /// What happened, in the order of time; events at the same time in the order of their list.
    pub events: Vec<Occurrence<T>>,
    /// How the solve ended. A trajectory that ends before the end of the span ends with the state
    /// there, whatever was to be recorded.
    pub ending: Ending,
}

impl core::ops::AddAssign for Statistics {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.rhs += other.rhs;
        self.jacobian += other.jacobian;
        self.factorisations += other.factorisations;
        self.solves += other.solves;
        self.event_functions += other.event_functions;
    }
}

impl<T> Solution<T> {
    pub(crate) fn empty() -> Self {
        Self {
            t: Vec::new(),
            y: Vec::new(),
            dim: 0,
            stats: Statistics::default(),
            events: Vec::new(),
            ending: Ending::Failed,
        }
    }

    /// With `f` of every number in the place of the number.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Solution<U> {
        let events = self
            .events
            .into_iter()
            .map(|e| Occurrence { event: e.event, t: e.t, y: e.y.into_iter().map(&f).collect() })
            .collect();
        Solution {
            t: self.t,
            y: self.y.into_iter().map(&f).collect(),
            dim: self.dim,
            stats: self.stats,
            events,
            ending: self.ending,
        }
    }
}

impl<T: Copy> Solution<T> {
    /// The number of times.
    pub fn len(&self) -> usize {
        self.t.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.t.is_empty()
    }

    /// The state at the `k`-th time.
    ///
    /// # Panics
    /// If there is no `k`-th time, as for a slice.
    pub fn state(&self, k: usize) -> &[T] {
        &self.y[k * self.dim..(k + 1) * self.dim]
    }

    /// The state at the last time. [`solve`](crate::solve) always records at least one.
    pub fn last(&self) -> &[T] {
        &self.y[self.y.len().saturating_sub(self.dim)..]
    }

    /// When event `event` happened, in rising order.
    pub fn event_times(&self, event: usize) -> impl Iterator<Item = f64> + '_ {
        self.events.iter().filter(move |e| e.event == event).map(|e| e.t)
    }

    /// State `i` at all times.
    ///
    /// # Panics
    /// If there is no state `i`.
    pub fn column(&self, i: usize) -> impl ExactSizeIterator<Item = T> + '_ {
        assert!(i < self.dim, "state {i} of a solution with {} states", self.dim);
        self.y.chunks_exact(self.dim).map(move |row| row[i])
    }
}
