//! The trajectories that operators learn from and are judged by.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use datagen::{Dataset, Recipe, Role, recipes};
use surrogates::fno::Signals;

use super::cell::CellId;
use super::config::{Config, FINER, MARGIN};
use crate::{Error, datasets, files};

/// The trajectories of one cell.
pub(crate) struct Sets {
    /// To learn from.
    pub(crate) train: Signals,
    /// To watch the training with.
    pub(crate) validation: Signals,
    /// To judge by.
    pub(crate) test: Signals,
    /// Names and units of the variables.
    pub(crate) variables: Vec<(String, String)>,
    /// SHA-256 of the recipe.
    pub(crate) recipe_sha256: String,
    /// That of the recipe of pulses near the threshold, where there are some.
    pub(crate) near_threshold_recipe_sha256: Option<String>,
}

/// The grids of F-RES: their names, and how many times more points they have than was learned at.
const GRIDS: [(&str, usize); 2] = [("other", 1), ("fine", FINER)];

/// Where the data sets of a run lie, and what they are.
pub(crate) struct Data<'a> {
    folder: PathBuf,
    config: &'a Config,
}

impl<'a> Data<'a> {
    pub(crate) fn new(folder: &Path, config: &'a Config) -> Result<Self, Error> {
        files::create_folder(folder)?;
        Ok(Data { folder: folder.to_owned(), config })
    }

    fn recipe(&self, cell: CellId, points: usize, samples: usize, seed: u64) -> Result<Recipe, Error> {
        recipes::pellegrini_pulses(cell.model(), cell.end(), points as u64, samples as u64, seed)
            .map_err(|e| Error::Data { name: cell.to_string(), source: Box::new(e) })
    }

    /// The data set of a cell, generated if it is not there.
    pub(crate) fn dataset(&self, cell: CellId) -> Result<Dataset, Error> {
        let samples = self.config.samples.iter().sum();
        let recipe = self.recipe(cell, self.config.points * cell.longer(), samples, self.config.seed)?;
        datasets::open_or_generate(&self.folder, &cell.to_string().to_lowercase(), recipe)
    }

    /// Pulses near the threshold, which only trainings see; nothing for cells that have none.
    fn near_threshold(&self, cell: CellId) -> Result<Option<Dataset>, Error> {
        let Some(samples) = self.config.near_threshold.filter(|n| *n > 0 && cell.is_ventricle()) else {
            return Ok(None);
        };
        let (points, seed) = (self.config.points * cell.longer(), self.config.seed.wrapping_add(2));
        let recipe = recipes::ohara_rudy_pulses_near_threshold(
            cell.end(),
            points as u64,
            samples as u64,
            MARGIN,
            seed,
        );
        let recipe = recipe.map_err(|e| Error::Data { name: cell.to_string(), source: Box::new(e) })?;
        let name = format!("{}-threshold", cell.to_string().to_lowercase());
        datasets::open_or_generate(&self.folder, &name, recipe).map(Some)
    }

    /// The trajectories of a cell: the first to train, then to validate, then to test. Pulses near the threshold stand for
    /// the last of those to train.
    pub(crate) fn sets(&self, cell: CellId) -> Result<Sets, Error> {
        let data = self.dataset(cell)?;
        let failed = |e| Error::Data { name: cell.to_string(), source: Box::new(e) };
        let [train, validation, test] = self.config.samples;
        let part = |from: usize, count: usize| {
            let list: Vec<usize> = (from..from + count).collect();
            Signals::from_dataset(&data, &list).map_err(failed)
        };
        let columns = data.columns().iter().filter(|c| c.role == Role::Target);
        let near = self.near_threshold(cell)?;
        let trained = match &near {
            None => part(0, train)?,
            Some(near) => {
                let list: Vec<usize> = (0..near.n_trajectories()).collect();
                let others = part(0, train.saturating_sub(list.len()))?;
                Signals::from_dataset(near, &list).and_then(|near| others.and(&near)).map_err(failed)?
            }
        };
        Ok(Sets {
            train: trained,
            validation: part(train, validation)?,
            test: part(train + validation, test)?,
            variables: columns.map(|c| (c.name.clone(), c.unit.clone())).collect(),
            recipe_sha256: data.recipe_sha256(),
            near_threshold_recipe_sha256: near.map(|near| near.recipe_sha256()),
        })
    }

