//! Laws of right-hand sides, for every model and variant.

use ionic_models::models::*;
use ionic_models::{Cell, IonicModel, Population, registry};
use ode_solvers::tape::{Entries, Trace, program};
use ode_solvers::{Dual, Element, Lanes, Linearize, Scalar, System};

use crate::states::{Random, is_gate};

/// Calls a generic function for every model.
macro_rules! for_every_model {
    ($f:ident) => {
        $f::<FitzHughNagumo>();
        $f::<FitzHughNagumoPavia>();
        $f::<HodgkinHuxley1952>();
        $f::<ShermanRinzelKeizer1988>();
        $f::<LuoRudy1991>();
        $f::<BeelerReuter1977>();
        $f::<TenTusscherPanfilov2006>();
        $f::<OHaraRudy2011>();
    };
}

/// Two random cells: parameters and states differ.
fn two<M: IonicModel>() -> ([Cell<M>; 2], [Vec<f64>; 2]) {
    let mut random = Random(11);
    let cells = std::array::from_fn(|_| {
        let mut cell = Cell::<M>::new();
        for p in M::PARAMETERS.iter().filter(|p| p.range.0 == 0.0) {
            cell.set_parameter(p.name, p.value * random.between(0.5, 1.0)).unwrap();
        }
        cell
    });
    (cells, std::array::from_fn(|_| random.state(M::STATES)))
}

/// A population in lanes of type `E` gives each cell what it gets alone.
fn lanes_equal_the_scalar<M: IonicModel>() {
    let (cells, states) = two::<M>();
    let n = M::STATES.len();
    let alone: Vec<Vec<f64>> = cells
        .iter()
        .zip(&states)
        .map(|(cell, y)| {
            let mut dy = vec![0.0; n];
            cell.rhs(0.0, y, &mut dy);
            dy
        })
        .collect();
    let double = Population::<M, Lanes<f64, 2>>::from_cells(&cells);
    let single = Population::<M, Lanes<f32, 2>>::from_cells(&cells);
    let y64: Vec<_> = (0..n).map(|i| Lanes::<f64, 2>::from_fn(|k| states[k][i])).collect();
    let y32: Vec<_> = (0..n).map(|i| Lanes::<f32, 2>::from_fn(|k| states[k][i] as f32)).collect();
    let (mut dy64, mut dy32) = (vec![Lanes::default(); n], vec![Lanes::default(); n]);
    double.rhs(0.0, &y64, &mut dy64);
    single.rhs(0.0, &y32, &mut dy32);
    for i in 0..n {
        let scale = alone.iter().map(|dy| dy[i].abs()).fold(0.0, f64::max);
        for (k, alone) in alone.iter().enumerate() {
            let name = (M::NAME, M::STATES[i].name, k);
            let error = (dy64[i].0[k] - alone[i]).abs();
            assert!(error <= 1e-12 * alone[i].abs() + 1e-13 * scale, "{name:?}: {error:e} of {scale:e}");
            let error = (f64::from(dy32[i].0[k]) - alone[i]).abs();
            assert!(error <= 1e-3 * scale, "{name:?} in f32: {error:e} of {scale:e}");
        }
    }
}

#[test]
fn lanes_of_both_precisions_equal_the_scalar() {
    for_every_model!(lanes_equal_the_scalar);
}

/// As many cells as the widest registers hold, each in another state.
fn full_registers_equal_the_scalar<M: IonicModel, E: Element, const N: usize>(accuracy: f64) {
    let n = M::STATES.len();
    let cell = Cell::<M>::new();
    let mut random = Random(12);
    let states: [Vec<f64>; N] = std::array::from_fn(|_| random.state(M::STATES));
    let y: Vec<Lanes<E, N>> = (0..n).map(|i| Lanes::from_fn(|k| E::from_f64(states[k][i]))).collect();
    let mut found = vec![Lanes::default(); n];
    cell.rhs(0.0, &y, &mut found);
    let alone = states.map(|y| {
        let mut dy = vec![0.0; n];
        cell.rhs(0.0, &y, &mut dy);
        dy
    });
    for i in 0..n {
        let scale = alone.iter().map(|dy| dy[i].abs()).fold(0.0, f64::max);
        for (k, alone) in alone.iter().enumerate() {
            let found: f64 = found[i].0[k].into();
            let name = (M::NAME, M::STATES[i].name, k);
            assert!((found - alone[i]).abs() <= accuracy * scale, "{name:?}: {found} and {}", alone[i]);
        }
    }
}

