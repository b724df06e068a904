//! `compare map`: the training step of a neural map, ours and others', in turn.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use surrogates::MapSpec;
use surrogates::neural_map::{MapConfig, MapTrainer, Pairs};

use super::clock;
use super::origin::{Origin, least_and_median};
use super::peer::Peer;
use crate::error::near_misses;
use crate::{Error, files, print};

/// How to compare trainings of neural maps.
#[derive(Debug, Clone, Args)]
pub struct MapOptions {
    /// Others' frameworks: jax, torch; `all` or `none`
    #[arg(long, value_name = "RIVALS", value_delimiter = ',', default_value = "all")]
    rivals: Vec<String>,
    /// Pairs in a batch
    #[arg(long, value_name = "N", default_value_t = 1000)]
    batch: usize,
    /// Neurons in each hidden layer
    #[arg(long, value_name = "N", default_value_t = 100)]
    width: usize,
    /// How often each has its turn
    #[arg(long, value_name = "N", default_value_t = 7)]
    rounds: usize,
    /// CPU time of a turn
    #[arg(long, value_name = "SECONDS", default_value_t = 0.3)]
    turn: f64,
    /// Time after which an answer of another program is no longer waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0)]
    timeout: f64,
    /// The Python that has JAX with Optax, or PyTorch
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// Write compare-map.json into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The frameworks, and how they are installed.
const RIVALS: [(&str, &str); 2] =
    [("jax", "pip install jax optax numpy"), ("torch", "pip install torch numpy")];

/// The program that runs them.
const SOURCE: &str = include_str!("../../peers/neural_map.py");

/// `compare-map.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapComparison {
    /// Where the numbers come from.
    #[serde(flatten)]
    pub origin: Origin,
    /// Pairs in a batch.
    pub batch: usize,
    /// Neurons in each hidden layer.
    pub width: usize,
    /// How often each had its turn.
    pub rounds: usize,
    /// CPU time of a turn in seconds.
    pub seconds_a_turn: f64,
    /// Ours first.
    pub rows: Vec<MapRow>,
}

/// What was measured of one program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRow {
    /// Who.
    pub name: String,
    /// Its version, if it is here.
    pub version: Option<String>,
    /// Why it is not, and how it is installed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub absent: Option<String>,
    /// The smallest CPU time of a step, in µs.
    pub min_us: Option<f64>,
    /// The median, in µs.
    pub median_us: Option<f64>,
}

impl MapOptions {
    fn check(&self) -> Result<(), Error> {
        let known = ["all", "none", "jax", "torch"];
        if let Some(name) = self.rivals.iter().find(|n| !known.contains(&n.as_str())) {
            let why = format!("no such rival{}; known: {}", near_misses(name, known), known.join(", "));
            return Err(Error::bad_option("--rivals", name, why));
        }
        for (option, value) in [("--batch", self.batch), ("--width", self.width), ("--rounds", self.rounds)] {
            if value == 0 || value > 1_000_000 {
                return Err(Error::bad_option(option, value, "give a number from 1 to 1000000"));
            }
        }
        for (option, value) in [("--turn", self.turn), ("--timeout", self.timeout)] {
            if !(value > 0.0 && value <= 86_400.0) {
                return Err(Error::bad_option(option, value, "give a positive number of seconds"));
            }
        }
        Ok(())
    }

    /// Starts a rival.
    fn start(&self, program: &Path, framework: &str) -> Result<Peer, String> {
        let mut command = Command::new(&self.python);
        command.arg(program).arg(framework).arg(self.batch.to_string()).arg(self.width.to_string());
        Peer::start(command, Duration::from_secs_f64(self.timeout))
    }
}

/// Runs the comparison.
///
/// # Errors
/// Options that make no sense, and files that cannot be written. A rival that fails is a result.
pub(super) fn compare(options: &MapOptions) -> Result<(), Error> {
    options.check()?;
    let program = std::env::current_exe()
        .map_err(Error::io(Path::new("this program"), "start it by its full path"))?
        .with_file_name("peers")
        .join("neural_map.py");
    files::write(&program, SOURCE)?;
    let mut rivals = Vec::new();
    for (id, install) in RIVALS {
        if options.rivals.iter().any(|r| r == id || r == "all") {
            let peer = options.start(&program, id).map_err(|e| format!("{e}; {install}"));
            rivals.push((id, peer, Vec::new()));
        }
    }
    let mut trainer = trainer(options)?;
    let mut own = Vec::new();
    for _ in 0..options.rounds {
        own.extend(turn(&mut trainer, options.turn)?);
        for (_, peer, times) in &mut rivals {
            let Ok(running) = peer else { continue };
            match running.time("step", 0.0, 0.0, options.turn) {
                Ok(timing) => times.extend(timing.us),
                Err(e) => *peer = Err(e),
            }
        }
    }
    let mut rows = vec![row("surrogates".into(), Some(env!("CARGO_PKG_VERSION").into()), None, own)];
    for (id, peer, times) in rivals {
        rows.push(match peer {
            Ok(peer) => row(peer.name.clone(), Some(peer.version.clone()), None, times),
            Err(why) => row(id.into(), None, Some(why), Vec::new()),
        });
    }
    let found = MapComparison {
        origin: Origin::here(),
        batch: options.batch,
        width: options.width,
        rounds: options.rounds,
        seconds_a_turn: options.turn,
        rows,
    };
    print(&text(&found))?;
    if let Some(folder) = &options.out {
        files::write_json(&folder.join("compare-map.json"), &found)?;
    }
    Ok(())
}

