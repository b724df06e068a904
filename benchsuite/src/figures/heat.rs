//! Planes of colours with a logarithmic scale.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, Axis, Colour, Drawn, FONT, decimals, tick};
use crate::Error;

/// Numbers over a plane, as colours.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatPanel {
    /// Its title.
    pub title: String,
    /// The horizontal axis: its description, and where it begins and ends.
    pub x: (String, (f64, f64)),
    /// The vertical axis.
    pub y: (String, (f64, f64)),
    /// Rows of numbers, the lowest first, each from left to right. Those that are not positive are left
    /// blank.
    pub values: Vec<Vec<f64>>,
}

/// Planes with a common logarithmic scale of colours.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// What the colours stand for.
    pub scale: String,
    /// The planes.
    pub panels: Vec<HeatPanel>,
}

/// From low to high; stays apart in grey too.
const BANDS: [RGBColor; 10] = [
    RGBColor(68, 1, 84),
    RGBColor(72, 36, 117),
    RGBColor(65, 68, 135),
    RGBColor(53, 95, 141),
    RGBColor(42, 120, 142),
    RGBColor(33, 145, 140),
    RGBColor(53, 183, 121),
    RGBColor(122, 209, 81),
    RGBColor(189, 223, 38),
    RGBColor(253, 231, 37),
];

/// Draws planes side by side with one scale of colours, and returns the SVG text. Neighbours of one
/// colour become one rectangle, so that the text stays small.
///
/// # Errors
/// [`Error::Figure`] if the drawing library refuses.
pub fn draw_heat(name: &str, heat: &Heat, (width, height): (u32, u32)) -> Result<String, Error> {
    let all =
        heat.panels.iter().flat_map(|p| p.values.iter().flatten()).filter(|v| v.is_finite() && **v > 0.0);
    let (low, high) = all.fold((f64::INFINITY, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
    // Three decades below the greatest say enough; the rest is one colour.
    let high = if high > 0.0 { high.log10() } else { 0.0 };
    let low = if low.is_finite() { low.log10().max(high - 3.0) } else { high - 1.0 };
    let wide = (high - low).max(1e-9);
    let last = BANDS.len() - 1;
    let band = move |v: f64| {
        let share = (v.log10() - low) / wide * BANDS.len() as f64;
        (v.is_finite() && v > 0.0).then(|| (share.max(0.0) as usize).min(last))
    };
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        let failed = |e: &dyn std::fmt::Display| Error::Figure { name: name.into(), why: e.to_string() };
        root.fill(&WHITE).map_err(|e| failed(&e))?;
        let (body, bar) = root.split_horizontally(width.saturating_sub(110));
        let parts = body.split_evenly((1, heat.panels.len().max(1)));
        for (area, panel) in parts.iter().zip(&heat.panels) {
            draw_plane(area, panel, &band).map_err(|e| failed(&e))?;
        }
        draw_bands(&bar, &heat.scale, low, wide).map_err(|e| failed(&e))?;
        root.present().map_err(|e| failed(&e))?;
    }
    Ok(svg)
}

fn draw_plane(area: &Area<'_>, panel: &HeatPanel, band: &dyn Fn(f64) -> Option<usize>) -> Drawn {
    let title_style = (FONT, 16).into_font().style(FontStyle::Bold).color(&Colour::Ink.rgb());
    area.draw(&Text::new(panel.title.clone(), (12, 10), title_style))?;
    let body = area.margin(34, 8, 8, 12);
    let ((x0, x1), (y0, y1)) = (panel.x.1, panel.y.1);
    let mut chart = ChartBuilder::on(&body)
        .x_label_area_size(46)
        .y_label_area_size(58)
        .build_cartesian_2d(x0..x1, y0..y1)?;
    let rows = panel.values.len().max(1) as f64;
    for (j, row) in panel.values.iter().enumerate() {
        let n = row.len().max(1) as f64;
        let at = |i: usize| x0 + (x1 - x0) * i as f64 / n;
        let (bottom, top) = (y0 + (y1 - y0) * j as f64 / rows, y0 + (y1 - y0) * (j + 1) as f64 / rows);
        let mut i = 0;
        while i < row.len() {
            let colour = band(row[i]);
            let end = (i..row.len()).find(|k| band(row[*k]) != colour).unwrap_or(row.len());
            if let Some(b) = colour {
                // Half a row higher, which the next row covers: no seam shows between them.
                let corners = [(at(i), bottom), (at(end), (top + 0.5 * (top - bottom)).min(y1))];
                chart.draw_series(std::iter::once(Rectangle::new(corners, BANDS[b].filled())))?;
            }
            i = end;
        }
    }
    let plain = Axis::Linear(String::new());
    let (x_axis, y_axis) = (plain.clone(), plain);
    let (across, upwards) = (decimals(x0, x1, 5), decimals(y0, y1, 6));
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(5)
        .y_labels(6)
        .x_label_formatter(&move |v| tick(&x_axis, *v, across))
        .y_label_formatter(&move |v| tick(&y_axis, *v, upwards))
        .x_desc(panel.x.0.clone())
        .y_desc(panel.y.0.clone())
        .label_style((FONT, 13).into_font().color(&Colour::Ink.rgb()))
        .axis_desc_style((FONT, 14).into_font().color(&Colour::Ink.rgb()))
        .axis_style(RGBColor(120, 120, 120))
        .draw()?;
    Ok(())
}

/// The scale of colours: each band with the number where it begins.
fn draw_bands(area: &Area<'_>, scale: &str, low: f64, wide: f64) -> Drawn {
    let style = || (FONT, 13).into_font().color(&Colour::Ink.rgb());
    area.draw(&Text::new(scale.to_owned(), (6, 14), style()))?;
    let (_, height) = area.dim_in_pixel();
    let each = ((height as i32 - 100) / BANDS.len() as i32).max(4);
    for (i, colour) in BANDS.iter().enumerate() {
        let bottom = height as i32 - 58 - i as i32 * each;
        area.draw(&Rectangle::new([(8, bottom - each), (24, bottom)], colour.filled()))?;
        let from = 10_f64.powf(low + wide * i as f64 / BANDS.len() as f64);
        let style = style().pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(format!("{from:.1e}"), (30, bottom), style))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_merge_neighbours_and_leave_out_what_is_no_number() {
        let mut values = vec![vec![1e-3; 40]; 30];
        values[2][7] = 1e-1;
        values[3][5] = f64::NAN;
        values[4][5] = 0.0;
        let panel = HeatPanel {
            title: "A plane".into(),
            x: ("U".into(), (0.0, 1.0)),
            y: ("W".into(), (0.0, 0.18)),
            values,
        };
        let heat = Heat { scale: "error".into(), panels: vec![panel] };
        let svg = draw_heat("heat", &heat, (600, 300)).unwrap();
        assert!(svg.contains("A plane") && svg.contains("#FDE725") && !svg.contains("NaN"));
        // One rectangle for a row, three for one with something in between.
        let cells = svg.matches("<rect").count();
        assert!((30..70).contains(&cells), "{cells}");
    }
}
