//! Problems of the Test Set for IVP Solvers, with their end values.

use ode_solvers::{Scalar, StateSpace, System};

/// Initial state, end of the span, state at the end.
pub(crate) type Reference = (Vec<f64>, f64, Vec<f64>);

pub(crate) trait Problem {
    fn reference(&self) -> Reference;
    /// The size below which a state doesn't matter.
    fn scale(&self) -> f64;
}

macro_rules! autonomous {
    ($problem:ty, $dim:literal) => {
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

/// Robertson: chemical kinetics over eleven decades.
pub(crate) struct Robertson {
    pub(crate) end: f64,
}

autonomous!(Robertson, 3);

impl Problem for Robertson {
    fn reference(&self) -> Reference {
        let end = if self.end > 40.0 {
            vec![2.0833401497012924e-08, 8.333360770334776e-14, 0.9999999791665152]
        } else {
            vec![0.715827068719405, 9.185534764557783e-06, 0.28416374574583037]
        };
        (vec![1.0, 0.0, 0.0], self.end, end)
    }
    fn scale(&self) -> f64 {
        1e-8
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

/// Van der Pol, μ = 1000.
pub(crate) struct VanDerPol;

autonomous!(VanDerPol, 2);

impl Problem for VanDerPol {
    fn reference(&self) -> Reference {
        (vec![2.0, 0.0], 2000.0, vec![1.7061677321704618, -0.0008928097010248202])
    }
    fn scale(&self) -> f64 {
        1e-3
    }
}

impl<T: Scalar> System<T> for VanDerPol {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = y[1];
        dy[1] = (-(y[0] * y[0]) + 1.0) * y[1] * 1000.0 - y[0];
    }
}

/// The Oregonator: the Belousov–Zhabotinskii reaction.
pub(crate) struct Oregonator;

autonomous!(Oregonator, 3);

impl Problem for Oregonator {
    fn reference(&self) -> Reference {
        (vec![1.0, 2.0, 3.0], 360.0, vec![1.0008148703185227, 1228.1785215498935, 132.0554942846561])
    }
    fn scale(&self) -> f64 {
        1.0
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
pub(crate) struct Hires;

autonomous!(Hires, 8);

impl Problem for Hires {
    fn reference(&self) -> Reference {
        (
            vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057],
            321.8122,
            vec![
                0.0007371312573325668,
                0.00014424857263161848,
                5.8887297409675765e-05,
                0.0011756513432831493,
                0.002386356198831333,
                0.006238968252742797,
                0.002849998395185776,
                0.0028500016048142243,
            ],
        )
    }
    fn scale(&self) -> f64 {
        1e-4
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

/// The pollution problem: 25 reactions of 20 species.
pub(crate) struct Pollution;

autonomous!(Pollution, 20);

impl Problem for Pollution {
    fn reference(&self) -> Reference {
        let start = vec![
            0.0, 0.2, 0.0, 0.04, 0.0, 0.0, 0.1, 0.3, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.007, 0.0,
            0.0, 0.0,
        ];
        (
            start,
            60.0,
            vec![
                0.05646255480022765,
                0.1342484130422339,
                4.139734331099424e-09,
                0.0055231402074844,
                2.0189772623022169e-07,
                1.464541863493983e-07,
                0.07784249118997964,
                0.3245075353396018,
                0.007494013383880406,
                1.62229315730158e-08,
                1.1358638332570872e-08,
                0.00223050597572136,
                0.00020871628827986297,
                1.3969210168402285e-05,
                0.008964884856898293,
                4.3528463693301346e-18,
                0.006899219696263405,
                0.00010078030373659459,
                1.77214651396998e-06,
                5.682943292316413e-05,
            ],
        )
    }
    fn scale(&self) -> f64 {
        1e-7
    }
}

impl<T: Scalar> System<T> for Pollution {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let r1 = y[0] * 0.35;
        let r2 = y[1] * y[3] * 26.6;
        let r3 = y[4] * y[1] * 12300.0;
        let r4 = y[6] * 0.00086;
        let r5 = y[6] * 0.00082;
        let r6 = y[6] * y[5] * 15000.0;
        let r7 = y[8] * 0.00013;
        let r8 = y[8] * y[5] * 24000.0;
        let r9 = y[10] * y[1] * 16500.0;
        let r10 = y[10] * y[0] * 9000.0;
        let r11 = y[12] * 0.022;
        let r12 = y[9] * y[1] * 12000.0;
        let r13 = y[13] * 1.88;
        let r14 = y[0] * y[5] * 16300.0;
        let r15 = y[2] * 4800000.0;
        let r16 = y[3] * 0.00035;
        let r17 = y[3] * 0.0175;
        let r18 = y[15] * 100000000.0;
        let r19 = y[15] * 444000000000.0;
        let r20 = y[16] * y[5] * 1240.0;
        let r21 = y[18] * 2.1;
        let r22 = y[18] * 5.78;
        let r23 = y[0] * y[3] * 0.0474;
        let r24 = y[18] * y[0] * 1780.0;
        let r25 = y[19] * 3.12;
        dy[0] = r2 + r3 + r9 + r11 + r12 + r22 + r25 - r1 - r10 - r14 - r23 - r24;
        dy[1] = r1 + r21 - r2 - r3 - r9 - r12;
        dy[2] = r1 + r17 + r19 + r22 - r15;
        dy[3] = r15 - r2 - r16 - r17 - r23;
        dy[4] = r4 * 2.0 + r6 + r7 + r13 + r20 - r3;
        dy[5] = r3 + r18 * 2.0 - r6 - r8 - r14 - r20;
        dy[6] = r13 - r4 - r5 - r6;
        dy[7] = r4 + r5 + r6 + r7;
        dy[8] = -r7 - r8;
        dy[9] = r7 + r9 - r12;
        dy[10] = r8 + r11 - r9 - r10;
        dy[11] = r9;
        dy[12] = r10 - r11;
        dy[13] = r12 - r13;
        dy[14] = r14;
        dy[15] = r16 - r18 - r19;
        dy[16] = -r20;
        dy[17] = r20;
        dy[18] = r23 + r25 - r21 - r22 - r24;
        dy[19] = r24 - r25;
    }
}
