//! The mixing of channels, mode by mode.
//!
//! A mode of a sample is a row: real parts of its channels, then imaginary ones. Its matrix has as many rows. Where
//! the matrix is that of a complex product, [[Re, Im], [−Im, Re]], one half of it is kept, and a mode is two rows,
//! (re, −im) and (im, re), each times Re above Im: half of the weights have to be read.

use super::numbers::Numbers;
use super::product::{Product, Start};
use crate::native::dispatch::Simd;

/// The matrices of all modes.
#[derive(Debug)]
pub(super) struct Mix {
    pub(super) modes: usize,
    inputs: usize,
    /// Of a row of one part that comes out.
    width: usize,
    complex: bool,
    weights: Numbers,
}

impl Mix {
    /// From `[modes, 2 inputs, 2 outputs]`.
    pub(super) fn new((modes, inputs, outputs): (usize, usize, usize), values: &[f32], width: usize) -> Self {
        let (rows, columns) = (2 * inputs, 2 * outputs);
        let matrices = || values.chunks_exact(rows * columns);
        let complex = inputs == outputs && matrices().all(|matrix| is_complex(inputs, matrix));
        let each = if complex { width } else { 2 * width };
        let mut weights = Numbers::zeros(modes * rows * each);
        for (to, matrix) in weights.chunks_exact_mut(rows * each).zip(matrices()) {
            for (i, to) in to.chunks_exact_mut(each).enumerate() {
                if complex {
                    // Row i of Re, then row i of Im.
                    let (part, i) = (i / inputs, i % inputs);
                    to[..outputs].copy_from_slice(&matrix[i * columns + part * outputs..][..outputs]);
                } else {
                    let (re, im) = matrix[i * columns..][..columns].split_at(outputs);
                    to[..outputs].copy_from_slice(re);
                    to[width..][..outputs].copy_from_slice(im);
                }
            }
        }
        Self { modes, inputs, width, complex, weights }
    }

    /// Whether its matrices are those of complex products.
    #[cfg(test)]
    pub(super) fn is_complex(&self) -> bool {
        self.complex
    }

    /// Rows that a mode of a sample is.
    fn rows(&self) -> usize {
        if self.complex { 2 } else { 1 }
    }

    /// Values of a sample before and after.
    pub(super) fn values(&self) -> (usize, usize) {
        (self.modes * self.rows() * 2 * self.inputs, self.modes * 2 * self.width)
    }

    /// Multiplications of a sample.
    pub(super) fn work(&self) -> usize {
        self.weights.len() * self.rows()
    }

    /// Takes the spectrum of a sample of a group with so much room. Row r of it stands at `place[r]`.
    pub(super) fn take(
        &self,
        (sample, room): (usize, usize),
        (spectrum, width): (&[f32], usize),
        place: &[usize],
        modes: &mut [f32],
    ) {
        let n = self.inputs;
        let row = |r: usize| &spectrum[place[r] * width..][..n];
        for m in 0..self.modes {
            let (re, im) = (row(m), row(self.modes + m));
            let to = &mut modes[(m * room + sample) * self.rows() * 2 * n..][..self.rows() * 2 * n];
            if self.complex {
                let (first, second) = to.split_at_mut(2 * n);
                first[..n].copy_from_slice(re);
                for (to, im) in first[n..].iter_mut().zip(im) {
                    *to = -im;
                }
                second[..n].copy_from_slice(im);
                second[n..].copy_from_slice(re);
            } else {
                to[..n].copy_from_slice(re);
                to[n..].copy_from_slice(im);
            }
        }
    }

    /// Mixes the modes of the first `used` samples of a group.
    pub(super) fn run(&self, simd: Simd, used: usize, room: usize, modes: &[f32], mixed: &mut [f32]) {
        let (inner, each) = (2 * self.inputs, if self.complex { self.width } else { 2 * self.width });
        for m in 0..self.modes {
            let a = &modes[m * room * self.rows() * inner..];
            let c = &mut mixed[m * room * 2 * self.width..][..used * 2 * self.width];
            let b = &self.weights[m * inner * each..][..inner * each];
            let rows = used * self.rows();
            Product { rows, inner, width: each, a, stride: inner, b, start: Start::Zero, c }.run(simd);
        }
    }

    /// Gives the mixed spectrum of a sample. Row r of it is to stand at `place[r]`.
    pub(super) fn give(
        &self,
        (sample, room): (usize, usize),
        mixed: &[f32],
        place: &[usize],
        spectrum: &mut [f32],
    ) {
        let width = self.width;
        for m in 0..self.modes {
            let (re, im) = mixed[(m * room + sample) * 2 * width..][..2 * width].split_at(width);
            spectrum[place[m] * width..][..width].copy_from_slice(re);
            spectrum[place[self.modes + m] * width..][..width].copy_from_slice(im);
        }
    }
}

/// Whether a matrix is [[Re, Im], [−Im, Re]].
fn is_complex(n: usize, matrix: &[f32]) -> bool {
    let (above, below) = matrix.split_at(2 * n * n);
    above.chunks_exact(2 * n).zip(below.chunks_exact(2 * n)).all(|(above, below)| {
        let ((re, im), (minus_im, same_re)) = (above.split_at(n), below.split_at(n));
        re == same_re && im.iter().zip(minus_im).all(|(im, minus)| *im == -minus)
    })
}
