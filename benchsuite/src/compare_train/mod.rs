//! `compare train`: an iteration of our training and of others', in turn, on one machine.
//!
//! The same work for all: networks of 3 inputs and 2 outputs, batches of 128, Adam; `data` is the loss
//! of eq. 3.7, `pinn` adds the residual of the equations at 128 points and the initial condition at
//! 128 points (eq. 3.16 of Werneck 2024). `ode` is a neural ODE instead: four states, a trajectory of 1,470
//! steps of Heun's method, gradients through the solver; `fno` is a Fourier neural operator: width 64, 32 modes, 4
//! layers, 512 points, batches of 32, relative L² error, AdamW; `forward` runs that operator without training it, and
//! ONNX Runtime runs its exported file. The others see one batch again and again; ours draws a new
//! one in each iteration, as a training does (a neural ODE has one trajectory). Times are CPU time of one thread, taken in rounds in
//! which all have their turns. Others run as programs of their own ([`rivals`]); what is not
//! installed is listed as absent.

mod ours;
pub mod report;
pub mod rivals;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use infer_trt::probe;

pub(crate) use self::ours::operator_work;
use self::report::{Comparison, Row};
use self::rivals::{RIVALS, Workshop};
use crate::compare::check_names;
use crate::compare::origin::{Absence, Origin};
use crate::compare::peer::Peer;
use crate::{Error, files, print};

/// The works, in the order of the tables.
pub(crate) const WORKS: [&str; 5] = ["data", "pinn", "ode", "fno", FORWARD];
/// The work that trains nothing.
const FORWARD: &str = "forward";
/// The networks, in the order of the tables, with their layers.
pub(crate) const NETWORKS: [(&str, &str); 3] =
    [("small", "SiLU8,ELU8"), ("mid", "SiLU32,Tanh32,SiLU32"), ("large", "SiLU64,SiLU64,SiLU64")];
/// The network of a neural ODE.
pub(crate) const FIELD: (&str, &str) = ("field", "Tanh64,Tanh64");
/// The rival that runs in this process, of `forward` alone.
const ORT: &str = "ort";
/// The network of `fno` and `forward`.
const OPERATOR: (&str, &str) = ("operator", "width 64, 32 modes, 4 layers, 512 points, batch 32");
/// Rows of data in a batch, collocation points, initial points.
pub(crate) const BATCH: usize = 128;

/// How to compare training steps.
#[derive(Debug, Clone, Args)]
pub struct Train {
    /// What to train on: data, pinn, ode, fno; or an operator's inference: forward
    #[arg(long, value_name = "WORKS", value_delimiter = ',', default_value = "data,pinn,ode")]
    works: Vec<String>,
    /// Networks of data and pinn: small, mid, large
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', default_value = "small,mid,large")]
    networks: Vec<String>,
    /// Others: c, jax, torch, and ort for forward; `all` or `none`
    #[arg(long, value_name = "RIVALS", value_delimiter = ',', default_value = "all")]
    rivals: Vec<String>,
    /// How often each has its turn
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// CPU time of a turn
    #[arg(long, value_name = "SECONDS", default_value_t = 0.3)]
    turn: f64,
    /// Time after which an answer of another program is no longer waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 180.0)]
    timeout: f64,
    /// The Python that has JAX and PyTorch
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// Write compare-train.json and .md into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// One that takes part.
struct Entrant {
    name: String,
    who: Who,
}

/// What it is.
enum Who {
    /// This workspace.
    Ours,
    /// ONNX Runtime in this process.
    OnnxRuntime,
    /// A program: its place, and its word for the mode.
    Program(usize, &'static str),
}

impl Train {
    /// Runs the comparison, prints its tables, and writes files if asked to.
    ///
    /// # Errors
    /// Options that make no sense, and files that cannot be written. A rival that fails is a result,
    /// not an error.
    pub fn run(&self) -> Result<(), Error> {
        self.check()?;
        let workshop = Workshop::new(&self.python)?;
        let mut peers: Vec<Peer> = Vec::new();
        let mut entrants = vec![Entrant { name: "ours".into(), who: Who::Ours }];
        let mut absent = Vec::new();
        if self.wants(ORT) && self.works.iter().any(|w| w == FORWARD) {
            match probe::onnx_runtime().status {
                probe::Status::Present(what) => {
                    let version = what.split(' ').next().unwrap_or_default();
                    let name = format!("ONNX Runtime {version}, exported file");
                    entrants.push(Entrant { name, who: Who::OnnxRuntime });
                }
                probe::Status::Missing { reason, remedy } => {
                    absent.push(Absence { id: ORT.into(), why: reason, install: remedy });
                }
            }
        }
        for rival in RIVALS.iter().filter(|r| self.wants(r.id)) {
            let started = workshop.command(rival);
            match started.and_then(|c| Peer::start(c, Duration::from_secs_f64(self.timeout))) {
                Ok(peer) => {
                    for (mode, title) in rival.modes {
                        let name = format!("{} {}{title}", peer.name, peer.version);
                        entrants.push(Entrant { name, who: Who::Program(peers.len(), mode) });
                    }
                    peers.push(peer);
                }
                Err(why) => absent.push(Absence { id: rival.id.into(), why, install: rival.install.into() }),
            }
        }
        let mut rows = Vec::new();
        for work in WORKS.into_iter().filter(|w| self.works.iter().any(|x| x == w)) {
            let chosen = NETWORKS.into_iter().filter(|n| self.networks.iter().any(|x| x == n.0));
            let networks: Vec<_> = match work {
                "ode" => vec![FIELD],
                "fno" | FORWARD => vec![OPERATOR],
                _ => chosen.collect(),
            };
            for (network, layers) in networks {
                eprintln!("{work}, {network} ({layers})");
                rows.extend(self.one(work, network, layers, &entrants, &mut peers)?);
            }
        }
        let comparison = Comparison {
            origin: Origin::here(),
            rounds: self.rounds,
            seconds_a_turn: self.turn,
            peak_flops: probe::peak(),
            absent,
            rows,
        };
        print(&comparison.markdown())?;
        if let Some(folder) = &self.out {
            files::write_json(&folder.join("compare-train.json"), &comparison)?;
            files::write(&folder.join("compare-train.md"), comparison.markdown())?;
            print(&format!("written to {}\n", folder.display()))?;
        }
        Ok(())
    }

