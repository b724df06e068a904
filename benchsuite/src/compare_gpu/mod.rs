//! `compare gpu`: numerical solvers and networks on a GPU, by the device's own time.
//!
//! Kernels march cells of ionic models over fixed steps, and take them through whole responses with
//! fixed and with adaptive steps, to the same accuracy; networks of 3 inputs and 2 outputs with SiLU
//! layers take rows that lie on the device already, in the kernels of this workspace, in PyTorch and in
//! JAX. Sessions that take rows from the machine's memory and bring results back (`fused-cuda`,
//! `ort-cuda`, `tensorrt`) stand beside. What cannot run says why.

pub mod answers;
pub(crate) mod measure;
pub mod report;
mod response;
mod rivals;

use std::path::Path;
use std::time::Instant;

use clap::Args;
use infer_trt::cuda::{Device, Way};
use infer_trt::{Precision, Provider};
use ionic_models::registry;
use ode_solvers::tape::FixedStep;

use self::report::{Comparison, Row};
use self::response::Response;
pub(crate) use self::rivals::RIVALS;
use crate::compare::options::{Common, check_names};
use crate::compare::origin::{Origin, Presence};
use crate::compare::rivals::Workshop;
use crate::compare_infer::NETWORKS;
use crate::compare_infer::networks::{random, write_plain};
use crate::{Error, print};

/// What is marched: model, variant, method, step in the model's unit, cells; 100 steps each.
const SOLVERS: [(&str, &str, FixedStep, f32, usize); 6] = [
    ("fitzhugh_nagumo", "werneck", FixedStep::Euler, 0.1, 16_000_000),
    ("fitzhugh_nagumo", "werneck", FixedStep::Euler, 0.1, 32_000_000),
    ("fitzhugh_nagumo", "werneck", FixedStep::Euler, 0.1, 64_000_000),
    ("hodgkin_huxley_1952", "modern", FixedStep::RushLarsen, 0.01, 4_000_000),
    ("ten_tusscher_panfilov_2006", "epi", FixedStep::RushLarsen, 0.01, 1_000_000),
    ("ohara_rudy_2011", "endo", FixedStep::RushLarsen, 0.005, 1_000_000),
];

/// The options of `compare gpu`.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("rivals", |a| a.help("Others: torch, jax; `all` or `none`")))]
pub struct Gpu {
    /// What is measured: marches (fixed steps against the device's limit), responses (fixed and adaptive
    /// steps to the same accuracy), networks; `all`
    #[arg(long, value_name = "PARTS", value_delimiter = ',', default_value = "all")]
    parts: Vec<String>,
    /// Models of responses: fitzhugh_nagumo, hodgkin_huxley_1952, luo_rudy_1991, ten_tusscher_panfilov_2006,
    /// ohara_rudy_2011; `all`
    #[arg(long, value_name = "MODELS", value_delimiter = ',', default_value = "all")]
    models: Vec<String>,
    /// Networks, by width and number of hidden layers
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', default_value = "8x2,16x2,32x3,64x3,128x5")]
    networks: Vec<String>,
    /// Numbers of rows
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1000000,16000000")]
    rows: Vec<usize>,
    /// Timed runs of each; the first three are left out
    #[arg(long, value_name = "N", default_value_t = 20)]
    times: usize,
    /// The number of the GPU
    #[arg(long, value_name = "N", default_value_t = 0)]
    device: usize,
    #[command(flatten)]
    common: Common,
}

impl Gpu {
    /// Runs the comparison, prints its tables, and writes files if asked to.
    ///
    /// # Errors
    /// Options that make no sense, no GPU, and files that cannot be written. A rival that fails is a
    /// result, not an error.
    pub fn run(&self) -> Result<(), Error> {
        self.check()?;
        let device = Device::open(self.device)?;
        let wanted = |part: &str| self.parts.iter().any(|p| p == part || p == "all");
        let (mut rows, mut answers) = (Vec::new(), Vec::new());
        for (model, variant, method, dt, cells) in SOLVERS.into_iter().filter(|_| wanted("marches")) {
            eprintln!("{model}, {cells} cells");
            let entry = registry::find(model, Some(variant))
                .map_err(|e| Error::bad_option("compare gpu", model, e.to_string()))?;
            rows.push(measure::solver(&device, entry, method, dt, cells, self.times));
        }
        let asked = |r: &&Response| self.models.iter().any(|m| m == r.model || m == "all");
        for response in response::RESPONSES.iter().filter(|_| wanted("responses")).filter(asked) {
            answers.extend(response.measure(&device));
        }
        let mut rivals = Vec::new();
        if wanted("networks") {
            let asked = |n: &(&str, &str)| self.networks.iter().any(|x| x == n.0);
            let networks: Vec<_> = NETWORKS.into_iter().filter(asked).collect();
            for (network, layers) in &networks {
                eprintln!("{network} ({layers})");
                self.network(&device, network, layers, &mut rows)?;
            }
            self.others(&networks, &mut rows, &mut rivals)?;
        }
        let comparison = Comparison {
            origin: Origin::here(rivals),
            device: device.description(),
            peak_flops: device.peak()?,
            bytes_a_second: device.bandwidth()?,
            times: self.times,
            remark: String::new(),
            rows,
            answers,
        };
        print(&comparison.markdown())?;
        self.common.write("gpu", &comparison, comparison.markdown(), || Ok(Vec::new()))
    }

