//! Adaptive steps with every model, against Rodas5P at tight tolerances.

use std::fmt::Write as _;

use ionic_models::{Pulse, Stimulus, registry};
use ode_solvers::tableau::{RODAS3P, ROSENBROCK_23, RosenbrockTableau};
use ode_solvers::{Method, Options, StepSize, Tolerance, solve};

use super::*;

/// A pulse: before, during, after it.
fn edges(entry: &Entry) -> [f64; 4] {
    let unit = match entry.time_unit {
        "ms" => 1.0,
        "s" => 1e-3,
        _ => 0.2,
    };
    [0.0, 1.0, 2.0, 20.0].map(|t| t * unit)
}

/// How strong it is for cell `m`.
fn strength(entry: &Entry, m: usize) -> f64 {
    let paced = entry.stimulus.pacing.map_or(entry.stimulus.depolarising, |train| train.amplitude);
    paced * [0.0, 1.0, 0.5][m]
}

fn exact(entry: &Entry, m: usize) -> Vec<f64> {
    let [t0, on, off, t1] = edges(entry);
    let mut cell = entry.cell();
    let pulse = Pulse { start: on, duration: off - on, amplitude: strength(entry, m) };
    cell.set_stimulus(Stimulus::pulses(vec![pulse]).unwrap());
    let y = cell.initial_state().to_vec();
    let step = StepSize::Adaptive(Tolerance::new(1e-10, 1e-12));
    let found = solve(&*cell, Method::Rodas5P, step, (t0, t1), &y, &Options::end());
    found.unwrap_or_else(|e| panic!("{}: {e}", entry.id)).last().to_vec()
}

fn list<T: std::fmt::Debug>(numbers: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = numbers.into_iter().map(|x| format!("{x:?}")).collect();
    words.join(", ")
}

/// For each cell its status, and where it ended.
type Cells = Vec<(i32, Vec<f64>)>;

/// All models at these tolerances.
fn ends(precision: Precision, tolerances: &[f64], most: usize) -> Vec<Vec<Cells>> {
    let mut text = Source::prelude(precision).to_owned();
    let mut main = String::from("#include <stdio.h>\nint main(void) {\n");
    for (k, entry) in registry::models().iter().enumerate() {
        let source = adaptive(entry, &format!("adapt_{k}"), &RODAS3P, precision).unwrap().unwrap();
        let n = entry.states.len();
        assert_eq!((source.states(), source.own()), (n, 1), "{}", entry.id);
        text += source.text();
        let start = entry.cell().initial_state().to_vec();
        for rtol in tolerances {
            let _ = writeln!(
                main,
                "  {{ double edges[] = {{{}}}, reached[3]; int report[9];\n    \
                 REAL levels[] = {{0, 1, 0}}, atol[] = {{{}}}, each[] = {{{}}}, y[] = {{{}}};\n    \
                 adapt_{k}(3, 3, edges, levels, (REAL){rtol:?}, atol, {most}, each, y, reached, report);\n    \
                 for (int m = 0; m < 3; m++) {{ printf(\"%d\", report[m]);\n    \
                 for (int i = 0; i < {n}; i++) printf(\" %.17g\", (double)y[3 * i + m]); printf(\"\\n\"); }} }}",
                list(edges(entry)),
                list(absolute(entry, *rtol)),
                list((0..3).map(|m| strength(entry, m))),
                list(start.iter().flat_map(|y| [*y; 3])),
            );
        }
    }
    main += "  return 0;\n}\n";
    let found = run(&(text + &main));
    let mut lines = found.lines().map(|line| {
        let mut words = line.split(' ');
        let status = words.next().unwrap().parse().unwrap();
        (status, words.map(|x| x.parse().unwrap()).collect::<Vec<f64>>())
    });
    let mut cells = || (0..3).map(|_| lines.next().unwrap()).collect();
    registry::models().iter().map(|_| tolerances.iter().map(|_| cells()).collect()).collect()
}

/// The greatest error of a state, as a part of it and of a hundredth of its range.
fn error(entry: &Entry, exact: &[Vec<f64>], found: &[(i32, Vec<f64>)]) -> f64 {
    let of = |(exact, (status, y)): (&Vec<f64>, &(i32, Vec<f64>))| {
        assert_eq!(*status, 0, "{}/{}", entry.id, entry.variant);
        let scale = |k: usize| exact[k].abs() + 1e-2 * (entry.states[k].range.1 - entry.states[k].range.0);
        (0..y.len()).map(|k| (exact[k] - y[k]).abs() / scale(k)).fold(0.0, f64::max)
    };
    exact.iter().zip(found).map(of).fold(0.0, f64::max)
}

#[test]
fn every_model_takes_adaptive_steps_to_what_rodas5p_finds() {
    let double = ends(Precision::Double, &[1e-3, 1e-5, 1e-7], 100_000);
    let single = ends(Precision::Single, &[1e-3, 1e-4], 100_000);
    for ((entry, double), single) in registry::models().iter().zip(double).zip(single) {
        let exact: Vec<Vec<f64>> = (0..3).map(|m| exact(entry, m)).collect();
        let double: Vec<f64> = double.iter().map(|found| error(entry, &exact, found)).collect();
        let single: Vec<f64> = single.iter().map(|found| error(entry, &exact, found)).collect();
        let name = format!("{}/{}: {double:?} {single:?}", entry.id, entry.variant);
        assert!(double[1] < double[0] && double[2] < double[1] && double[2] < 1e-4, "{name}");
        assert!(single[1] < 2e-2, "{name}");
    }
}

