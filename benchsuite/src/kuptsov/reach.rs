//! How many random starts reach the stable fixed point (K-PFXP, Fig. 5c).

use ode_solvers::dynamics::{Arrival, Map, share_arriving};
use serde::{Deserialize, Serialize};

use super::config::Grid;
use super::model::{failed, values};
use crate::Error;

/// Where V_S is looked at: the stable window lies inside.
const OVER: (f64, f64) = (-37.25, -34.75);

/// The cube of the starts: V in mV, n, S (section 2).
const CUBE: [(f64, f64); 3] = [(-70.0, -10.0), (0.0, 0.12), (0.17, 0.2)];

/// V_S and the share of the starts that arrive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// One entry for each value of V_S.
    pub shares: Vec<(f64, f64)>,
}

impl Reach {
    /// The mean share over the values inside a window.
    pub fn mean(&self, (low, high): (f64, f64)) -> f64 {
        let inside: Vec<f64> =
            self.shares.iter().filter(|(v, _)| low < *v && *v < high).map(|(_, share)| *share).collect();
        if inside.is_empty() { f64::NAN } else { inside.iter().sum::<f64>() / inside.len() as f64 }
    }
}

/// The values of V_S.
pub(crate) fn grid(grid: &Grid) -> Vec<f64> {
    values(OVER, grid.reach)
}

/// The starts at the `k`-th value: the same for the ODE and for every map.
pub(crate) fn starts(seed: u64, k: usize, count: usize) -> Vec<Vec<f64>> {
    // SplitMix64 (Steele, Lea, Flood 2014): the numbers decide nothing but where trajectories begin.
    let mut state = seed ^ (k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut unit = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(|_| CUBE.iter().map(|(low, high)| low + (high - low) * unit()).collect()).collect()
}

/// The share of the starts that arrive at `target` and stay within 2 mV for longer than the longest burst
/// lasts.
pub(crate) fn share(
    map: &dyn Map,
    target: &[f64; 3],
    starts: &[Vec<f64>],
    patience: f64,
) -> Result<f64, Error> {
    const QUIET: f64 = 12.0;
    let steps = |seconds: f64| (seconds / map.dt()).round() as usize;
    let arrival = Arrival {
        target: target.to_vec(),
        within: vec![2.0, f64::INFINITY, f64::INFINITY],
        steps: steps(patience),
        quiet: steps(QUIET.min(patience)),
    };
    let arrived = share_arriving(map, starts, &arrival).map_err(failed("random starts"))?;
    Ok(arrived as f64 / starts.len().max(1) as f64)
}
