//! The training loop of a neural ODE.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::pass::Engine;
use super::pieces::Pieces;
use super::residual::{AtObservations, Physics};
use super::{Adjoint, NeuralOde, OdeConfig, OnDivergence, ResidualAt, Unroll, Window};
use crate::fused::{self, Level};
use crate::optimizer::Adam;
use crate::{Error, Training, VectorField, check, checkpoint};

/// The terms of a loss.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct OdeLosses {
    /// The squared distance to the observations in normal units, averaged over observations and states.
    pub data: f64,
    /// Σⱼ meanᵢ (rᵢⱼ/sⱼ)², without λ.
    pub physics: f64,
    /// The squared gaps between pieces in normal units, averaged over gaps and states, without their weight.
    pub continuity: f64,
    /// The weighted sum.
    pub total: f64,
}

/// One line of a training's history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OdeRecord {
    /// How many iterations were done.
    pub iteration: u64,
    /// The losses of the last of them, before its step.
    pub losses: OdeLosses,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Its λ.
    pub weight: f64,
    /// The norm of its gradient, before clipping.
    pub gradient_norm: f64,
    /// How many iterations so far met a trajectory that diverged.
    pub diverged: u64,
}

/// Trains a [`NeuralOde`] through its solver.
///
/// Every iteration integrates all pieces of the window, takes the loss and its gradient, and makes one step of
/// Adam. There is no randomness after the first parameters.
pub struct OdeTrainer {
    pub(super) config: OdeConfig,
    pub(super) network: NeuralOde,
    pub(super) adam: Adam,
    pub(super) iteration: u64,
    pub(super) history: Vec<OdeRecord>,
    pub(super) diverged: u64,
    /// Pieces of the phase at hand, with the starts that are learned.
    pub(super) pieces: Pieces,
    /// SHA-256 of observations and equations.
    pub(super) data_sha256: String,
    window: Window,
    engine: Engine,
}

impl OdeTrainer {
    /// A training before its first iteration. `field` are the equations, needed for a physics term alone.
    ///
    /// # Errors
    /// [`Error::BadConfig`] and others for settings out of range, [`Error::BadLength`] if observations or
    /// equations do not fit the network.
    pub fn new(
        config: OdeConfig,
        window: Window,
        field: Option<Arc<dyn VectorField>>,
    ) -> Result<Self, Error> {
        config.check()?;
        let spec = &config.network;
        let n = spec.states();
        check::length("states of the observations", window.states(), n)?;
        if let Some(field) = &field {
            check::length("states of the equations", field.dim(), n)?;
        }
        let (input, rate) = (config.input.clone(), config.rate.clone());
        let network = NeuralOde::random(spec.clone(), input, rate, config.gain, config.seed)?;
        let mut unroll = Unroll::new(spec, &config.input, &config.rate, config.method)?;
        // Only the exact gradient of the whole trajectory needs the stages of all steps.
        unroll.keep_stages(config.adjoint == Adjoint::Discrete);
        let (mut physics, mut observed) = (None, None);
        if let Some(term) = &config.physics {
            let Some(field) = &field else {
                let reason = "a physics term needs equations";
                return Err(Error::config("physics", term.weight, reason));
            };
            match term.at {
                ResidualAt::Observations if !spec.has_layer_norm() => {
                    observed = Some(AtObservations::new(&**field, term.scale, &window, &network)?);
                }
                ResidualAt::Observations => {
                    let reason = "with layer normalisation residuals are taken along the trajectory";
                    return Err(Error::config("physics.at", "observations", reason));
                }
                ResidualAt::Trajectory => {
                    physics = Some(Physics::new(Arc::clone(field), term.scale, &window)?);
                }
            }
        }
        let mut hash = Sha256::new();
        window.hash_into(&mut hash);
        if let Some(field) = &field {
            hash.update(field.identity().as_bytes());
        }
        let scales = config.input.scale().iter().take(n).map(|s| f64::from(*s)).collect();
        let engine = Engine {
            unroll,
            physics,
            observed,
            by_state: Vec::new(),
            by_slope: Vec::new(),
            by_start: vec![0.0; n],
            gradient: vec![0.0; spec.parameters()],
            scales,
        };
        let pieces = Pieces::new(&config, &window, 0)?;
        Ok(Self {
            adam: Adam::new(config.adam, spec.parameters()),
            data_sha256: crate::sealed::hex(hash),
            iteration: 0,
            history: Vec::new(),
            diverged: 0,
            network,
            pieces,
            window,
            engine,
            config,
        })
    }

    /// The network as it is now.
    pub fn network(&self) -> &NeuralOde {
        &self.network
    }

    /// The observations.
    pub(super) fn window(&self) -> &Window {
        &self.window
    }

    /// How many iterations met a trajectory that diverged.
    pub fn diverged(&self) -> u64 {
        self.diverged
    }

