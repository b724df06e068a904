//! Stimuli: values, edges, checks, files.

use ionic_models::{Error, Interpolation, MAX_PULSES, Pulse, PulseTrain, S1S2, Stimulus, StimulusSpec};
use proptest::prelude::*;

fn stops(stimulus: &Stimulus, t0: f64, t1: f64) -> Vec<f64> {
    let mut out = Vec::new();
    stimulus.stops(t0, t1, &mut out);
    out.sort_by(f64::total_cmp);
    out.dedup();
    out
}

fn train(start: f64, period: f64, duration: f64, count: Option<u64>) -> Stimulus {
    Stimulus::pulse_train(PulseTrain { start, period, duration, amplitude: -2.0, count }).unwrap()
}

proptest! {
    /// Between two stops the value is constant, and at each stop it is that of the piece after it,
    /// however period and start are rounded.
    #[test]
    fn trains_are_constant_between_stops(
        start in -10.0..1000.0f64,
        period in 0.1..1000.0f64,
        share in 0.001..1.0f64,
        count in prop::option::of(0u64..50),
        from in 0.0..1e6f64,
    ) {
        let stimulus = train(start, period, period * share, count);
        let (t0, t1) = (from, from + 20.0 * period);
        let mut edges = vec![t0];
        edges.extend(stops(&stimulus, t0, t1));
        edges.push(t1);
        for pair in edges.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let value = stimulus.value(a);
            for t in [a, a.next_up(), 0.5 * (a + b), b.next_down()] {
                if a <= t && t < b {
                    prop_assert_eq!(stimulus.value(t), value, "{} in {}..{}", t, a, b);
                }
            }
        }
    }

    /// Charges add up: over neighbouring intervals, over summands, and piece by piece between edges, where a
    /// straight line has the mean of its middle.
    #[test]
    fn means_are_those_of_the_pieces(
        values in prop::collection::vec(-5.0..5.0f64, 2..9),
        share in 0.01..0.99f64,
        a in -1.0..3.0f64,
        lengths in (0.0..4.0f64, 0.01..4.0f64),
    ) {
        let times: Vec<f64> = (0..values.len()).map(|k| f64::from(k as u32) * 0.3).collect();
        let line = Stimulus::sampled(times, values, Interpolation::Linear).unwrap();
        let pulses = train(0.2, 0.7, 0.7 * share, Some(3));
        let both = Stimulus::sum(vec![line.clone(), pulses.clone()]);
        let (b, c) = (a + lengths.0, a + lengths.0 + lengths.1);
        let parts = (b - a) * both.mean(a, b) + (c - b) * both.mean(b, c);
        prop_assert!(((c - a) * both.mean(a, c) - parts).abs() < 1e-11);
        prop_assert!((both.mean(a, c) - line.mean(a, c) - pulses.mean(a, c)).abs() < 1e-12);
        let mut edges = vec![a];
        edges.extend(stops(&both, a, c));
        edges.push(c);
        let pieces = edges.windows(2).map(|e| (e[1] - e[0]) * both.value(0.5 * (e[0] + e[1])));
        prop_assert!(((c - a) * both.mean(a, c) - pieces.sum::<f64>()).abs() < 1e-11);
        prop_assert_eq!(both.mean(a, a), both.value(a));
    }

    /// A train and the list of its pulses are the same stimulus.
    #[test]
    fn a_train_is_the_list_of_its_pulses(
        start in -10.0..10.0f64,
        period in 0.1..100.0f64,
        share in 0.001..0.9f64,
        times in prop::collection::vec(-10.0..1000.0f64, 20),
    ) {
        let stimulus = train(start, period, period * share, Some(7));
        let pulses = (0..7)
            .map(|k| Pulse { start: start + f64::from(k) * period, duration: period * share, amplitude: -2.0 })
            .collect();
        let list = Stimulus::pulses(pulses).unwrap();
        for t in times {
            prop_assert_eq!(stimulus.value(t), list.value(t));
        }
        prop_assert_eq!(stops(&stimulus, -20.0, 1e4), stops(&list, -20.0, 1e4));
    }

    #[test]
    fn samples_are_met_and_joined(values in prop::collection::vec(-5.0..5.0f64, 2..20), s in 0.0..1.0f64) {
        let times: Vec<f64> = (0..values.len()).map(|k| k as f64 * 0.3).collect();
        let linear = Stimulus::sampled(times.clone(), values.clone(), Interpolation::Linear).unwrap();
        let hold = Stimulus::sampled(times.clone(), values.clone(), Interpolation::Hold).unwrap();
        for k in 0..values.len() {
            prop_assert_eq!(linear.value(times[k]), values[k]);
            prop_assert_eq!(hold.value(times[k]), values[k]);
            if k + 1 < values.len() {
                let t = times[k] + s * 0.29;
                let line = values[k] + linear.slope(t) * (t - times[k]);
                prop_assert!((linear.value(t) - line).abs() < 1e-12);
                prop_assert_eq!(hold.value(t), values[k]);
                prop_assert_eq!(hold.slope(t), 0.0);
            }
        }
        let last = *values.last().unwrap();
        prop_assert_eq!(linear.value(1e9), last);
        prop_assert_eq!(linear.slope(1e9), 0.0);
        prop_assert_eq!(linear.value(-1.0), values[0]);
        prop_assert_eq!(stops(&linear, -1.0, 1e9), times);
    }

    /// No text makes the parser panic, and what it accepts is a valid train.
    #[test]
    fn any_text_is_a_train_or_an_error(text in "[a-z=,.0-9e-]{0,60}") {
        if let Ok(train) = text.parse::<PulseTrain>() {
            prop_assert!(Stimulus::pulse_train(train).is_ok());
        }
    }
}

