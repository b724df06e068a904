//! Oscillators, relaxed and otherwise.

use super::{Description, Problem, TEST_SET, autonomous};
use crate::{Scalar, StateSpace, System};

/// Van der Pol's oscillator with μ = 1000: long stiff stretches, and jumps between them.
#[derive(Debug, Clone, Copy)]
pub struct VanDerPol;

autonomous!(VanDerPol, 2);

impl Problem for VanDerPol {
    fn describe(&self) -> Description {
        Description {
            name: "Van der Pol",
            citation: TEST_SET,
            is_stiff: true,
            span: (0.0, 2000.0),
            y0: vec![2.0, 0.0],
            end: vec![1.7061677321704618, -0.0008928097010248202],
            precision: 1e-13,
            scale: 1e-3,
        }
    }
}

impl<T: Scalar> System<T> for VanDerPol {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = y[1];
        dy[1] = (-(y[0] * y[0]) + 1.0) * y[1] * 1000.0 - y[0];
    }
}

/// Van der Pol's oscillator as a singular perturbation, ε = 10⁻⁶: the same orbit in scaled time.
#[derive(Debug, Clone, Copy)]
pub struct VanDerPolScaled;

autonomous!(VanDerPolScaled, 2);

impl Problem for VanDerPolScaled {
    fn describe(&self) -> Description {
        Description {
            name: "Van der Pol, scaled",
            citation: "E. Hairer & G. Wanner, Solving Ordinary Differential Equations II, 2nd ed., Springer 1996, sec. IV.10",
            is_stiff: true,
            span: (0.0, 2.0),
            y0: vec![2.0, -0.66],
            end: vec![1.7061674375431972, -0.8928100165511158],
            precision: 1e-13,
            scale: 1.0,
        }
    }
}

impl<T: Scalar> System<T> for VanDerPolScaled {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = y[1];
        dy[1] = ((-(y[0] * y[0]) + 1.0) * y[1] - y[0]) * 1e6;
    }
}

/// The Brusselator with A = 1 and B = 3: a limit cycle, not stiff.
#[derive(Debug, Clone, Copy)]
pub struct Brusselator;

autonomous!(Brusselator, 2);

impl Problem for Brusselator {
    fn describe(&self) -> Description {
        Description {
            name: "Brusselator",
            citation: "E. Hairer, S. Nørsett & G. Wanner, Solving Ordinary Differential Equations I, 2nd ed., Springer 1993, sec. II.4",
            is_stiff: false,
            span: (0.0, 20.0),
            y0: vec![1.5, 3.0],
            end: vec![0.49863707126834783, 4.596780349452011],
            precision: 1e-15,
            scale: 1.0,
        }
    }
}

impl<T: Scalar> System<T> for Brusselator {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let squared = y[0] * y[0] * y[1];
        dy[0] = squared - y[0] * 4.0 + 1.0;
        dy[1] = y[0] * 3.0 - squared;
    }
}

/// The Brusselator with diffusion along a line, 20 points, α = 1/50: a banded Jacobian.
///
/// States are u₁, v₁, u₂, v₂ and so on; u = 1 and v = 3 at both ends of the line.
#[derive(Debug, Clone, Copy)]
pub struct DiffusiveBrusselator;

const POINTS: usize = 20;

autonomous!(DiffusiveBrusselator, 2 * POINTS);

impl Problem for DiffusiveBrusselator {
    fn describe(&self) -> Description {
        Description {
            name: "Brusselator, diffusive",
            citation: "E. Hairer & G. Wanner, Solving Ordinary Differential Equations II, 2nd ed., Springer 1996, sec. IV.10",
            is_stiff: true,
            span: (0.0, 10.0),
            y0: (1..=POINTS)
                .flat_map(|i| {
                    let x = i as f64 / (POINTS + 1) as f64;
                    [1.0 + (2.0 * core::f64::consts::PI * x).sin(), 3.0]
                })
                .collect(),
            end: vec![
                0.8776530097283114,
                3.154703909060435,
                0.7658928273838256,
                3.2955488200908647,
                0.6712478470947818,
                3.41364326548684,
                0.5958550017513661,
                3.505830090092751,
                0.5386469677140986,
                3.5734511663628186,
                0.4969386018731095,
                3.6204057913837153,
                0.4676720876727646,
                3.651446867541743,
                0.44813203482007224,
                3.6710454230898675,
                0.4362471260013671,
                3.68277084686188,
                0.43066067574770994,
                3.689013042768418,
                0.4307112500402706,
                3.6908875512492303,
                0.43640532716595193,
                3.688219383002253,
                0.44841691838178577,
                3.6795566628454637,
                0.4681131789868518,
                3.6622147859678695,
                0.49756920417095396,
                3.632401031450987,
                0.539488645735679,
                3.5855235488192165,
                0.596889724744696,
                3.516839975568429,
                0.6723805302574573,
                3.4226091121028692,
                0.7669226841236796,
                3.301778439248168,
                0.878294321604292,
                3.157853117242123,
            ],
            precision: 1e-13,
            scale: 1.0,
        }
    }
}

impl<T: Scalar> System<T> for DiffusiveBrusselator {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let spread = 0.02 * ((POINTS + 1) * (POINTS + 1)) as f64;
        let at = |i: usize, outside: f64| y.get(i).copied().unwrap_or(T::from(outside));
        for i in (0..2 * POINTS).step_by(2) {
            let (u, v) = (y[i], y[i + 1]);
            // Wraps beyond the last index on the left end.
            let (u_left, v_left) = (at(i.wrapping_sub(2), 1.0), at(i.wrapping_sub(1), 3.0));
            let (u_right, v_right) = (at(i + 2, 1.0), at(i + 3, 3.0));
            let squared = u * u * v;
            dy[i] = squared - u * 4.0 + 1.0 + (u_left - u * 2.0 + u_right) * spread;
            dy[i + 1] = u * 3.0 - squared + (v_left - v * 2.0 + v_right) * spread;
        }
    }
}
