//! Our side: the trainer of this workspace, batches drawn as in any training.

use std::sync::Arc;

use infer_trt::{Provider, Session, SessionOptions, open};
use ionic_models::Cell;
use ionic_models::models::FitzHughNagumo;
use surrogates::fno::{self, Fno, FnoConfig, FnoSpec, FnoTrainer, PointScale, Predictor, Signals, Variant};
use surrogates::neural_map::{MapConfig, MapTrainer, Pairs};
use surrogates::neural_ode::{
    Adjoint, OdeConfig, OdeMethod, OdeSpec, OdeTrainer, OnDivergence, Pace, Phase, Window,
};
use surrogates::onnx::Description;
use surrogates::{
    Activation, AdamConfig, Backend, DataTerm, InitialTerm, InitialValue, MapSpec, MlpSpec, Normalization,
    PhysicsTerm, Samples, Sampling, SystemField, TrainConfig, Trainer, Training as _, TrainingSet,
};

use super::BATCH;
use crate::Error;
use crate::compare::clock::cpu;
use crate::compare::work::Work as Cost;

/// Rows of the data set: a hundred batches.
const ROWS: usize = 100 * BATCH;
/// Steps of a neural ODE's trajectory.
const STEPS: usize = 1470;
/// Iterations between looks at the clock, of a network, and of a neural ODE or a map.
const BLOCK: usize = 64;
const SHORT_BLOCK: usize = 8;

/// A training that goes on from turn to turn.
pub(super) enum Work {
    Network(Box<Trainer>),
    Ode(Box<OdeTrainer>),
    Map(Box<MapTrainer>),
    Operator(Box<FnoTrainer>),
    Forward(Box<Forward>),
}

