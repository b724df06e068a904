//! Biomarkers: of curves that are known exactly, and of published models.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod curves;
mod published;