#[test]
fn pulses_are_half_open_and_counted() {
    let stimulus = train(10.0, 1000.0, 0.5, Some(2));
    let expected = [(9.999, 0.0), (10.0, -2.0), (10.499, -2.0), (10.5, 0.0), (1010.2, -2.0), (2010.2, 0.0)];
    for (t, value) in expected {
        assert_eq!(stimulus.value(t), value, "{t}");
    }
    assert_eq!(stops(&stimulus, 0.0, 1e5), [10.0, 10.5, 1010.0, 1010.5]);
    assert_eq!(stops(&stimulus, 10.0, 1010.0), [10.5], "the ends of the interval are left out");
    assert!(stops(&train(0.0, 1.0, 0.5, None), 0.0, f64::INFINITY).is_empty());
}

/// S1 at 5, 105 and 205, the premature pulse at 265.
const PREMATURE: S1S2 = S1S2 {
    start: 5.0,
    s1_period: 100.0,
    s1_count: 3,
    s2_interval: 60.0,
    duration: 2.0,
    amplitude: 1.0,
    s2_amplitude: Some(3.0),
};

#[test]
fn s1s2_has_one_premature_pulse() {
    let protocol = PREMATURE;
    let stimulus = Stimulus::s1s2(protocol).unwrap();
    assert_eq!(stops(&stimulus, 0.0, 1e4), [5.0, 7.0, 105.0, 107.0, 205.0, 207.0, 265.0, 267.0]);
    assert_eq!([206.0, 207.0, 265.0, 267.0, 305.5].map(|t| stimulus.value(t)), [1.0, 0.0, 3.0, 0.0, 0.0]);
    let error = Stimulus::s1s2(S1S2 { s2_interval: 1.0, ..protocol }).unwrap_err();
    assert!(error.to_string().contains("s2_interval is 1"), "{error}");
    assert!(Stimulus::s1s2(S1S2 { s1_count: 0, ..protocol }).is_err());
}

#[test]
fn a_pulse_is_counted_if_it_begins_before_the_time_asked_for() {
    let endless = train(10.0, 100.0, 2.0, None);
    let counted = |t| endless.pulses_until(t);
    assert_eq!([-5.0, 10.0, 10.5, 110.0, 110.5, 1e4].map(counted), [0.0, 0.0, 1.0, 1.0, 2.0, 100.0]);
    assert_eq!(train(10.0, 100.0, 2.0, Some(3)).pulses_until(1e9), 3.0);
    let s1s2 = Stimulus::s1s2(PREMATURE).unwrap();
    let counted = |t| s1s2.pulses_until(t);
    assert_eq!([0.0, 50.0, 265.0, 265.5, 1e9].map(counted), [0.0, 1.0, 3.0, 4.0, 4.0]);
    let both = Stimulus::sum(vec![endless, s1s2, Stimulus::constant(1.0).unwrap()]);
    assert_eq!(both.pulses_until(50.0), 2.0);
    let listed = Stimulus::pulses(vec![Pulse { start: 0.0, duration: 1.0, amplitude: 1.0 }]).unwrap();
    assert_eq!(listed.pulses_until(50.0), 0.0, "what was given one by one is in memory already");
}

#[test]
fn more_pulses_than_a_solver_can_list_are_refused() {
    let fast = train(0.0, 1e-3, 1e-4, None);
    assert!(fast.check_pulses(9_999.0).is_ok());
    let error = fast.check_pulses(10_001.0).unwrap_err();
    assert!(matches!(error, Error::TooManyPulses { pulses, until: 10_001.0 } if pulses > MAX_PULSES));
    let said = error.to_string();
    assert!(said.contains("t = 10001, more than 1e7; lengthen the period"), "{said}");
    assert!(train(0.0, 1e-3, 1e-4, Some(5)).check_pulses(1e9).is_ok());
    assert!(Stimulus::sum(vec![fast.clone(), fast]).check_pulses(9_999.0).is_err(), "parts add");
}

#[test]
fn sums_add_values_slopes_and_stops() {
    let line = Stimulus::sampled(vec![0.0, 10.0], vec![0.0, 20.0], Interpolation::Linear).unwrap();
    let sum = Stimulus::sum(vec![train(1.0, 4.0, 1.0, Some(1)), line, Stimulus::constant(0.5).unwrap()]);
    assert_eq!(sum.value(1.5), -2.0 + 3.0 + 0.5);
    assert_eq!(sum.slope(1.5), 2.0);
    assert!(!sum.is_piecewise_constant());
    assert_eq!(stops(&sum, 0.0, 20.0), [1.0, 2.0, 10.0]);
    assert_eq!(Stimulus::sum(vec![]).value(0.0), 0.0);
}

