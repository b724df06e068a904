//! The fused training step: forward, loss and reverse without a tape and without allocation.
//!
//! The batch lies in lanes. What must be computed for a network with layers of n inputs and m
//! outputs on N rows (a derivative counts as a row) is 2Nnm operations forward, as many for the
//! weights' gradient, and as many for the inputs' gradient except in the first layer; and one
//! activation for each neuron and row, about 25 operations. For 3→32→32→32→2 and 128 rows that is
//! 1.7 million operations in products and 0.3 million in activations.

mod elementwise;
mod field;
mod functions;
mod gather;
mod layer;
mod level;
mod muon;
mod operator;
mod panels;
mod points;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
mod product;
mod products;
mod simd;
mod subnetworks;
mod vectors;
mod waves;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use field::FusedField;
pub(crate) use gather::Table;
pub(crate) use level::Level;
pub(crate) use muon::{Muon, Square};
pub(crate) use operator::FusedFno;
pub(crate) use points::Points;
pub(crate) use subnetworks::FusedMap;

use self::gather::{Gather, Scatter};
use self::level::Task;
use self::panels::{Block, Panels};
use self::simd::{LANES, Line, Simd};
use crate::ops::Rows;
use crate::{Dense, MlpSpec};

/// A network's layers on one batch: everything that is kept between forward and reverse.
///
/// Rows are numbered as on the tape: values first, then the derivatives of the last value rows.
#[derive(Debug, Clone)]
pub(crate) struct Fused {
    level: Level,
    layers: Vec<Dense>,
    panels: Panels,
    /// For each layer its input, with one feature more: 1 for values, 0 for derivatives and for
    /// rows that only fill a line.
    inputs: Vec<Vec<Line>>,
    outputs: Vec<Line>,
    /// For each hidden layer σ', or σ' and σ''·ż.
    slopes: Vec<Vec<Line>>,
    /// The gradient by the outputs.
    gradient: Vec<Line>,
    /// For one block, the gradients by a layer's outputs and by those of the layer before.
    inner: [Vec<Line>; 2],
    /// Targets of the values without derivative.
    targets: Vec<Line>,
    /// For each of them, line by line: what its error is multiplied with to give the gradient.
    factors: Vec<Line>,
    /// For each of them: the square of its error, summed over the outputs.
    squares: Vec<Line>,
}

impl Fused {
    pub(crate) fn new(level: Level, spec: &MlpSpec, rows: Rows) -> Self {
        let panels = Panels::new(rows);
        let layers: Vec<Dense> = spec.layers().collect();
        let lines = |width: usize| vec![Line::ZERO; panels.lines * width];
        let mut inputs: Vec<_> = layers.iter().map(|l| lines(l.inputs + 1)).collect();
        for (layer, x) in layers.iter().zip(&mut inputs) {
            for place in &panels.places[..rows.values] {
                let (line, lane) = place.at(layer.inputs + 1, layer.inputs);
                x[line].0[lane] = 1.0;
            }
        }
        let widest = layers.iter().map(|l| l.outputs).max().unwrap_or(0);
        let plain = (rows.values - rows.tangents).div_ceil(LANES);
        Self {
            level,
            outputs: lines(spec.outputs),
            slopes: layers.iter().rev().skip(1).rev().map(|l| lines(l.outputs)).collect(),
            gradient: lines(spec.outputs),
            inner: [(); 2].map(|()| vec![Line::ZERO; panels.block_lines() * widest]),
            targets: lines(spec.outputs),
            factors: vec![Line::ZERO; plain],
            squares: vec![Line::ZERO; plain],
            inputs,
            layers,
            panels,
        }
    }

    /// Sets the inputs of a row, in normal units.
    #[inline]
    pub(crate) fn set_input(&mut self, row: usize, x: &[f32]) {
        let (place, width) = (self.panels.places[row], self.layers[0].inputs + 1);
        for (feature, x) in x.iter().enumerate().take(width - 1) {
            let (line, lane) = place.at(width, feature);
            self.inputs[0][line].0[lane] = *x;
        }
    }

    /// Sets the inputs of rows from `first` on, in normal units.
    pub(crate) fn set_inputs(&mut self, first: usize, x: &[f32]) {
        let (places, columns) = (&self.panels.places[first..], self.layers[0].inputs);
        let (table, width) = (Table { rows: x, columns, normal: None }, columns + 1);
        self.level.run(Gather { table, samples: None, places, width, lines: &mut self.inputs[0] });
    }

    /// Sets the targets of rows without derivative from `first` on, in normal units.
    pub(crate) fn set_targets(&mut self, first: usize, y: &[f32]) {
        let (places, width) = (&self.panels.places[first..], self.n_out());
        let table = Table { rows: y, columns: width, normal: None };
        self.level.run(Gather { table, samples: None, places, width, lines: &mut self.targets });
    }

    /// Sets the factor of a row's error in the gradient.
    pub(crate) fn set_factor(&mut self, row: usize, factor: f32) {
        self.factors[row / LANES].0[row % LANES] = factor;
    }

