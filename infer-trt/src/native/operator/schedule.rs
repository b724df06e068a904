//! From operations to a plan: in which order, in which pass, and in whose memory.
//!
//! A convolution needs all points of what it takes, and a pass that reads what it gives has to come later. So
//! operations have levels: a convolution leads from one to the next, and point-wise operations stand in the last level
//! that those allow which need them. (Earlier, the point-wise map of a layer would be stored for all points, to be
//! added to the convolution later.) Point-wise operations of a level are one pass.

use std::collections::BTreeMap;

use super::buffers::{Buffers, Life, Moment, Rows};
use super::emit;
use super::ir::{Id, Node, Op};
use super::plan::{Convolution, Fill, Map, Plan, Row, Stage, View};
use super::tables::Left;
use crate::onnx::Constant;

/// The state of planning.
pub(super) struct Schedule<'n> {
    pub(super) nodes: &'n [Node],
    pub(super) lanes: usize,
    /// Where a value that is whole is available, and where a point-wise operation stands.
    ready: Vec<usize>,
    level: Vec<usize>,
    stored: Vec<bool>,
    /// Which value's memory an operation's is a part of, and from which row on.
    root: Vec<(Id, usize)>,
    /// The last moment at which memory is read, and by which rows if by a pass.
    last: Vec<(Moment, Option<Rows>)>,
    views: Vec<Option<View>>,
    pub(super) buffers: Buffers,
    pub(super) maps: Vec<Map>,
    pub(super) fields: Vec<Row>,
    pub(super) convolutions: Vec<Convolution>,
    pub(super) tables: Vec<Left>,
    /// Tables that are laid out already, by the constants that they come from.
    pub(super) known: BTreeMap<(*const Constant, bool), usize>,
    pub(super) slots: usize,
}

/// Plans the operations, whose last one is the output, for vectors of so many values.
///
/// # Errors
/// Why they cannot be held.
pub(super) fn plan(nodes: &[Node], lanes: usize) -> Result<Plan, String> {
    let mut schedule = Schedule::new(nodes, lanes);
    let stages = schedule.stages()?;
    schedule.finish(stages)
}

impl<'n> Schedule<'n> {
    fn new(nodes: &'n [Node], lanes: usize) -> Self {
        let n = nodes.len();
        let mut ready = vec![0; n];
        for (id, node) in nodes.iter().enumerate() {
            let later = usize::from(!node.op.is_pointwise());
            ready[id] = node.op.operands().map(|x| ready[x] + later).max().unwrap_or(0);
        }
        // From the output back: what is needed, and by when.
        let mut level = vec![usize::MAX; n];
        level[n - 1] = ready[n - 1];
        for (id, node) in nodes.iter().enumerate().rev().filter(|(_, node)| !matches!(node.op, Op::Input)) {
            if level[id] < usize::MAX {
                for x in node.op.operands() {
                    let by = if node.op.is_pointwise() { level[id] } else { ready[x] };
                    level[x] = level[x].min(by);
                }
            }
        }
        let mut schedule = Self {
            nodes,
            lanes,
            ready,
            level,
            stored: vec![false; n],
            root: (0..n).map(|id| (id, 0)).collect(),
            last: vec![((0, 0), None); n],
            views: vec![None; n],
            buffers: Buffers::default(),
            maps: Vec::new(),
            fields: Vec::new(),
            convolutions: Vec::new(),
            tables: Vec::new(),
            known: BTreeMap::new(),
            slots: 0,
        };
        schedule.lives();
        schedule
    }

    /// Whether an operation leads to the output.
    fn is_live(&self, id: Id) -> bool {
        self.level[id] < usize::MAX
    }

