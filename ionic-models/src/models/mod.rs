//! The published models, one file each: equations, units, sign of the stimulus, source, and every
//! deviation from the paper.

pub mod beeler_reuter_1977;
pub mod fitzhugh_nagumo;
pub mod hodgkin_huxley_1952;
pub mod luo_rudy_1991;
pub mod ohara_rudy_2011;
pub mod ohara_rudy_cipa_2017;
mod ohara_rudy_family;
pub mod sherman_rinzel_keizer_1988;
pub mod ten_tusscher_panfilov_2006;
pub mod tor_ord_2020;

pub use beeler_reuter_1977::BeelerReuter1977;
pub use fitzhugh_nagumo::{FitzHughNagumo, FitzHughNagumoPavia};
pub use hodgkin_huxley_1952::HodgkinHuxley1952;
pub use luo_rudy_1991::LuoRudy1991;
pub use ohara_rudy_2011::OHaraRudy2011;
pub use ohara_rudy_cipa_2017::OHaraRudyCipa2017;
pub use sherman_rinzel_keizer_1988::ShermanRinzelKeizer1988;
pub use ten_tusscher_panfilov_2006::TenTusscherPanfilov2006;
pub use tor_ord_2020::ToROrd2020;
