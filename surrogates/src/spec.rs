//! What a network looks like: a list of (activation, width).

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The nonlinear function of a hidden layer.
#[allow(clippy::upper_case_acronyms, reason = "the functions' names in the literature")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Activation {
    /// z/(1 + e⁻ᶻ)
    SiLU,
    /// tanh z
    Tanh,
    /// z above 0, eᶻ − 1 below
    ELU,
    /// z above 0, 0 below; the derivative at 0 is 0
    ReLU,
    /// sin z
    Sin,
    /// z·Φ(z), with the distribution function of the normal distribution (Hendrycks and Gimpel 2016,
    /// arXiv:1606.08415): the exact one, not that of tanh
    GELU,
    /// z above 0, z/100 below; the derivative at 0 is 1/100
    LeakyReLU,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::SiLU, Self::Tanh, Self::ELU, Self::ReLU, Self::Sin, Self::GELU, Self::LeakyReLU];

    /// The name as [`MlpSpec`] spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SiLU => "SiLU",
            Self::Tanh => "Tanh",
            Self::ELU => "ELU",
            Self::ReLU => "ReLU",
            Self::Sin => "Sin",
            Self::GELU => "GELU",
            Self::LeakyReLU => "LeakyReLU",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = Error;

    /// Reads a name; upper and lower case are the same.
    fn from_str(s: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|a| a.name().eq_ignore_ascii_case(s.trim()))
            .ok_or_else(|| Error::UnknownActivation { name: s.to_owned() })
    }
}

/// A hidden layer: `width` neurons with one activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layer {
    /// The function of its neurons.
    pub activation: Activation,
    /// The number of neurons, from 1 to [`Layer::MAX_WIDTH`].
    pub width: usize,
}

impl Layer {
    /// The widest layer that is accepted.
    pub const MAX_WIDTH: usize = 65_536;
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.activation, self.width)
    }
}

impl FromStr for Layer {
    type Err = Error;

    /// Reads `SiLU32`, `silu-32` or `SiLU 32`.
    fn from_str(s: &str) -> Result<Self, Error> {
        let s = s.trim();
        let digits = s
            .find(|c: char| c.is_ascii_digit())
            .ok_or_else(|| Error::BadLayer { layer: s.to_owned(), reason: "it has no width" })?;
        let (name, width) = s.split_at(digits);
        let activation = name.trim_end_matches(['-', ' ']).parse()?;
        let width = width.parse().ok().filter(|w| (1..=Self::MAX_WIDTH).contains(w)).ok_or_else(|| {
            Error::BadLayer { layer: s.to_owned(), reason: "its width is not a number from 1 to 65536" }
        })?;
        Ok(Self { activation, width })
    }
}

/// A fully connected network: `inputs` numbers in, hidden layers, `outputs` numbers out. The last
/// layer is linear.
///
/// Written as text, the hidden layers alone: `SiLU32,Tanh8`.
///
/// ```
/// use surrogates::MlpSpec;
///
/// let spec = MlpSpec::parse(1, "SiLU32,SiLU32", 2)?;
/// assert_eq!(spec.to_string(), "SiLU32,SiLU32");
/// assert_eq!(spec.parameters(), (1 * 32 + 32) + (32 * 32 + 32) + (32 * 2 + 2));
/// # Ok::<(), surrogates::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MlpSpec {
    /// The number of inputs.
    pub inputs: usize,
    /// The hidden layers, first to last.
    #[serde(with = "hidden_as_text")]
    pub hidden: Vec<Layer>,
    /// The number of outputs.
    pub outputs: usize,
}

impl MlpSpec {
    /// A network with hidden layers as text (`SiLU32,Tanh8`; parentheses and spaces may stand).
    ///
    /// # Errors
    /// [`Error::UnknownActivation`], [`Error::BadLayer`], or what [`MlpSpec::check`] finds.
    pub fn parse(inputs: usize, hidden: &str, outputs: usize) -> Result<Self, Error> {
        let spec = Self { inputs, hidden: parse_hidden(hidden)?, outputs };
        spec.check()?;
        Ok(spec)
    }

    /// Checks that every width is in range.
    ///
    /// # Errors
    /// [`Error::BadSpec`] with the part that is out of range.
    pub fn check(&self) -> Result<(), Error> {
        let range = 1..=Layer::MAX_WIDTH;
        for (what, width) in [("inputs", self.inputs), ("outputs", self.outputs)]
            .into_iter()
            .chain(self.hidden.iter().map(|l| ("width of a hidden layer", l.width)))
        {
            if !range.contains(&width) {
                return Err(Error::BadSpec { what, value: width, max: Layer::MAX_WIDTH });
            }
        }
        if self.hidden.len() > 64 {
            return Err(Error::BadSpec {
                what: "number of hidden layers",
                value: self.hidden.len(),
                max: 64,
            });
        }
        Ok(())
    }