#[test]
fn lanes_that_fill_registers_equal_the_scalar() {
    full_registers_equal_the_scalar::<HodgkinHuxley1952, f64, 8>(1e-13);
    full_registers_equal_the_scalar::<HodgkinHuxley1952, f32, 16>(1e-4);
    full_registers_equal_the_scalar::<OHaraRudy2011, f64, 8>(1e-13);
    full_registers_equal_the_scalar::<OHaraRudy2011, f32, 16>(1e-3);
}

/// In single precision, slopes are finite over the whole range of V, also at rest, where exponents in O'Hara–Rudy's
/// model reach 460: the whole Jacobian, as it is derived from what the equations write down.
fn finite_in_single_precision<M: IonicModel>() {
    let cell = Cell::<M>::new();
    let v = M::STATES[0].range;
    let trace = Trace::of(&cell, 0.0).unwrap();
    let mut slopes = program::<Lanes<f32, 1>>(&trace, Entries::All).unwrap();
    let positions = slopes.program().positions().to_vec();
    let mut entries = vec![Lanes::default(); positions.len()];
    for k in 0..=50 {
        let mut y: Vec<Lanes<f32, 1>> = cell.initial_state().iter().map(|&y| y.into()).collect();
        y[0] = (v.0 + (v.1 - v.0) * f64::from(k) / 50.0).into();
        slopes.jacobian(&y, &mut entries);
        for ((i, j), entry) in positions.iter().zip(&entries) {
            let [by, of] = [i, j].map(|i| M::STATES[*i].name);
            assert!(entry.all_finite(), "{}: d {by}'/d {of} at {:?}: {entry:?}", M::NAME, y[0]);
        }
    }
}

/// And so are those by duals, of the models that the compiler has soon made of these.
fn finite_duals_in_single_precision<M: IonicModel>() {
    let cell = Cell::<M>::new();
    let n = M::STATES.len();
    let v = M::STATES[0].range;
    for k in 0..=50 {
        let mut y: Vec<_> = cell
            .initial_state()
            .iter()
            .map(|&y| Dual::<1, Lanes<f32, 1>>::constant(Lanes([y as f32])))
            .collect();
        y[0] = Dual::variable(Lanes([(v.0 + (v.1 - v.0) * f64::from(k) / 50.0) as f32]), 0);
        let mut dy = vec![Dual::default(); n];
        cell.rhs(0.0, &y, &mut dy);
        for (s, d) in M::STATES.iter().zip(&dy) {
            assert!(d.all_finite(), "{} {} at {:?}: {d:?}", M::NAME, s.name, y[0].v);
        }
    }
}

#[test]
fn single_precision_stays_finite() {
    for_every_model!(finite_in_single_precision);
    finite_duals_in_single_precision::<FitzHughNagumo>();
    finite_duals_in_single_precision::<HodgkinHuxley1952>();
    finite_duals_in_single_precision::<ShermanRinzelKeizer1988>();
    finite_duals_in_single_precision::<LuoRudy1991>();
    finite_duals_in_single_precision::<BeelerReuter1977>();
}

/// A NaN in one lane is NaN there and nowhere else; the derivative of every state depends on it.
fn nan_goes_through<M: IonicModel>() {
    let cells = Population::<M, Lanes<f64, 2>>::from_cell(&Cell::new());
    let n = M::STATES.len();
    for i in 0..n {
        let mut y: Vec<Lanes<f64, 2>> = Random(5).state(M::STATES).into_iter().map(Lanes::from).collect();
        y[i].0[1] = f64::NAN;
        let mut dy = vec![Lanes::default(); n];
        cells.rhs(0.0, &y, &mut dy);
        assert!(dy[i].0[1].is_nan(), "{} {}", M::NAME, M::STATES[i].name);
        assert!(dy.iter().all(|d| d.0[0].is_finite()), "{} {}", M::NAME, M::STATES[i].name);
    }
}

