//! Every instruction set that this machine has, against references of 400 bits, and where division
//! and functions have values of their own.

use super::*;
use crate::{Scalar, Twin};

/// An operation on one or two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Exp,
    ExpM1,
    Ln,
    Tanh,
    Recip,
    Div,
}

struct Apply<'a, T> {
    operation: Operation,
    x: &'a [T],
    y: &'a [T],
    out: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Apply<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<U: Twin<T>>(self) {
        let (x, y, out) = (U::view(self.x), U::view(self.y), U::view_mut(self.out));
        for i in 0..out.len() {
            out[i] = match self.operation {
                Operation::Exp => x[i].exp(),
                Operation::ExpM1 => x[i].exp_m1(),
                Operation::Ln => x[i].ln(),
                Operation::Tanh => x[i].tanh(),
                Operation::Recip => x[i].recip(),
                Operation::Div => x[i] / y[i],
            };
        }
    }
}

/// The results of each instruction set, in the order of `x`. Lanes that are left over repeat the last.
fn on_every_set<E: Registers, const N: usize>(
    operation: Operation,
    x: &[E],
    y: &[E],
) -> Vec<(&'static str, Vec<E>)> {
    let lanes = |numbers: &[E]| -> Vec<Lanes<E, N>> {
        let at = |i: usize| numbers[i.min(numbers.len() - 1)];
        (0..numbers.len().div_ceil(N)).map(|k| Lanes::from_fn(|lane| at(k * N + lane))).collect()
    };
    let (a, b) = (lanes(x), lanes(y));
    let mut found = Vec::new();
    let mut set = |name, run: &dyn Fn(Apply<'_, Lanes<E, N>>)| {
        let mut out = vec![Lanes::default(); a.len()];
        run(Apply { operation, x: &a, y: &b, out: &mut out });
        found.push((name, out.iter().flat_map(|o| o.0).take(x.len()).collect()));
    };
    set("portable", &|kernel| kernel.run::<Several<E::Portable, N>>());
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "entering functions compiled for what the machine has")]
    {
        if x86::has_avx2() {
            // SAFETY: the machine has AVX2 and FMA, as was detected.
            set("AVX2", &|kernel| unsafe { x86::avx2::<Several<E::Avx2, N>, _, _>(kernel) });
        }
        if x86::has_avx512() {
            // SAFETY: the machine has AVX-512, as was detected.
            set("AVX-512", &|kernel| unsafe { x86::avx512::<One<E::Avx512>, _, _>(kernel) });
        }
    }
    found
}

/// The distance of `y` from `reference`, in units in the last place of f64.
fn ulps(y: f64, reference: f64) -> f64 {
    if y == reference || (y.is_nan() && reference.is_nan()) {
        return 0.0;
    }
    let unit = (reference.abs().next_up() - reference.abs()).max(f64::from_bits(1));
    (y - reference).abs() / unit
}

fn ulps_single(y: f32, reference: f64) -> f64 {
    if y == reference as f32 || (y.is_nan() && reference.is_nan()) {
        return 0.0;
    }
    let size = (reference.abs() as f32).min(f32::MAX);
    let unit = f64::from(size.next_up()).min(2f64.powi(128)) - f64::from(size);
    (f64::from(y) - reference).abs() / unit.max(f64::from(f32::from_bits(1)))
}

const FUNCTIONS: [(Operation, &str, f64); 4] = [
    (Operation::Exp, "exp", 1.5),
    (Operation::ExpM1, "exp_m1", 2.0),
    (Operation::Ln, "ln", 1.0),
    (Operation::Tanh, "tanh", 3.0),
];

