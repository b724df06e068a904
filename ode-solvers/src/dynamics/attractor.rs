//! Attractors over a parameter.

use super::{DynamicsError, Map};

/// `steps` applications from `u`, which becomes the state after them; `observe` sees the state after
/// each.
///
/// # Errors
/// Where the map cannot be computed, and [`DynamicsError::NotFinite`] at the application that leaves the
/// finite numbers.
pub fn iterate(
    map: &(impl Map + ?Sized),
    u: &mut Vec<f64>,
    steps: usize,
    mut observe: impl FnMut(usize, &[f64]),
) -> Result<(), DynamicsError> {
    DynamicsError::length("the start", u.len(), map.dim())?;
    let mut next = vec![0.0; u.len()];
    for step in 0..steps {
        map.apply(u, &mut next)?;
        DynamicsError::finite("the state", &next, || format!("after {} applications", step + 1))?;
        std::mem::swap(u, &mut next);
        observe(step, u);
    }
    Ok(())
}

/// How attractors are followed over a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowSettings {
    /// Applications that are dropped at each parameter.
    pub transient: usize,
    /// Observations that are recorded.
    pub window: usize,
    /// Applications from one observation to the next.
    pub every: usize,
    /// Whether twice as many are made, of which the window is taken that is nearest to the one at the
    /// parameter before: neighbours in a diagram are then in phase.
    pub aligned: bool,
}

/// What was recorded at a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The parameter.
    pub p: f64,
    /// The observations of the window.
    pub values: Vec<f64>,
    /// The state after all applications.
    pub end: Vec<f64>,
}

/// The attractor at each of the parameters, in their order, each found from the end of the one before
/// (inheritance), the first from `start`: the columns of a bifurcation diagram. `observe` makes one number
/// of a state.
///
/// # Errors
/// Where a map cannot be made or computed, or leaves the finite numbers.
pub fn follow<M: Map>(
    family: impl Fn(f64) -> Result<M, DynamicsError>,
    parameters: &[f64],
    start: &[f64],
    settings: &FollowSettings,
    observe: impl Fn(&[f64]) -> f64,
) -> Result<Vec<Observed>, DynamicsError> {
    let mut u = start.to_vec();
    let mut found: Vec<Observed> = Vec::with_capacity(parameters.len());
    let every = settings.every;
    if every == 0 {
        let rule = "it must be at least 1";
        return Err(DynamicsError::Setting { name: "every", value: 0.0, rule });
    }
    for &p in parameters {
        let map = family(p)?;
        iterate(&map, &mut u, settings.transient, |_, _| ())?;
        let count = settings.window * if settings.aligned { 2 } else { 1 };
        let mut values = Vec::with_capacity(count);
        iterate(&map, &mut u, count * every, |step, u| {
            if (step + 1) % every == 0 {
                values.push(observe(u));
            }
        })?;
        if settings.aligned {
            let from = found.last().map_or(0, |before| align(&values, &before.values));
            values.drain(..from);
            values.truncate(settings.window);
        }
        found.push(Observed { p, values, end: u.clone() });
    }
    Ok(found)
}

/// Where in `values` the part begins that is nearest to `pattern`, by Euclidean distance; the first of
/// several. 0 if `values` is not longer than `pattern`.
pub fn align(values: &[f64], pattern: &[f64]) -> usize {
    let mut best = (f64::INFINITY, 0);
    for (from, part) in values.windows(pattern.len().max(1)).enumerate() {
        let mut distance = 0.0;
        for (a, b) in part.chunks(64).zip(pattern.chunks(64)) {
            distance += a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            if distance >= best.0 {
                break;
            }
        }
        if distance < best.0 {
            best = (distance, from);
        }
    }
    best.1
}
