//! Looks for events along the dense output of each step.

use super::root::{Root, itp};
use super::{Direction, Event, EventFunction, Trigger};
use crate::run::Within;
use crate::{Scalar, Statistics, Step};

/// In how many places of a step event functions are looked at.
const PLACES: u32 = 4;

/// Where in a step a function that was zero at its start is looked at to see which way it went.
const LEAVING: f64 = 1.0 / 1024.0;

/// Something found in the latest step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) event: usize,
    pub(crate) t: f64,
    /// How far from zero the function may be at a zero.
    noise: f64,
}

/// An event function that is NaN.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotANumber {
    pub(crate) event: usize,
    pub(crate) t: f64,
}

/// What is known about one event function: the latest place, its value there, and the side of zero.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    t: f64,
    value: f64,
    side: f64,
}

/// All events of a solve, and what happened to them in the latest step.
pub(crate) struct Watch<'a, T> {
    events: &'a [Event<'a, T>],
    known: Vec<Known>,
    pub(crate) hits: Vec<Hit>,
    state: Vec<T>,
    has_crossings: bool,
}

/// −1, 0 or 1.
fn side(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}

impl Direction {
    fn admits(self, side_before: f64) -> bool {
        match self {
            Self::Rising => side_before < 0.0,
            Self::Falling => side_before > 0.0,
            Self::Both => true,
        }
    }
}

