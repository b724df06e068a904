//! The loop over steps.
//!
//! Loops count, and there are no closures: what the compiler does not inline is compiled for the least
//! machine of the target, and calls of iterators are not always inlined.
#![allow(
    clippy::needless_range_loop,
    clippy::manual_memcpy,
    reason = "calls of iterators and slices are not always inlined"
)]

use core::marker::PhantomData;

use super::deferred::Deferred;
use crate::columns::MAX_COLUMNS;
use crate::rush_larsen::relaxation;
use crate::tableau::ExplicitTableau;
use crate::{Columns, Element, Kernel, Scalar, Twin};

/// How a step is taken.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scheme {
    Explicit(&'static ExplicitTableau),
    RushLarsen,
}

impl Scheme {
    pub(super) fn stages(self) -> usize {
        match self {
            Self::Explicit(tableau) => tableau.stages(),
            Self::RushLarsen => 1,
        }
    }

    /// Whether a step is y + h f(y), in which h is the step's length as it is.
    pub(super) fn is_euler(self) -> bool {
        matches!(self, Self::Explicit(tableau) if tableau.stages() == 1 && tableau.b[0] == 1.0)
    }

    /// The time of a stage, as a fraction of the step.
    pub(super) fn time(self, stage: usize) -> f64 {
        match self {
            Self::Explicit(tableau) => tableau.c[stage],
            Self::RushLarsen => 0.0,
        }
    }
}

/// Steps of one length with a block of groups, each of which has its states, parameters and drives
/// side by side. Groups take each step in turn (in Euler's method as many as registers hold, then the
/// next): while the results of one are on their way the processor computes with another.
pub(super) struct March<'a, S, E, T> {
    pub(super) scheme: Scheme,
    pub(super) groups: usize,
    pub(super) dt: f64,
    pub(super) steps: u64,
    pub(super) y: &'a mut [T],
    pub(super) p: &'a [T],
    /// Whether the parameters of the first group are those of all.
    pub(super) common: bool,
    /// For each group and stage.
    pub(super) drive: &'a [T],
    /// Slopes of the stages, and a state.
    pub(super) work: &'a mut [T],
    pub(super) system: PhantomData<(fn() -> S, E)>,
}

impl<S: Columns<E>, E: Element, T: Scalar> Kernel<T> for March<'_, S, E, T> {
    type Output = ();

    #[inline(always)]
    fn run<U: Twin<T>>(self) {
        let (n, m, stages) = (S::STATES, S::PARAMETERS, self.scheme.stages());
        let (y, work) = (U::view_mut(self.y), U::view_mut(self.work));
        let (p, drive) = (U::view(self.p), U::view(self.drive));
        let mut b = [U::default(); MAX_COLUMNS];
        let mut slope = [U::default(); MAX_COLUMNS];
        match self.scheme {
            Scheme::Explicit(tableau) if stages == 1 => {
                let (h, steps) = (U::from(tableau.b[0] * self.dt), self.steps);
                let mut first = 0;
                while first < self.groups {
                    let left = self.groups - first;
                    let own = if self.common { p } else { &p[first * m..] };
                    let rest = Groups { y: &mut y[first * n..], p: own, drive: &drive[first..] };
                    first += rest.some_euler::<S, E>(h, steps, left, self.common);
                }
            }
            Scheme::Explicit(tableau) => {
                let (state, k) = work.split_at_mut(n);
                for _ in 0..self.steps {
                    for g in 0..self.groups {
                        let (y, p) = (&mut y[g * n..][..n], &p[g * m..][..m]);
                        for stage in 0..stages {
                            let (done, rest) = k.split_at_mut(stage * n);
                            sum(tableau.a[stage], self.dt, y, done, state);
                            S::rhs(p, drive[g * stages + stage], state, &mut rest[..n], &mut b[..n]);
                        }
                        sum(tableau.b, self.dt, y, k, state);
                        for i in 0..n {
                            y[i] = state[i];
                        }
                    }
                }
            }
            Scheme::RushLarsen => {
                for _ in 0..self.steps {
                    for g in 0..self.groups {
                        let y = &mut y[g * n..][..n];
                        for b in &mut b[..n] {
                            *b = U::default();
                        }
                        S::rhs(&p[g * m..][..m], drive[g], y, &mut slope[..n], &mut b[..n]);
                        for i in 0..n {
                            y[i] = slope[i].mul_add(relaxation(b[i], self.dt), y[i]);
                        }
                    }
                }
            }
        }
    }
}

/// Groups that have their steps before them.
struct Groups<'a, U> {
    y: &'a mut [U],
    p: &'a [U],
    drive: &'a [U],
}

