//! Checks of the parts of a recipe that need no model.

use std::collections::BTreeSet;

use crate::plan::{Even, Times};
use crate::recipe::Ends;
use crate::{Error, Integrator, Part, Quantity, Recipe, Rows, Sampling, TimeGrid};

impl Recipe {
    pub(crate) fn check_integrator(&self) -> Result<(), Error> {
        match self.integrator {
            Integrator::Fixed { dt, .. } => positive("integrator.dt", dt),
            Integrator::Adaptive { rtol, atol, method } => {
                if !method.is_adaptive() {
                    return Err(Error::bad_recipe(
                        "integrator.method",
                        format!(
                            "{method} does not estimate its error; give it a fixed dt, or take an adaptive method"
                        ),
                    ));
                }
                if !(rtol >= 0.0 && rtol.is_finite()) {
                    return Err(Error::bad_number(
                        "integrator.rtol",
                        rtol,
                        "is not a finite number from 0 on",
                    ));
                }
                positive("integrator.atol", atol)
            }
        }
    }

    pub(crate) fn check_sampling(&self) -> Result<(), Error> {
        let quantities = self.sampling.quantities();
        let mut seen = BTreeSet::new();
        if let Some(twice) = quantities.iter().find(|q| !seen.insert(**q)) {
            return Err(Error::bad_recipe("sampling", format!("`{twice}` is named twice; name it once")));
        }
        if quantities.is_empty() && self.sampling != Sampling::Single {
            return Err(Error::bad_recipe(
                "sampling",
                "it names nothing that differs between trajectories; name something, or use `single`",
            ));
        }
        let point = |list: &str, i: usize, values: &[f64]| {
            if values.len() != quantities.len() {
                return Err(Error::bad_recipe(
                    format!("sampling.{list}[{i}]"),
                    format!(
                        "it has {} numbers; give {}, one for each of `of`",
                        values.len(),
                        quantities.len()
                    ),
                ));
            }
            values.iter().enumerate().try_for_each(|(k, &v)| finite(format!("sampling.{list}[{i}][{k}]"), v))
        };
        match &self.sampling {
            Sampling::Single => Ok(()),
            Sampling::Uniform { ranges, .. } => {
                for (i, range) in ranges.iter().enumerate() {
                    interval(format!("sampling.ranges[{i}] ({})", range.of), range.low, range.high)?;
                }
                Ok(())
            }
            Sampling::Mixture { parts, .. } => check_parts(parts, &quantities),
            Sampling::NearThreshold { parts, above, margin, .. } => {
                if quantities != [&Quantity::StimulusAmplitude, &Quantity::StimulusDuration] {
                    return Err(Error::bad_recipe(
                        "sampling.parts",
                        "a threshold is that of a pulse: give each part two sides, stimulus_amplitude and stimulus_duration",
                    ));
                }
                check_parts(parts, &quantities)?;
                finite("sampling.above", *above)?;
                if !(*margin > 0.0 && *margin < 1.0) {
                    return Err(Error::bad_number("sampling.margin", *margin, "is not between 0 and 1"));
                }
                Ok(())
            }
            Sampling::Grid { axes } => {
                for (i, axis) in axes.iter().enumerate() {
                    let place = format!("sampling.axes[{i}] ({})", axis.of);
                    if axis.values.is_empty() {
                        return Err(Error::bad_recipe(place, "the axis has no values; give at least one"));
                    }
                    axis.values.iter().try_for_each(|&v| finite(place.clone(), v))?;
                }
                Ok(())
            }
            Sampling::Listed { points, .. } => {
                points.iter().enumerate().try_for_each(|(i, values)| point("points", i, values))
            }
            Sampling::Around { centres, half_widths, .. } => {
                centres.iter().enumerate().try_for_each(|(i, values)| point("centres", i, values))?;
                if half_widths.len() != quantities.len() {
                    return Err(Error::bad_recipe(
                        "sampling.half_widths",
                        format!(
                            "it has {} numbers; give {}, one for each of `of`",
                            half_widths.len(),
                            quantities.len()
                        ),
                    ));
                }
                for (k, &width) in half_widths.iter().enumerate() {
                    if !(width >= 0.0 && width.is_finite()) {
                        return Err(Error::bad_number(
                            format!("sampling.half_widths[{k}]"),
                            width,
                            "is not a finite number from 0 on",
                        ));
                    }
                }
                Ok(())
            }
        }
    }

