//! What comes out of a recipe.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{initial, parameter, small};
use datagen::*;
use ionic_models::{PulseTrain, StimulusSpec};
use ode_solvers::Method;

/// Explicit Euler for Werneck's form, written out: the state after `n` steps of 0.01.
fn euler(u: f64, w: f64, i_app: f64, n: usize) -> (f64, f64) {
    (0..n).fold((u, w), |(u, w), _| {
        let du = 10.0 * (u * (u - 0.4) * (1.0 - u) - w + i_app);
        let dw = 0.2 * (0.2 * u - 0.8 * w);
        (u + 0.01 * du, w + 0.01 * dw)
    })
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b} within {tolerance}");
}

#[test]
fn rows_are_what_euler_steps_give() {
    let data = small().generate().unwrap();
    assert_eq!(data.values().dim(), (48, 5));
    assert_eq!((data.n_trajectories(), data.rows_per_trajectory()), (12, 4));
    for (row, values) in data.values().rows().into_iter().enumerate() {
        let [t, u0, w0, u, w] = *values.as_slice().unwrap() else { panic!("five columns") };
        let n = 25 * (row % 4 + 1);
        assert_eq!(t, n as f64 * 0.01);
        assert!((0.0..=1.0).contains(&u0) && (0.0..=0.18).contains(&w0));
        let (u_expected, w_expected) = euler(u0, w0, 0.1, n);
        close(u, u_expected, 1e-13);
        close(w, w_expected, 1e-13);
    }
    // Trajectories differ; rows of one trajectory share their initial state.
    let u0 = data.inputs().column(1).to_vec();
    assert_eq!(u0[0], u0[3]);
    assert_ne!(u0[0], u0[4]);
}

