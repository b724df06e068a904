//! The statements of the function: what is known is computed, what never changes stands before the loop.

use core::fmt::Write as _;

use super::{FixedStep, Operations, Precision};
use crate::tape::graph::{Graph, Kind, Node};
use crate::tape::trace::{Constant, Trace};

/// A function while it is written.
pub(super) struct Writer {
    nodes: Vec<Node>,
    /// The number of a node, where it depends on nothing that is not known.
    known: Vec<Option<f64>>,
    /// Whether a node depends on the state.
    varying: Vec<bool>,
    needed: Vec<bool>,
    slopes: Vec<u32>,
    rates: Vec<u32>,
    states: usize,
    /// The input that each number of members' own is.
    own: Vec<usize>,
    precision: Precision,
    pub(super) operations: Operations,
    /// The ends of a step.
    updates: String,
}

impl Writer {
    pub(super) fn new(trace: &Trace, states: usize, own: &[usize], precision: Precision) -> Self {
        let (graph, outputs) = Graph::of(trace, &trace.first_equals());
        let nodes = graph.nodes;
        let mut known: Vec<Option<f64>> = Vec::with_capacity(nodes.len());
        let mut varying = Vec::with_capacity(nodes.len());
        for node in &nodes {
            let value = match node.kind {
                Kind::Input => None,
                Kind::Bound => match trace.constants.get(node.args[0] as usize) {
                    Some(Constant::Same(x)) => Some(*x),
                    _ => None,
                },
                _ => folded(node, &known),
            };
            known.push(value);
            let depends = match node.kind {
                Kind::Input => (node.args[0] as usize) < states,
                _ => value.is_none() && node.operands().iter().any(|&x| varying[x as usize]),
            };
            varying.push(depends);
        }
        Self {
            needed: vec![false; nodes.len()],
            slopes: outputs[..states].to_vec(),
            rates: outputs[states..2 * states].to_vec(),
            nodes,
            known,
            varying,
            states,
            own: own.to_vec(),
            precision,
            operations: Operations::default(),
            updates: String::new(),
        }
    }

    /// Writes the ends of a step and marks what they need.
    pub(super) fn step(&mut self, step: FixedStep) {
        let mut open = Vec::new();
        for i in 0..self.states {
            let (slope, rate) = (self.slopes[i], self.rates[i]);
            open.push(slope);
            self.operations.sums += 1;
            self.operations.products += 1;
            if step == FixedStep::RushLarsen && self.known[rate as usize] != Some(0.0) {
                open.push(rate);
                self.operations.functions += 1;
                self.operations.products += 1;
                self.operations.quotients += 1;
                let (rate, slope) = (self.operand(rate), self.operand(slope));
                let _ =
                    writeln!(self.updates, "      const REAL next{i} = y{i} + RELAX({rate}, dt) * {slope};");
            } else {
                let slope = self.operand(slope);
                let _ = writeln!(self.updates, "      const REAL next{i} = y{i} + dt * {slope};");
            }
        }
        while let Some(k) = open.pop() {
            let k = k as usize;
            if self.known[k].is_none() && !core::mem::replace(&mut self.needed[k], true) {
                open.extend(self.nodes[k].operands());
            }
        }
    }

    /// A number of the chosen precision.
    fn literal(&self, x: f64) -> String {
        if x.is_nan() {
            return "NOT_A_NUMBER".into();
        }
        let (limit, suffix) = match self.precision {
            Precision::Single => (f64::from(f32::MAX), "f"),
            Precision::Double => (f64::MAX, ""),
        };
        let text = if x.abs() > limit { "INFINITE".into() } else { format!("{:?}{suffix}", x.abs()) };
        if x.is_sign_negative() { format!("(-{text})") } else { text }
    }

    fn operand(&self, k: u32) -> String {
        let node = self.nodes[k as usize];
        match (self.known[k as usize], node.kind) {
            (Some(x), _) => self.literal(x),
            (None, Kind::Input) => {
                let input = node.args[0] as usize;
                if input < self.states {
                    return format!("y{input}");
                }
                match self.own.iter().position(|&o| o == input) {
                    Some(place) => format!("own{place}"),
                    // An input that the equations do not have.
                    None => self.literal(0.0),
                }
            }
            (None, _) => format!("v{k}"),
        }
    }

