//! Small trainings of operators, for the tests of the crate from inside and from outside. (Names of the crate come from the
//! file that holds this one.)

use core::ops::ControlFlow;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::*;

pub(super) fn signals(samples: usize, points: usize, outputs: usize) -> Signals {
    // The numbers that this crate's own generator gives for seed 9 in stream 7.
    let mut seed = [0; 32];
    seed[0] = 9;
    let mut rng = ChaCha8Rng::from_seed(seed);
    rng.set_stream(7);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        let unit = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let end = 0.2 + (0.9 - 0.2) * unit;
        let mut state = vec![0.0; outputs];
        for i in 0..points {
            let current = if (i as f64) < end * points as f64 { 1.0 } else { 0.0 };
            x.push(current);
            for (j, s) in state.iter_mut().enumerate() {
                *s += (current - *s) / (4.0 + 6.0 * j as f64);
                y.push(20.0 * *s - 60.0);
            }
        }
    }
    Signals::new(points, 1, outputs, x, y).unwrap()
}

pub(super) fn config(variant: Variant) -> FnoConfig {
    let network = FnoSpec {
        inputs: 2,
        outputs: 2,
        width: 18,
        modes: 5,
        layers: 2,
        padding: 3,
        hidden: 20,
        variant,
        activation: Activation::GELU,
    };
    FnoConfig {
        batch: 9,
        epochs: 30,
        schedule: Schedule::Steps { every: 2, factor: 0.9 },
        ..FnoConfig::published(network, 5e-3, 1e-3, 0.9, 4)
    }
}

/// Six trajectories of 14 points, and a network that learns them in a moment: two iterations an epoch, four epochs.
pub(super) fn tiny() -> (FnoConfig, Signals) {
    let config = config(Variant::Classic);
    let network = FnoSpec { width: 4, modes: 3, padding: 2, hidden: 5, ..config.network };
    (FnoConfig { network, batch: 3, epochs: 4, ..config }, signals(6, 14, 2))
}

pub(super) const ON: fn(&FnoTrainer, Option<&EpochRecord>) -> ControlFlow<()> =
    |_, _| ControlFlow::Continue(());
