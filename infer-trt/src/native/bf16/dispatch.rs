//! Whether the processor has the instruction, asked when the program runs.

use super::layers::Layer;
#[cfg(any(test, target_arch = "x86_64"))]
use super::layers::Mixed;
#[cfg(test)]
use super::model::Modelled;
#[cfg(target_arch = "x86_64")]
use super::x86::Bf16x32;
#[cfg(any(test, target_arch = "x86_64"))]
use crate::native::kernel;
use crate::native::program::Program;
#[cfg(target_arch = "x86_64")]
use crate::native::vector::F32x16;
#[cfg(test)]
use crate::native::vector::Plain;

/// What sums products of pairs: a value says that this machine has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Instruction,
    /// The model of the instruction, everything else on any machine.
    #[cfg(test)]
    Model,
    /// The model of the instruction, everything else as beside the instruction itself.
    #[cfg(all(test, target_arch = "x86_64"))]
    ModelOnAvx512,
}

impl Unit {
    /// What to do without.
    pub(crate) const REMEDY: &str = "use a processor with AVX512-BF16 (Intel Xeon from Sapphire Rapids on, AMD \
                                     from Zen 4 on), or `native`, which computes in f32 everywhere";

    /// The instruction of this processor.
    ///
    /// # Errors
    /// What it lacks.
    pub(crate) fn of_processor() -> Result<Self, String> {
        #[cfg(target_arch = "x86_64")]
        {
            let features = [
                ("avx512f", is_x86_feature_detected!("avx512f")),
                ("avx512bw", is_x86_feature_detected!("avx512bw")),
                ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
            ];
            let missing: Vec<&str> = features.iter().filter(|f| !f.1).map(|f| f.0).collect();
            if missing.is_empty() {
                return Ok(Self(Kind::Instruction));
            }
            Err(format!("the processor has no instruction for bf16 (it lacks {})", missing.join(", ")))
        }
        #[cfg(not(target_arch = "x86_64"))]
        Err("its instruction is one of x86-64, and this processor is none".to_owned())
    }

    /// The model of the instruction, with what this machine has beside it.
    #[cfg(test)]
    pub(crate) fn models() -> Vec<Self> {
        let mut models = vec![Self(Kind::Model)];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") {
            models.push(Self(Kind::ModelOnAvx512));
        }
        models
    }

    /// Runs rows.
    #[allow(unsafe_code, reason = "entering functions compiled for what the machine has")]
    #[cfg_attr(not(any(test, target_arch = "x86_64")), allow(unused_variables, reason = "there is no unit"))]
    pub(crate) fn run(self, program: &Program<Layer>, x: &[f32], y: &mut [f32]) {
        match self.0 {
            // SAFETY: `of_processor` found all three.
            #[cfg(target_arch = "x86_64")]
            Kind::Instruction => unsafe { instruction(program, x, y) },
            #[cfg(test)]
            Kind::Model => {
                let layers = &mut Mixed::<Modelled, 1>::new::<Plain>(program.width);
                kernel::run::<Plain, _, 1>(program, layers, x, y);
            }
            // SAFETY: `models` found AVX-512F.
            #[cfg(all(test, target_arch = "x86_64"))]
            Kind::ModelOnAvx512 => unsafe { model_on_avx512(program, x, y) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn instruction(program: &Program<Layer>, x: &[f32], y: &mut [f32]) {
    let layers = &mut Mixed::<Bf16x32, 2>::new::<F32x16>(program.width);
    kernel::run::<F32x16, _, 2>(program, layers, x, y);
}

#[cfg(all(test, target_arch = "x86_64"))]
#[target_feature(enable = "avx512f")]
fn model_on_avx512(program: &Program<Layer>, x: &[f32], y: &mut [f32]) {
    let layers = &mut Mixed::<Modelled, 2>::new::<F32x16>(program.width);
    kernel::run::<F32x16, _, 2>(program, layers, x, y);
}
