//! The explicit methods that a neural ODE is trained through.

use ode_solvers::tableau::{self, ExplicitTableau};
use serde::{Deserialize, Serialize};

/// An explicit Runge–Kutta method with a fixed step, by the coefficients of `ode_solvers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OdeMethod {
    /// Explicit Euler, order 1.
    Euler,
    /// Heun's method, order 2: what PI-NODE-SR is trained with.
    #[default]
    Heun,
    /// The classical method of order 4.
    Rk4,
    /// Tsitouras's method of order 5.
    Tsit5,
}

impl OdeMethod {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Euler, Self::Heun, Self::Rk4, Self::Tsit5];

    /// The coefficients.
    pub fn tableau(self) -> &'static ExplicitTableau {
        match self {
            Self::Euler => &tableau::EXPLICIT_EULER,
            Self::Heun => &tableau::HEUN,
            Self::Rk4 => &tableau::RUNGE_KUTTA_4,
            Self::Tsit5 => &tableau::TSIT5.tableau,
        }
    }

    /// The name as settings spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Euler => "euler",
            Self::Heun => "heun",
            Self::Rk4 => "rk4",
            Self::Tsit5 => "tsit5",
        }
    }
}

/// The stages that a step of fixed length needs: without a last one that only the next step would use.
#[derive(Debug, Clone)]
pub(super) struct Stages {
    pub(super) a: Vec<&'static [f64]>,
    pub(super) b: &'static [f64],
    pub(super) c: &'static [f64],
}

impl Stages {
    pub(super) fn of(method: OdeMethod) -> Self {
        let t = method.tableau();
        let used = |i: usize| t.b[i] != 0.0 || t.a[i + 1..].iter().any(|row| row[i] != 0.0);
        let count = (0..t.stages()).rev().find(|&i| used(i)).map_or(0, |last| last + 1);
        Self { a: t.a[..count].to_vec(), b: &t.b[..count], c: &t.c[..count] }
    }

    pub(super) fn len(&self) -> usize {
        self.b.len()
    }
}
