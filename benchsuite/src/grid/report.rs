//! What the report of a sweep of networks says: doubts, experiment by experiment, deviations, verdicts.

use super::{deviations, findings, results, section, select};
use crate::claims::Publication;
use crate::report::{Block, Tone, verdicts};
use crate::results::ClaimResult;
use crate::sweep::finished::Finished;
use crate::trial::TrialResult;
use crate::{Error, files};

/// The parts of the report.
pub(super) fn blocks(sweep: &Finished<'_>) -> Result<Vec<Block>, Error> {
    let all = results(sweep)?;
    if all.is_empty() {
        return Ok(vec![Block::Notice(Tone::Quiet, "No network is finished yet.".into())]);
    }
    let publication = Publication::werneck2024()?;
    let command = crate::sweep::command("run", sweep.folder.path());
    let judged = findings::judge(&publication, &all, &command);
    files::write_json(&sweep.folder.path().join("results.json"), &judged)?;
    let mut blocks = Vec::new();
    blocks.extend(findings::doubt(&all).map(|text| Block::Notice(Tone::Warning, format!("{text}."))));
    blocks.extend(findings::others(&all).map(|text| Block::Notice(Tone::Quiet, format!("{text}."))));
    blocks.push(errors_are(&publication));
    // Results and records are in one order.
    let exported = |result: &TrialResult| {
        let place = all.iter().position(|r| std::ptr::eq(r, result))?;
        Some(sweep.folder.trial(&sweep.records[place].0.id))
    };
    for experiment in select::experiments(&all) {
        blocks.extend(section::blocks(&publication, &all, &experiment, &exported)?);
    }
    blocks.extend(deviations::blocks(&all));
    blocks.extend(verdict_blocks(&publication, &judged, "`results.json` has them all."));
    Ok(blocks)
}

/// What errors are, and where published ones come from.
pub(super) fn errors_are(publication: &Publication) -> Block {
    Block::Paragraph(format!(
        "Unless said otherwise, errors are |ΔU| + |ΔW| (eq. 3.3), mean over the validation set, against the explicit \
         Euler solution with step 0.01 as in the dissertation; those against an accurate solution stand beside them in \
         the CSV file. Published numbers: {}.",
        publication.citation
    ))
}

pub(super) fn verdict_blocks(publication: &Publication, results: &[ClaimResult], more: &str) -> Vec<Block> {
    if results.is_empty() {
        return Vec::new();
    }
    vec![
        Block::heading("Published claims"),
        Block::Paragraph(format!("{}. {more}", verdicts::counts(results))),
        Block::Details(
            format!("All {} claims", results.len()),
            vec![verdicts::table(publication, results, true)],
        ),
    ]
}
