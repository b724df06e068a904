//! Claims with what was measured, as a table.

use super::{Block, Cell, Table, Tone};
use crate::claims::Publication;
use crate::results::{ClaimResult, Verdict};

/// The table of all claims of a publication. `seeds`: with the spread over seeds.
pub(crate) fn table(publication: &Publication, results: &[ClaimResult], seeds: bool) -> Block {
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
        let mut row = vec![
            Cell::text(format!("`{}`", r.id)),
            Cell::text(format!("{about} ({})", r.source)),
            digits(r.published),
            r.measured.map_or(Cell::number(None), digits),
        ];
        row.extend(seeds.then(|| Cell::number(r.spread)));
        row.extend([Cell::text(r.tolerance.clone()), Cell::text(verdict).toned(tone)]);
        row
    });
    let mut header = vec!["claim", "what", "published", "measured"];
    header.extend(seeds.then_some("spread over seeds"));
    header.extend(["agrees if", "verdict"]);
    Block::Table(Table {
        caption: "Claims".into(),
        header: header.into_iter().map(str::to_owned).collect(),
        rows: rows.collect(),
        ..Table::default()
    })
}

/// Six significant digits, where papers print five.
pub(crate) fn precise(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 {
        return "0".into();
    }
    if (0.01..1e9).contains(&magnitude) {
        let digits = (5 - magnitude.log10().floor() as i32).clamp(0, 8) as usize;
        let text = format!("{value:.digits$}");
        if digits == 0 {
            return text;
        }
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{value:.4e}")
}
