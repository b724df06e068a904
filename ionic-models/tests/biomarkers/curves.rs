//! Curves whose biomarkers are known.

use proptest::prelude::*;

use ionic_models::biomarkers::*;

fn grid(n: usize, every: f64) -> Vec<f64> {
    (0..n).map(|k| k as f64 * every).collect()
}

fn map(t: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    t.iter().map(|&t| f(t)).collect()
}

#[track_caller]
fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b} within {tolerance}");
}

/// A cubic polynomial is its own Hermite curve: everything is exact however coarse the samples.
#[test]
fn a_cubic_is_met_exactly() {
    let f = |t: f64| t * (t - 2.0) * (t - 5.0);
    let d = |t: f64| 3.0 * t * t - 14.0 * t + 10.0;
    let t = [0.0, 5.5];
    let (v, dv) = (map(&t, f), map(&t, d));
    let trace = Trace::with_derivative(&t, &v, &dv).unwrap();
    let top = (14.0 - 76f64.sqrt()) / 6.0;
    let bottom = (14.0 + 76f64.sqrt()) / 6.0;
    let low = trace.minimum(0.0).unwrap();
    close(low.t, bottom, 1e-12);
    close(low.value, f(bottom), 1e-12);
    // The end is higher than the maximum inside.
    assert_eq!(trace.maximum(0.0).unwrap(), Extremum { t: 5.5, value: f(5.5) });
    close(trace.maximum_between(0.0, 4.0).unwrap().t, top, 1e-12);
    assert_eq!(trace.maximum_between(5.6, 6.0), None);
    close(trace.crossing(0.0, Direction::Down, 0.5).unwrap(), 2.0, 1e-14);
    close(trace.crossing(0.0, Direction::Up, 0.5).unwrap(), 5.0, 1e-14);
    close(f(trace.crossing(1.0, Direction::Up, 0.0).unwrap()), 1.0, 1e-14);
    assert_eq!(trace.crossing(0.0, Direction::Up, 5.2), None);
    assert_eq!(trace.crossing(100.0, Direction::Up, 0.0), None);
    assert_eq!(trace.maximum(5.6), None);
}

/// The order of accuracy is four: half the distance, a sixteenth of the error.
#[test]
fn peaks_and_crossings_converge_with_order_four() {
    let f = |t: f64| (1.7 * t).sin();
    let d = |t: f64| 1.7 * (1.7 * t).cos();
    let peak = std::f64::consts::FRAC_PI_2 / 1.7;
    let crossing = (std::f64::consts::PI - 0.3f64.asin()) / 1.7;
    let errors = |n: usize| {
        let t = grid(n + 1, 2.0 / n as f64);
        let (v, dv) = (map(&t, f), map(&t, d));
        let trace = Trace::with_derivative(&t, &v, &dv).unwrap();
        let high = trace.maximum(0.0).unwrap();
        let down = trace.crossing(0.3, Direction::Down, peak).unwrap();
        [(high.value - 1.0).abs(), (down - crossing).abs()]
    };
    for (coarse, fine) in errors(21).into_iter().zip(errors(42)) {
        let order = (coarse / fine).log2();
        assert!(order > 3.3, "{coarse} {fine}: order {order}");
        assert!(coarse < 1e-4);
    }
}

#[test]
fn without_derivatives_nothing_is_invented() {
    // A step: a parabola through the samples would overshoot.
    let t = grid(7, 1.0);
    let v = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
    let trace = Trace::new(&t, &v).unwrap();
    assert_eq!(trace.maximum(0.0).unwrap(), Extremum { t: 3.0, value: 1.0 });
    assert_eq!(trace.minimum(0.0).unwrap(), Extremum { t: 0.0, value: 0.0 });
    assert_eq!(trace.steepest_rise(), Extremum { t: 2.0, value: 1.0 });
    close(trace.crossing(0.5, Direction::Up, 0.0).unwrap(), 2.5, 1e-12);
}

#[test]
fn a_time_that_comes_twice_is_a_kink() {
    // Up at slope 3, from t = 1 at slope −1.
    let (t, v) = ([0.0, 1.0, 1.0, 4.0], [0.0, 3.0, 3.0, 0.0]);
    let trace = Trace::with_derivative(&t, &v, &[3.0, 3.0, -1.0, -1.0]).unwrap();
    assert_eq!(trace.maximum(0.0).unwrap(), Extremum { t: 1.0, value: 3.0 });
    close(trace.crossing(1.5, Direction::Up, 0.0).unwrap(), 0.5, 1e-15);
    close(trace.crossing(1.5, Direction::Down, 0.0).unwrap(), 2.5, 1e-15);
    close(trace.crossing(1.5, Direction::Down, 1.0).unwrap(), 2.5, 1e-15);
    let guessed = Trace::new(&t, &v).unwrap();
    close(guessed.crossing(1.5, Direction::Down, 0.0).unwrap(), 2.5, 1e-12);
    assert_eq!(guessed.steepest_rise(), Extremum { t: 0.0, value: 3.0 });
}