    /// The layers with their sizes, in order; the last one is linear.
    pub fn layers(&self) -> impl Iterator<Item = Dense> + '_ {
        let mut offset = 0;
        let mut inputs = self.inputs;
        let hidden = self.hidden.iter().map(|l| (l.width, Some(l.activation)));
        hidden.chain([(self.outputs, None)]).map(move |(outputs, activation)| {
            let layer = Dense { offset, inputs, outputs, activation };
            offset += layer.parameters();
            inputs = outputs;
            layer
        })
    }

    /// The number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.layers().map(|l| l.parameters()).sum()
    }

    /// The number of hidden neurons.
    pub fn neurons(&self) -> usize {
        self.hidden.iter().map(|l| l.width).sum()
    }
}

impl fmt::Display for MlpSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(&self.hidden))
    }
}

/// One dense layer and where its parameters lie: weights `[inputs, outputs]` row by row from
/// `offset`, then biases `[outputs]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dense {
    /// Where the layer's parameters begin in the flat list of all parameters.
    pub offset: usize,
    /// Numbers in.
    pub inputs: usize,
    /// Numbers out.
    pub outputs: usize,
    /// The activation; `None` in the last layer.
    pub activation: Option<Activation>,
}

impl Dense {
    /// The number of weights and biases.
    pub fn parameters(&self) -> usize {
        (self.inputs + 1) * self.outputs
    }

    /// Where its parameters lie in the flat list.
    pub fn range(&self) -> core::ops::Range<usize> {
        self.offset..self.offset + self.parameters()
    }

    /// The weights `[inputs, outputs]` and biases `[outputs]` within the flat list.
    pub fn split<'a, E>(&self, parameters: &'a [E]) -> (&'a [E], &'a [E]) {
        parameters[self.range()].split_at(self.inputs * self.outputs)
    }

    pub(crate) fn split_mut<'a, E>(&self, parameters: &'a mut [E]) -> (&'a mut [E], &'a mut [E]) {
        parameters[self.range()].split_at_mut(self.inputs * self.outputs)
    }
}

fn join(hidden: &[Layer]) -> String {
    hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn parse_hidden(s: &str) -> Result<Vec<Layer>, Error> {
    let s = s.trim().trim_start_matches('(').trim_end_matches(')').trim();
    if s.is_empty() {
        return Ok(Vec::new());
    }
    s.split(',').map(str::parse).collect()
}

mod hidden_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    use super::{Layer, join, parse_hidden};

    pub(super) fn serialize<S: Serializer>(hidden: &[Layer], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&join(hidden))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Layer>, D::Error> {
        parse_hidden(&String::deserialize(d)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_the_literature_are_read() {
        for text in ["SiLU32,Tanh8", "(SILU-32, TANH-8)", " silu 32 ,tanh8 "] {
            assert_eq!(MlpSpec::parse(1, text, 2).unwrap().to_string(), "SiLU32,Tanh8", "{text}");
        }
        assert_eq!(MlpSpec::parse(3, "", 2).unwrap().parameters(), 8);
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (text, name) in [
            ("Swish32", "Swish"),
            ("SiLU", "no width"),
            ("SiLU32,,Tanh8", "no width"),
            ("SiLU0", "SiLU0"),
            ("SiLU99999", "SiLU99999"),
            ("SiLU3x", "SiLU3x"),
            ("32", "unknown activation"),
            ("SiLU99999999999999999999999", "width"),
        ] {
            let error = MlpSpec::parse(1, text, 2).unwrap_err().to_string();
            assert!(error.contains(name), "{text}: {error}");
        }
        assert!(MlpSpec::parse(0, "SiLU1", 1).is_err());
        assert!(MlpSpec::parse(1, "SiLU1", 0).is_err());
        assert!(MlpSpec::parse(1, &["SiLU1"; 65].join(","), 1).is_err());
    }

    #[test]
    fn layers_cover_the_parameters_without_gap() {
        let spec = MlpSpec::parse(3, "SiLU16,Tanh8", 2).unwrap();
        let layers: Vec<_> = spec.layers().collect();
        assert_eq!(layers.len(), 3);
        assert_eq!(layers[0].range(), 0..64);
        assert_eq!(layers[1].range(), 64..64 + 17 * 8);
        assert_eq!(layers[2].range().end, spec.parameters());
        assert_eq!(layers[2].activation, None);
        assert_eq!(spec.neurons(), 24);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(layers in proptest::collection::vec((0..Activation::ALL.len(), 1usize..=65_536), 0..6)) {
            let hidden = layers.iter().map(|&(a, width)| Layer { activation: Activation::ALL[a], width });
            let spec = MlpSpec { inputs: 2, hidden: hidden.collect(), outputs: 3 };
            prop_assert_eq!(&MlpSpec::parse(2, &spec.to_string(), 3).unwrap(), &spec);
            let json = serde_json::to_string(&spec).unwrap();
            prop_assert_eq!(serde_json::from_str::<MlpSpec>(&json).unwrap(), spec);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = MlpSpec::parse(1, &text, 1);
        }
    }
}
