//! Holds what others wrote against `deny.toml`, and our own manifests against what a package needs. No network.
//!
//! Licences are read from the manifests that are on this machine: of everything that is built for it. `cargo deny
//! check` sees the packages of other platforms too, and asks for the newest advisories and for yanked releases.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Members that are programs of this workspace: they read their sources and results where they stand.
const PROGRAMS: [&str; 2] = ["benchsuite", "xtask"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> toml::Table {
    let path = root().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A command's output; it must succeed.
fn output(command: &mut Command) -> Vec<u8> {
    let out = command.current_dir(root()).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success(),
        "{command:?}: {said}\nremedy: `cargo fetch --locked`, once, with a network"
    );
    out.stdout
}

/// What `cargo metadata` says of everything that is built on this machine.
fn packages() -> Vec<Value> {
    let version = String::from_utf8(output(Command::new("rustc").arg("-vV"))).unwrap();
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).expect("rustc -vV names its host");
    let arguments = ["metadata", "--offline", "--locked", "--format-version=1", "--filter-platform", host];
    let metadata = output(Command::new(env!("CARGO")).args(arguments));
    let metadata: Value = serde_json::from_slice(&metadata).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// The packages of the lock file: name, version, source (none for our own).
fn locked() -> Vec<(String, String, Option<String>)> {
    let lock = read("Cargo.lock");
    let text = |p: &toml::Value, key: &str| p.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let packages = lock["package"].as_array().unwrap();
    packages
        .iter()
        .map(|p| (text(p, "name").unwrap(), text(p, "version").unwrap(), text(p, "source")))
        .collect()
}

fn texts(value: &toml::Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

/// Whether one of the allowed licences meets a requirement of an expression.
fn allowed(licensees: &[Licensee], requirement: &LicenseReq) -> bool {
    licensees.iter().any(|l| l.satisfies(requirement))
}

/// Why a package's licence is refused, or nothing.
fn refused(licensees: &[Licensee], name: &str, licence: Option<&str>) -> Option<String> {
    let remedy = "use another package, or, if its terms are as free as the others', add them to `licenses.allow` in \
                  deny.toml";
    let Some(licence) = licence else {
        return Some(format!("{name} names no licence in its manifest: {remedy}"));
    };
    // `MIT/Apache-2.0` is how cargo once wrote `OR`.
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Err(e) => {
            Some(format!("{name}: its licence `{licence}` is no SPDX expression ({}): {remedy}", e.reason))
        }
        Ok(e) if !e.evaluate(|r| allowed(licensees, r)) => {
            Some(format!("{name}: its licence `{licence}` is not allowed: {remedy}"))
        }
        Ok(_) => None,
    }
}

fn licensees() -> Vec<Licensee> {
    let deny = read("deny.toml");
    texts(&deny["licenses"]["allow"]).into_iter().map(|l| Licensee::parse(l).unwrap()).collect()
}

#[test]
fn licences_are_allowed() {
    let licensees = licensees();
    let packages = packages();
    assert!(packages.len() > 100, "only {} packages were seen", packages.len());
    let bad: Vec<String> = packages
        .iter()
        .filter_map(|p| {
            let name = format!("{} {}", p["name"].as_str().unwrap(), p["version"].as_str().unwrap());
            refused(&licensees, &name, p["license"].as_str())
        })
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    // Every allowed licence is one that somebody needs.
    for (i, licensee) in licensees.iter().enumerate() {
        let without = [&licensees[..i], &licensees[i + 1..]].concat();
        let missed = packages.iter().any(|p| refused(&without, "", p["license"].as_str()).is_some());
        // Licences with exceptions and of choices may be covered by others.
        let named =
            packages.iter().any(|p| p["license"].as_str().is_some_and(|l| l.contains(&licensee.to_string())));
        assert!(missed || named, "deny.toml allows {licensee}, which no package has: take it out");
    }
}

#[test]
fn other_licences_are_refused_by_name() {
    let licensees = licensees();
    for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert_eq!(refused(&licensees, "p 1", Some(good)), None);
    }
    for bad in ["GPL-3.0-only", "MIT AND AGPL-3.0-only", "LicenseRef-mine", "MIT OR", ""] {
        let why = refused(&licensees, "p 1.0.0", Some(bad)).unwrap_or_else(|| panic!("`{bad}` passes"));
        assert!(why.contains("p 1.0.0") && why.contains(bad) && why.contains("deny.toml"), "{why}");
    }
    assert!(refused(&licensees, "p 1.0.0", None).unwrap().contains("names no licence"));
}

