//! Trajectories of a neural ODE, and gradients of losses on them.

use serde::{Deserialize, Serialize};

use super::continuous::Backward;
use super::field::{FusedOde, PlainOde, Pullback};
use super::method::Stages;
use super::sweep::{self, Divergence, Grid, Seeds, Track, Work};
use super::{OdeMethod, OdeSpec};
use crate::fused::Level;
use crate::{Error, Normalization, Real, check};

/// How the gradient of a loss on a trajectory is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjoint {
    /// The exact gradient of the discrete trajectory. All stages of all steps are kept.
    #[default]
    Discrete,
    /// The same, bit for bit, with the stages of so many steps kept at a time: they are computed again from the
    /// states, which are always kept.
    Checkpointed(usize),
    /// The adjoint equation, with the state integrated backward beside it: no memory, and errors that grow
    /// where the state's equation is stiff.
    Backsolve,
    /// The adjoint equation, with states interpolated between those of the forward trajectory.
    Interpolating,
    /// As `Interpolating`, with the integral for the parameters taken by Gauss and Legendre's rule.
    Quadrature,
}

/// Gradients of a loss by the states at the times of a grid, `(steps + 1)·states` numbers, and by the slopes
/// f(t, u) at the beginning of every step, `steps·states` numbers or none.
#[derive(Debug, Clone, Copy)]
pub struct LossGradient<'a> {
    /// By the states.
    pub by_state: &'a [f64],
    /// By the slopes; may be empty.
    pub by_slope: &'a [f64],
}

/// A neural ODE unrolled by a method: forward over a grid, then backward over the same.
///
/// ```
/// use surrogates::neural_ode::{Adjoint, Grid, LossGradient, OdeMethod, OdeSpec, Unroll};
/// use surrogates::{Mlp, Normalization};
///
/// let spec = OdeSpec::parse(2, "Tanh16,Tanh16")?;
/// let unit = Normalization::identity(2);
/// let mlp = Mlp::<f32>::random(spec.mlp().clone(), unit.clone(), unit.clone(), 1)?;
/// let grid = Grid { t0: 0.0, dt: 0.1, steps: 10 };
///
/// let mut unroll = Unroll::new(&spec, &unit, &unit, OdeMethod::Heun)?;
/// unroll.load(mlp.parameters())?;
/// unroll.forward(&grid, &[1.0, 0.0])?;
/// // The loss is the first state at the end.
/// let mut by_state = vec![0.0; 11 * 2];
/// by_state[20] = 1.0;
/// let mut gradient = vec![0.0; spec.parameters()];
/// let mut by_start = [0.0; 2];
/// let loss = LossGradient { by_state: &by_state, by_slope: &[] };
/// unroll.backward(Adjoint::Discrete, loss, &mut by_start, &mut gradient)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Unroll<E = f32> {
    field: Box<dyn Pullback<E>>,
    stages: Stages,
    grid: Grid,
    track: Track,
    work: Work,
    /// The interval in which each state must stay.
    bounds: Vec<(f64, f64)>,
    parameters: usize,
    /// Whether the slots hold the stages of the whole trajectory.
    kept: bool,
    keep: bool,
}

impl Unroll<f32> {
    /// For the fused kernels; networks with layer normalisation, or without a hidden layer, are computed layer
    /// by layer. `input` and `rate` are those of the [`NeuralOde`](super::NeuralOde).
    ///
    /// # Errors
    /// As [`OdeSpec::check`].
    pub fn new(
        spec: &OdeSpec,
        input: &Normalization,
        rate: &Normalization,
        method: OdeMethod,
    ) -> Result<Self, Error> {
        if spec.has_layer_norm() || spec.mlp().hidden.is_empty() {
            return Self::plain(spec, input, rate, method);
        }
        spec.check()?;
        let field = FusedOde::new(Level::widest(), spec, input, rate);
        Self::with(Box::new(field), spec, input, method)
    }
}

impl<E: Real> Unroll<E> {
    /// Layer by layer in `E`.
    ///
    /// # Errors
    /// As [`OdeSpec::check`].
    pub fn plain(
        spec: &OdeSpec,
        input: &Normalization,
        rate: &Normalization,
        method: OdeMethod,
    ) -> Result<Self, Error> {
        spec.check()?;
        Self::with(Box::new(PlainOde::new(spec, input, rate)), spec, input, method)
    }

    pub(super) fn with(
        field: Box<dyn Pullback<E>>,
        spec: &OdeSpec,
        input: &Normalization,
        method: OdeMethod,
    ) -> Result<Self, Error> {
        input.check("input", spec.inputs())?;
        let (stages, n) = (Stages::of(method), spec.states());
        let mut unroll = Self {
            work: Work::new(stages.len(), n),
            field,
            stages,
            grid: Grid { t0: 0.0, dt: 1.0, steps: 0 },
            track: Track::default(),
            bounds: Vec::new(),
            parameters: spec.parameters(),
            kept: false,
            keep: true,
        };
        let units = input.mean().iter().zip(input.scale()).take(n);
        unroll.bounds = units
            .map(|(m, s)| (f64::from(*m), f64::from(*s)))
            .map(|(m, s)| (m - Self::BOUND * s, m + Self::BOUND * s))
            .collect();
        Ok(unroll)
    }

    /// How many scales from its mean a state may go before its trajectory counts as diverged.
    pub const BOUND: f64 = 100.0;

    /// Takes parameters, and forgets the gradient.
    ///
    /// # Errors
    /// [`Error::BadLength`] if there are not as many as the network has.
    pub fn load(&mut self, parameters: &[E]) -> Result<(), Error> {
        check::length("parameters of the network", parameters.len(), self.parameters)?;
        self.field.load(parameters);
        self.kept = false;
        Ok(())
    }

