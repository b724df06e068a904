//! Who does the arithmetic.

use core::fmt;
use core::str::FromStr;
use std::path::PathBuf;

use crate::InferError;

/// The numbers that a provider computes with. Rows go in and come out as `f32` all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precision {
    /// 32 bits. TensorRT rounds factors to 10 bits after the point (TF32) unless the environment variable
    /// `NVIDIA_TF32_OVERRIDE` is `0`: ONNX Runtime has no option for it.
    #[default]
    F32,
    /// 16 bits, 10 of them after the point: up to 65504.
    F16,
    /// 16 bits, 7 of them after the point, with the range of `f32`.
    Bf16,
}

impl Precision {
    /// All of them.
    pub const ALL: &'static [Precision] = &[Precision::F32, Precision::F16, Precision::Bf16];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F16 => "f16",
            Precision::Bf16 => "bf16",
        }
    }
}

/// Who does the arithmetic of a session.
///
/// A session opens on the provider asked for or fails with the reason: nothing falls back to
/// another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// The engine of this crate: needs no library, runs chains of dense layers and element-wise
    /// operations, and Fourier neural operators, on the CPU.
    #[default]
    Native,
    /// The same engine for chains, with products of 16-bit numbers summed in `f32` between the first layer and
    /// the last: needs a processor with AVX512-BF16. See [the crate's page](crate#the-native-engine-in-bf16)
    /// for where it takes less time than [`Native`](Provider::Native).
    NativeBf16,
    /// ONNX Runtime on the CPU, its library loaded at run time.
    OrtCpu,
    /// ONNX Runtime's CUDA provider, in `f32`, its rounding of factors to TF32 switched off: needs the GPU build
    /// of the library and an NVIDIA GPU.
    OrtCuda,
    /// TensorRT through ONNX Runtime: needs what [`OrtCuda`](Provider::OrtCuda) needs, and TensorRT.
    TensorRt {
        /// The numbers that the engine computes with.
        precision: Precision,
        /// The folder of compiled engines; `None` for one in the user's cache. Engines are found by
        /// model, versions, device and precision, and are not used when damaged.
        cache: Option<PathBuf>,
    },
    /// The whole network as one kernel of this crate, compiled at run time for the GPU that is there: layers up
    /// to 128 wide, or 64 before compute capability 8.0.
    FusedCuda,
}

impl Provider {
    /// Every provider that this build knows.
    pub const ALL: &'static [Provider] = &[
        Provider::Native,
        Provider::NativeBf16,
        Provider::OrtCpu,
        Provider::OrtCuda,
        Provider::TensorRt { precision: Precision::F32, cache: None },
        Provider::FusedCuda,
    ];

    /// The word for the provider on command lines and in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Provider::Native => "native",
            Provider::NativeBf16 => "native-bf16",
            Provider::OrtCpu => "ort-cpu",
            Provider::OrtCuda => "ort-cuda",
            Provider::TensorRt { precision: Precision::F32, .. } => "tensorrt",
            Provider::TensorRt { precision: Precision::F16, .. } => "tensorrt-f16",
            Provider::TensorRt { precision: Precision::Bf16, .. } => "tensorrt-bf16",
            Provider::FusedCuda => "fused-cuda",
        }
    }

    /// The providers and precisions that words stand for.
    fn words() -> impl Iterator<Item = Provider> {
        let others = Precision::ALL.iter().skip(1);
        Self::ALL
            .iter()
            .cloned()
            .chain(others.map(|&precision| Provider::TensorRt { precision, cache: None }))
    }

    /// The words for all providers, separated by commas.
    pub(crate) fn names() -> String {
        Self::words().map(|p| p.name()).collect::<Vec<_>>().join(", ")
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
        Self::words()
            .find(|p| p.name() == s)
            .ok_or_else(|| InferError::UnknownProvider { name: s.to_owned() })
    }
}
