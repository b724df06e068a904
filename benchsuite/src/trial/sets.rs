//! The data sets of a trial.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use surrogates::Samples;

use super::cache::{self, Loaded};
use super::evaluate::{Truths, window};
use super::recipes::{self, Purpose, Truth, everywhere};
use super::{Class, TrialSpec, extra};
use crate::Error;
use crate::interrupt::Stop;

/// Steps of an iterator's validation (section 4.2.3).
const STEPS: u64 = 100_000;
/// Initial states of its validation over the whole domain.
const STATES: u64 = 10_000;
/// The whole time domain (Table 1).
const LONG: f64 = 50.0;

/// A validation set: the same rows by Euler and by an accurate solver.
struct Pair {
    euler: Arc<Loaded>,
    accurate: Arc<Loaded>,
}

impl Pair {
    fn truths(&self) -> Truths<'_> {
        Truths { euler: &self.euler, accurate: &self.accurate }
    }
}

/// All that a trial learns from and is judged with.
pub(super) struct Sets {
    train: Arc<Loaded>,
    /// Where a scout errs.
    extra: Option<Arc<Loaded>>,
    validation: Pair,
    /// Iterators: trajectories over the whole domain.
    domain: Option<Pair>,
    /// Networks of a short time domain: solutions up to t = 50.
    long: Option<Pair>,
}

/// The ends of the windows: the end of the time domain if there is one window.
pub(super) fn edges(spec: &TrialSpec) -> Vec<f64> {
    let n = spec.windows();
    (1..=n).map(|k| spec.t_end() * f64::from(k) / f64::from(n)).collect()
}

impl Sets {
    /// Opens all sets, and generates those that are not in the cache.
    pub(super) fn prepare(spec: &TrialSpec, cache: &Path, stop: Stop) -> Result<Self, Error> {
        let get = |name: &str, recipe: &datagen::Recipe| cache::get(cache, name, recipe, stop);
        let pair = |name: &str, make: &dyn Fn(Truth) -> datagen::Recipe| {
            Ok::<_, Error>(Pair {
                euler: get(name, &make(Truth::Euler))?,
                accurate: get(&format!("{name}, accurate"), &make(Truth::Accurate))?,
            })
        };
        let extra = |train: &Loaded| match &spec.extra {
            Some(extra) => {
                let recipe = extra::recipe(spec, extra, train, cache, stop)?;
                Ok::<_, Error>(Some(get("extra", &recipe)?))
            }
            None => Ok(None),
        };
        let problem = spec.problem;
        if spec.class == Class::Itnn {
            let dt = spec.delta_t();
            // A small trial is judged on as little.
            let share = |n: u64| n.min(spec.samples().div_ceil(10).max(2));
            let steps = |n, truth, purpose| recipes::steps(problem, everywhere(spec, n), dt, truth, purpose);
            let train = get("train", &steps(spec.samples(), Truth::Euler, Purpose::Train))?;
            return Ok(Sets {
                extra: extra(&train)?,
                train,
                validation: pair("validation", &|truth| steps(share(STEPS), truth, Purpose::Validation))?,
                domain: Some(pair("whole domain", &|truth| {
                    recipes::sequence(problem, everywhere(spec, share(STATES)), dt, spec.t_end(), truth)
                })?),
                long: None,
            });
        }
        let half = spec.samples() / 2;
        let solutions = |t_end, truth, purpose| {
            let times = match purpose {
                Purpose::Train => recipes::learned(spec.times),
                _ => Some(recipes::TIMES_EACH),
            };
            recipes::solutions(problem, everywhere(spec, half), t_end, times, truth, purpose)
        };
        let short = spec.windows() == 1 && spec.t_end() < LONG;
        let train = get("train", &solutions(spec.t_end(), Truth::Euler, Purpose::Train))?;
        Ok(Sets {
            extra: extra(&train)?,
            train,
            validation: pair("validation", &|truth| solutions(spec.t_end(), truth, Purpose::Validation))?,
            domain: None,
            long: match short {
                true => Some(pair("reuse", &|truth| solutions(LONG, truth, Purpose::Validation))?),
                false => None,
            },
        })
    }

    pub(super) fn validation(&self) -> Truths<'_> {
        self.validation.truths()
    }

    pub(super) fn long(&self) -> Option<Truths<'_>> {
        self.long.as_ref().map(Pair::truths)
    }

    pub(super) fn domain(&self) -> Option<Truths<'_>> {
        self.domain.as_ref().map(Pair::truths)
    }

    /// What the network of a window learns from, its extra data, and what it is validated with: the
    /// rows of its window.
    pub(super) fn of_window(
        &self,
        spec: &TrialSpec,
        index: usize,
    ) -> Result<(Samples, Option<Samples>, Samples), Error> {
        let (train, validation) = (&self.train.samples, &self.validation.euler.samples);
        let extra = self.extra.as_ref().map(|set| &set.samples);
        if spec.windows() == 1 {
            return Ok((train.clone(), extra.cloned(), validation.clone()));
        }
        let edges = edges(spec);
        let cut = |samples: &Samples| {
            let (n, m) = (samples.n_inputs(), samples.n_outputs());
            let rows = (0..samples.rows()).filter(|r| window(&edges, samples.inputs()[r * n]) == index);
            let (mut x, mut y) = (Vec::new(), Vec::new());
            for row in rows {
                x.extend_from_slice(&samples.inputs()[row * n..][..n]);
                y.extend_from_slice(&samples.targets()[row * m..][..m]);
            }
            Samples::new(n, m, x, y)
                .map_err(|e| Error::Data { name: format!("window {index}"), source: Box::new(e) })
        };
        Ok((cut(train)?, extra.map(cut).transpose()?, cut(validation)?))
    }

    /// Content hashes by name.
    pub(super) fn hashes(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let mut add = |name: &str, set: &Loaded| all.insert(name.to_owned(), set.content_sha256.clone());
        add("train", &self.train);
        if let Some(extra) = &self.extra {
            add("extra", extra);
        }
        for (name, pair) in [
            ("validation", Some(&self.validation)),
            ("whole domain", self.domain.as_ref()),
            ("reuse", self.long.as_ref()),
        ] {
            if let Some(pair) = pair {
                add(name, &pair.euler);
                add(&format!("{name}, accurate"), &pair.accurate);
            }
        }
        all
    }
}
