//! Extra data where a network errs most (Werneck 2024, sections 3.4.2, 4.2.3, 4.3).
//!
//! A scout learns the common data set. The dissertation does not say which network that was, how
//! near to a bad point the new ones lie, nor how many they are: the plan says it. Errors are taken
//! over the first [`SCOUTED`] rows of the data that the scout learned, so that nothing of the
//! validation set is seen.

use std::path::Path;

use datagen::{Recipe, Sampling};
use surrogates::{Mlp, TrainingSet};

use super::cache::{self, Loaded};
use super::recipes::{self, Purpose, Truth};
use super::{Class, Extra, ExtraRule, TrialSpec, evaluate, settings, train};
use crate::interrupt::Stop;
use crate::{Error, files};

/// The most rows whose errors are looked at.
const SCOUTED: usize = 100_000;

/// The recipe of a trial's extra data. Trains the scout if nobody has yet.
pub(super) fn recipe(
    spec: &TrialSpec,
    extra: &Extra,
    train: &Loaded,
    cache: &Path,
    stop: Stop,
) -> Result<Recipe, Error> {
    let scout = scout(spec, extra);
    let name = files::sha256(format!("{}/{:?}", scout.id(), extra.rule).as_bytes());
    let key = format!("scout-{}", &name[..24]);
    let centres = cache::points(cache, &key, || {
        let folder = cache.join(&key);
        files::create_folder(&folder)?;
        let config = settings::settings(&scout, (0.0, scout.t_end()), "scout")?;
        let set = TrainingSet { train: Some(train.samples.clone()), ..TrainingSet::default() };
        let iterations = scout.iterations;
        let trained = train::train(&scout.id(), &folder, config, set, iterations, stop, &mut |_, _| {})?;
        centres(&scout, extra.rule, trained.trainer.network(), train)
    })?;
    if centres.is_empty() {
        let why = "no point of the scout errs so much; lower the bound, or leave `extra` out";
        return Err(Error::bad_trial("extra.rule", format!("{:?}", extra.rule), why));
    }
    let sampling = around(spec, extra, centres);
    Ok(if spec.class == Class::Itnn {
        recipes::steps(spec.problem, sampling, spec.delta_t(), Truth::Euler, Purpose::Extra)
    } else {
        let times = recipes::learned(spec.times);
        recipes::solutions(spec.problem, sampling, spec.t_end(), times, Truth::Euler, Purpose::Extra)
    })
}

/// The scout as a trial: what it shares with others decides its name, and nothing else.
fn scout(spec: &TrialSpec, extra: &Extra) -> TrialSpec {
    TrialSpec {
        experiment: "scout".into(),
        class: if spec.class == Class::Itnn { Class::Itnn } else { Class::Ddnn },
        layers: extra.scout.clone(),
        batch: 128,
        physics_batch: None,
        iterations: extra.scout_iterations,
        seed: 0,
        windows: None,
        validate_every: None,
        extra: None,
        ..spec.clone()
    }
}

/// The initial values (and current) of the trajectories or steps that the rule chooses.
fn centres(
    scout: &TrialSpec,
    rule: ExtraRule,
    network: &Mlp,
    train: &Loaded,
) -> Result<Vec<Vec<f64>>, Error> {
    let (width, each) = (train.samples.n_inputs(), train.rows_each);
    // Whole trajectories.
    let rows = (SCOUTED / each).max(1).min(train.samples.rows() / each) * each;
    let x = &train.samples.inputs()[..rows * width];
    let mut y = vec![0.0; rows * 2];
    network.predict(x, &mut y).map_err(|e| Error::Training { network: scout.id(), source: Box::new(e) })?;
    let truth = &train.samples.targets()[..rows * 2];
    let errors: Vec<f64> = y
        .chunks(2 * each)
        .zip(truth.chunks(2 * each))
        .map(|(y, t)| {
            y.chunks(2).zip(t.chunks(2)).map(|(y, t)| evaluate::error(y, t)).sum::<f64>() / each as f64
        })
        .collect();
    let time = usize::from(scout.class != Class::Itnn);
    Ok(chosen(rule, &errors)
        .into_iter()
        .map(|k| x[k * each * width + time..(k * each + 1) * width].iter().map(|v| f64::from(*v)).collect())
        .collect())
}

/// Which of the errors the rule chooses, in rising order of index.
fn chosen(rule: ExtraRule, errors: &[f64]) -> Vec<usize> {
    let mut chosen: Vec<usize> = match rule {
        ExtraRule::ErrorAbove(bound) => (0..errors.len()).filter(|k| errors[*k] > bound).collect(),
        ExtraRule::TopShare(share) => {
            let mut order: Vec<usize> = (0..errors.len()).collect();
            // Equal errors keep the order of the data.
            order.sort_by(|a, b| errors[*b].total_cmp(&errors[*a]));
            order.truncate(((errors.len() as f64 * share).round() as usize).max(1));
            order
        }
    };
    chosen.sort_unstable();
    chosen
}

/// Boxes around the centres, as many points in each, about as many in all as asked for; if there are
/// more centres than points, centres at equal distances in the list.
fn around(spec: &TrialSpec, extra: &Extra, mut centres: Vec<Vec<f64>>) -> Sampling {
    let wanted = usize::try_from(extra.samples).unwrap_or(usize::MAX);
    if centres.len() > wanted {
        let n = centres.len();
        centres = (0..wanted).map(|i| centres[i * n / wanted].clone()).collect();
    }
    let half_widths = recipes::domain(spec).iter().map(|(a, b)| (b - a) * extra.radius).collect();
    let samples_each = extra.samples.div_ceil(centres.len().max(1) as u64);
    Sampling::Around { of: spec.problem.quantities(), centres, half_widths, samples_each }
}

