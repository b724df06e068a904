//! The text of adaptive Rosenbrock steps.

use core::fmt::Write as _;

use super::attempt::Layout;
use super::equations::{Equations, Input, literal};
use super::{Operations, Precision};
use crate::Controller;
use crate::control::{LEAST, LEAST_REMEMBERED_LN};
use crate::matrix::{BACKWARD_ERROR, BACKWARD_ERROR_SINGLE};
use crate::tableau::RosenbrockTableau;
use crate::tape::trace::Trace;

/// The loop over steps; words between signs `@` stand for what a model or a method has of its own.
const LOOP: &str = include_str!("adaptive.c.in");

/// The control of the solvers.
const CONTROL: Controller = {
    let control = Controller::PI;
    assert!(control.beta[2] == 0.0 && control.alpha[0] == 0.0 && control.alpha[1] == 0.0, "as written");
    control
};

/// Writes the function `name` from an attempt that was written down; `driven` says whether the first of
/// the numbers that members have of their own is a drive. Returns what an attempt takes, too.
pub(super) fn write(
    name: &str,
    trace: &Trace,
    layout: Layout,
    driven: bool,
    tableau: &RosenbrockTableau,
    precision: Precision,
) -> (String, Operations) {
    let n = layout.states;
    let equations = Equations::new(trace, inputs(layout), precision);
    let outputs = &equations.outputs;
    let (attempt, first) = (&outputs[..n + 2], &outputs[n + 2..n + 5]);
    let (in_attempt, in_first) = (equations.needed(attempt), equations.needed(first));
    // What does not wait for the step's length comes first: the first step is chosen from it.
    let waits = equations.depend_on(layout.length());

    let within = "      const REAL ";
    let deeper = "        const REAL ";
    let mut member = String::new();
    for i in 0..n {
        let _ = writeln!(member, "    REAL y{i} = y[{i} * n + m];");
        let _ = writeln!(member, "    const REAL atol{i} = atol[{i}];");
    }
    for k in 0..layout.own {
        let constant = if driven && k == 0 { "REAL" } else { "const REAL" };
        let _ = writeln!(member, "    {constant} own{k} = each[{k} * n + m];");
    }
    member += if driven { "    const REAL amplitude = own0;\n" } else { "" };
    member += &equations.declarations("    REAL ", |k| in_attempt[k] || in_first[k]);
    let mut stretch = String::new();
    stretch += if driven { "        own0 = levels[stretch] * amplitude;\n" } else { "" };
    stretch += &equations.statements("        ", false, |k| in_attempt[k] || in_first[k]);

    let each = |text: &dyn Fn(usize) -> String| (0..n).map(text).collect::<String>();
    let of = |k: usize| equations.operand(outputs[k]);
    let number = |x: f64| literal(precision, x);
    let (limit, shortest) = match precision {
        Precision::Single => (BACKWARD_ERROR_SINGLE, 1e-30),
        Precision::Double => (BACKWARD_ERROR, 1e-300),
    };
    let order = f64::from(tableau.embedded_order.min(tableau.order) + 1);
    let words = [
        ("NAME", name.to_owned()),
        ("MEMBER", member),
        ("STRETCH", stretch),
        ("LINEAR", equations.statements(within, true, |k| in_attempt[k] && !waits[k])),
        ("FIRST", equations.statements(deeper, true, |k| in_first[k] && !in_attempt[k])),
        ("STEP", equations.statements(within, true, |k| in_attempt[k] && waits[k])),
        ("NEXT", each(&|i| format!("      const REAL next{i} = {};\n", of(i)))),
        ("FINITE", each(&|i| format!(" && FINITE(next{i})"))),
        ("SIZE", of(n)),
        ("BACKWARD_ERROR", of(n + 1)),
        ("STATE_SIZE", of(n + 2)),
        ("SLOPE_SIZE", of(n + 3)),
        ("CURVATURE_SIZE", of(n + 4)),
        ("ACCEPT", each(&|i| format!("        y{i} = next{i};\n"))),
        ("STORE", each(&|i| format!("    y[{i} * n + m] = y{i};\n"))),
        ("LIMIT", number(limit)),
        ("SHORTEST", number(shortest)),
        ("PER_ORDER", number(1.0 / order)),
        ("BETA_1", number(CONTROL.beta[0] / order)),
        ("BETA_2", number(CONTROL.beta[1] / order)),
        ("REJECT", number(-CONTROL.reject / order)),
        ("SAFETY", number(CONTROL.safety)),
        ("SHRINK", number(CONTROL.shrink)),
        ("RETRY_MOST", number(CONTROL.shrink.max(0.9))),
        ("GROW", number(CONTROL.grow)),
        ("START", number(CONTROL.start.ln())),
        ("LEAST", number(LEAST)),
        ("REMEMBERED", number(LEAST_REMEMBERED_LN)),
    ];
    let mut text = LOOP.to_owned();
    for (word, with) in words {
        text = text.replace(&format!("@{word}@"), &with);
    }
    (text, equations.operations(|k| in_attempt[k]))
}

fn inputs(layout: Layout) -> Vec<Input> {
    let mut inputs: Vec<Input> = (0..layout.states).map(|i| Input::varying(format!("y{i}"))).collect();
    inputs.extend((0..layout.own).map(|k| Input::steady(format!("own{k}"))));
    inputs.push(Input::varying("h".into()));
    inputs.push(Input::steady("rtol".into()));
    inputs.extend((0..layout.states).map(|i| Input::steady(format!("atol{i}"))));
    inputs
}