#[test]
fn cells_that_run_out_of_tries_say_so() {
    for found in ends(Precision::Double, &[1e-5], 3) {
        assert!(found[0].iter().all(|(status, y)| *status == 1 && y.iter().all(|y| y.is_finite())));
    }
}

/// A model with a method, and how many cells take part at each tolerance.
type Case = (&'static Entry, &'static RosenbrockTableau, &'static [(f64, usize)]);

/// Cells that did not arrive, case by case and tolerance by tolerance. Their pulses, two units long, grow from next to
/// nothing to half as much again as pacing takes; then they have time for an action potential.
fn lost(precision: Precision, cases: &[Case]) -> Vec<usize> {
    let mut text = format!("{}#include <stdio.h>\n", Source::prelude(precision));
    let mut main = String::from("int main(void) {\n");
    for (k, (entry, tableau, tolerances)) in cases.iter().enumerate() {
        text += adaptive(entry, &format!("adapt_{k}"), tableau, precision).unwrap().unwrap().text();
        let start = entry.cell().initial_state().to_vec();
        let [t0, on, off, _] = edges(entry);
        let stops = [t0, on, on + 2.0 * (off - on), 400.0 * (off - on)];
        for &(rtol, cells) in *tolerances {
            let _ = writeln!(
                main,
                "  {{ enum {{ n = {cells}, states = {} }};\n    \
                 double edges[] = {{{}}}, start[] = {{{}}}, reached[n]; int report[3 * n], lost = 0;\n    \
                 REAL levels[] = {{0, 1, 0}}, atol[] = {{{}}}, each[n], y[n * states];\n    \
                 for (int m = 0; m < n; m++) {{ each[m] = {:?} * (m + 1) / n;\n    \
                 for (int i = 0; i < states; i++) y[i * n + m] = start[i]; }}\n    \
                 adapt_{k}(n, 3, edges, levels, (REAL){rtol:?}, atol, 100000, each, y, reached, report);\n    \
                 for (int m = 0; m < n; m++) lost += report[m] != 0;\n    printf(\"%d\\n\", lost); }}",
                start.len(),
                list(stops),
                list(&start),
                list(absolute(entry, rtol)),
                1.5 * strength(entry, 1),
            );
        }
    }
    main += "  return 0;\n}\n";
    run(&(text + &main)).lines().map(|line| line.parse().unwrap()).collect()
}

/// Luo and Rudy's rates jump at −40 mV, which cells pass when a gate of theirs has all but vanished.
#[test]
fn no_cell_is_lost_however_strong_its_pulse_is() {
    let few: &[(f64, usize)] = &[(1e-3, 4), (1e-4, 4), (1e-5, 4), (1e-6, 4)];
    let many: &[(f64, usize)] = &[(1e-3, 200), (1e-4, 200), (1e-5, 20), (1e-6, 20)];
    let jumps = |entry: &Entry| entry.id == "luo_rudy_1991";
    let mut single: Vec<Case> = Vec::new();
    for entry in registry::models().iter() {
        // Variants differ in numbers alone.
        if single.iter().all(|case| case.0.id != entry.id) {
            single.push((entry, &RODAS3P, if jumps(entry) { many } else { few }));
        }
    }
    let mut double: Vec<Case> = single.iter().copied().filter(|case| jumps(case.0)).collect();
    double.extend(double.clone().into_iter().map(|(entry, _, many)| (entry, &ROSENBROCK_23, many)));
    single.extend(double.iter().skip(1).copied());
    for (precision, cases) in [(Precision::Single, single), (Precision::Double, double)] {
        let lost = lost(precision, &cases);
        let names: Vec<_> = cases.iter().map(|case| (case.0.id, case.1.name)).collect();
        assert!(lost.iter().all(|lost| *lost == 0), "{precision:?}: {lost:?} of {names:?}");
    }
}

#[test]
#[ignore = "needs NVIDIA's run-time compiler: cargo xtask setup nvrtc"]
fn nvidias_compiler_takes_adaptive_steps_of_every_model() {
    let mut seen = Vec::new();
    for entry in registry::models().iter() {
        // Variants differ in numbers alone.
        if seen.contains(&entry.id) {
            continue;
        }
        seen.push(entry.id);
        for precision in [Precision::Single, Precision::Double] {
            let source = adaptive(entry, "adapt", &RODAS3P, precision).unwrap().unwrap();
            let text = format!("{}{}", Source::prelude(precision), source.text());
            let ptx = infer_trt::cuda::compile(&text, 9, 0).unwrap();
            assert_eq!(ptx.matches(".entry adapt").count(), 1, "{}", entry.id);
            // Apart from time, which takes sums, single precision throughout; and nothing is an array.
            assert_eq!(ptx.contains("fma.rn.f64"), precision == Precision::Double, "{}", entry.id);
            assert!(!ptx.contains(".local"), "{}", entry.id);
        }
    }
}
