//! Who we are compared with: programs under `benchsuite/peers/train`.

use crate::compare::rivals::{Program, Rival};

/// GCC takes half registers unless told otherwise; other machines' compilers do not know it.
const FLAGS: &[&str] =
    if cfg!(target_arch = "x86_64") { &["-mprefer-vector-width=512", "-lm"] } else { &["-lm"] };

/// All of them, the fastest first.
pub(crate) const RIVALS: [Rival; 3] = [
    Rival {
        id: "c",
        title: "C written by hand",
        install: "a C compiler: GCC or Clang, or set CC",
        program: Program::Compiled("train/fused.c", "cc", FLAGS),
        modes: &[("c", "")],
    },
    Rival {
        id: "jax",
        title: "JAX",
        install: "pip install jax optax",
        program: Program::Python("train/train_jax.py"),
        modes: &[("scan", ", scan"), ("jit", ", jit")],
    },
    Rival {
        id: "torch",
        title: "PyTorch",
        install: "pip install torch numpy",
        program: Program::Python("train/train_torch.py"),
        modes: &[("eager", ", eager"), ("fused", ", fused Adam")],
    },
];
