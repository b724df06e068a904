//! The training loop of an operator.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::engine::Engine;
use super::{Fno, FnoConfig, PointScale, Signals};
use crate::epochs::{EpochRecord, Epochs};
use crate::fused::{self, FusedFno, Level, Muon};
use crate::optimizer::Adam;
use crate::{Error, Training, check, checkpoint};

/// Trains an [`Fno`].
///
/// Every iteration draws a batch of trajectories, takes the relative L² error and its gradient, and makes one
/// step of AdamW, or of Muon ([`FnoConfig::muon`](FnoConfig)). All trajectories come once before any comes again; that is an epoch. The first epochs may be
/// at fewer points ([`FnoConfig::coarse`](FnoConfig)); validation is always at all points.
pub struct FnoTrainer {
    pub(super) config: FnoConfig,
    /// Its parameters are those before the first iteration, or with the tape those of now.
    pub(super) fno: Fno,
    /// Of parameters as they lie in the engine.
    pub(super) adam: Adam,
    muon: Option<Muon>,
    pub(super) epochs: Epochs,
    /// SHA-256 of the trajectories.
    pub(super) signals_sha256: String,
    train: Normal,
    validation: Option<Normal>,
    pub(super) engine: Engine,
    /// Runs the network on validation trajectories.
    validator: Option<FusedFno>,
    /// One trajectory at fewer points.
    room: Vec<f32>,
    threads: usize,
}

/// Trajectories in normal units, `[sample][point]`: place and inputs, and targets.
struct Normal {
    features: Vec<f32>,
    targets: Vec<f32>,
    samples: usize,
}

fn normal(fno: &Fno, signals: &Signals) -> Normal {
    let each = signals.points() * signals.channels();
    let wanted = signals.points() * signals.outputs();
    let (mut features, mut targets) = (Vec::new(), Vec::with_capacity(signals.targets().len()));
    for x in signals.inputs().chunks_exact(each) {
        fno.features(x, &mut features);
    }
    for y in signals.targets().chunks_exact(wanted) {
        targets.extend(fno.output.normal(y));
    }
    Normal { features, targets, samples: signals.samples() }
}

impl FnoTrainer {
    /// A training before its first iteration. Scales are those of the training trajectories. The number of
    /// threads changes no number.
    ///
    /// # Errors
    /// [`Error::BadConfig`] and others for settings out of range, and for a coarse beginning that leaves too few
    /// points; [`Error::BadLength`] if the trajectories do not fit the network.
    pub fn new(
        config: FnoConfig,
        train: &Signals,
        validation: Option<&Signals>,
        threads: usize,
    ) -> Result<Self, Error> {
        config.check()?;
        let spec = config.network;
        for signals in [Some(train), validation].into_iter().flatten() {
            check::length("channels of the trajectories", signals.channels() + 1, spec.inputs)?;
            check::length("outputs of the trajectories", signals.outputs(), spec.outputs)?;
            check::length("points of the trajectories", signals.points(), train.points())?;
        }
        let (input, output) = PointScale::of_signals(train);
        let fno = Fno::random(spec, input, output, config.seed)?;
        let counts = (config.epochs, config.validate_every);
        let epochs = Epochs::new(config.seed, train.samples(), config.batch, counts);
        let engine = Engine::new(&config, &fno, config.every(0), epochs.batch(), threads)?;
        let sizes = (fno.points(), fno.padding());
        let validator = match validation {
            Some(_) => Some(FusedFno::new(Level::widest(), spec, sizes, 32, false, threads)?),
            None => None,
        };
        let mut hash = Sha256::new();
        train.hash_into(&mut hash);
        if let Some(signals) = validation {
            hash.update(b"validation");
            signals.hash_into(&mut hash);
        }
        Ok(Self {
            adam: Adam::new(config.adam, engine.numbers()),
            muon: config.muon.map(|muon| {
                let (level, squares) = (Level::widest(), engine.squares());
                Muon::new(muon, level, spec.width, squares, engine.numbers(), threads)
            }),
            train: normal(&fno, train),
            validation: validation.map(|signals| normal(&fno, signals)),
            signals_sha256: crate::sealed::hex(hash),
            fno,
            epochs,
            engine,
            config,
            validator,
            room: Vec::new(),
            threads,
        })
    }

    /// The operator as it is now.
    pub fn network(&self) -> Fno {
        let mut fno = self.fno.clone();
        self.engine.copy_parameters(&mut fno.parameters);
        fno
    }

    /// How many iterations make an epoch: a last one that is not full counts, and takes its missing
    /// trajectories from the next epoch.
    pub fn iterations_per_epoch(&self) -> u64 {
        self.epochs.each()
    }