#[test]
fn werneck_problem_a_is_laid_out_as_its_page_says() {
    let data = recipes::werneck_problem_a(1001).generate().unwrap();
    // 1001 points with both ends lie on every second Euler step.
    for (k, row) in data.values().rows().into_iter().enumerate() {
        close(row[0], 0.02 * k as f64, 1e-14);
        let (u, w) = euler(0.5, 0.0, 0.0, 2 * k);
        close(row[1], u, 1e-12);
        close(row[2], w, 1e-12);
    }
    let peak = data
        .values()
        .rows()
        .into_iter()
        .fold((0.0, 0.0), |a: (f64, f64), r| if r[1] > a.1 { (r[0], r[1]) } else { a });
    // The exact solution peaks at .92451, t = 1.34; Euler with this step is off by about 0.003.
    close(peak.0, 1.34, 0.03);
    close(peak.1, 0.92451, 0.005);

    let scarce = recipes::werneck_problem_a(10).generate().unwrap();
    let t = scarce.inputs().column(0).to_vec();
    assert_eq!((t[0], t[9], t.len()), (0.0, 20.0, 10));
    t.windows(2).for_each(|w| close(w[1] - w[0], 20.0 / 9.0, 1e-14));
    assert_eq!(scarce.values().row(0).to_vec(), [0.0, 0.5, 0.0]);
    assert_eq!(recipes::werneck_problem_a(1000).generate().unwrap().n_rows(), 1000);
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let mut recipe = small();
    recipe.times = TimeGrid::Random { from: 0.0, to: 2.0, points: 5 };
    recipe.integrator = Integrator::Adaptive { method: Method::Tsit5, rtol: 1e-6, atol: 1e-8 };
    let on = |n| recipe.generate_on(NonZeroUsize::new(n).unwrap()).unwrap();
    let bits = |d: &Dataset| d.values().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let one = on(1);
    for n in [2, 3] {
        let other = on(n);
        assert_eq!(bits(&one), bits(&other));
        assert_eq!(one.content_sha256(), other.content_sha256());
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |n: usize| {
        let path = folder.path().join(n.to_string());
        on(n).save(&path).unwrap();
        std::fs::read(path).unwrap()
    };
    assert_eq!(file(1), file(3));
}

#[test]
fn more_samples_keep_the_first_ones() {
    let few = small().generate().unwrap();
    let mut recipe = small();
    let Sampling::Uniform { samples, .. } = &mut recipe.sampling else { panic!() };
    *samples = 20;
    let many = recipe.generate().unwrap();
    assert_eq!(few.values(), many.values().slice(ndarray::s![..48, ..]));
}

#[test]
fn seeds_change_what_is_drawn() {
    let other = Recipe { seed: 8, ..small() }.generate().unwrap();
    assert_ne!(small().generate().unwrap().values(), other.values());
}

#[test]
fn random_times_rise_stay_inside_and_differ() {
    let mut recipe = small();
    recipe.times = TimeGrid::Random { from: 0.5, to: 2.0, points: 6 };
    let data = recipe.generate().unwrap();
    let times: Vec<Vec<f64>> = (0..12).map(|i| data.trajectory(i).unwrap().column(0).to_vec()).collect();
    for t in &times {
        assert!(t.windows(2).all(|w| w[0] <= w[1]));
        assert!(t.iter().all(|t| (0.5..=2.0).contains(t)));
    }
    assert_ne!(times[0], times[1]);
}

#[test]
fn a_grid_runs_through_all_combinations_last_axis_fastest() {
    let mut recipe = small();
    recipe.sampling = Sampling::Grid {
        axes: vec![
            Axis { of: parameter("alpha"), values: vec![0.3, 0.4] },
            Axis::linear(initial("U"), 0.0, 1.0, 3),
        ],
    };
    recipe.columns.inputs = vec![Input::Quantity(parameter("alpha")), Input::Quantity(initial("U"))];
    recipe.times = TimeGrid::Listed { times: vec![0.5] };
    let data = recipe.generate().unwrap();
    let drawn: Vec<_> = data.inputs().rows().into_iter().map(|r| (r[0], r[1])).collect();
    assert_eq!(drawn, [(0.3, 0.0), (0.3, 0.5), (0.3, 1.0), (0.4, 0.0), (0.4, 0.5), (0.4, 1.0)]);
    // The parameter takes effect.
    assert_ne!(data.targets()[(1, 0)], data.targets()[(4, 0)]);
}

#[test]
fn listed_points_and_clouds_around_them() {
    let mut recipe = small();
    recipe.times = TimeGrid::Listed { times: vec![0.0] };
    recipe.sampling = Sampling::Listed {
        of: vec![initial("W"), initial("U")],
        points: vec![vec![0.1, 0.2], vec![0.05, 0.9]],
    };
    let data = recipe.generate().unwrap();
    assert_eq!(data.targets().row(0).to_vec(), [0.2, 0.1]);
    assert_eq!(data.targets().row(1).to_vec(), [0.9, 0.05]);

    recipe.sampling = Sampling::Around {
        of: vec![initial("U"), initial("W")],
        centres: vec![vec![0.4, 0.0], vec![0.8, 0.1]],
        half_widths: vec![0.05, 0.0],
        samples_each: 50,
    };
    let data = recipe.generate().unwrap();
    assert_eq!(data.n_trajectories(), 100);
    for (i, row) in data.targets().rows().into_iter().enumerate() {
        let (u, w) = if i < 50 { (0.4, 0.0) } else { (0.8, 0.1) };
        close(row[0], u, 0.05 + 1e-15);
        assert_eq!(row[1], w);
    }
}

#[test]
fn the_stimulus_amplitude_can_be_sampled() {
    let mut recipe = small();
    recipe.sampling =
        Sampling::Grid { axes: vec![Axis { of: Quantity::StimulusAmplitude, values: vec![0.0, 0.1] }] };
    recipe.columns.inputs = vec![Input::Time, Input::Quantity(Quantity::StimulusAmplitude)];
    let data = recipe.generate().unwrap();
    assert_eq!(data.columns()[1].name, "I_stim");
    for (i, i_app) in [0.0, 0.1].into_iter().enumerate() {
        let last = data.trajectory(i).unwrap().row(3).to_vec();
        let (u0, w0) = (0.5, 0.0);
        let (u, w) = euler(u0, w0, i_app, 100);
        assert_eq!(last[1], i_app);
        close(last[2], u, 1e-13);
        close(last[3], w, 1e-13);
    }
}

#[test]
fn step_pairs_lead_from_a_state_to_the_state_one_step_later() {
    let mut recipe = small();
    recipe.rows = Rows::StepPairs { step: 0.5 };
    recipe.times = TimeGrid::Uniform { from: 0.0, to: 3.0, points: 6, ends: Ends::First };
    recipe.columns = Columns {
        inputs: vec![Input::State("U".into()), Input::State("W".into())],
        targets: vec!["U".into(), "W".into()],
    };
    let data = recipe.generate().unwrap();
    let names: Vec<_> = data.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["U", "W", "U_next", "W_next"]);
    for row in data.values().rows() {
        let (u, w) = euler(row[0], row[1], 0.1, 50);
        close(row[2], u, 1e-12);
        close(row[3], w, 1e-12);
    }
    // The grid is as wide as the step: each target is the next input.
    let first = data.trajectory(0).unwrap();
    for k in 0..5 {
        close(first[(k, 2)], first[(k + 1, 0)], 1e-15);
    }
}

