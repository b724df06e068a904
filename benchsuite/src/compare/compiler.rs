//! Programs in C and C++, compiled for this machine.

use std::path::Path;
use std::process::Command;

/// Compiles one file with `-O3 -march=native` and these flags. The environment's `variable` names another
/// compiler. The program appears whole: two comparisons may compile it at once.
///
/// # Errors
/// Why there is no program: the compiler's first complaint.
pub(crate) fn compile(
    source: &Path,
    program: &Path,
    compiler: &str,
    variable: &str,
    flags: &[&str],
) -> Result<(), String> {
    let compiler = std::env::var(variable).unwrap_or_else(|_| compiler.to_owned());
    let partial = program.with_extension(format!("{}.part", std::process::id()));
    let output = Command::new(&compiler)
        .args(["-O3", "-march=native", "-o"])
        .args([partial.as_path(), source])
        .args(flags)
        .output()
        .map_err(|e| format!("the compiler {compiler} does not start: {e}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().find(|line| line.contains("error")).or(text.lines().next()).unwrap_or("");
        let file = source.file_name().unwrap_or_default().to_string_lossy();
        return Err(format!("{file} does not compile: {}", line.trim()));
    }
    std::fs::rename(&partial, program).map_err(|e| format!("{}: {e}", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_compiler_says_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (source, program) = (folder.path().join("a.c"), folder.path().join("a"));
        std::fs::write(&source, "int main(void) { return wrong; }").unwrap();
        let why = compile(&source, &program, "no-such-compiler", "NO_SUCH_VARIABLE", &[]).unwrap_err();
        assert!(why.contains("no-such-compiler does not start"), "{why}");
        // A program that compiles nothing and succeeds leaves none.
        let why = compile(&source, &program, "true", "NO_SUCH_VARIABLE", &[]).unwrap_err();
        assert!(why.contains("a: ") && !program.exists(), "{why}");
        let why = compile(&source, &program, "false", "NO_SUCH_VARIABLE", &[]).unwrap_err();
        assert!(why.contains("a.c does not compile"), "{why}");
    }
}
