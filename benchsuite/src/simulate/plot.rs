//! A trajectory as a figure.

use ionic_models::AnyCell;
use ode_solvers::Solution;

use crate::figures::{Axis, Colour, Mark, Panel, Series, draw};
use crate::{Error, error};

/// The index of a state given by name or by CellML name.
pub(super) fn state(cell: &dyn AnyCell, name: &str) -> Result<usize, Error> {
    let table = cell.state_table();
    table.iter().position(|v| v.is_called(name)).ok_or_else(|| {
        let near = error::near_misses(name, table.iter().map(|v| v.name));
        Error::bad_option("--plot-states", name, format!("model `{}` has no such state{near}", cell.id()))
    })
}

/// One panel for each state, side by side; the model's first state if none is named.
pub(super) fn trajectory(cell: &dyn AnyCell, solution: &Solution, states: &[usize]) -> Result<String, Error> {
    let states = if states.is_empty() { &[0] } else { states };
    let panels: Vec<Panel> = states
        .iter()
        .map(|&i| {
            let variable = &cell.state_table()[i];
            let unit = if variable.unit == "1" { String::new() } else { format!(" ({})", variable.unit) };
            let points = solution.t.iter().copied().zip(solution.column(i));
            Panel {
                title: format!("{} {}", cell.id(), cell.variant_name()).trim_end().to_owned(),
                x: Axis::Linear(format!("time ({})", cell.time_unit())),
                y: Axis::Linear(format!("{}{unit}", variable.name)),
                series: vec![Series::new("", Mark::Line, Colour::Blue, points)],
            }
        })
        .collect();
    let width = 640 * u32::try_from(panels.len()).unwrap_or(1);
    draw("trajectory", &panels, (width, 400))
}
