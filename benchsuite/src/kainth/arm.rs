//! What is trained: the method under test, its baselines, and what changes one thing about it.

use serde::{Deserialize, Serialize};
use surrogates::neural_map::Decay;
use surrogates::neural_ode::{Adjoint, OdeMethod, Pace, PhysicsLoss, ResidualAt, ResidualScale};

/// How a network learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learner {
    /// A vector field, trained through the solver; with a physics term or without.
    NeuralOde,
    /// The states as a function of time, with the equations in the loss.
    Pinn,
}

/// The cell that is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Hodgkin and Huxley's axon (variant `modern`) under a constant current of 10 µA/cm².
    HodgkinHuxley,
    /// Luo and Rudy's cell of 1991 after a stimulus: one action potential.
    LuoRudy,
}

/// How a training goes through the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Thirty short pieces from observed starts, then the whole window.
    Shooting,
    /// The same, with starts that are learned, and a term for the gaps.
    LearnedStarts,
    /// The whole window from the beginning.
    Whole,
    /// A window that grows.
    Growing,
}

/// What a group of arms asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The method and its baselines.
    Main,
    /// What residuals are divided by.
    Scaling,
    /// λ.
    Weight,
    /// Where residuals are taken.
    Residual,
    /// How the gradient is taken.
    Adjoint,
    /// The method that integrates, and its step.
    Solver,
    /// How much is observed.
    Window,
    /// How the training goes through the window.
    Schedule,
    /// Noise on the observations.
    Noise,
    /// Another cell.
    Subject,
}

impl Group {
    /// All groups, in the order of the report.
    pub const ALL: [Group; 10] = [
        Group::Main,
        Group::Scaling,
        Group::Weight,
        Group::Residual,
        Group::Adjoint,
        Group::Solver,
        Group::Window,
        Group::Schedule,
        Group::Noise,
        Group::Subject,
    ];

    /// What it asks, in words.
    pub fn title(self) -> &'static str {
        match self {
            Group::Main => "The method and its baselines",
            Group::Scaling => "What residuals are divided by",
            Group::Weight => "The weight λ of the physics term",
            Group::Residual => "Where residuals are taken",
            Group::Adjoint => "How the gradient is taken",
            Group::Solver => "The solver and its step",
            Group::Window => "How much is observed",
            Group::Schedule => "How the training goes through the window",
            Group::Noise => "Noise on the observations",
            Group::Subject => "Another cell: Luo–Rudy 1991, one action potential",
        }
    }
}

/// One way to train; it is done with several seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name, unique.
    pub id: String,
    /// The group that it belongs to; the method itself is the middle of every group.
    pub group: Group,
    /// How it learns.
    pub learner: Learner,
    /// What.
    pub subject: Subject,
    /// The physics term; none for data alone.
    pub physics: Option<PhysicsLoss>,
    /// How the gradient is taken.
    pub adjoint: Adjoint,
    /// The method that integrates.
    pub method: OdeMethod,
    /// Its step.
    pub pace: Pace,
    /// How much is observed, in oscillations; a whole action potential for the other cell.
    pub window: f64,
    /// Noise on the observations, in standard deviations of each state.
    pub noise: f64,
    /// How the training goes through the window.
    pub schedule: Schedule,
}

/// The method under test.
pub(crate) const METHOD: &str = "pi-node-sr";
/// The method without scaling.
pub(crate) const UNSCALED: &str = "pi-node";
/// Data alone.
pub(crate) const PLAIN: &str = "node";
/// From time to states.
pub(crate) const PINN: &str = "pinn";

impl Arm {
    /// PI-NODE-SR.
    pub fn method() -> Self {
        Arm {
            id: METHOD.into(),
            group: Group::Main,
            learner: Learner::NeuralOde,
            subject: Subject::HodgkinHuxley,
            physics: Some(PhysicsLoss {
                weight: 0.3,
                decay: Decay::Constant,
                warm_up: 0.0,
                scale: ResidualScale::Deviation,
                at: ResidualAt::Observations,
            }),
            adjoint: Adjoint::Discrete,
            method: OdeMethod::Heun,
            pace: Pace::Steps(1),
            window: 1.0,
            noise: 0.0,
            schedule: Schedule::Shooting,
        }
    }

