//! Tables 4, 8, 9 and 10: networks that stand out.

use super::{class_of, layers, published, whole};
use crate::claims::Publication;
use crate::grid::select::{self, depth, error};
use crate::report::{Cell, Table, header};
use crate::stats::widths;
use crate::trial::TrialResult;

/// A row of Tables 4, 8, 9 and 10: which network, and why it is named.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Note {
    /// The smallest network whose error is below this.
    SmallestBelow(f64),
    /// The best network with fewer neurons than this.
    BestBelow(usize),
    /// The best network with at most so many neurons.
    BestUpTo(usize),
    /// The best network of two layers.
    BestTwoLayer,
    /// The best network.
    Best,
}

impl Note {
    /// The network.
    pub fn choose<'a>(self, results: &[&'a TrialResult]) -> Option<&'a TrialResult> {
        match self {
            Note::SmallestBelow(limit) => select::smallest(results, limit),
            Note::BestBelow(neurons) => select::best(results, |r| r.neurons < neurons),
            Note::BestUpTo(neurons) => select::best(results, |r| r.neurons <= neurons),
            Note::BestTwoLayer => select::best(results, |r| depth(r) == 2),
            Note::Best => select::best(results, |_| true),
        }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Note::SmallestBelow(limit) => write!(f, "smallest model < {limit}"),
            Note::BestBelow(neurons) => write!(f, "best model < {neurons} neurons"),
            Note::BestUpTo(neurons) => write!(f, "best model ≤ {neurons} neurons"),
            Note::BestTwoLayer => f.write_str("best two-layer"),
            Note::Best => f.write_str("best model"),
        }
    }
}

/// The published error of a network. A number that several tables print stands in one of them.
fn network_claim(publication: &Publication, start: &str, layers: &str) -> Option<f64> {
    ["table4/", "", "table17/"]
        .iter()
        .find_map(|table| published(publication, &format!("{start}/{table}{layers}/mean_error")))
}

/// A row of a table of notable networks: why a network is named, and the layers printed.
type Row = (Note, &'static str);

/// A table of notable networks: its number, its experiment, what it is of, where its claims begin, and
/// its rows.
type Notable = (u32, &'static str, &'static str, &'static str, &'static [Row]);

/// Tables 4, 8, 9 and 10. Table 8 calls a network of 64 neurons "best model < 64" and one of 32 "best
/// model < 32", Table 10 one of 32 "neuron count less than 32": at most is meant.
const NOTABLE: [Notable; 4] = [
    (
        4,
        "W-BS2",
        "problem B_S",
        "W-BS2/DDNN",
        &[
            (Note::SmallestBelow(0.01), "ELU8,SiLU8"),
            (Note::SmallestBelow(0.001), "Tanh32,ELU8,SiLU8"),
            (Note::BestBelow(64), "SiLU8,Tanh32,SiLU8"),
            (Note::BestBelow(128), "SiLU32,Tanh32,SiLU32"),
            (Note::BestTwoLayer, "Tanh32,SiLU32"),
            (Note::Best, "SiLU32,Tanh32,SiLU32"),
        ],
    ),
    (
        8,
        "W-BC2",
        "problem B_C, t up to 5",
        "W-BC2/DDNN",
        &[
            (Note::SmallestBelow(0.01), "SiLU8,ELU8"),
            (Note::SmallestBelow(0.002), "Sin16,SiLU16,Sin16"),
            (Note::BestUpTo(64), "Sin16,Tanh32,Sin16"),
            (Note::BestUpTo(32), "Sin16,SiLU8,ELU8"),
            (Note::BestTwoLayer, "Tanh32,Tanh32"),
            (Note::Best, "Sin16,Tanh32,Sin16"),
        ],
    ),
    (
        9,
        "W-IT",
        "iterators of problem B_C, over the whole time domain",
        "W-IT/extra",
        &[
            (Note::SmallestBelow(0.1), "Tanh8,SiLU8"),
            (Note::SmallestBelow(0.01), "ELU16,SiLU8"),
            (Note::Best, "ELU16,SiLU8"),
        ],
    ),
    (
        10,
        "W-C",
        "problem C",
        "W-C/extra",
        &[
            (Note::SmallestBelow(0.01), "ELU8,SiLU16,Tanh8"),
            (Note::SmallestBelow(0.1), "ELU8,Tanh8"),
            (Note::BestUpTo(32), "ELU8,SiLU16,Tanh8"),
            (Note::Best, "ELU16,Tanh16,Sin16"),
        ],
    ),
];

/// Table 4, 8, 9 or 10: the notable networks of an experiment; none for another one.
pub fn notable(publication: &Publication, experiment: &str, results: &[&TrialResult]) -> Option<Table> {
    let (table, _, what, claims, rows) = NOTABLE.iter().find(|(_, id, ..)| *id == experiment)?;
    let row = |(note, printed): &Row| {
        let ours = note.choose(results);
        vec![
            Cell::text(note.to_string()),
            Cell::text(layers(printed)),
            Cell::number(network_claim(publication, claims, printed)),
            whole(widths(printed).map(|w| w.iter().sum())),
            Cell::text(ours.map_or("–".into(), |r| layers(&r.spec.layers))),
            Cell::number(ours.map(error)),
            whole(ours.map(|r| r.neurons)),
            Cell::text(ours.map_or("–".into(), class_of)),
        ]
    };
    Some(Table {
        caption: format!("Table {table}: notable networks, {what}; {} networks", results.len()),
        groups: vec![(String::new(), 1), ("published".into(), 3), ("here".into(), 4)],
        header: header(["Note", "Layers", "Mean err", "Neurons", "Layers", "Mean err", "Neurons", "Class"]),
        rows: rows.iter().map(row).collect(),
    })
}
