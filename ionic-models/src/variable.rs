//! What a model says about its states, parameters, currents and stimulus.

use serde::Serialize;

use crate::PulseTrain;

/// A state or a parameter of a model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Variable {
    /// The name, as the publication or its CellML encoding spells it: `V`, `Ca_i`, `g_Na`.
    pub name: &'static str,
    /// The unit (`mV`, `uA/cm^2`; `1` for numbers without a unit).
    pub unit: &'static str,
    /// The published value; for a state, the initial value.
    pub value: f64,
    /// The smallest and largest value for which the model is meant, both included.
    pub range: (f64, f64),
    /// What it is, in a few words.
    pub description: &'static str,
    /// The qualified name in the CellML or Myokit encoding (`membrane.v`, `IKr.GKr_b`), accepted
    /// wherever `name` is; empty if there is none.
    pub cellml: &'static str,
}

impl Variable {
    /// Whether `name` is this variable's name or its CellML name.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || (!self.cellml.is_empty() && self.cellml == name)
    }

    /// Whether `value` lies in the range.
    #[must_use]
    pub fn admits(&self, value: f64) -> bool {
        self.range.0 <= value && value <= self.range.1
    }
}

/// One row of a model's table.
pub(crate) const fn var(
    name: &'static str,
    unit: &'static str,
    value: f64,
    range: (f64, f64),
    description: &'static str,
    cellml: &'static str,
) -> Variable {
    Variable { name, unit, value, range, description, cellml }
}

/// A row for a conductance, permeability or scale: from none to ten times its value.
pub(crate) const fn scaled(
    name: &'static str,
    unit: &'static str,
    value: f64,
    description: &'static str,
    cellml: &'static str,
) -> Variable {
    Variable { name, unit, value, range: (0.0, 10.0 * value), description, cellml }
}

/// A row for a gate.
pub(crate) const fn gate(
    name: &'static str,
    value: f64,
    description: &'static str,
    cellml: &'static str,
) -> Variable {
    Variable { name, unit: "1", value, range: (0.0, 1.0), description, cellml }
}

/// A current that a model can return by name. Outward currents are positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Current {
    /// The name: `I_Na`.
    pub name: &'static str,
    /// The unit: `uA/cm^2`.
    pub unit: &'static str,
    /// What it is, in a few words.
    pub description: &'static str,
    /// The parameter that scales the current: set to zero, it removes the current.
    pub scale: &'static str,
}

/// One row of a model's table of currents.
pub(crate) const fn current(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    scale: &'static str,
) -> Current {
    Current { name, unit, description, scale }
}

/// How a model takes its stimulus.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StimulusConvention {
    /// The unit of the stimulus.
    pub unit: &'static str,
    /// The sign of a stimulus that depolarises: 1 or −1.
    pub depolarising: f64,
    /// A pulse train that paces the model as its publication does, or `None` for a model that
    /// oscillates by itself or is driven by a constant current.
    pub pacing: Option<PulseTrain>,
}

/// A published set of values of a model: cell type, species or convention.
///
/// Variants share the equations; they differ in the values named here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Variant {
    /// The name (`endo`), empty for a model that has only one set of values.
    pub name: &'static str,
    /// What it is, in a few words.
    pub description: &'static str,
    /// Parameters that differ from the model's table.
    pub parameters: &'static [(&'static str, f64)],
    /// Initial states that differ from the model's table.
    pub states: &'static [(&'static str, f64)],
}

impl Variant {
    /// The only variant of a model: the values of its tables.
    pub const ONLY: &'static [Variant] =
        &[Variant { name: "", description: "", parameters: &[], states: &[] }];
}
