//! A network as the right-hand side of an ODE, one state at a time: neurons in lanes.
//!
//! The states of a trajectory follow each other, so there is no batch to lay into lanes. What an evaluation
//! leaves behind stays in a slot; its derivatives are taken later, in any order. The products with weights
//! cost 2·n·m operations for a layer of n inputs and m outputs, forward and reverse alike; outer products for
//! the weights' gradient wait until [`BLOCK`] of them have come together.

use super::functions::{activation, tanh_lines};
use super::level::{Level, Task};
use super::simd::{LANES, Line, Simd};
use super::vectors::{Outer, combine, dots};
use crate::{Activation, Dense, MlpSpec};

/// Evaluations whose outer products are taken together: for 64 neurons two layers take 32 KiB.
const BLOCK: usize = 64;

/// One layer's weights as lines, and what its weights' gradient has grown to.
#[derive(Debug, Clone)]
struct Part {
    layer: Dense,
    /// Lines of its inputs and of its outputs.
    lines: (usize, usize),
    /// `[input][line of outputs]`; empty in the last layer.
    forward: Vec<Line>,
    /// `[output][line of inputs]`; empty in the first layer.
    reverse: Vec<Line>,
    /// Biases in lines.
    bias: Vec<Line>,
    /// As `forward`, or in the last layer as `reverse`.
    gradient: Vec<Line>,
    bias_gradient: Vec<Line>,
    /// σ of every slot; empty in the last layer.
    h: Vec<Line>,
    /// σ' of every slot, for activations whose slope does not follow from their value.
    slopes: Vec<Line>,
    /// Gradients by this layer's sums, for each evaluation of the block.
    d: Vec<Line>,
}

/// A network with at least one hidden layer, and the slots of its evaluations. Inputs and outputs are in the
/// network's own units.
#[derive(Debug, Clone)]
pub(crate) struct FusedField {
    level: Level,
    parts: Vec<Part>,
    /// The inputs of every slot, padded to lines.
    x: Vec<Line>,
    slots: usize,
    /// The slots of the block, in the order of their derivatives.
    block: Vec<u32>,
}

/// Lines that hold `n` numbers.
fn lines(n: usize) -> usize {
    n.div_ceil(LANES)
}

/// Whether σ' follows from σ.
fn slope_from_value(kind: Activation) -> bool {
    kind == Activation::Tanh
}

impl FusedField {
    /// Space for `slots` evaluations. The network must have a hidden layer.
    pub(crate) fn new(level: Level, spec: &MlpSpec, slots: usize) -> Self {
        let zero = |n: usize| vec![Line::ZERO; n];
        let last = spec.hidden.len();
        let parts: Vec<Part> = spec
            .layers()
            .enumerate()
            .map(|(k, layer)| {
                let (i, o) = (lines(layer.inputs), lines(layer.outputs));
                let forward = if k < last { layer.inputs * o } else { 0 };
                let reverse = if k > 0 { layer.outputs * i } else { 0 };
                Part {
                    layer,
                    lines: (i, o),
                    forward: zero(forward),
                    reverse: zero(reverse),
                    bias: zero(o),
                    gradient: zero(if k < last { forward } else { reverse }),
                    bias_gradient: zero(o),
                    h: Vec::new(),
                    slopes: Vec::new(),
                    d: zero(BLOCK * o),
                }
            })
            .collect();
        let mut field = Self { level, parts, x: Vec::new(), slots: 0, block: Vec::with_capacity(BLOCK) };
        field.reserve(slots);
        field
    }

    /// Makes room for at least so many slots.
    pub(crate) fn reserve(&mut self, slots: usize) {
        if slots <= self.slots {
            return;
        }
        self.slots = slots;
        for part in &mut self.parts {
            if let Some(kind) = part.layer.activation {
                part.h.resize(slots * part.lines.1, Line::ZERO);
                if !slope_from_value(kind) {
                    part.slopes.resize(slots * part.lines.1, Line::ZERO);
                }
            }
        }
        let inputs = self.parts.first().map_or(0, |p| p.lines.0);
        self.x.resize(slots * inputs, Line::ZERO);
    }

