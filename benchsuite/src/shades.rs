//! Figures of columns in shades of grey: bifurcation diagrams.
//!
//! The picture is one SVG path for each shade, made of bars: small files that any program can edit.

use std::fmt::Write as _;

/// One diagram: columns of numbers over a horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Shades {
    /// Its title.
    pub title: String,
    /// The horizontal axis.
    pub x: String,
    /// The vertical axis.
    pub y: String,
    /// The length of the vertical axis; it begins at 0.
    pub height: f64,
    /// Place and numbers of each column, from left to right. Numbers go upwards.
    pub columns: Vec<(f64, Vec<f32>)>,
}

/// How many shades there are: more cannot be told apart.
const LEVELS: usize = 8;

/// Draws diagrams side by side, on one scale: the larger the darker.
pub fn draw(panels: &[Shades], (width, height): (u32, u32)) -> String {
    let each = f64::from(width) / panels.len().max(1) as f64;
    let numbers =
        || panels.iter().flat_map(|p| &p.columns).flat_map(|c| &c.1).copied().filter(|v| v.is_finite());
    let low = numbers().fold(f32::INFINITY, f32::min);
    let high = numbers().fold(f32::NEG_INFINITY, f32::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" fill=\"#1e1e1e\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for (k, panel) in panels.iter().enumerate() {
        let area = Area {
            left: k as f64 * each + 58.0,
            top: 40.0,
            width: each - 76.0,
            height: f64::from(height) - 92.0,
        };
        area.draw(panel, (low, high), &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

struct Area {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Area {
    fn draw(&self, panel: &Shades, (low, high): (f32, f32), svg: &mut String) {
        let Self { left, top, width, height } = *self;
        let bottom = top + height;
        let text = |x: f64, y: f64, anchor: &str, size: u32, more: &str, text: &str| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            format!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\"{more}>{text}</text>\n"
            )
        };
        svg.push_str(&text(left - 46.0, 24.0, "start", 16, " font-weight=\"bold\"", &panel.title));
        let mut paths = vec![String::new(); LEVELS];
        let count = panel.columns.len();
        let step = width / count.max(1) as f64;
        for (i, (_, numbers)) in panel.columns.iter().enumerate() {
            let rows = numbers.len().max(1) as f64;
            let level = |v: f32| {
                let part = f64::from((v - low) / (high - low).max(f32::MIN_POSITIVE));
                // NaN becomes 0.
                ((part * LEVELS as f64) as usize).min(LEVELS - 1)
            };
            let mut from = 0;
            while from < numbers.len() {
                let shade = level(numbers[from]);
                let to = (from..numbers.len()).find(|j| level(numbers[*j]) != shade).unwrap_or(numbers.len());
                let (x, y) = (left + i as f64 * step, bottom - to as f64 / rows * height);
                let tall = (to - from) as f64 / rows * height;
                // A little wider than a column, so that no seam shows.
                let _ =
                    write!(paths[shade], "M{x:.1} {y:.1}h{:.1}v{tall:.1}h-{:.1}z", step + 0.3, step + 0.3);
                from = to;
            }
        }
        for (shade, path) in paths.iter().enumerate().filter(|(_, p)| !p.is_empty()) {
            let grey = 245 - shade * 235 / (LEVELS - 1);
            let _ = writeln!(svg, "<path fill=\"#{grey:02x}{grey:02x}{grey:02x}\" d=\"{path}\"/>");
        }
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"none\" stroke=\"#787878\"/>"
        );
        if let (Some(first), Some(last)) = (panel.columns.first(), panel.columns.last())
            && last.0 > first.0
        {
            for k in 0..=5 {
                let part = f64::from(k) / 5.0;
                let value = first.0 + part * (last.0 - first.0);
                // The middle of the column.
                let x = left + step / 2.0 + part * (width - step);
                let label = format!("{}", (value * 100.0).round() / 100.0);
                svg.push_str(&text(x, bottom + 18.0, "middle", 13, "", &label));
            }
        }
        for k in 0..=3 {
            let part = f64::from(k) / 3.0;
            let label = format!("{}", (part * panel.height * 100.0).round() / 100.0);
            svg.push_str(&text(left - 6.0, bottom - part * height + 4.0, "end", 13, "", &label));
        }
        svg.push_str(&text(left + width / 2.0, bottom + 40.0, "middle", 14, "", &panel.x));
        let (x, y) = (left - 42.0, top + height / 2.0);
        let turned = format!(" transform=\"rotate(-90 {x:.1} {y:.1})\"");
        svg.push_str(&text(x, y, "middle", 14, &turned, &panel.y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_share_a_bar_and_odd_values_do_no_harm() {
        let panel = |columns| Shades {
            title: "a < b".into(),
            x: "V_S".into(),
            y: "time".into(),
            height: 15.0,
            columns,
        };
        let svg = draw(
            &[
                panel(vec![(-40.0, vec![0.0, 0.0, 1.0]), (-30.0, vec![f32::NAN, 1.0, 1.0])]),
                panel(Vec::new()),
            ],
            (800, 300),
        );
        // 0 twice is one bar, NaN is drawn as the lowest shade, 1 is the darkest.
        assert_eq!(svg.matches('M').count(), 4);
        assert!(svg.contains("#f5f5f5") && svg.contains("#0a0a0a"));
        assert!(svg.contains("a &lt; b") && svg.contains(">-40<") && svg.contains(">-30<"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
