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

/// The nodes of the numbers with which sums and products become a·b + c.
pub(super) struct Units {
    pub(super) one: u32,
    pub(super) minus_one: u32,
    /// −0 leaves every number as it is; +0 would take the sign of a zero.
    pub(super) minus_zero: u32,
}

/// Orders what `wanted` needs. Nothing if there are more results than places have numbers.
pub(super) fn schedule(mut nodes: Vec<Node>, units: &Units, wanted: &[u32], inputs: usize) -> Option<Plan> {
    let needed = needed(&nodes, wanted);
    let uniform = uniform(&nodes);
    fuse(&mut nodes, wanted, &needed, &uniform);
    unify(&mut nodes, units, &uniform);
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

    let batches = by_kind(&nodes, wanted, varying);
    let mut memory = Memory::new(inputs + kept.len());
    let mut dies = last_reads(&nodes, wanted, &batches);
    let (mut runs, mut args) = (Vec::new(), Vec::new());
    for (batch, dies) in batches.iter().zip(&mut dies) {
        let to = memory.take(batch.len());
        for (&k, at) in batch.iter().zip(to..) {
            args.extend(nodes[k as usize].operands().iter().map(|&x| place[x as usize] as u16));
            place[k as usize] = at as u32;
        }
        runs.push(Run { kind: nodes[batch[0] as usize].kind, count: batch.len() as u32, to: to as u32 });
        dies.drain(..).for_each(|k| memory.give_back(place[k as usize] as usize));
    }
    let places = memory.len();
    let entries = wanted.iter().map(|&w| place[w as usize] as u16).collect();
    (places <= usize::from(u16::MAX)).then_some(Plan { prologue, kept, runs, args, places, entries })
}

/// Which places hold a number that is still to be read.
struct Memory {
    /// From the first place that operations may write to.
    taken: Vec<bool>,
    first: usize,
}

impl Memory {
    fn new(first: usize) -> Self {
        Self { taken: Vec::new(), first }
    }

    fn len(&self) -> usize {
        self.first + self.taken.len()
    }

    /// Places side by side: the first that are free, so that few are in use and stay in the cache.
    fn take(&mut self, count: usize) -> usize {
        let mut begin = 0;
        for k in 0..self.taken.len() {
            if self.taken[k] {
                begin = k + 1;
            } else if k + 1 - begin == count {
                break;
            }
        }
        let end = begin + count;
        self.taken.resize(self.taken.len().max(end), false);
        self.taken[begin..end].fill(true);
        self.first + begin
    }

    fn give_back(&mut self, place: usize) {
        self.taken[place - self.first] = false;
    }
}

/// For each batch the results that nothing reads after it.
fn last_reads(nodes: &[Node], wanted: &[u32], batches: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut last = vec![NOWHERE; nodes.len()];
    let mut is_result = vec![false; nodes.len()];
    for (b, batch) in batches.iter().enumerate() {
        for &k in batch {
            is_result[k as usize] = true;
            nodes[k as usize].operands().iter().for_each(|&x| last[x as usize] = b as u32);
        }
    }
    wanted.iter().for_each(|&w| is_result[w as usize] = false);
    let mut dies = vec![Vec::new(); batches.len()];
    for k in (0..nodes.len()).filter(|&k| is_result[k] && last[k] != NOWHERE) {
        dies[last[k] as usize].push(k as u32);
    }
    dies
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

/// Sums and products become a·b + c with the same rounding: what is of one kind is done in one stretch,
/// and to begin a stretch costs as much as several operations.
fn unify(nodes: &mut [Node], units: &Units, uniform: &[bool]) {
    for (node, _) in nodes.iter_mut().zip(uniform).filter(|(_, uniform)| !**uniform) {
        let [a, b, ..] = node.args;
        let args = match node.kind {
            Kind::Neg => [a, units.minus_one, units.minus_zero, 0],
            Kind::Add => [a, units.one, b, 0],
            Kind::Sub => [b, units.minus_one, a, 0],
            Kind::Mul => [a, b, units.minus_zero, 0],
            _ => continue,
        };
        *node = Node { kind: Kind::MulAdd, args };
    }
}

/// How far ahead of the first operation that is left a batch may reach. Measured with O'Hara–Rudy's
/// model: shorter stretches take longer batches apart, longer ones more memory than the first cache.
const AHEAD: usize = 500;

/// Batches of operations of one kind that don't wait for each other: of all operations whose operands
/// are there, and that one entry after the other would come to soon, those of the most frequent kind.
fn by_kind(nodes: &[Node], wanted: &[u32], varying: impl Fn(usize) -> bool) -> Vec<Vec<u32>> {
    let order = one_by_one(nodes, wanted, &varying);
    let mut turn = vec![usize::MAX; nodes.len()];
    order.iter().enumerate().for_each(|(t, &k)| turn[k as usize] = t);
    let mut waits = vec![0u32; nodes.len()];
    let mut readers = vec![Vec::new(); nodes.len()];
    // By turn.
    let mut ready = Vec::new();
    for &k in &order {
        for &x in nodes[k as usize].operands().iter().filter(|&&x| varying(x as usize)) {
            waits[k as usize] += 1;
            readers[x as usize].push(k);
        }
        if waits[k as usize] == 0 {
            ready.push(turn[k as usize]);
        }
    }
    let mut done = vec![false; order.len()];
    let mut first = 0;
    let mut batches = Vec::new();
    while !ready.is_empty() {
        while done[first] {
            first += 1;
        }
        let soon = |t: usize| t < first + AHEAD;
        let kind = |t: usize| nodes[order[t] as usize].kind;
        let mut counts: Vec<(Kind, usize)> = Vec::new();
        for &t in ready.iter().filter(|&&t| soon(t)) {
            match counts.iter_mut().find(|(of, _)| *of == kind(t)) {
                Some((_, count)) => *count += 1,
                None => counts.push((kind(t), 1)),
            }
        }
        // The first operation that is left waits for none that is left: there always is a kind.
        let Some(&(most, _)) = counts.iter().rev().max_by_key(|(_, count)| *count) else { break };
        let mut now: Vec<usize> = ready.extract_if(.., |t| soon(*t) && kind(*t) == most).collect();
        now.sort_unstable();
        for &t in &now {
            done[t] = true;
            for &r in &readers[order[t] as usize] {
                waits[r as usize] -= 1;
                if waits[r as usize] == 0 {
                    ready.push(turn[r as usize]);
                }
            }
        }
        batches.push(now.into_iter().map(|t| order[t]).collect());
    }
    batches
}

/// What each of `wanted` needs that is not there yet, then itself.
fn one_by_one(nodes: &[Node], wanted: &[u32], varying: &impl Fn(usize) -> bool) -> Vec<u32> {
    let mut there = vec![false; nodes.len()];
    let mut order = Vec::new();
    let mut open: Vec<(u32, usize)> = Vec::new();
    for &w in wanted {
        open.push((w, 0));
        while let Some((k, next)) = open.pop() {
            if there[k as usize] || !varying(k as usize) {
                continue;
            }
            match nodes[k as usize].operands().get(next) {
                Some(&x) => {
                    open.push((k, next + 1));
                    open.push((x, 0));
                }
                None => {
                    there[k as usize] = true;
                    order.push(k);
                }
            }
        }
    }
    order
}
