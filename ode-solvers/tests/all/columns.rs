//! Columns of cells with fixed steps: the numbers of lanes, whatever the threads, and losses that
//! spoil no other.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use ode_solvers::{
    Columns, Lanes, Method, Options, RungeKutta, RushLarsen, Scalar, SolveError, StateSpace, System,
    integrate_fixed, march_columns, tableau,
};

/// FitzHugh–Nagumo cells with a recovery that relaxes, a current of their own, and a pulse for all.
struct Cells {
    current: Vec<f32>,
    /// Whether the pulse is a ramp: then it changes between stops.
    ramp: bool,
}

const PULSE: (f64, f64) = (0.35, 1.1);

fn pulse(t: f64, ramp: bool) -> f32 {
    let on = PULSE.0 <= t && t < PULSE.1;
    if !on {
        0.0
    } else if ramp {
        (t - PULSE.0) as f32
    } else {
        0.5
    }
}

#[inline(always)]
fn equations<T: Scalar>(p: &[T], drive: T, y: &[T], dy: &mut [T], b: &mut [T]) {
    let (v, w) = (y[0], y[1]);
    dy[0] = v - v * v * v * (1.0 / 3.0) - w + drive + p[0];
    dy[1] = (v + 0.7 - w * 0.8) * 0.08;
    b[1] = T::from(-0.064);
}

impl Columns<f32> for Cells {
    const STATES: usize = 2;
    const PARAMETERS: usize = 1;
    fn len(&self) -> usize {
        self.current.len()
    }
    fn parameter(&self, _: usize, members: Range<usize>, out: &mut [f32]) {
        out.copy_from_slice(&self.current[members]);
    }
    fn drive(&self, t: f64, _: Range<usize>, out: &mut [f32]) {
        out.fill(pulse(t, self.ramp));
    }
    fn is_autonomous(&self) -> bool {
        !self.ramp
    }
    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        out.extend([PULSE.0, PULSE.1].into_iter().filter(|t| t0 < *t && *t < t1));
    }
    fn state_name(&self, i: usize) -> String {
        ["v", "w"][i].into()
    }
    #[inline(always)]
    fn rhs<T: Scalar>(p: &[T], drive: T, y: &[T], dy: &mut [T], b: &mut [T]) {
        equations(p, drive, y, dy, b);
    }
}

type Group = Lanes<f32, 16>;

/// One group of the same cells, as a system.
struct Sixteen {
    current: Group,
    ramp: bool,
}

impl StateSpace for Sixteen {
    fn dim(&self) -> usize {
        2
    }
    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        Cells { current: Vec::new(), ramp: self.ramp }.stops(t0, t1, out);
    }
}

impl System<Group> for Sixteen {
    fn rhs(&self, t: f64, y: &[Group], dy: &mut [Group]) {
        self.rhs_and_rates(t, y, dy, &mut [Group::default(); 2]);
    }
    fn rhs_and_rates(&self, t: f64, y: &[Group], dy: &mut [Group], b: &mut [Group]) {
        b.fill(Group::default());
        equations(&[self.current], Lanes([pulse(t, self.ramp); 16]), y, dy, b);
    }
}

fn cells(count: usize, ramp: bool) -> (Cells, Vec<f32>) {
    let current = (0..count).map(|m| 0.001 * (m % 700) as f32).collect();
    let y = (0..2 * count).map(|k| if k < count { -1.2 + 0.0001 * k as f32 } else { -0.6 }).collect();
    (Cells { current, ramp }, y)
}

const SPAN: (f64, f64) = (0.0, 2.03);
const DT: f64 = 0.02;

fn marched(count: usize, ramp: bool, method: Method) -> Vec<f32> {
    let (cells, mut y) = cells(count, ramp);
    let lost = march_columns::<f32, 16, _>(&cells, method, DT, SPAN, &mut y, |_| {}).unwrap();
    assert!(lost.is_empty());
    y
}