#[test]
fn samples_that_make_no_sense() {
    let refused = |t: &[f64], v: &[f64]| Trace::new(t, v).unwrap_err();
    assert!(matches!(
        refused(&[0.0, 1.0], &[0.0]),
        BiomarkerError::WrongLength { expected: 2, found: 1, .. }
    ));
    assert!(matches!(refused(&[], &[]), BiomarkerError::TooShort { samples: 0 }));
    assert!(matches!(refused(&[1.0], &[1.0]), BiomarkerError::TooShort { .. }));
    assert!(matches!(refused(&[1.0, 1.0], &[1.0, 1.0]), BiomarkerError::TooShort { .. }));
    assert!(matches!(
        refused(&[0.0, f64::NAN], &[0.0, 0.0]),
        BiomarkerError::NotFinite { what: "times", index: 1, .. }
    ));
    assert!(matches!(
        refused(&[0.0, 1.0], &[f64::INFINITY, 0.0]),
        BiomarkerError::NotFinite { what: "values", .. }
    ));
    assert!(matches!(refused(&[0.0, 2.0, 1.0], &[0.0; 3]), BiomarkerError::NotRising { index: 2, .. }));
    assert!(matches!(refused(&[0.0, 1.0, 1.0], &[0.0, 1.0, 2.0]), BiomarkerError::Repeated { index: 2, .. }));
    assert!(matches!(refused(&[0.0, 1.0, 1.0, 1.0], &[0.0; 4]), BiomarkerError::Repeated { index: 3, .. }));
    let derivative = Trace::with_derivative(&[0.0, 1.0], &[0.0, 1.0], &[0.0, f64::NAN]).unwrap_err();
    assert!(matches!(derivative, BiomarkerError::NotFinite { what: "derivatives", .. }));

    let trace = Trace::new(&[0.0, 1.0], &[-80.0, -80.0]).unwrap();
    for percent in [0.0, 100.0, -1.0, f64::NAN] {
        let settings = ApSettings { percentages: vec![percent], ..ApSettings::default() };
        assert!(matches!(action_potential(&trace, &settings), Err(BiomarkerError::Setting { .. })));
        let settings = CalciumSettings { percentages: vec![percent], ..CalciumSettings::default() };
        assert!(matches!(calcium_transient(&trace, &settings), Err(BiomarkerError::Setting { .. })));
    }
    let threshold = ApSettings { threshold: f64::NAN, ..ApSettings::default() };
    assert!(action_potential(&trace, &threshold).is_err());
    let rest = ApSettings { rest: Rest::Value(f64::NAN), ..ApSettings::default() };
    assert!(action_potential(&trace, &rest).is_err());
    assert!(spikes(&trace, &SpikeSettings { threshold: 0.0, reset: 1.0 }).is_err());
}

/// −80 mV at rest; up at 100 mV/ms from t = 10; down at 1 mV/ms from +20 mV to `bottom`.
fn beat(bottom: f64) -> (Vec<f64>, Vec<f64>) {
    let t = grid(3001, 0.1);
    let v = map(&t, |t| match t {
        t if t <= 10.0 => -80.0,
        t if t <= 11.0 => -80.0 + 100.0 * (t - 10.0),
        t => (20.0 - (t - 11.0)).max(bottom),
    });
    (t, v)
}

#[test]
fn an_action_potential_by_hand() {
    let (t, v) = beat(-80.0);
    let response = action_potential(&Trace::new(&t, &v).unwrap(), &ApSettings::default()).unwrap();
    let ap = response.action_potential().unwrap();
    assert_eq!((ap.rest, ap.end), (-80.0, -80.0));
    close(ap.peak, 20.0, 1e-12);
    close(ap.time_to_peak, 11.0, 1e-9);
    close(ap.dvdt_max, 100.0, 1e-9);
    close(ap.upstroke, 10.8, 1e-9);
    for (percent, apd) in [(30.0, 30.2), (50.0, 50.2), (90.0, 90.2)] {
        close(response.apd(percent).unwrap(), apd, 1e-6);
        close(ap.repolarised_at(percent).unwrap(), apd + 10.8, 1e-6);
    }
    assert_eq!(response.apd(70.0), None, "not asked for");
    // A higher rest brings the level nearer to the peak.
    let settings = ApSettings { rest: Rest::Value(-60.0), percentages: vec![50.0], ..ApSettings::default() };
    let response = action_potential(&Trace::new(&t, &v).unwrap(), &settings).unwrap();
    close(response.apd(50.0).unwrap(), 40.2, 1e-6);
    let json = serde_json::to_value(&response).unwrap();
    assert_eq!(json["outcome"], "action_potential");
    assert_eq!(json["durations"][0]["repolarisation"]["outcome"], "repolarised");
}

