//! The shape of a Fourier neural operator and the order of its parameters.

use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Activation, Dense, Error};

/// What a Fourier layer does with its spectral convolution K and its point-wise map W.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// σ(Kv + Wv)
    Classic,
    /// σ(M(Kv) + Wv) with a point-wise network M of one hidden layer as wide as v
    Mlp,
    /// v + σ(Kv + Wv)
    Residual,
}

/// The shape of a Fourier neural operator of functions of one variable.
///
/// A point's `inputs` numbers (its place from 0 to 1, then what is given there) are lifted by a network
/// of one hidden layer to `width` channels; `padding` points of zeros follow on the right; `layers`
/// Fourier layers work on that, the last one without activation; the padding is cut off, and a network
/// of one hidden layer projects to `outputs` numbers.
///
/// The parameters lie in one list: both maps of the lifting; for each layer W, and the two maps of M; both
/// maps of the projection; then for each layer the spectral weights, mode by mode: the real parts
/// `[in, out]`, then the imaginary parts. A map is `[in + 1, out]` with its biases as the last row.
///
/// ```
/// use surrogates::fno::{FnoSpec, Variant};
/// use surrogates::Activation;
///
/// let spec = FnoSpec {
///     inputs: 2, outputs: 2, width: 64, modes: 12, layers: 5, padding: 5, hidden: 128,
///     variant: Variant::Mlp, activation: Activation::GELU,
/// };
/// assert_eq!(spec.parameters(), 571_138);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FnoSpec {
    /// Numbers given at a point, its place among them.
    pub inputs: usize,
    /// Numbers wanted at a point.
    pub outputs: usize,
    /// Channels.
    pub width: usize,
    /// Fourier modes that a layer keeps: 0 to `modes` − 1.
    pub modes: usize,
    /// Fourier layers.
    pub layers: usize,
    /// Points of zeros on the right, at the resolution that the network learns at.
    pub padding: usize,
    /// Neurons in the hidden layers of lifting and projection.
    pub hidden: usize,
    /// The kind of Fourier layer.
    pub variant: Variant,
    /// σ, the same everywhere.
    #[serde(with = "activation_as_text")]
    pub activation: Activation,
}

/// Where the parameters of a Fourier layer lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FourierLayer {
    /// W.
    pub pointwise: Dense,
    /// Both maps of M, in the variant that has it.
    pub mlp: Option<[Dense; 2]>,
    /// The spectral weights: modes × (real, imaginary) × `[in, out]`.
    pub spectral: Range<usize>,
}

