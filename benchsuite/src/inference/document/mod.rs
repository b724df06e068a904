//! The report on the race.

use std::cmp::Ordering;

use super::findings::{gpu_speedups, speedups, times};
use super::gpu::{GpuRow, Kind};
use super::gpu_pool::GpuTimed;
use super::race::{LANES, ONE_BY_ONE};
use super::{Config, Measurements, REFERENCE, figures};
use crate::Error;
use crate::claims::Publication;
use crate::grid::analyses::Inference;
use crate::grid::tables;
use crate::manifest::Manifest;
use crate::report::{Block, Cell, Document, Table, Tone, header, scientific, verdicts};
use crate::results::ClaimResult;

/// What a report is written from.
pub(super) struct Parts<'a> {
    pub(super) publication: &'a Publication,
    pub(super) config: &'a Config,
    pub(super) manifest: &'a Manifest,
    pub(super) measured: &'a Measurements,
    pub(super) results: &'a [ClaimResult],
}

pub(super) fn write(parts: &Parts<'_>) -> Result<Document, Error> {
    let m = parts.measured;
    let mut blocks = Vec::new();
    if !parts.config.is_comparable() {
        blocks.push(Block::Notice(
            Tone::Warning,
            format!(
                "Tier {}: {} networks instead of 909, short measurements. Not comparable with the paper: it shows \
                 that every part works.",
                parts.config.tier, parts.config.networks
            ),
        ));
    }
    blocks.push(Block::heading("When does a network beat a good solver, and by how much?"));
    blocks.push(Block::Paragraph(answer(m)));
    blocks.extend(gpu_answer(m).map(Block::Paragraph));
    blocks.push(Block::heading("Solvers"));
    blocks.push(Block::Paragraph(format!(
        "FitzHugh–Nagumo's equations by Euler's method until t = 10. A step of a cell is {} additions and \
         multiplications; a set moves 20 bytes a cell. One thread of this machine does at most {:.0} Gflop/s and \
         moves {:.1} GB/s, both measured. The published program was a CUDA kernel on an RTX 4070.",
        crate::compare_infer::euler::FLOPS,
        m.limits.flops / 1e9,
        m.limits.bytes / 1e9
    )));
    blocks.push(Block::Table(solvers(parts)));
    gpu(m, &mut blocks);
    blocks.push(Block::heading("Networks"));
    blocks.push(Block::figure(
        "fig39",
        figures::pool(m)?,
        "As Fig. 39: the time of untrained networks by their neurons and layers, native engine.",
    ));
    match tables::inference(parts.publication, 12, &times(m)) {
        Ok(table) => blocks.push(Block::Table(table)),
        Err(e) => blocks.push(Block::Paragraph(format!("Table 12: {e}"))),
    }
    gpu_pool(parts, &mut blocks);
    let analogous = speedups(m);
    if !analogous.is_empty() {
        match tables::inference(parts.publication, 13, &analogous) {
            Ok(mut table) => {
                table.caption = format!(
                    "Not Table 13, but its analysis of another speed-up: ONNX Runtime's time over the native engine's; {} networks",
                    analogous.len()
                );
                blocks.push(Block::Table(table));
            }
            Err(e) => blocks.push(Block::Paragraph(format!("The analysis of ONNX Runtime's times: {e}"))),
        }
    }
    blocks.push(Block::Table(networks(m)));
    if !m.chunks.is_empty() {
        blocks.push(Block::Table(chunks(m)));
    }
    blocks.push(Block::figure(
        "fig42",
        figures::activations(m)?,
        "As Fig. 42: the time of networks of equal layers by activation, native engine.",
    ));
    blocks.push(Block::figure("fig41", figures::front(m)?, "As Fig. 41: errors of kept trained networks on their validation sets, with the time of their \
                  shape here; Euler's method with its error over cells with stimuli from 0 to .1 at t = 1, 2, …, 10."));
    blocks.push(Block::heading("Claims"));
    blocks.push(verdicts::table(parts.publication, parts.results, false));
    if let Some(start) = parts.manifest.starts.first() {
        blocks.push(Block::heading("Run it again"));
        blocks.push(Block::Paragraph(
            "The first command repeats this run; its times are new ones. The second one takes as many networks as the \
             publication."
                .into(),
        ));
        blocks.push(Block::Code(format!("{}\ncargo xtask reproduce W-INF --tier paper", start.command)));
    }
    blocks.push(Block::heading("Where the numbers come from"));
    blocks.push(Block::Table(crate::provenance::table(parts.manifest, parts.config.seed)));
    blocks.push(Block::Paragraph(
        "Times are CPU times of one thread, the smallest of several, in proportion to the rows or cells that were \
         timed."
            .into(),
    ));
    Ok(Document {
        title: "Networks against a numerical solver: inference in Werneck 2024".into(),
        subtitle: format!("Experiment W-INF, tier {}", parts.config.tier),
        blocks,
    })
}

