//! Eq. 3.3 from what an inference session gives: at times, over steps, over repeated steps.

use infer_trt::Session;

use super::cache::Loaded;
use super::{Errors, Scores};
use crate::Error;

/// Rows handed to the session at a time.
const CHUNK: usize = 8192;

/// Collects mean and greatest of |ΔU| + |ΔW| against both solutions.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sums: [f64; 2],
    max: [f64; 2],
    samples: u64,
}

/// |ΔU| + |ΔW|
pub(super) fn error(predicted: &[f32], truth: &[f32]) -> f64 {
    predicted.iter().zip(truth).map(|(p, t)| (f64::from(*p) - f64::from(*t)).abs()).sum()
}

impl Tally {
    /// One row: what the network says, and both solutions.
    fn add(&mut self, predicted: &[f32], truths: [&[f32]; 2]) {
        for ((truth, sum), max) in truths.into_iter().zip(&mut self.sums).zip(&mut self.max) {
            let error = error(predicted, truth);
            *sum += error;
            // Not `max`: it would drop NaN.
            *max = if max.is_nan() || error <= *max { *max } else { error };
        }
        self.samples += 1;
    }

    fn scores(&self) -> Scores {
        let of = |k: usize| Errors { mean: self.sums[k] / self.samples.max(1) as f64, max: self.max[k] };
        Scores { euler: of(0), accurate: of(1), samples: self.samples }
    }
}

/// A validation set with both solutions.
#[derive(Clone, Copy)]
pub(super) struct Truths<'a> {
    pub(super) euler: &'a Loaded,
    pub(super) accurate: &'a Loaded,
}

impl<'a> Truths<'a> {
    fn x(self) -> &'a [f32] {
        self.euler.samples.inputs()
    }

    fn width(self) -> usize {
        self.euler.samples.n_inputs()
    }

    fn y(self, row: usize) -> [&'a [f32]; 2] {
        [self.euler, self.accurate].map(|set| &set.samples.targets()[2 * row..][..2])
    }
}

/// What the network gives for every row.
pub(super) fn predict(
    session: &mut dyn Session,
    x: &[f32],
    width: usize,
    beat: &mut dyn FnMut(),
) -> Result<Vec<f32>, Error> {
    let mut y = vec![0.0; x.len() / width * 2];
    for (x, y) in x.chunks(CHUNK * width).zip(y.chunks_mut(CHUNK * 2)) {
        session.run(x, y)?;
        beat();
    }
    Ok(y)
}

/// The errors over rows that the network takes as they are.
pub(super) fn at_rows(
    session: &mut dyn Session,
    truths: Truths<'_>,
    beat: &mut dyn FnMut(),
) -> Result<Scores, Error> {
    let y = predict(session, truths.x(), truths.width(), beat)?;
    let mut tally = Tally::default();
    for (row, y) in y.chunks_exact(2).enumerate() {
        tally.add(y, truths.y(row));
    }
    Ok(tally.scores())
}

/// The errors of networks that have a window of the time domain each: rows are handed to the network
/// whose window holds their time. `edges` are the ends of the windows.
pub(super) fn in_windows(
    sessions: &mut [Box<dyn Session>],
    edges: &[f64],
    truths: Truths<'_>,
    beat: &mut dyn FnMut(),
) -> Result<Scores, Error> {
    let width = truths.width();
    let mut tally = Tally::default();
    for (k, session) in sessions.iter_mut().enumerate() {
        let rows: Vec<usize> = (0..truths.euler.samples.rows())
            .filter(|row| window(edges, truths.x()[row * width]) == k)
            .collect();
        let x: Vec<f32> = rows.iter().flat_map(|row| &truths.x()[row * width..][..width]).copied().collect();
        let y = predict(&mut **session, &x, width, beat)?;
        for (row, y) in rows.iter().zip(y.chunks_exact(2)) {
            tally.add(y, truths.y(*row));
        }
    }
    Ok(tally.scores())
}

/// Which window a time belongs to: the first that ends no earlier.
pub(super) fn window(edges: &[f64], t: f32) -> usize {
    edges.iter().position(|edge| f64::from(t) <= *edge).unwrap_or(edges.len() - 1)
}

