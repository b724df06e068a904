//! The recipe of Pellegrini et al. 2025.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::num::NonZeroUsize;

use datagen::recipes::{ohara_rudy_pulses_near_threshold, pellegrini_pulses};
use datagen::{Error, Input, Quantity, Range, Sampling, TimeGrid};

#[test]
fn pulses_are_those_of_the_boxes_and_states_begin_at_rest() {
    for (model, end, states, rest) in [
        ("fitzhugh_nagumo", 100.0, 2, 0.0),
        ("hodgkin_huxley_1952", 100.0, 4, 2.757e-4),
        ("ohara_rudy_2011", 500.0, 41, -87.0),
    ] {
        let recipe = pellegrini_pulses(model, end, 100, 12, 7).unwrap();
        let data = recipe.generate_on(NonZeroUsize::new(1).unwrap()).unwrap();
        assert_eq!(
            data.content_sha256(),
            recipe.generate_on(NonZeroUsize::new(3).unwrap()).unwrap().content_sha256()
        );
        assert_eq!((data.n_inputs(), data.n_targets(), data.n_trajectories()), (1, states, 12));
        assert_eq!((data.columns()[0].name.as_str(), data.columns()[1].name.as_str()), ("I_app", "V"));
        let Sampling::Mixture { parts, .. } = &recipe.sampling else { panic!() };
        for k in 0..12 {
            let rows = data.trajectory(k).unwrap();
            let current = rows.column(0);
            // On from the beginning, off once and for all.
            let on = current.iter().take_while(|i| **i != 0.0).count();
            assert!(on > 0 && current.iter().skip(on).all(|i| *i == 0.0), "{model} {k}");
            // Where it is the mean between points, the last of these is a part of the amplitude.
            let whole = if states == 41 { on - 1 } else { on };
            assert!(current.iter().take(whole).all(|i| *i == current[0]), "{model} {k}");
            let inside = |p: &datagen::Part| (p.ranges[0].low..=p.ranges[0].high).contains(&current[0]);
            assert!(whole == 0 || parts.iter().any(inside), "{model} {k}: {}", current[0]);
            assert!((rows[(0, 1)] - rest).abs() < 1.0, "{model}: V begins at {}", rows[(0, 1)]);
        }
    }
}

/// Each kind of O'Hara–Rudy's pulses has some that excite the cell and some that do not.
#[test]
fn the_threshold_is_inside_every_box_of_ohara_rudy() {
    let recipe = pellegrini_pulses("ohara_rudy_2011", 300.0, 150, 24, 3).unwrap();
    let Sampling::Mixture { parts, .. } = recipe.sampling.clone() else { panic!() };
    for part in parts {
        let mut one = recipe.clone();
        one.sampling = Sampling::Mixture { samples: 24, parts: vec![part.clone()] };
        let data = one.generate_on(NonZeroUsize::new(2).unwrap()).unwrap();
        let peak = |k| data.trajectory(k).unwrap().column(1).iter().fold(f64::MIN, |m, v| m.max(*v));
        let excited = (0..24).filter(|k| peak(*k) > 0.0).count();
        assert!((4..=20).contains(&excited), "{part:?}: {excited} of 24");
    }
}

/// At one length: on either side of the threshold, no farther from it than the margin, and no weaker one excites.
#[test]
fn pulses_near_the_threshold_excite_above_it_and_not_below() {
    let (margin, samples) = (0.05, 16);
    let mut recipe = ohara_rudy_pulses_near_threshold(300.0, 150, samples, margin, 3).unwrap();
    let Sampling::NearThreshold { parts, .. } = &mut recipe.sampling else { panic!() };
    parts.truncate(1);
    parts[0].ranges[1] = Range { of: Quantity::StimulusDuration, low: 0.8, high: 0.801 };
    recipe.columns.inputs = vec![Input::Quantity(Quantity::StimulusAmplitude)];
    assert_eq!(datagen::Recipe::from_json(&recipe.to_json()).unwrap(), recipe);
    let data = recipe.generate_on(NonZeroUsize::new(1).unwrap()).unwrap();
    let again = recipe.generate_on(NonZeroUsize::new(2).unwrap()).unwrap();
    assert_eq!(data.content_sha256(), again.content_sha256());
    let mut pulses: Vec<(f64, bool)> = (0..samples as usize)
        .map(|k| {
            let rows = data.trajectory(k).unwrap();
            (-rows[(0, 0)], rows.column(1).iter().any(|v| *v > 0.0))
        })
        .collect();
    pulses.sort_by(|a, b| a.0.total_cmp(&b.0));
    let first = pulses.iter().position(|p| p.1).unwrap();
    assert!((3..=13).contains(&first), "{pulses:?}");
    assert!(pulses[first..].iter().all(|p| p.1), "{pulses:?}");
    // Rounded to a sixteenth of the margin, as the threshold is.
    let threshold = 0.5 * (pulses[first - 1].0 + pulses[first].0);
    let within = |a: f64| (a / threshold - 1.0).abs() < margin * 1.5;
    assert!(within(pulses[0].0) && within(pulses[15].0), "{pulses:?}");
}

