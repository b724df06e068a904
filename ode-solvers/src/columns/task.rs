//! The members of one task: block after block from the columns to the registers and back.
//!
//! All of it is one [`Kernel`], so that numbers are copied and looked at a register at a time.

use core::ops::Range;

use super::kernel::{March, Scheme};
use super::{Columns, Lost};
use crate::integrate::steps_between;
use crate::{Element, Kernel, Lanes, Scalar, Step, Twin};

/// Groups of lanes that go through a step one after the other, so that the processor need not wait
/// for the results of one: at most so many, and so many numbers.
const GROUPS: usize = 8;
const BLOCK: usize = 96;

/// What all members do.
pub(super) struct Course<'a, S> {
    pub(super) system: &'a S,
    pub(super) scheme: Scheme,
    pub(super) dt: f64,
    /// Start, stops and end.
    pub(super) edges: Vec<f64>,
}

impl<S> Course<'_, S> {
    /// Marches with the members from `begin` on, whose columns these are.
    pub(super) fn march<E: Element, const N: usize>(
        &self,
        begin: usize,
        columns: &mut [&mut [E]],
    ) -> Vec<Lost>
    where
        S: Columns<E>,
    {
        let len = columns[0].len();
        let places =
            Lanes::dispatch(Task::<S, E, N> { course: self, begin, places: 0..len, columns, watch: None });
        let until_lost = |place| {
            let mut lost = Lost { member: begin + place, t: self.edges[0], state: self.system.state_name(0) };
            let (places, watch) = (place..place + 1, Some(&mut lost));
            Lanes::dispatch(Task::<S, E, N> { course: self, begin, places, columns, watch });
            lost
        };
        places.into_iter().map(until_lost).collect()
    }
}

/// Some members.
struct Task<'a, 'c, S, E, const N: usize> {
    course: &'a Course<'a, S>,
    /// The member at place 0 of the columns.
    begin: usize,
    places: Range<usize>,
    columns: &'a mut [&'c mut [E]],
    /// If given, there is one member, which is watched: its columns get the state before every step, the
    /// last one before the step in which it is lost.
    watch: Option<&'a mut Lost>,
}

/// Numbers of a block: groups of lanes, one after the other.
struct Block<T> {
    /// Groups that are in use.
    groups: usize,
    y: Vec<T>,
    p: Vec<T>,
    /// For each group and stage.
    drive: Vec<T>,
    work: Vec<T>,
}

impl<S: Columns<E>, E: Element, const N: usize> Kernel<Lanes<E, N>> for Task<'_, '_, S, E, N> {
    /// The places of those that were lost: their columns are as they were.
    type Output = Vec<usize>;

    #[inline(always)]
    fn run<U: Twin<Lanes<E, N>>>(mut self) -> Vec<usize> {
        let n = S::STATES;
        let size = (BLOCK / (n + S::PARAMETERS)).clamp(1, GROUPS);
        let mut block = self.block(size);
        let mut lost = Vec::new();
        let mut first = self.places.start;
        let common = (0..S::PARAMETERS).all(|k| self.course.system.is_common(k));
        let together = self.watch.is_none() && self.course.system.is_autonomous();
        while first < self.places.end {
            let some = first..self.places.end.min(first + size * N);
            block.groups = some.len().div_ceil(N);
            for g in 0..block.groups {
                let group = group::<N>(&some, g);
                for i in 0..n {
                    block.y[g * n + i] = lanes(&self.columns[i][group.clone()]);
                }
            }
            if first == self.places.start || !common {
                self.parameters(&mut block, &some, first == self.places.start);
            }
            let mut pieces = Pieces::new::<S, E>(self.course, together);
            while let Some(piece) = pieces.next() {
                if self.watch.is_some() {
                    self.store(&block, &some, 0);
                }
                self.march::<U>(&mut block, &some, &piece, common);
                if let Some(watch) = &mut self.watch
                    && let Some(i) = (0..n).find(|&i| !block.y[i].0[0].is_finite())
                {
                    (watch.t, watch.state) = (piece.step.t, self.course.system.state_name(i));
                    return vec![first];
                }
            }
            let mut zero = U::default();
            for &y in U::view(&block.y[..block.groups * n]) {
                zero = y.mul_add(U::default(), zero);
            }
            if zero.all_finite() {
                for g in 0..block.groups {
                    self.store(&block, &some, g);
                }
            } else {
                self.store_finite(&block, &some, &mut lost);
            }
            first = some.end;
        }
        lost
    }
}

/// The places of a group.
#[inline(always)]
fn group<const N: usize>(places: &Range<usize>, g: usize) -> Range<usize> {
    let from = places.start + g * N;
    from..places.end.min(from + N)
}

/// Numbers of some members, the last one repeated in lanes that are left over.
#[inline(always)]
fn lanes<E: Element, const N: usize>(numbers: &[E]) -> Lanes<E, N> {
    if let Ok(all) = numbers.try_into() {
        return Lanes(all);
    }
    let mut all = [numbers[numbers.len() - 1]; N];
    all[..numbers.len()].copy_from_slice(numbers);
    Lanes(all)
}

impl<S: Columns<E>, E: Element, const N: usize> Task<'_, '_, S, E, N> {
    fn block(&self, groups: usize) -> Block<Lanes<E, N>> {
        let zeros = |n: usize| vec![Lanes::default(); n];
        let stages = self.course.scheme.stages();
        Block {
            groups,
            y: zeros(groups * S::STATES),
            p: zeros(groups * S::PARAMETERS),
            drive: zeros(groups * stages),
            work: zeros((stages + 1) * S::STATES),
        }
    }