    /// Other trajectories by the name of their grid, with so many times more points.
    fn other(&self, cell: CellId, grid: &str, finer: usize) -> Result<Dataset, Error> {
        let points = self.config.points * cell.longer() * finer;
        let recipe = self.recipe(cell, points, self.other_samples(), self.config.seed.wrapping_add(1))?;
        datasets::open_or_generate(
            &self.folder,
            &format!("{}-{grid}", cell.to_string().to_lowercase()),
            recipe,
        )
    }

    fn other_samples(&self) -> usize {
        self.config.samples[2].min(100)
    }

    /// Other trajectories at the points that were learned at and at finer ones (F-RES): each grid has its own data set,
    /// since a mean of the current belongs to its grid.
    pub(crate) fn coarse_and_fine(&self, cell: CellId) -> Result<[Signals; 2], Error> {
        let all: Vec<usize> = (0..self.other_samples()).collect();
        let at = |(grid, finer): (&str, usize)| {
            let data = self.other(cell, grid, finer)?;
            Signals::from_dataset(&data, &all)
                .map_err(|e| Error::Data { name: format!("{cell} {grid}"), source: Box::new(e) })
        };
        let [coarse, fine] = GRIDS;
        Ok([at(coarse)?, at(fine)?])
    }

    /// Content hashes by name, with those of F-RES if `resolution`.
    pub(crate) fn hashes(&self, resolution: bool) -> Result<BTreeMap<String, String>, Error> {
        let mut cells: Vec<CellId> = self.config.nets.iter().map(|n| n.cell).collect();
        cells.extend(self.config.search.iter().map(|s| s.cell));
        cells.sort();
        cells.dedup();
        let mut hashes = BTreeMap::new();
        for cell in cells {
            hashes.insert(cell.to_string(), self.dataset(cell)?.content_sha256());
            if let Some(near) = self.near_threshold(cell)? {
                hashes.insert(format!("{cell} threshold"), near.content_sha256());
            }
            // Candidates of a search are not judged at finer points.
            let judged = resolution && self.config.nets.iter().any(|n| n.cell == cell);
            for (grid, finer) in GRIDS.into_iter().filter(|_| judged) {
                hashes.insert(format!("{cell} {grid}"), self.other(cell, grid, finer)?.content_sha256());
            }
        }
        Ok(hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Part;
    use super::*;
    use crate::Tier;
    use crate::reproduce::Options;

    /// They stand for the last to train with, and touch neither the others nor what watches and judges.
    #[test]
    fn pulses_near_the_threshold_are_learned_from_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new("F-ORD", &[Part::Ord], &Options::new(Tier::Smoke)).unwrap();
        assert_eq!((config.samples[0], config.near_threshold), (48, Some(16)));
        (config.samples, config.points, config.near_threshold) = ([4, 2, 2], 20, Some(2));
        let data = Data::new(folder.path(), &config).unwrap();
        let with = data.sets(CellId::Ord).unwrap();
        let near = data.near_threshold(CellId::Ord).unwrap().unwrap();
        assert_eq!(data.hashes(false).unwrap()["ORD threshold"], near.content_sha256());
        assert_eq!(with.near_threshold_recipe_sha256, Some(near.recipe_sha256()));
        let near = Signals::from_dataset(&near, &[0, 1]).unwrap();

        let plain = Config { near_threshold: None, ..config.clone() };
        let plain = Data::new(folder.path(), &plain).unwrap().sets(CellId::Ord).unwrap();
        assert_eq!((&with.validation, &with.test), (&plain.validation, &plain.test));
        assert_eq!(plain.near_threshold_recipe_sha256, None);
        let half = with.train.targets().len() / 2;
        assert_eq!(with.train.targets()[..half], plain.train.targets()[..half]);
        assert_eq!(with.train.targets()[half..], *near.targets());
        assert_ne!(with.train.targets()[half..], plain.train.targets()[half..]);
    }
}
