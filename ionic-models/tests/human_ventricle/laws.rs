//! What must hold whatever the numbers.

use ionic_models::models::{OHaraRudyCipa2017, ToROrd2020};
use ionic_models::{AnyCell, Cell, IonicModel, PulseTrain, Stimulus, Variable, registry};
use ode_solvers::tape::{Entries, Trace, program};
use ode_solvers::{Dual, Lanes, Method, Options, Scalar, StepSize, System, Tolerance, solve};

fn index(cell: &dyn AnyCell, name: &str) -> usize {
    cell.state_table().iter().position(|s| s.name == name).unwrap()
}

fn paced(id: &str, variant: &str) -> Box<dyn AnyCell> {
    let mut cell = registry::find(id, Some(variant)).unwrap().cell();
    let train = PulseTrain { start: 0.0, ..cell.stimulus_convention().pacing.unwrap() };
    cell.set_stimulus(Stimulus::pulse_train(train).unwrap());
    cell
}

/// The state at every millisecond of a beat, at loose tolerance.
fn beat(cell: &dyn AnyCell) -> Vec<Vec<f64>> {
    let step = StepSize::Adaptive(Tolerance::new(1e-7, 1e-9));
    let y0 = cell.initial_state().to_vec();
    let options = Options::save_at((0..=500).map(f64::from).collect::<Vec<_>>());
    let solution = solve(cell, Method::Rodas5P, step, (0.0, 500.0), &y0, &options).unwrap();
    (0..solution.t.len()).map(|k| solution.state(k).to_vec()).collect()
}

const HERG: [(&str, &[&str]); 2] = [
    ("ohara_rudy_cipa_2017", &["IC1", "IC2", "C1", "C2", "O", "IO", "IObound", "Obound", "Cbound"]),
    ("tor_ord_2020", &["C1", "C2", "C3", "I", "O"]),
];

/// Dofetilide at four times its therapeutic concentration (FDA/CiPA at commit e881df67,
/// hERG_fitting/results/dofetilide/pars.txt and AP_simulation/data/CiPA_training_drugs.csv).
const DOFETILIDE: [(&str, f64); 6] =
    [("D", 8.0), ("Kmax", 35.1), ("Ku", 1.816e-5), ("hill", 1.08), ("halfmax", 216.6), ("Vhalf", -1.0)];

#[test]
fn occupancies_keep_their_sum_and_gates_stay_between_0_and_1() {
    for (id, chain) in HERG {
        for variant in ["endo", "epi", "M"] {
            let cell = paced(id, variant);
            let chain: Vec<usize> = chain.iter().map(|name| index(cell.as_ref(), name)).collect();
            let sum = |y: &[f64]| chain.iter().map(|&i| y[i]).sum::<f64>();
            let first = sum(cell.initial_state());
            for y in beat(cell.as_ref()) {
                assert!((sum(&y) - first).abs() < 1e-12, "{id} {variant}: {}", sum(&y));
                for (state, y) in cell.state_table().iter().zip(&y) {
                    if state.unit == "1" {
                        assert!((-1e-7..=1.0 + 1e-7).contains(y), "{id} {variant}: {} = {y}", state.name);
                    }
                }
            }
        }
    }
}

#[test]
fn a_drug_binds_blocks_and_prolongs() {
    let mut cell = paced("ohara_rudy_cipa_2017", "endo");
    let bound = ["IObound", "Obound", "Cbound"].map(|name| index(cell.as_ref(), name));
    let occupied = |y: &[f64]| bound.iter().map(|&i| y[i]).sum::<f64>();
    let without = beat(cell.as_ref());
    assert!(without.iter().all(|y| occupied(y) == 0.0));
    for (name, value) in DOFETILIDE {
        cell.set_parameter(name, value).unwrap();
    }
    let with = beat(cell.as_ref());
    assert!(occupied(with.last().unwrap()) > 1e-3, "{}", occupied(with.last().unwrap()));
    // Bound before the beat: less current, a longer action potential.
    let duration = |share: f64| {
        let mut cell = paced("ohara_rudy_cipa_2017", "endo");
        let ic1 = cell.initial_state()[index(cell.as_ref(), "IC1")];
        cell.set_state("Cbound", ic1 * share).unwrap();
        cell.set_state("IC1", ic1 * (1.0 - share)).unwrap();
        cell.set_parameter("Kt", 0.0).unwrap();
        beat(cell.as_ref()).iter().filter(|y| y[0] > -60.0).count()
    };
    let (free, blocked) = (duration(0.0), duration(0.6));
    assert!((250..280).contains(&free) && blocked > free + 30, "{free} ms without, {blocked} ms with drug");
}

