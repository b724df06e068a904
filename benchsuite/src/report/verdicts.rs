//! Claims with what was measured, as a table.

use super::{Block, Cell, Table, Tone};
use crate::Error;
use crate::claims::{Claim, Publication};
use crate::results::{ClaimResult, Verdict, typed};

impl From<Verdict> for Tone {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Tone::Good,
            Verdict::Differs => Tone::Bad,
            Verdict::NotRun => Tone::Quiet,
        }
    }
}

/// How many claims have which verdict, in words.
pub(crate) fn counts(results: &[ClaimResult]) -> String {
    let count = |v: Verdict| format!("{} {v}", results.iter().filter(|r| r.verdict == v).count());
    [Verdict::Pass, Verdict::Differs, Verdict::NotRun].map(count).join(", ")
}

/// A verdict, and how large ours is beside the published number where the claim's rule is about sizes.
pub(crate) fn sized(verdict: Verdict, claim: Option<&Claim>, measured: Option<f64>) -> String {
    let ratio = claim.zip(measured).and_then(|(claim, measured)| claim.rule.ratio(claim.value, measured));
    match ratio {
        Some(ratio) => format!("{verdict}, {ratio}"),
        None => verdict.to_string(),
    }
}

/// The table of all claims of a publication. `seeds`: with the spread over seeds.
pub(crate) fn table(publication: &Publication, results: &[ClaimResult], seeds: bool) -> Block {
    let rows = results.iter().map(|r| {
        let claim = publication.claim(&r.id);
        let verdict = match &r.reason {
            Some(reason) => format!("{}: {reason}", r.verdict),
            None => sized(r.verdict, claim, r.measured),
        };
        let about = claim.map_or_else(String::new, Claim::what);
        let digits = |v: f64| Cell::digits(precise(v));
        let mut row = vec![
            // The id last: where it is long it has a line of its own.
            Cell::text(format!("{about} ({}) `{}`", r.source, r.id)),
            digits(r.published),
            r.measured.map_or(Cell::number(None), digits),
        ];
        row.extend(seeds.then(|| Cell::number(r.spread)));
        row.extend([Cell::text(r.tolerance.clone()), Cell::text(verdict).toned(r.verdict.into())]);
        row
    });
    let mut header = vec!["what", "published", "measured"];
    header.extend(seeds.then_some("spread over seeds"));
    header.extend(["agrees if", "verdict"]);
    Block::Table(Table {
        caption: "Published numbers, and what was measured".into(),
        header: header.into_iter().map(str::to_owned).collect(),
        rows: rows.collect(),
        ..Table::default()
    })
}

/// What is kept of a publication's claims, to stand beside the numbers of a shorter run; none if nothing is kept.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be read.
pub(crate) fn kept(publication: &Publication, seeds: bool) -> Result<Option<Block>, Error> {
    let path = crate::kept::folder(publication).join("results.json");
    if !path.exists() {
        return Ok(None);
    }
    let mut results: Vec<ClaimResult> = crate::kept::read(&path)?;
    for result in &mut results {
        result.reason = result.reason_kept();
    }
    let mut commands: Vec<String> = Vec::new();
    for r in results.iter().filter(|r| r.verdict != Verdict::NotRun) {
        let command = format!("`{}`", typed(&r.command));
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    Ok(Some(Block::Details(
        format!("Kept from earlier runs at the paper's scale: {}", counts(&results)),
        vec![
            Block::Paragraph(format!("Not of this run. Measured by {}.", commands.join(" and "))),
            table(publication, &results, seeds),
        ],
    )))
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
    // The paper's 1.79e-4 is not 1.7900e-4.
    let text = format!("{value:.4e}");
    match text.split_once('e') {
        Some((digits, power)) => format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.')),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_they_were_printed_with() {
        for (value, text) in [
            (1.79e-4, "1.79e-4"),
            (7.0529e-4, "7.0529e-4"),
            (1e-3, "1e-3"),
            (0.0, "0"),
            (-33.73, "-33.73"),
            (571_138.0, "571138"),
            (2e10, "2e10"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(precise(value), text);
        }
    }

    #[test]
    fn a_verdict_on_an_error_says_how_large_it_is() {
        let publication = Publication::werneck2024().unwrap();
        let say = |id: &str, measured| sized(Verdict::Pass, publication.claim(id), measured);
        let best = "W-BS2/best";
        assert_eq!(say(best, Some(0.72 * 3.8831e-4)), "PASS, 0.72 of the published");
        assert_eq!(say(best, None), "PASS");
        assert_eq!(say("W-GRID/models", Some(252.0)), "PASS");
        assert_eq!(say("nothing", Some(1.0)), "PASS");
    }

    #[test]
    fn what_is_kept_stands_beside_a_short_run_with_its_commands() {
        let Some(Block::Details(title, inner)) = kept(&Publication::kainth2025().unwrap(), true).unwrap()
        else {
            panic!("results of this work are kept")
        };
        assert!(title.contains(" PASS, ") && title.contains("paper's scale"), "{title}");
        let Block::Paragraph(text) = &inner[0] else { panic!("{:?}", inner[0]) };
        assert!(text.contains("`cargo xtask reproduce "), "{text}");
    }
}
