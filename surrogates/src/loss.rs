//! The terms of the loss, each with its gradient.

use crate::{Normalization, Real, VectorField};

/// The value of each term of the loss, unweighted, and their weighted sum (eq. numbers: Werneck 2024).
///
/// For N rows in a batch and outputs j, where the square of a vector is the sum over its components:
///
/// * data: 1/N · Σᵢ Σⱼ ½ (uⱼ − targetⱼ)² (eqs 3.5 and 3.7), or with
///   [`DataNorm::Euclidean`](crate::DataNorm::Euclidean) 1/N · Σᵢ √(Σⱼ (uⱼ − targetⱼ)²)
/// * physics: 1/N · Σᵢ Σⱼ ((duⱼ/dt − fⱼ)/cⱼ)² (eq. 3.13), in physical units; cⱼ = 1 unless set
/// * initial: 1/N · Σᵢ Σⱼ (uⱼ − u₀ⱼ)² (eq. 3.15)
/// * continuity: 1/N · Σᵢ Σⱼ (uⱼ − previousⱼ)² (eq. 3.20), counted with the initial condition
///
/// Data and initial terms are taken in the network's normal units: with the identity as output
/// normalisation these are physical units.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Losses {
    /// The data term, summed over the common and the extra data; 0 if there is none.
    pub data: f64,
    /// The physics term, summed over its regions; 0 if there is none.
    pub physics: f64,
    /// The initial-condition term and the continuity term; 0 if there is none.
    pub initial: f64,
    /// The weighted sum: λ·data over both sets + Σ λ_P·physics over the regions + λ_B·initial + λ of
    /// the continuity (eqs 3.8, 3.14, 3.16 and 3.20).
    pub total: f64,
}

impl Losses {
    /// The loss that a part of the batch counts for: its first two parts are data.
    pub(crate) fn of_part(&mut self, part: usize) -> &mut f64 {
        if part < 2 { &mut self.data } else { &mut self.initial }
    }
}

/// `factor`/N · Σ (y − target)² over N rows; adds `weight` times its gradient to `gradient`.
///
/// # Panics
/// If the lengths differ.
pub fn mean_square<E: Real>(
    y: &[E],
    target: &[E],
    rows: usize,
    factor: f64,
    weight: f64,
    gradient: &mut [E],
) -> f64 {
    assert!(y.len() == target.len() && y.len() == gradient.len(), "lengths differ");
    if rows == 0 {
        return 0.0;
    }
    let factor = factor / rows as f64;
    let slope = E::nearest(2.0 * factor * weight);
    let mut sum = 0.0;
    for ((&y, &t), g) in y.iter().zip(target).zip(gradient) {
        let d = y - t;
        sum += d.widen() * d.widen();
        *g += slope * d;
    }
    sum * factor
}

/// 1/N · Σ |y − target| over N rows, the length of each row's vector; adds `weight` times its gradient to
/// `gradient`. A row without error adds no gradient.
///
/// # Panics
/// If the lengths differ.
pub fn mean_length<E: Real>(y: &[E], target: &[E], rows: usize, weight: f64, gradient: &mut [E]) -> f64 {
    assert!(y.len() == target.len() && y.len() == gradient.len(), "lengths differ");
    if rows == 0 {
        return 0.0;
    }
    let width = y.len() / rows;
    let mut sum = 0.0;
    let each = y.chunks_exact(width).zip(target.chunks_exact(width)).zip(gradient.chunks_exact_mut(width));
    for ((y, t), g) in each {
        let square: f64 = y.iter().zip(t).map(|(y, t)| (y.widen() - t.widen()).powi(2)).sum();
        let root = square.sqrt();
        sum += root;
        if root > 0.0 {
            for ((y, t), g) in y.iter().zip(t).zip(g) {
                *g += E::nearest(weight / rows as f64 * (y.widen() - t.widen()) / root);
            }
        }
    }
    sum / rows as f64
}

/// The physics term: how far the network's du/dt is from the equations.
pub struct Residual<'a> {
    field: &'a dyn VectorField,
    output: &'a Normalization,
    scale: &'a [f64],
    work: ResidualWork,
}

impl<'a> Residual<'a> {
    /// `output` maps the network's outputs to states; `scale` divides each residual, and may be
    /// empty for 1.
    pub fn new(field: &'a dyn VectorField, output: &'a Normalization, scale: &'a [f64]) -> Self {
        Self { field, output, scale, work: ResidualWork::new(field.dim()) }
    }

    /// 1/N · Σ ((du/dt − f)/c)² over the rows. `x`: inputs in physical units; `y`: outputs in normal
    /// units; `dy`: their derivatives by physical time. Adds `weight` times the gradients by `y` and
    /// `dy` to `gy` and `gdy`.
    ///
    /// # Panics
    /// If the lengths contradict each other.
    pub fn evaluate<E: Real>(
        &mut self,
        x: &[f64],
        y: &[E],
        dy: &[E],
        weight: f64,
        gy: &mut [E],
        gdy: &mut [E],
    ) -> f64 {
        residual(self.field, (self.output, self.scale), &mut self.work, x, (y, dy), weight, (gy, gdy))
    }
}

