//! F-TUNE: networks drawn at random from the publication's spaces, by successive halving.
//!
//! All candidates are trained to the first rung; the best of each four, by their error over validation
//! trajectories, go on to the next. The publication's search is a tree of Parzen estimators with asynchronous
//! halving; this one draws independently, so that its result does not depend on which candidate was faster.

use serde::{Deserialize, Serialize};
use surrogates::fno::{FnoConfig, FnoSpec, Variant};
use surrogates::{Activation, Training as _};

use super::config::{Config, PAPER_EPOCHS, Search};
use super::data::Sets;
use super::findings;
use super::train::Shared;
use crate::{Error, files};

/// The error of a candidate that diverged; JSON has no infinity.
const LOST: f64 = f64::MAX;

/// A network of the search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its number, from 0.
    pub number: usize,
    /// Its settings.
    pub config: FnoConfig,
    /// Its number of parameters.
    pub parameters: usize,
    /// Its error over validation trajectories at each rung that it reached.
    pub errors: Vec<f64>,
}

impl Candidate {
    /// The name of its folder.
    pub(crate) fn name(&self) -> String {
        format!("candidate-{}", self.number)
    }

    /// Its error at the last rung that it reached; none if it diverged.
    pub fn last_error(&self) -> Option<f64> {
        self.errors.last().copied().filter(|e| *e < LOST)
    }

    /// Epochs that it was trained for.
    pub(crate) fn epochs(&self, search: &Search) -> u64 {
        self.errors.len().checked_sub(1).and_then(|rung| search.rungs.get(rung)).copied().unwrap_or(0)
    }
}

/// Numbers from 0 to 1, fixed for a run, a candidate and a purpose.
fn unit(seed: u64, number: usize, purpose: &str) -> f64 {
    files::seed_of(&format!("{seed}/F-TUNE/{number}/{purpose}")) as f64 / (1u64 << 53) as f64
}

/// A candidate's settings, from the spaces of the publication.
pub(crate) fn draw(run: &Config, search: &Search, number: usize) -> FnoConfig {
    let unit = |purpose: &str| unit(run.seed, number, purpose);
    let below = |purpose: &str, n: usize| ((unit(purpose) * n as f64) as usize).min(n - 1);
    let log = |purpose: &str, low: f64, high: f64| low * (high / low).powf(unit(purpose));
    let layers = 1 + below("layers", 5);
    let (free, fixed) = ([16, 32, 64, 96, 128, 160, 192, 224, 256], [8, 16, 32, 48, 64, 96, 128]);
    // As published: 32 modes at most in the free space; in the other as many as the parameters leave.
    let (width, modes) = match search.parameters {
        None => {
            let width = free[below("width", free.len())];
            (width, 1 + below("modes", (run.points / 2).min(32)))
        }
        Some(parameters) => {
            let most = run.points / 2;
            // Neither less than one mode nor more than the points carry.
            let fits = |width: &usize| (1..=most).contains(&(parameters / (2 * layers * width * width)));
            let fitting: Vec<usize> = fixed.into_iter().filter(fits).collect();
            let width = match fitting.len() {
                0 if parameters < 2 * layers * fixed[0] * fixed[0] => fixed[0],
                0 => fixed[fixed.len() - 1],
                n => fitting[below("width", n)],
            };
            (width, FnoSpec::modes_within(parameters, layers, width, most))
        }
    };
    let activations = [Activation::Tanh, Activation::ReLU, Activation::GELU, Activation::LeakyReLU];
    let variants = [Variant::Classic, Variant::Mlp, Variant::Residual];
    let network = FnoSpec {
        inputs: 2,
        outputs: search.cell.states(),
        width,
        modes,
        layers,
        padding: below("padding", 16),
        hidden: if run.small.is_some() { 32 } else { 128 },
        variant: variants[below("variant", 3)],
        activation: activations[below("activation", 4)],
    };
    let rate = log("learning rate", 1e-4, 1e-2);
    let decay = log("weight decay", 1e-6, 1e-3);
    let factor = 0.75 + 0.24 * unit("factor");
    let mut config = FnoConfig::published(network, rate, decay, factor, run.seed.wrapping_add(number as u64));
    config.batch = run.batch;
    config.epochs = search.rungs.last().copied().unwrap_or(1);
    config
}

/// Hours of one core that a search would take, from the candidates that it draws: all to the first rung, and to each
/// further one the share that goes on.
pub(crate) fn estimated_hours(run: &Config, search: &Search) -> f64 {
    let all: f64 = (0..search.candidates)
        .map(|number| findings::hours(&draw(run, search, number).network, search.cell))
        .sum();
    let (mut epochs, mut share, mut before) = (0.0, 1.0, 0);
    for rung in &search.rungs {
        epochs += share * rung.saturating_sub(before) as f64;
        before = *rung;
        share /= search.reduction.max(2) as f64;
    }
    all * epochs / PAPER_EPOCHS as f64
}

