//! Arrays that begin where a line of the cache does.

use std::ops::{Deref, DerefMut};

/// Bytes of a line of the cache, and of the widest vector: one that crosses two lines takes twice as long to load.
const LINE: usize = 64;

/// Numbers in memory of their own.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    room: Vec<f32>,
    start: usize,
    length: usize,
}

impl Numbers {
    /// So many zeros.
    pub(super) fn zeros(length: usize) -> Self {
        let spare = LINE / size_of::<f32>() - 1;
        let room = vec![0.0; length + spare];
        // No promise is made about the result, so that it is bounded here.
        let start = room.as_ptr().align_offset(LINE).min(spare);
        Self { room, start, length }
    }

    /// Rows of `columns` values, each padded with `filler` to `width`.
    pub(super) fn padded(values: &[f32], columns: usize, width: usize, filler: f32) -> Self {
        let mut numbers = Self::zeros(values.len() / columns * width);
        for (to, from) in numbers.chunks_exact_mut(width).zip(values.chunks_exact(columns)) {
            let (to, rest) = to.split_at_mut(columns);
            to.copy_from_slice(from);
            rest.fill(filler);
        }
        numbers
    }
}

impl Deref for Numbers {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.room[self.start..][..self.length]
    }
}

impl DerefMut for Numbers {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.room[self.start..][..self.length]
    }
}
