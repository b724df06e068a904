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

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use clap::Args;
use infer_trt::cuda::{Device, Way};
use infer_trt::{Precision, Provider};
use ionic_models::registry;
use ode_solvers::tape::FixedStep;
use serde::Deserialize;

use self::report::{Comparison, Row, Timing};
use self::response::Response;
use crate::compare::check_names;
use crate::compare::origin::{Absence, Origin};
use crate::compare::work::Work;
use crate::compare_infer::NETWORKS;
use crate::compare_infer::networks::{self, random, write_plain};
use crate::{Error, files, print};

/// What is marched: model, variant, method, step in the model's unit, cells; 100 steps each.
const SOLVERS: [(&str, &str, FixedStep, f32, usize); 6] = [
    ("fitzhugh_nagumo", "werneck", FixedStep::Euler, 0.1, 16_000_000),
    ("fitzhugh_nagumo", "werneck", FixedStep::Euler, 0.1, 32_000_000),
    ("fitzhugh_nagumo", "werneck", FixedStep::Euler, 0.1, 64_000_000),
    ("hodgkin_huxley_1952", "modern", FixedStep::RushLarsen, 0.01, 4_000_000),
    ("ten_tusscher_panfilov_2006", "epi", FixedStep::RushLarsen, 0.01, 1_000_000),
    ("ohara_rudy_2011", "endo", FixedStep::RushLarsen, 0.005, 1_000_000),
];

/// The program of both Python rivals.
const PROGRAM: &str = include_str!("../../peers/infer/infer_gpu.py");

/// The options of `compare gpu`.
#[derive(Debug, Clone, Args)]
pub struct Gpu {
    /// What is measured: marches (fixed steps against the device's limit), responses (fixed and adaptive
    /// steps to the same accuracy), networks; `all`
    #[arg(long, value_name = "PARTS", value_delimiter = ',', default_value = "all")]
    parts: Vec<String>,
    /// Models of responses; `all`
    #[arg(long, value_name = "MODELS", value_delimiter = ',', default_value = "all")]
    models: Vec<String>,
    /// Networks, by width and number of hidden layers
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', default_value = "8x2,16x2,32x3,64x3,128x5")]
    networks: Vec<String>,
    /// Numbers of rows
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1000000,16000000")]
    rows: Vec<usize>,
    /// Others: torch, jax; `all` or `none`
    #[arg(long, value_name = "RIVALS", value_delimiter = ',', default_value = "all")]
    rivals: Vec<String>,
    /// Timed runs of each; the first three are left out
    #[arg(long, value_name = "N", default_value_t = 20)]
    times: usize,
    /// The number of the GPU
    #[arg(long, value_name = "N", default_value_t = 0)]
    device: usize,
    /// Time after which a line of another program is no longer waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0)]
    timeout: f64,
    /// The Python that has PyTorch and JAX
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// Write compare-gpu.json and .md into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A line of the Python program.
#[derive(Debug, Deserialize)]
struct Line {
    framework: String,
    version: String,
    network: String,
    rows: usize,
    min: Option<f64>,
    median: Option<f64>,
    error: Option<String>,
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
        let networks = NETWORKS.into_iter().filter(|n| self.networks.iter().any(|x| x == n.0));
        for (network, layers) in networks.filter(|_| wanted("networks")) {
            eprintln!("{network} ({layers})");
            self.network(&device, network, layers, &mut rows)?;
        }
        let mut absent = Vec::new();
        for (id, install) in [("torch", "pip install torch numpy"), ("jax", "pip install 'jax[cuda13]'")] {
            if wanted("networks") && self.rivals.iter().any(|r| r == "all" || r == id) {
                eprintln!("{id}");
                if let Err(why) = self.rival(id, &mut rows)? {
                    absent.push(Absence { id: id.into(), why, install: install.into() });
                }
            }
        }
        let comparison = Comparison {
            origin: Origin::here(),
            device: device.description(),
            peak_flops: device.peak()?,
            bytes_a_second: device.bandwidth()?,
            times: self.times,
            remark: String::new(),
            absent,
            rows,
            answers,
        };
        print(&comparison.markdown())?;
        if let Some(folder) = &self.out {
            files::write_json(&folder.join("compare-gpu.json"), &comparison)?;
            files::write(&folder.join("compare-gpu.md"), comparison.markdown())?;
            print(&format!("written to {}\n", folder.display()))?;
        }
        Ok(())
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

    /// PyTorch or JAX on all networks; or why not.
    fn rival(&self, id: &str, all: &mut Vec<Row>) -> Result<Result<(), String>, Error> {
        let at = std::env::temp_dir();
        let folder = tempfile::tempdir().map_err(Error::io(&at, "set TMPDIR to a folder with some room"))?;
        let program = folder.path().join("infer_gpu.py");
        files::write(&program, PROGRAM)?;
        Ok(self.lines(id, &program).map(|lines| all.extend(lines.into_iter().map(Line::row))))
    }

