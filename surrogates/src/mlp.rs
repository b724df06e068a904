//! A fully connected network with its normalisation.

use dfdx::prelude::{Cpu, OwnedTape, PutTape, TensorFromVec};
use rand_chacha::ChaCha8Rng;

use crate::ops::{self, Matrix, Rows};
use crate::{Error, MlpSpec, Normalization, Real, check, kernels, random};

/// A network: its shape, the normalisation of inputs and outputs, and all weights and biases.
///
/// Parameters lie in one flat list, layer by layer ([`MlpSpec::layers`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp<E: Real = f32> {
    spec: MlpSpec,
    input: Normalization,
    output: Normalization,
    parameters: Vec<E>,
}

/// How many rows [`Mlp::predict`] takes through all layers at once: they stay in the cache.
const CHUNK: usize = 128;

impl<E: Real> Mlp<E> {
    /// A network from its parts.
    ///
    /// # Errors
    /// [`Error::BadSpec`], [`Error::BadLength`] or [`Error::BadConfig`] if the parts do not fit
    /// together or hold numbers that are not finite.
    pub fn new(
        spec: MlpSpec,
        input: Normalization,
        output: Normalization,
        parameters: Vec<E>,
    ) -> Result<Self, Error> {
        spec.check()?;
        input.check("input normalization", spec.inputs)?;
        output.check("output normalization", spec.outputs)?;
        check::length(&format!("parameters of the network {spec}"), parameters.len(), spec.parameters())?;
        Ok(Self { spec, input, output, parameters })
    }

    /// A network with random parameters, uniform in ±1/√(inputs of the layer), weights and biases
    /// alike: what PyTorch's `nn.Linear` starts from. Drawn from ChaCha8, stream 0 of `seed`, layer
    /// by layer, each output neuron's weights first; `f32` and `f64` networks start the same.
    ///
    /// # Errors
    /// As [`Mlp::new`].
    pub fn random(
        spec: MlpSpec,
        input: Normalization,
        output: Normalization,
        seed: u64,
    ) -> Result<Self, Error> {
        spec.check()?;
        let mut rng: ChaCha8Rng = random::stream(seed, random::WEIGHTS);
        let mut parameters = vec![E::default(); spec.parameters()];
        for layer in spec.layers() {
            let bound = 1.0 / (layer.inputs as f64).sqrt();
            let mut draw = || {
                let x = random::uniform(&mut rng, -bound, bound);
                // Rounded to f32 first, so that both types start from the same numbers.
                E::nearest(f64::from(x as f32))
            };
            let (w, b) = layer.split_mut(&mut parameters);
            for j in 0..layer.outputs {
                for i in 0..layer.inputs {
                    w[i * layer.outputs + j] = draw();
                }
            }
            b.fill_with(&mut draw);
        }
        Self::new(spec, input, output, parameters)
    }

    /// The network's shape.
    pub fn spec(&self) -> &MlpSpec {
        &self.spec
    }

    /// The map of inputs to what the network sees.
    pub fn input_normalization(&self) -> &Normalization {
        &self.input
    }

    /// The map of physical outputs to what the network gives.
    pub fn output_normalization(&self) -> &Normalization {
        &self.output
    }

    /// All weights and biases, layer by layer.
    pub fn parameters(&self) -> &[E] {
        &self.parameters
    }

    /// All weights and biases, to change them.
    pub fn parameters_mut(&mut self) -> &mut [E] {
        &mut self.parameters
    }

    /// The network on the tape: `x` is a batch in normal units, with derivatives in its last rows.
    /// `parameters` come from [`Mlp::tensors`]. Gradients reach them, and `x` only if
    /// `input_gradient`.
    ///
    /// # Errors
    /// [`Error::Framework`] if memory runs out.
    ///
    /// # Panics
    /// If `x` is not `[rows.total(), inputs]`, or `parameters` belong to another network.
    pub fn traced(
        &self,
        parameters: &[Matrix<E>],
        x: Matrix<E>,
        rows: Rows,
        input_gradient: bool,
    ) -> Result<Matrix<E, OwnedTape<E, Cpu>>, Error> {
        assert_eq!(parameters.len(), self.spec.hidden.len() + 1, "one matrix for each layer");
        let mut h = x.put_tape(OwnedTape::default());
        for (i, (layer, p)) in self.spec.layers().zip(parameters).enumerate() {
            h = ops::dense(h, p, layer.activation, rows, input_gradient || i > 0)?;
        }
        Ok(h)
    }

    /// The parameters as tensors of the training framework: for each layer its weights, and its
    /// biases as the last row.
    ///
    /// # Errors
    /// [`Error::Framework`] if memory runs out.
    pub fn tensors(&self, device: &Cpu) -> Result<Vec<Matrix<E>>, Error> {
        self.spec
            .layers()
            .map(|l| {
                let p = self.parameters[l.range()].to_vec();
                Ok(device.try_tensor_from_vec(p, (l.inputs + 1, l.outputs))?)
            })
            .collect()
    }

    /// Runs the network in normal units on rows of `x`, layer by layer; `a` and `b` are work space.
    /// Returns the outputs.
    fn run<'a>(&self, x: &[E], a: &'a mut Vec<E>, b: &'a mut Vec<E>) -> &'a [E] {
        let rows = x.len() / self.spec.inputs;
        let (mut from, mut to) = (a, b);
        from.clear();
        from.extend_from_slice(x);
        for layer in self.spec.layers() {
            to.resize(rows * layer.outputs, E::default());
            let p = &self.parameters[layer.range()];
            ops::forward(layer.inputs, layer.outputs, p, from, rows, to);
            if let Some(activation) = layer.activation {
                kernels::activate(activation, to);
            }
            std::mem::swap(&mut from, &mut to);
        }
        from
    }
}

impl Mlp<f32> {
    /// Runs the network: `x` holds rows of inputs and `y` receives rows of outputs, both in
    /// physical units.
    ///
    /// # Errors
    /// [`Error::BadLength`] if `x` is no whole number of rows or `y` not as many.
    pub fn predict(&self, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
        let (n_in, n_out) = (self.spec.inputs, self.spec.outputs);
        let rows = x.len() / n_in;
        if x.len() != rows * n_in {
            let expected = (rows + 1) * n_in;
            return Err(Error::BadLength { what: "x".to_owned(), found: x.len(), expected });
        }
        check::length("y", y.len(), rows * n_out)?;
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let mut chunk = Vec::with_capacity(CHUNK.min(rows) * n_in);
        for (x, y) in x.chunks(CHUNK * n_in).zip(y.chunks_mut(CHUNK * n_out)) {
            chunk.clear();
            chunk.extend_from_slice(x);
            self.input.apply(&mut chunk);
            y.copy_from_slice(self.run(&chunk, &mut a, &mut b));
            self.output.undo(y);
        }
        Ok(())
    }
}
