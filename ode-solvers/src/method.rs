//! The methods by name.

use core::fmt;
use core::str::FromStr;

#[cfg(feature = "diffsol")]
use crate::diffsol_methods::Scheme;
use crate::generalized_rush_larsen;
use crate::rush_larsen;
use crate::tableau::{self, ExplicitPair, ExplicitTableau, RosenbrockTableau, ThetaTableau};

/// A method of integration.
///
/// Where in doubt: [`Rodas5P`](Method::Rodas5P) for models of cells, which are stiff, and
/// [`Tsit5`](Method::Tsit5) for systems that are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Explicit Euler, order 1. Fixed steps only.
    ExplicitEuler,
    /// Heun's method, the explicit trapezoid, order 2. Fixed steps only.
    Heun,
    /// The explicit midpoint method, order 2. Fixed steps only.
    Midpoint,
    /// The classical Runge–Kutta method, order 4. Fixed steps only.
    RungeKutta4,
    /// Bogacki–Shampine 3(2).
    BogackiShampine32,
    /// Dormand–Prince 5(4), with dense output of order 4.
    DormandPrince54,
    /// Tsitouras 5(4), with dense output of order 4. The first choice where the system isn't stiff.
    Tsit5,
    /// DOP853, order 8, with dense output of order 7. For systems that aren't stiff, at tight
    /// tolerances.
    Dop853,
    /// Rush & Larsen's method, order 1: exact for gates while the membrane potential stands still.
    /// Fixed steps only.
    RushLarsen1,
    /// Rush–Larsen steps of order 2, by a half step. Fixed steps only.
    RushLarsen2,
    /// Generalized Rush–Larsen, order 1: exponential in every state, by the diagonal of the Jacobian.
    /// Fixed steps only.
    GeneralizedRushLarsen1,
    /// Generalized Rush–Larsen, order 2. Fixed steps only.
    GeneralizedRushLarsen2,
    /// Backward Euler, order 1, implicit: the most robust. For stiff systems.
    BackwardEuler,
    /// The trapezoid, order 2, implicit: Crank–Nicolson. For systems that are stiff and not very.
    Trapezoid,
    /// Rosenbrock23, order 2, the method of `ode23s`. For stiff systems and loose tolerances.
    Rosenbrock23,
    /// ROS3P, a Rosenbrock method of order 3. Blind to the error of linear equations.
    Ros3P,
    /// Rodas3P, a Rosenbrock method of order 3, stiffly accurate.
    Rodas3P,
    /// Rodas4, the Rosenbrock method of order 4 of Hairer & Wanner's RODAS.
    Rodas4,
    /// Rodas4P, a Rosenbrock method of order 4 for problems of Prothero–Robinson type.
    Rodas4P,
    /// Rodas5, a Rosenbrock method of order 5.
    Rodas5,
    /// Rodas5P, a Rosenbrock method of order 5 with dense output of order 4. The first choice for
    /// stiff systems: most models of cells.
    Rodas5P,
    /// Rodas5Pe: Rodas5P with a less cautious error estimate.
    Rodas5Pe,
    /// Rodas5Pr: Rodas5P with an error estimate that also controls what lies between the steps.
    Rodas5Pr,
    /// Backward differentiation formulas of variable order, 1 to 5, of the package diffsol.
    /// Adaptive steps only.
    #[cfg(feature = "diffsol")]
    DiffsolBdf,
    /// TR-BDF2 of the package diffsol, order 2, stiffly accurate. Adaptive steps only.
    #[cfg(feature = "diffsol")]
    DiffsolTrBdf2,
    /// ESDIRK34 of the package diffsol, order 3, stiffly accurate. Adaptive steps only.
    #[cfg(feature = "diffsol")]
    DiffsolEsdirk34,
    /// Tsitouras 5(4) of the package diffsol. Adaptive steps only.
    #[cfg(feature = "diffsol")]
    DiffsolTsit45,
}

