//! The normal equations of a sub-network: sums over all pairs of products of derivatives.

use ode_solvers::{Kernel, Lanes, Scalar, Twin};

use super::super::MapSpec;
use crate::fused::Level;

/// Pairs that are taken at a time: their derivatives lie in the second level of the cache, and those of a
/// tile in the first.
const PAIRS: usize = 64;

/// What the pairs are to one sub-network, in normal units: inputs row by row (its own state first, then
/// the features of its first layer), and the increments of its state.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) inputs: Vec<f64>,
    pub(super) increments: Vec<f64>,
    pub(super) features: usize,
}

impl Rows {
    /// The rows of sub-network `i` out of those of the whole map.
    pub(super) fn of(spec: MapSpec, i: usize, x: &[f64], increments: &[f64]) -> Self {
        let features = spec.features();
        let row = |x: &[f64]| {
            let others = (0..features).map(|r| x[spec.feature(i, r)]);
            core::iter::once(x[i]).chain(others).collect::<Vec<_>>()
        };
        Self {
            inputs: x.chunks_exact(spec.inputs()).flat_map(row).collect(),
            increments: increments.chunks_exact(spec.states).map(|y| y[i]).collect(),
            features,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.increments.len()
    }

    fn blocks(&self, of: usize) -> impl Iterator<Item = (&[f64], &[f64])> {
        self.inputs.chunks(of * (self.features + 1)).zip(self.increments.chunks(of))
    }
}

/// Sums over the pairs at given parameters: squared errors, and with them the products of all
/// derivatives by each other and by the error.
#[derive(Debug)]
pub(super) struct Equations {
    /// Σ r²: the squared errors.
    pub(super) squares: f64,
    /// Jᵀr: half of the gradient of the squared errors.
    pub(super) gradient: Vec<f64>,
    /// JᵀJ, its lower triangle, row by row: `[i·(i + 1)/2 + j]` for j ≤ i.
    pub(super) products: Vec<f64>,
}

/// The normal equations of a sub-network at its `parameters` over all `rows`.
pub(super) fn equations(level: Level, width: usize, parameters: &[f64], rows: &Rows) -> Equations {
    if wide(level) {
        Lanes::<f64, 8>::dispatch(Sums::<3> { width, parameters, rows })
    } else {
        Lanes::<f64, 4>::dispatch(Sums::<2> { width, parameters, rows })
    }
}

/// The squared errors alone.
pub(super) fn squares(level: Level, width: usize, parameters: &[f64], rows: &Rows) -> f64 {
    if wide(level) {
        Lanes::<f64, 8>::dispatch(Squares { width, parameters, rows })
    } else {
        Lanes::<f64, 4>::dispatch(Squares { width, parameters, rows })
    }
}

/// The mean square of the increment's derivative by each input over the pairs: those of the first layer, then
/// the own state.
pub(super) fn slopes(level: Level, width: usize, parameters: &[f64], rows: &Rows) -> Vec<f64> {
    if wide(level) {
        Lanes::<f64, 8>::dispatch(Slopes { width, parameters, rows })
    } else {
        Lanes::<f64, 4>::dispatch(Slopes { width, parameters, rows })
    }
}

/// Whether registers hold eight numbers.
fn wide(level: Level) -> bool {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(_) => true,
        _ => false,
    }
}

/// The parts of a sub-network's parameters, each row of neurons filled up to whole registers with zeros.
struct Neurons<const N: usize> {
    panels: usize,
    /// Rows: features, β, a, α, b.
    rows: Vec<Lanes<f64, N>>,
    gamma: f64,
}

impl<const N: usize> Neurons<N> {
    fn new(width: usize, parameters: &[f64]) -> Self {
        let panels = width.div_ceil(N);
        let rows = parameters[..parameters.len() - 1].chunks_exact(width).flat_map(|row| {
            (0..panels).map(|p| Lanes::from_fn(|lane| row.get(p * N + lane).copied().unwrap_or(0.0)))
        });
        Self { panels, rows: rows.collect(), gamma: parameters[parameters.len() - 1] }
    }

