//! `simulate`: one model, one trajectory, from the command line to a file.

mod biomarkers;
mod output;
mod plot;
mod stimulus;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ionic_models::{AnyCell, RangePolicy, registry};
use ode_solvers::{Method, Options, SaveAt, Solution, StepSize, Tolerance, solve};

use crate::{Error, files, print};

/// What `simulate` is asked to do.
#[derive(Debug, Clone, Args)]
pub struct Simulate {
    /// List all models with their variants and stop; with --json, with their tables
    #[arg(long)]
    list: bool,
    /// With --list: as JSON, with every state, parameter and current
    #[arg(long, requires = "list")]
    json: bool,

    /// The model, for example ohara_rudy_2011 (see --list)
    #[arg(long, required_unless_present = "list", value_name = "ID")]
    model: Option<String>,
    /// The variant, for example endo; the model's first if left out
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Set a parameter, by its name or its CellML name; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, f64)>,
    /// Set an initial value, by the state's name or its CellML name; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment, allow_hyphen_values = true)]
    init: Vec<(String, f64)>,
    /// What to do with values outside the range for which the model is meant
    #[arg(long, value_enum, default_value_t = Range::Warn)]
    range: Range,

    /// A stimulus, in the model's unit and sign; may be repeated, the sum is applied:
    /// period=…,duration=…,amplitude=…[,start=…][,count=…] | constant=… | paced (as published) |
    /// s1s2:period=…,duration=…,amplitude=…,count=…,interval=…
    #[arg(long, value_name = "STIMULUS", allow_hyphen_values = true)]
    stim: Vec<String>,
    /// Single pulses from a CSV file with the columns start,duration,amplitude
    #[arg(long, value_name = "FILE")]
    stim_file: Vec<PathBuf>,
    /// A sampled stimulus from a CSV file with the columns time,value, joined by straight lines
    #[arg(long, value_name = "FILE")]
    stim_samples: Vec<PathBuf>,

    /// The end, in the model's unit of time
    #[arg(long, required_unless_present = "list", value_name = "TIME", allow_hyphen_values = true)]
    t_end: Option<f64>,
    /// The start
    #[arg(long, default_value_t = 0.0, value_name = "TIME", allow_hyphen_values = true)]
    t_start: f64,
    /// The method of integration, such as tsit5, rodas4 or rl1 (a name that is none lists all)
    #[arg(long, default_value_t = Method::Rodas5P, value_name = "METHOD")]
    solver: Method,
    /// Relative tolerance, for adaptive steps
    #[arg(long, default_value_t = 1e-6, allow_hyphen_values = true)]
    rtol: f64,
    /// Absolute tolerance, for adaptive steps
    #[arg(long, default_value_t = 1e-8, allow_hyphen_values = true)]
    atol: f64,
    /// Take fixed steps of this length instead; methods without an error estimate need it
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    dt: Option<f64>,
    /// The largest number of steps
    #[arg(long, value_name = "N")]
    max_steps: Option<u64>,

    /// Save at every multiple of this after the start, and at the end; every step if left out
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    save_every: Option<f64>,
    /// Write the trajectory: .csv (time and all states, 17 significant digits) or .npz
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draw the trajectory as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// States to draw, by name; the first state of the model if left out
    #[arg(long, value_name = "NAME", requires = "plot", value_delimiter = ',')]
    plot_states: Vec<String>,
    /// Print biomarkers as JSON: action potential and calcium transient of each beat, spikes
    #[arg(long)]
    biomarkers: bool,
    /// The potential that spikes cross; the middle of the potential's range if left out
    #[arg(long, value_name = "POTENTIAL", requires = "biomarkers", allow_hyphen_values = true)]
    spike_threshold: Option<f64>,
}

/// What to do with a value outside its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Range {
    /// Take it and print a warning.
    Warn,
    /// Stop.
    Fail,
    /// Take it.
    Ignore,
}

impl From<Range> for RangePolicy {
    fn from(range: Range) -> Self {
        match range {
            Range::Warn => RangePolicy::Warn,
            Range::Fail => RangePolicy::Refuse,
            Range::Ignore => RangePolicy::Ignore,
        }
    }
}

/// Reads `name=value`.
fn assignment(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE")?;
    let number = value.trim().parse().map_err(|_| format!("`{value}` is not a number"))?;
    Ok((name.trim().to_owned(), number))
}

/// The largest number of times that `--save-every` may ask for: about 3 GB of O'Hara–Rudy states.
const MAX_SAVED: f64 = 1e7;

