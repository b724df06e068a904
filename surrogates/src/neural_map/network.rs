//! The map itself: its parameters, its values in physical units, its Jacobian.

use ode_solvers::Scalar;

use super::MapSpec;
use super::at::MapAt;
use crate::{Error, Normalization, Real, check, random};

/// A neural map u(t + Δt) = F(u(t), p): one sub-network for each state (eqs 8 and 11–15 of Kuptsov,
/// Stankevich, Bagautdinova 2022).
///
/// In normal units (eq. 10), for every state i
///
/// ```text
/// hᵢ = tanh([u without uᵢ, p]·[Aᵢ′; Bᵢ] + βᵢ)      (13)
/// qᵢ = tanh(uᵢ·aᵢ + αᵢ + hᵢ)                       (14)
/// vᵢ = uᵢ + qᵢ·bᵢ + γᵢ                             (15)
/// ```
///
/// Everything here takes and gives physical units.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuralMap<E: Real = f32> {
    spec: MapSpec,
    state: Normalization,
    control: Normalization,
    dt: f64,
    parameters: Vec<E>,
}

impl<E: Real> NeuralMap<E> {
    /// A map from its parts: `state` and `control` are the normalisations of u and p, `dt` is Δt.
    ///
    /// # Errors
    /// [`Error::BadSpec`], [`Error::BadLength`] or [`Error::BadConfig`] if the parts do not fit
    /// together or hold numbers that make no sense.
    pub fn new(
        spec: MapSpec,
        state: Normalization,
        control: Normalization,
        dt: f64,
        parameters: Vec<E>,
    ) -> Result<Self, Error> {
        spec.check()?;
        state.check("state normalization", spec.states)?;
        control.check("control normalization", spec.parameters)?;
        check::positive("dt", dt)?;
        check::length("parameters of the neural map", parameters.len(), spec.total_parameters())?;
        Ok(Self { spec, state, control, dt, parameters })
    }

    /// A map with random weights and biases 0: weights uniform in ±√(6/(inputs + outputs)) of their layer
    /// (Glorot and Bengio 2010), those of inputs times `gain`, drawn from ChaCha8, stream 0 of `seed`, in the
    /// order of the list. The publication says "at random" alone. With a gain well below 1 the map begins
    /// nearly linear in its inputs, and stays so in those that the data do not ask to bend: it then
    /// extrapolates better. `f32` and `f64` maps start the same.
    ///
    /// # Errors
    /// As [`NeuralMap::new`].
    pub fn random(
        spec: MapSpec,
        state: Normalization,
        control: Normalization,
        dt: f64,
        gain: f64,
        seed: u64,
    ) -> Result<Self, Error> {
        spec.check()?;
        let mut rng = random::stream(seed, random::WEIGHTS);
        let (features, width) = (spec.features(), spec.width);
        let mut parameters = Vec::with_capacity(spec.total_parameters());
        let bound = |inputs: usize, outputs: usize| (6.0 / (inputs + outputs) as f64).sqrt();
        for _ in 0..spec.states {
            for (count, bound) in [
                (features * width, gain * bound(features, width)), // Aᵢ′ and Bᵢ
                (width, 0.0),                                      // βᵢ
                (width, gain * bound(1, width)),                   // aᵢ
                (width, 0.0),                                      // αᵢ
                (width, bound(width, 1)),                          // bᵢ
                (1, 0.0),                                          // γᵢ
            ] {
                // Rounded to f32 first, so that both types start from the same numbers.
                let draw = |_| E::nearest(f64::from(random::uniform(&mut rng, -bound, bound) as f32));
                parameters.extend((0..count).map(draw));
            }
        }
        Self::new(spec, state, control, dt, parameters)
    }

    /// The same map with parameters of another type, each rounded to the nearest.
    pub fn cast<F: Real>(&self) -> NeuralMap<F> {
        NeuralMap {
            spec: self.spec,
            state: self.state.clone(),
            control: self.control.clone(),
            dt: self.dt,
            parameters: self.parameters.iter().map(|x| F::nearest(x.widen())).collect(),
        }
    }

    /// The map's shape.
    pub fn spec(&self) -> MapSpec {
        self.spec
    }

    /// The normalisation of the states.
    pub fn state_normalization(&self) -> &Normalization {
        &self.state
    }

    /// The normalisation of the control parameters.
    pub fn control_normalization(&self) -> &Normalization {
        &self.control
    }

    /// Δt: the time that one application stands for.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// All parameters, in the order of [`MapSpec`].
    pub fn parameters(&self) -> &[E] {
        &self.parameters
    }

    /// All parameters, to change them.
    pub fn parameters_mut(&mut self) -> &mut [E] {
        &mut self.parameters
    }

    /// One application over any number type, computed as the equations are written: `u` has one number
    /// for each state and `p` one for each control parameter. Over dual numbers it gives derivatives
    /// by both. [`NeuralMap::at`] is for many applications at one `p`.
    ///
    /// # Panics
    /// If a length is not that of the map.
    pub fn apply<T: Scalar>(&self, p: &[T], u: &[T], v: &mut [T]) {
        let spec = self.spec;
        assert!(u.len() == spec.states && v.len() == spec.states, "one number for each state");
        assert_eq!(p.len(), spec.parameters, "one number for each control parameter");
        let normal =
            |x: &T, at: usize, n: &Normalization| (*x - f64::from(n.mean()[at])) / f64::from(n.scale()[at]);
        let states = u.iter().enumerate().map(|(i, u)| normal(u, i, &self.state));
        let x: Vec<T> =
            states.chain(p.iter().enumerate().map(|(i, p)| normal(p, i, &self.control))).collect();
        for (i, v) in v.iter_mut().enumerate() {
            let parts = spec.parts(&self.parameters, i);
            let mut increment = T::from(parts.gamma.widen());
            for k in 0..spec.width {
                let mut y = T::from(parts.beta[k].widen());
                for r in 0..spec.features() {
                    y += x[spec.feature(i, r)] * parts.features[r * spec.width + k].widen();
                }
                let q = (x[i] * parts.a[k].widen() + parts.alpha[k].widen() + y.tanh()).tanh();
                increment += q * parts.b[k].widen();
            }
            *v = u[i] + increment * f64::from(self.state.scale()[i]);
        }
    }

    /// The map at given values of its control parameters, in `f64`, ready for many applications.
    ///
    /// # Errors
    /// [`Error::BadLength`] if `p` has not one number for each control parameter.
    pub fn at(&self, p: &[f64]) -> Result<MapAt, Error> {
        check::length("control parameters", p.len(), self.spec.parameters)?;
        Ok(MapAt::new(self, p))
    }
}
