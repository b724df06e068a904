//! A small training of every kind: its settings, and what it learns from.
//!
//! The numbers come from sums, products and quotients alone, so that they have the same hash on any machine.

use std::sync::Arc;

use surrogates::fno::{Coarse, FnoConfig, FnoSpec, Signals, Variant};
use surrogates::neural_map::{LeastSquaresConfig, MapConfig, Pairs};
use surrogates::neural_ode::{
    Adjoint, OdeConfig, OdeMethod, OdeSpec, OnDivergence, Pace, Phase, PhysicsLoss, ResidualAt,
    ResidualScale, Window,
};
use surrogates::{
    Activation, DataTerm, MapSpec, MlpSpec, MuonConfig, Normalization, Sampling, SystemField, TrainConfig,
    TrainingSet, VectorField,
};

/// Numbers from 0 up to but not 1 that hardly repeat.
fn numbers(count: usize, step: usize) -> Vec<f64> {
    (0..count).map(|i| (i * step % 97) as f64 / 97.0).collect()
}

/// A network with every term that needs samples or equations, and what it learns from.
pub(crate) fn network() -> (TrainConfig, TrainingSet) {
    let config = TrainConfig {
        network: MlpSpec::parse(1, "SiLU4,Tanh3", 2).unwrap(),
        extra: Some(DataTerm { batch: 3, sampling: Sampling::Replacement, weight: 0.5 }),
        validate_every: 2,
        ..super::common::physics_config()
    };
    (config, TrainingSet { extra: Some(super::common::trajectory(250, 1.0)), ..super::common::set() })
}

/// Twenty pairs.
pub(crate) fn pairs() -> Pairs {
    Pairs::new(2, 1, numbers(60, 37), numbers(40, 53)).unwrap()
}

const MAP: MapSpec = MapSpec { states: 2, parameters: 1, width: 3 };

/// A map of these pairs, by Adam.
pub(crate) fn map() -> MapConfig {
    let (state, control) = pairs().standardization().unwrap();
    MapConfig {
        batch: 7,
        epochs: 3,
        rates: vec![1.0, 0.5],
        validate_every: 1,
        ..MapConfig::published(MAP, state, control, 1.0, 7)
    }
}

/// The same by least squares.
pub(crate) fn fit() -> LeastSquaresConfig {
    let (state, control) = pairs().standardization().unwrap();
    LeastSquaresConfig {
        steps: 6,
        scouting: 2,
        validate_every: 1,
        ..LeastSquaresConfig::new(MAP, state, control, 1.0, 7)
    }
}

/// A neural ODE that leaves its first phase after an iteration.
pub(crate) fn ode() -> (OdeConfig, Window, Option<Arc<dyn VectorField>>) {
    let window = Window::new(2, 0.0, 0.1, numbers(40, 11)).unwrap();
    let config = OdeConfig {
        network: OdeSpec::parse(2, "Tanh4").unwrap().with_layer_norm(),
        input: window.normalization(false).unwrap(),
        rate: Normalization::identity(2),
        gain: 0.1,
        seed: 1,
        method: OdeMethod::Heun,
        pace: Pace::Steps(1),
        adjoint: Adjoint::Discrete,
        phases: vec![
            Phase { window: 0.5, ..Phase::whole(1) },
            Phase { segments: 2, learn_starts: true, continuity: 0.5, ..Phase::whole(4) },
        ],
        physics: Some(PhysicsLoss {
            weight: 0.1,
            decay: Default::default(),
            warm_up: 0.5,
            scale: ResidualScale::Unit,
            at: ResidualAt::Trajectory,
        }),
        adam: Default::default(),
        decay: Default::default(),
        clip: Some(10.0),
        divergence: OnDivergence::MaskLoss,
        record_every: 1,
    };
    let field = SystemField::new(super::common::FitzHughNagumo, 0, "fitzhugh_nagumo");
    (config, window, Some(Arc::new(field)))
}

/// An operator by Muon that leaves its coarse beginning after an epoch of two iterations.
pub(crate) fn operator() -> (FnoConfig, Signals) {
    let network = FnoSpec {
        inputs: 2,
        outputs: 1,
        width: 3,
        modes: 2,
        layers: 2,
        padding: 1,
        hidden: 3,
        variant: Variant::Mlp,
        activation: Activation::GELU,
    };
    let config = FnoConfig {
        batch: 4,
        epochs: 3,
        muon: Some(MuonConfig::default()),
        coarse: Some(Coarse { every: 2, epochs: 1 }),
        ..FnoConfig::published(network, 1e-3, 1e-4, 0.8, 1)
    };
    (config, Signals::new(10, 1, 1, numbers(60, 29), numbers(60, 43)).unwrap())
}
