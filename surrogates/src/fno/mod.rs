//! Fourier neural operators.

mod spec;
pub(crate) mod tape;

pub use spec::{FnoSpec, FourierLayer, Variant};
