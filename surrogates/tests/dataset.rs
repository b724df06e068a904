//! From a data set of `datagen` and a model of `ionic_models` to a trained network.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::ops::ControlFlow;
use std::sync::Arc;

use surrogates::onnx::Description;
use surrogates::{
    MlpSpec, Normalization, PhysicsTerm, Samples, SystemField, TrainConfig, Trainer, TrainingSet, VectorField,
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
