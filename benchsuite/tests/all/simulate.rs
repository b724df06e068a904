//! The command line `simulate`, with the real program.

use std::path::Path;
use std::process::{Command, Output};

use approx::assert_abs_diff_eq;

fn simulate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_benchsuite")).arg("simulate").args(arguments).output().unwrap()
}

fn words(arguments: &str) -> Vec<&str> {
    arguments.split_whitespace().collect()
}

fn succeeds(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

/// Error messages are wrapped to the terminal's width.
fn fails(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("panicked"), "{text}");
    text.replace(['│', '×'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn csv(path: &Path) -> (Vec<String>, Vec<Vec<f64>>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap().split(',').map(str::to_owned).collect();
    (header, lines.map(|l| l.split(',').map(|x| x.parse().unwrap()).collect()).collect())
}

#[test]
fn an_action_potential_of_the_human_ventricle_as_csv_figure_and_biomarkers() {
    let folder = tempfile::tempdir().unwrap();
    let (run, figure) = (folder.path().join("run.csv"), folder.path().join("run.svg"));
    let mut arguments = words(
        "--model ohara_rudy_2011 --variant endo --set G_Kr=0.046 --init V=-87 \
         --stim period=1000,duration=0.5,amplitude=-80,start=0,count=1 --t-end 600 \
         --solver rodas5p --rtol 1e-7 --atol 1e-9 --save-every 1 --biomarkers --plot-states V,Ca_i",
    );
    arguments.extend(["--out", run.to_str().unwrap(), "--plot", figure.to_str().unwrap()]);
    let printed = succeeds(&simulate(&arguments));

    let (header, rows) = csv(&run);
    assert_eq!((header.len(), header[0].as_str(), header[1].as_str()), (42, "time", "V"));
    assert_eq!(rows.len(), 601);
    assert!(rows.iter().enumerate().all(|(k, row)| row[0] == k as f64 && row.len() == 42));
    let first = std::fs::read_to_string(&run).unwrap().lines().nth(1).unwrap().to_owned();
    assert!(first.starts_with("0.0000000000000000e0,-8.7000000000000000e1,"), "{first}");

    // O'Hara–Rudy endo, first beat from the CellML encoding's initial state, CVODE at 1e-12:
    // peak 50.566 mV, APD90 301.434 ms, calcium peak 1.9524e-4 mM.
    let biomarkers: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let beat = &biomarkers["beats"][0];
    let text = beat.to_string();
    let number = |pointer: &str| {
        biomarkers
            .pointer(pointer)
            .and_then(serde_json::Value::as_f64)
            .unwrap_or_else(|| panic!("{pointer}: {text}"))
    };
    assert_abs_diff_eq!(number("/beats/0/response/peak"), 50.566_152, epsilon = 1e-3);
    assert_abs_diff_eq!(number("/beats/0/calcium/peak"), 1.952_410e-4, epsilon = 1e-8);
    assert_eq!(biomarkers["spikes"]["count"], 1);
    assert!(std::fs::read_to_string(&figure).unwrap().starts_with("<svg"));
}

#[test]
fn fixed_and_adaptive_steps_give_the_same_spikes_and_names_may_be_those_of_cellml() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |name: &str, more: &str| {
        let path = folder.path().join(name);
        let mut arguments = words(
            "--model hodgkin_huxley_1952 --variant modern --stim constant=10 --t-end 20 --save-every 0.3",
        );
        arguments.extend(words(more));
        arguments.extend(["--out", path.to_str().unwrap()]);
        succeeds(&simulate(&arguments));
        csv(&path).1
    };
    let accurate = rows("a.csv", "--rtol 1e-9 --atol 1e-11");
    let fixed = rows("b.csv", "--solver rk4 --dt 0.005");
    // 0, 0.3, …, 19.8, and the end.
    assert_eq!((accurate.len(), accurate.last().unwrap()[0]), (68, 20.0));
    for (a, b) in accurate.iter().zip(&fixed) {
        assert_eq!(a[0], b[0]);
        assert_abs_diff_eq!(a[1], b[1], epsilon = 1e-4);
    }
}

#[test]
fn numpy_reads_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.npz");
    let mut arguments =
        words("--model fitzhugh_nagumo --variant werneck --init U=0.5 --t-end 10 --save-every 1");
    arguments.extend(["--out", path.to_str().unwrap()]);
    let said = succeeds(&simulate(&arguments));
    assert!(said.contains("run.npz: 11 times of 2 states"), "{said}");
    let mut npz = ndarray_npy::NpzReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    let time: ndarray::Array1<f64> = npz.by_name("time").unwrap();
    let u: ndarray::Array1<f64> = npz.by_name("U").unwrap();
    assert_eq!((time.len(), time[10], u[0]), (11, 10.0, 0.5));
    // An independent solution at t = 10 (Taylor series in extended precision).
    assert_abs_diff_eq!(u[10], -0.053_696_508_543_861_96, epsilon = 1e-6);
}

#[test]
fn the_list_has_every_model_and_its_tables() {
    let list = succeeds(&simulate(&["--list"]));
    for entry in ionic_models::registry::models() {
        assert!(list.lines().any(|l| l.starts_with(entry.id) && l.contains(entry.variant)), "{}", entry.id);
    }
    let json: serde_json::Value = serde_json::from_str(&succeeds(&simulate(&["--list", "--json"]))).unwrap();
    let first = &json[0]["states"][0];
    for key in ["name", "unit", "value", "range", "description", "cellml"] {
        assert!(first.get(key).is_some(), "{key}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run.csv");
    let base = "--model hodgkin_huxley_1952 --variant modern --t-end 10";
    for (more, says) in [
        ("--model hodgkin_huxly --t-end 10", "did you mean `hodgkin_huxley_1952`?"),
        ("--model hodgkin_huxley_1952 --variant endo --t-end 10", "no variant `endo`"),
        (&format!("{base} --set g_na=100"), "did you mean one of `g_Na`"),
        (&format!("{base} --set g_Na=NaN"), "cannot be NaN"),
        (&format!("{base} --range fail --set g_Na=1e9"), "outside"),
        (&format!("{base} --stim period=10,duration=20,amplitude=1"), "at most one period"),
        (&format!("{base} --stim period=1e-12,duration=1e-13,amplitude=1"), "lengthen the period"),
        (&format!("{base} --stim nonsense"), "cannot read `nonsense` as a stimulus"),
        (&format!("{base} --stim-file missing.csv"), "missing.csv"),
        (&format!("{base} --rtol -1"), "relative tolerance is -1"),
        (&format!("{base} --solver euler"), "StepSize::Fixed"),
        (&format!("{base} --save-every 0"), "--save-every 0"),
        (&format!("{base} --save-every 1e-9"), "save less often"),
        ("--model fitzhugh_nagumo --variant werneck --t-end -1", "empty, reversed"),
    ] {
        let mut arguments = words(more);
        arguments.extend(["--out", out.to_str().unwrap()]);
        let message = fails(&simulate(&arguments));
        assert!(message.contains(says), "{more}: {message}");
        assert!(!out.exists(), "{more}");
    }
    let message = fails(&simulate(&words(&format!("{base} --out run.txt"))));
    assert!(message.contains(".csv or .npz"), "{message}");
}

#[test]
fn a_failed_solve_leaves_its_beginning_beside_the_output_and_the_old_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run.csv");
    std::fs::write(&out, "old").unwrap();
    let mut arguments = words(
        "--model hodgkin_huxley_1952 --variant modern --stim constant=10 --t-end 100 --solver heun --dt 0.1",
    );
    arguments.extend(["--out", out.to_str().unwrap()]);
    let message = fails(&simulate(&arguments));
    assert!(
        message.contains("is not finite after a step of 0.1") && message.contains("partial"),
        "{message}"
    );
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "old");
    let (_, rows) = csv(&folder.path().join("run.partial.csv"));
    assert!(rows.len() > 10 && rows.iter().flatten().all(|x| x.is_finite()));
}
