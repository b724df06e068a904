//! Groups of samples through all stages of a plan.

use super::elementwise::{Add, Apply, Constants};
use super::numbers::Numbers;
use super::plan::{Buffer, Pass, Plan, Row, Source, Stage, Step, View};
use super::product::{Product, Start};
use super::tables::Folds;
use crate::native::dispatch::Simd;

/// Memory that one thread works in.
#[derive(Debug)]
pub(super) struct Work {
    buffers: Vec<Numbers>,
    slots: Vec<Numbers>,
    modes: Numbers,
    mixed: Numbers,
    spectrum: Numbers,
    folds: Folds,
}

impl Work {
    /// For groups of up to so many samples.
    pub(super) fn new(plan: &Plan, room: usize) -> Self {
        let buffer = |b: &Buffer| Numbers::zeros(if b.each { b.size * room } else { b.size });
        Self {
            buffers: plan.buffers.iter().map(buffer).collect(),
            slots: (0..plan.slots).map(|_| Numbers::zeros(plan.slot)).collect(),
            modes: Numbers::zeros(plan.modes * room),
            mixed: Numbers::zeros(plan.mixed * room),
            spectrum: Numbers::zeros(plan.spectrum),
            folds: Folds::new(plan.fold),
        }
    }
}

/// A plan, the instructions for it, and how many samples a group has room for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runner<'p> {
    pub(super) plan: &'p Plan,
    pub(super) simd: Simd,
    pub(super) room: usize,
}

impl Runner<'_> {
    /// Runs the samples of a group, of which there are no more than there is room for.
    pub(super) fn group(self, work: &mut Work, x: &[f32], y: &mut [f32]) {
        let Self { plan, .. } = self;
        let used = x.len() / plan.n_inputs;
        for stage in &plan.stages {
            let samples = x.chunks_exact(plan.n_inputs).zip(y.chunks_exact_mut(plan.n_outputs));
            for (sample, (x, y)) in samples.enumerate() {
                self.sample(stage, work, sample, x, y);
            }
            for &k in &stage.analyses {
                let c = &plan.convolutions[k];
                let (modes, mixed) = (c.modes_at * self.room, c.mixed_at * self.room);
                c.mix.run(self.simd, used, self.room, &work.modes[modes..], &mut work.mixed[mixed..]);
            }
        }
    }

    /// A stage of one sample.
    fn sample(self, stage: &Stage, work: &mut Work, sample: usize, x: &[f32], y: &mut [f32]) {
        let (plan, place) = (self.plan, (sample, self.room));
        for &k in &stage.syntheses {
            let c = &plan.convolutions[k];
            let table = &plan.tables[c.synthesis];
            c.mix.give(place, &work.mixed[c.mixed_at * self.room..], &table.place, &mut work.spectrum);
            let to = &mut work.buffers[c.to.buffer][self.at(c.to, sample)..];
            table.synthesise(self.simd, c.to.width, &work.spectrum, &mut work.folds, to);
        }
        for pass in &stage.passes {
            self.pass(pass, work, sample, x, y);
        }
        for fill in &stage.fills {
            let at = self.at(fill.view, sample);
            work.buffers[fill.view.buffer][at..][..fill.rows * fill.view.width].fill(0.0);
        }
        for &k in &stage.analyses {
            let c = &plan.convolutions[k];
            let table = &plan.tables[c.analysis];
            let from = &work.buffers[c.from.buffer][self.at(c.from, sample)..];
            table.analyse(self.simd, c.from.width, from, &mut work.folds, &mut work.spectrum);
            let modes = &mut work.modes[c.modes_at * self.room..];
            c.mix.take(place, (&work.spectrum, c.from.width), &table.place, modes);
        }
    }

    /// Where a view of a sample begins in its buffer.
    fn at(self, view: View, sample: usize) -> usize {
        let buffer = self.plan.buffers[view.buffer];
        view.row * view.width + if buffer.each { sample * buffer.size } else { 0 }
    }

    /// All points of a sample through a pass, block by block.
    fn pass(self, pass: &Pass, work: &mut Work, sample: usize, x: &[f32], y: &mut [f32]) {
        for first in (0..pass.points).step_by(self.plan.block) {
            let rows = self.plan.block.min(pass.points - first);
            for step in &pass.steps {
                self.step(step, work, (sample, first, rows), x, y);
            }
        }
    }

    fn step(
        self,
        step: &Step,
        work: &mut Work,
        (sample, first, rows): (usize, usize, usize),
        x: &[f32],
        y: &mut [f32],
    ) {
        let (plan, simd) = (self.plan, self.simd);
        let Work { buffers, slots, .. } = work;
        // Of a view, the rows of the block and those behind.
        let begin = |view: View| self.at(view, sample) + first * view.width;
        // A slot that is written is taken out meanwhile, so that others may be read.
        match *step {
            Step::Input { to, width } => {
                let x = &x[first * plan.input..][..rows * plan.input];
                for (to, x) in slots[to].chunks_exact_mut(width).zip(x.chunks_exact(plan.input)) {
                    let (to, rest) = to.split_at_mut(plan.input);
                    to.copy_from_slice(x);
                    rest.fill(0.0);
                }
            }
            Step::Dense { from, map, to } => {
                let map = &plan.maps[map];
                let mut out = std::mem::take(&mut slots[to]);
                let a = match from {
                    Source::Slot(slot) => &slots[slot][..],
                    Source::Buffer(view) => &buffers[view.buffer][begin(view)..],
                };
                let start = match &map.bias {
                    None => Start::Zero,
                    Some(Row { points: 1, values, .. }) => Start::Row(values),
                    Some(Row { values, .. }) => Start::Rows(&values[first * map.width..]),
                };
                let (inner, width, c) = (map.inputs, map.width, &mut out[..rows * map.width]);
                Product { rows, inner, width, a, stride: map.stride, b: &map.weights, start, c }.run(simd);
                slots[to] = out;
            }
            Step::Columns { op, field, at } => {
                let row = &plan.fields[field];
                simd.enter(Constants { op, row, first, x: &mut slots[at][..rows * row.width] });
            }
            Step::Map { function, width, at } => {
                simd.enter(Apply { function, x: &mut slots[at][..rows * width] });
            }
            Step::Add { from, width, at } => {
                let mut sum = std::mem::take(&mut slots[at]);
                let y = match from {
                    Source::Slot(slot) => &slots[slot][..],
                    Source::Buffer(view) => &buffers[view.buffer][begin(view)..],
                };
                simd.enter(Add { x: &mut sum[..rows * width], y });
                slots[at] = sum;
            }
            Step::Copy { from, width, to } => {
                let mut out = std::mem::take(&mut slots[to]);
                let from = match from {
                    Source::Slot(slot) => &slots[slot][..],
                    Source::Buffer(view) => &buffers[view.buffer][begin(view)..],
                };
                out[..rows * width].copy_from_slice(&from[..rows * width]);
                slots[to] = out;
            }
            Step::Store { from, to } => {
                let at = begin(to);
                let values = rows * to.width;
                buffers[to.buffer][at..][..values].copy_from_slice(&slots[from][..values]);
            }
            Step::Output { from, width } => {
                let y = &mut y[first * plan.output..][..rows * plan.output];
                for (y, from) in y.chunks_exact_mut(plan.output).zip(slots[from].chunks_exact(width)) {
                    y.copy_from_slice(&from[..plan.output]);
                }
            }
        }
    }
}
