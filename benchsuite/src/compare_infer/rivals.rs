//! Who we are compared with beside ONNX Runtime: programs under `benchsuite/peers/infer`.

use crate::compare::rivals::{Program, Rival};

/// Those that run networks.
pub(crate) const RIVALS: [Rival; 2] = [
    Rival {
        id: "jax",
        title: "JAX",
        install: "pip install jax",
        program: Program::Python("infer/infer_jax.py"),
        modes: &[("rows", ", jit"), ("columns", ", jit, columns")],
    },
    Rival {
        id: "torch",
        title: "PyTorch",
        install: "pip install torch numpy",
        program: Program::Python("infer/infer_torch.py"),
        modes: &[("eager", ", eager")],
    },
];

/// Euler's method by hand in C.
pub(crate) const EULER: Rival = Rival {
    id: "c",
    title: "Euler's method in C",
    install: "Debian: apt install gcc",
    program: Program::Compiled("infer/euler.c", "gcc", &["-ffast-math", "-fopenmp", "-fopenmp-simd"]),
    modes: &[
        ("loops", ": loops over steps and cells"),
        ("blocked", ": blocks of 64 cells through all steps"),
    ],
};
