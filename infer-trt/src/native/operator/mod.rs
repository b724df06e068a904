//! Fourier neural operators: functions of points with channels in, functions of points out.
//!
//! The graph of such a file is no chain: what goes into a layer is used by its transform, by its point-wise map and,
//! in residual layers, by a sum. [`read`] turns the nodes into operations on arrays of points and channels ([`ir`]),
//! [`spectral`] recognises transforms among them, and [`schedule`] makes a [`plan`] of them.
//!
//! The channels of a point lie in lanes, padded with columns of zeros, and points follow each other. So point-wise
//! maps, transforms to a few modes, the mixing of channels mode by mode and transforms back are one kind of product
//! ([`product`]), which never turns anything. What works on points alone goes in blocks through all its steps before
//! the next block is begun: hidden layers are never stored for all points. Only what a transform needs whole is.
//!
//! Rows of cosines are even in the point, rows of sines odd. Where all rows of a table are one or the other
//! ([`tables`]), its products take sums and differences of a point and its mirror, and are half as long.
//!
//! A few samples go through a layer side by side, so that weights of a mode are read once for all of them. Every
//! number of a sample is the sum of the same products in the same order, whichever samples are beside it: batches
//! and threads change no bit.

mod buffers;
mod elementwise;
mod emit;
mod fold;
mod ir;
mod layout;
mod mix;
mod numbers;
mod plan;
mod product;
mod read;
mod run;
mod schedule;
mod session;
mod spectral;
mod tables;
#[cfg(test)]
mod tests;

pub(crate) use self::session::OperatorSession;
