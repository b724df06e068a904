//! Hints to the processor's caches.
#![allow(unsafe_code, reason = "a hint, which reads nothing")]

/// A table smaller than this stays in the second cache by itself.
const SMALL: usize = 1 << 18;

/// Whether rows of a table drawn at random are worth a hint.
pub(crate) fn is_large<T>(table: &[T]) -> bool {
    size_of_val(table) > SMALL
}

/// Says that an element will be read soon. One that is not there is ignored.
#[inline]
pub(crate) fn soon<T>(table: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = table.get(at) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: SSE belongs to every x86-64, and a hint reads nothing that a program could see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(element).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (table, at);
}
