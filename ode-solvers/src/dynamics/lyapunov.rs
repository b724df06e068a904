//! Lyapunov exponents.

use super::{DynamicsError, Map};

/// How exponents are computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LyapunovSettings {
    /// How many of them, the largest first.
    pub count: usize,
    /// Applications before the average begins; the directions turn towards theirs already.
    pub transient: usize,
    /// Applications that are averaged over.
    pub steps: usize,
    /// Every so many applications the directions are made orthogonal.
    pub every: usize,
}

/// The largest Lyapunov exponents of a map, per unit of its time, along the trajectory from `start`:
/// Benettin's method with modified Gram–Schmidt (Benettin, Galgani, Giorgilli, Strelcyn, Meccanica 15:9,
/// 1980, doi:10.1007/BF02128236).
///
/// # Errors
/// [`DynamicsError::Setting`] for a count of 0 or more than the states, or no steps;
/// [`DynamicsError::NotFinite`] where the trajectory leaves the finite numbers, or the directions do
/// between two orthogonalisations: lower `every`.
pub fn lyapunov_spectrum(
    map: &(impl Map + ?Sized),
    start: &[f64],
    settings: &LyapunovSettings,
) -> Result<Vec<f64>, DynamicsError> {
    let (n, count) = (map.dim(), settings.count);
    DynamicsError::length("the start", start.len(), n)?;
    let setting = |name, value: usize, rule| Err(DynamicsError::Setting { name, value: value as f64, rule });
    if count == 0 || count > n {
        return setting("count", count, "it must be from 1 to the number of states");
    }
    if settings.steps == 0 || settings.every == 0 {
        return setting("steps or every", 0, "both must be at least 1");
    }
    let (mut u, mut v, mut j) = (start.to_vec(), vec![0.0; n], vec![0.0; n * n]);
    let mut q = vec![0.0; n * count];
    let mut z = q.clone();
    for k in 0..count {
        q[k * n + k] = 1.0;
    }
    let mut sums = vec![0.0; count];
    let all = settings.transient + settings.steps;
    for step in 1..=all {
        map.linearize(&u, &mut v, &mut j)?;
        DynamicsError::finite("the trajectory or its Jacobian", &[&v[..], &j[..]].concat(), || {
            format!("after {step} applications")
        })?;
        std::mem::swap(&mut u, &mut v);
        for (q, z) in q.chunks_exact(n).zip(z.chunks_exact_mut(n)) {
            z.fill(0.0);
            for (q, column) in q.iter().zip(j.chunks_exact(n)) {
                for (z, j) in z.iter_mut().zip(column) {
                    *z += j * q;
                }
            }
        }
        std::mem::swap(&mut q, &mut z);
        // What grows in the transient must not be counted.
        if step % settings.every == 0 || step == settings.transient || step == all {
            let counted = step > settings.transient;
            orthogonalise(&mut q, n, |k, length| {
                if counted {
                    sums[k] += length.ln();
                }
            });
            DynamicsError::finite("a direction", &q, || format!("after {step} applications"))?;
        }
    }
    let time = settings.steps as f64 * map.dt();
    Ok(sums.iter().map(|s| s / time).collect())
}

/// Makes vectors of `n` numbers orthogonal and of length 1, and reports their lengths before that. A
/// vector that vanishes becomes some unit vector: the map has squeezed that direction away.
fn orthogonalise(q: &mut [f64], n: usize, mut length_of: impl FnMut(usize, f64)) {
    for k in 0..q.len() / n {
        let (before, rest) = q.split_at_mut(k * n);
        let own = &mut rest[..n];
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let remove = |own: &mut [f64]| {
            for other in before.chunks_exact(n) {
                let part: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
                own.iter_mut().zip(other).for_each(|(a, b)| *a -= part * b);
            }
        };
        remove(own);
        let length = norm(own);
        length_of(k, length);
        let mut axis = 0;
        let mut scale = length;
        while scale == 0.0 && axis < n {
            own.fill(0.0);
            own[axis] = 1.0;
            remove(own);
            scale = norm(own);
            axis += 1;
        }
        own.iter_mut().for_each(|x| *x /= scale);
    }
}

/// The Kaplan–Yorke dimension of exponents by falling size: how many of them sum to zero, the last one in
/// part. `None` if even all of them sum to more than zero.
pub fn kaplan_yorke_dimension(exponents: &[f64]) -> Option<f64> {
    let mut sum = 0.0;
    for (k, exponent) in exponents.iter().enumerate() {
        if sum + exponent < 0.0 {
            return Some(k as f64 + sum / exponent.abs());
        }
        sum += exponent;
    }
    None
}
