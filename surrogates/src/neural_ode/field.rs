//! A network as a right-hand side that can be differentiated where it was evaluated.

use crate::fused::{FusedField, Level};
use crate::kernels;
use crate::neural_ode::OdeSpec;
use crate::{Normalization, Real};

/// What the gradients of a trajectory ask of a right-hand side. Times and states are `f64` in physical units;
/// `E` is the type that the network computes in.
///
/// An evaluation leaves behind, in a slot of the caller's choice, what its derivatives need.
pub(super) trait Pullback<E>: Send {
    /// Makes room for at least so many slots.
    fn reserve(&mut self, slots: usize);

    /// Takes parameters, and forgets the gradient.
    fn load(&mut self, parameters: &[E]);

    /// Writes f(t, y) into `f`.
    fn value(&mut self, slot: usize, t: f64, y: &[f64], f: &mut [f64]);

    /// Writes gᵀ·∂f/∂y at a slot into `by_y`; if `learn`, the gradient grows by gᵀ·∂f/∂parameters.
    fn pull(&mut self, slot: usize, g: &[f64], by_y: &mut [f64], learn: bool);

    /// After this every slot may be evaluated anew.
    fn flush(&mut self);

    /// Adds the gradient since the last [`Pullback::load`] to `gradient`.
    fn add_gradient(&mut self, gradient: &mut [E]);
}

/// The maps between physical units and the network's own.
#[derive(Debug, Clone)]
struct Units<E> {
    /// What is subtracted from time and states, and what they are then multiplied with; states first.
    input: Vec<(f64, f64)>,
    /// What outputs are multiplied with, and what is then added.
    rate: Vec<(f64, f64)>,
    x: Vec<E>,
    y: Vec<E>,
    by_x: Vec<E>,
}

impl<E: Real> Units<E> {
    fn new(input: &Normalization, rate: &Normalization) -> Self {
        let pairs = |n: &Normalization| -> Vec<(f64, f64)> {
            n.mean().iter().zip(n.scale()).map(|(m, s)| (f64::from(*m), f64::from(*s))).collect()
        };
        Self {
            input: pairs(input).into_iter().map(|(m, s)| (m, s.recip())).collect(),
            rate: pairs(rate).into_iter().map(|(m, s)| (s, m)).collect(),
            x: vec![E::default(); input.columns()],
            y: vec![E::default(); rate.columns()],
            by_x: vec![E::default(); input.columns()],
        }
    }

    #[inline]
    fn set(&mut self, t: f64, y: &[f64]) {
        let all = y.iter().chain(core::iter::once(&t));
        for ((x, value), (mean, factor)) in self.x.iter_mut().zip(all).zip(&self.input) {
            *x = E::nearest((value - mean) * factor);
        }
    }

    #[inline]
    fn rates(&self, f: &mut [f64]) {
        for ((f, y), (scale, mean)) in f.iter_mut().zip(&self.y).zip(&self.rate) {
            *f = y.widen() * scale + mean;
        }
    }

    /// The gradient by the network's outputs, in `self.y`.
    #[inline]
    fn set_gradient(&mut self, g: &[f64]) {
        for ((y, g), (scale, _)) in self.y.iter_mut().zip(g).zip(&self.rate) {
            *y = E::nearest(g * scale);
        }
    }

    #[inline]
    fn by_states(&self, by_y: &mut [f64]) {
        for ((by_y, x), (_, factor)) in by_y.iter_mut().zip(&self.by_x).zip(&self.input) {
            *by_y = x.widen() * factor;
        }
    }
}

/// The fused kernels as a right-hand side.
pub(super) struct FusedOde {
    units: Units<f32>,
    field: FusedField,
}

impl FusedOde {
    pub(super) fn new(level: Level, spec: &OdeSpec, input: &Normalization, rate: &Normalization) -> Self {
        Self { units: Units::new(input, rate), field: FusedField::new(level, spec.mlp(), 1) }
    }
}

