//! Biomarkers of a trajectory as JSON.

use ionic_models::AnyCell;
use ionic_models::biomarkers::{
    ApSettings, Burst, CalciumResponse, CalciumSettings, Response, Rhythm, Spike, SpikeSettings, Trace,
    action_potential, burst_gap, bursts, calcium_transient, inter_spike_intervals, rhythm, spikes,
};
use ode_solvers::Solution;
use serde::Serialize;

use crate::Error;

/// Samples of the trajectory that biomarkers are taken from. With exact derivatives at each, the
/// curve between them is of fourth order.
pub(super) const SAMPLES: usize = 200_000;

/// Intervals that differ by less than this part of their mean count as equal.
const EQUAL: f64 = 1e-3;

/// Everything that can be said about a trajectory.
#[derive(Serialize)]
struct Biomarkers {
    model: &'static str,
    variant: &'static str,
    time_unit: &'static str,
    potential: &'static str,
    potential_unit: &'static str,
    /// One for each stimulus pulse, up to the next.
    beats: Vec<Beat>,
    spikes: Spikes,
}

#[derive(Serialize)]
struct Beat {
    /// When the pulse starts. Times of the response are counted from here.
    start: f64,
    response: Response,
    #[serde(skip_serializing_if = "Option::is_none")]
    calcium: Option<CalciumResponse>,
}

#[derive(Serialize)]
struct Spikes {
    /// A spike begins when the potential crosses this upwards.
    threshold: f64,
    count: usize,
    spikes: Vec<Spike>,
    inter_spike_intervals: Vec<f64>,
    rhythm: Rhythm,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bursts: Vec<Burst>,
}

/// The biomarkers of a solution that was recorded densely. `threshold`: the potential that spikes
/// cross; the middle of the potential's range if `None`.
pub(super) fn json(cell: &dyn AnyCell, solution: &Solution, threshold: Option<f64>) -> Result<String, Error> {
    let table = cell.state_table();
    // The membrane potential is the first state of every model.
    let potential = column(cell, solution, 0);
    let calcium = table.iter().position(|v| v.name == "Ca_i").map(|i| column(cell, solution, i));

    let beats = pulse_starts(cell, solution)
        .into_iter()
        .map(|(start, from, to)| {
            let t: Vec<f64> = solution.t[from..to].iter().map(|t| t - start).collect();
            let (v, dv) = (&potential.0[from..to], &potential.1[from..to]);
            let response = action_potential(&Trace::with_derivative(&t, v, dv)?, &ApSettings::default())?;
            let calcium = match &calcium {
                None => None,
                Some((c, dc)) => {
                    let trace = Trace::with_derivative(&t, &c[from..to], &dc[from..to])?;
                    Some(calcium_transient(&trace, &CalciumSettings::default())?)
                }
            };
            Ok(Beat { start, response, calcium })
        })
        .collect::<Result<Vec<_>, Error>>()?;

    let trace = Trace::with_derivative(&solution.t, &potential.0, &potential.1)?;
    let (low, high) = crate::stats::range(potential.0.iter().copied());
    let threshold = threshold.unwrap_or(0.5 * (low + high));
    let found = spikes(&trace, &SpikeSettings::at(threshold))?;
    let intervals = inter_spike_intervals(&found);
    let bursts = burst_gap(&intervals).map_or_else(Vec::new, |gap| bursts(&found, gap));
    let biomarkers = Biomarkers {
        model: cell.id(),
        variant: cell.variant_name(),
        time_unit: cell.time_unit(),
        potential: table[0].name,
        potential_unit: table[0].unit,
        beats,
        spikes: Spikes {
            threshold,
            count: found.len(),
            rhythm: rhythm(&found, EQUAL),
            inter_spike_intervals: intervals,
            bursts,
            spikes: found,
        },
    };
    serde_json::to_string_pretty(&biomarkers)
        .map_err(|e| Error::bad_option("--biomarkers", "", e.to_string()))
}

/// A state and its exact derivative at every recorded time.
fn column(cell: &dyn AnyCell, solution: &Solution, i: usize) -> (Vec<f64>, Vec<f64>) {
    let mut dy = vec![0.0; solution.dim];
    let slopes = (0..solution.len())
        .map(|k| {
            cell.rhs(solution.t[k], solution.state(k), &mut dy);
            dy[i]
        })
        .collect();
    (solution.column(i).collect(), slopes)
}

/// The start of each pulse within the trajectory, with the first and the one-past-last recorded time
/// of its beat. A beat needs two recorded times.
fn pulse_starts(cell: &dyn AnyCell, solution: &Solution) -> Vec<(f64, usize, usize)> {
    let (Some(&t0), Some(&t1)) = (solution.t.first(), solution.t.last()) else { return Vec::new() };
    let mut edges = vec![t0];
    cell.stimulus().stops(t0, t1, &mut edges);
    edges.sort_unstable_by(f64::total_cmp);
    edges.dedup();
    // A pulse starts where the stimulus leaves zero.
    let starts: Vec<f64> = edges
        .iter()
        .copied()
        .filter(|&t| {
            cell.stimulus().value(t) != 0.0 && (t == t0 || cell.stimulus().value(t.next_down()) == 0.0)
        })
        .collect();
    let index = |t: f64| solution.t.partition_point(|&s| s < t);
    let ends = starts.iter().skip(1).map(|&t| index(t) + 1).chain([solution.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| (start, index(start), end.min(solution.len())))
        .filter(|(_, from, to)| to - from >= 2)
        .collect()
}
