//! The report on the race.

mod answer;
mod cpu;
mod gpu;

use super::findings::{speedups, times};
use super::{Config, Measurements, ROWS_A_CELL, figures, ord};
use crate::Error;
use crate::claims::Publication;
use crate::grid::tables;
use crate::manifest::Manifest;
use crate::pellegrini::{self, CellId, NetId, Size};
use crate::report::{Block, Cell, Document, Tone, verdicts};
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
    blocks.push(Block::Paragraph(answer::on_a_thread(m)));
    blocks.push(Block::Paragraph(answer::ohara_rudy(m, ord::kept_lanes()?, &Published::load()?)));
    blocks.extend(answer::on_a_gpu(m).map(Block::Paragraph));
    blocks.extend(
        ord::kept_on_a_gpu(answer::SMALL_MV)?.map(|kept| Block::Paragraph(answer::kept_on_a_gpu(&kept))),
    );
    blocks.push(Block::heading("Solvers"));
    blocks.push(Block::Paragraph(format!(
        "FitzHugh–Nagumo's equations by Euler's method until t = 10. A step of a cell is {} additions and \
         multiplications; a set moves 20 bytes a cell. One thread of this machine does at most {:.0} Gflop/s and \
         moves {:.1} GB/s, both measured. The published program was a CUDA kernel on an RTX 4070.",
        crate::compare_infer::euler::FLOPS,
        m.limits.flops / 1e9,
        m.limits.bytes / 1e9
    )));
    blocks.push(Block::Table(cpu::solvers(parts)));
    if !m.accuracy.is_empty() {
        blocks.push(Block::Table(cpu::accuracy(m)));
    }
    gpu::rows(m, &mut blocks);
    blocks.push(Block::heading("Networks"));
    blocks.push(Block::figure(
        "fig39",
        figures::pool(m)?,
        "As Fig. 39: the time of untrained networks by their neurons and layers, native engine; one row a cell.",
    ));
    match tables::inference(parts.publication, 12, &times(m)) {
        Ok(table) => blocks.push(Block::Table(table)),
        Err(e) => blocks.push(Block::Paragraph(format!("Table 12: {e}"))),
    }
    gpu::pool(parts, &mut blocks)?;
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
    blocks.push(Block::Table(cpu::networks(m)));
    if !m.chunks.is_empty() {
        blocks.push(Block::Table(cpu::chunks(m)));
    }
    blocks.push(Block::figure(
        "fig42",
        figures::activations(m)?,
        "As Fig. 42: the time of networks of equal layers by activation, native engine.",
    ));
    blocks.push(Block::Table(cpu::activations(m)));
    blocks.push(Block::figure(
        "fig41",
        figures::front(m)?,
        format!(
            "As Fig. 41: errors of kept trained networks and of Euler's method (Δt = .1, .05, .02, .01) on the same \
             validation sets, against the same accurate solution; the time is that of the solver with cells in lanes \
             until t = 10, and of {ROWS_A_CELL} rows a cell through a network of that shape here: one for each unit of \
             time, as the dissertation samples them (section 3.6). Where the state at t = 10 alone is asked for, a \
             network takes a tenth of it."
        ),
    ));
    if !m.trained.is_empty() {
        blocks.push(Block::Table(cpu::trained(m)));
    }
    blocks.push(Block::heading("Verdicts"));
    blocks.push(Block::Paragraph(
        "One line for each published number, PASS or DIFFERS where it was measured at the publication's scale, and \
         NOT_RUN with the reason otherwise. The same list is in `results.json`."
            .into(),
    ));
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

fn than(a: f64, b: f64) -> String {
    if a < b { format!("{:.1} times faster", b / a) } else { format!("{:.1} times slower", a / b) }
}

fn percent(x: Option<f64>) -> Cell {
    x.map_or_else(|| Cell::number(None), |x| Cell::digits(format!("{:.0} %", 100.0 * x)))
}

/// What is known of an operator's error for O'Hara–Rudy's model.
struct Published {
    /// The printed relative L² error of the constrained operator.
    printed: Option<f64>,
    /// That of one that is kept here, if any is.
    kept: Option<f64>,
}

impl Published {
    fn load() -> Result<Self, Error> {
        let publication = Publication::pellegrini2025()?;
        let net = NetId { cell: CellId::Ord, size: Size::Constrained };
        let kept = pellegrini::kept_error(&crate::kept::folder(&publication), net)?;
        let printed = publication.claim("F-ORD/constrained/L2").map(|c| c.value);
        Ok(Published { printed, kept })
    }
}

#[cfg(test)]
mod tests {
    use super::super::gpu::{GpuRow, Kind};
    use super::super::gpu_pool::GpuTimed;
    use super::super::{Operator, Trained};
    use super::answer::on_a_gpu;
    use super::*;
    use crate::compare::work::{Limits, Reached};