    /// The parameters of the groups in use: all, or those that members have of their own.
    #[inline(always)]
    fn parameters(&self, block: &mut Block<Lanes<E, N>>, places: &Range<usize>, all: bool) {
        for k in 0..S::PARAMETERS {
            if !all && self.course.system.is_common(k) {
                continue;
            }
            for g in 0..block.groups {
                block.p[g * S::PARAMETERS + k] =
                    self.numbers(places, g, |members, out| self.course.system.parameter(k, members, out));
            }
        }
    }

    /// The numbers that `write` gives to the members of a group.
    #[inline(always)]
    fn numbers(
        &self,
        places: &Range<usize>,
        g: usize,
        write: impl FnOnce(Range<usize>, &mut [E]),
    ) -> Lanes<E, N> {
        let places = group::<N>(places, g);
        let members = self.begin + places.start..self.begin + places.end;
        let mut x = [E::default(); N];
        if members.len() == N {
            // Of a length that the compiler knows.
            write(members, &mut x);
            return Lanes(x);
        }
        write(members, &mut x[..places.len()]);
        lanes(&x[..places.len()])
    }

    /// Some steps like this one, with the drive at it.
    #[inline(always)]
    fn march<U: Twin<Lanes<E, N>>>(
        &self,
        block: &mut Block<Lanes<E, N>>,
        places: &Range<usize>,
        piece: &Piece,
        common: bool,
    ) {
        let (system, scheme) = (self.course.system, self.course.scheme);
        let (stages, step) = (scheme.stages(), piece.step);
        // Stages have times of their own, if drives change between stops.
        let times = if system.is_autonomous() { usize::from(piece.after_stop) } else { stages };
        for g in 0..block.groups {
            let drive = &mut block.drive[g * stages..][..stages];
            for (stage, drive) in drive.iter_mut().enumerate().take(times) {
                let t = if stage == 0 { step.t } else { step.at(scheme.time(stage)) };
                *drive = self.numbers(places, g, |members, out| system.drive(t, members, out));
            }
            if times == 1 {
                let one = drive[0];
                drive.fill(one);
            }
        }
        March::<S, E, _> {
            scheme,
            groups: block.groups,
            dt: step.dt,
            steps: piece.steps,
            y: &mut block.y,
            p: &block.p,
            common,
            drive: &block.drive,
            work: &mut block.work,
            system: core::marker::PhantomData,
        }
        .run::<U>();
    }

    /// The states of a group into the columns.
    #[inline(always)]
    fn store(&mut self, block: &Block<Lanes<E, N>>, places: &Range<usize>, g: usize) {
        let places = group::<N>(places, g);
        for i in 0..S::STATES {
            let (column, y) = (&mut self.columns[i][places.clone()], &block.y[g * S::STATES + i].0);
            if let Ok(column) = <&mut [E; N]>::try_from(&mut *column) {
                *column = *y;
            } else {
                column.copy_from_slice(&y[..column.len()]);
            }
        }
    }

    /// The states of those members that were not lost.
    #[cold]
    fn store_finite(&mut self, block: &Block<Lanes<E, N>>, places: &Range<usize>, lost: &mut Vec<usize>) {
        for place in places.clone() {
            let (g, lane) = ((place - places.start) / N, (place - places.start) % N);
            let y = &block.y[g * S::STATES..][..S::STATES];
            if y.iter().all(|y| y.0[lane].is_finite()) {
                for (column, y) in self.columns.iter_mut().zip(y) {
                    column[place] = y.0[lane];
                }
            } else {
                lost.push(place);
            }
        }
    }
}

/// Steps of one length, one after the other.
struct Piece {
    /// The first of them.
    step: Step,
    steps: u64,
    /// Whether it begins at the start or at a stop.
    after_stop: bool,
}

/// All steps in order.
struct Pieces<'a> {
    /// From the last stop on.
    edges: &'a [f64],
    dt: f64,
    /// Whether neighbours of one length are one piece.
    together: bool,
    /// Whether the last step before a stop is of the same length as those before it.
    same: fn(f64, f64) -> bool,
    /// Steps since that stop.
    done: u64,
}

impl<'a> Pieces<'a> {
    fn new<S, E: Element>(course: &'a Course<S>, together: bool) -> Self {
        // The last one differs by the rounding of times, of which the numbers of a step may know nothing.
        let same = |a, b| E::from_f64(a) == E::from_f64(b);
        let never = |_, _| false;
        let same = if course.scheme.is_euler() { same } else { never };
        Self { edges: &course.edges, dt: course.dt, together, same, done: 0 }
    }

    #[inline(always)]
    fn next(&mut self) -> Option<Piece> {
        let [a, b, ..] = *self.edges else { return None };
        let (k, count) = (self.done, steps_between(a, b, self.dt));
        let time = |k: u64| if k == 0 { a } else { a + k as f64 * self.dt };
        let steps = match (self.together, (self.same)(b - time(count - 1), self.dt)) {
            (true, true) => count - k,
            (true, false) if k + 1 < count => count - 1 - k,
            _ => 1,
        };
        let t = time(k);
        let (t1, dt) = if k + 1 == count { (b, b - t) } else { (time(k + 1), self.dt) };
        self.done += steps;
        if self.done == count {
            (self.edges, self.done) = (&self.edges[1..], 0);
        }
        Some(Piece { step: Step { t, t1, dt, last: b.next_down() }, steps, after_stop: k == 0 })
    }
}
