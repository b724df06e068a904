//! Elementary functions without branches, which the compiler turns into vector instructions when
//! they are applied lane by lane.
//!
//! Range reductions and the coefficients of `ln`, `sin` and `cos` are those of fdlibm (Sun
//! Microsystems, 1993) and of its single-precision form; `exp` and `exp_m1` use the Taylor series
//! after reduction to |r| ≤ ln 2 / 2. No fused multiply-add: where the machine has none it would be
//! a function call for each lane.
//!
//! Inlined they are fast, and long to compile: in programs with debug assertions, which are compiled more often than
//! anybody waits for them, each is a function of its own.

pub(crate) mod double;
pub(crate) mod single;
