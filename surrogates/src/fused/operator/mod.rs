//! A Fourier neural operator on a batch: forward, relative L² loss and gradient without a tape and
//! without allocation.
//!
//! A trajectory lies point by point with its channels in lanes, so that everything that costs time is a
//! product of [`super::product`]: point-wise maps, analysis and synthesis of the kept modes
//! ([`super::waves`]), and the mixing of channels mode by mode. For that a mode of a sample is two rows,
//! (Re, −Im) and (Im, Re), and the weights of a mode are one matrix, Re above Im: complex products are
//! real ones.
//!
//! The batch is divided into groups of [`GROUP`] samples. A group goes through the whole network, there
//! and back, without the others: only the gradients of its dense maps are its own, and are added in the
//! order of groups; those of spectral weights are computed mode by mode over all groups. So the result
//! does not depend on the number of threads, bit for bit.

mod backward;
mod forward;
mod group;
mod layout;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use self::group::{Group, zeros};
use self::layout::Layout;
use super::level::Level;
use super::muon::Square;
use super::product::{Left, Size, Start, product, turn};
use super::simd::{LANES, Line};
use super::waves::Waves;
use crate::Error;
use crate::fno::FnoSpec;

/// Samples that go through the network together.
const GROUP: usize = 8;

/// Points that go through a point-wise map together: with 64 channels they fill a part of the first
/// cache, so that activations find them there.
const BLOCK: usize = 48;

/// What all groups read.
#[derive(Debug)]
struct Net {
    level: Level,
    spec: FnoSpec,
    layout: Layout,
    waves: Waves,
    /// Points of a trajectory, and with padding.
    points: usize,
    padded: usize,
    /// Whether gradients will be asked for.
    learn: bool,
}

impl Net {
    fn lines(&self) -> usize {
        self.layout.lines
    }
    fn hidden_lines(&self) -> usize {
        self.layout.projection[0].lines
    }
    fn output_lines(&self) -> usize {
        self.layout.projection[1].lines
    }
    /// Lines of one sample's channels.
    fn sample(&self) -> usize {
        self.padded * self.lines()
    }
}

/// A Fourier neural operator on batches of up to a fixed number of trajectories.
#[derive(Debug)]
pub(crate) struct FusedFno {
    net: Net,
    groups: Vec<Group>,
    parameters: Vec<Line>,
    /// Transposes of the dense maps, then of the spectral weights, mode by mode.
    turned: Vec<Line>,
    gradient: Vec<Line>,
    pool: Option<rayon::ThreadPool>,
}