#[test]
fn packages_come_from_the_registry() {
    let deny = read("deny.toml");
    for key in ["unknown-registry", "unknown-git"] {
        assert_eq!(deny["sources"][key].as_str(), Some("deny"));
    }
    let registries = texts(&deny["sources"]["allow-registry"]);
    assert_eq!(registries, [REGISTRY.strip_prefix("registry+").unwrap()]);
    assert_eq!(texts(&deny["sources"]["allow-git"]), [""; 0]);
    let members: BTreeSet<String> =
        texts(&read("Cargo.toml")["workspace"]["members"]).into_iter().map(str::to_owned).collect();
    for (name, version, source) in locked() {
        match source {
            Some(source) => assert_eq!(
                source, REGISTRY,
                "{name} {version} comes from {source}: only crates.io keeps what was once there; depend on a release"
            ),
            None => assert!(
                members.contains(&name),
                "{name} {version} is a folder outside the workspace: depend on a release"
            ),
        }
    }
}

#[test]
fn no_package_is_there_twice_without_a_reason() {
    let deny = read("deny.toml");
    let mut skipped = BTreeMap::new();
    for entry in deny["bans"]["skip"].as_array().unwrap() {
        let (name, reason) = (entry["crate"].as_str().unwrap(), entry["reason"].as_str().unwrap_or_default());
        assert!(!reason.is_empty(), "deny.toml: bans.skip {name} has no reason");
        let key =
            name.split_once('@').unwrap_or_else(|| panic!("deny.toml: bans.skip {name} names no version"));
        assert!(skipped.insert(key, reason).is_none(), "deny.toml: bans.skip {name} is there twice");
    }
    let locked = locked();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, version, _) in &locked {
        versions.entry(name).or_default().push(version);
    }
    for (name, all) in &versions {
        let left: Vec<&str> = all.iter().copied().filter(|v| !skipped.contains_key(&(*name, *v))).collect();
        assert!(
            left.len() == 1,
            "{name} is compiled in the versions {}: `cargo tree --invert {name}@{}` says who brings the second; move to \
             releases that share one, or name the older in deny.toml under bans.skip, with the reason",
            all.join(", "),
            all[0]
        );
    }
    for ((name, version), reason) in skipped {
        assert!(
            versions.get(name).is_some_and(|all| all.len() > 1 && all.contains(&version)),
            "deny.toml: bans.skip {name}@{version} ({reason}) is needed no longer: take it out"
        );
    }
}

#[test]
fn manifests_say_what_a_package_page_shows() {
    let shared = read("Cargo.toml");
    let shared = &shared["workspace"]["package"];
    assert_eq!(shared["license"].as_str(), Some("MIT OR Apache-2.0"));
    for member in texts(&read("Cargo.toml")["workspace"]["members"]) {
        let manifest = read(&format!("{member}/Cargo.toml"));
        let package = manifest["package"].as_table().unwrap();
        let description = package["description"].as_str().unwrap_or_default();
        assert!(
            description.len() > 20 && !description.ends_with('.'),
            "{member}: description `{description}`"
        );
        let inherited = ["version", "edition", "rust-version", "license"];
        assert!(
            inherited.iter().all(|k| package[*k].get("workspace").is_some() && shared.get(*k).is_some()),
            "{member}: {inherited:?} come from the workspace"
        );
        // Both texts of the licence travel with the package.
        for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let (here, there) = (root().join(member).join(file), root().join(file));
            let same = std::fs::read(&here).is_ok_and(|text| text == std::fs::read(there).unwrap());
            assert!(same, "{} is not the text of the workspace's {file}: link it", here.display());
        }
        if PROGRAMS.contains(&member) {
            continue;
        }
        let keywords = texts(&package["keywords"]);
        assert!((1..=5).contains(&keywords.len()), "{member}: crates.io takes up to five keywords");
        for word in &keywords {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(
                word.len() <= 20 && word.chars().all(plain),
                "{member}: crates.io refuses the keyword `{word}`"
            );
        }
        let categories = texts(&package["categories"]);
        assert!((1..=5).contains(&categories.len()), "{member}: categories {categories:?}");
        check_readme(member, &manifest, shared["rust-version"].as_str().unwrap());
    }
}

/// The page of a library: its features, the oldest compiler, what a version promises.
fn check_readme(member: &str, manifest: &toml::Table, rust_version: &str) {
    let name = manifest["package"]["readme"].as_str().unwrap_or_else(|| panic!("{member}: no readme"));
    let path: &Path = &root().join(member).join(name);
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    for part in ["## Features", "## Versions", &format!("Rust {rust_version}")] {
        assert!(text.contains(part), "{}: `{part}` is missing", path.display());
    }
    let features = manifest.get("features").and_then(toml::Value::as_table);
    for feature in features.into_iter().flat_map(|f| f.keys()).filter(|f| *f != "default") {
        let row = format!("| `{feature}` |");
        assert!(text.contains(&row), "{}: the table of features has no `{feature}`", path.display());
    }
}
