//! Constants as products take them, and what a plan needs of memory.

use std::rc::Rc;

use super::ir::{Field, Function, Id, Node, Op};
use super::mix::Mix;
use super::numbers::Numbers;
use super::plan::{Convolution, Map, Plan, Row, Stage};
use super::schedule::Schedule;
use super::tables::{Left, Way};
use crate::native::program::{Activation, ColumnOp};
use crate::onnx::Constant;

/// Points that go through a pass together, at most; fewer of them where a point has many channels.
const BLOCK: usize = 48;
/// Fewest of them.
const LEAST: usize = 8;
/// Values of a block in one of its arrays that are aimed at.
const SLOT: usize = 12 << 10;
/// Samples of a group, at most; fewer of them where a sample is large.
const ROOM: usize = 8;
/// Values of a group that are aimed at: they fill a second-level cache.
const GROUP: usize = 1 << 19;
/// Most values that are held at a time for one sample.
const MAX_HELD: usize = 1 << 26;

impl Schedule<'_> {
    /// Lays out a dense map from one value to another.
    pub(super) fn map(&mut self, (x, id): (Id, Id), weights: &Constant, bias: Option<&Field>) -> usize {
        let (inputs, width) = (self.nodes[x].shape.channels, self.width(id));
        let weights = Numbers::padded(&weights.values, self.nodes[id].shape.channels, width, 0.0);
        let bias = bias.map(|field| self.row(id, 0.0, field));
        self.maps.push(Map { inputs, stride: self.width(x), width, weights, bias });
        self.maps.len() - 1
    }

    /// Lays out the constants of an operation, which are to make no infinities of the zeros that fill rows.
    pub(super) fn field(&mut self, id: Id, op: ColumnOp, field: &Field) -> usize {
        let filler = if op == ColumnOp::Div { 1.0 } else { 0.0 };
        let row = self.row(id, filler, field);
        self.fields.push(row);
        self.fields.len() - 1
    }

    fn row(&self, id: Id, filler: f32, field: &Field) -> Row {
        let width = self.width(id);
        let values = Numbers::padded(&field.values, self.nodes[id].shape.channels, width, filler);
        Row { points: field.points, width, values }
    }

    /// Lays out a table, once for all layers that have it.
    fn table(&mut self, way: Way, size: (usize, usize), constant: &Rc<Constant>) -> usize {
        let key = (Rc::as_ptr(constant), way == Way::Analysis);
        if let Some(&k) = self.known.get(&key) {
            return k;
        }
        self.tables.push(Left::new(way, size, &constant.values));
        self.known.insert(key, self.tables.len() - 1);
        self.tables.len() - 1
    }

    /// Lays out a convolution, whose modes begin where others of the level end.
    pub(super) fn convolution(
        &mut self,
        x: Id,
        id: Id,
        (analysis, mix, synthesis): (&Rc<Constant>, &Rc<Constant>, &Rc<Constant>),
        at: &mut (usize, usize),
    ) -> usize {
        let [from, to] = [x, id].map(|id| self.nodes[id].shape);
        let rows = analysis.values.len() / from.points;
        let analysis = self.table(Way::Analysis, (rows, from.points), analysis);
        let synthesis = self.table(Way::Synthesis, (rows, to.points), synthesis);
        let mix = Mix::new((rows / 2, from.channels, to.channels), &mix.values, self.width(id));
        let (modes, mixed) = mix.values();
        let (modes_at, mixed_at) = *at;
        *at = (modes_at + modes, mixed_at + mixed);
        // Where it leads is known when its level comes.
        let from = self.view(x);
        self.convolutions.push(Convolution { analysis, synthesis, mix, from, to: from, modes_at, mixed_at });
        self.convolutions.len() - 1
    }

    /// The whole plan of these stages.
    pub(super) fn finish(self, stages: Vec<Stage>) -> Result<Plan, String> {
        let (first, last) = (self.nodes[0].shape, self.nodes[self.nodes.len() - 1].shape);
        let widest = (0..self.nodes.len()).map(|id| self.width(id)).max().unwrap_or(1);
        let block = (SLOT / widest).clamp(LEAST, BLOCK);
        let most = |of: fn(&Convolution) -> usize| self.convolutions.iter().map(of).max().unwrap_or(0);
        let modes = most(|c| c.modes_at + c.mix.values().0);
        let mixed = most(|c| c.mixed_at + c.mix.values().1);
        let widths = |c: &Convolution| c.from.width.max(c.to.width);
        let spectra = self.convolutions.iter().map(|c| 2 * c.mix.modes * widths(c));
        let spectrum = spectra.max().unwrap_or(0);
        let fold = self.convolutions.iter().map(widths).max().unwrap_or(0);
        let each: usize = self.buffers.all.iter().map(|b| if b.each { b.size } else { 0 }).sum();
        let each = each + modes + mixed;
        let others: usize = self.buffers.all.iter().map(|b| if b.each { 0 } else { b.size }).sum();
        let (slots, slot) = (self.slots, block * widest);
        let held = each.saturating_add(others).saturating_add(slots * slot).saturating_add(spectrum);
        if held > MAX_HELD {
            return Err(format!("it has to hold {held} values at a time; {MAX_HELD} are served"));
        }
        Ok(Plan {
            work: self.work(),
            stages,
            buffers: self.buffers.all,
            maps: self.maps,
            fields: self.fields,
            convolutions: self.convolutions,
            tables: self.tables,
            block,
            slots,
            slot,
            room: (GROUP / each.max(1)).clamp(1, ROOM),
            modes,
            mixed,
            spectrum,
            fold,
            input: first.channels,
            output: last.channels,
            n_inputs: first.points * first.channels,
            n_outputs: last.points * last.channels,
        })
    }

    /// Multiplications for a sample, with a rough equivalent for functions.
    fn work(&self) -> usize {
        let of = |(id, node): (Id, &Node)| {
            let values = node.shape.points * self.width(id);
            match &node.op {
                Op::Dense { x, .. } => values.saturating_mul(self.nodes[*x].shape.channels),
                Op::Map { function: Function::Of(Activation::Identity), .. } => 0,
                Op::Map { .. } => 16 * values,
                _ => values,
            }
        };
        let nodes = self.nodes.iter().enumerate().map(of);
        let convolutions = self.convolutions.iter().map(|c| {
            let tables =
                self.tables[c.analysis].work() * c.from.width + self.tables[c.synthesis].work() * c.to.width;
            tables.saturating_add(c.mix.work())
        });
        nodes.chain(convolutions).fold(1, usize::saturating_add)
    }
}