/// The errors of an iterator over the whole time domain (eq. 3.18): the rows of each trajectory are
/// the states after one step, two steps, …
pub(super) fn iterated(
    session: &mut dyn Session,
    truths: Truths<'_>,
    beat: &mut dyn FnMut(),
) -> Result<Scores, Error> {
    // Columns: t, U₀, W₀ and perhaps the current.
    let (width, each) = (truths.width(), truths.euler.rows_each);
    let trajectories = truths.euler.samples.rows() / each;
    // What the iterator takes: all but the time, at the start.
    let mut state: Vec<f32> =
        truths.x().chunks_exact(width * each).flat_map(|rows| &rows[1..width]).copied().collect();
    let mut tally = Tally::default();
    for step in 0..each {
        let y = predict(session, &state, width - 1, beat)?;
        for (k, y) in y.chunks_exact(2).enumerate() {
            tally.add(y, truths.y(k * each + step));
            state[k * (width - 1)..][..2].copy_from_slice(y);
        }
    }
    debug_assert_eq!(tally.samples, (trajectories * each) as u64);
    Ok(tally.scores())
}

/// The errors of a network of a time domain that ends at `span`, applied again and again: what it
/// gives for `span` is where it starts next (section 3.4.1). Rows of a trajectory are in rising time.
pub(super) fn reused(
    session: &mut dyn Session,
    span: f64,
    truths: Truths<'_>,
    beat: &mut dyn FnMut(),
) -> Result<Scores, Error> {
    let (width, each) = (truths.width(), truths.euler.rows_each);
    let trajectories = truths.euler.samples.rows() / each;
    // The input row of each trajectory in the present application; its time is filled in below.
    let mut now: Vec<f32> =
        truths.x().chunks_exact(width * each).flat_map(|rows| &rows[..width]).copied().collect();
    let mut next = vec![0; trajectories];
    let mut tally = Tally::default();
    let mut k = 0_u32;
    while next.iter().any(|n| *n < each) {
        let (from, to) = (f64::from(k) * span, f64::from(k + 1) * span);
        let (mut x, mut rows) = (Vec::new(), Vec::new());
        for (trajectory, next) in next.iter_mut().enumerate() {
            while *next < each {
                let row = trajectory * each + *next;
                let t = f64::from(truths.x()[row * width]);
                if t > to {
                    break;
                }
                x.push((t - from) as f32);
                x.extend(&now[trajectory * width + 1..][..width - 1]);
                rows.push(row);
                *next += 1;
            }
        }
        let y = predict(session, &x, width, beat)?;
        for (row, y) in rows.iter().zip(y.chunks_exact(2)) {
            tally.add(y, truths.y(*row));
        }
        for row in now.chunks_exact_mut(width) {
            row[0] = span as f32;
        }
        let ends = predict(session, &now, width, beat)?;
        for (row, end) in now.chunks_exact_mut(width).zip(ends.chunks_exact(2)) {
            row[1..3].copy_from_slice(end);
        }
        k += 1;
    }
    Ok(tally.scores())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use infer_trt::{Provider, SessionOptions};
    use surrogates::{Mlp, MlpSpec, Normalization, onnx};

    use super::super::Problem;
    use super::super::cache;
    use super::super::recipes::{Purpose, Truth, in_table_1, sequence, solutions};
    use super::*;
    use crate::interrupt::Stop;

    fn network(inputs: usize, folder: &std::path::Path) -> (Mlp, Box<dyn Session>) {
        let spec = MlpSpec::parse(inputs, "Tanh5", 2).unwrap();
        let network =
            Mlp::random(spec, Normalization::identity(inputs), Normalization::identity(2), 4).unwrap();
        let path = folder.join(format!("{inputs}.onnx"));
        onnx::export(&network, &onnx::Description::default(), &path).unwrap();
        let options = SessionOptions::default().with_threads(1);
        (network, infer_trt::open(&path, &Provider::Native, &options).unwrap())
    }

    fn sets(folder: &std::path::Path, make: impl Fn(Truth) -> datagen::Recipe) -> [Arc<Loaded>; 2] {
        [Truth::Euler, Truth::Accurate]
            .map(|truth| cache::get(folder, "test", &make(truth), Stop::new()).unwrap())
    }

    fn assert_scores(scores: Scores, errors: &[[f64; 2]]) {
        let n = errors.len() as f64;
        for (k, found) in [scores.euler, scores.accurate].into_iter().enumerate() {
            let mean = errors.iter().map(|e| e[k]).sum::<f64>() / n;
            let max = errors.iter().fold(0.0, |m: f64, e| m.max(e[k]));
            assert!((found.mean - mean).abs() < 1e-5 * mean && (found.max - max).abs() < 1e-4, "{scores:?}");
        }
        assert_eq!(scores.samples, errors.len() as u64);
    }

    /// Both against one trajectory after the other, one network call at a time.
    #[test]
    fn iterating_and_reusing_are_what_a_direct_loop_gives() {
        let folder = tempfile::tempdir().unwrap();
        let [euler, accurate] =
            sets(folder.path(), |truth| sequence(Problem::C, in_table_1(Problem::C, 7), 2.0, 9.0, truth));
        let (net, mut session) = network(3, folder.path());
        let truths = Truths { euler: &euler, accurate: &accurate };
        assert_eq!(euler.rows_each, 4);
        let mut errors = Vec::new();
        for k in 0..7 {
            let first = &euler.samples.inputs()[k * 4 * 4..][..4];
            let mut x = [first[1], first[2], first[3]];
            for step in 0..4 {
                let mut y = [0.0; 2];
                net.predict(&x, &mut y).unwrap();
                errors.push(truths.y(k * 4 + step).map(|t| error(&y, t)));
                x[..2].copy_from_slice(&y);
            }
        }
        assert_scores(iterated(&mut *session, truths, &mut || {}).unwrap(), &errors);

        let [euler, accurate] = sets(folder.path(), |truth| {
            solutions(Problem::BC, in_table_1(Problem::BC, 5), 50.0, Some(11), truth, Purpose::Validation)
        });
        let (net, mut session) = network(3, folder.path());
        let truths = Truths { euler: &euler, accurate: &accurate };
        let mut errors = Vec::new();
        for row in 0..55 {
            let at = &euler.samples.inputs()[row * 3..][..3];
            let (mut t, mut state, mut y) = (f64::from(at[0]), [at[1], at[2]], [0.0; 2]);
            while t > 7.0 {
                net.predict(&[7.0, state[0], state[1]], &mut y).unwrap();
                state = y;
                t -= 7.0;
            }
            net.predict(&[t as f32, state[0], state[1]], &mut y).unwrap();
            errors.push(truths.y(row).map(|t| error(&y, t)));
        }
        assert_scores(reused(&mut *session, 7.0, truths, &mut || {}).unwrap(), &errors);
    }

    #[test]
    fn a_row_is_handed_to_the_network_of_its_window() {
        let edges = [2.0, 4.0, 6.0];
        for (t, expected) in [(0.0, 0), (2.0, 0), (2.1, 1), (4.0, 1), (5.9, 2), (6.1, 2)] {
            assert_eq!(window(&edges, t), expected, "{t}");
        }
        let folder = tempfile::tempdir().unwrap();
        let [euler, accurate] = sets(folder.path(), |truth| {
            solutions(Problem::BS, in_table_1(Problem::BS, 6), 6.0, Some(5), truth, Purpose::Validation)
        });
        let truths = Truths { euler: &euler, accurate: &accurate };
        // Three times the same network: windows make no difference.
        let mut sessions: Vec<_> = (0..3).map(|_| network(3, folder.path()).1).collect();
        let cut = in_windows(&mut sessions, &edges, truths, &mut || {}).unwrap();
        let whole = at_rows(&mut *sessions[0], truths, &mut || {}).unwrap();
        assert!((cut.euler.mean - whole.euler.mean).abs() < 1e-12 && cut.euler.max == whole.euler.max);
        assert_eq!(cut.samples, 30);
    }
}
