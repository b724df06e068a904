//! Who we are compared with beside ONNX Runtime: programs under `benchsuite/peers/infer`.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Error;
use crate::compare::compiler::compile;
use crate::compare_train::rivals::{Rival, lay_out};

const SOURCES: [(&str, &str); 4] = [
    ("euler.c", include_str!("../../peers/infer/euler.c")),
    ("serve.py", include_str!("../../peers/infer/serve.py")),
    ("infer_jax.py", include_str!("../../peers/infer/infer_jax.py")),
    ("infer_torch.py", include_str!("../../peers/infer/infer_torch.py")),
];

/// All of them.
pub(super) const RIVALS: [Rival; 2] = [
    Rival {
        id: "jax",
        file: "infer_jax.py",
        modes: &[("rows", ", jit"), ("columns", ", jit, columns")],
        install: "pip install jax",
    },
    Rival {
        id: "torch",
        file: "infer_torch.py",
        modes: &[("eager", ", eager")],
        install: "pip install torch numpy",
    },
];

/// The programs, in a folder that goes away.
pub(super) struct Workshop {
    folder: TempDir,
    python: PathBuf,
}

impl Workshop {
    pub(super) fn new(python: &Path) -> Result<Self, Error> {
        Ok(Workshop { folder: lay_out(&SOURCES)?, python: python.to_owned() })
    }

    /// The command that starts a rival.
    pub(super) fn command(&self, rival: &Rival, threads: usize, rows: usize) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.folder.path().join(rival.file)).args([threads.to_string(), rows.to_string()]);
        command
    }
}

/// Euler's method by hand in C: its name on the command line, its forms and what the tables say of them, and
/// how to install a compiler.
pub(super) const C: &str = "c";
pub(super) const C_FORMS: [(&str, &str); 2] =
    [("loops", "loops over steps and cells"), ("blocked", "blocks of 64 cells through all steps")];
pub(super) const C_INSTALL: &str = "Debian: apt install gcc";

impl Workshop {
    /// The command that starts Euler's method in C, compiled first; or why there is none.
    pub(super) fn euler(&self, threads: usize, cells: usize) -> Result<Command, String> {
        let (source, program) = (self.folder.path().join("euler.c"), self.folder.path().join("euler"));
        compile(&source, &program, "gcc", "CC", &["-ffast-math", "-fopenmp", "-fopenmp-simd"])?;
        let mut command = Command::new(program);
        command.args([threads.to_string(), cells.to_string()]);
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_among_the_sources() {
        for rival in &RIVALS {
            assert!(SOURCES.iter().any(|(name, _)| *name == rival.file), "{}", rival.file);
            assert!(!rival.modes.is_empty() && !rival.install.is_empty());
        }
    }
}