impl<U: Scalar> Groups<'_, U> {
    /// Explicit Euler with as many of the `left` groups as registers hold. Returns how many.
    ///
    /// The number of states is asked for where the code is compiled: for one system there are one or two of these
    /// loops, and the compiler is spared those of all others.
    #[inline(always)]
    fn some_euler<S: Columns<E>, E: Element>(self, h: U, steps: u64, left: usize, common: bool) -> usize {
        if const { S::STATES == 1 } {
            match (left, common) {
                (8.., true) => self.euler::<S, E, 1, 8, true>(h, steps),
                (8.., false) => self.euler::<S, E, 1, 8, false>(h, steps),
                _ => self.euler::<S, E, 1, 1, true>(h, steps),
            }
        } else if const { S::STATES == 2 } {
            match (left, common) {
                (8.., true) => self.euler::<S, E, 2, 8, true>(h, steps),
                (4.., false) => self.euler::<S, E, 2, 4, false>(h, steps),
                _ => self.euler::<S, E, 2, 1, true>(h, steps),
            }
        } else if const { S::STATES == 3 } {
            match (left, common) {
                (4.., true) => self.euler::<S, E, 3, 4, true>(h, steps),
                (4.., false) => self.euler::<S, E, 3, 4, false>(h, steps),
                _ => self.euler::<S, E, 3, 1, true>(h, steps),
            }
        } else if const { S::STATES == 4 } {
            match (left, common) {
                (4.., true) => self.euler::<S, E, 4, 4, true>(h, steps),
                (4.., false) => self.euler::<S, E, 4, 4, false>(h, steps),
                _ => self.euler::<S, E, 4, 1, true>(h, steps),
            }
        } else {
            self.euler_in_memory::<S, E>(h, steps, left)
        }
    }

    /// Explicit Euler with the first `G` groups of `N` states, which are in registers all the time:
    /// enough of them that the processor need not wait for one, and no more than it has registers for.
    /// If parameters are `COMMON`, those of the first group are everyone's, and in registers, too.
    /// Returns `G`.
    #[inline(always)]
    fn euler<S: Columns<E>, E: Element, const N: usize, const G: usize, const COMMON: bool>(
        self,
        h: U,
        steps: u64,
    ) -> usize {
        let m = S::PARAMETERS;
        // Lengths that the compiler knows: no check remains in the loop.
        let (p, drive) = (&self.p[..if COMMON { m } else { G * m }], &self.drive[..G]);
        let mut y = [[U::default(); N]; G];
        for g in 0..G {
            for i in 0..N {
                y[g][i] = self.y[g * N + i];
            }
        }
        for _ in 0..steps {
            for g in 0..G {
                let p = if COMMON { &p[..m] } else { &p[g * m..][..m] };
                // An array that has much more room than it needs is not kept in registers: it would be filled anew,
                // in memory, for every step.
                if const { S::PARAMETERS <= 8 } {
                    euler_step::<S, E, U, N, 8>(p, drive[g], h, &mut y[g]);
                } else if const { S::PARAMETERS <= 16 } {
                    euler_step::<S, E, U, N, 16>(p, drive[g], h, &mut y[g]);
                } else {
                    euler_step::<S, E, U, N, MAX_COLUMNS>(p, drive[g], h, &mut y[g]);
                }
            }
        }
        for g in 0..G {
            for i in 0..N {
                self.y[g * N + i] = y[g][i];
            }
        }
        G
    }

    /// The same with so many groups, of any number of states. Returns how many.
    #[inline(always)]
    fn euler_in_memory<S: Columns<E>, E: Element>(self, h: U, steps: u64, groups: usize) -> usize {
        let (n, m) = (S::STATES, S::PARAMETERS);
        let mut slope = [U::default(); MAX_COLUMNS];
        let mut b = [U::default(); MAX_COLUMNS];
        for _ in 0..steps {
            for g in 0..groups {
                let y = &mut self.y[g * n..][..n];
                S::rhs(&self.p[g * m..][..m], self.drive[g], y, &mut slope[..n], &mut b[..n]);
                for i in 0..n {
                    y[i] = slope[i].mul_add(h, y[i]);
                }
            }
        }
        groups
    }
}

/// A step of Euler's method with one group, whose parameters are `p`: at most `M`.
#[inline(always)]
fn euler_step<S: Columns<E>, E: Element, U: Scalar, const N: usize, const M: usize>(
    p: &[U],
    drive: U,
    h: U,
    y: &mut [U; N],
) {
    let mut own = [Deferred::default(); M];
    for k in 0..S::PARAMETERS {
        own[k] = Deferred::fixed(p[k]);
    }
    let mut state = [Deferred::default(); N];
    for i in 0..N {
        state[i] = Deferred::of(y[i]);
    }
    let (mut slope, mut b) = ([Deferred::default(); N], [Deferred::default(); N]);
    S::rhs(&own[..S::PARAMETERS], Deferred::fixed(drive), &state, &mut slope, &mut b);
    for i in 0..N {
        y[i] = slope[i].step(h, y[i]);
    }
}

/// `out = y + h Σ wⱼ kⱼ`, without the weights that are zero.
#[inline(always)]
fn sum<T: Scalar>(w: &[f64], h: f64, y: &[T], k: &[T], out: &mut [T]) {
    let n = out.len();
    let stages = w.len().min(k.len() / n);
    for i in 0..n {
        let (mut sum, mut some) = (T::default(), false);
        for stage in 0..stages {
            if w[stage] != 0.0 {
                let term = k[stage * n + i] * (w[stage] * h);
                sum = if some { sum + term } else { term };
                some = true;
            }
        }
        out[i] = if some { y[i] + sum } else { y[i] };
    }
}
