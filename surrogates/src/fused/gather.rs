//! From samples that lie row by row to lines of the batch.
//!
//! A batch of a small network is drawn in as much time as the network needs forward, so it takes one way:
//! from the table into the lines, and there to normal units, a line at a time.

use super::level::Task;
use super::panels::Place;
use super::simd::{LANES, Line, Simd};
use crate::Normalization;

/// Samples whose numbers are put together at a time: more of their addresses do not fit the registers.
const HALF: usize = LANES / 2;

/// A table of samples, and what brings its columns to normal units.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) rows: &'a [f32],
    pub(crate) normal: &'a Normalization,
}

/// Samples to lines of a layer with `width` features, of which the first are the table's columns. The
/// places are those of value rows, one for each sample.
pub(super) struct Gather<'a> {
    pub(super) table: Table<'a>,
    pub(super) samples: &'a [u32],
    pub(super) places: &'a [Place],
    pub(super) width: usize,
    pub(super) lines: &'a mut [Line],
}

impl Task for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        // The usual widths with loops that the compiler unrolls.
        match self.table.normal.columns() {
            1 => self.whole::<1>(),
            2 => self.whole::<2>(),
            3 => self.whole::<3>(),
            4 => self.whole::<4>(),
            columns => self.parts(columns),
        }
    }
}

impl Gather<'_> {
    /// `N` columns: lines that are filled from end to end are put together in registers.
    #[inline(always)]
    fn whole<const N: usize>(mut self) {
        let Self { table, width, .. } = self;
        let (Some(mean), Some(scale)) =
            (table.normal.mean().first_chunk::<N>(), table.normal.scale().first_chunk::<N>())
        else {
            return;
        };
        let rows = table.rows.as_chunks::<N>().0;
        // Up to the first line that begins with a sample, and from the last that does not end with one.
        let begin = self.places.iter().position(|p| p.at(width, 0).1 == 0).unwrap_or(self.places.len());
        self.first(begin).parts(N);
        while let (Some((samples, rest)), [place, ..]) =
            (self.samples.split_first_chunk::<LANES>(), self.places)
        {
            for (half, samples) in samples.as_chunks::<HALF>().0.iter().enumerate() {
                let row = |lane: usize| &rows[samples[lane] as usize];
                let row = [row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)];
                for column in 0..N {
                    let x = |lane: usize| row[lane][column];
                    let x = [x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7)];
                    let line = &mut self.lines[place.at(width, column).0].0[HALF * half..][..HALF];
                    let (mean, scale) = (mean[column], scale[column]);
                    line.iter_mut().zip(x).for_each(|(to, x)| *to = (x - mean) / scale);
                }
            }
            (self.samples, self.places) = (rest, &self.places[LANES..]);
        }
        self.parts(N);
    }

    /// What is to be done for the first samples, taken away from the others.
    fn first(&mut self, count: usize) -> Gather<'_> {
        let count = count.min(self.samples.len());
        let ((samples, rest), (places, others)) = (self.samples.split_at(count), self.places.split_at(count));
        (self.samples, self.places) = (rest, others);
        Gather { samples, places, lines: self.lines, ..*self }
    }

    /// Number by number, wherever lines begin and end.
    #[inline(always)]
    fn parts(self, columns: usize) {
        let Self { table, samples, places, width, lines } = self;
        let (mean, scale) = (&table.normal.mean()[..columns], &table.normal.scale()[..columns]);
        for (&sample, &place) in samples.iter().zip(places) {
            let row = &table.rows[sample as usize * columns..][..columns];
            for (column, x) in row.iter().enumerate() {
                let (line, lane) = place.at(width, column);
                lines[line].0[lane] = *x;
            }
        }
        // Lines are read as a whole only now: just after they were written number by number, that would
        // have to wait.
        let mut row = 0;
        while row < samples.len().min(places.len()) {
            let first = places[row];
            let lane = first.at(width, 0).1;
            let rows = (LANES - lane).min(samples.len() - row);
            for column in 0..columns {
                let line = &mut lines[first.at(width, column).0].0;
                let (mean, scale) = (mean[column], scale[column]);
                if rows == LANES {
                    line.iter_mut().for_each(|x| *x = (*x - mean) / scale);
                } else {
                    line[lane..lane + rows].iter_mut().for_each(|x| *x = (*x - mean) / scale);
                }
            }
            row += rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::level::Level;
    use super::super::panels::Panels;
    use super::*;
    use crate::ops::Rows;

    /// Whatever the width, the number of rows and the row where they begin: each number is where it belongs,
    /// to the last bit what the normalisation of a row gives, and nothing else is touched.
    #[test]
    fn lines_hold_the_normal_rows_of_samples() {
        for (columns, first, count) in
            [(1, 0, 16), (2, 0, 128), (3, 5, 40), (3, 16, 33), (4, 3, 2), (6, 20, 77)]
        {
            let table: Vec<f32> = (0..columns * 50).map(|i| (i as f32 * 0.61).sin() * 9.0).collect();
            let mean = (0..columns).map(|c| c as f32 * 0.3 - 1.0).collect();
            let scale = (0..columns).map(|c| 0.7 + c as f32).collect();
            let normal = Normalization::new(mean, scale).expect("scales above zero");
            let samples: Vec<u32> = (0..count as u32).map(|i| (i * 37 + 11) % 50).collect();
            let panels = Panels::new(Rows { values: first + count + 9, tangents: 0 });
            let width = columns + 1;
            let before = vec![Line([0.25; LANES]); panels.lines * width];
            let mut expected = before.clone();
            for (row, &sample) in samples.iter().enumerate() {
                let mut x = table[sample as usize * columns..][..columns].to_vec();
                normal.apply(&mut x);
                for (column, x) in x.into_iter().enumerate() {
                    let (line, lane) = panels.places[first + row].at(width, column);
                    expected[line].0[lane] = x;
                }
            }
            for level in Level::available() {
                let mut lines = before.clone();
                let table = Table { rows: &table, normal: &normal };
                let places = &panels.places[first..][..count];
                level.run(Gather { table, samples: &samples, places, width, lines: &mut lines });
                assert!(lines == expected, "{columns} columns, {count} rows from {first}, {level:?}");
            }
        }
    }
}
