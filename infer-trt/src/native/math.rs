//! Activations of vectors, without branches except for the sine of very large arguments.
//!
//! The polynomials are minimax fits (Remez exchange in 40 digits, coefficients then rounded to
//! `f32`), but for GELU's. With u = 2⁻²⁴ ≈ 6.0e-8 the unit of rounding, measured over every 97th `f32` against
//! `f64` functions on each instruction set, and held by a test over every 997th:
//!
//! | function | error |
//! |---|---|
//! | sigmoid | 3 u relative from 0 up, 3 (1 + |x|/12) u from −43 to 0; below, 3e-19 absolute |
//! | SiLU | the same; below −43, 1e-17 absolute |
//! | tanh | 4 u relative |
//! | ELU (eˣ − 1 for x < 0) | 2 u relative |
//! | sin | 3 u absolute, any finite x |
//! | GELU | 5 u \|x\|, and 0 below −5.6 |
//! | LeakyReLU | one rounding |
#![allow(
    clippy::needless_range_loop,
    reason = "iterators in a function as large as the kernel may stay calls"
)]

use super::vector::Vector;

/// log₂ e
const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts, the first with so few digits that small multiples of it are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// (eʳ − 1 − r)/r² for |r| ≤ ln 2 / 2; relative error of eʳ − 1: 1.4e-8.
const EXP: [f32; 5] = [0.5, 0.166_665_43, 0.041_666_28, 0.008_366_598, 0.001_394_647_3];
/// π in three parts: multiples up to 2¹³ of the first two are exact.
const PI: [f32; 3] = [3.140_625, 9.675_026e-4, 1.509_958e-7];
/// (sin r / r − 1)/r² in powers of r² for |r| ≤ π/2; absolute error of sin r: 5e-9.
const SIN: [f32; 4] = [-0.166_666_6, 0.008_333_088, -0.000_198_110_72, 2.608_827e-6];
/// Beyond this, multiples of π are no longer exact and the sine is taken value by value.
const SIN_LIMIT: f32 = 25_000.0;

/// Φ(x) − 1/2 = x P(x²)/Q(x²) for |x| up to [`GELU_RANGE`], the highest power first; absolute error 1e-8. Least
/// squares of the linearised difference, with weights that grow where the error is large until it is even. No
/// coefficient is negative, so that nothing cancels. The first one is larger by 5e-6 than the fit's, so that the end
/// of the range gives no less than 1/2 whichever way it is rounded.
const GELU_ABOVE: [f32; 6] =
    [2.214_531e-8, 6.356_505_3e-6, 1.738_502_6e-4, 4.707_256_3e-3, 3.437_609e-2, 3.989_422_3e-1];
const GELU_BELOW: [f32; 6] =
    [1.180_206_6e-6, 7.510_164e-5, 1.912_975_8e-3, 2.894_007_2e-2, 2.528_337_8e-1, 1.0];
/// Beyond, Φ(x) is 0 or 1 to within 1e-8.
const GELU_RANGE: f32 = 5.6;

/// Below, eˣ or 2ⁿ on the way to it is no normal number.
const EXP_LIMIT: f32 = -87.3;
/// Up to here the product of two numbers 1 + e⁻ˣ is finite.
const SIGMOID_RANGE: f32 = 43.0;

/// A few columns of a tile.
///
/// Functions take a whole one and do each operation on all of it before the next: results are then
/// waited for by nobody, where one value after the other would leave the processor idle most of the
/// time.
pub(crate) type Columns<V, const T: usize, const C: usize> = [[V; T]; C];

/// Does something with all vectors of some columns. Counted loops: in a function as large as the
/// kernel, iterators and closures may stay calls.
macro_rules! each {
    ($c:ident, $t:ident, $do:expr) => {
        for $c in 0..C {
            for $t in 0..T {
                $do;
            }
        }
    };
}

/// x = n ln 2 + r with a whole n: n and eʳ − 1. −87.3 ≤ x ≤ 88, or x is NaN.
#[inline(always)]
pub(crate) fn reduce<V: Vector, const T: usize, const C: usize>(
    mut x: Columns<V, T, C>,
) -> [Columns<V, T, C>; 2] {
    let mut n = x;
    each!(c, t, n[c][t] = x[c][t].mul(V::splat(LOG2_E)).round());
    each!(c, t, x[c][t] = n[c][t].mul_add(V::splat(-LN_2[0]), x[c][t]));
    each!(c, t, x[c][t] = n[c][t].mul_add(V::splat(-LN_2[1]), x[c][t]));
    let mut q = [[V::splat(EXP[4]); T]; C];
    for k in 0..4 {
        each!(c, t, q[c][t] = q[c][t].mul_add(x[c][t], V::splat(EXP[3 - k])));
    }
    each!(c, t, q[c][t] = x[c][t].mul(x[c][t]).mul_add(q[c][t], x[c][t]));
    [n, q]
}

