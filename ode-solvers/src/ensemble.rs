//! Many systems of one kind: lanes side by side, groups of lanes over threads.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::time::Duration;

use crate::erased::Erased;
use crate::run::Plan;
use crate::solve::dispatch;
use crate::{Element, Lanes, Linearize, Method, Options, Scalar, Solution, SolveError, StepSize};

/// Systems that differ in parameters, initial states or stimuli, and that can be put side by side in
/// the lanes of `T`.
///
/// ```
/// use ode_solvers::{Ensemble, Lanes, Method, Options, Scalar, StateSpace, StepSize, System, Tolerance};
/// use ode_solvers::solve_ensemble;
///
/// /// Decay with a rate for each lane.
/// struct Decay<P> { rate: P }
///
/// impl<P: Scalar> StateSpace for Decay<P> {
///     fn dim(&self) -> usize { 1 }
///     fn is_autonomous(&self) -> bool { true }
/// }
/// impl<P: Scalar, T: Scalar + From<P>> System<T> for Decay<P> {
///     fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) { dy[0] = -y[0] * T::from(self.rate) }
/// }
///
/// struct Rates(Vec<f64>);
///
/// impl Ensemble<Lanes<f64, 8>> for Rates {
///     type Group = Decay<Lanes<f64, 8>>;
///     fn len(&self) -> usize { self.0.len() }
///     fn group(&self, members: &[usize]) -> (Self::Group, Vec<Lanes<f64, 8>>) {
///         let rate = Lanes::from_fn(|lane| self.0[members[lane]]);
///         (Decay { rate }, vec![Lanes::from(1.0)])
///     }
///     // Members with similar rates take similar steps.
///     fn similarity(&self, member: usize) -> f64 { self.0[member] }
/// }
///
/// let rates = Rates((0..100).map(|i| 0.01 * f64::from(i)).collect());
/// let step = StepSize::Adaptive(Tolerance::new(1e-8, 1e-10));
/// let mut ends = vec![0.0; 100];
/// solve_ensemble(&rates, Method::Rodas5P, &step, (0.0, 1.0), &Options::end(), |member, solution| {
///     ends[member] = solution.expect("nothing can go wrong").last()[0];
/// });
/// assert!((ends[50] - (-0.5f64).exp()).abs() < 1e-7);
/// ```
pub trait Ensemble<T: Scalar>: Sync {
    /// Several members as one system.
    type Group: Linearize<T>;

    /// The number of members.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// These members, one for each lane, and their initial state. A member may be given more than
    /// once: lanes that are left over are filled that way.
    fn group(&self, members: &[usize]) -> (Self::Group, Vec<T>);

    /// Members with close numbers are solved side by side: they share each step, which is as short as
    /// the worst of them needs. Without a better idea, the member's place.
    fn similarity(&self, member: usize) -> f64 {
        member as f64
    }
}

/// Groups that are on their way for each thread: what waits in memory is bounded.
const AHEAD: usize = 8;

/// Solves all members of an ensemble, and hands each solution to `deliver` as soon as it and all
/// before it are done, on the calling thread. The order of delivery and every number are the same for
/// any number of threads: members are grouped by [similarity](Ensemble::similarity) alone.
///
/// Groups run on the threads of rayon's current pool: `pool.install(|| solve_ensemble(…))` chooses
/// another. Beside the group that is handed over no more than eight for each thread are in memory. What
/// `deliver` is called with is the progress as well.
///
/// A member that fails spoils no other: its group is solved again, each member apart. The statistics
/// of a solution are those of its group.
pub fn solve_ensemble<E, const N: usize, S>(
    ensemble: &S,
    method: Method,
    step: &StepSize,
    span: (f64, f64),
    options: &Options,
    mut deliver: impl FnMut(usize, Result<Solution, SolveError>),
) where
    E: Element,
    S: Ensemble<Lanes<E, N>> + ?Sized,
{
    const { assert!(N > 0, "a group has at least one lane") };
    let mut order: Vec<usize> = (0..ensemble.len()).collect();
    order.sort_by(|&a, &b| ensemble.similarity(a).total_cmp(&ensemble.similarity(b)).then(a.cmp(&b)));
    let groups: Vec<&[usize]> = order.chunks(N).collect();
    let solve = |members: &[usize]| solve_group::<E, N, S>(ensemble, members, method, step, span, options);
    in_order(&groups, solve, |members, solutions| {
        for (&member, solution) in members.iter().zip(solutions) {
            deliver(member, solution);
        }
    });
}

