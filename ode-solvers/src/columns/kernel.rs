//! The loop over steps.

use core::marker::PhantomData;

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

    /// The time of a stage, as a fraction of the step.
    pub(super) fn time(self, stage: usize) -> f64 {
        match self {
            Self::Explicit(tableau) => tableau.c[stage],
            Self::RushLarsen => 0.0,
        }
    }
}

/// Steps of one length with a block of groups, each of which has its states, parameters and drives
/// side by side. The groups take each step in turn: while the results of one are on their way the
/// processor computes with the next.
pub(super) struct March<'a, S, E, T> {
    pub(super) scheme: Scheme,
    pub(super) groups: usize,
    pub(super) dt: f64,
    pub(super) steps: u64,
    pub(super) y: &'a mut [T],
    pub(super) p: &'a [T],
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
                let h = U::from(tableau.b[0] * self.dt);
                for _ in 0..self.steps {
                    for g in 0..self.groups {
                        let y = &mut y[g * n..][..n];
                        S::rhs(&p[g * m..][..m], drive[g], y, &mut slope[..n], &mut b[..n]);
                        for (y, &slope) in y.iter_mut().zip(&slope) {
                            *y = slope.mul_add(h, *y);
                        }
                    }
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
                        y.copy_from_slice(state);
                    }
                }
            }
            Scheme::RushLarsen => {
                for _ in 0..self.steps {
                    for g in 0..self.groups {
                        let y = &mut y[g * n..][..n];
                        b[..n].fill(U::default());
                        S::rhs(&p[g * m..][..m], drive[g], y, &mut slope[..n], &mut b[..n]);
                        for ((y, &slope), &b) in y.iter_mut().zip(&slope).zip(&b) {
                            *y = slope.mul_add(relaxation(b, self.dt), *y);
                        }
                    }
                }
            }
        }
    }
}

/// `out = y + h Σ wⱼ kⱼ`, without the weights that are zero.
#[inline(always)]
fn sum<T: Scalar>(w: &[f64], h: f64, y: &[T], k: &[T], out: &mut [T]) {
    let n = out.len();
    for (i, (out, &y)) in out.iter_mut().zip(y).enumerate() {
        let (mut sum, mut some) = (T::default(), false);
        // No closures: what is not inlined is compiled for the least machine of the target.
        for (&w, k) in w.iter().zip(k.chunks_exact(n)) {
            if w != 0.0 {
                let term = k[i] * (w * h);
                sum = if some { sum + term } else { term };
                some = true;
            }
        }
        *out = if some { y + sum } else { y };
    }
}
