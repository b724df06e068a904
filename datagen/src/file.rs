//! The data set as a file: safetensors with everything about the data in its header.
//!
//! Layout: the header's length (8 bytes, little endian), the header (JSON, padded with spaces to a
//! multiple of 8), the values (f64, little endian, row by row) as one tensor named `values`. The
//! header's `__metadata__` holds the texts of [`metadata`] and `content_sha256`. The header is
//! written here and not by the `safetensors` crate, whose order of metadata keys changes from run
//! to run: equal data sets are to be equal files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dataset::CHUNK;
use crate::error::FileProblem;
use crate::{Column, Dataset, Error, Recipe, Role, atomic, canonical};

/// The file format that this version writes and reads.
pub const FILE_FORMAT: u32 = 1;

const MARK: &str = "ionic-surrogates dataset";

/// The longest header that the safetensors format allows.
const MAX_HEADER: u64 = 100_000_000;

/// Everything about the data except the values and the hash of all.
pub(crate) fn metadata(data: &Dataset) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("format", MARK.to_owned()),
        ("format_version", FILE_FORMAT.to_string()),
        ("producer", data.producer.clone()),
        ("recipe", data.recipe.to_json()),
        ("recipe_sha256", data.recipe.sha256()),
        ("columns", canonical::json(&data.columns)),
        ("rows_per_trajectory", data.rows_per_trajectory.to_string()),
    ])
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    #[serde(rename = "__metadata__")]
    metadata: BTreeMap<String, String>,
    values: Tensor,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tensor {
    dtype: String,
    shape: [u64; 2],
    data_offsets: [u64; 2],
}

/// The header, with its length in front and its padding behind.
fn header(data: &Dataset, content_sha256: &str) -> Vec<u8> {
    let mut metadata: BTreeMap<_, _> = metadata(data).into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    metadata.insert("content_sha256".to_owned(), content_sha256.to_owned());
    let (rows, columns) = data.values.dim();
    let mut text = canonical::json(&Header {
        metadata,
        values: Tensor {
            dtype: "F64".to_owned(),
            shape: [rows as u64, columns as u64],
            data_offsets: [0, 8 * rows as u64 * columns as u64],
        },
    });
    text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

impl Dataset {
    /// Writes the data set to `path`, in place of what is there. The file appears complete or not
    /// at all. Equal data sets give equal files.
    ///
    /// Any reader of safetensors can read it: the values are the tensor `values`, shape
    /// (rows, columns).
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses, [`Error::BadRecipe`] if the recipe is too long for the
    /// header of the format (100 MB).
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let header = header(self, &self.content_sha256());
        if header.len() as u64 - 8 > MAX_HEADER {
            return Err(Error::bad_recipe(
                "sampling",
                "with all its points the recipe is longer than the 100 MB that fit into a file's header; \
                 split it into several recipes",
            ));
        }
        atomic::write(path, |file| {
            let write = |file: &mut std::io::BufWriter<&File>| {
                file.write_all(&header)?;
                for value in self.flat() {
                    file.write_all(&value.to_le_bytes())?;
                }
                Ok(())
            };
            write(file).map_err(Error::io("write", path))
        })
    }

    /// Reads the data set at `path` and verifies all of it: length, format version, the hashes of
    /// content and recipe, that columns and rows are those of the recipe, that every value is
    /// finite. A file that opens is, byte for byte, what [`save`](Dataset::save) wrote.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::File`] with the [`FileProblem`] if it is
    /// not an undamaged data set.
    pub fn open(path: impl AsRef<Path>) -> Result<Dataset, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(Error::io("open", path))?;
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        let mut file = BufReader::with_capacity(1 << 16, file);
        match read(&mut file, length) {
            Ok(data) => Ok(data),
            Err(ReadError::Problem(problem)) => Err(problem.at(path)),
            Err(ReadError::Io(e)) => Err(Error::io("read", path)(e)),
            Err(ReadError::Recipe(e)) => Err(*e),
        }
    }
}

enum ReadError {
    Problem(FileProblem),
    Io(std::io::Error),
    Recipe(Box<Error>),
}

impl From<FileProblem> for ReadError {
    fn from(problem: FileProblem) -> ReadError {
        ReadError::Problem(problem)
    }
}

