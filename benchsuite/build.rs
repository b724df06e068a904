//! Records which sources and which compiler the program is built from, for the manifest of a run.

use std::path::Path;
use std::process::Command;

/// What decides the numbers: a change elsewhere does not make a build dirty.
const SOURCES: [&str; 8] = [
    "Cargo.toml",
    "Cargo.lock",
    "ode-solvers",
    "ionic-models",
    "datagen",
    "surrogates",
    "infer-trt",
    "benchsuite",
];

fn main() {
    let root = Path::new("..");
    for source in SOURCES {
        let path = root.join(source);
        for watched in [path.join("src"), path.join("Cargo.toml"), path] {
            // A folder is watched through its sources: results written into it are no change.
            if watched.is_file() || watched.ends_with("src") && watched.is_dir() {
                println!("cargo::rerun-if-changed={}", watched.display());
            }
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=claims");

    let git = |arguments: &[&str]| -> Option<String> {
        let out = Command::new("git").current_dir(root).args(arguments).output().ok()?;
        out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    // The commit moves without the sources: watch what git writes then.
    for name in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--path-format=absolute", "--git-path", name])
            && Path::new(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let commit = git(&["rev-parse", "HEAD"]).unwrap_or_else(|| "unknown".into());
    let mut status = vec!["status", "--porcelain", "--"];
    status.extend(SOURCES);
    status.push(":!benchsuite/results");
    let dirty = match git(&status) {
        Some(changes) => (!changes.is_empty()).to_string(),
        None => "unknown".into(),
    };
    let rustc = std::env::var("RUSTC")
        .ok()
        .and_then(|rustc| Command::new(rustc).arg("--version").output().ok())
        .map_or_else(|| "unknown".into(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    println!("cargo::rustc-env=BENCHSUITE_COMMIT={commit}");
    println!("cargo::rustc-env=BENCHSUITE_DIRTY={dirty}");
    println!("cargo::rustc-env=BENCHSUITE_RUSTC={rustc}");
    println!("cargo::rustc-env=BENCHSUITE_PROFILE={}", std::env::var("PROFILE").unwrap_or_default());
    println!("cargo::rustc-env=BENCHSUITE_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
