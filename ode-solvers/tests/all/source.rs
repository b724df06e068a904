//! Texts as C on this machine, against the equations.

mod adaptive;

use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::process::Command;

use ode_solvers::tableau::RODAS3P;
use ode_solvers::tape::{FixedStep, Precision, Source, Steps};
use ode_solvers::{Columns, Scalar};

/// Every kind of operation, with a rate.
struct All;

impl Columns<f64> for All {
    const STATES: usize = 2;
    const PARAMETERS: usize = 3;
    fn len(&self) -> usize {
        0
    }
    fn parameter(&self, _: usize, _: Range<usize>, _: &mut [f64]) {}
    fn rhs<T: Scalar>(p: &[T], drive: T, y: &[T], dy: &mut [T], b: &mut [T]) {
        let [u, w] = [y[0], y[1]];
        let rate = (u * 0.1).exp() + p[0].exp_m1() + (w * w + 1.0).sqrt().ln();
        b[1] = -rate;
        dy[1] = (u.tanh() - w) * rate;
        let wave = (u.sin() - w.cos()).abs() + u.powi(3) * p[1] / (w.powf(2.0) + 2.0);
        dy[0] = T::select_lt(u, w * p[2], wave, -wave.recip()) + drive - (p[2] - 5.0).exp();
    }
}

fn source(step: FixedStep) -> Source {
    Source::new::<f64, All>("all", &[Some(0.3), None, Some(-2.0)], None, step, Precision::Double).unwrap()
}

#[test]
fn what_is_known_is_computed_and_what_never_changes_stands_in_front() {
    let source = source(FixedStep::RushLarsen);
    let text = source.text();
    // exp(−7) and expm1(.3) are numbers.
    assert!(text.contains(&format!("{:?}", (-7.0_f64).exp())), "{text}");
    assert!(text.contains(&format!("{:?}", 0.3_f64.exp_m1())), "{text}");
    assert_eq!((source.states(), source.own()), (2, 2));
    assert_eq!(text.matches("RELAX(").count(), 1);
    let o = source.operations();
    assert_eq!((o.functions, o.choices), (8, 2), "{o:?}");
    assert!(o.flops() > 12 && o.quotients == 3, "{o:?}");
}

/// What a text prints as a program of C.
fn program(name: &str, text: &str) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = format!("ode-solvers-{name}-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let (file, program) = (folder.join("all.c"), folder.join("all"));
    std::fs::write(&file, text).unwrap();
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let output = Command::new(cc).args(["-O1", "-o"]).args([&program, &file]).arg("-lm").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(&program).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Whoever starts a kernel relies on what its text says of itself.
#[test]
fn a_text_says_which_function_it_is_and_nothing_comes_with_its_name() {
    assert_eq!(source(FixedStep::Euler).steps(), Steps::Fixed);
    let adaptive =
        Source::adaptive::<f64, All>("all", &[None; 3], None, &RODAS3P, Precision::Single).unwrap();
    assert_eq!(adaptive.steps(), Steps::Adaptive);
    for name in ["", "1st", "a-b", "f(long long n) {} void g", "é"] {
        let with = || Source::new::<f64, All>(name, &[None; 3], None, FixedStep::Euler, Precision::Double);
        let refused = std::panic::catch_unwind(with).unwrap_err();
        assert!(refused.downcast_ref::<String>().unwrap().contains("is no name in C"), "{name}");
    }
}

/// Compiled as C, the text does what the equations say.
#[test]
fn c_and_the_equations_agree() {
    let mut results = Vec::new();
    for step in [FixedStep::Euler, FixedStep::RushLarsen] {
        let main = "#include <stdio.h>\nint main(void) { double each[4] = {0.1, -0.2, 1.5, 0.5}, \
                    y[4] = {0.4, -0.3, 0.2, 0.9}; all(2, 50, 0.01, each, y); \
                    for (int k = 0; k < 4; k++) printf(\"%a %.17g\\n\", y[k], y[k]); return 0; }\n";
        let all = format!("{}{}{main}", Source::prelude(Precision::Double), source(step).text());
        let found = program("fixed", &all);
        let found: Vec<f64> = found.lines().map(|l| l.split_once(' ').unwrap().1.parse().unwrap()).collect();
        for m in 0..2 {
            let p = [0.3, [1.5, 0.5][m], -2.0];
            let mut y = [[0.4, -0.3][m], [0.2, 0.9][m]];
            for _ in 0..50 {
                let (mut dy, mut b) = ([0.0; 2], [0.0; 2]);
                All::rhs(&p, [0.1, -0.2][m], &y, &mut dy, &mut b);
                y[0] += 0.01 * dy[0];
                y[1] += dy[1]
                    * match step {
                        FixedStep::Euler => 0.01,
                        FixedStep::RushLarsen => (b[1] * 0.01).exp_m1() / b[1],
                    };
            }
            for i in 0..2 {
                let c = found[i * 2 + m];
                assert!((c - y[i]).abs() < 1e-13 * (1.0 + y[i].abs()), "{step:?}: {c} {}", y[i]);
            }
        }
        results.push(found);
    }
    assert_ne!(results[0], results[1]);
}