impl From<std::io::Error> for ReadError {
    fn from(e: std::io::Error) -> ReadError {
        ReadError::Io(e)
    }
}

fn not_ours(why: impl Into<String>) -> FileProblem {
    FileProblem::NotADataset(why.into())
}

fn read(file: &mut impl Read, length: u64) -> Result<Dataset, ReadError> {
    if length < 8 {
        return Err(FileProblem::CutShort { found: length, expected: 8 }.into());
    }
    let mut size = [0; 8];
    file.read_exact(&mut size)?;
    let header_length = u64::from_le_bytes(size);
    if header_length > MAX_HEADER {
        return Err(not_ours("it does not begin with the length of a safetensors header").into());
    }
    if length < 8 + header_length {
        return Err(FileProblem::CutShort { found: length, expected: 8 + header_length }.into());
    }
    let mut bytes = vec![0; header_length as usize];
    file.read_exact(&mut bytes)?;
    let parsed: Header =
        serde_json::from_slice(&bytes).map_err(|e| not_ours(format!("its header cannot be read: {e}")))?;
    let text = |key: &str| {
        let missing = || not_ours(format!("its header has no `{key}`"));
        parsed.metadata.get(key).ok_or_else(missing)
    };
    if text("format")? != MARK {
        return Err(not_ours(format!("its header names the format `{}`", text("format")?)).into());
    }
    if *text("format_version")? != FILE_FORMAT.to_string() {
        let found = text("format_version")?.clone();
        return Err(FileProblem::FormatVersion { found, supported: FILE_FORMAT }.into());
    }
    let [rows, columns] = parsed.values.shape;
    let data_length = rows
        .checked_mul(columns)
        .and_then(|n| n.checked_mul(8))
        .filter(|&n| {
            parsed.values.data_offsets == [0, n] && parsed.values.dtype == "F64" && n <= u64::MAX / 2
        })
        .ok_or_else(|| not_ours("the shape of its values is impossible"))?;
    let expected = 8 + header_length + data_length;
    if length < expected {
        return Err(FileProblem::CutShort { found: length, expected }.into());
    }
    if length > expected {
        return Err(FileProblem::TooLong { found: length, expected }.into());
    }

    let mut hash = Sha256::new();
    let described: BTreeMap<_, _> = parsed.metadata.iter().filter(|(k, _)| *k != "content_sha256").collect();
    hash.update(canonical::json(&described).as_bytes());
    hash.update(rows.to_le_bytes());
    hash.update(columns.to_le_bytes());
    // `expected` is the length of a file that exists: the product fits.
    let mut values = Vec::new();
    values
        .try_reserve_exact((rows * columns) as usize)
        .map_err(|e| std::io::Error::new(std::io::ErrorKind::OutOfMemory, e))?;
    let mut buffer = vec![0; 8 * CHUNK];
    let mut left = data_length as usize;
    while left > 0 {
        let part = &mut buffer[..left.min(8 * CHUNK)];
        file.read_exact(part)?;
        hash.update(&*part);
        values.extend(part.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)));
        left -= part.len();
    }
    let found = canonical::hex(&hash.finalize());
    let stored = text("content_sha256")?;
    if found != *stored {
        return Err(FileProblem::ContentHash { stored: stored.clone(), found }.into());
    }

    let recipe_text = text("recipe")?;
    let found = canonical::hex(&Sha256::digest(recipe_text.as_bytes()));
    let stored = text("recipe_sha256")?;
    if found != *stored {
        return Err(FileProblem::RecipeHash { stored: stored.clone(), found }.into());
    }
    let recipe = Recipe::from_json(recipe_text).map_err(|e| ReadError::Recipe(Box::new(e)))?;
    let declared: Vec<Column> = serde_json::from_str(text("columns")?)
        .map_err(|e| not_ours(format!("its columns cannot be read: {e}")))?;
    let rows_per_trajectory: usize =
        text("rows_per_trajectory")?.parse().map_err(|e| not_ours(format!("`rows_per_trajectory`: {e}")))?;
    fits(&recipe, &declared, rows, columns, rows_per_trajectory)?;
    let data = Dataset {
        values: Array2::from_shape_vec((rows as usize, columns as usize), values)
            .map_err(|e| not_ours(e.to_string()))?,
        columns: declared,
        producer: text("producer")?.clone(),
        rows_per_trajectory,
        recipe,
    };
    if let Some((row, column)) = data.first_not_finite() {
        let (name, value) = (data.columns[column].name.clone(), data.values[(row, column)]);
        return Err(FileProblem::NotFinite { row, column: name, value }.into());
    }
    // Hashes cover what the header says; this covers how it says it (padding, escapes, order).
    let rewritten = header(&data, text("content_sha256")?);
    if rewritten[..8] != size || rewritten[8..] != bytes {
        return Err(FileProblem::Spelling.into());
    }
    Ok(data)
}

