//! Others' solvers: which there are, what they need, and how they are started.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::peer::Peer;
use super::task::Task;
use crate::{Error, files};

/// A package that runs in processes of its own.
#[derive(Debug, Clone, Copy)]
pub struct Rival {
    /// Its name on the command line.
    pub id: &'static str,
    /// The package.
    pub title: &'static str,
    /// How to install it.
    pub install: &'static str,
    /// Its methods, and whether they are explicit.
    pub methods: &'static [(&'static str, bool)],
    /// The family of tasks that it can do; empty for all.
    family: &'static str,
    program: Program,
}

#[derive(Debug, Clone, Copy)]
enum Program {
    Compiled {
        file: &'static str,
        compiler: &'static str,
        variable: &'static str,
        flags: &'static [&'static str],
    },
    /// A Rust package of its own.
    Cargo {
        folder: &'static str,
    },
    Python {
        file: &'static str,
    },
}

/// All of them. diffsol is not among them: it runs in this process.
pub const RIVALS: [Rival; 6] = [
    Rival {
        id: "cvode",
        title: "SUNDIALS CVODE",
        install: "Debian: apt install gcc libsundials-dev libsuitesparse-dev",
        methods: &[("bdf_klu", false), ("bdf_dense", false), ("bdf_differences", false)],
        family: "",
        program: Program::Compiled {
            file: "cvode.c",
            compiler: "gcc",
            variable: "CC",
            flags: &[
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
        },
    },
    Rival {
        id: "odeint",
        title: "Boost.odeint",
        install: "Debian: apt install g++ libboost-dev",
        methods: &[("rosenbrock4", false), ("dopri5", true)],
        family: "",
        program: Program::Compiled {
            file: "odeint.cpp",
            compiler: "g++",
            variable: "CXX",
            flags: &["-DNDEBUG", "-DBOOST_UBLAS_NDEBUG", "-ldl"],
        },
    },
    Rival {
        id: "russell",
        title: "russell_ode",
        install: "nothing to install but cargo, which fetches it at its first build",
        methods: &[("radau5", false), ("dopri5", true), ("dopri8", true)],
        family: "",
        program: Program::Cargo { folder: "russell" },
    },
    Rival {
        id: "scipy",
        title: "SciPy",
        install: "pip install scipy, and --python PROGRAM if it lives in an environment",
        methods: &[("bdf", false), ("lsoda", false), ("radau", false), ("rk45", true), ("dop853", true)],
        family: "",
        program: Program::Python { file: "scipy_ode.py" },
    },
    Rival {
        id: "numbalsoda",
        title: "numbalsoda",
        install: "pip install numbalsoda, and --python PROGRAM if it lives in an environment",
        methods: &[("lsoda", false)],
        family: "",
        program: Program::Python { file: "numbalsoda_ode.py" },
    },
    Rival {
        id: "myokit",
        title: "Myokit",
        install: "pip install myokit, with SUNDIALS (apt install libsundials-dev), and --python PROGRAM",
        methods: &[("cvodes", false)],
        family: "hh",
        program: Program::Python { file: "myokit_hh.py" },
    },
];

/// The programs' sources: `benchsuite` needs no checkout to run.
const SOURCES: [(&str, &str); 9] = [
    ("cvode.c", include_str!("../../peers/cvode.c")),
    ("odeint.cpp", include_str!("../../peers/odeint.cpp")),
    // Under another name in the sources: a Cargo.toml there would be a package of its own.
    ("russell/Cargo.toml", include_str!("../../peers/russell.toml")),
    ("russell/src/main.rs", include_str!("../../peers/russell.rs")),
    ("server.py", include_str!("../../peers/server.py")),
    ("scipy_ode.py", include_str!("../../peers/scipy_ode.py")),
    ("numbalsoda_ode.py", include_str!("../../peers/numbalsoda_ode.py")),
    ("myokit_hh.py", include_str!("../../peers/myokit_hh.py")),
    ("hodgkin_huxley.mmt", include_str!("../../peers/hodgkin_huxley.mmt")),
];

/// Refuses names that mean no rival.
pub(super) fn check(names: &[String]) -> Result<(), Error> {
    let known: Vec<&str> =
        ["all", "none", "diffsol"].into_iter().chain(RIVALS.iter().map(|r| r.id)).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let near = crate::error::near_misses(name, known.iter().copied());
            let why = format!("no such rival{near}; known: {}", known.join(", "));
            Err(Error::bad_option("--rivals", name, why))
        }
    }
}

/// Whether the names mean this rival.
pub(super) fn wanted(names: &[String], id: &str) -> bool {
    names.iter().any(|name| name == id || name == "all")
}

/// What is needed to start rivals.
#[derive(Debug)]
pub(super) struct Workshop {
    folder: PathBuf,
    python: PathBuf,
    library: Option<PathBuf>,
    timeout: Duration,
}

