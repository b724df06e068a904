//! A checkpoint continues bit for bit, and nothing else passes for one.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crate::common;
use surrogates::{
    Checkpoint, DataTerm, Error, Samples, Sampling, SystemField, TrainConfig, Trainer, Training as _,
    TrainingSet,
};

fn run(trainer: &mut Trainer, until: u64) {
    let _ = trainer.run(until, |_, _| ControlFlow::Continue(())).unwrap();
}

fn assert_resumes(config: TrainConfig, set: TrainingSet) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("training.safetensors");
    let mut whole = Trainer::new(config.clone(), set.clone()).unwrap();
    run(&mut whole, 230);
    for stop in [0, 1, 99, 100, 101, 229] {
        let mut first = Trainer::new(config.clone(), set.clone()).unwrap();
        run(&mut first, stop);
        first.save(&path).unwrap();
        let mut second = Trainer::resume(&path, config.clone(), set.clone()).unwrap();
        assert_eq!(second.iteration(), stop);
        assert_eq!(second.learning_rate(), first.learning_rate());
        run(&mut second, 230);
        assert_eq!(second.network(), whole.network(), "stopped at {stop}");
        assert_eq!(second.history(), whole.history(), "stopped at {stop}");
        // Optimiser, schedule and random numbers too: the files are equal.
        second.save(&path).unwrap();
        let resumed = std::fs::read(&path).unwrap();
        whole.save(&path).unwrap();
        assert!(std::fs::read(&path).unwrap() == resumed, "stopped at {stop}: the files differ");
    }
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "no temporary files are left");
}

#[test]
fn a_resumed_training_equals_an_uninterrupted_one() {
    assert_resumes(common::physics_config(), common::set());
}

#[test]
fn so_it_does_with_every_way_to_draw_data() {
    let config = |batch, sampling| TrainConfig {
        data: Some(DataTerm { batch, sampling, weight: 1.0 }),
        ..common::data_config()
    };
    assert_resumes(config(4, Sampling::Replacement), common::set());
    assert_resumes(config(4, Sampling::Shuffled), common::set());
    assert_resumes(config(100, Sampling::Shuffled), common::set());
}

#[test]
fn so_it_does_without_data_schedule_or_validation() {
    let config = TrainConfig { data: None, plateau: None, ..common::physics_config() };
    assert_resumes(config, TrainingSet { train: None, validation: None, ..common::set() });
}

fn checkpoint(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("c.safetensors");
    let mut trainer = Trainer::new(common::physics_config(), common::set()).unwrap();
    run(&mut trainer, 200);
    trainer.save(&path).unwrap();
    path
}

#[test]
fn a_checkpoint_can_be_read_without_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let c = Checkpoint::<Trainer>::open(&checkpoint(folder.path())).unwrap();
    assert_eq!(c.iteration(), 200);
    assert_eq!(*c.config(), common::physics_config());
    assert_eq!(c.history().len(), 2);
    assert_eq!(c.sha256().len(), 64);
    let mut y = [0.0; 2];
    c.network().predict(&[1.0], &mut y).unwrap();
    assert!(y.iter().all(|y| y.is_finite()));
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = checkpoint(folder.path());
    let good = std::fs::read(&path).unwrap();
    let damaged = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).unwrap();
        match Checkpoint::<Trainer>::open(&path) {
            Err(Error::BadCheckpoint { .. }) => {}
            other => panic!("{what}: {:?}", other.map(|c| c.iteration())),
        }
    };
    damaged(&[], "empty");
    damaged(b"not a checkpoint", "text");
    // Every byte of the beginning, then one in 13.
    for i in (0..64).chain((64..good.len()).step_by(13)).chain([good.len() - 1]) {
        let mut bytes = good.clone();
        bytes[i] ^= 1 << (i % 8);
        damaged(&bytes, &format!("bit flipped in byte {i}"));
    }
    for length in [1, 8, 9, 100, good.len() / 2, good.len() - 1] {
        damaged(&good[..length], &format!("cut to {length}"));
    }
    damaged(&[&good[..], &[0]].concat(), "longer");
    // A file of another program, in the same container.
    let foreign = safetensors::serialize::<&str, safetensors::tensor::TensorView<'_>, _>([], None);
    damaged(&foreign.unwrap(), "foreign");
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Checkpoint::<Trainer>::open(&path), Err(Error::Io { .. })));
}

#[test]
fn another_training_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = checkpoint(folder.path());
    let refused =
        |config: TrainConfig, set: TrainingSet, name: &str| match Trainer::resume(&path, config, set) {
            Err(e @ Error::OtherTraining { .. }) => assert!(e.to_string().contains(name), "{e}"),
            Err(e) => panic!("{name}: {e}"),
            Ok(_) => panic!("{name} was accepted"),
        };
    refused(TrainConfig { seed: 4, ..common::physics_config() }, common::set(), "`seed`");
    let mut config = common::physics_config();
    config.adam.learning_rate = 1e-4;
    refused(config, common::set(), "`adam`");
    let train = Some(common::trajectory(400, common::END));
    refused(common::physics_config(), TrainingSet { train, ..common::set() }, "data set");
    let train = common::set().train.unwrap();
    let mut targets = train.targets().to_vec();
    targets[3] += 1e-6;
    let train = Some(Samples::new(1, 2, train.inputs().to_vec(), targets).unwrap());
    refused(common::physics_config(), TrainingSet { train, ..common::set() }, "data set");
    let field = SystemField::new(common::FitzHughNagumo, 0, "another");
    let field: Option<Arc<dyn surrogates::VectorField>> = Some(Arc::new(field));
    refused(common::physics_config(), TrainingSet { field, ..common::set() }, "equations");
}

#[test]
fn an_unwritable_place_is_an_error_and_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = checkpoint(folder.path());
    let before = std::fs::read(&path).unwrap();
    let trainer = Trainer::new(common::physics_config(), common::set()).unwrap();
    let nowhere = folder.path().join("no such folder").join("c.safetensors");
    assert!(matches!(trainer.save(&nowhere), Err(Error::Io { .. })));
    // A file where a folder should be.
    assert!(matches!(trainer.save(&path.join("c")), Err(Error::Io { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
