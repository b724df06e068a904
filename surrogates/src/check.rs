//! Checks of settings and shapes, with the same words wherever they are made.

use crate::Error;

/// A number that must be positive.
pub(crate) fn positive(name: &str, value: f64) -> Result<(), Error> {
    match value.is_finite() && value > 0.0 {
        true => Ok(()),
        false => Err(Error::config(name, value, "it must be positive and finite")),
    }
}

/// A number that must not be negative.
pub(crate) fn not_negative(name: &str, value: f64) -> Result<(), Error> {
    match value.is_finite() && value >= 0.0 {
        true => Ok(()),
        false => Err(Error::config(name, value, "it must be finite and not negative")),
    }
}

/// A part of a whole, and not nothing.
pub(crate) fn part(name: &str, value: f64) -> Result<(), Error> {
    match value > 0.0 && value <= 1.0 {
        true => Ok(()),
        false => Err(Error::config(name, value, "it must be above 0 and at most 1")),
    }
}

/// A count that must not be 0.
pub(crate) fn at_least_one(name: &str, value: u64) -> Result<(), Error> {
    match value {
        0 => Err(Error::config(name, value, "it must be at least 1")),
        _ => Ok(()),
    }
}

/// A number of things that others expect.
pub(crate) fn length(what: &str, found: usize, expected: usize) -> Result<(), Error> {
    match found == expected {
        true => Ok(()),
        false => Err(Error::BadLength { what: what.to_owned(), found, expected }),
    }
}

/// A table that must have rows, whole ones, of `columns` finite numbers.
pub(crate) fn table(what: &str, values: &[f32], columns: usize) -> Result<(), Error> {
    if columns == 0 || values.is_empty() {
        return Err(Error::Empty { what: what.to_owned() });
    }
    length(what, values.len(), values.len().div_ceil(columns) * columns)?;
    finite(what, values, columns)
}

/// Rows of `columns` numbers, which must be finite.
pub(crate) fn finite<E: Copy + Into<f64>>(what: &str, values: &[E], columns: usize) -> Result<(), Error> {
    let values = values.iter().map(|x| Into::<f64>::into(*x));
    match values.enumerate().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some((i, value)) => {
            let (row, column) = (i / columns, i % columns);
            Err(Error::NotFiniteData { what: what.to_owned(), row, column, value })
        }
    }
}
