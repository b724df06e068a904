//! Every model of the registry as a kernel: C and CUDA text of loops over fixed and adaptive steps.

use ionic_models::models::{
    BeelerReuter1977, FitzHughNagumo, FitzHughNagumoPavia, HodgkinHuxley1952, LuoRudy1991, OHaraRudy2011,
    OHaraRudyCipa2017, ShermanRinzelKeizer1988, TenTusscherPanfilov2006, ToROrd2020,
};
use ionic_models::registry::Entry;
use ionic_models::{AnyCell, CellColumns, IonicModel};
use ode_solvers::tableau::RosenbrockTableau;
use ode_solvers::tape::{FixedStep, NotWritten, Precision, Source};

/// Calls a function of a model's type, with the entry and what else it takes; nothing for a model that
/// this list does not have.
macro_rules! of_model {
    ($function:ident($entry:expr $(, $more:expr)*)) => {
        of_model!(
            $function($entry $(, $more)*): FitzHughNagumo, FitzHughNagumoPavia, HodgkinHuxley1952,
            ShermanRinzelKeizer1988, LuoRudy1991, BeelerReuter1977, TenTusscherPanfilov2006, OHaraRudy2011,
            OHaraRudyCipa2017, ToROrd2020
        )
    };
    ($function:ident($entry:expr, $name:expr, $how:expr, $precision:expr): $($model:ident),*) => {
        match $entry {
            $(entry if is::<$model>(entry) => Some($function::<$model>(entry, $name, $how, $precision)),)*
            _ => None,
        }
    };
}

/// The function `name` for a model and the values of one variant; the stimulus is a number of each
/// cell's own, in the model's unit. Nothing for a model that this list does not have, or while this
/// thread writes down equations.
pub fn source(entry: &Entry, name: &str, step: FixedStep, precision: Precision) -> Option<Source> {
    of_model!(fixed(entry, name, step, precision)).flatten()
}

/// The function `name` that takes adaptive steps of a Rosenbrock method with a model and the values of
/// one variant. How strong pulses are, in the model's unit and sign, is a number of each cell's own.
/// Nothing for a model that this list does not have.
///
/// # Errors
/// As [`Source::adaptive`].
pub fn adaptive(
    entry: &Entry,
    name: &str,
    tableau: &RosenbrockTableau,
    precision: Precision,
) -> Option<Result<Source, NotWritten>> {
    of_model!(rosenbrock(entry, name, tableau, precision))
}

/// Whether an entry is of a model: two models may share an identifier.
fn is<M: IonicModel>(entry: &Entry) -> bool {
    M::NAME == entry.id && M::VARIANTS.iter().any(|v| v.name == entry.variant)
}

fn values(entry: &Entry) -> Vec<Option<f64>> {
    entry.parameters.iter().map(|p| Some(p.value)).collect()
}

fn fixed<M: IonicModel>(entry: &Entry, name: &str, step: FixedStep, precision: Precision) -> Option<Source> {
    Source::new::<f64, CellColumns<M, f64>>(name, &values(entry), None, step, precision)
}

fn rosenbrock<M: IonicModel>(
    entry: &Entry,
    name: &str,
    tableau: &RosenbrockTableau,
    precision: Precision,
) -> Result<Source, NotWritten> {
    Source::adaptive::<f64, CellColumns<M, f64>>(name, &values(entry), None, tableau, precision)
}

