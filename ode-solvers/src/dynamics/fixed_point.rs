//! Fixed points by damped Newton.

use super::{DynamicsError, Map};
use crate::Linearize;
use crate::linear::Lu;

/// Settings of Newton's method. A correction is measured relative to the state: the largest of
/// |δᵢ|/(|uᵢ| + `typical`ᵢ).
#[derive(Debug, Clone, PartialEq)]
pub struct Newton {
    /// The method has converged when a correction is not larger than this.
    pub tolerance: f64,
    /// How many corrections are made at most.
    pub max_iterations: usize,
    /// What counts as a small change of each state; a single number counts for all.
    pub typical: Vec<f64>,
}

impl Default for Newton {
    /// 10⁻¹², 50 iterations, 10⁻³ for every state.
    fn default() -> Self {
        Self { tolerance: 1e-12, max_iterations: 50, typical: vec![1e-3] }
    }
}

impl Newton {
    pub(super) fn check(&self, n: usize) -> Result<(), DynamicsError> {
        DynamicsError::positive("tolerance", self.tolerance)?;
        if self.typical.len() != 1 {
            DynamicsError::length("typical", self.typical.len(), n)?;
        }
        self.typical.iter().try_for_each(|t| DynamicsError::positive("typical", *t))
    }

    /// The size of a correction.
    pub(super) fn size(&self, delta: &[f64], state: &[f64]) -> f64 {
        let typical = |i: usize| self.typical[if self.typical.len() == 1 { 0 } else { i }];
        let mut largest = 0.0;
        for (i, (d, u)) in delta.iter().zip(state).enumerate() {
            let size = d.abs() / (u.abs() + typical(i));
            // Not `max`: it would drop NaN.
            largest = if size <= largest { largest } else { size };
        }
        largest
    }
}

/// A fixed point.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedPoint {
    /// Where it lies.
    pub state: Vec<f64>,
    /// There, the Jacobian of the right-hand side or of the map, column by column.
    pub jacobian: Vec<f64>,
    /// How many corrections were made.
    pub iterations: usize,
}

/// The fixed point of an autonomous system that Newton's method finds from `guess`: f(u) = 0.
///
/// # Errors
/// [`DynamicsError::NoConvergence`], [`DynamicsError::Singular`] or [`DynamicsError::NotFinite`] if it
/// finds none.
pub fn fixed_point(
    system: &(impl Linearize + ?Sized),
    guess: &[f64],
    newton: &Newton,
) -> Result<FixedPoint, DynamicsError> {
    let n = system.dim();
    let mut jacobian = vec![0.0; n * n];
    let (state, iterations) = newton_iterate(n, guess, newton, |u, f, matrix| {
        system.rhs(0.0, u, f);
        system.jacobian(0.0, u, matrix);
        Ok(())
    })?;
    system.jacobian(0.0, &state, &mut jacobian);
    Ok(FixedPoint { state, jacobian, iterations })
}

/// The fixed point of a map that Newton's method finds from `guess`: F(u) = u.
///
/// # Errors
/// As [`fixed_point`], and where the map cannot be computed.
pub fn fixed_point_of_map(
    map: &(impl Map + ?Sized),
    guess: &[f64],
    newton: &Newton,
) -> Result<FixedPoint, DynamicsError> {
    let n = map.dim();
    let (state, iterations) = newton_iterate(n, guess, newton, |u, f, matrix| {
        map.linearize(u, f, matrix)?;
        for (i, (f, u)) in f.iter_mut().zip(u).enumerate() {
            *f -= u;
            matrix[i + i * n] -= 1.0;
        }
        Ok(())
    })?;
    let (mut next, mut jacobian) = (vec![0.0; n], vec![0.0; n * n]);
    map.linearize(&state, &mut next, &mut jacobian)?;
    Ok(FixedPoint { state, jacobian, iterations })
}

/// The zero of a residual whose value and Jacobian `evaluate` writes.
///
/// A step is damped until the next correction, with the same matrix, is shorter (the natural
/// monotonicity test of Deuflhard, Newton Methods for Nonlinear Problems, 2011, section 3.3): the test does
/// not depend on the units of the equations.
pub(super) fn newton_iterate(
    n: usize,
    guess: &[f64],
    newton: &Newton,
    mut evaluate: impl FnMut(&[f64], &mut [f64], &mut [f64]) -> Result<(), DynamicsError>,
) -> Result<(Vec<f64>, usize), DynamicsError> {
    newton.check(n)?;
    DynamicsError::length("the guess", guess.len(), n)?;
    DynamicsError::finite("the guess", guess, || "at the start".to_owned())?;
    let (mut f, mut j) = (vec![0.0; n], vec![0.0; n * n]);
    let (mut trial, mut trial_f, mut trial_j) = (vec![0.0; n], vec![0.0; n], vec![0.0; n * n]);
    let mut lu = Lu::new(n);
    let mut u = guess.to_vec();
    evaluate(&u, &mut f, &mut j)?;
    let mut correction = f64::INFINITY;
    for iteration in 1..=newton.max_iterations {
        let place = || format!("at {u:?}");
        DynamicsError::finite("the residual", &f, place)?;
        DynamicsError::finite("the Jacobian", &j, place)?;
        // (0 − J)·δ = f
        lu.factorise(0.0, &j).map_err(|_| DynamicsError::Singular { state: u.clone() })?;
        let mut delta = f.clone();
        lu.solve(&mut delta);
        correction = newton.size(&delta, &u);
        if correction <= newton.tolerance {
            for (u, d) in u.iter_mut().zip(&delta) {
                *u += d;
            }
            return Ok((u, iteration));
        }
        let mut damping = 1.0;
        loop {
            for ((t, u), d) in trial.iter_mut().zip(&u).zip(&delta) {
                *t = u + damping * d;
            }
            let computed = evaluate(&trial, &mut trial_f, &mut trial_j);
            let finite = computed.is_ok() && trial_f.iter().chain(&trial_j).all(|x| x.is_finite());
            if finite {
                let mut next = trial_f.clone();
                lu.solve(&mut next);
                // Rounding alone decides about corrections near the tolerance.
                let enough = newton.size(&next, &u) <= (1.0 - 0.25 * damping) * correction;
                if enough || correction < 1e3 * newton.tolerance {
                    break;
                }
            }
            damping *= 0.5;
            if damping < 1e-10 {
                computed?;
                return Err(DynamicsError::NoConvergence { iterations: iteration, correction, state: u });
            }
        }
        std::mem::swap(&mut u, &mut trial);
        std::mem::swap(&mut f, &mut trial_f);
        std::mem::swap(&mut j, &mut trial_j);
    }
    Err(DynamicsError::NoConvergence { iterations: newton.max_iterations, correction, state: u })
}