impl<'a, T: Scalar> Watch<'a, T> {
    pub(crate) fn new(events: &'a [Event<'a, T>], dim: usize) -> Self {
        Self {
            events,
            known: vec![Known::default(); events.len()],
            hits: Vec::with_capacity(events.len()),
            state: if events.is_empty() { Vec::new() } else { vec![T::default(); dim] },
            has_crossings: events.iter().any(|e| matches!(e.trigger, Trigger::Crossing(..))),
        }
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_idle(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether steps must be searched.
    pub(crate) fn has_crossings(&self) -> bool {
        self.has_crossings
    }

    /// Looks at every function anew: at the start, and after a jump. No event happens by that.
    pub(crate) fn restart(&mut self, t: f64, y: &[T], stats: &mut Statistics) -> Result<(), NotANumber> {
        for (event, (known, e)) in self.known.iter_mut().zip(self.events).enumerate() {
            let Trigger::Crossing(_, function) = &e.trigger else { continue };
            let value = evaluate(function, event, t, y, stats)?;
            // What has just been zero up to rounding, and still is, has not left zero.
            let noise = self.hits.iter().filter(|h| h.event == event).map(|h| h.noise).fold(0.0, f64::max);
            *known = Known { t, value, side: if value.abs() <= noise { 0.0 } else { side(value) } };
        }
        Ok(())
    }

    /// Finds what happens within the step by crossings, in order of time, into `hits`. Nothing
    /// after the first that cuts the step is there.
    pub(crate) fn search(
        &mut self,
        within: &dyn Within<T>,
        step: Step,
        (y, y1): (&[T], &[T]),
        stats: &mut Statistics,
    ) -> Result<(), NotANumber> {
        let along = Along { within, step, y, y1 };
        self.leave(&along, stats)?;
        for place in 1..=PLACES {
            let t = if place == PLACES {
                self.state.copy_from_slice(y1);
                step.t1
            } else {
                let t = step.t + f64::from(place) / f64::from(PLACES) * (step.t1 - step.t);
                along.state(t, &mut self.state);
                t
            };
            let mut cut = false;
            for (event, e) in self.events.iter().enumerate() {
                let Trigger::Crossing(direction, function) = &e.trigger else { continue };
                let before = self.known[event];
                let value = evaluate(function, event, t, &self.state, stats)?;
                self.known[event] = Known { t, value, side: side(value) };
                if before.side == 0.0 || side(value) == before.side || !direction.admits(before.side) {
                    continue;
                }
                let root = along.root(function, event, before, (t, value), &mut self.state, stats)?;
                self.hits.push(Hit { event, t: root.t, noise: root.noise });
                cut |= e.cuts();
                if root.t != t {
                    along.state(t, &mut self.state);
                }
            }
            if cut {
                break;
            }
        }
        self.put_in_order(&along);
        Ok(())
    }

    /// Functions that are zero at the start of the step: which way do they go?
    fn leave(&mut self, along: &Along<'_, T>, stats: &mut Statistics) -> Result<(), NotANumber> {
        if self.known.iter().zip(self.events).all(|(k, e)| k.side != 0.0 || !e.times().is_empty()) {
            return Ok(());
        }
        let Step { t, t1, .. } = along.step;
        let t = t + LEAVING * (t1 - t);
        along.state(t, &mut self.state);
        for (event, (known, e)) in self.known.iter_mut().zip(self.events).enumerate() {
            if let (Trigger::Crossing(_, function), 0.0) = (&e.trigger, known.side) {
                let value = evaluate(function, event, t, &self.state, stats)?;
                *known = Known { t, value, side: side(value) };
            }
        }
        Ok(())
    }

    fn put_in_order(&mut self, along: &Along<'_, T>) {
        self.hits.sort_by(|a, b| a.t.total_cmp(&b.t).then(a.event.cmp(&b.event)));
        // Zeros that lie together with a cut up to rounding happen together, beyond all of them.
        if let Some(cut) = self.hits.iter().find(|h| self.events[h.event].cuts()).map(|h| h.t) {
            self.hits.retain(|h| h.t <= cut + along.width());
            let end = self.hits.iter().map(|h| h.t).fold(cut, f64::max);
            for hit in self.hits.iter_mut().filter(|h| h.t >= cut) {
                hit.t = end;
            }
            self.hits.sort_by(|a, b| a.t.total_cmp(&b.t).then(a.event.cmp(&b.event)));
        }
    }

    /// Adds the events whose time is the end of the step, `t`.
    pub(crate) fn strike(&mut self, t: f64) {
        for (event, e) in self.events.iter().enumerate() {
            if e.times().contains(&t) {
                self.hits.push(Hit { event, t, noise: 0.0 });
            }
        }
    }

    /// The time at which the step must end early, or at which the state may change.
    pub(crate) fn cut(&self) -> Option<f64> {
        self.hits.iter().filter(|h| self.events[h.event].cuts()).map(|h| h.t).reduce(f64::max)
    }

    pub(crate) fn event(&self, hit: Hit) -> &'a Event<'a, T> {
        &self.events[hit.event]
    }
}

fn evaluate<T>(
    function: &EventFunction<'_, T>,
    event: usize,
    t: f64,
    y: &[T],
    stats: &mut Statistics,
) -> Result<f64, NotANumber> {
    stats.event_functions += 1;
    let value = function(t, y);
    if value.is_nan() { Err(NotANumber { event, t }) } else { Ok(value) }
}

/// The dense output of a step.
struct Along<'s, T> {
    within: &'s dyn Within<T>,
    step: Step,
    y: &'s [T],
    y1: &'s [T],
}

impl<T: Scalar> Along<'_, T> {
    fn state(&self, t: f64, out: &mut [T]) {
        self.within.state(self.step, t, (self.y, self.y1), out);
    }

    /// The width of a bracket that is as good as a point.
    fn width(&self) -> f64 {
        (4.0 * f64::EPSILON * self.step.t.abs().max(self.step.t1.abs())).max(f64::MIN_POSITIVE)
    }

    fn root(
        &self,
        function: &EventFunction<'_, T>,
        event: usize,
        before: Known,
        after: (f64, f64),
        state: &mut [T],
        stats: &mut Statistics,
    ) -> Result<Root, NotANumber> {
        let value_at = |t: f64| {
            self.state(t, state);
            stats.event_functions += 1;
            function(t, state)
        };
        itp(value_at, (before.t, before.value), after, self.width()).map_err(|t| NotANumber { event, t })
    }
}
