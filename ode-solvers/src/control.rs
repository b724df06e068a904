//! How long the next step should be.

/// Control of the step size: how the length of the next step follows from the errors so far.
///
/// With `k` the order of the error estimate plus one, `e₁` the error of the step just taken
/// relative to the tolerance (1 is just accepted), `e₂` and `e₃` those before, and `r₁`, `r₂` the
/// latest two ratios of neighbouring steps, the next step is the last one times
///
/// `safety · e₁^(−β₁/k) · e₂^(−β₂/k) · e₃^(−β₃/k) · r₁^(−α₁) · r₂^(−α₂)`,
///
/// within the limits `shrink` and `grow`: a digital filter (G. Söderlind, Digital filters in
/// adaptive time-stepping, ACM TOMS 29 (2003) 1–26, doi:10.1145/641876.641877). All numbers are
/// here to be changed; the constants of this type are the published choices.
///
/// # Which?
///
/// [`PI`](Self::PI), unless you have measured. On the test problems ([`problems`](crate::problems))
/// the steps of Rodas5P at relative tolerances of 10⁻⁴ and 10⁻⁷, those thrown away in brackets:
///
/// | | 10⁻⁴ | 10⁻⁷ |
/// |---|---|---|
/// | `INTEGRAL` | 1134 (419) | 5753 (84) |
/// | `PI` | 1226 (346) | 6244 (56) |
/// | `PID` | 1339 (309) | 6815 (36) |
/// | `H211B` | 1407 (358) | 6744 (57) |
/// | `PI42` | 1407 (281) | 7203 (24) |
/// | `H211PI` | 1555 (283) | 7780 (25) |
/// | `H312PID` | 1962 (239) | 9718 (15) |
///
/// The smoother the control, the fewer rejections, and the further it stays below the tolerance:
/// `H312PID` takes 60 % more steps and makes errors ten times smaller. With Tsit5 the order is the
/// same, and `INTEGRAL` takes more steps than `PI` at loose tolerances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Controller {
    /// β₁, β₂ and β₃.
    pub beta: [f64; 3],
    /// α₁ and α₂.
    pub alpha: [f64; 2],
    /// What the errors before the first step count as.
    pub start: f64,
    /// Takes the place of β₁ after a rejection, where nothing else counts.
    pub reject: f64,
    /// Aims at an error this much below the tolerance.
    pub safety: f64,
    /// The strongest cut in one step.
    pub shrink: f64,
    /// The strongest growth in one step.
    pub grow: f64,
}

impl Controller {
    /// A filter with Söderlind's notation, and the limits that are common to all of them.
    pub const fn filter(beta: [f64; 3], alpha: [f64; 2]) -> Self {
        Self { beta, alpha, start: 1.0, reject: 1.0, safety: 0.9, shrink: 0.2, grow: 6.0 }
    }

    /// The textbook control: the latest error alone decides.
    pub const INTEGRAL: Self = Self::filter([1.0, 0.0, 0.0], [0.0, 0.0]);

    /// Proportional–integral control, the default (K. Gustafsson, Control theoretic techniques for
    /// stepsize selection in explicit Runge–Kutta methods, ACM TOMS 17 (1991) 533–554,
    /// doi:10.1145/210232.210242; constants: Hairer, Nørsett & Wanner, Solving Ordinary
    /// Differential Equations I, sec. II.4 and IV.2).
    pub const PI: Self = Self { start: 1e-4, reject: 0.85, ..Self::filter([0.85, -0.2, 0.0], [0.0, 0.0]) };

    /// PI.4.2 (G. Söderlind, Automatic control and adaptive time-stepping, Numer. Algorithms 31
    /// (2002) 281–310, doi:10.1023/A:1021160023092): a stronger proportional part.
    pub const PI42: Self = Self::filter([0.6, -0.2, 0.0], [0.0, 0.0]);

    /// H211PI: smooth sequences of steps (Söderlind 2003, table III).
    pub const H211PI: Self = Self::filter([1.0 / 6.0, 1.0 / 6.0, 0.0], [0.0, 0.0]);

    /// H211b with b = 4: smooth, and remembers the ratio of steps (Söderlind 2003, table III).
    pub const H211B: Self = Self::filter([0.25, 0.25, 0.0], [0.25, 0.0]);

    /// H312PID: the smoothest, for right-hand sides that are not (Söderlind 2003, table III).
    pub const H312PID: Self = Self::filter([1.0 / 18.0, 1.0 / 9.0, 1.0 / 18.0], [0.0, 0.0]);

    /// Proportional–integral–derivative control (C. Kennedy & M. Carpenter, Additive Runge–Kutta
    /// schemes for convection–diffusion–reaction equations, Appl. Numer. Math. 44 (2003) 139–181,
    /// doi:10.1016/S0168-9274(02)00138-1; the constants are those of SUNDIALS' ARKODE).
    pub const PID: Self = Self::filter([0.58, -0.21, 0.1], [0.0, 0.0]);

