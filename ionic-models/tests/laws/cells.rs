//! Cells: values by name, ranges, warnings; time derivatives; which of many are alike.

use ionic_models::models::{LuoRudy1991, OHaraRudy2011};
use ionic_models::{Cell, Cells, Error, Interpolation, IonicModel, Pulse, RangePolicy, Stimulus, registry};
use ode_solvers::{Ensemble, Lanes, Method, Options, StateSpace, StepSize, System, Tolerance, solve};

use crate::states::Random;

#[test]
fn values_are_set_by_name_or_cellml_name() {
    let mut cell = Cell::<OHaraRudy2011>::new();
    assert_eq!(cell.set_parameter("G_Kr", 0.023).unwrap(), None);
    assert_eq!(cell.parameter("IKr.GKr_b").unwrap(), 0.023);
    assert_eq!(cell.set_parameter("IKr.GKr_b", 0.04).unwrap(), None);
    assert_eq!(cell.parameter("G_Kr").unwrap(), 0.04);
    cell.set_state("membrane.v", -85.0).unwrap();
    assert_eq!(cell.initial_state()[0], -85.0);
    assert_eq!(cell.state_name(1), "CaMK_trap");
}

#[test]
fn unknown_names_and_bad_values_say_what_to_do() {
    let mut cell = Cell::<OHaraRudy2011>::new();
    let before = (cell.parameters().to_vec(), cell.initial_state().to_vec());
    let text = cell.set_parameter("gkr", 1.0).unwrap_err().to_string();
    assert!(text.contains("ohara_rudy_2011") && text.contains("`G_Kr`"), "{text}");
    let text = cell.set_state("v", f64::NAN).unwrap_err().to_string();
    assert!(text.contains("did you mean"), "{text}");
    assert!(matches!(cell.set_state("V", f64::NAN), Err(Error::NotFinite { name: "V", .. })));
    assert!(matches!(cell.set_parameter("G_Kr", f64::INFINITY), Err(Error::NotFinite { .. })));
    assert!(matches!(cell.set_initial_state(&[0.0; 3]), Err(Error::WrongLength { found: 3, .. })));
    assert!(matches!(Cell::<LuoRudy1991>::variant("epi"), Err(Error::UnknownVariant { .. })));
    assert_eq!(before, (cell.parameters().to_vec(), cell.initial_state().to_vec()));
}