/// The search, from where an earlier start left it. Candidates, the best first: those that reached a later
/// rung before others, and among them by their error there; those that diverged come last.
pub(crate) fn search(shared: &Shared<'_>, search: &Search, sets: &Sets) -> Result<Vec<Candidate>, Error> {
    let mut candidates: Vec<Candidate> = (0..search.candidates)
        .map(|number| {
            let config = draw(shared.config, search, number);
            Candidate { number, parameters: config.network.parameters(), config, errors: Vec::new() }
        })
        .collect();
    let mut left: Vec<usize> = (0..candidates.len()).collect();
    for (rung, epochs) in search.rungs.iter().enumerate() {
        for &number in &left {
            let candidate = &mut candidates[number];
            let trained = shared.iterate(&candidate.name(), sets, candidate.config.clone(), *epochs);
            candidate.errors.push(match trained {
                // A later rung may be done already: the record of this one counts.
                Ok((trainer, _)) => {
                    let at = trainer.iterations_per_epoch() * epochs;
                    let record = trainer.history().iter().find(|r| r.iteration == at);
                    record.map_or(LOST, |r| r.validation)
                }
                // A learning rate that is too large is an answer, and the last place.
                Err(Error::Training { source, .. })
                    if matches!(source.downcast_ref(), Some(surrogates::Error::NotFinite { .. })) =>
                {
                    LOST
                }
                Err(other) => return Err(other),
            });
        }
        left.sort_by(|a, b| candidates[*a].errors[rung].total_cmp(&candidates[*b].errors[rung]));
        left.truncate(left.len().div_ceil(search.reduction.max(2)));
    }
    sort(&mut candidates);
    Ok(candidates)
}

/// The best first, as [`search`] says.
fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| {
        let lost = |c: &Candidate| c.last_error().is_none();
        let last = |c: &Candidate| c.last_error().unwrap_or(LOST);
        lost(a)
            .cmp(&lost(b))
            .then_with(|| b.errors.len().cmp(&a.errors.len()))
            .then_with(|| last(a).total_cmp(&last(b)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tier;
    use crate::pellegrini::config::Part;
    use crate::reproduce::Options;

    /// Two rungs: a quarter goes on from epoch 250 to 1000, which is 437.5 epochs a candidate.
    #[test]
    fn a_search_takes_what_its_candidates_take() {
        let run = Config::new("F-TUNE", &[Part::Tune], &Options::new(Tier::Paper)).unwrap();
        let one = Search { candidates: 1, ..run.search.clone().unwrap() };
        let alone = findings::hours(&draw(&run, &one, 0).network, one.cell);
        let ratio = estimated_hours(&run, &one) / alone;
        assert!((ratio - 0.4375).abs() < 1e-12, "{ratio}");
    }

    /// A later rung counts more than a smaller error, and whoever diverged has no error, and the last place.
    #[test]
    fn candidates_are_ordered_by_rung_and_error_and_the_lost_come_last() {
        let run = Config::new("F-TUNE", &[Part::Tune], &Options::new(Tier::Paper)).unwrap();
        let search = Search { rungs: vec![2, 8], ..run.search.clone().unwrap() };
        let config = draw(&run, &search, 0);
        let errors: [&[f64]; 7] = [&[0.5], &[0.1, 0.3], &[0.2, 0.2], &[LOST], &[0.05, LOST], &[0.4], &[]];
        let candidate = |(number, errors): (usize, &[f64])| Candidate {
            number,
            config: config.clone(),
            parameters: 1,
            errors: errors.to_vec(),
        };
        let mut candidates: Vec<Candidate> = errors.into_iter().enumerate().map(candidate).collect();
        assert_eq!(candidates[0].last_error(), Some(0.5));
        assert_eq!((candidates[4].last_error(), candidates[6].last_error()), (None, None));
        assert_eq!([0, 1, 6].map(|k| candidates[k].epochs(&search)), [2, 8, 0]);
        sort(&mut candidates);
        let order: Vec<usize> = candidates.iter().map(|c| c.number).collect();
        assert_eq!(order, [2, 1, 5, 0, 4, 3, 6]);
    }

    /// Too few parameters for one mode of the narrowest layers, and more than the widest have with all modes.
    #[test]
    fn candidates_of_any_number_of_parameters_can_be_trained() {
        let run = Config::new("F-TUNE", &[Part::Tune], &Options::new(Tier::Paper)).unwrap();
        let run = Config { points: 40, ..run };
        for (parameters, width, modes) in [(127, 8, 1), (1_000_000_000, 128, 20)] {
            let search = Search { parameters: Some(parameters), ..run.search.clone().unwrap() };
            for number in 0..20 {
                let c = draw(&run, &search, number);
                c.check().unwrap();
                c.network.check_points(run.points).unwrap();
                assert_eq!((c.network.width, c.network.modes), (width, modes), "{}", c.network);
            }
        }
    }

    #[test]
    fn candidates_come_from_the_published_spaces() {
        let run = Config::new("F-TUNE", &[Part::Tune], &Options::new(Tier::Paper)).unwrap();
        let constrained = run.search.clone().unwrap();
        let free = Search { parameters: None, ..constrained.clone() };
        for number in 0..200 {
            for space in [&constrained, &free] {
                let c = draw(&run, space, number);
                c.check().unwrap();
                c.network.check_points(run.points).unwrap();
                assert_eq!(c, draw(&run, space, number), "the same every time");
                let n = c.network;
                assert!((1..=5).contains(&n.layers) && n.padding <= 15);
                assert!((1e-4..=1e-2).contains(&c.adam.learning_rate));
                assert!((1e-6..=1e-3).contains(&c.weight_decay));
                match space.parameters {
                    None => assert!((1..=32).contains(&n.modes), "{n}"),
                    // What is left is less than one mode of all layers.
                    Some(parameters) => {
                        let mode = 2 * n.layers * n.width * n.width;
                        let spectral = mode * n.modes;
                        assert!((parameters - mode + 1..=parameters).contains(&spectral), "{n}: {spectral}");
                    }
                }
            }
        }
    }
}
