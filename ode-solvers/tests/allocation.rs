//! A step allocates nothing: counted by an allocator of our own.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]
#![allow(unsafe_code, reason = "a global allocator that counts can only be written with unsafe code")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System as SystemAllocator};
use std::cell::Cell;

use common::{Driven, HodgkinHuxley};
use ode_solvers::problems::{Hires, Problem};
use ode_solvers::{
    Lanes, Linearize, Method, Options, Rosenbrock, Scalar, StateSpace, StepSize, System, Tolerance,
    integrate_adaptive, solve, tableau,
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { SystemAllocator.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `SystemAllocator.alloc` with this layout.
        unsafe { SystemAllocator.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(f: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    f();
    ALLOCATIONS.with(Cell::get) - before
}

/// A solve of twice the length takes more steps and no more memory.
fn check(system: &dyn Linearize, y0: &[f64], end: f64, dt: f64) {
    for &method in Method::ALL {
        let mut steps = vec![StepSize::Fixed(dt)];
        if method.is_adaptive() {
            steps.push(StepSize::Adaptive(Tolerance::new(1e-5, 1e-8)));
        }
        for step in steps {
            let longest = 0.02 * end;
            let run = |end: f64| {
                let mut accepted = 0;
                let count = allocations(|| {
                    let options =
                        Options { dt_max: longest, ..Options::save_at([0.3 * end, 0.7 * end, end]) };
                    accepted =
                        solve(system, method, step.clone(), (0.0, end), y0, &options).unwrap().stats.accepted;
                });
                (accepted, count)
            };
            // The first solve of a system derives its Jacobian.
            run(0.1 * end);
            let (short, long) = (run(0.5 * end), run(end));
            assert!(long.0 > short.0 && long.1 == short.1, "{method}: {short:?} {long:?}");
        }
    }
}

/// Sixty compartments in a row, the first one held at zero.
struct Chain;

impl StateSpace for Chain {
    fn dim(&self) -> usize {
        60
    }
}

impl<T: Scalar> System<T> for Chain {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let mut left = T::from(0.0);
        for (d, &y) in dy.iter_mut().zip(y) {
            *d = left - y;
            left = y;
        }
    }
}

#[test]
fn steps_allocate_nothing() {
    check(&HodgkinHuxley, &[-65.0, 0.05, 0.6, 0.32], 5.0, 0.01);
    check(&Driven, &Driven::exact(0.0), 2.0, 0.01);
    check(&Hires, &Hires.describe().y0, 2.0, 0.001);
    // Large enough for faer.
    check(&Chain, &[1.0; 60], 2.0, 0.01);
}

#[test]
fn right_hand_sides_and_jacobians_allocate_nothing() {
    let y = [-65.0, 0.05, 0.6, 0.32];
    let (mut dy, mut b, mut jacobian) = ([0.0; 4], [0.0; 4], [0.0; 16]);
    let count = allocations(|| {
        System::<f64>::rhs(&HodgkinHuxley, 0.0, &y, &mut dy);
        System::<f64>::rhs_and_rates(&HodgkinHuxley, 0.0, &y, &mut dy, &mut b);
        HodgkinHuxley.jacobian(0.0, &y, &mut jacobian);
    });
    assert_eq!(count, 0);
}

#[test]
fn stiff_steps_of_lanes_allocate_nothing() {
    fn check<T: Scalar>(system: &dyn Linearize<T>, y0: &[f64], end: f64) {
        let y0: Vec<T> = y0.iter().map(|&y| T::from(y)).collect();
        let longest = 0.02 * end;
        let run = |end: f64| {
            let mut accepted = 0;
            let count = allocations(|| {
                let mut stepper = Rosenbrock::new(&tableau::RODAS5P, y0.len());
                let tolerance = Tolerance::new(1e-5, 1e-8);
                let options = Options { dt_max: longest, ..Options::end() };
                accepted = integrate_adaptive(system, &mut stepper, &tolerance, (0.0, end), &y0, &options)
                    .unwrap()
                    .stats
                    .accepted;
            });
            (accepted, count)
        };
        run(0.1 * end);
        let (short, long) = (run(0.3 * end), run(end));
        assert!(long.0 > short.0 && long.1 == short.1, "{short:?} {long:?}");
    }
    let hires = Hires.describe().y0;
    check::<Lanes<f64, 8>>(&HodgkinHuxley, &[-65.0, 0.05, 0.6, 0.32], 5.0);
    check::<Lanes<f64, 8>>(&Driven, &Driven::exact(0.0), 2.0);
    check::<Lanes<f64, 8>>(&Chain, &[1.0; 60], 2.0);
    check::<Lanes<f32, 16>>(&Hires, &hires, 2.0);
}