/// Whether columns and rows are those that the recipe asks for.
fn fits(recipe: &Recipe, found: &[Column], rows: u64, columns: u64, each: usize) -> Result<(), FileProblem> {
    let problem = |text: String| Err(FileProblem::Columns(text));
    if found.len() as u64 != columns {
        return problem(format!("the header names {} columns, the values have {columns}", found.len()));
    }
    let asked = recipe.column_names();
    if !asked.iter().map(|(n, r)| (n.as_str(), *r)).eq(found.iter().map(|c| (c.name.as_str(), c.role))) {
        let list = |names: &mut dyn Iterator<Item = (&str, Role)>| {
            names.map(|(n, r)| format!("{n} ({})", r.as_str())).collect::<Vec<_>>().join(", ")
        };
        let has = list(&mut found.iter().map(|c| (c.name.as_str(), c.role)));
        let wants = list(&mut asked.iter().map(|(n, r)| (n.as_str(), *r)));
        return problem(format!("the file has {has}; its recipe asks for {wants}"));
    }
    let trajectories = recipe.sampling.trajectories();
    if recipe.times.points() != each as u128 || trajectories * each as u128 != u128::from(rows) {
        return problem(format!(
            "the file has {rows} rows, {each} for each trajectory; its recipe asks for {trajectories} trajectories \
             with {} rows each",
            recipe.times.points()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    /// A data set and the bytes of its file.
    static SAVED: LazyLock<(Dataset, Vec<u8>)> = LazyLock::new(|| {
        let data = crate::recipes::werneck_problem_a(10).generate().unwrap();
        let mut bytes = header(&data, &data.content_sha256());
        bytes.extend(data.flat().iter().flat_map(|v| v.to_le_bytes()));
        (data, bytes)
    });

    fn reads(bytes: &[u8]) -> bool {
        read(&mut &*bytes, bytes.len() as u64).is_ok()
    }

    #[test]
    fn every_single_bit_counts() {
        let mut bytes = SAVED.1.clone();
        assert!(reads(&bytes));
        for i in 0..bytes.len() {
            for bit in 0..8 {
                bytes[i] ^= 1 << bit;
                assert!(!reads(&bytes), "bit {bit} of byte {i} was not noticed");
                bytes[i] ^= 1 << bit;
            }
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let bytes = &SAVED.1;
        assert!((0..bytes.len()).all(|n| !reads(&bytes[..n])));
        // A file that shrinks while it is read.
        for n in [7, 8, 500, bytes.len() - 1] {
            let result = read(&mut &bytes[..n], bytes.len() as u64);
            assert!(matches!(result, Err(ReadError::Io(_))));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn any_changed_byte_is_noticed(place in any::<prop::sample::Index>(), flip in 1u8..=255) {
            let mut bytes = SAVED.1.clone();
            let i = place.index(bytes.len());
            bytes[i] ^= flip;
            prop_assert!(!reads(&bytes), "byte {i} changed by {flip:#x} was not noticed");
        }

        #[test]
        fn any_two_exchanged_bytes_are_noticed(
            a in any::<prop::sample::Index>(),
            b in any::<prop::sample::Index>(),
        ) {
            let mut bytes = SAVED.1.clone();
            let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
            bytes.swap(a, b);
            prop_assert_eq!(reads(&bytes), bytes == SAVED.1);
        }

        #[test]
        fn noise_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!reads(&bytes));
        }
    }
}
