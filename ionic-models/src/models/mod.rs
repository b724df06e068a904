//! The published models, one file each: equations, units, sign of the stimulus, source, and every
//! deviation from the paper.

pub mod fitzhugh_nagumo;
pub mod hodgkin_huxley_1952;

pub use fitzhugh_nagumo::{FitzHughNagumo, FitzHughNagumoPavia};
pub use hodgkin_huxley_1952::HodgkinHuxley1952;
