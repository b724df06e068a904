//! Tables of what ran on one thread.

use super::super::{Accuracy, Activation, Chunk, Measurements, Trained};
use super::{Parts, percent};
use crate::compare::work::Reached;
use crate::report::{Cell, Table, header, scientific};

/// Table 11.
pub(super) fn solvers(parts: &Parts<'_>) -> Table {
    let published =
        |cells: f64| parts.publication.claim(&format!("W-INF/euler/{cells:.0}/seconds")).map(|c| c.value);
    let rows = parts.measured.solvers.iter().map(|r| {
        vec![
            Cell::text(r.name.clone()),
            Cell::text(format!("{:.0} million", r.cells / 1e6)),
            Cell::number(published(r.cells)),
            Cell::number(Some(r.seconds)),
            Cell::number(Some(r.reached.work.flops / 1e9)),
            Cell::number(Some(r.reached.work.bytes / 1e9)),
            percent(r.reached.of_limit),
            Cell::text(scientific(r.measured_cells as f64)),
        ]
    });
    Table {
        caption:
            "Table 11: Euler's method, Δt = .1, t = 10; published: CUDA on an RTX 4070, here: one thread"
                .into(),
        header: header([
            "how",
            "cells",
            "published, s",
            "here, s",
            "Gflop",
            "GB",
            "of the machine's limit",
            "cells timed",
        ]),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// The smallest, the middle and the largest of each depth.
pub(super) fn networks(m: &Measurements) -> Table {
    let mut rows = Vec::new();
    for depth in 1..=5 {
        let mut of_depth: Vec<_> = m.pool.iter().filter(|p| p.depth == depth).collect();
        of_depth.sort_by(|a, b| a.reached.work.flops.total_cmp(&b.reached.work.flops));
        let mut places = vec![0, of_depth.len() / 2, of_depth.len().saturating_sub(1)];
        places.dedup();
        for p in places.into_iter().filter_map(|k| of_depth.get(k)) {
            rows.push(vec![
                Cell::text(p.layers.clone()),
                Cell::number(Some(p.reached.work.flops)),
                Cell::number(Some(p.reached.work.bytes)),
                Cell::number(Some(p.seconds)),
                percent(p.reached.of_limit),
                Cell::number(p.onnx_runtime),
                p.chunk.map_or_else(|| Cell::number(None), |c| Cell::digits(c.to_string())),
                Cell::number(p.onnx_runtime.map(|o| p.seconds / o)),
            ]);
        }
    }
    Table {
        caption: "Some of the pool, 16 million rows on one thread: operations and bytes a row, the fraction of what \
                  the machine's arithmetic (products alone) or memory allows"
            .into(),
        header: header([
            "layers",
            "flop a row",
            "bytes a row",
            "native, s",
            "of the machine's limit",
            "ONNX Runtime, s",
            "rows at a time",
            "native / ONNX Runtime",
        ]),
        rows,
        ..Table::default()
    }
}

/// A row of what networks of some layers take: layers and work, then the rest.
fn of_a_row(layers: &str, reached: Reached, rest: impl IntoIterator<Item = Cell>) -> Vec<Cell> {
    let work = [reached.work.flops, reached.work.bytes].map(|x| Cell::number(Some(x).filter(|x| *x > 0.0)));
    [Cell::text(layers)].into_iter().chain(work).chain([percent(reached.of_limit)]).chain(rest).collect()
}

/// The headings of such rows.
fn of_a_row_header<const N: usize>(rest: [&str; N]) -> Vec<String> {
    let first = header(["layers", "flop a row", "bytes a row", "of the machine's limit"]);
    first.into_iter().chain(header(rest)).collect()
}

pub(super) fn chunks(m: &Measurements) -> Table {
    let row = |c: &Chunk| {
        of_a_row(&c.layers, c.reached, [Cell::digits(c.rows.to_string()), Cell::number(Some(c.seconds))])
    };
    Table {
        caption: "The search for the best number of rows at a time by the width of layers: ONNX Runtime, 16 million rows. \
                  Networks of the pool are run with those of their widest layer"
            .into(),
        header: of_a_row_header(["rows at a time", "s"]),
        rows: m.chunks.iter().map(row).collect(),
        ..Table::default()
    }
}

/// Fig. 42 as a table.
pub(super) fn activations(m: &Measurements) -> Table {
    let row = |a: &Activation| {
        let layers = format!("{}, {} neurons", a.activation, a.neurons);
        of_a_row(&layers, a.reached, [Cell::number(Some(a.seconds))])
    };
    Table {
        caption: "Networks of equal layers by activation, 16 million rows, native engine".into(),
        header: of_a_row_header(["s"]),
        rows: m.activations.iter().map(row).collect(),
        ..Table::default()
    }
}

/// Of each problem the kept network with the least error.
pub(super) fn trained(m: &Measurements) -> Table {
    let mut best: Vec<&Trained> = Vec::new();
    for network in &m.trained {
        match best.iter_mut().find(|b| b.problem == network.problem && b.t_end == network.t_end) {
            Some(known) if network.error < known.error => *known = network,
            Some(_) => {}
            None => best.push(network),
        }
    }
    let row = |t: &&Trained| {
        let rest = [
            Cell::text(t.problem.clone()),
            Cell::number(t.t_end),
            Cell::number(Some(t.error)),
            Cell::number(Some(t.seconds)),
        ];
        of_a_row(&t.layers, t.reached, rest)
    };
    Table {
        caption: "The most accurate kept network of each problem; time of 16 million rows, one a cell".into(),
        header: of_a_row_header(["problem", "t up to", "mean error", "s"]),
        rows: best.iter().map(row).collect(),
        ..Table::default()
    }
}

/// Euler's errors by its step.
pub(super) fn accuracy(m: &Measurements) -> Table {
    let row = |a: &Accuracy| {
        vec![
            Cell::text(a.problem.clone()),
            Cell::number(a.t_end),
            Cell::number(Some(a.dt)),
            Cell::number(Some(a.error)),
            Cell::number(Some(a.seconds)),
            Cell::number(Some(a.reached.work.flops / 1e9)),
            Cell::number(Some(a.reached.work.bytes / 1e9)),
            percent(a.reached.of_limit),
        ]
    };
    Table {
        caption: "Euler's method on each problem's validation set, against an accurate solution: the mean of |ΔU| + |ΔW|; \
                  time of 16 million cells until t = 10"
            .into(),
        header: header(["problem", "t up to", "Δt", "mean error", "s", "Gflop", "GB", "of the machine's limit"]),
        rows: m.accuracy.iter().map(row).collect(),
        ..Table::default()
    }
}
