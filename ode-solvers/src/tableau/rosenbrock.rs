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

/// Rodas5P: 8 stages, stiffly accurate, keeps order 3 on very stiff problems of Prothero–Robinson type.
pub const RODAS5P: RosenbrockTableau = RosenbrockTableau {
    name: "Rodas5P",
    citation: "G. Steinebach, Construction of Rosenbrock–Wanner method Rodas5P and numerical benchmarks within the Julia Differential Equations package, BIT Numer. Math. 63 (2023) 27, doi:10.1007/s10543-023-00967-x",
    order: 5,
    embedded_order: 4,
    dense_order: 4,
    gamma: 0.21193756319429014,
    c: &[0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0],
    d: &[
        0.21193756319429014,
        -0.42387512638858027,
        -0.3384627126235924,
        1.8046452872882734,
        2.325825639765069,
        0.0,
        0.0,
        0.0,
    ],
    a: &[
        &[],
        &[3.0],
        &[2.849394379747939, 0.45842242204463923],
        &[-6.954028509809101, 2.489845061869568, -10.358996098473584],
        &[2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
        &[
            -7.502846399306121,
            2.561846144803919,
            -11.627539656261098,
            -0.18268767659942256,
            0.030198172008377946,
        ],
        &[
            -7.502846399306121,
            2.561846144803919,
            -11.627539656261098,
            -0.18268767659942256,
            0.030198172008377946,
            1.0,
        ],
        &[
            -7.502846399306121,
            2.561846144803919,
            -11.627539656261098,
            -0.18268767659942256,
            0.030198172008377946,
            1.0,
            1.0,
        ],
    ],
    c_matrix: &[
        &[],
        &[-14.155112264123755],
        &[-17.97296035885952, -2.859693295451294],
        &[147.12150275711716, -1.41221402718213, 71.68940251302358],
        &[165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
        &[24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
        &[
            30.91273214028599,
            -3.1208243349937974,
            77.79954646070892,
            34.28646028294783,
            -19.097331116725623,
            -28.087943162872662,
        ],
        &[
            37.80277123390563,
            -3.2571969029072276,
            112.26918849496327,
            66.9347231244047,
            -40.06618937091002,
            -54.66780262877968,
            -9.48861652309627,
        ],
    ],
    b: &[
        -7.502846399306121,
        2.561846144803919,
        -11.627539656261098,
        -0.18268767659942256,
        0.030198172008377946,
        1.0,
        1.0,
        1.0,
    ],
    error: &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    h: &[
        &[
            25.948786856663858,
            -2.5579724845846235,
            10.433815404888879,
            -2.3679251022685204,
            0.524948541321073,
            1.1241088310450404,
            0.4272876194431874,
            -0.17202221070155493,
        ],
        &[
            -9.91568850695171,
            -0.9689944594115154,
            3.0438037242978453,
            -24.495224566215796,
            20.176138334709044,
            15.98066361424651,
            -6.789040303419874,
            -6.710236069923372,
        ],
        &[
            11.419903575922262,
            2.8879645146136994,
            72.92137995996029,
            80.12511834622643,
            -52.072871366152654,
            -59.78993625266729,
            -0.15582684282751913,
            4.883087185713722,
        ],
    ],
};