    /// Whether [`Unroll::forward`] keeps all stages for [`Adjoint::Discrete`]: so it is at first. Without them
    /// it needs less memory, and the discrete gradient computes them again.
    pub fn keep_stages(&mut self, keep: bool) {
        self.keep = keep;
    }

    /// Integrates from `start`.
    ///
    /// # Errors
    /// [`Divergence`] where a state stops being finite, or leaves its mean by more than [`Unroll::BOUND`]
    /// scales: [`Unroll::states`] holds what came before.
    ///
    /// # Panics
    /// If `start` does not have one number for each state.
    pub fn forward(&mut self, grid: &Grid, start: &[f64]) -> Result<(), Divergence> {
        let n = self.bounds.len();
        assert_eq!(start.len(), n, "one number for each state");
        self.grid = *grid;
        self.track.y.resize((grid.steps + 1) * n, 0.0);
        self.track.slopes.resize(grid.steps * n, 0.0);
        self.track.y[..n].copy_from_slice(start);
        self.field.reserve(if self.keep { grid.steps.max(1) } else { 1 } * self.stages.len());
        self.kept = self.keep;
        let range = 0..grid.steps;
        let (track, work) = (&mut self.track, &mut self.work);
        let result =
            sweep::march(&mut *self.field, &self.stages, (grid, range), &self.bounds, track, work, self.keep);
        if let Err(divergence) = result {
            self.shorten(divergence.step - 1);
        }
        result
    }

    /// Forgets all steps of the last trajectory but the first `steps`.
    pub fn shorten(&mut self, steps: usize) {
        let n = self.bounds.len();
        self.grid.steps = self.grid.steps.min(steps);
        self.track.y.truncate((self.grid.steps + 1) * n);
        self.track.slopes.truncate(self.grid.steps * n);
    }

    /// The grid of the last trajectory, as far as it went.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The states of the last trajectory, row by row.
    pub fn states(&self) -> &[f64] {
        &self.track.y
    }

    /// The slopes f(t, u) at the beginnings of the steps of the last trajectory, row by row.
    pub fn slopes(&self) -> &[f64] {
        &self.track.slopes
    }

    /// The gradient of a loss on the last trajectory: that by the parameters is added to `gradient`, that by
    /// the start is written into `by_start`.
    ///
    /// # Errors
    /// [`Error::BadLength`] for lists of the wrong length, [`Error::BadConfig`] for checkpoints of no steps.
    pub fn backward(
        &mut self,
        adjoint: Adjoint,
        loss: LossGradient<'_>,
        by_start: &mut [f64],
        gradient: &mut [E],
    ) -> Result<(), Error> {
        self.sweep_back(adjoint, loss, by_start)?;
        self.gradient(gradient)
    }

    /// As [`Unroll::backward`], and leaves the gradient by the parameters to [`Unroll::gradient`]: several
    /// trajectories may follow each other.
    ///
    /// # Errors
    /// As [`Unroll::backward`].
    pub fn sweep_back(
        &mut self,
        adjoint: Adjoint,
        loss: LossGradient<'_>,
        by_start: &mut [f64],
    ) -> Result<(), Error> {
        let (n, grid) = (self.bounds.len(), self.grid);
        check::length("gradient by the start", by_start.len(), n)?;
        check::length("gradient by the states", loss.by_state.len(), (grid.steps + 1) * n)?;
        if !loss.by_slope.is_empty() {
            check::length("gradient by the slopes", loss.by_slope.len(), grid.steps * n)?;
        }
        let seeds = Seeds { by_state: loss.by_state, by_slope: loss.by_slope };
        let segment = match adjoint {
            Adjoint::Discrete if self.kept => grid.steps.max(1),
            Adjoint::Discrete => grid.steps.clamp(1, 64),
            Adjoint::Checkpointed(0) => {
                return Err(Error::config("checkpointed", 0, "it must be at least 1 step"));
            }
            Adjoint::Checkpointed(steps) => steps,
            continuous => {
                by_start.fill(0.0);
                let (field, work) = (&mut *self.field, &mut self.work);
                let at = (&self.grid, &self.track);
                let backward = Backward::new(field, &self.stages, at, seeds, work);
                match continuous {
                    Adjoint::Backsolve => backward.backsolve(by_start),
                    other => backward.interpolating(by_start, other == Adjoint::Quadrature),
                }
                self.kept = false;
                return Ok(());
            }
        };
        by_start.copy_from_slice(&loss.by_state[grid.steps * n..]);
        let again = segment < grid.steps || !self.kept;
        self.field.reserve(segment * self.stages.len());
        let (field, stages, work) = (&mut *self.field, &self.stages, &mut self.work);
        for first in (0..grid.steps).step_by(segment).rev() {
            let range = first..grid.steps.min(first + segment);
            if again {
                // The same numbers as before, so they stay within their bounds.
                let track = &mut self.track;
                let _ = sweep::march(field, stages, (&grid, range.clone()), &self.bounds, track, work, true);
            }
            sweep::reverse(field, stages, (&grid, range), seeds, by_start, work);
        }
        self.kept &= !again;
        Ok(())
    }

    /// Adds the gradient by the parameters since [`Unroll::load`].
    ///
    /// # Errors
    /// [`Error::BadLength`] if there are not as many numbers as parameters.
    pub fn gradient(&mut self, gradient: &mut [E]) -> Result<(), Error> {
        check::length("gradient by the parameters", gradient.len(), self.parameters)?;
        self.field.add_gradient(gradient);
        Ok(())
    }
}
