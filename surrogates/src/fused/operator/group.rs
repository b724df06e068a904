//! The memory of a group of samples: what is kept between forward and reverse, and the work space of one sample.

use super::{BLOCK, Net};
use crate::fno::Variant;
use crate::fused::simd::{LANES, Line};
use crate::fused::waves::Folds;

/// Some samples of the batch, with all that is kept between forward and reverse.
#[derive(Debug)]
pub(super) struct Group {
    /// How many samples there is room for.
    pub(super) room: usize,
    /// How many there are.
    pub(super) used: usize,
    /// `[sample][point][input]`
    pub(super) x: Vec<f32>,
    /// `[sample][point]` lines of outputs.
    pub(super) targets: Vec<Line>,
    /// `[sample]` lines of outputs: 1/‖target‖, 0 where nothing is asked.
    pub(super) norms: Vec<Line>,
    /// `[sample][point]` lines of outputs: what the network gives (while learning: of one sample, and then
    /// its error).
    pub(super) y: Vec<Line>,
    /// `[layer][sample][point]`: what goes into a layer, and what comes out of the last. Without learning
    /// two take turns.
    pub(super) v: Vec<Vec<Line>>,
    /// `[layer][sample][point]`: σ' after each layer but the last.
    pub(super) slopes: Vec<Vec<Line>>,
    /// With M: what goes into it, its hidden layer, and σ' there.
    pub(super) s: Vec<Vec<Line>>,
    pub(super) h: Vec<Vec<Line>>,
    pub(super) h_slopes: Vec<Vec<Line>>,
    /// `[layer][mode][2·sample]` rows of 2·lines: the modes that go into a layer's mixing.
    pub(super) modes: Vec<Vec<Line>>,
    /// `[layer][mode][2·sample]` rows of lines: the gradient by what comes out of it.
    pub(super) mode_gradients: Vec<Vec<Line>>,
    /// `[mode][2·sample]`: what comes out of the mixing, and the gradient by what goes in.
    pub(super) mixed: Vec<Line>,
    pub(super) unmixed: Vec<Line>,
    /// `[sample][point]`: the gradient by what comes out of a layer.
    pub(super) g: Vec<Line>,
    /// The gradients by dense maps, over this group's samples.
    pub(super) dense: Vec<Line>,
    /// `[sample][output]`: relative errors.
    pub(super) errors: Vec<f64>,
    pub(super) work: Work,
}

/// Work space of one sample.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) folds: Folds,
    pub(super) cos: Vec<Line>,
    pub(super) sin: Vec<Line>,
    /// `[point]` lines of the hidden layer of lifting or projection, and its slopes.
    pub(super) hidden: Vec<Line>,
    pub(super) hidden_slopes: Vec<Line>,
    /// `[point]`: gradients inside a layer.
    pub(super) gz: Vec<Line>,
    pub(super) gh: Vec<Line>,
    pub(super) gs: Vec<Line>,
    pub(super) squares: Vec<f64>,
    /// A sum of biases; factors of errors.
    pub(super) row: Vec<Line>,
    pub(super) factors: Vec<Line>,
}

/// Lines of zeros.
pub(super) fn zeros(n: usize) -> Vec<Line> {
    vec![Line::ZERO; n]
}

impl Group {
    pub(super) fn new(net: &Net, room: usize) -> Self {
        let spec = &net.spec;
        let (lines, modes) = (net.lines(), spec.modes);
        let many =
            |count: usize, each: usize| -> Vec<Vec<Line>> { (0..count).map(|_| zeros(each)).collect() };
        let all = room * net.sample();
        let layers = spec.layers;
        let (kept, learn) = (if net.learn { layers } else { 1 }, net.learn);
        let mlp = if spec.variant == Variant::Mlp { kept } else { 0 };
        let hidden = net.hidden_lines();
        let only = |n: usize| if learn { n } else { 0 };
        Self {
            room,
            used: room,
            x: vec![0.0; room * net.points * spec.inputs],
            targets: zeros(only(room * net.points * net.output_lines())),
            norms: zeros(only(room * net.output_lines())),
            y: zeros(if learn { 1 } else { room } * net.points * net.output_lines()),
            v: many(if learn { layers + 1 } else { 2 }, all),
            slopes: many(if learn { layers - 1 } else { 1 }, all),
            s: many(mlp, all),
            h: many(mlp, all),
            h_slopes: many(mlp, all),
            modes: many(kept, modes * 2 * room * 2 * lines),
            mode_gradients: many(only(layers), modes * 2 * room * lines),
            mixed: zeros(modes * 2 * room * lines),
            unmixed: zeros(only(modes * 2 * room * 2 * lines)),
            g: zeros(only(all)),
            dense: zeros(only(net.layout.dense)),
            errors: vec![0.0; room * spec.outputs],
            work: Work {
                folds: Folds::new(lines),
                cos: zeros(modes * lines),
                sin: zeros(modes * lines),
                hidden: zeros(if learn { net.points } else { BLOCK } * hidden),
                hidden_slopes: zeros(if learn { net.points } else { BLOCK } * hidden),
                gz: zeros(only(net.sample())),
                gh: zeros(only(net.sample())),
                gs: zeros(only(net.sample())),
                squares: vec![0.0; net.output_lines() * LANES],
                row: zeros(lines),
                factors: zeros(net.output_lines()),
            },
        }
    }

    /// Where layer `l`'s input lies in `v`.
    pub(super) fn slot(net: &Net, l: usize) -> usize {
        if net.learn { l } else { l % 2 }
    }

    /// Where what is kept of layer `l` lies.
    pub(super) fn kept(net: &Net, l: usize) -> usize {
        if net.learn { l } else { 0 }
    }
}
