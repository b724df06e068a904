//! Equations as C: loops over steps of many small systems, for a compiler that is not ours.

mod adaptive;
mod attempt;
mod equations;
mod error;
mod march;

use core::marker::PhantomData;
use core::ops::Add;

pub use self::error::NotWritten;
use crate::tableau::RosenbrockTableau;
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

/// Which of the two functions a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Steps {
    /// That of [`Source::new`].
    Fixed,
    /// That of [`Source::adaptive`].
    Adaptive,
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
    steps: Steps,
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

/// Whoever runs a text relies on it: a name must not bring text of its own.
fn check<E: Element, S: Columns<E>>(name: &str, parameters: &[Option<f64>]) {
    assert_eq!(parameters.len(), S::PARAMETERS, "an entry for each parameter");
    let starts = name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    let goes_on = name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    assert!(starts && goes_on, "`{name}` is no name in C: take letters, digits and underscores");
}

impl Source {
    /// Writes the function `name` for a system. `parameters` and `drive` have the numbers that are the
    /// same for all members and become part of the text; `None` stands for one that each member has of
    /// its own. Nothing if this thread is writing down equations just now.
    ///
    /// # Panics
    /// If there is not one entry for each parameter, or if the name is no name in C.
    pub fn new<E: Element, S: Columns<E>>(
        name: &str,
        parameters: &[Option<f64>],
        drive: Option<f64>,
        step: FixedStep,
        precision: Precision,
    ) -> Option<Self> {
        check::<E, S>(name, parameters);
        let trace = expr::record(&Written::<E, S> { parameters, drive, system: PhantomData }, 0.0)?;
        let n = S::STATES;
        // The place of each input that is no state among those that members have of their own.
        let own: Vec<usize> = drive
            .is_none()
            .then_some(n)
            .into_iter()
            .chain((0..parameters.len()).filter(|&k| parameters[k].is_none()).map(|k| n + 1 + k))
            .collect();
        let (text, operations) = march::write(name, &trace, n, &own, step, precision);
        let own = own.len();
        let (name, steps) = (name.to_owned(), Steps::Fixed);
        Some(Self { name, steps, precision, text, states: n, own, operations })
    }

    /// Writes the function `name` that takes adaptive steps of a Rosenbrock method, for a system with
    /// `parameters` and `drive` as [`new`](Self::new) has them. Its signature is another:
    ///
    /// ```text
    /// void NAME(long long n, long long stretches, const double *edges, const REAL *levels, REAL rtol,
    ///           const REAL *atol, int most, const REAL *each, REAL *y, double *reached, int *report);
    /// ```
    ///
    /// Every member goes from `edges[0]` to `edges[stretches]` with steps of its own, and ends one at
    /// each edge between: nothing is ever stepped over. Edges rise and are the same for all. In stretch
    /// `k`, from edge `k` to the next, the drive is `levels[k]` times the number that a member has of its
    /// own, so that members differ in how strong pulses are and not in when they come; where the drive is
    /// known, levels are not read. Drives that change within a stretch are not for this function.
    ///
    /// A step is judged as the solvers do: by the root mean square of errors over `atol[i] + rtol |y|`, with
    /// [`Controller::PI`](crate::Controller::PI), and anew after each edge. The Jacobian is exact and new in every
    /// step, and factorised without pivoting; a factorisation that the first stage finds bad makes the step shorter.
    /// `most` bounds the tries of each member.
    ///
    /// `reached` has the time up to which `y` holds; `report` has three columns: 0 for a member that came to
    /// the end, or why not (1: `most` tries, 2: steps too short for numbers, 3: a state or slope that is not finite),
    /// then its steps, then the tries that were thrown away. A member that ends early keeps the state of its last
    /// good step.
    ///
    /// **Time** is `double` in both precisions: it enters no equation, only the way to the next edge, and
    /// that costs two operations a step. In `float` a step of 10⁻⁷ of the time would be lost. The state is rounded
    /// in every step: in `float`, relative tolerances below 10⁻⁶ ask for digits that are not there, and end in many
    /// short steps.
    ///
    /// **Which method?** Stages that stand at the same place share their slopes:
    /// [`RODAS3P`](crate::tableau::RODAS3P) has five stages and three evaluations, is L-stable, and of order 3.
    /// [`RODAS4`](crate::tableau::RODAS4) and [`RODAS5P`](crate::tableau::RODAS5P) gain at tight tolerances.
    ///
    /// ```
    /// use ode_solvers::tableau::RODAS3P;
    /// use ode_solvers::tape::{Precision, Source};
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
    /// let source = Source::adaptive::<f64, Decay>("decay", &[None], None, &RODAS3P, Precision::Single)?;
    /// assert!(source.text().contains("own0 = levels[stretch] * amplitude"));
    /// assert_eq!((source.states(), source.own()), (1, 2));
    /// # Ok::<(), ode_solvers::tape::NotWritten>(())
    /// ```
    ///
    /// # Errors
    /// See [`NotWritten`].
    ///
    /// # Panics
    /// If there is not one entry for each parameter, or if the name is no name in C.
    pub fn adaptive<E: Element, S: Columns<E>>(
        name: &str,
        parameters: &[Option<f64>],
        drive: Option<f64>,
        tableau: &RosenbrockTableau,
        precision: Precision,
    ) -> Result<Self, NotWritten> {
        check::<E, S>(name, parameters);
        let (trace, layout) = attempt::record::<E, S>(parameters, drive, tableau)?;
        let (text, operations) = adaptive::write(name, &trace, layout, drive.is_none(), tableau, precision);
        let (name, steps) = (name.to_owned(), Steps::Adaptive);
        Ok(Self { name, steps, precision, text, states: layout.states, own: layout.own, operations })
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

    /// Which function it is.
    pub fn steps(&self) -> Steps {
        self.steps
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

    /// What a member does in one step, or in one try of it.
    pub fn operations(&self) -> Operations {
        self.operations
    }
}

impl Add for Operations {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self {
            sums: self.sums + o.sums,
            products: self.products + o.products,
            quotients: self.quotients + o.quotients,
            functions: self.functions + o.functions,
            choices: self.choices + o.choices,
        }
    }
}

impl Operations {
    /// Sums and products together.
    pub fn flops(&self) -> usize {
        self.sums + self.products
    }
}