    /// All entrants on one work, in turn.
    fn one(
        &self,
        work: &'static str,
        network: &'static str,
        layers: &str,
        entrants: &[Entrant],
        peers: &mut [Peer],
    ) -> Result<Vec<Row>, Error> {
        let mut own = ours::Work::new(work, layers)?;
        let taking_part = |e: &&Entrant| work == FORWARD || !matches!(e.who, Who::OnnxRuntime);
        let entrants: Vec<&Entrant> = entrants.iter().filter(taking_part).collect();
        let mut exported = None;
        let mut times: Vec<Result<Vec<f64>, String>> = entrants.iter().map(|_| Ok(Vec::new())).collect();
        for _ in 0..self.rounds {
            for (entrant, times) in entrants.iter().zip(&mut times) {
                let Ok(so_far) = times else { continue };
                let turn = match entrant.who {
                    Who::Ours => Ok(own.time(self.turn)?),
                    Who::OnnxRuntime => {
                        let exported = exported.get_or_insert_with(ours::Exported::new);
                        exported.as_mut().map_err(|e| e.clone()).and_then(|e| e.time(self.turn))
                    }
                    Who::Program(k, mode) => {
                        let method = format!("{work}/{network}/{mode}");
                        peers[k].time(&method, 0.0, 0.0, self.turn).map(|t| t.us)
                    }
                };
                match turn {
                    Ok(turn) => so_far.extend(turn),
                    Err(why) => *times = Err(why),
                }
            }
        }
        let flops = ours::flops(work, layers)?;
        let each = entrants.iter().zip(times);
        Ok(each.map(|(e, t)| Row::new(work, network, layers, &e.name, flops, t)).collect())
    }

    fn wants(&self, id: &str) -> bool {
        self.rivals.iter().any(|r| r == "all" || r == id)
    }

    fn check(&self) -> Result<(), Error> {
        let networks = NETWORKS.map(|n| n.0);
        let ids: Vec<&str> = RIVALS.iter().map(|r| r.id).chain([ORT, "all", "none"]).collect();
        check_names("--works", &self.works, &WORKS)?;
        check_names("--networks", &self.networks, &networks)?;
        check_names("--rivals", &self.rivals, &ids)?;
        if self.rounds == 0 {
            return Err(Error::bad_option("--rounds", self.rounds, "give 1 or more"));
        }
        for (option, value) in [("--turn", self.turn), ("--timeout", self.timeout)] {
            if !(value > 0.0 && value <= 86_400.0) {
                return Err(Error::bad_option(option, value, "give a positive number of seconds"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        train: Train,
    }

    fn parse(arguments: &str) -> Result<Train, String> {
        let words = std::iter::once("train").chain(arguments.split_whitespace());
        let train = Program::try_parse_from(words).map_err(|e| e.to_string())?.train;
        train.check().map_err(|e| e.to_string())?;
        Ok(train)
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_remedy() {
        for (arguments, says) in [
            ("--works dat", "did you mean `data`"),
            ("--networks huge", "known: small, mid, large"),
            ("--rivals jaxx", "did you mean `jax`"),
            ("--rounds 0", "1 or more"),
            ("--turn nan", "positive number"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(says), "{arguments}: {error}");
        }
        assert!(parse("--works pinn --networks mid,large --rivals none").is_ok());
    }

    #[test]
    fn every_work_trains_and_every_rival_of_none_is_left_out() {
        let train = parse("--networks small --rivals none --rounds 1 --turn 0.001").unwrap();
        let entrants = [Entrant { name: "ours".into(), who: Who::Ours }];
        for work in WORKS {
            let layers = if work == "ode" { "Tanh16" } else { "SiLU8,ELU8" };
            let rows = train.one(work, "small", layers, &entrants, &mut []).unwrap();
            assert!(rows[0].us_min.unwrap() > 0.0 && rows[0].failure.is_none());
        }
        assert!(RIVALS.iter().all(|r| !train.wants(r.id)));
    }
}