/// Quotients p/d of columns and a number for each, two for the price of one division: 1/(a b) gives 1/a and 1/b. The
/// products must neither overflow nor vanish. Column c goes with column c + 2 where there are four.
#[inline(always)]
pub(crate) fn quotients<V: Vector, const T: usize, const C: usize>(
    p: &Columns<V, T, C>,
    d: &Columns<V, T, C>,
    y: &mut Columns<V, T, C>,
    plus: &[V; C],
) {
    let half = C / 2;
    if C % 2 == 1 {
        each!(c, t, y[c][t] = p[c][t].div(d[c][t]).add(plus[c]));
        return;
    }
    let mut r = [[V::splat(0.0); T]; C];
    for c in 0..half {
        for t in 0..T {
            r[c][t] = d[c][t].mul(d[c + half][t]);
        }
    }
    for c in 0..half {
        for t in 0..T {
            r[c][t] = r[c][t].reciprocal();
        }
    }
    for c in 0..half {
        for t in 0..T {
            r[c + half][t] = r[c][t].mul(d[c][t]);
        }
    }
    for c in 0..half {
        for t in 0..T {
            r[c][t] = r[c][t].mul(d[c + half][t]);
        }
    }
    each!(c, t, y[c][t] = p[c][t].mul_add(r[c][t], plus[c]));
}

/// eˣ − 1, −87.3 ≤ x ≤ 88.
#[inline(always)]
fn exp_m1<V: Vector, const T: usize, const C: usize>(x: Columns<V, T, C>) -> Columns<V, T, C> {
    let [mut n, mut p] = reduce(x);
    each!(c, t, n[c][t] = n[c][t].exp2());
    each!(c, t, p[c][t] = p[c][t].mul_add(n[c][t], n[c][t].sub(V::splat(1.0))));
    p
}

/// 1/(1 + e⁻ˣ) and a number for each column
#[inline(always)]
pub(crate) fn sigmoid<V: Vector, const T: usize, const C: usize>(x: &mut Columns<V, T, C>, plus: &[V; C]) {
    let mut d = *x;
    each!(c, t, d[c][t] = d[c][t].at_least(V::splat(-SIGMOID_RANGE)));
    each!(c, t, d[c][t] = d[c][t].at_most(V::splat(SIGMOID_RANGE)));
    V::one_plus_exp_minus(&mut d);
    quotients(&[[V::splat(1.0); T]; C], &d, x, plus);
}

/// x/(1 + e⁻ˣ) and a number for each column
#[inline(always)]
pub(crate) fn silu<V: Vector, const T: usize, const C: usize>(x: &mut Columns<V, T, C>, plus: &[V; C]) {
    // Below the range the function is 0 to within 1e-17, for −∞ too.
    each!(c, t, x[c][t] = x[c][t].at_least(V::splat(-SIGMOID_RANGE)));
    let (mut d, p) = (*x, *x);
    each!(c, t, d[c][t] = d[c][t].at_most(V::splat(SIGMOID_RANGE)));
    V::one_plus_exp_minus(&mut d);
    quotients(&p, &d, x, plus);
}

/// tanh x and a number for each column
#[inline(always)]
pub(crate) fn tanh<V: Vector, const T: usize, const C: usize>(x: &mut Columns<V, T, C>, plus: &[V; C]) {
    // e²ˣ − 1 over e²ˣ + 1: at 2x = ±20 this is ±1 in `f32`.
    let mut e = *x;
    each!(c, t, e[c][t] = e[c][t].add(e[c][t]).at_most(V::splat(20.0)));
    each!(c, t, e[c][t] = e[c][t].at_least(V::splat(-20.0)));
    let e = exp_m1(e);
    let mut d = e;
    each!(c, t, d[c][t] = d[c][t].add(V::splat(2.0)));
    quotients(&e, &d, x, plus);
}

/// x for x > 0, α(eˣ − 1) otherwise, and a number for each column
#[inline(always)]
pub(crate) fn elu<V: Vector, const T: usize, const C: usize>(
    x: &mut Columns<V, T, C>,
    alpha: V,
    plus: &[V; C],
) {
    let mut e = *x;
    each!(c, t, e[c][t] = e[c][t].at_most(V::splat(0.0)).at_least(V::splat(EXP_LIMIT)));
    let e = exp_m1(e);
    each!(c, t, x[c][t] = x[c][t].where_positive(x[c][t], e[c][t].mul(alpha)).add(plus[c]));
}

