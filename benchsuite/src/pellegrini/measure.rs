//! How wrong an operator is: in the publication's norms, in physical units, and in what a physiologist
//! reads off.

mod norms;
mod physiology;

use serde::{Deserialize, Serialize};
use surrogates::fno::{Fno, PointScale, Signals};

use self::norms::{Norms, Waves};
pub use self::physiology::Physiology;
use self::physiology::physiology;
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
}
