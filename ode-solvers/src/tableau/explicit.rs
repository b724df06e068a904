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
    /// A polynomial of the same form, over the stages and some more that are computed where it is
    /// asked for.
    ExtraStages {
        /// Its order.
        order: u32,
        /// The times of the further stages, as fractions of the step.
        c: &'static [f64],
        /// Their rows: weights of all stages before.
        a: &'static [&'static [f64]],
        /// Row `i` holds the coefficients of θ, θ², … of stage `i`, the further stages last.
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
            Interpolant::Weights { order, .. } | Interpolant::ExtraStages { order, .. } => order,
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
    /// A further estimate, of lower order, if the method has one.
    pub second: Option<SecondEstimate>,
}

/// A second error estimate `e₃` that makes the first, `e₅`, less pessimistic (Hairer, Nørsett &
/// Wanner, Solving Ordinary Differential Equations I, sec. II.10): the error is
/// `e₅² / √(e₅² + 0.01 e₃²)`. Theirs are norms; here it is done for each state, and in each lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SecondEstimate {
    /// The order of the result that it compares with.
    pub order: u32,
    /// The weights of the stages.
    pub error: &'static [f64],
}

impl ExplicitPair {
    /// The order of the error estimate: it shrinks as `dt` to the power of this plus one.
    pub const fn error_order(&self) -> u32 {
        match self.second {
            Some(second) => 2 * self.embedded_order - second.order,
            None if self.embedded_order < self.tableau.order => self.embedded_order,
            None => self.tableau.order,
        }
    }
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

/// The explicit midpoint method.
pub const MIDPOINT: ExplicitTableau = ExplicitTableau {
    name: "midpoint",
    citation: "C. Runge, Über die numerische Auflösung von Differentialgleichungen, Math. Ann. 46 (1895) \
               167–178, doi:10.1007/BF01446807",
    order: 2,
    c: &[0.0, 0.5],
    a: &[&[], &[0.5]],
    b: &[0.0, 1.0],
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

/// Bogacki–Shampine 3(2).
pub const BOGACKI_SHAMPINE_32: ExplicitPair = ExplicitPair {
    tableau: ExplicitTableau {
        name: "Bogacki–Shampine 3(2)",
        citation: "P. Bogacki & L. F. Shampine, A 3(2) pair of Runge–Kutta formulas, Appl. Math. Lett. 2 \
                   (1989) 321–325, doi:10.1016/0893-9659(89)90079-7",
        order: 3,
        c: &[0.0, 0.5, 0.75, 1.0],
        a: &[&[], &[0.5], &[0.0, 0.75], &[2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0]],
        b: &[2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0, 0.0],
        interpolant: Interpolant::Hermite,
    },
    embedded_order: 2,
    error: &[-5.0 / 72.0, 1.0 / 12.0, 1.0 / 9.0, -1.0 / 8.0],
    second: None,
};

/// Dormand–Prince 5(4).
pub const DORMAND_PRINCE_54: ExplicitPair = ExplicitPair {
    tableau: ExplicitTableau {
        name: "Dormand–Prince 5(4)",
        citation: "J. R. Dormand & P. J. Prince, A family of embedded Runge–Kutta formulae, \
                   J. Comput. Appl. Math. 6 (1980) 19–26, doi:10.1016/0771-050X(80)90013-3",
        order: 5,
        c: &[0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0],
        a: &[
            &[],
            &[0.2],
            &[3.0 / 40.0, 9.0 / 40.0],
            &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
            &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
            &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
            &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
        ],
        b: &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0, 0.0],
        // Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I, 2nd ed., sec. II.6,
        // multiplied out.
        interpolant: Interpolant::Weights {
            order: 4,
            w: &[
                &[1.0, -2.8535800653862835, 3.0717434641059005, -1.1270175653862835],
                &[],
                &[0.0, 4.023133379230305, -6.249321565289, 2.675424484351598],
                &[0.0, -3.7324019615885042, 10.068970589843675, -5.685526961588504],
                &[0.0, 2.5548038301849423, -6.399112377351017, 3.5219323679207912],
                &[0.0, -1.3744241142186024, 3.272657752246729, -1.7672812570757455],
                &[0.0, 1.3824689317781436, -3.764937863556287, 2.382468931778144],
            ],
        },
    },
    embedded_order: 4,
    error: &[
        71.0 / 57600.0,
        0.0,
        -71.0 / 16695.0,
        71.0 / 1920.0,
        -17253.0 / 339200.0,
        22.0 / 525.0,
        -1.0 / 40.0,
    ],
    second: None,
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
    second: None,
};
