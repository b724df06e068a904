//! Sweeps: many trials, on any number of threads, processes and machines that share a folder.
//!
#![doc = include_str!("../../guide/sweeps.md")]

mod claim;
mod command;
pub mod finished;
mod folder;
mod kind;
mod known;
mod plan;
mod process;
mod record;
mod rehearsal;
mod report;
mod state;
mod status;
pub mod worker;

pub use claim::Claim;
pub use command::Sweep;
pub(crate) use command::command;
pub use folder::{EXPIRE, Folder, Head};
pub use kind::{KINDS, Kind, Work};
pub use known::adopt;
pub use plan::{Plan, Trial};
pub use process::Process;
pub use record::{Failure, Record, Worker};
pub use rehearsal::Rehearsal;
pub use report::report;
pub use status::{Status, status};

#[cfg(test)]
pub(crate) mod tests;
