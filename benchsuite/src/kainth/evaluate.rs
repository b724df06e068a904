//! An extrapolation against the cell's own trajectory.

use ionic_models::biomarkers::{self, Spike, SpikeSettings, Trace};
use ode_solvers::{Linearize, Method, Options, StepSize, solve};
use serde::{Deserialize, Serialize};
use surrogates::neural_ode::OdeMethod;

use super::truth::Truth;
use crate::Error;
use crate::figures::rounded;
use crate::stats::range;

/// What a network's trajectory has of the cell's, up to some time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// Up to here, in ms.
    pub end: f64,
    /// Spikes of the cell, and of the network.
    pub spikes: (usize, usize),
    /// The network's frequency less the cell's, in percent; none with fewer than two spikes.
    pub frequency_error: Option<f64>,
    /// The greatest error of a peak over the spikes that both have, in percent of the cell's own range of the
    /// potential; none without one.
    pub amplitude_error: Option<f64>,
    /// How much later than the cell's the network's last common spike comes, in ms.
    pub drift: Option<f64>,
    /// The root of the mean squared error of each state, in its unit; none where the trajectory broke off.
    pub rmse: Vec<Option<f64>>,
    /// The same in standard deviations of each state, averaged over states.
    pub error: Option<f64>,
}

/// The shape of the gates over one oscillation, far behind the window: from a spike to the next, time counted in
/// shares of its length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Morphology {
    /// The root mean squared difference of each gate, in percent of the cell's own range of the gate.
    pub shape: Vec<f64>,
    /// The sharpest bend of each gate below −40 mV, the network's over the cell's: largest second derivative by
    /// time.
    pub curvature: Vec<f64>,
}

/// What came out of one network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Up to 100 ms and further.
    pub horizons: Vec<Horizon>,
    /// Over the last oscillation before 100 ms; none without two spikes there.
    pub morphology: Option<Morphology>,
    /// Whether the trajectory broke off, and when.
    pub broke_off: Option<f64>,
    /// For figures: states every 0.1 ms up to 100 ms, of the first seed alone.
    pub states: Vec<Vec<f64>>,
}

/// Spikes of a table of states: from −10 mV upwards until −30 mV are reached again.
pub(crate) fn spikes(rows: &[f64], n: usize, dt: f64) -> Result<Vec<Spike>, Error> {
    let v: Vec<f64> = rows.iter().step_by(n).copied().collect();
    let t: Vec<f64> = (0..v.len()).map(|i| i as f64 * dt).collect();
    let settings = SpikeSettings { threshold: -10.0, reset: -30.0 };
    let failed = |e| Error::Data { name: "spikes".into(), source: Box::new(e) };
    let trace = Trace::new(&t, &v).map_err(failed)?;
    biomarkers::spikes(&trace, &settings).map_err(failed)
}

/// The trajectory of a vector field from the cell's start at its times of observation; shorter where a state
/// is no longer finite.
pub(crate) fn extrapolate(
    field: &(impl Linearize + ?Sized),
    method: OdeMethod,
    dt: f64,
    truth: &Truth,
) -> Vec<f64> {
    let n = truth.states();
    let method = match method {
        OdeMethod::Euler => Method::ExplicitEuler,
        OdeMethod::Heun => Method::Heun,
        OdeMethod::Rk4 => Method::RungeKutta4,
        OdeMethod::Tsit5 => Method::Tsit5,
    };
    let count = truth.rows.len() / n;
    let times: Vec<f64> = (0..count).map(|i| i as f64 * truth.dt).collect();
    let span = (0.0, times[count - 1]);
    match solve(field, method, StepSize::Fixed(dt), span, truth.start(), &Options::save_at(times)) {
        Ok(solution) => solution.y,
        Err(error) => {
            let mut rows = error.partial().map_or_else(Vec::new, |p| p.y.clone());
            // A partial trajectory ends with the state where it broke off, at a time of its own.
            let whole = rows.chunks_exact(n).take_while(|r| r.iter().all(|x| x.abs() < 1e6)).count();
            rows.truncate(whole.min(count) * n);
            rows
        }
    }
}

fn frequency(spikes: &[Spike]) -> Option<f64> {
    let (first, last) = (spikes.first()?, spikes.last()?);
    (spikes.len() > 1).then(|| (spikes.len() - 1) as f64 / (last.t_peak - first.t_peak))
}

/// Compares a trajectory with the cell's. `keep` asks for the states of figures.
pub(crate) fn evaluate(found: &[f64], truth: &Truth, ends: &[f64], keep: bool) -> Result<Evaluation, Error> {
    let (n, dt) = (truth.states(), truth.dt);
    let rows = |end: f64, table: &[f64]| (((end / dt).round() as usize + 1) * n).min(table.len());
    let deviations: Vec<f64> =
        truth.window(1.0).map_or_else(|_| vec![1.0; n], |w| w.moments().into_iter().map(|m| m.1).collect());
    let mut horizons = Vec::new();
    for &end in ends {
        let truth_rows = &truth.rows[..rows(end, &truth.rows)];
        let found_rows = &found[..rows(end, found)];
        horizons.push(horizon(end, truth_rows, found_rows, dt, &deviations)?);
    }
    let near = ends.first().copied().unwrap_or(100.0);
    let whole = found.len() == truth.rows.len();
    let every = ((0.1 / dt).round() as usize).max(1);
    let states = if keep {
        let rows = found[..rows(near, found)].chunks_exact(n).step_by(every);
        rows.map(|r| r.iter().map(|x| rounded(*x)).collect()).collect()
    } else {
        Vec::new()
    };
    let parts = (&truth.rows[..rows(near, &truth.rows)], &found[..rows(near, found)]);
    Ok(Evaluation {
        horizons,
        morphology: morphology(parts.0, parts.1, n, dt)?,
        broke_off: (!whole).then(|| (found.len() / n) as f64 * dt),
        states,
    })
}

