//! Equations as C: the loop over fixed steps of many small systems, for a compiler that is not ours.

mod writer;

use core::marker::PhantomData;

use self::writer::Writer;
use crate::tape::{Expr, expr};
use crate::{Columns, Element, StateSpace, System};

/// The numbers that the text computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// `float`.
    Single,
    /// `double`.
    Double,
}

/// How a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FixedStep {
    /// y + h f.
    Euler,
    /// y + h φ(b h) f, φ(z) = (eᶻ − 1)/z, where the equations give a rate b; Euler elsewhere.
    RushLarsen,
}

/// What a member does in one step, as it is written: a compiler may merge products with sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Operations {
    /// Sums and differences.
    pub sums: usize,
    /// Products.
    pub products: usize,
    /// Quotients.
    pub quotients: usize,
    /// exp, ln, powers, tanh and the like.
    pub functions: usize,
    /// Choices between two numbers, and absolute values.
    pub choices: usize,
}

/// C text of a function that takes fixed steps with many members.
///
/// After the [`prelude`](Source::prelude) it compiles as C, where it is a loop over members, and as CUDA,
/// where it is a kernel for any grid of threads:
///
/// ```text
/// void NAME(long long n, long long steps, REAL dt, const REAL *each, REAL *y);
/// ```
///
/// `y` holds the states column by column, state `i` of member `m` at `y[i * n + m]`, as
/// [`march_columns`](crate::march_columns) has them; `each` likewise holds what members have of their
/// own: the drive, then the parameters that no number was given for.
///
/// ```
/// use ode_solvers::tape::{FixedStep, Precision, Source};
/// use ode_solvers::{Columns, Scalar};
/// use std::ops::Range;
///
/// struct Decay;
/// impl Columns<f64> for Decay {
///     const STATES: usize = 1;
///     const PARAMETERS: usize = 1;
///     fn len(&self) -> usize { 0 }
///     fn parameter(&self, _: usize, _: Range<usize>, _: &mut [f64]) {}
///     fn rhs<T: Scalar>(p: &[T], drive: T, y: &[T], dy: &mut [T], _b: &mut [T]) {
///         dy[0] = drive - y[0] * p[0];
///     }
/// }
///
/// let source = Source::new::<f64, Decay>("decay", &[Some(0.5)], Some(0.0), FixedStep::Euler, Precision::Double);
/// let source = source.expect("nothing else is written down");
/// assert!(source.text().contains("MARCH decay(") && source.text().contains("y0 * 0.5"));
/// assert_eq!((source.states(), source.own()), (1, 0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    precision: Precision,
    text: String,
    states: usize,
    own: usize,
    operations: Operations,
}

/// The equations with rates, over states, drive and parameters.
struct Written<'a, E, S> {
    parameters: &'a [Option<f64>],
    drive: Option<f64>,
    system: PhantomData<fn() -> (E, S)>,
}

impl<E: Element, S: Columns<E>> StateSpace for Written<'_, E, S> {
    /// Room for states, drive and parameters, and for slopes and rates.
    fn dim(&self) -> usize {
        (2 * S::STATES).max(S::STATES + 1 + S::PARAMETERS)
    }
}

impl<E: Element, S: Columns<E>> System<Expr> for Written<'_, E, S> {
    fn rhs(&self, _: f64, y: &[Expr], dy: &mut [Expr]) {
        let n = S::STATES;
        let given = |known: Option<f64>, place: usize| known.map_or(y[place], Expr::from);
        let drive = given(self.drive, n);
        let p: Vec<Expr> =
            self.parameters.iter().enumerate().map(|(k, known)| given(*known, n + 1 + k)).collect();
        let mut b = vec![Expr::from(0.0); n];
        S::rhs(&p, drive, &y[..n], &mut dy[..n], &mut b);
        dy[n..2 * n].copy_from_slice(&b);
    }
}

