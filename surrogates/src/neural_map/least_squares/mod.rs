//! Least squares: a map's parameters by Levenberg's and Marquardt's method, in `f64`.

mod checkpoint;
mod cholesky;
mod config;
mod equations;
#[cfg(test)]
mod tests;

use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::cholesky::Cholesky;
use self::equations::{Equations, Rows, equations, slopes, squares};
use super::trainer::{fits, hash};
use super::{NeuralMap, Pairs};
use crate::fused::Level;
use crate::{Error, Training, checkpoint as file};

pub use self::config::LeastSquaresConfig;

/// One line of a fit's history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LeastSquaresRecord {
    /// How many steps were done.
    pub step: u64,
    /// The squared error in normal units, averaged over pairs and states.
    pub train: f64,
    /// The same error over the validation pairs; NaN without them.
    pub validation: f64,
    /// The largest damping μ of the sub-networks, in units of their largest diagonal entry of DJᵀJD.
    pub damping: f64,
}

/// Fits a [`NeuralMap`] to pairs: the nonlinear least squares of eq. 16, by Levenberg's and Marquardt's
/// method (Levenberg 1944, doi:10.1090/qam/10666; Marquardt 1963, doi:10.1137/0111030), with the damping of
/// Nielsen (*Damping parameter in Marquardt's method*, IMM-REP-1999-05).
///
/// The sub-networks of a map share no parameters, so that each is a problem of its own, small enough for
/// its normal equations: 701 unknowns in the publication. On data without noise the error falls by orders of
/// magnitude below that of Adam. Everything is in `f64`.
///
/// # Units
///
/// A step is damped in units of the weights, D: it is δ = −(JᵀJ + μD⁻²)⁻¹Jᵀr, so that weights with a small unit
/// move little. The unit of b and γ is the root mean square of the increments that they make; that of the
/// weights of an input is 1 at first. After [`LeastSquaresConfig::scouting`] steps it is known what each input
/// does: the root mean square of the increment's derivative by it over the pairs, in parts of the largest, to
/// the power of [`LeastSquaresConfig::sharpness`], is the unit of its weights from then on. The sub-network begins
/// again at its first parameters in these units.
///
/// So an input that hardly matters gets weights that are hardly there, and what is learned of it stays nearly
/// linear. On the data nothing changes; outside of them, where a map's fixed points are looked for, a network
/// whose first weights are as large for every input bends along inputs that it knows little of. (Precisions of
/// inputs found from the data are the automatic relevance determination of MacKay 1992 and Neal 1996.)
///
/// The same bits come out for any number of threads.
#[derive(Debug)]
pub struct LeastSquares {
    config: LeastSquaresConfig,
    map: NeuralMap<f64>,
    parts: Vec<Part>,
    step: u64,
    history: Vec<LeastSquaresRecord>,
    pairs_sha256: String,
    validation: Option<Vec<Rows>>,
}

/// A sub-network's problem.
#[derive(Debug)]
struct Part {
    rows: Rows,
    width: usize,
    parameters: Vec<f64>,
    state: Marquardt,
    /// The normal equations at the parameters; none before they are computed.
    equations: Option<Equations>,
}

/// What a sub-network's next step depends on, beside its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marquardt {
    /// μ, in units of the largest diagonal entry of DJᵀJD; 0 before the first step.
    damping: f64,
    /// The units of the weights of each input: those of the first layer, then the own state's; and of those of
    /// the increment.
    units: Vec<f64>,
    /// Σ r²; 0 before the first step.
    squares: f64,
}

/// How often a step is tried with a larger damping before it is left out.
const TRIES: usize = 12;

/// The smallest and the largest damping, in units of the largest diagonal entry.
const DAMPINGS: (f64, f64) = (1e-18, 1e6);