    /// The times of the rows, checked.
    pub(crate) fn row_times(&self) -> Result<Times, Error> {
        if let Rows::StepPairs { step } = self.rows {
            positive("rows.step", step)?;
        }
        match &self.times {
            TimeGrid::Listed { times } => {
                self.rising(times.iter().copied())?;
                Ok(Times::Listed(times.clone()))
            }
            &TimeGrid::Uniform { from, to, points, ends } => {
                interval("times", from, to)?;
                self.not_before_start("times.from", from)?;
                let parts = match ends {
                    Ends::Both if points == 1 => {
                        return Err(Error::bad_recipe(
                            "times",
                            "one point cannot be at both ends; take `first` or `last`, or more points",
                        ));
                    }
                    Ends::Both => points - 1,
                    Ends::First | Ends::Last => points,
                    Ends::Neither => points + 1,
                };
                let skip = u64::from(matches!(ends, Ends::Last | Ends::Neither));
                let grid = Even { from, to, points, parts, skip };
                // Far above rounding, times rise by themselves; billions need not be looked at one by one.
                let largest = from.abs().max(to.abs());
                let apart = (to - from) / parts as f64 > 16.0 * f64::EPSILON * largest;
                if !(apart && largest < 1e280) {
                    self.rising(grid.times())?;
                }
                Ok(Times::Even(grid))
            }
            &TimeGrid::Random { from, to, points } => {
                interval("times", from, to)?;
                self.not_before_start("times.from", from)?;
                Ok(Times::Drawn { from, to, points })
            }
        }
    }

    /// Checks that times are finite, rise, and begin when the initial state holds or later.
    fn rising(&self, times: impl Iterator<Item = f64>) -> Result<(), Error> {
        let mut before = f64::NEG_INFINITY;
        for (i, t) in times.enumerate() {
            let place = || format!("times[{i}]");
            finite(place(), t)?;
            self.not_before_start(&place(), t)?;
            if t <= before {
                return Err(Error::bad_number(place(), t, "is not after the time before it; times rise"));
            }
            before = t;
        }
        Ok(())
    }

    /// No row has a later time.
    pub(crate) fn end(&self) -> f64 {
        let last = match &self.times {
            TimeGrid::Uniform { to, .. } | TimeGrid::Random { to, .. } => *to,
            TimeGrid::Listed { times } => times.last().copied().unwrap_or(self.t_start),
        };
        match self.rows {
            Rows::AtTimes => last,
            Rows::StepPairs { step } => last + step,
        }
    }

    /// Refuses more pulses than a solver can list.
    pub(crate) fn check_pulses(&self) -> Result<(), Error> {
        self.model.stimulus.check_pulses(self.end()).map_err(Error::model("model.stimulus"))
    }

    fn not_before_start(&self, place: &str, t: f64) -> Result<(), Error> {
        if t < self.t_start {
            return Err(Error::bad_number(place, t, "is before t_start, where the initial state holds"));
        }
        Ok(())
    }
}

/// Boxes with these sides.
fn check_parts(parts: &[Part], sides: &[&Quantity]) -> Result<(), Error> {
    for (i, part) in parts.iter().enumerate() {
        positive(format!("sampling.parts[{i}].share"), part.share)?;
        if !part.ranges.iter().map(|r| &r.of).eq(sides.iter().copied()) {
            return Err(Error::bad_recipe(
                format!("sampling.parts[{i}]"),
                "its sides are not those of the first part; give all parts the same sides in one order",
            ));
        }
        for (k, range) in part.ranges.iter().enumerate() {
            let place = format!("sampling.parts[{i}].ranges[{k}] ({})", range.of);
            interval(place, range.low, range.high)?;
        }
    }
    Ok(())
}

pub(crate) fn finite(place: impl Into<String>, value: f64) -> Result<(), Error> {
    match value.is_finite() {
        true => Ok(()),
        false => Err(Error::bad_number(place, value, "is not a finite number")),
    }
}

fn positive(place: impl Into<String>, value: f64) -> Result<(), Error> {
    match value > 0.0 && value.is_finite() {
        true => Ok(()),
        false => Err(Error::bad_number(place, value, "is not a positive, finite number")),
    }
}

fn interval(place: impl Into<String>, low: f64, high: f64) -> Result<(), Error> {
    match low.is_finite() && high.is_finite() && low < high {
        true => Ok(()),
        false => Err(Error::BadRange { place: place.into(), low, high }),
    }
}
