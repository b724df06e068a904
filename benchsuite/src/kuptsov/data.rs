//! The pairs that the maps learn from, and how far they are from the fixed point.

use std::collections::BTreeMap;
use std::path::Path;

use datagen::{Dataset, Recipe, recipes};
use serde::{Deserialize, Serialize};
use surrogates::neural_map::Pairs;

use super::config::{Config, MapId, Variant};
use super::model::{branch, rest};
use crate::{Error, datasets, files};

/// The data sets of a run, by variant and time step.
pub(crate) struct Data {
    sets: BTreeMap<String, (Dataset, Separation)>,
    validation: f64,
    seed: u64,
}

/// How far the points of a data set are from the ODE's fixed point at their V_S (Fig. 6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Separation {
    /// The smallest Euclidean distance of all points, V in mV.
    pub smallest: f64,
    /// The smallest with every state in units of its standard deviation over the data set.
    pub smallest_standard: f64,
    /// Mean and standard deviation of S over the data set.
    pub slow: (f64, f64),
    /// V_S and the smallest distance of each trajectory.
    pub by_trajectory: Vec<(f64, f64)>,
}

/// A trajectory that comes nearer than this is on its way into the fixed point: data that hold it are
/// refused. On the attractors the distance stays above 10⁻³.
const TOO_NEAR: f64 = 1e-4;

impl Data {
    /// Opens the data sets of a run, and generates those that are not there.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that is damaged, or a data set in which a trajectory arrives at the
    /// fixed point; [`Error::Damaged`] for one that is not the experiment's.
    pub(crate) fn prepare(folder: &Path, config: &Config, mut made: impl FnMut(&str)) -> Result<Self, Error> {
        files::create_folder(folder)?;
        let mut sets = BTreeMap::new();
        for map in &config.maps {
            let name = name(map);
            if sets.contains_key(&name) {
                continue;
            }
            let data = datasets::open_or_generate(folder, &name, recipe(config, map))?;
            let path = folder.join(format!("{name}-separation.json"));
            let separation = if path.exists() {
                files::read_json(&path, "delete it: it is computed again")?
            } else {
                let separation = separation(map.variant, &data)?;
                files::write_json(&path, &separation)?;
                separation
            };
            if separation.smallest < TOO_NEAR {
                let reason = format!("a trajectory comes to {:e} of the fixed point", separation.smallest);
                return Err(Error::Data { name, source: reason.into() });
            }
            made(&name);
            sets.insert(name, (data, separation));
        }
        Ok(Data { sets, validation: config.validation, seed: config.seed })
    }

    fn get(&self, map: &MapId) -> &(Dataset, Separation) {
        self.sets.get(&name(map)).expect("prepare inserted every name")
    }

    /// The data set of a map.
    pub(crate) fn set(&self, map: &MapId) -> &Dataset {
        &self.get(map).0
    }

    /// How far the points of a map's data set are from the fixed point.
    pub(crate) fn separation(&self, map: &MapId) -> &Separation {
        &self.get(map).1
    }

    /// Content hashes by name.
    pub(crate) fn hashes(&self) -> BTreeMap<String, String> {
        self.sets.iter().map(|(name, (data, _))| (name.clone(), data.content_sha256())).collect()
    }

    /// Pairs to train and to validate a map with: no trajectory gives both.
    pub(crate) fn pairs(&self, map: &MapId) -> Result<(Pairs, Pairs), Error> {
        let data = self.set(map);
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Data { name: name(map), source };
        let split = data.split(self.validation, self.seed).map_err(|e| failed(Box::new(e)))?;
        let pairs = |list: &[usize]| Pairs::from_dataset(data, list).map_err(|e| failed(Box::new(e)));
        Ok((pairs(&split.train)?, pairs(&split.val)?))
    }
}

/// The name of a map's data set: maps that differ in their repeat alone share it.
pub(crate) fn name(map: &MapId) -> String {
    format!("{}-{}", map.variant, map.dt)
}

fn recipe(config: &Config, map: &MapId) -> Recipe {
    recipes::kuptsov_neural_map(&map.variant.to_string(), map.dt, config.chunks, config.pairs, config.seed)
}

fn separation(variant: Variant, data: &Dataset) -> Result<Separation, Error> {
    let branch = branch(variant)?;
    let states = data.inputs();
    let rows = states.nrows() as f64;
    let deviation: Vec<f64> = (0..3)
        .map(|i| {
            let column = states.column(i);
            let mean = column.sum() / rows;
            (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / rows).sqrt()
        })
        .collect();
    let (mut smallest, mut smallest_standard) = (f64::INFINITY, f64::INFINITY);
    let mut by_trajectory = Vec::new();
    for k in 0..data.n_trajectories() {
        let Some(rows) = data.trajectory(k) else { break };
        let v_s = rows[(0, 3)];
        let rest = rest(variant, &branch, v_s)?.state;
        let distance = |unit: &dyn Fn(usize) -> f64| {
            let of = |row: ndarray::ArrayView1<'_, f64>| {
                (0..3).map(|i| ((row[i] - rest[i]) / unit(i)).powi(2)).sum::<f64>().sqrt()
            };
            rows.rows().into_iter().map(of).fold(f64::INFINITY, f64::min)
        };
        let own = distance(&|_| 1.0);
        smallest = smallest.min(own);
        smallest_standard = smallest_standard.min(distance(&|i| deviation[i]));
        by_trajectory.push((v_s, own));
    }
    by_trajectory.sort_by(|a, b| a.0.total_cmp(&b.0));
    let slow = (states.column(2).sum() / states.nrows() as f64, deviation[2]);
    Ok(Separation { smallest, smallest_standard, slow, by_trajectory })
}
