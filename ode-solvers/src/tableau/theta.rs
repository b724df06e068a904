//! θ-methods, implicit in one stage:
//!
//! ```text
//! M (y₁ − y)/h = θ f(t₁, y₁) + (1−θ) f(t, y)
//! ```

/// The coefficients of a θ-method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThetaTableau {
    /// What people call it.
    pub name: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// The order of convergence.
    pub order: u32,
    /// The order of convergence between the end points.
    pub dense_order: u32,
    /// θ: the weight of the slope at the end.
    pub theta: f64,
}

/// Backward Euler: L-stable.
pub const BACKWARD_EULER: ThetaTableau = ThetaTableau {
    name: "backward Euler",
    citation: "C. F. Curtiss & J. O. Hirschfelder, Integration of stiff equations, Proc. Natl. Acad. Sci. 38 \
               (1952) 235–243, doi:10.1073/pnas.38.3.235",
    order: 1,
    dense_order: 1,
    theta: 1.0,
};

/// The trapezoid, of Crank and Nicolson: A-stable, and the most accurate such method of order 2. What
/// is very stiff it does not damp.
pub const TRAPEZOID: ThetaTableau = ThetaTableau {
    name: "trapezoid",
    citation: "G. G. Dahlquist, A special stability problem for linear multistep methods, BIT 3 (1963) 27–43, \
               doi:10.1007/BF01963532",
    order: 2,
    dense_order: 2,
    theta: 0.5,
};
