//! The settings of a fit by least squares.

use serde::{Deserialize, Serialize};

use super::super::{MapSpec, config::check_map};
use crate::{Error, Normalization, check};

/// The settings of a fit. Together with the pairs they determine every parameter after every step on one
/// machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeastSquaresConfig {
    /// The map's shape.
    pub network: MapSpec,
    /// The normalisation of the states (eq. 10).
    pub state: Normalization,
    /// The normalisation of the control parameters (eq. 10).
    pub control: Normalization,
    /// Δt, in the model's unit of time.
    pub dt: f64,
    /// What the first weights of inputs are multiplied with ([`NeuralMap::random`](crate::NeuralMap::random)).
    pub gain: f64,
    /// Seed of the first parameters.
    pub seed: u64,
    /// Steps of each sub-network, those that scout among them. Each goes through all pairs once.
    pub steps: u64,
    /// The first damping, in units of the largest diagonal entry of DJᵀJD, where D are the weights' units.
    pub damping: f64,
    /// After so many steps every sub-network begins again, with what it has learned of its inputs
    /// ([`LeastSquares`](super::LeastSquares)); 0 for never.
    pub scouting: u64,
    /// The power of what an input does that is the unit of its weights then; 0 gives all inputs the same.
    pub sharpness: f64,
    /// The least unit of an input's weights.
    pub least_unit: f64,
    /// Every so many steps the validation error is taken and a record is written into the history.
    pub validate_every: u64,
}

impl LeastSquaresConfig {
    /// The most parameters that a sub-network may have: its matrix takes 4 GiB then.
    pub const MAX_PARAMETERS: usize = 32_768;

    /// 300 steps, the first 50 of which scout.
    pub fn new(network: MapSpec, state: Normalization, control: Normalization, dt: f64, seed: u64) -> Self {
        Self {
            network,
            state,
            control,
            dt,
            gain: 1.0,
            seed,
            steps: 300,
            damping: 1e-3,
            scouting: 50,
            sharpness: 1.5,
            least_unit: 1e-3,
            validate_every: 10,
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::BadConfig`], [`Error::BadSpec`] or [`Error::BadLength`] naming the setting.
    pub fn check(&self) -> Result<(), Error> {
        check_map(self.network, &self.state, &self.control)?;
        let each = self.network.parameters_each();
        if each > Self::MAX_PARAMETERS {
            let max = Self::MAX_PARAMETERS;
            return Err(Error::BadSpec { what: "parameters of a sub-network", value: each, max });
        }
        check::positive("dt", self.dt)?;
        check::positive("gain", self.gain)?;
        check::positive("damping", self.damping)?;
        check::at_least_one("steps", self.steps)?;
        check::at_least_one("validate_every", self.validate_every)?;
        if self.scouting >= self.steps {
            let reason = format!("it must be below the number of steps, {}", self.steps);
            return Err(Error::config("scouting", self.scouting, &reason));
        }
        check::not_negative("sharpness", self.sharpness)?;
        check::part("least_unit", self.least_unit)
    }
}
