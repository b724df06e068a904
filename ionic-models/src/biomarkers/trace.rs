//! A sampled quantity as a curve.

use std::borrow::Cow;

/// Samples or settings that make no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BiomarkerError {
    /// Lists of different lengths.
    #[error("{what}: {found} numbers for {expected} times; give one for each time")]
    WrongLength {
        /// `values` or `derivatives`.
        what: &'static str,
        /// The number of times.
        expected: usize,
        /// The number of values.
        found: usize,
    },
    /// Fewer than two different times.
    #[error("the trace has no extent in time ({samples} samples); give at least two times")]
    TooShort {
        /// The number of samples.
        samples: usize,
    },
    /// A number that is not finite.
    #[error("{what}[{index}] is {value}; give finite numbers")]
    NotFinite {
        /// `times`, `values` or `derivatives`.
        what: &'static str,
        /// Its place.
        index: usize,
        /// The number.
        value: f64,
    },
    /// Times that do not rise.
    #[error("times[{index}] = {t} comes after {previous}; give times in rising order")]
    NotRising {
        /// Its place.
        index: usize,
        /// The time.
        t: f64,
        /// The time before it.
        previous: f64,
    },
    /// A time given more often than twice, or twice with different values.
    #[error(
        "times[{index}] = {t} repeats; a time may come twice, with the same value, to give the \
         derivatives before and after a jump"
    )]
    Repeated {
        /// The place of the repetition.
        index: usize,
        /// The time.
        t: f64,
    },
    /// A setting that makes no sense.
    #[error("{name} is {value}: {rule}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must satisfy.
        rule: &'static str,
    },
}

/// Which way a level is crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From below to the level or above.
    Up,
    /// From above to the level or below.
    Down,
}

/// A highest or lowest point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extremum {
    /// When.
    pub t: f64,
    /// How high.
    pub value: f64,
}

/// One quantity, sampled at rising times, as a piecewise cubic curve.
///
/// Where the derivative jumps (the edge of a stimulus) a time may come twice, with the same value
/// and the derivatives before and after.
#[derive(Debug, Clone)]
pub struct Trace<'a> {
    t: &'a [f64],
    v: &'a [f64],
    slopes: Cow<'a, [f64]>,
    exact: bool,
}

impl<'a> Trace<'a> {
    /// A trace without known derivatives.
    ///
    /// The curve is the monotone cubic of Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5:300,
    /// 1984): it never leaves the range of neighbouring samples, so that a peak is the highest
    /// sample.
    ///
    /// # Errors
    /// [`BiomarkerError`] if lengths differ, there are fewer than two times, times do not rise, or
    /// a number is not finite.
    pub fn new(t: &'a [f64], v: &'a [f64]) -> Result<Self, BiomarkerError> {
        check(t, v)?;
        let mut slopes = Vec::with_capacity(t.len());
        for part in t.chunk_by(|a, b| a < b) {
            let first = slopes.len();
            monotone_slopes(part, &v[first..first + part.len()], &mut slopes);
        }
        Ok(Self { t, v, slopes: Cow::Owned(slopes), exact: false })
    }

    /// A trace with its derivative at each sample: the cubic Hermite curve.
    ///
    /// # Errors
    /// As [`new`](Trace::new).
    pub fn with_derivative(t: &'a [f64], v: &'a [f64], dvdt: &'a [f64]) -> Result<Self, BiomarkerError> {
        check(t, v)?;
        same_length("derivatives", t, dvdt)?;
        finite("derivatives", dvdt)?;
        Ok(Self { t, v, slopes: Cow::Borrowed(dvdt), exact: true })
    }

    /// The first time.
    #[must_use]
    pub fn start(&self) -> f64 {
        self.t[0]
    }

