//! How wrong an operator is: in the publication's norms, in physical units, and in what a physiologist
//! reads off.

use std::sync::Arc;

use ionic_models::biomarkers::{ApSettings, CalciumSettings, Trace, action_potential, calcium_transient};
use rustfft::algorithm::butterflies::Butterfly4;
use rustfft::algorithm::{BluesteinsAlgorithm, Radix4};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection};
use serde::{Deserialize, Serialize};
use surrogates::fno::{Fno, PointScale, Signals};

use super::cell::CellId;
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

/// Judges an operator on trajectories that it never saw.
///
/// # Errors
/// [`Error::Training`] if it cannot be run on them, or gives a number that is not finite: no error is the size of that,
/// and a file could not hold it.
pub(crate) fn measure(
    fno: &Fno,
    cell: CellId,
    test: &Signals,
    variables: &[(String, String)],
    threads: usize,
) -> Result<Errors, Error> {
    let failed = |e| Error::Training { network: cell.to_string(), source: Box::new(e) };
    let mut y = vec![0.0; test.targets().len()];
    fno.predictor(32, threads).map_err(failed)?.predict(test.inputs(), &mut y).map_err(failed)?;
    let names: Vec<String> = variables.iter().map(|(name, _)| name.clone()).collect();
    let (points, n) = (test.points(), names.len());
    if let Some(at) = y.iter().position(|y| !y.is_finite()) {
        let (what, row, column) = ("what the operator gives".to_owned(), at / n, at % n);
        return Err(failed(surrogates::Error::NotFiniteData { what, row, column, value: y[at] }));
    }
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
    transform: BluesteinsAlgorithm<f64>,
}

impl Waves {
    /// Any number of points by powers of 4: the planner of `rustfft` would choose among all that it has, and all of it
    /// would be compiled here.
    fn new(points: usize) -> Self {
        let times = (0..).find(|k| 4usize << (2 * k) >= 2 * points).unwrap_or_default();
        let base = Arc::new(Butterfly4::new(FftDirection::Forward));
        Waves { transform: BluesteinsAlgorithm::new(points, Arc::new(Radix4::new_with_base(times, base))) }
    }

    fn h1(&self, x: &[f64]) -> f64 {
        let mut modes: Vec<_> = x.iter().map(|x| Complex::new(*x, 0.0)).collect();
        self.transform.process(&mut modes);
        // A mode and its conjugate are as far from mode 0.
        let weighed = modes.iter().enumerate().map(|(k, mode)| {
            let k = k.min(modes.len() - k);
            (1.0 + (k * k) as f64) * mode.norm_sqr()
        });
        weighed.sum()
    }
}

