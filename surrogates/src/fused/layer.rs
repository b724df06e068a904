//! Activations on panels, forward and reverse.

use super::functions::activation;
use super::level::Task;
use super::simd::{Line, Simd};
use crate::Activation;

/// Calls `$body` with the number of the activation at hand.
macro_rules! by_kind {
    ($kind:expr, $body:ident, $s:ty $(, $l:ident)?; ($($arg:expr),*)) => {
        match $kind {
            Activation::SiLU => $body::<$s, { Activation::SiLU as u8 } $(, $l)?>($($arg),*),
            Activation::Tanh => $body::<$s, { Activation::Tanh as u8 } $(, $l)?>($($arg),*),
            Activation::ELU => $body::<$s, { Activation::ELU as u8 } $(, $l)?>($($arg),*),
            Activation::ReLU => $body::<$s, { Activation::ReLU as u8 } $(, $l)?>($($arg),*),
            Activation::GELU => $body::<$s, { Activation::GELU as u8 } $(, $l)?>($($arg),*),
            Activation::LeakyReLU => $body::<$s, { Activation::LeakyReLU as u8 } $(, $l)?>($($arg),*),
            Activation::Sin => $body::<$s, { Activation::Sin as u8 } $(, $l)?>($($arg),*),
        }
    };
}

/// Replaces z by σ(z) and writes σ'(z) into `d`. With `pairs`, the first half of each feature's lines
/// are values and the second half their derivatives: these become σ'(z)·ż, and their part of `d` is
/// σ''(z)·ż.
#[inline(always)]
pub(super) fn activate<S: Simd, const L: usize>(
    s: S,
    kind: Activation,
    pairs: bool,
    z: &mut [[Line; L]],
    d: &mut [[Line; L]],
) {
    if const { L > 1 } && pairs {
        s.apart(Tangents { kind, z, d });
        return;
    }
    let values = Values { kind, z: z.as_flattened_mut(), d: d.as_flattened_mut() };
    // In panels of one line a call would be felt.
    if const { L == 1 } { values.run(s) } else { s.apart(values) }
}

/// Replaces z by σ(z) and writes σ'(z) into `d`. A function of its own, since panels of every size need it, and
/// whoever has no panels.
pub(super) struct Values<'a> {
    pub(super) kind: Activation,
    pub(super) z: &'a mut [Line],
    pub(super) d: &'a mut [Line],
}

impl Task for Values<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        by_kind!(self.kind, value, S; (s, self.z, self.d));
    }
}

#[inline(always)]
fn value<S: Simd, const KIND: u8>(s: S, z: &mut [Line], d: &mut [Line]) {
    for (z, d) in z.iter_mut().zip(d) {
        let (h, slope, _) = activation::<S, KIND>(s, s.load(z));
        s.store(h, z);
        s.store(slope, d);
    }
}

/// [`activate`] of pairs.
struct Tangents<'a, const L: usize> {
    kind: Activation,
    z: &'a mut [[Line; L]],
    d: &'a mut [[Line; L]],
}

impl<const L: usize> Task for Tangents<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        by_kind!(self.kind, tangent, S, L; (s, self.z, self.d));
    }
}

#[inline(always)]
fn tangent<S: Simd, const KIND: u8, const L: usize>(s: S, z: &mut [[Line; L]], d: &mut [[Line; L]]) {
    for (z, d) in z.iter_mut().zip(d) {
        for j in 0..L / 2 {
            let t = s.load(&z[L / 2 + j]);
            let (h, slope, bend) = activation::<S, KIND>(s, s.load(&z[j]));
            s.store(h, &mut z[j]);
            s.store(slope, &mut d[j]);
            s.store(s.mul(slope, t), &mut z[L / 2 + j]);
            s.store(s.mul(bend, t), &mut d[L / 2 + j]);
        }
    }
}

/// Reverse of [`activate`]: from the gradients by h and ḣ, those by z and ż.
#[inline(always)]
pub(super) fn reverse<S: Simd, const L: usize>(s: S, pairs: bool, g: &mut [[Line; L]], d: &[[Line; L]]) {
    if !pairs {
        for (g, d) in g.as_flattened_mut().iter_mut().zip(d.as_flattened()) {
            s.store(s.mul(s.load(g), s.load(d)), g);
        }
        return;
    }
    for (g, d) in g.iter_mut().zip(d) {
        for j in 0..L / 2 {
            let (slope, tangent) = (s.load(&d[j]), s.load(&g[L / 2 + j]));
            let value = s.mul(s.load(&g[j]), slope);
            s.store(s.fma(tangent, s.load(&d[L / 2 + j]), value), &mut g[j]);
            s.store(s.mul(tangent, slope), &mut g[L / 2 + j]);
        }
    }
}
