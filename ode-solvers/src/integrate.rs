//! The loops over steps, for any stepper and any number type.

use crate::control::{PiController, Weights};
use crate::record::Recorder;
use crate::{
    Embedded, Options, Scalar, Solution, SolveError, Statistics, Step, StepError, Stepper, System, Tolerance,
};

/// Integrates with steps of one length.
///
/// The grid starts at the beginning of the span and anew at each stop: step `k` begins at
/// `a + k·dt`, and the last one before a stop or the end is shortened so that it lands there.
///
/// # Errors
/// As [`solve`](crate::solve).
pub fn integrate_fixed<S, T, M>(
    system: &S,
    stepper: &mut M,
    dt: f64,
    span: (f64, f64),
    y0: &[T],
    options: &Options,
) -> Result<Solution<T>, SolveError<T>>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Stepper<S, T> + ?Sized,
{
    if !(dt > 0.0 && dt.is_finite()) {
        return Err(SolveError::InvalidStep { dt });
    }
    let mut run = Run::start(system, stepper, span, y0, options)?;
    let edges = edges(system, span, options);
    for segment in edges.windows(2) {
        let (a, b) = (segment[0], segment[1]);
        run.stepper.reset();
        let count = steps_between(a, b, dt);
        let mut k = 0;
        while run.t < b {
            k += 1;
            let t1 = a + k as f64 * dt;
            let lands = k >= count || t1 >= b;
            let (t1, h) = if lands { (b, b - run.t) } else { (t1, dt) };
            if t1 <= run.t {
                return Err(run.fail(|t, partial| SolveError::ClockStuck { t, dt, partial }));
            }
            run.check_steps(h)?;
            let step = Step { t: run.t, t1, dt: h, last: b.next_down() };
            match run.attempt(step) {
                Ok(()) => run.accept(step)?,
                Err(reason) => {
                    return Err(run.give_up(reason, step));
                }
            }
        }
    }
    Ok(run.finish())
}

/// Integrates with steps as long as the tolerance allows.
///
/// Where `T` holds several lanes, all of them share the step and the worst lane decides.
///
/// # Errors
/// As [`solve`](crate::solve).
pub fn integrate_adaptive<S, T, M>(
    system: &S,
    stepper: &mut M,
    tolerance: &Tolerance,
    span: (f64, f64),
    y0: &[T],
    options: &Options,
) -> Result<Solution<T>, SolveError<T>>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Embedded<S, T> + ?Sized,
{
    let mut run = Run::start(system, stepper, span, y0, options)?;
    let weights =
        Weights { rtol: tolerance.rtol(), atol: tolerance.check(y0.len(), |i| system.state_name(i))? };
    let mut control = PiController::new(run.stepper.error_order());
    let edges = edges(system, span, options);
    for segment in edges.windows(2) {
        let (a, b) = (segment[0], segment[1]);
        run.stepper.reset();
        control.reset();
        let mut dt = match options.dt_init {
            Some(dt) if a == span.0 => dt.min(options.dt_max),
            _ => run.first_step(&weights, b),
        };
        while run.t < b {
            let shortest = options.dt_min.max(16.0 * f64::EPSILON * run.t.abs()).max(f64::MIN_POSITIVE);
            dt = dt.clamp(shortest, options.dt_max.max(shortest));
            // Land on the edge, without a sliver before it.
            let remaining = b - run.t;
            let (t1, h) = if dt >= remaining {
                (b, remaining)
            } else if dt > 0.5 * remaining {
                (run.t + 0.5 * remaining, 0.5 * remaining)
            } else {
                (run.t + dt, dt)
            };
            run.check_steps(h)?;
            let step = Step { t: run.t, t1, dt: h, last: b.next_down() };
            let attempt = run.attempt(step).and_then(|()| run.judge(&weights));
            dt = match attempt {
                Ok(error) if error <= 1.0 => {
                    run.accept(step)?;
                    h * control.accept(error)
                }
                Ok(error) => {
                    run.stats.rejected += 1;
                    let shorter = h * control.reject(error);
                    if shorter < shortest {
                        let (i, error) = weights.dominant(run.stepper.error(), &run.y, &run.y1);
                        let state = system.state_name(i);
                        return Err(run.fail(|t, partial| SolveError::StepTooSmall {
                            t,
                            dt: h,
                            state,
                            error,
                            partial,
                        }));
                    }
                    shorter
                }
                Err(reason) => {
                    run.stats.rejected += 1;
                    let shorter = h * control.fail();
                    if shorter < shortest || !reason.is_curable() {
                        return Err(run.give_up(reason, step));
                    }
                    shorter
                }
            };
        }
    }
    Ok(run.finish())
}

/// Start, stops and end, in rising order.
fn edges<S: crate::StateSpace + ?Sized>(system: &S, (t0, t1): (f64, f64), options: &Options) -> Vec<f64> {
    let mut edges = Vec::new();
    system.stops(t0, t1, &mut edges);
    edges.extend_from_slice(&options.stops);
    edges.retain(|t| t0 < *t && *t < t1);
    edges.extend([t0, t1]);
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// The number of steps of length `dt` from `a` to `b`. A remainder that is rounding counts for none.
fn steps_between(a: f64, b: f64, dt: f64) -> u64 {
    let ratio = (b - a) / dt;
    let whole = ratio.floor();
    let rounding = 1e-9 + 4.0 * f64::EPSILON * ratio;
    // A cast saturates.
    (if ratio - whole > rounding { whole + 1.0 } else { whole }).max(1.0) as u64
}

/// Why an attempt at a step is worth nothing.
enum Reason {
    Step(StepError),
    NotFinite { state: usize },
}

impl Reason {
    /// Whether a shorter step may help.
    fn is_curable(&self) -> bool {
        !matches!(self, Self::Step(StepError::JacobianNotFinite { .. }))
    }
}

/// A solve under way.
struct Run<'a, S: ?Sized, T, M: ?Sized> {
    system: &'a S,
    stepper: &'a mut M,
    options: &'a Options,
    recorder: Option<Recorder<'a, T>>,
    stats: Statistics,
    t: f64,
    y: Vec<T>,
    y1: Vec<T>,
}