#[cfg(test)]
mod tests {
    use super::super::recipes::in_table_1;
    use super::super::{Domain, Problem, Scaling, Schedule, Times};
    use super::*;

    fn spec(class: Class, rule: ExtraRule) -> TrialSpec {
        TrialSpec {
            experiment: "T".into(),
            problem: Problem::C,
            class,
            layers: "Tanh8".into(),
            batch: 32,
            physics_batch: None,
            iterations: 100,
            seed: 1,
            t_end: Some(5.0),
            samples: Some(80),
            delta_t: None,
            windows: None,
            validate_every: None,
            scaling: Scaling::Domain,
            schedule: Schedule::Printed,
            loss: surrogates::DataNorm::Squared,
            times: Times::Random,
            domain: Domain::Printed,
            extra: Some(Extra {
                rule,
                scout: "Tanh4".into(),
                scout_iterations: 30,
                samples: 100,
                radius: 0.05,
                batch: 16,
                weight: 1.0,
            }),
        }
    }

    #[test]
    fn the_rules_choose_what_a_direct_count_chooses() {
        let errors = [0.3, 0.05, 0.2, 0.3, 0.0, 0.11, 0.1, 0.09, 0.02, 0.12];
        assert_eq!(chosen(ExtraRule::ErrorAbove(0.1), &errors), [0, 2, 3, 5, 9]);
        assert_eq!(chosen(ExtraRule::ErrorAbove(0.5), &errors), [0; 0]);
        assert_eq!(chosen(ExtraRule::TopShare(0.3), &errors), [0, 2, 3]);
        assert_eq!(chosen(ExtraRule::TopShare(0.05), &errors), [0]);
        assert_eq!(chosen(ExtraRule::TopShare(1.0), &errors).len(), 10);
    }

    /// Every extra trajectory starts in the box of a trajectory whose error, taken here row by row
    /// with the scout's network, is among the greatest.
    #[test]
    fn extra_trajectories_start_near_the_worst_of_the_scout() {
        let folder = tempfile::tempdir().unwrap();
        let spec = spec(Class::Ddnn, ExtraRule::TopShare(0.1));
        let extra = spec.extra.as_ref().unwrap();
        let base = recipes::solutions(
            spec.problem,
            in_table_1(spec.problem, 40),
            5.0,
            Some(recipes::TIMES_EACH),
            Truth::Euler,
            Purpose::Train,
        );
        let train = cache::get(folder.path(), "train", &base, Stop::new()).unwrap();
        let found = recipe(&spec, extra, &train, folder.path(), Stop::new()).unwrap();
        let Sampling::Around { centres, half_widths, samples_each, .. } = &found.sampling else {
            panic!("{:?}", found.sampling)
        };
        assert_eq!((centres.len(), *samples_each), (4, 25));
        for (width, expected) in half_widths.iter().zip([0.05, 0.009, 0.002]) {
            assert!((width - expected).abs() < 1e-12, "{width}");
        }

        let scout = scout(&spec, extra);
        let config = settings::settings(&scout, (0.0, 5.0), "scout").unwrap();
        let set = TrainingSet { train: Some(train.samples.clone()), ..TrainingSet::default() };
        let mut trainer = surrogates::Trainer::new(config, set).unwrap();
        for _ in 0..30 {
            surrogates::Training::step(&mut trainer).unwrap();
        }
        let mut errors = Vec::new();
        for k in 0..40 {
            let mut sum = 0.0;
            for row in k * 50..(k + 1) * 50 {
                let mut y = [0.0; 2];
                trainer.network().predict(&train.samples.inputs()[row * 4..][..4], &mut y).unwrap();
                let t = &train.samples.targets()[row * 2..][..2];
                sum += f64::from((y[0] - t[0]).abs()) + f64::from((y[1] - t[1]).abs());
            }
            errors.push((sum, train.samples.inputs()[k * 200 + 1..][..3].to_vec()));
        }
        errors.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, worst) in &errors[..4] {
            let worst: Vec<f64> = worst.iter().map(|v| f64::from(*v)).collect();
            assert!(centres.contains(&worst), "{worst:?} is none of {centres:?}");
        }
        // The second to ask gets the same without training.
        assert_eq!(recipe(&spec, extra, &train, folder.path(), Stop::new()).unwrap(), found);
        let data = found.generate().unwrap();
        assert_eq!(data.n_trajectories(), 100);
        for (k, row) in data.inputs().outer_iter().enumerate() {
            let centre = &centres[k / 50 / 25];
            for j in 0..3 {
                assert!((row[j + 1] - centre[j]).abs() <= half_widths[j] * (1.0 + 1e-12));
            }
        }
    }

    #[test]
    fn a_bound_that_nothing_exceeds_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let spec = spec(Class::Itnn, ExtraRule::ErrorAbove(99.0));
        let base =
            recipes::steps(spec.problem, in_table_1(spec.problem, 80), 2.0, Truth::Euler, Purpose::Train);
        let train = cache::get(folder.path(), "train", &base, Stop::new()).unwrap();
        let result = recipe(&spec, spec.extra.as_ref().unwrap(), &train, folder.path(), Stop::new());
        assert!(matches!(result, Err(Error::BadTrial { .. })));
    }
}