    /// The layers at one panel of neurons: h, q and b.
    #[inline(always)]
    fn at<U: Twin<Lanes<f64, N>>>(&self, features: usize, panel: usize, own: U, others: &[f64]) -> (U, U, U) {
        let row = |r: usize| U::of(self.rows[r * self.panels + panel]);
        let mut y = row(features);
        for (r, x) in others.iter().enumerate() {
            y = row(r).mul_add(U::from(*x), y);
        }
        let h = y.tanh();
        let q = (row(features + 1).mul_add(own, row(features + 2)) + h).tanh();
        (h, q, row(features + 3))
    }
}

struct Squares<'a> {
    width: usize,
    parameters: &'a [f64],
    rows: &'a Rows,
}

impl<const N: usize> Kernel<Lanes<f64, N>> for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<U: Twin<Lanes<f64, N>>>(self) -> f64 {
        let net = Neurons::<N>::new(self.width, self.parameters);
        let features = self.rows.features;
        let mut sum = 0.0;
        // Block by block, as the matrix is summed: the same errors give the same sum.
        for (x, y) in self.rows.blocks(PAIRS) {
            let mut block = 0.0;
            for (x, y) in x.chunks_exact(features + 1).zip(y) {
                let (own, others) = (U::from(x[0]), &x[1..]);
                let mut increment = U::default();
                for panel in 0..net.panels {
                    let (_, q, b) = net.at::<U>(features, panel, own, others);
                    increment = q.mul_add(b, increment);
                }
                let error = total(increment.back()) + net.gamma - y;
                block = error.mul_add(error, block);
            }
            sum += block;
        }
        sum
    }
}

struct Slopes<'a> {
    width: usize,
    parameters: &'a [f64],
    rows: &'a Rows,
}

impl<const N: usize> Kernel<Lanes<f64, N>> for Slopes<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<U: Twin<Lanes<f64, N>>>(self) -> Vec<f64> {
        let net = Neurons::<N>::new(self.width, self.parameters);
        let features = self.rows.features;
        let mut squares = vec![0.0; features + 1];
        let mut sums = vec![Lanes([0.0; N]); features + 1];
        for x in self.rows.inputs.chunks_exact(features + 1) {
            sums.fill(Lanes([0.0; N]));
            for panel in 0..net.panels {
                let (h, q, b) = net.at::<U>(features, panel, U::from(x[0]), &x[1..]);
                let by_z = (-(q * q) + 1.0) * b;
                let by_y = (-(h * h) + 1.0) * by_z;
                for (r, sum) in U::view_mut(&mut sums).iter_mut().enumerate() {
                    let (slope, row) = if r < features { (by_y, r) } else { (by_z, features + 1) };
                    *sum = slope.mul_add(U::of(net.rows[row * net.panels + panel]), *sum);
                }
            }
            for (square, sum) in squares.iter_mut().zip(&sums) {
                *square += total(*sum).powi(2) / self.rows.len() as f64;
            }
        }
        squares
    }
}

/// All sums. A tile of the matrix is `SIDE` registers wide and as many rows high as a register has lanes: with
/// three, it fills 24 of AVX-512's 32 registers; with two, 8 of AVX2's 16, as many as multiply-adds are on
/// their way at a time.
struct Sums<'a, const SIDE: usize> {
    width: usize,
    parameters: &'a [f64],
    rows: &'a Rows,
}

