//! Files that the first version of each format wrote: they are read, and written again to the same bytes.
//!
//! The numbers behind them come from sums, products and quotients alone, so that a training's data have the same hash
//! on any machine.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common;
use surrogates::fno::{Coarse, Fno, FnoConfig, FnoSpec, FnoTrainer, Signals, Variant};
use surrogates::neural_map::{LeastSquares, LeastSquaresConfig, MapConfig, MapTrainer, Pairs};
use surrogates::neural_ode::{
    Adjoint, OdeConfig, OdeMethod, OdeSpec, OdeTrainer, OnDivergence, Pace, Phase, PhysicsLoss, ResidualAt,
    ResidualScale, Window,
};
use surrogates::{
    Activation, DataTerm, Error, MapSpec, MlpSpec, MuonConfig, Normalization, Sampling, SystemField,
    TrainConfig, Trainer, Training, TrainingSet, VectorField,
};

fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/checkpoints");
    folder.join(name).with_extension("safetensors")
}

/// Numbers from 0 up to but not 1 that hardly repeat.
fn numbers(count: usize, step: usize) -> Vec<f64> {
    (0..count).map(|i| (i * step % 97) as f64 / 97.0).collect()
}

fn network() -> (TrainConfig, TrainingSet) {
    let config = TrainConfig {
        network: MlpSpec::parse(1, "SiLU4,Tanh3", 2).unwrap(),
        extra: Some(DataTerm { batch: 3, sampling: Sampling::Replacement, weight: 0.5 }),
        validate_every: 2,
        ..common::physics_config()
    };
    (config, TrainingSet { extra: Some(common::trajectory(250, 1.0)), ..common::set() })
}

fn pairs() -> Pairs {
    Pairs::new(2, 1, numbers(60, 37), numbers(40, 53)).unwrap()
}

const MAP: MapSpec = MapSpec { states: 2, parameters: 1, width: 3 };

fn map() -> MapConfig {
    let (state, control) = pairs().standardization().unwrap();
    MapConfig {
        batch: 7,
        epochs: 3,
        rates: vec![1.0, 0.5],
        validate_every: 1,
        ..MapConfig::published(MAP, state, control, 1.0, 7)
    }
}

fn fit() -> LeastSquaresConfig {
    let (state, control) = pairs().standardization().unwrap();
    LeastSquaresConfig {
        steps: 6,
        scouting: 2,
        validate_every: 1,
        ..LeastSquaresConfig::new(MAP, state, control, 1.0, 7)
    }
}

fn ode() -> (OdeConfig, Window, Option<Arc<dyn VectorField>>) {
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
    let field = SystemField::new(common::FitzHughNagumo, 0, "fitzhugh_nagumo");
    (config, window, Some(Arc::new(field)))
}

fn operator() -> (FnoConfig, Signals) {
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

/// Resumes a training from its file, holds it against what is known of it, writes it again, and takes one step more.
fn goes_on<T: Training>(name: &str, known: (u64, usize), resume: impl FnOnce(&Path) -> Result<T, Error>) {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (file(name), folder.path().join("again"));
    let mut training = resume(&old).unwrap();
    assert_eq!((training.iteration(), training.history().len()), known, "{name}");
    training.save(&new).unwrap();
    assert!(std::fs::read(old).unwrap() == std::fs::read(new).unwrap(), "{name}");
    training.step().unwrap();
    assert_eq!(training.iteration(), known.0 + 1, "{name}");
}

#[test]
fn trainings_of_every_kind_go_on_from_their_first_files() {
    let ((config, set), pairs) = (network(), pairs());
    goes_on("network", (5, 2), |path| Trainer::resume(path, config, set));
    goes_on("map", (7, 2), |path| MapTrainer::resume(path, map(), &pairs, Some(&pairs)));
    goes_on("fit", (4, 4), |path| LeastSquares::resume(path, fit(), &pairs, Some(&pairs)));
    let (config, window, field) = ode();
    goes_on("ode", (3, 3), |path| OdeTrainer::resume(path, config, window, field));
    let (config, signals) = operator();
    goes_on("operator-training", (3, 1), |path| {
        FnoTrainer::resume(path, config, &signals, Some(&signals), 1)
    });
}

#[test]
fn an_operators_first_file_is_read_and_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (file("operator"), folder.path().join("again"));
    let operator = Fno::open(&old).unwrap();
    operator.save(&new).unwrap();
    assert!(std::fs::read(old).unwrap() == std::fs::read(new).unwrap());
    let mut y = vec![0.0; operator.points()];
    operator.predictor(1, 1).unwrap().predict(&vec![0.5; operator.points()], &mut y).unwrap();
    assert!(y.iter().all(|y| y.is_finite()));
}

/// How the files were written. A new format gets new ones beside them.
#[test]
#[ignore = "writes over the files that the tests above read"]
fn files_of_every_kind() {
    std::fs::create_dir_all(file("network").parent().unwrap()).unwrap();
    let ((config, set), pairs) = (network(), pairs());
    write("network", 5, Trainer::new(config, set));
    write("map", 7, MapTrainer::new(map(), &pairs, Some(&pairs)));
    write("fit", 4, LeastSquares::new(fit(), &pairs, Some(&pairs)));
    let (config, window, field) = ode();
    write("ode", 3, OdeTrainer::new(config, window, field));
    let (config, signals) = operator();
    let trained = write("operator-training", 3, FnoTrainer::new(config, &signals, Some(&signals), 1));
    trained.network().save(&file("operator")).unwrap();
}

fn write<T: Training>(name: &str, iterations: u64, new: Result<T, Error>) -> T {
    let mut training = new.unwrap();
    assert!(training.run(iterations, |_, _| ControlFlow::Continue(())).unwrap().is_continue());
    training.save(&file(name)).unwrap();
    training
}
