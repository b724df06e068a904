//! Problems that several tests integrate.
#![allow(dead_code, reason = "each test uses some of them")]

pub(crate) mod problems;

use ode_solvers::{Scalar, StateSpace, System};

/// Once round the circle, and e to the height: y = (cos t, sin t, e^(sin t)) exactly.
pub(crate) struct Circle;

impl Circle {
    pub(crate) fn exact(t: f64) -> Vec<f64> {
        vec![t.cos(), t.sin(), t.sin().exp()]
    }
}

impl StateSpace for Circle {
    fn dim(&self) -> usize {
        3
    }
    fn is_autonomous(&self) -> bool {
        true
    }
}

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
pub(crate) struct Driven;

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
    pub(crate) fn exact(t: f64) -> Vec<f64> {
        vec![t.cos(), t.sin().exp()]
    }
}

/// Prothero & Robinson: y' = λ(y − φ) + φ', φ = sin(π/4 + t); y = φ exactly.
pub(crate) struct ProtheroRobinson {
    pub(crate) lambda: f64,
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

/// Hodgkin & Huxley's axon in the modern form: V in mV (rest −65), gates m, h, n, time in ms, a
/// constant current of 10 µA/cm².
pub(crate) struct HodgkinHuxley;

impl StateSpace for HodgkinHuxley {
    fn dim(&self) -> usize {
        4
    }
    fn state_name(&self, i: usize) -> String {
        ["V", "m", "h", "n"][i].to_owned()
    }
    fn is_autonomous(&self) -> bool {
        true
    }
}

/// x / (1 − e^(−x)), also near 0.
fn ramp<T: Scalar>(x: T) -> T {
    let small = T::select_lt(x.abs(), T::from(1e-6), T::from(1.0), x);
    T::select_lt(x.abs(), T::from(1e-6), x * 0.5 + 1.0, -small / (-small).exp_m1())
}

impl<T: Scalar> System<T> for HodgkinHuxley {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        let mut b = [T::default(); 4];
        self.rhs_and_rates(t, y, dy, &mut b);
    }

    fn rhs_and_rates(&self, _t: f64, y: &[T], dy: &mut [T], b: &mut [T]) {
        let [v, m, h, n] = [y[0], y[1], y[2], y[3]];
        let (alpha_m, beta_m) = (ramp((v + 40.0) * 0.1), (-(v + 65.0) / 18.0).exp() * 4.0);
        let (alpha_h, beta_h) =
            ((-(v + 65.0) * 0.05).exp() * 0.07, ((-(v + 35.0) * 0.1).exp() + 1.0).recip());
        let (alpha_n, beta_n) = (ramp((v + 55.0) * 0.1) * 0.1, (-(v + 65.0) / 80.0).exp() * 0.125);
        let sodium = m.powi(3) * h * (v - 50.0) * 120.0;
        let potassium = n.powi(4) * (v + 77.0) * 36.0;
        let leak = (v + 54.4) * 0.3;
        dy[0] = -(sodium + potassium + leak) + 10.0;
        b[0] = T::from(0.0);
        for (i, (alpha, beta)) in
            [(alpha_m, beta_m), (alpha_h, beta_h), (alpha_n, beta_n)].into_iter().enumerate()
        {
            dy[i + 1] = alpha - (alpha + beta) * y[i + 1];
            b[i + 1] = -(alpha + beta);
        }
    }
}