    fn expression(&self, node: &Node) -> String {
        let at = |k: usize| self.operand(node.args[k]);
        match node.kind {
            Kind::Neg => format!("-{}", at(0)),
            Kind::Add => format!("{} + {}", at(0), at(1)),
            Kind::Sub => format!("{} - {}", at(0), at(1)),
            Kind::Mul => format!("{} * {}", at(0), at(1)),
            Kind::Recip => format!("{} / {}", self.literal(1.0), at(0)),
            Kind::Exp => format!("EXP({})", at(0)),
            Kind::ExpM1 => format!("EXPM1({})", at(0)),
            Kind::Ln => format!("F(log)({})", at(0)),
            Kind::Sqrt => format!("F(sqrt)({})", at(0)),
            Kind::Powf(bits) => format!("F(pow)({}, {})", at(0), self.literal(f64::from_bits(bits))),
            Kind::Tanh => format!("F(tanh)({})", at(0)),
            Kind::Sin => format!("F(sin)({})", at(0)),
            Kind::Cos => format!("F(cos)({})", at(0)),
            Kind::Abs => format!("F(fabs)({})", at(0)),
            Kind::Select => format!("{} < {} ? {} : {}", at(0), at(1), at(2), at(3)),
            Kind::MulAdd => format!("{} * {} + {}", at(0), at(1), at(2)),
            Kind::MulSub => format!("{} * {} - {}", at(0), at(1), at(2)),
            Kind::NegMulAdd => format!("{2} - {0} * {1}", at(0), at(1), at(2)),
            // Leaves are operands.
            Kind::Input | Kind::Bound | Kind::Literal(_) => self.literal(0.0),
        }
    }

    fn count(&mut self, kind: Kind) {
        let o = &mut self.operations;
        match kind {
            Kind::Neg | Kind::Add | Kind::Sub => o.sums += 1,
            Kind::Mul => o.products += 1,
            Kind::MulAdd | Kind::MulSub | Kind::NegMulAdd => {
                o.sums += 1;
                o.products += 1;
            }
            Kind::Recip => o.quotients += 1,
            Kind::Select | Kind::Abs => o.choices += 1,
            Kind::Input | Kind::Bound | Kind::Literal(_) => {}
            _ => o.functions += 1,
        }
    }

    pub(super) fn function(&mut self, name: &str, own: usize) -> String {
        let (mut before, mut within) = (String::new(), String::new());
        for k in 0..self.nodes.len() {
            let node = self.nodes[k];
            if !self.needed[k] || self.known[k].is_some() || node.kind == Kind::Input {
                continue;
            }
            let expression = self.expression(&node);
            if self.varying[k] {
                self.count(node.kind);
                let _ = writeln!(within, "      const REAL v{k} = {expression};");
            } else {
                let _ = writeln!(before, "    const REAL v{k} = {expression};");
            }
        }
        let mut text = format!(
            "MARCH {name}(long long n, long long steps, REAL dt, const REAL *each, REAL *y)\n{{\n  EACH_MEMBER(m, n) {{\n"
        );
        for i in 0..self.states {
            let _ = writeln!(text, "    REAL y{i} = y[{i} * n + m];");
        }
        for k in 0..own {
            let _ = writeln!(text, "    const REAL own{k} = each[{k} * n + m];");
        }
        text += &before;
        text += "    for (long long k = 0; k < steps; k++) {\n";
        text += &within;
        text += &self.updates;
        for i in 0..self.states {
            let _ = writeln!(text, "      y{i} = next{i};");
        }
        text += "    }\n";
        for i in 0..self.states {
            let _ = writeln!(text, "    y[{i} * n + m] = y{i};");
        }
        text += "  }\n}\n";
        text
    }
}

/// The number of a node whose operands are numbers.
fn folded(node: &Node, known: &[Option<f64>]) -> Option<f64> {
    let at = |k: usize| known[node.args[k] as usize];
    Some(match node.kind {
        Kind::Input | Kind::Bound => return None,
        Kind::Literal(bits) => f64::from_bits(bits),
        Kind::Neg => -at(0)?,
        Kind::Add => at(0)? + at(1)?,
        Kind::Sub => at(0)? - at(1)?,
        Kind::Mul => at(0)? * at(1)?,
        Kind::Recip => 1.0 / at(0)?,
        Kind::Exp => at(0)?.exp(),
        Kind::ExpM1 => at(0)?.exp_m1(),
        Kind::Ln => at(0)?.ln(),
        Kind::Sqrt => at(0)?.sqrt(),
        Kind::Powf(bits) => at(0)?.powf(f64::from_bits(bits)),
        Kind::Tanh => at(0)?.tanh(),
        Kind::Sin => at(0)?.sin(),
        Kind::Cos => at(0)?.cos(),
        Kind::Abs => at(0)?.abs(),
        Kind::Select => {
            if at(0)? < at(1)? {
                at(2)?
            } else {
                at(3)?
            }
        }
        Kind::MulAdd => at(0)? * at(1)? + at(2)?,
        Kind::MulSub => at(0)? * at(1)? - at(2)?,
        Kind::NegMulAdd => at(2)? - at(0)? * at(1)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_so_that_c_reads_them() {
        let trace = Trace::with_inputs(0);
        let writer = |precision| Writer::new(&trace, 0, &[], precision);
        let (single, double) = (writer(Precision::Single), writer(Precision::Double));
        assert_eq!(single.literal(-0.5), "(-0.5f)");
        assert_eq!(double.literal(1e-12), "1e-12");
        assert_eq!(double.literal(3.0), "3.0");
        assert_eq!(
            (single.literal(1e39), double.literal(f64::NEG_INFINITY)),
            ("INFINITE".into(), "(-INFINITE)".into())
        );
    }
}