impl<const N: usize, const SIDE: usize> Kernel<Lanes<f64, N>> for Sums<'_, SIDE> {
    type Output = Equations;

    #[inline(always)]
    fn run<U: Twin<Lanes<f64, N>>>(self) -> Equations {
        let Self { width, parameters, rows } = self;
        let net = Neurons::<N>::new(width, parameters);
        let (count, features, group) = (parameters.len(), rows.features, SIDE * N);
        // The error follows the parameters as one column more.
        let columns = (count + 1).next_multiple_of(group);
        // The upper triangle, row by row.
        let (mut matrix, mut block) = (aligned(columns * columns), aligned(columns * PAIRS));
        let (matrix, block) = (&mut matrix.0[matrix.1..], &mut block.0[block.1..]);
        let mut line = vec![0.0; columns];
        // Rows of neurons are filled up to whole registers while they are computed.
        let mut neurons = vec![Lanes([0.0; N]); (features + 4) * net.panels];
        for (x, y) in rows.blocks(PAIRS) {
            for (k, (x, y)) in x.chunks_exact(features + 1).zip(y).enumerate() {
                let (own, others) = (U::from(x[0]), &x[1..]);
                let mut increment = U::default();
                let out = U::view_mut(&mut neurons);
                for panel in 0..net.panels {
                    let (h, q, b) = net.at::<U>(features, panel, own, others);
                    increment = q.mul_add(b, increment);
                    let by_z = (-(q * q) + 1.0) * b;
                    let by_y = (-(h * h) + 1.0) * by_z;
                    for (r, x) in others.iter().enumerate() {
                        out[r * net.panels + panel] = by_y * U::from(*x);
                    }
                    out[features * net.panels + panel] = by_y;
                    out[(features + 1) * net.panels + panel] = by_z * own;
                    out[(features + 2) * net.panels + panel] = by_z;
                    out[(features + 3) * net.panels + panel] = q;
                }
                for (to, from) in line.chunks_exact_mut(width).zip(neurons.chunks_exact(net.panels)) {
                    for (to, from) in to.chunks_mut(N).zip(from) {
                        to.copy_from_slice(&from.0[..to.len()]);
                    }
                }
                line[count - 1] = 1.0;
                line[count] = total(increment.back()) + net.gamma - y;
                for (to, from) in block.chunks_exact_mut(PAIRS * group).zip(line.chunks_exact(group)) {
                    to[k * group..][..group].copy_from_slice(from);
                }
            }
            let filled = y.len() * group;
            for (g, side) in block.chunks_exact(PAIRS * group).enumerate() {
                for down in 0..(g + 1) * SIDE {
                    let panel = &block[down / SIDE * PAIRS * group..][..filled];
                    let to = &mut matrix[down * N * columns + g * group..];
                    tile::<N, SIDE, U>(&side[..filled], (panel, down % SIDE), to, columns);
                }
            }
        }
        let at = |i: usize, j: usize| matrix[j * columns + i];
        Equations {
            squares: at(count, count),
            gradient: (0..count).map(|j| at(count, j)).collect(),
            products: (0..count).flat_map(|i| (0..=i).map(move |j| at(i, j))).collect(),
        }
    }
}

/// At least `count` zeros, and where among them a line of the processor's cache begins.
fn aligned(count: usize) -> (Vec<f64>, usize) {
    let zeros = vec![0.0; count + 7];
    let begin = zeros.as_ptr().align_offset(64).min(7);
    (zeros, begin)
}

/// Adds the products of a group of columns with one register of columns to a tile of the matrix. `down` is the
/// group of that register and its place there.
#[inline(always)]
fn tile<const N: usize, const SIDE: usize, U: Twin<Lanes<f64, N>>>(
    side: &[f64],
    down: (&[f64], usize),
    matrix: &mut [f64],
    stride: usize,
) {
    let load = |x: &[f64]| U::of(Lanes::from_fn(|lane| x[lane]));
    let mut sums = [[U::default(); SIDE]; N];
    for (side, down_row) in side.chunks_exact(SIDE * N).zip(down.0.chunks_exact(SIDE * N)) {
        let side: [U; SIDE] = core::array::from_fn(|s| load(&side[s * N..][..N]));
        for (sums, x) in sums.iter_mut().zip(&down_row[down.1 * N..][..N]) {
            let x = U::from(*x);
            for (sum, side) in sums.iter_mut().zip(&side) {
                *sum = side.mul_add(x, *sum);
            }
        }
    }
    for (row, sums) in matrix.chunks_mut(stride).zip(&sums) {
        for (to, sum) in row.chunks_exact_mut(N).zip(sums) {
            to.copy_from_slice(&(load(to) + *sum).back().0);
        }
    }
}

/// The sum over lanes, always in the same order.
fn total<const N: usize>(x: Lanes<f64, N>) -> f64 {
    x.0.iter().sum()
}
