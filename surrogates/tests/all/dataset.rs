//! From a data set of `datagen` and a model of `ionic_models` to a trained network.

use std::ops::ControlFlow;
use std::sync::Arc;

use datagen::{Ends, Quantity, Range, Sampling, TimeGrid};
use surrogates::onnx::Description;
use surrogates::{
    DataTerm, MlpSpec, Normalization, PhysicsTerm, Samples, SystemField, TrainConfig, Trainer, Training as _,
    TrainingSet, VectorField,
};

#[test]
fn a_data_set_and_a_registered_model_are_all_it_takes() {
    let data = datagen::recipes::werneck_problem_a(10).generate().unwrap();
    let samples = Samples::from_dataset(&data).unwrap();
    assert_eq!((samples.rows(), samples.n_inputs(), samples.n_outputs()), (10, 1, 2));
    assert_eq!(samples.inputs()[9], 20.0);
    assert_eq!(samples.targets()[..2], [0.5, 0.0]);

    let entry = ionic_models::registry::find("fitzhugh_nagumo", Some("werneck")).unwrap();
    let field = SystemField::<dyn ionic_models::AnyCell>::shared(
        Arc::from(entry.cell()),
        0,
        "fitzhugh_nagumo/werneck",
    );
    let (mut f, mut j) = ([0.0; 2], [0.0; 4]);
    field.evaluate(&[0.0], &[0.5, 0.0], &mut f, &mut j);
    // 10 · 0.5 · 0.1 · 0.5 and 0.2 · 0.2 · 0.5
    assert!((f[0] - 0.25).abs() < 1e-15 && (f[1] - 0.02).abs() < 1e-15, "{f:?}");

    let mut config = TrainConfig::data_driven(MlpSpec::parse(1, "SiLU16,SiLU16", 2).unwrap(), 0);
    config.input = Normalization::from_domain(&[(0.0, 20.0)]).unwrap();
    config.physics = vec![PhysicsTerm { batch: 16, domain: vec![(0.0, 20.0)], weight: 1.0 }];
    let set = TrainingSet { train: Some(samples), field: Some(Arc::new(field)), ..TrainingSet::default() };
    let mut trainer = Trainer::new(config, set).unwrap();
    let first = trainer.step().unwrap().0.total;
    let _ = trainer.run(500, |_, _| ControlFlow::Continue(())).unwrap();
    assert!(trainer.step().unwrap().0.total < 0.5 * first);

    let description = Description::of_dataset(&data);
    assert_eq!(description.recipe_sha256, data.recipe_sha256());
    let names: Vec<_> = description.inputs.iter().chain(&description.targets).map(|l| &l.name).collect();
    assert_eq!(names, ["t", "U", "W"]);
}

/// Tells a process of this program that it is the one that trains.
const INNER: &str = "SURROGATES_TEST_ROWS";

/// A line of `/proc/self/status` in bytes.
#[cfg(target_os = "linux")]
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix(line)).unwrap();
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
}

/// Training needs the rows in single precision and their order; the data set itself can go before it begins.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "ten million rows: some seconds, 370 MB of memory"]
fn ten_million_rows_are_trained_on_in_bounded_memory() {
    const MB: u64 = 1_000_000;
    let rows: u64 = 10_000_000;
    if std::env::var_os(INNER).is_none() {
        // A process of its own: others of this program have other peaks.
        let mut inner = std::process::Command::new(std::env::current_exe().unwrap());
        inner.args([
            "--exact",
            "dataset::ten_million_rows_are_trained_on_in_bounded_memory",
            "--nocapture",
            "--ignored",
        ]);
        let output = inner.env(INNER, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        println!("{}", said.lines().find(|l| l.contains("peak")).unwrap());
        return;
    }
    let mut recipe = datagen::recipes::werneck_problem_a(100);
    let initial = |name: &str, high| Range { of: Quantity::Initial(name.to_owned()), low: 0.0, high };
    recipe.model.initial.clear();
    recipe.sampling =
        Sampling::Uniform { samples: rows / 100, ranges: vec![initial("U", 1.0), initial("W", 0.18)] };
    recipe.times = TimeGrid::Uniform { from: 0.0, to: 1.0, points: 100, ends: Ends::Last };
    let data = recipe.generate().unwrap();
    let columns = (data.n_inputs() + data.n_targets()) as u64;
    assert_eq!(data.n_rows() as u64, rows);
    let samples = Samples::from_dataset(&data).unwrap();
    drop(data);
    // Both forms at once: 8 and 4 bytes a number.
    let loaded = memory("VmHWM:");
    assert!(loaded < rows * columns * 12 + 100 * MB, "{loaded} bytes to take the data set over");

    let mut config = TrainConfig::data_driven(MlpSpec::parse(1, "SiLU16,SiLU16", 2).unwrap(), 0);
    config.data = Some(DataTerm { batch: 1000, sampling: surrogates::Sampling::Shuffled, weight: 1.0 });
    let mut trainer =
        Trainer::new(config, TrainingSet { train: Some(samples), ..TrainingSet::default() }).unwrap();
    let _ = trainer.run(200, |_, _| ControlFlow::Continue(())).unwrap();
    // 4 bytes a number, and the order of the rows.
    let training = memory("VmRSS:");
    println!("peak {} MB, in training {} MB", memory("VmHWM:") / MB, training / MB);
    assert!(training < rows * (columns * 4 + 4) + 100 * MB, "{training} bytes in training");
    assert!(memory("VmHWM:") < rows * columns * 12 + 100 * MB, "more at the peak than both forms");
}
