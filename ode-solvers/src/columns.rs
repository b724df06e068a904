//! Fixed steps of very many small systems: states as columns, many steps while they stay in registers.

mod kernel;

use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::integrate::steps_between;
use crate::method::Kind;
use crate::{Element, Lanes, Method, Scalar, SolveError, Step};
use kernel::{March, Scheme};

/// Systems of one kind that differ in parameters, drive and initial states: the columns of a table.
///
/// The equations are a function of numbers alone, so that a loop over steps can run inside one
/// [`Kernel`](crate::Kernel): mark [`rhs`](Columns::rhs) and all that it calls `#[inline(always)]`.
///
/// ```
/// use ode_solvers::{Columns, Method, Scalar, march_columns};
/// use std::ops::Range;
///
/// /// Decay with a rate for each member.
/// struct Decay(Vec<f32>);
///
/// impl Columns<f32> for Decay {
///     const STATES: usize = 1;
///     const PARAMETERS: usize = 1;
///     fn len(&self) -> usize { self.0.len() }
///     fn parameter(&self, _: usize, members: Range<usize>, out: &mut [f32]) {
///         out.copy_from_slice(&self.0[members]);
///     }
///     #[inline(always)]
///     fn rhs<T: Scalar>(p: &[T], _drive: T, y: &[T], dy: &mut [T], _b: &mut [T]) {
///         dy[0] = -y[0] * p[0];
///     }
/// }
///
/// let rates: Vec<f32> = (0..1000).map(|i| 0.001 * i as f32).collect();
/// let mut y = vec![1.0; 1000];
/// let lost = march_columns::<f32, 16, _>(&Decay(rates), Method::Heun, 0.01, (0.0, 1.0), &mut y, |_| {})?;
/// assert!(lost.is_empty() && (y[500] - (-0.5f32).exp()).abs() < 1e-5);
/// # Ok::<(), ode_solvers::SolveError>(())
/// ```
pub trait Columns<E: Element>: Sync {
    /// The number of states, at most [`MAX_COLUMNS`].
    const STATES: usize;
    /// The number of parameters, at most [`MAX_COLUMNS`].
    const PARAMETERS: usize;

    /// The number of members.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes parameter `k` of some members.
    fn parameter(&self, k: usize, members: Range<usize>, out: &mut [E]);

    /// Whether all members have the same parameter `k`: it is then asked for once and not for each. It
    /// may always say no.
    fn is_common(&self, k: usize) -> bool {
        let _ = k;
        false
    }

    /// Writes the drive (a stimulus) of some members at time `t`: a number that the equations get
    /// beside the parameters. Zero unless the system says otherwise.
    fn drive(&self, t: f64, members: Range<usize>, out: &mut [E]) {
        let _ = (t, members);
        out.fill(E::default());
    }

    /// Whether no drive changes between two stops: it is then asked for once in that time.
    fn is_autonomous(&self) -> bool {
        true
    }

    /// Appends every time in the open interval `(t0, t1)` at which a drive jumps, as
    /// [`StateSpace::stops`](crate::StateSpace::stops) does. All members end a step there.
    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        let _ = (t0, t1, out);
    }

    /// The name of state `i`, for messages.
    fn state_name(&self, i: usize) -> String {
        format!("y[{i}]")
    }

    /// The equations: slopes into `dy`, and into `b`, which holds zeros, the rate −1/τ of each linear
    /// relaxation (see [`System::rhs_and_rates`](crate::System::rhs_and_rates)).
    fn rhs<T: Scalar>(p: &[T], drive: T, y: &[T], dy: &mut [T], b: &mut [T]);
}

/// As many states, or parameters, fit into the memory of one block.
pub const MAX_COLUMNS: usize = 64;

/// A member whose state was not finite after a step. Its columns hold the state before that step.
#[derive(Debug, Clone, PartialEq)]
pub struct Lost {
    /// The member.
    pub member: usize,
    /// The start of the step.
    pub t: f64,
    /// The first state that is not finite after it.
    pub state: String,
}

/// Members that one task of a thread takes.
const TASK: usize = 8192;
/// Groups of lanes that go through a step one after the other, so that the processor need not wait
/// for the results of one: at most so many, and so many numbers.
const GROUPS: usize = 8;
const BLOCK: usize = 96;

