//! Eigenvalues, and the growth rates that belong to a map's multipliers.

use faer::MatRef;

use super::DynamicsError;

/// An eigenvalue, re + i·im.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eigenvalue {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

impl Eigenvalue {
    /// The absolute value.
    pub fn abs(self) -> f64 {
        self.re.hypot(self.im)
    }
}

/// The eigenvalues of an n×n matrix given column by column (faer's QR iteration), by falling real
/// part; of a complex pair the one with the positive imaginary part comes first.
///
/// # Errors
/// [`DynamicsError::WrongLength`] if there are not n² numbers, [`DynamicsError::NotFinite`] if one is
/// NaN or infinite, [`DynamicsError::Eigenvalues`] if the iteration does not converge.
pub fn eigenvalues(matrix: &[f64], n: usize) -> Result<Vec<Eigenvalue>, DynamicsError> {
    DynamicsError::length("entries of the matrix", matrix.len(), n * n)?;
    DynamicsError::finite("an entry of the matrix", matrix, || "in the eigenvalue problem".to_owned())?;
    let found = MatRef::from_column_major_slice(matrix, n, n)
        .eigenvalues()
        .map_err(|_| DynamicsError::Eigenvalues { size: n })?;
    let mut all: Vec<_> = found.into_iter().map(|z| Eigenvalue { re: z.re, im: z.im }).collect();
    all.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    Ok(all)
}

/// The growth rates μ = ln(ρ)/Δt of a map's multipliers ρ (the eigenvalues of its Jacobian), by falling
/// real part, which is falling |ρ|.
///
/// The logarithm is the principal one: imaginary parts lie in (−π/Δt, π/Δt]. A flow that turns faster
/// than half a turn in Δt is seen turning slower, and a multiplier that is negative and real gives
/// π/Δt. A multiplier 0 gives −∞.
pub fn exponents(multipliers: &[Eigenvalue], dt: f64) -> Vec<Eigenvalue> {
    let mut all: Vec<_> =
        multipliers.iter().map(|z| Eigenvalue { re: z.abs().ln() / dt, im: z.im.atan2(z.re) / dt }).collect();
    all.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    all
}
