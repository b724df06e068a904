//! The physics term: how far the network's rates are from those of the equations.

use std::sync::Arc;

use super::window::moments;
use super::{NeuralOde, OdeSpec, ResidualScale, Window};
use crate::fused::{Fused, Level};
use crate::ops::Rows;
use crate::{Error, VectorField};

/// The equations with the scales of their residuals, and work space.
pub(super) struct Physics {
    field: Arc<dyn VectorField>,
    /// 1/sⱼ².
    weights: Vec<f64>,
    times: Vec<f64>,
    /// The equations' rates, and their Jacobians, at the states last looked at.
    rates: Vec<f64>,
    jacobians: Vec<f64>,
}

/// The equations' rates at every observation.
fn observed_rates(field: &dyn VectorField, window: &Window) -> Vec<f64> {
    let (n, rows) = (window.states(), window.rows());
    let times: Vec<f64> = (0..rows).map(|i| window.time(i)).collect();
    let (mut rates, mut jacobians) = (vec![0.0; rows * n], vec![0.0; rows * n * n]);
    field.evaluate_rows(&times, window.values(), &mut rates, &mut jacobians);
    rates
}

impl ResidualScale {
    /// sⱼ for each state, from equations and observations.
    ///
    /// # Errors
    /// [`Error::BadConfig`] where a scale is not a positive number: a rate that never changes.
    pub fn of(self, field: &dyn VectorField, window: &Window) -> Result<Vec<f64>, Error> {
        let n = window.states();
        let rates = observed_rates(field, window);
        let column = |j: usize| rates[j..].iter().step_by(n).copied();
        let scales: Vec<f64> = match self {
            Self::Unit => vec![1.0; n],
            Self::Deviation => moments(&rates, n).into_iter().map(|m| m.1).collect(),
            Self::StateDeviation => window.moments().into_iter().map(|m| m.1).collect(),
            Self::Largest => (0..n).map(|j| column(j).fold(0.0, |m, x| f64::max(m, x.abs()))).collect(),
            Self::Quartiles => (0..n)
                .map(|j| {
                    let mut sorted: Vec<f64> = column(j).collect();
                    sorted.sort_by(f64::total_cmp);
                    quantile(&sorted, 0.75) - quantile(&sorted, 0.25)
                })
                .collect(),
        };
        match scales.iter().position(|s| !(s.is_finite() && *s > 0.0)) {
            None => Ok(scales),
            Some(j) => {
                let name = format!("physics.scale of state {j}");
                Err(Error::config(&name, scales[j], "it must be positive: choose another scale"))
            }
        }
    }
}

/// A quantile of sorted numbers, linear between two of them.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let low = at as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

impl Physics {
    pub(super) fn new(
        field: Arc<dyn VectorField>,
        scale: ResidualScale,
        window: &Window,
    ) -> Result<Self, Error> {
        let scales = scale.of(&*field, window)?;
        let weights = scales.iter().map(|s| s.powi(-2)).collect();
        Ok(Self { field, weights, times: Vec::new(), rates: Vec::new(), jacobians: Vec::new() })
    }

    /// Adds to the gradients by `states` and by the network's `slopes` there what the term has, times
    /// `weight`; returns the sum over rows and states of (r/s)². `times` gives each row's time.
    pub(super) fn along(
        &mut self,
        times: impl Iterator<Item = f64>,
        (states, slopes): (&[f64], &[f64]),
        weight: f64,
        (by_state, by_slope): (&mut [f64], &mut [f64]),
    ) -> f64 {
        let n = self.weights.len();
        let rows = slopes.len() / n;
        self.times.clear();
        self.times.extend(times.take(rows));
        self.rates.resize(rows * n, 0.0);
        self.jacobians.resize(rows * n * n, 0.0);
        self.field.evaluate_rows(&self.times, &states[..rows * n], &mut self.rates, &mut self.jacobians);
        let mut sum = 0.0;
        for i in 0..rows {
            let at = i * n..(i + 1) * n;
            let jacobian = &self.jacobians[i * n * n..][..n * n];
            let (by_state, by_slope) = (&mut by_state[at.clone()], &mut by_slope[at.clone()]);
            let rows = slopes[at.clone()].iter().zip(&self.rates[at]).zip(&self.weights);
            for (j, ((slope, rate), w)) in rows.enumerate() {
                let r = slope - rate;
                sum += r * r * w;
                let g = 2.0 * weight * r * w;
                by_slope[j] += g;
                for (k, by) in by_state.iter_mut().enumerate() {
                    *by -= g * jacobian[j + k * n];
                }
            }
        }
        sum
    }
}

/// The term at the observations: the network's rates there, all at once.
pub(super) struct AtObservations {
    net: Fused,
    rows: usize,
    /// The equations' rates, row by row.
    rates: Vec<f64>,
    /// 1/sⱼ².
    weights: Vec<f64>,
    /// Scale and mean of the network's rates.
    units: Vec<(f64, f64)>,
    gradient: Vec<f32>,
}

impl AtObservations {
    /// For networks without layer normalisation.
    pub(super) fn new(
        field: &dyn VectorField,
        scale: ResidualScale,
        window: &Window,
        network: &NeuralOde,
    ) -> Result<Self, Error> {
        let spec: &OdeSpec = network.spec();
        let rows = window.rows();
        let mut net = Fused::new(Level::widest(), spec.mlp(), Rows { values: rows, tangents: 0 });
        for i in 0..rows {
            let mut x: Vec<f32> = window.row(i).iter().map(|x| *x as f32).collect();
            if spec.has_time() {
                x.push(window.time(i) as f32);
            }
            network.input_normalization().apply(&mut x);
            net.set_input(i, &x);
        }
        let rate = network.rate_normalization();
        let units = rate.scale().iter().zip(rate.mean()).map(|(s, m)| (f64::from(*s), f64::from(*m)));
        Ok(Self {
            net,
            rows,
            rates: observed_rates(field, window),
            weights: scale.of(field, window)?.iter().map(|s| s.powi(-2)).collect(),
            units: units.collect(),
            gradient: vec![0.0; spec.parameters()],
        })
    }

    /// The sum over rows and states of (r/s)²; adds `weight` times its gradient.
    pub(super) fn learn(&mut self, parameters: &[f32], weight: f64, gradient: &mut [f32]) -> f64 {
        let n = self.units.len();
        let (mut y, mut sum) = (vec![0.0f32; n], 0.0);
        self.net.forward(parameters);
        for i in 0..self.rows {
            self.net.output(i, &mut y);
            for (j, y) in y.iter_mut().enumerate() {
                let (scale, mean) = self.units[j];
                let r = f64::from(*y) * scale + mean - self.rates[i * n + j];
                sum += r * r * self.weights[j];
                *y = (2.0 * weight * r * self.weights[j] * scale) as f32;
            }
            self.net.set_gradient(i, &y);
        }
        self.net.backward(parameters, &mut self.gradient);
        for (g, own) in gradient.iter_mut().zip(&self.gradient) {
            *g += own;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_numbers() {
        let x = [0.0, 1.0, 2.0, 10.0];
        assert_eq!((quantile(&x, 0.25), quantile(&x, 0.75), quantile(&x, 1.0)), (0.75, 4.0, 10.0));
    }
}