/// No step of 1/(1 + eˣ) or of a quotient overflows in single precision, over the whole range of V: neither in the
/// equations nor in their Jacobian, which is derived from what they write down.
#[test]
fn single_precision_stays_finite_and_close() {
    type Single = Lanes<f32, 1>;
    fn check<M: IonicModel>() {
        for variant in M::VARIANTS {
            let cell = Cell::<M>::variant(variant.name).unwrap();
            let n = M::STATES.len();
            let trace = Trace::of(&cell, 0.0).unwrap();
            let mut slopes = program::<Single>(&trace, Entries::All).unwrap();
            let positions = slopes.program().positions().to_vec();
            let mut entries = vec![Single::default(); positions.len()];
            let p: Vec<Single> = cell.parameters().iter().map(|&p| p.into()).collect();
            for k in 0..80 {
                let mut y = cell.initial_state().to_vec();
                y[0] = -150.0 + 2.5 * f64::from(k);
                let single: Vec<Single> = y.iter().map(|&y| y.into()).collect();
                slopes.jacobian(&single, &mut entries);
                for ((i, j), entry) in positions.iter().zip(&entries) {
                    let [by, of] = [i, j].map(|i| M::STATES[*i].name);
                    assert!(entry.all_finite(), "{}: d {by}'/d {of} at {} mV", M::NAME, y[0]);
                }
                let (mut dy, mut dy32, mut b) =
                    (vec![0.0; n], vec![Single::default(); n], vec![Single::default(); n]);
                cell.rhs(0.0, &y, &mut dy);
                // Not by the cell, which would have them compiled for the registers of every processor.
                M::rhs(&p, Single::from(0.0), &single, &mut dy32, &mut b);
                for (i, (dy32, dy)) in dy32.iter().zip(&dy).enumerate() {
                    let lanes = dy32.0.map(f64::from);
                    assert!(
                        lanes.iter().all(|x| x.is_finite()),
                        "{} {} at {} mV",
                        M::NAME,
                        M::STATES[i].name,
                        y[0]
                    );
                    // Near rest the derivative is a small difference of terms of the order of y.
                    let size = dy.abs() + y[i].abs().max(1e-3);
                    assert!(
                        lanes.iter().all(|x| (x - dy).abs() < 2e-3 * size),
                        "{} {} at {} mV: {lanes:?}, {dy} in double precision",
                        M::NAME,
                        M::STATES[i].name,
                        y[0],
                    );
                }
            }
        }
    }
    check::<OHaraRudyCipa2017>();
    check::<ToROrd2020>();
}

#[test]
fn nan_in_a_state_or_the_stimulus_comes_out() {
    for (id, _) in HERG {
        let entry = registry::find(id, None).unwrap();
        let cell = entry.cell();
        let n = entry.states.len();
        for i in 0..n {
            let mut y = cell.initial_state().to_vec();
            y[i] = f64::NAN;
            let mut dy = vec![0.0; n];
            cell.rhs(0.0, &y, &mut dy);
            assert!(dy[i].is_nan(), "{id}: NaN in {} is lost", entry.states[i].name);
        }
    }
    // No stimulus is NaN: the equations are asked.
    let numbers = |table: &[Variable]| table.iter().map(|v| v.value.into()).collect::<Vec<Dual<1>>>();
    let (p, y) = (numbers(OHaraRudyCipa2017::PARAMETERS), numbers(OHaraRudyCipa2017::STATES));
    let dy = equations::<OHaraRudyCipa2017>(&p, Dual::from(f64::NAN), &y);
    assert!(dy[0].v.is_nan() && dy[4].v.is_nan(), "the stimulus is part of V and of K_i");
}

/// The sum of currents and stimulus is −V'; a current without its scale is zero.
#[test]
fn currents_add_up_and_go_with_their_scale() {
    for (id, _) in HERG {
        let mut cell = registry::find(id, Some("epi")).unwrap().cell();
        cell.set_stimulus(Stimulus::constant(-7.0).unwrap());
        let mut y = cell.initial_state().to_vec();
        y[0] = -20.0;
        let mut dy = vec![0.0; y.len()];
        cell.rhs(0.0, &y, &mut dy);
        let currents = cell.currents(0.0, &y);
        let total: f64 = currents.iter().map(|(_, i)| i).sum();
        assert!((dy[0] + total - 7.0).abs() < 1e-12 * total.abs(), "{id}");
        for (k, current) in cell.current_table().iter().enumerate() {
            let mut without = cell.boxed_clone();
            without.set_parameter(current.scale, 0.0).unwrap();
            let (name, i) = without.currents(0.0, &y)[k];
            assert_eq!((name, i), (current.name, 0.0), "{id}");
        }
    }
}