#[test]
fn senseless_numbers_are_refused_with_their_name() {
    let ok = PulseTrain { start: 0.0, period: 10.0, duration: 1.0, amplitude: 1.0, count: None };
    for (train, field) in [
        (PulseTrain { period: 0.0, ..ok }, "period"),
        (PulseTrain { period: f64::NAN, ..ok }, "period"),
        (PulseTrain { duration: -1.0, ..ok }, "duration"),
        (PulseTrain { duration: 11.0, ..ok }, "duration"),
        (PulseTrain { amplitude: f64::INFINITY, ..ok }, "amplitude"),
        (PulseTrain { start: f64::NEG_INFINITY, ..ok }, "start"),
    ] {
        let error = Stimulus::pulse_train(train).unwrap_err();
        assert!(matches!(&error, Error::Stimulus { field: f, .. } if f == field), "{error}");
    }
    let pulse = |start| Pulse { start, duration: 2.0, amplitude: 1.0 };
    let error = Stimulus::pulses(vec![pulse(0.0), pulse(1.0)]).unwrap_err();
    assert!(error.to_string().contains("start of pulse 2 is 1"), "{error}");
    assert!(Stimulus::sampled(vec![], vec![], Interpolation::Hold).is_err());
    assert!(Stimulus::sampled(vec![0.0, 0.0], vec![1.0, 1.0], Interpolation::Hold).is_err());
    assert!(Stimulus::sampled(vec![0.0, 1.0], vec![1.0], Interpolation::Hold).is_err());
    assert!(Stimulus::constant(f64::NAN).is_err());
    assert!(Stimulus::new(StimulusSpec::Sum(vec![StimulusSpec::Constant(f64::NAN)])).is_err());
}

#[test]
fn serde_round_trips_and_checks() {
    let stimulus = Stimulus::sum(vec![
        train(0.0, 10.0, 1.0, None),
        Stimulus::sampled(vec![0.0, 1.0], vec![0.0, 1.0], Interpolation::Hold).unwrap(),
        Stimulus::none(),
    ]);
    let json = serde_json::to_string(&stimulus).unwrap();
    assert_eq!(serde_json::from_str::<Stimulus>(&json).unwrap(), stimulus);
    let bad = r#"{"pulse_train":{"start":0,"period":0,"duration":1,"amplitude":1}}"#;
    let error = serde_json::from_str::<Stimulus>(bad).unwrap_err().to_string();
    assert!(error.contains("period is 0"), "{error}");
}

#[test]
fn trains_are_read_from_text() {
    let train: PulseTrain = "period=1000, duration=0.5,amplitude=-80,start=0,count=1".parse().unwrap();
    let expected = PulseTrain { start: 0.0, period: 1000.0, duration: 0.5, amplitude: -80.0, count: Some(1) };
    assert_eq!(train, expected);
    let single: PulseTrain = "duration=2,amplitude=10,count=1".parse().unwrap();
    assert_eq!(single.period, 2.0);
    for (text, part) in [
        ("", "give period=…"),
        ("period=1000", "give period=…"),
        ("period=10,duration=x,amplitude=1", "duration=x"),
        ("period=10,duration=1,amplitude=1,amplitude=2", "twice"),
        ("period=10,duration=1,amplitude=1,count=1.5", "whole number"),
        ("duration=1,amplitude=1", "give a period"),
        ("period=10,width=1", "width=1"),
        ("period=-10,duration=1,amplitude=1", "period is -10"),
    ] {
        let error = text.parse::<PulseTrain>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn files_are_read_and_their_mistakes_named() {
    let path = std::env::temp_dir().join(format!("ionic-models-stimulus-{}.csv", std::process::id()));
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    write("# paced by hand\nstart,duration,amplitude\n0,1,-80\n\n500, 2, -40\n");
    let stimulus = Stimulus::read_pulses(&path).unwrap();
    assert_eq!([0.5, 1.0, 501.0].map(|t| stimulus.value(t)), [-80.0, 0.0, -40.0]);
    write("time,value\n0,0\n1,2\n");
    assert_eq!(Stimulus::read_sampled(&path, Interpolation::Linear).unwrap().value(0.5), 1.0);
    for (text, part) in [
        ("", "no data"),
        ("0,1\n", "line 1: 2 values; expected 3"),
        ("start,length,amplitude\n0,1,2\n", "expected `start,duration,amplitude`"),
        ("0,1,2\n5,x,2\n", "line 2: `x` is not a number"),
        ("0,1,2\na,b,c\n", "line 2: `a` is not a number"),
        ("0,1,2\n0.5,1,2\n", "start of pulse 2"),
        ("0,nan,2\n", "duration of pulse 1 is NaN"),
    ] {
        write(text);
        let error = Stimulus::read_pulses(&path).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
    std::fs::remove_file(&path).unwrap();
    let error = Stimulus::read_pulses(&path).unwrap_err().to_string();
    assert!(error.contains("cannot read"), "{error}");
}
