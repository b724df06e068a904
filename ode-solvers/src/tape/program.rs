//! The entries of a Jacobian as a flat list of operations.

use std::sync::Arc;

use crate::sparse::{SparsityPattern, Symbolic};
use crate::tape::derivative;
use crate::tape::graph::{Graph, Kind, Node};
use crate::tape::schedule::{Units, schedule};
use crate::tape::trace::{Raw, Trace};

/// Which entries of a Jacobian are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries {
    /// All that are not zero by structure, and the diagonal, row by row.
    All,
    /// The diagonal.
    Diagonal,
}

/// The operations that give the entries of a Jacobian that are not zero by structure, and the plan
/// for factorising it.
///
/// Derived once from a [`Trace`] and valid for all systems whose trace has the same operations. Equal
/// expressions are computed once, what depends on no state once for each system; operations of one
/// kind stand together, so that the processor foresees what comes next.
#[derive(Debug)]
pub struct Program {
    /// What it was derived from.
    inputs: usize,
    ops: Vec<Raw>,
    outputs: Vec<u32>,
    first: Vec<u32>,
    wanted: Entries,

    pub(super) prologue: Vec<Node>,
    /// Results of the prologue that the operations read: they follow the states.
    pub(super) kept: Vec<u32>,
    pub(super) runs: Vec<Run>,
    /// The operands of all operations, as places.
    pub(super) args: Vec<u16>,
    /// How many numbers there are at a time: states, results of the prologue, results of operations.
    pub(super) places: usize,
    /// Where each entry is.
    pub(super) entries: Vec<u16>,
    positions: Vec<(usize, usize)>,

    plan: Option<(SparsityPattern, Arc<Symbolic>)>,
}

/// Operations of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) kind: Kind,
    pub(super) count: u32,
    /// The place of the first result; the others follow.
    pub(super) to: u32,
}

impl Program {
    /// Nothing if the equations have too many operations.
    pub(super) fn new(trace: &Trace, first: &[u32], wanted: Entries) -> Option<Self> {
        let n = trace.inputs;
        let (mut graph, outputs) = Graph::of(trace, |g, k| g.bound(first[k]));
        let zero = graph.literal(0.0);
        let rows = derivative::jacobian(&mut graph, &outputs);
        let (mut positions, mut nodes) = (Vec::new(), Vec::new());
        for (i, mut row) in rows.into_iter().enumerate() {
            // What cancelled is no entry, the diagonal always is one.
            row.retain(|&(_, d)| graph.value(d) != Some(0.0));
            if let Err(k) = row.binary_search_by_key(&(i as u32), |&(j, _)| j) {
                row.insert(k, (i as u32, zero));
            }
            if wanted == Entries::Diagonal {
                row.retain(|&(j, _)| j as usize == i);
            }
            positions.extend(row.iter().map(|&(j, _)| (i, j as usize)));
            nodes.extend(row.iter().map(|&(_, d)| d));
        }
        let pattern = match wanted {
            Entries::All => SparsityPattern::from_entries(n, positions.iter().copied()).ok(),
            Entries::Diagonal => None,
        };
        let units = Units {
            one: graph.literal(1.0),
            minus_one: graph.literal(-1.0),
            minus_zero: graph.literal(-0.0),
        };
        let plan = schedule(graph.nodes, &units, &nodes, n)?;
        Some(Self {
            inputs: n,
            ops: trace.ops.clone(),
            outputs: trace.outputs.clone(),
            first: first.to_vec(),
            wanted,
            prologue: plan.prologue,
            kept: plan.kept,
            runs: plan.runs,
            args: plan.args,
            places: plan.places,
            entries: plan.entries,
            positions,
            plan: pattern.map(|pattern| {
                let symbolic = Arc::new(Symbolic::new(&pattern));
                (pattern, symbolic)
            }),
        })
    }

    /// Whether it was derived from such a trace.
    pub(super) fn fits(&self, trace: &Trace, first: &[u32], wanted: Entries) -> bool {
        self.inputs == trace.inputs
            && self.wanted == wanted
            && self.outputs == trace.outputs
            && self.first == first
            && self.ops == trace.ops
    }

    /// The number of states.
    pub fn dim(&self) -> usize {
        self.inputs
    }

    /// The position (row, column) of each entry, row by row.
    pub fn positions(&self) -> &[(usize, usize)] {
        &self.positions
    }

    /// The structure of the Jacobian, with its diagonal, and the plan for factorising it. Nothing where
    /// the diagonal alone is wanted, or the system is too large for a [`SparsityPattern`].
    pub fn plan(&self) -> Option<&(SparsityPattern, Arc<Symbolic>)> {
        self.plan.as_ref()
    }

    /// The number of operations of one evaluation.
    pub fn operations(&self) -> usize {
        self.runs.iter().map(|r| r.count as usize).sum()
    }

    /// The number of stretches of operations of one kind.
    pub fn stretches(&self) -> usize {
        self.runs.len()
    }
}
