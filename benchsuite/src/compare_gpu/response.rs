//! Whole responses to a stimulus on a device: fixed steps and adaptive ones, held against Rodas5P.

use std::time::Instant;

use infer_trt::InferError;
use infer_trt::cuda::{AdaptiveKernel, Course, Device, Integrated, Kernel, Real, Resources};
use ionic_models::registry::Entry;
use ionic_models::{Pulse, Stimulus, registry};
use ode_solvers::tableau::{RODAS3P, RODAS4, RODAS5P, ROSENBROCK_23, RosenbrockTableau};
use ode_solvers::tape::{FixedStep, Precision, Source};
use ode_solvers::{Method, Options, StepSize, Tolerance, solve};

use super::answers::{Answer, Found, Measured};
use crate::compare::origin;
use crate::compare::ours::greatest_difference;
use crate::kernels;

/// What cells are asked to do.
pub(super) struct Response {
    pub(super) model: &'static str,
    pub(super) variant: &'static str,
    /// Start and length of the stimulus, and how strong it is at least; at most half as strong again.
    pulse: (f64, f64, f64),
    end: f64,
    cells: usize,
    /// Fixed steps, by falling length; all of them divide the pulse's edges and the sampled times.
    fixed: (FixedStep, &'static [f64]),
    methods: &'static [&'static RosenbrockTableau],
    precisions: &'static [Precision],
}

const SINGLE: &[Precision] = &[Precision::Single];
const BOTH: &[Precision] = &[Precision::Single, Precision::Double];
const FEW_STATES: &[&RosenbrockTableau] = &[&ROSENBROCK_23, &RODAS3P, &RODAS4, &RODAS5P];
/// Of those with many states the texts of larger methods take minutes to compile.
const MANY_STATES: &[&RosenbrockTableau] = &[&ROSENBROCK_23, &RODAS3P];

/// All responses. Pulses are those of `compare ode`; the times cover an action potential.
pub(super) const RESPONSES: [Response; 5] = [
    Response {
        model: "fitzhugh_nagumo",
        variant: "werneck",
        pulse: (0.0, 10.0, 0.5),
        end: 10.0,
        cells: 1_000_000,
        fixed: (FixedStep::Euler, &[0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]),
        methods: FEW_STATES,
        precisions: BOTH,
    },
    Response {
        model: "hodgkin_huxley_1952",
        variant: "modern",
        pulse: (1.0, 0.5, 20.0),
        end: 20.0,
        cells: 1_000_000,
        fixed: (FixedStep::RushLarsen, &[0.05, 0.02, 0.01, 0.005, 0.002, 0.001]),
        methods: FEW_STATES,
        precisions: BOTH,
    },
    Response {
        model: "luo_rudy_1991",
        variant: "",
        pulse: (0.0, 2.0, -25.5),
        end: 400.0,
        cells: 200_000,
        fixed: (FixedStep::RushLarsen, &[0.1, 0.05, 0.02, 0.01, 0.005]),
        methods: MANY_STATES,
        precisions: SINGLE,
    },
    Response {
        model: "ten_tusscher_panfilov_2006",
        variant: "epi",
        pulse: (0.0, 1.0, -52.0),
        end: 400.0,
        cells: 200_000,
        fixed: (FixedStep::RushLarsen, &[0.1, 0.05, 0.02, 0.01, 0.005]),
        methods: MANY_STATES,
        precisions: SINGLE,
    },
    Response {
        model: "ohara_rudy_2011",
        variant: "endo",
        pulse: (0.0, 0.5, -80.0),
        end: 400.0,
        cells: 100_000,
        fixed: (FixedStep::RushLarsen, &[0.02, 0.01, 0.005]),
        methods: &[&RODAS3P],
        precisions: SINGLE,
    },
];

/// Relative tolerances.
const TOLERANCES: [f64; 4] = [1e-3, 1e-4, 1e-5, 1e-6];
/// Times at which errors are taken: so many, equally far apart, the last at the end.
const SAMPLES: usize = 10;
/// Cells whose errors are taken.
const CHECKED: usize = 24;
/// Timed runs, the best of which counts.
const TIMES: usize = 3;
/// Tries of a cell.
const MOST: u32 = 1_000_000;

