//! What the comparison found, as a figure.

use super::report::{Comparison, Row};
use crate::Error;
use crate::figures::{Axis, Colour, Mark, Panel, Series, draw};

impl Comparison {
    /// Time over the products' operations, one panel for each number of threads.
    ///
    /// # Errors
    /// [`Error::Figure`].
    pub fn figure(&self) -> Result<String, Error> {
        const COLOURS: [Colour; 6] =
            [Colour::Blue, Colour::Red, Colour::Green, Colour::Orange, Colour::Purple, Colour::Grey];
        let mut threads: Vec<usize> = self.rows.iter().map(|r| r.threads).collect();
        threads.dedup();
        let panels: Vec<Panel> = threads
            .into_iter()
            .map(|threads| {
                let rows: Vec<&Row> = self.rows.iter().filter(|r| r.threads == threads).collect();
                let mut names: Vec<&str> = Vec::new();
                rows.iter().for_each(|r| {
                    if !names.contains(&r.name.as_str()) {
                        names.push(&r.name);
                    }
                });
                let ns = |ms: f64| ms * 1e6 / self.rows_a_batch as f64;
                let mut series = Vec::new();
                for (name, colour) in names.into_iter().zip(COLOURS.into_iter().cycle()) {
                    let points: Vec<(f64, f64)> = rows
                        .iter()
                        .filter(|r| r.name == name)
                        .filter_map(|r| Some((r.flops_a_row, ns(r.ms_min?))))
                        .collect();
                    series.push(Series::new(name, Mark::Line, colour, points.clone()));
                    series.push(Series::new("", Mark::Dot, colour, points));
                }
                let span = || {
                    let all = || rows.iter().map(|r| r.flops_a_row);
                    [all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max)]
                };
                let peak = self.peak_flops * threads as f64;
                let limit = span().map(|f| (f, f / peak * 1e9));
                series.push(Series::new("arithmetic limit", Mark::Dashed, Colour::Ink, limit));
                if let Some(solver) = self.solvers.iter().find(|s| s.threads == threads) {
                    let level = span().map(|f| (f, ns(solver.ms_min)));
                    series.push(Series::new(solver.name.as_str(), Mark::Dashed, Colour::Grey, level));
                }
                Panel {
                    title: if threads == 1 { "one thread".into() } else { format!("{threads} threads") },
                    x: Axis::log("multiplications and additions a row"),
                    y: Axis::log("time a row (ns)"),
                    series,
                }
            })
            .collect();
        draw("compare-infer", &panels, (560 * panels.len().max(1) as u32, 520))
    }
}
