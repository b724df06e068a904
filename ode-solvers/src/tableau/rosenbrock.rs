//! Rosenbrock methods in the form without matrix-vector products (Hairer & Wanner, Solving Ordinary
//! Differential Equations II, 2nd ed., sec. IV.7, eq. 7.25):
//!
//! ```text
//! (1/(hγ) − J) uᵢ = f(t + cᵢ h, y + Σ aᵢⱼ uⱼ) + h dᵢ ∂f/∂t + Σ (Cᵢⱼ/h) uⱼ
//! y₁ = y + Σ bᵢ uᵢ,   error = Σ eᵢ uᵢ
//! y(θ) = (1−θ) y + θ (y₁ + (1−θ)(k₁ + θ (k₂ + θ k₃))),   kᵣ = Σ Hᵣᵢ uᵢ
//! ```

/// The coefficients of a Rosenbrock method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RosenbrockTableau {
    /// What people call it.
    pub name: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// The order of convergence.
    pub order: u32,
    /// The order of the embedded result.
    pub embedded_order: u32,
    /// The order of convergence between the end points.
    pub dense_order: u32,
    /// γ: the matrix of all stages is `1/(hγ) − J`.
    pub gamma: f64,
    /// The times of the stages, as fractions of the step.
    pub c: &'static [f64],
    /// The weight of ∂f/∂t in each stage.
    pub d: &'static [f64],
    /// Row `i` holds the weights `aᵢⱼ` of the `i` stages before stage `i`.
    pub a: &'static [&'static [f64]],
    /// Row `i` holds the weights `Cᵢⱼ` of the `i` stages before stage `i`.
    pub c_matrix: &'static [&'static [f64]],
    /// The weights of the stages in the result.
    pub b: &'static [f64],
    /// The weights of the stages in the error.
    pub error: &'static [f64],
    /// Whether the error also takes in the residual of the interpolant at the middle of the step:
    /// one more evaluation.
    pub residual: bool,
    /// Rows of `H`; with no rows the interpolant is the cubic through states and slopes at both
    /// ends.
    pub h: &'static [&'static [f64]],
}

impl RosenbrockTableau {
    /// The number of stages.
    pub const fn stages(&self) -> usize {
        self.b.len()
    }
}
