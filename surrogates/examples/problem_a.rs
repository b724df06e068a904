//! Trains one network on one trajectory of the FitzHugh–Nagumo model, from ten data points, with and
//! without the equations, and prints the error and the time per iteration.
//!
//! `cargo run --release -p surrogates --example problem_a -- [iterations] [hidden layers]`

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use ode_solvers::{Scalar, StateSpace, System};
use surrogates::{
    DataTerm, InitialTerm, InitialValue, MlpSpec, Normalization, PhysicsTerm, PlateauConfig, Samples,
    Sampling, SystemField, TrainConfig, Trainer, Training as _, TrainingSet,
};

/// Werneck 2024, section 2.2, without stimulus.
struct FitzHughNagumo;

impl StateSpace for FitzHughNagumo {
    fn dim(&self) -> usize {
        2
    }
}

impl<T: Scalar> System<T> for FitzHughNagumo {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let (u, w) = (y[0], y[1]);
        dy[0] = (u * (u - 0.4) * (-u + 1.0) - w) * 10.0;
        dy[1] = (u * 0.2 - w * 0.8) * 0.2;
    }
}

/// Every `stride`-th of 2000 Euler steps of 0.01 from (0.5, 0).
fn trajectory(stride: usize, count: usize) -> Result<Samples, surrogates::Error> {
    let (mut t, mut x) = (Vec::new(), Vec::new());
    let mut y = [0.5, 0.0];
    for k in 0..=2000 {
        if k % stride == 0 && t.len() < count {
            t.push(k as f32 * 0.01);
            x.extend(y.map(|v: f64| v as f32));
        }
        let mut dy = [0.0; 2];
        FitzHughNagumo.rhs(0.0, &y, &mut dy);
        y = [y[0] + 0.01 * dy[0], y[1] + 0.01 * dy[1]];
    }
    Samples::new(1, 2, t, x)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let iterations: u64 = arguments.next().map_or(Ok(20_000), |s| s.parse())?;
    let hidden = arguments.next().unwrap_or_else(|| "SiLU32,SiLU32".to_owned());
    let network = MlpSpec::parse(1, &hidden, 2)?;
    let set = TrainingSet {
        train: Some(trajectory(222, 10)?),
        validation: Some(trajectory(1, 2001)?),
        field: Some(Arc::new(SystemField::new(FitzHughNagumo, 0, "fitzhugh_nagumo werneck"))),
        ..TrainingSet::default()
    };
    for physics in [false, true] {
        let mut config = TrainConfig::data_driven(network.clone(), 0);
        config.input = Normalization::from_domain(&[(0.0, 20.0)])?;
        config.data = Some(DataTerm { batch: 10, sampling: Sampling::Shuffled, weight: 1.0 });
        config.plateau = Some(PlateauConfig::default());
        if physics {
            config.physics = vec![PhysicsTerm { batch: 16, domain: vec![(0.0, 20.0)], weight: 1.0 }];
            config.initial = Some(InitialTerm {
                batch: 2,
                domain: vec![(0.0, 0.0)],
                values: vec![InitialValue::Fixed(0.5), InitialValue::Fixed(0.0)],
                weight: 1.0,
            });
        }
        let mut trainer = Trainer::new(config, set.clone())?;
        let start = Instant::now();
        let _ = trainer.run(iterations, |_, record| {
            if let Some(r) = record {
                println!("{r:?}");
            }
            ControlFlow::Continue(())
        })?;
        let per_iteration = start.elapsed().as_secs_f64() * 1e6 / iterations as f64;
        let name = if physics { "data and physics" } else { "data alone" };
        println!("{name}: {:?}, {per_iteration:.1} µs per iteration", trainer.validate()?);
    }
    Ok(())
}
