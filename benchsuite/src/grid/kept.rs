//! The page of the networks that are kept with the sources: every table and figure of problems B and C.

use std::path::{Path, PathBuf};

use super::report::{errors_are, verdict_blocks};
use super::{deviations, section, select};
use crate::claims::Publication;
use crate::manifest::{Code, now};
use crate::report::{Block, Document};
use crate::trial::{self, TrialResult};
use crate::{Error, werneck};

/// The order of the sections: the dissertation's.
const EXPERIMENTS: [&str; 7] = ["W-BS1", "W-BS2", "W-BC1", "W-BC2", "W-IT", "W-C", "W-WIN"];

/// Where the exported files of a kept network lie, if they are kept.
pub(crate) fn exported(results: &Path, id: &str) -> PathBuf {
    results.join("onnx").join(id)
}

/// The page over the networks of a folder of kept results; none if it keeps none.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for kept files, [`Error::Claims`], and those of figures.
pub fn document(results: &Path) -> Result<Option<Document>, Error> {
    let all = trial::kept::load(results)?;
    if all.is_empty() {
        return Ok(None);
    }
    let publication = Publication::werneck2024()?;
    let mut blocks = vec![
        Block::Paragraph(
            "Every network of problems B_S, B_C and C that is kept with the sources, trained with the iterations and the \
             data of the publication: its tables side by side with what is printed, and its figures. `trials.csv` beside \
             the kept files has a line for each network. A section's numbers are of networks of one protocol, the one that \
             more of them follow."
                .into(),
        ),
        errors_are(&publication),
    ];
    if let Some(answer) = werneck::kept_answer(&publication, results)? {
        blocks.push(Block::heading("W-A: with and without the equations, one action potential"));
        blocks.push(Block::Paragraph(format!(
            "Answer. {answer} Tables 14 and 15 and Figs 16 to 21 are on the page of `cargo xtask reproduce W-A`."
        )));
    }
    let files = |r: &TrialResult| Some(exported(results, &r.id)).filter(|folder| folder.is_dir());
    let kept = select::experiments(&all);
    let known = EXPERIMENTS.iter().copied().filter(|e| kept.iter().any(|k| k == e));
    for experiment in known {
        blocks.extend(section::blocks(&publication, &all, experiment, &files)?);
    }
    blocks.extend(deviations::blocks(&all));
    let judged = trial::judge(&publication, &all);
    blocks.extend(verdict_blocks(&publication, &judged, "`trials-results.json` has them all."));
    Ok(Some(Document {
        title: "Networks for FitzHugh and Nagumo's model: problems B and C of Werneck 2024".into(),
        subtitle: format!(
            "{} kept networks; written {} by commit {}",
            all.len(),
            now(),
            Code::current().short_commit()
        ),
        blocks,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table and figure stands on the page, or why it does not.
    #[test]
    fn the_page_of_what_is_kept_has_every_table_and_figure() {
        let results = crate::kept::folder(&Publication::werneck2024().unwrap());
        let page = document(&results).unwrap().unwrap();
        let text = page.to_markdown();
        let all = trial::kept::load(&results).unwrap();
        let kept = select::experiments(&all);
        for (experiment, parts) in [
            ("W-BS1", &["Figs 22 and 23", "Figs 24 and 25"][..]),
            ("W-BS2", &["Table 4", "Table 5", "Table 6", "Table 16", "Table 17", "Fig. 26"]),
            ("W-BC1", &["Table 7", "Fig. 29"]),
            ("W-BC2", &["Table 8", "Fig. 30"]),
            ("W-IT", &["Table 9", "Fig. 34"]),
            ("W-C", &["Table 10", "Fig. 37", "Fig. 38", "t = 20"]),
            ("W-WIN", &["Time windows"]),
        ] {
            if !kept.iter().any(|k| k == experiment) {
                continue;
            }
            let heading = format!("## {experiment}: ");
            let section = text.split(&heading).nth(1).unwrap_or_else(|| panic!("{experiment} is missing"));
            let section = section.split("\n## ").next().unwrap();
            assert!(section.contains("Answer. "), "{experiment} has no answer");
            for part in parts {
                assert!(section.contains(part), "{part} is missing from {experiment}");
            }
        }
        for part in ["leaves open", "Published claims", "W-A: with and without", "Extra data of W-IT"] {
            assert!(text.contains(part), "{part} is missing");
        }
        let nothing = tempfile::tempdir().unwrap();
        assert_eq!(document(nothing.path()).unwrap(), None);
    }
}
