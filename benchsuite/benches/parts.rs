//! The parts that experiments spend their time in, one group each:
//! `cargo bench -p benchsuite --bench parts -- rhs` (or `jacobian`, `lu`, `step`, `solve`, `many`, `data`, `train`,
//! `infer`).

#[path = "parts/step.rs"]
mod step;
#[path = "parts/train.rs"]
mod train;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use infer_trt::{Provider, SessionOptions};
use ionic_models::models::{FitzHughNagumo, OHaraRudy2011};
use ionic_models::{Cell, CellColumns, Cells, Pulse, Stimulus, registry};
use ode_solvers::sparse::SparseLu;
use ode_solvers::tape::{Entries, Trace, program};
use ode_solvers::{
    Element, Lanes, Method, Options, StepSize, System as _, Tolerance, march_columns, solve, solve_ensemble,
};
use surrogates::{Mlp, MlpSpec, Normalization, onnx};

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

/// All entries of O'Hara–Rudy's Jacobian from the equations as they were written down: one cell, and
/// lanes of them.
fn jacobian(c: &mut Criterion) {
    fn one<T: ode_solvers::Scalar>(group: &mut Group<'_>, name: &str) {
        let cell = Cell::<OHaraRudy2011>::new();
        let trace = Trace::of(&cell, 0.0).expect("one at a time");
        let mut tape = program::<T>(&trace, Entries::All).expect("a model of ordinary size");
        let y: Vec<T> = cell.initial_state().iter().map(|&y| T::from(y)).collect();
        let mut entries = vec![T::default(); tape.program().positions().len()];
        group.throughput(Throughput::Elements(T::LANES as u64));
        group.bench_function(BenchmarkId::new("ohara_rudy_2011", name), |b| {
            b.iter(|| tape.jacobian(black_box(&y), &mut entries));
        });
    }
    let mut group = c.benchmark_group("jacobian");
    one::<f64>(&mut group, "f64");
    one::<Lanes<f64, 8>>(&mut group, "f64x8");
    one::<Lanes<f32, 16>>(&mut group, "f32x16");
    group.finish();
}

/// O'Hara–Rudy's implicit step: the factors of its matrix, and one solution.
fn lu(c: &mut Criterion) {
    fn one<T: ode_solvers::Scalar>(group: &mut Group<'_>, name: &str) {
        let cell = Cell::<OHaraRudy2011>::new();
        let trace = Trace::of(&cell, 0.0).expect("one at a time");
        let mut tape = program::<T>(&trace, Entries::All).expect("a model of ordinary size");
        let (_, plan) = tape.program().plan().expect("it is sparse");
        let mut lu = SparseLu::<T>::new(plan.clone());
        let y: Vec<T> = cell.initial_state().iter().map(|&y| T::from(y)).collect();
        let mut entries = vec![T::default(); tape.program().positions().len()];
        tape.jacobian(&y, &mut entries);
        let diagonal = T::from(100.0);
        group.throughput(Throughput::Elements(T::LANES as u64));
        group.bench_function(BenchmarkId::new("factorise", name), |b| {
            b.iter(|| lu.factorise(black_box(diagonal), &entries).expect("the diagonal dominates"));
        });
        let mut x = y.clone();
        group.bench_function(BenchmarkId::new("solve", name), |b| {
            b.iter(|| {
                x.copy_from_slice(&y);
                lu.solve(black_box(&mut x));
            });
        });
    }
    let mut group = c.benchmark_group("lu");
    one::<f64>(&mut group, "f64");
    one::<Lanes<f64, 8>>(&mut group, "f64x8");
    one::<Lanes<f32, 16>>(&mut group, "f32x16");
    group.finish();
}

/// Data sets from their recipes: a trajectory, and pairs from a stiff bursting cell.
fn data(c: &mut Criterion) {
    let mut group = c.benchmark_group("data");
    group.sample_size(10);
    for (name, recipe) in [
        ("werneck_problem_a", datagen::recipes::werneck_problem_a(1000)),
        ("kuptsov_neural_map", datagen::recipes::kuptsov_neural_map("original", 0.005, 8, 100, 1)),
    ] {
        let rows = recipe.generate().expect("a recipe of the library").n_rows();
        group.throughput(Throughput::Elements(rows as u64));
        group.bench_function(name, |b| b.iter(|| recipe.generate().expect("as before")));
    }
    group.finish();
}

/// A beat of 64 different O'Hara–Rudy cells, one after the other and in lanes; a hundred steps of a
/// million FitzHugh–Nagumo cells.
fn many(c: &mut Criterion) {
    let cells: Vec<_> = (0..64)
        .map(|i| {
            let mut cell = Cell::<OHaraRudy2011>::new();
            for (k, name) in ["G_Kr", "P_Ca", "G_Na", "G_K1"].into_iter().enumerate() {
                let factor = 0.8 + 0.4 * f64::from((i * (2 * k as i32 + 3)) % 64) / 64.0;
                let value = cell.parameter(name).expect("a parameter") * factor;
                cell.set_parameter(name, value).expect("within its range");
            }
            let pulse = Pulse { start: 0.0, duration: 0.5, amplitude: -80.0 };
            cell.with_stimulus(Stimulus::pulses(vec![pulse]).expect("a pulse"))
        })
        .collect();
    let step = StepSize::Adaptive(Tolerance::new(2e-4, 2e-6));
    let (span, options) = ((0.0, 1000.0), Options::end());
    let mut group = c.benchmark_group("many");
    group.sample_size(10);
    group.throughput(Throughput::Elements(64));
    group.bench_function("ohara_rudy_2011/alone", |b| {
        b.iter(|| {
            for cell in &cells {
                solve(cell, Method::Rodas4, step.clone(), span, cell.initial_state(), &options)
                    .expect("a beat");
            }
        });
    });
    let ratio = |c: &Cell<OHaraRudy2011>| {
        c.parameter("G_Kr").unwrap_or_default() / c.parameter("P_Ca").unwrap_or(1.0)
    };
    let together = Cells::new(cells.clone()).with_similarity(ratio);
    group.bench_function("ohara_rudy_2011/f64x8", |b| {
        b.iter(|| {
            solve_ensemble::<f64, 8, _>(&together, Method::Rodas4, &step, span, &options, |_, solution| {
                solution.expect("a beat");
            });
        });
    });
    let count = 1_000_000;
    let mut cells = CellColumns::<FitzHughNagumo, f32>::new(&Cell::new(), count);
    cells.set_stimulus_column((0..count).map(|m| 1e-7 * m as f32).collect());
    let start = cells.initial_state();
    group.throughput(Throughput::Elements(100 * count as u64));
    group.bench_function("fitzhugh_nagumo/100 steps", |b| {
        let mut y = start.clone();
        b.iter(|| {
            march_columns::<f32, 16, _>(&cells, Method::ExplicitEuler, 0.01, (0.0, 1.0), &mut y, |_| {})
                .expect("a march")
        });
    });
    group.finish();
}

/// Hodgkin–Huxley under a constant current for 100 ms: seven action potentials.
fn solve_hodgkin_huxley(c: &mut Criterion) {
    let mut cell =
        registry::find("hodgkin_huxley_1952", Some("modern")).expect("a model of the registry").cell();
    cell.set_stimulus(Stimulus::constant(10.0).expect("a finite current"));
    let y0 = cell.initial_state().to_vec();
    let mut group = c.benchmark_group("solve");
    // Milliseconds of the cell's time.
    group.throughput(Throughput::Elements(100));
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

criterion_group!(parts, rhs, jacobian, lu, step::step, solve_hodgkin_huxley, many, data, train::train, infer);
criterion_main!(parts);