impl<'a, S, T, M> Run<'a, S, T, M>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Stepper<S, T> + ?Sized,
{
    fn start(
        system: &'a S,
        stepper: &'a mut M,
        span: (f64, f64),
        y0: &[T],
        options: &'a Options,
    ) -> Result<Self, SolveError<T>> {
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
        if let Some(i) = y0.iter().position(|y| !y.all_finite()) {
            return Err(SolveError::InitialNotFinite { state: system.state_name(i), value: y0[i].worst() });
        }
        Ok(Self {
            system,
            stepper,
            options,
            recorder: Some(Recorder::new(&options.save_at, span.0, y0)),
            stats: Statistics::default(),
            t: span.0,
            y: y0.to_vec(),
            y1: vec![T::default(); dim],
        })
    }

    /// Takes a step into `y1`, and checks it.
    #[inline]
    fn attempt(&mut self, step: Step) -> Result<(), Reason> {
        self.stepper.step(self.system, step, &self.y, &mut self.y1, &mut self.stats).map_err(Reason::Step)?;
        match self.y1.iter().position(|y| !y.all_finite()) {
            Some(state) => Err(Reason::NotFinite { state }),
            None => Ok(()),
        }
    }

    fn accept(&mut self, step: Step) -> Result<(), SolveError<T>> {
        self.stats.accepted += 1;
        if let Some(recorder) = &mut self.recorder {
            let states = (self.y.as_slice(), self.y1.as_slice());
            if let Err(state) = recorder.accept(self.system, self.stepper, step, states, &mut self.stats) {
                return Err(self.give_up(Reason::NotFinite { state }, step));
            }
        }
        core::mem::swap(&mut self.y, &mut self.y1);
        self.t = step.t1;
        Ok(())
    }

    fn check_steps(&mut self, dt: f64) -> Result<(), SolveError<T>> {
        let max_steps = self.options.max_steps;
        if self.stats.accepted + self.stats.rejected < max_steps {
            return Ok(());
        }
        let stiff = self.stats.jacobian > 0;
        Err(self.fail(|t, partial| SolveError::TooManySteps { t, dt, max_steps, stiff, partial }))
    }

    fn finish(mut self) -> Solution<T> {
        self.take(false)
    }

    fn take(&mut self, failed: bool) -> Solution<T> {
        let recorder = self.recorder.take().expect("invariant: a solve ends once");
        recorder.finish(failed, self.t, &self.y, self.stats)
    }

    fn fail(&mut self, error: impl FnOnce(f64, Box<Solution<T>>) -> SolveError<T>) -> SolveError<T> {
        let partial = Box::new(self.take(true));
        error(self.t, partial)
    }

    /// The state whose equation is not finite within the step. Implicit steps spread it over all
    /// states, so that the result alone doesn't tell.
    fn culprit(&mut self, step: Step) -> Option<usize> {
        [0.0, 0.5, 1.0].into_iter().find_map(|c| {
            self.system.rhs(step.at(c), &self.y, &mut self.y1);
            self.y1.iter().position(|f| !f.all_finite())
        })
    }

    fn give_up(&mut self, reason: Reason, step: Step) -> SolveError<T> {
        let (system, dt) = (self.system, step.dt);
        let culprit = self.culprit(step);
        self.fail(|t, partial| match reason {
            Reason::NotFinite { state } => {
                SolveError::NotFinite { t, dt, state: system.state_name(culprit.unwrap_or(state)), partial }
            }
            Reason::Step(StepError::Singular { column }) => {
                SolveError::SingularMatrix { t, dt, state: system.state_name(column), partial }
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

impl<S, T, M> Run<'_, S, T, M>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Embedded<S, T> + ?Sized,
{
    /// The error of the latest attempt relative to the tolerance.
    #[inline]
    fn judge(&mut self, weights: &Weights) -> Result<f64, Reason> {
        let error = weights.norm(self.stepper.error(), &self.y, &self.y1);
        if error.is_finite() {
            return Ok(error);
        }
        let state = self.stepper.error().iter().position(|e| !e.all_finite());
        match state {
            Some(state) => Err(Reason::NotFinite { state }),
            // Finite errors whose squares overflow: the step is much too long.
            None => Ok(f64::MAX),
        }
    }

    /// The length of a first step after a start or a stop.
    fn first_step(&mut self, weights: &Weights, end: f64) -> f64 {
        let longest = self.options.dt_max.min(end - self.t);
        let (system, t, last) = (self.system, self.t, end.next_down());
        let order = self.stepper.error_order();
        let slope = self.stepper.slope(system, t, &self.y, &mut self.stats);
        let mut stage = vec![T::default(); self.y.len()];
        let y = &self.y;
        let dt = weights.first_step(order, longest, y, slope, &mut self.y1, |h, out| {
            for ((s, &y), &f) in stage.iter_mut().zip(y).zip(slope) {
                *s = y + f * h;
            }
            system.rhs((t + h).min(last), &stage, out);
        });
        self.stats.rhs += 1;
        dt
    }
}
