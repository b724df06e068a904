//! Parameters in lines: every row of a matrix begins a line, and what is left of its last line is 0.

use crate::Dense;
use crate::fno::FnoSpec;
use crate::fused::Square;
use crate::fused::simd::{LANES, Line};

/// A dense map in lines: `inputs + 1` rows, the biases last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map {
    /// The first line.
    pub(super) at: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Lines of a row.
    pub(super) lines: usize,
    /// Where its transpose begins among the transposes: `outputs` rows.
    pub(super) turned: usize,
    /// Lines of a row of the transpose.
    pub(super) turned_lines: usize,
}

impl Map {
    pub(super) fn weights<'a>(&self, p: &'a [Line]) -> &'a [Line] {
        &p[self.at..][..self.inputs * self.lines]
    }

    pub(super) fn bias<'a>(&self, p: &'a [Line]) -> &'a [Line] {
        &p[self.at + self.inputs * self.lines..][..self.lines]
    }

    /// Weights and biases of a gradient.
    pub(super) fn split<'a>(&self, g: &'a mut [Line]) -> (&'a mut [Line], &'a mut [Line]) {
        g[self.at..][..(self.inputs + 1) * self.lines].split_at_mut(self.inputs * self.lines)
    }

    pub(super) fn transpose<'a>(&self, turned: &'a [Line]) -> &'a [Line] {
        &turned[self.turned..][..self.outputs * self.turned_lines]
    }
}

/// The maps of one Fourier layer and its spectral weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layer {
    pub(super) pointwise: Map,
    pub(super) mlp: Option<[Map; 2]>,
    /// The first line of the spectral weights.
    pub(super) spectral: usize,
}

/// Where everything lies.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) lifting: [Map; 2],
    pub(super) layers: Vec<Layer>,
    pub(super) projection: [Map; 2],
    /// Lines of all dense maps, which come first.
    pub(super) dense: usize,
    /// Lines of all parameters.
    pub(super) all: usize,
    /// Lines of the transposes of all dense maps.
    pub(super) turned: usize,
    /// Lines of `width` channels.
    pub(super) lines: usize,
    modes: usize,
    width: usize,
    maps: Vec<(Dense, Map)>,
}

impl Layout {
    pub(super) fn new(spec: &FnoSpec) -> Self {
        let (mut at, mut turned) = (0, 0);
        let mut maps = Vec::new();
        for map in spec.maps() {
            let (lines, turned_lines) = (map.outputs.div_ceil(LANES), map.inputs.div_ceil(LANES));
            let Dense { inputs, outputs, .. } = map;
            maps.push((map, Map { at, inputs, outputs, lines, turned, turned_lines }));
            at += (inputs + 1) * lines;
            turned += outputs * turned_lines;
        }
        let find = |map: Dense| {
            let found = maps.iter().find(|(d, _)| d.offset == map.offset);
            found.expect("invariant: `maps` lists every dense map").1
        };
        let lines = spec.width.div_ceil(LANES);
        let dense = at;
        let mut layout = Self {
            lifting: spec.lifting().map(find),
            projection: spec.projection().map(find),
            layers: Vec::new(),
            dense,
            all: dense,
            turned,
            lines,
            modes: spec.modes,
            width: spec.width,
            maps: Vec::new(),
        };
        for l in 0..spec.layers {
            let layer = spec.layer(l);
            layout.layers.push(Layer {
                pointwise: find(layer.pointwise),
                mlp: layer.mlp.map(|maps| maps.map(find)),
                spectral: layout.all,
            });
            layout.all += layout.spectral();
        }
        layout.maps = maps;
        layout
    }

    /// Lines of one mode's weights: a row for each channel and for those that fill its lines, real parts
    /// first.
    pub(super) fn mode(&self) -> usize {
        2 * self.lines * LANES * self.lines
    }

    /// Lines of one layer's spectral weights.
    pub(super) fn spectral(&self) -> usize {
        self.modes * self.mode()
    }

    /// The dense maps of Fourier layers without their biases, and the weights of each mode.
    pub(super) fn squares(&self) -> Vec<Square> {
        let stride = self.lines * LANES;
        let square = |line: usize, imaginary| Square { at: line * LANES, stride, imaginary };
        let of_layer = |layer: &Layer| {
            let dense = core::iter::once(layer.pointwise).chain(layer.mlp.into_iter().flatten());
            let first = layer.spectral;
            let modes = (0..self.modes).map(move |m| square(first + m * self.mode(), Some(stride * stride)));
            dense.map(move |map| square(map.at, None)).chain(modes).collect::<Vec<_>>()
        };
        self.layers.iter().flat_map(of_layer).collect()
    }

    /// For each row of the list of [`FnoSpec`]: where it begins there, where it begins in numbers here,
    /// and its length.
    fn rows(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let dense = self.maps.iter().flat_map(|(d, map)| {
            (0..=map.inputs)
                .map(move |i| (d.offset + i * map.outputs, (map.at + i * map.lines) * LANES, map.outputs))
        });
        let first = self.maps.iter().map(|(d, _)| d.range().end).max().unwrap_or(0);
        let (width, padded) = (self.width, self.lines * LANES);
        let spectral = (0..self.layers.len() * self.modes * 2 * width).map(move |row| {
            let (part, i) = (row / width, row % width);
            (first + row * width, self.dense * LANES + (part * padded + i) * padded, width)
        });
        dense.chain(spectral)
    }

    /// From the list of [`FnoSpec`] into lines.
    pub(super) fn pack(&self, list: &[f32], lines: &mut [Line]) {
        lines.fill(Line::ZERO);
        let lines: &mut [f32] = bytemuck::cast_slice_mut(lines);
        for (from, to, n) in self.rows() {
            lines[to..to + n].copy_from_slice(&list[from..from + n]);
        }
    }

    /// From lines into the list of [`FnoSpec`].
    pub(super) fn unpack(&self, lines: &[Line], list: &mut [f32]) {
        let lines: &[f32] = bytemuck::cast_slice(lines);
        for (to, from, n) in self.rows() {
            list[to..to + n].copy_from_slice(&lines[from..from + n]);
        }
    }
}
