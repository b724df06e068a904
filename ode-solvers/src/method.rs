//! The methods by name.

use core::fmt;
use core::str::FromStr;

use crate::tableau::{self, ExplicitTableau};

/// A method of integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Explicit Euler, order 1. Fixed steps only.
    ExplicitEuler,
    /// Heun's method, the explicit trapezoid, order 2. Fixed steps only.
    Heun,
    /// The classical Runge–Kutta method, order 4. Fixed steps only.
    RungeKutta4,
    /// Tsitouras 5(4), with dense output of order 4. The first choice where the system isn't stiff.
    Tsit5,
    /// Rodas5P, a Rosenbrock method of order 5 with dense output of order 4. For stiff systems:
    /// most models of cells.
    Rodas5P,
}

impl Method {
    /// All methods.
    pub const ALL: &'static [Self] =
        &[Self::ExplicitEuler, Self::Heun, Self::RungeKutta4, Self::Tsit5, Self::Rodas5P];

    /// The short name that [`FromStr`] reads: `euler`, `heun`, `rk4`, `tsit5`, `rodas5p`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExplicitEuler => "euler",
            Self::Heun => "heun",
            Self::RungeKutta4 => "rk4",
            Self::Tsit5 => "tsit5",
            Self::Rodas5P => "rodas5p",
        }
    }

    /// The coefficients, if the method is an explicit Runge–Kutta method.
    pub(crate) const fn explicit(self) -> Option<&'static ExplicitTableau> {
        match self {
            Self::ExplicitEuler => Some(&tableau::EXPLICIT_EULER),
            Self::Heun => Some(&tableau::HEUN),
            Self::RungeKutta4 => Some(&tableau::RUNGE_KUTTA_4),
            Self::Tsit5 => Some(&tableau::TSIT5.tableau),
            Self::Rodas5P => None,
        }
    }

    /// The order of convergence.
    pub const fn order(self) -> u32 {
        match self.explicit() {
            Some(tableau) => tableau.order,
            None => tableau::RODAS5P.order,
        }
    }

    /// The order of convergence between the steps.
    pub const fn dense_order(self) -> u32 {
        match self.explicit() {
            Some(tableau) => tableau.dense_order(),
            None => tableau::RODAS5P.dense_order,
        }
    }

    /// Whether the method is meant for stiff systems.
    pub const fn is_stiff(self) -> bool {
        matches!(self, Self::Rodas5P)
    }

    /// Whether the method estimates its error and can choose its step size.
    pub const fn is_adaptive(self) -> bool {
        matches!(self, Self::Tsit5 | Self::Rodas5P)
    }

    /// Where the method was published.
    pub const fn citation(self) -> &'static str {
        match self.explicit() {
            Some(tableau) => tableau.citation,
            None => tableau::RODAS5P.citation,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no method has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no method is called `{name}`; there are {}", all_names())]
pub struct UnknownMethod {
    /// The name as given.
    pub name: String,
}

fn all_names() -> String {
    Method::ALL.iter().map(|m| m.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Method {
    type Err = UnknownMethod;

    /// Reads the short name, in upper or lower case.
    fn from_str(s: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .iter()
            .copied()
            .find(|m| m.name().eq_ignore_ascii_case(s.trim()))
            .ok_or_else(|| UnknownMethod { name: s.to_owned() })
    }
}
