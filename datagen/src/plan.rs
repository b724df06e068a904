//! A recipe with every name resolved and every number checked.

use std::collections::BTreeSet;

use ionic_models::registry::{self, Entry};
use ionic_models::{OutOfRange, RangePolicy};

use crate::check::finite;
use crate::pulse::{amplitude, duration};
use crate::recipe::between;
use crate::{Column, Error, Input, Quantity, RECIPE_FORMAT, Recipe, Role, Rows, Sampling, TimeGrid};

/// The most numbers that a data set may hold: 32 GiB.
pub(crate) const MAX_VALUES: u128 = 1 << 32;

/// What a checked recipe comes to.
pub(crate) struct Plan {
    pub(crate) entry: &'static Entry,
    pub(crate) times: Times,
    pub(crate) columns: Vec<Column>,
    pub(crate) inputs: Vec<Source>,
    /// States that are targets, by index.
    pub(crate) targets: Vec<usize>,
    pub(crate) trajectories: usize,
    pub(crate) rows_each: usize,
}

/// The times of the rows.
pub(crate) enum Times {
    /// These, for all trajectories.
    Listed(Vec<f64>),
    /// At equal distances, for all trajectories: listed when they are needed.
    Even(Even),
    /// Drawn for each: so many, in this interval.
    Drawn { from: f64, to: f64, points: u64 },
}

/// Times at equal distances.
pub(crate) struct Even {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) points: u64,
    /// Into how many parts the interval is divided.
    pub(crate) parts: u64,
    /// How many parts lie before the first time.
    pub(crate) skip: u64,
}

impl Even {
    pub(crate) fn times(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.points).map(|i| between(self.from, self.to, i + self.skip, self.parts))
    }
}

impl Times {
    /// The times that all trajectories have; empty if each draws its own.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(crate) fn shared(&self) -> Result<Vec<f64>, Error> {
        match self {
            Times::Listed(times) => Ok(times.clone()),
            Times::Even(grid) => {
                let mut times = Vec::new();
                let points = grid.points as usize;
                times.try_reserve_exact(points).map_err(|_| Error::OutOfMemory { bytes: 8 * points })?;
                times.extend(grid.times());
                Ok(times)
            }
            Times::Drawn { .. } => Ok(Vec::new()),
        }
    }
}

/// Where the number of an input column comes from.
pub(crate) enum Source {
    Time,
    State(usize),
    /// The applied current.
    Stimulus,
    /// Its mean over this time from the row's on.
    StimulusMean(f64),
    /// A quantity that is drawn, by its index among those drawn.
    Drawn(usize),
    /// A quantity that is the same for all trajectories.
    Fixed(f64),
}

impl Sampling {
    /// The number of trajectories.
    pub fn trajectories(&self) -> u128 {
        match self {
            Sampling::Single => 1,
            Sampling::Uniform { samples, .. }
            | Sampling::Mixture { samples, .. }
            | Sampling::NearThreshold { samples, .. } => u128::from(*samples),
            Sampling::Grid { axes } => {
                axes.iter().fold(1, |n: u128, axis| n.saturating_mul(axis.values.len() as u128))
            }
            Sampling::Listed { points, .. } => points.len() as u128,
            Sampling::Around { centres, samples_each, .. } => {
                centres.len() as u128 * u128::from(*samples_each)
            }
        }
    }

    /// What differs from trajectory to trajectory, in the order in which it is drawn.
    pub fn quantities(&self) -> Vec<&Quantity> {
        match self {
            Sampling::Single => Vec::new(),
            Sampling::Uniform { ranges, .. } => ranges.iter().map(|r| &r.of).collect(),
            Sampling::Mixture { parts, .. } | Sampling::NearThreshold { parts, .. } => {
                parts.first().map_or_else(Vec::new, |part| part.ranges.iter().map(|r| &r.of).collect())
            }
            Sampling::Grid { axes } => axes.iter().map(|a| &a.of).collect(),
            Sampling::Listed { of, .. } | Sampling::Around { of, .. } => of.iter().collect(),
        }
    }
}

impl TimeGrid {
    /// The number of rows of each trajectory.
    pub fn points(&self) -> u128 {
        match self {
            TimeGrid::Uniform { points, .. } | TimeGrid::Random { points, .. } => u128::from(*points),
            TimeGrid::Listed { times } => times.len() as u128,
        }
    }
}

impl Role {
    /// `input` or `target`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Input => "input",
            Role::Target => "target",
        }
    }
}

impl Recipe {
    /// The names and roles of the columns, in order: `t` for the time, the names of
    /// [`Quantity`]'s `Display`, the names of states, and for step pairs `U_next` for the target
    /// `U`.
    pub fn column_names(&self) -> Vec<(String, Role)> {
        let inputs = self.columns.inputs.iter().map(|input| match input {
            Input::Time => ("t".to_owned(), Role::Input),
            Input::Quantity(quantity) => (quantity.to_string(), Role::Input),
            Input::State(name) => (name.clone(), Role::Input),
            Input::Stimulus | Input::StimulusMean => ("I_app".to_owned(), Role::Input),
        });
        let suffix = match self.rows {
            Rows::AtTimes => "",
            Rows::StepPairs { .. } => "_next",
        };
        let targets = self.columns.targets.iter().map(|name| (format!("{name}{suffix}"), Role::Target));
        inputs.chain(targets).collect()
    }

