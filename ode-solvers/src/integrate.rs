//! The loops over steps, for any stepper and any number type.

use crate::control::Control;
use crate::run::{Next, Plan, Run};
use crate::{Embedded, Event, Options, Scalar, Solution, SolveError, Step, Stepper, System, Tolerance};

/// Integrates with steps of one length.
///
/// The grid starts at the beginning of the span and anew at each stop: step `k` begins at
/// `a + k·dt`, and the last one before a stop or the end is shortened so that it lands there.
/// After a jump of the state ([`Event::jump`]) the grid starts anew as well.
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
    fixed(system, stepper, dt, span, y0, &Plan::new(options, &[]))
}

/// As [`integrate_fixed`], and looks for events.
///
/// # Errors
/// As [`solve_with_events`](crate::solve_with_events).
pub fn integrate_fixed_with_events<S, T, M>(
    system: &S,
    stepper: &mut M,
    dt: f64,
    span: (f64, f64),
    y0: &[T],
    options: &Options,
    events: &[Event<'_, T>],
) -> Result<Solution<T>, SolveError<T>>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Stepper<S, T> + ?Sized,
{
    fixed(system, stepper, dt, span, y0, &Plan::new(options, events))
}

pub(crate) fn fixed<S, T, M>(
    system: &S,
    stepper: &mut M,
    dt: f64,
    span: (f64, f64),
    y0: &[T],
    plan: &Plan<'_, T>,
) -> Result<Solution<T>, SolveError<T>>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Stepper<S, T> + ?Sized,
{
    if !(dt > 0.0 && dt.is_finite()) {
        return Err(SolveError::InvalidStep { dt });
    }
    let mut run = Run::start(system, stepper.takes_mass(), span, y0, plan)?;
    for &b in &run.edges(span, plan)[1..] {
        while run.goes_on(b) {
            let a = run.t;
            stepper.reset();
            let count = steps_between(a, b, dt);
            let mut k = 0;
            let mut next = Next::Step;
            while next == Next::Step && run.t < b {
                k += 1;
                let t1 = a + k as f64 * dt;
                let lands = k >= count || t1 >= b;
                let (t1, h) = if lands { (b, b - run.t) } else { (t1, dt) };
                if t1 <= run.t {
                    return Err(run.fail(|t, partial| SolveError::ClockStuck { t, dt, partial }));
                }
                run.check_steps(h)?;
                let step = Step { t: run.t, t1, dt: h, last: b.next_down() };
                next = match run.attempt(stepper, step) {
                    Ok(()) => run.accept(stepper, step)?,
                    Err(reason) => return Err(run.give_up(reason, step)),
                };
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
    adaptive(system, stepper, tolerance, span, y0, &Plan::new(options, &[]))
}

/// As [`integrate_adaptive`], and looks for events.
///
/// # Errors
/// As [`solve_with_events`](crate::solve_with_events).
pub fn integrate_adaptive_with_events<S, T, M>(
    system: &S,
    stepper: &mut M,
    tolerance: &Tolerance,
    span: (f64, f64),
    y0: &[T],
    options: &Options,
    events: &[Event<'_, T>],
) -> Result<Solution<T>, SolveError<T>>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Embedded<S, T> + ?Sized,
{
    adaptive(system, stepper, tolerance, span, y0, &Plan::new(options, events))
}

pub(crate) fn adaptive<S, T, M>(
    system: &S,
    stepper: &mut M,
    tolerance: &Tolerance,
    span: (f64, f64),
    y0: &[T],
    plan: &Plan<'_, T>,
) -> Result<Solution<T>, SolveError<T>>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Embedded<S, T> + ?Sized,
{
    let options = plan.options;
    let mut run = Run::start(system, stepper.takes_mass(), span, y0, plan)?;
    let weights = tolerance.weights(y0.len(), plan.measure, |i| system.state_name(i))?;
    let order = stepper.error_order();
    let mut control = Control::new(options.controller, order);
    for &b in &run.edges(span, plan)[1..] {
        while run.goes_on(b) {
            stepper.reset();
            control.reset();
            let mut dt = match options.dt_init {
                Some(dt) if run.t == span.0 => dt.min(options.dt_max),
                _ => {
                    let slope = stepper.slope(system, run.t, &run.y, &mut run.stats);
                    run.first_step(order, slope, &weights, b)
                }
            };
            let mut next = Next::Step;
            while next == Next::Step && run.t < b {
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
                let attempt = run.attempt(stepper, step).and_then(|()| run.judge(stepper.error(), &weights));
                dt = match attempt {
                    Ok(error) if error <= 1.0 => {
                        next = run.accept(stepper, step)?;
                        h * control.accept(h, error)
                    }
                    Ok(error) => {
                        run.stats.rejected += 1;
                        let shorter = h * control.reject(error);
                        if shorter < shortest {
                            return Err(run.too_small(stepper.error(), &weights, h));
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
    }
    Ok(run.finish())
}

/// The number of steps of length `dt` from `a` to `b`. A remainder that is rounding counts for none.
pub(crate) fn steps_between(a: f64, b: f64, dt: f64) -> u64 {
    let ratio = (b - a) / dt;
    let whole = ratio.floor();
    let rounding = 1e-9 + 4.0 * f64::EPSILON * ratio;
    // A cast saturates.
    (if ratio - whole > rounding { whole + 1.0 } else { whole }).max(1.0) as u64
}
