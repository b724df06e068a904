//! Biomarkers of the published models, against those of independent trajectories.

use std::path::PathBuf;

use ionic_models::biomarkers::*;
use ionic_models::{AnyCell, PulseTrain, Stimulus, registry};
use ode_solvers::{Method, Options, StepSize, Tolerance, solve};

fn read(file: &str) -> Vec<Vec<String>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.starts_with("range,")).skip(1);
    lines.map(|l| l.split(',').map(str::to_owned).collect()).collect()
}

/// Time, potential and its derivative, and a second state with its derivative.
struct Sampled {
    t: Vec<f64>,
    v: [Vec<f64>; 2],
    d: [Vec<f64>; 2],
}

/// Integrates tightly and samples every `every`; `edges` are sampled from both sides.
fn sample(
    cell: &dyn AnyCell,
    y0: &[f64],
    (start, end): (f64, f64),
    every: f64,
    edges: &[f64],
    second: usize,
) -> Sampled {
    let n = ((end - start) / every).round() as usize;
    let mut t: Vec<f64> = (0..=n).map(|k| start + k as f64 * every).collect();
    t[n] = end;
    for &edge in edges.iter().filter(|&&edge| edge > start) {
        t.retain(|&t| (t - edge).abs() > 1e-9);
        t.extend([edge, edge]);
    }
    t.sort_unstable_by(f64::total_cmp);
    let step = StepSize::Adaptive(Tolerance::new(1e-10, 1e-12));
    let solution =
        solve(cell, Method::Rodas5P, step, (start, end), y0, &Options::save_at(t.clone())).unwrap();
    let mut out = Sampled { t, v: Default::default(), d: Default::default() };
    let mut dy = vec![0.0; y0.len()];
    for (k, &t) in out.t.iter().enumerate() {
        let y = solution.state(k);
        let before_edge = edges.contains(&t) && out.t.get(k + 1) == Some(&t);
        cell.rhs(if before_edge { t.next_down() } else { t }, y, &mut dy);
        for (j, i) in [0, second].into_iter().enumerate() {
            out.v[j].push(y[i]);
            out.d[j].push(dy[i]);
        }
    }
    out
}

/// `is` rounds to `printed`, with room for one unit in its last place.
#[track_caller]
fn digits(what: &str, is: f64, printed: &str) {
    let should: f64 = printed.parse().unwrap();
    let exponent = printed.split_once('e').map_or(0, |(_, e)| e.parse::<i32>().unwrap());
    let mantissa = printed.split('e').next().unwrap();
    let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len() as i32);
    let last_place = 10f64.powi(exponent - decimals);
    assert!((is - should).abs() <= 1.5 * last_place, "{what}: {is} is not {printed}");
}

fn meets(cell: &dyn AnyCell, trajectory: &str, y0: &[f64], span: (f64, f64), pulse: &[f64]) {
    let row = read("biomarkers.csv").into_iter().find(|r| r[0] == trajectory).unwrap();
    let calcium = cell.state_table().iter().position(|s| s.name == "Ca_i");
    let samples = sample(cell, y0, span, 0.01, pulse, calcium.unwrap_or(0));
    let beat = Trace::with_derivative(&samples.t, &samples.v[0], &samples.d[0]).unwrap();
    let response = action_potential(&beat, &ApSettings::default()).unwrap();
    let ap = response.action_potential().unwrap();
    digits("resting potential", ap.rest, &row[1]);
    digits("potential at the end", ap.end, &row[2]);
    digits("peak", ap.peak, &row[3]);
    digits("steepest rise", ap.dvdt_max, &row[4]);
    digits("APD50", ap.apd(50.0).unwrap(), &row[5]);
    digits("APD90", ap.apd(90.0).unwrap(), &row[6]);
    let stimulus = pulse.first().copied().unwrap_or(0.0);
    digits("90 % repolarised", ap.repolarised_at(90.0).unwrap() - stimulus, &row[7]);
    if !row[8].is_empty() {
        let calcium = Trace::with_derivative(&samples.t, &samples.v[1], &samples.d[1]).unwrap();
        let response = calcium_transient(&calcium, &CalciumSettings::default()).unwrap();
        let transient = response.transient().unwrap();
        digits("resting calcium", transient.rest, &row[8]);
        digits("peak calcium", transient.peak, &row[9]);
        // The top is flat: its time is known to fewer digits than its height.
        let t_peak: f64 = row[10].parse().unwrap();
        assert!((transient.time_to_peak - t_peak).abs() < 1e-5, "{} {t_peak}", transient.time_to_peak);
    }
}

fn paced_beats(id: &str, variant: Option<&str>) {
    let entry = registry::find(id, variant).unwrap();
    let mut cell = entry.cell();
    let pacing = entry.stimulus.pacing.unwrap();
    cell.set_stimulus(Stimulus::pulse_train(PulseTrain { count: Some(1), ..pacing }).unwrap());
    let stem = variant.map_or_else(|| id.to_owned(), |v| format!("{id}_{v}"));
    for beat in ["beat1", "beat100"] {
        let trajectory = format!("{stem}_{beat}");
        let rows = read(&format!("{trajectory}.csv"));
        let y0: Vec<f64> = rows[0][1..].iter().map(|x| x.parse().unwrap()).collect();
        // The models know no clock: every beat may begin at 0.
        meets(&*cell, &trajectory, &y0, (0.0, 1000.0), &[0.0, pacing.duration]);
    }
}