impl LeastSquares {
    /// A fit before its first step, from random parameters.
    ///
    /// # Errors
    /// [`Error::BadConfig`] and others for settings out of range, [`Error::BadLength`] if the pairs do not
    /// fit the map.
    pub fn new(config: LeastSquaresConfig, train: &Pairs, validation: Option<&Pairs>) -> Result<Self, Error> {
        config.check()?;
        let spec = config.network;
        for pairs in [Some(train), validation].into_iter().flatten() {
            fits(spec, pairs)?;
        }
        let (state, control) = (config.state.clone(), config.control.clone());
        let map = NeuralMap::random(spec, state, control, config.dt, config.gain, config.seed)?;
        let rows = |pairs: &Pairs| {
            let (x, y) = pairs.normal::<f64>(&config.state, &config.control);
            (0..spec.states).map(|i| Rows::of(spec, i, &x, &y)).collect::<Vec<_>>()
        };
        let mut fit = Self {
            parts: rows(train).into_iter().enumerate().map(|(i, rows)| Part::new(&map, i, rows)).collect(),
            validation: validation.map(rows),
            pairs_sha256: hash(train, validation),
            step: 0,
            history: Vec::new(),
            map,
            config,
        };
        fit.publish();
        Ok(fit)
    }

    /// The map takes the parameters of the sub-networks.
    fn publish(&mut self) {
        for (i, part) in self.parts.iter().enumerate() {
            let range = self.config.network.range(i);
            self.map.parameters_mut()[range].copy_from_slice(&part.parameters);
        }
    }

    /// The map as it is now.
    pub fn map(&self) -> &NeuralMap<f64> {
        &self.map
    }

    /// The mean squared error over the pairs at the parameters last judged.
    fn mean_square(&self) -> f64 {
        let rows: usize = self.parts.iter().map(|p| p.rows.len()).sum();
        self.parts.iter().map(|p| p.state.squares).sum::<f64>() / rows as f64
    }

    /// The mean squared error over the validation pairs now, in normal units; `None` without them.
    pub fn validate(&self) -> Option<f64> {
        let validation = self.validation.as_ref()?;
        let sums = self.parts.par_iter().zip(validation);
        let sums: Vec<f64> =
            sums.map(|(p, rows)| squares(Level::widest(), p.width, &p.parameters, rows)).collect();
        Some(sums.iter().sum::<f64>() / validation.iter().map(Rows::len).sum::<usize>() as f64)
    }
}

impl Training for LeastSquares {
    type Config = LeastSquaresConfig;
    type Network = NeuralMap<f64>;
    type Loss = f64;
    type Record = LeastSquaresRecord;

    fn config(&self) -> &LeastSquaresConfig {
        &self.config
    }

    /// Steps that were done.
    fn iteration(&self) -> u64 {
        self.step
    }

    fn history(&self) -> &[LeastSquaresRecord] {
        &self.history
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        file::save(self, path)
    }

    /// One step of every sub-network. Returns the squared error before it, in normal units, averaged over pairs and
    /// states. A sub-network that no damping brings down stays where it is.
    fn step(&mut self) -> Result<(f64, Option<LeastSquaresRecord>), Error> {
        let (step, config) = (self.step, &self.config);
        if config.scouting > 0 && step == config.scouting {
            let (state, control) = (config.state.clone(), config.control.clone());
            let first = NeuralMap::<f64>::random(
                config.network,
                state,
                control,
                config.dt,
                config.gain,
                config.seed,
            )?;
            for (i, part) in self.parts.iter_mut().enumerate() {
                part.begin_again(&first.parameters()[config.network.range(i)], config);
            }
        }
        self.parts.par_iter_mut().for_each(|part| part.state.squares = part.equations().squares);
        if let Some(part) = self.parts.iter().find(|part| !part.state.squares.is_finite()) {
            return Err(Error::not_finite(step + 1, "the sum of squared errors", part.state.squares));
        }
        let loss = self.mean_square();
        self.parts.par_iter_mut().for_each(|part| part.step(config.damping));
        self.step += 1;
        self.publish();
        if !self.step.is_multiple_of(self.config.validate_every) {
            return Ok((loss, None));
        }
        let record = LeastSquaresRecord {
            step: self.step,
            train: self.mean_square(),
            validation: self.validate().unwrap_or(f64::NAN),
            damping: self.parts.iter().map(|p| p.state.damping).fold(0.0, f64::max),
        };
        self.history.push(record);
        Ok((loss, Some(record)))
    }
}

/// Which of a sub-network's units a row of its parameters has, if any: rows are those of the first layer, β, a
/// (the own state's), α, b, γ.
fn unit(row: usize, inputs: usize) -> Option<usize> {
    let beta = inputs - 1;
    match row {
        row if row < beta => Some(row),
        row if row == beta + 1 => Some(beta),
        row if row > beta + 2 => Some(inputs),
        _ => None,
    }
}

