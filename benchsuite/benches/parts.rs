//! The parts that experiments spend their time in, one group each:
//! `cargo bench -p benchsuite --bench parts -- rhs` (or `solve`, `train`, `infer`).

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use infer_trt::{Provider, SessionOptions};
use ionic_models::{Stimulus, registry};
use ode_solvers::{Method, Options, StepSize, Tolerance, solve};
use surrogates::{
    DataTerm, InitialTerm, InitialValue, Mlp, MlpSpec, Normalization, PhysicsTerm, Samples, Sampling,
    SystemField, TrainConfig, Trainer, TrainingSet, onnx,
};

const CELLS: [(&str, &str); 2] = [("fitzhugh_nagumo", "werneck"), ("hodgkin_huxley_1952", "modern")];

fn rhs(c: &mut Criterion) {
    let mut group = c.benchmark_group("rhs");
    for (id, variant) in CELLS {
        let cell = registry::find(id, Some(variant)).expect("a model of the registry").cell();
        let y = cell.initial_state().to_vec();
        let mut dy = vec![0.0; y.len()];
        group.bench_function(BenchmarkId::new(id, variant), |b| {
            b.iter(|| cell.rhs(0.0, black_box(&y), &mut dy));
        });
    }
    group.finish();
}

/// Hodgkin–Huxley under a constant current for 100 ms: seven action potentials.
fn solve_hodgkin_huxley(c: &mut Criterion) {
    let mut cell =
        registry::find("hodgkin_huxley_1952", Some("modern")).expect("a model of the registry").cell();
    cell.set_stimulus(Stimulus::constant(10.0).expect("a finite current"));
    let y0 = cell.initial_state().to_vec();
    let mut group = c.benchmark_group("solve");
    for method in [Method::Tsit5, Method::Rodas5P] {
        let step = StepSize::Adaptive(Tolerance::new(1e-6, 1e-8));
        group.bench_function(BenchmarkId::new("hodgkin_huxley_100_ms", method), |b| {
            b.iter(|| {
                solve(&*cell, method, step.clone(), (0.0, 100.0), &y0, &Options::end())
                    .expect("it is not stiff")
            });
        });
    }
    group.finish();
}

/// One iteration of problem A of Werneck 2024 on the complete set.
fn trainer(physics: bool) -> Trainer {
    let recipe = datagen::recipes::werneck_problem_a(1000);
    let samples =
        Samples::from_dataset(&recipe.generate().expect("a recipe of the crate")).expect("finite data");
    let spec = MlpSpec::parse(1, "SiLU32,SiLU32", 2).expect("a network");
    let mut config = TrainConfig::data_driven(spec, 1);
    config.data = Some(DataTerm { batch: 10, sampling: Sampling::Shuffled, weight: 1.0 });
    if physics {
        config.physics = vec![PhysicsTerm { batch: 16, domain: vec![(0.0, 20.0)], weight: 1.0 }];
        let values = vec![InitialValue::Fixed(0.5), InitialValue::Fixed(0.0)];
        config.initial = Some(InitialTerm { batch: 2, domain: vec![(0.0, 0.0)], values, weight: 1.0 });
    }
    let cell = ionic_models::Cell::<ionic_models::models::FitzHughNagumo>::new();
    let field =
        Some(Arc::new(SystemField::new(cell, 0, "fitzhugh_nagumo")) as Arc<dyn surrogates::VectorField>);
    Trainer::new(config, TrainingSet { train: Some(samples), validation: None, field })
        .expect("sound settings")
}

fn train(c: &mut Criterion) {
    let mut group = c.benchmark_group("train");
    for (name, physics) in [("DDNN", false), ("PINN", true)] {
        let mut trainer = trainer(physics);
        group.bench_function(BenchmarkId::new("iteration", name), |b| {
            b.iter(|| trainer.step().expect("finite"))
        });
    }
    group.finish();
}

/// 16 384 rows of three inputs through two outputs, one thread.
fn infer(c: &mut Criterion) {
    const ROWS: usize = 16_384;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut group = c.benchmark_group("infer");
    group.throughput(Throughput::Elements(ROWS as u64));
    for layers in ["SiLU16,SiLU16", "SiLU32,SiLU32,SiLU32"] {
        let spec = MlpSpec::parse(3, layers, 2).expect("a network");
        let network =
            Mlp::random(spec, Normalization::identity(3), Normalization::identity(2), 1).expect("a network");
        let path = folder.path().join("network.onnx");
        onnx::export(&network, &onnx::Description::default(), &path).expect("a writable folder");
        let options = SessionOptions::default().with_threads(1);
        let mut session = infer_trt::open(&path, &Provider::Native, &options).expect("a graph of ours");
        let x: Vec<f32> = (0..3 * ROWS).map(|i| (i % 101) as f32 / 101.0).collect();
        let mut y = vec![0.0; 2 * ROWS];
        group.bench_function(BenchmarkId::new("native", layers), |b| {
            b.iter(|| session.run(black_box(&x), &mut y).expect("buffers that fit"));
        });
    }
    group.finish();
}

criterion_group!(parts, rhs, solve_hodgkin_huxley, train, infer);
criterion_main!(parts);
