//! The map at fixed control parameters: neurons side by side in registers, values and the analytic
//! Jacobian.

use ode_solvers::dynamics::{DynamicsError, Map};
use ode_solvers::{Kernel, Lanes, Scalar, Twin};

use super::{MapSpec, NeuralMap};
use crate::Real;

/// Eight neurons.
type Eight = Lanes<f64, 8>;

/// A [`NeuralMap`] at given control parameters. Numbers are `f64`, whatever the map was trained in;
/// the neurons of a layer lie side by side in registers.
#[derive(Debug, Clone)]
pub struct MapAt {
    spec: MapSpec,
    dt: f64,
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// For each sub-network, `[row][block]`: A′ without B, β + p·B, a, α, b. The last block is filled
    /// with zeros, which change no sum.
    weights: Vec<Eight>,
    gamma: Vec<f64>,
}

impl MapAt {
    pub(super) fn new<E: Real>(map: &NeuralMap<E>, p: &[f64]) -> Self {
        let spec = map.spec();
        let control = map.control_normalization();
        let p: Vec<f64> = p
            .iter()
            .zip(control.mean().iter().zip(control.scale()))
            .map(|(p, (m, s))| (p - f64::from(*m)) / f64::from(*s))
            .collect();
        let others = spec.states - 1;
        let (mut weights, mut gamma) = (Vec::new(), Vec::new());
        for i in 0..spec.states {
            let parts = spec.parts(map.parameters(), i);
            let feature = |r: usize, k: usize| parts.features[r * spec.width + k].widen();
            let beta = |k: usize| {
                let by_p = p.iter().enumerate().map(|(j, p)| p * feature(others + j, k));
                parts.beta[k].widen() + by_p.sum::<f64>()
            };
            for r in 0..others {
                push(&mut weights, spec.width, |k| feature(r, k));
            }
            push(&mut weights, spec.width, beta);
            for row in [parts.a, parts.alpha, parts.b] {
                push(&mut weights, spec.width, |k| row[k].widen());
            }
            gamma.push(parts.gamma.widen());
        }
        let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect();
        let state = map.state_normalization();
        Self { spec, dt: map.dt(), mean: wide(state.mean()), scale: wide(state.scale()), weights, gamma }
    }

    fn evaluate(&self, u: &[f64], v: &mut [f64], mut jacobian: Option<&mut [f64]>) {
        let n = self.spec.states;
        assert!(u.len() == n && v.len() == n, "one number for each state");
        assert!(jacobian.as_ref().is_none_or(|j| j.len() == n * n), "a number for each pair of states");
        // Small maps are iterated millions of times: they need no memory but the stack's.
        let (mut few, mut many) = ([(0.0, Eight::default()); FEW], Vec::new());
        let work = match few.get_mut(..=n) {
            Some(few) => few,
            None => {
                many.resize(n + 1, (0.0, Eight::default()));
                &mut many[..]
            }
        };
        for ((x, u), (m, s)) in work.iter_mut().zip(u).zip(self.mean.iter().zip(&self.scale)) {
            x.0 = (u - m) / s;
        }
        let each = (n + 3) * self.spec.width.div_ceil(8);
        for i in 0..n {
            for (_, sum) in &mut *work {
                *sum = Eight::default();
            }
            let weights = &self.weights[i * each..][..each];
            Eight::dispatch(Neurons { spec: self.spec, weights, i, work, slopes: jacobian.is_some() });
            v[i] = u[i] + (total(work[n].1) + self.gamma[i]) * self.scale[i];
            if let Some(jacobian) = &mut jacobian {
                for (j, (_, sum)) in work[..n].iter().enumerate() {
                    let identity = f64::from(u8::from(i == j));
                    jacobian[i + j * n] = identity + total(*sum) * self.scale[i] / self.scale[j];
                }
            }
        }
    }
}

/// Derivatives are those of eq. 18. Needs one number for each state, and panics otherwise.
impl Map for MapAt {
    fn dim(&self) -> usize {
        self.spec.states
    }

    fn dt(&self) -> f64 {
        self.dt
    }

    fn apply(&self, u: &[f64], v: &mut [f64]) -> Result<(), DynamicsError> {
        self.evaluate(u, v, None);
        Ok(())
    }

    fn linearize(&self, u: &[f64], v: &mut [f64], jacobian: &mut [f64]) -> Result<(), DynamicsError> {
        self.evaluate(u, v, Some(jacobian));
        Ok(())
    }
}

/// States for which [`MapAt`] needs no memory of its own at an application, and one more.
const FEW: usize = 9;

/// The hidden layers of sub-network `i`: `work` holds the normal states, and receives beside them the
/// sums of the increment's derivatives, and in its last entry the sum of the increment itself.
struct Neurons<'a> {
    spec: MapSpec,
    weights: &'a [Eight],
    i: usize,
    work: &'a mut [(f64, Eight)],
    slopes: bool,
}

impl Kernel<Eight> for Neurons<'_> {
    type Output = ();

    #[inline(always)]
    fn run<U: Twin<Eight>>(self) {
        let Self { spec, weights, i, work, slopes } = self;
        let (n, blocks) = (spec.states, spec.width.div_ceil(8));
        let weights = U::view(weights);
        let row = |r: usize, block: usize| weights[r * blocks + block];
        let own = work[i].0;
        let mut increment = U::default();
        for block in 0..blocks {
            let mut y = row(n - 1, block);
            for r in 0..n - 1 {
                y += row(r, block) * work[if r < i { r } else { r + 1 }].0;
            }
            let h = y.tanh();
            let (a, b) = (row(n, block), row(n + 2, block));
            let q = (a * own + row(n + 1, block) + h).tanh();
            increment += q * b;
            if slopes {
                let by_z = (-(q * q) + 1.0) * b;
                let by_y = (-(h * h) + 1.0) * by_z;
                add::<U>(&mut work[i].1, by_z * a);
                for r in 0..n - 1 {
                    add::<U>(&mut work[if r < i { r } else { r + 1 }].1, by_y * row(r, block));
                }
            }
        }
        add::<U>(&mut work[n].1, increment);
    }
}

#[inline(always)]
fn add<U: Twin<Eight>>(sum: &mut Eight, x: U) {
    U::view_mut(core::slice::from_mut(sum))[0] += x;
}

fn push(weights: &mut Vec<Eight>, width: usize, value: impl Fn(usize) -> f64) {
    for block in 0..width.div_ceil(8) {
        weights.push(Eight::from_fn(|lane| {
            let k = 8 * block + lane;
            if k < width { value(k) } else { 0.0 }
        }));
    }
}

/// The sum over lanes, always in the same order.
fn total(x: Eight) -> f64 {
    let x = x.0;
    ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
}