    /// Whether all numbers make sense: the name and the value of one that doesn't.
    pub(crate) fn fault(&self) -> Option<(&'static str, f64, &'static str)> {
        let coefficients = self.beta.iter().chain(&self.alpha);
        if let Some(&c) = coefficients.chain([&self.reject]).find(|c| !c.is_finite()) {
            return Some(("controller", c, "its coefficients must be finite"));
        }
        let limits = [
            ("controller.start", self.start, self.start > 0.0 && self.start.is_finite()),
            ("controller.reject", self.reject, self.reject > 0.0),
            ("controller.safety", self.safety, self.safety > 0.0 && self.safety <= 1.0),
            ("controller.shrink", self.shrink, self.shrink > 0.0 && self.shrink < 1.0),
            ("controller.grow", self.grow, self.grow >= 1.0 && self.grow.is_finite()),
        ];
        let rule = "start, reject and safety must be positive, safety at most 1, shrink between 0 and 1, grow at least 1";
        limits.into_iter().find(|l| !l.2).map(|(name, value, _)| (name, value, rule))
    }
}

impl Default for Controller {
    fn default() -> Self {
        Self::PI
    }
}

/// The smallest error that counts: below, a step is as good as it gets.
pub(crate) const LEAST: f64 = 1e-10;
/// The logarithm of the smallest error that is remembered, 10⁻⁴: one lucky step must not decide about the next
/// ones.
pub(crate) const LEAST_REMEMBERED_LN: f64 = -4.0 * core::f64::consts::LN_10;

/// A controller at work.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    controller: Controller,
    /// The order of the error estimate plus one.
    k: f64,
    /// The logarithms of the errors of the latest two steps: one exponential of their sum costs less than a
    /// power of each, which is felt where a system is small.
    errors: [f64; 2],
    /// The lengths of the latest two steps, 0 where there is none.
    steps: [f64; 2],
    after_rejection: bool,
}

impl Control {
    /// For a method whose error shrinks as `dt` to the power `error_order + 1`.
    pub(crate) fn new(controller: Controller, error_order: u32) -> Self {
        Self {
            controller,
            k: f64::from(error_order) + 1.0,
            errors: [controller.start.ln(); 2],
            steps: [0.0; 2],
            after_rejection: false,
        }
    }

    /// The factor for the next step after one of length `dt` with this error (1 is just accepted).
    pub(crate) fn accept(&mut self, dt: f64, error: f64) -> f64 {
        let Controller { beta, alpha, safety, shrink, grow, .. } = self.controller;
        let error = error.max(LEAST).ln();
        let product = beta[0] * error + beta[1] * self.errors[0] + beta[2] * self.errors[1];
        let mut factor = safety * (-product / self.k).exp();
        let [before, earlier] = self.steps;
        if alpha[0] != 0.0 && before > 0.0 {
            factor *= (dt / before).powf(-alpha[0]);
        }
        if alpha[1] != 0.0 && earlier > 0.0 {
            factor *= (before / earlier).powf(-alpha[1]);
        }
        let grow = if self.after_rejection { 1.0 } else { grow };
        self.errors = [error.max(LEAST_REMEMBERED_LN), self.errors[0]];
        self.steps = [dt, before];
        self.after_rejection = false;
        factor.clamp(shrink, grow)
    }

    /// The factor for another try after one with this error, more than 1.
    pub(crate) fn reject(&mut self, error: f64) -> f64 {
        self.after_rejection = true;
        let Controller { reject, safety, shrink, .. } = self.controller;
        (safety * error.powf(-reject / self.k)).clamp(shrink, shrink.max(0.9))
    }

    /// The factor for another try after a step that could not be computed.
    pub(crate) fn fail(&mut self) -> f64 {
        self.after_rejection = true;
        self.controller.shrink
    }

    /// Forgets earlier steps.
    pub(crate) fn reset(&mut self) {
        self.errors = [self.controller.start.ln(); 2];
        self.steps = [0.0; 2];
        self.after_rejection = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Controller; 7] = [
        Controller::INTEGRAL,
        Controller::PI,
        Controller::PI42,
        Controller::H211PI,
        Controller::H211B,
        Controller::H312PID,
        Controller::PID,
    ];

    /// On a problem whose error is exactly `c·dtᵏ`, every controller settles where the error is
    /// `safety^(k/Σβ)`: the factor is 1 there.
    #[test]
    fn every_controller_settles_on_its_set_point() {
        for controller in ALL {
            for order in [2, 4] {
                let k = f64::from(order) + 1.0;
                let mut control = Control::new(controller, order);
                let mut dt = 0.01;
                let mut errors = Vec::new();
                for _ in 0..400 {
                    let error = 3.0 * f64::powf(dt, k);
                    errors.push(error);
                    dt *= if error <= 1.0 { control.accept(dt, error) } else { control.reject(error) };
                }
                let sum: f64 = controller.beta.iter().sum();
                let expected = controller.safety.powf(k / sum);
                let settled = errors[350..].iter().all(|e| (e / expected - 1.0).abs() < 1e-3);
                assert!(settled, "{controller:?}: {} instead of {expected}", errors[399]);
            }
        }
    }

    #[test]
    fn numbers_that_make_no_sense_are_found() {
        assert!(ALL.iter().all(|c| c.fault().is_none()));
        for wrong in [
            Controller { beta: [f64::NAN, 0.0, 0.0], ..Controller::PI },
            Controller { safety: 0.0, ..Controller::PI },
            Controller { shrink: 1.0, ..Controller::PI },
            Controller { grow: 0.5, ..Controller::PI },
            Controller { reject: -1.0, ..Controller::PI },
            Controller { start: f64::INFINITY, ..Controller::PI },
        ] {
            assert!(wrong.fault().is_some(), "{wrong:?}");
        }
    }
}
