//! A neural map of a bursting β-cell: it learns from bursts alone, and has a fixed point.
//!
//! `cargo run --release --package surrogates --example neural_map`: data, training, and the map's fixed point with
//! its growth rates beside those of the equations. `cargo xtask reproduce K` fits longer, and looks at the whole
//! range of V_S.

use std::ops::ControlFlow;

use datagen::recipes;
use ionic_models::models::ShermanRinzelKeizer1988;
use ionic_models::{Cell, Stimulus};
use ode_solvers::dynamics::{Newton, eigenvalues, exponents, fixed_point, fixed_point_of_map};
use surrogates::neural_map::{LeastSquares, LeastSquaresConfig, Pairs};
use surrogates::{MapSpec, Training as _};

const DT: f64 = 0.005;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = recipes::kuptsov_neural_map("bistable", DT, 300, 6, 1).generate()?;
    let split = data.split(0.1, 1)?;
    let (train, validation) =
        (Pairs::from_dataset(&data, &split.train)?, Pairs::from_dataset(&data, &split.val)?);
    println!("{} pairs from bursts and spikes at 300 values of V_S", train.rows());

    let (state, control) = train.standardization()?;
    let spec = MapSpec { states: 3, parameters: 1, width: 100 };
    let config = LeastSquaresConfig {
        steps: 200,
        validate_every: 25,
        ..LeastSquaresConfig::new(spec, state, control, DT, 1)
    };
    let steps = config.steps;
    let mut fit = LeastSquares::new(config, &train, Some(&validation))?;
    let _ = fit.run(steps, |_, record| {
        if let Some(r) = record {
            println!("step {:3}: mean squared error of validation {:.2e}", r.step, r.validation);
        }
        ControlFlow::Continue(())
    })?;

    let mut cell = Cell::<ShermanRinzelKeizer1988>::variant("bistable")?.with_stimulus(Stimulus::none());
    for v_s in [-39.0, -36.0] {
        cell.set_parameter("V_S", v_s)?;
        let ode = fixed_point(&cell, &[-50.0, 2e-3, 0.19], &Newton::default())?;
        let map = fit.map().at(&[v_s])?;
        println!("V_S = {v_s}");
        let rates = |all: &[ode_solvers::dynamics::Eigenvalue]| {
            all.iter().map(|z| format!("{:.3}{:+.3}i", z.re, z.im)).collect::<Vec<_>>().join(", ")
        };
        println!("  equations: {:.5?}, rates {}", ode.state, rates(&eigenvalues(&ode.jacobian, 3)?));
        match fixed_point_of_map(&map, &ode.state, &Newton::default()) {
            Ok(point) => {
                let found = exponents(&eigenvalues(&point.jacobian, 3)?, DT);
                println!("  map:       {:.5?}, rates {}", point.state, rates(&found));
            }
            Err(why) => println!("  map:       {why}"),
        }
    }
    Ok(())
}
