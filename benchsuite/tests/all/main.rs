//! The program as a person runs it, in one test program: what has two processors to itself, or waits for a program that
//! was started, shares them with the rest.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in its helpers too")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/damage.rs"]
mod damage;
#[cfg(unix)]
#[path = "../common/kill.rs"]
mod kill;

mod compare;
#[cfg(unix)]
mod killed;
mod maps;
mod neural_odes;
mod program;
mod simulate;
#[cfg(unix)]
mod sweep;
mod trials;