#[test]
fn nan_in_gives_nan_out() {
    for_every_model!(nan_goes_through);
}

/// Derivatives with respect to a parameter, by duals, equal differences.
fn parameter_derivatives<M: IonicModel>() {
    let (cells, states) = two::<M>();
    let (cell, state) = (&cells[0], &states[0]);
    let n = M::STATES.len();
    let y: Vec<_> = state.iter().map(|&y| Dual::<1>::constant(y)).collect();
    for (i, p) in M::PARAMETERS.iter().enumerate() {
        let mut population = Population::<M, Dual<1>>::from_cell(cell);
        population.parameters_mut()[i].d[0] = 1.0;
        let mut exact = vec![Dual::default(); n];
        population.rhs(0.0, &y, &mut exact);
        let value = cell.parameter(p.name).unwrap();
        let h = 1e-6 * value.abs().max(1e-3 * (p.range.1 - p.range.0));
        let at = |x: f64| {
            let mut cell = cell.clone();
            cell.set_parameter(p.name, x).unwrap();
            let mut dy = vec![0.0; n];
            cell.rhs(0.0, state, &mut dy);
            dy
        };
        let (plus, minus) = (at(value + h), at(value - h));
        for k in 0..n {
            let difference = (plus[k] - minus[k]) / (2.0 * h);
            let noise = 1e-15 * plus[k].abs() / h;
            let error = (exact[k].d[0] - difference).abs();
            assert!(
                error <= 1e-5 * difference.abs() + 1e4 * noise + 1e-12,
                "{}: d {}'/d {}: {} but {difference}",
                M::NAME,
                M::STATES[k].name,
                p.name,
                exact[k].d[0],
            );
        }
    }
}

#[test]
fn derivatives_with_respect_to_parameters_equal_differences() {
    for_every_model!(parameter_derivatives);
}

#[test]
fn jacobians_equal_central_differences() {
    for entry in registry::models() {
        let cell = entry.cell();
        let n = entry.states.len();
        let mut random = Random(3);
        for _ in 0..5 {
            let y = random.state(&entry.states);
            let mut exact = vec![0.0; n * n];
            Linearize::jacobian(cell.as_ref(), 0.0, &y, &mut exact);
            for j in 0..n {
                let h = 1e-5 * y[j].abs().max(1e-4);
                let at = |x: f64| {
                    let mut y = y.clone();
                    y[j] = x;
                    let mut dy = vec![0.0; n];
                    cell.rhs(0.0, &y, &mut dy);
                    dy
                };
                let (plus, minus) = (at(y[j] + h), at(y[j] - h));
                for i in 0..n {
                    let difference = (plus[i] - minus[i]) / (2.0 * h);
                    let error = (exact[i + j * n] - difference).abs();
                    // What the difference itself cannot resolve.
                    let noise = 1e-13 * (plus[i].abs() + minus[i].abs()) / h;
                    assert!(
                        error <= 1e-5 * difference.abs() + noise + 1e-13 / h,
                        "{} {}: d {}'/d {}: {} but {difference}",
                        entry.id,
                        entry.variant,
                        entry.states[i].name,
                        entry.states[j].name,
                        exact[i + j * n],
                    );
                }
            }
        }
    }
}

/// Closed gates open, open gates close; the rate `b` of a gate is its slope, which is never positive.
#[test]
fn gates_stay_between_0_and_1() {
    for entry in registry::models() {
        let cell = entry.cell();
        let n = entry.states.len();
        let mut random = Random(9);
        for _ in 0..20 {
            let mut y = random.state(&entry.states);
            for i in (0..n).filter(|&i| is_gate(&entry.states[i])) {
                let kept = y[i];
                let mut at = |x: f64| {
                    y[i] = x;
                    let (mut dy, mut b) = (vec![0.0; n], vec![0.0; n]);
                    cell.rhs_and_rates(0.0, &y, &mut dy, &mut b);
                    (dy[i], b[i])
                };
                let ((closed, b0), (open, b1)) = (at(0.0), at(1.0));
                let name = (entry.id, entry.variant, entry.states[i].name);
                assert!(closed >= 0.0, "{name:?} leaves through 0: {closed}");
                assert!(open <= 0.0, "{name:?} leaves through 1: {open}");
                if b0 != 0.0 {
                    assert!(b0 < 0.0 && b0 == b1, "{name:?}: rate {b0}, {b1}");
                    let slope = open - closed;
                    assert!((slope - b0).abs() <= 1e-12 * b0.abs(), "{name:?}: slope {slope}, rate {b0}");
                }
                y[i] = kept;
            }
        }
    }
}

