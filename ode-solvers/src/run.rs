//! A solve under way: what every loop over steps shares.

mod adaptive;
mod failure;
mod within;

pub(crate) use within::Within;

use crate::events::watch::Watch;
use crate::events::{Action, Event};
use crate::norm::{Measure, of_values};
use crate::record::Recorder;
use crate::{
    Ending, Mass, Options, Scalar, Solution, SolveError, Statistics, Step, StepError, Stepper, System,
};
use within::Both;

/// What a solve is asked for besides the system, the method and the span.
pub(crate) struct Plan<'a, T> {
    pub(crate) options: &'a Options,
    pub(crate) events: &'a [Event<'a, T>],
    /// How the error is measured.
    pub(crate) measure: Measure<T>,
}

impl<'a, T: Scalar> Plan<'a, T> {
    pub(crate) fn new(options: &'a Options, events: &'a [Event<'a, T>]) -> Self {
        Self { options, events, measure: of_values }
    }
}

/// Why an attempt at a step is worth nothing.
pub(crate) enum Reason {
    Step(StepError),
    NotFinite { state: usize },
}

impl Reason {
    /// Whether a shorter step may help.
    pub(crate) fn is_curable(&self) -> bool {
        !matches!(self, Self::Step(StepError::JacobianNotFinite { .. }))
    }
}

/// How to go on after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// As before.
    Step,
    /// Afresh: the state has jumped.
    Restart,
    /// Not at all.
    Stop,
}

/// A solve under way. Steppers are handed to what needs them: all else is compiled once for a system's type and a
/// number type, and not for each method.
pub(crate) struct Run<'a, S: ?Sized, T> {
    pub(crate) system: &'a S,
    pub(crate) options: &'a Options,
    recorder: Option<Recorder<'a, T>>,
    watch: Watch<'a, T>,
    pub(crate) stats: Statistics,
    pub(crate) t: f64,
    pub(crate) y: Vec<T>,
    pub(crate) y1: Vec<T>,
    ending: Ending,
}