    /// Takes weights and biases, `[inputs, outputs]` row by row, and forgets gradients.
    pub(crate) fn load(&mut self, parameters: &[f32]) {
        let last = self.parts.len() - 1;
        for (k, part) in self.parts.iter_mut().enumerate() {
            let (w, b) = part.layer.split(parameters);
            let (i_lines, o_lines) = part.lines;
            spread(&mut part.bias, b);
            if k < last {
                for (row, w) in part.forward.chunks_exact_mut(o_lines).zip(w.chunks_exact(part.layer.outputs))
                {
                    spread(row, w);
                }
            }
            if k > 0 {
                let outputs = part.layer.outputs;
                for (o, row) in part.reverse.chunks_exact_mut(i_lines).enumerate() {
                    for (i, w) in w.iter().skip(o).step_by(outputs).enumerate() {
                        row[i / LANES].0[i % LANES] = *w;
                    }
                }
            }
            part.gradient.fill(Line::ZERO);
            part.bias_gradient.fill(Line::ZERO);
        }
        self.block.clear();
    }

    /// Writes the network's outputs at `x` into `y`, and keeps in the slot what derivatives need.
    #[inline]
    pub(crate) fn value(&mut self, slot: usize, x: &[f32], y: &mut [f32]) {
        debug_assert!(slot < self.slots && !self.block.contains(&(slot as u32)), "a slot in use");
        self.level.run(Value { field: self, slot, x, y });
    }

    /// Writes `gᵀ·∂outputs/∂x` at a slot into `by_x`; if `learn`, `gᵀ·∂outputs/∂parameters` is added to the
    /// gradient. A slot may be evaluated anew only after [`FusedField::flush`].
    #[inline]
    pub(crate) fn pull(&mut self, slot: usize, g: &[f32], by_x: &mut [f32], learn: bool) {
        self.level.run(Pull { field: self, slot, g, by_x });
        if learn {
            self.block.push(slot as u32);
            if self.block.len() == BLOCK {
                self.flush();
            }
        }
    }

    /// Takes the outer products that wait.
    pub(crate) fn flush(&mut self) {
        if !self.block.is_empty() {
            self.level.run(Flush(self));
            self.block.clear();
        }
    }

    /// Adds the gradient since [`FusedField::load`] to `gradient`, in the order of the parameters.
    pub(crate) fn add_gradient(&mut self, gradient: &mut [f32]) {
        self.flush();
        let last = self.parts.len() - 1;
        for (k, part) in self.parts.iter().enumerate() {
            let outputs = part.layer.outputs;
            let (w, b) = part.layer.split_mut(gradient);
            for (i, b) in b.iter_mut().enumerate() {
                *b += part.bias_gradient[i / LANES].0[i % LANES];
            }
            for (i, row) in w.chunks_exact_mut(outputs).enumerate() {
                for (o, w) in row.iter_mut().enumerate() {
                    let (row, column) = if k < last { (i, o) } else { (o, i) };
                    let of_row = if k < last { part.lines.1 } else { part.lines.0 };
                    *w += part.gradient[row * of_row + column / LANES].0[column % LANES];
                }
            }
        }
    }
}

/// Numbers into lines; what follows them in the last line stays.
#[inline(always)]
fn spread(to: &mut [Line], x: &[f32]) {
    for (line, x) in to.iter_mut().zip(x.chunks(LANES)) {
        line.0[..x.len()].copy_from_slice(x);
    }
}

struct Value<'a> {
    field: &'a mut FusedField,
    slot: usize,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Task for Value<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { field, slot, x, y } = self;
        let inputs = lines(x.len());
        spread(&mut field.x[slot * inputs..][..inputs], x);
        for k in 0..field.parts.len() {
            let (before, rest) = field.parts.split_at_mut(k);
            let Some(part) = rest.first_mut() else { return };
            let (i, o) = part.lines;
            let x = match before.last() {
                Some(before) => &before.h[slot * i..][..i],
                None => &field.x[slot * i..][..i],
            };
            let Some(kind) = part.layer.activation else {
                dots(s, x, &part.reverse, y);
                for (y, b) in y.chunks_mut(LANES).zip(&part.bias) {
                    for (y, b) in y.iter_mut().zip(b.0) {
                        *y += b;
                    }
                }
                return;
            };
            let h = &mut part.h[slot * o..][..o];
            combine(s, (x, part.layer.inputs), &part.forward, &part.bias, h);
            if slope_from_value(kind) {
                tanh_all(s, h);
            } else {
                activate(s, kind, h, &mut part.slopes[slot * o..][..o]);
            }
        }
    }
}

/// tanh of every line, four in lockstep.
#[inline(always)]
fn tanh_all<S: Simd>(s: S, z: &mut [Line]) {
    let (fours, rest) = z.as_chunks_mut::<4>();
    for four in fours {
        let y = tanh_lines(s, [s.load(&four[0]), s.load(&four[1]), s.load(&four[2]), s.load(&four[3])]);
        for (line, y) in four.iter_mut().zip(y) {
            s.store(y, line);
        }
    }
    for line in rest {
        let [y] = tanh_lines(s, [s.load(line)]);
        s.store(y, line);
    }
}