impl Pullback<f32> for FusedOde {
    fn reserve(&mut self, slots: usize) {
        self.field.reserve(slots);
    }

    fn load(&mut self, parameters: &[f32]) {
        self.field.load(parameters);
    }

    fn value(&mut self, slot: usize, t: f64, y: &[f64], f: &mut [f64]) {
        self.units.set(t, y);
        self.field.value(slot, &self.units.x, &mut self.units.y);
        self.units.rates(f);
    }

    fn pull(&mut self, slot: usize, g: &[f64], by_y: &mut [f64], learn: bool) {
        self.units.set_gradient(g);
        self.field.pull(slot, &self.units.y, &mut self.units.by_x, learn);
        self.units.by_states(by_y);
    }

    fn flush(&mut self) {
        self.field.flush();
    }

    fn add_gradient(&mut self, gradient: &mut [f32]) {
        self.field.add_gradient(gradient);
    }
}

/// Added to a variance before its root is taken: PyTorch's number.
pub(super) const NORM_EPS: f64 = 1e-5;

/// Any network, layer by layer, in `f32` or `f64`: what the fused kernels are held against, and what trains
/// networks with layer normalisation.
pub(super) struct PlainOde<E> {
    units: Units<E>,
    spec: OdeSpec,
    parameters: Vec<E>,
    gradient: Vec<E>,
    slots: Vec<Slot<E>>,
    z: Vec<E>,
    g: Vec<E>,
}

/// What one evaluation leaves behind: inputs of every layer, σ' of every hidden layer, and normalised sums
/// with the reciprocal of their deviation.
#[derive(Debug, Clone, Default)]
struct Slot<E> {
    inputs: Vec<Vec<E>>,
    slopes: Vec<Vec<E>>,
    normal: Vec<(Vec<E>, E)>,
}

impl<E: Real> PlainOde<E> {
    pub(super) fn new(spec: &OdeSpec, input: &Normalization, rate: &Normalization) -> Self {
        Self {
            units: Units::new(input, rate),
            spec: spec.clone(),
            parameters: vec![E::default(); spec.parameters()],
            gradient: vec![E::default(); spec.parameters()],
            slots: Vec::new(),
            z: Vec::new(),
            g: Vec::new(),
        }
    }
}

impl<E: Real> Pullback<E> for PlainOde<E> {
    fn reserve(&mut self, slots: usize) {
        if slots > self.slots.len() {
            self.slots.resize_with(slots, Slot::default);
        }
    }

    fn load(&mut self, parameters: &[E]) {
        self.parameters.copy_from_slice(parameters);
        self.gradient.fill(E::default());
    }

    fn value(&mut self, slot: usize, t: f64, y: &[f64], f: &mut [f64]) {
        self.units.set(t, y);
        let (spec, slot) = (&self.spec, &mut self.slots[slot]);
        slot.inputs.resize(spec.mlp().hidden.len() + 1, Vec::new());
        slot.slopes.resize(spec.mlp().hidden.len(), Vec::new());
        slot.normal.resize(spec.mlp().hidden.len(), (Vec::new(), E::default()));
        slot.inputs[0].clone_from(&self.units.x);
        for (k, layer) in spec.mlp().layers().enumerate() {
            let (w, b) = layer.split(&self.parameters);
            self.z.clear();
            self.z.extend_from_slice(b);
            for (x, w) in slot.inputs[k].iter().zip(w.chunks_exact(layer.outputs)) {
                for (z, w) in self.z.iter_mut().zip(w) {
                    *z += *x * *w;
                }
            }
            let Some(kind) = layer.activation else {
                self.units.y.copy_from_slice(&self.z);
                break;
            };
            if let Some((gain, shift)) = spec.norm_of(k) {
                normalise(&mut self.z, &mut slot.normal[k]);
                let gains = self.parameters[gain].iter().zip(&self.parameters[shift]);
                for (z, (gain, shift)) in self.z.iter_mut().zip(gains) {
                    *z = *z * *gain + *shift;
                }
            }
            slot.slopes[k].resize(layer.outputs, E::default());
            kernels::activate_value(kind, &mut self.z, &mut slot.slopes[k]);
            slot.inputs[k + 1].clone_from(&self.z);
        }
        self.units.rates(f);
    }

