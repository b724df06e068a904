//! Public test problems, with the state at the end of each.
//!
//! What solvers are compared with: the problems of the Test Set for IVP Solvers and of Hairer, Nørsett
//! & Wanner's books that are ordinary differential equations of moderate size, and some whose
//! solution is a formula.
//!
//! ```
//! use ode_solvers::problems::{Hires, Problem};
//! use ode_solvers::{Method, Options, StepSize, Tolerance, solve};
//!
//! let hires = Hires.describe();
//! let step = StepSize::Adaptive(Tolerance::new(1e-8, 1e-8 * hires.scale));
//! let solution = solve(&Hires, Method::Rodas5P, step, hires.span, &hires.y0, &Options::end())?;
//! assert!(hires.error(solution.last(), 1e-8) < 10.0);
//! # Ok::<(), ode_solvers::SolveError>(())
//! ```
//!
//! # Where the numbers come from
//!
//! Equations: Test Set for IVP Solvers, release 2.4 (F. Mazzia & C. Magherini, University of Bari,
//! <https://archimede.uniba.it/~testset/>) where the citation is that set, otherwise the book or
//! article that is cited. End states were computed in binary128 with Hairer's RADAU5 (stiff) or
//! DOPRI5 at relative tolerances of 10⁻¹² (ring modulator) to 10⁻¹⁹, and rounded to `f64`. They
//! agree with the published ones to the digits that those have; where the published state of E5
//! breaks the law y₂ = y₃ + y₄ in its fourth digit, these keep it.

mod chemistry;
mod circuit;
mod exact;
mod orbits;
mod oscillators;
mod pollution;

pub use chemistry::{E5, Hires, Oregonator, Robertson};
pub use circuit::RingModulator;
pub use exact::{Circle, Driven, Kaps, ProtheroRobinson};
pub use orbits::{Arenstorf, Pleiades};
pub use oscillators::{Brusselator, DiffusiveBrusselator, VanDerPol, VanDerPolScaled};
pub use pollution::Pollution;

use crate::Linearize;

const TEST_SET: &str = "F. Mazzia & C. Magherini, Test Set for Initial Value Problem Solvers, release 2.4, \
                        University of Bari 2008, https://archimede.uniba.it/~testset/";

/// A problem with a known end.
pub trait Problem: Linearize {
    /// Everything but the equations.
    fn describe(&self) -> Description;
}

/// A problem without its equations.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Description {
    /// What people call it.
    pub name: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// Whether it is stiff.
    pub is_stiff: bool,
    /// From when to when.
    pub span: (f64, f64),
    /// The state at the start.
    pub y0: Vec<f64>,
    /// The state at the end.
    pub end: Vec<f64>,
    /// How precise `end` is, relative to its entries, or to `scale` where they are smaller.
    pub precision: f64,
    /// The size below which a state doesn't matter: `rtol · scale` is an absolute tolerance that
    /// fits to the relative tolerance `rtol`.
    pub scale: f64,
}

impl Description {
    /// How far `y` is from the end: the largest `|yᵢ − endᵢ| / (rtol · (scale + |endᵢ|))` of all
    /// states (the weighted maximum norm). 1 is an error as large as the tolerance of one step.
    ///
    /// Infinite if `y` has the wrong length; NaN if a number in it is.
    pub fn error(&self, y: &[f64], rtol: f64) -> f64 {
        if y.len() != self.end.len() {
            return f64::INFINITY;
        }
        let scaled = |(y, e): (&f64, &f64)| (y - e).abs() / (rtol * (self.scale + e.abs()));
        y.iter().zip(&self.end).map(scaled).fold(0.0, |a, b| if b <= a || f64::is_nan(a) { a } else { b })
    }
}

/// All problems, the stiff ones first.
pub fn all() -> Vec<Box<dyn Problem>> {
    vec![
        Box::new(Robertson::SHORT),
        Box::new(Robertson::LONG),
        Box::new(Oregonator),
        Box::new(Hires),
        Box::new(E5),
        Box::new(Pollution),
        Box::new(VanDerPol),
        Box::new(VanDerPolScaled),
        Box::new(DiffusiveBrusselator),
        Box::new(RingModulator),
        Box::new(Kaps { mu: 1e6 }),
        Box::new(ProtheroRobinson { lambda: -1e6 }),
        Box::new(Brusselator),
        Box::new(Pleiades),
        Box::new(Arenstorf),
        Box::new(Circle),
        Box::new(Driven),
    ]
}

/// What a problem without time in its equations is.
macro_rules! autonomous {
    ($problem:ty, $dim:expr) => {
        impl StateSpace for $problem {
            fn dim(&self) -> usize {
                $dim
            }
            fn is_autonomous(&self) -> bool {
                true
            }
        }
    };
}
use autonomous;
