//! `compare infer`: a million rows through small networks, ours and others', in turn, on one machine.
//!
//! The same work for all: networks of 3 inputs and 2 outputs with SiLU layers, `f32`, rows in memory
//! one after the other, results likewise. Each rival is first timed with several numbers of rows at a
//! time, then takes its turns with the best. With one thread times are CPU time, with more they are
//! wall time: the smallest counts. Where the processor has the instruction, the native engine takes
//! part in `bf16`, too. FitzHugh–Nagumo's equations, a million cells by Euler's method at Δt = .1,
//! stand beside: what a network is measured by, and itself held against C. Native and ONNX Runtime
//! run in this process, others as programs of their own.

pub(crate) mod euler;
pub(crate) mod networks;
mod plot;
pub mod report;
mod rivals;
mod sessions;

use clap::Args;
use infer_trt::{Provider, probe};

use self::networks::{operations, random, write_plain};
use self::report::{Comparison, Row, Solver};
pub(crate) use self::rivals::{EULER, RIVALS};
use self::sessions::{InProcess, has_tiles};
use crate::compare::options::{Common, Turns, check_names};
use crate::compare::origin::{Origin, Presence};
use crate::compare::peer::Timing;
use crate::compare::rivals::{Programs, Workshop};
use crate::compare::work::Limits;
use crate::{Error, print};

/// The networks, in the order of the tables, with their layers.
pub(crate) const NETWORKS: [(&str, &str); 5] = [
    ("8x2", "SiLU8,SiLU8"),
    ("16x2", "SiLU16,SiLU16"),
    ("32x3", "SiLU32,SiLU32,SiLU32"),
    ("64x3", "SiLU64,SiLU64,SiLU64"),
    ("128x5", "SiLU128,SiLU128,SiLU128,SiLU128,SiLU128"),
];

/// Rows at a time that rivals are tried with; 0 stands for all at once.
const CHUNKS: [usize; 6] = [256, 1024, 4096, 16_384, 65_536, 0];

/// How to compare inference.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("rivals", |a| a.help("Others: ort, jax, torch, and c for Euler's method; `all` or `none`")))]
pub struct Infer {
    /// Networks: 8x2, 16x2, 32x3, 64x3, 128x5
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', default_value = "8x2,16x2,32x3,64x3,128x5")]
    networks: Vec<String>,
    /// Numbers of threads
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// Rows
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: usize,
    #[command(flatten)]
    turns: Turns,
    #[command(flatten)]
    common: Common,
}

impl Infer {
    /// Runs the comparison, prints its tables, and writes files if asked to.
    ///
    /// # Errors
    /// Options that make no sense, and files that cannot be written. A rival that fails is a result,
    /// not an error.
    pub fn run(&self) -> Result<(), Error> {
        self.check()?;
        let mut rivals = Vec::new();
        let (mut rows, mut solvers) = (Vec::new(), Vec::new());
        let limits = Limits::of_a_thread(20 * self.rows);
        let workshop = Workshop::new(&self.common)?;
        let own = sessions::providers(self.common.wants("ort"), &mut rivals);
        for &threads in &self.threads {
            let mut programs = workshop.gather(&RIVALS, &[threads, self.rows], &mut rivals);
            for (network, layers) in NETWORKS.into_iter().filter(|n| self.networks.iter().any(|x| x == n.0)) {
                eprintln!("{network} ({layers}), {threads} threads");
                rows.extend(self.one(network, layers, threads, &own, &mut programs)?);
            }
            eprintln!("Euler's method, {threads} threads");
            solvers.extend(self.euler(threads, &workshop, &mut rivals)?);
        }
        let comparison = Comparison {
            origin: Origin::here(rivals),
            turns: self.turns,
            rows_a_batch: self.rows,
            peak_flops: limits.flops.max(probe::peak()),
            bytes_a_second: Some(limits.bytes),
            rows,
            solvers,
        };
        print(&comparison.markdown())?;
        let figures = || Ok(vec![("compare-infer.svg".to_owned(), comparison.figure()?)]);
        self.common.write("infer", &comparison, comparison.markdown(), figures)
    }

