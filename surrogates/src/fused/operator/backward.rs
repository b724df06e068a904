//! From the loss to the gradients, layer by layer.

use super::forward::{lift_hidden, numbers, project};
use super::layout::Map;
use super::{BLOCK, Group, Net};
use crate::fno::Variant;
use crate::fused::elementwise;
use crate::fused::product::{Left, Size, Start, product};
use crate::fused::simd::{LANES, Line};

/// Adds `xᵀ·g` to the weights of a map's gradient: rows of `x` and `g` are points.
fn by_weights(net: &Net, map: Map, x: Left<'_>, points: usize, g: &[Line], dense: &mut [Line]) {
    let size = Size { rows: map.inputs, inner: points, lines: map.lines };
    product(net.level, size, x, g, Start::Add, map.split(dense).0);
}

/// `gx = start + g·Wᵀ`.
fn by_input(net: &Net, map: Map, turned: &[Line], g: &[Line], start: Start<'_>, gx: &mut [Line]) {
    let size = Size { rows: gx.len() / map.turned_lines, inner: map.outputs, lines: map.turned_lines };
    let g = Left::rows(numbers(g), map.lines * LANES);
    product(net.level, size, g, map.transpose(turned), start, gx);
}

/// After the forward pass: projection, errors, and all gradients. `used` is the number of samples of the
/// whole batch.
pub(super) fn backward(
    net: &Net,
    p: &[Line],
    (dense, spectral): (&[Line], &[Line]),
    group: &mut Group,
    used: usize,
) {
    group.dense.fill(Line::ZERO);
    for b in 0..group.used {
        project(net, p, group, b);
        compare(net, group, b, used);
        unproject(net, dense, group, b);
    }
    for l in (0..net.spec.layers).rev() {
        for b in 0..group.used {
            layer(net, dense, group, l, b);
        }
        unmix(net, spectral, group, l);
        for b in 0..group.used {
            spread(net, group, b);
        }
    }
    for b in 0..group.used {
        unlift(net, p, dense, group, b);
    }
}

/// The relative errors of one sample; its outputs become the gradient by them.
fn compare(net: &Net, group: &mut Group, b: usize, used: usize) {
    let (lines, outputs) = (net.output_lines(), net.spec.outputs);
    let Group { targets, norms, y, errors, work, .. } = group;
    let targets = &targets[b * net.points * lines..][..net.points * lines];
    elementwise::compare(net.level, targets, y, &mut work.squares);
    let norms = &numbers(&norms[b * lines..][..lines])[..outputs];
    let factors: &mut [f32] = bytemuck::cast_slice_mut(&mut work.factors);
    let errors = &mut errors[b * outputs..][..outputs];
    for (((error, factor), norm), square) in errors.iter_mut().zip(factors).zip(norms).zip(&work.squares) {
        let (norm, size) = (f64::from(*norm), square.sqrt());
        *error = size * norm;
        // NaN is not hidden: it is not equal to 0.
        *factor = if size == 0.0 { 0.0 } else { (norm / size / (used * outputs) as f64) as f32 };
    }
    elementwise::multiply_rows(net.level, &work.factors, y);
}

/// The projection, from the gradient by its outputs to that by what the last layer gave.
fn unproject(net: &Net, turned: &[Line], group: &mut Group, b: usize) {
    let [first, second] = net.layout.projection;
    let (lines, points) = (net.lines(), net.points);
    let Group { v, y, g, dense, work, .. } = group;
    let v = &v[net.spec.layers][b * net.sample()..][..points * lines];
    by_weights(net, second, Left::turned(numbers(&work.hidden), first.lines * LANES), points, y, dense);
    elementwise::add_rows(net.level, y, second.split(dense).1);
    let g = &mut g[b * net.sample()..][..net.sample()];
    let (g, padding) = g.split_at_mut(points * lines);
    padding.fill(Line::ZERO);
    let blocks = y.chunks(BLOCK * second.lines).zip(work.hidden.chunks_mut(BLOCK * first.lines));
    let blocks = blocks.zip(work.hidden_slopes.chunks(BLOCK * first.lines));
    for (((y, hidden), slopes), g) in blocks.zip(g.chunks_mut(BLOCK * lines)) {
        by_input(net, second, turned, y, Start::Zero, hidden);
        elementwise::scale_in_place(net.level, slopes, hidden, first.split(dense).1);
        by_input(net, first, turned, hidden, Start::Zero, g);
    }
    by_weights(net, first, Left::turned(numbers(v), lines * LANES), points, &work.hidden, dense);
}