/// A ring of `N` states that relax towards their neighbours, with a rate for each member or for all.
struct Ring<const N: usize> {
    rates: Vec<f32>,
    common: bool,
}

impl<const N: usize> Columns<f32> for Ring<N> {
    const STATES: usize = N;
    const PARAMETERS: usize = 1;
    fn len(&self) -> usize {
        self.rates.len()
    }
    fn is_common(&self, _: usize) -> bool {
        self.common
    }
    fn parameter(&self, _: usize, members: Range<usize>, out: &mut [f32]) {
        out.copy_from_slice(&self.rates[members]);
    }
    #[inline(always)]
    fn rhs<T: Scalar>(p: &[T], drive: T, y: &[T], dy: &mut [T], _: &mut [T]) {
        for i in 0..N {
            dy[i] = (y[(i + 1) % N] - y[i] * 1.5) * p[0] + drive;
        }
    }
}

fn rings<const N: usize>() {
    // Full blocks, a block of a few groups, and a group that is not full.
    let count = 2 * 16 * 8 + 16 * 3 + 7;
    let start: Vec<f32> = (0..N * count).map(|k| 1.0 + 0.01 * (k % 83) as f32).collect();
    for common in [false, true] {
        let rates = (0..count).map(|m| if common { 0.5 } else { 0.25 + 0.001 * m as f32 }).collect();
        let ring = Ring::<N> { rates, common };
        let mut y = start.clone();
        march_columns::<f32, 16, _>(&ring, Method::ExplicitEuler, DT, SPAN, &mut y, |_| {}).unwrap();
        for member in 0..count {
            let mut alone: Vec<f32> = (0..N).map(|i| start[i * count + member]).collect();
            let one = Ring::<N> { rates: vec![ring.rates[member]], common };
            march_columns::<f32, 1, _>(&one, Method::ExplicitEuler, DT, SPAN, &mut alone, |_| {}).unwrap();
            for (i, &alone) in alone.iter().enumerate() {
                let found = y[i * count + member];
                assert!(
                    (found - alone).abs() <= 4e-6 * alone.abs(),
                    "{N} {common} {member}: {found} {alone}"
                );
            }
        }
    }
}

#[test]
fn members_do_not_depend_on_each_other_whatever_the_number_of_states() {
    rings::<1>();
    rings::<2>();
    rings::<3>();
    rings::<4>();
    rings::<5>();
}

#[test]
fn members_get_the_numbers_of_lanes() {
    // More than one block, and a group that is not full.
    let count = 16 * 20 + 5;
    for ramp in [false, true] {
        for method in
            [Method::ExplicitEuler, Method::Heun, Method::RungeKutta4, Method::Tsit5, Method::RushLarsen1]
        {
            let found = marched(count, ramp, method);
            let (cells, y0) = cells(count, ramp);
            for first in (0..count).step_by(16) {
                let at = |m: usize| (first + m).min(count - 1);
                let system: &dyn System<Group> =
                    &Sixteen { current: Lanes::from_fn(|m| cells.current[at(m)]), ramp };
                let start = [0, 1].map(|i| Lanes::from_fn(|m| y0[i * count + at(m)]));
                let options = Options::end();
                let end = match method {
                    Method::RushLarsen1 => {
                        integrate_fixed(system, &mut RushLarsen::first_order(2), DT, SPAN, &start, &options)
                    }
                    _ => {
                        let tableau = match method {
                            Method::ExplicitEuler => &tableau::EXPLICIT_EULER,
                            Method::Heun => &tableau::HEUN,
                            Method::RungeKutta4 => &tableau::RUNGE_KUTTA_4,
                            _ => &tableau::TSIT5.tableau,
                        };
                        integrate_fixed(system, &mut RungeKutta::new(tableau, 2), DT, SPAN, &start, &options)
                    }
                }
                .unwrap();
                for m in 0..16.min(count - first) {
                    for i in 0..2 {
                        let (a, b) = (found[i * count + first + m], end.last()[i].0[m]);
                        // Stages are summed in one order or the other.
                        assert!((a - b).abs() <= 4e-6 * (1.0 + b.abs()), "{method} {first} {m} {i}: {a} {b}");
                    }
                }
            }
        }
    }
}