    /// Our sessions and all programs on one network, in turn.
    fn one(
        &self,
        network: &'static str,
        layers: &str,
        threads: usize,
        own: &[(String, Provider)],
        programs: &mut Programs,
    ) -> Result<Vec<Row>, Error> {
        let at = std::env::temp_dir();
        let folder = tempfile::tempdir().map_err(Error::io(&at, "set TMPDIR to a folder with some room"))?;
        let net = random(3, layers, 2, 1)?;
        let path = folder.path().join("network.onnx");
        write_plain(&net, &path)?;
        let mut in_process = InProcess::new(&path, threads, self.rows);
        let names: Vec<String> = own.iter().map(|o| o.0.clone()).chain(programs.names.clone()).collect();
        let mut time = |k: usize, chunk: usize, seconds| match own.get(k) {
            Some((_, provider)) => in_process.time(provider, chunk, seconds),
            None => programs.time(k - own.len(), |mode| format!("{network}/{mode}/{chunk}"), seconds),
        };
        // The best number of rows at a time, from a short look at each.
        let mut chosen = Vec::new();
        for k in 0..names.len() {
            let mut best: Result<(f64, usize), String> = Err("it was not tried".into());
            for chunk in CHUNKS {
                let chunk = if chunk == 0 { self.rows } else { chunk.min(self.rows) };
                let turn = time(k, chunk, self.turns.turn / 10.0);
                let least = turn.map(|t| t.us.into_iter().fold(f64::INFINITY, f64::min));
                best = match (best, least) {
                    (Ok(b), Ok(t)) if t < b.0 => Ok((t, chunk)),
                    (Err(_), Ok(t)) => Ok((t, chunk)),
                    (Err(_), Err(e)) => Err(e),
                    (best, _) => best,
                };
                if own.get(k).is_some_and(|(_, provider)| has_tiles(provider)) {
                    break;
                }
            }
            chosen.push(best.map(|b| b.1));
        }
        let untimed = chosen.iter().map(|c| c.clone().map(|_| Timing::default())).collect();
        let timed = self.turns.take(untimed, |k, seconds| time(k, chosen[k].clone()?, seconds));
        let (work, activations) = (networks::work(net.spec()), operations(net.spec()).1);
        let each = names.iter().zip(chosen).zip(timed).enumerate();
        each.map(|(k, ((name, chunk), timing))| {
            let error = match own.get(k) {
                Some((_, provider)) if timing.is_ok() => in_process.error(provider, &net)?,
                _ => None,
            };
            Ok(Row::new(network, layers, threads, name, chunk.ok(), timing, (work, activations), error))
        })
        .collect()
    }

    /// Euler's method, ours and in C, in turn.
    fn euler(
        &self,
        threads: usize,
        workshop: &Workshop,
        rivals: &mut Vec<Presence>,
    ) -> Result<Vec<Solver>, Error> {
        let mut programs = workshop.gather(&[EULER], &[threads, self.rows], rivals);
        let names = programs.names.iter().map(|name| format!("Euler, {name}"));
        let names: Vec<String> = std::iter::once("Euler, Δt = .1, 100 steps".into()).chain(names).collect();
        let mean = euler::mean(self.rows)?;
        let mut refused = Ok(());
        let timed = self.turns.take(vec![Ok(Timing::default()); names.len()], |k, seconds| match k {
            0 => match euler::time(self.rows, threads, seconds) {
                Ok(ms) => Ok(ms.into_iter().map(|ms| ms * 1e3).collect::<Vec<_>>().into()),
                Err(e) => {
                    let why = e.to_string();
                    refused = Err(e);
                    Err(why)
                }
            },
            _ => same_mean(mean, programs.time(k - 1, str::to_owned, seconds)?),
        });
        refused?;
        let mut solvers = Vec::new();
        for (name, timing) in names.iter().zip(timed) {
            match timing {
                Ok(timing) => {
                    solvers.push(Solver::new(name, threads, euler::STEPS, euler::FLOPS, &timing));
                }
                Err(why) => drop(EULER.note(Err(why), rivals)),
            }
        }
        Ok(solvers)
    }

