//! Reading the data files.

use std::path::PathBuf;

/// A CSV file with comment lines, one line of names, and rows of numbers that may begin with a word.
pub(crate) struct Table {
    pub(crate) names: Vec<String>,
    /// The row that begins with `range`, without that word.
    pub(crate) range: Vec<f64>,
    pub(crate) rows: Vec<Vec<f64>>,
}

pub(crate) fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file)
}

pub(crate) fn read(file: &str) -> Table {
    let text = std::fs::read_to_string(path(file)).unwrap();
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let names = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let (mut range, mut rows) = (Vec::new(), Vec::new());
    for line in lines {
        match line.strip_prefix("range,") {
            Some(rest) => range = numbers(rest),
            None => rows.push(numbers(line)),
        }
    }
    Table { names, range, rows }
}

fn numbers(line: &str) -> Vec<f64> {
    line.split(',').map(|x| x.parse().unwrap()).collect()
}
