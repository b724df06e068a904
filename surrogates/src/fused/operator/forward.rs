//! From inputs to outputs, layer by layer.

use super::layout::Map;
use super::{BLOCK, Group, Net};
use crate::fno::Variant;
use crate::fused::elementwise;
use crate::fused::product::{Left, Size, Start, product};
use crate::fused::simd::{LANES, Line};

/// The numbers of lines.
pub(super) fn numbers(lines: &[Line]) -> &[f32] {
    bytemuck::cast_slice(lines)
}

/// `y = start + x·W` for rows of `x` that lie in lines.
pub(super) fn apply(
    net: &Net,
    map: Map,
    p: &[Line],
    x: &[Line],
    stride: usize,
    start: Start<'_>,
    y: &mut [Line],
) {
    let size = Size { rows: y.len() / map.lines, inner: map.inputs, lines: map.lines };
    product(net.level, size, Left::rows(numbers(x), stride * LANES), map.weights(p), start, y);
}

/// Everything up to what comes out of the last layer.
pub(super) fn forward(net: &Net, p: &[Line], group: &mut Group) {
    for b in 0..group.used {
        lift(net, p, group, b);
        analyse(net, group, 0, b);
    }
    for l in 0..net.spec.layers {
        mix(net, p, group, l);
        for b in 0..group.used {
            layer(net, p, group, l, b);
            if l + 1 < net.spec.layers {
                analyse(net, group, l + 1, b);
            }
        }
    }
}

/// The lifting of one sample, and the zeros of its padding.
fn lift(net: &Net, p: &[Line], group: &mut Group, b: usize) {
    let [first, second] = net.layout.lifting;
    let (lines, inputs, points) = (net.lines(), net.spec.inputs, net.points);
    let x = &group.x[b * points * inputs..][..points * inputs];
    let v = &mut group.v[0][b * net.sample()..][..net.sample()];
    let (v, padding) = v.split_at_mut(points * lines);
    padding.fill(Line::ZERO);
    for (x, v) in x.chunks(BLOCK * inputs).zip(v.chunks_mut(BLOCK * lines)) {
        let rows = v.len() / lines;
        let hidden = &mut group.work.hidden[..rows * first.lines];
        lift_hidden(net, p, x, hidden, &mut group.work.hidden_slopes[..rows * first.lines]);
        apply(net, second, p, hidden, first.lines, Start::Row(second.bias(p)), v);
    }
}

/// The hidden layer of the lifting, and its slopes.
pub(super) fn lift_hidden(net: &Net, p: &[Line], x: &[f32], hidden: &mut [Line], slopes: &mut [Line]) {
    let first = net.layout.lifting[0];
    let size = Size { rows: x.len() / first.inputs, inner: first.inputs, lines: first.lines };
    let x = Left::rows(x, first.inputs);
    product(net.level, size, x, first.weights(p), Start::Row(first.bias(p)), hidden);
    elementwise::activate(net.level, net.spec.activation, hidden, slopes);
}

/// The modes of what goes into layer `l`, as rows (Re, −Im) and (Im, Re).
fn analyse(net: &Net, group: &mut Group, l: usize, b: usize) {
    let lines = net.lines();
    let Group { v, modes, work, room, .. } = group;
    let v = &v[Group::slot(net, l)][b * net.sample()..][..net.sample()];
    net.waves.analyse(net.level, lines, v, &mut work.folds, &mut work.cos, &mut work.sin);
    let modes = &mut modes[Group::kept(net, l)];
    for (m, (cos, sin)) in work.cos.chunks_exact(lines).zip(work.sin.chunks_exact(lines)).enumerate() {
        let rows = &mut modes[(m * *room + b) * 4 * lines..][..4 * lines];
        rows[..lines].copy_from_slice(cos);
        rows[lines..2 * lines].copy_from_slice(sin);
        for (to, sin) in rows[2 * lines..3 * lines].iter_mut().zip(sin) {
            *to = Line(sin.0.map(|x| -x));
        }
        rows[3 * lines..].copy_from_slice(cos);
    }
}

/// Mixes the channels of every mode.
fn mix(net: &Net, p: &[Line], group: &mut Group, l: usize) {
    let (lines, mode) = (net.lines(), net.layout.mode());
    let Group { modes, mixed, room, used, .. } = group;
    let modes = &modes[Group::kept(net, l)];
    let size = Size { rows: 2 * *used, inner: 2 * lines * LANES, lines };
    for m in 0..net.spec.modes {
        let x = numbers(&modes[m * *room * 4 * lines..][..*room * 4 * lines]);
        let w = &p[net.layout.layers[l].spectral + m * mode..][..mode];
        let y = &mut mixed[m * 2 * *room * lines..][..2 * *used * lines];
        product(net.level, size, Left::rows(x, 2 * lines * LANES), w, Start::Zero, y);
    }
}

