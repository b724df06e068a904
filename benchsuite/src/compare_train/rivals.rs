//! Who we are compared with: programs under `benchsuite/peers/train`.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::compare::compiler::compile;
use crate::{Error, files};

const SOURCES: [(&str, &str); 6] = [
    ("work.py", include_str!("../../peers/train/work.py")),
    ("train_jax.py", include_str!("../../peers/train/train_jax.py")),
    ("train_torch.py", include_str!("../../peers/train/train_torch.py")),
    ("operator_jax.py", include_str!("../../peers/train/operator_jax.py")),
    ("operator_torch.py", include_str!("../../peers/train/operator_torch.py")),
    ("fused.c", include_str!("../../peers/train/fused.c")),
];

/// A package, or a way to write the step.
#[derive(Debug)]
pub struct Rival {
    /// Its name on the command line.
    pub id: &'static str,
    /// Its program.
    pub file: &'static str,
    /// Its modes: the program's word, and what the tables say.
    pub modes: &'static [(&'static str, &'static str)],
    /// How to install it.
    pub install: &'static str,
}

/// All rivals, the fastest first.
pub const RIVALS: [Rival; 3] = [
    Rival { id: "c", file: "fused.c", modes: &[("c", "")], install: "a C compiler: GCC or Clang, or set CC" },
    Rival {
        id: "jax",
        file: "train_jax.py",
        modes: &[("scan", ", scan"), ("jit", ", jit")],
        install: "pip install jax optax",
    },
    Rival {
        id: "torch",
        file: "train_torch.py",
        modes: &[("eager", ", eager"), ("fused", ", fused Adam")],
        install: "pip install torch numpy",
    },
];

/// Writes programs into a folder that goes away.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn lay_out(sources: &[(&str, &str)]) -> Result<TempDir, Error> {
    let at = std::env::temp_dir();
    let folder = tempfile::tempdir().map_err(Error::io(&at, "set TMPDIR to a folder with some room"))?;
    for (name, text) in sources {
        files::write(&folder.path().join(name), text)?;
    }
    Ok(folder)
}

/// The programs, in a folder that goes away.
pub(super) struct Workshop {
    folder: TempDir,
    python: PathBuf,
}

impl Workshop {
    pub(super) fn new(python: &Path) -> Result<Self, Error> {
        Ok(Workshop { folder: lay_out(&SOURCES)?, python: python.to_owned() })
    }

    /// The command that starts a rival, compiled if need be; or why there is none.
    pub(super) fn command(&self, rival: &Rival) -> Result<Command, String> {
        let source = self.folder.path().join(rival.file);
        if rival.file.ends_with(".py") {
            let mut command = Command::new(&self.python);
            command.arg(source);
            return Ok(command);
        }
        let program = source.with_extension("program");
        // GCC takes half registers unless told otherwise; other machines' compilers do not know it.
        let wide: &[&str] =
            if cfg!(target_arch = "x86_64") { &["-mprefer-vector-width=512", "-lm"] } else { &["-lm"] };
        compile(&source, &program, "cc", "CC", wide)?;
        Ok(Command::new(program))
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
