//! What ran on a GPU, and what did not.

use super::super::findings::gpu_speedups;
use super::super::gpu_pool::GpuTimed;
use super::super::{Measurements, figures};
use super::{Parts, percent};
use crate::Error;
use crate::grid::analyses::Inference;
use crate::grid::tables;
use crate::report::{Block, Cell, Table, header, scientific};

/// What ran on a GPU, and once for each reason what did not.
pub(super) fn rows(m: &Measurements, blocks: &mut Vec<Block>) {
    let ran = m.gpu.iter().filter(|r| r.not_run.is_none()).map(|r| {
        vec![
            Cell::text(r.name.clone()),
            Cell::digits(scientific(r.cells as f64)),
            Cell::number(r.seconds),
            Cell::number(Some(r.reached.work.flops / 1e9).filter(|f| *f > 0.0)),
            Cell::number(Some(r.reached.work.bytes / 1e9).filter(|b| *b > 0.0)),
            percent(r.reached.of_limit),
            Cell::text(r.device.clone().unwrap_or_default()),
        ]
    });
    let rows: Vec<Vec<Cell>> = ran.collect();
    if !rows.is_empty() {
        blocks.push(Block::Table(Table {
            caption: match m.gpu_limits {
                Some(limits) => format!(
                    "On a GPU: the device does at most {:.1} Tflop/s outside its matrix units and moves {:.2} TB/s within \
                     its memory",
                    limits.flops / 1e12,
                    limits.bytes / 1e12
                ),
                None => "On a GPU".into(),
            },
            header: header([
                "what",
                "cells or rows",
                "s",
                "Gflop",
                "GB",
                "of the device's limit",
                "device",
            ]),
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
pub(super) fn pool(parts: &Parts<'_>, blocks: &mut Vec<Block>) -> Result<(), Error> {
    let m = parts.measured;
    let kernel = |p: &GpuTimed| Some(Inference { layers: p.depth, neurons: p.neurons, value: p.kernel? });
    let kernels: Vec<Inference> = m.gpu_pool.iter().filter_map(kernel).collect();
    if !kernels.is_empty() {
        match tables::inference(parts.publication, 12, &kernels) {
            Ok(mut table) => {
                table.caption = format!(
                    "The analysis of Table 12 on the GPU: networks as one kernel each, rows on the device; {} networks, {}",
                    kernels.len(),
                    of_limit(m)
                );
                blocks.push(Block::Table(table));
            }
            Err(e) => blocks.push(Block::Paragraph(format!("The analysis of times on the GPU: {e}"))),
        }
    }
    match gpu_speedups(m).map(|all| tables::inference(parts.publication, 13, &all)) {
        Some(Ok(mut table)) => {
            table.caption += ". Rows come from the machine's memory and go back to it on both sides, with the rows at a \
                              time that suit each: copies draw the ratio towards 1";
            blocks.push(Block::Table(table));
        }
        Some(Err(e)) => blocks.push(Block::Paragraph(format!("Table 13: {e}"))),
        None => blocks.push(Block::Paragraph(
            "Table 13 is NOT_RUN: it asks for TensorRT beside plain CUDA. What stands for it on a CPU is the time of \
             ONNX Runtime, layer by layer, over that of the native engine, which keeps rows in cache through all layers."
                .into(),
        )),
    }
    if let Some(svg) = figures::speedup(m)? {
        blocks.push(Block::figure(
            "fig40",
            svg,
            "As Fig. 40: the time of untrained networks by ONNX Runtime's CUDA provider over TensorRT's with 16-bit \
             numbers, by their neurons and layers, copies included.",
        ));
    }
    Ok(())
}

/// The parts of the device's limit that kernels reach.
fn of_limit(m: &Measurements) -> String {
    let mut parts: Vec<f64> = m.gpu_pool.iter().filter_map(|p| p.reached.of_limit).collect();
    parts.sort_by(f64::total_cmp);
    match parts[..] {
        [] => "of a limit that is not known".into(),
        [least, .., most] => {
            format!("at {:.0} to {:.0} % of the device's limit", 100.0 * least, 100.0 * most)
        }
        [one] => format!("at {:.0} % of the device's limit", 100.0 * one),
    }
}
