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
pub mod report;
mod rivals;
mod sessions;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use infer_trt::{Provider, probe};

use self::networks::{operations, random, write_plain};
use self::report::{Comparison, Row, Solver};
use self::rivals::{C, C_FORMS, C_INSTALL, RIVALS, Workshop};
use self::sessions::{InProcess, has_tiles};
use crate::compare::check_names;
use crate::compare::origin::{Absence, Origin};
use crate::compare::peer::{Peer, Timing};
use crate::compare::work::Limits;
use crate::{Error, files, print};

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
pub struct Infer {
    /// Networks: 8x2, 16x2, 32x3, 64x3, 128x5
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', default_value = "8x2,16x2,32x3,64x3,128x5")]
    networks: Vec<String>,
    /// Others: ort, jax, torch, and c for Euler's method; `all` or `none`
    #[arg(long, value_name = "RIVALS", value_delimiter = ',', default_value = "all")]
    rivals: Vec<String>,
    /// Numbers of threads
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// Rows
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: usize,
    /// How often each has its turn
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Time of a turn
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5)]
    turn: f64,
    /// Time after which an answer of another program is no longer waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0)]
    timeout: f64,
    /// The Python that has JAX and PyTorch
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// Write compare-infer.json, .md and .svg into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// One that takes part.
enum Entrant {
    /// A session of this process.
    Session(Provider),
    /// A program with a mode: its place among those that run, its word for the mode.
    Program(usize, &'static str),
}

/// Those who take part, with their names.
type Entrants = Vec<(String, Entrant)>;

impl Infer {
    /// Runs the comparison, prints its tables, and writes files if asked to.
    ///
    /// # Errors
    /// Options that make no sense, and files that cannot be written. A rival that fails is a result,
    /// not an error.
    pub fn run(&self) -> Result<(), Error> {
        self.check()?;
        let mut absent = Vec::new();
        let (mut rows, mut solvers) = (Vec::new(), Vec::new());
        let limits = Limits::of_a_thread(20 * self.rows);
        let workshop = Workshop::new(&self.python)?;
        for &threads in &self.threads {
            let (entrants, mut peers) = self.entrants(threads, &workshop, &mut absent)?;
            for (network, layers) in NETWORKS.into_iter().filter(|n| self.networks.iter().any(|x| x == n.0)) {
                eprintln!("{network} ({layers}), {threads} threads");
                rows.extend(self.one(network, layers, threads, &entrants, &mut peers)?);
            }
            eprintln!("Euler's method, {threads} threads");
            solvers.extend(self.euler(threads, &workshop, &mut absent)?);
        }
        // Whoever is absent is so with any number of threads.
        absent.sort_by(|a: &Absence, b| a.id.cmp(&b.id));
        absent.dedup_by(|a, b| a.id == b.id);
        let comparison = Comparison {
            origin: Origin::here(),
            rounds: self.rounds,
            seconds_a_turn: self.turn,
            rows_a_batch: self.rows,
            peak_flops: limits.flops.max(probe::peak()),
            bytes_a_second: Some(limits.bytes),
            absent,
            rows,
            solvers,
        };
        print(&comparison.markdown())?;
        if let Some(folder) = &self.out {
            files::write_json(&folder.join("compare-infer.json"), &comparison)?;
            files::write(&folder.join("compare-infer.md"), comparison.markdown())?;
            files::write(&folder.join("compare-infer.svg"), comparison.figure()?)?;
            print(&format!("written to {}\n", folder.display()))?;
        }
        Ok(())
    }

    /// Who takes part with so many threads.
    fn entrants(
        &self,
        threads: usize,
        workshop: &Workshop,
        absent: &mut Vec<Absence>,
    ) -> Result<(Entrants, Vec<Peer>), Error> {
        let sessions = sessions::providers(self.wants("ort"), absent).into_iter();
        let mut entrants: Entrants =
            sessions.map(|(name, provider)| (name, Entrant::Session(provider))).collect();
        let mut peers = Vec::new();
        for rival in RIVALS.iter().filter(|r| self.wants(r.id)) {
            let command = workshop.command(rival, threads, self.rows);
            match Peer::start(command, Duration::from_secs_f64(self.timeout)) {
                Ok(peer) => {
                    for (mode, title) in rival.modes {
                        let name = format!("{} {}{title}", peer.name, peer.version);
                        entrants.push((name, Entrant::Program(peers.len(), mode)));
                    }
                    peers.push(peer);
                }
                Err(why) => absent.push(Absence { id: rival.id.into(), why, install: rival.install.into() }),
            }
        }
        Ok((entrants, peers))
    }

