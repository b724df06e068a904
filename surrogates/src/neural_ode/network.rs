//! A neural ODE's network with its units, and its right-hand side for the steppers of `ode_solvers`.

use ode_solvers::sparse::with_scratch;
use ode_solvers::{Scalar, StateSpace, System};

use super::OdeSpec;
use super::field::NORM_EPS;
use crate::real::{INV_SQRT_TAU, TAIL, TAIL_SCALE};
use crate::{Activation, Dense, Error, Mlp, Normalization, check};

/// A neural ODE: u' = rate(network(normal(u))). States and rates are in physical units outside; the network
/// sees normal ones.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuralOde {
    spec: OdeSpec,
    input: Normalization,
    rate: Normalization,
    parameters: Vec<f32>,
}

impl NeuralOde {
    /// A neural ODE from its parts: `input` maps states (and time, last, if it is an input) to what the
    /// network sees, `rate` maps physical rates to what it gives.
    ///
    /// # Errors
    /// [`Error::BadSpec`], [`Error::BadLength`] or [`Error::BadConfig`] if the parts do not fit together.
    pub fn new(
        spec: OdeSpec,
        input: Normalization,
        rate: Normalization,
        parameters: Vec<f32>,
    ) -> Result<Self, Error> {
        spec.check()?;
        input.check("input", spec.inputs())?;
        rate.check("rate", spec.states())?;
        let what = format!("parameters of the neural ODE {spec}");
        check::length(&what, parameters.len(), spec.parameters())?;
        Ok(Self { spec, input, rate, parameters })
    }

    /// First parameters as [`Mlp::random`] draws them, those of the last layer multiplied with `gain`; layer
    /// normalisation begins with gain 1 and shift 0. A small `gain` begins with a trajectory that stands
    /// nearly still, instead of one that runs away.
    ///
    /// # Errors
    /// As [`NeuralOde::new`].
    pub fn random(
        spec: OdeSpec,
        input: Normalization,
        rate: Normalization,
        gain: f64,
        seed: u64,
    ) -> Result<Self, Error> {
        spec.check()?;
        let (n, m) = (spec.inputs(), spec.states());
        let mlp: Mlp =
            Mlp::random(spec.mlp().clone(), Normalization::identity(n), Normalization::identity(m), seed)?;
        let mut parameters = mlp.parameters().to_vec();
        if let Some(last) = spec.mlp().layers().last() {
            for p in &mut parameters[last.range()] {
                *p = (f64::from(*p) * gain) as f32;
            }
        }
        parameters.resize(spec.parameters(), 0.0);
        for k in 0..spec.mlp().hidden.len() {
            if let Some((gains, _)) = spec.norm_of(k) {
                parameters[gains].fill(1.0);
            }
        }
        Self::new(spec, input, rate, parameters)
    }

    /// The network's shape.
    pub fn spec(&self) -> &OdeSpec {
        &self.spec
    }

    /// The map of states, and of time, to what the network sees.
    pub fn input_normalization(&self) -> &Normalization {
        &self.input
    }

    /// The map of physical rates to what the network gives.
    pub fn rate_normalization(&self) -> &Normalization {
        &self.rate
    }

    /// All parameters, in the order of [`OdeSpec::parameters`].
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All parameters, to change them.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// The right-hand side, for any solver.
    pub fn field(&self) -> OdeField {
        let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect();
        OdeField {
            layers: self.spec.mlp().layers().collect(),
            spec: self.spec.clone(),
            parameters: wide(&self.parameters),
            input: (wide(self.input.mean()), wide(self.input.scale())),
            rate: (wide(self.rate.mean()), wide(self.rate.scale())),
        }
    }
}

/// The right-hand side of a [`NeuralOde`]: a [`System`] over every number type, so that every solver runs it
/// and its Jacobian is exact. Numbers are `f64`, whatever the network was trained in.
///
/// Layers up to 128 wide are evaluated without allocation.
#[derive(Debug, Clone)]
pub struct OdeField {
    spec: OdeSpec,
    layers: Vec<Dense>,
    parameters: Vec<f64>,
    /// Means and scales.
    input: (Vec<f64>, Vec<f64>),
    rate: (Vec<f64>, Vec<f64>),
}