#[inline(always)]
fn activate<S: Simd>(s: S, kind: Activation, z: &mut [Line], slopes: &mut [Line]) {
    match kind {
        Activation::SiLU => lines_of::<S, { Activation::SiLU as u8 }>(s, z, slopes),
        Activation::Tanh => lines_of::<S, { Activation::Tanh as u8 }>(s, z, slopes),
        Activation::ELU => lines_of::<S, { Activation::ELU as u8 }>(s, z, slopes),
        Activation::ReLU => lines_of::<S, { Activation::ReLU as u8 }>(s, z, slopes),
        Activation::Sin => lines_of::<S, { Activation::Sin as u8 }>(s, z, slopes),
        Activation::GELU => lines_of::<S, { Activation::GELU as u8 }>(s, z, slopes),
        Activation::LeakyReLU => lines_of::<S, { Activation::LeakyReLU as u8 }>(s, z, slopes),
    }
}

#[inline(always)]
fn lines_of<S: Simd, const KIND: u8>(s: S, z: &mut [Line], slopes: &mut [Line]) {
    for (z, d) in z.iter_mut().zip(slopes) {
        let (h, slope, _) = activation::<S, KIND>(s, s.load(z));
        s.store(h, z);
        s.store(slope, d);
    }
}

struct Pull<'a> {
    field: &'a mut FusedField,
    slot: usize,
    g: &'a [f32],
    by_x: &'a mut [f32],
}

impl Task for Pull<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { field, slot, g, by_x } = self;
        // The gradients stand behind those of the block; they count once the slot is pushed.
        let at = field.block.len();
        let mut k = field.parts.len() - 1;
        {
            let o = field.parts[k].lines.1;
            spread(&mut field.parts[k].d[at * o..][..o], g);
        }
        while k > 0 {
            let (before, rest) = field.parts.split_at_mut(k);
            let (Some(before), Some(part)) = (before.last_mut(), rest.first()) else { return };
            let (i, o) = part.lines;
            let z = &part.d[at * o..][..o];
            let d = &mut before.d[at * i..][..i];
            combine(s, (z, part.layer.outputs), &part.reverse, &[], d);
            let one = s.splat(1.0);
            if before.slopes.is_empty() {
                for (d, h) in d.iter_mut().zip(&before.h[slot * i..][..i]) {
                    let h = s.load(h);
                    s.store(s.mul(s.load(d), s.fnma(h, h, one)), d);
                }
            } else {
                for (d, slope) in d.iter_mut().zip(&before.slopes[slot * i..][..i]) {
                    s.store(s.mul(s.load(d), s.load(slope)), d);
                }
            }
            k -= 1;
        }
        let first = &field.parts[0];
        let o = first.lines.1;
        dots(s, &first.d[at * o..][..o], &first.forward, by_x);
    }
}

struct Flush<'a>(&'a mut FusedField);

impl Task for Flush<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let field = self.0;
        let count = field.block.len();
        // Numbers 0, 1, …: the rows of the block in its own order.
        let mut own = [0; BLOCK];
        for (i, own) in own.iter_mut().enumerate() {
            *own = i as u32;
        }
        let last = field.parts.len() - 1;
        for k in 0..=last {
            let (before, rest) = field.parts.split_at_mut(k);
            let Some(part) = rest.first_mut() else { return };
            let (i, o) = part.lines;
            let d = &part.d[..count * o];
            for d in d.chunks_exact(o) {
                for (sum, d) in part.bias_gradient.iter_mut().zip(d) {
                    s.store(s.add(s.load(sum), s.load(d)), sum);
                }
            }
            let x = before.last().map_or(&field.x, |before| &before.h);
            let (slots, own) = (&field.block[..], &own[..count]);
            if k < last {
                let outer = Outer { x, x_lines: i, x_rows: slots, d, d_lines: o, d_rows: own };
                outer.add_to(s, part.layer.inputs, &mut part.gradient);
            } else {
                // By rows of outputs: the few outputs are the numbers, the inputs the lines.
                let outer = Outer { x: d, x_lines: o, x_rows: own, d: x, d_lines: i, d_rows: slots };
                outer.add_to(s, part.layer.outputs, &mut part.gradient);
            }
        }
    }
}
