//! How wrong an operator is: in the publication's norms, in physical units, and in what a physiologist
//! reads off.

use ionic_models::biomarkers::{ApSettings, CalciumSettings, Trace, action_potential, calcium_transient};
use serde::{Deserialize, Serialize};
use surrogates::fno::{Fno, PointScale, Signals};

use super::config::Cell;
use crate::Error;

/// Errors over test trajectories. Lists have a number for each variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// Trajectories.
    pub samples: usize,
    /// Points of each.
    pub points: usize,
    /// Names of the variables.
    pub variables: Vec<String>,
    /// Relative L¹ error in normal units, averaged over trajectories.
    pub l1: Vec<f64>,
    /// Relative L² error in normal units, averaged over trajectories.
    pub l2: Vec<f64>,
    /// Relative H¹ error in normal units, of all variables together, as the publication's code takes it: in
    /// Fourier space, with 1 + k² before mode k.
    pub h1: f64,
    /// The same of each variable. Empty in files of an earlier state of this program, as the other lists without
    /// which a file is read.
    #[serde(default)]
    pub h1_each: Vec<f64>,
    /// Relative L¹ error in physical units, averaged over trajectories.
    #[serde(default)]
    pub physical_l1: Vec<f64>,
    /// Relative L² error in physical units, averaged over trajectories: a trajectory in which nearly nothing
    /// happens counts as much as any, however small what happens is.
    pub physical_l2: Vec<f64>,
    /// Relative H¹ error in physical units, averaged over trajectories.
    #[serde(default)]
    pub physical_h1: Vec<f64>,
    /// Relative L² error in physical units of all trajectories as one.
    #[serde(default)]
    pub pooled_l2: Vec<f64>,
    /// Root of the mean squared error over trajectories and points, in physical units.
    #[serde(default)]
    pub rms: Vec<f64>,
    /// The greatest error in physical units.
    pub physical_max: Vec<f64>,
    /// Action potentials.
    pub physiology: Physiology,
}

impl Errors {
    /// The L² error, averaged over variables: what was trained.
    pub fn mean_l2(&self) -> f64 {
        self.l2.iter().sum::<f64>() / self.l2.len() as f64
    }

    /// The L¹ error, averaged over variables.
    pub fn mean_l1(&self) -> f64 {
        self.l1.iter().sum::<f64>() / self.l1.len() as f64
    }
}

/// What is read off the first action potential of each trajectory.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Physiology {
    /// Trajectories with an action potential in truth and in the network.
    pub both: usize,
    /// Those that the network misses.
    pub missed: usize,
    /// Those that it invents.
    pub invented: usize,
    /// Trajectories in which both repolarise to 90 %.
    pub repolarised: usize,
    /// Mean absolute error of the duration at 90 %, in the model's unit of time.
    pub apd90: f64,
    /// Mean absolute error of the peak, in the unit of V.
    pub peak: f64,
    /// Mean relative error of the amplitude of the calcium transient; none without calcium.
    pub calcium: Option<f64>,
}

/// Judges an operator on trajectories that it never saw. `scale` is that of the outputs at their points.
pub(crate) fn measure(
    fno: &Fno,
    cell: Cell,
    test: &Signals,
    variables: &[(String, String)],
    threads: usize,
) -> Result<Errors, Error> {
    let failed = |e| Error::Training { network: cell.to_string(), source: Box::new(e) };
    let mut y = vec![0.0; test.targets().len()];
    fno.predictor(32, threads).map_err(failed)?.predict(test.inputs(), &mut y).map_err(failed)?;
    let names: Vec<String> = variables.iter().map(|(name, _)| name.clone()).collect();
    let (points, n) = (test.points(), names.len());
    let each = points * n;
    let samples = test.samples() as f64;
    let waves = Waves::new(points);
    let zeros = || vec![0.0; n];
    let mut errors = Errors {
        samples: test.samples(),
        points,
        variables: names.clone(),
        l1: zeros(),
        l2: zeros(),
        h1: 0.0,
        h1_each: zeros(),
        physical_l1: zeros(),
        physical_l2: zeros(),
        physical_h1: zeros(),
        pooled_l2: zeros(),
        rms: zeros(),
        physical_max: zeros(),
        physiology: Physiology::default(),
    };
    // Squared errors and squares of all trajectories, in physical units.
    let mut pooled = vec![(0.0, 0.0); n];
    for (y, t) in y.chunks_exact(each).zip(test.targets().chunks_exact(each)) {
        let (by, bt) = (normal(fno.output_scale(), y), normal(fno.output_scale(), t));
        let (mut h1_error, mut h1_size) = (0.0, 0.0);
        for (j, pooled) in pooled.iter_mut().enumerate() {
            let column = |x: &[f64]| x.iter().skip(j).step_by(n).copied().collect::<Vec<f64>>();
            let (error, size) = Norms::of_pair(&waves, &column(&by), &column(&bt));
            errors.l1[j] += ratio(error.l1, size.l1) / samples;
            errors.l2[j] += ratio(error.l2, size.l2).sqrt() / samples;
            errors.h1_each[j] += ratio(error.h1, size.h1).sqrt() / samples;
            h1_error += error.h1;
            h1_size += size.h1;
            let (error, size) = Norms::of_pair(&waves, &column(y), &column(t));
            errors.physical_l1[j] += ratio(error.l1, size.l1) / samples;
            errors.physical_l2[j] += ratio(error.l2, size.l2).sqrt() / samples;
            errors.physical_h1[j] += ratio(error.h1, size.h1).sqrt() / samples;
            errors.physical_max[j] = errors.physical_max[j].max(error.max);
            *pooled = (pooled.0 + error.l2, pooled.1 + size.l2);
        }
        errors.h1 += ratio(h1_error, h1_size).sqrt() / samples;
    }
    for (j, (error, size)) in pooled.into_iter().enumerate() {
        errors.pooled_l2[j] = ratio(error, size).sqrt();
        errors.rms[j] = (error / (samples * points as f64)).sqrt();
    }
    errors.physiology = physiology(cell, test, &y, &names)?;
    Ok(errors)
}

