//! The shape of a neural map and the order of its parameters.

use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The shape of a neural map: states, control parameters, neurons in each hidden layer.
///
/// The parameters of a map lie in one list, sub-network by sub-network. Those of one are the rows of
/// a matrix with one column for each neuron, and γ: Aᵢ′ (one row for each state but the i-th), Bᵢ (one
/// row for each control parameter), βᵢ, aᵢ, αᵢ, bᵢ, γᵢ, in the letters of eq. 9 of Kuptsov et al.
/// (2022).
///
/// ```
/// use surrogates::MapSpec;
///
/// let spec = MapSpec { states: 3, parameters: 1, width: 100 };
/// assert_eq!(spec.parameters_each(), 701);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapSpec {
    /// D_u: the number of states, and of sub-networks.
    pub states: usize,
    /// D_p: the number of control parameters; may be 0.
    pub parameters: usize,
    /// N_h: the number of neurons in each of the two hidden layers.
    pub width: usize,
}

/// The parts of a sub-network's parameters, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts<'a, E> {
    /// Aᵢ′ and Bᵢ: `[features, width]`.
    pub(crate) features: &'a [E],
    pub(crate) beta: &'a [E],
    pub(crate) a: &'a [E],
    pub(crate) alpha: &'a [E],
    pub(crate) b: &'a [E],
    pub(crate) gamma: E,
}

impl MapSpec {
    /// The widest map, and the largest number of states or parameters, that is accepted.
    pub const MAX: usize = 65_536;

    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::BadSpec`] naming it.
    pub fn check(&self) -> Result<(), Error> {
        let max = Self::MAX;
        for (what, value) in [("states", self.states), ("width", self.width)] {
            if !(1..=max).contains(&value) {
                return Err(Error::BadSpec { what, value, max });
            }
        }
        if self.parameters > max {
            return Err(Error::BadSpec { what: "control parameters", value: self.parameters, max });
        }
        Ok(())
    }

    /// Numbers in a row of inputs: states, then control parameters.
    pub fn inputs(&self) -> usize {
        self.states + self.parameters
    }

    /// What the first layer of a sub-network sees: all states but its own, and the control
    /// parameters.
    pub(crate) fn features(&self) -> usize {
        self.states - 1 + self.parameters
    }

    /// The number of parameters of one sub-network.
    pub fn parameters_each(&self) -> usize {
        (self.features() + 4) * self.width + 1
    }

    /// The number of all parameters.
    pub fn total_parameters(&self) -> usize {
        self.states * self.parameters_each()
    }

    /// Where the parameters of sub-network `i` lie.
    pub(crate) fn range(&self, i: usize) -> Range<usize> {
        i * self.parameters_each()..(i + 1) * self.parameters_each()
    }

    /// The input that is feature `r` of sub-network `i`.
    pub(crate) fn feature(&self, i: usize, r: usize) -> usize {
        if r < i { r } else { r + 1 }
    }

    /// The parts of sub-network `i`.
    pub(crate) fn parts<'a, E: Copy>(&self, parameters: &'a [E], i: usize) -> Parts<'a, E> {
        let all = &parameters[self.range(i)];
        let (features, rest) = all.split_at(self.features() * self.width);
        let row = |k: usize| &rest[k * self.width..][..self.width];
        Parts { features, beta: row(0), a: row(1), alpha: row(2), b: row(3), gamma: rest[4 * self.width] }
    }
}