#[test]
fn a_transient_is_left_out_by_starting_the_grid_later() {
    let mut recipe = small();
    recipe.sampling = Sampling::Single;
    recipe.t_start = -1.0;
    recipe.columns.inputs = vec![Input::Time];
    recipe.times = TimeGrid::Listed { times: vec![0.0, 1.0] };
    let data = recipe.generate().unwrap();
    let (u, _) = euler(0.5, 0.0, 0.1, 100);
    close(data.values()[(0, 1)], u, 1e-13);
}

#[test]
fn pulses_are_not_stepped_over() {
    let mut recipe = small();
    recipe.model.initial = [("U".to_owned(), 0.0)].into();
    recipe.model.stimulus = StimulusSpec::PulseTrain(PulseTrain {
        start: 20.0,
        period: 100.0,
        duration: 0.2,
        amplitude: 0.5,
        count: Some(1),
    });
    recipe.sampling = Sampling::Single;
    recipe.integrator = Integrator::Adaptive { method: Method::Rodas5P, rtol: 1e-8, atol: 1e-10 };
    recipe.columns.inputs = vec![Input::Time];
    recipe.times = TimeGrid::Listed { times: vec![19.9, 20.2, 21.5] };
    let data = recipe.generate().unwrap();
    let u = data.targets().column(0).to_vec();
    assert!(u[0].abs() < 1e-12, "at rest until the pulse: {u:?}");
    assert!(u[1] > 0.5 && u[2] > 0.8, "excited by the pulse: {u:?}");
}

/// A stiff cell with sampled conductance: each row is what a solve by hand gives.
#[test]
fn a_cardiac_cell_with_a_sampled_parameter() {
    let mut recipe = small();
    recipe.model = ModelSpec {
        id: "luo_rudy_1991".to_owned(),
        variant: None,
        parameters: [("K_o".to_owned(), 7.0)].into(),
        initial: [("V".to_owned(), -80.0)].into(),
        stimulus: StimulusSpec::PulseTrain(PulseTrain {
            start: 1.0,
            period: 1000.0,
            duration: 2.0,
            amplitude: -25.5,
            count: None,
        }),
    };
    recipe.sampling = Sampling::Uniform {
        samples: 3,
        ranges: vec![Range { of: parameter("g_Na"), low: 15.0, high: 30.0 }],
    };
    recipe.integrator = Integrator::Adaptive { method: Method::Rodas5P, rtol: 1e-7, atol: 1e-9 };
    recipe.times = TimeGrid::Listed { times: vec![0.0, 1.0, 3.5, 20.0] };
    recipe.columns = Columns {
        inputs: vec![Input::Time, Input::Quantity(parameter("g_Na"))],
        targets: vec!["V".into(), "Ca_i".into()],
    };
    let data = recipe.generate().unwrap();
    let units: Vec<_> = data.columns().iter().map(|c| c.unit.as_str()).collect();
    assert_eq!(units, ["ms", "mS/cm^2", "mV", "mM"]);
    for i in 0..3 {
        let rows = data.trajectory(i).unwrap();
        let mut cell = ionic_models::registry::find("luo_rudy_1991", None).unwrap().cell();
        cell.set_parameter("g_Na", rows[(0, 1)]).unwrap();
        cell.set_parameter("K_o", 7.0).unwrap();
        cell.set_state("V", -80.0).unwrap();
        let StimulusSpec::PulseTrain(train) = recipe.model.stimulus else { panic!() };
        cell.set_stimulus(ionic_models::Stimulus::pulse_train(train).unwrap());
        let index = |name| cell.state_table().iter().position(|s| s.name == name).unwrap();
        let step = ode_solvers::StepSize::Adaptive(ode_solvers::Tolerance::new(1e-7, 1e-9));
        let options = ode_solvers::Options::save_at([1.0, 3.5, 20.0]);
        let solution =
            ode_solvers::solve(&*cell, Method::Rodas5P, step, (0.0, 20.0), cell.initial_state(), &options)
                .unwrap();
        assert_eq!(rows[(0, 2)], -80.0);
        for k in 0..3 {
            assert_eq!(rows[(k + 1, 2)], solution.state(k)[index("V")]);
            assert_eq!(rows[(k + 1, 3)], solution.state(k)[index("Ca_i")]);
        }
        assert!(rows[(2, 2)] > 0.0, "excited: {rows}");
    }
}