#[test]
fn what_a_cell_does_not_do_is_a_result() {
    let t = grid(100, 1.0);
    let settings = ApSettings::default();
    let weak = map(&t, |t| -80.0 + 30.0 * (-(t - 20.0) * (t - 20.0) / 50.0).exp());
    let response = action_potential(&Trace::new(&t, &weak).unwrap(), &settings).unwrap();
    let Response::NoDepolarisation { rest, peak, time_to_peak } = response else { panic!("{response:?}") };
    close(rest, -80.0, 0.02);
    assert_eq!((peak, time_to_peak), (-50.0, 20.0));

    let high = map(&t, |t| 10.0 - t);
    let response = action_potential(&Trace::new(&t, &high).unwrap(), &settings).unwrap();
    assert_eq!(response, Response::StillDepolarised { start: 10.0 });

    // Falls by 50 % of 100 mV but not by 90 %.
    let (t, v) = beat(-40.0);
    let response = action_potential(&Trace::new(&t, &v).unwrap(), &settings).unwrap();
    assert!(response.apd(50.0).is_some());
    assert_eq!(response.apd(90.0), None);
    let ap = response.action_potential().unwrap();
    let Repolarisation::NotRepolarised { lowest } = ap.durations[2].repolarisation else { panic!() };
    assert_eq!(lowest, -40.0);
}

#[test]
fn a_transient_and_none() {
    let t = grid(2001, 0.5);
    let ca = map(&t, |t| 1e-4 + 1e-3 * (t / 50.0) * (1.0 - t / 50.0).exp());
    let response = calcium_transient(&Trace::new(&t, &ca).unwrap(), &CalciumSettings::default()).unwrap();
    let transient = response.transient().unwrap();
    close(transient.rest, 1e-4, 1e-18);
    close(transient.peak, 1.1e-3, 1e-12);
    close(transient.amplitude, 1e-3, 1e-12);
    close(transient.time_to_peak, 50.0, 1e-9);
    // x·exp(1 − x) = 1/2 at x = 2.67834699.
    close(transient.decays[0].time.unwrap(), 50.0 * 1.67834699, 1e-2);
    assert!(transient.decays.windows(2).all(|d| d[0].time < d[1].time));

    let falling = map(&t, |t| 1e-3 * (-t / 100.0).exp());
    let trace = Trace::new(&t, &falling).unwrap();
    let response = calcium_transient(&trace, &CalciumSettings::default()).unwrap();
    assert_eq!(response, CalciumResponse::NoTransient { rest: 1e-3, peak: 1e-3 });
    let trace = Trace::new(&t, &ca).unwrap();
    let fussy = CalciumSettings { min_amplitude: 2e-3, ..CalciumSettings::default() };
    assert!(calcium_transient(&trace, &fussy).unwrap().transient().is_none());
    let unfinished = Trace::new(&t[..150], &ca[..150]).unwrap();
    let response = calcium_transient(&unfinished, &CalciumSettings::default()).unwrap();
    assert_eq!(response.transient().unwrap().decays[2].time, None);
}

#[test]
fn spikes_of_a_sine_and_ripples() {
    let t = grid(1001, 0.1);
    let v = map(&t, |t| 50.0 * (0.2 * std::f64::consts::PI * t).sin());
    let trace = Trace::new(&t, &v).unwrap();
    let found = spikes(&trace, &SpikeSettings::at(25.0)).unwrap();
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|s| (s.peak - 50.0).abs() < 1e-9 && (s.t_peak - s.t - 5.0 / 3.0).abs() < 1e-3));
    let Rhythm::Periodic { period } = rhythm(&found, 1e-3) else { panic!() };
    close(period, 10.0, 1e-6);
    // Ripples at the threshold count once if there is a gap to the reset.
    let rippled: Vec<f64> = t.iter().zip(&v).map(|(t, v)| v + 4.0 * (40.0 * t).sin()).collect();
    let trace = Trace::new(&t, &rippled).unwrap();
    assert!(spikes(&trace, &SpikeSettings::at(25.0)).unwrap().len() > 10);
    assert_eq!(spikes(&trace, &SpikeSettings { threshold: 25.0, reset: 0.0 }).unwrap().len(), 10);
    // A spike that the end of the trace cuts does not count.
    let trace = Trace::new(&t[..24], &v[..24]).unwrap();
    assert_eq!(spikes(&trace, &SpikeSettings::at(25.0)).unwrap(), []);
}

