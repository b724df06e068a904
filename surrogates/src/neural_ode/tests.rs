//! Trajectories and gradients against the steppers of `ode_solvers`, finite differences, and each other.

use ode_solvers::{RungeKutta, Statistics, Step, Stepper};
use proptest::prelude::*;

use super::field::{FusedOde, PlainOde, Pullback};
use super::*;
use crate::fused::Level;
use crate::{Activation, Layer, Normalization};

/// Numbers that follow no pattern.
fn numbers(n: usize, seed: f64) -> Vec<f64> {
    (0..n).map(|i| ((i as f64 + 1.0) * (0.7 + seed)).sin()).collect()
}

fn units(spec: &OdeSpec) -> (Normalization, Normalization) {
    let (n, m) = (spec.inputs(), spec.states());
    let list = |n: usize, a: f32, b: f32| (0..n).map(|i| a + b * i as f32).collect::<Vec<_>>();
    let input = Normalization::new(list(n, 0.2, -0.1), list(n, 0.8, 0.3)).unwrap();
    (input, Normalization::new(list(m, -0.1, 0.05), list(m, 1.5, -0.05)).unwrap())
}

fn network(spec: &OdeSpec, seed: u64) -> NeuralOde {
    let (input, rate) = units(spec);
    let mut network = NeuralOde::random(spec.clone(), input, rate, 1.0, seed).unwrap();
    // Gains and shifts of layer normalisation that are not 1 and 0.
    for (i, p) in network.parameters_mut().iter_mut().enumerate() {
        *p += 0.1 * (i as f32 * 0.9).sin();
    }
    network
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

fn specs() -> Vec<OdeSpec> {
    let plain = OdeSpec::parse(3, "Tanh8,SiLU6").unwrap();
    let linear = OdeSpec::parse(2, "").unwrap();
    vec![
        plain.clone(),
        plain.clone().with_time(),
        plain.clone().with_layer_norm(),
        plain.with_time().with_layer_norm(),
        linear,
    ]
}

/// Weighted sums of states and slopes, with squares: a loss of every number of a trajectory.
struct Loss {
    by_state: Vec<f64>,
    by_slope: Vec<f64>,
}

impl Loss {
    fn new(grid: &Grid, n: usize) -> Self {
        Self { by_state: numbers((grid.steps + 1) * n, 0.3), by_slope: numbers(grid.steps * n, 0.1) }
    }

    /// ½ Σ w x².
    fn value(&self, states: &[f64], slopes: &[f64]) -> f64 {
        let half = |w: &[f64], x: &[f64]| w.iter().zip(x).map(|(w, x)| 0.5 * w * x * x).sum::<f64>();
        half(&self.by_state, states) + half(&self.by_slope, slopes)
    }

    fn seeds(&self, states: &[f64], slopes: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let times = |w: &[f64], x: &[f64]| w.iter().zip(x).map(|(w, x)| w * x).collect();
        (times(&self.by_state, states), times(&self.by_slope, slopes))
    }
}

/// Loss, and its gradient by start and parameters, one after the other.
fn gradient(
    unroll: &mut Unroll<f64>,
    parameters: &[f64],
    (grid, start): (&Grid, &[f64]),
    adjoint: Adjoint,
    loss: &Loss,
) -> (f64, Vec<f64>) {
    unroll.load(parameters).unwrap();
    unroll.forward(grid, start).unwrap();
    let value = loss.value(unroll.states(), unroll.slopes());
    let (by_state, by_slope) = loss.seeds(unroll.states(), unroll.slopes());
    let mut out = vec![0.0; start.len() + parameters.len()];
    let (by_start, by_parameters) = out.split_at_mut(start.len());
    let seeds = LossGradient { by_state: &by_state, by_slope: &by_slope };
    unroll.backward(adjoint, seeds, by_start, by_parameters).unwrap();
    (value, out)
}

#[test]
fn discrete_gradients_are_finite_differences() {
    let grid = Grid { t0: 0.3, dt: 0.07, steps: 9 };
    for spec in specs() {
        let network = network(&spec, 3);
        let (input, rate) = units(&spec);
        let start = numbers(spec.states(), 0.5);
        let loss = Loss::new(&grid, spec.states());
        for method in OdeMethod::ALL {
            let mut unroll = Unroll::<f64>::plain(&spec, &input, &rate, method).unwrap();
            let p = wide(network.parameters());
            let (_, found) = gradient(&mut unroll, &p, (&grid, &start), Adjoint::Discrete, &loss);
            let size = found.iter().fold(0.0f64, |m, g| m.max(g.abs()));
            for i in (0..found.len()).step_by(7).chain(0..start.len()) {
                let value = |h: f64, unroll: &mut Unroll<f64>| {
                    let (mut y, mut p) = (start.clone(), p.clone());
                    if i < y.len() {
                        y[i] += h
                    } else {
                        p[i - start.len()] += h
                    }
                    gradient(unroll, &p, (&grid, &y), Adjoint::Discrete, &loss).0
                };
                let h = 1e-5;
                let difference = (value(h, &mut unroll) - value(-h, &mut unroll)) / (2.0 * h);
                let error = (difference - found[i]).abs();
                assert!(error < 1e-7 * size, "{spec}, {method:?}, {i}: {} {difference}", found[i]);
            }
        }
    }
}

#[test]
fn continuous_adjoints_tend_to_the_discrete_gradient() {
    let spec = OdeSpec::parse(3, "Tanh8,SiLU6").unwrap().with_time();
    let (network, (input, rate)) = (network(&spec, 5), units(&spec));
    let start = numbers(3, 0.5);
    for (method, order) in [(OdeMethod::Heun, 2.0), (OdeMethod::Rk4, 3.0), (OdeMethod::Tsit5, 3.0)] {
        for adjoint in [Adjoint::Backsolve, Adjoint::Interpolating, Adjoint::Quadrature] {
            let error = |refine: usize| {
                let grid = Grid { t0: 0.0, dt: 0.2 / refine as f64, steps: 10 * refine };
                // The loss looks at the same times, however fine the grid.
                let mut loss = Loss { by_state: vec![0.0; 33 * refine], by_slope: vec![0.0; 30 * refine] };
                for (i, w) in numbers(33, 0.3).into_iter().enumerate() {
                    loss.by_state[i / 3 * 3 * refine + i % 3] = w;
                }
                for (i, w) in numbers(30, 0.1).into_iter().enumerate() {
                    loss.by_slope[i / 3 * 3 * refine + i % 3] = w;
                }
                let mut unroll = Unroll::<f64>::plain(&spec, &input, &rate, method).unwrap();
                let p = wide(network.parameters());
                let (_, exact) = gradient(&mut unroll, &p, (&grid, &start), Adjoint::Discrete, &loss);
                let (_, found) = gradient(&mut unroll, &p, (&grid, &start), adjoint, &loss);
                let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
                let d: Vec<f64> = exact.iter().zip(&found).map(|(a, b)| a - b).collect();
                norm(&d) / norm(&exact)
            };
            let (coarse, fine) = (error(2), error(8));
            let measured = (coarse / fine).log(4.0);
            assert!(fine < 2e-3, "{method:?}, {adjoint:?}: {fine}");
            assert!(measured > order - 0.3, "{method:?}, {adjoint:?}: order {measured}, {coarse} {fine}");
        }
    }
}

#[test]
fn trajectories_are_those_of_the_steppers() {
    for spec in specs() {
        let (network, (input, rate)) = (network(&spec, 1), units(&spec));
        let (field, n) = (network.field(), spec.states());
        let grid = Grid { t0: 0.1, dt: 0.05, steps: 20 };
        for method in OdeMethod::ALL {
            let mut unroll = Unroll::<f64>::plain(&spec, &input, &rate, method).unwrap();
            unroll.load(&wide(network.parameters())).unwrap();
            let mut y = numbers(n, 0.5);
            unroll.forward(&grid, &y).unwrap();
            let mut stepper = RungeKutta::<f64>::new(method.tableau(), n);
            let (mut y1, mut stats) = (y.clone(), Statistics::default());
            for step in 0..grid.steps {
                stepper.step(&field, Step::new(grid.time(step), grid.dt), &y, &mut y1, &mut stats).unwrap();
                std::mem::swap(&mut y, &mut y1);
            }
            for (a, b) in y.iter().zip(&unroll.states()[grid.steps * n..]) {
                assert!((a - b).abs() < 1e-12, "{spec}, {method:?}: {a} {b}");
            }
        }
    }
}

#[test]
fn recomputed_stages_give_the_same_bits() {
    let spec = OdeSpec::parse(4, "Tanh20,Tanh20").unwrap();
    let (network, (input, rate)) = (network(&spec, 9), units(&spec));
    let grid = Grid { t0: 0.0, dt: 0.02, steps: 150 };
    let loss = Loss::new(&grid, 4);
    let take = |adjoint, keep| {
        let mut unroll = Unroll::new(&spec, &input, &rate, OdeMethod::Heun).unwrap();
        unroll.keep_stages(keep);
        unroll.load(network.parameters()).unwrap();
        unroll.forward(&grid, &numbers(4, 0.5)).unwrap();
        let (by_state, by_slope) = loss.seeds(unroll.states(), unroll.slopes());
        let mut by_start = vec![0.0; 4];
        let mut g = vec![0.0; spec.parameters()];
        let seeds = LossGradient { by_state: &by_state, by_slope: &by_slope };
        unroll.backward(adjoint, seeds, &mut by_start, &mut g).unwrap();
        (by_start, g)
    };
    // Blocks of outer products end where segments do: equal segments give equal sums.
    let (start, whole) = take(Adjoint::Checkpointed(32), true);
    assert_eq!((start.clone(), whole.clone()), take(Adjoint::Checkpointed(32), false));
    let (other_start, other) = take(Adjoint::Discrete, true);
    assert_eq!(start, other_start);
    let size = whole.iter().fold(0.0f32, |m, g| m.max(g.abs()));
    for (a, b) in whole.iter().zip(&other) {
        assert!((a - b).abs() < 2e-6 * size, "{a} {b}");
    }
}

/// Outputs and gradients of the fused kernels against those in `f64`.
fn assert_fused_is_plain(spec: &OdeSpec, seed: u64, evaluations: usize) {
    let (network, (input, rate)) = (network(spec, seed), units(spec));
    let n = spec.states();
    let mut plain = PlainOde::<f64>::new(spec, &input, &rate);
    for level in Level::available() {
        let mut fused = FusedOde::new(level, spec, &input, &rate);
        fused.reserve(evaluations);
        fused.load(network.parameters());
        plain.reserve(evaluations);
        plain.load(&wide(network.parameters()));
        let close = |a: &[f64], b: &[f64], what: &str| {
            for (a, b) in a.iter().zip(b) {
                assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{spec}, {level:?}: {what} {a} {b}");
            }
        };
        let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
        for e in 0..evaluations {
            let (t, y) = (0.1 * e as f64, numbers(n, 0.2 + e as f64));
            fused.value(e, t, &y, &mut a);
            plain.value(e, t, &y, &mut b);
            close(&a, &b, "value");
        }
        for e in (0..evaluations).rev() {
            let g = numbers(n, 0.4 + e as f64);
            fused.pull(e, &g, &mut a, e % 5 != 1);
            plain.pull(e, &g, &mut b, e % 5 != 1);
            close(&a, &b, "gradient by the states");
        }
        let (mut a, mut b) = (vec![0.0; spec.parameters()], vec![0.0; spec.parameters()]);
        fused.add_gradient(&mut a);
        plain.add_gradient(&mut b);
        let size = evaluations as f64;
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            let error = (f64::from(*a) - b).abs();
            assert!(error < 3e-6 * size, "{spec}, {level:?}: parameter {i}, {a} {b}");
        }
    }
}

