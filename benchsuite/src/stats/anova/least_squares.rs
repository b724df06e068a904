//! Least squares by orthogonal directions, the longest remaining column first.

use crate::Error;

/// Columns, each with its name.
pub(super) type Columns = Vec<(String, Vec<f64>)>;

/// A least-squares fit: what is left, on how many degrees of freedom, and the coefficients.
pub(super) struct Fit {
    pub(super) rss: f64,
    pub(super) rank: usize,
    pub(super) coefficients: Vec<Option<f64>>,
}

/// What is left of a column of length 1, and counts as nothing.
const TOLERANCE: f64 = 1e-10;

/// Fits the response by the columns, the first of which is the mean.
///
/// # Errors
/// [`Error::Statistics`] for fewer rows than columns.
pub(super) fn least_squares(columns: &Columns, response: &[f64]) -> Result<Fit, Error> {
    let (n, k) = (response.len(), columns.len());
    if n < k {
        return Err(Error::Statistics(format!("{n} rows for {k} columns: too few to fit")));
    }
    // Columns of unit length: a neuron count and a contrast are of one size, and ranks are certain.
    let length = |x: &[f64]| dot(x, x).sqrt();
    let scales: Vec<f64> =
        columns.iter().map(|(_, x)| Some(length(x)).filter(|l| *l > 0.0).unwrap_or(1.0)).collect();
    let unit: Vec<Vec<f64>> =
        columns.iter().zip(&scales).map(|((_, x), s)| x.iter().map(|v| v / s).collect()).collect();
    // Orthogonal directions, the longest remaining column first. What was found is taken away twice, so
    // that directions are orthogonal to the last bit (Kahan: "twice is enough").
    let (mut rest, mut places, mut directions) = (unit.clone(), Vec::<usize>::new(), Vec::<Vec<f64>>::new());
    while places.len() < k {
        let free = (0..k).filter(|j| !places.contains(j));
        let Some(j) = free.max_by(|a, b| length(&rest[*a]).total_cmp(&length(&rest[*b]))) else { break };
        let mut q = rest[j].clone();
        take_away(&mut q, &directions);
        let l = length(&q);
        if l <= TOLERANCE {
            break;
        }
        q.iter_mut().for_each(|v| *v /= l);
        take_away(&mut q, &directions);
        for r in &mut rest {
            take_away(r, std::slice::from_ref(&q));
        }
        places.push(j);
        directions.push(q);
    }
    let rank = places.len();
    // Without its mean the response loses nothing, since the mean is in every model, and no digits.
    let mean = crate::stats::mean(response);
    let mut left: Vec<f64> = response.iter().map(|y| y - mean).collect();
    let mut along = take_away(&mut left, &directions);
    let more = take_away(&mut left, &directions);
    along.iter_mut().zip(more).for_each(|(a, b)| *a += b);
    // Back substitution: column places[j] is the sum of (direction m · column) directions, m up to j.
    let mut coefficients = vec![None; k];
    let mut solved = vec![0.0; rank];
    for j in (0..rank).rev() {
        let known: f64 = (j + 1..rank).map(|m| dot(&directions[j], &unit[places[m]]) * solved[m]).sum();
        solved[j] = (along[j] - known) / dot(&directions[j], &unit[places[j]]);
        coefficients[places[j]] = Some(solved[j] / scales[places[j]]);
    }
    if let Some(intercept) = coefficients[0].as_mut() {
        *intercept += mean;
    }
    // With columns that determine each other, single coefficients mean nothing.
    if rank < k {
        coefficients.fill(None);
    }
    Ok(Fit { rss: left.iter().map(|y| y * y).sum(), rank, coefficients })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Takes the parts along orthogonal directions out of a vector, one after the other, and returns them.
fn take_away(x: &mut [f64], directions: &[Vec<f64>]) -> Vec<f64> {
    let part = |q: &Vec<f64>| {
        let along = dot(q, x);
        x.iter_mut().zip(q).for_each(|(x, q)| *x -= along * q);
        along
    };
    directions.iter().map(part).collect()
}
