//! Files that the first version of each format wrote: they are read, and written again to the same bytes.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::trainings::{fit, map, network, ode, operator, pairs};
use surrogates::fno::{Fno, FnoTrainer};
use surrogates::neural_map::{LeastSquares, MapTrainer};
use surrogates::neural_ode::OdeTrainer;
use surrogates::{Error, Trainer, Training};

fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/checkpoints");
    folder.join(name).with_extension("safetensors")
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
