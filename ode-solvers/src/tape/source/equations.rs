//! Equations as C: what is known is computed, what never changes stands before the loop.

use core::fmt::Write as _;

use super::{Operations, Precision};
use crate::tape::graph::{Graph, Kind, Node};
use crate::tape::trace::{Constant, Trace};

/// What the text calls a number that equations begin with.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) name: String,
    /// Whether it changes from step to step.
    pub(super) varying: bool,
}

impl Input {
    /// What changes from step to step.
    pub(super) fn varying(name: String) -> Self {
        Self { name, varying: true }
    }

    /// What does not.
    pub(super) fn steady(name: String) -> Self {
        Self { name, varying: false }
    }
}

/// Equations that were written down, as statements of C.
pub(super) struct Equations {
    nodes: Vec<Node>,
    /// The number of a node, where it depends on nothing that is not known.
    known: Vec<Option<f64>>,
    /// Whether a node changes from step to step.
    varying: Vec<bool>,
    inputs: Vec<Input>,
    precision: Precision,
    pub(super) outputs: Vec<u32>,
}

impl Equations {
    /// Inputs that have no name are not among the equations' own: they are zero.
    pub(super) fn new(trace: &Trace, inputs: Vec<Input>, precision: Precision) -> Self {
        let (graph, outputs) = Graph::of(trace, |g, k| match trace.constants.get(k) {
            Some(Constant::Same(x)) => g.literal(*x),
            _ => g.bound(k as u32),
        });
        let nodes = graph.nodes;
        let mut known: Vec<Option<f64>> = Vec::with_capacity(nodes.len());
        let mut varying = Vec::with_capacity(nodes.len());
        for node in &nodes {
            let value = folded(node, &known);
            known.push(value);
            varying.push(match node.kind {
                Kind::Input => inputs.get(node.args[0] as usize).is_some_and(|i| i.varying),
                _ => value.is_none() && node.operands().iter().any(|&x| varying[x as usize]),
            });
        }
        Self { nodes, known, varying, inputs, precision, outputs }
    }

    pub(super) fn known(&self, k: u32) -> Option<f64> {
        self.known[k as usize]
    }

    /// Whether each node is computed on the way to some of them.
    pub(super) fn needed(&self, wanted: &[u32]) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        let mut open = wanted.to_vec();
        while let Some(k) = open.pop() {
            let k = k as usize;
            if self.known[k].is_none() && !core::mem::replace(&mut needed[k], true) {
                open.extend(self.nodes[k].operands());
            }
        }
        needed
    }

    /// Whether each node depends on an input.
    pub(super) fn depend_on(&self, input: usize) -> Vec<bool> {
        let mut depend = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            depend.push(match node.kind {
                Kind::Input => node.args[0] as usize == input,
                _ => node.operands().iter().any(|&x| depend[x as usize]),
            });
        }
        depend
    }

    /// The nodes that are computed in every step, or those that are computed before.
    fn computed(&self, varying: bool, which: impl Fn(usize) -> bool) -> impl Iterator<Item = usize> {
        let computes =
            move |&k: &usize| which(k) && self.known[k].is_none() && self.nodes[k].kind != Kind::Input;
        (0..self.nodes.len()).filter(computes).filter(move |&k| self.varying[k] == varying)
    }

    /// Statements for the nodes of a choice that change from step to step (`varying`), or for the others;
    /// `before` stands in front of each.
    pub(super) fn statements(&self, before: &str, varying: bool, which: impl Fn(usize) -> bool) -> String {
        let mut text = String::new();
        for k in self.computed(varying, which) {
            let _ = writeln!(text, "{before}v{k} = {};", self.expression(&self.nodes[k]));
        }
        text
    }

    /// What stands before the loop of a choice: the variables alone.
    pub(super) fn declarations(&self, before: &str, which: impl Fn(usize) -> bool) -> String {
        let mut text = String::new();
        for k in self.computed(false, which) {
            let _ = writeln!(text, "{before}v{k} = {};", self.literal(0.0));
        }
        text
    }

    /// What the nodes of a choice take in every step.
    pub(super) fn operations(&self, which: impl Fn(usize) -> bool) -> Operations {
        let mut o = Operations::default();
        for k in self.computed(true, which) {
            count(&mut o, self.nodes[k].kind);
        }
        o
    }

    /// A number of the chosen precision.
    pub(super) fn literal(&self, x: f64) -> String {
        literal(self.precision, x)
    }

    pub(super) fn operand(&self, k: u32) -> String {
        let node = self.nodes[k as usize];
        match (self.known[k as usize], node.kind) {
            (Some(x), _) => self.literal(x),
            (None, Kind::Input) => match self.inputs.get(node.args[0] as usize) {
                Some(input) => input.name.clone(),
                // An input that the equations do not have.
                None => self.literal(0.0),
            },
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
}

/// A number as C reads it.
pub(super) fn literal(precision: Precision, x: f64) -> String {
    if x.is_nan() {
        return "NOT_A_NUMBER".into();
    }
    let (limit, suffix) = match precision {
        Precision::Single => (f64::from(f32::MAX), "f"),
        Precision::Double => (f64::MAX, ""),
    };
    let text = if x.abs() > limit { "INFINITE".into() } else { format!("{:?}{suffix}", x.abs()) };
    if x.is_sign_negative() { format!("(-{text})") } else { text }
}

fn count(o: &mut Operations, kind: Kind) {
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
        let (single, double) = (Precision::Single, Precision::Double);
        assert_eq!(literal(single, -0.5), "(-0.5f)");
        assert_eq!(literal(double, 1e-12), "1e-12");
        assert_eq!(literal(double, 3.0), "3.0");
        assert_eq!(
            (literal(single, 1e39), literal(double, f64::NEG_INFINITY)),
            ("INFINITE".into(), "(-INFINITE)".into())
        );
    }
}
