//! What `cargo package` writes of the libraries is complete, and small.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The members that are packages; the others are programs of the checkout.
const LIBRARIES: [&str; 5] = ["ode-solvers", "ionic-models", "datagen", "surrogates", "infer-trt"];

/// The largest that a package may be, unpacked. Results of runs stay with the checkout.
const MAX_BYTES: u64 = 2_000_000;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn cargo(folder: &Path, arguments: &[&str]) -> String {
    let out = Command::new(env!("CARGO")).current_dir(folder).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "cargo {}: {said}", arguments.join(" "));
    String::from_utf8(out.stdout).unwrap()
}

/// The files of a package, relative to its folder.
fn files(library: &str) -> BTreeSet<PathBuf> {
    let list = cargo(&root(), &["package", "--list", "--offline", "--allow-dirty", "--package", library]);
    list.lines().map(PathBuf::from).collect()
}

/// The paths that a source reads when it is compiled.
fn included(text: &str) -> Vec<&str> {
    let calls = ["include_str!(\"", "include_bytes!(\"", "include!(\""];
    let ends = calls.iter().flat_map(|call| text.split(call).skip(1));
    ends.map(|rest| rest.split('"').next().unwrap()).collect()
}

/// A path without `..`, or nothing if it leads out of the package.
fn within(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => plain.pop().then_some(())?,
            part => plain.push(part),
        }
    }
    Some(plain)
}

#[test]
fn a_package_holds_what_it_is_compiled_from_and_nothing_large() {
    for library in LIBRARIES {
        let folder = root().join(library);
        let files = files(library);
        for name in ["Cargo.toml", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "src/lib.rs"] {
            assert!(files.contains(Path::new(name)), "{library}: {name} is not in its package");
        }
        let mut bytes = 0;
        // What cargo writes itself (manifests, the commit) does not stand in the folder.
        for file in files.iter().filter(|f| folder.join(f).is_file()) {
            let content = std::fs::read(folder.join(file)).unwrap();
            bytes += content.len() as u64;
            let Ok(text) = std::str::from_utf8(&content) else { continue };
            if file.extension().is_none_or(|e| e != "rs") {
                continue;
            }
            for name in included(text) {
                let target = file.parent().unwrap().join(name);
                assert!(
                    within(&target).is_some_and(|t| files.contains(&t)),
                    "{library}: {} needs {name}, which is not in the package",
                    file.display()
                );
            }
        }
        assert!(bytes < MAX_BYTES, "{library}: {bytes} bytes; leave data out with `exclude` in its manifest");
        let stray: Vec<_> =
            files.iter().filter(|f| f.starts_with("fuzz") || f.starts_with("target")).collect();
        assert!(stray.is_empty(), "{library}: {stray:?} do not belong into the package");
    }
}

#[test]
#[ignore = "compiles all libraries once more, some minutes"]
fn packages_build_from_what_they_hold() {
    let root = root().canonicalize().unwrap();
    let target = root.join("target").join("packages");
    // Without a lock file cargo does not look for the packages beneath it in the registry, where they are not.
    let mut arguments = vec!["package", "--no-verify", "--offline", "--allow-dirty", "--exclude-lockfile"];
    arguments.extend(LIBRARIES.iter().flat_map(|library| ["--package", library]));
    cargo(&root, &arguments);
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"*-*\"]\n[patch.crates-io]\n".to_owned();
    for library in LIBRARIES {
        let package = root.join(format!("target/package/{library}-{}.crate", env!("CARGO_PKG_VERSION")));
        let unpacked =
            Command::new("tar").current_dir(folder.path()).arg("xzf").arg(&package).status().unwrap();
        assert!(unpacked.success(), "{}", package.display());
        let name = format!("{library}-{}", env!("CARGO_PKG_VERSION"));
        manifest.push_str(&format!("{library} = {{ path = \"{name}\" }}\n"));
    }
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let target = target.to_str().unwrap();
    cargo(folder.path(), &["check", "--offline", "--workspace", "--all-targets", "--target-dir", target]);
}
