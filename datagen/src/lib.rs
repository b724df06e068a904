//! Data sets of ionic models as pure functions of a recipe.
//!
//! A [`Recipe`] says which cell to integrate, from where, how, and what to write down. A
//! [`Dataset`] is what comes out: rows of numbers with named columns. The same recipe gives the
//! same bytes on any number of threads, so the recipe's hash is the data set's name.
//!
//! ```
//! use datagen::{Dataset, recipes};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("a.safetensors");
//! let data = recipes::werneck_problem_a(10).generate()?;
//! assert_eq!(data.values().dim(), (10, 3)); // t, U, W
//!
//! data.save(&path)?;
//! let again = Dataset::open(&path)?; // verifies every byte
//! assert_eq!(again, data);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`Sampling`] lets trajectories differ: drawn in a box or in one of several, on a grid, from a list, around points,
//!   near the threshold of excitation.
//! * [`Rows`] makes data for `u(t, …)` or pairs for an iterator `u(t) → u(t + Δt)`.
//! * [`Dataset::split`] divides by trajectory, so that validation never sees a trajectory that was
//!   learned.
//! * [`Dataset::export_npz`] and [`Dataset::export_csv`] write for other programs.
//!
//! A data set is held in memory once: ten million rows of five numbers, 400 MB, take 407 MB to generate and save,
//! and 406 MB to open (`cargo test --workspace --test killed -- --ignored --nocapture` measures it again).
//!
//! Every input is checked: an error names the part of the recipe or file, the value and the remedy.

mod atomic;
mod canonical;
mod check;
mod dataset;
mod error;
mod export;
mod file;
mod generate;
mod plan;
mod pulse;
mod random;
mod recipe;
pub mod recipes;
mod threshold;

pub use dataset::{Column, Dataset, Role, Split};
pub use error::{Error, FileProblem};
pub use file::FILE_FORMAT;
pub use recipe::{
    Axis, Columns, Ends, Input, Integrator, ModelSpec, Part, Quantity, RECIPE_FORMAT, Range, Recipe, Rows,
    Sampling, TimeGrid,
};