fn physiology(cell: CellId, test: &Signals, y: &[f64], names: &[String]) -> Result<Physiology, Error> {
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
    use surrogates::Activation;
    use surrogates::fno::{FnoSpec, Variant};

    use super::*;

    /// An operator that gives these two numbers in normal units at every point, whatever it is given.
    fn constant(scale: PointScale, values: [f32; 2]) -> Fno {
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
        // No weights, and the last biases.
        let mut parameters = vec![0.0; spec.parameters()];
        let end = spec.projection()[1].range().end;
        parameters[end - 2..end].copy_from_slice(&values);
        Fno::new(spec, PointScale::identity(scale.points(), 1), scale, parameters).unwrap()
    }

    /// V and w.
    fn names() -> Vec<(String, String)> {
        ["V", "w"].map(|name| (name.to_owned(), "1".to_owned())).into()
    }

    /// An operator that gives the mean of the training trajectories, which is 0 in normal units: all its relative
    /// errors there are 1, and in physical units the errors are those of the mean.
    #[test]
    fn the_errors_of_an_operator_that_knows_the_mean_alone() {
        let (points, samples) = (24, 3);
        let mean = |i: usize| [2.0 + (i as f64 * 0.3).sin(), -1.0];
        let off = |s: usize, i: usize| [0.5 * (s + 1) as f64, 0.1 * ((i + s) as f64).cos()];
        let scale = PointScale::new(2, (0..points).flat_map(mean).collect(), vec![0.5; 2 * points]).unwrap();
        let fno = constant(scale, [0.0; 2]);
        let targets = (0..samples)
            .flat_map(|s| (0..points).flat_map(move |i| [0, 1].map(|j| mean(i)[j] + off(s, i)[j])));
        let test = Signals::new(points, 1, 2, vec![1.0; samples * points], targets.collect()).unwrap();
        let e = measure(&fno, CellId::Fhn, &test, &names(), 1).unwrap();
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

    /// V has the modes 1 and 3, of which the operator has the third too late, w the second alone: an error is a sine of
    /// the same mode, 2·sin(φ/2) times as large, and a mode k counts 1 + k² times. In normal units, where the mean is
    /// 0, an operator that gives a constant has an error in mode 0 and what the truth has in the others.
    #[test]
    fn the_h1_error_of_sines_that_are_late_is_the_analytic_one() {
        const POINTS: usize = 24;
        const LATE: [f64; 2] = [0.3, 0.8];
        fn state(i: usize, phase: f64) -> [f64; 2] {
            let angle = std::f64::consts::TAU * i as f64 / POINTS as f64;
            let v = 2.0 * angle.sin() + 0.7 * (3.0 * angle + phase).sin();
            [v, 1.5 * (2.0 * angle + phase).sin()]
        }
        let mean: Vec<f64> = (0..POINTS).flat_map(|i| state(i, 0.0)).collect();
        let targets: Vec<f64> =
            LATE.iter().flat_map(|phase| (0..POINTS).flat_map(move |i| state(i, *phase))).collect();
        let test = Signals::new(POINTS, 1, 2, vec![1.0; 2 * POINTS], targets).unwrap();
        let of = |values: [f32; 2]| {
            let scale = PointScale::new(2, mean.clone(), vec![0.5; 2 * POINTS]).unwrap();
            measure(&constant(scale, values), CellId::Fhn, &test, &names(), 1).unwrap()
        };
        let near = |what: &str, found: f64, expected: &dyn Fn(f64) -> f64| {
            let expected = LATE.map(|phase| expected(2.0 * (phase / 2.0).sin())).iter().sum::<f64>() / 2.0;
            assert!((found - expected).abs() < 1e-9, "{what}: {found}, not {expected}");
        };
        let e = of([0.0; 2]);
        near("L2 of V", e.physical_l2[0], &|late| late * 0.7 / (4.0f64 + 0.49).sqrt());
        near("H1 of V", e.physical_h1[0], &|late| late * 0.7 * (10.0 / (4.0f64 * 2.0 + 0.49 * 10.0)).sqrt());
        near("L2 of w", e.physical_l2[1], &|late| late);
        near("H1 of w", e.physical_h1[1], &|late| late);

        // In normal units the truth has sines of 0.7/0.5 and 1.5/0.5 times that.
        let e = of([0.5, -1.0]);
        let v = |late: f64| 10.0 * (late * 1.4).powi(2) / 2.0;
        let w = |late: f64| 5.0 * (late * 3.0).powi(2) / 2.0;
        near("H1 of V alone", e.h1_each[0], &|late| (1.0 + 0.25 / v(late)).sqrt());
        near("H1 of w alone", e.h1_each[1], &|late| (1.0 + 1.0 / w(late)).sqrt());
        near("H1 of both", e.h1, &|late| (1.0 + (0.25 + 1.0) / (v(late) + w(late))).sqrt());
    }

    /// NaN in one variable alone, where no action potential is looked for: its errors would be `null` in a file.
    #[test]
    fn an_operator_that_gives_nan_is_not_judged() {
        let fno = constant(PointScale::identity(10, 2), [0.0, f32::NAN]);
        let test = Signals::new(10, 1, 2, vec![1.0; 10], vec![0.5; 20]).unwrap();
        let error = measure(&fno, CellId::Hh, &test, &names(), 1).unwrap_err();
        assert!(matches!(error, Error::Training { .. }), "{error}");
        let text = error.to_string();
        assert!(["HH", "row 0", "column 1", "NaN"].iter().all(|word| text.contains(word)), "{text}");
    }

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
