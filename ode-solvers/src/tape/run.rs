//! Running a program.

use std::sync::Arc;

use crate::combine::is_plain;
use crate::tape::Program;
use crate::tape::graph::Kind;
use crate::tape::trace::Trace;
use crate::{Kernel, Lanes, Scalar, Twin};

/// A program with the numbers of one system.
#[derive(Debug)]
pub struct Bound<T> {
    program: Arc<Program>,
    /// States, results of the prologue, results of operations; then room that nothing uses, so that
    /// there are [`SMALL`] or [`LARGE`].
    values: Vec<T>,
}

/// Numbers of one of two lengths: an index is cut to what the length allows, which costs less than
/// to compare it, a few thousand times in a microsecond or two. O'Hara–Rudy's model takes half of it.
const SMALL: usize = 1 << 11;
/// What an index of 16 bits can reach.
const LARGE: usize = 1 << 16;

/// A place among `N`.
#[inline(always)]
fn at<const N: usize>(place: u16) -> usize {
    usize::from(place) & (N - 1)
}

impl<T: Scalar> Bound<T> {
    /// With the constants of a trace; nothing if they are numbers of another type.
    pub(super) fn new(program: Arc<Program>, trace: &Trace) -> Option<Self> {
        let mut uniform = Vec::with_capacity(program.prologue.len());
        for node in &program.prologue {
            let value = match node.kind {
                Kind::Bound => trace.constants[node.args[0] as usize].to::<T>()?,
                kind => {
                    let [a, b, c, d] =
                        node.args.map(|x| uniform.get(x as usize).copied().unwrap_or_default());
                    apply(kind, a, b, c, d)
                }
            };
            uniform.push(value);
        }
        let n = program.dim();
        let mut values = vec![T::default(); if program.places <= SMALL { SMALL } else { LARGE }];
        for (value, &k) in values[n..].iter_mut().zip(&program.kept) {
            *value = uniform[k as usize];
        }
        Some(Self { program, values })
    }

    /// The program.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Writes the entries of the Jacobian at the state `y` into `entries`, in the order of
    /// [`Program::positions`]. Allocates nothing.
    ///
    /// # Panics
    /// If `y` or `entries` has another length than there are states, or entries.
    pub fn jacobian(&mut self, y: &[T], entries: &mut [T]) {
        let program = &*self.program;
        assert_eq!(entries.len(), program.entries.len(), "one number for each entry");
        self.values[..program.dim()].copy_from_slice(y);
        match <&mut [T; SMALL]>::try_from(self.values.as_mut_slice()) {
            Ok(values) => evaluate(program, values),
            Err(_) => evaluate::<LARGE, T>(program, room(&mut self.values)),
        }
        for (entry, &place) in entries.iter_mut().zip(&program.entries) {
            *entry = self.values[usize::from(place)];
        }
    }
}

/// The whole of a slice that has `N` numbers.
#[inline(always)]
fn room<const N: usize, T>(values: &mut [T]) -> &mut [T; N] {
    values.try_into().expect("invariant: one of two lengths")
}

fn evaluate<const N: usize, T: Scalar>(program: &Program, values: &mut [T; N]) {
    if const { is_plain::<T>() }
        && let Some(values) = T::as_f64s(values)
    {
        return Lanes::<f64, 8>::dispatch(OneByOne { program, values: room::<N, _>(values) });
    }
    T::dispatch(SideBySide { program, values });
}

/// One operation.
#[inline(always)]
fn apply<T: Scalar>(kind: Kind, a: T, b: T, c: T, d: T) -> T {
    match kind {
        Kind::Input | Kind::Bound => a,
        Kind::Literal(bits) => T::from(f64::from_bits(bits)),
        Kind::Neg => -a,
        Kind::Add => a + b,
        Kind::Sub => a - b,
        Kind::Mul => a * b,
        Kind::Recip => a.recip(),
        Kind::Exp => a.exp(),
        Kind::ExpM1 => a.exp_m1(),
        Kind::Ln => a.ln(),
        Kind::Sqrt => a.sqrt(),
        Kind::Powf(bits) => a.powf(f64::from_bits(bits)),
        Kind::Tanh => a.tanh(),
        Kind::Sin => a.sin(),
        Kind::Cos => a.cos(),
        Kind::Abs => a.abs(),
        Kind::Select => T::select_lt(a, b, c, d),
        Kind::MulAdd => a * b + c,
        Kind::MulSub => a * b - c,
        Kind::NegMulAdd => c - a * b,
    }
}

/// Operations of one kind, one after the other.
macro_rules! each {
    ($args:expr, $values:expr, $to:expr, |$a:ident| $f:expr) => {
        for (&a, to) in $args.iter().zip($to..) {
            let $a = $values[at::<N>(a)];
            $values[to & (N - 1)] = $f;
        }
    };
    ($args:expr, $values:expr, $to:expr, |$a:ident, $b:ident, $c:ident, $d:ident| $f:expr) => {
        for (&[a, b, c, d], to) in $args.as_chunks::<4>().0.iter().zip($to..) {
            let ($a, $b) = ($values[at::<N>(a)], $values[at::<N>(b)]);
            let ($c, $d) = ($values[at::<N>(c)], $values[at::<N>(d)]);
            $values[to & (N - 1)] = $f;
        }
    };
}