impl Workshop {
    /// Lays out the sources beside this program, in the target folder.
    pub(super) fn new(python: &Path, library: Option<&Path>, timeout: f64) -> Result<Self, Error> {
        let program = std::env::current_exe()
            .map_err(Error::io(Path::new("this program"), "start it by its full path"))?;
        let folder = program.with_file_name("peers");
        for (name, text) in SOURCES {
            let path = folder.join(name);
            if std::fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
                continue;
            }
            files::write(&path, text)?;
        }
        Ok(Self {
            folder,
            python: python.to_owned(),
            library: library.map(Path::to_owned),
            timeout: Duration::from_secs_f64(timeout),
        })
    }

    /// Starts a rival on a task; nothing if the task is not for it.
    pub(super) fn start(&self, rival: &Rival, task: &Task) -> Option<Result<Peer, String>> {
        (rival.family.is_empty() || task.is_called(rival.family)).then(|| {
            let library = self.library.as_ref().ok_or(
                "there is no C library of the models: start through `cargo xtask compare`, or give --library",
            )?;
            let mut command = match rival.program {
                Program::Compiled { file, compiler, variable, flags } => {
                    Command::new(self.compile(file, compiler, variable, flags)?)
                }
                Program::Cargo { folder } => Command::new(self.build(folder)?),
                Program::Python { file } => {
                    let mut command = Command::new(&self.python);
                    command.arg(self.folder.join(file));
                    command
                }
            };
            let segments: Vec<String> = task
                .segments()
                .iter()
                .map(|(from, to, on)| format!("{from}:{to}:{}", u8::from(*on)))
                .collect();
            command.arg(library).arg(segments.join(","));
            command.arg(task.grid.to_string()).arg(task.intervals().to_string());
            let model = [task.model, task.variant].join("/");
            command.env("IONIC_MODEL", model.trim_end_matches('/'));
            command.env("IONIC_AMPLITUDE", task.pulse.2.to_string());
            // One thread each: what is compared is the method, not the machine.
            for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
                command.env(variable, "1");
            }
            Peer::start(command, self.timeout)
        })
    }

    /// Builds a Rust package for this machine; cargo knows whether it is there already.
    fn build(&self, folder: &str) -> Result<PathBuf, String> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let folder = self.folder.join(folder);
        let output = Command::new(&cargo)
            .args(["build", "--release", "--quiet", "--message-format", "json", "--manifest-path"])
            .arg(folder.join("Cargo.toml"))
            .env("RUSTFLAGS", "-C target-cpu=native")
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .output()
            .map_err(|e| format!("{cargo} does not start: {e}"))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = text.lines().find(|line| line.contains("error")).or(text.lines().next()).unwrap_or("");
            return Err(format!("it does not build: {}", line.trim()));
        }
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
            .next_back()
            .ok_or_else(|| "it builds to no program".to_owned())
    }

    /// Compiles a program for this machine, unless it is there already.
    fn compile(&self, file: &str, compiler: &str, variable: &str, flags: &[&str]) -> Result<PathBuf, String> {
        let source = self.folder.join(file);
        let text = std::fs::read(&source).map_err(|e| format!("{}: {e}", source.display()))?;
        let stem = file.split('.').next().unwrap_or(file);
        let program = self.folder.join(format!("{stem}-{}", &files::sha256(&text)[..12]));
        if program.exists() {
            return Ok(program);
        }
        super::compiler::compile(&source, &program, compiler, variable, flags)?;
        Ok(program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_among_the_sources() {
        for rival in &RIVALS {
            let file = match rival.program {
                Program::Compiled { file, .. } | Program::Python { file } => file.to_owned(),
                Program::Cargo { folder } => format!("{folder}/Cargo.toml"),
            };
            assert!(SOURCES.iter().any(|(name, _)| *name == file), "{file}");
            assert!(!rival.methods.is_empty() && rival.install.contains("install"), "{}", rival.id);
        }
    }

    #[test]
    fn names_choose() {
        let names = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        assert!(wanted(&names("all"), "scipy") && wanted(&names("diffsol,scipy"), "scipy"));
        assert!(!wanted(&names("none"), "scipy") && !wanted(&names("diffsol"), "scipy"));
        assert!(check(&names("diffsol,none")).is_ok() && check(&names("octave")).is_err());
    }

    #[test]
    fn a_rival_that_is_not_there_is_told_from_one_that_is() {
        let workshop = Workshop::new(Path::new("no-such-python"), Some(Path::new("no.so")), 5.0).unwrap();
        let scipy = RIVALS.iter().find(|r| r.id == "scipy").unwrap();
        let why = workshop.start(scipy, &super::super::task::TASKS[0]).unwrap().unwrap_err();
        assert!(why.contains("no-such-python does not start"), "{why}");
        let myokit = RIVALS.iter().find(|r| r.id == "myokit").unwrap();
        assert!(workshop.start(myokit, &super::super::task::TASKS[4]).is_none());
        let bare = Workshop::new(Path::new("python3"), None, 5.0).unwrap();
        let why = bare.start(scipy, &super::super::task::TASKS[0]).unwrap().unwrap_err();
        assert!(why.contains("cargo xtask compare"), "{why}");
        let why = workshop.compile("cvode.c", "no-such-compiler", "BENCHSUITE_NO_VARIABLE", &[]).unwrap_err();
        assert!(why.contains("the compiler no-such-compiler does not start"), "{why}");
        let why = workshop.build("no-such-folder").unwrap_err();
        assert!(why.contains("does not build"), "{why}");
    }
}