impl Simulate {
    /// Runs the simulation, or lists the models.
    ///
    /// # Errors
    /// Unknown names, values that make no sense, a failed solve, and files that cannot be read or
    /// written. A failed solve leaves its trajectory up to the failure beside the output file.
    pub fn run(&self) -> Result<(), Error> {
        if self.list {
            return list(self.json);
        }
        let (Some(model), Some(t_end)) = (&self.model, self.t_end) else {
            return Err(Error::bad_option("--model", "", "give a model and --t-end, or --list"));
        };
        let writer = self.out.as_deref().map(output::Format::of).transpose()?;
        let mut cell = registry::find(model, self.variant.as_deref())?.cell();
        self.configure(cell.as_mut())?;
        let states: Vec<usize> =
            self.plot_states.iter().map(|s| plot::state(&*cell, s)).collect::<Result<_, _>>()?;

        let step = match self.dt {
            Some(dt) => StepSize::Fixed(dt),
            None => StepSize::Adaptive(Tolerance::new(self.rtol, self.atol)),
        };
        let mut options = Options { save_at: self.save_at(t_end)?, ..Options::default() };
        if let Some(max_steps) = self.max_steps {
            options.max_steps = max_steps;
        }
        let span = (self.t_start, t_end);
        let run = |options: &Options| {
            solve(&*cell, self.solver, step.clone(), span, cell.initial_state(), options)
                .map_err(|e| self.failed(&*cell, e))
        };
        let solution = run(&options)?;
        tracing::info!(
            "{} {}: {} steps accepted, {} rejected, {} evaluations, {} Jacobians; {} times saved",
            cell.id(),
            cell.variant_name(),
            solution.stats.accepted,
            solution.stats.rejected,
            solution.stats.rhs,
            solution.stats.jacobian,
            solution.len(),
        );

        if let (Some(path), Some(format)) = (&self.out, writer) {
            format.write(path, &*cell, &solution)?;
        }
        if let Some(path) = &self.plot {
            files::write(path, plot::trajectory(&*cell, &solution, &states)?)?;
        }
        if self.biomarkers {
            // What is saved may be sparse; the steps are the same for any times to record.
            let dense = Options { save_at: SaveAt::Times(evenly(span, biomarkers::SAMPLES)), ..options };
            let text = biomarkers::json(&*cell, &run(&dense)?, self.spike_threshold)?;
            print(&format!("{text}\n"))?;
        } else if self.out.is_none() && self.plot.is_none() {
            print(&end(&*cell, &solution))?;
        } else {
            let written = [&self.out, &self.plot].into_iter().flatten();
            let written: Vec<String> = written.map(|path| path.display().to_string()).collect();
            print(&format!(
                "{}: {} times of {} states, after {} steps\n",
                written.join(" and "),
                solution.len(),
                cell.dim(),
                solution.stats.accepted
            ))?;
        }
        Ok(())
    }

    /// Parameters, initial values and stimulus.
    fn configure(&self, cell: &mut dyn AnyCell) -> Result<(), Error> {
        cell.set_range_policy(self.range.into());
        for (name, value) in &self.set {
            if let Some(warning) = cell.set_parameter(name, *value)? {
                tracing::warn!("{warning}");
            }
        }
        for (name, value) in &self.init {
            if let Some(warning) = cell.set_state(name, *value)? {
                tracing::warn!("{warning}");
            }
        }
        let stimulus =
            stimulus::read(&self.stim, &self.stim_file, &self.stim_samples, cell.stimulus_convention())?;
        let until = self.t_end.unwrap_or(self.t_start);
        stimulus
            .check_pulses(until)
            .map_err(|e| Error::bad_option("--stim", self.stim.join(" "), e.to_string()))?;
        cell.set_stimulus(stimulus);
        Ok(())
    }

    /// The times to record.
    fn save_at(&self, t_end: f64) -> Result<SaveAt, Error> {
        let Some(every) = self.save_every else { return Ok(SaveAt::EveryStep) };
        if !(every > 0.0 && every.is_finite()) {
            return Err(Error::bad_option("--save-every", every, "it must be positive and finite"));
        }
        let count = (t_end - self.t_start) / every;
        if count > MAX_SAVED {
            let why = format!("it asks for {count:.0} times; at most {MAX_SAVED:.0} fit: save less often");
            return Err(Error::bad_option("--save-every", every, why));
        }
        // The quotient of two decimal numbers may fall a little short of a whole number.
        let whole = (count * (1.0 + 1e-12)).floor();
        let mut times: Vec<f64> =
            (0..=whole.max(0.0) as u64).map(|k| (self.t_start + k as f64 * every).min(t_end)).collect();
        if times.last().is_some_and(|&last| last < t_end) {
            times.push(t_end);
        }
        Ok(SaveAt::Times(times))
    }

    /// Saves what a failed solve computed, and says where.
    fn failed(&self, cell: &dyn AnyCell, error: ode_solvers::SolveError) -> Error {
        let partial = match (&self.out, error.partial()) {
            (Some(out), Some(partial)) if !partial.is_empty() => {
                let path = partial_path(out);
                let written = output::Format::of(out).and_then(|f| f.write(&path, cell, partial));
                written.ok().map(|()| path)
            }
            _ => None,
        };
        Error::Solve { model: cell.id(), partial, source: Box::new(error) }
    }
}

/// `n + 1` times from one end of the span to the other.
fn evenly((t0, t1): (f64, f64), n: usize) -> Vec<f64> {
    (0..=n).map(|k| if k == n { t1 } else { t0 + (t1 - t0) * (k as f64 / n as f64) }).collect()
}

/// `run.csv` → `run.partial.csv`.
fn partial_path(out: &Path) -> PathBuf {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let extension = out.extension().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{stem}.partial.{extension}"))
}

/// All models, a line for each variant, or their tables as JSON.
fn list(json: bool) -> Result<(), Error> {
    if json {
        let text = registry::to_json().map_err(|e| Error::bad_option("--json", "", e.to_string()))?;
        return print(&format!("{text}\n"));
    }
    let mut text = format!("{:28} {:12} {:>6} {:>10}  source\n", "model", "variant", "states", "parameters");
    for e in registry::models() {
        let (states, parameters) = (e.states.len(), e.parameters.len());
        text += &format!("{:28} {:12} {states:>6} {parameters:>10}  {}\n", e.id, e.variant, e.citation);
    }
    print(&text)
}

/// The state at the end, one line each.
fn end(cell: &dyn AnyCell, solution: &Solution) -> String {
    let t = solution.t.last().copied().unwrap_or(f64::NAN);
    let mut text = format!("t = {t} {}\n", cell.time_unit());
    for (variable, value) in cell.state_table().iter().zip(solution.last()) {
        text += &format!("{:16} {value:>24.16e} {}\n", variable.name, variable.unit);
    }
    text
}
