//! The page: who is ahead where, first of all where we are behind.

use super::{Contest, Outcome, Pair};
use crate::report::{Block, Cell, Document, Table, Tone, header};

/// How many lines of rivals without a time stand on the page, for each comparison.
const MISSING: usize = 12;

pub(super) fn document(contests: &[Contest]) -> Document {
    let mut blocks = vec![
        Block::Paragraph(
            "Ours beside every rival that could be installed, from comparisons that are kept with the sources. All \
             take their turns on one machine within one command, so that a ratio means something where a time does \
             not: the machines were not quiet. A ratio is our time over the rival's, of the shortest times and of \
             the medians: below 1 ours is faster. `ahead` and `behind` are said where both agree, `even` where they \
             do not. Where no rival did the same work there is no pair: what is timed there is on the page beside the \
             file that its section names."
                .into(),
        ),
        Block::Table(overview(contests)),
        Block::heading("Where others are ahead"),
    ];
    let of = |outcome| {
        let all = contests.iter().flat_map(|c| c.pairs.iter().map(move |p| (c, p)));
        let mut all: Vec<_> = all.filter(|(_, p)| p.outcome() == outcome).collect();
        let ratio = |p: &Pair| p.ratios().map_or(f64::INFINITY, |r| r.0);
        all.sort_by(|a, b| ratio(b.1).total_cmp(&ratio(a.1)));
        all
    };
    for (outcome, caption, none) in [
        (Outcome::Behind, "The rival is faster by both times", "Nowhere: no rival is faster by both times."),
        (Outcome::Even, "One side is faster by the shortest time, the other by the median", ""),
    ] {
        let pairs = of(outcome);
        if !pairs.is_empty() {
            blocks.push(Block::Table(table(caption, &pairs, true)));
        } else if !none.is_empty() {
            blocks.push(Block::Paragraph(none.into()));
        }
    }
    for contest in contests {
        blocks.push(Block::Heading(contest.title.clone()));
        blocks.push(Block::Paragraph(format!("What is timed, in {}: {}.", contest.unit, contest.what)));
        blocks.push(Block::Paragraph(format!(
            "Measured on {} by {} From `{}`.",
            contest.origin.at.split('T').next().unwrap_or_default(),
            contest.origin.line(),
            contest.file
        )));
        if !contest.pairs.is_empty() {
            let pairs: Vec<_> = contest.pairs.iter().map(|p| (contest, p)).collect();
            let title = match pairs.len() {
                1 => "The pair".to_owned(),
                n => format!("All {n} pairs"),
            };
            let caption = format!("Times in {}", contest.unit);
            blocks.push(Block::Details(title, vec![Block::Table(table(&caption, &pairs, false))]));
        }
        if !contest.missing.is_empty() {
            let mut lines = contest.missing.clone();
            let more = lines.len().saturating_sub(MISSING);
            if more > 0 {
                lines.truncate(MISSING);
                lines.push(format!("and {more} more, in the file"));
            }
            let title = format!("{} without a time of a rival", contest.missing.len());
            blocks.push(Block::Details(title, vec![Block::List(lines)]));
        }
    }
    blocks.push(Block::heading("To measure again"));
    blocks.push(Block::Paragraph(
        "`benchsuite/peers/README.md` says how the rivals are installed; one that is not there is named, and the others \
         are measured. The first command shows what can be asked, the second measures on this machine, and the third \
         writes this page from what is kept under `benchsuite/results`."
            .into(),
    ));
    blocks.push(Block::Code(
        "cargo xtask compare ode --help\ncargo xtask compare ode --out runs/compare-ode\ncargo xtask compare page".into(),
    ));
    Document { title: "Ours beside the rivals".into(), subtitle: subtitle(contests), blocks }
}

/// From when to when the comparisons are.
fn subtitle(contests: &[Contest]) -> String {
    let day = |c: &Contest| c.origin.at.split('T').next().unwrap_or_default().to_owned();
    match (contests.iter().map(day).min(), contests.iter().map(day).max()) {
        (Some(first), Some(last)) if first == last => format!("{} comparisons of {first}", contests.len()),
        (Some(first), Some(last)) => format!("{} comparisons of {first} to {last}", contests.len()),
        _ => "no comparison is kept".into(),
    }
}

fn overview(contests: &[Contest]) -> Table {
    let count = |n: usize, tone| Cell {
        text: n.to_string(),
        tone: if n == 0 { Tone::Quiet } else { tone },
        number: true,
    };
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for contest in contests {
        let mut ratios: Vec<f64> = contest.pairs.iter().filter_map(|p| Some(p.ratios()?.0)).collect();
        ratios.sort_by(f64::total_cmp);
        rows.push(vec![
            Cell::text(contest.title.clone()),
            count(contest.pairs.len(), Tone::Plain),
            count(contest.count(Outcome::Ahead), Tone::Good),
            count(contest.count(Outcome::Even), Tone::Warning),
            count(contest.count(Outcome::Behind), Tone::Bad),
            Cell::number(ratios.first().copied()),
            Cell::number(ratios.get(ratios.len() / 2).copied()),
            Cell::number(ratios.last().copied()),
        ]);
    }
    Table {
        caption: "Pairs of ours and a rival, and our time over theirs (shortest times)".into(),
        groups: vec![(String::new(), 5), ("ratio".into(), 3)],
        header: header(["comparison", "pairs", "ahead", "even", "behind", "best", "middle", "worst"]),
        rows,
    }
}

/// `mixed` pairs are of several comparisons, which each then names.
fn table(caption: &str, pairs: &[(&Contest, &Pair)], mixed: bool) -> Table {
    let rows = pairs.iter().map(|(contest, pair)| {
        let (title, unit) = (&contest.title, contest.unit);
        let work = if mixed { format!("{title}, {unit}: {}", pair.work) } else { pair.work.clone() };
        let ratios = pair.ratios();
        let (word, tone) = match pair.outcome() {
            Outcome::Ahead => ("ahead", Tone::Good),
            Outcome::Even => ("even", Tone::Warning),
            Outcome::Behind => ("behind", Tone::Bad),
        };
        vec![
            Cell::text(work),
            Cell::text(pair.ours.who.clone()),
            Cell::text(pair.rival.who.clone()),
            Cell::number(pair.ours.least),
            Cell::number(pair.ours.median),
            Cell::number(pair.rival.least),
            Cell::number(pair.rival.median),
            Cell::number(ratios.map(|r| r.0)),
            Cell::number(ratios.map(|r| r.1)),
            Cell::text(word).toned(tone),
        ]
    });
    let header =
        ["work", "ours", "rival", "least", "median", "least", "median", "least", "median", "ours is"];
    Table {
        caption: caption.into(),
        groups: [("", 3), ("our time", 2), ("rival's time", 2), ("ratio", 2), ("", 1)]
            .map(|(text, n)| (text.to_owned(), n))
            .to_vec(),
        header: header.map(Into::into).to_vec(),
        rows: rows.collect(),
    }
}