    /// The last time.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.t[self.t.len() - 1]
    }

    /// The first sample.
    #[must_use]
    pub fn first_value(&self) -> f64 {
        self.v[0]
    }

    /// The last sample.
    #[must_use]
    pub fn last_value(&self) -> f64 {
        self.v[self.v.len() - 1]
    }

    /// The highest point at or after `from`; the earliest of several. `None` if the trace ends
    /// before `from`.
    #[must_use]
    pub fn maximum(&self, from: f64) -> Option<Extremum> {
        self.extremum(from, |a, b| a > b)
    }

    /// The lowest point at or after `from`; the earliest of several. `None` if the trace ends
    /// before `from`.
    #[must_use]
    pub fn minimum(&self, from: f64) -> Option<Extremum> {
        self.extremum(from, |a, b| a < b)
    }

    /// The highest point from `from` to `to`; the earliest of several. `None` if the trace has nothing
    /// in between.
    #[must_use]
    pub fn maximum_between(&self, from: f64, to: f64) -> Option<Extremum> {
        let mut best = Extremum { t: from, value: f64::NEG_INFINITY };
        for piece in self.pieces(from).take_while(|p| p.cubic.time(p.from) <= to) {
            let last = ((to - piece.cubic.t0) / piece.cubic.h).min(piece.to);
            for s in [piece.from, last] {
                let value = piece.cubic.value(s);
                if value > best.value {
                    best = Extremum { t: piece.cubic.time(s), value };
                }
            }
        }
        (best.value > f64::NEG_INFINITY).then_some(best)
    }

    /// When the curve first crosses `level` in this direction, at or after `from`.
    #[must_use]
    pub fn crossing(&self, level: f64, direction: Direction, from: f64) -> Option<f64> {
        self.pieces(from).find_map(|piece| piece.crossing(level, direction))
    }

    /// The steepest rise and its time: the largest derivative at a sample where derivatives are
    /// known, else the largest difference quotient of neighbours, at the earlier of the two.
    #[must_use]
    pub fn steepest_rise(&self) -> Extremum {
        let none = Extremum { t: self.t[0], value: f64::NEG_INFINITY };
        let higher = |best: Extremum, (t, value): (f64, f64)| {
            if value > best.value { Extremum { t, value } } else { best }
        };
        let times = self.t.iter().copied();
        if self.exact {
            return times.zip(self.slopes.iter().copied()).fold(none, higher);
        }
        let chords = self.t.windows(2).zip(self.v.windows(2)).map(|(t, v)| (v[1] - v[0]) / (t[1] - t[0]));
        // A repeated time gives 0/0, which is higher than nothing.
        times.zip(chords).fold(none, higher)
    }

    fn extremum(&self, from: f64, better: impl Fn(f64, f64) -> bool) -> Option<Extremum> {
        let mut best: Option<Extremum> = None;
        for piece in self.pieces(from) {
            for s in [piece.from, piece.to] {
                let value = piece.cubic.value(s);
                if best.is_none_or(|b| better(value, b.value)) {
                    best = Some(Extremum { t: piece.cubic.time(s), value });
                }
            }
        }
        best
    }

    /// The parts of the curve on which it only rises or only falls, from `from` on.
    fn pieces(&self, from: f64) -> impl Iterator<Item = Piece> + '_ {
        // The last interval that begins at or before `from`.
        let first = self.t.partition_point(|&t| t <= from).saturating_sub(1);
        let intervals = (first..self.t.len() - 1).filter(|&k| self.t[k] < self.t[k + 1]);
        intervals.map(|k| self.cubic(k)).flat_map(move |cubic| {
            let start = if from > cubic.t0 { (from - cubic.t0) / cubic.h } else { 0.0 };
            let mut knots = [start, 1.0, 1.0, 1.0];
            let mut n = 1;
            for s in cubic.turning_points().into_iter().flatten() {
                // Without known derivatives the curve is monotone between samples: a turning point
                // is rounding.
                if self.exact && s > start && s < 1.0 {
                    knots[n] = s;
                    n += 1;
                }
            }
            knots[..n].sort_unstable_by(f64::total_cmp);
            let count = if start <= 1.0 { n } else { 0 };
            (0..count).map(move |i| Piece {
                cubic,
                from: knots[i],
                to: if i + 1 < n { knots[i + 1] } else { 1.0 },
            })
        })
    }

    /// The curve between samples `k` and `k + 1`.
    fn cubic(&self, k: usize) -> Cubic {
        let h = self.t[k + 1] - self.t[k];
        let (m0, m1) = (h * self.slopes[k], h * self.slopes[k + 1]);
        let rise = self.v[k + 1] - self.v[k];
        let (low, high) = (self.v[k].min(self.v[k + 1]), self.v[k].max(self.v[k + 1]));
        Cubic {
            t0: self.t[k],
            h,
            end: self.v[k + 1],
            bounds: if self.exact { (f64::NEG_INFINITY, f64::INFINITY) } else { (low, high) },
            c: [self.v[k], m0, 3.0 * rise - 2.0 * m0 - m1, m0 + m1 - 2.0 * rise],
        }
    }
}

