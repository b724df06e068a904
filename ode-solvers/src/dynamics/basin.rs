//! How many of many starts arrive at a point.

use rayon::prelude::*;

use super::{DynamicsError, Map};

/// What counts as an arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// The point.
    pub target: Vec<f64>,
    /// How far each state may be from it; a single number counts for all.
    pub within: Vec<f64>,
    /// Applications in all.
    pub steps: usize,
    /// The last of them, during all of which the trajectory must be that near. More than the longest
    /// period of any oscillation that comes near.
    pub quiet: usize,
}

/// The number of starts whose trajectory is near the target at the end and stays there. Starts are
/// distributed over threads; the result does not depend on how many there are. A trajectory that leaves
/// the finite numbers does not arrive.
///
/// # Errors
/// [`DynamicsError::WrongLength`] for a list that does not fit, [`DynamicsError::Setting`] if `quiet` is
/// 0 or more than `steps`, and where the map cannot be computed.
pub fn share_arriving(
    map: &(impl Map + ?Sized),
    starts: &[Vec<f64>],
    arrival: &Arrival,
) -> Result<usize, DynamicsError> {
    let n = map.dim();
    DynamicsError::length("the target", arrival.target.len(), n)?;
    if arrival.within.len() != 1 {
        DynamicsError::length("within", arrival.within.len(), n)?;
    }
    if arrival.quiet == 0 || arrival.quiet > arrival.steps {
        let rule = "it must be from 1 to the number of steps";
        return Err(DynamicsError::Setting { name: "quiet", value: arrival.quiet as f64, rule });
    }
    starts.iter().try_for_each(|start| DynamicsError::length("a start", start.len(), n))?;
    let arrived = |start: &Vec<f64>| -> Result<usize, DynamicsError> {
        let near = |u: &[f64]| {
            u.iter().zip(&arrival.target).enumerate().all(|(i, (u, t))| {
                let within = arrival.within[if arrival.within.len() == 1 { 0 } else { i }];
                (u - t).abs() <= within
            })
        };
        let (mut u, mut next) = (start.clone(), vec![0.0; n]);
        for step in 0..arrival.steps {
            map.apply(&u, &mut next)?;
            std::mem::swap(&mut u, &mut next);
            if !u.iter().all(|x| x.is_finite()) || (step >= arrival.steps - arrival.quiet && !near(&u)) {
                return Ok(0);
            }
        }
        Ok(1)
    };
    let counts = starts.par_iter().map(arrived).collect::<Result<Vec<_>, _>>()?;
    Ok(counts.into_iter().sum())
}
