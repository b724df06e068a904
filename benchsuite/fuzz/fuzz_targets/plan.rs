//! The plan of a sweep, of any kind of trials.
#![no_main]

use std::path::Path;

use benchsuite::Error;
use benchsuite::sweep::Plan;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

const SAMPLES: [&str; 3] = [
    "name = \"n\"\nkind = \"rehearsal\"\n[[section]]\nlayers = [\"SiLU8\", \"ELU8\"]\ndepths = [1, 2]\n\
     seed = [1, 2]\nsteps = 10\n[[section]]\nlayers = \"SiLU8\"\nseed = [2, 3]\nsteps = 10\n",
    "name = \"b\"\nkind = \"trial\"\n[[section]]\nexperiment = \"W-BS2\"\nproblem = \"B_S\"\nclass = \"DDNN\"\n\
     layers = [\"SiLU4\", \"Tanh8\"]\ndepths = [2]\nbatch = 16\nseed = 1\nsamples = 20\niterations = 200\n\
     validate_every = 20\n",
    "name = \"f\"\nkind = \"bracket\"\n[[section]]\ncell = [\"fhn\", \"hh\"]\nseed = [1, 2]\ncandidates = 8\n\
     reduction = 4\nhalvings = 1\nepochs = 8\nparameters = 20000\nsamples = 60\npoints = 120\nbatch = 8\n\
     small = true\n",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let sample = SAMPLES[seed as usize % SAMPLES.len()].as_bytes();
    if size < 16 && sample.len() <= data.len() {
        data[..sample.len()].copy_from_slice(sample);
        return sample.len();
    }
    fuzzer_mutate(data, size, max_size)
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Plan::parse(Path::new("plan.toml"), text) {
        Ok(plan) => {
            assert!(!plan.trials.is_empty());
            let again = Plan::parse(Path::new("plan.toml"), text).expect("it was read");
            assert_eq!(again.trials, plan.trials);
        }
        Err(Error::Plan { .. }) => {}
        Err(e) => panic!("{e:?}"),
    }
});
