//! Others' solvers: which there are, and what they need. diffsol is not among them: it runs in this process.

use super::rivals::{Program, Rival};
use super::task::Task;

/// Which tasks a solver is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum For {
    All,
    /// Those in which explicit methods are in their element.
    Explicit,
    /// Those of the axon, whose equations the package brings along.
    Axon,
}

impl For {
    pub(super) fn suits(self, task: &Task) -> bool {
        match self {
            For::All => true,
            For::Explicit => task.explicit,
            For::Axon => task.is_called("hh"),
        }
    }
}

/// All of them.
pub(super) const PACKAGES: [Rival<For>; 6] = [
    Rival {
        id: "cvode",
        title: "SUNDIALS CVODE",
        install: "Debian: apt install gcc libsundials-dev libsuitesparse-dev",
        program: Program::Compiled(
            "cvode.c",
            "gcc",
            &[
                "-I/usr/include/suitesparse",
                "-lsundials_cvode",
                "-lsundials_nvecserial",
                "-lsundials_sunmatrixdense",
                "-lsundials_sunmatrixsparse",
                "-lsundials_sunlinsoldense",
                "-lsundials_sunlinsolklu",
                "-ldl",
                "-lm",
            ],
        ),
        modes: &[("bdf_klu", For::All), ("bdf_dense", For::All), ("bdf_differences", For::All)],
    },
    Rival {
        id: "odeint",
        title: "Boost.odeint",
        install: "Debian: apt install g++ libboost-dev",
        program: Program::Compiled("odeint.cpp", "g++", &["-DNDEBUG", "-DBOOST_UBLAS_NDEBUG", "-ldl"]),
        modes: &[("rosenbrock4", For::All), ("dopri5", For::Explicit)],
    },
    Rival {
        id: "russell",
        title: "russell_ode",
        install: "nothing to install but cargo, which fetches it at its first build",
        program: Program::Cargo("russell"),
        modes: &[("radau5", For::All), ("dopri5", For::Explicit), ("dopri8", For::Explicit)],
    },
    Rival {
        id: "scipy",
        title: "SciPy",
        install: "pip install scipy, and --python PROGRAM if it lives in an environment",
        program: Program::Python("scipy_ode.py"),
        modes: &[
            ("bdf", For::All),
            ("lsoda", For::All),
            ("radau", For::All),
            ("rk45", For::Explicit),
            ("dop853", For::Explicit),
        ],
    },
    Rival {
        id: "numbalsoda",
        title: "numbalsoda",
        install: "pip install numbalsoda, and --python PROGRAM if it lives in an environment",
        program: Program::Python("numbalsoda_ode.py"),
        modes: &[("lsoda", For::All)],
    },
    Rival {
        id: "myokit",
        title: "Myokit",
        install: "pip install myokit, with SUNDIALS (apt install libsundials-dev), and --python PROGRAM",
        program: Program::Python("myokit_hh.py"),
        modes: &[("cvodes", For::Axon)],
    },
];
