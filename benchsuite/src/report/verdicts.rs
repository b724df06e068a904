//! The claims of a publication with what was measured.

use super::{Cell, Table, Tone};
use crate::claims::Publication;
use crate::results::{ClaimResult, Verdict};

/// One line for each claim.
pub(crate) fn verdict_table(publication: &Publication, results: &[ClaimResult]) -> Table {
    let rows = results.iter().map(|r| {
        let tone = match r.verdict {
            Verdict::Pass => Tone::Good,
            Verdict::Differs => Tone::Bad,
            Verdict::NotRun => Tone::Quiet,
        };
        let verdict = match &r.reason {
            Some(reason) => format!("{}: {reason}", r.verdict),
            None => r.verdict.to_string(),
        };
        let about = publication.claim(&r.id).map_or("", |c| c.description.as_str());
        let digits = |v: f64| Cell { text: precise(v), tone: Tone::Plain, number: true };
        vec![
            Cell::text(format!("`{}`", r.id)),
            Cell::text(format!("{about} ({})", r.source)),
            digits(r.published),
            r.measured.map_or(Cell::number(None), digits),
            Cell::number(r.spread),
            Cell::text(r.tolerance.clone()),
            Cell::text(verdict).toned(tone),
        ]
    });
    Table {
        caption: "Claims".into(),
        header: ["claim", "what", "published", "measured", "spread over seeds", "agrees if", "verdict"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// Six significant digits, where the paper prints five.
fn precise(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 {
        return "0".into();
    }
    if (0.01..1e5).contains(&magnitude) {
        let digits = (5 - magnitude.log10().floor() as i32).clamp(0, 8) as usize;
        let text = format!("{value:.digits$}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{value:.4e}")
}
