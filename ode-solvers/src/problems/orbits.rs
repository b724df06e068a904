//! Celestial mechanics.

use super::{Description, Problem, TEST_SET, autonomous};
use crate::{Scalar, StateSpace, System};

/// The Pleiades: seven stars in a plane, some of which come close to each other. Not stiff.
///
/// States are the seven x, the seven y, and their velocities in the same order; star `i` has the
/// mass `i`, counted from 1.
#[derive(Debug, Clone, Copy)]
pub struct Pleiades;

autonomous!(Pleiades, 28);

impl Problem for Pleiades {
    fn describe(&self) -> Description {
        Description {
            name: "Pleiades",
            citation: TEST_SET,
            is_stiff: false,
            span: (0.0, 3.0),
            y0: vec![
                3.0, 3.0, -1.0, -3.0, 2.0, -2.0, 2.0, 3.0, -3.0, 2.0, 0.0, 0.0, -4.0, 4.0, 0.0, 0.0, 0.0,
                0.0, 0.0, 1.75, -1.5, 0.0, 0.0, 0.0, -1.25, 1.0, 0.0, 0.0,
            ],
            end: vec![
                0.3706139143970513,
                3.237284092057233,
                -3.2225590324183235,
                0.6597091455775308,
                0.342558170715658,
                1.5621721014006311,
                -0.7003092922212495,
                -3.943437585517392,
                -3.27138097397255,
                5.225081843456544,
                -2.5906124349774693,
                1.1982136933922747,
                -0.24296823449358235,
                1.0914492404289797,
                3.4170038063143147,
                1.3545845016255011,
                -2.5900655978107756,
                2.025053734714241,
                -1.155815100160449,
                -0.8072988170223022,
                0.5952396354208719,
                -3.7412449612340084,
                0.3773459685750629,
                0.9386858869551079,
                0.36679222272005696,
                -0.3474046353808494,
                2.344915448180937,
                -1.947020434263292,
            ],
            precision: 1e-14,
            scale: 1.0,
        }
    }
}

impl<T: Scalar> System<T> for Pleiades {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        const STARS: usize = 7;
        let (positions, velocities) = y.split_at(2 * STARS);
        let (x, y) = positions.split_at(STARS);
        let (slopes, accelerations) = dy.split_at_mut(2 * STARS);
        slopes.copy_from_slice(velocities);
        accelerations.fill(T::from(0.0));
        for i in 0..STARS {
            for j in 0..STARS {
                if i == j {
                    continue;
                }
                let (to_x, to_y) = (x[j] - x[i], y[j] - y[i]);
                let squared = to_x * to_x + to_y * to_y;
                let pull = T::from((j + 1) as f64) / (squared * squared.sqrt());
                accelerations[i] += to_x * pull;
                accelerations[STARS + i] += to_y * pull;
            }
        }
    }
}

/// Arenstorf's orbit: a satellite of earth and moon that comes back to where it was. Not stiff.
///
/// Close passages magnify errors by about ten thousand until the end.
#[derive(Debug, Clone, Copy)]
pub struct Arenstorf;

autonomous!(Arenstorf, 4);

impl Problem for Arenstorf {
    fn describe(&self) -> Description {
        Description {
            name: "Arenstorf",
            citation: "R. Arenstorf, Periodic solutions of the restricted three body problem representing analytic continuations \
                       of Keplerian elliptic motions, Amer. J. Math. 85 (1963) 27-35; \
                       Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I, sec. II.0",
            is_stiff: false,
            span: (0.0, 17.065216560157964),
            y0: vec![0.994, 0.0, 0.0, -2.0015851063790824],
            end: vec![0.994, -4.6383302304987185e-17, -7.587026141040947e-15, -2.001585106379085],
            precision: 1e-14,
            scale: 1.0,
        }
    }
}

impl<T: Scalar> System<T> for Arenstorf {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        const MOON: f64 = 0.012277471;
        const EARTH: f64 = 1.0 - MOON;
        let [x, y, vx, vy] = [y[0], y[1], y[2], y[3]];
        let (from_earth, from_moon) = (x + MOON, x - EARTH);
        let (earth2, moon2) = (from_earth * from_earth + y * y, from_moon * from_moon + y * y);
        let (earth, moon) =
            (T::from(EARTH) / (earth2 * earth2.sqrt()), T::from(MOON) / (moon2 * moon2.sqrt()));
        dy[0] = vx;
        dy[1] = vy;
        dy[2] = x + vy * 2.0 - from_earth * earth - from_moon * moon;
        dy[3] = y - vx * 2.0 - y * earth - y * moon;
    }
}