/// Layer `l` of one sample: gradients of its dense maps and by the modes that came out of the mixing, and
/// the part of the gradient by its input that does not go through the modes.
fn layer(net: &Net, turned: &[Line], group: &mut Group, l: usize, b: usize) {
    let (lines, points) = (net.lines(), net.padded);
    let maps = net.layout.layers[l];
    let all = b * net.sample()..(b + 1) * net.sample();
    let Group { v, slopes, s, h, h_slopes, mode_gradients, g, dense, work, room, .. } = group;
    let g = &mut g[all.clone()];
    let slopes = slopes.get(l).map(|slopes| &slopes[all.clone()]);
    let bias = maps.pointwise.split(dense).1;
    elementwise::scale(net.level, g, slopes, &mut work.gz, bias);
    if let Some([_, outer]) = maps.mlp {
        // The biases of W and of M's second map stand in the same sum: their gradients are equal.
        elementwise::add_rows(net.level, &work.gz, outer.split(dense).1);
    }
    let x = Left::turned(numbers(&v[l][all.clone()]), lines * LANES);
    by_weights(net, maps.pointwise, x, points, &work.gz, dense);
    let start = if net.spec.variant == Variant::Residual { Start::Add } else { Start::Zero };
    by_input(net, maps.pointwise, turned, &work.gz, start, g);
    let by_spectral = if let Some([inner, outer]) = maps.mlp {
        let (s, h) = (&s[l][all.clone()], &h[l][all.clone()]);
        by_weights(net, outer, Left::turned(numbers(h), lines * LANES), points, &work.gz, dense);
        let blocks = work.gz.chunks(BLOCK * lines).zip(work.gh.chunks_mut(BLOCK * lines));
        let blocks = blocks.zip(h_slopes[l][all].chunks(BLOCK * lines));
        for (((gz, gh), slopes), gs) in blocks.zip(work.gs.chunks_mut(BLOCK * lines)) {
            by_input(net, outer, turned, gz, Start::Zero, gh);
            elementwise::scale_in_place(net.level, slopes, gh, inner.split(dense).1);
            by_input(net, inner, turned, gh, Start::Zero, gs);
        }
        by_weights(net, inner, Left::turned(numbers(s), lines * LANES), points, &work.gh, dense);
        &work.gs
    } else {
        &work.gz
    };
    net.waves.analyse(net.level, lines, by_spectral, &mut work.folds, &mut work.cos, &mut work.sin);
    let rows = &mut mode_gradients[l];
    for (m, (cos, sin)) in work.cos.chunks_exact(lines).zip(work.sin.chunks_exact(lines)).enumerate() {
        let (re, im) = rows[(m * *room + b) * 2 * lines..][..2 * lines].split_at_mut(lines);
        let scale = net.waves.scale[m];
        for (((re, im), cos), sin) in re.iter_mut().zip(im).zip(cos).zip(sin) {
            *re = Line(cos.0.map(|x| scale * x));
            *im = Line(sin.0.map(|x| -scale * x));
        }
    }
}

/// From the gradient by what comes out of the mixing to that by what goes in.
fn unmix(net: &Net, turned: &[Line], group: &mut Group, l: usize) {
    let (lines, mode) = (net.lines(), net.layout.mode());
    let Group { mode_gradients, unmixed, room, used, .. } = group;
    let size = Size { rows: 2 * *used, inner: net.spec.width, lines: 2 * lines };
    for m in 0..net.spec.modes {
        let g = numbers(&mode_gradients[l][m * 2 * *room * lines..][..2 * *room * lines]);
        let w = &turned[(l * net.spec.modes + m) * mode..][..mode];
        let gx = &mut unmixed[m * 4 * *room * lines..][..4 * *used * lines];
        product(net.level, size, Left::rows(g, lines * LANES), w, Start::Zero, gx);
    }
}

/// Adds the part of the gradient by a layer's input that goes through the modes.
fn spread(net: &Net, group: &mut Group, b: usize) {
    let lines = net.lines();
    let Group { unmixed, g, work, room, .. } = group;
    for (m, (re, im)) in work.cos.chunks_exact_mut(lines).zip(work.sin.chunks_exact_mut(lines)).enumerate() {
        // Rows (Re, −Im) and (Im, Re) of the input.
        let rows = &unmixed[(m * *room + b) * 4 * lines..][..4 * lines];
        for (j, (re, im)) in re.iter_mut().zip(im).enumerate() {
            let row = |k: usize| rows[k * lines + j].0;
            *re = Line(core::array::from_fn(|i| row(0)[i] + row(3)[i]));
            *im = Line(core::array::from_fn(|i| row(2)[i] - row(1)[i]));
        }
    }
    let g = &mut g[b * net.sample()..][..net.sample()];
    net.waves.synthesise(net.level, lines, (&work.cos, &work.sin), &mut work.folds, Start::Add, g);
}

/// The lifting, whose hidden layer is computed again.
fn unlift(net: &Net, p: &[Line], turned: &[Line], group: &mut Group, b: usize) {
    let [first, second] = net.layout.lifting;
    let (lines, inputs, points) = (net.lines(), net.spec.inputs, net.points);
    let Group { x, g, dense, work, .. } = group;
    let x = &x[b * points * inputs..][..points * inputs];
    let g = &g[b * net.sample()..][..points * lines];
    elementwise::add_rows(net.level, g, second.split(dense).1);
    for (x, g) in x.chunks(BLOCK * inputs).zip(g.chunks(BLOCK * lines)) {
        let rows = g.len() / lines;
        let hidden = &mut work.hidden[..rows * first.lines];
        let slopes = &mut work.hidden_slopes[..rows * first.lines];
        lift_hidden(net, p, x, hidden, slopes);
        by_weights(net, second, Left::turned(numbers(hidden), first.lines * LANES), rows, g, dense);
        by_input(net, second, turned, g, Start::Zero, hidden);
        elementwise::scale_in_place(net.level, slopes, hidden, first.split(dense).1);
        by_weights(net, first, Left::turned(x, inputs), rows, hidden, dense);
    }
}
