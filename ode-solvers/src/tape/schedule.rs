//! The order of operations, and where their results lie.

use crate::tape::graph::{Kind, Node};
use crate::tape::program::Run;

/// What a [`Program`](super::Program) runs.
pub(super) struct Plan {
    pub(super) prologue: Vec<Node>,
    pub(super) kept: Vec<u32>,
    pub(super) runs: Vec<Run>,
    pub(super) args: Vec<u16>,
    pub(super) places: usize,
    pub(super) entries: Vec<u16>,
}

/// Marks a node without a place.
const NOWHERE: u32 = u32::MAX;

/// Orders what `wanted` needs. Nothing if there are more results than places have numbers.
pub(super) fn schedule(mut nodes: Vec<Node>, wanted: &[u32], inputs: usize) -> Option<Plan> {
    let needed = needed(&nodes, wanted);
    let uniform = uniform(&nodes);
    fuse(&mut nodes, wanted, &needed, &uniform);
    let needed = self::needed(&nodes, wanted);

    // States first, then what the prologue leaves, then results in the order of computation.
    let mut place = vec![NOWHERE; nodes.len()];
    for (k, node) in nodes.iter().enumerate() {
        if node.kind == Kind::Input {
            place[k] = node.args[0];
        }
    }
    let varying = |k: usize| needed[k] && !uniform[k] && nodes[k].kind != Kind::Input;
    let (mut prologue, mut kept) = (Vec::new(), Vec::new());
    let mut in_prologue = vec![NOWHERE; nodes.len()];
    for k in (0..nodes.len()).filter(|&k| needed[k] && uniform[k]) {
        let mut node = nodes[k];
        let arity = node.kind.arity();
        for x in &mut node.args[..arity] {
            *x = in_prologue[*x as usize];
        }
        in_prologue[k] = prologue.len() as u32;
        prologue.push(node);
    }
    let mut read = vec![false; nodes.len()];
    for k in (0..nodes.len()).filter(|&k| varying(k)) {
        nodes[k].operands().iter().for_each(|&x| read[x as usize] = true);
    }
    wanted.iter().for_each(|&w| read[w as usize] = true);
    for k in (0..nodes.len()).filter(|&k| needed[k] && uniform[k] && read[k]) {
        place[k] = (inputs + kept.len()) as u32;
        kept.push(in_prologue[k]);
    }

    let mut places = inputs + kept.len();
    let (mut runs, mut args) = (Vec::new(), Vec::new());
    for batch in by_kind(&nodes, varying) {
        for &k in &batch {
            args.extend(nodes[k as usize].operands().iter().map(|&x| place[x as usize] as u16));
            place[k as usize] = places as u32;
            places += 1;
        }
        runs.push(Run { kind: nodes[batch[0] as usize].kind, count: batch.len() as u32 });
    }
    let entries = wanted.iter().map(|&w| place[w as usize] as u16).collect();
    (places <= usize::from(u16::MAX)).then_some(Plan { prologue, kept, runs, args, places, entries })
}

/// What `wanted` is computed from.
fn needed(nodes: &[Node], wanted: &[u32]) -> Vec<bool> {
    let mut needed = vec![false; nodes.len()];
    let mut open = wanted.to_vec();
    while let Some(k) = open.pop() {
        if !core::mem::replace(&mut needed[k as usize], true) {
            open.extend(nodes[k as usize].operands());
        }
    }
    needed
}

/// What depends on no state.
fn uniform(nodes: &[Node]) -> Vec<bool> {
    let mut uniform = vec![false; nodes.len()];
    for (k, node) in nodes.iter().enumerate() {
        uniform[k] = node.kind != Kind::Input && node.operands().iter().all(|&x| uniform[x as usize]);
    }
    uniform
}

/// Sums with a product that nothing else reads become one operation.
fn fuse(nodes: &mut [Node], wanted: &[u32], needed: &[bool], uniform: &[bool]) {
    let mut uses = vec![0u32; nodes.len()];
    for node in nodes.iter().zip(needed).filter(|(_, needed)| **needed).map(|(node, _)| node) {
        node.operands().iter().for_each(|&x| uses[x as usize] += 1);
    }
    wanted.iter().for_each(|&w| uses[w as usize] += 1);
    for k in 0..nodes.len() {
        let Node { kind, args: [a, b, ..] } = nodes[k];
        if !needed[k] || uniform[k] || !matches!(kind, Kind::Add | Kind::Sub) {
            continue;
        }
        let product = |x: u32| {
            let x = x as usize;
            (nodes[x].kind == Kind::Mul && uses[x] == 1 && !uniform[x]).then_some(nodes[x].args)
        };
        let fused = match (kind, product(a), product(b)) {
            (Kind::Add, _, Some([x, y, ..])) => Some((Kind::MulAdd, [x, y, a, 0])),
            (Kind::Add, Some([x, y, ..]), None) => Some((Kind::MulAdd, [x, y, b, 0])),
            (Kind::Sub, _, Some([x, y, ..])) => Some((Kind::NegMulAdd, [x, y, a, 0])),
            (Kind::Sub, Some([x, y, ..]), None) => Some((Kind::MulSub, [x, y, b, 0])),
            _ => None,
        };
        if let Some((kind, args)) = fused {
            nodes[k] = Node { kind, args };
        }
    }
}

/// Batches of operations of one kind that don't wait for each other: of all operations whose operands
/// are there, those of the most frequent kind come next.
fn by_kind(nodes: &[Node], varying: impl Fn(usize) -> bool) -> Vec<Vec<u32>> {
    let mut waits = vec![0u32; nodes.len()];
    let mut readers = vec![Vec::new(); nodes.len()];
    let mut ready: Vec<(Kind, Vec<u32>)> = Vec::new();
    let offer = |ready: &mut Vec<(Kind, Vec<u32>)>, k: u32| {
        let kind = nodes[k as usize].kind;
        match ready.iter_mut().find(|(of, _)| *of == kind) {
            Some((_, list)) => list.push(k),
            None => ready.push((kind, vec![k])),
        }
    };
    for k in (0..nodes.len()).filter(|&k| varying(k)) {
        for &x in nodes[k].operands().iter().filter(|&&x| varying(x as usize)) {
            waits[k] += 1;
            readers[x as usize].push(k as u32);
        }
        if waits[k] == 0 {
            offer(&mut ready, k as u32);
        }
    }
    let mut batches = Vec::new();
    while let Some((_, list)) = ready.iter_mut().max_by_key(|(_, list)| list.len()) {
        let mut now = core::mem::take(list);
        if now.is_empty() {
            break;
        }
        now.sort_unstable();
        for &k in &now {
            for &r in &readers[k as usize] {
                waits[r as usize] -= 1;
                if waits[r as usize] == 0 {
                    offer(&mut ready, r);
                }
            }
        }
        batches.push(now);
    }
    batches
}
