//! The published models, one file each: equations, units, sign of the stimulus, source, and every
//! deviation from the paper.
//!
//! | identifier | cell | states | variants |
//! |---|---|---|---|
//! | [`fitzhugh_nagumo`] | excitable, two variables | 2 | `werneck`, `pavia` |
//! | [`hodgkin_huxley_1952`] | squid, giant axon | 4 | `squid_1952`, `modern` |
//! | [`sherman_rinzel_keizer_1988`] | mouse, pancreatic β-cell | 3 | `original`, `bistable` |
//! | [`luo_rudy_1991`] | guinea pig, ventricle | 8 | |
//! | [`beeler_reuter_1977`] | mammalian ventricle | 8 | |
//! | [`ten_tusscher_panfilov_2006`] | human, ventricle | 19 | `epi`, `endo`, `M` |
//! | [`ohara_rudy_2011`] | human, ventricle | 41 | `endo`, `epi`, `M` |
//! | [`ohara_rudy_cipa_2017`] | human, ventricle, hERG with drugs | 48 | `endo`, `epi`, `M` |
//! | [`tor_ord_2020`] | human, ventricle, dynamic chloride | 45 | `endo`, `epi`, `M` |

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