/// The equations over numbers with one derivative. Not inlined, as they are by themselves, into every test.
#[inline(never)]
fn equations<M: IonicModel>(p: &[Dual<1>], i_stim: Dual<1>, y: &[Dual<1>]) -> Vec<Dual<1>> {
    let (mut dy, mut b) = (vec![Dual::default(); y.len()], vec![Dual::default(); y.len()]);
    M::rhs(p, i_stim, y, &mut dy, &mut b);
    dy
}

/// The flux through zero: at V = 0 value and Jacobian are those of the neighbourhood.
#[test]
fn nothing_happens_at_zero_millivolt() {
    for (id, _) in HERG {
        let cell = registry::find(id, None).unwrap().cell();
        let n = cell.initial_state().len();
        let at = |v: f64| {
            let mut y = cell.initial_state().to_vec();
            y[0] = v;
            y[index(cell.as_ref(), "d")] = 0.5;
            let (mut dy, mut jacobian) = (vec![0.0; n], vec![0.0; n * n]);
            cell.rhs(0.0, &y, &mut dy);
            ode_solvers::Linearize::jacobian(cell.as_ref(), 0.0, &y, &mut jacobian);
            dy.into_iter().chain(jacobian).collect::<Vec<f64>>()
        };
        let (left, zero, right) = (at(-1e-6), at(0.0), at(1e-6));
        for ((l, z), r) in left.iter().zip(&zero).zip(&right) {
            // The function is smooth: the middle is the mean up to second order.
            let mean = 0.5 * (l + r);
            assert!((z - mean).abs() <= 1e-9 * (1.0 + z.abs()), "{id}: {l} {z} {r}");
        }
    }
}

/// Derivatives with respect to parameters are finite where the drug is absent, and equal
/// differences where it is not.
#[test]
fn sensitivities_are_finite_and_equal_differences() {
    fn state<M: IonicModel>() -> Vec<f64> {
        let mut y: Vec<f64> = M::STATES.iter().map(|v| v.value).collect();
        for (state, y) in M::STATES.iter().zip(&mut y) {
            match state.name {
                "V" => *y = -20.0,
                "IObound" | "Obound" | "Cbound" => *y = 0.01,
                "d" | "O" => *y = 0.5,
                _ => {}
            }
        }
        y
    }
    fn exact<M: IonicModel>(cell: &Cell<M>, y: &[f64], k: usize) -> Vec<f64> {
        let mut p: Vec<Dual<1>> = cell.parameters().iter().map(|&p| Dual::constant(p)).collect();
        p[k].d[0] = 1.0;
        let y: Vec<Dual<1>> = y.iter().map(|&y| Dual::constant(y)).collect();
        equations::<M>(&p, Dual::constant(0.0), &y).iter().map(|x| x.d[0]).collect()
    }
    fn at<M: IonicModel>(cell: &Cell<M>, y: &[f64], k: usize, value: f64) -> Vec<f64> {
        let mut cell = cell.clone();
        cell.set_parameter(M::PARAMETERS[k].name, value).unwrap();
        let mut dy = vec![0.0; y.len()];
        cell.rhs(0.0, y, &mut dy);
        dy
    }
    fn check<M: IonicModel>() {
        let (mut cell, y) = (Cell::<M>::new(), state::<M>());
        for (k, parameter) in M::PARAMETERS.iter().enumerate() {
            let exact = exact(&cell, &y, k);
            assert!(exact.iter().all(|d| d.is_finite()), "{} {}", M::NAME, parameter.name);
        }
        for (name, value) in DOFETILIDE {
            if M::PARAMETERS.iter().any(|v| v.name == name) {
                cell.set_parameter(name, value).unwrap();
            }
        }
        for (k, parameter) in M::PARAMETERS.iter().enumerate() {
            let p = cell.parameters()[k];
            let h = 1e-5 * if p == 0.0 { 1.0 } else { p.abs() };
            let (plus, minus) = (at(&cell, &y, k, p + h), at(&cell, &y, k, p - h));
            for (i, exact) in exact(&cell, &y, k).into_iter().enumerate() {
                let difference = (plus[i] - minus[i]) / (2.0 * h);
                // What the difference cannot resolve.
                let noise = 1e-14 * (plus[i].abs() + 1e-3) / h;
                assert!(
                    (exact - difference).abs() <= 1e-6 * difference.abs() + noise,
                    "{}: d {}'/d {}: {exact:e}, difference {difference:e}",
                    M::NAME,
                    M::STATES[i].name,
                    parameter.name,
                );
            }
        }
    }
    check::<OHaraRudyCipa2017>();
    check::<ToROrd2020>();
}