    fn pull(&mut self, slot: usize, g: &[f64], by_y: &mut [f64], learn: bool) {
        self.units.set_gradient(g);
        let (spec, slot) = (&self.spec, &self.slots[slot]);
        self.g.clone_from(&self.units.y);
        let layers: Vec<_> = spec.mlp().layers().collect();
        for (k, layer) in layers.iter().enumerate().rev() {
            if layer.activation.is_some() {
                for (g, slope) in self.g.iter_mut().zip(&slot.slopes[k]) {
                    *g *= *slope;
                }
                if let Some((gain, shift)) = spec.norm_of(k) {
                    let (normal, by_deviation) = (&slot.normal[k].0, slot.normal[k].1);
                    if learn {
                        for (i, g) in self.g.iter().enumerate() {
                            self.gradient[gain.start + i] += *g * normal[i];
                            self.gradient[shift.start + i] += *g;
                        }
                    }
                    for (g, gain) in self.g.iter_mut().zip(&self.parameters[gain]) {
                        *g *= *gain;
                    }
                    pull_through_norm(&mut self.g, normal, by_deviation);
                }
            }
            let x = &slot.inputs[k];
            if learn {
                let (gw, gb) = layer.split_mut(&mut self.gradient);
                for (gb, g) in gb.iter_mut().zip(&self.g) {
                    *gb += *g;
                }
                for (x, gw) in x.iter().zip(gw.chunks_exact_mut(layer.outputs)) {
                    for (gw, g) in gw.iter_mut().zip(&self.g) {
                        *gw += *x * *g;
                    }
                }
            }
            let (w, _) = layer.split(&self.parameters);
            self.z.clear();
            self.z.extend(w.chunks_exact(layer.outputs).map(|row| {
                let products = row.iter().zip(&self.g).map(|(w, g)| *w * *g);
                products.fold(E::default(), |sum, p| sum + p)
            }));
            core::mem::swap(&mut self.z, &mut self.g);
        }
        self.units.by_x.copy_from_slice(&self.g);
        self.units.by_states(by_y);
    }

    fn flush(&mut self) {}

    fn add_gradient(&mut self, gradient: &mut [E]) {
        for (to, g) in gradient.iter_mut().zip(&self.gradient) {
            *to += *g;
        }
    }
}

/// To mean 0 and variance 1; keeps the result and the reciprocal of the deviation.
fn normalise<E: Real>(z: &mut [E], kept: &mut (Vec<E>, E)) {
    let n = z.len() as f64;
    let mean = z.iter().map(|z| z.widen()).sum::<f64>() / n;
    let variance = z.iter().map(|z| (z.widen() - mean).powi(2)).sum::<f64>() / n;
    let by_deviation = (variance + NORM_EPS).sqrt().recip();
    for z in &mut *z {
        *z = E::nearest((z.widen() - mean) * by_deviation);
    }
    kept.0.clear();
    kept.0.extend_from_slice(z);
    kept.1 = E::nearest(by_deviation);
}

/// From the gradient by normalised sums to that by the sums.
fn pull_through_norm<E: Real>(g: &mut [E], normal: &[E], by_deviation: E) {
    let n = g.len() as f64;
    let mean = g.iter().map(|g| g.widen()).sum::<f64>() / n;
    let along = g.iter().zip(normal).map(|(g, x)| g.widen() * x.widen()).sum::<f64>() / n;
    for (g, x) in g.iter_mut().zip(normal) {
        *g = E::nearest((g.widen() - mean - x.widen() * along) * by_deviation.widen());
    }
}