#[test]
fn functions_of_doubles_are_accurate_on_every_set() {
    for (operation, name, limit) in FUNCTIONS {
        let (mut x, mut references) = (Vec::new(), Vec::new());
        for line in include_str!("../../tests/data/elementary.csv").lines().skip(2) {
            let mut fields = line.split(',');
            if fields.next() == Some(name) {
                let mut number = || fields.next().and_then(|f| f.parse::<f64>().ok()).expect("two numbers");
                x.push(number());
                references.push(number());
            }
        }
        assert!(x.len() > 100, "{name}: {} references", x.len());
        for (set, found) in on_every_set::<f64, 8>(operation, &x, &x) {
            let worst = (0..x.len()).map(|i| (ulps(found[i], references[i]), x[i]));
            let worst = worst.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
            println!("{name}, {set}: {worst:?}");
            assert!(worst.0 <= limit, "{name} on {set}: {} ulp at {}", worst.0, worst.1);
        }
    }
}

#[test]
fn functions_of_singles_are_accurate_on_every_set() {
    // A net over all numbers of f32; the standard library's f64 is exact enough here.
    const STEP: usize = if cfg!(miri) { 9_999_991 } else { 99_991 };
    let x: Vec<f32> = (0..u32::MAX).step_by(STEP).map(f32::from_bits).filter(|x| x.is_finite()).collect();
    let exact: [fn(f64) -> f64; 4] = [f64::exp, f64::exp_m1, f64::ln, f64::tanh];
    for ((operation, name, limit), exact) in FUNCTIONS.into_iter().zip(exact) {
        for (set, found) in on_every_set::<f32, 16>(operation, &x, &x) {
            let worst = (0..x.len()).map(|i| (ulps_single(found[i], exact(f64::from(x[i]))), x[i]));
            let worst = worst.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
            println!("{name}, {set}: {worst:?}");
            assert!(worst.0 <= limit, "{name} on {set}: {} ulp at {}", worst.0, worst.1);
        }
    }
}

/// Numbers of all sizes and both signs, zero, infinities and NaN among them.
fn numbers() -> Vec<f64> {
    let mut numbers = vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1.0, -1.0, f64::MAX];
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..2000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Exponents whose quotients are normal numbers.
        let exponent = 1023 - 500 + (bits >> 20) % 1000;
        numbers.push(f64::from_bits((bits & 0x800f_ffff_ffff_ffff) | (exponent << 52)));
    }
    numbers
}

#[test]
fn quotients_are_accurate_and_special_values_are_those_of_division() {
    let x = numbers();
    // Each with another, and each special value with every special value.
    let mut pairs: Vec<(f64, f64)> =
        x.iter().copied().zip(x.iter().copied().skip(77).chain([3.0; 77])).collect();
    pairs.extend(x[..8].iter().flat_map(|&a| x[..8].iter().map(move |&b| (a, b))));
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    for (set, found) in on_every_set::<f64, 8>(Operation::Div, &a, &b) {
        for i in 0..a.len() {
            assert!(ulps(found[i], a[i] / b[i]) <= 1.0, "{} / {} on {set}: {}", a[i], b[i], found[i]);
        }
    }
    for (set, found) in on_every_set::<f64, 8>(Operation::Recip, &b, &b) {
        for i in 0..b.len() {
            assert!(ulps(found[i], 1.0 / b[i]) <= 1.0, "1 / {} on {set}: {}", b[i], found[i]);
        }
    }
    // In single precision, within its own range.
    let fits = |x: f64| !x.is_finite() || x == 0.0 || (1e-15..1e15).contains(&x.abs());
    let (a, b): (Vec<f32>, Vec<f32>) =
        a.iter().zip(&b).filter(|&(&a, &b)| fits(a) && fits(b)).map(|(&a, &b)| (a as f32, b as f32)).unzip();
    assert!(a.len() > 64, "{}", a.len());
    for (set, found) in on_every_set::<f32, 16>(Operation::Div, &a, &b) {
        for i in 0..a.len() {
            let exact = f64::from(a[i]) / f64::from(b[i]);
            assert!(ulps_single(found[i], exact) <= 1.0, "{} / {} on {set}: {}", a[i], b[i], found[i]);
        }
    }
}

