//! What decides a bracket's numbers, and what follows from it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Tier;
use crate::pellegrini::cell::CellId;
use crate::pellegrini::config::{Config, Part, Search};

/// What decides a bracket's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BracketSpec {
    /// What is learned: `fhn`, `hh` or `ord`.
    pub cell: CellId,
    /// Decides which candidates are drawn, their first weights and the order of their data.
    pub seed: u64,
    /// Networks drawn at random.
    pub candidates: usize,
    /// Epochs of those that reach the last rung.
    pub epochs: u64,
    /// How many times all but the best are given up. Each rung has `reduction` times the epochs of the one
    /// before.
    #[serde(default = "one")]
    pub halvings: u32,
    /// One of so many goes on.
    #[serde(default = "four")]
    pub reduction: usize,
    /// Spectral parameters that a network of the constrained space has, nearly; the unconstrained space
    /// without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Trajectories: eight tenths to learn from, one to choose by, one to judge the best by.
    #[serde(default = "published_samples")]
    pub samples: usize,
    /// Points of a trajectory.
    #[serde(default = "published_points")]
    pub points: usize,
    /// Trajectories in a batch.
    #[serde(default = "published_batch")]
    pub batch: usize,
    /// The seed of the trajectories: brackets with one are compared on the same.
    #[serde(default = "one_seed")]
    pub data_seed: u64,
    /// A projection of 32 units instead of 128, for tries.
    #[serde(default)]
    pub small: bool,
}

const fn one() -> u32 {
    1
}
const fn four() -> usize {
    4
}
const fn published_samples() -> usize {
    3750
}
const fn published_points() -> usize {
    1260
}
const fn published_batch() -> usize {
    32
}
const fn one_seed() -> u64 {
    1
}

impl BracketSpec {
    pub(super) fn parse(spec: &Value) -> Result<Self, String> {
        let spec: Self = serde_json::from_value(spec.clone()).map_err(|e| e.to_string())?;
        // Far more than anybody trains; products of these fit.
        const MOST: u64 = 1_000_000_000;
        let within = |name: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(format!("`{name}` is {value}; it must be from {least} to {most}"))
            }
        };
        within("candidates", spec.candidates as u64, 1, 1_000_000)?;
        within("epochs", spec.epochs, 1, MOST)?;
        within("reduction", spec.reduction as u64, 2, MOST)?;
        within("samples", spec.samples as u64, 10, MOST)?;
        within("points", spec.points as u64, 4, MOST)?;
        within("batch", spec.batch as u64, 1, MOST)?;
        if let Some(parameters) = spec.parameters {
            within("parameters", parameters as u64, 2 * 8 * 8, MOST)?;
        }
        // Of the first rung alone: there may be as many as a number has digits.
        if spec.share(spec.halvings) == 0 {
            return Err(format!(
                "{} epochs with {} halvings by {} leave none for the first rung; give more epochs or fewer halvings",
                spec.epochs, spec.halvings, spec.reduction
            ));
        }
        Ok(spec)
    }

    /// Epochs of the rung that so many halvings follow.
    fn share(&self, halvings: u32) -> u64 {
        (self.reduction as u64).checked_pow(halvings).map_or(0, |d| self.epochs / d)
    }

    /// Epochs of each rung.
    fn rungs(&self) -> Vec<u64> {
        (0..=self.halvings).rev().map(|halvings| self.share(halvings)).collect()
    }

    pub(super) fn search(&self) -> Search {
        Search {
            cell: self.cell,
            candidates: self.candidates,
            rungs: self.rungs(),
            reduction: self.reduction,
            parameters: self.parameters,
        }
    }

    /// The run that a bracket is a part of, with this seed.
    pub(super) fn config(&self, seed: u64) -> Config {
        let tenth = self.samples / 10;
        Config {
            format: 1,
            experiment: Part::Tune.id().to_owned(),
            parts: vec![Part::Tune],
            tier: if self.small { Tier::Smoke } else { Tier::Paper },
            seed,
            nets: Vec::new(),
            samples: [self.samples - 2 * tenth, tenth, tenth],
            near_threshold: None,
            points: self.points,
            batch: self.batch,
            epochs: self.epochs,
            small: self.small.then_some((16, 6, 2)),
            decay: None,
            rate: None,
            muon: None,
            coarse: None,
            search: Some(self.search()),
        }
    }

    /// Epochs of all candidates together.
    pub(super) fn total_epochs(&self) -> u64 {
        let mut left = self.candidates;
        let mut total = 0;
        for epochs in self.rungs() {
            total += left as u64 * epochs;
            left = left.div_ceil(self.reduction);
        }
        total
    }
}
