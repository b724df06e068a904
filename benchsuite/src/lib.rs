//! The four works as experiments, their published numbers as data, and reports that hold one
//! against the other.
//!
//! The program `benchsuite` runs an experiment ([`reproduce`](mod@reproduce)) from data to report. A run lives in a
//! folder of its own: what decides its numbers (`config.json`), where they come from
//! (`manifest.json`), the course of every training (`metrics.jsonl`), one object for each published
//! number (`results.json`), the trained networks (`models/*.onnx`), figures and a report. Killed at
//! any moment, it goes on where its last checkpoint was, and ends with the same bits.
//!
//! Several experiments, or all, share a folder; its front page ([`front`]) shows every published number of the
//! four works. A finished run lists its files with their hashes ([`seal`]).
//!
//! Searches over many networks are sweeps ([`sweep`](mod@sweep)): trials that any number of processes on any machines
//! take from a shared folder. [`grid`] holds their results against the published tables.
//!
//! [`compare`] holds our solvers, training and inference against others', at the same work.
//!
//! Published numbers stand in `claims/*.toml` and nowhere else:
//!
//! ```
//! use benchsuite::claims::Publication;
//!
//! let work = Publication::werneck2024()?;
//! let claim = work.claim("W-A/scarce/PINN/SiLU32,SiLU32/mean_error").unwrap();
//! assert_eq!((claim.value, claim.source.as_str()), (9.57e-4, "supplementary material, Table 14"));
//! assert!(claim.rule.holds(claim.value, 1.2e-3)); // "at most 3 times as large"
//! # Ok::<(), benchsuite::Error>(())
//! ```

pub mod claims;
pub mod compare;
pub mod compare_gpu;
pub mod compare_infer;
pub mod compare_train;
#[cfg(test)]
#[path = "../tests/common/damage.rs"]
mod damage;
mod datasets;
pub mod doctor;
mod error;
pub mod figures;
mod files;
pub mod front;
pub mod grid;
pub mod guide;
pub mod inference;
pub mod interrupt;
mod jobs;
pub mod kainth;
pub mod kept;
pub mod kernels;
pub mod kuptsov;
pub mod manifest;
pub mod metrics;
pub mod pellegrini;
pub mod progress;
mod provenance;
pub mod report;
pub mod reproduce;
pub mod results;
pub mod rundir;
pub mod seal;
pub mod shades;
pub mod simulate;
pub mod stats;
pub mod sweep;
mod tier;
mod training;
pub mod trial;
pub mod werneck;

pub use error::Error;
pub use files::print;
pub use tier::Tier;