    /// Checks everything that can be checked without integrating: names, numbers, ranges, sizes.
    ///
    /// # Errors
    /// An [`Error`] that names the part of the recipe, the value and what would be right.
    pub fn check(&self) -> Result<(), Error> {
        self.plan().map(|_| ())
    }

    /// The values that the recipe sets, or may draw, outside the ranges for which the model is
    /// meant. They are used all the same: a warning is for the person who wrote the recipe.
    ///
    /// # Errors
    /// As [`check`](Recipe::check).
    pub fn warnings(&self) -> Result<Vec<OutOfRange>, Error> {
        let mut cell = self.plan()?.entry.cell();
        cell.set_range_policy(RangePolicy::Warn);
        let mut found = Vec::new();
        let mut note = |quantity: &Quantity, value: f64| {
            let warning = match quantity {
                Quantity::Initial(name) => cell.set_state(name, value),
                Quantity::Parameter(name) => cell.set_parameter(name, value),
                Quantity::StimulusAmplitude | Quantity::StimulusDuration => return,
            };
            // Errors were found by the plan; here only warnings are left.
            found.extend(warning.ok().flatten());
        };
        for (name, &value) in &self.model.parameters {
            note(&Quantity::Parameter(name.clone()), value);
        }
        for (name, &value) in &self.model.initial {
            note(&Quantity::Initial(name.clone()), value);
        }
        match &self.sampling {
            Sampling::Single => {}
            Sampling::Uniform { ranges, .. } => {
                ranges.iter().for_each(|r| [r.low, r.high].iter().for_each(|&v| note(&r.of, v)));
            }
            Sampling::Mixture { parts, .. } | Sampling::NearThreshold { parts, .. } => {
                for range in parts.iter().flat_map(|p| &p.ranges) {
                    [range.low, range.high].iter().for_each(|&v| note(&range.of, v));
                }
            }
            Sampling::Grid { axes } => {
                axes.iter().for_each(|a| a.values.iter().for_each(|&v| note(&a.of, v)))
            }
            Sampling::Listed { of, points } => {
                points.iter().for_each(|p| of.iter().zip(p).for_each(|(q, &v)| note(q, v)));
            }
            Sampling::Around { of, centres, half_widths, .. } => {
                for (quantity, (c, w)) in
                    centres.iter().flat_map(|c| of.iter().zip(c.iter().zip(half_widths)))
                {
                    [c - w, c + w].iter().for_each(|&v| note(quantity, v));
                }
            }
        }
        Ok(found)
    }

