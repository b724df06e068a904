//! The parts that experiments spend their time in, one group each:
//! `cargo bench -p benchsuite --bench parts -- rhs` (or `solve`, `train`, `infer`).

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use infer_trt::{Provider, SessionOptions};
use ionic_models::models::OHaraRudy2011;
use ionic_models::{Cell, Stimulus, registry};
use ode_solvers::{Element, Lanes, Method, Options, StepSize, System as _, Tolerance, solve};
use surrogates::{
    DataTerm, InitialTerm, InitialValue, Mlp, MlpSpec, Normalization, PhysicsTerm, Samples, Sampling,
    SystemField, TrainConfig, Trainer, TrainingSet, onnx,
};

/// Every model, one cell: the first variant of each.
fn rhs(c: &mut Criterion) {
    let mut group = c.benchmark_group("rhs");
    group.throughput(Throughput::Elements(1));
    let mut seen = Vec::new();
    for entry in registry::models() {
        if seen.contains(&entry.id) {
            continue;
        }
        seen.push(entry.id);
        let cell = entry.cell();
        let y = cell.initial_state().to_vec();
        let mut dy = vec![0.0; y.len()];
        group.bench_function(BenchmarkId::new(entry.id, "f64"), |b| {
            b.iter(|| cell.rhs(0.0, black_box(&y), &mut dy));
        });
    }
    lanes::<f64, 8>(&mut group, "f64x8");
    lanes::<f32, 16>(&mut group, "f32x16");
    group.finish();
}

type Group<'a> = criterion::BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// O'Hara–Rudy's cell, `N` at once, on the widest registers that the machine has.
fn lanes<E: Element, const N: usize>(group: &mut Group<'_>, name: &str) {
    group.throughput(Throughput::Elements(N as u64));
    let cell = Cell::<OHaraRudy2011>::new();
    let y: Vec<Lanes<E, N>> = cell.initial_state().iter().map(|&y| Lanes::from(y)).collect();
    let mut dy = y.clone();
    group.bench_function(BenchmarkId::new("ohara_rudy_2011", name), |b| {
        b.iter(|| cell.rhs(0.0, black_box(&y), &mut dy));
    });
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
    let cell = Cell::<ionic_models::models::FitzHughNagumo>::new();
    let field =
        Some(Arc::new(SystemField::new(cell, 0, "fitzhugh_nagumo")) as Arc<dyn surrogates::VectorField>);
    Trainer::new(config, TrainingSet { train: Some(samples), field, ..TrainingSet::default() })
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
