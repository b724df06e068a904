//! From samples that lie row by row to lines of the batch, and back.
//!
//! A batch of a small network is drawn in as much time as the network needs forward, so it takes one way:
//! from the table into the lines, and there to normal units, a line at a time.

use super::level::Task;
use super::panels::Place;
use super::simd::{LANES, Line, Simd};
use crate::Normalization;

/// Samples whose numbers are put together at a time: more of their addresses do not fit the registers.
const HALF: usize = LANES / 2;

/// A table of rows, and what brings its columns to normal units; nothing if they have them.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) rows: &'a [f32],
    pub(crate) columns: usize,
    pub(crate) normal: Option<&'a Normalization>,
}

/// Rows to lines of a layer with `width` features, of which the first are the table's columns. The
/// places are those of rows that follow each other.
pub(super) struct Gather<'a> {
    pub(super) table: Table<'a>,
    /// Which rows of the table; all, one after the other, if nothing is given.
    pub(super) samples: Option<&'a [u32]>,
    pub(super) places: &'a [Place],
    pub(super) width: usize,
    pub(super) lines: &'a mut [Line],
}

impl Task for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        // The usual widths with loops that the compiler unrolls.
        match self.table.columns {
            1 => self.columns::<1>(),
            2 => self.columns::<2>(),
            3 => self.columns::<3>(),
            4 => self.columns::<4>(),
            _ => self.any(),
        }
    }
}

impl Gather<'_> {
    /// `N` columns.
    #[inline(always)]
    fn columns<const N: usize>(self) {
        let (rows, width) = (self.table.rows.as_chunks::<N>().0, self.width);
        match (self.samples, self.table.normal) {
            (None, None) => lay::<N>(rows, self.places, width, self.lines),
            (Some(samples), Some(normal)) => {
                let (Some(mean), Some(scale)) =
                    (normal.mean().first_chunk::<N>(), normal.scale().first_chunk::<N>())
                else {
                    return;
                };
                pick(rows, (mean, scale), samples, self.places, width, self.lines);
            }
            _ => self.any(),
        }
    }

    /// Any number of columns: number by number, wherever lines begin and end.
    #[inline(always)]
    fn any(self) {
        let Self { table, samples, places, width, lines } = self;
        let Table { rows, columns, normal } = table;
        let count = samples.map_or(rows.len() / columns.max(1), <[u32]>::len).min(places.len());
        for (i, place) in places[..count].iter().enumerate() {
            let sample = samples.map_or(i, |s| s[i] as usize);
            for (column, x) in rows[sample * columns..][..columns].iter().enumerate() {
                let (line, lane) = place.at(width, column);
                lines[line].0[lane] = *x;
            }
        }
        let Some(normal) = normal else { return };
        // Lines are read as a whole only now: just after they were written number by number, that would
        // have to wait.
        let mut row = 0;
        while row < count {
            let first = places[row];
            let rows = places[row..count].iter().take_while(|p| p.same_line(first)).count();
            let lane = first.at(width, 0).1;
            for (column, (mean, scale)) in normal.mean().iter().zip(normal.scale()).enumerate() {
                let line = &mut lines[first.at(width, column).0].0;
                // The usual case with a length that the compiler knows.
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

/// Whether the first sixteen places are a line from end to end. Two lines between which rows follow each other may both be
/// partly empty.
#[inline(always)]
fn begin_line(places: &[Place]) -> bool {
    places.get(LANES - 1).is_some_and(|last| last.same_line(places[0]))
}

/// Rows that lie one after the other.
#[inline(always)]
fn lay<const N: usize>(rows: &[[f32; N]], places: &[Place], width: usize, lines: &mut [Line]) {
    let places = &places[..rows.len()];
    let mut i = 0;
    while i < rows.len() {
        let place = places[i];
        if begin_line(&places[i..])
            && let Some(rows) = rows[i..].first_chunk::<LANES>()
        {
            for column in 0..N {
                let line = &mut lines[place.at(width, column).0].0;
                line.iter_mut().zip(rows).for_each(|(to, row)| *to = row[column]);
            }
            i += LANES;
        } else {
            for (column, x) in rows[i].iter().enumerate() {
                let (line, lane) = place.at(width, column);
                lines[line].0[lane] = *x;
            }
            i += 1;
        }
    }
}

/// Samples to normal units: lines that are filled from end to end are put together in registers.
#[inline(always)]
fn pick<const N: usize>(
    rows: &[[f32; N]],
    (mean, scale): (&[f32; N], &[f32; N]),
    samples: &[u32],
    places: &[Place],
    width: usize,
    lines: &mut [Line],
) {
    let places = &places[..samples.len()];
    let mut i = 0;
    while i < samples.len() {
        let place = places[i];
        if begin_line(&places[i..])
            && let Some(samples) = samples[i..].first_chunk::<LANES>()
        {
            for (half, samples) in samples.as_chunks::<HALF>().0.iter().enumerate() {
                let row = |lane: usize| &rows[samples[lane] as usize];
                let row = [row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)];
                for column in 0..N {
                    let x = |lane: usize| row[lane][column];
                    let x = [x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7)];
                    let line = &mut lines[place.at(width, column).0].0[HALF * half..][..HALF];
                    let (mean, scale) = (mean[column], scale[column]);
                    line.iter_mut().zip(x).for_each(|(to, x)| *to = (x - mean) / scale);
                }
            }
            i += LANES;
        } else {
            for (column, x) in rows[samples[i] as usize].iter().enumerate() {
                let (line, lane) = place.at(width, column);
                lines[line].0[lane] = (x - mean[column]) / scale[column];
            }
            i += 1;
        }
    }
}

/// Lines of a layer with `width` features to rows that lie one after the other, one for each place.
pub(super) struct Scatter<'a> {
    pub(super) lines: &'a [Line],
    pub(super) places: &'a [Place],
    pub(super) width: usize,
    pub(super) rows: &'a mut [f32],
}