impl Part {
    /// Sub-network `i` of a map with random parameters: all inputs have the same unit.
    fn new(map: &NeuralMap<f64>, i: usize, rows: Rows) -> Self {
        let spec = map.spec();
        let mut units = vec![1.0; spec.inputs() + 1];
        let mean_square = rows.increments.iter().map(|y| y * y).sum::<f64>() / rows.len() as f64;
        // Where nothing moves there is no unit either.
        if mean_square > 0.0 {
            units[spec.inputs()] = mean_square.sqrt();
        }
        let mut part = Self {
            rows,
            width: spec.width,
            parameters: Vec::new(),
            state: Marquardt { damping: 0.0, units: Vec::new(), squares: 0.0 },
            equations: None,
        };
        part.begin(&map.parameters()[spec.range(i)], units);
        part
    }

    /// Begins at `first` parameters, each in its unit.
    fn begin(&mut self, first: &[f64], units: Vec<f64>) {
        let scaled = first.iter().enumerate().map(|(k, w)| w * of(&units, self.width, k));
        self.parameters = scaled.collect();
        self.state = Marquardt { damping: 0.0, units, squares: 0.0 };
        self.equations = None;
    }

    /// Begins again at `first` parameters, in the units that the inputs proved worth.
    fn begin_again(&mut self, first: &[f64], config: &LeastSquaresConfig) {
        let slopes = slopes(Level::widest(), self.width, &self.parameters, &self.rows);
        let largest = slopes.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let unit = |slope: &f64| (slope / largest).sqrt().powf(config.sharpness).max(config.least_unit);
        let mut units: Vec<f64> = slopes.iter().map(unit).collect();
        units.extend(self.state.units.last());
        self.begin(first, units);
    }

    /// The normal equations at the parameters.
    fn equations(&mut self) -> &Equations {
        let Self { rows, width, parameters, equations: known, .. } = self;
        known.get_or_insert_with(|| equations(Level::widest(), *width, parameters, rows))
    }

    /// One step.
    fn step(&mut self, first_damping: f64) {
        let level = Level::widest();
        self.equations();
        let Self { rows, width, parameters, state, equations: known } = self;
        let Some(now) = &*known else { return };
        let weights: Vec<f64> = (0..parameters.len()).map(|k| of(&state.units, *width, k).powi(-2)).collect();
        let diagonal = weights.iter().enumerate().map(|(k, w)| now.products[k * (k + 3) / 2] / w);
        let largest = diagonal.fold(0.0, f64::max);
        let mut damping = if state.damping > 0.0 { state.damping } else { first_damping };
        let mut growth = 2.0;
        for _ in 0..TRIES {
            let mu = damping * largest;
            let tried = Cholesky::new(&now.products, |k| mu * weights[k]).and_then(|factors| {
                let mut change = factors.solve(&now.gradient);
                change.iter_mut().for_each(|x| *x = -*x);
                let moved: Vec<f64> = parameters.iter().zip(&change).map(|(w, x)| w + x).collect();
                let squares = squares(level, *width, &moved, rows);
                // What the quadratic model gains: δᵀ(μDδ − g).
                let terms = change.iter().zip(&now.gradient).zip(&weights);
                let expected: f64 = terms.map(|((x, g), w)| x * (mu * w * x - g)).sum();
                (squares < now.squares).then(|| (moved, squares, (now.squares - squares) / expected))
            });
            if let Some((moved, squares, ratio)) = tried {
                (*parameters, state.squares) = (moved, squares);
                *known = None;
                let factor = (1.0 - (2.0 * ratio - 1.0).powi(3)).max(1.0 / 3.0);
                state.damping = (damping * factor).clamp(DAMPINGS.0, DAMPINGS.1);
                return;
            }
            damping = (damping * growth).min(DAMPINGS.1);
            growth *= 2.0;
        }
        state.damping = damping;
    }
}

/// The unit of parameter `k`.
fn of(units: &[f64], width: usize, k: usize) -> f64 {
    unit(k / width, units.len() - 1).map_or(1.0, |i| units[i])
}
