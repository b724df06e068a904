//! The models as a C library.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use miette::{IntoDiagnostic as _, WrapErr as _};

/// Where `benchsuite compare` looks for the library.
pub(crate) const VARIABLE: &str = "IONIC_MODEL_LIBRARY";

/// The header, from the root of the workspace.
const HEADER: &str = "ionic-models/examples/ionic_model.h";
/// A program that uses it.
const EXAMPLE: &str = "ionic-models/examples/ionic_model.c";

/// Builds the library and says where it is.
pub(crate) fn export() -> miette::Result<()> {
    let library = build()?;
    println!("library: {}", library.display());
    println!("header:  {}", crate::root().join(HEADER).display());
    println!("example: {}", crate::root().join(EXAMPLE).display());
    println!("model:   set IONIC_MODEL, for example to ohara_rudy_2011/endo, before a program loads it");
    Ok(())
}

/// Builds the library in release and returns its file.
pub(crate) fn build() -> miette::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .args(["build", "--release", "--package", "ionic-models", "--example", "ionic_model"])
        .args(["--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(crate::root().join("Cargo.toml"))
        // Cargo's own progress goes on being shown.
        .stderr(Stdio::inherit())
        .output()
        .into_diagnostic()
        .wrap_err_with(|| format!("could not start {}", cargo.display()))?;
    if !output.status.success() {
        miette::bail!("the models' library did not build; the compiler's messages are above");
    }
    file(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| miette::miette!("cargo did not say where it put the models' library"))
}

/// The library's file in cargo's messages.
fn file(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|m| m["reason"] == "compiler-artifact" && m["target"]["name"] == "ionic_model")
        .find_map(|m| m["filenames"][0].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_file_is_found_among_other_messages() {
        let messages = concat!(
            "warning: not JSON\n",
            r#"{"reason":"compiler-artifact","target":{"name":"ode_solvers"},"filenames":["a.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"ionic_model"},"filenames":["b.so"]}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(file(messages), Some(PathBuf::from("b.so")));
        assert_eq!(file("{}"), None);
        assert!([HEADER, EXAMPLE].iter().all(|file| crate::root().join(file).is_file()));
    }
}
