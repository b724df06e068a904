//! An allocator that refuses what no small file needs: a reader that believes a damaged length aborts here, or
//! reports that memory ran out, instead of filling the machine.
//!
//! (Other crates' tests link to this file: packages hold the text.)
#![allow(unsafe_code, reason = "an allocator is unsafe by its signature")]

use std::alloc::{GlobalAlloc, Layout, System};

/// The largest piece of memory that the reader of a file of some kilobytes may ask for.
const MOST: usize = 64 << 20;

struct Modest;

// SAFETY: every call is passed on to the system's allocator with the caller's own layout and pointer; refusing an
// allocation with a null pointer is what the trait allows.
unsafe impl GlobalAlloc for Modest {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > MOST {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() > MOST {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from the system's allocator, through `alloc` or `realloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > MOST {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Modest = Modest;
