//! The text of a recipe; small ones are generated.
#![no_main]

use std::sync::LazyLock;

use datagen::{Integrator, Recipe};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/common/mod.rs"]
mod common;

static SAMPLES: LazyLock<[String; 2]> =
    LazyLock::new(|| [common::small(), common::near_threshold()].map(|recipe| recipe.to_json()));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let sample = SAMPLES[seed as usize % SAMPLES.len()].as_bytes();
    if size < 16 && sample.len() <= data.len() {
        data[..sample.len()].copy_from_slice(sample);
        return sample.len();
    }
    fuzzer_mutate(data, size, max_size)
});

fuzz_target!(|data: &[u8]| {
    let Ok(recipe) = std::str::from_utf8(data).map_err(drop).and_then(|t| Recipe::from_json(t).map_err(drop))
    else {
        return;
    };
    let again = Recipe::from_json(&recipe.to_json()).expect("what is written is read");
    assert_eq!(again, recipe);
    if recipe.check().is_err() {
        return;
    }
    let _ = recipe.warnings();
    if common::is_short(&recipe)
        && matches!(recipe.integrator, Integrator::Fixed { .. })
        && let Ok(set) = recipe.generate()
    {
        assert!(set.values().iter().all(|v| v.is_finite()));
    }
});
