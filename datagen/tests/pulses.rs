//! The recipe of Pellegrini et al. 2025.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::num::NonZeroUsize;

use datagen::recipes::pellegrini_pulses;
use datagen::{Error, Input, Quantity, Sampling, TimeGrid};

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