#[test]
fn misspelt_names_find_their_neighbours() {
    let mut cell = Cell::<OHaraRudy2011>::new();
    let mut near = |name: &str| match cell.set_parameter(name, 1.0) {
        Err(Error::UnknownName { near, .. }) => near,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(near("GKr")[0], "G_Kr");
    assert_eq!(near("g_kr")[0], "G_Kr");
    assert_eq!(near("G_rK")[0], "G_Kr");
    assert_eq!(near("ikr.gkr_B")[0], "IKr.GKr_b");
    assert_eq!(near("temperature of the room"), Vec::<String>::new());
    assert_eq!(near(&"x".repeat(1_000_000)), Vec::<String>::new());
}

#[test]
fn values_outside_their_range_warn_or_fail_as_chosen() {
    let mut cell = registry::find("ohara_rudy_2011", Some("endo")).unwrap().cell();
    let warning = cell.set_parameter("G_Kr", -0.1).unwrap().unwrap();
    assert_eq!((warning.name, warning.value), ("G_Kr", -0.1));
    assert!(
        warning.to_string().contains("= -0.1 of model `ohara_rudy_2011` is outside 0 to 0.4"),
        "{warning}"
    );
    assert_eq!(cell.parameter("G_Kr").unwrap(), -0.1);

    cell.set_range_policy(RangePolicy::Refuse);
    assert!(matches!(cell.set_state("V", 1e4), Err(Error::OutOfRange(_))));
    assert_eq!(cell.initial_state()[0], -87.0);
    let mut state = cell.initial_state().to_vec();
    state[0] = 1e4;
    assert!(matches!(cell.set_initial_state(&state), Err(Error::OutOfRange(_))));

    cell.set_range_policy(RangePolicy::Ignore);
    assert_eq!(cell.set_state("V", 1e4).unwrap(), None);
    cell.set_range_policy(RangePolicy::Warn);
    assert_eq!(cell.set_initial_state(&state).unwrap().len(), 1);
}

/// A cell behind the trait object and a cell of the type are one.
#[test]
fn trait_objects_are_the_cells() {
    let mut any = registry::find("luo_rudy_1991", None).unwrap().cell();
    any.set_parameter("g_Na", 20.0).unwrap();
    any.set_stimulus(Stimulus::constant(-1.0).unwrap());
    let copy = any.boxed_clone();
    let mut own = Cell::<LuoRudy1991>::new().with_stimulus(Stimulus::constant(-1.0).unwrap());
    own.set_parameter("g_Na", 20.0).unwrap();
    let (mut a, mut b) = ([0.0; 8], [0.0; 8]);
    copy.rhs(0.0, copy.initial_state(), &mut a);
    own.rhs(0.0, own.initial_state(), &mut b);
    assert_eq!(a, b);
    assert_eq!(copy.stimulus(), own.stimulus());
}

/// Where the stimulus is made of lines, ∂f/∂t is its slope times ∂f/∂I; elsewhere it is zero.
#[test]
fn the_time_derivative_follows_the_slope_of_the_stimulus() {
    let line = Stimulus::sampled(vec![0.0, 2.0, 3.0], vec![0.0, -4.0, 0.0], Interpolation::Linear);
    for entry in registry::models() {
        let mut cell = entry.cell();
        let n = entry.states.len();
        let y = cell.initial_state().to_vec();
        let mut dfdt = vec![f64::NAN; n];
        assert!(cell.is_autonomous());
        assert!(cell.time_derivative(1.0, &y, &mut dfdt));
        assert_eq!(dfdt, vec![0.0; n]);

        cell.set_stimulus(line.as_ref().unwrap().clone());
        assert!(!cell.is_autonomous());
        for t in [0.5, 1.5, 2.5] {
            assert!(cell.time_derivative(t, &y, &mut dfdt));
            let at = |t| {
                let mut dy = vec![0.0; n];
                cell.rhs(t, &y, &mut dy);
                dy
            };
            let (after, before) = (at(t + 1e-3), at(t - 1e-3));
            for i in 0..n {
                let difference = (after[i] - before[i]) / 2e-3;
                assert!(
                    (dfdt[i] - difference).abs() <= 1e-8 * difference.abs().max(1e-2),
                    "{} {i}",
                    entry.id
                );
            }
        }
    }
}

/// Cells whose first four parameters vary by a tenth.
fn varied(count: usize) -> Vec<Cell<LuoRudy1991>> {
    let mut random = Random(3);
    let cell = |_| {
        let mut cell = Cell::<LuoRudy1991>::new();
        for parameter in LuoRudy1991::PARAMETERS.iter().take(4) {
            cell.set_parameter(parameter.name, parameter.value * random.between(0.9, 1.1)).unwrap();
        }
        cell
    };
    (0..count).map(cell).collect()
}

fn similarities(cells: &Cells<LuoRudy1991>) -> Vec<f64> {
    let of = |i| Ensemble::<Lanes<f64, 2>>::similarity(cells, i);
    (0..cells.as_slice().len()).map(of).collect()
}

#[test]
fn a_linear_number_is_estimated_exactly_from_a_sample() {
    let number = |c: &Cell<LuoRudy1991>| 7.0 + 3.0 * c.parameters()[0] - 2.0 * c.parameters()[3];
    let cells = Cells::new(varied(200)).with_estimated_similarity(20, number);
    for (cell, estimate) in cells.as_slice().iter().zip(similarities(&cells)) {
        let exact = number(cell);
        assert!((estimate - exact).abs() < 1e-5 * exact.abs(), "{estimate} for {exact}");
    }
}

#[test]
fn what_cannot_be_estimated_is_left_alone() {
    // No cells; none that differ; fewer than parameters; numbers that are none.
    let none = Cells::<LuoRudy1991>::new(Vec::new()).with_estimated_similarity(5, |_| 1.0);
    assert!(similarities(&none).is_empty());
    let same = Cells::new(vec![Cell::<LuoRudy1991>::new(); 9]).with_estimated_similarity(4, |_| 2.0);
    assert_eq!(similarities(&same), [2.0; 9]);
    let few = Cells::new(varied(3)).with_estimated_similarity(0, |c| c.parameters()[0]);
    assert!(similarities(&few).iter().all(|x| x.is_finite()));
    let unknown = Cells::new(varied(30)).with_estimated_similarity(30, |_| f64::NAN);
    assert_eq!(similarities(&unknown), [0.0; 30]);
}

#[test]
fn a_beat_with_kept_jacobians_takes_fewer_of_them_and_ends_as_it_does() {
    let mut cell = registry::find("luo_rudy_1991", None).unwrap().cell();
    cell.set_stimulus(
        Stimulus::pulses(vec![Pulse { start: 10.0, duration: 2.0, amplitude: -25.5 }]).unwrap(),
    );
    let run = |method: Method, rtol: f64, jacobian_steps: u32| {
        let (step, options) = (
            StepSize::Adaptive(Tolerance::new(rtol, rtol * 1e-2)),
            Options { jacobian_steps, ..Options::end() },
        );
        solve(&*cell, method, step, (0.0, 500.0), cell.initial_state(), &options).unwrap()
    };
    let exact = run(Method::Rodas5P, 1e-9, 1);
    let (fresh, kept) = (run(Method::Rosenbrock23, 1e-4, 1), run(Method::Rosenbrock23, 1e-4, 20));
    let error = |s: &ode_solvers::Solution| (s.last()[0] - exact.last()[0]).abs();
    assert_eq!(fresh.stats.jacobian, fresh.stats.accepted);
    assert!(3 * kept.stats.jacobian < 2 * kept.stats.accepted, "{:?}", kept.stats);
    assert!(error(&kept) < 0.05 && error(&fresh) < 0.05, "{} {} mV", error(&kept), error(&fresh));
}
