//! Figures as SVG: panels of lines and points on linear or logarithmic axes.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::FontFamily;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Error;

mod axis;
mod heat;

pub use axis::Axis;
use axis::{decimals, description, left, range, tick};
pub use heat::{Heat, HeatPanel, draw_heat};

/// How the points of a series are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A line through them.
    Line,
    /// A thin line through them: for many.
    Thin,
    /// A dashed line through them.
    Dashed,
    /// A filled circle at each.
    Dot,
    /// An empty circle at each.
    Ring,
}

/// Colours that stay apart for colour-blind readers and in print (Okabe and Ito).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Black.
    Ink,
    /// Blue.
    Blue,
    /// Vermilion.
    Red,
    /// Green.
    Green,
    /// Orange.
    Orange,
    /// Reddish purple.
    Purple,
    /// Grey.
    Grey,
}

impl Colour {
    fn rgb(self) -> RGBColor {
        match self {
            Colour::Ink => RGBColor(30, 30, 30),
            Colour::Blue => RGBColor(0, 96, 160),
            Colour::Red => RGBColor(213, 94, 0),
            Colour::Green => RGBColor(0, 128, 96),
            Colour::Orange => RGBColor(230, 159, 0),
            Colour::Purple => RGBColor(170, 70, 140),
            Colour::Grey => RGBColor(120, 120, 120),
        }
    }
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its entry in the legend; empty for none.
    pub label: String,
    /// How it is shown.
    pub mark: Mark,
    /// Its colour.
    pub colour: Colour,
    /// Its points. Those that are not finite, or not positive on a logarithmic axis, are left out.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A series.
    pub fn new(
        label: impl Into<String>,
        mark: Mark,
        colour: Colour,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        Series { label: label.into(), mark, colour, points: points.into_iter().collect() }
    }
}

/// One set of axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Its title.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What it shows.
    pub series: Vec<Series>,
}

const FONT: FontFamily = FontFamily::SansSerif;
const LEGEND_HEIGHT: u32 = 26;

/// A number of a course or solution that is kept to be drawn: six digits are more than a figure shows.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// As wide as a figure may be: pages shrink a wider one, and its letters with it.
const PAGE: u32 = 900;
/// What a panel needs beside the names or numbers of its vertical axis.
const LEAST: u32 = 226;

/// Draws panels side by side and returns the SVG text. Where they are too many for the width of a page they stand in
/// rows, each of the height that was asked for.
///
/// # Errors
/// [`Error::Figure`] if the drawing library refuses.
pub fn draw(name: &str, panels: &[Panel], (width, height): (u32, u32)) -> Result<String, Error> {
    let mut svg = String::new();
    {
        let (rows, columns) = if width > PAGE { arranged(panels) } else { (1, panels.len().max(1)) };
        let size = (width.min(PAGE), height * rows as u32);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let failed = |e: &dyn std::fmt::Display| Error::Figure { name: name.into(), why: e.to_string() };
        root.fill(&WHITE).map_err(|e| failed(&e))?;
        let parts = root.split_evenly((rows, columns));
        for (area, panel) in parts.iter().zip(panels) {
            draw_panel(area, panel).map_err(|e| failed(&e))?;
        }
        root.present().map_err(|e| failed(&e))?;
    }
    Ok(svg)
}

/// Rows, and panels in a row, for the width of a page.
fn arranged(panels: &[Panel]) -> (usize, usize) {
    let widest = panels.iter().map(|p| LEAST + left(&p.y)).max().unwrap_or(PAGE);
    let fit = (PAGE / widest).max(1) as usize;
    let rows = panels.len().div_ceil(fit).max(1);
    (rows, panels.len().div_ceil(rows).max(1))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw_panel(area: &Area<'_>, panel: &Panel) -> Drawn {
    let shown: Vec<Series> = panel.series.iter().map(|s| on_axes(s, &panel.x, &panel.y)).collect();
    let all = || shown.iter().flat_map(|s| s.points.iter());
    let x = range(&panel.x, all().map(|p| p.0));
    let y = range(&panel.y, all().map(|p| p.1));
    let (area_width, area_height) = area.dim_in_pixel();

    let title_style = (FONT, 16).into_font().style(FontStyle::Bold).color(&Colour::Ink.rgb());
    area.draw(&Text::new(panel.title.clone(), (12, 10), title_style))?;
    let legend_rows = legend(area, &shown, area_width)?;
    let top = 34 + LEGEND_HEIGHT * legend_rows;
    let body = area.margin(top.min(area_height / 2), 8, 8, 18);

    let mut chart = ChartBuilder::on(&body)
        .x_label_area_size(46)
        .y_label_area_size(left(&panel.y))
        .build_cartesian_2d(x.low..x.high, y.low..y.high)?;
    let (x_axis, y_axis) = (panel.x.clone(), panel.y.clone());
    let across = decimals(x.low, x.high, x.labels);
    let upwards = decimals(y.low, y.high, y.labels);
    chart
        .configure_mesh()
        .x_labels(x.labels)
        .y_labels(y.labels)
        .x_label_formatter(&move |v| tick(&x_axis, *v, across))
        .y_label_formatter(&move |v| tick(&y_axis, *v, upwards))
        .x_desc(description(&panel.x))
        .y_desc(description(&panel.y))
        .label_style((FONT, 13).into_font().color(&Colour::Ink.rgb()))
        .axis_desc_style((FONT, 14).into_font().color(&Colour::Ink.rgb()))
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .axis_style(RGBColor(120, 120, 120))
        .draw()?;
    for series in &shown {
        draw_series(&mut chart, series)?;
    }
    Ok(())
}

fn draw_series<'a>(
    chart: &mut ChartContext<'_, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
    series: &Series,
) -> Drawn {
    let colour = series.colour.rgb();
    let points = series.points.iter().copied();
    match series.mark {
        Mark::Line => {
            chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
        }
        Mark::Thin => {
            chart.draw_series(LineSeries::new(points, colour.stroke_width(1)))?;
        }
        Mark::Dashed => {
            chart.draw_series(DashedLineSeries::new(points, 6, 4, colour.stroke_width(2)))?;
        }
        Mark::Dot => {
            chart.draw_series(points.map(|p| Circle::new(p, 4, colour.filled())))?;
        }
        Mark::Ring => {
            chart.draw_series(points.map(|p| Circle::new(p, 5, colour.stroke_width(2))))?;
        }
    }
    Ok(())
}