/// `c₀ + c₁s + c₂s² + c₃s³` for `s = (t − t₀)/h` in [0, 1].
#[derive(Clone, Copy)]
struct Cubic {
    t0: f64,
    h: f64,
    /// The value at s = 1, without rounding.
    end: f64,
    /// What the value keeps to, where rounding would take it outside.
    bounds: (f64, f64),
    c: [f64; 4],
}

impl Cubic {
    fn value(&self, s: f64) -> f64 {
        if s == 1.0 {
            return self.end;
        }
        let [c0, c1, c2, c3] = self.c;
        (c0 + s * (c1 + s * (c2 + s * c3))).clamp(self.bounds.0, self.bounds.1)
    }

    fn time(&self, s: f64) -> f64 {
        self.t0 + s * self.h
    }

    /// Where the derivative c₁ + 2c₂s + 3c₃s² vanishes.
    fn turning_points(&self) -> [Option<f64>; 2] {
        let [_, c1, c2, c3] = self.c;
        let discriminant = c2 * c2 - 3.0 * c3 * c1;
        if discriminant <= 0.0 {
            return [None, None];
        }
        // The form without cancellation: q has the larger magnitude of the two sums.
        let q = -(c2 + discriminant.sqrt().copysign(c2));
        let finite = |s: f64| s.is_finite().then_some(s);
        [finite(q / (3.0 * c3)), finite(c1 / q)]
    }
}

/// A part of a cubic on which it only rises or only falls.
struct Piece {
    cubic: Cubic,
    from: f64,
    to: f64,
}

impl Piece {
    fn crossing(&self, level: f64, direction: Direction) -> Option<f64> {
        let before = |s: f64| match direction {
            Direction::Up => self.cubic.value(s) < level,
            Direction::Down => self.cubic.value(s) > level,
        };
        if !before(self.from) || before(self.to) {
            return None;
        }
        let (mut low, mut high) = (self.from, self.to);
        // Halving until the floating-point numbers between are used up.
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return Some(self.cubic.time(high));
            }
            if before(middle) { low = middle } else { high = middle }
        }
    }
}

fn check(t: &[f64], v: &[f64]) -> Result<(), BiomarkerError> {
    same_length("values", t, v)?;
    finite("times", t)?;
    finite("values", v)?;
    for (i, pair) in t.windows(2).enumerate() {
        let (index, t_here, previous) = (i + 1, pair[1], pair[0]);
        if t_here < previous {
            return Err(BiomarkerError::NotRising { index, t: t_here, previous });
        }
        if t_here == previous && (v[index] != v[index - 1] || (i > 0 && t[i - 1] == previous)) {
            return Err(BiomarkerError::Repeated { index, t: t_here });
        }
    }
    match (t.first(), t.last()) {
        (Some(first), Some(last)) if first < last => Ok(()),
        _ => Err(BiomarkerError::TooShort { samples: t.len() }),
    }
}

fn same_length(what: &'static str, t: &[f64], list: &[f64]) -> Result<(), BiomarkerError> {
    if list.len() == t.len() {
        return Ok(());
    }
    Err(BiomarkerError::WrongLength { what, expected: t.len(), found: list.len() })
}

fn finite(what: &'static str, list: &[f64]) -> Result<(), BiomarkerError> {
    match list.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(index) => Err(BiomarkerError::NotFinite { what, index, value: list[index] }),
    }
}

/// Appends slopes with which the cubic keeps to the range of neighbouring samples: the weighted
/// harmonic mean of the chords on both sides, 0 where they differ in sign.
fn monotone_slopes(t: &[f64], v: &[f64], out: &mut Vec<f64>) {
    let n = t.len();
    let h = |i: usize| t[i + 1] - t[i];
    let chord = |i: usize| (v[i + 1] - v[i]) / h(i);
    for i in 0..n {
        out.push(match (i, n) {
            (_, 1) => 0.0,
            (0, _) => chord(0),
            (i, n) if i == n - 1 => chord(n - 2),
            (i, _) => {
                let (left, right) = (chord(i - 1), chord(i));
                if left * right <= 0.0 {
                    0.0
                } else {
                    let (w_left, w_right) = (2.0 * h(i) + h(i - 1), h(i) + 2.0 * h(i - 1));
                    (w_left + w_right) / (w_left / left + w_right / right)
                }
            }
        });
    }
}
