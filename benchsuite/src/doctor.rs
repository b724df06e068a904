//! What this machine has, and what each missing thing would enable.

use std::path::Path;
use std::process::Command;

use infer_trt::probe;

use crate::manifest::{Code, Machine};

/// The vector instructions that the native engine uses.
pub(crate) fn simd() -> String {
    probe::simd().status.to_string()
}

/// The report of `doctor`.
pub fn text() -> String {
    let machine = Machine::current();
    let code = Code::current();
    let mut rows = vec![
        ("processor", machine.cpu, String::new()),
        ("memory", format!("{} GiB", machine.memory_gib), String::new()),
        ("system", machine.os, String::new()),
        ("disk", disk(Path::new(".")), "a run of tier paper takes about 10 MB".into()),
        ("commit", code.short_commit(), String::new()),
        ("compiler", format!("{}, {}", code.rustc, code.profile), String::new()),
    ];
    for item in probe::all() {
        rows.push((item.name, item.status.to_string(), item.enables.into()));
    }
    let mut out = String::new();
    for (name, found, enables) in rows {
        out.push_str(&format!("{name:<14}{found}\n"));
        if !enables.is_empty() {
            out.push_str(&format!("{:<14}→ {enables}\n", ""));
        }
    }
    out.push_str(
        "\nNothing that is missing is needed for `reproduce` and the tests. Rivals for `compare` are not looked for \
         here:\nbenchsuite/peers/README.md says how to install them.\n",
    );
    out
}

/// The free space where runs go by default.
fn disk(folder: &Path) -> String {
    // The standard library does not say; every Unix has this program.
    let out = Command::new("df").arg("-Pk").arg(folder).output();
    let text = out.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let free = text.lines().nth(1).and_then(|l| l.split_whitespace().nth(3)?.parse::<f64>().ok());
    match free {
        Some(kib) => format!("{:.1} GiB free", kib / 1024.0 / 1024.0),
        None => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_text_names_what_was_looked_for() {
        let text = super::text();
        for word in
            ["processor", "memory", "disk", "threads", "SIMD", "bf16", "ONNX Runtime", "CUDA", "TensorRT"]
        {
            assert!(text.contains(word), "{word} is missing from\n{text}");
        }
    }
}
