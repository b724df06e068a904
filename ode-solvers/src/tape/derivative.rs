//! Derivatives of nodes, as nodes.

use crate::tape::graph::{Graph, Kind};

/// The derivatives of one node that are not zero by structure: (state, node), by rising state.
type Gradient = Vec<(u32, u32)>;

/// The derivatives of `outputs` by all states. Each node's gradient follows from those of its
/// operands, and has only the states that the node depends on.
pub(super) fn jacobian(g: &mut Graph, outputs: &[u32]) -> Vec<Gradient> {
    let last = outputs.iter().max().map_or(0, |&o| o as usize + 1);
    let mut gradients: Vec<Gradient> = Vec::with_capacity(last);
    for k in 0..last {
        let gradient = of_node(g, k as u32, &gradients);
        gradients.push(gradient);
    }
    outputs.iter().map(|&o| gradients[o as usize].clone()).collect()
}

fn of_node(g: &mut Graph, k: u32, of: &[Gradient]) -> Gradient {
    let node = g.nodes[k as usize];
    let [a, b, yes, no] = node.args;
    let at = |x: u32| &of[x as usize];
    match node.kind {
        Kind::Input => vec![(a, g.literal(1.0))],
        Kind::Bound | Kind::Literal(_) => Vec::new(),
        Kind::Neg => at(a).iter().map(|&(j, d)| (j, g.neg(d))).collect(),
        Kind::Add => merge(g, at(a), at(b), sum),
        Kind::Sub => merge(g, at(a), at(b), |g, x, y| match (x, y) {
            (Some(x), Some(y)) => g.sub(x, y),
            (Some(x), None) => x,
            (None, Some(y)) => g.neg(y),
            (None, None) => g.literal(0.0),
        }),
        Kind::Mul if a == b => {
            if at(a).is_empty() {
                return Vec::new();
            }
            let twice = g.add(a, a);
            scaled(g, at(a), twice)
        }
        Kind::Mul => merge(g, at(a), at(b), |g, x, y| {
            let x = x.map(|x| g.mul(x, b));
            let y = y.map(|y| g.mul(y, a));
            sum(g, x, y)
        }),
        Kind::Select => merge(g, at(yes), at(no), |g, x, y| {
            let zero = g.literal(0.0);
            g.select(a, b, x.unwrap_or(zero), y.unwrap_or(zero))
        }),
        _ if at(a).is_empty() => Vec::new(),
        kind => {
            let slope = slope(g, kind, k, a);
            scaled(g, at(a), slope)
        }
    }
}

/// The derivative of a function of one number, from its value `f` at `x`.
fn slope(g: &mut Graph, kind: Kind, f: u32, x: u32) -> u32 {
    match kind {
        Kind::Exp => f,
        // Not f + 1: far below zero the derivative is tiny and not zero.
        Kind::ExpM1 => g.unary(Kind::Exp, x),
        Kind::Recip => {
            let square = g.mul(f, f);
            g.neg(square)
        }
        Kind::Ln => g.recip(x),
        Kind::Sqrt => {
            let twice = g.add(f, f);
            g.recip(twice)
        }
        Kind::Powf(bits) => {
            let p = f64::from_bits(bits);
            let (power, p_node) = (g.unary(Kind::Powf((p - 1.0).to_bits()), x), g.literal(p));
            g.mul(power, p_node)
        }
        Kind::Tanh => {
            // 1/cosh² without the cancellation in 1 − tanh²: 4e/(1 + e)² with e = e^(−2|x|).
            let (magnitude, minus_two) = (g.unary(Kind::Abs, x), g.literal(-2.0));
            let exponent = g.mul(magnitude, minus_two);
            let (e, one, four) = (g.unary(Kind::Exp, exponent), g.literal(1.0), g.literal(4.0));
            let denominator = g.add(e, one);
            let r = g.recip(denominator);
            let r = g.mul(r, r);
            let e = g.mul(e, four);
            g.mul(e, r)
        }
        Kind::Sin => g.unary(Kind::Cos, x),
        Kind::Cos => {
            let sine = g.unary(Kind::Sin, x);
            g.neg(sine)
        }
        Kind::Abs => {
            let (zero, minus, plus) = (g.literal(0.0), g.literal(-1.0), g.literal(1.0));
            g.select(x, zero, minus, plus)
        }
        _ => unreachable!("invariant: a function of one number"),
    }
}

fn sum(g: &mut Graph, x: Option<u32>, y: Option<u32>) -> u32 {
    match (x, y) {
        (Some(x), Some(y)) => g.add(x, y),
        (Some(x), None) | (None, Some(x)) => x,
        (None, None) => g.literal(0.0),
    }
}

fn scaled(g: &mut Graph, gradient: &Gradient, slope: u32) -> Gradient {
    gradient.iter().map(|&(j, d)| (j, g.mul(d, slope))).collect()
}

/// Both gradients, state by state.
fn merge(
    g: &mut Graph,
    x: &Gradient,
    y: &Gradient,
    mut combine: impl FnMut(&mut Graph, Option<u32>, Option<u32>) -> u32,
) -> Gradient {
    let (mut x, mut y) = (x.as_slice(), y.as_slice());
    let mut merged = Vec::with_capacity(x.len().max(y.len()));
    loop {
        let next = match (x.first(), y.first()) {
            (Some(&(i, _)), Some(&(j, _))) => i.min(j),
            (Some(&(i, _)), None) | (None, Some(&(i, _))) => i,
            (None, None) => return merged,
        };
        let take = |side: &mut &[(u32, u32)]| match side {
            [(j, d), rest @ ..] if *j == next => {
                *side = rest;
                Some(*d)
            }
            _ => None,
        };
        let (dx, dy) = (take(&mut x), take(&mut y));
        merged.push((next, combine(g, dx, dy)));
    }
}
