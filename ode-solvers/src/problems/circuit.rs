//! An electrical circuit.

use super::{Description, Problem, TEST_SET};
use crate::{Scalar, StateSpace, System};

/// The ring modulator: a circuit of four diodes that mixes a low and a high frequency. Stiff,
/// driven, and very oscillatory: about 10⁵ steps at a relative tolerance of 10⁻⁸.
#[derive(Debug, Clone, Copy)]
pub struct RingModulator;

impl StateSpace for RingModulator {
    fn dim(&self) -> usize {
        15
    }
}

impl Problem for RingModulator {
    fn describe(&self) -> Description {
        Description {
            name: "Ring modulator",
            citation: TEST_SET,
            is_stiff: true,
            span: (0.0, 0.001),
            y0: vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            end: vec![
                -0.023390573584452398,
                -0.007367485486094673,
                0.2582956716659459,
                -0.40644657139204704,
                -0.40394556577879054,
                0.2607966772792024,
                0.11067618612732984,
                2.939904342433138e-7,
                -2.8400299330801004e-8,
                0.0007267198267256633,
                0.0007929487197058057,
                -0.0007255283495800783,
                -0.0007941401968513907,
                7.088495416875313e-5,
                2.3900590752776004e-5,
            ],
            precision: 1e-9,
            scale: 1e-5,
        }
    }
}

/// The current through a diode.
fn diode<T: Scalar>(voltage: T) -> T {
    (voltage * 17.749_333_2).exp_m1() * 4.067_286_402e-8
}

impl<T: Scalar> System<T> for RingModulator {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        const C: f64 = 1.6e-8;
        const C_S: f64 = 2e-12;
        const C_P: f64 = 1e-8;
        const L_H: f64 = 4.45;
        const L_S1: f64 = 0.002;
        const L_S2: f64 = 5e-4;
        const L_S3: f64 = 5e-4;
        let low = 0.5 * (2000.0 * core::f64::consts::PI * t).sin();
        let high = 2.0 * (20_000.0 * core::f64::consts::PI * t).sin();
        let q1 = diode(y[2] - y[4] - y[6] - high);
        let q2 = diode(y[5] - y[3] - y[6] - high);
        let q3 = diode(y[3] + y[4] + y[6] + high);
        let q4 = diode(y[6] - y[2] - y[5] + high);
        dy[0] = (y[7] - y[9] * 0.5 + y[10] * 0.5 + y[13] - y[0] / 25_000.0) / C;
        dy[1] = (y[8] - y[11] * 0.5 + y[12] * 0.5 + y[14] - y[1] / 25_000.0) / C;
        dy[2] = (y[9] - q1 + q4) / C_S;
        dy[3] = (q2 - y[10] - q3) / C_S;
        dy[4] = (y[11] + q1 - q3) / C_S;
        dy[5] = (q4 - y[12] - q2) / C_S;
        dy[6] = (q1 - y[6] / 50.0 + q2 - q3 - q4) / C_P;
        dy[7] = -y[0] / L_H;
        dy[8] = -y[1] / L_H;
        dy[9] = (y[0] * 0.5 - y[2] - y[9] * 17.3) / L_S2;
        dy[10] = (y[3] - y[0] * 0.5 - y[10] * 17.3) / L_S3;
        dy[11] = (y[1] * 0.5 - y[4] - y[11] * 17.3) / L_S2;
        dy[12] = (y[5] - y[1] * 0.5 - y[12] * 17.3) / L_S3;
        dy[13] = (-y[0] + low - y[13] * 86.3) / L_S1;
        dy[14] = (-y[1] - y[14] * 636.3) / L_S1;
    }
}
