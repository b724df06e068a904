//! The weakest pulse that excites a cell, and pulses near it.

use ionic_models::{AnyCell, Stimulus};
use ode_solvers::{Ending, Event, Options, solve_with_events};

use crate::generate::draw_part;
use crate::pulse::{with_amplitude, with_duration};
use crate::random::Stream;
use crate::{Error, Part, Recipe};

/// So many lengths are drawn before a box counts as one without threshold.
const LENGTHS: usize = 64;
/// The threshold is found to this part of the margin.
const FINENESS: f64 = 1.0 / 16.0;

impl Recipe {
    /// Amplitude and length of a pulse that is nearly as strong as the weakest that excites: that of trajectory `index`.
    /// `excited` is the state that tells, and the value above which it does.
    pub(crate) fn near_threshold(
        &self,
        index: usize,
        cell: &mut dyn AnyCell,
        parts: &[Part],
        excited: (usize, f64),
        margin: f64,
        random: &mut Stream,
    ) -> Result<Vec<f64>, Error> {
        let part = draw_part(parts, random).expect("invariant: the check has seen the sides of a first part");
        let [amplitudes, lengths] = &part.ranges[..] else {
            unreachable!("invariant: the check has seen two sides")
        };
        for _ in 0..LENGTHS {
            let length = random.uniform(lengths.low, lengths.high);
            let mut excites = |amplitude| self.excites(index, cell, (amplitude, length), excited);
            if let Some(threshold) = threshold((amplitudes.low, amplitudes.high), margin, &mut excites)? {
                let factor = random.uniform(1.0 - margin, 1.0 + margin);
                return Ok(vec![threshold * factor, length]);
            }
        }
        Err(Error::NoThreshold {
            index,
            lengths: LENGTHS,
            length: (lengths.low, lengths.high),
            amplitude: (amplitudes.low, amplitudes.high),
        })
    }

    /// Whether a state rises above a value after a pulse of this amplitude and length.
    fn excites(
        &self,
        index: usize,
        cell: &mut dyn AnyCell,
        (amplitude, length): (f64, f64),
        (state, above): (usize, f64),
    ) -> Result<bool, Error> {
        let pulse = with_duration(&with_amplitude(&self.model.stimulus, amplitude), length);
        let place = || format!("sampling, trajectory {index}");
        cell.set_stimulus(Stimulus::new(pulse).map_err(Error::model(place()))?);
        let (method, step) = self.integrator.method_and_step();
        let events = [Event::rising(move |_, y| y[state] - above).stop()];
        let (cell, span) = (&*cell, (self.t_start, self.end()));
        let start = cell.initial_state();
        let solution = solve_with_events(cell, method, step, span, start, &Options::end(), &events);
        let solution = solution.map_err(|source| Error::Trajectory {
            index,
            drawn: format!("I_stim={amplitude}, T_stim={length}"),
            source: Box::new(source),
        })?;
        Ok(matches!(solution.ending, Ending::Stopped { .. }))
    }
}

/// Between which two amplitudes excitation begins: their middle, once they are as near as a part of the margin; nothing if
/// both ends excite or neither does.
fn threshold(
    (low, high): (f64, f64),
    margin: f64,
    excites: &mut impl FnMut(f64) -> Result<bool, Error>,
) -> Result<Option<f64>, Error> {
    let (mut silent, mut firing) = match (excites(low)?, excites(high)?) {
        (true, false) => (high, low),
        (false, true) => (low, high),
        _ => return Ok(None),
    };
    loop {
        let middle = 0.5 * silent + 0.5 * firing;
        let near = (firing - silent).abs() <= FINENESS * margin * middle.abs();
        // As near as numbers are: a threshold of 0 has no margin.
        if near || middle == silent || middle == firing {
            return Ok(Some(middle));
        }
        if excites(middle)? { firing = middle } else { silent = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rising and falling, and where there is none.
    #[test]
    fn a_threshold_is_found_from_either_side() {
        for (ends, at) in [((-80.0, -10.0), -25.3), ((0.1, 90.0), 7.7)] {
            let mut tries = 0;
            let found = threshold(ends, 0.05, &mut |a: f64| {
                tries += 1;
                Ok(a.abs() >= f64::abs(at))
            });
            let found = found.unwrap().unwrap();
            assert!((found - at).abs() < 0.05 / 16.0 * at.abs(), "{found} for {at}");
            assert!(tries < 20, "{tries}");
        }
        assert_eq!(threshold((1.0, 2.0), 0.1, &mut |_| Ok(true)).unwrap(), None);
        assert_eq!(threshold((1.0, 2.0), 0.1, &mut |_| Ok(false)).unwrap(), None);
        // At 0, where no margin is small enough.
        let zero = threshold((-1.0, 1.0), 0.1, &mut |a| Ok(a > 0.0)).unwrap().unwrap();
        assert!(zero.abs() < 1e-300);
    }
}
