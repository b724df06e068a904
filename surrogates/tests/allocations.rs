//! An iteration of the fused kernels allocates nothing.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(unsafe_code, reason = "a global allocator that counts")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use ode_solvers::dynamics::Map as _;
use surrogates::fno::{FnoConfig, FnoSpec, FnoTrainer, Signals, Variant};
use surrogates::neural_map::{MapConfig, MapTrainer, Pairs};
use surrogates::{Activation, Backend, MapSpec, MuonConfig, TrainConfig, Trainer, Training as _};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

// One test alone in this file: another thread would be counted too.
#[test]
fn a_fused_iteration_allocates_nothing() {
    let count = |backend| {
        let config = TrainConfig { backend, validate_every: 1_000_000, ..common::physics_config() };
        let mut trainer = Trainer::new(config, common::set()).unwrap();
        let steps = |trainer: &mut Trainer| {
            for _ in 0..40 {
                trainer.step().unwrap();
            }
        };
        steps(&mut trainer);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        steps(&mut trainer);
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    assert!(count(Backend::Tape) > 40, "the counter does not count");
    assert_eq!(count(Backend::Fused), 0);
    assert_eq!(in_map(), 0);
    assert_eq!((in_operator(None), in_operator(Some(MuonConfig::default()))), (0, 0));
}

/// Allocations of 10 iterations of an operator's training.
fn in_operator(muon: Option<MuonConfig>) -> usize {
    let number = |i: usize, c: f64| (i as f64 * c).sin();
    let inputs = (0..12 * 40).map(|i| number(i, 0.37)).collect();
    let signals = Signals::new(40, 1, 2, inputs, (0..12 * 80).map(|i| number(i, 0.61)).collect()).unwrap();
    let network = FnoSpec {
        inputs: 2,
        outputs: 2,
        width: 20,
        modes: 5,
        layers: 2,
        padding: 3,
        hidden: 16,
        variant: Variant::Mlp,
        activation: Activation::GELU,
    };
    let config = FnoConfig {
        batch: 10,
        muon,
        validate_every: 1_000_000,
        ..FnoConfig::published(network, 1e-3, 1e-4, 0.9, 1)
    };
    let mut trainer = FnoTrainer::new(config, &signals, None, 1).unwrap();
    trainer.step().unwrap();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..10 {
        trainer.step().unwrap();
    }
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// Allocations of 40 iterations of a neural map's training, and of its applications.
fn in_map() -> usize {
    let number = |i: u32, c: f64| (f64::from(i) * c).sin();
    let inputs = (0..4 * 300).map(|i| number(i, 0.37)).collect();
    let pairs = Pairs::new(3, 1, inputs, (0..3 * 300).map(|i| number(i, 0.61)).collect()).unwrap();
    let (state, control) = pairs.standardization().unwrap();
    let spec = MapSpec { states: 3, parameters: 1, width: 20 };
    let config = MapConfig { batch: 50, ..MapConfig::published(spec, state, control, 0.1, 1) };
    let mut trainer = MapTrainer::new(config, &pairs, None).unwrap();
    let at = trainer.map().at(&[0.3]).unwrap();
    let (mut v, mut jacobian) = ([0.0; 3], [0.0; 9]);
    trainer.step().unwrap();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..40 {
        trainer.step().unwrap();
        at.linearize(&[0.1, 0.2, 0.3], &mut v, &mut jacobian).unwrap();
    }
    ALLOCATIONS.load(Ordering::Relaxed) - before
}