    /// Finds what is stored, as a part of what, and for how long.
    fn lives(&mut self) {
        let nodes = self.nodes;
        let live: Vec<Id> = (1..nodes.len()).filter(|id| self.is_live(*id)).collect();
        for &id in &live {
            match nodes[id].op {
                Op::Pad { x, before } => self.root[x] = (id, before),
                Op::Slice { x, start } => self.root[id] = (self.root[x].0, self.root[x].1 + start),
                _ => {}
            }
        }
        for &id in &live {
            let node = &nodes[id];
            for x in node.op.operands() {
                let pointwise = node.op.is_pointwise();
                let (root, row) = self.root[x];
                if matches!(nodes[x].op, Op::Input) || pointwise && self.is_in_pass(x, self.level[id]) {
                    continue;
                }
                self.stored[x] = true;
                let (moment, rows) = match node.op {
                    // These give another name to the same memory.
                    Op::Pad { .. } | Op::Slice { .. } => continue,
                    _ if pointwise => {
                        let rows = Rows { pass: node.shape.points, row, width: self.width(x) };
                        ((self.level[id], id), Some(rows))
                    }
                    _ => ((self.ready[x], usize::MAX), None),
                };
                let last = &mut self.last[root];
                // Rows are those of all reads of the last level, or none.
                if moment.0 > last.0.0 {
                    *last = (moment, rows);
                } else if moment.0 == last.0.0 {
                    let first = last.0 == (0, 0);
                    *last = (last.0.max(moment), rows.filter(|_| first || last.1 == rows));
                }
            }
        }
    }

    /// Whether a value comes from a pass of this level.
    fn is_in_pass(&self, x: Id, level: usize) -> bool {
        self.nodes[x].op.is_pointwise() && self.level[x] == level
    }

    /// Values of a row, padded to whole vectors.
    pub(super) fn width(&self, id: Id) -> usize {
        self.nodes[id].shape.channels.next_multiple_of(self.lanes)
    }

    /// Whether a value has to be whole at some time.
    pub(super) fn is_stored(&self, id: Id) -> bool {
        self.stored[id]
    }

    /// Where a stored value lies.
    pub(super) fn view(&self, id: Id) -> View {
        let (root, row) = self.root[id];
        let view = self.views[root].expect("invariant: what is read was given by an earlier level");
        View { row, ..view }
    }

    /// Memory for a value, which a pass of so many points writes, or a convolution.
    pub(super) fn place(&mut self, id: Id, level: usize, pass: Option<usize>) -> Result<View, String> {
        let (root, row) = self.root[id];
        let (last, read) = self.last[root];
        let width = self.width(id);
        let birth = (level, if pass.is_some() { id } else { 0 });
        let rows = pass.map(|pass| Rows { pass, row, width });
        let size = (self.nodes[root].shape.points, width);
        self.views[root] = Some(self.buffers.take(Life { birth, last }, size, rows, read)?);
        Ok(self.view(id))
    }

    /// Level by level, what is done.
    fn stages(&mut self) -> Result<Vec<Stage>, String> {
        let nodes = self.nodes;
        let count = self.ready[nodes.len() - 1] + 1;
        let mut passes: BTreeMap<(usize, usize), Vec<Id>> = BTreeMap::new();
        // Others by the level at which they begin.
        let mut others = vec![Vec::new(); count];
        for id in (1..nodes.len()).filter(|id| self.is_live(*id)) {
            match nodes[id].op {
                Op::Pad { x, .. } | Op::Spectral { x, .. } => others[self.ready[x]].push(id),
                Op::Slice { .. } | Op::Input => {}
                _ => passes.entry((self.level[id], nodes[id].shape.points)).or_default().push(id),
            }
        }
        let mut passes = passes.into_iter().peekable();
        let mut stages = Vec::with_capacity(count);
        // The convolutions that have begun, and what they give.
        let mut begun: Vec<(usize, Id)> = Vec::new();
        for (level, others) in others.into_iter().enumerate() {
            let mut stage = Stage::default();
            for (k, id) in std::mem::take(&mut begun) {
                self.convolutions[k].to = self.place(id, level, None)?;
                stage.syntheses.push(k);
            }
            while let Some(((_, points), members)) = passes.next_if(|((l, _), _)| *l == level) {
                stage.passes.push(emit::pass(self, level, points, &members)?);
            }
            let mut at = (0, 0);
            for id in others {
                match &nodes[id].op {
                    Op::Pad { x, before } => {
                        let whole = self.view(id);
                        let after = before + nodes[*x].shape.points;
                        let fills = [(0, *before), (after, nodes[id].shape.points - after)];
                        let fill = |(row, rows)| Fill { view: View { row, ..whole }, rows };
                        stage.fills.extend(fills.map(fill));
                    }
                    Op::Spectral { x, analysis, mix, synthesis } => {
                        let k = self.convolution(*x, id, (analysis, mix, synthesis), &mut at);
                        stage.analyses.push(k);
                        begun.push((k, id));
                    }
                    _ => {}
                }
            }
            stages.push(stage);
        }
        Ok(stages)
    }
}