/// What the solver says: the first state at each time, cell by cell.
type Exact = Vec<Vec<f64>>;

impl Response {
    fn entry(&self) -> Result<&'static Entry, String> {
        registry::find(self.model, Some(self.variant)).map_err(|e| e.to_string())
    }

    /// How strongly cell `m` of so many is driven.
    fn drive(&self, m: usize, cells: usize) -> f64 {
        self.pulse.2 * (1.0 + 0.5 * m as f64 / cells as f64)
    }

    fn times(&self) -> Vec<f64> {
        (1..=SAMPLES).map(|k| self.end * k as f64 / SAMPLES as f64).collect()
    }

    /// The edges up to a time, and whether the stimulus is on after each.
    fn edges(&self, until: f64) -> (Vec<f64>, Vec<bool>) {
        let (start, length, _) = self.pulse;
        let mut edges = vec![0.0, start, start + length, until];
        edges.retain(|t| *t <= until);
        edges.dedup();
        let on = edges[..edges.len() - 1].iter().map(|t| (start..start + length).contains(t)).collect();
        (edges, on)
    }

    fn exact(&self, entry: &Entry) -> Result<Exact, String> {
        let step = StepSize::Adaptive(Tolerance::new(1e-9, 1e-11));
        let (start, duration, _) = self.pulse;
        let of = |m: usize| {
            let mut cell = entry.cell();
            let pulse = Pulse { start, duration, amplitude: self.drive(m, CHECKED) };
            cell.set_stimulus(Stimulus::pulses(vec![pulse]).map_err(|e| e.to_string())?);
            let options = Options::save_at(self.times());
            let y = cell.initial_state();
            let found = solve(&*cell, Method::Rodas5P, step.clone(), (0.0, self.end), y, &options);
            Ok(found.map_err(|e| e.to_string())?.column(0).collect())
        };
        (0..CHECKED).map(of).collect()
    }

    /// All methods with all steps and tolerances.
    pub(super) fn measure(&self, device: &Device) -> Vec<Answer> {
        let (entry, exact) = match self.entry().and_then(|e| Ok((e, self.exact(e)?))) {
            Ok(found) => found,
            Err(why) => return vec![self.answer("1", "Rodas5P", false, 0.0, Err(why))],
        };
        let unit = entry.states.first().map_or("1", |v| v.unit);
        let mut all = Vec::new();
        let (step, lengths) = self.fixed;
        let who = match step {
            FixedStep::Euler => "Euler",
            FixedStep::RushLarsen => "Rush–Larsen",
        };
        let compiled = kernels::source(entry, "march", step, Precision::Single)
            .ok_or_else(|| "the equations could not be written down".to_owned())
            .and_then(|source| Compiled::new(|| kernels::on_device(device, &source), Kernel::resources));
        for &dt in lengths {
            let found =
                compiled.as_ref().map_err(Clone::clone).and_then(|c| self.march(entry, c, dt, &exact));
            all.push(self.answer(unit, who, true, dt, found));
        }
        for &precision in self.precisions {
            for tableau in self.methods {
                let bits = if precision == Precision::Single { 32 } else { 64 };
                let who = format!("{}, f{bits}", tableau.name);
                eprintln!("{}: {who}", self.model);
                let source = match kernels::adaptive(entry, "adapt", tableau, precision) {
                    None => Err("the registry's kernels lack the model".to_owned()),
                    Some(source) => source.map_err(|e| e.to_string()),
                };
                let found = match precision {
                    Precision::Single => self.adaptive(device, entry, source, &exact, |x| x as f32),
                    Precision::Double => self.adaptive(device, entry, source, &exact, |x| x),
                };
                for (rtol, found) in TOLERANCES.into_iter().zip(found) {
                    all.push(self.answer(unit, &who, false, rtol, found));
                }
            }
        }
        all
    }

    fn answer(
        &self,
        unit: &str,
        who: &str,
        fixed: bool,
        setting: f64,
        found: Result<Measured, String>,
    ) -> Answer {
        let found = match found {
            Ok(measured) => Found::Measured(measured),
            Err(not_run) => Found::NotRun { not_run },
        };
        let what = match self.time_unit() {
            "1" => format!("{}, {}", self.model, self.end),
            unit => format!("{}, {} {unit}", self.model, self.end),
        };
        Answer { what, unit: unit.into(), who: who.into(), fixed, setting, cells: self.cells, found }
    }

    fn time_unit(&self) -> &'static str {
        self.entry().map_or("", |entry| entry.time_unit)
    }

    /// One method with all tolerances.
    fn adaptive<R: Real>(
        &self,
        device: &Device,
        entry: &Entry,
        source: Result<Source, String>,
        exact: &Exact,
        real: impl Fn(f64) -> R + Copy,
    ) -> [Result<Measured, String>; TOLERANCES.len()] {
        let compile = |source| {
            Compiled::new(|| kernels::adaptive_on_device::<R>(device, &source), AdaptiveKernel::resources)
        };
        let compiled = source.and_then(compile);
        TOLERANCES.map(|rtol| {
            compiled.as_ref().map_err(Clone::clone).and_then(|c| self.adapt(entry, c, rtol, exact, real))
        })
    }

    /// Fixed steps: from one sampled time or edge to the next.
    fn march(
        &self,
        entry: &Entry,
        compiled: &Compiled<Kernel>,
        dt: f64,
        exact: &Exact,
    ) -> Result<Measured, String> {
        let run = |cells: usize, times: &[f64]| -> Result<(f64, Vec<Vec<f32>>), String> {
            let (edges, _) = self.edges(self.end);
            let mut stops = [&edges, times].concat();
            stops.sort_by(f64::total_cmp);
            stops.dedup();
            let mut y = columns(entry, cells, |x| x as f32);
            let (mut seconds, mut found) = (0.0, Vec::new());
            for pair in stops.windows(2) {
                let on = (self.pulse.0..self.pulse.0 + self.pulse.1).contains(&pair[0]);
                let drive = |m| if on { self.drive(m, cells) as f32 } else { 0.0 };
                let each: Vec<f32> = (0..cells).map(drive).collect();
                let steps = ((pair[1] - pair[0]) / dt).round() as u64;
                let taken = compiled.kernel.march(steps, dt as f32, &each, &mut y);
                seconds += taken.map_err(|e| e.to_string())?;
                if times.contains(&pair[1]) {
                    found.push(y[..cells].to_vec());
                }
            }
            Ok((seconds, found))
        };
        let (_, found) = run(CHECKED, &self.times())?;
        let error = worst(exact, |m, k| f64::from(found[k][m]));
        let seconds = best(|| Ok(run(self.cells, &[])?.0))?;
        Ok(compiled.measured(seconds, error, self.end / dt, 0))
    }

    /// Adaptive steps: to each sampled time from the start.
    fn adapt<R: Real>(
        &self,
        entry: &Entry,
        compiled: &Compiled<AdaptiveKernel<R>>,
        rtol: f64,
        exact: &Exact,
        real: impl Fn(f64) -> R,
    ) -> Result<Measured, String> {
        let atol: Vec<R> = kernels::absolute(entry, rtol).into_iter().map(&real).collect();
        let run = |cells: usize, until: f64| -> Result<(Integrated, Vec<R>), String> {
            let (edges, on) = self.edges(until);
            let levels: Vec<R> = on.into_iter().map(|on| real(if on { 1.0 } else { 0.0 })).collect();
            let (rtol, atol) = (real(rtol), atol.as_slice());
            let course = Course { edges: &edges, levels: &levels, rtol, atol, most: MOST };
            let each: Vec<R> = (0..cells).map(|m| real(self.drive(m, cells))).collect();
            let mut y = columns(entry, cells, &real);
            let found = compiled.kernel.integrate(&course, &each, &mut y);
            Ok((found.map_err(|e| e.to_string())?, y))
        };
        let (mut found, mut lost) = (Vec::new(), 0);
        for t in self.times() {
            let (integrated, y) = run(CHECKED, t)?;
            lost = lost.max(integrated.lost());
            found.push(y);
        }
        let error = worst(exact, |m, k| found[k][m].into());
        let mut tries = 0;
        let seconds = best(|| {
            let (integrated, _) = run(self.cells, self.end)?;
            lost = lost.max(integrated.lost());
            tries = integrated.tries();
            Ok(integrated.seconds)
        })?;
        Ok(compiled.measured(seconds, error, tries as f64 / self.cells as f64, lost))
    }
}