/// A training whose batch is its whole data set, as the rivals' is.
fn trainer(options: &MapOptions) -> Result<MapTrainer, Error> {
    let failed = |e| Error::Training { network: "compare map".into(), source: Box::new(e) };
    let number = |i: usize, c: f64| (i as f64 * c).sin() * 1.7;
    let (mut inputs, mut next) = (Vec::new(), Vec::new());
    for row in 0..options.batch {
        let u = [number(row, 1.1), number(row, 2.3), number(row, 0.7)];
        inputs.extend(u);
        inputs.push(number(row, 3.1));
        next.extend([0, 1, 2].map(|i| u[i] + 0.01 * u[(i + 1) % 3].tanh()));
    }
    let pairs = Pairs::new(3, 1, inputs, next).map_err(failed)?;
    let (state, control) = pairs.standardization().map_err(failed)?;
    let spec = MapSpec { states: 3, parameters: 1, width: options.width };
    let config = MapConfig {
        batch: options.batch,
        validate_every: u64::MAX >> 32,
        ..MapConfig::published(spec, state, control, 0.005, 1)
    };
    MapTrainer::new(config, &pairs, None).map_err(failed)
}

/// CPU times of a step in µs.
fn turn(trainer: &mut MapTrainer, seconds: f64) -> Result<Vec<f64>, Error> {
    let failed = |e| Error::Training { network: "compare map".into(), source: Box::new(e) };
    let mut times = Vec::new();
    let begin = clock::cpu();
    while clock::cpu() - begin < seconds || times.is_empty() {
        let start = clock::cpu();
        for _ in 0..10 {
            trainer.step().map_err(failed)?;
        }
        times.push((clock::cpu() - start) * 1e5);
    }
    Ok(times)
}

fn row(name: String, version: Option<String>, absent: Option<String>, times: Vec<f64>) -> MapRow {
    let (min_us, median_us) = least_and_median(&times);
    MapRow { name, version, absent, min_us, median_us }
}

fn text(found: &MapComparison) -> String {
    let mut out = format!(
        "training step of a neural map, 3 states, 1 parameter, width {}, batch {}, one thread, CPU time in µs\n\n\
         {:<14}{:<14}{:>10}{:>10}{:>12}{:>14}\n",
        found.width, found.batch, "", "version", "minimum", "median", "ours / min", "ours / median"
    );
    let ours = found.rows.first();
    for row in &found.rows {
        let version = row.version.as_deref().unwrap_or("");
        out.push_str(&format!("{:<14}{version:<14}", row.name));
        match (row.min_us, row.median_us, ours.and_then(|o| Some((o.min_us?, o.median_us?)))) {
            (Some(min), Some(median), Some((own_min, own_median))) => out.push_str(&format!(
                "{min:>10.0}{median:>10.0}{:>12.2}{:>14.2}\n",
                own_min / min,
                own_median / median
            )),
            _ => out.push_str(&format!("absent: {}\n", row.absent.as_deref().unwrap_or("no times"))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> MapOptions {
        MapOptions {
            rivals: vec!["all".into()],
            batch: 64,
            width: 8,
            rounds: 1,
            turn: 1e-3,
            timeout: 5.0,
            python: "no-such-python".into(),
            out: None,
        }
    }

    #[test]
    fn rivals_that_are_not_there_are_listed_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        compare(&MapOptions { out: Some(folder.path().to_owned()), ..options() }).unwrap();
        let found: MapComparison = files::read_json(&folder.path().join("compare-map.json"), "").unwrap();
        assert!(found.rows[0].min_us.unwrap() > 0.0);
        for row in &found.rows[1..] {
            let why = row.absent.as_deref().unwrap();
            assert!(why.contains("no-such-python") && why.contains("pip install"), "{why}");
        }
        assert!(text(&found).contains("absent"));
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        for bad in [
            MapOptions { rivals: vec!["jaxx".into()], ..options() },
            MapOptions { batch: 0, ..options() },
            MapOptions { turn: f64::NAN, ..options() },
        ] {
            assert!(matches!(compare(&bad), Err(Error::BadOption { .. })));
        }
    }
}