/// The same loop on this machine, in double precision, for one cell: what a kernel is held against.
pub(crate) fn march(cell: &dyn AnyCell, step: FixedStep, dt: f64, steps: usize, y: &mut [f64]) {
    let (mut dy, mut b) = (vec![0.0; y.len()], vec![0.0; y.len()]);
    for _ in 0..steps {
        cell.rhs_and_rates(0.0, y, &mut dy, &mut b);
        for i in 0..y.len() {
            let relaxes = step == FixedStep::RushLarsen && b[i] != 0.0;
            y[i] += dy[i] * if relaxes { (b[i] * dt).exp_m1() / b[i] } else { dt };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ionic_models::registry;
    use std::fmt::Write as _;
    use std::process::Command;

    /// As many steps, of the model's own scale: stable for both methods.
    const STEPS: usize = 40;

    fn dt(entry: &Entry) -> f64 {
        match entry.time_unit {
            "ms" => 0.001,
            "s" => 1e-5,
            _ => 0.05,
        }
    }

    /// The stimulus of cell `m`.
    fn drive(entry: &Entry, m: usize) -> f64 {
        entry.stimulus.depolarising * [0.0, 0.7][m]
    }

    /// What the model's function says, step by step.
    fn expected(entry: &Entry, step: FixedStep, m: usize) -> Vec<f64> {
        let mut cell = entry.cell();
        cell.set_stimulus(ionic_models::Stimulus::constant(drive(entry, m)).unwrap());
        let mut y = cell.initial_state().to_vec();
        march(&*cell, step, dt(entry), STEPS, &mut y);
        y
    }

    /// All models in one program of C, both methods, two cells each, against the models' own function.
    #[test]
    fn every_model_as_c_does_what_its_function_does() {
        let mut text = Source::prelude(Precision::Double).to_owned();
        let mut main = String::from("#include <stdio.h>\nint main(void) {\n");
        let mut all = Vec::new();
        for (k, entry) in registry::models().iter().enumerate() {
            for (step, word) in [(FixedStep::Euler, "euler"), (FixedStep::RushLarsen, "rl")] {
                let name = format!("march_{k}_{word}");
                let source = source(entry, &name, step, Precision::Double).unwrap();
                assert_eq!((source.states(), source.own()), (entry.states.len(), 1), "{}", entry.id);
                text += source.text();
                let cell = entry.cell();
                let start: Vec<String> =
                    cell.initial_state().iter().flat_map(|y| [format!("{y:?}"), format!("{y:?}")]).collect();
                let _ = writeln!(
                    main,
                    "  {{ double each[2] = {{{:?}, {:?}}}, y[] = {{{}}}; {name}(2, {STEPS}, {:?}, each, y);\n    \
                     for (int i = 0; i < {}; i++) printf(\"%.17g\\n\", y[i]); }}",
                    drive(entry, 0),
                    drive(entry, 1),
                    start.join(", "),
                    dt(entry),
                    start.len()
                );
                all.push((entry, step));
            }
        }
        main += "  return 0;\n}\n";
        let folder = tempfile::tempdir().unwrap();
        let (file, program) = (folder.path().join("all.c"), folder.path().join("all"));
        std::fs::write(&file, text + &main).unwrap();
        let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
        let output =
            Command::new(cc).args(["-O0", "-o"]).args([&program, &file]).arg("-lm").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let output = Command::new(program).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut found = text.lines().map(|l| l.parse::<f64>().unwrap());
        for (entry, step) in all {
            let cells = [expected(entry, step, 0), expected(entry, step, 1)];
            for i in 0..entry.states.len() {
                for cell in &cells {
                    let (c, rust) = (found.next().unwrap(), cell[i]);
                    let name = format!("{}/{} {step:?} {}", entry.id, entry.variant, entry.states[i].name);
                    assert!((c - rust).abs() <= 1e-9 * (1.0 + rust.abs()), "{name}: {c:e} {rust:e}");
                }
            }
        }
        assert!(found.next().is_none());
    }

    #[test]
    #[ignore = "needs NVIDIA's run-time compiler: cargo xtask setup nvrtc"]
    fn nvidias_compiler_takes_every_model() {
        let mut text = Source::prelude(Precision::Single).to_owned();
        for (k, entry) in registry::models().iter().enumerate() {
            for (step, word) in [(FixedStep::Euler, "euler"), (FixedStep::RushLarsen, "rl")] {
                let source = source(entry, &format!("march_{k}_{word}"), step, Precision::Single).unwrap();
                text += source.text();
            }
        }
        let ptx = infer_trt::cuda::compile(&text, 9, 0).unwrap();
        assert_eq!(ptx.matches(".entry march_").count(), 2 * registry::models().len());
        // Single precision throughout.
        assert!(!ptx.contains(".f64"), "a number of double precision slipped in");
    }
}
