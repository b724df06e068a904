//! Chemistry of the air.

use super::{Description, Problem, TEST_SET, autonomous};
use crate::{Scalar, StateSpace, System};

/// The pollution problem: 25 reactions of 20 species.
#[derive(Debug, Clone, Copy)]
pub struct Pollution;

autonomous!(Pollution, 20);

impl Problem for Pollution {
    fn describe(&self) -> Description {
        Description {
            name: "Pollution",
            citation: TEST_SET,
            is_stiff: true,
            span: (0.0, 60.0),
            y0: vec![
                0.0, 0.2, 0.0, 0.04, 0.0, 0.0, 0.1, 0.3, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.007, 0.0,
                0.0, 0.0,
            ],
            end: vec![
                0.05646255480022765,
                0.1342484130422339,
                4.139734331099424e-9,
                0.0055231402074844,
                2.0189772623022169e-7,
                1.464541863493983e-7,
                0.07784249118997964,
                0.3245075353396018,
                0.007494013383880406,
                1.62229315730158e-8,
                1.1358638332570872e-8,
                0.00223050597572136,
                0.00020871628827986297,
                1.3969210168402285e-5,
                0.008964884856898293,
                4.3528463693301346e-18,
                0.006899219696263405,
                0.00010078030373659459,
                1.77214651396998e-6,
                5.682943292316413e-5,
            ],
            precision: 1e-12,
            scale: 1e-7,
        }
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
