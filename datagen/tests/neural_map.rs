//! The recipe of Kuptsov et al. 2022.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::num::NonZeroUsize;

use datagen::recipes::kuptsov_neural_map;
use ionic_models::models::ShermanRinzelKeizer1988;
use ionic_models::{Cell, Stimulus};
use ode_solvers::dynamics::{Newton, fixed_point};

#[test]
fn pairs_are_steps_along_oscillations_and_keep_away_from_the_fixed_point() {
    for variant in ["original", "bistable"] {
        let recipe = kuptsov_neural_map(variant, 0.005, 24, 40, 3);
        let data = recipe.generate_on(NonZeroUsize::new(1).unwrap()).unwrap();
        assert_eq!(data, recipe.generate_on(NonZeroUsize::new(3).unwrap()).unwrap());
        let names: Vec<&str> = data.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["V", "n", "S", "V_S", "V_next", "n_next", "S_next"]);
        assert_eq!((data.n_trajectories(), data.rows_per_trajectory()), (24, 40));
        let mut v_s = Vec::new();
        for k in 0..data.n_trajectories() {
            let rows = data.trajectory(k).unwrap();
            v_s.push(rows[(0, 3)]);
            assert!((-40.0..=-30.0).contains(&rows[(0, 3)]));
            let mut cell = Cell::<ShermanRinzelKeizer1988>::variant(variant).unwrap();
            cell = cell.with_stimulus(Stimulus::none());
            cell.set_parameter("V_S", rows[(0, 3)]).unwrap();
            let rest = fixed_point(&cell, &[-50.0, 2e-3, 0.19], &Newton::default()).unwrap().state;
            for i in 0..40 {
                let distance = (0..3).map(|j| (rows[(i, j)] - rest[j]).powi(2)).sum::<f64>().sqrt();
                assert!(distance > 1e-3, "{variant}, trajectory {k}, row {i}: {distance}");
                if i > 0 {
                    for j in 0..3 {
                        assert!((rows[(i, j)] - rows[(i - 1, j + 4)]).abs() < 1e-8, "{variant} {k} {i} {j}");
                    }
                }
            }
        }
        v_s.dedup();
        assert_eq!(v_s.len(), 24);
    }
}