#[test]
fn numbers_do_not_depend_on_the_threads_and_progress_is_told() {
    let count = 20_000;
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (cells, mut y) = cells(count, false);
        let most = AtomicUsize::new(0);
        let lost = pool.install(|| {
            march_columns::<f32, 16, _>(&cells, Method::ExplicitEuler, DT, SPAN, &mut y, |done| {
                most.fetch_max(done, Ordering::Relaxed);
            })
        });
        assert!(lost.unwrap().is_empty());
        assert_eq!(most.into_inner(), count);
        y
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(5));
    // A march in two parts, at a whole number of steps from the last stop before.
    let (cells, mut y) = cells(count, false);
    let middle = PULSE.0 + 10.0 * DT;
    for span in [(0.0, middle), (middle, SPAN.1)] {
        march_columns::<f32, 16, _>(&cells, Method::ExplicitEuler, DT, span, &mut y, |_| {}).unwrap();
    }
    for (a, b) in y.iter().zip(&one) {
        assert!((a - b).abs() < 1e-5);
    }
}

#[test]
fn a_member_that_is_lost_spoils_no_other() {
    let count = 300;
    let (mut cells, mut y) = cells(count, false);
    let (_, start) = self::cells(count, false);
    cells.current[77] = 1e30;
    cells.current[299] = f32::NAN;
    let lost = march_columns::<f32, 16, _>(&cells, Method::ExplicitEuler, DT, SPAN, &mut y, |_| {}).unwrap();
    assert_eq!(lost.len(), 2);
    assert_eq!((lost[0].member, lost[1].member), (77, 299));
    // 1e30 dt is finite, its cube is not; NaN is none from the first step on.
    assert!(lost[0].t == DT && lost[0].state == "v", "{:?}", lost[0]);
    assert!(y[77].is_finite() && y[count + 77].is_finite() && y[77] > 1e27);
    assert_eq!((lost[1].t, y[299], y[count + 299]), (0.0, start[299], start[count + 299]));
    let whole = marched(count, false, Method::ExplicitEuler);
    for m in (0..count).filter(|m| ![77, 299].contains(m)) {
        assert_eq!((y[m], y[count + m]), (whole[m], whole[count + m]), "{m}");
    }
}

#[test]
fn bad_input_is_an_error_and_changes_nothing() {
    let (cells, start) = cells(10, false);
    let march = |method, dt, span, len: usize| {
        let mut y = start[..len].to_vec();
        let error = march_columns::<f32, 16, _>(&cells, method, dt, span, &mut y, |_| {}).unwrap_err();
        assert_eq!(y, start[..len]);
        error
    };
    let euler = Method::ExplicitEuler;
    assert!(matches!(march(euler, 0.0, SPAN, 20), SolveError::InvalidStep { .. }));
    assert!(matches!(march(euler, f64::NAN, SPAN, 20), SolveError::InvalidStep { .. }));
    assert!(matches!(march(euler, DT, (1.0, 1.0), 20), SolveError::InvalidSpan { .. }));
    assert!(matches!(march(euler, DT, SPAN, 19), SolveError::WrongLength { expected: 20, found: 19, .. }));
    assert!(matches!(march(Method::Rodas5P, DT, SPAN, 20), SolveError::InvalidOption { name: "method", .. }));
    let none = Cells { current: Vec::new(), ramp: false };
    assert!(march_columns::<f32, 16, _>(&none, euler, DT, SPAN, &mut [], |_| {}).unwrap().is_empty());
}
