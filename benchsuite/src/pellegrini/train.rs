//! Training one operator: in its own folder, from its own checkpoint, until its result is written.

use std::path::Path;

use infer_trt::{Provider, SessionOptions};
use serde::{Deserialize, Serialize};
use surrogates::fno::{self, Fno, FnoConfig, FnoTrainer, Signals};
use surrogates::onnx::{Description, Label};
use surrogates::{EpochRecord, Training as _};

use super::cell::CellId;
use super::config::{Config, NetId};
use super::data::{Data, Sets};
use super::measure::{Errors, measure};
use crate::figures::rounded;
use crate::report::scientific;
use crate::training::{Places, Supervision, Training};
use crate::{Error, files};

/// A variable over time: as the model has it, and as the operator has it.
pub type Pair = (Vec<f64>, Vec<f64>);

/// A finished operator: `networks/*/result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Which.
    pub net: NetId,
    /// How it was trained: with these settings, data and code it is the same again.
    pub config: FnoConfig,
    /// Its number of parameters.
    pub parameters: usize,
    /// Epochs done.
    pub epochs: u64,
    /// Wall time of an iteration with its share of validations, in the last start; 0 if that found nothing left to
    /// train.
    pub milliseconds_per_iteration: f64,
    /// SHA-256 of the exported file.
    pub onnx_sha256: String,
    /// Its errors on test trajectories.
    pub errors: Errors,
    /// Its errors on other trajectories, at the points that it learned at and at finer ones (F-RES).
    pub resolution: Option<(Errors, Errors)>,
    /// The course of its training.
    pub history: Vec<EpochRecord>,
    /// The first test trajectory with an action potential, or else the first: for each variable truth and network, in
    /// physical units.
    pub example: Vec<Pair>,
}

/// Where a run has its networks.
pub(crate) fn places(run: &Path) -> Places<'_> {
    Places::new(run, "networks", "network")
}

/// Everything that the networks of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) places: Places<'a>,
    pub(crate) config: &'a Config,
    pub(crate) data: &'a Data<'a>,
    pub(crate) supervision: Supervision<'a>,
    /// Threads of one network.
    pub(crate) threads: usize,
}

impl Shared<'_> {
    /// Whether an earlier start finished a network.
    pub(crate) fn finished(&self, net: &NetId) -> bool {
        self.places.is_finished(&net.file_name())
    }

    /// Trains a network to its end, judges and exports it; or returns the result of an earlier start.
    pub(crate) fn train(&self, net: &NetId, resolution: bool) -> Result<Trained, Error> {
        let (name, places) = (net.file_name(), self.places);
        if let Some(trained) = places.earlier(&name, |t: &Trained| &t.onnx_sha256)? {
            return Ok(trained);
        }
        let failed = |e| Error::Training { network: net.id(), source: Box::new(e) };
        let sets = self.data.sets(net.cell)?;
        let config = self.config.train(net);
        let epochs = config.epochs;
        let (trainer, milliseconds) = self.iterate(&name, &sets, config.clone(), epochs)?;
        let (fno, model) = (trainer.network(), places.model(&name));
        export(&fno, net, &sets, self.config, &model)?;
        let variables = &sets.variables;
        let judge = |fno: &Fno, test: &Signals| measure(fno, net.cell, test, variables, self.threads);
        let resolution = match resolution {
            false => None,
            true => {
                let [coarse, fine] = self.data.coarse_and_fine(net.cell)?;
                let finer = fno.at_points(fine.points()).map_err(failed)?;
                Some((judge(&fno, &coarse)?, judge(&finer, &fine)?))
            }
        };
        let trained = Trained {
            net: *net,
            config,
            parameters: fno.parameters().len(),
            epochs: trainer.iteration() / trainer.iterations_per_epoch(),
            milliseconds_per_iteration: milliseconds,
            onnx_sha256: files::sha256_of(&model, "run again with --resume")?,
            errors: judge(&fno, &sets.test)?,
            resolution,
            history: trainer.history().to_vec(),
            example: example(&model, &sets, net.cell)?,
        };
        files::write_json(&places.result(&name), &trained)?;
        let l2 = scientific(trained.errors.mean_l2());
        self.supervision
            .progress
            .line(&format!("  {}: relative L² error on test trajectories {l2}", net.id()));
        Ok(trained)
    }

    /// Iterates until some epochs are done, from the checkpoint if there is one. Returns the wall time of an
    /// iteration too.
    pub(crate) fn iterate(
        &self,
        name: &str,
        sets: &Sets,
        config: FnoConfig,
        epochs: u64,
    ) -> Result<(FnoTrainer, f64), Error> {
        let failed = |e| Error::Training { network: name.to_owned(), source: Box::new(e) };
        files::create_folder(&self.places.folder(name))?;
        let checkpoint = self.places.checkpoint(name);
        let (train, validation) = (&sets.train, Some(&sets.validation));
        let trainer = if checkpoint.exists() {
            FnoTrainer::resume(&checkpoint, config, train, validation, self.threads).map_err(failed)?
        } else {
            FnoTrainer::new(config, train, validation, self.threads).map_err(failed)?
        };
        let end = epochs * trainer.iterations_per_epoch();
        let mut training = Watched { name, end, trainer };
        let seconds = self.supervision.train(&mut training, end, 1.0, &checkpoint)?;
        Ok((training.trainer, seconds * 1e3))
    }
}

/// A training by its name.
struct Watched<'a> {
    name: &'a str,
    end: u64,
    trainer: FnoTrainer,
}