impl FusedFno {
    /// Room for `batch` trajectories of `points` points with `padding` points of zeros on the right.
    ///
    /// # Errors
    /// [`Error::BadConfig`] if the trajectories do not have all modes; [`Error::Framework`] if threads
    /// cannot be started.
    pub(crate) fn new(
        level: Level,
        spec: FnoSpec,
        (points, padding): (usize, usize),
        batch: usize,
        learn: bool,
        threads: usize,
    ) -> Result<Self, Error> {
        FnoSpec { padding, ..spec }.check_points(points)?;
        let layout = Layout::new(&spec);
        let padded = points + padding;
        let net = Net { level, spec, waves: Waves::new(padded, spec.modes), layout, points, padded, learn };
        let room = |first: usize| GROUP.min(batch - first);
        let groups = (0..batch).step_by(GROUP).map(|first| Group::new(&net, room(first))).collect();
        let pool = match threads {
            0 | 1 => None,
            n => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
                Some(pool.map_err(|e| Error::Framework(e.to_string()))?)
            }
        };
        let spectral = net.layout.all - net.layout.dense;
        Ok(Self {
            groups,
            parameters: zeros(net.layout.all),
            turned: zeros(if learn { net.layout.turned + spectral } else { 0 }),
            gradient: zeros(if learn { net.layout.all } else { 0 }),
            pool,
            net,
        })
    }

    /// The number of numbers that parameters take here, with those that fill lines.
    pub(crate) fn packed(&self) -> usize {
        self.net.layout.all * LANES
    }

    /// Takes parameters in the order of [`FnoSpec`].
    pub(crate) fn set_parameters(&mut self, list: &[f32]) {
        self.net.layout.pack(list, &mut self.parameters);
    }

    /// Copies the parameters, in the order of [`FnoSpec`].
    pub(crate) fn copy_parameters(&self, list: &mut [f32]) {
        self.net.layout.unpack(&self.parameters, list);
    }

    /// Copies the gradient, in the order of [`FnoSpec`].
    #[cfg(test)]
    pub(crate) fn copy_gradient(&self, list: &mut [f32]) {
        self.net.layout.unpack(&self.gradient, list);
    }

    /// Parameters and gradient as they lie here, numbers that fill lines are 0 in both, and the threads.
    pub(crate) fn packed_mut(&mut self) -> (&mut [f32], &[f32], Option<&rayon::ThreadPool>) {
        let parameters = bytemuck::cast_slice_mut(&mut self.parameters);
        (parameters, bytemuck::cast_slice(&self.gradient), self.pool.as_ref())
    }

    /// Where the square matrices of its Fourier layers lie.
    pub(crate) fn squares(&self) -> Vec<Square> {
        self.net.layout.squares()
    }

    /// From the order of [`FnoSpec`] to how parameters lie here: for what an optimiser keeps of each.
    pub(crate) fn pack(&self, list: &[f32], packed: &mut [f32]) {
        let mut lines = zeros(self.net.layout.all);
        self.net.layout.pack(list, &mut lines);
        packed.copy_from_slice(bytemuck::cast_slice(&lines));
    }

    /// The reverse of [`FusedFno::pack`].
    pub(crate) fn unpack(&self, packed: &[f32], list: &mut [f32]) {
        let mut lines = zeros(self.net.layout.all);
        bytemuck::cast_slice_mut::<Line, f32>(&mut lines).copy_from_slice(packed);
        self.net.layout.unpack(&lines, list);
    }

    /// How many trajectories there is room for.
    pub(crate) fn room(&self) -> usize {
        self.groups.iter().map(|g| g.room).sum()
    }

    /// How many trajectories the next pass has; at most [`FusedFno::room`].
    pub(crate) fn set_used(&mut self, mut samples: usize) {
        for group in &mut self.groups {
            group.used = samples.min(group.room);
            samples -= group.used;
        }
    }

    /// Sets the inputs of a trajectory, point by point, in normal units.
    pub(crate) fn set_input(&mut self, sample: usize, x: &[f32]) {
        let group = &mut self.groups[sample / GROUP];
        let each = self.net.points * self.net.spec.inputs;
        group.x[(sample % GROUP) * each..][..each].copy_from_slice(&x[..each]);
    }

    /// Sets the targets of a trajectory, point by point, in normal units. An output whose target is 0
    /// everywhere is not asked for: its error has no size to be compared with.
    pub(crate) fn set_target(&mut self, sample: usize, y: &[f32]) {
        let (group, net) = (&mut self.groups[sample / GROUP], &self.net);
        let (outputs, lines) = (net.spec.outputs, net.output_lines());
        let s = sample % GROUP;
        let targets = &mut group.targets[s * net.points * lines..][..net.points * lines];
        let targets: &mut [f32] = bytemuck::cast_slice_mut(targets);
        for (row, y) in targets.chunks_exact_mut(lines * LANES).zip(y.chunks_exact(outputs)) {
            row[..outputs].copy_from_slice(y);
        }
        let norms: &mut [f32] = bytemuck::cast_slice_mut(&mut group.norms[s * lines..][..lines]);
        for (j, norm) in norms.iter_mut().enumerate().take(outputs) {
            let column = y.iter().skip(j).step_by(outputs);
            let square: f64 = column.map(|y| f64::from(*y) * f64::from(*y)).sum();
            *norm = if square > 0.0 { square.sqrt().recip() as f32 } else { 0.0 };
        }
    }

    /// What the network gives for a trajectory, point by point, after [`FusedFno::predict`].
    pub(crate) fn output(&self, sample: usize, y: &mut [f32]) {
        let (group, net) = (&self.groups[sample / GROUP], &self.net);
        let (outputs, lines) = (net.spec.outputs, net.output_lines());
        let each = net.points * lines;
        let from: &[f32] = bytemuck::cast_slice(&group.y[(sample % GROUP) * each..][..each]);
        for (row, y) in from.chunks_exact(lines * LANES).zip(y.chunks_exact_mut(outputs)) {
            y.copy_from_slice(&row[..outputs]);
        }
    }

    /// The network's outputs.
    pub(crate) fn predict(&mut self) {
        let (net, parameters) = (&self.net, &self.parameters);
        each(self.pool.as_ref(), &mut self.groups, |_, group| {
            forward::forward(net, parameters, group);
            for b in 0..group.used {
                forward::project(net, parameters, group, b);
            }
        });
    }

    /// The relative L² error, averaged over trajectories and outputs, and its gradient.
    pub(crate) fn learn(&mut self) -> f64 {
        let used: usize = self.groups.iter().map(|g| g.used).sum();
        let (net, parameters, pool) = (&self.net, &self.parameters, self.pool.as_ref());
        let (dense, spectral) = self.turned.split_at_mut(net.layout.turned);
        transpose_dense(net, parameters, dense);
        let (mode, lines) = (net.layout.mode(), net.lines());
        each_chunk(pool, spectral, mode, |k, turned| {
            let weights = &parameters[net.layout.dense + k * mode..][..mode];
            turn(2 * lines * LANES, lines, weights, turned);
        });
        let (dense, spectral) = (&*dense, &*spectral);
        each(pool, &mut self.groups, |_, group| {
            forward::forward(net, parameters, group);
            backward::backward(net, parameters, (dense, spectral), group, used);
        });
        let (by_dense, by_spectral) = self.gradient.split_at_mut(net.layout.dense);
        let groups = &self.groups;
        each_chunk(pool, by_spectral, mode, |k, gradient| {
            let (l, m) = (k / net.spec.modes, k % net.spec.modes);
            let size = Size { rows: 2 * lines * LANES, inner: 0, lines };
            for (i, group) in groups.iter().enumerate() {
                let start = if i == 0 { Start::Zero } else { Start::Add };
                let rows = m * 2 * group.room;
                let x: &[f32] = bytemuck::cast_slice(&group.modes[l][rows * 2 * lines..]);
                let g = &group.mode_gradients[l][rows * lines..];
                let size = Size { inner: 2 * group.used, ..size };
                product(net.level, size, Left::turned(x, 2 * lines * LANES), g, start, gradient);
            }
        });
        by_dense.fill(Line::ZERO);
        let mut loss = 0.0;
        for group in groups {
            super::elementwise::add(net.level, &group.dense, by_dense);
            loss += group.errors[..group.used * net.spec.outputs].iter().sum::<f64>();
        }
        loss / (used * net.spec.outputs) as f64
    }

    /// The relative L² error of a trajectory's output after [`FusedFno::learn`].
    #[cfg(test)]
    pub(crate) fn error(&self, sample: usize, output: usize) -> f64 {
        self.groups[sample / GROUP].errors[(sample % GROUP) * self.net.spec.outputs + output]
    }
}