fn solver_seconds(m: &Measurements, name: &str) -> f64 {
    m.solvers.iter().find(|r| r.name == name).map_or(f64::NAN, |r| r.seconds)
}

fn than(a: f64, b: f64) -> String {
    if a < b { format!("{:.1} times faster", b / a) } else { format!("{:.1} times slower", a / b) }
}

/// The same of a GPU, where there was one: kernels, with their numbers on the device.
fn gpu_answer(m: &Measurements) -> Option<String> {
    let ns = |r: &GpuRow| Some(r.seconds? / r.cells as f64 * 1e9);
    let of_kind = |kind| m.gpu.iter().filter(move |r| r.kind == kind && r.seconds.is_some());
    let solver = of_kind(Kind::Solver).min_by(|a, b| ns(a).partial_cmp(&ns(b)).unwrap_or(Ordering::Equal))?;
    let euler = ns(solver)?;
    let networks: Vec<String> = of_kind(Kind::Kernel)
        .filter_map(|r| {
            let (layers, time) = (r.name.split_once(", one").map_or(&*r.name, |n| n.0), ns(r)?);
            Some(format!("({layers}) takes {time:.4} ns and is {}", than(time, euler)))
        })
        .collect();
    Some(format!(
        "On the GPU ({}), with all numbers in its memory: Euler's method as a kernel takes {euler:.4} ns a cell for \
         100 steps, {:.0} % of the device's arithmetic limit. As one kernel each, {}. Where rows come from the \
         machine's memory and go back to it, copies are what takes time, of both.",
        solver.device.as_deref().unwrap_or("unknown"),
        100.0 * solver.of_limit.unwrap_or(f64::NAN),
        networks.join("; ")
    ))
}

/// The paragraph that answers the question.
fn answer(m: &Measurements) -> String {
    let (slow, fast) = (solver_seconds(m, ONE_BY_ONE), solver_seconds(m, LANES));
    let step = fast / 100.0;
    // What no program on this machine can be faster than.
    let limit = 100.0 * crate::compare_infer::euler::FLOPS * REFERENCE / m.limits.flops;
    let ns = |seconds: f64| seconds / REFERENCE * 1e9;
    let network = |neurons: usize| {
        let silu = m.activations.iter().filter(|a| a.activation == "SiLU");
        silu.filter(|a| a.neurons == neurons).map(|a| a.seconds).next().unwrap_or(f64::NAN)
    };
    let (small, middle, large) = (network(16), network(96), network(384));
    let beat = m.ord_beat * 1e9;
    format!(
        "On one thread of this machine, for FitzHugh–Nagumo's equations and one state at t = 10: Euler's method as \
         published, one cell after the other, takes {:.0} ns a cell, and {:.1} ns with cells in the lanes of \
         registers, a step {:.2} ns; at the limit of the machine's arithmetic it would take {:.1} ns. The (8, 8) network takes {:.1} ns and is {} than the first, {} than the second, {} than the limit; \
         (32, 32, 32) takes {:.0} ns and is {} than the second; (128, 128, 128) takes {:.0} ns and is {}. In other \
         words, a network of these sizes pays if the solver would need more than {:.0}, {:.0} or {:.0} steps for the \
         one state that is asked for; where the states at t = 1, 2, …, 10 are asked for, a network is run for each \
         while the solver passes them all, and needs ten times as many. For O'Hara–Rudy's model a beat by an adaptive \
         stiff method at rtol 1e-4 takes {:.2} ms here, one cell at a time: as long as {:.0} rows of the (8, 8) \
         network, {:.0} rows of (32, 32, 32), {:.0} rows of (128, 128, 128). The network that was made for it, the \
         constrained Fourier neural operator of Pellegrini et al. (41 variables at {} times, from a stimulus), takes \
         {:.2} ms a trajectory and is {} than the solver, before its error is spoken of. A network for a single number of each beat, such as the duration of the action potential, \
         would be another matter: one row of (32, 32, 32) is {:.0} times faster than the beat it stands for.",
        ns(slow),
        ns(fast),
        ns(step),
        ns(limit),
        ns(small),
        than(small, slow),
        than(small, fast),
        than(small, limit),
        ns(middle),
        than(middle, fast),
        ns(large),
        than(large, fast),
        small / step,
        middle / step,
        large / step,
        m.ord_beat * 1e3,
        beat / ns(small),
        beat / ns(middle),
        beat / ns(large),
        m.ord_operator.points,
        m.ord_operator.seconds * 1e3,
        than(m.ord_operator.seconds, m.ord_beat),
        beat / ns(middle),
    )
}