    /// The starts of the pieces of the phase at hand, row by row, in physical units.
    pub fn starts(&self) -> Vec<f64> {
        self.pieces.starts(&self.config.input)
    }

    /// How much of the training is done, from 0 to 1.
    fn done(&self) -> f64 {
        self.iteration as f64 / (self.config.iterations() - 1).max(1) as f64
    }

    /// The learning rate of the next iteration.
    pub fn learning_rate(&self) -> f64 {
        self.config.adam.learning_rate * self.config.decay.part(self.done())
    }

    /// λ of the next iteration; 0 without a physics term.
    pub fn weight(&self) -> f64 {
        let Some(term) = &self.config.physics else { return 0.0 };
        let done = self.done();
        let rise = if done < term.warm_up { done / term.warm_up } else { 1.0 };
        term.weight * term.decay.part(done) * rise
    }

    /// Losses and gradient of the first iteration, without its step.
    #[cfg(test)]
    pub(super) fn gradient_at_start(&mut self) -> Result<OdeLosses, Error> {
        self.losses(1, self.weight())
    }

    /// The gradient by the parameters last taken.
    #[cfg(test)]
    pub(super) fn last_gradient(&self) -> &[f32] {
        &self.engine.gradient
    }

    /// The phase of the next iteration, and how many iterations of it were done.
    fn phase(&self) -> (usize, u64) {
        let mut left = self.iteration;
        let last = self.config.phases.len() - 1;
        for (k, phase) in self.config.phases.iter().enumerate() {
            if left < phase.iterations || k == last {
                return (k, left);
            }
            left -= phase.iterations;
        }
        (last, left)
    }

    fn enter_phase(&mut self) -> Result<(), Error> {
        let (phase, done) = self.phase();
        if done == 0 && phase != self.pieces.phase {
            self.pieces = Pieces::new(&self.config, &self.window, phase)?;
        }
        Ok(())
    }

    /// Losses and gradients, all finite, with the configured answer to divergence. A gradient that is not
    /// finite is one too.
    fn losses(&mut self, iteration: u64, weight: f64) -> Result<OdeLosses, Error> {
        let (mut met, mut halvings, mut limit) = (false, 0, usize::MAX);
        loop {
            let parts = (&self.config, &self.window, &mut self.pieces);
            let pass = self.engine.pass(self.network.parameters(), parts, (halvings, limit), weight)?;
            let finite = pass.losses.total.is_finite()
                && fused::all_finite(Level::widest(), &self.engine.gradient)
                && fused::all_finite(Level::widest(), &self.pieces.gradient);
            if finite && pass.diverged.is_none() {
                return Ok(pass.losses);
            }
            self.diverged += u64::from(!met);
            met = true;
            let reached = self.pieces.reached;
            match self.config.divergence {
                OnDivergence::HalveStep(most) if halvings < most => halvings += 1,
                // Something is left where a step was taken at all.
                OnDivergence::MaskLoss if finite && reached > 0 => return Ok(pass.losses),
                OnDivergence::MaskLoss if reached > 1 => limit = limit.min(reached) / 2,
                _ => {
                    return Err(match pass.diverged {
                        Some(source) => Error::Diverged { iteration, source },
                        None => Error::not_finite(iteration, "the loss or its gradient", pass.losses.total),
                    });
                }
            }
        }
    }
}

impl Training for OdeTrainer {
    type Config = OdeConfig;
    type Network = NeuralOde;
    type Loss = OdeLosses;
    type Record = OdeRecord;

    fn config(&self) -> &OdeConfig {
        &self.config
    }

    fn iteration(&self) -> u64 {
        self.iteration
    }

    fn history(&self) -> &[OdeRecord] {
        &self.history
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        checkpoint::save(self, path)
    }

    /// One iteration. After the last phase the last one goes on. An error leaves the parameters of before.
    fn step(&mut self) -> Result<(OdeLosses, Option<OdeRecord>), Error> {
        self.enter_phase()?;
        let iteration = self.iteration + 1;
        let (learning_rate, weight) = (self.learning_rate(), self.weight());
        let losses = self.losses(iteration, weight)?;
        let gradient = &mut self.engine.gradient;
        let square = |g: &[f32]| g.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>();
        let norm = (square(gradient) + square(&self.pieces.gradient)).sqrt();
        if let Some(limit) = self.config.clip.filter(|limit| norm > *limit) {
            let factor = (limit / norm) as f32;
            for g in gradient.iter_mut().chain(&mut self.pieces.gradient) {
                *g *= factor;
            }
        }
        self.adam.update(self.network.parameters_mut(), gradient, learning_rate);
        self.pieces.learn(learning_rate);
        self.iteration = iteration;
        let due = iteration.is_multiple_of(self.config.record_every);
        let record = due.then_some(OdeRecord {
            iteration,
            losses,
            learning_rate,
            weight,
            gradient_norm: norm,
            diverged: self.diverged,
        });
        self.history.extend(record);
        Ok((losses, record))
    }
}