    /// All entrants on one network, in turn.
    fn one(
        &self,
        network: &'static str,
        layers: &str,
        threads: usize,
        entrants: &[(String, Entrant)],
        peers: &mut [Peer],
    ) -> Result<Vec<Row>, Error> {
        let at = std::env::temp_dir();
        let folder = tempfile::tempdir().map_err(Error::io(&at, "set TMPDIR to a folder with some room"))?;
        let net = random(3, layers, 2, 1)?;
        let path = folder.path().join("network.onnx");
        write_plain(&net, &path)?;
        let mut in_process = InProcess::new(&path, threads, self.rows);
        // The best number of rows at a time, from a short look at each.
        let mut chosen = Vec::new();
        for (_, entrant) in entrants {
            let mut best: Result<(f64, usize), String> = Err("it was not tried".into());
            for chunk in CHUNKS {
                let chunk = if chunk == 0 { self.rows } else { chunk.min(self.rows) };
                let turn = time(entrant, chunk, network, self.turn / 10.0, &mut in_process, peers);
                let least = turn.map(|t| t.into_iter().fold(f64::INFINITY, f64::min));
                best = match (best, least) {
                    (Ok(b), Ok(t)) if t < b.0 => Ok((t, chunk)),
                    (Err(_), Ok(t)) => Ok((t, chunk)),
                    (Err(_), Err(e)) => Err(e),
                    (best, _) => best,
                };
                if matches!(entrant, Entrant::Session(provider) if has_tiles(provider)) {
                    break;
                }
            }
            chosen.push(best.map(|b| b.1));
        }
        let mut times: Vec<Result<Vec<f64>, String>> =
            chosen.iter().map(|c| c.clone().map(|_| Vec::new())).collect();
        for _ in 0..self.rounds {
            for (((_, entrant), chunk), times) in entrants.iter().zip(&chosen).zip(&mut times) {
                let (Ok(so_far), Ok(chunk)) = (&mut *times, chunk) else { continue };
                match time(entrant, *chunk, network, self.turn, &mut in_process, peers) {
                    Ok(turn) => so_far.extend(turn),
                    Err(why) => *times = Err(why),
                }
            }
        }
        let (work, activations) = (networks::work(net.spec()), operations(net.spec()).1);
        let each = entrants.iter().zip(chosen).zip(times);
        each.map(|(((name, entrant), chunk), times)| {
            let error = match entrant {
                Entrant::Session(provider) if times.is_ok() => in_process.error(provider, &net)?,
                _ => None,
            };
            Ok(Row::new(network, layers, threads, name, chunk.ok(), times, (work, activations), error))
        })
        .collect()
    }

    /// Euler's method, ours and in C, in turn.
    fn euler(
        &self,
        threads: usize,
        workshop: &Workshop,
        absent: &mut Vec<Absence>,
    ) -> Result<Vec<Solver>, Error> {
        let mut peer = None;
        if self.wants(C) {
            let timeout = Duration::from_secs_f64(self.timeout);
            match workshop.euler(threads, self.rows).and_then(|c| Peer::start(c, timeout)) {
                Ok(started) => peer = Some(started),
                Err(why) => absent.push(Absence { id: C.into(), why, install: C_INSTALL.into() }),
            }
        }
        let mean = euler::mean(self.rows)?;
        let mut ours = Vec::new();
        let mut theirs = C_FORMS.map(|_| Vec::new());
        for _ in 0..self.rounds {
            ours.extend(euler::time(self.rows, threads, self.turn)?);
            let Some(program) = &mut peer else { continue };
            for ((form, _), times) in C_FORMS.iter().zip(&mut theirs) {
                match program.time(form, 0.0, 0.0, self.turn).and_then(|turn| same_mean(mean, turn)) {
                    Ok(turn) => times.extend(turn.us.into_iter().map(|us| us / 1e3)),
                    Err(why) => {
                        absent.push(Absence { id: C.into(), why, install: C_INSTALL.into() });
                        peer = None;
                        break;
                    }
                }
            }
        }
        let solver = |name: &str, times| Solver::new(name, threads, euler::STEPS, euler::FLOPS, times);
        let mut solvers = vec![solver("Euler, Δt = .1, 100 steps", ours)];
        if let Some(peer) = peer {
            for ((_, title), times) in C_FORMS.iter().zip(theirs) {
                solvers.push(solver(&format!("Euler, {} {}: {title}", peer.name, peer.version), times));
            }
        }
        Ok(solvers)
    }

    fn wants(&self, id: &str) -> bool {
        self.rivals.iter().any(|r| r == "all" || r == id)
    }