impl<'a, S, T> Run<'a, S, T>
where
    S: System<T> + ?Sized,
    T: Scalar,
{
    /// For a stepper that takes a mass matrix, or none.
    pub(crate) fn start(
        system: &'a S,
        takes_mass: bool,
        span: (f64, f64),
        y0: &[T],
        plan: &Plan<'a, T>,
    ) -> Result<Self, SolveError<T>> {
        let options = plan.options;
        options.check(span)?;
        let dim = system.dim();
        if dim == 0 {
            return Err(SolveError::NoStates);
        }
        if y0.len() != dim {
            return Err(SolveError::WrongLength {
                what: "the initial state",
                expected: dim,
                found: y0.len(),
            });
        }
        let mass = system.mass();
        if let Some((row, column, value)) = mass.fault(dim) {
            return Err(SolveError::InvalidMass { row, column, value, dim });
        }
        if mass != Mass::Identity && !takes_mass {
            return Err(SolveError::MassNotTaken);
        }
        if let Some(i) = y0.iter().position(|y| !y.all_finite()) {
            return Err(SolveError::InitialNotFinite { state: system.state_name(i), value: y0[i].worst() });
        }
        if let Some(&t) = plan.events.iter().flat_map(Event::times).find(|t| !t.is_finite()) {
            let rule = "every time of an event must be finite";
            return Err(SolveError::InvalidOption { name: "events", value: t, rule });
        }
        let mut run = Self {
            system,
            options,
            recorder: Some(Recorder::new(&options.save_at, dim)),
            watch: Watch::new(plan.events, dim),
            stats: Statistics::default(),
            t: span.0,
            y: y0.to_vec(),
            y1: y0.to_vec(),
            ending: Ending::Reached,
        };
        run.watch.strike(span.0);
        for &hit in &run.watch.hits {
            if let Some(recorder) = &mut run.recorder {
                recorder.event(hit.event, span.0, y0);
            }
        }
        if run.arrive(span.0)? == Next::Step {
            run.watch_anew()?;
        }
        Ok(run)
    }

    /// Start, stops and end of the span, in rising order.
    pub(crate) fn edges(&self, (t0, t1): (f64, f64), plan: &Plan<'_, T>) -> Vec<f64> {
        let mut edges = Vec::new();
        self.system.stops(t0, t1, &mut edges);
        edges.extend_from_slice(&self.options.stops);
        edges.extend(plan.events.iter().flat_map(Event::times));
        edges.retain(|t| t0 < *t && *t < t1);
        edges.extend([t0, t1]);
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        edges
    }

    /// Whether there is more to do before `end`.
    pub(crate) fn goes_on(&self, end: f64) -> bool {
        self.ending == Ending::Reached && self.t < end
    }

    /// Takes a step into `y1`, and checks it.
    #[inline]
    pub(crate) fn attempt<M: Stepper<S, T> + ?Sized>(
        &mut self,
        stepper: &mut M,
        step: Step,
    ) -> Result<(), Reason> {
        stepper.step(self.system, step, &self.y, &mut self.y1, &mut self.stats).map_err(Reason::Step)?;
        match self.y1.iter().position(|y| !y.all_finite()) {
            Some(state) => Err(Reason::NotFinite { state }),
            None => Ok(()),
        }
    }

    /// After a step that is good enough: finds events, records, and moves on.
    #[inline]
    pub(crate) fn accept<M: Stepper<S, T> + ?Sized>(
        &mut self,
        stepper: &mut M,
        step: Step,
    ) -> Result<Next, SolveError<T>> {
        self.stats.accepted += 1;
        let recorder = self.recorder.as_mut().expect("invariant: a solve records until it ends");
        if self.watch.is_idle() && !recorder.wants_dense(step.t1) {
            core::mem::swap(&mut self.y, &mut self.y1);
            self.t = step.t1;
            recorder.reached(step.t1, &self.y);
            return Ok(Next::Step);
        }
        self.look_within(&mut Both { system: self.system, stepper }, step)
    }

    /// As [`accept`](Run::accept), where somebody wants to know what lies within the step.
    fn look_within(&mut self, within: &mut dyn Within<T>, step: Step) -> Result<Next, SolveError<T>> {
        self.watch.hits.clear();
        let mut prepared = false;
        if self.watch.has_crossings() {
            within.prepare(step, &self.y, &self.y1, &mut self.stats);
            prepared = true;
            let states = (self.y.as_slice(), self.y1.as_slice());
            if let Err(nan) = self.watch.search(within, step, states, &mut self.stats) {
                return Err(self.event_not_finite(nan));
            }
        }
        if self.watch.cut().is_none_or(|t| t >= step.t1) {
            self.watch.strike(step.t1);
        }
        let end = self.watch.cut().unwrap_or(step.t1);
        let recorder = self.recorder.as_mut().expect("invariant: a solve records until it ends");
        if !prepared && recorder.wants_dense(end) {
            within.prepare(step, &self.y, &self.y1, &mut self.stats);
        }
        let states = (self.y.as_slice(), self.y1.as_slice());
        let mut recorded = recorder.within(within, step, states, end);
        if !self.watch.hits.is_empty() {
            recorded = recorded.and_then(|()| self.record_events(within, step));
        }
        if let Err(state) = recorded {
            return Err(self.give_up(Reason::NotFinite { state }, step));
        }
        if end < step.t1 {
            let mut state = vec![T::default(); self.y.len()];
            within.state(step, end, (&self.y, &self.y1), &mut state);
            self.y1 = state;
        }
        core::mem::swap(&mut self.y, &mut self.y1);
        self.t = end;
        self.arrive(end)
    }

    /// Records the events of the step, with the state at each.
    fn record_events(&mut self, within: &dyn Within<T>, step: Step) -> Result<(), usize> {
        let mut state = self.y1.clone();
        for &hit in &self.watch.hits {
            if hit.t < step.t1 {
                within.state(step, hit.t, (&self.y, &self.y1), &mut state);
            } else {
                state.copy_from_slice(&self.y1);
            }
            if let Some(i) = state.iter().position(|y| !y.all_finite()) {
                return Err(i);
            }
            if let Some(recorder) = &mut self.recorder {
                recorder.event(hit.event, hit.t, &state);
            }
        }
        Ok(())
    }

    /// At the start, or the end of a step: what events ask for.
    fn arrive(&mut self, t: f64) -> Result<Next, SolveError<T>> {
        let recorder = self.recorder.as_mut().expect("invariant: a solve records until it ends");
        if self.watch.cut().is_none() {
            recorder.reached(t, &self.y);
            return Ok(Next::Step);
        }
        let mut jumped = None;
        let mut stopped = None;
        for &hit in &self.watch.hits {
            match &self.watch.event(hit).action {
                Action::Record => {}
                Action::Stop => stopped = stopped.or(Some(hit.event)),
                Action::Jump(change) => {
                    if jumped.is_none() {
                        recorder.before_jump(t, &self.y);
                    }
                    self.y1.copy_from_slice(&self.y);
                    change(t, &mut self.y);
                    jumped = Some(hit.event);
                    if let Some(i) = self.y.iter().position(|y| !y.all_finite()) {
                        let state = self.system.state_name(i);
                        // The trajectory must not end with it.
                        self.y.copy_from_slice(&self.y1);
                        let event = hit.event;
                        return Err(self.fail(|t, partial| SolveError::JumpNotFinite {
                            t,
                            event,
                            state,
                            partial,
                        }));
                    }
                }
            }
        }
        recorder.reached(t, &self.y);
        if let Some(event) = stopped {
            self.ending = Ending::Stopped { event };
            return Ok(Next::Stop);
        }
        self.watch_anew()?;
        Ok(Next::Restart)
    }

    fn watch_anew(&mut self) -> Result<(), SolveError<T>> {
        match self.watch.restart(self.t, &self.y, &mut self.stats) {
            Ok(()) => Ok(()),
            Err(nan) => Err(self.event_not_finite(nan)),
        }
    }

    pub(crate) fn finish(mut self) -> Solution<T> {
        self.take(self.ending)
    }

    fn take(&mut self, ending: Ending) -> Solution<T> {
        let recorder = self.recorder.take().expect("invariant: a solve ends once");
        recorder.finish(ending, self.t, &self.y, self.stats)
    }
}