/// Where no length has a threshold in the box, the error says which was sought.
#[test]
fn a_box_without_threshold_is_an_error() {
    let mut recipe = ohara_rudy_pulses_near_threshold(50.0, 10, 2, 0.1, 3).unwrap();
    let Sampling::NearThreshold { parts, .. } = &mut recipe.sampling else { panic!() };
    parts.truncate(1);
    parts[0].ranges[0].low = -11.0;
    let error = recipe.generate().unwrap_err();
    assert!(matches!(error, Error::NoThreshold { index: 0, amplitude: (-11.0, -10.0), .. }), "{error}");
    assert!(error.to_string().contains("sampling.parts"), "{error}");

    let good = ohara_rudy_pulses_near_threshold(50.0, 10, 2, 0.1, 3).unwrap();
    good.check().unwrap();
    let Sampling::NearThreshold { parts, .. } = good.sampling.clone() else { panic!() };
    let near = |parts: &[datagen::Part], state: &str, above: f64, margin: f64| {
        let (parts, state) = (parts.to_vec(), state.to_owned());
        let sampling = Sampling::NearThreshold { samples: 2, parts, state, above, margin };
        datagen::Recipe { sampling, ..good.clone() }.check()
    };
    near(&parts, "V", 0.0, 0.1).unwrap();
    let with = |change: &dyn Fn(&mut Vec<datagen::Part>)| {
        let mut parts = parts.clone();
        change(&mut parts);
        near(&parts, "V", 0.0, 0.1)
    };
    for (refused, word) in [
        (near(&parts, "V", 0.0, 0.0), "sampling.margin"),
        (near(&parts, "V", 0.0, f64::NAN), "sampling.margin"),
        (near(&parts, "V", f64::INFINITY, 0.1), "sampling.above"),
        (near(&parts, "u", 0.0, 0.1), "sampling.state"),
        (with(&|parts| parts[1].share = -1.0), "sampling.parts[1].share"),
        (with(&|parts| parts[0].ranges.swap(0, 1)), "stimulus_amplitude"),
        (with(&Vec::clear), "it names nothing"),
        (with(&|parts| drop(parts[2].ranges.pop())), "parts[2]"),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

/// Pulses that no point sees have the charge that they have.
#[test]
fn a_mean_between_points_keeps_the_charge() {
    let mut recipe = pellegrini_pulses("ohara_rudy_2011", 40.0, 10, 6, 5).unwrap();
    let Sampling::Mixture { parts, .. } = &mut recipe.sampling else { panic!() };
    parts.truncate(1);
    recipe.columns.inputs = vec![
        Input::StimulusMean,
        Input::Quantity(Quantity::StimulusAmplitude),
        Input::Quantity(Quantity::StimulusDuration),
    ];
    let data = recipe.generate().unwrap();
    for k in 0..6 {
        let rows = data.trajectory(k).unwrap();
        let charge = 4.0 * rows.column(0).sum();
        assert!((charge - rows[(0, 1)] * rows[(0, 2)]).abs() < 1e-12 * charge.abs());
    }
    recipe.times = TimeGrid::Listed { times: vec![0.0, 1.0] };
    assert!(recipe.check().unwrap_err().to_string().contains("equal distances"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert!(matches!(pellegrini_pulses("luo_rudy_1991", 1.0, 2, 1, 0), Err(Error::BadRecipe { .. })));
    let good = pellegrini_pulses("fitzhugh_nagumo", 100.0, 10, 3, 0).unwrap();
    good.check().unwrap();
    let json = good.to_json();
    assert_eq!(datagen::Recipe::from_json(&json).unwrap(), good);
    let refused = |change: &dyn Fn(&mut datagen::Recipe), word: &str| {
        let mut recipe = good.clone();
        change(&mut recipe);
        let error = recipe.check().unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    let parts = |recipe: &mut datagen::Recipe, change: &dyn Fn(&mut Vec<datagen::Part>)| {
        let Sampling::Mixture { parts, .. } = &mut recipe.sampling else { panic!() };
        change(parts);
    };
    refused(&|r| parts(r, &|p| p[1].share = 0.0), "share");
    refused(&|r| parts(r, &|p| p[1].ranges.swap(0, 1)), "sides");
    refused(&|r| parts(r, &|p| p[1].ranges[0].high = -1.0), "parts[1].ranges[0]");
    refused(&|r| parts(r, &Vec::clear), "sampling");
    refused(&|r| r.model.stimulus = ionic_models::StimulusSpec::Constant(1.0), "pulse");
    refused(
        &|r| {
            r.columns.inputs = vec![
                datagen::Input::Quantity(Quantity::StimulusDuration),
                datagen::Input::Stimulus,
                datagen::Input::Stimulus,
            ]
        },
        "I_app",
    );
}