    /// How many iterations the whole training takes.
    pub fn iterations(&self) -> u64 {
        self.epochs.iterations()
    }

    /// The learning rate of the next iteration.
    pub fn learning_rate(&self) -> f64 {
        let part =
            self.config.schedule.part(self.iteration(), self.iterations(), self.iterations_per_epoch());
        self.config.adam.learning_rate * part
    }

    /// The relative L² error over the validation trajectories now, in normal units; `None` without them.
    pub fn validate(&mut self) -> Option<f64> {
        let fno = self.network();
        let (net, set) = (self.validator.as_mut()?, self.validation.as_ref()?);
        net.set_parameters(fno.parameters());
        let spec = fno.spec;
        let (given, wanted) = (fno.points() * spec.inputs, fno.points() * spec.outputs);
        let mut y = vec![0.0; wanted];
        let mut sum = 0.0;
        let room = net.room();
        for (x, t) in set.features.chunks(room * given).zip(set.targets.chunks(room * wanted)) {
            for (b, x) in x.chunks_exact(given).enumerate() {
                net.set_input(b, x);
            }
            net.set_used(x.len() / given);
            net.predict();
            for (b, t) in t.chunks_exact(wanted).enumerate() {
                net.output(b, &mut y);
                sum += (0..spec.outputs).map(|j| relative_error(&y, t, spec.outputs, j)).sum::<f64>();
            }
        }
        Some(sum / (set.samples * spec.outputs) as f64)
    }

    /// At the resolution of the next iteration: parameters and what the optimiser keeps of them stay.
    pub(super) fn choose_resolution(&mut self) -> Result<(), Error> {
        let every = self.config.every(self.iteration() / self.epochs.each());
        if every != self.engine.every() {
            let batch = self.epochs.batch();
            let mut engine = Engine::new(&self.config, &self.fno, every, batch, self.threads)?;
            engine.take_parameters(&mut self.engine);
            self.engine = engine;
        }
        Ok(())
    }
}

impl Training for FnoTrainer {
    type Config = FnoConfig;
    type Network = Fno;
    type Loss = f64;
    type Record = EpochRecord;

    fn config(&self) -> &FnoConfig {
        &self.config
    }

    fn iteration(&self) -> u64 {
        self.epochs.iteration()
    }

    fn history(&self) -> &[EpochRecord] {
        self.epochs.history()
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        checkpoint::save(self, path)
    }

    fn step(&mut self) -> Result<(f64, Option<EpochRecord>), Error> {
        self.choose_resolution()?;
        let (learning_rate, decay) = (self.learning_rate(), self.config.weight_decay);
        let spec = self.config.network;
        let points = self.fno.points();
        let (given, wanted) = (points * spec.inputs, points * spec.outputs);
        let Self { engine, epochs, train, fno, adam, muon, room, .. } = self;
        let iteration = epochs.iteration() + 1;
        for (row, &k) in epochs.draw().iter().enumerate() {
            let (x, y) = (&train.features[k as usize * given..], &train.targets[k as usize * wanted..]);
            engine.set_sample(row, &x[..given], &y[..wanted], room);
        }
        let loss = engine.learn(&fno.parameters)?;
        if !loss.is_finite() {
            return Err(Error::not_finite(iteration, "the loss", loss));
        }
        let (parameters, gradient, pool) = engine.parameters_and_gradient(&mut fno.parameters);
        if !fused::all_finite(Level::widest(), gradient) {
            return Err(Error::not_finite(iteration, "the gradient of the loss", f64::NAN));
        }
        match muon {
            Some(muon) => muon.update(adam, pool, parameters, gradient, learning_rate, decay),
            None => adam.update_decayed(parameters, gradient, learning_rate, decay),
        }
        if !self.epochs.count(loss) {
            return Ok((loss, None));
        }
        let validation = self.validate();
        Ok((loss, Some(self.epochs.record(validation, learning_rate)?)))
    }
}

/// ‖y − t‖/‖t‖ of column `j` of a trajectory; 0 where nothing is wanted.
pub(crate) fn relative_error(y: &[f32], t: &[f32], columns: usize, j: usize) -> f64 {
    let pairs = y.iter().zip(t).skip(j).step_by(columns);
    let (mut error, mut size) = (0.0, 0.0);
    for (y, t) in pairs {
        error += (f64::from(*y) - f64::from(*t)).powi(2);
        size += f64::from(*t).powi(2);
    }
    if size > 0.0 { (error / size).sqrt() } else { 0.0 }
}
