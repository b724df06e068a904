//! Reading the references and comparing with them.

use ionic_models::{AnyCell, PulseTrain, Stimulus, registry};
use ode_solvers::{Method, Options, Solution, StepSize, Tolerance, solve};
use serde_json::Value;

pub(crate) fn read(file: &str) -> Value {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The cell of a case, whose states are those of the reference, in its order.
fn cell(id: &str, case: &Value, states: &Value) -> Box<dyn AnyCell> {
    let entry = registry::find(id, case["variant"].as_str()).unwrap();
    let names: Vec<_> = entry.states.iter().map(|s| s.cellml).collect();
    let expected: Vec<_> = states.as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    assert_eq!(names, expected);
    entry.cell()
}

/// Derivatives at the initial state of each variant and at random ones.
///
/// The reference is rounded from 50 digits; a difference is rounding in the model. It is compared
/// with the derivative, or with the largest derivative of that state where its terms cancel.
pub(crate) fn derivatives(id: &str) {
    let file = read(&format!("{id}_derivatives.json"));
    let cases = file["cases"].as_array().unwrap();
    let largest = |i: usize| cases.iter().map(|c| c["dy"][i].as_f64().unwrap().abs()).fold(0.0, f64::max);
    let mut worst = 0.0_f64;
    let mut initial = 0;
    for (k, case) in cases.iter().enumerate() {
        let mut cell = cell(id, case, &file["states"]);
        for (name, value) in case["parameters"].as_object().unwrap() {
            cell.set_parameter(name, value.as_f64().unwrap()).unwrap();
        }
        let stimulus = Stimulus::constant(case["stimulus"].as_f64().unwrap()).unwrap();
        cell.set_stimulus(stimulus);
        let (y, should) = (floats(&case["y"]), floats(&case["dy"]));
        initial += usize::from(cell.initial_state() == y);
        let mut dy = vec![0.0; y.len()];
        cell.rhs(0.0, &y, &mut dy);
        for (i, (is, should)) in dy.iter().zip(&should).enumerate() {
            let error = (is - should).abs();
            worst = worst.max(error / (should.abs() + 0.1 * largest(i)));
            assert!(
                error <= 1e-12 * should.abs() + 1e-13 * largest(i),
                "{id} {}, case {k}, {}: {is:e}, reference {should:e}",
                case["variant"],
                file["states"][i],
            );
        }
    }
    assert_eq!(initial, 3, "each variant has one case that is its initial state");
    println!("{id}: {worst:.1e}");
}

pub(crate) fn tight() -> StepSize {
    StepSize::Adaptive(Tolerance::new(1e-10, 1e-12))
}

pub(crate) fn paced(id: &str, beat: &Value, states: &Value, file: &Value) -> Box<dyn AnyCell> {
    let mut cell = cell(id, beat, states);
    let [start, duration, amplitude] =
        ["start", "duration", "amplitude"].map(|key| file["stimulus"][key].as_f64().unwrap());
    let train = PulseTrain { start, period: 1000.0, duration, amplitude, count: Some(1) };
    cell.set_stimulus(Stimulus::pulse_train(train).unwrap());
    cell
}

/// One beat of each variant: every state at every saved time, peak and duration of the action
/// potential.
pub(crate) fn beats(id: &str) {
    let file = read(&format!("{id}_beat.json"));
    let mut t90s = Vec::new();
    for beat in file["beats"].as_array().unwrap() {
        let cell = paced(id, beat, &file["states"], &file);
        let times = floats(&beat["t"]);
        let range = floats(&beat["range"]);
        // For the peak and the duration: finely at first, then every half millisecond.
        let fine = (0..1000).map(|k| f64::from(k) * 0.01).chain((20..=2000).map(|k| f64::from(k) * 0.5));
        let mut fine: Vec<f64> = fine.chain(times.iter().copied()).collect();
        fine.sort_by(f64::total_cmp);
        fine.dedup();
        let y0 = cell.initial_state().to_vec();
        let options = Options::save_at(fine);
        let solution = solve(cell.as_ref(), Method::Rodas5P, tight(), (0.0, 1000.0), &y0, &options).unwrap();
        let mut worst = 0.0_f64;
        for (t, should) in times.iter().zip(beat["y"].as_array().unwrap()) {
            let k = solution.t.iter().position(|u| u == t).unwrap();
            for (i, (is, should)) in solution.state(k).iter().zip(floats(should)).enumerate() {
                // Bound states stay exactly empty without a drug.
                let error =
                    if range[i] == 0.0 { (is - should).abs() } else { (is - should).abs() / range[i] };
                worst = worst.max(error);
                assert!(
                    error < 1e-6,
                    "{id} {} at {t} ms, {}: {is:e}, reference {should:e}",
                    beat["variant"],
                    file["states"][i],
                );
            }
        }
        let (peak, t90) = peak_and_t90(&solution);
        println!("{id} {}: {worst:.1e} of the range, peak {peak:.3} mV, t90 {t90:.3} ms", beat["variant"]);
        assert!((peak - beat["v_peak"].as_f64().unwrap()).abs() < 2e-3, "{peak}");
        assert!((t90 - beat["t90"].as_f64().unwrap()).abs() < 5e-3, "{t90}");
        t90s.push(t90);
    }
    let [endo, epi, m] = t90s[..] else { panic!("three variants") };
    assert!(epi < endo && endo < m, "shortest in the epicardium, longest in between");
}

/// The largest V, and when V has come back nine tenths of the way.
fn peak_and_t90(solution: &Solution) -> (f64, f64) {
    let v: Vec<f64> = solution.column(0).collect();
    let top = (0..v.len()).max_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap();
    let level = v[top] - 0.9 * (v[top] - v[0]);
    let k = (top..v.len()).find(|&k| v[k] < level).unwrap();
    let part = (v[k - 1] - level) / (v[k - 1] - v[k]);
    (v[top], solution.t[k - 1] + part * (solution.t[k] - solution.t[k - 1]))
}