    fn row(kind: Kind, name: &str, seconds: f64) -> GpuRow {
        GpuRow {
            name: name.into(),
            cells: 16_000_000,
            kind,
            seconds: Some(seconds),
            reached: Reached { of_limit: Some(0.5), ..Reached::default() },
            device: Some("a device".into()),
            not_run: None,
        }
    }

    pub(super) fn empty() -> Measurements {
        Measurements {
            limits: Limits { flops: 1e11, bytes: 1e10 },
            solvers: Vec::new(),
            accuracy: Vec::new(),
            pool: Vec::new(),
            activations: Vec::new(),
            chunks: Vec::new(),
            trained: Vec::new(),
            ord_beat: 1e-3,
            ord_operator: Operator { points: 10, end: 1000.0, seconds: 1e-3, reached: Reached::default() },
            ord_solver: None,
            gpu: Vec::new(),
            gpu_limits: None,
            gpu_pool: Vec::new(),
        }
    }

    fn trained(layers: &str) -> Trained {
        Trained {
            problem: "B_S".into(),
            t_end: Some(50.0),
            layers: layers.into(),
            error: 0.01,
            seconds: 1.0,
            reached: Reached::default(),
        }
    }

    #[test]
    fn a_gpu_answers_by_kernels_and_not_by_copies() {
        let mut m = empty();
        assert_eq!(on_a_gpu(&m), None, "nothing is said of a GPU that is not there");
        m.gpu = vec![
            row(Kind::Solver, "Euler as a kernel", 16e-4),
            row(Kind::Kernel, "SiLU8,SiLU8, one kernel, rows on the device", 4e-4),
            row(Kind::Session, "SiLU8,SiLU8, fused-cuda, with copies", 16e-3),
        ];
        let answer = on_a_gpu(&m).unwrap();
        assert!(answer.contains("(SiLU8,SiLU8) takes 0.0250 ns and is 4.0 times faster"), "{answer}");
        assert!(answer.contains("takes 0.1000 ns a cell") && !answer.contains("slower"), "{answer}");
    }

    #[test]
    fn the_fastest_network_is_of_a_trained_shape_and_run_for_each_unit_of_time() {
        let publication = Publication::werneck2024().unwrap();
        let config = Config::new(&crate::reproduce::Options::new(crate::Tier::Paper)).unwrap();
        let judged = |m: &Measurements| {
            let results = super::super::findings::judge(&publication, &config, m, "again");
            results.into_iter().find(|r| r.id == "W-INF/front/fastest").unwrap().measured
        };
        let mut m = empty();
        m.gpu = vec![
            row(Kind::Solver, "Euler as a kernel", 16e-4),
            row(Kind::Kernel, "SiLU8, one kernel, rows on the device", 1e-4),
            row(Kind::Kernel, "SiLU8,SiLU8, one kernel, rows on the device", 4e-4),
            row(Kind::Kernel, "SiLU16,SiLU16, one kernel, rows on the device", 8e-4),
        ];
        assert_eq!(judged(&m), None, "no network is trained");
        m.trained = vec![trained("SiLU16,Tanh16")];
        assert!((judged(&m).unwrap() - 0.2).abs() < 1e-12, "of (16, 16)");
        m.trained.push(trained("SiLU8,ELU8"));
        assert!((judged(&m).unwrap() - 0.4).abs() < 1e-12, "not of (8), which nobody trained");
        let answer = on_a_gpu(&m).unwrap();
        assert!(answer.contains("2.5 times slower") && answer.contains("4.0 times faster"), "{answer}");
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
                reached: Reached::default(),
                plain: Some(3.0 + 0.01 * neurons as f64 + 0.3 * (k % 3) as f64),
                tensorrt: Some(1.0 + 0.1 * (k % 2) as f64),
            }
        };
        let mut pool: Vec<GpuTimed> = (0..40).map(timed).collect();
        let publication = Publication::werneck2024().unwrap();
        let config = Config::new(&crate::reproduce::Options::new(crate::Tier::Paper)).unwrap();
        let judged = |gpu_pool: &[GpuTimed]| {
            let m = Measurements { gpu_pool: gpu_pool.to_vec(), ..empty() };
            let results = super::super::findings::judge(&publication, &config, &m, "again");
            results.into_iter().find(|r| r.id == "W-INF/anova_speedup/neuron/F").unwrap()
        };
        assert!(judged(&pool).measured.unwrap() > 3.85);
        let drawn = |gpu_pool: &[GpuTimed]| {
            figures::speedup(&Measurements { gpu_pool: gpu_pool.to_vec(), ..empty() })
        };
        let svg = drawn(&pool).unwrap().unwrap();
        assert!(svg.contains("5 layers") && !svg.contains("NaN"), "as Fig. 40");
        assert_eq!(drawn(&[]).unwrap(), None);
        pool[7].tensorrt = None;
        let without = judged(&pool);
        assert!(without.measured.is_none() && without.reason.unwrap().contains("TensorRT"));
    }
}
