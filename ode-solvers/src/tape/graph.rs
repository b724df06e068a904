//! Expressions without repetitions.

use std::collections::HashMap;

use crate::tape::trace::{Op, Trace};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// `args[0]` is the state.
    Input,
    /// `args[0]` is the place in the list of constants.
    Bound,
    /// A number that the structure knows, by its bits.
    Literal(u64),
    Neg,
    Add,
    Sub,
    Mul,
    Recip,
    Exp,
    ExpM1,
    Ln,
    Sqrt,
    /// The bits of the exponent.
    Powf(u64),
    Tanh,
    Sin,
    Cos,
    Abs,
    Select,
    /// a·b + c.
    MulAdd,
    /// a·b − c.
    MulSub,
    /// c − a·b.
    NegMulAdd,
}

impl Kind {
    /// How many operands it has.
    pub(super) fn arity(self) -> usize {
        match self {
            Self::Input | Self::Bound | Self::Literal(_) => 0,
            Self::Add | Self::Sub | Self::Mul => 2,
            Self::MulAdd | Self::MulSub | Self::NegMulAdd => 3,
            Self::Select => 4,
            _ => 1,
        }
    }
}

/// A node: operands stand before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) args: [u32; 4],
}

impl Node {
    pub(super) fn operands(&self) -> &[u32] {
        &self.args[..self.kind.arity()]
    }
}

/// Nodes, each expression once.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    places: HashMap<Node, u32>,
}

impl Graph {
    /// The nodes of a trace, and those of its outputs. Quotients become products with reciprocals,
    /// powers become products: what is shared is computed once. `constant` gives the node of each
    /// constant: a [place](Graph::bound) for numbers that are known later, or a literal.
    pub(super) fn of(trace: &Trace, constant: impl Fn(&mut Self, usize) -> u32) -> (Self, Vec<u32>) {
        let mut g = Self::default();
        let mut place: Vec<u32> = (0..trace.inputs as u32).map(|i| g.leaf(Kind::Input, i)).collect();
        let zero = g.literal(0.0);
        for raw in &trace.ops {
            let at = |k: usize| place.get(raw.args[k] as usize).copied().unwrap_or(zero);
            let node = match raw.op {
                Op::Constant => constant(&mut g, raw.args[0] as usize),
                Op::Neg => g.neg(at(0)),
                Op::Add => g.add(at(0), at(1)),
                Op::Sub => g.sub(at(0), at(1)),
                Op::Mul => g.mul(at(0), at(1)),
                Op::Div => {
                    let r = g.recip(at(1));
                    g.mul(at(0), r)
                }
                Op::Recip => g.recip(at(0)),
                Op::Exp => g.unary(Kind::Exp, at(0)),
                Op::ExpM1 => g.unary(Kind::ExpM1, at(0)),
                Op::Ln => g.unary(Kind::Ln, at(0)),
                Op::Sqrt => g.unary(Kind::Sqrt, at(0)),
                Op::Powi => g.powi(at(0), raw.args[1] as i32),
                Op::Powf => {
                    let bits = u64::from(raw.args[1]) | u64::from(raw.args[2]) << 32;
                    g.unary(Kind::Powf(bits), at(0))
                }
                Op::Tanh => g.unary(Kind::Tanh, at(0)),
                Op::Sin => g.unary(Kind::Sin, at(0)),
                Op::Cos => g.unary(Kind::Cos, at(0)),
                Op::Abs => g.unary(Kind::Abs, at(0)),
                Op::Select => g.select(at(0), at(1), at(2), at(3)),
            };
            place.push(node);
        }
        let outputs = trace.outputs.iter().map(|&o| place.get(o as usize).copied().unwrap_or(zero)).collect();
        (g, outputs)
    }

