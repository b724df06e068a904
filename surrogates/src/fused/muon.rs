//! Muon: a square matrix moves along the unitary matrix that is nearest to its momentum.
//!
//! Adam steps as far in every number; the gradient of a matrix has few large singular values, so its steps go
//! along those, and the others are hardly learned. Here all singular values of a step are about 1. Jordan et al.,
//! *Muon: an optimizer for hidden layers in neural networks* (2024, <https://kellerjordan.github.io/posts/muon/>);
//! the size of a step and its decay are those of Liu et al., *Muon is scalable for LLM training* (2025,
//! arXiv:2502.16982). The weights of a Fourier mode map complex channels: theirs is one complex matrix.

use core::ops::Range;

use super::level::Level;
use super::operator::each;
use super::product::{Left, Size, Start, product};
use super::simd::{LANES, Line};
use crate::MuonConfig;
use crate::optimizer::Adam;

/// Where a square matrix lies among parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Square {
    /// Its first number.
    pub(crate) at: usize,
    /// Numbers from row to row.
    pub(crate) stride: usize,
    /// Numbers from a real part to its imaginary part, in a complex matrix.
    pub(crate) imaginary: Option<usize>,
}

impl Square {
    /// Where the rows of the real part lie, then those of the imaginary part.
    fn rows(self, width: usize) -> impl Iterator<Item = Range<usize>> {
        let parts = core::iter::once(self.at).chain(self.imaginary.map(|distance| self.at + distance));
        parts.flat_map(move |at| (0..width).map(move |i| at + i * self.stride..at + i * self.stride + width))
    }

    fn end(self, width: usize) -> usize {
        self.at + self.imaginary.unwrap_or(0) + width * self.stride
    }
}

/// The optimiser of a network's square matrices; all other parameters are Adam's. What lies between the rows of a matrix
/// fills lines, and is nobody's.
///
/// The momentum of a matrix lies where Adam keeps the mean of its gradients, so that whoever saves Adam saves this.
#[derive(Debug)]
pub(crate) struct Muon {
    config: MuonConfig,
    level: Level,
    width: usize,
    /// In the order in which they lie.
    squares: Vec<Square>,
    /// What lies between and around them.
    others: Vec<Range<usize>>,
    workers: Vec<Worker>,
}

/// What one thread needs.
#[derive(Debug)]
struct Worker {
    /// Its matrices, and room for the step of each.
    steps: Vec<(Square, Vec<Line>)>,
    gram: Vec<Line>,
    polynomial: Vec<Line>,
    next: Vec<Line>,
    /// Complex matrices as real ones of twice the size.
    left: [Vec<f32>; 2],
}

impl Muon {
    /// For matrices of `width` rows among `parameters` numbers.
    pub(crate) fn new(
        config: MuonConfig,
        level: Level,
        width: usize,
        mut squares: Vec<Square>,
        parameters: usize,
        threads: usize,
    ) -> Self {
        squares.sort_by_key(|square| square.at);
        let mut others = Vec::new();
        let mut from = 0;
        for square in &squares {
            others.push(from..square.at);
            from = square.end(width);
        }
        others.push(from..parameters);
        others.retain(|range| !range.is_empty());
        let side = width.next_multiple_of(LANES);
        let lines = |square: &Square| side * side / LANES * if square.imaginary.is_some() { 2 } else { 1 };
        let most = squares.iter().map(lines).max().unwrap_or(0);
        let workers = (0..threads.max(1)).map(|k| {
            let own = squares.iter().skip(k).step_by(threads.max(1));
            let room = || vec![Line::ZERO; most];
            Worker {
                steps: own.map(|square| (*square, vec![Line::ZERO; lines(square)])).collect(),
                gram: room(),
                polynomial: room(),
                next: room(),
                left: [(); 2].map(|()| vec![0.0; 2 * most * LANES]),
            }
        });
        Self { config, level, width, workers: workers.collect(), squares, others }
    }