/// max(x, 0) and a number for each column
#[inline(always)]
pub(crate) fn relu<V: Vector, const T: usize, const C: usize>(x: &mut Columns<V, T, C>, plus: &[V; C]) {
    each!(c, t, x[c][t] = x[c][t].at_least(V::splat(0.0)).add(plus[c]));
}

/// x for x > 0, α x otherwise
#[inline(always)]
pub(crate) fn leaky_relu<V: Vector, const T: usize, const C: usize>(x: &mut Columns<V, T, C>, alpha: V) {
    each!(c, t, x[c][t] = x[c][t].where_positive(x[c][t], x[c][t].mul(alpha)));
}

/// x Φ(x)
#[inline(always)]
pub(crate) fn gelu<V: Vector, const T: usize, const C: usize>(x: &mut Columns<V, T, C>) {
    // Below the range Φ is 0 to within 1e-8, for −∞ too; above it is 1.
    each!(c, t, x[c][t] = x[c][t].at_least(V::splat(-GELU_RANGE)));
    let mut r = *x;
    each!(c, t, r[c][t] = r[c][t].at_most(V::splat(GELU_RANGE)));
    let mut s = r;
    each!(c, t, s[c][t] = r[c][t].mul(r[c][t]));
    let mut p = [[V::splat(GELU_ABOVE[0]); T]; C];
    for k in 1..GELU_ABOVE.len() {
        each!(c, t, p[c][t] = p[c][t].mul_add(s[c][t], V::splat(GELU_ABOVE[k])));
    }
    each!(c, t, p[c][t] = p[c][t].mul(r[c][t]));
    let mut q = [[V::splat(GELU_BELOW[0]); T]; C];
    for k in 1..GELU_BELOW.len() {
        each!(c, t, q[c][t] = q[c][t].mul_add(s[c][t], V::splat(GELU_BELOW[k])));
    }
    each!(c, t, q[c][t] = q[c][t].reciprocal());
    let half = V::splat(0.5);
    each!(c, t, p[c][t] = p[c][t].mul(q[c][t]).at_most(half).at_least(V::splat(-0.5)));
    each!(c, t, x[c][t] = x[c][t].mul(p[c][t].add(half)));
}

/// sin x and a number for each column
#[inline(always)]
pub(crate) fn sine<V: Vector, const T: usize, const C: usize>(x: &mut Columns<V, T, C>, plus: &[V; C]) {
    each!(c, t, x[c][t] = sin(x[c][t]).add(plus[c]));
}

/// sin x
#[inline(always)]
fn sin<V: Vector>(x: V) -> V {
    let n = x.mul(V::splat(std::f32::consts::FRAC_1_PI)).round();
    let r = n.mul_add(V::splat(-PI[0]), x);
    let r = n.mul_add(V::splat(-PI[1]), r);
    let r = n.mul_add(V::splat(-PI[2]), r);
    // sin(r + nπ) = (−1)ⁿ sin r; n/2 is a whole number or half way between two.
    let half = n.mul(V::splat(0.5));
    let odd = half.sub(half.round());
    let sign = odd.mul(odd).mul_add(V::splat(-8.0), V::splat(1.0));
    let s = r.mul(r);
    let q = V::splat(SIN[3])
        .mul_add(s, V::splat(SIN[2]))
        .mul_add(s, V::splat(SIN[1]))
        .mul_add(s, V::splat(SIN[0]));
    let y = r.mul(s).mul_add(q, r).mul(sign);
    let mut lanes = [0.0; 16];
    x.store(&mut lanes);
    // One test for all lanes, since it almost never fails.
    if lanes[..V::LANES].iter().all(|v| v.abs() <= SIN_LIMIT) {
        return y;
    }
    let mut values = [0.0; 16];
    y.store(&mut values);
    sin_beyond_limit(&lanes, &mut values);
    V::load(&values)
}

/// Replaces the sines of numbers beyond the limit; infinities give NaN. The others stay, so that a
/// row never depends on its neighbours.
#[cold]
#[inline(never)]
fn sin_beyond_limit(x: &[f32; 16], y: &mut [f32; 16]) {
    for (x, y) in x.iter().zip(y) {
        if x.abs() > SIN_LIMIT {
            *y = f64::from(*x).sin() as f32;
        }
    }
}
