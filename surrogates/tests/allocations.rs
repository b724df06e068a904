//! An iteration of the fused kernels allocates nothing.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(unsafe_code, reason = "a global allocator that counts")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use surrogates::{Backend, TrainConfig, Trainer};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

// One test alone in this file: another thread would be counted too.
#[test]
fn a_fused_iteration_allocates_nothing() {
    let count = |backend| {
        let config = TrainConfig { backend, validate_every: 1_000_000, ..common::physics_config() };
        let mut trainer = Trainer::new(config, common::set()).unwrap();
        let steps = |trainer: &mut Trainer| {
            for _ in 0..40 {
                trainer.step().unwrap();
            }
        };
        steps(&mut trainer);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        steps(&mut trainer);
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    assert!(count(Backend::Tape) > 40, "the counter does not count");
    assert_eq!(count(Backend::Fused), 0);
}
