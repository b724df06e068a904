//! Training, files and scales of operators.

#[path = "../common/operators.rs"]
mod small;

use small::{ON, config, signals, tiny};
use surrogates::fno::{Coarse, Fno, FnoConfig, FnoSpec, FnoTrainer, Schedule, Signals, Variant};
use surrogates::neural_map::Decay;
use surrogates::{Activation, Backend, Checkpoint, EpochRecord, Error, MuonConfig, Training as _};

#[test]
fn the_error_falls_and_the_tape_and_the_kernels_agree() {
    let (train, test) = (signals(24, 40, 2), signals(10, 40, 2));
    let mut fused = FnoTrainer::new(config(Variant::Classic), &train, Some(&test), 1).unwrap();
    let tape = FnoConfig { backend: Backend::Tape, ..config(Variant::Classic) };
    let mut tape = FnoTrainer::new(tape, &train, Some(&test), 1).unwrap();
    for _ in 0..6 {
        let (a, b) = (fused.step().unwrap().0, tape.step().unwrap().0);
        assert!((a - b).abs() < 1e-4 * a, "{a} and {b}");
    }
    let _ = fused.run(fused.iterations(), ON).unwrap();
    let history = fused.history();
    assert_eq!(history.len(), 30);
    assert!(history[29].validation < 0.4 * history[0].validation, "{history:?}");
    // 24 trajectories in batches of 9: three iterations an epoch; the rate falls every second.
    assert_eq!(history[0].iteration, 3);
    assert!((history[3].learning_rate - 5e-3 * 0.9).abs() < 1e-12);
}

/// With Muon they agree too, the error falls as well, and it is another training.
#[test]
fn by_muon_the_error_falls_and_the_tape_and_the_kernels_agree() {
    let (train, test) = (signals(24, 40, 2), signals(10, 40, 2));
    for variant in [Variant::Classic, Variant::Mlp] {
        let config = FnoConfig { muon: Some(MuonConfig::default()), ..config(variant) };
        let mut fused = FnoTrainer::new(config.clone(), &train, Some(&test), 1).unwrap();
        let tape = FnoConfig { backend: Backend::Tape, ..config.clone() };
        let mut tape = FnoTrainer::new(tape, &train, Some(&test), 1).unwrap();
        let mut plain = FnoTrainer::new(FnoConfig { muon: None, ..config }, &train, None, 1).unwrap();
        for _ in 0..6 {
            let [a, b, _] = [&mut fused, &mut tape, &mut plain].map(|trainer| trainer.step().unwrap().0);
            assert!((a - b).abs() < 1e-3 * a, "{variant:?}: {a} and {b}");
        }
        // Without it W moves elsewhere.
        let w = plain.config().network.layer(0).pointwise.range();
        let [with, without] =
            [&fused, &plain].map(|trainer| trainer.network().parameters()[w.clone()].to_vec());
        let apart = with.iter().zip(&without).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
        assert!(apart > 1e-2, "{variant:?}: {apart:e}");
        let _ = fused.run(fused.iterations(), ON).unwrap();
        let history = fused.history();
        assert!(history[29].validation < 0.6 * history[0].validation, "{history:?}");
    }
}

/// Half of the epochs at a third of the points: tape and kernels see the same, the switch keeps parameters and the
/// optimiser's state, and a training that is resumed before, at and after it is the same bit for bit.
#[test]
fn a_training_may_begin_at_fewer_points() {
    let (train, test) = (signals(20, 41, 2), signals(5, 41, 2));
    let coarse = Some(Coarse { every: 3, epochs: 15 });
    let config = FnoConfig { coarse, ..config(Variant::Mlp) };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    let mut whole = FnoTrainer::new(config.clone(), &train, Some(&test), 1).unwrap();
    let tape = FnoConfig { backend: Backend::Tape, ..config.clone() };
    let mut tape = FnoTrainer::new(tape, &train, Some(&test), 1).unwrap();
    let switch = 15 * whole.iterations_per_epoch();
    for k in 0..switch + 4 {
        let loss = whole.step().unwrap().0;
        if k < 4 {
            let other = tape.step().unwrap().0;
            assert!((loss - other).abs() < 1e-4 * loss, "{k}: {loss} and {other}");
        }
    }
    for cut in [3, switch, switch + 2] {
        let mut first = FnoTrainer::new(config.clone(), &train, Some(&test), 2).unwrap();
        let _ = first.run(cut, ON).unwrap();
        first.save(&path).unwrap();
        let mut second = FnoTrainer::resume(&path, config.clone(), &train, Some(&test), 1).unwrap();
        let _ = second.run(switch + 4, ON).unwrap();
        assert_eq!(second.network(), whole.network(), "cut at {cut}");
    }
    // What was learned at a third of the points holds at all of them: the first epoch there begins lower than
    // a training that never saw any.
    let _ = whole.run(whole.iterations(), ON).unwrap();
    let history = whole.history();
    assert!(history[15].train < 0.5 * history[0].train, "{history:?}");
    assert!(history[29].validation < 0.4 * history[0].validation, "{history:?}");
}

