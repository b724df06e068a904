//! One step of every method on O'Hara–Rudy's cell at rest: no control, no recording.

use criterion::{BenchmarkId, Criterion, Throughput};
use ionic_models::Cell;
use ionic_models::models::OHaraRudy2011;
use ode_solvers::{
    GeneralizedRushLarsen, Rosenbrock, RungeKutta, RungeKuttaPair, RushLarsen, Statistics, Step, Stepper,
    ThetaMethod, tableau,
};

type Any = Box<dyn Stepper<Cell<OHaraRudy2011>, f64>>;

/// The methods, each with the memory for so many states.
fn steppers(dim: usize) -> Vec<(&'static str, Any)> {
    let explicit = [&tableau::EXPLICIT_EULER, &tableau::HEUN, &tableau::MIDPOINT, &tableau::RUNGE_KUTTA_4];
    let pairs =
        [&tableau::BOGACKI_SHAMPINE_32, &tableau::DORMAND_PRINCE_54, &tableau::TSIT5, &tableau::DOP853];
    let thetas = [&tableau::BACKWARD_EULER, &tableau::TRAPEZOID];
    // (Rodas5Pe and Rodas5Pr differ from Rodas5P in their estimates of the error alone.)
    let rosenbrocks = [
        &tableau::ROSENBROCK_23,
        &tableau::ROS3P,
        &tableau::RODAS3P,
        &tableau::RODAS4,
        &tableau::RODAS4P,
        &tableau::RODAS5,
        &tableau::RODAS5P,
    ];
    let mut all = Vec::new();
    let mut add = |name: &'static str, stepper: Any| all.push((name, stepper));
    for tableau in explicit {
        add(tableau.name, Box::new(RungeKutta::<f64>::new(tableau, dim)));
    }
    for pair in pairs {
        add(pair.tableau.name, Box::new(RungeKuttaPair::<f64>::new(pair, dim)));
    }
    add("Rush–Larsen 1", Box::new(RushLarsen::<f64>::first_order(dim)));
    add("Rush–Larsen 2", Box::new(RushLarsen::<f64>::second_order(dim)));
    add("generalized Rush–Larsen 1", Box::new(GeneralizedRushLarsen::<f64>::first_order(dim)));
    add("generalized Rush–Larsen 2", Box::new(GeneralizedRushLarsen::<f64>::second_order(dim)));
    for tableau in thetas {
        add(tableau.name, Box::new(ThetaMethod::<f64>::new(tableau, dim)));
    }
    for tableau in rosenbrocks {
        add(tableau.name, Box::new(Rosenbrock::<f64>::new(tableau, dim)));
    }
    all
}

pub(crate) fn step(c: &mut Criterion) {
    // Short enough for the explicit methods.
    const DT: f64 = 0.005;
    let cell = Cell::<OHaraRudy2011>::new();
    let mut group = c.benchmark_group("step");
    group.throughput(Throughput::Elements(1));
    for (name, mut stepper) in steppers(cell.initial_state().len()) {
        let (mut t, mut y, mut stats) = (0.0, cell.initial_state().to_vec(), Statistics::default());
        let mut y1 = y.clone();
        group.bench_function(BenchmarkId::new("ohara_rudy_2011", name), |b| {
            b.iter(|| {
                let step = Step::new(t, DT);
                stepper.step(&cell, step, &y, &mut y1, &mut stats).expect("a cell at rest");
                std::mem::swap(&mut y, &mut y1);
                t = step.t1;
            });
        });
    }
    group.finish();
}