    fn check(&self) -> Result<(), Error> {
        check_names("--networks", &self.networks, &NETWORKS.map(|n| n.0))?;
        if !(1..=100_000_000).contains(&self.rows) {
            return Err(Error::bad_option("--rows", self.rows, "give 1 to 100000000"));
        }
        if let Some(n) = self.threads.iter().find(|n| !(1..=1024).contains(*n)) {
            return Err(Error::bad_option("--threads", n, "give 1 to 1024"));
        }
        self.turns.check()?;
        self.common.check(RIVALS.iter().map(|r| r.id).chain(["ort", EULER.id]))
    }
}

/// Refuses the times of a program whose cells do not end where ours do.
fn same_mean(ours: f64, turn: Timing) -> Result<Timing, String> {
    match turn.mean {
        Some(theirs) if (theirs - ours).abs() <= 1e-5 => Ok(turn),
        Some(theirs) => {
            Err(format!("it computes something else: the mean of U is {theirs}, and ours {ours}"))
        }
        None => Err("it does not tell the mean of U".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::options::tests::{parse, refused};

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_remedy() {
        refused(
            Infer::check,
            &[
                ("--networks 8x3", "known: 8x2"),
                ("--rivals jaxx", "did you mean `jax`"),
                ("--rounds 0", "give 1 to"),
                ("--rows 0", "give 1 to"),
                ("--threads 1,0", "give 1 to"),
                ("--turn nan", "positive number"),
            ],
        );
        assert!(parse::<Infer>("--networks 8x2,128x5 --rivals none --threads 1").unwrap().check().is_ok());
    }

    #[test]
    fn eulers_method_in_c_is_the_same_method_or_has_no_times() {
        let turn = |mean| Timing { us: vec![1.0], mean, ..Timing::default() };
        assert!(same_mean(0.25, turn(Some(0.250_001))).is_ok());
        assert!(same_mean(0.25, turn(Some(0.26))).unwrap_err().contains("something else"));
        assert!(same_mean(0.25, turn(Some(f64::NAN))).is_err() && same_mean(0.25, turn(None)).is_err());
        // Not a whole number of blocks.
        let infer: Infer = parse("--rivals c --threads 1,2 --rows 1001 --rounds 1 --turn 0.001").unwrap();
        let workshop = Workshop::new(&infer.common).unwrap();
        for threads in [1, 2] {
            let mut rivals = Vec::new();
            let solvers = infer.euler(threads, &workshop, &mut rivals).unwrap();
            // Without a compiler that knows OpenMP there is a reason instead.
            let why = rivals[0].missing.as_deref();
            assert!(
                solvers.len() == 1 + EULER.modes.len() || why.is_some_and(|w| w.contains("compile")),
                "{why:?}"
            );
        }
    }

    #[test]
    fn the_native_engine_and_eulers_method_have_times_and_errors() {
        let infer: Infer =
            parse("--networks 8x2 --rivals none --threads 1 --rows 1000 --rounds 1 --turn 0.001").unwrap();
        let own = sessions::providers(false, &mut Vec::new());
        let rows = infer.one("8x2", "SiLU8,SiLU8", 1, &own, &mut Programs::default()).unwrap();
        assert_eq!(rows.len(), 1 + usize::from(probe::bf16().status.is_present()));
        // In bf16 one layer of this network is rounded: both factors of every product, each by at most 2⁻⁸ of itself.
        // Over ten thousand rows .0064 of the range was measured; a hundredth is what tests of the engine hold
        // networks to. An error below 1e-4 would mean that nothing was rounded.
        for (row, (least, most)) in rows.iter().zip([(0.0, 1e-6), (1e-4, 1e-2)]) {
            let error = row.error.unwrap();
            assert!(row.ms_min.unwrap() > 0.0 && (least..most).contains(&error), "{row:?}");
        }
        let workshop = Workshop::new(&infer.common).unwrap();
        let solvers = infer.euler(1, &workshop, &mut Vec::new()).unwrap();
        assert!(solvers.len() == 1 && solvers[0].ms_min > 0.0, "{solvers:?}");
    }
}