/// Draws the legend in rows under the title and returns how many rows it took.
fn legend(area: &Area<'_>, series: &[Series], width: u32) -> Result<u32, Box<dyn std::error::Error>> {
    let (mut x, mut row) = (14_i32, 0_i32);
    let mut any = false;
    for s in series.iter().filter(|s| !s.label.is_empty()) {
        let needed = 50 + 7 * s.label.chars().count() as i32;
        if any && x + needed > width as i32 {
            (x, row) = (14, row + 1);
        }
        any = true;
        let y = 44 + row * LEGEND_HEIGHT as i32;
        let colour = s.colour.rgb();
        match s.mark {
            Mark::Line | Mark::Thin => {
                let wide = if s.mark == Mark::Line { 2 } else { 1 };
                area.draw(&PathElement::new([(x, y), (x + 24, y)], colour.stroke_width(wide)))?;
            }
            Mark::Dashed => {
                let path = DashedPathElement::new([(x, y), (x + 24, y)], 6, 4, colour.stroke_width(2));
                area.draw(&path)?;
            }
            Mark::Dot => area.draw(&Circle::new((x + 12, y), 4, colour.filled()))?,
            Mark::Ring => area.draw(&Circle::new((x + 12, y), 5, colour.stroke_width(2)))?,
        }
        let style = (FONT, 14).into_font().color(&Colour::Ink.rgb()).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(s.label.clone(), (x + 30, y), style))?;
        x += needed;
    }
    Ok(if any { row as u32 + 1 } else { 0 })
}

/// The points of a series in the coordinates of the axes.
fn on_axes(series: &Series, x: &Axis, y: &Axis) -> Series {
    let place = |axis: &Axis, v: f64| match axis {
        Axis::Linear(_) => v,
        Axis::Log(_) => v.log10(),
        Axis::Names(_) => -v,
    };
    let points = series
        .points
        .iter()
        .map(|&(a, b)| (place(x, a), place(y, b)))
        .filter(|(a, b)| a.is_finite() && b.is_finite())
        .collect();
    Series { points, ..series.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_panel_is_drawn_and_odd_values_are_left_out() {
        let points = [(0.0, 1e-3), (1.0, 0.0), (2.0, f64::NAN), (3.0, 1e-1)];
        let panel = |x, y| Panel {
            title: "A title".into(),
            x,
            y,
            series: [Mark::Line, Mark::Thin, Mark::Dashed, Mark::Dot, Mark::Ring]
                .into_iter()
                .map(|m| Series::new(format!("{m:?}"), m, Colour::Blue, points))
                .collect(),
        };
        let linear = || Axis::Linear("time".into());
        let log = || Axis::Log("error".into());
        let svg = draw("test", &[panel(linear(), log()), panel(linear(), linear())], (800, 400)).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("A title") && svg.contains("10⁻²"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        let empty = Panel { series: Vec::new(), ..panel(log(), Axis::Names(vec!["one".into()])) };
        assert!(draw("empty", &[empty], (300, 300)).unwrap().contains("one"));
    }

    #[test]
    fn what_does_not_fit_on_a_page_stands_below() {
        let panel = |y| Panel { title: String::new(), x: Axis::Linear("x".into()), y, series: Vec::new() };
        let size = |n: usize, y: Axis| {
            let svg = draw("wide", &vec![panel(y); n], (1400, 300)).unwrap();
            let number = |name: &str| -> u32 {
                let after = svg.split(&format!("{name}=\"")).nth(1).unwrap();
                after.split('"').next().unwrap().parse().unwrap()
            };
            (number("width"), number("height"))
        };
        let numbers = || Axis::Linear("y".into());
        assert_eq!(size(3, numbers()), (900, 300));
        assert_eq!(size(4, numbers()), (900, 600));
        assert_eq!(size(3, Axis::Names(vec!["a name of some length".into()])), (900, 600));
        assert_eq!(size(0, numbers()), (900, 300));
    }
}