fn percent(x: f64) -> Cell {
    Cell::digits(format!("{:.0} %", 100.0 * x))
}

fn solvers(parts: &Parts<'_>) -> Table {
    let published =
        |cells: f64| parts.publication.claim(&format!("W-INF/euler/{cells:.0}/seconds")).map(|c| c.value);
    let rows = parts.measured.solvers.iter().map(|r| {
        vec![
            Cell::text(r.name.clone()),
            Cell::text(format!("{:.0} million", r.cells / 1e6)),
            Cell::number(published(r.cells)),
            Cell::number(Some(r.seconds)),
            Cell::number(Some(r.flops / 1e9)),
            Cell::number(Some(r.bytes / 1e9)),
            percent(r.of_limit),
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

/// What ran on a GPU, and once for each reason what did not.
fn gpu(m: &Measurements, blocks: &mut Vec<Block>) {
    let ran = m.gpu.iter().filter(|r| r.not_run.is_none()).map(|r| {
        vec![
            Cell::text(r.name.clone()),
            Cell::digits(scientific(r.cells as f64)),
            Cell::number(r.seconds),
            r.of_limit.map_or_else(|| Cell::number(None), percent),
            Cell::text(r.device.clone().unwrap_or_default()),
        ]
    });
    let rows: Vec<Vec<Cell>> = ran.collect();
    if !rows.is_empty() {
        blocks.push(Block::Table(Table {
            caption: "On a GPU".into(),
            header: header(["what", "cells or rows", "s", "of the device's limit", "device"]),
            rows,
            ..Table::default()
        }));
    }
    let mut missing: Vec<(String, Vec<&str>)> = Vec::new();
    for r in &m.gpu {
        let Some(why) = &r.not_run else { continue };
        match missing.iter_mut().find(|(known, _)| known == why) {
            Some((_, names)) => names.push(&r.name),
            None => missing.push((why.clone(), vec![&r.name])),
        }
    }
    if missing.is_empty() {
        return;
    }
    blocks.push(Block::Paragraph(
        "On a GPU these were NOT_RUN; where what is missing is there, `cargo xtask reproduce W-INF --tier paper` measures \
         them:"
            .into(),
    ));
    let line = |(why, names): (String, Vec<&str>)| format!("{}. Why: {why}", names.join("; "));
    blocks.push(Block::List(missing.into_iter().map(line).collect()));
}

/// The pool on a GPU, and Table 13 or what stands for it.
fn gpu_pool(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    let m = parts.measured;
    let kernel = |p: &GpuTimed| Some(Inference { layers: p.depth, neurons: p.neurons, value: p.kernel? });
    let kernels: Vec<Inference> = m.gpu_pool.iter().filter_map(kernel).collect();
    if !kernels.is_empty() {
        match tables::inference(parts.publication, 12, &kernels) {
            Ok(mut table) => {
                table.caption = format!(
                    "The analysis of Table 12 on the GPU: networks as one kernel each, rows on the device; {} networks",
                    kernels.len()
                );
                blocks.push(Block::Table(table));
            }
            Err(e) => blocks.push(Block::Paragraph(format!("The analysis of times on the GPU: {e}"))),
        }
    }
    match gpu_speedups(m).map(|all| tables::inference(parts.publication, 13, &all)) {
        Some(Ok(table)) => blocks.push(Block::Table(table)),
        Some(Err(e)) => blocks.push(Block::Paragraph(format!("Table 13: {e}"))),
        None => blocks.push(Block::Paragraph(
            "Table 13 is NOT_RUN: it asks for TensorRT beside plain CUDA. What stands for it on a CPU is the time of \
             ONNX Runtime, layer by layer, over that of the native engine, which keeps rows in cache through all layers."
                .into(),
        )),
    }
}

/// The smallest, the middle and the largest of each depth.
fn networks(m: &Measurements) -> Table {
    let mut rows = Vec::new();
    for depth in 1..=5 {
        let mut of_depth: Vec<_> = m.pool.iter().filter(|p| p.depth == depth).collect();
        of_depth.sort_by(|a, b| a.flops.total_cmp(&b.flops));
        let mut places = vec![0, of_depth.len() / 2, of_depth.len().saturating_sub(1)];
        places.dedup();
        for p in places.into_iter().filter_map(|k| of_depth.get(k)) {
            rows.push(vec![
                Cell::text(p.layers.clone()),
                Cell::number(Some(p.flops)),
                Cell::number(Some(p.bytes)),
                Cell::number(Some(p.seconds)),
                percent(p.of_limit),
                Cell::number(p.onnx_runtime),
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
            "native / ONNX Runtime",
        ]),
        rows,
        ..Table::default()
    }
}

fn chunks(m: &Measurements) -> Table {
    let rows = m.chunks.iter().map(|c| {
        vec![Cell::text(c.layers.clone()), Cell::text(c.rows.to_string()), Cell::number(Some(c.seconds))]
    });
    Table {
        caption: "The search for the best number of rows at a time: ONNX Runtime, 16 million rows".into(),
        header: header(["layers", "rows at a time", "s"]),
        rows: rows.collect(),
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::race::{Limits, Operator};
    use super::*;

    fn row(kind: Kind, name: &str, seconds: f64) -> GpuRow {
        GpuRow {
            name: name.into(),
            cells: 16_000_000,
            kind,
            seconds: Some(seconds),
            of_limit: Some(0.5),
            device: Some("a device".into()),
            not_run: None,
        }
    }

    fn empty() -> Measurements {
        Measurements {
            limits: Limits { flops: 1e11, bytes: 1e10 },
            solvers: Vec::new(),
            accuracy: Vec::new(),
            pool: Vec::new(),
            activations: Vec::new(),
            chunks: Vec::new(),
            trained: Vec::new(),
            ord_beat: 1e-3,
            ord_operator: Operator { points: 10, seconds: 1e-3 },
            gpu: Vec::new(),
            gpu_pool: Vec::new(),
        }
    }

    #[test]
    fn a_gpu_answers_by_kernels_and_not_by_copies() {
        let mut m = empty();
        assert_eq!(gpu_answer(&m), None, "nothing is said of a GPU that is not there");
        m.gpu = vec![
            row(Kind::Solver, "Euler as a kernel", 16e-4),
            row(Kind::Kernel, "SiLU8,SiLU8, one kernel, rows on the device", 4e-4),
            row(Kind::Session, "SiLU8,SiLU8, fused-cuda, with copies", 16e-3),
        ];
        let answer = gpu_answer(&m).unwrap();
        assert!(answer.contains("(SiLU8,SiLU8) takes 0.0250 ns and is 4.0 times faster"), "{answer}");
        assert!(answer.contains("takes 0.1000 ns a cell") && !answer.contains("slower"), "{answer}");
    }

    /// Speed-ups that fall with neurons, as printed.
    #[test]
    fn table_13_is_there_where_every_network_has_both_times() {
        let timed = |k: usize| {
            let (depth, neurons) = (1 + k % 5, 8 * (1 + k));
            GpuTimed {
                layers: format!("SiLU{neurons}"),
                depth,
                neurons,
                kernel: Some(1e-3 * k as f64),
                plain: Some(3.0 + 0.01 * neurons as f64 + 0.3 * (k % 3) as f64),
                tensorrt: Some(1.0 + 0.1 * (k % 2) as f64),
            }
        };
        let mut pool: Vec<GpuTimed> = (0..40).map(timed).collect();
        let publication = Publication::werneck2024().unwrap();
        let config = Config::new(&crate::reproduce::Options::new(crate::Tier::Paper));
        let judged = |gpu_pool: &[GpuTimed]| {
            let m = Measurements { gpu_pool: gpu_pool.to_vec(), ..empty() };
            let results = super::super::findings::judge(&publication, &config, &m, "again");
            results.into_iter().find(|r| r.id == "W-INF/anova_speedup/neuron/F").unwrap()
        };
        assert!(judged(&pool).measured.unwrap() > 3.85);
        pool[7].tensorrt = None;
        let without = judged(&pool);
        assert!(without.measured.is_none() && without.reason.unwrap().contains("TensorRT"));
    }
}
