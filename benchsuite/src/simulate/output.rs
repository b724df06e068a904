//! Trajectories as files.

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;

use ionic_models::AnyCell;
use ndarray::ArrayView1;
use ndarray_npy::NpzWriter;
use ode_solvers::Solution;

use crate::{Error, files};

/// The format of a trajectory's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Text: a line of names, then a line for each time.
    Csv,
    /// NumPy's archive: `time` and one array for each state.
    Npz,
}

impl Format {
    /// The format that a file's name asks for.
    pub(super) fn of(path: &Path) -> Result<Self, Error> {
        match path.extension().and_then(|e| e.to_str()) {
            Some("csv") => Ok(Self::Csv),
            Some("npz") => Ok(Self::Npz),
            _ => Err(Error::bad_option("--out", path.display(), "the name must end in .csv or .npz")),
        }
    }

    /// Writes the file, whole or not at all.
    pub(super) fn write(self, path: &Path, cell: &dyn AnyCell, solution: &Solution) -> Result<(), Error> {
        let bytes = match self {
            Self::Csv => csv(cell, solution).into_bytes(),
            Self::Npz => npz(cell, solution).map_err(|e| Error::Damaged {
                path: path.to_owned(),
                why: e.to_string(),
                remedy: "write .csv instead".to_owned(),
            })?,
        };
        files::write(path, bytes)
    }
}

/// 17 significant digits: every number reads back as the same number.
fn csv(cell: &dyn AnyCell, solution: &Solution) -> String {
    let mut text = String::from("time");
    for state in cell.state_table() {
        text.push(',');
        text.push_str(state.name);
    }
    text.push('\n');
    for (k, t) in solution.t.iter().enumerate() {
        let mut write =
            |x: f64| write!(text, "{x:.16e}").expect("invariant: writing to a string cannot fail");
        write(*t);
        for y in solution.state(k) {
            text.push(',');
            write!(text, "{y:.16e}").expect("invariant: writing to a string cannot fail");
        }
        text.push('\n');
    }
    text
}

fn npz(cell: &dyn AnyCell, solution: &Solution) -> Result<Vec<u8>, ndarray_npy::WriteNpzError> {
    let mut bytes = Cursor::new(Vec::new());
    let mut npz = NpzWriter::new(&mut bytes);
    npz.add_array("time", &ArrayView1::from(&solution.t))?;
    for (i, state) in cell.state_table().iter().enumerate() {
        let column: Vec<f64> = solution.column(i).collect();
        npz.add_array(state.name, &ArrayView1::from(&column))?;
    }
    npz.finish()?;
    Ok(bytes.into_inner())
}