    fn insert(&mut self, kind: Kind, args: [u32; 4]) -> u32 {
        let node = Node { kind, args };
        *self.places.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            (self.nodes.len() - 1) as u32
        })
    }

    fn leaf(&mut self, kind: Kind, k: u32) -> u32 {
        self.insert(kind, [k, 0, 0, 0])
    }

    /// The constant of a place in the trace's list.
    pub(super) fn bound(&mut self, place: u32) -> u32 {
        self.leaf(Kind::Bound, place)
    }

    pub(super) fn literal(&mut self, x: f64) -> u32 {
        self.insert(Kind::Literal(x.to_bits()), [0; 4])
    }

    /// The number, where the structure knows it.
    pub(super) fn value(&self, a: u32) -> Option<f64> {
        match self.nodes[a as usize].kind {
            Kind::Literal(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// `x` where the node is −x.
    fn negated(&self, a: u32) -> Option<u32> {
        let node = self.nodes[a as usize];
        (node.kind == Kind::Neg).then_some(node.args[0])
    }

    pub(super) fn unary(&mut self, kind: Kind, a: u32) -> u32 {
        self.insert(kind, [a, 0, 0, 0])
    }

    pub(super) fn neg(&mut self, a: u32) -> u32 {
        let node = self.nodes[a as usize];
        match node.kind {
            Kind::Literal(bits) => self.literal(-f64::from_bits(bits)),
            Kind::Neg => node.args[0],
            Kind::Sub => self.insert(Kind::Sub, [node.args[1], node.args[0], 0, 0]),
            _ => self.unary(Kind::Neg, a),
        }
    }

    pub(super) fn add(&mut self, a: u32, b: u32) -> u32 {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => return self.literal(x + y),
            (Some(0.0), _) => return b,
            (_, Some(0.0)) => return a,
            _ => {}
        }
        match (self.negated(a), self.negated(b)) {
            (_, Some(y)) => self.sub(a, y),
            (Some(x), None) => self.sub(b, x),
            (None, None) => self.insert(Kind::Add, [a.min(b), a.max(b), 0, 0]),
        }
    }

    pub(super) fn sub(&mut self, a: u32, b: u32) -> u32 {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => return self.literal(x - y),
            (Some(0.0), _) => return self.neg(b),
            (_, Some(0.0)) => return a,
            _ => {}
        }
        match (self.negated(a), self.negated(b)) {
            (_, Some(y)) => self.add(a, y),
            (Some(x), None) => {
                let sum = self.add(x, b);
                self.neg(sum)
            }
            (None, None) => self.insert(Kind::Sub, [a, b, 0, 0]),
        }
    }

    pub(super) fn mul(&mut self, a: u32, b: u32) -> u32 {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => return self.literal(x * y),
            (Some(0.0), _) | (_, Some(0.0)) => return self.literal(0.0),
            (Some(1.0), _) => return b,
            (_, Some(1.0)) => return a,
            (Some(-1.0), _) => return self.neg(b),
            (_, Some(-1.0)) => return self.neg(a),
            _ => {}
        }
        match (self.negated(a), self.negated(b)) {
            (Some(x), Some(y)) => self.mul(x, y),
            (Some(x), None) => {
                let product = self.mul(x, b);
                self.neg(product)
            }
            (None, Some(y)) => {
                let product = self.mul(a, y);
                self.neg(product)
            }
            (None, None) => self.insert(Kind::Mul, [a.min(b), a.max(b), 0, 0]),
        }
    }

    pub(super) fn recip(&mut self, a: u32) -> u32 {
        match (self.value(a), self.negated(a)) {
            (Some(x), _) => self.literal(1.0 / x),
            (None, Some(x)) => {
                let r = self.recip(x);
                self.neg(r)
            }
            (None, None) => self.unary(Kind::Recip, a),
        }
    }

    /// By squares and products.
    pub(super) fn powi(&mut self, a: u32, n: i32) -> u32 {
        let (mut base, mut power, mut k) = (a, self.literal(1.0), n.unsigned_abs());
        while k > 0 {
            if k & 1 == 1 {
                power = self.mul(power, base);
            }
            k >>= 1;
            if k > 0 {
                base = self.mul(base, base);
            }
        }
        if n < 0 { self.recip(power) } else { power }
    }

    pub(super) fn select(&mut self, a: u32, b: u32, yes: u32, no: u32) -> u32 {
        if yes == no { yes } else { self.insert(Kind::Select, [a, b, yes, no]) }
    }
}
