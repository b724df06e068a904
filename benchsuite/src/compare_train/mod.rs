//! `compare train`: an iteration of our training and of others', in turn, on one machine.
//!
//! The same work for all: networks of 3 inputs and 2 outputs, batches of 128, Adam; `data` is the loss
//! of eq. 3.7, `pinn` adds the residual of the equations at 128 points and the initial condition at
//! 128 points (eq. 3.16 of Werneck 2024). `ode` is a neural ODE instead: four states, a trajectory of 1,470
//! steps of Heun's method, gradients through the solver; `map` is a neural map (Kuptsov et al. 2022): three states,
//! one parameter, 1,000 pairs, mean squared error; `fno` is a Fourier neural operator: width 64, 32 modes, 4
//! layers, 512 points, batches of 32, relative L² error, AdamW; `forward` runs that operator without training it, and
//! its exported file in our engine and in ONNX Runtime. The others see one batch again and again; ours draws a new
//! one in each iteration, as a training does (a neural ODE has one trajectory, a map one batch). Times are CPU time
//! of one thread. Others run as programs of their own.

mod ours;
pub mod report;
mod rivals;

use clap::Args;
use infer_trt::{Provider, probe};

pub(crate) use self::ours::operator_work;
use self::report::{Comparison, Row};
pub(crate) use self::rivals::RIVALS;
use crate::compare::options::{Common, Turns, check_names};
use crate::compare::origin::{Origin, Presence};
use crate::compare::peer::Timing;
use crate::compare::rivals::{Programs, Workshop};
use crate::{Error, print};

/// The works, in the order of the tables.
const WORKS: [&str; 6] = ["data", "pinn", "ode", "map", "fno", FORWARD];
/// The rows of ours.
const OURS: &str = "ours";
const OURS_EXPORTED: &str = "ours, exported file";
/// The work that trains nothing.
const FORWARD: &str = "forward";
/// The networks, in the order of the tables, with their layers.
const NETWORKS: [(&str, &str); 3] =
    [("small", "SiLU8,ELU8"), ("mid", "SiLU32,Tanh32,SiLU32"), ("large", "SiLU64,SiLU64,SiLU64")];
/// The network of a neural ODE.
const FIELD: (&str, &str) = ("field", "Tanh64,Tanh64");
/// The sub-networks of a neural map.
const MAP: (&str, &str) = ("sub-networks", "3 states, 1 parameter, width 100, batch 1000");
/// The rival that runs in this process, of `forward` alone.
const ORT: &str = "ort";
/// The network of `fno` and `forward`.
const OPERATOR: (&str, &str) = ("operator", "width 64, 32 modes, 4 layers, 512 points, batch 32");
/// Rows of data in a batch, collocation points, initial points.
const BATCH: usize = 128;

/// How to compare training steps.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("rivals", |a| a.help("Others: c, jax, torch, and ort for forward; `all` or `none`")))]
pub struct Train {
    /// What to train on: data, pinn, ode, map, fno; or an operator's inference: forward
    #[arg(long, value_name = "WORKS", value_delimiter = ',', default_value = "data,pinn,ode")]
    works: Vec<String>,
    /// Networks of data and pinn: small, mid, large
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', default_value = "small,mid,large")]
    networks: Vec<String>,
    #[command(flatten)]
    turns: Turns,
    #[command(flatten)]
    common: Common,
}