/// Numbers of the rows of the physics term. They take memory at the first evaluation.
pub(crate) struct ResidualWork {
    u: Vec<f64>,
    f: Vec<f64>,
    jacobian: Vec<f64>,
    /// For one row, the derivatives of the term by duⱼ/dt.
    r: Vec<f64>,
    /// 1/c for each state.
    inverse: Vec<f64>,
}

impl ResidualWork {
    pub(crate) fn new(states: usize) -> Self {
        Self {
            u: Vec::new(),
            f: Vec::new(),
            r: vec![0.0; states],
            inverse: vec![1.0; states],
            jacobian: Vec::new(),
        }
    }

    fn fit(&mut self, rows: usize) {
        let n = self.r.len();
        self.u.resize(rows * n, 0.0);
        self.f.resize(rows * n, 0.0);
        self.jacobian.resize(rows * n * n, 0.0);
    }
}

/// [`Residual::evaluate`] on work space that is kept.
pub(crate) fn residual<E: Real>(
    field: &dyn VectorField,
    (output, residual_scale): (&Normalization, &[f64]),
    work: &mut ResidualWork,
    x: &[f64],
    (y, dy): (&[E], &[E]),
    weight: f64,
    (gy, gdy): (&mut [E], &mut [E]),
) -> f64 {
    let n = field.dim();
    let rows = y.len() / n.max(1);
    if rows == 0 {
        return 0.0;
    }
    assert!(
        y.len() == rows * n && dy.len() == y.len() && gy.len() == y.len() && gdy.len() == y.len(),
        "lengths differ"
    );
    work.fit(rows);
    for (j, inverse) in work.inverse.iter_mut().enumerate() {
        *inverse = residual_scale.get(j).map_or(1.0, |c| c.recip());
    }
    let outputs = (y, dy, gy, gdy);
    // The usual numbers of states with loops that the compiler unrolls.
    match n {
        2 => residual_of(2, field, output, work, x, weight, outputs),
        3 => residual_of(3, field, output, work, x, weight, outputs),
        4 => residual_of(4, field, output, work, x, weight, outputs),
        _ => residual_of(n, field, output, work, x, weight, outputs),
    }
}

/// [`residual`] for `n` states.
#[inline(always)]
fn residual_of<E: Real>(
    n: usize,
    field: &dyn VectorField,
    output: &Normalization,
    work: &mut ResidualWork,
    x: &[f64],
    weight: f64,
    (y, dy, gy, gdy): (&[E], &[E], &mut [E], &mut [E]),
) -> f64 {
    let rows = y.len() / n;
    let (mean, scale) = (&output.mean()[..n], &output.scale()[..n]);
    for (u, y) in work.u.chunks_exact_mut(n).zip(y.chunks_exact(n)) {
        for (((u, y), scale), mean) in u.iter_mut().zip(y).zip(scale).zip(mean) {
            *u = y.widen() * f64::from(*scale) + f64::from(*mean);
        }
    }
    field.evaluate_rows(x, &work.u, &mut work.f, &mut work.jacobian);
    let slope = 2.0 * weight / rows as f64;
    let (inverse, r) = (&work.inverse[..n], &mut work.r[..n]);
    let mut sum = 0.0;
    let each = work.f.chunks_exact(n).zip(work.jacobian.chunks_exact(n * n));
    let each = each.zip(dy.chunks_exact(n)).zip(gy.chunks_exact_mut(n).zip(gdy.chunks_exact_mut(n)));
    for (((f, jacobian), dy), (gy, gdy)) in each {
        for j in 0..n {
            let scale = f64::from(scale[j]);
            let error = (dy[j].widen() * scale - f[j]) * inverse[j];
            sum += error * error;
            r[j] = slope * error * inverse[j];
            gdy[j] += E::nearest(r[j] * scale);
        }
        for ((g, column), scale) in gy.iter_mut().zip(jacobian.chunks_exact(n)).zip(scale) {
            let jtr: f64 = column.iter().zip(&*r).map(|(j, r)| j * r).sum();
            *g -= E::nearest(jtr * f64::from(*scale));
        }
    }
    sum / rows as f64
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::mean_length;

    /// A 3-4-5 triangle and a row without error, by hand; the gradient by central differences.
    #[test]
    fn lengths_are_those_of_the_rows() {
        let (y, target) = ([4.0, 6.0, 7.0, 8.0], [1.0, 2.0, 7.0, 8.0]);
        let mut gradient = [0.5; 4];
        let value = mean_length(&y, &target, 2, 3.0, &mut gradient);
        assert_abs_diff_eq!(value, 2.5);
        for (g, expected) in gradient.iter().zip([1.4, 1.7, 0.5, 0.5]) {
            assert_abs_diff_eq!(*g, expected, epsilon = 1e-12);
        }
        for (k, expected) in [(0, 0.9), (1, 1.2)] {
            let at = |h: f64| {
                let mut y = y;
                y[k] += h;
                mean_length(&y, &target, 2, 3.0, &mut [0.0; 4])
            };
            let slope = 3.0 * (at(1e-5) - at(-1e-5)) / 2e-5;
            assert_abs_diff_eq!(expected, slope, epsilon = 1e-8);
        }
        assert_eq!(mean_length::<f64>(&[], &[], 0, 1.0, &mut []), 0.0);
    }
}