    /// One step against `gradient`; the decay is AdamW's for all parameters.
    pub(crate) fn update(
        &mut self,
        adam: &mut Adam,
        pool: Option<&rayon::ThreadPool>,
        parameters: &mut [f32],
        gradient: &[f32],
        learning_rate: f64,
        decay: f64,
    ) {
        adam.update_ranges(parameters, gradient, self.others.iter().cloned(), |_| learning_rate, decay);
        let Self { config, level, width, squares, workers, .. } = self;
        let (level, width, momentum) = (*level, *width, config.momentum as f32);
        let mean = |m: f32, g: f32| momentum * m + (1.0 - momentum) * g;
        for row in squares.iter().flat_map(|square| square.rows(width)) {
            for (m, g) in adam.m[row.clone()].iter_mut().zip(&gradient[row]) {
                *m = mean(*m, *g);
            }
        }
        let m = &adam.m;
        let side = width.next_multiple_of(LANES);
        each(pool, workers, |_, worker| {
            let Worker { steps, gram, polynomial, next, left } = worker;
            for (square, x) in steps {
                // Nesterov's: the mean as it will be if the next gradient is this one.
                let numbers: &mut [f32] = bytemuck::cast_slice_mut(x);
                for (to, row) in rows_of(side, width).zip(square.rows(width)) {
                    let both = m[row.clone()].iter().zip(&gradient[row]);
                    for (x, (m, g)) in numbers[to..].iter_mut().zip(both) {
                        *x = mean(*m, *g);
                    }
                }
                let complex = square.imaginary.is_some();
                let n = x.len();
                let room = [&mut gram[..n], &mut polynomial[..n], &mut next[..n]];
                orthogonalize(level, side, complex, x, room, left);
            }
        });
        let keep = (1.0 - learning_rate * decay) as f32;
        for (square, x) in workers.iter().flat_map(|worker| &worker.steps) {
            let numbers: &[f32] = bytemuck::cast_slice(x);
            // The root mean square of a unitary matrix's numbers is the reciprocal of this.
            let size = (width as f64 * if square.imaginary.is_some() { 2.0 } else { 1.0 }).sqrt();
            let step = (learning_rate * config.size * size) as f32;
            for (from, row) in rows_of(side, width).zip(square.rows(width)) {
                for (p, x) in parameters[row].iter_mut().zip(&numbers[from..]) {
                    *p = keep * *p - step * x;
                }
            }
        }
    }
}

/// Where rows begin in a matrix of `side` rows and columns of which `width` are used, and in its imaginary part.
fn rows_of(side: usize, width: usize) -> impl Iterator<Item = usize> {
    (0..2).flat_map(move |part| (0..width).map(move |i| (part * side + i) * side))
}

/// Five steps of x ← x·(a + b·xᴴx + c·(xᴴx)²), which take every singular value from 1/500 to 1 to between 0.68
/// and 1.21. Coefficients are those of Jordan et al. (2024), who found that values nearer to 1 train no better.
const STEPS: usize = 5;
const COEFFICIENTS: [f32; 3] = [3.4445, -4.7750, 2.0315];

/// Replaces a matrix, real parts above imaginary ones, by the unitary matrix nearest to it, roughly; 0 stays 0.
fn orthogonalize(
    level: Level,
    side: usize,
    complex: bool,
    x: &mut [Line],
    room: [&mut [Line]; 3],
    left: &mut [Vec<f32>; 2],
) {
    let square: f64 = numbers(x).iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    if square == 0.0 {
        return;
    }
    let scale = square.sqrt().recip();
    for x in bytemuck::cast_slice_mut::<Line, f32>(x) {
        *x = (f64::from(*x) * scale) as f32;
    }
    let [gram, polynomial, next] = room;
    let rows = if complex { 2 * side } else { side };
    let size = Size { rows, inner: rows, lines: side / LANES };
    let [a, b, c] = COEFFICIENTS;
    let [of_x, of_gram] = left;
    for _ in 0..STEPS {
        let of_x = doubled(side, complex, x, of_x);
        product(level, size, Left::turned(of_x, rows), x, Start::Zero, gram);
        let of_gram = doubled(side, complex, gram, of_gram);
        product(level, size, Left::rows(of_gram, rows), gram, Start::Zero, polynomial);
        let to: &mut [f32] = bytemuck::cast_slice_mut(polynomial);
        for (p, g) in to.iter_mut().zip(numbers(gram)) {
            *p = c * *p + b * g;
        }
        to[..side * side].iter_mut().step_by(side + 1).for_each(|p| *p += a);
        product(level, size, Left::rows(of_x, rows), polynomial, Start::Zero, next);
        x.copy_from_slice(next);
    }
}

