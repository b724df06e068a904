//! The inner loops: matrix products, activations with their derivatives, Adam's update.
//!
//! Each loop is written once, in safe arithmetic on slices, and compiled three times: for any
//! machine, for AVX2 with FMA, and for AVX-512. The widest version that the machine runs is taken.
#![allow(unsafe_code, reason = "calls into functions compiled for CPU features that were detected")]

#[cfg(target_arch = "x86_64")]
use crate::fused::Level;
use crate::{Activation, Real};

/// Defines a function that runs `$body::<E, FMA, W>` compiled for the machine's instructions. `W`
/// is the number of `f32` in a vector register.
macro_rules! dispatched {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) = $body:ident) => {
        $(#[$doc])*
        pub(crate) fn $name<E: Real>($($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2<E: Real>($($arg: $ty),*) {
                    $body::<E, true, 8>($($arg),*);
                }
                #[target_feature(enable = "avx2,fma,avx512f")]
                fn avx512<E: Real>($($arg: $ty),*) {
                    $body::<E, true, 16>($($arg),*);
                }
                match Level::widest() {
                    // SAFETY: it holds the proof that avx2, fma and avx512f were detected.
                    Level::Avx512(_) => return unsafe { avx512($($arg),*) },
                    // SAFETY: it holds the proof that avx2 and fma were detected.
                    Level::Avx2(_) => return unsafe { avx2($($arg),*) },
                    Level::Baseline(_) => {}
                }
            }
            $body::<E, false, 4>($($arg),*);
        }
    };
}

/// A matrix to read: element (i, j) is `data[i·row + j·column]`.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a, E> {
    pub(crate) data: &'a [E],
    pub(crate) row: usize,
    pub(crate) column: usize,
}