    /// The same with one thing changed.
    fn but(id: &str, group: Group, change: impl FnOnce(&mut Arm)) -> Self {
        let mut arm = Arm { id: id.into(), group, ..Arm::method() };
        change(&mut arm);
        arm
    }

    /// The method and its baselines.
    pub fn main() -> Vec<Arm> {
        vec![
            Arm::method(),
            Arm::but(UNSCALED, Group::Main, |a| a.physics(|p| p.scale = ResidualScale::Unit)),
            Arm::but(PLAIN, Group::Main, |a| a.physics = None),
            Arm::but(PINN, Group::Main, |a| {
                a.learner = Learner::Pinn;
                a.physics(|p| p.scale = ResidualScale::Unit);
            }),
        ]
    }

    /// What changes one thing about the method.
    pub fn ablations() -> Vec<Arm> {
        use Group as G;
        let mut arms = vec![
            Arm::but("scale-max", G::Scaling, |a| a.physics(|p| p.scale = ResidualScale::Largest)),
            Arm::but("scale-iqr", G::Scaling, |a| a.physics(|p| p.scale = ResidualScale::Quartiles)),
            Arm::but("scale-state", G::Scaling, |a| a.physics(|p| p.scale = ResidualScale::StateDeviation)),
            Arm::but("residual-trajectory", G::Residual, |a| a.physics(|p| p.at = ResidualAt::Trajectory)),
            Arm::but("weight-warm-up", G::Weight, |a| a.physics(|p| p.warm_up = 0.5)),
            Arm::but("weight-falling", G::Weight, |a| a.physics(|p| p.decay = Decay::Exponential(0.01))),
        ];
        for (id, weight) in
            [("weight-0.01", 0.01), ("weight-0.1", 0.1), ("weight-1", 1.0), ("weight-10", 10.0)]
        {
            arms.push(Arm::but(id, G::Weight, |a| a.physics(|p| p.weight = weight)));
        }
        for (id, adjoint) in [
            ("adjoint-backsolve", Adjoint::Backsolve),
            ("adjoint-interpolating", Adjoint::Interpolating),
            ("adjoint-quadrature", Adjoint::Quadrature),
        ] {
            arms.push(Arm::but(id, G::Adjoint, |a| a.adjoint = adjoint));
        }
        for (id, method) in [
            ("solver-euler", OdeMethod::Euler),
            ("solver-rk4", OdeMethod::Rk4),
            ("solver-tsit5", OdeMethod::Tsit5),
        ] {
            arms.push(Arm::but(id, G::Solver, |a| a.method = method));
        }
        for (id, samples) in [("step-0.02", 2), ("step-0.05", 5), ("step-0.1", 10)] {
            arms.push(Arm::but(id, G::Solver, |a| a.pace = Pace::Samples(samples)));
        }
        for (id, window) in [("window-0.5", 0.5), ("window-0.75", 0.75), ("window-2", 2.0)] {
            arms.push(Arm::but(id, G::Window, |a| a.window = window));
        }
        for (id, schedule) in [
            ("schedule-whole", Schedule::Whole),
            ("schedule-growing", Schedule::Growing),
            ("schedule-learned-starts", Schedule::LearnedStarts),
        ] {
            arms.push(Arm::but(id, G::Schedule, |a| a.schedule = schedule));
        }
        arms.extend(Arm::noisy());
        for (id, informed) in [("lr91-pi-node-sr", true), ("lr91-node", false)] {
            arms.push(Arm::but(id, G::Subject, |a| {
                a.subject = Subject::LuoRudy;
                if !informed {
                    a.physics = None;
                }
            }));
        }
        arms
    }

    /// Noise on the observations. Starts are learned: an observed one is not where the cell was.
    pub fn noisy() -> Vec<Arm> {
        [("noise-1", 0.01), ("noise-5", 0.05), ("noise-10", 0.1)]
            .into_iter()
            .map(|(id, noise)| {
                Arm::but(id, Group::Noise, |a| {
                    a.noise = noise;
                    a.schedule = Schedule::LearnedStarts;
                })
            })
            .collect()
    }

    fn physics(&mut self, change: impl FnOnce(&mut PhysicsLoss)) {
        if let Some(physics) = &mut self.physics {
            change(physics);
        }
    }
}