fn normal(scale: &PointScale, physical: &[f64]) -> Vec<f64> {
    let maps = scale.mean().iter().zip(scale.scale());
    physical.iter().zip(maps).map(|(x, (m, s))| (x - m) / s).collect()
}

/// `a/b`; 0 where there is nothing to compare with.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

/// Sizes of a function of time: Σ|x|, Σx², Σₖ (1 + k²)|x̂ₖ|², max |x|.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Norms {
    l1: f64,
    l2: f64,
    h1: f64,
    max: f64,
}

impl Norms {
    fn of(waves: &Waves, x: &[f64]) -> Self {
        Norms {
            l1: x.iter().map(|x| x.abs()).sum(),
            l2: x.iter().map(|x| x * x).sum(),
            h1: waves.h1(x),
            max: x.iter().fold(0.0f64, |m, x| m.max(x.abs())),
        }
    }

    /// Of the error of `y`, and of the truth `t`.
    fn of_pair(waves: &Waves, y: &[f64], t: &[f64]) -> (Self, Self) {
        let error: Vec<f64> = y.iter().zip(t).map(|(y, t)| y - t).collect();
        (Self::of(waves, &error), Self::of(waves, t))
    }
}

/// Σₖ (1 + k²)|x̂ₖ|² over all modes of a trajectory.
struct Waves {
    points: usize,
    /// cos and sin of 2πi/N.
    table: Vec<(f64, f64)>,
}

impl Waves {
    fn new(points: usize) -> Self {
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / points as f64;
        let table = (0..points).map(|i| (angle(i).cos(), angle(i).sin())).collect();
        Waves { points, table }
    }

    fn h1(&self, x: &[f64]) -> f64 {
        let n = self.points;
        (0..=n / 2)
            .map(|k| {
                let (mut re, mut im, mut at) = (0.0, 0.0, 0);
                for x in x {
                    let (cos, sin) = self.table[at];
                    re += cos * x;
                    im += sin * x;
                    at += k;
                    if at >= n {
                        at -= n;
                    }
                }
                // A mode and its conjugate, but for those that are their own.
                let count = if k == 0 || 2 * k == n { 1.0 } else { 2.0 };
                count * (1.0 + (k * k) as f64) * (re * re + im * im)
            })
            .sum()
    }
}