#[test]
fn luo_rudy_1991() {
    paced_beats("luo_rudy_1991", None);
}

#[test]
fn beeler_reuter_1977() {
    paced_beats("beeler_reuter_1977", None);
}

#[test]
fn ten_tusscher_panfilov_2006() {
    paced_beats("ten_tusscher_panfilov_2006", Some("epi"));
}

#[test]
fn ohara_rudy_2011() {
    paced_beats("ohara_rudy_2011", Some("endo"));
}

/// Hodgkin–Huxley with the resting potential of the reference encoding.
fn axon_at_minus_60(stimulus: Stimulus) -> Box<dyn AnyCell> {
    let mut cell = registry::find("hodgkin_huxley_1952", None).unwrap().cell();
    for (name, value) in [("V_rest", -60.0), ("ina.ENa", 55.0), ("ik.EK", -72.0), ("ileak.Eleak", -50.613)] {
        cell.set_parameter(name, value).unwrap();
    }
    for (name, value) in [("membrane.V", -60.3), ("ina.m", 0.051), ("ina.h", 0.607), ("ik.n", 0.313)] {
        cell.set_state(name, value).unwrap();
    }
    cell.set_stimulus(stimulus);
    cell
}

#[test]
fn hodgkin_huxley_1952() {
    let step = axon_at_minus_60(Stimulus::constant(10.0).unwrap());
    meets(&*step, "hodgkin_huxley_1952_step", step.initial_state(), (0.0, 100.0), &[]);
}

#[test]
fn hodgkin_huxley_1952_pulse() {
    let train = PulseTrain { start: 5.0, period: 1000.0, duration: 0.5, amplitude: 20.0, count: Some(1) };
    let cell = axon_at_minus_60(Stimulus::pulse_train(train).unwrap());
    meets(&*cell, "hodgkin_huxley_1952_pulse", cell.initial_state(), (0.0, 100.0), &[5.0, 5.5]);
}

/// FitzHugh–Nagumo's limit cycle at I = 0.1: the period to all digits of an independent integration.
#[test]
fn the_period_of_a_limit_cycle() {
    let mut cell = registry::find("fitzhugh_nagumo", Some("werneck")).unwrap().cell();
    cell.set_stimulus(Stimulus::constant(0.1).unwrap());
    let samples = sample(&*cell, &[0.5, 0.0], (0.0, 200.0), 0.01, &[], 0);
    let trace = Trace::with_derivative(&samples.t, &samples.v[0], &samples.d[0]).unwrap();
    let found = spikes(&trace, &SpikeSettings { threshold: 0.5, reset: 0.2 }).unwrap();
    // The transient has died out after the second spike.
    let Rhythm::Periodic { period } = rhythm(&found[2..], 1e-6) else {
        panic!("{:?}", rhythm(&found[2..], 1e-6))
    };
    assert!((period - 18.539507).abs() < 1e-6, "{period}");
    assert!((found[5].peak - 1.02318).abs() < 1e-5, "{:?}", found[5]);
    assert_eq!(burst_gap(&inter_spike_intervals(&found[2..])), None);
}

#[test]
fn spike_times_of_the_axon() {
    let mut cell = registry::find("hodgkin_huxley_1952", Some("modern")).unwrap().cell();
    cell.set_stimulus(Stimulus::constant(10.0).unwrap());
    let y0 = cell.initial_state().to_vec();
    let samples = sample(&*cell, &y0, (0.0, 100.0), 0.01, &[], 0);
    let trace = Trace::with_derivative(&samples.t, &samples.v[0], &samples.d[0]).unwrap();
    let found = spikes(&trace, &SpikeSettings::at(0.0)).unwrap();
    let expected = [1.924, 16.850, 31.502, 46.141, 60.780, 75.418, 90.056];
    assert_eq!(found.len(), expected.len());
    // The expected times come from samples 0.001 ms apart.
    for (spike, should) in found.iter().zip(expected) {
        assert!((spike.t - should).abs() < 1e-3, "{spike:?} {should}");
    }
    assert!((found[0].peak - 40.225).abs() < 6e-4 && (found[6].peak - 30.433).abs() < 6e-4);
}

/// Sherman, Rinzel and Keizer's cell at V_S = −36: spikes per burst and period as integrated
/// independently.
#[test]
fn bursts_of_the_beta_cell() {
    for (g_k2, spikes_per_burst, period) in [(0.0, 20, 9.026), (0.12, 16, 8.558)] {
        let mut cell = registry::find("sherman_rinzel_keizer_1988", None).unwrap().cell();
        cell.set_parameter("g_K2", g_k2).unwrap();
        cell.set_parameter("V_S", -36.0).unwrap();
        let samples = sample(&*cell, &[-60.0, 0.001, 0.2], (0.0, 80.0), 0.002, &[], 0);
        let trace = Trace::with_derivative(&samples.t, &samples.v[0], &samples.d[0]).unwrap();
        let found = spikes(&trace, &SpikeSettings { threshold: -38.0, reset: -42.0 }).unwrap();
        let gap = burst_gap(&inter_spike_intervals(&found)).unwrap();
        let all = bursts(&found, gap);
        let settled = &all[2..];
        assert!(settled.len() >= 4, "{all:?}");
        assert!(settled.iter().all(|b| b.spikes == spikes_per_burst), "{all:?}");
        for pair in settled.windows(2) {
            assert!((pair[1].start - pair[0].start - period).abs() < 2e-3, "{pair:?}");
        }
    }
}