/// A kernel, and what is known of it.
struct Compiled<K> {
    kernel: K,
    resources: Resources,
    seconds: f64,
}

impl<K> Compiled<K> {
    fn new(
        compile: impl FnOnce() -> Result<K, InferError>,
        resources: impl FnOnce(&K) -> Result<Resources, InferError>,
    ) -> Result<Self, String> {
        let start = Instant::now();
        let kernel = compile().map_err(|e| e.to_string())?;
        let seconds = start.elapsed().as_secs_f64();
        let resources = resources(&kernel).map_err(|e| e.to_string())?;
        Ok(Self { kernel, resources, seconds })
    }

    fn measured(&self, seconds: f64, error: f64, steps: f64, lost: usize) -> Measured {
        let Resources { registers, local_bytes } = self.resources;
        Measured { seconds, error, steps, lost, registers, local_bytes, compiled: self.seconds }
    }
}

/// The initial state of all cells.
fn columns<R: Real>(entry: &Entry, cells: usize, real: impl Fn(f64) -> R) -> Vec<R> {
    let cell = entry.cell();
    cell.initial_state().iter().flat_map(|y| std::iter::repeat_n(real(*y), cells)).collect()
}

/// The greatest difference; NaN if there is one.
fn worst(exact: &Exact, found: impl Fn(usize, usize) -> f64) -> f64 {
    let place = |m: usize| (0..exact[m].len()).map(move |k| (m, k));
    let found: Vec<f64> = (0..exact.len()).flat_map(place).map(|(m, k)| found(m, k)).collect();
    greatest_difference(&exact.concat(), &found)
}

