//! What a neural ODE's network looks like.

use core::fmt;
use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Error, MlpSpec};

/// The network of a neural ODE: from the states, and from time if it is asked for, to their rates.
///
/// ```
/// use surrogates::neural_ode::OdeSpec;
///
/// let spec = OdeSpec::parse(4, "Tanh64,Tanh64")?;
/// assert_eq!(spec.parameters(), (4 * 64 + 64) + (64 * 64 + 64) + (64 * 4 + 4));
/// let spec = spec.with_time().with_layer_norm();
/// assert_eq!(spec.to_string(), "t,Norm,Tanh64,Tanh64");
/// # Ok::<(), surrogates::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OdeSpec {
    /// The layers; there is one input more than outputs if time is one, the last.
    mlp: MlpSpec,
    /// Whether the sums of every hidden layer are normalised before the activation (Ba, Kiros & Hinton 2016,
    /// arXiv:1607.06450).
    layer_norm: bool,
}

impl OdeSpec {
    /// An autonomous network for `states` states, with hidden layers as text (`Tanh64,Tanh64`).
    ///
    /// # Errors
    /// As [`MlpSpec::parse`].
    pub fn parse(states: usize, hidden: &str) -> Result<Self, Error> {
        Ok(Self { mlp: MlpSpec::parse(states, hidden, states)?, layer_norm: false })
    }

    /// The same with time as one input more.
    #[must_use]
    pub fn with_time(mut self) -> Self {
        self.mlp.inputs = self.mlp.outputs + 1;
        self
    }

    /// The same with layer normalisation.
    #[must_use]
    pub fn with_layer_norm(mut self) -> Self {
        self.layer_norm = true;
        self
    }

    /// Checks every width.
    ///
    /// # Errors
    /// As [`MlpSpec::check`]; [`Error::BadLength`] if the inputs are not the states, or states and time.
    pub fn check(&self) -> Result<(), Error> {
        self.mlp.check()?;
        let (inputs, states) = (self.mlp.inputs, self.mlp.outputs);
        if inputs != states && inputs != states + 1 {
            let what = "inputs of a neural ODE (states, or states and time)".to_owned();
            return Err(Error::BadLength { what, found: inputs, expected: states });
        }
        Ok(())
    }

    /// The layers without their normalisation.
    pub fn mlp(&self) -> &MlpSpec {
        &self.mlp
    }

    /// The number of states.
    pub fn states(&self) -> usize {
        self.mlp.outputs
    }

    /// The number of inputs: states, and time if it is one.
    pub fn inputs(&self) -> usize {
        self.mlp.inputs
    }

    /// Whether time is an input.
    pub fn has_time(&self) -> bool {
        self.mlp.inputs > self.mlp.outputs
    }

    /// Whether hidden layers are normalised.
    pub fn has_layer_norm(&self) -> bool {
        self.layer_norm
    }

    /// The number of parameters: those of the layers, then for each normalised layer gains and shifts.
    pub fn parameters(&self) -> usize {
        self.mlp.parameters() + if self.layer_norm { 2 * self.mlp.neurons() } else { 0 }
    }

    /// Where the gains and the shifts of hidden layer `k` lie among the parameters.
    pub(super) fn norm_of(&self, k: usize) -> Option<(Range<usize>, Range<usize>)> {
        if !self.layer_norm {
            return None;
        }
        let width = self.mlp.hidden.get(k)?.width;
        let before: usize = self.mlp.hidden[..k].iter().map(|l| 2 * l.width).sum();
        let gain = self.mlp.parameters() + before;
        Some((gain..gain + width, gain + width..gain + 2 * width))
    }
}

impl fmt::Display for OdeSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_time() {
            f.write_str("t,")?;
        }
        if self.layer_norm {
            f.write_str("Norm,")?;
        }
        self.mlp.fmt(f)
    }
}