fn numbers(lines: &[Line]) -> &[f32] {
    bytemuck::cast_slice(lines)
}

/// A matrix as the left one of a product: a complex one A + iB as (A −B; B A), which real parts above imaginary
/// ones are multiplied with.
fn doubled<'a>(side: usize, complex: bool, x: &'a [Line], room: &'a mut [f32]) -> &'a [f32] {
    if !complex {
        return numbers(x);
    }
    let (re, im) = numbers(x).split_at(side * side);
    let (upper, lower) = room[..4 * side * side].split_at_mut(2 * side * side);
    let rows = re.chunks_exact(side).zip(im.chunks_exact(side));
    let to = upper.chunks_exact_mut(2 * side).zip(lower.chunks_exact_mut(2 * side));
    for ((re, im), (upper, lower)) in rows.zip(to) {
        upper[..side].copy_from_slice(re);
        lower[side..].copy_from_slice(re);
        lower[..side].copy_from_slice(im);
        upper[side..].iter_mut().zip(im).for_each(|(to, im)| *to = -im);
    }
    room
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{stream, uniform};

    type Complex = (f64, f64);

    /// c = a·b, with the conjugate transpose of `a` if `turned`.
    fn times(n: usize, a: &[Complex], turned: bool, b: &[Complex]) -> Vec<Complex> {
        let at = |i: usize, k: usize| if turned { (a[k * n + i].0, -a[k * n + i].1) } else { a[i * n + k] };
        let entry = |ij: usize| {
            (0..n).fold((0.0, 0.0), |sum, k| {
                let (a, b) = (at(ij / n, k), b[k * n + ij % n]);
                (sum.0 + a.0 * b.0 - a.1 * b.1, sum.1 + a.0 * b.1 + a.1 * b.0)
            })
        };
        (0..n * n).map(entry).collect()
    }

    /// The polynomial in plain loops and double precision.
    fn reference(n: usize, x: &[Complex]) -> Vec<Complex> {
        let norm = x.iter().map(|x| x.0 * x.0 + x.1 * x.1).sum::<f64>().sqrt();
        let mut x: Vec<_> = x.iter().map(|x| (x.0 / norm, x.1 / norm)).collect();
        let [a, b, c] = COEFFICIENTS.map(f64::from);
        for _ in 0..STEPS {
            let gram = times(n, &x, true, &x);
            let square = times(n, &gram, false, &gram);
            let mut polynomial: Vec<_> =
                gram.iter().zip(&square).map(|(g, s)| (b * g.0 + c * s.0, b * g.1 + c * s.1)).collect();
            polynomial.iter_mut().step_by(n + 1).for_each(|p| p.0 += a);
            x = times(n, &x, false, &polynomial);
        }
        x
    }

    /// A real and a complex matrix with other numbers around them, in the way that each layout has them.
    fn case(width: usize, stride: usize, gap: usize) -> (Vec<Square>, usize) {
        let real = Square { at: 3, stride, imaginary: None };
        let at = real.end(width) + 2;
        let complex = Square { at, stride, imaginary: Some(width * stride + gap) };
        (vec![complex, real], complex.end(width) + 5)
    }

    #[test]
    fn steps_are_those_of_the_definition_and_all_else_is_adams() {
        for (width, stride, gap) in [(5, 5, 0), (5, 16, 48), (16, 16, 0), (18, 32, 7)] {
            let (squares, all) = case(width, stride, gap);
            let config = MuonConfig { momentum: 0.8, size: 0.3 };
            let adam = crate::AdamConfig::default();
            for (level, threads) in Level::available().map(|level| (level, 1)).chain([(Level::widest(), 3)]) {
                let mut muon = Muon::new(config, level, width, squares.clone(), all, threads);
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let (mut state, mut plain) = (Adam::<f32>::new(adam, all), Adam::<f32>::new(adam, all));
                let mut rng = stream(7, width as u64);
                let mut number = move || uniform(&mut rng, -1.0, 1.0) as f32;
                let mut parameters: Vec<f32> = (0..all).map(|_| number()).collect();
                let (first, mut others) = (parameters.clone(), parameters.clone());
                let mut inside = vec![false; all];
                squares.iter().flat_map(|s| s.rows(width)).for_each(|row| inside[row].fill(true));
                let mut momentum = vec![0.0_f64; all];
                for _ in 0..3 {
                    let gradient: Vec<f32> = (0..all).map(|_| number()).collect();
                    let before = parameters.clone();
                    let pool = (threads > 1).then_some(&pool);
                    muon.update(&mut state, pool, &mut parameters, &gradient, 0.01, 0.1);
                    plain.update_decayed(&mut others, &gradient, 0.01, 0.1);
                    for k in 0..all {
                        momentum[k] = 0.8 * momentum[k] + 0.2 * f64::from(gradient[k]);
                    }
                    let mean = |k: usize| 0.8 * momentum[k] + 0.2 * f64::from(gradient[k]);
                    for square in &squares {
                        let all: Vec<usize> = square.rows(width).flatten().collect();
                        let (re, im) = all.split_at(width * width);
                        let x: Vec<_> = (0..width * width)
                            .map(|k| (mean(re[k]), im.get(k).map_or(0.0, |k| mean(*k))))
                            .collect();
                        let size = (width as f64 * if im.is_empty() { 1.0 } else { 2.0 }).sqrt();
                        for (k, direction) in reference(width, &x).into_iter().enumerate() {
                            let parts = [(Some(&re[k]), direction.0), (im.get(k), direction.1)];
                            for (k, direction) in parts.into_iter().filter_map(|(k, d)| Some((*k?, d))) {
                                let expected =
                                    f64::from(before[k]) * (1.0 - 0.001) - 0.003 * size * direction;
                                let error = (f64::from(parameters[k]) - expected).abs();
                                assert!(error < 1e-6, "{width} {level:?}: {error:e} at {k}");
                            }
                        }
                    }
                    for k in (0..all).filter(|k| !inside[*k]) {
                        let between = squares.iter().any(|s| (s.at..s.end(width)).contains(&k));
                        let expected = if between { first[k] } else { others[k] };
                        assert_eq!(parameters[k], expected, "{width}: {k}, between rows: {between}");
                    }
                }
            }
        }
    }

    /// Of a matrix whose singular values span two orders, all are near 1 afterwards: its step is nearly unitary.
    #[test]
    fn singular_values_become_about_one() {
        let side = 16;
        for complex in [false, true] {
            let mut x = vec![Line::ZERO; side * if complex { 2 } else { 1 }];
            let mut rng = stream(3, 1);
            // A diagonal from 1 to 1/100 between two reflections along random vectors.
            let mut vector = || -> Vec<f64> {
                let v: Vec<f64> = (0..side).map(|_| uniform(&mut rng, -1.0, 1.0)).collect();
                let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
                v.iter().map(|v| v / norm).collect()
            };
            let (u, v) = (vector(), vector());
            let reflect = |u: &[f64], i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * u[i] * u[j];
            for i in 0..side {
                for j in 0..side {
                    let each =
                        |k: usize| 100_f64.powf(-(k as f64) / 15.0) * reflect(&u, i, k) * reflect(&v, k, j);
                    let entry = (0..side).map(each).sum::<f64>();
                    // A factor of modulus 1 leaves singular values as they are.
                    bytemuck::cast_slice_mut::<Line, f32>(&mut x)[i * side + j] = (0.6 * entry) as f32;
                    if complex {
                        bytemuck::cast_slice_mut::<Line, f32>(&mut x)[(side + i) * side + j] =
                            (0.8 * entry) as f32;
                    }
                }
            }
            let mut room = [(); 3].map(|()| x.clone());
            let mut left = [(); 2].map(|()| vec![0.0; 4 * side * side]);
            let [a, b, c] = &mut room;
            orthogonalize(Level::widest(), side, complex, &mut x, [a, b, c], &mut left);
            // Along the right singular vectors, e_k reflected: the length of its image is its singular value.
            for k in 0..side {
                let image = |part: usize, i: usize| {
                    let row = &numbers(&x)[(part * side + i) * side..][..side];
                    row.iter().enumerate().map(|(j, x)| f64::from(*x) * reflect(&v, j, k)).sum::<f64>()
                };
                let parts = if complex { 2 } else { 1 };
                let square: f64 = (0..parts)
                    .flat_map(|p| (0..side).map(move |i| (p, i)))
                    .map(|(p, i)| image(p, i).powi(2))
                    .sum();
                let value = square.sqrt();
                assert!((0.65..1.25).contains(&value), "complex {complex}: singular value {k} is {value}");
            }
        }
    }
}