impl Source {
    /// Writes the function `name` for a system. `parameters` and `drive` have the numbers that are the
    /// same for all members and become part of the text; `None` stands for one that each member has of
    /// its own. Nothing if this thread is writing down equations just now.
    ///
    /// # Panics
    /// If there is not one entry for each parameter.
    pub fn new<E: Element, S: Columns<E>>(
        name: &str,
        parameters: &[Option<f64>],
        drive: Option<f64>,
        step: FixedStep,
        precision: Precision,
    ) -> Option<Self> {
        assert_eq!(parameters.len(), S::PARAMETERS, "an entry for each parameter");
        let trace = expr::record(&Written::<E, S> { parameters, drive, system: PhantomData }, 0.0)?;
        let n = S::STATES;
        // The place of each input that is no state among those that members have of their own.
        let own: Vec<usize> = drive
            .is_none()
            .then_some(n)
            .into_iter()
            .chain((0..parameters.len()).filter(|&k| parameters[k].is_none()).map(|k| n + 1 + k))
            .collect();
        let mut writer = Writer::new(&trace, n, &own, precision);
        writer.step(step);
        Some(Self {
            name: name.to_owned(),
            precision,
            text: writer.function(name, own.len()),
            states: n,
            own: own.len(),
            operations: writer.operations,
        })
    }

    /// What the functions of a text need, once in front of them.
    pub fn prelude(precision: Precision) -> &'static str {
        match precision {
            Precision::Single => concat!(
                "#define REAL float\n#define EXP_MOST 88.0f\n#define LITERAL(x) x##f\n",
                "#define F(name) name##f\n",
                include_str!("source.h")
            ),
            Precision::Double => concat!(
                "#define REAL double\n#define EXP_MOST 709.0\n#define LITERAL(x) x\n",
                "#define F(name) name\n",
                include_str!("source.h")
            ),
        }
    }

    /// The name of the function.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its numbers.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The function, without [`prelude`](Source::prelude).
    pub fn text(&self) -> &str {
        &self.text
    }

    /// States of a member.
    pub fn states(&self) -> usize {
        self.states
    }

    /// Numbers that each member has of its own beside its state.
    pub fn own(&self) -> usize {
        self.own
    }

    /// What a member does in one step.
    pub fn operations(&self) -> Operations {
        self.operations
    }
}

impl Operations {
    /// Sums and products together.
    pub fn flops(&self) -> usize {
        self.sums + self.products
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scalar;
    use core::ops::Range;

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

    /// Compiled as C, the text does what the equations say.
    #[test]
    fn c_and_the_equations_agree() {
        let folder = std::env::temp_dir().join(format!("ode-solvers-source-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (text, program) = (folder.join("all.c"), folder.join("all"));
        let mut results = Vec::new();
        for step in [FixedStep::Euler, FixedStep::RushLarsen] {
            let main = "#include <stdio.h>\nint main(void) { double each[4] = {0.1, -0.2, 1.5, 0.5}, \
                        y[4] = {0.4, -0.3, 0.2, 0.9}; all(2, 50, 0.01, each, y); \
                        for (int k = 0; k < 4; k++) printf(\"%a %.17g\\n\", y[k], y[k]); return 0; }\n";
            let all = format!("{}{}{main}", Source::prelude(Precision::Double), source(step).text());
            std::fs::write(&text, all).unwrap();
            let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
            let mut compile = std::process::Command::new(cc);
            let output = compile.args(["-O1", "-o"]).args([&program, &text]).arg("-lm").output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let output = std::process::Command::new(&program).output().unwrap();
            let found = String::from_utf8(output.stdout).unwrap();
            let found: Vec<f64> =
                found.lines().map(|l| l.split_once(' ').unwrap().1.parse().unwrap()).collect();
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
        std::fs::remove_dir_all(&folder).unwrap();
        assert_ne!(results[0], results[1]);
    }
}
