//! Programs of rivals, compiled for this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Compiles one file in C or C++ with `-O3 -march=native` and these flags. The program appears whole: two
/// comparisons may compile it at once.
///
/// # Errors
/// Why there is no program: the compiler's first complaint.
pub(crate) fn compile(source: &Path, program: &Path, compiler: &str, flags: &[&str]) -> Result<(), String> {
    let partial = program.with_extension(format!("{}.part", std::process::id()));
    let output = Command::new(compiler)
        .args(["-O3", "-march=native", "-o"])
        .args([partial.as_path(), source])
        .args(flags)
        .output()
        .map_err(|e| format!("the compiler {compiler} does not start: {e}"))?;
    if !output.status.success() {
        let file = source.file_name().unwrap_or_default().to_string_lossy();
        return Err(format!("{file} does not compile: {}", complaint(&output)));
    }
    std::fs::rename(&partial, program).map_err(|e| format!("{}: {e}", program.display()))
}

/// Builds a Rust package; cargo knows whether it is there already.
///
/// # Errors
/// Why there is no program: cargo's first complaint.
pub(crate) fn build(folder: &Path) -> Result<PathBuf, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(&cargo)
        .args(["build", "--release", "--quiet", "--message-format", "json", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .env("RUSTFLAGS", "-C target-cpu=native")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .map_err(|e| format!("{cargo} does not start: {e}"))?;
    if !output.status.success() {
        return Err(format!("it does not build: {}", complaint(&output)));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
        .next_back()
        .ok_or_else(|| "it builds to no program".to_owned())
}

/// The first line that speaks of an error, or the first of all.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("error")).or(text.lines().next());
    line.unwrap_or("").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_compiler_says_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (source, program) = (folder.path().join("a.c"), folder.path().join("a"));
        std::fs::write(&source, "int main(void) { return wrong; }").unwrap();
        let why = compile(&source, &program, "no-such-compiler", &[]).unwrap_err();
        assert!(why.contains("no-such-compiler does not start"), "{why}");
        // A program that compiles nothing and succeeds leaves none.
        let why = compile(&source, &program, "true", &[]).unwrap_err();
        assert!(why.contains("a: ") && !program.exists(), "{why}");
        let why = compile(&source, &program, "false", &[]).unwrap_err();
        assert!(why.contains("a.c does not compile"), "{why}");
        let why = build(folder.path()).unwrap_err();
        assert!(why.contains("does not build"), "{why}");
    }
}