#[test]
fn the_first_failing_trajectory_is_named_with_its_cause() {
    let mut recipe = small();
    // Euler with a step of 2 is unstable: from far outside the states overflow.
    recipe.integrator = Integrator::Fixed { method: Method::ExplicitEuler, dt: 2.0 };
    recipe.times = TimeGrid::Listed { times: vec![200.0] };
    recipe.sampling = Sampling::Listed {
        of: vec![initial("U")],
        points: vec![vec![0.0], vec![30.0], vec![0.0], vec![40.0]],
    };
    recipe.model.stimulus = StimulusSpec::None;
    recipe.columns.inputs = vec![Input::Time];
    for threads in 1..4 {
        let error = recipe.generate_on(NonZeroUsize::new(threads).unwrap()).unwrap_err();
        let Error::Trajectory { index: 1, ref drawn, ref source } = error else { panic!("{error}") };
        assert_eq!(drawn, "U_0=30");
        assert!(matches!(**source, ode_solvers::SolveError::NotFinite { .. }), "{source}");
        assert!(error.to_string().starts_with("trajectory 1 (U_0=30): "), "{error}");
    }
}

#[test]
fn progress_is_reported_and_work_can_be_stopped() {
    let count = AtomicU64::new(0);
    small()
        .generate_watched(|_, of| {
            assert_eq!(of, 12);
            count.fetch_add(1, Ordering::Relaxed);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(count.into_inner(), 12);
    let stopped =
        small().generate_watched(
            |done, _| if done >= 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) },
        );
    assert!(matches!(stopped, Err(Error::Stopped { of: 12, .. })), "{stopped:?}");
}

#[test]
fn splits_are_disjoint_complete_and_repeatable() {
    let data = small().generate().unwrap();
    let split = data.split(0.25, 3).unwrap();
    assert_eq!((split.train.len(), split.val.len()), (9, 3));
    let mut all: Vec<_> = split.train.iter().chain(&split.val).copied().collect();
    all.sort_unstable();
    assert_eq!(all, (0..12).collect::<Vec<_>>());
    assert_eq!(split, data.split(0.25, 3).unwrap());
    assert!((0..20).any(|seed| data.split(0.25, seed).unwrap() != split), "the seed matters");
    assert_eq!(data.select(&split.val).dim(), (12, 5));
    assert_eq!(data.select(&[2]), data.trajectory(2).unwrap());
    assert_eq!(data.select(&[99]).dim(), (0, 5));
    // A tiny fraction still leaves a trajectory on each side.
    assert_eq!(data.split(1e-9, 0).unwrap().val.len(), 1);
    assert_eq!(data.split(0.999, 0).unwrap().train.len(), 1);
    for bad in [0.0, 1.0, -0.5, f64::NAN, f64::INFINITY] {
        assert!(matches!(data.split(bad, 0), Err(Error::BadSplit { .. })));
    }
    let single = recipes::werneck_problem_a(10).generate().unwrap();
    assert!(matches!(single.split(0.5, 0), Err(Error::BadSplit { trajectories: 1, .. })));
}
