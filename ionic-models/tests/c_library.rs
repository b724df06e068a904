//! The C library of the models gives what the Rust functions give, for every model and variant.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]
#![allow(unsafe_code, reason = "the library is called as a C program would call it")]

use std::ffi::{CStr, CString, c_char, c_double, c_int};
use std::path::PathBuf;
use std::process::Command;

use ionic_models::{Stimulus, registry};
use libloading::{Library, Symbol};

/// Builds the library, as `cargo xtask export-library` does, and returns where it lies. With the
/// workspace's features: a test of the workspace has built it already.
fn library() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--offline", "--workspace", "--example", "ionic_model"])
        .args(["--message-format", "json", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = String::from_utf8(output.stdout).unwrap();
    let artifact =
        files.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).find(
            |message| message["reason"] == "compiler-artifact" && message["target"]["name"] == "ionic_model",
        );
    PathBuf::from(artifact.unwrap()["filenames"][0].as_str().unwrap())
}

type Rhs = unsafe extern "C" fn(c_double, *const c_double, *mut c_double, c_double);

struct Model(Library);

impl Model {
    fn integer(&self, name: &str) -> c_int {
        // SAFETY: the header declares these functions without arguments, returning int.
        let f: Symbol<'_, unsafe extern "C" fn() -> c_int> = unsafe { self.0.get(name.as_bytes()) }.unwrap();
        // SAFETY: as above.
        unsafe { f() }
    }

    fn integers(&self, name: &str, length: usize) -> Vec<usize> {
        // SAFETY: the header declares these functions without arguments, returning const int *.
        let f: Symbol<'_, unsafe extern "C" fn() -> *const c_int> =
            // SAFETY: as above.
            unsafe { self.0.get(name.as_bytes()) }.unwrap();
        // SAFETY: the header says how many numbers there are.
        unsafe { std::slice::from_raw_parts(f(), length) }.iter().map(|&i| i as usize).collect()
    }

    fn fill(&self, name: &str, y: &[f64], pace: f64, length: usize) -> Vec<f64> {
        // SAFETY: the header declares these functions with this signature.
        let f: Symbol<'_, Rhs> = unsafe { self.0.get(name.as_bytes()) }.unwrap();
        let mut out = vec![f64::NAN; length];
        // SAFETY: the buffers have the lengths that the header asks for.
        unsafe { f(0.0, y.as_ptr(), out.as_mut_ptr(), pace) };
        out
    }
}