impl Watched<'_> {
    fn failed(&self) -> impl Fn(surrogates::Error) -> Error + '_ {
        |e| Error::Training { network: self.name.to_owned(), source: Box::new(e) }
    }
}

impl Training for Watched<'_> {
    fn done(&self) -> u64 {
        self.trainer.iteration()
    }

    fn step(&mut self) -> Result<bool, Error> {
        let stepped = self.trainer.step();
        stepped.map_err(self.failed()).map(|_| true)
    }

    fn save(&self, checkpoint: &Path) -> Result<(), Error> {
        self.trainer.save(checkpoint).map_err(self.failed())
    }

    fn note(&self) -> String {
        let latest = self.trainer.history().last().map_or(f64::NAN, |r| r.validation);
        format!("{} at {} of {}, validation {}", self.name, self.done(), self.end, scientific(latest))
    }
}

fn export(fno: &Fno, net: &NetId, sets: &Sets, config: &Config, path: &Path) -> Result<(), Error> {
    path.parent().map_or(Ok(()), files::create_folder)?;
    let mut properties = vec![
        ("epochs".into(), config.epochs.to_string()),
        ("seed".into(), net.seed(config.seed).to_string()),
        ("interval".into(), net.cell.end().to_string()),
    ];
    properties.extend(
        sets.near_threshold_recipe_sha256.iter().map(|sha| ("recipe_near_threshold".into(), sha.clone())),
    );
    let description = Description {
        text: format!("Pellegrini et al. 2025: the operator {} from I_app to all states", net.id()),
        targets: sets.variables.iter().map(|(name, unit)| Label::new(name.clone(), unit.clone())).collect(),
        recipe_sha256: sets.recipe_sha256.clone(),
        properties,
        ..Description::default()
    };
    fno::export(fno, &description, path)
        .map_err(|e| Error::Training { network: net.id(), source: Box::new(e) })
}

/// Far above the file of any operator here: it holds complex weights twice.
const MOST_BYTES: u64 = 1 << 30;

/// The first test trajectory with an action potential, or else the first, for a figure: truth, and what the exported file
/// gives, for each variable.
fn example(model: &Path, sets: &Sets, cell: CellId) -> Result<Vec<Pair>, Error> {
    let (points, n, channels) = (sets.test.points(), sets.variables.len(), sets.test.channels());
    let trajectories = sets.test.targets().chunks_exact(points * n);
    // The potential is the first variable of each cell.
    let mut fires = trajectories.map(|y| y.iter().step_by(n).any(|v| *v > cell.threshold()));
    let chosen = fires.position(|fires| fires).unwrap_or(0);
    let given = &sets.test.inputs()[chosen * points * channels..][..points * channels];
    let y = of_file(model, given, points * n)?;
    let truth = &sets.test.targets()[chosen * points * n..][..points * n];
    // No more points than a figure shows.
    let every = points.div_ceil(320);
    let column =
        |x: &[f64], j: usize| x.iter().skip(j).step_by(n).step_by(every).copied().map(rounded).collect();
    Ok((0..n).map(|j| (column(truth, j), column(&y, j))).collect())
}

/// What an exported operator gives in the native session: so many numbers for all trajectories together.
fn of_file(model: &Path, given: &[f64], wanted: usize) -> Result<Vec<f64>, Error> {
    let options = SessionOptions::default().with_threads(1).with_max_file_bytes(MOST_BYTES);
    let mut session = infer_trt::open(model, &Provider::Native, &options)?;
    let x: Vec<f32> = given.iter().map(|x| *x as f32).collect();
    let mut y = vec![0.0_f32; wanted];
    session.run(&x, &mut y)?;
    Ok(y.into_iter().map(f64::from).collect())
}

#[cfg(test)]
mod tests {
    use surrogates::Activation;
    use surrogates::fno::{FnoSpec, PointScale, Variant};

    use super::*;

    /// Of every kind, with padding and without, in physical units.
    #[test]
    fn an_exported_operator_gives_what_it_gave_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.onnx");
        let kinds = [
            (Variant::Classic, Activation::GELU, 0),
            (Variant::Mlp, Activation::LeakyReLU, 5),
            (Variant::Residual, Activation::GELU, 8),
        ];
        for (variant, activation, padding) in kinds {
            let (points, samples) = (45, 3);
            let spec = FnoSpec {
                inputs: 2,
                outputs: 3,
                width: 20,
                modes: 7,
                layers: 3,
                padding,
                hidden: 24,
                variant,
                activation,
            };
            let wave = |i: usize| (i as f64 * 0.4).sin();
            let scale = |columns: usize| {
                let mean = (0..points * columns).map(|i| 10.0 * wave(i)).collect();
                PointScale::new(columns, mean, vec![2.0; points * columns]).unwrap()
            };
            let fno = Fno::random(spec, scale(1), scale(3), 5).unwrap();
            fno::export(&fno, &Description::default(), &path).unwrap();
            let given: Vec<f64> = (0..samples * points).map(|i| 12.0 * wave(3 * i)).collect();
            let mut own = vec![0.0; samples * points * 3];
            fno.predictor(samples, 1).unwrap().predict(&given, &mut own).unwrap();
            let file = of_file(&path, &given, own.len()).unwrap();
            let range = own.iter().fold(0.0, |m: f64, y| m.max(y.abs()));
            let error = own.iter().zip(&file).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
            assert!(error < 1e-5 * range, "{spec}: {error} of {range}");
        }
    }
}
