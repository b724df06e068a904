//! The fixed point and its eigenvalues, of the ODE and of maps (K-FP, K-EIG, and the window of K-BIST).

use ode_solvers::dynamics::{
    Change, ContinuationSettings, Crossing, DynamicsError, Eigenvalue, MapFamily, Newton,
    continue_equilibrium, eigenvalues, exponents, fixed_point_of_map,
};
use serde::{Deserialize, Serialize};
use surrogates::NeuralMap;

use super::config::Variant;
use super::model::{RANGE, SCALES, branch, failed, rest, values};
use crate::Error;

/// An equilibrium at one value of the control parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rest {
    /// The control parameter.
    pub v_s: f64,
    /// V, n, S.
    pub state: [f64; 3],
    /// Growth rates as (real, imaginary) in 1/s, by falling real part.
    pub rates: [(f64, f64); 3],
}

/// A change of stability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hopf {
    /// The control parameter.
    pub v_s: f64,
    /// The imaginary part of what crosses, 1/s; 0 for a real growth rate.
    pub omega: f64,
    /// Growing directions before and after.
    pub unstable: (usize, usize),
}

/// The fixed points of one system or map over the range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Equilibria {
    /// One entry for each value of the grid; none where Newton's method found no fixed point.
    pub rests: Vec<Option<Rest>>,
    /// The ends of the stretch around V_S = −36 on which the fixed point is stable: bistable system only.
    pub window: Option<(Hopf, Hopf)>,
}

/// The ODE's.
pub(crate) fn of_ode(variant: Variant, count: usize) -> Result<Equilibria, Error> {
    let branch = branch(variant)?;
    let rests = values(RANGE, count)
        .into_iter()
        .map(|v_s| {
            let point = rest(variant, &branch, v_s)?;
            let rates = eigenvalues(&point.jacobian, 3).map_err(failed("the ODE's eigenvalues"))?;
            Ok(Some(entry(v_s, &point.state, &rates)))
        })
        .collect::<Result<_, Error>>()?;
    Ok(Equilibria { rests, window: window(&branch.crossings) })
}

/// A map's. Newton's method begins at the ODE's fixed point.
pub(crate) fn of_map(map: &NeuralMap<f64>, ode: &Equilibria) -> Result<Equilibria, Error> {
    let at = |v_s: f64| map.at(&[v_s]).map_err(|_| wrong_map());
    let mut rests = Vec::new();
    for truth in ode.rests.iter().flatten() {
        let here = at(truth.v_s).map_err(failed("the map"))?;
        rests.push(match fixed_point_of_map(&here, &truth.state, &Newton::default()) {
            Ok(point) => {
                let multipliers = eigenvalues(&point.jacobian, 3).map_err(failed("the map's eigenvalues"))?;
                Some(entry(truth.v_s, &point.state, &exponents(&multipliers, map.dt())))
            }
            Err(_) => None,
        });
    }
    // A map that has learned little may have folds and further branches: nothing is known of it then.
    let window = match ode.rests.iter().flatten().find(|r| (r.v_s + 36.0).abs() < 0.26) {
        Some(middle) if ode.window.is_some() => {
            let family = MapFamily::new(3, map.dt(), at);
            let settings = ContinuationSettings::over((-38.5, -34.0), SCALES);
            let found = continue_equilibrium(&family, -36.0, &middle.state, &settings);
            found.ok().and_then(|b| window(&b.crossings))
        }
        _ => None,
    };
    Ok(Equilibria { rests, window })
}

fn wrong_map() -> DynamicsError {
    DynamicsError::Setting { name: "control parameters", value: 1.0, rule: "the map has another number" }
}

fn entry(v_s: f64, state: &[f64], rates: &[Eigenvalue]) -> Rest {
    let state = std::array::from_fn(|i| state[i]);
    Rest { v_s, state, rates: std::array::from_fn(|i| (rates[i].re, rates[i].im)) }
}

/// The nearest changes on both sides of V_S = −36, if the stretch between them is stable.
fn window(crossings: &[Crossing]) -> Option<(Hopf, Hopf)> {
    let left = crossings.iter().rfind(|c| c.at.p < -36.0)?;
    let right = crossings.iter().find(|c| c.at.p > -36.0)?;
    let hopf = |c: &Crossing| Hopf {
        v_s: c.at.p,
        omega: match c.change {
            Change::Pair { omega } => omega,
            Change::Real => 0.0,
        },
        unstable: c.unstable,
    };
    (left.unstable.1 == 0 && right.unstable.0 == 0).then(|| (hopf(left), hopf(right)))
}

impl Equilibria {
    /// The Euclidean distance to the ODE's fixed point at each value of the grid (Fig. 10); none where
    /// there is no fixed point.
    pub fn distances(&self, ode: &Equilibria) -> Vec<(f64, Option<f64>)> {
        let pairs = self.rests.iter().zip(ode.rests.iter().flatten());
        pairs
            .map(|(map, ode)| {
                let distance =
                    |map: &Rest| (0..3).map(|i| (map.state[i] - ode.state[i]).powi(2)).sum::<f64>().sqrt();
                (ode.v_s, map.as_ref().map(distance))
            })
            .collect()
    }
}
