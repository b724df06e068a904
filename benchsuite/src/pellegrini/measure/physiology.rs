//! What a physiologist reads off a trajectory.

use ionic_models::biomarkers::{ApSettings, CalciumSettings, Trace, action_potential, calcium_transient};
use serde::{Deserialize, Serialize};
use surrogates::fno::Signals;

use crate::Error;
use crate::pellegrini::cell::CellId;

/// What is read off the first action potential of each trajectory.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Physiology {
    /// Trajectories with an action potential in truth and in the network. One that begins above the threshold has none.
    pub both: usize,
    /// Those that the network misses.
    pub missed: usize,
    /// Those that it invents.
    pub invented: usize,
    /// Trajectories in which both repolarise to 90 %.
    pub repolarised: usize,
    /// Mean absolute error of the duration at 90 %, in the model's unit of time, where both repolarise; 0 if none do.
    pub apd90: f64,
    /// Mean absolute error of the peak, in the unit of V, where both have an action potential; 0 if none have.
    pub peak: f64,
    /// Mean relative error of the amplitude of the calcium transient, where the truth has one: a network without has
    /// the amplitude 0. None without calcium, and without a transient.
    pub calcium: Option<f64>,
}

/// Reads off pairs of trajectories: what a network gives, `y`, and the targets of `test`.
///
/// # Errors
/// [`Error::Biomarkers`] for a trajectory that is not finite.
pub(super) fn physiology(
    cell: CellId,
    test: &Signals,
    y: &[f64],
    names: &[String],
) -> Result<Physiology, Error> {
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
    found.calcium = (transients > 0).then(|| amplitudes / transients as f64);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One trajectory: its variables one after the other.
    type Columns = Vec<Vec<f64>>;

    /// What is read off pairs of what an operator gives and of the truth.
    fn read_off(cell: CellId, names: &[&str], pairs: &[(Columns, Columns)]) -> Result<Physiology, Error> {
        fn rows(columns: &[Vec<f64>]) -> Vec<f64> {
            let row = |i: usize| columns.iter().map(|column| column[i]).collect::<Vec<f64>>();
            (0..columns[0].len()).flat_map(row).collect()
        }
        let own: Vec<f64> = pairs.iter().flat_map(|(own, _)| rows(own)).collect();
        let truth: Vec<f64> = pairs.iter().flat_map(|(_, truth)| rows(truth)).collect();
        let test = Signals::new(50, 1, names.len(), vec![0.0; 50 * pairs.len()], truth).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        physiology(cell, &test, &own, &names)
    }

    /// 50 points: `high` from one point until another, `low` before and after.
    fn square(from: usize, until: usize, low: f64, high: f64) -> Vec<f64> {
        (0..50).map(|i| if (from..until).contains(&i) { high } else { low }).collect()
    }

    /// V, and a variable that nobody may take for it.
    fn fhn(v: &[f64]) -> Columns {
        vec![v.to_vec(), square(0, 50, 9.0, 9.0)]
    }

    /// Points are two units of time apart. Between two flat ones a trace is 3s² − 2s³, so that durations are known to
    /// the last digit.
    #[test]
    fn durations_and_peaks_of_square_action_potentials_are_known() {
        // Where so much of the way from one level to the next is done.
        let done = |part: f64| 0.5 - ((1.0 - 2.0 * part).asin() / 3.0).sin();
        let (none, truth) = (vec![0.0; 50], square(5, 25, 0.0, 1.0));
        let low = square(5, 25, 0.0, 0.4);
        let depolarised = square(0, 25, 0.0, 1.0);
        // Down to 0.3 at point 20, which is less than 90 % of the way, and to 0 at point 27.
        let mut stairs = square(5, 27, 0.0, 1.0);
        stairs[20..27].fill(0.3);
        let pairs = [
            (&square(5, 28, 0.0, 1.0), &truth),
            (&square(6, 24, 0.0, 1.0), &truth),
            (&stairs, &truth),
            // It never repolarises.
            (&square(5, 50, 0.0, 1.5), &truth),
            // Below the threshold, and above it from the beginning.
            (&low, &truth),
            (&depolarised, &truth),
            (&truth, &none),
            (&truth, &low),
            (&truth, &depolarised),
            (&none, &none),
        ]
        .map(|(own, truth)| (fhn(own), fhn(truth)));
        let found = read_off(CellId::Fhn, &["V", "w"], &pairs).unwrap();
        assert_eq!((found.both, found.missed, found.invented, found.repolarised), (4, 2, 3, 3), "{found:?}");
        // Three points longer, two shorter; and from point 24 and a part to 26 and a part.
        let third = 2.0 * (26.0 + done(0.2 / 0.3) - 24.0 - done(0.9));
        let apd90 = (2.0 * 3.0 + 2.0 * 2.0 + third) / 3.0;
        assert!((found.apd90 - apd90).abs() < 1e-9, "{found:?}, not {apd90}");
        // One of four is half too high.
        assert!((found.peak - 0.5 / 4.0).abs() < 1e-12, "{found:?}");
        assert_eq!(found.calcium, None, "there is none");
    }

    #[test]
    fn without_an_action_potential_there_is_nothing_to_read_off() {
        let none = fhn(&[0.0; 50]);
        let found = read_off(CellId::Fhn, &["V", "w"], &[(none.clone(), none.clone())]).unwrap();
        assert_eq!(found, Physiology::default());
        // What is not finite is no trajectory, and its place is named.
        for (at, value) in [(0, f64::NAN), (49, f64::INFINITY)] {
            let mut own = none.clone();
            own[0][at] = value;
            let error = read_off(CellId::Fhn, &["V", "w"], &[(own, none.clone())]).unwrap_err();
            assert!(matches!(error, Error::Biomarkers(_)), "{error}");
            assert!(error.to_string().contains(&format!("values[{at}]")), "{error}");
        }
    }

    #[test]
    fn calcium_is_compared_by_the_amplitude_where_the_truth_has_a_transient() {
        let with = |calcium: Vec<f64>| vec![vec![-80.0; 50], calcium];
        let flat = with(vec![0.1; 50]);
        let falling = with(square(0, 10, 0.1, 0.5));
        let truth = with(square(10, 30, 0.1, 0.5));
        let read_off = |pairs: &[(Columns, Columns)]| read_off(CellId::Ord, &["V", "Ca_i"], pairs).unwrap();
        // 0.3 instead of 0.4, and nothing instead of 0.4; and twice a transient where the truth has none.
        let found = read_off(&[
            (with(square(12, 40, 0.2, 0.5)), truth.clone()),
            (flat.clone(), truth.clone()),
            (truth.clone(), flat.clone()),
            (truth, falling),
        ]);
        let error = found.calcium.unwrap();
        assert!((error - (0.25 + 1.0) / 2.0).abs() < 1e-12, "{found:?}");
        assert_eq!(Physiology { calcium: None, ..found }, Physiology::default(), "V rests");
        assert_eq!(read_off(&[(flat.clone(), flat)]).calcium, None, "no transient");
    }
}
