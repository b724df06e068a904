//! Axes: what they show, and what stands beside them.

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Axis {
    /// Equal distances for equal differences.
    Linear(String),
    /// Equal distances for equal ratios.
    Log(String),
    /// Names at 0, 1, 2, … from top to bottom; for the vertical axis only.
    Names(Vec<String>),
}

impl Axis {
    /// Equal distances for equal differences.
    pub fn linear(label: impl Into<String>) -> Self {
        Axis::Linear(label.into())
    }

    /// Equal distances for equal ratios.
    pub fn log(label: impl Into<String>) -> Self {
        Axis::Log(label.into())
    }
}

/// The width of what stands on the left of a vertical axis.
pub(super) fn left(axis: &Axis) -> u32 {
    match axis {
        Axis::Names(names) => 24 + 7 * names.iter().map(|n| n.chars().count()).max().unwrap_or(0) as u32,
        _ => 64,
    }
}

/// What an axis shows.
pub(super) struct Extent {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) labels: usize,
}

/// As many decimals as neighbouring ticks differ in, three at least.
pub(super) fn decimals(low: f64, high: f64, labels: usize) -> usize {
    let between = (high - low).abs() / labels.max(1) as f64;
    (1.0 - between.log10().floor()).clamp(3.0, 15.0) as usize
}

/// What an axis shows: all points, whole decades on a logarithmic axis, some air on a linear one.
pub(super) fn range(axis: &Axis, values: impl Iterator<Item = f64>) -> Extent {
    let (low, high) = crate::stats::range(values);
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    match axis {
        Axis::Names(names) => {
            let n = names.len().max(1) as f64;
            Extent { low: 0.5 - n, high: 0.5, labels: names.len() + 1 }
        }
        Axis::Log(_) => {
            let (low, high) = ((low + 1e-9).floor(), (high - 1e-9).ceil());
            let high = high.max(low + 1.0);
            Extent { low, high, labels: (high - low) as usize + 1 }
        }
        Axis::Linear(label) => {
            // Time and iterations begin and end where the data do.
            let air = if label.starts_with("time") || label.starts_with("iteration") { 0.0 } else { 0.05 };
            // Data that end just before a whole number of time units end there.
            let high =
                if label.starts_with("time") && high.ceil() - high < 0.05 { high.ceil() } else { high };
            let width = if high > low { high - low } else { 1.0 };
            Extent { low: low - air * width, high: low + width * (1.0 + air), labels: 6 }
        }
    }
}

pub(super) fn description(axis: &Axis) -> String {
    match axis {
        Axis::Linear(label) | Axis::Log(label) => label.clone(),
        Axis::Names(_) => String::new(),
    }
}

pub(super) fn tick(axis: &Axis, value: f64, decimals: usize) -> String {
    let nearest = value.round();
    let whole = (value - nearest).abs() < 1e-6;
    match axis {
        Axis::Linear(_) if value.abs() >= 1e5 => {
            let millions = value / 1e6;
            format!("{}M", trim(format!("{millions:.2}")))
        }
        Axis::Linear(_) => trim(format!("{value:.decimals$}")),
        Axis::Log(_) if whole => format!("10{}", superscript(nearest as i64)),
        Axis::Names(names) if whole => names.get((-nearest) as usize).cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// A decimal without zeros at its end.
fn trim(number: String) -> String {
    let short = number.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".into() } else { short.into() }
}

fn superscript(n: i64) -> String {
    n.to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '0' | '4'..='9' => char::from_u32('⁰' as u32 + c.to_digit(10).unwrap_or_default()).unwrap_or(c),
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks() {
        let log = Axis::Log(String::new());
        assert_eq!(tick(&log, -4.0, 3), "10⁻⁴");
        assert_eq!(tick(&log, 12.0, 3), "10¹²");
        assert_eq!(tick(&log, -3.5, 3), "");
        let linear = Axis::Linear(String::new());
        assert_eq!(tick(&linear, 0.25, 3), "0.25");
        assert_eq!(tick(&linear, -0.0000001, 3), "0");
        assert_eq!(tick(&linear, 1.5e6, 3), "1.5M");
        // Concentrations of calcium: neighbours differ in the fifth decimal.
        let narrow = range(&Axis::Linear("Ca".into()), [1.0e-4, 2.5e-4].into_iter());
        let decimals = decimals(narrow.low, narrow.high, narrow.labels);
        let texts = [1.0e-4, 1.3e-4].map(|v| tick(&linear, v, decimals));
        assert_eq!(texts, ["0.0001", "0.00013"]);
        let names = Axis::Names(vec!["a".into(), "b".into()]);
        assert_eq!([0.0, -1.0, -0.5].map(|v| tick(&names, v, 3)), ["a", "b", ""]);
    }
}