/// Works on all tasks on the threads of rayon's current pool, and takes the results in the order of
/// the tasks, on the calling thread. No thread waits for others between tasks, and beside the one whose
/// result is being taken no more than [`AHEAD`] tasks for each thread have begun.
fn in_order<T: Copy + Send, R: Send>(tasks: &[T], work: impl Fn(T) -> R + Sync, mut take: impl FnMut(T, R)) {
    let ahead = AHEAD * rayon::current_num_threads();
    let (done, arrived) = mpsc::channel();
    let work = &work;
    rayon::in_place_scope_fifo(|scope| {
        let begin = |k: usize| {
            if let Some(&task) = tasks.get(k) {
                let done = done.clone();
                scope.spawn_fifo(move |_| {
                    let result = panic::catch_unwind(AssertUnwindSafe(|| work(task)));
                    // Nobody listens any more only if the calling thread panics.
                    let _ = done.send((k, result));
                });
            }
        };
        (0..ahead).for_each(begin);
        let mut early = BTreeMap::new();
        for (k, &task) in tasks.iter().enumerate() {
            let result = loop {
                match early.remove(&k) {
                    Some(result) => break result,
                    None => early.extend([next(&arrived)]),
                }
            };
            begin(k + ahead);
            take(task, result.unwrap_or_else(|panicked| panic::resume_unwind(panicked)));
        }
    });
}

/// The next message. A thread of the pool works on other tasks until it comes.
fn next<M>(arrived: &mpsc::Receiver<M>) -> M {
    /// Work may appear while a thread of the pool sleeps.
    const NAP: Duration = Duration::from_micros(50);
    loop {
        if let Ok(message) = arrived.try_recv() {
            return message;
        }
        let received = match rayon::yield_now() {
            Some(rayon::Yield::Executed) => continue,
            Some(rayon::Yield::Idle) => arrived.recv_timeout(NAP).ok(),
            // Not a thread of the pool.
            None => arrived.recv().ok(),
        };
        if let Some(message) = received {
            return message;
        }
    }
}

/// The members of one group, in its order.
fn solve_group<E: Element, const N: usize, S: Ensemble<Lanes<E, N>> + ?Sized>(
    ensemble: &S,
    members: &[usize],
    method: Method,
    step: &StepSize,
    span: (f64, f64),
    options: &Options,
) -> Vec<Result<Solution, SolveError>> {
    let solve = |members: &[usize]| {
        let (system, y0) = ensemble.group(members);
        dispatch(Erased::new(&system).get(), method, step.clone(), span, &y0, &Plan::new(options, &[]))
    };
    let mut filled = [members[0]; N];
    filled[..members.len()].copy_from_slice(members);
    match solve(&filled) {
        Ok(solution) => (0..members.len()).map(|lane| Ok(of_lane(&solution, lane))).collect(),
        Err(_) => members
            .iter()
            .map(|&member| match solve(&[member; N]) {
                Ok(solution) => Ok(of_lane(&solution, 0)),
                Err(error) => Err(error.map(|y| y.0[0].into())),
            })
            .collect(),
    }
}

/// One lane's share of a group's solution, which has no events.
fn of_lane<E: Element, const N: usize>(solution: &Solution<Lanes<E, N>>, lane: usize) -> Solution {
    Solution {
        t: solution.t.clone(),
        y: solution.y.iter().map(|y| y.0[lane].into()).collect(),
        dim: solution.dim,
        stats: solution.stats,
        events: Vec::new(),
        ending: solution.ending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Slow tasks among fast ones, in a pool and from outside of any.
    #[test]
    fn results_come_in_order_and_little_is_ahead() {
        let tasks: Vec<usize> = (0..200).collect();
        let squares: Vec<_> = tasks.iter().map(|&k| (k, k * k)).collect();
        let begun = AtomicUsize::new(0);
        let work = |k: usize| {
            begun.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_micros(if k.is_multiple_of(7) { 500 } else { 5 }));
            k * k
        };
        let run = || {
            begun.store(0, Ordering::SeqCst);
            let (mut taken, bound) = (Vec::new(), AHEAD * rayon::current_num_threads());
            in_order(&tasks, work, |k, square| {
                assert!(begun.load(Ordering::SeqCst) <= taken.len() + 1 + bound);
                taken.push((k, square));
            });
            taken
        };
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(run), squares, "{threads} threads");
        }
        assert_eq!(run(), squares);
        in_order(&[0usize; 0], work, |_, _| unreachable!("there are no tasks"));
    }

    #[test]
    #[should_panic(expected = "the third")]
    fn a_panic_of_a_task_is_the_callers() {
        in_order(&[1, 2, 3, 4], |k| assert!(k != 3, "the third"), |_, ()| {});
    }
}