    pub(crate) fn plan(&self) -> Result<Plan, Error> {
        if self.format != RECIPE_FORMAT {
            return Err(Error::RecipeFormat { found: self.format });
        }
        let entry =
            registry::find(&self.model.id, self.model.variant.as_deref()).map_err(Error::model("model"))?;
        self.check_integrator()?;
        finite("t_start", self.t_start)?;
        self.check_sampling()?;
        for quantity in self.sampling.quantities() {
            self.quantity_exists(entry, quantity, "sampling")?;
        }
        if let Sampling::NearThreshold { state: name, .. } = &self.sampling {
            state(entry, name, "sampling.state")?;
        }
        // One name for each thing: an alias would give the same data set a second hash.
        for (name, &value) in &self.model.parameters {
            parameter(entry, name, "model.parameters")?;
            finite(format!("model.parameters.{name}"), value)?;
        }
        for (name, &value) in &self.model.initial {
            state(entry, name, "model.initial")?;
            finite(format!("model.initial.{name}"), value)?;
        }
        let cell = crate::generate::cell(self, entry)?;

        let (trajectories, rows_each) = (self.sampling.trajectories(), self.times.points());
        if trajectories == 0 {
            return Err(Error::bad_recipe("sampling", "it gives no trajectory; ask for at least one"));
        }
        if rows_each == 0 {
            return Err(Error::bad_recipe("times", "the grid has no points; give at least one"));
        }
        // Rows without columns would pass for small.
        for (place, names) in
            [("columns.inputs", self.columns.inputs.len()), ("columns.targets", self.columns.targets.len())]
        {
            if names == 0 {
                return Err(Error::bad_recipe(place, "there is no column; name at least one"));
            }
        }
        let n_columns = self.columns.inputs.len() + self.columns.targets.len();
        let rows = trajectories.saturating_mul(rows_each);
        if rows.saturating_mul(n_columns as u128) > MAX_VALUES {
            return Err(Error::TooLarge { rows, columns: n_columns, limit: MAX_VALUES });
        }

        let drawn = self.sampling.quantities();
        let times = self.row_times()?;
        let mut inputs = Vec::new();
        let mut units = Vec::new();
        for input in &self.columns.inputs {
            let (source, unit) = match input {
                Input::Time => (Source::Time, entry.time_unit),
                Input::State(_) if self.rows == Rows::AtTimes => {
                    return Err(Error::bad_recipe(
                        "columns.inputs",
                        "a state can be an input of step pairs only; use the initial value, or the time",
                    ));
                }
                Input::State(name) => {
                    let i = state(entry, name, "columns.inputs")?;
                    (Source::State(i), entry.states[i].unit)
                }
                Input::Stimulus => (Source::Stimulus, entry.stimulus.unit),
                Input::StimulusMean => {
                    let Times::Even(grid) = &times else {
                        let why = "a mean needs `times` at equal distances; take `uniform`, or `stimulus`";
                        return Err(Error::bad_recipe("columns.inputs", why));
                    };
                    (
                        Source::StimulusMean((grid.to - grid.from) / grid.parts.max(1) as f64),
                        entry.stimulus.unit,
                    )
                }
                Input::Quantity(quantity) => {
                    self.quantity_exists(entry, quantity, "columns.inputs")?;
                    let unit = match quantity {
                        Quantity::Initial(name) => entry.states[state(entry, name, "columns.inputs")?].unit,
                        Quantity::Parameter(name) => {
                            entry.parameters[parameter(entry, name, "columns.inputs")?].unit
                        }
                        Quantity::StimulusAmplitude => entry.stimulus.unit,
                        Quantity::StimulusDuration => entry.time_unit,
                    };
                    let source = match drawn.iter().position(|&q| q == quantity) {
                        Some(i) => Source::Drawn(i),
                        None => Source::Fixed(match quantity {
                            Quantity::Initial(name) => {
                                cell.initial_state()[state(entry, name, "columns.inputs")?]
                            }
                            Quantity::Parameter(name) => {
                                cell.parameters()[parameter(entry, name, "columns.inputs")?]
                            }
                            Quantity::StimulusAmplitude => amplitude(&self.model.stimulus)
                                .expect("invariant: quantity_exists has looked"),
                            Quantity::StimulusDuration => {
                                duration(&self.model.stimulus).expect("invariant: quantity_exists has looked")
                            }
                        }),
                    };
                    (source, unit)
                }
            };
            inputs.push(source);
            units.push(unit);
        }
        let mut targets = Vec::new();
        for name in &self.columns.targets {
            let i = state(entry, name, "columns.targets")?;
            targets.push(i);
            units.push(entry.states[i].unit);
        }
        let names = self.column_names();
        let mut seen = BTreeSet::new();
        if let Some((name, _)) = names.iter().find(|(name, _)| !seen.insert(name.clone())) {
            return Err(Error::bad_recipe(
                "columns",
                format!("two columns are called `{name}`; name each once"),
            ));
        }
        let columns = names
            .into_iter()
            .zip(units)
            .map(|((name, role), unit)| Column { name, unit: unit.to_owned(), role })
            .collect();
        self.check_pulses()?;
        Ok(Plan {
            entry,
            times,
            columns,
            inputs,
            targets,
            trajectories: trajectories as usize,
            rows_each: rows_each as usize,
        })
    }

    /// Whether the quantity exists in the model and, if it is the stimulus, has something to act on.
    fn quantity_exists(&self, entry: &Entry, quantity: &Quantity, place: &str) -> Result<(), Error> {
        match quantity {
            Quantity::Initial(name) => state(entry, name, place).map(|_| ()),
            Quantity::Parameter(name) => parameter(entry, name, place).map(|_| ()),
            Quantity::StimulusAmplitude if amplitude(&self.model.stimulus).is_none() => {
                Err(Error::bad_recipe(
                    place,
                    "the stimulus amplitude is asked for, but model.stimulus has none; \
                 make it constant, a pulse train or S1S2",
                ))
            }
            Quantity::StimulusDuration if duration(&self.model.stimulus).is_none() => Err(Error::bad_recipe(
                place,
                "the length of a pulse is asked for, but model.stimulus is no pulse train; make it one",
            )),
            Quantity::StimulusAmplitude | Quantity::StimulusDuration => Ok(()),
        }
    }
}

fn state(entry: &Entry, name: &str, place: &str) -> Result<usize, Error> {
    let found = entry.states.iter().position(|v| v.name == name);
    found.ok_or_else(|| unknown("state", entry, name, place, entry.states.iter().map(|v| v.name)))
}

fn parameter(entry: &Entry, name: &str, place: &str) -> Result<usize, Error> {
    let found = entry.parameters.iter().position(|v| v.name == name);
    found.ok_or_else(|| unknown("parameter", entry, name, place, entry.parameters.iter().map(|v| v.name)))
}

fn unknown(
    kind: &'static str,
    entry: &Entry,
    name: &str,
    place: &str,
    known: impl Iterator<Item = &'static str>,
) -> Error {
    Error::UnknownName {
        place: place.to_owned(),
        kind,
        name: name.to_owned(),
        model: entry.id.to_owned(),
        known: known.collect::<Vec<_>>().join(", "),
    }
}