/// The currents that are handed out are all that drives the potential, each is gone when its
/// conductance is zero, and the tables list them in order.
#[test]
fn currents_add_up_and_vanish_with_their_conductance() {
    for entry in registry::models() {
        let mut random = Random(21);
        let y = random.state(&entry.states);
        let cell = entry.cell();
        let name = (entry.id, entry.variant);
        let currents = cell.currents(0.0, &y);
        let names: Vec<_> = currents.iter().map(|c| c.0).collect();
        let listed: Vec<_> = entry.currents.iter().map(|c| c.name).collect();
        assert_eq!(names, listed, "{name:?}");

        let capacitance = match entry.id {
            "luo_rudy_1991" | "beeler_reuter_1977" | "hodgkin_huxley_1952" => cell.parameter("C_m").unwrap(),
            "sherman_rinzel_keizer_1988" => cell.parameter("tau").unwrap(),
            _ => 1.0,
        };
        let mut dy = vec![0.0; y.len()];
        cell.rhs(0.0, &y, &mut dy);
        let sum: f64 = currents.iter().map(|c| c.1).sum();
        let size: f64 = currents.iter().map(|c| c.1.abs()).sum();
        assert!((dy[0] * capacitance + sum).abs() <= 1e-13 * size, "{name:?}: {} and {sum}", dy[0]);

        for current in entry.currents {
            let before = currents.iter().find(|c| c.0 == current.name).unwrap().1;
            let absent = cell.parameter(current.scale).unwrap() == 0.0;
            assert!(absent || before != 0.0, "{name:?} {}", current.name);
            let mut cell = entry.cell();
            cell.set_parameter(current.scale, 0.0).unwrap();
            for (k, (other, value)) in cell.currents(0.0, &y).into_iter().enumerate() {
                if entry.currents[k].scale == current.scale {
                    assert_eq!(value, 0.0, "{name:?} {other} without {}", current.scale);
                } else {
                    assert_eq!(value, currents[k].1, "{name:?} {other} without {}", current.scale);
                }
            }
        }
    }
}

/// A stimulus of the depolarising sign depolarises, in the paced models through potassium as well.
#[test]
fn the_stimulus_has_the_documented_sign() {
    for entry in registry::models() {
        let cell = entry.cell();
        let n = entry.states.len();
        let y: Vec<f64> = entry.states.iter().map(|s| s.value).collect();
        let mut stimulated = entry.cell();
        let sign = entry.stimulus.depolarising;
        stimulated.set_stimulus(ionic_models::Stimulus::constant(sign).unwrap());
        let (mut without, mut with) = (vec![0.0; n], vec![0.0; n]);
        cell.rhs(0.0, &y, &mut without);
        stimulated.rhs(0.0, &y, &mut with);
        assert!(with[0] > without[0], "{} {}", entry.id, entry.variant);
        if let Some(pulse) = entry.stimulus.pacing {
            assert!(pulse.amplitude * sign > 0.0, "{}", entry.id);
        }
        let changed: Vec<_> =
            (0..n).filter(|&i| with[i] != without[i]).map(|i| entry.states[i].name).collect();
        match entry.id {
            "ten_tusscher_panfilov_2006" | "ohara_rudy_2011" => assert_eq!(changed, ["V", "K_i"]),
            "luo_rudy_1991" | "beeler_reuter_1977" => assert_eq!(changed, ["V"]),
            _ => {}
        }
    }
}
