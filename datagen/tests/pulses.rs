//! The recipe of Pellegrini et al. 2025.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::num::NonZeroUsize;

use datagen::recipes::pellegrini_pulses;
use datagen::{Error, Quantity, Sampling};

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
        let mut excited = 0;
        for k in 0..12 {
            let rows = data.trajectory(k).unwrap();
            let current = rows.column(0);
            // On from the beginning, off once and for all.
            let on = current.iter().take_while(|i| **i != 0.0).count();
            assert!(on > 0 && current.iter().skip(on).all(|i| *i == 0.0), "{model} {k}");
            assert!(current.iter().take(on).all(|i| *i == current[0]));
            let inside = |p: &datagen::Part| (p.ranges[0].low..=p.ranges[0].high).contains(&current[0]);
            assert!(parts.iter().any(inside), "{model} {k}: {}", current[0]);
            assert!((rows[(0, 1)] - rest).abs() < 1.0, "{model}: V begins at {}", rows[(0, 1)]);
            let peak = rows.column(1).iter().fold(f64::MIN, |m, v| m.max(*v));
            excited += usize::from(peak > if states == 2 { 0.5 } else { rest + 30.0 });
        }
        assert!((1..=12).contains(&excited), "{model}: {excited} of 12 are excited");
    }
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
