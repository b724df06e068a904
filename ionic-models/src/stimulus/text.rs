//! Stimuli from files and from the command line.

use std::path::Path;
use std::str::FromStr;

use super::{Interpolation, Pulse, PulseTrain, Stimulus};
use crate::Error;

impl FromStr for PulseTrain {
    type Err = Error;

    /// Reads `period=1000,duration=0.5,amplitude=-80,start=0,count=1`. `start` is 0 and `count`
    /// without end unless given; `period` may be left out for a single pulse.
    fn from_str(text: &str) -> Result<Self, Error> {
        const FORM: &str = "give period=…,duration=…,amplitude=…[,start=…][,count=…]";
        let error = |text: &str, remedy: &str| Error::StimulusText {
            text: text.to_owned(),
            remedy: remedy.to_owned(),
        };
        let (mut start, mut period, mut duration, mut amplitude) = (None, None, None, None);
        let mut count = None;
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (key, value) = item.split_once('=').ok_or_else(|| error(item, FORM))?;
            let (key, value) = (key.trim(), value.trim());
            let slot = match key {
                "start" => &mut start,
                "period" => &mut period,
                "duration" => &mut duration,
                "amplitude" => &mut amplitude,
                "count" => {
                    let n: u64 =
                        value.parse().map_err(|_| error(item, "count is a whole number of pulses"))?;
                    if count.replace(n).is_some() {
                        return Err(error(item, "`count` is given twice"));
                    }
                    continue;
                }
                _ => return Err(error(item, FORM)),
            };
            let number: f64 = value.parse().map_err(|_| error(item, "the value is not a number"))?;
            if slot.replace(number).is_some() {
                return Err(error(item, "the key is given twice"));
            }
        }
        let (Some(duration), Some(amplitude)) = (duration, amplitude) else {
            return Err(error(text, FORM));
        };
        let period = match (period, count) {
            (Some(period), _) => period,
            (None, Some(0 | 1)) => duration,
            (None, _) => return Err(error(text, "give a period, or count=1 for a single pulse")),
        };
        let train = PulseTrain { start: start.unwrap_or(0.0), period, duration, amplitude, count };
        train.check()?;
        Ok(train)
    }
}

impl Stimulus {
    /// Reads single pulses from a CSV file with the columns `start,duration,amplitude`, in order of
    /// time, each after the end of the one before. A first line of names, empty lines and lines
    /// that begin with `#` are passed over.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, a line is not three finite numbers, or the pulses are not in
    /// order: the error names file, line and remedy.
    pub fn read_pulses(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let rows = read_columns::<3>(path, "start,duration,amplitude")?;
        Self::pulses(
            rows.into_iter()
                .map(|[start, duration, amplitude]| Pulse { start, duration, amplitude })
                .collect(),
        )
    }

    /// Reads samples from a CSV file with the columns `time,value`, times increasing. A first line
    /// of names, empty lines and lines that begin with `#` are passed over.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, a line is not two finite numbers, or times do not increase.
    pub fn read_sampled(path: impl AsRef<Path>, interpolation: Interpolation) -> Result<Self, Error> {
        let path = path.as_ref();
        let rows = read_columns::<2>(path, "time,value")?;
        let (times, values) = rows.into_iter().map(|[t, x]| (t, x)).unzip();
        Self::sampled(times, values, interpolation)
    }
}

/// The rows of a CSV file of `N` numeric columns.
fn read_columns<const N: usize>(path: &Path, columns: &str) -> Result<Vec<[f64; N]>, Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::ReadFile { path: path.to_owned(), source })?;
    let mut rows = Vec::new();
    let mut may_be_header = true;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let error = |message| Error::FileLine { path: path.to_owned(), line: number + 1, message };
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        if std::mem::take(&mut may_be_header) && cells.iter().all(|c| c.parse::<f64>().is_err()) {
            if cells.join(",") != columns {
                return Err(error(format!("the columns are `{line}`; expected `{columns}`")));
            }
            continue;
        }
        if cells.len() != N {
            return Err(error(format!("{} values; expected {N}: {columns}", cells.len())));
        }
        let mut row = [0.0; N];
        for (x, cell) in row.iter_mut().zip(&cells) {
            *x = cell.parse().map_err(|_| error(format!("`{cell}` is not a number")))?;
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(Error::FileLine {
            path: path.to_owned(),
            line: 1,
            message: format!("no data; expected lines of {columns}"),
        });
    }
    Ok(rows)
}