dispatched! {
    /// `c += a·b` with `a` m×k (any strides), `b` k×n and `c` m×n row by row.
    fn add_product(m: usize, k: usize, n: usize, a: Strided<'_, E>, b: &[E], c: &mut [E]) = product
}

#[inline(always)]
fn product<E: Real, const FMA: bool, const W: usize>(
    m: usize,
    k: usize,
    n: usize,
    a: Strided<'_, E>,
    b: &[E],
    c: &mut [E],
) {
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    assert!((m - 1) * a.row + (k - 1) * a.column < a.data.len(), "matrix a is too short");
    assert!(b.len() >= k * n && c.len() >= m * n, "matrix b or c is too short");
    let mut j = 0;
    while j + 2 * W <= n {
        if W == 4 {
            columns::<E, FMA, 4, 8>(m, k, n, j, a, b, c);
        } else if W == 8 {
            columns::<E, FMA, 4, 16>(m, k, n, j, a, b, c);
        } else {
            columns::<E, FMA, 4, 32>(m, k, n, j, a, b, c);
        }
        j += 2 * W;
    }
    while j + 8 <= n {
        columns::<E, FMA, 4, 8>(m, k, n, j, a, b, c);
        j += 8;
    }
    while j + 2 <= n {
        columns::<E, FMA, 4, 2>(m, k, n, j, a, b, c);
        j += 2;
    }
    while j < n {
        columns::<E, FMA, 4, 1>(m, k, n, j, a, b, c);
        j += 1;
    }
}

/// Columns `j..j + NR` of the product, `MR` rows at a time.
#[inline(always)]
fn columns<E: Real, const FMA: bool, const MR: usize, const NR: usize>(
    m: usize,
    k: usize,
    n: usize,
    j: usize,
    a: Strided<'_, E>,
    b: &[E],
    c: &mut [E],
) {
    let mut i = 0;
    while i + MR <= m {
        tile::<E, FMA, MR, NR>(i, k, n, j, a, b, c);
        i += MR;
    }
    while i < m {
        tile::<E, FMA, 1, NR>(i, k, n, j, a, b, c);
        i += 1;
    }
}

#[inline(always)]
fn tile<E: Real, const FMA: bool, const MR: usize, const NR: usize>(
    i: usize,
    k: usize,
    n: usize,
    j: usize,
    a: Strided<'_, E>,
    b: &[E],
    c: &mut [E],
) {
    let mut sum = [[E::default(); NR]; MR];
    for p in 0..k {
        let row: &[E; NR] = match b[p * n + j..].first_chunk() {
            Some(row) => row,
            None => return,
        };
        for (ii, sum) in sum.iter_mut().enumerate() {
            let x = a.data[(i + ii) * a.row + p * a.column];
            for (sum, b) in sum.iter_mut().zip(row) {
                *sum = x.fma::<FMA>(*b, *sum);
            }
        }
    }
    for (ii, sum) in sum.iter().enumerate() {
        for (c, sum) in c[(i + ii) * n + j..][..NR].iter_mut().zip(sum) {
            *c += *sum;
        }
    }
}

/// Writes the transpose of the rows×columns matrix `from` into `to`.
pub(crate) fn transpose<E: Copy>(rows: usize, columns: usize, from: &[E], to: &mut [E]) {
    for (j, to) in to.chunks_exact_mut(rows.max(1)).enumerate().take(columns) {
        for (i, to) in to.iter_mut().enumerate() {
            *to = from[i * columns + j];
        }
    }
}

/// σ(z), σ'(z) and σ''(z). `WIDE`: sine of any number, not only of small ones.
#[inline(always)]
fn activation<E: Real, const FMA: bool, const KIND: u8, const WIDE: bool>(z: E) -> (E, E, E) {
    let one = E::ONE;
    let zero = E::default();
    let two = one + one;
    if KIND == Activation::SiLU as u8 {
        let s = z.sigmoid::<FMA>();
        let ds = s * (one - s);
        let c = one - s - s;
        (z * s, z.fma::<FMA>(ds, s), ds * z.fma::<FMA>(c, two))
    } else if KIND == Activation::Tanh as u8 {
        let t = z.tanh::<FMA>();
        let d = (-t).fma::<FMA>(t, one);
        (t, d, -two * t * d)
    } else if KIND == Activation::ELU as u8 {
        // NaN is not above 0 and so passes through the exponential.
        let e = z.exp_m1::<FMA>();
        let d = e + one;
        if z > zero { (z, one, zero) } else { (e, d, d) }
    } else if KIND == Activation::ReLU as u8 {
        if z > zero {
            (z, one, zero)
        } else {
            // 0·z is 0, and NaN for NaN.
            (z * zero, zero, zero)
        }
    } else if KIND == Activation::GELU as u8 {
        let (p, density) = z.normal::<FMA>();
        (z * p, z.fma::<FMA>(density, p), density * (-z).fma::<FMA>(z, two))
    } else if KIND == Activation::LeakyReLU as u8 {
        let leak = E::nearest(0.01);
        if z > zero { (z, one, zero) } else { (z * leak, leak, zero) }
    } else {
        let (s, c) = if WIDE { z.sin_cos_any() } else { z.sin_cos::<FMA>() };
        (s, c, -s)
    }
}

/// Calls `$body` with the constant of the activation at hand.
macro_rules! by_kind {
    ($kind:expr, $z:expr, $body:ident, $e:ty, $fma:expr, ($($arg:expr),*)) => {
        match $kind {
            Activation::SiLU => $body::<$e, $fma, { Activation::SiLU as u8 }, false>($($arg),*),
            Activation::Tanh => $body::<$e, $fma, { Activation::Tanh as u8 }, false>($($arg),*),
            Activation::ELU => $body::<$e, $fma, { Activation::ELU as u8 }, false>($($arg),*),
            Activation::ReLU => $body::<$e, $fma, { Activation::ReLU as u8 }, false>($($arg),*),
            Activation::GELU => $body::<$e, $fma, { Activation::GELU as u8 }, false>($($arg),*),
            Activation::LeakyReLU => $body::<$e, $fma, { Activation::LeakyReLU as u8 }, false>($($arg),*),
            Activation::Sin => {
                let limit = <$e>::nearest(<$e>::SIN_LIMIT);
                if $z.iter().all(|z| z.abs() <= limit) {
                    $body::<$e, $fma, { Activation::Sin as u8 }, false>($($arg),*);
                } else {
                    $body::<$e, $fma, { Activation::Sin as u8 }, true>($($arg),*);
                }
            }
        }
    };
}

dispatched! {
    /// Replaces z by σ(z).
    fn activate(kind: Activation, z: &mut [E]) = activate_any
}

#[inline(always)]
fn activate_any<E: Real, const FMA: bool, const W: usize>(kind: Activation, z: &mut [E]) {
    by_kind!(kind, z, activate_kind, E, FMA, (z));
}

#[inline(always)]
fn activate_kind<E: Real, const FMA: bool, const KIND: u8, const WIDE: bool>(z: &mut [E]) {
    for z in z {
        *z = activation::<E, FMA, KIND, WIDE>(*z).0;
    }
}

dispatched! {
    /// Replaces z by σ(z) and writes σ'(z) into `d1`.
    fn activate_value(kind: Activation, z: &mut [E], d1: &mut [E]) = value_any
}

#[inline(always)]
fn value_any<E: Real, const FMA: bool, const W: usize>(kind: Activation, z: &mut [E], d1: &mut [E]) {
    by_kind!(kind, z, value_kind, E, FMA, (z, d1));
}

#[inline(always)]
fn value_kind<E: Real, const FMA: bool, const KIND: u8, const WIDE: bool>(z: &mut [E], d1: &mut [E]) {
    for (z, d1) in z.iter_mut().zip(d1) {
        let (h, d, _) = activation::<E, FMA, KIND, WIDE>(*z);
        *z = h;
        *d1 = d;
    }
}

dispatched! {
    /// Replaces z by σ(z) and ż by σ'(z)·ż; writes σ'(z) into `d1` and σ''(z)·ż into `d2`.
    fn activate_tangent(
        kind: Activation, z: &mut [E], tangent: &mut [E], d1: &mut [E], d2: &mut [E],
    ) = tangent_any
}

#[inline(always)]
fn tangent_any<E: Real, const FMA: bool, const W: usize>(
    kind: Activation,
    z: &mut [E],
    tangent: &mut [E],
    d1: &mut [E],
    d2: &mut [E],
) {
    by_kind!(kind, z, tangent_kind, E, FMA, (z, tangent, d1, d2));
}

#[inline(always)]
fn tangent_kind<E: Real, const FMA: bool, const KIND: u8, const WIDE: bool>(
    z: &mut [E],
    tangent: &mut [E],
    d1: &mut [E],
    d2: &mut [E],
) {
    for (((z, t), d1), d2) in z.iter_mut().zip(tangent).zip(d1).zip(d2) {
        let (h, d, dd) = activation::<E, FMA, KIND, WIDE>(*z);
        *z = h;
        *d1 = d;
        *d2 = dd * *t;
        *t *= d;
    }
}

dispatched! {
    /// `g *= d`.
    fn scale_by(g: &mut [E], d: &[E]) = scale_by_any
}

#[inline(always)]
fn scale_by_any<E: Real, const FMA: bool, const W: usize>(g: &mut [E], d: &[E]) {
    for (g, d) in g.iter_mut().zip(d) {
        *g *= *d;
    }
}

dispatched! {
    /// Reverse of [`activate_tangent`]: from the gradients by h and ḣ, those by z and ż.
    fn reverse_tangent(g: &mut [E], g_tangent: &mut [E], d1: &[E], d2: &[E]) = reverse_tangent_any
}

#[inline(always)]
fn reverse_tangent_any<E: Real, const FMA: bool, const W: usize>(
    g: &mut [E],
    g_tangent: &mut [E],
    d1: &[E],
    d2: &[E],
) {
    for (((g, gt), d1), d2) in g.iter_mut().zip(g_tangent).zip(d1).zip(d2) {
        *g = gt.fma::<FMA>(*d2, *g * *d1);
        *gt *= *d1;
    }
}

dispatched! {
    /// Adds the rows of `g` to `sum`.
    fn add_rows(g: &[E], sum: &mut [E]) = add_rows_any
}

#[inline(always)]
fn add_rows_any<E: Real, const FMA: bool, const W: usize>(g: &[E], sum: &mut [E]) {
    for row in g.chunks_exact(sum.len().max(1)) {
        for (s, g) in sum.iter_mut().zip(row) {
            *s += *g;
        }
    }
}

/// The numbers of one Adam update.
#[derive(Clone, Copy)]
pub(crate) struct AdamStep<E> {
    pub(crate) beta1: E,
    pub(crate) beta2: E,
    /// lr/(1 − β₁ᵗ)
    pub(crate) step: E,
    /// 1/√(1 − β₂ᵗ)
    pub(crate) correction: E,
    pub(crate) eps: E,
    /// What a parameter is multiplied with before: 1 without decay.
    pub(crate) keep: E,
}

dispatched! {
    /// One Adam update of the parameters `p` along the gradient `g`.
    fn adam(s: AdamStep<E>, p: &mut [E], g: &[E], m: &mut [E], v: &mut [E]) = adam_any
}

#[inline(always)]
fn adam_any<E: Real, const FMA: bool, const W: usize>(
    s: AdamStep<E>,
    p: &mut [E],
    g: &[E],
    m: &mut [E],
    v: &mut [E],
) {
    let (c1, c2) = (E::ONE - s.beta1, E::ONE - s.beta2);
    for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
        *m = m.fma::<FMA>(s.beta1, c1 * g);
        *v = v.fma::<FMA>(s.beta2, c2 * g * g);
        *p = *p * s.keep - s.step * *m / v.sqrt().fma::<FMA>(s.correction, s.eps);
    }
}

#[cfg(test)]
mod tests;