    fn lines(&self, id: &str, program: &Path) -> Result<Vec<Line>, String> {
        let rows: Vec<String> = self.rows.iter().map(usize::to_string).collect();
        let mut command = Command::new(&self.python);
        command.arg(program).args([id, &self.networks.join(","), &rows.join(","), &self.times.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            command.spawn().map_err(|e| format!("{} does not start: {e}", self.python.display()))?;
        let (send, receive) = mpsc::channel();
        let output = child.stdout.take();
        std::thread::spawn(move || {
            for line in output.into_iter().flat_map(|o| BufReader::new(o).lines()) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut lines = Vec::new();
        let patience = Duration::from_secs_f64(self.timeout);
        let why = loop {
            match receive.recv_timeout(patience) {
                Ok(Ok(line)) => match serde_json::from_str(&line) {
                    Ok(line) => lines.push(line),
                    Err(e) => break Some(format!("it said {line:?}: {e}")),
                },
                Ok(Err(e)) => break Some(e.to_string()),
                Err(mpsc::RecvTimeoutError::Disconnected) => break None,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    break Some(format!("no answer within {} s", self.timeout));
                }
            }
        };
        if why.is_some() {
            let _ = child.kill();
        }
        let status = child.wait().map_err(|e| e.to_string())?;
        match why {
            Some(why) => Err(why),
            None if !status.success() => Err(format!("it ended with {status}")),
            None => Ok(lines),
        }
    }

    fn check(&self) -> Result<(), Error> {
        check_names("--parts", &self.parts, &["marches", "responses", "networks", "all"])?;
        let mut models: Vec<&str> = response::RESPONSES.iter().map(|r| r.model).collect();
        models.push("all");
        check_names("--models", &self.models, &models)?;
        check_names("--networks", &self.networks, &NETWORKS.map(|n| n.0))?;
        check_names("--rivals", &self.rivals, &["torch", "jax", "all", "none"])?;
        if let Some(n) = self.rows.iter().find(|n| !(1..=100_000_000).contains(*n)) {
            return Err(Error::bad_option("--rows", n, "give 1 to 100000000"));
        }
        if !(4..=1000).contains(&self.times) {
            return Err(Error::bad_option("--times", self.times, "give 4 to 1000"));
        }
        if !(self.timeout > 0.0 && self.timeout <= 86_400.0) {
            return Err(Error::bad_option("--timeout", self.timeout, "give a positive number of seconds"));
        }
        Ok(())
    }
}

/// The providers that take rows from the machine's memory.
fn providers(engines: &Path) -> Vec<Provider> {
    let tensorrt = |precision| Provider::TensorRt { precision, cache: Some(engines.to_owned()) };
    let mut all = vec![Provider::FusedCuda, Provider::OrtCuda];
    all.extend(Precision::ALL.iter().map(|p| tensorrt(*p)));
    all
}

impl Line {
    fn row(self) -> Row {
        let layers = NETWORKS.iter().find(|n| n.0 == self.network).map_or("", |n| n.1);
        let of_a_row = random(3, layers, 2, 1).map_or(Work::default(), |net| networks::work(net.spec()));
        let timing = match (self.min, self.median, self.error) {
            (Some(seconds_min), Some(seconds_median), None) => {
                Ok(Timing { seconds_min, seconds_median, error: None })
            }
            (_, _, why) => Err(why.unwrap_or_else(|| "it gave no time".into())),
        };
        Row::new(
            &self.network,
            &format!("{} {}", self.framework, self.version),
            self.rows,
            false,
            of_a_row * self.rows as f64,
            timing,
        )
    }
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
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        gpu: Gpu,
    }

    fn parse(arguments: &str) -> Gpu {
        let words = std::iter::once("gpu").chain(arguments.split_whitespace());
        Program::try_parse_from(words).unwrap().gpu
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_remedy() {
        for (arguments, says) in [
            ("--parts marchs", "did you mean `marches`"),
            ("--models luo_rudy", "known: fitzhugh_nagumo"),
            ("--networks 8x3", "known: 8x2"),
            ("--rivals jaxx", "did you mean `jax`"),
            ("--rows 0", "give 1 to"),
            ("--times 3", "give 4 to"),
            ("--timeout nan", "positive number"),
        ] {
            let error = parse(arguments).check().unwrap_err().to_string();
            assert!(error.contains(says), "{arguments}: {error}");
        }
        assert!(parse("--rows 5,6 --rivals none").check().is_ok());
        assert!(parse("--parts marches,responses --models luo_rudy_1991").check().is_ok());
    }

    #[test]
    fn every_solver_is_in_the_registry() {
        for (model, variant, ..) in SOLVERS {
            assert!(registry::find(model, Some(variant)).is_ok(), "{model}/{variant}");
        }
    }

    #[test]
    fn a_rival_that_talks_nonsense_or_hangs_is_a_result() {
        let folder = tempfile::tempdir().unwrap();
        let mut gpu = parse("--timeout 30");
        gpu.python = "sh".into();
        let row = r#"{"framework":"A","version":"1","network":"8x2","rows":10,"min":1.0,"median":2.0}"#;
        for (text, says) in [
            (format!("echo '{row}'"), ""),
            ("echo no".into(), "no"),
            ("exec sleep 5".into(), "no answer"),
            ("exit 3".into(), "3"),
        ] {
            let program = folder.path().join("p");
            std::fs::write(&program, &text).unwrap();
            // Whatever else the machine does, those that answer have the time to.
            gpu.timeout = if says == "no answer" { 0.3 } else { 30.0 };
            match gpu.lines("torch", &program) {
                Ok(mut lines) => {
                    assert!(says.is_empty(), "{text}");
                    let row = lines.remove(0).row();
                    assert_eq!((row.work.flops, row.seconds_min), (2080.0, Some(1.0)));
                }
                Err(why) => assert!(!says.is_empty() && why.contains(says), "{text}: {why}"),
            }
        }
    }
}
