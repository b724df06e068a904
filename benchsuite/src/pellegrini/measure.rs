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
    /// Relative L² error in physical units, averaged over trajectories.
    pub physical_l2: Vec<f64>,
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
    let mut errors = Errors {
        samples: test.samples(),
        points,
        variables: names.clone(),
        l1: vec![0.0; n],
        l2: vec![0.0; n],
        h1: 0.0,
        physical_l2: vec![0.0; n],
        physical_max: vec![0.0; n],
        physiology: Physiology::default(),
    };
    for (y, t) in y.chunks_exact(each).zip(test.targets().chunks_exact(each)) {
        let (by, bt) = (normal(fno.output_scale(), y), normal(fno.output_scale(), t));
        let (mut h1_error, mut h1_size) = (0.0, 0.0);
        for j in 0..n {
            let column = |x: &[f64]| x.iter().skip(j).step_by(n).copied().collect::<Vec<f64>>();
            let (y, t, by, bt) = (column(y), column(t), column(&by), column(&bt));
            let difference: Vec<f64> = by.iter().zip(&bt).map(|(a, b)| a - b).collect();
            let sum = |x: &[f64], f: fn(f64) -> f64| x.iter().map(|x| f(*x)).sum::<f64>();
            let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
            errors.l1[j] += ratio(sum(&difference, f64::abs), sum(&bt, f64::abs)) / samples;
            errors.l2[j] += ratio(sum(&difference, |x| x * x), sum(&bt, |x| x * x)).sqrt() / samples;
            h1_error += waves.h1(&difference);
            h1_size += waves.h1(&bt);
            let physical: Vec<f64> = y.iter().zip(&t).map(|(a, b)| a - b).collect();
            errors.physical_l2[j] += ratio(sum(&physical, |x| x * x), sum(&t, |x| x * x)).sqrt() / samples;
            let largest = physical.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            errors.physical_max[j] = errors.physical_max[j].max(largest);
        }
        errors.h1 += if h1_size > 0.0 { (h1_error / h1_size).sqrt() / samples } else { 0.0 };
    }
    errors.physiology = physiology(cell, test, &y, &names)?;
    Ok(errors)
}

fn normal(scale: &PointScale, physical: &[f64]) -> Vec<f64> {
    let maps = scale.mean().iter().zip(scale.scale());
    physical.iter().zip(maps).map(|(x, (m, s))| (x - m) / s).collect()
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
    use super::*;

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
