//! Numbers of many members from those of a few.

use faer::Mat;
use faer::prelude::SolveLstsq as _;

/// The weight of a row that keeps a property's weight small: far below that of a member of the sample.
const RIDGE: f64 = 1e-3;

/// Estimates a number of every member of an ensemble from some that were measured, as a linear function
/// of the members' properties (least squares): for [`Ensemble::similarity`](crate::Ensemble::similarity)
/// where the number itself costs as much as a solve.
///
/// `properties` holds a column for each property, with a value for each member; `measured` members and
/// their numbers. Properties that do not vary, or that the sample does not determine, count little or
/// nothing. Without a finite number all estimates are 0.
///
/// ```
/// use ode_solvers::estimate_from_sample;
///
/// let x: Vec<f64> = (0..100).map(f64::from).collect();
/// let estimates = estimate_from_sample(&[x], &[(0, 1.0), (40, 21.0), (99, 50.5)]);
/// assert!((estimates[60] - 31.0).abs() < 1e-4);
/// ```
///
/// # Panics
/// If columns differ in length, or a measured member is not in them.
pub fn estimate_from_sample(properties: &[Vec<f64>], measured: &[(usize, f64)]) -> Vec<f64> {
    let members = properties.first().map_or(0, Vec::len);
    assert!(properties.iter().all(|c| c.len() == members), "a value of each property for each member");
    let measured: Vec<_> = measured.iter().copied().filter(|(_, y)| y.is_finite()).collect();
    let columns: Vec<Vec<f64>> = properties.iter().filter_map(|c| standardised(c)).collect();
    let mean = measured.iter().map(|(_, y)| y).sum::<f64>() / measured.len().max(1) as f64;
    let (rows, width) = (measured.len(), columns.len());
    if rows == 0 || width == 0 {
        return vec![mean; members];
    }
    // The last column is the constant. A row for each other weight keeps it small where the sample does
    // not determine it.
    let left = Mat::from_fn(rows + width, width + 1, |row, k| match measured.get(row) {
        Some((i, _)) => columns.get(k).map_or(1.0, |column| column[*i]),
        None if row - rows == k => RIDGE,
        None => 0.0,
    });
    let right = Mat::from_fn(rows + width, 1, |row, _| measured.get(row).map_or(0.0, |(_, y)| y - mean));
    let weights = left.qr().solve_lstsq(right);
    let estimate = |i: usize| {
        let varying = (0..width).map(|k| weights[(k, 0)] * columns[k][i]).sum::<f64>();
        mean + weights[(width, 0)] + varying
    };
    (0..members).map(estimate).collect()
}

/// With mean 0 and standard deviation 1; nothing if all values are the same, or not all are finite.
fn standardised(values: &[f64]) -> Option<Vec<f64>> {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let centred: Vec<f64> = values.iter().map(|x| x - mean).collect();
    let deviation = (centred.iter().map(|x| x * x).sum::<f64>() / count).sqrt();
    // Below that it is the mean's rounding.
    let varies = deviation > 1e-12 * mean.abs() && deviation.is_finite();
    varies.then(|| centred.into_iter().map(|x| x / deviation).collect())
}
