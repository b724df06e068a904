//! The steps of a pass: which block of which array stands where.

use std::collections::HashMap;

use super::ir::{Function, Id, Op};
use super::plan::{Pass, Source, Step};
use super::schedule::Schedule;
use crate::native::program::Activation;

/// Most arrays of a block that a pass may need at a time: those that are exported need three.
const MAX_SLOTS: usize = 256;

/// The state of a pass that is written.
struct Emitter<'s, 'n> {
    schedule: &'s mut Schedule<'n>,
    points: usize,
    level: usize,
    steps: Vec<Step>,
    /// Where values stand, and how many steps of the pass still read them.
    slots: HashMap<Id, (usize, usize)>,
    free: Vec<usize>,
    /// Slots so far.
    count: usize,
}

/// Writes the pass of some operations, of as many points each, in their order.
///
/// # Errors
/// Why it cannot be held.
pub(super) fn pass(
    schedule: &mut Schedule<'_>,
    level: usize,
    points: usize,
    members: &[Id],
) -> Result<Pass, String> {
    let mut emitter = Emitter {
        schedule,
        points,
        level,
        steps: Vec::new(),
        slots: HashMap::new(),
        free: Vec::new(),
        count: 0,
    };
    // How often the pass itself reads each value that comes from the pass, or from the input.
    let mut reads: HashMap<Id, usize> = HashMap::new();
    for &id in members {
        for x in emitter.schedule.nodes[id].op.operands() {
            *reads.entry(x).or_default() += 1;
        }
    }
    for &id in members {
        emitter.operation(id, &mut reads)?;
    }
    let (steps, count) = (emitter.steps, emitter.count);
    schedule.slots = schedule.slots.max(count);
    Ok(Pass { points, steps })
}

impl Emitter<'_, '_> {
    fn slot(&mut self) -> Result<usize, String> {
        if let Some(slot) = self.free.pop() {
            return Ok(slot);
        }
        if self.count == MAX_SLOTS {
            return Err(format!("a point has to hold more than {MAX_SLOTS} arrays at a time"));
        }
        self.count += 1;
        Ok(self.count - 1)
    }

    /// Where an operand is read.
    fn source(&mut self, x: Id, reads: &HashMap<Id, usize>) -> Result<Source, String> {
        if let Some(&(slot, _)) = self.slots.get(&x) {
            return Ok(Source::Slot(slot));
        }
        if matches!(self.schedule.nodes[x].op, Op::Input) {
            let (to, width) = (self.slot()?, self.schedule.width(x));
            self.steps.push(Step::Input { to, width });
            self.slots.insert(x, (to, reads.get(&x).copied().unwrap_or(0)));
            return Ok(Source::Slot(to));
        }
        Ok(Source::Buffer(self.schedule.view(x)))
    }

    /// One read of an operand is done; returns its slot if that was the last.
    fn done(&mut self, x: Id) -> Option<usize> {
        let (slot, left) = self.slots.get_mut(&x)?;
        *left -= 1;
        if *left > 0 {
            return None;
        }
        let slot = *slot;
        self.slots.remove(&x);
        Some(slot)
    }

    /// A slot that holds an operand's values and may be written over.
    fn own(&mut self, x: Id, reads: &HashMap<Id, usize>) -> Result<usize, String> {
        let from = self.source(x, reads)?;
        if let Some(slot) = self.done(x) {
            return Ok(slot);
        }
        let (to, width) = (self.slot()?, self.schedule.width(x));
        self.steps.push(Step::Copy { from, width, to });
        Ok(to)
    }

    fn operation(&mut self, id: Id, reads: &mut HashMap<Id, usize>) -> Result<(), String> {
        let nodes = self.schedule.nodes;
        let width = self.schedule.width(id);
        let slot = match &nodes[id].op {
            Op::Dense { x, weights, bias } => {
                let from = self.source(*x, reads)?;
                let to = self.slot()?;
                let map = self.schedule.map((*x, id), weights, bias.as_deref());
                self.steps.push(Step::Dense { from, map, to });
                let freed = self.done(*x);
                self.free.extend(freed);
                to
            }
            Op::Columns { x, op, field } => {
                let at = self.own(*x, reads)?;
                let field = self.schedule.field(id, *op, field);
                self.steps.push(Step::Columns { op: *op, field, at });
                at
            }
            Op::Map { x, function } => {
                let at = self.own(*x, reads)?;
                if *function != Function::Of(Activation::Identity) {
                    self.steps.push(Step::Map { function: *function, width, at });
                }
                at
            }
            Op::Sum { a, b } => {
                // The one that is not needed any more takes the sum.
                let last = |x: &Id| self.slots.get(x).is_some_and(|(_, left)| *left == 1);
                let (mine, other) = if last(b) && !last(a) { (*b, *a) } else { (*a, *b) };
                if mine == other {
                    // x + x: a copy first, so that it is not read while it is written.
                    let from = self.source(mine, reads)?;
                    let at = self.slot()?;
                    self.steps.push(Step::Copy { from, width, to: at });
                    self.steps.push(Step::Add { from, width, at });
                    for _ in 0..2 {
                        let freed = self.done(mine);
                        self.free.extend(freed);
                    }
                    at
                } else {
                    let at = self.own(mine, reads)?;
                    let from = self.source(other, reads)?;
                    self.steps.push(Step::Add { from, width, at });
                    let freed = self.done(other);
                    self.free.extend(freed);
                    at
                }
            }
            Op::Input | Op::Pad { .. } | Op::Slice { .. } | Op::Spectral { .. } => {
                return Err("its order of operations is none that can be run".to_owned());
            }
        };
        if self.schedule.is_stored(id) {
            let to = self.schedule.place(id, self.level, Some(self.points))?;
            self.steps.push(Step::Store { from: slot, to });
        }
        if id + 1 == nodes.len() {
            self.steps.push(Step::Output { from: slot, width });
        }
        // Operations of other passes read what is stored.
        match reads.get(&id) {
            Some(&n) => {
                self.slots.insert(id, (slot, n));
            }
            None => self.free.push(slot),
        }
        Ok(())
    }
}