fn horizon(end: f64, truth: &[f64], found: &[f64], dt: f64, deviations: &[f64]) -> Result<Horizon, Error> {
    let n = deviations.len();
    let own = spikes(truth, n, dt)?;
    let others = if found.len() > n { spikes(found, n, dt)? } else { Vec::new() };
    let v = || truth.iter().step_by(n).copied();
    let (low, high) = range(v());
    let pairs = || own.iter().zip(&others);
    let error_of_peak = |(a, b): (&Spike, &Spike)| (b.peak - a.peak).abs() / (high - low) * 100.0;
    let whole = found.len() == truth.len();
    let rmse: Vec<f64> = (0..n)
        .map(|j| {
            let pairs = truth.iter().zip(found).skip(j).step_by(n);
            let sum: f64 = pairs.map(|(a, b)| (a - b).powi(2)).sum();
            (sum / (truth.len() / n) as f64).sqrt()
        })
        .collect();
    let mean = rmse.iter().zip(deviations).map(|(e, d)| e / d).sum::<f64>() / n as f64;
    Ok(Horizon {
        end,
        spikes: (own.len(), others.len()),
        frequency_error: frequency(&own).zip(frequency(&others)).map(|(a, b)| (b / a - 1.0) * 100.0),
        amplitude_error: pairs().map(error_of_peak).reduce(f64::max),
        drift: pairs().next_back().map(|(a, b)| b.t_peak - a.t_peak),
        rmse: rmse.into_iter().map(|e| whole.then_some(e)).collect(),
        error: whole.then_some(mean),
    })
}

/// Points at which an oscillation is looked at.
const PHASES: usize = 400;

/// One oscillation, from peak to peak, at equal distances: column `j`.
fn oscillation(rows: &[f64], n: usize, dt: f64, (from, to): (f64, f64), j: usize) -> Vec<f64> {
    (0..=PHASES)
        .map(|i| {
            let at = (from + (to - from) * i as f64 / PHASES as f64) / dt;
            let row = (at as usize).min(rows.len() / n - 2);
            let part = at - row as f64;
            rows[row * n + j] * (1.0 - part) + rows[(row + 1) * n + j] * part
        })
        .collect()
}

fn morphology(truth: &[f64], found: &[f64], n: usize, dt: f64) -> Result<Option<Morphology>, Error> {
    if found.len() < 3 * n {
        return Ok(None);
    }
    let last = |spikes: &[Spike]| match spikes {
        [.., a, b] => Some((a.t_peak, b.t_peak)),
        _ => None,
    };
    let spans = last(&spikes(truth, n, dt)?).zip(last(&spikes(found, n, dt)?));
    let Some((own, other)) = spans else { return Ok(None) };
    let v = oscillation(truth, n, dt, own, 0);
    let (mut shape, mut curvature) = (Vec::new(), Vec::new());
    for j in 1..n {
        let a = oscillation(truth, n, dt, own, j);
        let b = oscillation(found, n, dt, other, j);
        let (low, high) = range(a.iter().copied());
        let square = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64;
        shape.push(square.sqrt() / (high - low) * 100.0);
        let bend = |x: &[f64], (from, to): (f64, f64)| {
            let h = (to - from) / PHASES as f64;
            let below = x.windows(3).zip(v.windows(3)).filter(|(_, v)| v.iter().all(|v| *v < -40.0));
            below.map(|(x, _)| ((x[0] - 2.0 * x[1] + x[2]) / (h * h)).abs()).fold(0.0, f64::max)
        };
        curvature.push(bend(&b, other) / bend(&a, own));
    }
    Ok(Some(Morphology { shape, curvature }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three triangles of 40 mV above −60, every 10 ms, with a gate that follows them.
    fn table(period: f64, peak: f64) -> Vec<f64> {
        let v = |t: f64| (peak - (t % period - 3.0).abs() * 60.0).max(-60.0);
        (0..=3000).flat_map(|i| [v(0.01 * f64::from(i)), v(0.01 * f64::from(i)) / 100.0]).collect()
    }

    #[test]
    fn a_trajectory_equals_itself() {
        let a = table(10.0, 40.0);
        let same = horizon(30.0, &a, &a, 0.01, &[20.0, 0.2]).unwrap();
        assert_eq!(same.spikes, (3, 3));
        assert_eq!(
            (same.frequency_error, same.amplitude_error, same.drift),
            (Some(0.0), Some(0.0), Some(0.0))
        );
        assert_eq!(same.error, Some(0.0));
        let m = morphology(&a, &a, 2, 0.01).unwrap().unwrap();
        assert_eq!((m.shape, m.curvature), (vec![0.0], vec![1.0]));
    }

    #[test]
    fn slower_and_lower_spikes_are_told() {
        let (a, b) = (table(10.0, 40.0), table(12.5, 30.0));
        let found = horizon(30.0, &a, &b, 0.01, &[20.0, 0.2]).unwrap();
        assert_eq!(found.spikes, (3, 3));
        assert!((found.frequency_error.unwrap() + 20.0).abs() < 0.01);
        // 10 of 100 mV, and 5 ms at the third spike.
        assert!((found.amplitude_error.unwrap() - 10.0).abs() < 0.01);
        assert!((found.drift.unwrap() - 5.0).abs() < 0.02);
        // One that broke off has no error.
        let short = horizon(30.0, &a, &b[..1000], 0.01, &[20.0, 0.2]).unwrap();
        assert_eq!((short.error, short.frequency_error), (None, None));
    }
}
