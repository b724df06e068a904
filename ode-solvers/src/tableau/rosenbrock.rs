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

    /// Whether the last stage is evaluated at the result, which it does not change: its right-hand side is
    /// the slope at the start of the next step.
    pub(crate) fn is_fsal(&self) -> bool {
        let before = self.stages() - 1;
        let at_end = self.c[before] == 1.0 && self.b[before] == 0.0;
        before > 0 && at_end && self.a[before] == &self.b[..before]
    }

    /// Whether the method keeps its order with any matrix in the place of the Jacobian: a W-method
    /// (T. Steihaug & A. Wolfbrandt, An attempt to avoid exact Jacobian and nonlinear equations in the
    /// numerical solution of stiff differential equations, Math. Comp. 33 (1979) 521–534,
    /// doi:10.1090/S0025-5718-1979-0521273-8). Only then may a Jacobian serve several steps.
    ///
    /// In the usual coefficients order 2 asks for `Σ bᵢ = 1`, `Σ bᵢ αᵢⱼ = ½` and `Σ bᵢ γᵢⱼ = 0`: with the
    /// Jacobian itself the sum of the last two is enough. Only tables of order 2 are looked at: of the
    /// others here Rodas5P and its relatives fulfil these conditions, so that an old Jacobian would leave
    /// them with order 2, and the rest not even these.
    ///
    /// ```
    /// use ode_solvers::tableau::{RODAS5P, ROSENBROCK_23};
    ///
    /// assert!(ROSENBROCK_23.is_w_method());
    /// // Of order 2 with any matrix, of order 5 with the Jacobian.
    /// assert!(!RODAS5P.is_w_method());
    /// ```
    pub fn is_w_method(&self) -> bool {
        let close = |x: f64, y: f64| (x - y).abs() < 1e-13;
        let [sum, state, matrix] = self.second_order();
        self.order == 2 && close(sum, 1.0) && close(state, 0.5) && close(matrix, 0.0)
    }

    /// `Σ bᵢ`, `Σ bᵢ αᵢⱼ` and `Σ bᵢ γᵢⱼ` in the usual coefficients, where `u = Γ k`, `a = α Γ⁻¹` and
    /// `C = I/γ − Γ⁻¹`.
    fn second_order(&self) -> [f64; 3] {
        let stages = self.stages();
        let dot = |row: &[f64], x: &[f64]| -> f64 { row.iter().zip(x).map(|(r, x)| r * x).sum() };
        // Γ⁻¹ x = y, solved downwards.
        let solve = |y: &[f64]| {
            let mut x = vec![0.0; stages];
            for i in 0..stages {
                x[i] = (y[i] + dot(self.c_matrix[i], &x)) * self.gamma;
            }
            x
        };
        // Γ 1 and Γ Γ 1; α 1 = a Γ 1.
        let once = solve(&vec![1.0; stages]);
        let twice = solve(&once);
        let states: Vec<f64> = self.a.iter().map(|row| dot(row, &once)).collect();
        [dot(self.b, &once), dot(self.b, &solve(&states)), dot(self.b, &twice)]
    }
}