    /// Sets inputs and targets of rows without derivative, from `first` on, to those of samples: one row for
    /// each.
    pub(crate) fn set_samples(
        &mut self,
        first: usize,
        samples: &[u32],
        inputs: Table<'_>,
        targets: Table<'_>,
    ) {
        let places = &self.panels.places[first..][..samples.len()];
        let (samples, width) = (Some(samples), self.layers[0].inputs + 1);
        self.level.run(Gather { table: inputs, samples, places, width, lines: &mut self.inputs[0] });
        let width = self.layers.last().map_or(0, |l| l.outputs);
        self.level.run(Gather { table: targets, samples, places, width, lines: &mut self.targets });
    }

    fn n_out(&self) -> usize {
        self.layers.last().map_or(0, |l| l.outputs)
    }

    /// Copies the outputs of a row.
    #[inline]
    pub(crate) fn output(&self, row: usize, y: &mut [f32]) {
        let (place, width) = (self.panels.places[row], self.n_out());
        for (feature, y) in y.iter_mut().enumerate().take(width) {
            let (line, lane) = place.at(width, feature);
            *y = self.outputs[line].0[lane];
        }
    }

    /// Copies the outputs of rows from `first` on.
    pub(crate) fn outputs(&self, first: usize, y: &mut [f32]) {
        let (places, width) = (&self.panels.places[first..], self.n_out());
        self.level.run(Scatter { lines: &self.outputs, places, width, rows: y });
    }

    /// Sets the gradient of the loss by the outputs of rows from `first` on.
    pub(crate) fn set_gradients(&mut self, first: usize, g: &[f32]) {
        let (places, width) = (&self.panels.places[first..], self.n_out());
        let table = Table { rows: g, columns: width, normal: None };
        self.level.run(Gather { table, samples: None, places, width, lines: &mut self.gradient });
    }

    /// Sets the gradient of the loss by the outputs of a row.
    #[inline]
    pub(crate) fn set_gradient(&mut self, row: usize, g: &[f32]) {
        let (place, width) = (self.panels.places[row], self.n_out());
        for (feature, g) in g.iter().enumerate().take(width) {
            let (line, lane) = place.at(width, feature);
            self.gradient[line].0[lane] = *g;
        }
    }

    /// The outputs of every row, from the inputs set before.
    pub(crate) fn forward(&mut self, parameters: &[f32]) {
        self.level.run(Forward(self, parameters));
    }

    /// Compares the outputs of rows without derivative with their targets: keeps the squares of the
    /// errors, and sets the gradient by these outputs.
    pub(crate) fn compare(&mut self) {
        self.level.run(Compare(self));
    }

    /// The sum of the squared errors over rows without derivative and all outputs.
    pub(crate) fn square_sum(&self, rows: core::ops::Range<usize>) -> f64 {
        // Eight sums do not wait for each other.
        let mut sums = [0.0; 8];
        let squares: &[f32] = bytemuck::cast_slice(&self.squares);
        let whole = rows.start.next_multiple_of(8).min(rows.end);
        let (eights, rest) = squares[whole..rows.end].as_chunks::<8>();
        for row in rows.start..whole {
            sums[row % 8] += f64::from(squares[row]);
        }
        for part in eights.iter().map(|eight| &eight[..]).chain([rest]) {
            sums.iter_mut().zip(part).for_each(|(sum, square)| *sum += f64::from(*square));
        }
        sums.iter().sum()
    }

    /// The sum of the lengths of the error vectors over rows without derivative. Divides the gradient by
    /// their outputs by the same lengths: call it once after [`Fused::compare`].
    pub(crate) fn root_sum(&mut self, rows: core::ops::Range<usize>) -> f64 {
        let width = self.n_out();
        let mut sum = 0.0;
        for row in rows {
            let root = self.squares[row / LANES].0[row % LANES].sqrt();
            sum += f64::from(root);
            // No error has no direction.
            let inverse = if root > 0.0 { root.recip() } else { 0.0 };
            let place = self.panels.places[row];
            for feature in 0..width {
                let (line, lane) = place.at(width, feature);
                self.gradient[line].0[lane] *= inverse;
            }
        }
        sum
    }

    /// The gradient by all parameters, from that by the outputs of every row.
    pub(crate) fn backward(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        self.level.run(Backward(self, parameters, gradient));
    }
}

/// Whether all numbers are finite.
pub(crate) fn all_finite(level: Level, x: &[f32]) -> bool {
    level.run(AllFinite(x))
}

/// Calls `$body::<S, L>` for a block with the lines of its panels, `L`.
macro_rules! by_lines {
    ($group:expr, $body:ident, $s:ty, ($($arg:expr),*)) => {
        match $group.lines {
            4 => $body::<$s, 4>($($arg),*),
            2 => $body::<$s, 2>($($arg),*),
            _ => $body::<$s, 1>($($arg),*),
        }
    };
}

/// The panels of a block in a layer of `width` features.
#[inline(always)]
fn part<const L: usize>(x: &[Line], Block { base, group }: Block, width: usize) -> &[[Line; L]] {
    x[base * width..][..group.panels() * L * width].as_chunks().0
}

