//! For how long a Jacobian serves.

use crate::Step;

/// With an old Jacobian a step this much shorter than the one before it was made so by the error.
const SHORTER: f64 = 0.95;

/// The Jacobian of a method that may keep it, and the factors made from it.
///
/// What the step-size control finds out about an old Jacobian it says by the steps that it asks for: a
/// step that starts where the last one did follows a rejection, and one that is shorter follows an error
/// that has grown. In both cases a new Jacobian is taken.
#[derive(Debug)]
pub(crate) struct Reuse {
    /// The largest number of steps.
    steps: u32,
    /// Where it was taken, if it is valid.
    taken: Option<f64>,
    /// The steps that it has served, without those tried again.
    served: u32,
    /// Start and length of the latest step.
    latest: (f64, f64),
    /// The diagonal that the factors were made with, if they are valid.
    diagonal: Option<f64>,
}

impl Default for Reuse {
    fn default() -> Self {
        Self::for_steps(1)
    }
}

impl Reuse {
    /// For up to so many steps.
    pub(crate) fn for_steps(steps: u32) -> Self {
        Self { steps, taken: None, served: 0, latest: (f64::NAN, f64::NAN), diagonal: None }
    }

    /// Whether there is a Jacobian that is good enough for this step. `exact`: an old one is not.
    pub(crate) fn serves(&mut self, step: Step, exact: bool) -> bool {
        let (t, dt) = core::mem::replace(&mut self.latest, (step.t, step.dt));
        let Some(taken) = self.taken else { return false };
        if taken == step.t {
            return true;
        }
        self.served = self.served.saturating_add(1);
        !exact && self.served < self.steps && step.t != t && step.dt >= SHORTER * dt
    }

    /// A new one was taken.
    pub(crate) fn taken(&mut self, t: f64) {
        (self.taken, self.served, self.diagonal) = (Some(t), 0, None);
    }

    /// Whether the factors are those of this diagonal.
    pub(crate) fn is_factorised(&self, diagonal: f64) -> bool {
        self.diagonal == Some(diagonal)
    }

    /// The factors were made.
    pub(crate) fn factorised(&mut self, diagonal: f64) {
        self.diagonal = Some(diagonal);
    }

    /// Nothing is valid any more.
    pub(crate) fn forget(&mut self) {
        *self = Self::for_steps(self.steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jacobian_serves_until_it_is_too_old_or_the_error_speaks_against_it() {
        let mut reuse = Reuse::for_steps(3);
        let serves = |reuse: &mut Reuse, t: f64, dt: f64, exact| {
            let serves = reuse.serves(Step::new(t, dt), exact);
            if !serves {
                reuse.taken(t);
                reuse.factorised(1.0 / dt);
            }
            serves
        };
        assert!(!serves(&mut reuse, 0.0, 1.0, false));
        // Rejected with a new Jacobian: it is not to blame.
        assert!(serves(&mut reuse, 0.0, 0.5, false) && serves(&mut reuse, 0.5, 0.5, false));
        assert!(reuse.is_factorised(1.0) && !reuse.is_factorised(2.0));
        assert!(serves(&mut reuse, 1.0, 2.0, false));
        // Too old; then too short; then rejected.
        assert!(!serves(&mut reuse, 3.0, 2.0, false) && !serves(&mut reuse, 5.0, 1.0, false));
        assert!(serves(&mut reuse, 6.0, 1.0, false) && !serves(&mut reuse, 6.0, 0.5, false));
        assert!(!serves(&mut reuse, 6.5, 0.5, true));
        reuse.forget();
        assert!(!reuse.is_factorised(2.0) && !serves(&mut reuse, 6.5, 0.5, false));
    }
}