    fn check(&self) -> Result<(), Error> {
        let networks = NETWORKS.map(|n| n.0);
        let ids: Vec<&str> = RIVALS.iter().map(|r| r.id).chain(["ort", C, "all", "none"]).collect();
        check_names("--networks", &self.networks, &networks)?;
        check_names("--rivals", &self.rivals, &ids)?;
        for (option, value, most) in [("--rounds", self.rounds, 1000), ("--rows", self.rows, 100_000_000)] {
            if value == 0 || value > most {
                return Err(Error::bad_option(option, value, format!("give 1 to {most}")));
            }
        }
        if let Some(n) = self.threads.iter().find(|n| !(1..=1024).contains(*n)) {
            return Err(Error::bad_option("--threads", n, "give 1 to 1024"));
        }
        for (option, value) in [("--turn", self.turn), ("--timeout", self.timeout)] {
            if !(value > 0.0 && value <= 86_400.0) {
                return Err(Error::bad_option(option, value, "give a positive number of seconds"));
            }
        }
        Ok(())
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

/// Times an entrant for some seconds: ms of each batch.
fn time(
    entrant: &Entrant,
    chunk: usize,
    network: &str,
    seconds: f64,
    in_process: &mut InProcess,
    peers: &mut [Peer],
) -> Result<Vec<f64>, String> {
    match entrant {
        Entrant::Session(provider) => in_process.time(provider, chunk, seconds),
        Entrant::Program(k, mode) => {
            let turn = peers[*k].time(&format!("{network}/{mode}/{chunk}"), 0.0, 0.0, seconds)?;
            Ok(turn.us.into_iter().map(|us| us / 1e3).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        infer: Infer,
    }

    fn parse(arguments: &str) -> Result<Infer, String> {
        let words = std::iter::once("infer").chain(arguments.split_whitespace());
        let infer = Program::try_parse_from(words).map_err(|e| e.to_string())?.infer;
        infer.check().map_err(|e| e.to_string())?;
        Ok(infer)
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_remedy() {
        for (arguments, says) in [
            ("--networks 8x3", "known: 8x2"),
            ("--rivals jaxx", "did you mean `jax`"),
            ("--rounds 0", "give 1 to"),
            ("--rows 0", "give 1 to"),
            ("--threads 1,0", "give 1 to"),
            ("--turn nan", "positive number"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(says), "{arguments}: {error}");
        }
        assert!(parse("--networks 8x2,128x5 --rivals none --threads 1").is_ok());
    }

    #[test]
    fn eulers_method_in_c_is_the_same_method_or_has_no_times() {
        let turn = |mean| Timing { us: vec![1.0], mean, ..Timing::default() };
        assert!(same_mean(0.25, turn(Some(0.250_001))).is_ok());
        assert!(same_mean(0.25, turn(Some(0.26))).unwrap_err().contains("something else"));
        assert!(same_mean(0.25, turn(Some(f64::NAN))).is_err() && same_mean(0.25, turn(None)).is_err());
        // Not a whole number of blocks.
        let infer = parse("--rivals c --threads 1,2 --rows 1001 --rounds 1 --turn 0.001").unwrap();
        let workshop = Workshop::new(&infer.python).unwrap();
        for threads in [1, 2] {
            let mut absent = Vec::new();
            let solvers = infer.euler(threads, &workshop, &mut absent).unwrap();
            // Without a compiler that knows OpenMP there is a reason instead.
            let why = absent.first().map(|a| a.why.as_str());
            assert!(
                solvers.len() == 1 + C_FORMS.len() || why.is_some_and(|w| w.contains("compile")),
                "{why:?}"
            );
        }
    }

    #[test]
    fn the_native_engine_and_eulers_method_have_times_and_errors() {
        let infer =
            parse("--networks 8x2 --rivals none --threads 1 --rows 1000 --rounds 1 --turn 0.001").unwrap();
        let workshop = Workshop::new(&infer.python).unwrap();
        let (entrants, mut peers) = infer.entrants(1, &workshop, &mut Vec::new()).unwrap();
        let rows = infer.one("8x2", "SiLU8,SiLU8", 1, &entrants, &mut peers).unwrap();
        assert_eq!(rows.len(), 1 + usize::from(probe::bf16().status.is_present()));
        // In bf16 one layer of this network is rounded: two factors w and s of every product, each by at most
        // u = 2⁻⁸ of itself. The greatest error is, to first order, 2u · max Σ|w s| · Σ|v s'| of the range
        // (weights w of the rounded layer, v of the last): .046. Independent roundings add up to a standard
        // deviation of .0037; the bound is 5.4 of these, and less than what is guaranteed. Over ten thousand rows
        // .0116 was measured. An error below 1e-4 would mean that nothing was rounded.
        for (row, (least, most)) in rows.iter().zip([(0.0, 1e-6), (1e-4, 2e-2)]) {
            let error = row.error.unwrap();
            assert!(row.ms_min.unwrap() > 0.0 && (least..most).contains(&error), "{row:?}");
        }
        let solvers = infer.euler(1, &workshop, &mut Vec::new()).unwrap();
        assert!(solvers.len() == 1 && solvers[0].ms_min > 0.0, "{solvers:?}");
    }
}