impl Task for Scatter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        match self.width {
            1 => self.whole::<1>(),
            2 => self.whole::<2>(),
            3 => self.whole::<3>(),
            4 => self.whole::<4>(),
            _ => self.parts(),
        }
    }
}

impl Scatter<'_> {
    /// `N` features: rows of lines that are full are written line by line.
    #[inline(always)]
    fn whole<const N: usize>(self) {
        let Self { lines, places, rows, .. } = self;
        let rows = rows.as_chunks_mut::<N>().0;
        let places = &places[..rows.len()];
        let mut i = 0;
        while i < rows.len() {
            let place = places[i];
            let features: [&Line; N] = core::array::from_fn(|k| &lines[place.at(N, k).0]);
            let row = |lane: usize| core::array::from_fn(|k| features[k].0[lane]);
            if begin_line(&places[i..])
                && let Some(rows) = rows[i..].first_chunk_mut::<LANES>()
            {
                rows.iter_mut().enumerate().for_each(|(lane, to)| *to = row(lane));
                i += LANES;
            } else {
                rows[i] = row(place.at(N, 0).1);
                i += 1;
            }
        }
    }

    /// Number by number.
    #[inline(always)]
    fn parts(self) {
        let Self { lines, places, width, rows } = self;
        for (row, place) in rows.chunks_exact_mut(width).zip(places) {
            for (feature, y) in row.iter_mut().enumerate() {
                let (line, lane) = place.at(width, feature);
                *y = lines[line].0[lane];
            }
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
            // Lines that are partly empty lie in between, too.
            let tangents = if first == 0 { 0 } else { count / 2 };
            let panels = Panels::new(Rows { values: first + count + 9, tangents });
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
                let given = Table { rows: &table, columns, normal: Some(&normal) };
                let places = &panels.places[first..][..count];
                level.run(Gather { table: given, samples: Some(&samples), places, width, lines: &mut lines });
                assert!(lines == expected, "{columns} columns, {count} rows from {first}, {level:?}");
                // The same rows one after the other, and already in normal units.
                let mut lines = before.clone();
                let mut rows: Vec<f32> = samples
                    .iter()
                    .flat_map(|s| &table[*s as usize * columns..][..columns])
                    .copied()
                    .collect();
                rows.chunks_exact_mut(columns).for_each(|row| normal.apply(row));
                let given = Table { rows: &rows, columns, normal: None };
                level.run(Gather { table: given, samples: None, places, width, lines: &mut lines });
                assert!(lines == expected, "{columns} columns, {count} rows from {first}, {level:?}");
            }
        }
    }

    /// Whatever the width and the row where they begin; rows of derivatives lie half a panel behind.
    #[test]
    fn rows_come_back_as_they_lie() {
        for (width, first, count) in
            [(1, 0, 16), (2, 0, 128), (2, 7, 90), (3, 5, 40), (4, 130, 33), (5, 3, 2), (6, 150, 40)]
        {
            let panels = Panels::new(Rows { values: 140, tangents: 100 });
            let lines: Vec<Line> = (0..panels.lines * width)
                .map(|i| Line(core::array::from_fn(|lane| (i * LANES + lane) as f32)))
                .collect();
            let places = &panels.places[first..];
            for level in Level::available() {
                let mut rows = vec![-1.0; count * width];
                level.run(Scatter { lines: &lines, places, width, rows: &mut rows });
                for (row, place) in rows.chunks_exact(width).zip(places) {
                    for (feature, y) in row.iter().enumerate() {
                        let (line, lane) = place.at(width, feature);
                        assert_eq!(*y, lines[line].0[lane], "{width}, {first}, {level:?}");
                    }
                }
            }
        }
    }
}