#[inline(always)]
fn part_mut<const L: usize>(x: &mut [Line], Block { base, group }: Block, width: usize) -> &mut [[Line; L]] {
    x[base * width..][..group.panels() * L * width].as_chunks_mut().0
}

struct Forward<'a>(&'a mut Fused, &'a [f32]);

impl Task for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(net, parameters) = self;
        for i in 0..net.panels.blocks.len() {
            let block = net.panels.blocks[i];
            for k in 0..net.layers.len() {
                by_lines!(block.group, forward_block, S, (s, net, parameters, k, block));
            }
        }
    }
}

#[inline(always)]
fn forward_block<S: Simd, const L: usize>(s: S, net: &mut Fused, parameters: &[f32], k: usize, block: Block) {
    let layer = net.layers[k];
    let w = &parameters[layer.range()];
    let (before, after) = net.inputs.split_at_mut(k + 1);
    // The next layer's input has one feature more than this layer has outputs.
    let (y, y_width) = match after.first_mut() {
        Some(next) => (next, layer.outputs + 1),
        None => (&mut net.outputs, layer.outputs),
    };
    let x = part::<L>(&before[k], block, layer.inputs + 1);
    let y = part_mut::<L>(y, block, y_width);
    // Panels are counted, here and below, not cut into chunks: that would divide.
    for i in 0..block.group.panels() {
        let x = &x[i * (layer.inputs + 1)..][..layer.inputs + 1];
        let y = &mut y[i * y_width..][..layer.outputs];
        products::forward(s, x, w, y);
        if let (Some(kind), Some(d)) = (layer.activation, net.slopes.get_mut(k)) {
            let d = part_mut::<L>(d, block, layer.outputs);
            let d = &mut d[i * layer.outputs..][..layer.outputs];
            layer::activate(s, kind, i >= block.group.values, y, d);
        }
    }
}

struct Backward<'a>(&'a mut Fused, &'a [f32], &'a mut [f32]);

impl Task for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(net, parameters, gradient) = self;
        gradient.fill(0.0);
        for i in 0..net.panels.blocks.len() {
            let block = net.panels.blocks[i];
            for k in (0..net.layers.len()).rev() {
                by_lines!(block.group, backward_block, S, (s, net, parameters, gradient, k, block));
            }
        }
    }
}

#[inline(always)]
fn backward_block<S: Simd, const L: usize>(
    s: S,
    net: &mut Fused,
    parameters: &[f32],
    gradient: &mut [f32],
    k: usize,
    block: Block,
) {
    let Dense { inputs, outputs, .. } = net.layers[k];
    let range = net.layers[k].range();
    // The two buffers change their roles from layer to layer.
    let [a, b] = &mut net.inner;
    let (by_output, by_input) = if k.is_multiple_of(2) { (a, b) } else { (b, a) };
    let inner = Block { base: 0, ..block };
    let gz = match k + 1 == net.layers.len() {
        true => part::<L>(&net.gradient, block, outputs),
        false => part::<L>(by_output, inner, outputs),
    };
    let x = part::<L>(&net.inputs[k], block, inputs + 1);
    products::weights(s, outputs, x, gz, &mut gradient[range.clone()]);
    let Some(d) = k.checked_sub(1).and_then(|k| net.slopes.get(k)) else { return };
    let gx = part_mut::<L>(by_input, inner, inputs);
    let d = part::<L>(d, block, inputs);
    for i in 0..block.group.panels() {
        let gx = &mut gx[i * inputs..][..inputs];
        products::backward(s, &gz[i * outputs..][..outputs], &parameters[range.clone()], gx);
        layer::reverse(s, i >= block.group.values, gx, &d[i * inputs..][..inputs]);
    }
}

struct Compare<'a>(&'a mut Fused);

impl Task for Compare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let net = self.0;
        let width = net.n_out();
        let mut at = 0;
        for &Block { base, group } in &net.panels.blocks {
            for panel in 0..group.values {
                let from = (base + panel * group.lines) * width;
                for line in 0..group.lines {
                    let factor = s.load(&net.factors[at]);
                    let mut sum = s.splat(0.0);
                    for k in (0..width).map(|j| from + j * group.lines + line) {
                        let error = s.sub(s.load(&net.outputs[k]), s.load(&net.targets[k]));
                        sum = s.fma(error, error, sum);
                        s.store(s.mul(error, factor), &mut net.gradient[k]);
                    }
                    s.store(sum, &mut net.squares[at]);
                    at += 1;
                }
            }
        }
    }
}

struct AllFinite<'a>(&'a [f32]);

impl Task for AllFinite<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> bool {
        // 0·x is 0 for finite x alone.
        let (blocks, rest) = self.0.as_chunks::<LANES>();
        let mut sum = [0.0; LANES];
        for block in blocks {
            for (sum, x) in sum.iter_mut().zip(block) {
                *sum += 0.0 * x;
            }
        }
        sum.iter().chain(rest).fold(0.0, |sum, x| sum + 0.0 * x) == 0.0
    }
}

#[cfg(test)]
mod tests;
