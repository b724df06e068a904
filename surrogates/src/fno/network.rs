//! The operator itself: its parameters and scales, and its values in physical units.

use super::{FnoSpec, PointScale};
use crate::fused::{FusedFno, Level};
use crate::{Error, check, random};

/// A trained or fresh Fourier neural operator on trajectories of a fixed number of points.
#[derive(Debug, Clone, PartialEq)]
pub struct Fno {
    pub(super) spec: FnoSpec,
    /// Points that it learned at: the spec's padding belongs to them.
    pub(super) learned: usize,
    pub(super) input: PointScale,
    pub(super) output: PointScale,
    pub(super) parameters: Vec<f32>,
}

impl Fno {
    /// An operator from its parts; scales have one column for each input but the place, and for each output.
    ///
    /// # Errors
    /// [`Error::BadSpec`], [`Error::BadLength`] or [`Error::BadConfig`] if the parts do not fit together.
    pub fn new(
        spec: FnoSpec,
        input: PointScale,
        output: PointScale,
        parameters: Vec<f32>,
    ) -> Result<Self, Error> {
        spec.check()?;
        let points = output.points();
        spec.check_points(points)?;
        check::length("columns of the inputs' scales", input.columns() + 1, spec.inputs)?;
        check::length("columns of the outputs' scales", output.columns(), spec.outputs)?;
        check::length("points of the inputs' scales", input.points(), points)?;
        check::length("parameters of the operator", parameters.len(), spec.parameters())?;
        Ok(Self { spec, learned: points, input, output, parameters })
    }

    /// An operator with random parameters as the publication's code draws them: weights and biases of dense
    /// maps uniform in ±1/√inputs, real and imaginary parts of spectral weights uniform in [0, 1/width²).
    /// They come from ChaCha8, stream 0 of `seed`, in the order of the list.
    ///
    /// # Errors
    /// As [`Fno::new`].
    pub fn random(spec: FnoSpec, input: PointScale, output: PointScale, seed: u64) -> Result<Self, Error> {
        spec.check()?;
        let mut rng = random::stream(seed, random::WEIGHTS);
        let mut parameters = Vec::with_capacity(spec.parameters());
        for map in spec.maps() {
            let bound = 1.0 / (map.inputs as f64).sqrt();
            parameters.extend((0..map.parameters()).map(|_| random::uniform(&mut rng, -bound, bound) as f32));
        }
        let bound = 1.0 / (spec.width * spec.width) as f64;
        let left = spec.parameters() - parameters.len();
        parameters.extend((0..left).map(|_| random::uniform(&mut rng, 0.0, bound) as f32));
        Self::new(spec, input, output, parameters)
    }

    /// The operator's shape.
    pub fn spec(&self) -> FnoSpec {
        self.spec
    }

    /// The number of points of a trajectory.
    pub fn points(&self) -> usize {
        self.output.points()
    }

    /// Points of zeros on the right at this resolution.
    pub fn padding(&self) -> usize {
        (self.spec.padding * self.points() + self.learned / 2) / self.learned
    }

    /// The scales of what is given.
    pub fn input_scale(&self) -> &PointScale {
        &self.input
    }

    /// The scales of what is wanted.
    pub fn output_scale(&self) -> &PointScale {
        &self.output
    }

    /// All parameters, in the order of [`FnoSpec`].
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All parameters, to change them.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// The place of a point, which the network sees: from 0 to 1 where it learned, and the same times have the
    /// same place at every resolution.
    pub fn place(&self, point: usize) -> f64 {
        let (learned, points) = (self.learned as f64, self.points() as f64);
        point as f64 * (learned / points) / (learned - 1.0)
    }

    /// The same operator on `points` points of the same interval: it is a map of functions, and knows its
    /// modes, not its points. Padding grows with the number of points, and scales are interpolated.
    ///
    /// # Errors
    /// [`Error::BadConfig`] if so few points do not have all modes.
    pub fn at_points(&self, points: usize) -> Result<Self, Error> {
        let (input, output) = (self.input.at_points(points), self.output.at_points(points));
        let other = Self { input, output, ..self.clone() };
        FnoSpec { padding: other.padding(), ..self.spec }.check_points(points)?;
        Ok(other)
    }

    /// What a network sees of a trajectory: place and normal inputs of every point.
    pub(super) fn features(&self, physical: &[f64], to: &mut Vec<f32>) {
        let channels = self.input.columns();
        let mut normal = self.input.normal(physical);
        for point in 0..self.points() {
            to.push(self.place(point) as f32);
            to.extend(normal.by_ref().take(channels));
        }
    }

    /// Something that runs the operator on up to `batch` trajectories at a time, on `threads` threads.
    ///
    /// # Errors
    /// [`Error::BadConfig`] if `batch` is 0, [`Error::Framework`] if threads cannot be started.
    pub fn predictor(&self, batch: usize, threads: usize) -> Result<Predictor, Error> {
        check::at_least_one("batch", batch as u64)?;
        let sizes = (self.points(), self.padding());
        let mut net = FusedFno::new(Level::widest(), self.spec, sizes, batch, false, threads)?;
        net.set_parameters(&self.parameters);
        let normal = vec![0.0; self.points() * self.spec.outputs];
        Ok(Predictor { fno: self.clone(), net, features: Vec::new(), normal })
    }
}

/// An operator with the room to run it.
#[derive(Debug)]
pub struct Predictor {
    fno: Fno,
    net: FusedFno,
    features: Vec<f32>,
    normal: Vec<f32>,
}

impl Predictor {
    /// The wanted functions of every trajectory, in physical units: `inputs` is `[sample][point][channel]`,
    /// `outputs` `[sample][point][output]`.
    ///
    /// # Errors
    /// [`Error::BadLength`] if they are not whole trajectories.
    pub fn predict(&mut self, inputs: &[f64], outputs: &mut [f64]) -> Result<(), Error> {
        let Self { fno, net, features, normal } = self;
        let each = fno.points() * fno.input.columns();
        let wanted = normal.len();
        let samples = inputs.len().div_ceil(each);
        check::length("inputs", inputs.len(), samples * each)?;
        check::length("outputs", outputs.len(), samples * wanted)?;
        let room = net.room();
        for (x, y) in inputs.chunks(room * each).zip(outputs.chunks_mut(room * wanted)) {
            for (b, x) in x.chunks_exact(each).enumerate() {
                features.clear();
                fno.features(x, features);
                net.set_input(b, features);
            }
            net.set_used(x.len() / each);
            net.predict();
            for (b, y) in y.chunks_exact_mut(wanted).enumerate() {
                net.output(b, normal);
                fno.output.physical(normal, y);
            }
        }
        Ok(())
    }
}
