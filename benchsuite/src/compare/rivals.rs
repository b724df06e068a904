//! Others' packages as programs of their own: what they are made of, and how they are started. Which of them takes
//! part in a comparison, and by what names, stands beside that comparison.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::compiler;
use super::options::Common;
use super::origin::Presence;
use super::peer::{Peer, Timing};
use crate::manifest::Machine;
use crate::{Error, files};

/// A package that runs in a process of its own. Its modes are what it can be asked, each with what a comparison wants
/// to know of it: as a rule what tables say beside the package's name.
pub(crate) struct Rival<M: 'static = &'static str> {
    /// Its name on the command line.
    pub(crate) id: &'static str,
    /// The package.
    pub(crate) title: &'static str,
    /// How to install it.
    pub(crate) install: &'static str,
    pub(crate) program: Program,
    pub(crate) modes: &'static [(&'static str, M)],
}

/// What is started: a place among the sources, under `benchsuite/peers`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Program {
    /// A file in C or C++, its compiler (unless the environment's `CC` or `CXX` names another) and flags.
    Compiled(&'static str, &'static str, &'static [&'static str]),
    /// A Rust package of its own.
    Cargo(&'static str),
    Python(&'static str),
}

macro_rules! sources {
    ($($file:literal),* $(,)?) => { &[$(($file, include_str!(concat!("../../peers/", $file)))),*] };
}

/// The programs' sources: `benchsuite` needs no checkout to run.
const SOURCES: &[(&str, &str)] = sources![
    "cvode.c",
    "odeint.cpp",
    "russell.toml",
    "russell.rs",
    "server.py",
    "scipy_ode.py",
    "numbalsoda_ode.py",
    "myokit_hh.py",
    "hodgkin_huxley.mmt",
    "train/work.py",
    "train/train_jax.py",
    "train/train_torch.py",
    "train/operator_jax.py",
    "train/operator_torch.py",
    "train/fused.c",
    "infer/euler.c",
    "infer/networks.py",
    "infer/serve.py",
    "infer/infer_jax.py",
    "infer/infer_torch.py",
    "infer/gpu_jax.py",
    "infer/gpu_torch.py",
];

/// Where a source is laid out. A `Cargo.toml` under `benchsuite/peers` would be a package of this workspace's.
fn place(source: &str) -> &str {
    match source {
        "russell.toml" => "russell/Cargo.toml",
        "russell.rs" => "russell/src/main.rs",
        other => other,
    }
}

impl<M> Rival<M> {
    /// Notes that it is here, or why it is not; the program if it is.
    pub(crate) fn note(&self, started: Result<Peer, String>, rivals: &mut Vec<Presence>) -> Option<Peer> {
        let (title, version, missing) = match &started {
            Ok(peer) => (peer.name.clone(), Some(peer.version.clone()), None),
            Err(why) => {
                eprintln!("without {}: {why}", self.title);
                (self.title.to_owned(), None, Some(why.clone()))
            }
        };
        Presence { id: self.id.into(), title, version, missing, install: self.install.into() }.note(rivals);
        started.ok()
    }
}

/// What is needed to start rivals.
#[derive(Debug)]
pub(crate) struct Workshop<'a> {
    folder: PathBuf,
    common: &'a Common,
}