/// Takes fixed steps with all members from one end of `span` to the other: `y` holds the states
/// column by column, state `i` of member `m` at `y[i * len + m]`.
///
/// Steps, stops and their times are those of [`integrate_fixed`](crate::integrate_fixed), and every
/// member gets the numbers that `Lanes<E, N>` of it would. Methods: all explicit Runge–Kutta methods,
/// and Rush–Larsen of order 1. To record states on the way, march from one time to the next: at
/// whole numbers of steps the numbers are the same.
///
/// Tasks of 8192 members run on the threads of rayon's current pool; the numbers are the same for any
/// pool. `progress` is called after each with the number of members done so far. Beside `y` memory is
/// bounded. A member that is lost spoils no other; all that are lost are returned, by rising number.
///
/// # Errors
/// [`SolveError::InvalidSpan`], [`SolveError::InvalidStep`], [`SolveError::WrongLength`],
/// [`SolveError::InvalidOption`] for a method that has no such loop. `y` is unchanged then.
pub fn march_columns<E: Element, const N: usize, S: Columns<E>>(
    system: &S,
    method: Method,
    dt: f64,
    span: (f64, f64),
    y: &mut [E],
    progress: impl Fn(usize) + Sync,
) -> Result<Vec<Lost>, SolveError> {
    const {
        assert!(N > 0, "a group has at least one lane");
        assert!(S::STATES > 0 && S::STATES <= MAX_COLUMNS && S::PARAMETERS <= MAX_COLUMNS, "MAX_COLUMNS");
    }
    let (t0, t1) = span;
    if !(t0.is_finite() && t1.is_finite() && t0 < t1 && (t1 - t0).is_finite()) {
        return Err(SolveError::InvalidSpan { t0, t1 });
    }
    if !(dt > 0.0 && dt.is_finite()) {
        return Err(SolveError::InvalidStep { dt });
    }
    let len = system.len();
    if y.len() != len * S::STATES {
        let what = "the columns of states";
        return Err(SolveError::WrongLength { what, expected: len * S::STATES, found: y.len() });
    }
    let scheme = match method.kind() {
        Kind::Explicit(tableau) => Scheme::Explicit(tableau),
        Kind::Pair(pair) => Scheme::Explicit(&pair.tableau),
        Kind::RushLarsen(1) => Scheme::RushLarsen,
        _ => {
            let rule = "columns march with explicit methods and rl1; solve_ensemble takes all others";
            return Err(SolveError::InvalidOption { name: "method", value: f64::NAN, rule });
        }
    };
    if len == 0 {
        return Ok(Vec::new());
    }
    let mut edges = vec![t0, t1];
    system.stops(t0, t1, &mut edges);
    edges.retain(|t| t0 <= *t && *t <= t1);
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    let course = Course { system, scheme, dt, edges };

    let mut columns: Vec<_> = y.chunks_mut(len).map(|column| column.chunks_mut(TASK)).collect();
    let mut tasks: Vec<Vec<&mut [E]>> = Vec::with_capacity(len.div_ceil(TASK));
    loop {
        let task: Vec<_> = columns.iter_mut().filter_map(Iterator::next).collect();
        if task.is_empty() {
            break;
        }
        tasks.push(task);
    }
    let done = AtomicUsize::new(0);
    let lost: Vec<Vec<Lost>> = tasks
        .par_iter_mut()
        .enumerate()
        .map(|(k, columns)| {
            let lost = course.task::<E, N>(k * TASK, columns);
            let count = columns[0].len();
            progress(done.fetch_add(count, Ordering::Relaxed) + count);
            lost
        })
        .collect();
    Ok(lost.into_iter().flatten().collect())
}

/// What all members do.
struct Course<'a, S> {
    system: &'a S,
    scheme: Scheme,
    dt: f64,
    /// Start, stops and end.
    edges: Vec<f64>,
}

/// Numbers of a block: groups of lanes, one after the other.
struct Block<T> {
    /// Groups that are in use.
    groups: usize,
    y: Vec<T>,
    p: Vec<T>,
    /// For each group and stage.
    drive: Vec<T>,
    work: Vec<T>,
}

/// The numbers that `write` gives to some members, the last one repeated in lanes that are left over.
#[inline(always)]
fn lanes<E: Element, const N: usize>(count: usize, write: impl FnOnce(&mut [E])) -> Lanes<E, N> {
    let mut x = [E::default(); N];
    if count == N {
        // Of a length that the compiler knows.
        write(&mut x);
        return Lanes(x);
    }
    write(&mut x[..count]);
    let last = x[count - 1];
    x[count..].fill(last);
    Lanes(x)
}

