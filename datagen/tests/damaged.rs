//! Ten thousand damaged files of each kind: refused by an error of this crate, or equal to a good one.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;
#[path = "common/damage.rs"]
mod damage;
#[path = "common/greed.rs"]
mod greed;
#[path = "common/sealed.rs"]
mod sealed;

use std::fs;

use common::{initial, is_short, near_threshold, small};
use damage::{every, replace, text};
use datagen::*;
use ionic_models::{Interpolation, PulseTrain, Stimulus};
use ode_solvers::Method;

/// Recipes with every kind of part.
fn recipes() -> Vec<Recipe> {
    let adaptive = Recipe {
        integrator: Integrator::Adaptive { method: Method::Tsit5, rtol: 1e-6, atol: 1e-8 },
        times: TimeGrid::Listed { times: vec![0.5, 1.0] },
        ..small()
    };
    let grid = Recipe {
        sampling: Sampling::Grid { axes: vec![Axis::linear(initial("U"), 0.0, 1.0, 3)] },
        times: TimeGrid::Random { from: 0.0, to: 1.0, points: 4 },
        rows: Rows::StepPairs { step: 0.1 },
        ..small()
    };
    let mut pulses = recipes::werneck_problem_a(10);
    pulses.model.stimulus = ionic_models::StimulusSpec::PulseTrain(PulseTrain {
        start: 0.0,
        period: 5.0,
        duration: 0.5,
        amplitude: 0.1,
        count: None,
    });
    vec![small(), adaptive, grid, pulses, near_threshold()]
}

#[test]
fn recipes_in_json() {
    let samples: Vec<Vec<u8>> = recipes().iter().map(|r| r.to_json().into_bytes()).collect();
    let (mut read, mut generated) = (0, 0);
    every(&samples, |bytes| {
        let Ok(recipe) = Recipe::from_json(&text(bytes)) else { return };
        read += 1;
        assert_eq!(Recipe::from_json(&recipe.to_json()).unwrap(), recipe);
        let _ = recipe.warnings();
        if recipe.check().is_ok()
            && is_short(&recipe)
            && let Ok(data) = recipe.generate()
        {
            generated += 1;
            assert!(data.values().iter().all(|v| v.is_finite()));
        }
    });
    // Numbers are exchanged for others: many of these texts are recipes, some good ones.
    assert!(read > 300 && generated > 50, "{read} read, {generated} generated");
}

#[test]
fn data_sets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.safetensors");
    let samples: Vec<Vec<u8>> = recipes()
        .iter()
        .map(|recipe| {
            recipe.generate().unwrap().save(&path).unwrap();
            fs::read(&path).unwrap()
        })
        .collect();
    let mut sealed_again = 0;
    every(&samples, |bytes| {
        replace(&path, bytes);
        if let Ok(data) = Dataset::open(&path) {
            assert!(samples.iter().any(|good| good == bytes), "a damaged file was opened");
            assert_eq!(data.values().ncols(), data.columns().len());
        }
        // What a faulty program might write: wrong within, and hashed.
        let Some(forged) = sealed::parts(bytes).and_then(|(header, data)| sealed::seal(header, data)) else {
            return;
        };
        sealed_again += 1;
        replace(&path, &forged);
        if let Ok(data) = Dataset::open(&path) {
            data.save(&path).unwrap();
            assert!(fs::read(&path).unwrap() == forged, "a file that opens is the file that is saved");
        }
    });
    assert!(sealed_again > 1000, "{sealed_again}");
}

/// What was accepted can be evaluated anywhere, and written and read.
fn look(stimulus: &Stimulus) {
    for t in [f64::NEG_INFINITY, -1e300, 0.0, 1e-300, 0.7, 1e3, 1e300, f64::INFINITY, f64::NAN] {
        let _ = (stimulus.value(t), stimulus.slope(t));
    }
    let text = serde_json::to_string(stimulus).unwrap();
    assert_eq!(serde_json::from_str::<Stimulus>(&text).unwrap(), *stimulus);
}

#[test]
fn stimuli() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stimulus.csv");
    let mut accepted = [0; 4];
    let lines = [b"period=1000,duration=0.5,amplitude=-80,start=10,count=3".to_vec()];
    every(&lines, |bytes| {
        if let Ok(train) = text(bytes).parse::<PulseTrain>() {
            accepted[0] += 1;
            look(&Stimulus::pulse_train(train).unwrap());
        }
    });
    let pulses = "# pulses\nstart,duration,amplitude\n0,0.5,-80\n10,1,-40\n\n25.5,0.25,-80\n";
    every(&[pulses.into()], |bytes| {
        replace(&path, bytes);
        if let Ok(stimulus) = Stimulus::read_pulses(&path) {
            accepted[1] += 1;
            look(&stimulus);
        }
    });
    let samples = "time,value\n0,0\n1,0.5\n2.5,-1e-3\n4,2\n";
    every(&[samples.into()], |bytes| {
        replace(&path, bytes);
        for interpolation in [Interpolation::Linear, Interpolation::Hold] {
            if let Ok(stimulus) = Stimulus::read_sampled(&path, interpolation) {
                accepted[2] += 1;
                look(&stimulus);
            }
        }
    });
    let parts = vec![
        lines[0]
            .iter()
            .map(|b| *b as char)
            .collect::<String>()
            .parse()
            .map(Stimulus::pulse_train)
            .unwrap()
            .unwrap(),
        Stimulus::constant(0.5).unwrap(),
        Stimulus::sampled(vec![0.0, 1.0], vec![0.5, 1.0], Interpolation::Linear).unwrap(),
    ];
    let json = serde_json::to_vec(&Stimulus::sum(parts)).unwrap();
    every(&[json], |bytes| {
        if let Ok(stimulus) = serde_json::from_slice::<Stimulus>(bytes) {
            accepted[3] += 1;
            look(&stimulus);
        }
    });
    assert!(accepted.iter().all(|n| *n > 100), "{accepted:?}");
}
