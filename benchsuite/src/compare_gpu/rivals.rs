//! Who we are compared with on a GPU: programs under `benchsuite/peers/infer`.

use crate::compare::rivals::{Program, Rival};

/// All of them.
pub(crate) const RIVALS: [Rival; 2] = [
    Rival {
        id: "torch",
        title: "PyTorch",
        install: "pip install torch numpy",
        program: Program::Python("infer/gpu_torch.py"),
        modes: &[
            ("eager", ", eager"),
            ("compiled", ", compiled"),
            ("eager-tf32", ", eager, tf32"),
            ("compiled-tf32", ", compiled, tf32"),
        ],
    },
    Rival {
        id: "jax",
        title: "JAX",
        install: "pip install 'jax[cuda13]'",
        program: Program::Python("infer/gpu_jax.py"),
        modes: &[("jit", ", jit"), ("jit-tf32", ", jit, tf32")],
    },
];