#[test]
fn every_model_and_variant_gives_what_the_rust_functions_give() {
    let library = library();
    let folder = tempfile::tempdir().unwrap();
    for (k, entry) in registry::models().iter().enumerate() {
        let label = format!("{}/{}", entry.id, entry.variant);
        // A copy is another library to the loader, with another model.
        let copy = folder.path().join(format!("model{k}"));
        std::fs::copy(&library, &copy).unwrap();
        // SAFETY: our own library, whose initialisation does nothing.
        let model = Model(unsafe { Library::new(&copy) }.unwrap());
        let amplitude = entry.stimulus.depolarising * 7.5;
        {
            // SAFETY: the signature is the header's.
            let select: Symbol<'_, unsafe extern "C" fn(*const c_char, c_double) -> c_int> =
                // SAFETY: as above.
                unsafe { model.0.get(b"model_select") }.unwrap();
            let name = CString::new(label.as_str()).unwrap();
            // SAFETY: a C string.
            assert_eq!(unsafe { select(c"no_such_model".as_ptr(), f64::NAN) }, -1);
            // SAFETY: a C string.
            assert_eq!(unsafe { select(name.as_ptr(), amplitude) }, 0, "{label}");
            // SAFETY: a C string. A second choice is refused.
            assert_eq!(unsafe { select(name.as_ptr(), amplitude) }, -1, "{label}");
            // SAFETY: the signature is the header's.
            let state_name: Symbol<'_, unsafe extern "C" fn(c_int) -> *const c_char> =
                // SAFETY: as above.
                unsafe { model.0.get(b"model_state_name") }.unwrap();
            // SAFETY: a C string that lives as long as the library.
            assert_eq!(unsafe { CStr::from_ptr(state_name(1)) }.to_str().unwrap(), entry.states[1].name);
            // SAFETY: an index out of range is answered with NULL.
            assert!(unsafe { state_name(1000) }.is_null() && unsafe { state_name(-1) }.is_null());
        }
        let mut cell = entry.cell();
        let n = cell.dim();
        assert_eq!(model.integer("model_n"), n as c_int, "{label}");
        let cai = entry.states.iter().position(|s| s.name == "Ca_i").map_or(-1, |i| i as c_int);
        assert_eq!((model.integer("model_v"), model.integer("model_cai")), (0, cai), "{label}");

        let mut y = vec![0.0; n];
        {
            // SAFETY: the signature is the header's.
            let y0: Symbol<'_, unsafe extern "C" fn(*mut c_double)> =
                // SAFETY: as above.
                unsafe { model.0.get(b"model_y0") }.unwrap();
            // SAFETY: n numbers.
            unsafe { y0(y.as_mut_ptr()) };
        }
        assert_eq!(y, cell.initial_state(), "{label}");
        y[0] += 11.0;
        for pace in [f64::NAN, f64::INFINITY] {
            let nnz = model.integer("model_csc_nnz") as usize;
            let (dy, jacobian) =
                (model.fill("model_rhs", &y, pace, n), model.fill("model_jac_csc", &y, pace, nnz));
            assert!(dy.iter().chain(&jacobian).all(|x| x.is_nan()), "{label} at pace {pace}");
        }
        for pace in [0.0, 1.0, 0.25] {
            cell.set_stimulus(Stimulus::constant(amplitude * pace).unwrap());
            let mut dy = vec![0.0; n];
            cell.rhs(0.0, &y, &mut dy);
            assert_eq!(model.fill("model_rhs", &y, pace, n), dy, "{label} at pace {pace}");
            let mut jacobian = vec![0.0; n * n];
            cell.jacobian(0.0, &y, &mut jacobian);
            let dense = model.fill("model_jac", &y, pace, n * n);
            let nnz = model.integer("model_csc_nnz") as usize;
            let sparse = model.fill("model_jac_csc", &y, pace, nnz);
            let (starts, rows) =
                (model.integers("model_csc_colptr", n + 1), model.integers("model_csc_rowind", nnz));
            assert!(starts[n] == nnz && model.integer("model_nnz") as usize <= nnz);
            let mut expanded = vec![0.0; n * n];
            for j in 0..n {
                assert!(rows[starts[j]..starts[j + 1]].is_sorted_by(|a, b| a < b), "{label}, column {j}");
                for k in starts[j]..starts[j + 1] {
                    expanded[rows[k] + j * n] = sparse[k];
                }
            }
            assert_eq!(expanded, dense, "{label}");
            // The library takes the derivatives of the equations written down, the cell dual numbers.
            let largest = jacobian.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            for (a, b) in dense.iter().zip(&jacobian) {
                approx::assert_relative_eq!(a, b, max_relative = 1e-10, epsilon = 1e-14 * largest);
            }
        }
    }
}

/// The program that a C programmer begins with says what the same loop in Rust says.
#[cfg(unix)]
#[test]
fn the_c_example_compiles_runs_and_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let program = folder.path().join("axon");
    // The compiler that Rust itself links with.
    let compiled = Command::new("cc")
        .args([
            "-Wall",
            "-Wextra",
            "-Werror",
            "-I",
            examples,
            concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ionic_model.c"),
        ])
        .arg(library())
        .arg("-o")
        .arg(&program)
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(&program).output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let mut cell = registry::find("hodgkin_huxley_1952", Some("modern")).unwrap().cell();
    cell.set_stimulus(Stimulus::constant(10.0).unwrap());
    let (mut y, mut dy, mut highest) = (cell.initial_state().to_vec(), vec![0.0; 4], f64::MIN);
    for step in 0..5000 {
        cell.rhs(f64::from(step) * 0.01, &y, &mut dy);
        y.iter_mut().zip(&dy).for_each(|(y, dy)| *y += 0.01 * dy);
        highest = highest.max(y[0]);
    }
    assert!(highest > 20.0, "it fires: {highest}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, format!("hodgkin_huxley_1952/modern: V reaches {highest:.6} mV\n"));
}
