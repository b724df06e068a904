//! Fixed steps of very many small systems: states as columns, many steps while they stay in registers.

mod deferred;
mod kernel;
mod task;

use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::method::Kind;
use crate::{Element, Method, Scalar, SolveError};
use kernel::Scheme;
use task::Course;

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

/// Takes fixed steps with all members from one end of `span` to the other: `y` holds the states
/// column by column, state `i` of member `m` at `y[i * len + m]`.
///
/// Steps, stops and their times are those of [`integrate_fixed`](crate::integrate_fixed), and every
/// member gets the numbers that `Lanes<E, N>` of it would, up to rounding: Euler's method joins the last
/// factor of a slope, and the parameters of one that is linear in two states, with the step's length.
/// Methods: all explicit Runge–Kutta methods, and Rush–Larsen of order 1. To record states on the way,
/// march from one time to the next: at whole numbers of steps the numbers are the same.
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
            let lost = course.march::<E, N>(k * TASK, columns);
            let count = columns[0].len();
            progress(done.fetch_add(count, Ordering::Relaxed) + count);
            lost
        })
        .collect();
    Ok(lost.into_iter().flatten().collect())
}