/// Optimiser, losses since the last record and random numbers too: the files of both are equal.
fn assert_equal_files(a: &FnoTrainer, b: &FnoTrainer) {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |trainer: &FnoTrainer| {
        let path = folder.path().join("c.safetensors");
        trainer.save(&path).unwrap();
        std::fs::read(&path).unwrap()
    };
    assert!(bytes(a) == bytes(b), "the files differ");
}

/// Killed one iteration before the change of points, at it and one after it, each time going on from the file.
#[test]
fn a_training_that_is_killed_around_the_change_of_points_goes_on_the_same() {
    let (config, train) = tiny();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    for backend in [Backend::Fused, Backend::Tape] {
        let coarse = Some(Coarse { every: 3, epochs: 2 });
        let config = FnoConfig { backend, coarse, ..config.clone() };
        let mut whole = FnoTrainer::new(config.clone(), &train, Some(&train), 1).unwrap();
        let _ = whole.run(whole.iterations(), ON).unwrap();
        let switch = 2 * whole.iterations_per_epoch();
        let mut cut = FnoTrainer::new(config.clone(), &train, Some(&train), 1).unwrap();
        for at in [switch - 1, switch, switch + 1] {
            let _ = cut.run(at, ON).unwrap();
            cut.save(&path).unwrap();
            // What was done after the file was written is lost.
            cut.step().unwrap();
            cut = FnoTrainer::resume(&path, config.clone(), &train, Some(&train), 1).unwrap();
            assert_eq!(cut.iteration(), at);
        }
        let _ = cut.run(whole.iterations(), ON).unwrap();
        assert_eq!(cut.network(), whole.network(), "{backend:?}");
        assert_eq!(cut.history(), whole.history(), "{backend:?}");
        assert_equal_files(&cut, &whole);
    }
}

#[test]
fn fewer_points_are_two_at_least_and_have_all_modes() {
    let (config, train) = tiny();
    let network = config.network;
    // A single mode is all that two points need.
    let one = FnoSpec { modes: 1, padding: 0, ..network };
    let begin = |network, every| {
        let coarse = Some(Coarse { every, epochs: 2 });
        FnoTrainer::new(FnoConfig { network, coarse, ..config.clone() }, &train, None, 1)
    };
    // 14 points are no multiple of either: the last of five stands for two, the last of two for one.
    for (network, every) in [(network, 3), (one, 13)] {
        let mut trainer = begin(network, every).unwrap();
        let _ = trainer.run(trainer.iterations(), ON).unwrap();
    }
    for (network, every, words) in [
        (network, 0, "at least 2"),
        (network, 1, "leave `coarse` out"),
        (network, 7, "leaves 2 of 14 points"),
        (one, 14, "leaves 1 of 14 points"),
        (one, 15, "leaves 1 of 14 points"),
        (one, usize::MAX, "leaves 1 of 14 points"),
    ] {
        let error = begin(network, every).err().unwrap();
        let named = matches!(&error, Error::BadConfig { name, value, .. }
            if name == "coarse.every" && *value == every.to_string());
        assert!(named && error.to_string().contains(words), "{every}: {error}");
    }
}