fn best(mut run: impl FnMut() -> Result<f64, String>) -> Result<f64, String> {
    let seconds: Result<Vec<f64>, String> = (0..TIMES).map(|_| run()).collect();
    Ok(origin::least_and_median(&seconds?).0.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_end_where_they_should_and_know_when_the_stimulus_is_on() {
        let [axon, heart] = [&RESPONSES[1], &RESPONSES[2]];
        assert_eq!(axon.edges(20.0), (vec![0.0, 1.0, 1.5, 20.0], vec![false, true, false]));
        assert_eq!(heart.edges(400.0), (vec![0.0, 2.0, 400.0], vec![true, false]));
        assert_eq!(RESPONSES[0].edges(1.0), (vec![0.0, 1.0], vec![true]));
    }

    #[test]
    fn fixed_steps_meet_edges_and_samples() {
        for response in &RESPONSES {
            assert!(response.entry().is_ok(), "{}", response.model);
            let stops = [response.edges(response.end).0, response.times()].concat();
            for dt in response.fixed.1 {
                let off = |t: &f64| ((t / dt) - (t / dt).round()).abs() > 1e-6;
                assert!(!stops.iter().any(off), "{} {dt}", response.model);
            }
        }
    }

    #[test]
    fn a_difference_that_is_no_number_is_kept() {
        let exact = vec![vec![1.0, 2.0], vec![3.0, 4.0]];
        assert_eq!(worst(&exact, |m, k| if (m, k) == (0, 1) { 2.5 } else { exact[m][k] }), 0.5);
        for place in 0..4 {
            assert!(worst(&exact, |m, k| if 2 * m + k == place { f64::NAN } else { 9.0 }).is_nan());
        }
    }
}
