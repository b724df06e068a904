//! The text of a loop over fixed steps.

use core::fmt::Write as _;

use super::equations::{Equations, Input};
use super::{FixedStep, Operations, Precision};
use crate::tape::trace::Trace;

/// Writes the function `name`: slopes and rates of so many states are the trace's outputs, `own` has the
/// inputs that each member has of its own. Returns what a step takes, too.
pub(super) fn write(
    name: &str,
    trace: &Trace,
    states: usize,
    own: &[usize],
    step: FixedStep,
    precision: Precision,
) -> (String, Operations) {
    let mut inputs: Vec<Input> = (0..states).map(|i| Input::varying(format!("y{i}"))).collect();
    inputs.extend((states..trace.inputs).map(|input| {
        let place = own.iter().position(|&o| o == input);
        // An input that the equations do not have is read nowhere.
        Input::steady(place.map_or_else(|| "0".into(), |place| format!("own{place}")))
    }));
    let equations = Equations::new(trace, inputs, precision);

    let mut updates = String::new();
    let mut open = Vec::new();
    let mut ends = Operations::default();
    for i in 0..states {
        let (slope, rate) = (equations.outputs[i], equations.outputs[states + i]);
        open.push(slope);
        ends.sums += 1;
        ends.products += 1;
        let factor = if step == FixedStep::RushLarsen && equations.known(rate) != Some(0.0) {
            open.push(rate);
            ends.functions += 1;
            ends.products += 1;
            ends.quotients += 1;
            format!("RELAX({}, dt)", equations.operand(rate))
        } else {
            "dt".into()
        };
        let slope = equations.operand(slope);
        let _ = writeln!(updates, "      const REAL next{i} = y{i} + {factor} * {slope};");
    }
    let needed = equations.needed(&open);
    let operations = ends + equations.operations(|k| needed[k]);

    let mut text = format!(
        "MARCH {name}(long long n, long long steps, REAL dt, const REAL *each, REAL *y)\n{{\n  EACH_MEMBER(m, n) {{\n"
    );
    for i in 0..states {
        let _ = writeln!(text, "    REAL y{i} = y[{i} * n + m];");
    }
    for k in 0..own.len() {
        let _ = writeln!(text, "    const REAL own{k} = each[{k} * n + m];");
    }
    text += &equations.statements("    const REAL ", false, |k| needed[k]);
    text += "    for (long long k = 0; k < steps; k++) {\n";
    text += &equations.statements("      const REAL ", true, |k| needed[k]);
    text += &updates;
    for i in 0..states {
        let _ = writeln!(text, "      y{i} = next{i};");
    }
    text += "    }\n";
    for i in 0..states {
        let _ = writeln!(text, "    y[{i} * n + m] = y{i};");
    }
    text += "  }\n}\n";
    (text, operations)
}
