//! From a trial's spec to the trainer's settings.

use surrogates::{
    AdamConfig, ContinuityTerm, DataTerm, InitialTerm, InitialValue, Normalization, PhysicsTerm,
    PlateauConfig, Sampling, TrainConfig,
};

use super::recipes::{self, CURRENT};
use super::{Class, Problem, Scaling, Schedule, TrialSpec};
use crate::{Error, files};

/// The initial U of the region near the unstable equilibrium at U₀ = α = 0.4. The dissertation
/// names the region (section 4.2) and not its size; this one holds the threshold of W₀ = 0, 0.428.
const NEAR_ALPHA: (f64, f64) = (0.3, 0.5);

/// The domain of the network's inputs. For iterators `window` means nothing.
pub(super) fn domain(spec: &TrialSpec, window: (f64, f64)) -> Vec<(f64, f64)> {
    let mut domain = recipes::domain(spec);
    if spec.class != Class::Itnn {
        domain.insert(0, window);
    }
    domain
}

fn input(spec: &TrialSpec, window: (f64, f64)) -> Result<Normalization, Error> {
    let domain = domain(spec, window);
    let made = match spec.scaling {
        Scaling::Domain => Normalization::from_domain(&domain),
        Scaling::Physical => {
            let (mut mean, mut scale) = (vec![0.0; domain.len()], vec![1.0; domain.len()]);
            if spec.problem == Problem::C {
                // The dissertation's K, from 0 to 1.
                let last = domain.len() - 1;
                (mean[last], scale[last]) = (CURRENT.0 as f32, (CURRENT.1 - CURRENT.0) as f32);
            }
            Normalization::new(mean, scale)
        }
    };
    made.map_err(|e| Error::bad_trial("t_end", spec.t_end(), e.to_string()))
}

/// A seed of the network's own, from the trial's: 53 bits.
pub(super) fn seed(spec: &TrialSpec, part: &str) -> u64 {
    files::seed_of(&format!("{}/{}/{}/{}/{part}", spec.seed, spec.problem, spec.class, spec.layers))
}

/// The settings of one network of a trial: section 3.2, and weights of 1 for all terms, which the
/// dissertation does not print.
pub(super) fn settings(spec: &TrialSpec, window: (f64, f64), part: &str) -> Result<TrainConfig, Error> {
    let mut config = TrainConfig::data_driven(spec.network()?, seed(spec, part));
    config.input = input(spec, window)?;
    config.data = Some(DataTerm { batch: spec.batch, sampling: Sampling::Shuffled, weight: 1.0 });
    if let Some(extra) = &spec.extra {
        config.extra =
            Some(DataTerm { batch: extra.batch, sampling: Sampling::Shuffled, weight: extra.weight });
    }
    config.data_norm = spec.loss;
    config.adam = AdamConfig { learning_rate: 1e-3, ..AdamConfig::default() };
    config.plateau = Some(match spec.schedule {
        Schedule::Printed => PlateauConfig::default(),
        Schedule::Acting => PlateauConfig { factor: 0.995, eps: 0.0, ..PlateauConfig::default() },
    });
    config.validate_every = spec.validate_every();
    let domain = domain(spec, window);
    let batch = spec.physics_batch();
    if spec.class.is_informed() {
        config.physics.push(PhysicsTerm { batch, domain: domain.clone(), weight: 1.0 });
        if window.0 == 0.0 {
            let mut domain = domain.clone();
            domain[0] = (0.0, 0.0);
            let values = vec![InitialValue::Input(1), InitialValue::Input(2)];
            config.initial = Some(InitialTerm { batch, domain, values, weight: 1.0 });
        }
    }
    // Later windows start where the one before ends.
    if window.0 > 0.0 {
        let mut domain = domain.clone();
        domain[0] = (window.0, window.0);
        config.continuity = Some(ContinuityTerm { batch, domain, weight: 1.0 });
    }
    if spec.class.is_denser() {
        let mut domain = domain;
        domain[1] = NEAR_ALPHA;
        config.physics.push(PhysicsTerm { batch, domain, weight: 1.0 });
    }
    Ok(config)
}
