//! Problems whose solution is a formula.

use super::{Description, Problem, autonomous};
use crate::{Scalar, StateSpace, System};

/// Once round the circle, and e to the height: y = (cos t, sin t, e^(sin t)) exactly.
#[derive(Debug, Clone, Copy)]
pub struct Circle;

impl Circle {
    /// The state at `t`.
    pub fn exact(t: f64) -> Vec<f64> {
        vec![t.cos(), t.sin(), t.sin().exp()]
    }
}

autonomous!(Circle, 3);

impl<T: Scalar> System<T> for Circle {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let r2 = y[0] * y[0] + y[1] * y[1];
        dy[0] = -y[1] * r2;
        dy[1] = y[0] * r2;
        dy[2] = y[2] * y[0];
    }

    fn rhs_and_rates(&self, t: f64, y: &[T], dy: &mut [T], b: &mut [T]) {
        self.rhs(t, y, dy);
        b.copy_from_slice(&[T::from(0.0), T::from(0.0), y[0]]);
    }
}

/// Depends on time and on the state: y = (cos t, e^(sin t)) exactly.
#[derive(Debug, Clone, Copy)]
pub struct Driven;

impl StateSpace for Driven {
    fn dim(&self) -> usize {
        2
    }
}

impl<T: Scalar> System<T> for Driven {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        let (s, c) = t.sin_cos();
        dy[0] = y[1] * -s / s.exp() + (y[0] - c) * (y[0] - c) - (y[0] - c);
        dy[1] = y[1] * y[0];
    }
}

impl Driven {
    /// The state at `t`.
    pub fn exact(t: f64) -> Vec<f64> {
        vec![t.cos(), t.sin().exp()]
    }
}

/// Prothero & Robinson's: y' = λ(y − φ) + φ', φ = sin(π/4 + t); y = φ exactly. The more negative λ,
/// the stiffer, and the more methods lose their order.
#[derive(Debug, Clone, Copy)]
pub struct ProtheroRobinson {
    /// λ.
    pub lambda: f64,
}

impl ProtheroRobinson {
    /// The state at `t`.
    pub fn exact(t: f64) -> Vec<f64> {
        vec![(core::f64::consts::FRAC_PI_4 + t).sin()]
    }
}

impl StateSpace for ProtheroRobinson {
    fn dim(&self) -> usize {
        1
    }
}

impl<T: Scalar> System<T> for ProtheroRobinson {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        let (s, c) = (core::f64::consts::FRAC_PI_4 + t).sin_cos();
        dy[0] = (y[0] - s) * self.lambda + c;
    }
}

/// Kaps' problem: stiff for large μ, nonlinear, and y = (e^(−2t), e^(−t)) exactly.
#[derive(Debug, Clone, Copy)]
pub struct Kaps {
    /// μ.
    pub mu: f64,
}

impl Kaps {
    /// The state at `t`.
    pub fn exact(t: f64) -> Vec<f64> {
        vec![(-2.0 * t).exp(), (-t).exp()]
    }
}

autonomous!(Kaps, 2);

impl<T: Scalar> System<T> for Kaps {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let squared = y[1] * y[1];
        dy[0] = (squared - y[0]) * self.mu - y[0] * 2.0;
        dy[1] = y[0] - y[1] - squared;
    }
}

/// The description of a problem that is known at all times.
macro_rules! known {
    ($problem:ty, $name:literal, $is_stiff:expr, $end:literal, $citation:literal) => {
        impl Problem for $problem {
            fn describe(&self) -> Description {
                Description {
                    name: $name,
                    citation: $citation,
                    is_stiff: $is_stiff,
                    span: (0.0, $end),
                    y0: <$problem>::exact(0.0),
                    end: <$problem>::exact($end),
                    precision: 1e-15,
                    scale: 1.0,
                }
            }
        }
    };
}

known!(Circle, "Circle", false, 20.0, "this crate: the simplest that every explicit method can do");
known!(Driven, "Driven", false, 10.0, "this crate: the simplest in which time enters");
known!(
    ProtheroRobinson,
    "Prothero–Robinson",
    true,
    10.0,
    "A. Prothero & A. Robinson, On the stability and accuracy of one-step methods for solving stiff systems of \
     ordinary differential equations, Math. Comp. 28 (1974) 145-162, doi:10.1090/S0025-5718-1974-0331793-2"
);
known!(
    Kaps,
    "Kaps",
    true,
    1.0,
    "P. Kaps, The Rosenbrock-type methods, in: R. Jeltsch & G. Dahlquist (eds.), Numerical Methods for Solving \
     Stiff Initial Value Problems, RWTH Aachen 1981"
);