fn at(times: &[f64]) -> Vec<Spike> {
    times.iter().map(|&t| Spike { t, peak: 0.0, t_peak: t }).collect()
}

#[test]
fn bursts_are_told_apart_by_their_silences() {
    let train = at(&[0.0, 1.0, 9.0, 10.0, 11.2, 20.0, 21.0, 22.2, 31.0]);
    let gap = burst_gap(&inter_spike_intervals(&train)).unwrap();
    assert!(gap > 1.2 && gap < 8.0);
    assert_eq!(
        bursts(&train, gap),
        [Burst { start: 9.0, end: 11.2, spikes: 3 }, Burst { start: 20.0, end: 22.2, spikes: 3 }],
    );
    assert_eq!(burst_gap(&inter_spike_intervals(&at(&[0.0, 1.0, 2.1, 3.0]))), None);
    assert_eq!(burst_gap(&[]), None);
    assert_eq!(bursts(&[], 1.0), []);
    assert_eq!(bursts(&at(&[1.0]), 1.0), []);
    assert_eq!(rhythm(&[], 0.1), Rhythm::Silent);
    assert_eq!(rhythm(&at(&[3.0]), 0.1), Rhythm::Single { t: 3.0 });
    assert!(matches!(rhythm(&train, 0.1), Rhythm::Irregular { .. }));
}

#[test]
fn patterns_from_beat_to_beat() {
    assert_eq!(pattern(&[1.0, 1.0, 1.0], 0.1), Pattern::TooFew);
    assert_eq!(pattern(&[9.0, 300.0, 300.0, 300.0, 300.0], 1e-3), Pattern::Steady { mean: 300.0 });
    let alternans = pattern(&[300.0, 250.0, 300.1, 250.1], 1e-3);
    let Pattern::Alternans { large, small } = alternans else { panic!("{alternans:?}") };
    close(large, 300.05, 1e-9);
    close(small, 250.05, 1e-9);
    assert_eq!(pattern(&[300.0, 250.0, 280.0, 260.0], 1e-3), Pattern::Irregular { min: 250.0, max: 300.0 });
    assert!(matches!(pattern(&[1.0, f64::NAN, 1.0, 1.0], 0.1), Pattern::Irregular { .. }));
}

proptest! {
    /// Whatever the samples are: a peak is the highest of the samples at least, a crossing lies on
    /// its level, and without derivatives the curve stays within the samples.
    #[test]
    fn laws_of_curves(
        steps in prop::collection::vec(1e-3..10.0f64, 2..40),
        values in prop::collection::vec(-100.0..60.0f64, 40),
        slopes in prop::collection::vec(-50.0..50.0f64, 40),
        level in -100.0..60.0f64,
        from in 0.0..1.0f64,
    ) {
        let t: Vec<f64> = steps.iter().scan(0.0, |t, dt| { *t += dt; Some(*t) }).collect();
        let n = t.len();
        let (v, d) = (&values[..n], &slopes[..n]);
        let highest = v.iter().copied().fold(f64::MIN, f64::max);
        let guessed = Trace::new(&t, v).unwrap();
        prop_assert_eq!(guessed.maximum(t[0]).unwrap().value, highest);
        let exact = Trace::with_derivative(&t, v, d).unwrap();
        prop_assert!(exact.maximum(t[0]).unwrap().value >= highest);
        prop_assert!(exact.minimum(t[0]).unwrap().value <= highest);
        let from = t[0] + from * (t[n - 1] - t[0]);
        for trace in [&guessed, &exact] {
            for direction in [Direction::Up, Direction::Down] {
                if let Some(at) = trace.crossing(level, direction, from) {
                    prop_assert!(at >= from - 1e-9 && at <= trace.end());
                    // The lowest and highest points of a very short piece there enclose the level.
                    let near = trace.maximum_between(at, (at + 1e-12).min(trace.end())).unwrap();
                    prop_assert!((near.value - level).abs() < 1e-6, "{:?} {}", near, level);
                }
            }
            if let (Some(high), Some(low)) = (trace.maximum(from), trace.minimum(from)) {
                let crosses = trace.crossing(level, Direction::Up, from).is_some()
                    || trace.crossing(level, Direction::Down, from).is_some();
                prop_assert_eq!(crosses, low.value < level && level < high.value);
            }
            let found = spikes(trace, &SpikeSettings { threshold: level, reset: level - 5.0 }).unwrap();
            prop_assert!(found.windows(2).all(|s| s[0].t_peak < s[1].t));
            prop_assert!(found.iter().all(|s| s.peak >= level - 1e-6 && s.t <= s.t_peak));
        }
    }
}