impl FnoSpec {
    /// The largest number of anything that is accepted.
    pub const MAX: usize = 65_536;

    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::BadSpec`] naming it.
    pub fn check(&self) -> Result<(), Error> {
        let max = Self::MAX;
        for (what, value, least, max) in [
            ("inputs", self.inputs, 1, max),
            ("outputs", self.outputs, 1, max),
            ("width", self.width, 1, 4096),
            ("modes", self.modes, 1, 4096),
            ("layers", self.layers, 1, 64),
            ("padding", self.padding, 0, max - 1),
            ("hidden", self.hidden, 1, 4096),
        ] {
            if !(least..=max).contains(&value) {
                return Err(Error::BadSpec { what, value, max });
            }
        }
        Ok(())
    }

    /// Checks that a trajectory of `points` points has all modes.
    ///
    /// # Errors
    /// [`Error::BadConfig`] if it has not.
    pub fn check_points(&self, points: usize) -> Result<(), Error> {
        let all = points + self.padding;
        if points < 2 || self.modes > all / 2 + 1 {
            let reason =
                format!("{all} points with padding have {} modes; keep as many at most", all / 2 + 1);
            return Err(Error::config("modes", self.modes, reason));
        }
        Ok(())
    }

    /// The number of modes with which the spectral weights come to about `parameters`, the rule of the
    /// constrained search: N/(2·layers·width²), at least 1 and at most `max`.
    pub fn modes_within(parameters: usize, layers: usize, width: usize, max: usize) -> usize {
        (parameters / (2 * layers * width * width)).clamp(1, max)
    }

    fn dense(offset: usize, inputs: usize, outputs: usize, activation: Option<Activation>) -> Dense {
        Dense { offset, inputs, outputs, activation }
    }

    /// Both maps of the lifting.
    pub fn lifting(&self) -> [Dense; 2] {
        let first = Self::dense(0, self.inputs, self.hidden, Some(self.activation));
        [first, Self::dense(first.range().end, self.hidden, self.width, None)]
    }

    /// Both maps of the projection.
    pub fn projection(&self) -> [Dense; 2] {
        let at = self.lifting()[1].range().end + self.layers * self.pointwise_parameters();
        let first = Self::dense(at, self.width, self.hidden, Some(self.activation));
        [first, Self::dense(first.range().end, self.hidden, self.outputs, None)]
    }

    fn pointwise_parameters(&self) -> usize {
        let map = self.width * (self.width + 1);
        if self.variant == Variant::Mlp { 3 * map } else { map }
    }

    fn spectral_parameters(&self) -> usize {
        2 * self.width * self.width * self.modes
    }

    /// Fourier layer `l`.
    pub fn layer(&self, l: usize) -> FourierLayer {
        let at = self.lifting()[1].range().end + l * self.pointwise_parameters();
        let map = self.width * (self.width + 1);
        let square = |k: usize, activation| Self::dense(at + k * map, self.width, self.width, activation);
        let spectral = self.projection()[1].range().end + l * self.spectral_parameters();
        FourierLayer {
            pointwise: square(0, None),
            mlp: (self.variant == Variant::Mlp).then(|| [square(1, Some(self.activation)), square(2, None)]),
            spectral: spectral..spectral + self.spectral_parameters(),
        }
    }

    /// The number of parameters; real and imaginary part of a weight are two.
    pub fn parameters(&self) -> usize {
        self.projection()[1].range().end + self.layers * self.spectral_parameters()
    }

    /// Every dense map, in the order of the parameters.
    pub(crate) fn maps(&self) -> Vec<Dense> {
        let mut maps = self.lifting().to_vec();
        for l in 0..self.layers {
            let layer = self.layer(l);
            maps.push(layer.pointwise);
            maps.extend(layer.mlp.into_iter().flatten());
        }
        maps.extend(self.projection());
        maps
    }
}

impl core::fmt::Display for FnoSpec {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let variant = match self.variant {
            Variant::Classic => "classic",
            Variant::Mlp => "mlp",
            Variant::Residual => "residual",
        };
        let Self { inputs, outputs, width, modes, layers, padding, activation, .. } = self;
        write!(
            f,
            "FNO {inputs}→{outputs}, width {width}, {modes} modes, {layers} {variant} layers, padding {padding}, {activation}"
        )
    }
}

mod activation_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    use crate::Activation;

    pub(super) fn serialize<S: Serializer>(activation: &Activation, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(activation.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Activation, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of the publication's code, and the counts that it reports.
    #[test]
    fn the_number_of_parameters_is_the_published_one() {
        for (width, modes, layers, outputs, variant, count) in [
            (224, 20, 4, 2, Variant::Mlp, 8_691_298),
            (64, 12, 5, 2, Variant::Mlp, 571_138),
            (256, 24, 4, 4, Variant::Mlp, 13_439_236),
            (96, 5, 5, 4, Variant::Mlp, 626_180),
            (192, 32, 5, 41, Variant::Mlp, 12_407_465),
            (48, 22, 5, 41, Variant::Classic, 536_777),
            (32, 48, 5, 41, Variant::Classic, 510_825),
        ] {
            let activation = Activation::GELU;
            let spec = FnoSpec {
                inputs: 2,
                outputs,
                width,
                modes,
                layers,
                padding: 5,
                hidden: 128,
                variant,
                activation,
            };
            assert_eq!(spec.parameters(), count, "{spec}");
            let text = serde_json::to_string(&spec).unwrap();
            assert_eq!(serde_json::from_str::<FnoSpec>(&text).unwrap(), spec);
            // Maps and spectral weights cover the list without gap.
            let mut end = 0;
            for map in spec.maps() {
                assert_eq!(map.range().start, end);
                end = map.range().end;
            }
            for l in 0..layers {
                assert_eq!(spec.layer(l).spectral.start, end);
                end = spec.layer(l).spectral.end;
            }
            assert_eq!(end, count);
        }
        assert_eq!(FnoSpec::modes_within(500_000, 5, 64, 32), 12);
        assert_eq!(FnoSpec::modes_within(500_000, 5, 96, 32), 5);
        assert_eq!(FnoSpec::modes_within(500_000, 5, 16, 32), 32, "no more than are asked for");
        assert_eq!(FnoSpec::modes_within(10_000, 5, 64, 32), 1, "one at least");
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        let good = FnoSpec {
            inputs: 2,
            outputs: 1,
            width: 8,
            modes: 3,
            layers: 2,
            padding: 0,
            hidden: 16,
            variant: Variant::Classic,
            activation: Activation::Tanh,
        };
        good.check().unwrap();
        good.check_points(5).unwrap();
        assert!(good.check_points(3).unwrap_err().to_string().contains("modes"));
        for (bad, name) in [
            (FnoSpec { inputs: 0, ..good }, "inputs"),
            (FnoSpec { modes: 0, ..good }, "modes"),
            (FnoSpec { width: 5000, ..good }, "width"),
            (FnoSpec { layers: 65, ..good }, "layers"),
            (FnoSpec { padding: usize::MAX, ..good }, "padding"),
        ] {
            assert!(bad.check().unwrap_err().to_string().contains(name));
        }
    }
}