/// Operations on three numbers, most of all there are: four at a time, then what is left over.
#[inline(always)]
fn triples<const N: usize, T: Scalar>(
    args: &[u16],
    values: &mut [T; N],
    mut to: usize,
    f: impl Fn(T, T, T) -> T,
) {
    let (fours, rest) = args.as_chunks::<12>();
    for four in fours {
        let one = |values: &[T; N], k: usize| {
            f(values[at::<N>(four[k])], values[at::<N>(four[k + 1])], values[at::<N>(four[k + 2])])
        };
        let four = [one(values, 0), one(values, 3), one(values, 6), one(values, 9)];
        values[to..to + 4].copy_from_slice(&four);
        to += 4;
    }
    for &[a, b, c] in rest.as_chunks::<3>().0 {
        values[to] = f(values[at::<N>(a)], values[at::<N>(b)], values[at::<N>(c)]);
        to += 1;
    }
}

/// What needs no elementary function: the same for all numbers. False for other kinds.
#[inline(always)]
fn plain<const N: usize, T: Scalar>(
    kind: Kind,
    args: &[u16],
    values: &mut [T; N],
    to: usize,
    mul_add: impl Fn(T, T, T) -> T,
) -> bool {
    match kind {
        Kind::MulAdd => triples(args, values, to, mul_add),
        Kind::MulSub => triples(args, values, to, |a, b, c| mul_add(a, b, -c)),
        Kind::NegMulAdd => triples(args, values, to, |a, b, c| mul_add(-a, b, c)),
        Kind::Abs => each!(args, values, to, |a| a.abs()),
        Kind::Select => each!(args, values, to, |a, b, c, d| T::select_lt(a, b, c, d)),
        _ => return false,
    }
    true
}

/// Every operation on all lanes of a number.
struct SideBySide<'a, const N: usize, T> {
    program: &'a Program,
    values: &'a mut [T; N],
}

impl<const N: usize, T: Scalar> Kernel<T> for SideBySide<'_, N, T> {
    type Output = ();

    #[inline(always)]
    fn run<U: Twin<T>>(self) {
        let values = room::<N, _>(U::view_mut(self.values));
        let mut args = self.program.args.as_slice();
        for run in &self.program.runs {
            let (now, rest) = args.split_at(run.count as usize * run.kind.arity());
            args = rest;
            let to = run.to as usize;
            if plain(run.kind, now, values, to, U::mul_add) {
                continue;
            }
            match run.kind {
                Kind::Recip => each!(now, values, to, |a| a.recip()),
                Kind::Exp => each!(now, values, to, |a| a.exp()),
                Kind::ExpM1 => each!(now, values, to, |a| a.exp_m1()),
                Kind::Ln => each!(now, values, to, |a| a.ln()),
                Kind::Sqrt => each!(now, values, to, |a| a.sqrt()),
                Kind::Powf(bits) => each!(now, values, to, |a| a.powf(f64::from_bits(bits))),
                Kind::Tanh => each!(now, values, to, |a| a.tanh()),
                Kind::Sin => each!(now, values, to, |a| a.sin()),
                Kind::Cos => each!(now, values, to, |a| a.cos()),
                _ => unreachable!(
                    "invariant: sums and products are of the kinds above, leaves are no operations"
                ),
            }
        }
    }
}

/// How many operations on plain numbers are done at once where one takes long.
const GROUP: usize = 8;

/// Operations on plain numbers; those that take long eight at a time.
struct OneByOne<'a, const N: usize> {
    program: &'a Program,
    values: &'a mut [f64; N],
}

/// Operations of one kind, eight at a time. The eight are put together in a register: numbers that are
/// written one by one and read at once make the processor wait.
macro_rules! grouped {
    ($u:ident, $args:expr, $values:expr, $to:expr, |$a:ident| $f:expr) => {{
        let (groups, rest) = $args.as_chunks::<GROUP>();
        let mut to = $to;
        for args in groups {
            let $a = $u::of(Lanes::from_fn(|k| $values[at::<N>(args[k])]));
            $values[to..to + GROUP].copy_from_slice(&($f).back().0);
            to += GROUP;
        }
        if !rest.is_empty() {
            // What is left over in the last group is computed with 1: no function minds.
            let $a = $u::of(Lanes::from_fn(|k| rest.get(k).map_or(1.0, |&a| $values[at::<N>(a)])));
            $values[to..to + rest.len()].copy_from_slice(&($f).back().0[..rest.len()]);
        }
    }};
}

impl<const N: usize> Kernel<Lanes<f64, GROUP>> for OneByOne<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<U: Twin<Lanes<f64, GROUP>>>(self) {
        let values = self.values;
        let mut args = self.program.args.as_slice();
        for run in &self.program.runs {
            let (now, rest) = args.split_at(run.count as usize * run.kind.arity());
            args = rest;
            let to = run.to as usize;
            let mul_add = |a: f64, b, c| if U::FUSES { a.mul_add(b, c) } else { a * b + c };
            if plain(run.kind, now, values, to, mul_add) {
                continue;
            }
            match run.kind {
                Kind::Recip => grouped!(U, now, values, to, |a| a.recip()),
                Kind::Exp => grouped!(U, now, values, to, |a| a.exp()),
                Kind::ExpM1 => grouped!(U, now, values, to, |a| a.exp_m1()),
                Kind::Ln => grouped!(U, now, values, to, |a| a.ln()),
                Kind::Sqrt => grouped!(U, now, values, to, |a| a.sqrt()),
                Kind::Powf(bits) => grouped!(U, now, values, to, |a| a.powf(f64::from_bits(bits))),
                Kind::Tanh => grouped!(U, now, values, to, |a| a.tanh()),
                Kind::Sin => grouped!(U, now, values, to, |a| a.sin()),
                Kind::Cos => grouped!(U, now, values, to, |a| a.cos()),
                _ => unreachable!(
                    "invariant: sums and products are of the kinds above, leaves are no operations"
                ),
            }
        }
    }
}