#[test]
fn a_resumed_training_is_the_same_bit_for_bit_on_any_number_of_threads() {
    let (train, test) = (signals(20, 33, 2), signals(5, 33, 2));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    let muon = Some(MuonConfig::default());
    for (variant, muon) in [(Variant::Mlp, None), (Variant::Mlp, muon), (Variant::Residual, None)] {
        let config = FnoConfig { muon, ..config(variant) };
        let mut whole = FnoTrainer::new(config.clone(), &train, Some(&test), 1).unwrap();
        let _ = whole.run(17, ON).unwrap();
        let mut first = FnoTrainer::new(config.clone(), &train, Some(&test), 2).unwrap();
        let _ = first.run(10, ON).unwrap();
        first.save(&path).unwrap();
        let mut second = FnoTrainer::resume(&path, config.clone(), &train, Some(&test), 1).unwrap();
        let _ = second.run(17, ON).unwrap();
        assert_eq!(second.network(), whole.network());
        assert_eq!(second.history(), whole.history());
        assert_equal_files(&second, &whole);
        let read = Checkpoint::<FnoTrainer>::open(&path).unwrap();
        assert_eq!((read.iteration(), read.network()), (10, &first.network()));

        let other = FnoConfig { seed: 5, ..config.clone() };
        let error = FnoTrainer::resume(&path, other, &train, Some(&test), 1).err().unwrap();
        assert!(error.to_string().contains("seed"), "{error}");
        let error = FnoTrainer::resume(&path, config, &test, None, 1).err().unwrap();
        assert!(matches!(error, Error::OtherTraining { .. }), "{error}");
    }
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 9;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(Checkpoint::<FnoTrainer>::open(&path), Err(Error::BadCheckpoint { .. })));
}

#[test]
fn an_operator_survives_its_file_and_works_at_any_resolution() {
    let train = signals(12, 36, 2);
    let config = FnoConfig { schedule: Schedule::Over(Decay::Cosine(0.01)), ..config(Variant::Classic) };
    let mut trainer = FnoTrainer::new(config, &train, None, 1).unwrap();
    let _ = trainer.run(trainer.iterations(), ON).unwrap();
    let fno = trainer.network();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.safetensors");
    fno.save(&path).unwrap();
    assert_eq!(Fno::open(&path).unwrap(), fno);

    let predict = |fno: &Fno, x: &[f64]| {
        let mut y = vec![0.0; 2 * x.len()];
        fno.predictor(5, 1).unwrap().predict(x, &mut y).unwrap();
        y
    };
    let coarse = predict(&fno, train.inputs());
    let mean =
        |y: &[f64], t: &[f64]| y.iter().zip(t).map(|(y, t)| (y - t).abs()).sum::<f64>() / y.len() as f64;
    assert!(mean(&coarse, train.targets()) < 0.8, "{}", mean(&coarse, train.targets()));
    // Four times as many points: each of the old ones has its value again, nearly.
    let fine_x: Vec<f64> = train.inputs().iter().flat_map(|x| [*x; 4]).collect();
    let fine = fno.at_points(144).unwrap();
    assert_eq!((fine.points(), fine.padding()), (144, 12));
    assert!((fine.place(140) - fno.place(35)).abs() < 1e-15);
    let fine = predict(&fine, &fine_x);
    let again: Vec<f64> = fine.chunks(2).step_by(4).flatten().copied().collect();
    assert!(mean(&again, &coarse) < 0.8, "{}", mean(&again, &coarse));
    assert!(fno.at_points(4).is_err());
    let mut y = [0.0; 3];
    assert!(matches!(fno.predictor(1, 1).unwrap().predict(&[0.0; 36], &mut y), Err(Error::BadLength { .. })));
}

/// 71 trajectories, of which 32 go through the network at a time.
#[test]
fn the_validation_error_is_the_mean_over_all_trajectories() {
    let (config, _) = tiny();
    let all = signals(71, 14, 2);
    let mut trainer = FnoTrainer::new(config, &all, Some(&all), 1).unwrap();
    let found = trainer.validate().unwrap();
    let fno = trainer.network();
    let mut y = vec![0.0; all.targets().len()];
    fno.predictor(5, 1).unwrap().predict(all.inputs(), &mut y).unwrap();
    let (scale, each) = (fno.output_scale(), 14 * 2);
    let mut sum = 0.0;
    for (y, t) in y.chunks_exact(each).zip(all.targets().chunks_exact(each)) {
        for j in 0..2 {
            let (mut error, mut size) = (0.0, 0.0);
            for i in (j..each).step_by(2) {
                let [y, t] = [y[i], t[i]].map(|v| (v - scale.mean()[i]) / scale.scale()[i]);
                error += (y - t).powi(2);
                size += t * t;
            }
            sum += (error / size).sqrt();
        }
    }
    let expected = sum / (71.0 * 2.0);
    assert!((found - expected).abs() < 1e-5 * expected, "{found}, not {expected}");
}