    /// A network in all ways of our own, and by all providers.
    fn network(&self, device: &Device, name: &str, layers: &str, all: &mut Vec<Row>) -> Result<(), Error> {
        let at = std::env::temp_dir();
        let folder = tempfile::tempdir().map_err(Error::io(&at, "set TMPDIR to a folder with some room"))?;
        let net = random(3, layers, 2, 1)?;
        let path = folder.path().join("network.onnx");
        write_plain(&net, &path)?;
        for &rows in &self.rows {
            for &way in Way::ALL {
                all.push(measure::kernel(device, name, &net, &path, way, rows, self.times));
            }
            for provider in providers(&folder.path().join("engines")) {
                all.push(measure::session((self.device, 0), name, &net, &path, &provider, rows, self.times));
            }
        }
        Ok(())
    }

    /// PyTorch and JAX on all networks.
    fn others(
        &self,
        networks: &[(&str, &str)],
        all: &mut Vec<Row>,
        rivals: &mut Vec<Presence>,
    ) -> Result<(), Error> {
        let workshop = Workshop::new(&self.common)?;
        for rival in RIVALS {
            // One ends before the next begins: the device's memory is too small for both.
            let mut programs = workshop.gather(&[rival], &[self.times], rivals);
            let names = programs.names.clone();
            for (network, layers) in networks {
                let net = random(3, layers, 2, 1)?;
                for &rows in &self.rows {
                    for (k, name) in names.iter().enumerate() {
                        eprintln!("{network}, {rows} rows, {name}");
                        let found = programs.time(k, |mode| format!("{network}/{mode}/{rows}"), 0.0);
                        let seconds = found.map(|t| t.us.into_iter().map(|us| us * 1e-6).collect());
                        let timing = seconds.map(|seconds| measure::timing(seconds, None));
                        all.push(Row::new(network, name, rows, false, measure::work(&net, rows), timing));
                    }
                }
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        check_names("--parts", &self.parts, &["marches", "responses", "networks", "all"])?;
        let mut models: Vec<&str> = response::RESPONSES.iter().map(|r| r.model).collect();
        models.push("all");
        check_names("--models", &self.models, &models)?;
        check_names("--networks", &self.networks, &NETWORKS.map(|n| n.0))?;
        if let Some(n) = self.rows.iter().find(|n| !(1..=100_000_000).contains(*n)) {
            return Err(Error::bad_option("--rows", n, "give 1 to 100000000"));
        }
        if !(4..=1000).contains(&self.times) {
            return Err(Error::bad_option("--times", self.times, "give 4 to 1000"));
        }
        self.common.check(RIVALS.iter().map(|r| r.id))
    }
}

/// The providers that take rows from the machine's memory.
fn providers(engines: &Path) -> Vec<Provider> {
    let tensorrt = |precision| Provider::TensorRt { precision, cache: Some(engines.to_owned()) };
    let mut all = vec![Provider::FusedCuda, Provider::OrtCuda];
    all.extend(Precision::ALL.iter().map(|p| tensorrt(*p)));
    all
}

/// The time that something takes by this machine's clock.
fn clocked(run: impl FnOnce() -> Result<(), infer_trt::InferError>) -> Result<f64, String> {
    let start = Instant::now();
    run().map_err(|e| e.to_string())?;
    Ok(start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::options::tests::{parse, refused};

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_remedy() {
        refused(
            Gpu::check,
            &[
                ("--parts marchs", "did you mean `marches`"),
                ("--models luo_rudy", "known: fitzhugh_nagumo"),
                ("--networks 8x3", "known: 8x2"),
                ("--rivals jaxx", "did you mean `jax`"),
                ("--rows 0", "give 1 to"),
                ("--times 3", "give 4 to"),
                ("--timeout nan", "positive number"),
            ],
        );
        for words in ["--rows 5,6 --rivals none", "--parts marches,responses --models luo_rudy_1991"] {
            assert!(parse::<Gpu>(words).unwrap().check().is_ok());
        }
    }

    #[test]
    fn every_solver_is_in_the_registry() {
        for (model, variant, ..) in SOLVERS {
            assert!(registry::find(model, Some(variant)).is_ok(), "{model}/{variant}");
        }
    }
}