fn physiology(cell: Cell, test: &Signals, y: &[f64], names: &[String]) -> Result<Physiology, Error> {
    let (points, n) = (test.points(), names.len());
    let times: Vec<f64> = (0..points).map(|i| cell.end() * i as f64 / points as f64).collect();
    let column = |x: &[f64], j: usize| x.iter().skip(j).step_by(n).copied().collect::<Vec<f64>>();
    let settings = ApSettings { threshold: cell.threshold(), ..ApSettings::default() };
    let calcium = names.iter().position(|name| name == "Ca_i");
    let mut found = Physiology::default();
    let (mut amplitudes, mut transients) = (0.0, 0usize);
    let each = points * n;
    for (y, t) in y.chunks_exact(each).zip(test.targets().chunks_exact(each)) {
        let (own, truth) = (column(y, 0), column(t, 0));
        let own = action_potential(&Trace::new(&times, &own)?, &settings)?;
        let truth = action_potential(&Trace::new(&times, &truth)?, &settings)?;
        match (own.action_potential(), truth.action_potential()) {
            (Some(a), Some(b)) => {
                found.both += 1;
                found.peak += (a.peak - b.peak).abs();
                if let (Some(a), Some(b)) = (a.apd(90.0), b.apd(90.0)) {
                    found.repolarised += 1;
                    found.apd90 += (a - b).abs();
                }
            }
            (None, Some(_)) => found.missed += 1,
            (Some(_), None) => found.invented += 1,
            (None, None) => {}
        }
        let Some(j) = calcium else { continue };
        let (own, truth) = (column(y, j), column(t, j));
        let truth = calcium_transient(&Trace::new(&times, &truth)?, &CalciumSettings::default())?;
        let own = calcium_transient(&Trace::new(&times, &own)?, &CalciumSettings::default())?;
        if let Some(truth) = truth.transient() {
            transients += 1;
            let own = own.transient().map_or(0.0, |t| t.amplitude);
            amplitudes += (own - truth.amplitude).abs() / truth.amplitude;
        }
    }
    found.peak /= found.both.max(1) as f64;
    found.apd90 /= found.repolarised.max(1) as f64;
    found.calcium = calcium.map(|_| amplitudes / transients.max(1) as f64);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use surrogates::Activation;
    use surrogates::fno::{FnoSpec, Variant};

    use super::*;

    /// An operator that gives the mean of the training trajectories, which is 0 in normal units: all its relative
    /// errors there are 1, and in physical units the errors are those of the mean.
    #[test]
    fn the_errors_of_an_operator_that_knows_the_mean_alone() {
        let (points, samples) = (24, 3);
        let mean = |i: usize| [2.0 + (i as f64 * 0.3).sin(), -1.0];
        let off = |s: usize, i: usize| [0.5 * (s + 1) as f64, 0.1 * ((i + s) as f64).cos()];
        let spec = FnoSpec {
            inputs: 2,
            outputs: 2,
            width: 4,
            modes: 3,
            layers: 1,
            padding: 0,
            hidden: 4,
            variant: Variant::Classic,
            activation: Activation::GELU,
        };
        let scale = PointScale::new(2, (0..points).flat_map(mean).collect(), vec![0.5; 2 * points]).unwrap();
        let fno =
            Fno::new(spec, PointScale::identity(points, 1), scale, vec![0.0; spec.parameters()]).unwrap();
        let targets = (0..samples)
            .flat_map(|s| (0..points).flat_map(move |i| [0, 1].map(|j| mean(i)[j] + off(s, i)[j])));
        let test = Signals::new(points, 1, 2, vec![1.0; samples * points], targets.collect()).unwrap();
        let names = ["V", "w"].map(|name| (name.to_owned(), "1".to_owned()));
        let e = measure(&fno, Cell::Fhn, &test, &names, 1).unwrap();
        for list in [&e.l1, &e.l2, &e.h1_each, &vec![e.h1]] {
            assert!(list.iter().all(|x| (x - 1.0).abs() < 1e-6), "{e:?}");
        }
        // By hand, of V: the error is .5, 1 and 1.5 everywhere.
        let rms = ((0.25 + 1.0 + 2.25) / 3.0f64).sqrt();
        assert!((e.rms[0] - rms).abs() < 1e-6 && (e.physical_max[0] - 1.5).abs() < 1e-6, "{e:?}");
        let sum = |f: &dyn Fn(f64) -> f64, s: usize| -> f64 {
            (0..points).map(|i| f(mean(i)[0] + off(s, i)[0])).sum()
        };
        let n = points as f64;
        let l1: f64 = (0..3).map(|s| n * off(s, 0)[0] / sum(&f64::abs, s)).sum::<f64>() / 3.0;
        let squares: f64 = (0..3).map(|s| sum(&|x| x * x, s)).sum();
        let pooled = (3.0 * n * rms * rms / squares).sqrt();
        assert!((e.physical_l1[0] - l1).abs() < 1e-6 && (e.pooled_l2[0] - pooled).abs() < 1e-6, "{e:?}");
        // A constant error has all in mode 0, and a part of the truth's H¹ size is in others.
        assert!(e.physical_h1[0] < e.physical_l2[0], "{e:?}");
    }

    /// By Parseval, without the weights it is N·Σx²; a single cosine has all in its mode.
    #[test]
    fn the_norm_weighs_modes_by_their_square() {
        for n in [12usize, 15] {
            let waves = Waves::new(n);
            for k in [0usize, 1, 3, n / 2] {
                let angle = |i: usize| std::f64::consts::TAU * (i * k) as f64 / n as f64;
                let x: Vec<f64> = (0..n).map(|i| angle(i).cos()).collect();
                let energy: f64 = x.iter().map(|x| x * x).sum::<f64>() * n as f64;
                let expected = (1.0 + (k * k) as f64) * energy;
                assert!((waves.h1(&x) - expected).abs() < 1e-9 * expected, "{n} {k}");
            }
        }
    }
}