#[test]
fn fused_kernels_equal_plain_layers() {
    for activation in Activation::ALL {
        let spec = OdeSpec::parse(4, &format!("{activation}64,{activation}33")).unwrap();
        assert_fused_is_plain(&spec, 2, 150);
        assert_fused_is_plain(&spec.with_time(), 2, 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_shape_equals_plain_layers(
        states in 1usize..20,
        hidden in proptest::collection::vec((proptest::sample::select(&[Activation::Tanh, Activation::SiLU, Activation::Sin][..]), 1usize..=70), 1..4),
        time in any::<bool>(),
        seed in 0u64..1000,
    ) {
        let text: Vec<String> =
            hidden.iter().map(|&(activation, width)| Layer { activation, width }.to_string()).collect();
        let spec = OdeSpec::parse(states, &text.join(",")).unwrap();
        assert_fused_is_plain(&if time { spec.with_time() } else { spec }, seed, 7);
    }
}

#[test]
fn divergence_names_step_and_state_and_keeps_what_came_before() {
    let spec = OdeSpec::parse(2, "ReLU8").unwrap();
    let unit = Normalization::identity(2);
    let mut unroll = Unroll::new(&spec, &unit, &unit, OdeMethod::Heun).unwrap();
    // Rates grow with the states.
    let parameters = vec![1.0; spec.parameters()];
    unroll.load(&parameters).unwrap();
    let error = unroll.forward(&Grid { t0: 0.0, dt: 0.1, steps: 1000 }, &[1.0, 1.0]).unwrap_err();
    assert!(error.step > 1 && error.value > 100.0, "{error}");
    assert_eq!(unroll.grid().steps, error.step - 1);
    assert_eq!(unroll.states().len(), error.step * 2);
    assert!(unroll.states().iter().all(|u| u.is_finite()));
    // What is left can be differentiated.
    let by_state = vec![1.0; error.step * 2];
    let (mut by_start, mut gradient) = ([0.0; 2], vec![0.0; spec.parameters()]);
    let loss = LossGradient { by_state: &by_state, by_slope: &[] };
    unroll.backward(Adjoint::Discrete, loss, &mut by_start, &mut gradient).unwrap();
    assert!(gradient.iter().all(|g| g.is_finite()) && by_start[0] > 0.0);
    unroll.load(&vec![f32::NAN; spec.parameters()]).unwrap();
    assert_eq!(unroll.forward(&Grid { t0: 0.0, dt: 0.1, steps: 3 }, &[1.0, 1.0]).unwrap_err().step, 1);
}
