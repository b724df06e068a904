//! A session that has seen a batch of a size takes no more memory for the next ones.
#![allow(unsafe_code, reason = "an allocator is unsafe by its signature")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::operator::{Operator, VARIANTS};
use common::{Act, Folder};
use infer_trt::{Provider, SessionOptions, open};

/// How often memory was asked for.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is passed on to the system's allocator with the caller's own layout and pointer.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from the system's allocator, through `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// The only test of its program: others would take memory beside it.
#[test]
fn runs_take_no_memory() {
    let folder = Folder::new();
    for variant in VARIANTS {
        let operator = Operator::small(variant, Act::Gelu);
        let options = SessionOptions::default().with_threads(1);
        let mut session = open(folder.model(&operator.model()), &Provider::Native, &options).unwrap();
        let x = operator.inputs(1, 19);
        let mut y = vec![0.0; 19 * session.n_outputs()];
        session.run(&x, &mut y).unwrap();
        let before = TAKEN.load(Ordering::Relaxed);
        for _ in 0..3 {
            session.run(&x, &mut y).unwrap();
            session.run(&x[..24], &mut y[..48]).unwrap();
        }
        assert_eq!(TAKEN.load(Ordering::Relaxed) - before, 0, "{variant:?}");
    }
}
