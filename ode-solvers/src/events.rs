//! Events: what happens when a function of the state crosses zero, or at a time.

pub(crate) mod root;
pub(crate) mod watch;

use core::fmt;

/// The function of time and state whose zeros are looked for.
pub type EventFunction<'a, T> = Box<dyn Fn(f64, &[T]) -> f64 + Send + Sync + 'a>;

/// What a jump does to the state: `change(t, y)` writes the new state over the old one.
pub type Jump<'a, T> = Box<dyn Fn(f64, &mut [T]) + Send + Sync + 'a>;

/// An event: when it happens, and what follows.
///
/// Events are given to [`solve_with_events`](crate::solve_with_events); an event is known there,
/// and in the [`Solution`](crate::Solution), by its place in the list.
///
/// When does an axon fire? The crossing of a threshold takes three lines:
///
/// ```
/// use ode_solvers::{Event, FnSystem, Method, Options, StepSize, Tolerance, solve_with_events};
/// # // FitzHugh–Nagumo, firing by itself.
/// # let axon = FnSystem::new(2, |_t, y, dy| {
/// #     dy[0] = y[0] - y[0].powi(3) / 3.0 - y[1] + 0.5;
/// #     dy[1] = 0.08 * (y[0] + 0.7 - 0.8 * y[1]);
/// # });
/// # let step = StepSize::Adaptive(Tolerance::new(1e-8, 1e-8));
/// # let y0 = [-1.2, -0.6];
///
/// let spikes = [Event::rising(|_t, y| y[0] - 1.0)];
/// let solution = solve_with_events(&axon, Method::Tsit5, step, (0.0, 200.0), &y0, &Options::end(), &spikes)?;
/// let times: Vec<f64> = solution.event_times(0).collect();
///
/// assert_eq!(times.len(), 5);
/// assert!(times.windows(2).skip(1).all(|w| (w[1] - w[0] - 39.48).abs() < 0.1));
/// # Ok::<(), ode_solvers::SolveError>(())
/// ```
///
/// # What counts as a crossing
///
/// * The function goes from one side of zero to the other, or reaches zero. It is looked at in
///   four places of each step: two crossings between neighbouring places go unseen, as does a
///   maximum that touches zero. `dt_max` brings the places closer.
/// * The time of the crossing is a zero of the function along the dense output, to a few units in
///   the last place of the time, on the far side: the function has the new sign there, or is zero.
/// * A function that is zero at the start, or just after a jump, has not crossed. The event counts
///   from when the function has left zero.
/// * A jump that carries the state across the surface is no crossing.
///
/// Crossings of a function that is not finite everywhere count if it is infinite; where it is NaN
/// the solve ends with an error.
pub struct Event<'a, T = f64> {
    pub(crate) trigger: Trigger<'a, T>,
    pub(crate) action: Action<'a, T>,
}

/// When an event happens.
#[non_exhaustive]
pub enum Trigger<'a, T = f64> {
    /// When the function crosses zero in this direction.
    Crossing(Direction, EventFunction<'a, T>),
    /// At these times: steps end there. Times outside the span are ignored, both its ends are
    /// inside.
    Times(Vec<f64>),
}

/// The direction of a crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From below zero.
    Rising,
    /// From above zero.
    Falling,
    /// Either.
    Both,
}

/// What follows an event.
pub(crate) enum Action<'a, T> {
    Record,
    Stop,
    Jump(Jump<'a, T>),
}

impl<'a> Event<'a> {
    /// When `function(t, y)` crosses zero, in either direction.
    pub fn crossing(function: impl Fn(f64, &[f64]) -> f64 + Send + Sync + 'a) -> Self {
        Self::new(Trigger::Crossing(Direction::Both, Box::new(function)))
    }

    /// When `function(t, y)` crosses zero from below.
    pub fn rising(function: impl Fn(f64, &[f64]) -> f64 + Send + Sync + 'a) -> Self {
        Self::new(Trigger::Crossing(Direction::Rising, Box::new(function)))
    }

    /// When `function(t, y)` crosses zero from above.
    pub fn falling(function: impl Fn(f64, &[f64]) -> f64 + Send + Sync + 'a) -> Self {
        Self::new(Trigger::Crossing(Direction::Falling, Box::new(function)))
    }

    /// At these times. Steps end there exactly.
    pub fn at(times: impl Into<Vec<f64>>) -> Self {
        Self::new(Trigger::Times(times.into()))
    }
}

impl<'a, T> Event<'a, T> {
    /// An event over any number type, recorded and without consequence. Where `T` holds several
    /// lanes there is still one clock: the function says with one number when the event happens
    /// for all of them.
    pub fn new(trigger: Trigger<'a, T>) -> Self {
        Self { trigger, action: Action::Record }
    }

    /// Ends the solve. The trajectory ends at the event.
    #[must_use]
    pub fn stop(mut self) -> Self {
        self.action = Action::Stop;
        self
    }

    /// Changes the state: `change(t, y)` writes the new state over the old one, and the solve
    /// starts afresh from there. The trajectory is continuous from the right: at the time of the
    /// jump it holds the new state (with `SaveAt::EveryStep` both, the old one first).
    #[must_use]
    pub fn jump(mut self, change: impl Fn(f64, &mut [T]) + Send + Sync + 'a) -> Self {
        self.action = Action::Jump(Box::new(change));
        self
    }

    /// Whether the steps cannot go on as if nothing had happened.
    pub(crate) fn cuts(&self) -> bool {
        !matches!(self.action, Action::Record)
    }

    pub(crate) fn times(&self) -> &[f64] {
        match &self.trigger {
            Trigger::Times(times) => times,
            Trigger::Crossing(..) => &[],
        }
    }
}

impl<T> fmt::Debug for Event<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut event = f.debug_struct("Event");
        match &self.trigger {
            Trigger::Crossing(direction, _) => event.field("crossing", direction),
            Trigger::Times(times) => event.field("times", times),
        };
        let action = match self.action {
            Action::Record => "record",
            Action::Stop => "stop",
            Action::Jump(_) => "jump",
        };
        event.field("action", &action).finish()
    }
}

/// An event that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence<T = f64> {
    /// Which: its place in the list of events.
    pub event: usize,
    /// When.
    pub t: f64,
    /// The state at that time, before any jump.
    pub y: Vec<T>,
}
