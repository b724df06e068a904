//! Data sets for other programs.

use std::io::{BufWriter, Write};
use std::path::Path;

use ndarray::{Array1, ArrayView1};
use ndarray_npy::NpzWriter;

use crate::{Dataset, Error, atomic};

impl Dataset {
    /// Writes the data set for NumPy: one array for each column under the column's name, shape
    /// (rows,), `float64`; `trajectory`, the index of each row's trajectory, `uint64`; and
    /// `recipe_json`, the recipe's bytes, `uint8`. The file appears complete or not at all.
    ///
    /// ```python
    /// d = numpy.load("data.npz"); d["U"]; bytes(d["recipe_json"]).decode()
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Export`] if the file cannot be written.
    pub fn export_npz(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let failed = |e: &dyn std::fmt::Display| Error::Export {
            path: path.to_owned(),
            format: "npz",
            problem: e.to_string(),
        };
        atomic::write(path, |file| {
            let mut npz = NpzWriter::new(file);
            for (column, values) in self.columns.iter().zip(self.values.columns()) {
                // A column is strided in memory; the file wants it in one piece.
                npz.add_array(column.name.as_str(), &values.to_owned()).map_err(|e| failed(&e))?;
            }
            let index: Array1<u64> = (0..self.n_rows()).map(|row| self.trajectory_of(row)).collect();
            npz.add_array("trajectory", &index).map_err(|e| failed(&e))?;
            let recipe = self.recipe.to_json();
            npz.add_array("recipe_json", &ArrayView1::from(recipe.as_bytes())).map_err(|e| failed(&e))?;
            npz.finish().map_err(|e| failed(&e))?;
            Ok(())
        })
    }

    /// Writes the data set as CSV: a header with `trajectory` and the names of the columns, then
    /// one line for each row, numbers with 17 significant digits (enough to read the same bits
    /// back). The file appears complete or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Export`] if the file cannot be written.
    pub fn export_csv(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let failed =
            |e: csv::Error| Error::Export { path: path.to_owned(), format: "CSV", problem: e.to_string() };
        atomic::write(path, |file: &mut BufWriter<_>| {
            let mut csv = csv::Writer::from_writer(file);
            let names = self.columns.iter().map(|c| c.name.as_str());
            csv.write_record(std::iter::once("trajectory").chain(names)).map_err(failed)?;
            let mut field = Vec::new();
            for (row, values) in self.flat().chunks(self.columns.len()).enumerate() {
                field.clear();
                write!(field, "{}", self.trajectory_of(row)).map_err(Error::io("write", path))?;
                csv.write_field(&field).map_err(failed)?;
                for value in values {
                    field.clear();
                    write!(field, "{value:.16e}").map_err(Error::io("write", path))?;
                    csv.write_field(&field).map_err(failed)?;
                }
                csv.write_record(None::<&[u8]>).map_err(failed)?;
            }
            csv.flush().map_err(Error::io("write", path))
        })
    }

    fn trajectory_of(&self, row: usize) -> u64 {
        (row / self.rows_per_trajectory) as u64
    }
}