fn transpose_dense(net: &Net, parameters: &[Line], turned: &mut [Line]) {
    let layout = &net.layout;
    let layers =
        layout.layers.iter().flat_map(|l| [Some(l.pointwise), l.mlp.map(|m| m[0]), l.mlp.map(|m| m[1])]);
    for map in layout.lifting.into_iter().chain(layout.projection).map(Some).chain(layers).flatten() {
        let to = &mut turned[map.turned..][..map.outputs * map.turned_lines];
        turn(map.inputs, map.lines, map.weights(parameters), to);
    }
}

/// Calls `f` for every item, on the pool if there is one.
pub(super) fn each<T: Send>(
    pool: Option<&rayon::ThreadPool>,
    items: &mut [T],
    f: impl Fn(usize, &mut T) + Sync,
) {
    match pool {
        Some(pool) => pool.install(|| items.par_iter_mut().enumerate().for_each(|(i, item)| f(i, item))),
        None => items.iter_mut().enumerate().for_each(|(i, item)| f(i, item)),
    }
}

/// Calls `f` for every chunk of `n` lines, on the pool if there is one.
fn each_chunk(
    pool: Option<&rayon::ThreadPool>,
    lines: &mut [Line],
    n: usize,
    f: impl Fn(usize, &mut [Line]) + Sync,
) {
    match pool {
        Some(pool) => {
            pool.install(|| lines.par_chunks_mut(n).enumerate().for_each(|(i, chunk)| f(i, chunk)));
        }
        None => lines.chunks_mut(n).enumerate().for_each(|(i, chunk)| f(i, chunk)),
    }
}