impl<S> Course<'_, S> {
    fn block<E: Element, const N: usize>(&self, groups: usize) -> Block<Lanes<E, N>>
    where
        S: Columns<E>,
    {
        let zeros = |n: usize| vec![Lanes::default(); n];
        let stages = self.scheme.stages();
        Block {
            groups,
            y: zeros(groups * S::STATES),
            p: zeros(groups * S::PARAMETERS),
            drive: zeros(groups * stages),
            work: zeros((stages + 1) * S::STATES),
        }
    }

    /// Marches with the members from `begin` on, whose columns these are.
    fn task<E: Element, const N: usize>(&self, begin: usize, columns: &mut [&mut [E]]) -> Vec<Lost>
    where
        S: Columns<E>,
    {
        let size = (BLOCK / (S::STATES + S::PARAMETERS)).clamp(1, GROUPS);
        let mut block = self.block::<E, N>(size);
        let len = columns[0].len();
        let mut lost = Vec::new();
        self.parameters(&mut block, &(begin..begin + len.min(size * N)), |_| true);
        for first in (0..len).step_by(size * N) {
            let end = len.min(first + size * N);
            block.groups = (end - first).div_ceil(N);
            for (g, from) in (first..end).step_by(N).enumerate() {
                let count = N.min(end - from);
                for (i, column) in columns.iter().enumerate() {
                    block.y[g * S::STATES + i] =
                        lanes(count, |out| out.copy_from_slice(&column[from..from + count]));
                }
            }
            let members = begin + first..begin + end;
            self.parameters(&mut block, &members, |k| !self.system.is_common(k));
            self.pieces(S::is_autonomous(self.system), |step, steps| {
                self.march(&mut block, &members, step, steps);
                true
            });
            for (g, from) in (first..end).step_by(N).enumerate() {
                let count = N.min(end - from);
                let y = &block.y[g * S::STATES..][..S::STATES];
                if y.iter().all(|y| y.all_finite()) {
                    for (column, y) in columns.iter_mut().zip(y) {
                        column[from..from + count].copy_from_slice(&y.0[..count]);
                    }
                    continue;
                }
                for lane in 0..count {
                    let alone = y.iter().all(|y| y.0[lane].is_finite());
                    for (column, y) in columns.iter_mut().zip(y).filter(|_| alone) {
                        column[from + lane] = y.0[lane];
                    }
                    if !alone {
                        lost.push(self.until_lost::<E, N>(begin, from + lane, columns));
                    }
                }
            }
        }
        lost
    }

    /// Marches with one member until its state is not finite, and leaves the state before that.
    #[cold]
    fn until_lost<E: Element, const N: usize>(
        &self,
        begin: usize,
        place: usize,
        columns: &mut [&mut [E]],
    ) -> Lost
    where
        S: Columns<E>,
    {
        let member = begin + place;
        let members = member..member + 1;
        let mut block = self.block::<E, N>(1);
        for (y, column) in block.y.iter_mut().zip(columns.iter()) {
            *y = lanes(1, |out| out[0] = column[place]);
        }
        self.parameters(&mut block, &members, |_| true);
        let (mut t, mut state) = (self.edges[0], 0);
        self.pieces(false, |step, steps| {
            for (column, y) in columns.iter_mut().zip(&block.y) {
                column[place] = y.0[0];
            }
            self.march(&mut block, &members, step, steps);
            let culprit = block.y.iter().position(|y| !y.0[0].is_finite());
            if let Some(i) = culprit {
                (t, state) = (step.t, i);
            }
            culprit.is_none()
        });
        Lost { member, t, state: self.system.state_name(state) }
    }

    /// Those parameters that are wanted. Groups beyond the last member keep what they have: nobody
    /// computes with them until they are given members of their own.
    fn parameters<E: Element, const N: usize>(
        &self,
        block: &mut Block<Lanes<E, N>>,
        members: &Range<usize>,
        wanted: impl Fn(usize) -> bool,
    ) where
        S: Columns<E>,
    {
        for k in (0..S::PARAMETERS).filter(|&k| wanted(k)) {
            for (g, from) in members.clone().step_by(N).enumerate() {
                let some = from..members.end.min(from + N);
                block.p[g * S::PARAMETERS + k] =
                    lanes(some.len(), |out| self.system.parameter(k, some.clone(), out));
            }
        }
    }

    /// All steps in order: neighbours of one length at once, if `together`. Ends when `piece` says so.
    fn pieces(&self, together: bool, mut piece: impl FnMut(Step, u64) -> bool) {
        for edges in self.edges.windows(2) {
            let (a, b) = (edges[0], edges[1]);
            let count = steps_between(a, b, self.dt);
            let at = |k: u64| if k == count { b } else { a + k as f64 * self.dt };
            let mut k = 0;
            while k < count {
                let steps = if together && k + 1 < count { count - 1 - k } else { 1 };
                let (t, t1) = (at(k), at(k + 1));
                let dt = if k + 1 == count { b - t } else { self.dt };
                if !piece(Step { t, t1, dt, last: b.next_down() }, steps) {
                    return;
                }
                k += steps;
            }
        }
    }

    /// Some steps like this one, with the drive at it.
    fn march<E: Element, const N: usize>(
        &self,
        block: &mut Block<Lanes<E, N>>,
        members: &Range<usize>,
        step: Step,
        steps: u64,
    ) where
        S: Columns<E>,
    {
        let stages = self.scheme.stages();
        for (g, from) in members.clone().step_by(N).enumerate() {
            let some = from..members.end.min(from + N);
            let at = |t: f64| lanes(some.len(), |out| self.system.drive(t, some.clone(), out));
            let drive = &mut block.drive[g * stages..][..stages];
            drive.fill(at(step.t));
            if !self.system.is_autonomous() {
                for (stage, drive) in drive.iter_mut().enumerate().skip(1) {
                    *drive = at(step.at(self.scheme.time(stage)));
                }
            }
        }
        Lanes::dispatch(March::<S, E, _> {
            scheme: self.scheme,
            groups: block.groups,
            dt: step.dt,
            steps,
            y: &mut block.y,
            p: &block.p,
            drive: &block.drive,
            work: &mut block.work,
            system: core::marker::PhantomData,
        });
    }
}