impl StateSpace for OdeField {
    fn dim(&self) -> usize {
        self.spec.states()
    }

    fn is_autonomous(&self) -> bool {
        !self.spec.has_time()
    }
}

impl<T: Scalar> System<T> for OdeField {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        let widest = self.layers.iter().map(|l| l.inputs.max(l.outputs)).max().unwrap_or(0);
        with_scratch::<T>(widest, |x, z| {
            let (mean, scale) = (&self.input.0, &self.input.1);
            for (i, y) in y.iter().enumerate() {
                x[i] = (*y - mean[i]) / scale[i];
            }
            if self.spec.has_time() {
                let i = y.len();
                x[i] = T::from((t - mean[i]) / scale[i]);
            }
            for (k, layer) in self.layers.iter().enumerate() {
                let z = &mut z[..layer.outputs];
                self.layer(k, layer, &x[..layer.inputs], z);
                x[..layer.outputs].copy_from_slice(z);
            }
            for (i, dy) in dy.iter_mut().enumerate() {
                *dy = x[i] * self.rate.1[i] + self.rate.0[i];
            }
        });
    }
}

impl OdeField {
    fn layer<T: Scalar>(&self, k: usize, layer: &Dense, x: &[T], z: &mut [T]) {
        let (w, b) = layer.split(&self.parameters);
        for (z, b) in z.iter_mut().zip(b) {
            *z = T::from(*b);
        }
        for (x, w) in x.iter().zip(w.chunks_exact(layer.outputs)) {
            for (z, w) in z.iter_mut().zip(w) {
                *z += *x * *w;
            }
        }
        let Some(kind) = layer.activation else { return };
        if let Some((gain, shift)) = self.spec.norm_of(k) {
            normalise(z);
            let gains = self.parameters[gain].iter().zip(&self.parameters[shift]);
            for (z, (gain, shift)) in z.iter_mut().zip(gains) {
                *z = *z * *gain + *shift;
            }
        }
        for z in z {
            *z = activate(kind, *z);
        }
    }
}

/// To mean 0 and variance 1.
fn normalise<T: Scalar>(z: &mut [T]) {
    let n = z.len() as f64;
    let mut mean = T::from(0.0);
    for z in &*z {
        mean += *z;
    }
    mean = mean / n;
    let mut variance = T::from(0.0);
    for z in &mut *z {
        *z -= mean;
        variance += *z * *z;
    }
    let deviation = (variance / n + NORM_EPS).sqrt();
    for z in z {
        *z /= deviation;
    }
}

fn activate<T: Scalar>(kind: Activation, z: T) -> T {
    let zero = T::from(0.0);
    match kind {
        Activation::SiLU => z / ((-z).exp() + 1.0),
        Activation::Tanh => z.tanh(),
        // Above 0 the exponential is not taken, and may be infinite.
        Activation::ELU => T::select_lt(zero, z, z, z.min(zero).exp_m1()),
        // 0·z is 0, and NaN for NaN.
        Activation::ReLU => T::select_lt(zero, z, z, z * 0.0),
        Activation::Sin => z.sin(),
        Activation::GELU => z * normal(z),
        Activation::LeakyReLU => T::select_lt(zero, z, z, z * 0.01),
    }
}

/// The normal distribution function, with the polynomial that training takes (see [`crate::Real`]).
fn normal<T: Scalar>(x: T) -> T {
    let density = (x * x * -0.5).exp() * INV_SQRT_TAU;
    let t = (x.abs() * f64::from(TAIL_SCALE) + 1.0).recip();
    let mut p = T::from(f64::from(TAIL[0]));
    for c in &TAIL[1..] {
        p = p * t + f64::from(*c);
    }
    let tail = density * p * t;
    T::select_lt(T::from(0.0), x, -tail + 1.0, tail)
}