impl Train {
    /// Runs the comparison, prints its tables, and writes files if asked to.
    ///
    /// # Errors
    /// Options that make no sense, and files that cannot be written. A rival that fails is a result,
    /// not an error.
    pub fn run(&self) -> Result<(), Error> {
        self.check()?;
        let mut rivals = Vec::new();
        let mut onnx_runtime = None;
        if self.common.wants(ORT) && self.works.iter().any(|w| w == FORWARD) {
            let found = Presence::probed(ORT, "ONNX Runtime", probe::onnx_runtime().status);
            onnx_runtime = found.version.as_ref().map(|v| format!("ONNX Runtime {v}, exported file"));
            found.note(&mut rivals);
        }
        let mut programs = Workshop::new(&self.common)?.gather(&RIVALS, &[], &mut rivals);
        let mut rows = Vec::new();
        for work in WORKS.into_iter().filter(|w| self.works.iter().any(|x| x == w)) {
            let chosen = NETWORKS.into_iter().filter(|n| self.networks.iter().any(|x| x == n.0));
            let networks: Vec<_> = match work {
                "ode" => vec![FIELD],
                "map" => vec![MAP],
                "fno" | FORWARD => vec![OPERATOR],
                _ => chosen.collect(),
            };
            for (network, layers) in networks {
                eprintln!("{work}, {network} ({layers})");
                let onnx_runtime = onnx_runtime.as_deref().filter(|_| work == FORWARD);
                rows.extend(self.one(work, network, layers, onnx_runtime, &mut programs)?);
            }
        }
        let comparison =
            Comparison { origin: Origin::here(rivals), turns: self.turns, peak_flops: probe::peak(), rows };
        print(&comparison.markdown())?;
        self.common.write("train", &comparison, comparison.markdown(), || Ok(Vec::new()))
    }

    /// Ours, ONNX Runtime where it takes part, and all programs on one work, in turn.
    fn one(
        &self,
        work: &'static str,
        network: &'static str,
        layers: &str,
        onnx_runtime: Option<&str>,
        programs: &mut Programs,
    ) -> Result<Vec<Row>, Error> {
        let mut own = ours::Work::new(work, layers)?;
        let native = (work == FORWARD).then_some((OURS_EXPORTED, Provider::Native));
        let files = native.into_iter().chain(onnx_runtime.map(|name| (name, Provider::OrtCpu)));
        let (exported, mut files): (Vec<&str>, Vec<_>) =
            files.map(|(name, provider)| (name, ours::Exported::new(&provider))).unzip();
        let here = std::iter::once(OURS).chain(exported).map(str::to_owned);
        let names: Vec<String> = here.chain(programs.names.clone()).collect();
        let untimed = vec![Ok(Timing::default()); names.len()];
        let mut failed = None;
        let timed = self.turns.take(untimed, |k, seconds| {
            if k == 0 {
                return own.time(seconds).map(Timing::from).map_err(|e| {
                    let why = e.to_string();
                    failed = Some(e);
                    why
                });
            }
            let here = files.len();
            match files.get_mut(k - 1) {
                Some(file) => file.as_mut().map_err(|e| e.clone())?.time(seconds).map(Timing::from),
                None => programs.time(k - 1 - here, |mode| format!("{work}/{network}/{mode}"), seconds),
            }
        });
        // A rival that fails is a result; that ours does is not.
        if let Some(e) = failed {
            return Err(e);
        }
        let flops = ours::flops(work, layers)?;
        let each = names.iter().zip(timed);
        Ok(each.map(|(name, timing)| Row::new(work, network, layers, name, flops, timing)).collect())
    }

    fn check(&self) -> Result<(), Error> {
        check_names("--works", &self.works, &WORKS)?;
        check_names("--networks", &self.networks, &NETWORKS.map(|n| n.0))?;
        self.turns.check()?;
        self.common.check(RIVALS.iter().map(|r| r.id).chain([ORT]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::options::tests::{parse, refused};

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_remedy() {
        refused(
            Train::check,
            &[
                ("--works dat", "did you mean `data`"),
                ("--networks huge", "known: small, mid, large"),
                ("--rivals jaxx", "did you mean `jax`"),
                ("--rounds 0", "give 1 to 1000"),
                ("--turn nan", "positive number"),
            ],
        );
        assert!(parse::<Train>("--works pinn --networks mid,large --rivals none").unwrap().check().is_ok());
    }

    #[test]
    fn every_work_trains_and_every_rival_of_none_is_left_out() {
        let train: Train = parse("--networks small --rivals none --rounds 1 --turn 0.001").unwrap();
        for work in WORKS {
            let layers = if work == "ode" { "Tanh16" } else { "SiLU8,ELU8" };
            let rows = train.one(work, "small", layers, None, &mut Programs::default()).unwrap();
            assert_eq!(rows.len(), if work == FORWARD { 2 } else { 1 }, "{work}");
            for row in rows {
                assert!(row.is_ours() && row.failure.is_none() && row.us_min.unwrap() > 0.0, "{row:?}");
            }
        }
        assert!(RIVALS.iter().all(|r| !train.common.wants(r.id)));
    }
}