#[test]
fn a_record_has_the_mean_of_the_losses_since_the_last() {
    let (config, train) = tiny();
    let config = FnoConfig { validate_every: 2, ..config };
    let mut trainer = FnoTrainer::new(config, &train, Some(&train), 1).unwrap();
    let losses: Vec<f64> = (0..8).map(|_| trainer.step().unwrap().0).collect();
    let history = trainer.history().to_vec();
    assert_eq!(history.iter().map(|r| r.iteration).collect::<Vec<_>>(), [4, 8]);
    for (record, losses) in history.iter().zip(losses.chunks(4)) {
        let mean = losses.iter().sum::<f64>() / 4.0;
        assert!((record.train - mean).abs() < 1e-12, "{record:?}: {mean}");
    }
    assert_eq!(trainer.validate(), Some(history[1].validation));
}

/// Nine iterations, three an epoch.
#[test]
fn the_learning_rate_falls_from_the_first_iteration_to_the_last() {
    let near = |schedule: Schedule, done: u64, expected: f64| {
        let part = schedule.part(done, 9, 3);
        assert!((part - expected).abs() < 1e-12, "{schedule:?}, {done} done: {part}, not {expected}");
    };
    let cosine = Schedule::Over(Decay::Cosine(0.1));
    for (done, part) in [(0, 1.0), (4, 0.55), (8, 0.1)] {
        near(cosine, done, part);
    }
    let steps = Schedule::Steps { every: 2, factor: 0.5 };
    for (done, part) in [(0, 1.0), (5, 1.0), (6, 0.5), (11, 0.5), (12, 0.25)] {
        near(steps, done, part);
    }
    assert_eq!(cosine.part(0, 1, 1), 1.0, "a training of one iteration");
    // As many as there are numbers for: it has a first one.
    let (config, train) = tiny();
    let endless = FnoConfig { epochs: u64::MAX, validate_every: u64::MAX, ..config };
    let mut trainer = FnoTrainer::new(endless, &train, None, 1).unwrap();
    assert_eq!(trainer.iterations(), u64::MAX);
    assert!(trainer.step().unwrap().1.is_none());
}

#[test]
fn settings_and_shapes_out_of_range_are_refused() {
    let train = signals(4, 30, 2);
    let good = config(Variant::Classic);
    for (bad, name) in [
        (FnoConfig { batch: 0, ..good.clone() }, "batch"),
        (FnoConfig { weight_decay: -1.0, ..good.clone() }, "weight_decay"),
        (FnoConfig { muon: Some(MuonConfig { momentum: 1.0, size: 0.2 }), ..good.clone() }, "muon.momentum"),
        (FnoConfig { muon: Some(MuonConfig { momentum: 0.9, size: 0.0 }), ..good.clone() }, "muon.size"),
        (FnoConfig { coarse: Some(Coarse { every: 1, epochs: 2 }), ..good.clone() }, "coarse.every"),
        (FnoConfig { coarse: Some(Coarse { every: 2, epochs: 30 }), ..good.clone() }, "coarse.epochs"),
        (FnoConfig { schedule: Schedule::Steps { every: 0, factor: 0.5 }, ..good.clone() }, "schedule"),
        (FnoConfig { network: FnoSpec { modes: 40, ..good.network }, ..good.clone() }, "modes"),
        (FnoConfig { network: FnoSpec { outputs: 3, ..good.network }, ..good.clone() }, "outputs"),
    ] {
        let error = FnoTrainer::new(bad, &train, None, 1).err().unwrap().to_string();
        assert!(error.contains(name), "{name}: {error}");
    }
    // Trajectories to watch the training with are of the same kind.
    let channels = Signals::new(30, 2, 2, vec![0.0; 60], vec![0.0; 60]).unwrap();
    for (other, name) in
        [(signals(2, 29, 2), "points"), (signals(2, 30, 1), "outputs"), (channels, "channels")]
    {
        let error = FnoTrainer::new(good.clone(), &train, Some(&other), 1).err().unwrap();
        assert!(matches!(&error, Error::BadLength { what, .. } if what.contains(name)), "{error}");
    }
}