/// What a method is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Explicit(&'static ExplicitTableau),
    Pair(&'static ExplicitPair),
    RushLarsen(u32),
    GeneralizedRushLarsen(u32),
    Theta(&'static ThetaTableau),
    Rosenbrock(&'static RosenbrockTableau),
    #[cfg(feature = "diffsol")]
    Diffsol(Scheme),
}

impl Method {
    /// The methods of the package diffsol, which run behind the same front door to be compared
    /// with ours. Needs the feature `diffsol`; without it there are none.
    #[cfg(feature = "diffsol")]
    pub const DIFFSOL: &'static [Self] =
        &[Self::DiffsolBdf, Self::DiffsolTrBdf2, Self::DiffsolEsdirk34, Self::DiffsolTsit45];
    /// The methods of the package diffsol: none, since the feature `diffsol` is off.
    #[cfg(not(feature = "diffsol"))]
    pub const DIFFSOL: &'static [Self] = &[];

    /// All methods of this crate.
    pub const ALL: &'static [Self] = &[
        Self::ExplicitEuler,
        Self::Heun,
        Self::Midpoint,
        Self::RungeKutta4,
        Self::BogackiShampine32,
        Self::DormandPrince54,
        Self::Tsit5,
        Self::Dop853,
        Self::RushLarsen1,
        Self::RushLarsen2,
        Self::GeneralizedRushLarsen1,
        Self::GeneralizedRushLarsen2,
        Self::BackwardEuler,
        Self::Trapezoid,
        Self::Rosenbrock23,
        Self::Ros3P,
        Self::Rodas3P,
        Self::Rodas4,
        Self::Rodas4P,
        Self::Rodas5,
        Self::Rodas5P,
        Self::Rodas5Pe,
        Self::Rodas5Pr,
    ];

    /// The short name that [`FromStr`] reads, such as `euler`, `rk4`, `tsit5`, `rodas5p`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExplicitEuler => "euler",
            Self::Heun => "heun",
            Self::Midpoint => "midpoint",
            Self::RungeKutta4 => "rk4",
            Self::BogackiShampine32 => "bs3",
            Self::DormandPrince54 => "dp5",
            Self::Tsit5 => "tsit5",
            Self::Dop853 => "dop853",
            Self::RushLarsen1 => "rl1",
            Self::RushLarsen2 => "rl2",
            Self::GeneralizedRushLarsen1 => "grl1",
            Self::GeneralizedRushLarsen2 => "grl2",
            Self::BackwardEuler => "backward_euler",
            Self::Trapezoid => "trapezoid",
            Self::Rosenbrock23 => "rosenbrock23",
            Self::Ros3P => "ros3p",
            Self::Rodas3P => "rodas3p",
            Self::Rodas4 => "rodas4",
            Self::Rodas4P => "rodas4p",
            Self::Rodas5 => "rodas5",
            Self::Rodas5P => "rodas5p",
            Self::Rodas5Pe => "rodas5pe",
            Self::Rodas5Pr => "rodas5pr",
            #[cfg(feature = "diffsol")]
            Self::DiffsolBdf => "diffsol_bdf",
            #[cfg(feature = "diffsol")]
            Self::DiffsolTrBdf2 => "diffsol_tr_bdf2",
            #[cfg(feature = "diffsol")]
            Self::DiffsolEsdirk34 => "diffsol_esdirk34",
            #[cfg(feature = "diffsol")]
            Self::DiffsolTsit45 => "diffsol_tsit45",
        }
    }

    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::ExplicitEuler => Kind::Explicit(&tableau::EXPLICIT_EULER),
            Self::Heun => Kind::Explicit(&tableau::HEUN),
            Self::Midpoint => Kind::Explicit(&tableau::MIDPOINT),
            Self::RungeKutta4 => Kind::Explicit(&tableau::RUNGE_KUTTA_4),
            Self::BogackiShampine32 => Kind::Pair(&tableau::BOGACKI_SHAMPINE_32),
            Self::DormandPrince54 => Kind::Pair(&tableau::DORMAND_PRINCE_54),
            Self::Tsit5 => Kind::Pair(&tableau::TSIT5),
            Self::Dop853 => Kind::Pair(&tableau::DOP853),
            Self::RushLarsen1 => Kind::RushLarsen(1),
            Self::RushLarsen2 => Kind::RushLarsen(2),
            Self::GeneralizedRushLarsen1 => Kind::GeneralizedRushLarsen(1),
            Self::GeneralizedRushLarsen2 => Kind::GeneralizedRushLarsen(2),
            Self::BackwardEuler => Kind::Theta(&tableau::BACKWARD_EULER),
            Self::Trapezoid => Kind::Theta(&tableau::TRAPEZOID),
            Self::Rosenbrock23 => Kind::Rosenbrock(&tableau::ROSENBROCK_23),
            Self::Ros3P => Kind::Rosenbrock(&tableau::ROS3P),
            Self::Rodas3P => Kind::Rosenbrock(&tableau::RODAS3P),
            Self::Rodas4 => Kind::Rosenbrock(&tableau::RODAS4),
            Self::Rodas4P => Kind::Rosenbrock(&tableau::RODAS4P),
            Self::Rodas5 => Kind::Rosenbrock(&tableau::RODAS5),
            Self::Rodas5P => Kind::Rosenbrock(&tableau::RODAS5P),
            Self::Rodas5Pe => Kind::Rosenbrock(&tableau::RODAS5PE),
            Self::Rodas5Pr => Kind::Rosenbrock(&tableau::RODAS5PR),
            #[cfg(feature = "diffsol")]
            Self::DiffsolBdf => Kind::Diffsol(Scheme::Bdf),
            #[cfg(feature = "diffsol")]
            Self::DiffsolTrBdf2 => Kind::Diffsol(Scheme::TrBdf2),
            #[cfg(feature = "diffsol")]
            Self::DiffsolEsdirk34 => Kind::Diffsol(Scheme::Esdirk34),
            #[cfg(feature = "diffsol")]
            Self::DiffsolTsit45 => Kind::Diffsol(Scheme::Tsit45),
        }
    }

    /// The order of convergence; of methods of variable order the highest.
    pub const fn order(self) -> u32 {
        match self.kind() {
            Kind::Explicit(tableau) => tableau.order,
            Kind::Pair(pair) => pair.tableau.order,
            Kind::RushLarsen(order) | Kind::GeneralizedRushLarsen(order) => order,
            Kind::Theta(tableau) => tableau.order,
            Kind::Rosenbrock(tableau) => tableau.order,
            #[cfg(feature = "diffsol")]
            Kind::Diffsol(scheme) => scheme.order(),
        }
    }

    /// The order of convergence between the steps.
    pub const fn dense_order(self) -> u32 {
        match self.kind() {
            Kind::Explicit(tableau) => tableau.dense_order(),
            Kind::Pair(pair) => pair.tableau.dense_order(),
            Kind::RushLarsen(order) | Kind::GeneralizedRushLarsen(order) => order,
            Kind::Theta(tableau) => tableau.dense_order,
            Kind::Rosenbrock(tableau) => tableau.dense_order,
            #[cfg(feature = "diffsol")]
            Kind::Diffsol(scheme) => scheme.dense_order(),
        }
    }

    /// Whether the method is meant for stiff systems of any kind.
    pub const fn is_stiff(self) -> bool {
        match self.kind() {
            Kind::Rosenbrock(_) | Kind::Theta(_) => true,
            Kind::Explicit(_) | Kind::Pair(_) | Kind::RushLarsen(_) | Kind::GeneralizedRushLarsen(_) => false,
            #[cfg(feature = "diffsol")]
            Kind::Diffsol(scheme) => scheme.is_stiff(),
        }
    }

    /// Whether the method estimates its error and can choose its step size.
    pub const fn is_adaptive(self) -> bool {
        !matches!(self.kind(), Kind::Explicit(_) | Kind::RushLarsen(_) | Kind::GeneralizedRushLarsen(_))
    }

    /// Where the method was published.
    pub const fn citation(self) -> &'static str {
        match self.kind() {
            Kind::Explicit(tableau) => tableau.citation,
            Kind::Pair(pair) => pair.tableau.citation,
            Kind::RushLarsen(order) => rush_larsen::citation(order),
            Kind::GeneralizedRushLarsen(_) => generalized_rush_larsen::CITATION,
            Kind::Theta(tableau) => tableau.citation,
            Kind::Rosenbrock(tableau) => tableau.citation,
            #[cfg(feature = "diffsol")]
            Kind::Diffsol(scheme) => scheme.citation(),
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
    Method::ALL.iter().chain(Method::DIFFSOL).map(|m| m.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Method {
    type Err = UnknownMethod;

    /// Reads the short name, in upper or lower case.
    fn from_str(s: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .iter()
            .chain(Self::DIFFSOL)
            .copied()
            .find(|m| m.name().eq_ignore_ascii_case(s.trim()))
            .ok_or_else(|| UnknownMethod { name: s.to_owned() })
    }
}
