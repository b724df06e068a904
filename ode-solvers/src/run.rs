//! A solve under way: what every loop over steps shares.

mod adaptive;

use crate::events::watch::{NotANumber, Watch, state_within};
use crate::events::{Action, Event};
use crate::norm::{Measure, of_values};
use crate::record::Recorder;
use crate::{
    Ending, Mass, Options, Scalar, Solution, SolveError, Statistics, Step, StepError, Stepper, System,
};

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

/// A solve under way.
pub(crate) struct Run<'a, S: ?Sized, T, M: ?Sized> {
    pub(crate) system: &'a S,
    pub(crate) stepper: &'a mut M,
    pub(crate) options: &'a Options,
    recorder: Option<Recorder<'a, T>>,
    watch: Watch<'a, T>,
    pub(crate) stats: Statistics,
    pub(crate) t: f64,
    pub(crate) y: Vec<T>,
    pub(crate) y1: Vec<T>,
    ending: Ending,
}

impl<'a, S, T, M> Run<'a, S, T, M>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Stepper<S, T> + ?Sized,
{
    pub(crate) fn start(
        system: &'a S,
        stepper: &'a mut M,
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
        if mass != Mass::Identity && !stepper.takes_mass() {
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
            stepper,
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
    pub(crate) fn attempt(&mut self, step: Step) -> Result<(), Reason> {
        self.stepper.step(self.system, step, &self.y, &mut self.y1, &mut self.stats).map_err(Reason::Step)?;
        match self.y1.iter().position(|y| !y.all_finite()) {
            Some(state) => Err(Reason::NotFinite { state }),
            None => Ok(()),
        }
    }

    /// After a step that is good enough: finds events, records, and moves on.
    pub(crate) fn accept(&mut self, step: Step) -> Result<Next, SolveError<T>> {
        self.stats.accepted += 1;
        self.watch.hits.clear();
        let mut prepared = false;
        if self.watch.has_crossings() {
            self.stepper.prepare_dense(self.system, step, &self.y, &self.y1, &mut self.stats);
            prepared = true;
            let states = (self.y.as_slice(), self.y1.as_slice());
            if let Err(nan) = self.watch.search(&*self.stepper, step, states, &mut self.stats) {
                return Err(self.event_not_finite(nan));
            }
        }
        if self.watch.cut().is_none_or(|t| t >= step.t1) {
            self.watch.strike(step.t1);
        }
        let end = self.watch.cut().unwrap_or(step.t1);
        let recorder = self.recorder.as_mut().expect("invariant: a solve records until it ends");
        if !prepared && recorder.wants_dense(end) {
            self.stepper.prepare_dense(self.system, step, &self.y, &self.y1, &mut self.stats);
        }
        let states = (self.y.as_slice(), self.y1.as_slice());
        let mut recorded = recorder.within(&*self.stepper, step, states, end);
        if !self.watch.hits.is_empty() {
            recorded = recorded.and_then(|()| self.record_events(step));
        }
        if let Err(state) = recorded {
            return Err(self.give_up(Reason::NotFinite { state }, step));
        }
        if end < step.t1 {
            let mut state = vec![T::default(); self.y.len()];
            state_within(&*self.stepper, step, end, (&self.y, &self.y1), &mut state);
            self.y1 = state;
        }
        core::mem::swap(&mut self.y, &mut self.y1);
        self.t = end;
        self.arrive(end)
    }

    /// Records the events of the step, with the state at each.
    fn record_events(&mut self, step: Step) -> Result<(), usize> {
        let mut state = self.y1.clone();
        for &hit in &self.watch.hits {
            if hit.t < step.t1 {
                state_within(&*self.stepper, step, hit.t, (&self.y, &self.y1), &mut state);
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

    pub(crate) fn check_steps(&mut self, dt: f64) -> Result<(), SolveError<T>> {
        let max_steps = self.options.max_steps;
        if self.stats.accepted + self.stats.rejected < max_steps {
            return Ok(());
        }
        let stiff = self.stats.jacobian > 0;
        Err(self.fail(|t, partial| SolveError::TooManySteps { t, dt, max_steps, stiff, partial }))
    }

    pub(crate) fn finish(mut self) -> Solution<T> {
        self.take(self.ending)
    }

    fn take(&mut self, ending: Ending) -> Solution<T> {
        let recorder = self.recorder.take().expect("invariant: a solve ends once");
        recorder.finish(ending, self.t, &self.y, self.stats)
    }

    pub(crate) fn fail(
        &mut self,
        error: impl FnOnce(f64, Box<Solution<T>>) -> SolveError<T>,
    ) -> SolveError<T> {
        let partial = Box::new(self.take(Ending::Failed));
        error(self.t, partial)
    }

    fn event_not_finite(&mut self, NotANumber { event, t: at }: NotANumber) -> SolveError<T> {
        self.fail(|_, partial| SolveError::EventNotFinite { t: at, event, partial })
    }

    /// The state whose equation is not finite within the step. Implicit steps spread it over all
    /// states, so that the result alone doesn't tell.
    fn culprit(&mut self, step: Step) -> Option<usize> {
        [0.0, 0.5, 1.0].into_iter().find_map(|c| {
            self.system.rhs(step.at(c), &self.y, &mut self.y1);
            self.y1.iter().position(|f| !f.all_finite())
        })
    }

    pub(crate) fn give_up(&mut self, reason: Reason, step: Step) -> SolveError<T> {
        let (system, dt) = (self.system, step.dt);
        let culprit = self.culprit(step);
        self.fail(|t, partial| match reason {
            Reason::NotFinite { state } => {
                SolveError::NotFinite { t, dt, state: system.state_name(culprit.unwrap_or(state)), partial }
            }
            Reason::Step(StepError::Singular { column }) => {
                SolveError::SingularMatrix { t, dt, state: system.state_name(column), partial }
            }
            Reason::Step(StepError::NotConverged { state }) => {
                SolveError::NotConverged { t, dt, state: system.state_name(state), partial }
            }
            Reason::Step(StepError::JacobianNotFinite { row, column }) => SolveError::JacobianNotFinite {
                t,
                equation: system.state_name(row),
                state: system.state_name(column),
                partial,
            },
        })
    }
}