impl<'a> Workshop<'a> {
    /// Lays out the sources beside this program, in the target folder.
    pub(crate) fn new(common: &'a Common) -> Result<Self, Error> {
        let program = std::env::current_exe()
            .map_err(Error::io(Path::new("this program"), "start it by its full path"))?;
        let folder = program.with_file_name("peers");
        for (source, text) in SOURCES {
            let path = folder.join(place(source));
            if !std::fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
                files::write(&path, text)?;
            }
        }
        Ok(Self { folder, common })
    }

    /// Starts a rival, compiled if need be; `prepare` adds its arguments.
    pub(crate) fn start<M>(
        &self,
        rival: &Rival<M>,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Peer, String> {
        let mut command = match rival.program {
            Program::Compiled(file, compiler, flags) => Command::new(self.compiled(file, compiler, flags)?),
            Program::Cargo(folder) => Command::new(compiler::build(&self.folder.join(folder))?),
            Program::Python(file) => {
                let mut command = Command::new(&self.common.python);
                command.arg(self.folder.join(file));
                command
            }
        };
        prepare(&mut command);
        Peer::start(command, Duration::from_secs_f64(self.common.timeout))
    }

    /// Starts those of these rivals that were asked for, with the same arguments, and notes who is here.
    pub(crate) fn gather(&self, all: &[Rival], arguments: &[usize], rivals: &mut Vec<Presence>) -> Programs {
        let mut programs = Programs::default();
        for rival in all.iter().filter(|r| self.common.wants(r.id)) {
            let started = self.start(rival, |command| {
                command.args(arguments.iter().map(usize::to_string));
            });
            let Some(peer) = rival.note(started, rivals) else { continue };
            for (mode, title) in rival.modes {
                programs.names.push(format!("{} {}{title}", peer.name, peer.version));
                programs.modes.push((programs.peers.len(), mode));
            }
            programs.peers.push(peer);
        }
        programs
    }

    /// The program of a file, compiled unless it is there already.
    fn compiled(&self, file: &str, compiler: &str, flags: &[&str]) -> Result<PathBuf, String> {
        let variable = if compiler == "g++" { "CXX" } else { "CC" };
        let compiler = std::env::var(variable).unwrap_or_else(|_| compiler.to_owned());
        let source = self.folder.join(file);
        let text = std::fs::read_to_string(&source).map_err(|e| format!("{}: {e}", source.display()))?;
        // Another text, compiler, flag or processor: another program.
        let hash =
            files::sha256(format!("{:?}", (text, &compiler, flags, Machine::current().cpu)).as_bytes());
        let program = source.with_extension(&hash[..12]);
        if !program.exists() {
            compiler::compile(&source, &program, &compiler, flags)?;
        }
        Ok(program)
    }
}

/// Rivals that run. Each mode of each is one that takes part.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    peers: Vec<Peer>,
    /// The modes' names in tables.
    pub(crate) names: Vec<String>,
    /// Whose each is, and its word.
    modes: Vec<(usize, &'static str)>,
}

impl Programs {
    /// Times the mode at this place; `work` puts its word into a request.
    pub(crate) fn time(
        &mut self,
        place: usize,
        work: impl FnOnce(&str) -> String,
        seconds: f64,
    ) -> Result<Timing, String> {
        let (peer, mode) = self.modes[place];
        self.peers[peer].time(&work(mode), 0.0, 0.0, seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::tests::parse;
    use super::super::packages::PACKAGES;
    use super::*;
    use crate::{compare_gpu, compare_infer, compare_train};

    fn check<M>(rivals: &[Rival<M>]) {
        for rival in rivals {
            let (Program::Compiled(file, ..) | Program::Python(file)) = rival.program else { continue };
            assert!(SOURCES.iter().any(|(name, _)| *name == file), "{file}");
            assert!(!rival.modes.is_empty() && !rival.install.is_empty(), "{}", rival.id);
        }
    }

    #[test]
    fn every_program_is_among_the_sources() {
        check(&PACKAGES);
        for rivals in [&compare_train::RIVALS[..], &compare_infer::RIVALS, &compare_gpu::RIVALS] {
            check(rivals);
        }
        check(&[compare_infer::EULER]);
    }

    #[test]
    fn rivals_that_are_not_there_are_noted_with_what_helps() {
        let common = parse("--rivals jax,torch --python no-such-python").unwrap();
        let mut rivals = Vec::new();
        let programs = Workshop::new(&common).unwrap().gather(&compare_train::RIVALS, &[], &mut rivals);
        assert!(programs.names.is_empty() && programs.peers.is_empty() && programs.modes.is_empty());
        assert_eq!(rivals.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["jax", "torch"]);
        for rival in rivals {
            let line = rival.absence().unwrap();
            let says = ["no-such-python does not start", "; to install it: pip install"];
            assert!(says.iter().all(|part| line.contains(part)), "{line}");
        }
    }
}
