//! Bifurcation diagrams over V_S (K-BIF, K-BIST).

use ode_solvers::dynamics::{DynamicsError, FollowSettings, Map, Observed, follow};
use serde::{Deserialize, Serialize};

use super::model::{RANGE, failed, values};
use super::series::START;
use crate::Error;

/// Seconds that a column shows (section 2).
const WINDOW: f64 = 15.0;
/// Seconds from one number of a column to the next.
pub(crate) const EVERY: f64 = 0.1;

/// Columns of V over time, in phase with each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagram {
    /// V_S and V of each column, by rising V_S. V in mV, rounded to 0.1.
    pub columns: Vec<(f64, Vec<f32>)>,
}

impl Diagram {
    /// The stretches of V_S on which V stands still: (first, last) column of each.
    pub fn silent(&self) -> Vec<(f64, f64)> {
        let still = |v: &[f32]| {
            let (low, high) =
                v.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
            high - low < 2.0
        };
        let mut found: Vec<(f64, f64)> = Vec::new();
        let mut before = false;
        for (v_s, v) in &self.columns {
            let now = still(v);
            match found.last_mut() {
                Some(stretch) if now && before => stretch.1 = *v_s,
                _ if now => found.push((*v_s, *v_s)),
                _ => {}
            }
            before = now;
        }
        found
    }
}

/// A diagram from left to right (Fig. 3).
pub(crate) fn rising<M: Map>(
    family: impl Fn(f64) -> Result<M, DynamicsError>,
    columns: usize,
    transient: f64,
) -> Result<Diagram, Error> {
    let found = branch(&family, &values(RANGE, columns), &START, transient)?;
    Ok(Diagram { columns: found.into_iter().map(rounded).collect() })
}

/// A diagram that begins at V_S = −36 with `start` and goes to the left, then to the right (Figs 5, 9).
pub(crate) fn both_ways<M: Map>(
    family: impl Fn(f64) -> Result<M, DynamicsError>,
    columns: usize,
    transient: f64,
    start: &[f64; 3],
) -> Result<Diagram, Error> {
    let all = values(RANGE, columns);
    let (left, right): (Vec<f64>, Vec<f64>) = all.into_iter().partition(|v| *v <= -36.0);
    let left: Vec<f64> = left.into_iter().rev().collect();
    let mut found = branch(&family, &left, start, transient)?;
    found.reverse();
    found.extend(branch(&family, &right, start, transient)?);
    Ok(Diagram { columns: found.into_iter().map(rounded).collect() })
}

fn branch<M: Map>(
    family: &impl Fn(f64) -> Result<M, DynamicsError>,
    parameters: &[f64],
    start: &[f64; 3],
    transient: f64,
) -> Result<Vec<Observed>, Error> {
    let failed = failed("a bifurcation diagram");
    let Some(first) = parameters.first() else { return Ok(Vec::new()) };
    let dt = family(*first).map_err(&failed)?.dt();
    let settings = FollowSettings {
        transient: (transient / dt).round() as usize,
        window: (WINDOW / EVERY).round() as usize,
        every: ((EVERY / dt).round() as usize).max(1),
        aligned: true,
    };
    follow(family, parameters, start, &settings, |u| u[0]).map_err(&failed)
}

fn rounded(column: Observed) -> (f64, Vec<f32>) {
    (column.p, column.values.iter().map(|v| (v * 10.0).round() as f32 / 10.0).collect())
}
