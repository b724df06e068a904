//! Right-hand sides and Jacobians allocate nothing.
#![allow(unsafe_code, reason = "a counting allocator implements GlobalAlloc")]

use std::alloc::{GlobalAlloc, Layout, System as SystemAllocator};
use std::cell::Cell as Counter;

use ionic_models::{Interpolation, PulseTrain, Stimulus, registry};
use ode_solvers::Linearize;

thread_local! {
    static ALLOCATIONS: Counter<u64> = const { Counter::new(0) };
}

struct Counting;

// SAFETY: everything is handed to the system's allocator; the counter is a plain thread-local
// number, whose access does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends may have dropped its counter: then nobody counts.
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        // SAFETY: the caller keeps the contract of GlobalAlloc, which is the system allocator's.
        unsafe { SystemAllocator.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from the system allocator.
        unsafe { SystemAllocator.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn rhs_and_jacobian_allocate_nothing() {
    let train = PulseTrain { start: 1.0, period: 100.0, duration: 1.0, amplitude: 0.1, count: None };
    let samples = (0..100).map(f64::from).collect::<Vec<_>>();
    let stimulus = Stimulus::sum(vec![
        Stimulus::pulse_train(train).unwrap(),
        Stimulus::sampled(samples.clone(), samples, Interpolation::Linear).unwrap(),
    ]);
    for entry in registry::models() {
        let mut cell = entry.cell();
        cell.set_stimulus(stimulus.clone());
        let n = entry.states.len();
        let y = cell.initial_state().to_vec();
        let (mut dy, mut b, mut j) = (vec![0.0; n], vec![0.0; n], vec![0.0; n * n]);
        let before = ALLOCATIONS.with(Counter::get);
        cell.rhs(1.5, &y, &mut dy);
        cell.rhs_and_rates(1.5, &y, &mut dy, &mut b);
        Linearize::jacobian(cell.as_ref(), 1.5, &y, &mut j);
        cell.time_derivative(1.5, &y, &mut dy);
        assert_eq!(ALLOCATIONS.with(Counter::get), before, "{} {}", entry.id, entry.variant);
    }
    // The counter counts.
    let before = ALLOCATIONS.with(Counter::get);
    drop(std::hint::black_box(vec![1]));
    assert_eq!(ALLOCATIONS.with(Counter::get), before + 1);
}
