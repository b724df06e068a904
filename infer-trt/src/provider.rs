//! Who does the arithmetic.

use core::fmt;
use core::str::FromStr;

use crate::InferError;

/// Who does the arithmetic of a session.
///
/// A session opens on the provider asked for or fails with the reason: nothing falls back to
/// another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// The engine of this crate: needs no library, runs chains of dense layers and element-wise
    /// operations on the CPU.
    #[default]
    Native,
    /// ONNX Runtime on the CPU, its library loaded at run time.
    OrtCpu,
}

impl Provider {
    /// Every provider that this build knows.
    pub const ALL: &'static [Provider] = &[Provider::Native, Provider::OrtCpu];

    /// The word for the provider on command lines and in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Provider::Native => "native",
            Provider::OrtCpu => "ort-cpu",
        }
    }

    /// The words for all providers, separated by commas.
    pub(crate) fn names() -> String {
        Self::ALL.iter().map(Self::name).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Provider {
    type Err = InferError;

    fn from_str(s: &str) -> Result<Self, InferError> {
        Self::ALL
            .iter()
            .find(|p| p.name() == s)
            .cloned()
            .ok_or_else(|| InferError::UnknownProvider { name: s.to_owned() })
    }
}
