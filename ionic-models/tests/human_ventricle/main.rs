//! The later models of the human ventricle against their encodings: derivatives, one beat from the
//! initial state, and what must hold whatever the numbers.
//!
//! The data files name source, tool, version and tolerance.

#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

mod laws;
mod reference;

#[test]
fn derivatives_of_ohara_rudy_cipa_2017() {
    reference::derivatives("ohara_rudy_cipa_2017");
}

#[test]
fn derivatives_of_tor_ord_2020() {
    reference::derivatives("tor_ord_2020");
}

#[test]
fn beat_of_ohara_rudy_cipa_2017() {
    reference::beats("ohara_rudy_cipa_2017");
}

#[test]
fn beat_of_tor_ord_2020() {
    reference::beats("tor_ord_2020");
}
