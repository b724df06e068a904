//! The words of a plan: problems, terms of the loss, and each choice that the dissertation leaves or makes twice.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which solutions of the FitzHugh–Nagumo model a network learns (Werneck 2024, Table 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Problem {
    /// u(t, U₀, W₀) without a current: at most one action potential.
    #[serde(rename = "B_S")]
    BS,
    /// u(t, U₀, W₀) with I = 0.1: a limit cycle.
    #[serde(rename = "B_C")]
    BC,
    /// u(t, U₀, W₀, K) with I = 0.08 + 0.04·K.
    C,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Problem::BS => "B_S",
            Problem::BC => "B_C",
            Problem::C => "C",
        })
    }
}

/// Which terms the loss has (Werneck 2024, section 3.3 and 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Class {
    /// Data.
    #[serde(rename = "DDNN")]
    Ddnn,
    /// Data, the equations in the whole domain, and the initial condition.
    #[serde(rename = "PINN")]
    Pinn,
    /// Data, and the equations near the unstable equilibrium.
    #[serde(rename = "DDNNa")]
    DdnnA,
    /// As PINN, and the equations once more near the unstable equilibrium.
    #[serde(rename = "PINNa")]
    PinnA,
    /// Data of steps: the state Δt later from the state now.
    #[serde(rename = "ITNN")]
    Itnn,
}

impl Class {
    /// All classes.
    pub const ALL: [Class; 5] = [Class::Ddnn, Class::Pinn, Class::DdnnA, Class::PinnA, Class::Itnn];

    /// Whether the equations hold in the whole domain, and the initial condition with them.
    pub fn is_informed(self) -> bool {
        matches!(self, Class::Pinn | Class::PinnA)
    }

    /// Whether the equations are asked for near the unstable equilibrium.
    pub fn is_denser(self) -> bool {
        matches!(self, Class::DdnnA | Class::PinnA)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Ddnn => "DDNN",
            Class::Pinn => "PINN",
            Class::DdnnA => "DDNNa",
            Class::PinnA => "PINNa",
            Class::Itnn => "ITNN",
        })
    }
}

/// What the network sees for its inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Inputs as they are; for problem C the current as K, from 0 to 1. On problem B_S networks learn
    /// sooner with it; after 400 000 iterations the two are alike.
    #[default]
    Physical,
    /// Each input's domain is mapped to (−1, 1).
    Domain,
}

/// How the learning rate falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// As section 3.2 prints it: factor 0.999999, patience 1000, eps 1e-8. A step of 1e-9 is smaller
    /// than eps, so the learning rate stays at 1e-3.
    #[default]
    Printed,
    /// As printed, but for a factor of 0.995 and an eps of 0: within a million iterations the learning
    /// rate falls to the printed least, 1e-5.
    Acting,
}

/// When the solutions to learn from are sampled: "at specific time intervals" (section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// At 50 times of each solution's own, drawn uniformly.
    #[default]
    Random,
    /// Every 0.1 from 0 on, as the dissertation's author does in the program that he published: 500 times up
    /// to t = 50.
    Grid,
}

/// Where initial states lie, to learn from and to validate with; for iterators the states that they step
/// from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// U from 0 to 1 and W from 0 to 0.18: Table 1, "including all values observed in the model's phase plan".
    #[default]
    Printed,
    /// As in the author's program: U from −0.1 to 0.81 and W from 0 to 0.12. For iterators U from −0.1 to 1
    /// and W from 0 to 0.2: each cycle of problem B_C takes U from −0.09 to 1.02, and an iterator that
    /// learns on the printed domain is asked outside of it again and again.
    Program,
}

/// How the dissertation's networks are trained. Its text and the program that its author published do not
/// say the same. The program is github.com/ybwerneck/Pinn-Torch, commit 7cd578e (November 2024), whose
/// optimiser and schedule are those of section 3.2; its data sets are made in
/// github.com/ybwerneck/pinn-torch-iapp (June 2024) and github.com/ybwerneck/NN_FHN_Surrogates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Half the square of errors (eqs 3.5 to 3.7), initial states of Table 1, judged by |ΔU| + |ΔW|
    /// (eq. 3.3).
    Text,
    /// The length of the error vector, solutions sampled every 0.1, initial states of
    /// [`Domain::Program`], problem C up to t = 20 where the text has 50, judged by the mean of |ΔU| and |ΔW|: half
    /// of eq. 3.3.
    Program,
}

/// A second data set from the region where a network errs most (section 3.4.2, 4.2.3 and 4.3), as a
/// second data term of the loss (eq. 3.8).
///
/// A scout is trained on the common data set first. Where its errors on that set are high, boxes
/// are drawn around the points, and new trajectories start in the boxes. The set is made once for
/// all trials that ask for the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// Which points are the centres of boxes.
    pub rule: ExtraRule,
    /// The scout's layers.
    pub scout: String,
    /// The scout's iterations.
    pub scout_iterations: u64,
    /// How many trajectories, or steps, the second set has.
    pub samples: u64,
    /// Half the side of a box, as a share of the side of the domain.
    pub radius: f64,
    /// Rows of the second set in a batch.
    pub batch: usize,
    /// λ of the second data term.
    pub weight: f64,
}

/// Where a network errs most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtraRule {
    /// This share of all trajectories, or steps: those with the greatest errors. 0.05 in section
    /// 4.2.3.
    TopShare(f64),
    /// Trajectories, or steps, whose mean error is above this. 0.1 in section 4.3.
    ErrorAbove(f64),
}
