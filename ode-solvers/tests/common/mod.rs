//! Problems that several tests integrate.
#![allow(dead_code, reason = "each test uses some of them")]

#[allow(unused_imports, reason = "each test uses some of them")]
pub(crate) use ode_solvers::problems::{Circle, Driven, ProtheroRobinson};
use ode_solvers::{Linearize, Scalar, StateSpace, System};

/// A system behind a pointer, as [`solve`](ode_solvers::solve) has it: what integrates it by a stepper of the test's
/// own is then compiled once for each number type, and over `f64` not at all, since the library has it.
pub(crate) fn erased<'a, T: Scalar>(system: &'a (impl Linearize<T> + 'a)) -> &'a (dyn Linearize<T> + 'a) {
    system
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
