//! Explicit Runge–Kutta methods: `kᵢ = f(t + cᵢ h, y + h Σ aᵢⱼ kⱼ)`, `y₁ = y + h Σ bᵢ kᵢ`.

/// The coefficients of an explicit Runge–Kutta method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExplicitTableau {
    /// What people call it.
    pub name: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// The order of convergence.
    pub order: u32,
    /// The times of the stages, as fractions of the step.
    pub c: &'static [f64],
    /// Row `i` holds the weights of the `i` stages before stage `i`.
    pub a: &'static [&'static [f64]],
    /// The weights of the stages in the result.
    pub b: &'static [f64],
    /// What goes between the end points.
    pub interpolant: Interpolant,
}

/// How a method interpolates within a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Interpolant {
    /// The cubic polynomial through the states and slopes at both ends: order 3, or the method's
    /// own where that is less.
    Hermite,
    /// The method's own polynomial, `y(θ) = y₀ + h Σᵢ bᵢ(θ) kᵢ` with `bᵢ(θ) = Σⱼ wᵢⱼ θ^(j+1)`.
    Weights {
        /// Its order.
        order: u32,
        /// Row `i` holds the coefficients of θ, θ², … of stage `i`.
        w: &'static [&'static [f64]],
    },
}

impl ExplicitTableau {
    /// The number of stages.
    pub const fn stages(&self) -> usize {
        self.b.len()
    }

    /// The order of convergence between the end points.
    pub const fn dense_order(&self) -> u32 {
        match self.interpolant {
            Interpolant::Hermite if self.order < 3 => self.order,
            Interpolant::Hermite => 3,
            Interpolant::Weights { order, .. } => order,
        }
    }

    /// Whether the last stage is the first one of the next step.
    pub fn is_fsal(&self) -> bool {
        match (self.a, self.b, self.c) {
            ([.., row], [first @ .., last], [.., end]) => {
                !row.is_empty() && *row == first && *last == 0.0 && *end == 1.0
            }
            _ => false,
        }
    }
}

/// A method with a second result from the same stages, which estimates the error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExplicitPair {
    /// The method.
    pub tableau: ExplicitTableau,
    /// The order of the second result.
    pub embedded_order: u32,
    /// The weights of the stages in the error: result minus second result.
    pub error: &'static [f64],
}

/// Explicit Euler.
pub const EXPLICIT_EULER: ExplicitTableau = ExplicitTableau {
    name: "explicit Euler",
    citation: "L. Euler, Institutionum calculi integralis, vol. 1, Petropoli 1768, sectio II, caput VII",
    order: 1,
    c: &[0.0],
    a: &[&[]],
    b: &[1.0],
    interpolant: Interpolant::Hermite,
};

/// Heun's method, the explicit trapezoid.
pub const HEUN: ExplicitTableau = ExplicitTableau {
    name: "Heun",
    citation: "K. Heun, Neue Methoden zur approximativen Integration der Differentialgleichungen \
               einer unabhängigen Veränderlichen, Z. Math. Phys. 45 (1900) 23–38",
    order: 2,
    c: &[0.0, 1.0],
    a: &[&[], &[1.0]],
    b: &[0.5, 0.5],
    interpolant: Interpolant::Hermite,
};

/// The classical Runge–Kutta method.
pub const RUNGE_KUTTA_4: ExplicitTableau = ExplicitTableau {
    name: "RK4",
    citation: "W. Kutta, Beitrag zur näherungsweisen Integration totaler Differentialgleichungen, \
               Z. Math. Phys. 46 (1901) 435–453",
    order: 4,
    c: &[0.0, 0.5, 0.5, 1.0],
    a: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    b: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    interpolant: Interpolant::Hermite,
};

/// Tsitouras 5(4).
pub const TSIT5: ExplicitPair = ExplicitPair {
    tableau: ExplicitTableau {
        name: "Tsit5",
        citation: "Ch. Tsitouras, Runge–Kutta pairs of order 5(4) satisfying only the first column \
                   simplifying assumption, Comput. Math. Appl. 62 (2011) 770–775, \
                   doi:10.1016/j.camwa.2011.06.002",
        order: 5,
        c: &[0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0],
        a: &[
            &[],
            &[0.161],
            &[-0.008480655492356989, 0.335480655492357],
            &[2.8971530571054935, -6.359448489975075, 4.3622954328695815],
            &[5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
            &[
                5.86145544294642,
                -12.92096931784711,
                8.159367898576159,
                -0.071584973281401,
                -0.028269050394068383,
            ],
            &[
                0.09646076681806523,
                0.01,
                0.4798896504144996,
                1.379008574103742,
                -3.290069515436081,
                2.324710524099774,
            ],
        ],
        b: &[
            0.09646076681806523,
            0.01,
            0.4798896504144996,
            1.379008574103742,
            -3.290069515436081,
            2.324710524099774,
            0.0,
        ],
        interpolant: Interpolant::Weights {
            order: 4,
            w: &[
                &[1.0, -2.763706197274826, 2.9132554618219126, -1.0530884977290216],
                &[0.0, 0.13169999999999998, -0.2234, 0.1017],
                &[0.0, 3.9302962368947516, -5.941033872131505, 2.490627285651253],
                &[0.0, -12.411077166933676, 30.33818863028232, -16.548102889244902],
                &[0.0, 37.50931341651104, -88.1789048947664, 47.37952196281928],
                &[0.0, -27.896526289197286, 65.09189467479366, -34.87065786149661],
                &[0.0, 1.5, -4.0, 2.5],
            ],
        },
    },
    embedded_order: 4,
    error: &[
        -0.001780011052225777,
        -0.0008164344596567469,
        0.007880878010261995,
        -0.1447110071732629,
        0.5823571654525552,
        -0.45808210592918697,
        0.015151515151515152,
    ],
};