/// An operator that is run, on one batch.
pub(super) struct Forward {
    predictor: Predictor,
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Work {
    pub(super) fn new(work: &str, layers: &str) -> Result<Self, Error> {
        let failed =
            |e: surrogates::Error| Error::Training { network: layers.to_owned(), source: Box::new(e) };
        if work == "fno" {
            return Ok(Work::Operator(Box::new(operator().map_err(failed)?)));
        }
        if work == "forward" {
            let fno = forward_operator().map_err(failed)?;
            let (x, y) = (given(OPERATOR_BATCH), vec![0.0; OPERATOR_BATCH * POINTS * OPERATOR.outputs]);
            let predictor = fno.predictor(OPERATOR_BATCH, 1).map_err(failed)?;
            return Ok(Work::Forward(Box::new(Forward { predictor, x, y })));
        }
        if work == "map" {
            return map().map(|t| Work::Map(Box::new(t))).map_err(failed);
        }
        if work == "ode" {
            return ode(layers).map(|t| Work::Ode(Box::new(t))).map_err(failed);
        }
        let mut config = TrainConfig::data_driven(MlpSpec::parse(3, layers, 2).map_err(failed)?, 1);
        config.backend = Backend::Fused;
        config.validate_every = u64::MAX;
        config.data = Some(DataTerm { batch: BATCH, sampling: Sampling::Shuffled, weight: 1.0 });
        if work == "pinn" {
            let domain = vec![(-1.0, 1.0); 3];
            let mut start = domain.clone();
            start[0] = (0.0, 0.0);
            config.physics = vec![PhysicsTerm { batch: BATCH, domain, weight: 1.0 }];
            let values = vec![InitialValue::Input(1), InitialValue::Input(2)];
            config.initial = Some(InitialTerm { batch: BATCH, domain: start, values, weight: 1.0 });
        }
        let field = SystemField::wide(Cell::<FitzHughNagumo>::new(), 0, "fitzhugh_nagumo/werneck");
        let set = TrainingSet {
            train: Some(samples().map_err(failed)?),
            field: Some(Arc::new(field)),
            ..TrainingSet::default()
        };
        Ok(Work::Network(Box::new(Trainer::new(config, set).map_err(failed)?)))
    }

    /// Trains for some CPU time; the time of an iteration in µs, once for each block.
    pub(super) fn time(&mut self, seconds: f64) -> Result<Vec<f64>, Error> {
        let mut times = Vec::new();
        let begin = cpu();
        while times.is_empty() || cpu() - begin < seconds {
            let start = cpu();
            let block = match self {
                Work::Network(_) => BLOCK,
                Work::Ode(_) | Work::Map(_) => SHORT_BLOCK,
                Work::Operator(_) | Work::Forward(_) => 1,
            };
            for _ in 0..block {
                let step = match self {
                    Work::Network(trainer) => trainer.step().map(|_| ()),
                    Work::Ode(trainer) => trainer.step().map(|_| ()),
                    Work::Map(trainer) => trainer.step().map(|_| ()),
                    Work::Operator(trainer) => trainer.step().map(|_| ()),
                    Work::Forward(f) => f.predictor.predict(&f.x, &mut f.y),
                };
                step.map_err(|e| Error::Training { network: "ours".into(), source: Box::new(e) })?;
            }
            times.push((cpu() - start) * 1e6 / block as f64);
        }
        Ok(times)
    }
}

/// Additions and multiplications in the products of an iteration: forward, backward by weights, and
/// backward by inputs where they depend on weights.
pub(super) fn flops(work: &str, layers: &str) -> Result<f64, Error> {
    let products = |inputs, outputs| -> Result<Vec<f64>, Error> {
        let spec = MlpSpec::parse(inputs, layers, outputs)
            .map_err(|e| Error::Training { network: layers.to_owned(), source: Box::new(e) })?;
        Ok(spec.layers().map(|l| 2.0 * (l.inputs * l.outputs) as f64).collect())
    };
    let row = || products(3, 2).map(|p| 3.0 * p.iter().sum::<f64>() - p[0]);
    Ok(match work {
        "fno" => 3.0 * operator_flops(),
        "forward" => operator_flops(),
        // Of each state four numbers go to each neuron, and one comes out.
        "map" => (PAIRS * MAP.states * MAP.width) as f64 * 2.0 * (3.0 * 5.0 - 4.0),
        // Two evaluations a step, at states that depend on weights.
        "ode" => 3.0 * (2 * STEPS) as f64 * products(4, 4)?.iter().sum::<f64>(),
        // Data, initial points, and collocation points with a value and a derivative each.
        "pinn" => 4.0 * BATCH as f64 * row()?,
        _ => BATCH as f64 * row()?,
    })
}

/// Those of the operator on a batch, forward.
fn operator_flops() -> f64 {
    OPERATOR_BATCH as f64 * operator_work(&OPERATOR, POINTS).flops
}

/// What an operator's products take for one trajectory of so many points, transforms by folded products among them, and
/// in single precision what it is given beside each point's place, and what it gives.
pub(crate) fn operator_work(spec: &FnoSpec, points: usize) -> Cost {
    let [width, modes, hidden, inputs, outputs] =
        [spec.width, spec.modes, spec.hidden, spec.inputs, spec.outputs].map(|n| n as f64);
    let (points, padded) = (points as f64, (points + spec.padding) as f64);
    let ends = hidden * (inputs + 2.0 * width + outputs);
    let maps = if spec.variant == Variant::Mlp { 3.0 } else { 1.0 };
    // Transforms there and back as products, each a cosine and a sine over half of the points, which are folded; complex
    // weights.
    let layer = maps * padded * width * width + 2.0 * padded * modes * width + 4.0 * modes * width * width;
    Cost {
        flops: 2.0 * (points * ends + spec.layers as f64 * layer),
        bytes: 4.0 * points * (inputs - 1.0 + outputs),
    }
}

/// The trajectory that the rivals follow too.
fn ode(layers: &str) -> Result<OdeTrainer, surrogates::Error> {
    let start = [-0.65, 0.05, 0.6, 0.32];
    let wave = |i: usize| 0.1 * (i as f64 * (6.0 / STEPS as f64)).sin();
    let states = (0..=STEPS).flat_map(|i| start.map(|y| y + wave(i))).collect();
    let config = OdeConfig {
        network: OdeSpec::parse(4, layers)?,
        input: Normalization::identity(4),
        rate: Normalization::identity(4),
        gain: 1.0,
        seed: 1,
        method: OdeMethod::Heun,
        pace: Pace::Steps(1),
        adjoint: Adjoint::Discrete,
        phases: vec![Phase::whole(1)],
        physics: None,
        adam: AdamConfig::default(),
        decay: Default::default(),
        clip: None,
        divergence: OnDivergence::Stop,
        record_every: u64::MAX,
    };
    OdeTrainer::new(config, Window::new(4, 0.0, 0.01, states)?, None)
}

/// A neural map, and the pairs of a batch.
const MAP: MapSpec = MapSpec { states: 3, parameters: 1, width: 100 };
const PAIRS: usize = 1000;

/// A training whose batch is its whole data set, as the rivals' is.
fn map() -> Result<MapTrainer, surrogates::Error> {
    let number = |i: usize, c: f64| (i as f64 * c).sin() * 1.7;
    let (mut inputs, mut next) = (Vec::new(), Vec::new());
    for row in 0..PAIRS {
        let u = [number(row, 1.1), number(row, 2.3), number(row, 0.7)];
        inputs.extend(u);
        inputs.push(number(row, 3.1));
        next.extend([0, 1, 2].map(|i| u[i] + 0.01 * u[(i + 1) % 3].tanh()));
    }
    let pairs = Pairs::new(MAP.states, MAP.parameters, inputs, next)?;
    let (state, control) = pairs.standardization()?;
    let config = MapConfig {
        batch: PAIRS,
        validate_every: u64::MAX >> 32,
        ..MapConfig::published(MAP, state, control, 0.005, 1)
    };
    MapTrainer::new(config, &pairs, None)
}

/// What the rivals learn too: smooth functions of three numbers. Points from a Weyl sequence.
fn samples() -> Result<Samples, surrogates::Error> {
    let step = [0.819_172_513_396_164_5, 0.671_043_606_703_789_2, 0.549_700_477_901_970_7];
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for i in 0..ROWS {
        let [a, b, c] = step.map(|s| (((i as f64 * s) % 1.0) * 2.0 - 1.0) as f32);
        x.extend([a, b, c]);
        y.extend([(3.0 * a).sin() * b, (2.0 * c).cos()]);
    }
    Samples::new(3, 2, x, y)
}

/// The operator of `fno` and `forward`.
const OPERATOR: FnoSpec = FnoSpec {
    inputs: 2,
    outputs: 4,
    width: 64,
    modes: 32,
    layers: 4,
    padding: 0,
    hidden: 128,
    variant: Variant::Classic,
    activation: Activation::GELU,
};
/// Points of a trajectory, and trajectories of a batch.
const POINTS: usize = 512;
const OPERATOR_BATCH: usize = 32;

/// Given functions of so many trajectories.
fn given(samples: usize) -> Vec<f64> {
    let one = |i: usize| {
        ((i as f64 * 0.037).sin() + (i as f64 * 0.0041).cos()) * (1.0 + (i / POINTS) as f64 / 64.0)
    };
    (0..samples * POINTS).map(one).collect()
}

/// A trainer on trajectories of the rivals' kind: two batches, so that a new one is drawn each time.
fn operator() -> Result<FnoTrainer, surrogates::Error> {
    let given = given(2 * OPERATOR_BATCH);
    let wanted = given.iter().flat_map(|x| [x.sin(), x.cos(), x * x, 0.5 * x]).collect();
    let signals = Signals::new(POINTS, 1, 4, given, wanted)?;
    let config = FnoConfig {
        epochs: u64::MAX / 4,
        validate_every: u64::MAX / 4,
        ..FnoConfig::published(OPERATOR, 1e-3, 1e-4, 0.9, 1)
    };
    FnoTrainer::new(config, &signals, None, 1)
}

fn forward_operator() -> Result<Fno, surrogates::Error> {
    let scale = |columns| PointScale::identity(POINTS, columns);
    Fno::random(OPERATOR, scale(OPERATOR.inputs - 1), scale(OPERATOR.outputs), 1)
}

/// The operator's exported file on a provider.
pub(super) struct Exported {
    session: Box<dyn Session>,
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Exported {
    /// Opens it and checks that it computes what ours computes; or says why not.
    pub(super) fn new(provider: &Provider) -> Result<Self, String> {
        let fno = forward_operator().map_err(|e| e.to_string())?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let path = folder.path().join("operator.onnx");
        fno::export(&fno, &Description::default(), &path).map_err(|e| e.to_string())?;
        let options = SessionOptions::default().with_threads(1).with_chunk(OPERATOR_BATCH);
        let mut session = open(&path, provider, &options).map_err(|e| e.to_string())?;
        let wide = given(OPERATOR_BATCH);
        let x: Vec<f32> = wide.iter().map(|v| *v as f32).collect();
        let mut y = vec![0.0; OPERATOR_BATCH * POINTS * OPERATOR.outputs];
        session.run(&x, &mut y).map_err(|e| e.to_string())?;
        let mut own = vec![0.0; y.len()];
        let predicted = fno.predictor(OPERATOR_BATCH, 1).and_then(|mut p| p.predict(&wide, &mut own));
        predicted.map_err(|e| e.to_string())?;
        let size = own.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let near = |ours: f64, theirs: f32| (ours - f64::from(theirs)).abs() <= 1e-4 * size;
        match own.iter().zip(&y).find(|(ours, theirs)| !near(**ours, **theirs)) {
            Some((ours, theirs)) => Err(format!("it computes something else: {theirs} where ours is {ours}")),
            None => Ok(Self { session, x, y }),
        }
    }

    /// Runs batches for some CPU time: µs of each.
    pub(super) fn time(&mut self, seconds: f64) -> Result<Vec<f64>, String> {
        let (mut times, begin) = (Vec::new(), cpu());
        while times.is_empty() || cpu() - begin < seconds {
            let start = cpu();
            self.session.run(&self.x, &mut self.y).map_err(|e| e.to_string())?;
            times.push((cpu() - start) * 1e6);
        }
        Ok(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_counted() {
        // 3·8 + 8·2 products, twice each, forward and back, without the inputs' gradient; 128 rows.
        assert_eq!(flops("data", "SiLU8").unwrap(), 128.0 * 2.0 * (3.0 * 40.0 - 24.0));
        assert_eq!(flops("pinn", "SiLU8").unwrap(), 4.0 * flops("data", "SiLU8").unwrap());
        // Four products into 100 neurons of three sub-networks and one out of them, likewise; 1,000 pairs.
        assert_eq!(flops("map", "").unwrap(), 1000.0 * 2.0 * (3.0 * 1500.0 - 1200.0));
        // A batch of the operator, by hand: 32 trajectories of 512 points, which go through two lifting and two
        // projecting maps and four layers.
        let ends = 512.0 * 128.0 * (2.0 + 64.0 + 64.0 + 4.0);
        let layer = 512.0 * 64.0 * 64.0 + 2.0 * 512.0 * 32.0 * 64.0 + 32.0 * 4.0 * 64.0 * 64.0;
        assert_eq!(flops("forward", "").unwrap(), 32.0 * 2.0 * (ends + 4.0 * layer));
        assert!(flops("ode", "Tanh9999999").is_err());
    }
}