#[test]
fn functions_have_their_limits_on_every_set() {
    let x = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.0, -0.0, -1.0, 1e4, -1e4];
    type Function = fn(f64) -> f64;
    let expected: [(Operation, Function); 4] = [
        (Operation::Exp, f64::exp),
        (Operation::ExpM1, f64::exp_m1),
        (Operation::Ln, f64::ln),
        (Operation::Tanh, f64::tanh),
    ];
    for (operation, exact) in expected {
        for (set, found) in on_every_set::<f64, 8>(operation, &x, &x) {
            for i in 0..x.len() {
                assert!(
                    ulps(found[i], exact(x[i])) <= 3.0,
                    "{operation:?} of {} on {set}: {}",
                    x[i],
                    found[i]
                );
            }
        }
        let x = x.map(|x| x as f32);
        for (set, found) in on_every_set::<f32, 16>(operation, &x, &x) {
            for i in 0..x.len() {
                let exact = exact(f64::from(x[i]));
                assert!(
                    ulps_single(found[i], exact) <= 3.0,
                    "{operation:?} of {} on {set}: {}",
                    x[i],
                    found[i]
                );
            }
        }
    }
}

/// The exponentials of so many plain numbers together, each in its place: more than one group, more than four.
fn together<const N: usize>() {
    let x: [f64; N] = core::array::from_fn(|k| -700.0 + 1400.0 * k as f64 / N as f64 + 0.1);
    for (k, y) in exps(x).into_iter().enumerate() {
        assert!(ulps(y, x[k].exp()) <= 2.0, "{k} of {N}: {y}");
    }
    let mut holed = x;
    holed[N / 2] = f64::NAN;
    for (k, y) in exps(holed).into_iter().enumerate() {
        assert_eq!(y.is_nan(), k == N / 2, "{k} of {N}");
    }
}

#[test]
fn exponentials_together_are_those_one_by_one() {
    together::<1>();
    together::<6>();
    together::<8>();
    together::<9>();
    together::<32>();
    together::<33>();
    together::<70>();
    assert_eq!(exps([]), [0.0; 0]);
}

/// What a kernel makes of one number, on plain numbers of an instruction set.
struct OnPlain<'a> {
    x: &'a [f64; 11],
    exps: &'a mut [f64; 11],
    others: &'a mut [f64; 4],
}

impl Kernel<f64> for OnPlain<'_> {
    type Output = ();
    const PLAIN_TOO: bool = true;
    #[inline(always)]
    fn run<U: Twin<f64>>(self) {
        // More than a register holds, and not a multiple.
        *self.exps = U::exps(self.x.map(U::from)).map(Scalar::worst);
        let [a, b, c] = [self.x[0], self.x[1], self.x[2]].map(U::from);
        *self.others =
            [a.mul_add(b, c), a.neg_mul_add(b, c), a / 3.0, U::select_lt(a, b, a, b)].map(Scalar::worst);
    }
}

#[test]
fn plain_numbers_mean_the_same_on_every_set() {
    let x = [0.3, -2.75, 1e-3, 40.0, -700.0, f64::NAN, 0.0, f64::NEG_INFINITY, 709.0, -1e-9, 12.5];
    let check = |set: &str, run: &dyn Fn(OnPlain<'_>)| {
        let (mut exps, mut others) = ([0.0; 11], [0.0; 4]);
        run(OnPlain { x: &x, exps: &mut exps, others: &mut others });
        for (x, found) in x.iter().zip(exps) {
            assert!(ulps(found, x.exp()) <= 1.5, "exp of {x} on {set}: {found}");
        }
        let [a, b, c] = [x[0], x[1], x[2]];
        for (found, expected) in others.into_iter().zip([a * b + c, c - a * b, a / 3.0, b]) {
            assert!(ulps(found, expected) <= 2.0, "{expected} on {set}: {found}");
        }
    };
    check("any", &|kernel| kernel.run::<f64>());
    check("the widest", &|kernel| f64::dispatch(kernel));
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "entering functions compiled for what the machine has")]
    if x86::has_avx2() {
        // SAFETY: the machine has AVX2 and FMA, as was detected.
        check("AVX2", &|kernel| unsafe { x86::avx2::<plain::Plain<F64x4>, _, _>(kernel) });
    }
}
