//! One iteration of each training: networks on data and equations, neural maps, neural ODEs, operators.

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use ionic_models::Cell;
use surrogates::fno::{FnoConfig, FnoSpec, FnoTrainer, Signals, Variant};
use surrogates::neural_map::{MapConfig, MapTrainer, Pairs};
use surrogates::neural_ode::{
    Adjoint, OdeConfig, OdeMethod, OdeSpec, OdeTrainer, OnDivergence, Pace, Phase, Window,
};
use surrogates::{
    Activation, AdamConfig, DataTerm, InitialTerm, InitialValue, MapSpec, MlpSpec, Normalization,
    PhysicsTerm, Samples, Sampling, SystemField, TrainConfig, Trainer, Training as _, TrainingSet,
};

/// Rows of a network's batch, and where its equations are asked for and its start is.
const ROWS: [usize; 3] = [10, 16, 2];
/// Pairs of a neural map's batch.
const PAIRS: usize = 250;
/// Steps of a neural ODE's trajectory.
const STEPS: usize = 250;
/// Trajectories of an operator's batch, and points of each.
const TRAJECTORIES: usize = 8;
const POINTS: usize = 256;
/// Iterations that no bench reaches.
const ENDLESS: u64 = u64::MAX / 4;

/// Problem A of Werneck 2024 on the complete set.
fn network(physics: bool) -> Trainer {
    let recipe = datagen::recipes::werneck_problem_a(1000);
    let samples =
        Samples::from_dataset(&recipe.generate().expect("a recipe of the crate")).expect("finite data");
    let spec = MlpSpec::parse(1, "SiLU32,SiLU32", 2).expect("a network");
    let mut config = TrainConfig::data_driven(spec, 1);
    config.data = Some(DataTerm { batch: ROWS[0], sampling: Sampling::Shuffled, weight: 1.0 });
    if physics {
        config.physics = vec![PhysicsTerm { batch: ROWS[1], domain: vec![(0.0, 20.0)], weight: 1.0 }];
        let values = vec![InitialValue::Fixed(0.5), InitialValue::Fixed(0.0)];
        config.initial = Some(InitialTerm { batch: ROWS[2], domain: vec![(0.0, 0.0)], values, weight: 1.0 });
    }
    let cell = Cell::<ionic_models::models::FitzHughNagumo>::new();
    let field =
        Some(Arc::new(SystemField::wide(cell, 0, "fitzhugh_nagumo")) as Arc<dyn surrogates::VectorField>);
    Trainer::new(config, TrainingSet { train: Some(samples), field, ..TrainingSet::default() })
        .expect("sound settings")
}

/// A map of the β-cell as large as the published ones, by Adam.
fn map() -> MapTrainer {
    let recipe = datagen::recipes::kuptsov_neural_map("original", 0.005, 8, 100, 1);
    let dataset = recipe.generate().expect("a recipe of the crate");
    let all: Vec<usize> = (0..dataset.n_trajectories()).collect();
    let pairs = Pairs::from_dataset(&dataset, &all).expect("pairs");
    let (state, control) = pairs.standardization().expect("numbers that differ");
    let spec = MapSpec { states: 3, parameters: 1, width: 100 };
    let config = MapConfig {
        batch: PAIRS,
        epochs: ENDLESS,
        validate_every: ENDLESS,
        ..MapConfig::published(spec, state, control, 0.005, 1)
    };
    MapTrainer::new(config, &pairs, None).expect("sound settings")
}

/// A neural ODE along one smooth trajectory of four states.
fn ode() -> OdeTrainer {
    let wave = |i: usize| 0.1 * (i as f64 * (6.0 / STEPS as f64)).sin();
    let states = (0..=STEPS).flat_map(|i| [-0.65, 0.05, 0.6, 0.32].map(|y| y + wave(i))).collect();
    let config = OdeConfig {
        network: OdeSpec::parse(4, "Tanh32,Tanh32").expect("a network"),
        input: Normalization::identity(4),
        rate: Normalization::identity(4),
        gain: 1.0,
        seed: 1,
        method: OdeMethod::Heun,
        pace: Pace::Steps(1),
        adjoint: Adjoint::Discrete,
        phases: vec![Phase::whole(1)],
        physics: None,
        adam: AdamConfig::default(),
        decay: Default::default(),
        clip: None,
        divergence: OnDivergence::Stop,
        record_every: u64::MAX,
    };
    OdeTrainer::new(config, Window::new(4, 0.0, 0.01, states).expect("a trajectory"), None)
        .expect("sound settings")
}

/// An operator on two batches of smooth functions, one thread.
fn operator() -> FnoTrainer {
    let network = FnoSpec {
        inputs: 2,
        outputs: 4,
        width: 64,
        modes: 16,
        layers: 4,
        padding: 0,
        hidden: 128,
        variant: Variant::Classic,
        activation: Activation::GELU,
    };
    let given: Vec<f64> = (0..2 * TRAJECTORIES * POINTS)
        .map(|i| (i as f64 * 0.037).sin() + (i as f64 * 0.0041).cos())
        .collect();
    let wanted = given.iter().flat_map(|x| [x.sin(), x.cos(), x * x, 0.5 * x]).collect();
    let signals = Signals::new(POINTS, 1, 4, given, wanted).expect("as many as there are points");
    let config = FnoConfig {
        batch: TRAJECTORIES,
        epochs: ENDLESS,
        validate_every: ENDLESS,
        ..FnoConfig::published(network, 1e-3, 1e-4, 0.9, 1)
    };
    FnoTrainer::new(config, &signals, None, 1).expect("sound settings")
}

pub(crate) fn train(c: &mut Criterion) {
    let mut group = c.benchmark_group("train");
    for (name, physics, rows) in [("DDNN", false, ROWS[0]), ("PINN", true, ROWS.iter().sum())] {
        let mut trainer = network(physics);
        group.throughput(Throughput::Elements(rows as u64));
        group.bench_function(BenchmarkId::new("iteration", name), |b| {
            b.iter(|| trainer.step().expect("finite"))
        });
    }
    let mut trainer = map();
    group.throughput(Throughput::Elements(PAIRS as u64));
    group.bench_function(BenchmarkId::new("iteration", "neural map"), |b| {
        b.iter(|| trainer.step().expect("finite"))
    });
    let mut trainer = ode();
    group.throughput(Throughput::Elements(STEPS as u64));
    group.bench_function(BenchmarkId::new("iteration", "neural ODE"), |b| {
        b.iter(|| trainer.step().expect("finite"))
    });
    let mut trainer = operator();
    group.throughput(Throughput::Elements((TRAJECTORIES * POINTS) as u64));
    group.bench_function(BenchmarkId::new("iteration", "operator"), |b| {
        b.iter(|| trainer.step().expect("finite"))
    });
    group.finish();
}
