//! Chemical kinetics.

use super::{Description, Problem, TEST_SET, autonomous};
use crate::{Scalar, StateSpace, System};

/// Robertson's reaction: three species over eleven decades of time. The total is conserved.
#[derive(Debug, Clone, Copy)]
pub struct Robertson {
    late: bool,
}

impl Robertson {
    /// To t = 40, where the second species has long reached its quasi-steady state.
    pub const SHORT: Self = Self { late: false };
    /// To t = 10¹¹, the end of the test set. Tiny absolute tolerances keep the species positive.
    pub const LONG: Self = Self { late: true };
}

autonomous!(Robertson, 3);

impl Problem for Robertson {
    fn describe(&self) -> Description {
        let (end, state) = if self.late {
            (100000000000.0, vec![2.0833401497012924e-8, 8.333360770334776e-14, 0.9999999791665152])
        } else {
            (40.0, vec![0.715827068719405, 9.185534764557783e-6, 0.28416374574583037])
        };
        Description {
            name: if self.late { "Robertson" } else { "Robertson, short" },
            citation: "H. Robertson, The solution of a set of reaction rate equations, in: J. Walsh (ed.), \
                       Numerical Analysis, an Introduction, Academic Press 1966, 178-182; Test Set for IVP Solvers",
            is_stiff: true,
            span: (0.0, end),
            y0: vec![1.0, 0.0, 0.0],
            end: state,
            precision: 1e-14,
            scale: 1e-8,
        }
    }
}

impl<T: Scalar> System<T> for Robertson {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let (a, b, c) = (y[0] * 0.04, y[1] * y[2] * 1e4, y[1] * y[1] * 3e7);
        dy[0] = b - a;
        dy[1] = a - b - c;
        dy[2] = c;
    }
}

/// The Oregonator: the Belousov–Zhabotinskii reaction, a relaxation oscillation over six decades.
#[derive(Debug, Clone, Copy)]
pub struct Oregonator;

autonomous!(Oregonator, 3);

impl Problem for Oregonator {
    fn describe(&self) -> Description {
        Description {
            name: "Oregonator",
            citation: TEST_SET,
            is_stiff: true,
            span: (0.0, 360.0),
            y0: vec![1.0, 2.0, 3.0],
            end: vec![1.0008148703185227, 1228.1785215498935, 132.0554942846561],
            precision: 1e-13,
            scale: 1.0,
        }
    }
}

impl<T: Scalar> System<T> for Oregonator {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = (y[1] + y[0] - y[0] * y[1] - y[0] * y[0] * 8.375e-6) * 77.27;
        dy[1] = (y[2] - (y[0] + 1.0) * y[1]) / 77.27;
        dy[2] = (y[0] - y[2]) * 0.161;
    }
}

/// HIRES: the high irradiance response of plants.
#[derive(Debug, Clone, Copy)]
pub struct Hires;

autonomous!(Hires, 8);

impl Problem for Hires {
    fn describe(&self) -> Description {
        Description {
            name: "HIRES",
            citation: TEST_SET,
            is_stiff: true,
            span: (0.0, 321.8122),
            y0: vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057],
            end: vec![
                0.0007371312573325668,
                0.00014424857263161848,
                5.8887297409675765e-5,
                0.0011756513432831493,
                0.002386356198831333,
                0.006238968252742797,
                0.002849998395185776,
                0.0028500016048142243,
            ],
            precision: 1e-14,
            scale: 1e-4,
        }
    }
}

impl<T: Scalar> System<T> for Hires {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = y[0] * -1.71 + y[1] * 0.43 + y[2] * 8.32 + 0.0007;
        dy[1] = y[0] * 1.71 - y[1] * 8.75;
        dy[2] = y[2] * -10.03 + y[3] * 0.43 + y[4] * 0.035;
        dy[3] = y[1] * 8.32 + y[2] * 1.71 - y[3] * 1.12;
        dy[4] = y[4] * -1.745 + y[5] * 0.43 + y[6] * 0.43;
        let bound = y[5] * y[7] * 280.0;
        dy[5] = y[3] * 0.69 + y[4] * 1.71 - y[5] * 0.43 + y[6] * 0.69 - bound;
        dy[6] = bound - y[6] * 1.81;
        dy[7] = -dy[6];
    }
}

/// E5: pyrolysis, with concentrations down to 10⁻²² that still decide about the others.
///
/// The test set has a fourth species, y₂ = y₃ + y₄ exactly. It is eliminated here, so that the
/// states are y₁, y₃ and y₄: with four states the difference between y₂ and y₃, which decides
/// about the late solution, lies below the rounding of a solver in `f64`. The first species is gone
/// long before the end.
#[derive(Debug, Clone, Copy)]
pub struct E5;

autonomous!(E5, 3);

impl Problem for E5 {
    fn describe(&self) -> Description {
        Description {
            name: "E5",
            citation: TEST_SET,
            is_stiff: true,
            span: (0.0, 1e13),
            y0: vec![0.00176, 0.0, 0.0],
            end: vec![2.239274151766169e-239, 8.861233521290979e-23, -1.5928257817479193e-251],
            precision: 1e-13,
            scale: 1e-22,
        }
    }
}

impl<T: Scalar> System<T> for E5 {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let (a, b) = (y[0] * 7.89e-10, y[0] * y[1] * 1.1e7);
        let (c, d) = ((y[1] + y[2]) * y[1] * 1.13e9, y[2] * 1.13e3);
        dy[0] = -a - b;
        dy[1] = a - b - c + d;
        dy[2] = b - d;
    }
}