/// Layer `l` of one sample, after the mixing.
fn layer(net: &Net, p: &[Line], group: &mut Group, l: usize, b: usize) {
    let (lines, last) = (net.lines(), l + 1 == net.spec.layers);
    let maps = net.layout.layers[l];
    let Group { v, slopes, s, h, h_slopes, mixed, work, room, .. } = group;
    for (m, (re, im)) in work.cos.chunks_exact_mut(lines).zip(work.sin.chunks_exact_mut(lines)).enumerate() {
        let rows = &mixed[(m * *room + b) * 2 * lines..][..2 * lines];
        let scale = net.waves.scale[m];
        for (to, from) in re.iter_mut().chain(im).zip(rows) {
            *to = Line(from.0.map(|x| x * scale));
        }
    }
    let all = b * net.sample()..(b + 1) * net.sample();
    let (x, out) = two(v, Group::slot(net, l), Group::slot(net, l + 1));
    let (x, out) = (&x[all.clone()], &mut out[all.clone()]);
    let (modes, kept) = ((&work.cos[..], &work.sin[..]), Group::kept(net, l));
    // Where M follows, its input has no bias, and its output brings both.
    let (to, start) = match maps.mlp {
        Some(_) => (&mut s[kept][all.clone()], Start::Zero),
        None => (&mut out[..], Start::Row(maps.pointwise.bias(p))),
    };
    net.waves.synthesise(net.level, lines, modes, &mut work.folds, start, to);
    if let Some([_, second]) = maps.mlp {
        for ((row, a), b) in work.row.iter_mut().zip(second.bias(p)).zip(maps.pointwise.bias(p)) {
            *row = Line(core::array::from_fn(|i| a.0[i] + b.0[i]));
        }
    }
    let mut first = 0;
    while first < net.padded {
        let n = BLOCK.min(net.padded - first);
        let here = first * lines..(first + n) * lines;
        let z = &mut out[here.clone()];
        if let Some([inner, outer]) = maps.mlp {
            let s = &s[kept][all.clone()][here.clone()];
            let h = &mut h[kept][all.clone()][here.clone()];
            let h_slopes = &mut h_slopes[kept][all.clone()][here.clone()];
            apply(net, inner, p, s, lines, Start::Row(inner.bias(p)), h);
            elementwise::activate(net.level, net.spec.activation, h, h_slopes);
            apply(net, outer, p, h, lines, Start::Row(&work.row), z);
        }
        apply(net, maps.pointwise, p, &x[here.clone()], lines, Start::Add, z);
        if !last {
            let slopes = &mut slopes[kept][all.clone()][here.clone()];
            elementwise::activate(net.level, net.spec.activation, z, slopes);
        }
        if net.spec.variant == Variant::Residual {
            elementwise::add(net.level, &x[here], z);
        }
        first += n;
    }
}

/// Two different vectors of a list: one to read, one to write.
fn two(list: &mut [Vec<Line>], from: usize, to: usize) -> (&[Line], &mut [Line]) {
    if from < to {
        let (a, b) = list.split_at_mut(to);
        (&a[from], &mut b[0])
    } else {
        let (a, b) = list.split_at_mut(from);
        (&b[0], &mut a[to])
    }
}

/// The projection of one sample. While learning the hidden layer and its slopes are kept.
pub(super) fn project(net: &Net, p: &[Line], group: &mut Group, b: usize) {
    let [first, second] = net.layout.projection;
    let (lines, points) = (net.lines(), net.points);
    let Group { v, y, work, .. } = group;
    let v = &v[Group::slot(net, net.spec.layers)][b * net.sample()..][..points * lines];
    let y = match net.learn {
        true => &mut y[..],
        false => &mut y[b * points * second.lines..][..points * second.lines],
    };
    for (k, (v, y)) in v.chunks(BLOCK * lines).zip(y.chunks_mut(BLOCK * second.lines)).enumerate() {
        let rows = v.len() / lines;
        let at = if net.learn { k * BLOCK * first.lines } else { 0 };
        let hidden = &mut work.hidden[at..][..rows * first.lines];
        let slopes = &mut work.hidden_slopes[at..][..rows * first.lines];
        apply(net, first, p, v, lines, Start::Row(first.bias(p)), hidden);
        elementwise::activate(net.level, net.spec.activation, hidden, slopes);
        apply(net, second, p, hidden, first.lines, Start::Row(second.bias(p)), y);
    }
}
