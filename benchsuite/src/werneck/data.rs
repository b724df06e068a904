//! The data of problem A.

use std::collections::BTreeMap;
use std::path::Path;

use datagen::{Dataset, Integrator, Recipe, TimeGrid, recipes};
use ode_solvers::Method;
use surrogates::Samples;

use super::network::Set;
use crate::{Error, files};

/// The end of the time domain, in the model's units of time.
pub(crate) const T_END: f64 = 20.0;

/// The four data sets: two to learn from, two to judge with.
#[derive(Debug, Clone)]
pub(crate) struct Data {
    sets: BTreeMap<&'static str, Dataset>,
}

const NAMES: [&str; 4] = ["scarce", "complete", "validation", "reference"];

fn recipe(name: &str) -> Recipe {
    match name {
        "scarce" => recipes::werneck_problem_a(Set::Scarce.points()),
        "complete" => recipes::werneck_problem_a(Set::Complete.points()),
        _ => {
            let mut recipe = recipes::werneck_problem_a(Set::Complete.points());
            // The odd steps of the Euler solution: none is a point of a training set.
            let times = (0..1000).map(|k| f64::from(2 * k + 1) * 0.01).collect();
            recipe.times = TimeGrid::Listed { times };
            if name == "reference" {
                // Five orders below the errors that are measured with it.
                recipe.integrator = Integrator::Adaptive { method: Method::Tsit5, rtol: 1e-10, atol: 1e-12 };
            }
            recipe
        }
    }
}

impl Data {
    /// Opens the data sets of a run, and generates those that are not there.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that is damaged or does not hold the experiment's recipe.
    pub(crate) fn prepare(folder: &Path) -> Result<Self, Error> {
        let mut sets = BTreeMap::new();
        for name in NAMES {
            let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Data {
                name: name.to_owned(),
                source,
            };
            let path = folder.join(format!("{name}.safetensors"));
            let recipe = recipe(name);
            let data = if path.exists() {
                let data = Dataset::open(&path).map_err(|e| failed(Box::new(e)))?;
                if *data.recipe() != recipe {
                    return Err(Error::Damaged {
                        path,
                        why: "it holds another data set than the experiment's".into(),
                        remedy: "delete it: it is generated again".into(),
                    });
                }
                data
            } else {
                let data = recipe.generate().map_err(|e| failed(Box::new(e)))?;
                files::create_folder(folder)?;
                data.save(&path).map_err(|e| failed(Box::new(e)))?;
                data
            };
            sets.insert(name, data);
        }
        Ok(Data { sets })
    }

    fn get(&self, name: &str) -> &Dataset {
        self.sets.get(name).expect("prepare inserted every name")
    }

    /// Content hashes by name.
    pub(crate) fn hashes(&self) -> BTreeMap<String, String> {
        self.sets.iter().map(|(name, data)| ((*name).to_owned(), data.content_sha256())).collect()
    }

    /// What a network learns from, as the trainer takes it.
    pub(crate) fn training(&self, set: Set) -> Result<Samples, Error> {
        self.samples(&set.to_string())
    }

    /// What all networks are validated with during training.
    pub(crate) fn validation_samples(&self) -> Result<Samples, Error> {
        self.samples("validation")
    }

    fn samples(&self, name: &str) -> Result<Samples, Error> {
        Samples::from_dataset(self.get(name))
            .map_err(|e| Error::Data { name: name.to_owned(), source: Box::new(e) })
    }

    /// A training set.
    pub(crate) fn dataset(&self, set: Set) -> &Dataset {
        self.get(&set.to_string())
    }

    /// `(t, [U, W])` of a training set.
    pub(crate) fn points(&self, set: Set) -> Vec<(f64, [f64; 2])> {
        self.rows(&set.to_string())
    }

    /// `(t, [U, W])` of the validation set: Euler, as the training data.
    pub(crate) fn validation(&self) -> Vec<(f64, [f64; 2])> {
        self.rows("validation")
    }

    /// The same times from an accurate solution.
    pub(crate) fn reference(&self) -> Vec<(f64, [f64; 2])> {
        self.rows("reference")
    }

    fn rows(&self, name: &str) -> Vec<(f64, [f64; 2])> {
        self.get(name).values().rows().into_iter().map(|r| (r[0], [r[1], r[2]])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_validation_point_is_a_training_point_and_euler_is_near_the_solution() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::prepare(folder.path()).unwrap();
        assert_eq!(data.points(Set::Scarce).len(), 10);
        assert_eq!(data.points(Set::Complete).len(), 1000);
        assert_eq!(data.validation().len(), 1000);
        for set in Set::ALL {
            for (t, _) in data.points(set) {
                assert!(data.validation().iter().all(|(v, _)| (v - t).abs() > 1e-6), "{t}");
            }
        }
        let gap: f64 = data
            .validation()
            .iter()
            .zip(data.reference())
            .map(|((_, e), (_, r))| (e[0] - r[0]).abs() + (e[1] - r[1]).abs())
            .sum::<f64>()
            / 1000.0;
        // Explicit Euler with step 0.01, order 1.
        assert!((1e-4..5e-3).contains(&gap), "{gap}");
        // What lies on the disk is used again, and a damaged byte is seen.
        assert_eq!(Data::prepare(folder.path()).unwrap().hashes(), data.hashes());
        let path = folder.path().join("scarce.safetensors");
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(Data::prepare(folder.path()), Err(Error::Data { .. })));
    }
}
