//! Holds the walls of the house: who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each member, and which other members it may use. Lower rooms know nothing of higher ones.
const ROOMS: [(&str, &[&str]); 7] = [
    ("ode-solvers", &[]),
    ("ionic-models", &["ode-solvers"]),
    ("datagen", &["ionic-models", "ode-solvers"]),
    ("surrogates", &["datagen", "ionic-models", "ode-solvers"]),
    // The ONNX file is the boundary: sessions know nothing of models or training.
    ("infer-trt", &[]),
    ("benchsuite", &["datagen", "infer-trt", "ionic-models", "ode-solvers", "surrogates"]),
    ("xtask", &[]),
];

/// Packages that one room alone may use, so that its risk stays behind its own door.
const ALONE: [(&str, &str); 7] = [
    ("ort", "infer-trt"),
    ("cudarc", "infer-trt"),
    ("dfdx", "surrogates"),
    ("faer", "ode-solvers"),
    ("diffsol", "ode-solvers"),
    ("plotters", "benchsuite"),
    ("statrs", "benchsuite"),
];

/// Errors of libraries are types; these erase them and belong into programs.
const PROGRAMS_ONLY: [(&str, [&str; 2]); 2] =
    [("miette", ["benchsuite", "xtask"]), ("clap", ["benchsuite", "xtask"])];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The packages of all dependency tables: normal, dev and build, of every target.
fn dependencies(manifest: &toml::Table) -> BTreeMap<String, toml::Value> {
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(|t| t.as_table()) {
        tables.extend(targets.values().filter_map(|t| t.as_table()));
    }
    let mut all = BTreeMap::new();
    for table in tables {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in table.get(kind).and_then(|d| d.as_table()).into_iter().flatten() {
                // A dependency may be renamed.
                let package = value.get("package").and_then(|p| p.as_str()).unwrap_or(name);
                all.insert(package.to_owned(), value.clone());
            }
        }
    }
    all
}

#[test]
fn the_workspace_has_these_seven_members() {
    let manifest = manifest(".");
    let members: BTreeSet<&str> =
        manifest["workspace"]["members"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
    assert_eq!(members, ROOMS.iter().map(|(name, _)| *name).collect());
}

#[test]
fn dependencies_point_one_way() {
    let members: BTreeSet<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    for (room, allowed) in ROOMS {
        let used = dependencies(&manifest(room));
        let ours: BTreeSet<&str> = used.keys().map(String::as_str).filter(|d| members.contains(d)).collect();
        let forbidden: Vec<_> = ours.difference(&allowed.iter().copied().collect()).copied().collect();
        assert!(forbidden.is_empty(), "{room} uses {forbidden:?}, which ARCHITECTURE.md does not allow");
    }
}

#[test]
fn risky_and_heavy_packages_stay_in_their_room() {
    for (room, _) in ROOMS {
        let used = dependencies(&manifest(room));
        for (package, owner) in ALONE {
            assert!(room == owner || !used.contains_key(package), "{room} uses {package}: only {owner} may");
        }
        for (package, owners) in PROGRAMS_ONLY {
            assert!(
                owners.contains(&room) || !used.contains_key(package),
                "{room} is a library and uses {package}"
            );
        }
    }
    // The table means something only while its owners exist and use what they own.
    for (package, owner) in ALONE {
        assert!(dependencies(&manifest(owner)).contains_key(package), "{owner} no longer uses {package}");
    }
}

#[test]
fn versions_lints_and_edition_come_from_the_workspace() {
    for (room, _) in ROOMS {
        let manifest = manifest(room);
        let inherits = |value: Option<&toml::Value>| {
            value.and_then(|v| v.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
        };
        assert!(inherits(manifest.get("lints")), "{room}/Cargo.toml: [lints] workspace = true is missing");
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            assert!(inherits(manifest["package"].get(key)), "{room}/Cargo.toml: {key}.workspace is missing");
        }
        for (name, value) in dependencies(&manifest) {
            assert!(inherits(Some(&value)), "{room}/Cargo.toml: {name} has a version of its own");
        }
    }
}

#[test]
fn every_shared_dependency_is_used() {
    let used: BTreeSet<String> =
        ROOMS.iter().flat_map(|(room, _)| dependencies(&manifest(room)).into_keys()).collect();
    let root = manifest(".");
    for (name, _) in root["workspace"]["dependencies"].as_table().unwrap() {
        assert!(used.contains(name), "[workspace.dependencies] {name}: nobody uses it");
    }
}

#[test]
fn the_code_map_names_what_exists() {
    let path = root().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let map = text.split("## Code map").nth(1).and_then(|t| t.split("## ").next()).unwrap_or_default();
    let rows = map.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: Vec<&str> = rows
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|cell| cell.split('`').filter(|part| part.contains('/')))
        .collect();
    assert!(named.len() > 20, "the code map is read wrongly: {named:?}");
    for place in named {
        assert!(root().join(place).exists(), "ARCHITECTURE.md names {place}, which is not there");
    }
}

/// Whoever reads a guide as a file and copies a program has all of it: rustdoc alone hides the lines that begin
/// with `# `.
#[test]
fn programs_of_the_guides_hide_no_line() {
    let mut programs = 0;
    for folder in ["benchsuite/guide", "ode-solvers/guide"] {
        let folder = root().join(folder);
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let mut language = None;
            for (k, line) in text.lines().enumerate() {
                let place = format!("{}:{}", path.display(), k + 1);
                match (line.strip_prefix("```"), language) {
                    (Some(name), None) => {
                        assert!(!name.is_empty(), "{place}: say which language it is");
                        programs += usize::from(name == "rust");
                        language = Some(name);
                    }
                    (Some(_), Some(_)) => language = None,
                    (None, Some("rust")) => {
                        assert!(line != "#" && !line.starts_with("# "), "{place}: a hidden line");
                    }
                    (None, _) => {}
                }
            }
        }
    }
    assert!(programs > 5, "only {programs} programs were seen");
}

/// The sources below a folder.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// A test in a library that is not compiled for tests is never run, and nobody is told.
#[test]
fn no_test_is_left_out() {
    let mut untested = 0;
    for (room, _) in ROOMS {
        let lib = manifest(room).get("lib").and_then(|lib| lib.get("test")).and_then(toml::Value::as_bool);
        if lib != Some(false) {
            continue;
        }
        untested += 1;
        let mut files = Vec::new();
        sources(&root().join(room).join("src"), &mut files);
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert!(
                !text.contains("#[test]"),
                "{}: its tests do not run: see {room}'s manifest",
                path.display()
            );
        }
    }
    assert!(untested > 0, "no manifest was read");
}
