//! Tables 16 and 17: networks in the order of their errors.

use super::{class_of, layers, published, whole};
use crate::claims::Publication;
use crate::grid::select::{self, depth, error};
use crate::report::{Cell, Table, header};
use crate::trial::TrialResult;

/// The rows of Table 16 or 17, in the order printed: architecture and error.
fn listed(publication: &Publication, table: u32) -> Vec<(String, f64)> {
    let start = if table == 16 { "W-BS2/DDNN/" } else { "W-BS2/DDNN/table17/" };
    let row = |c: &crate::claims::Claim| {
        let key = c.id.strip_prefix(start)?.strip_suffix("/mean_error")?;
        // An architecture that is printed again has words in parentheses.
        (!key.contains('/')).then(|| (key.split(" (").next().unwrap_or(key).to_owned(), c.value))
    };
    let mut rows: Vec<(String, f64)> = publication.claims.iter().filter_map(row).collect();
    if table == 17 {
        // Its first row is the last of Table 16.
        let first = "SiLU8,Tanh32,SiLU8";
        let value = published(publication, &format!("W-BS2/DDNN/{first}/mean_error"));
        rows.extend(value.map(|v| (first.to_owned(), v)));
    }
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    rows
}

/// Table 16 (the best networks) or 17 (networks of 48 neurons and three layers): those printed, with
/// our error of the same architecture, beside ours in the order of their errors.
pub fn ranking(publication: &Publication, results: &[&TrialResult], table: u32) -> Table {
    let chosen: Vec<&TrialResult> = match table {
        17 => results.iter().copied().filter(|r| r.neurons == 48 && depth(r) == 3).collect(),
        _ => results.to_vec(),
    };
    let printed = listed(publication, table);
    let ours = select::ranked(&chosen);
    let place = |layers: &str| ours.iter().position(|r| r.spec.layers == layers);
    let row = |i: usize| {
        let theirs = printed.get(i);
        let same = theirs.and_then(|(layers, _)| place(layers));
        let mine = ours.get(i);
        vec![
            whole(Some(i + 1)),
            Cell::text(theirs.map_or("–".into(), |(l, _)| layers(l))),
            Cell::number(theirs.map(|(_, e)| *e)),
            Cell::number(same.map(|k| error(ours[k]))),
            whole(same.map(|k| k + 1)),
            Cell::text(mine.map_or("–".into(), |r| layers(&r.spec.layers))),
            Cell::number(mine.map(|r| error(r))),
            whole(mine.map(|r| r.neurons)),
            Cell::text(mine.map_or("–".into(), |r| class_of(r))),
        ]
    };
    let what = if table == 16 { "the best networks" } else { "networks of three layers with 48 neurons" };
    Table {
        caption: format!("Table {table}: {what} for problem B_S, of {} networks", chosen.len()),
        groups: vec![
            (String::new(), 1),
            ("published".into(), 2),
            ("the same network here".into(), 2),
            ("here".into(), 4),
        ],
        header: header([
            "", "Layers", "Mean err", "Mean err", "place", "Layers", "Mean err", "Neurons", "class",
        ]),
        rows: (0..printed.len()).map(row).collect(),
    }
}
