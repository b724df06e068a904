//! The fused operator against its definition in plain loops, against the tape, and against differences.

use super::*;
use crate::Activation;
use crate::fno::{Variant, tape};

fn numbers(n: usize, seed: u64, size: f64) -> Vec<f32> {
    let mut rng = crate::random::stream(seed, 7);
    (0..n).map(|_| crate::random::uniform(&mut rng, -size, size) as f32).collect()
}

/// Parameters of a size that keeps signals of order 1.
fn parameters(spec: &FnoSpec, seed: u64) -> Vec<f32> {
    let mut all = numbers(spec.parameters(), seed, 1.0);
    for map in spec.maps() {
        let size = (1.0 / map.inputs as f32).sqrt();
        all[map.range()].iter_mut().for_each(|p| *p *= size);
    }
    let size = 1.0 / spec.width as f32;
    all[spec.layer(0).spectral.start..].iter_mut().for_each(|p| *p *= size);
    all
}

/// What the definition says, with sums over all points for every mode.
fn definition(spec: &FnoSpec, (points, padding): (usize, usize), p: &[f64], x: &[f64]) -> Vec<f64> {
    let sigma = |z: f64| match spec.activation {
        Activation::GELU => 0.5 * z * (1.0 + libm::erf(z / 2f64.sqrt())),
        Activation::LeakyReLU => z.max(0.01 * z),
        Activation::ReLU => z.max(0.0),
        Activation::Tanh => z.tanh(),
        _ => panic!("not an activation of the publication"),
    };
    let dense = |map: crate::Dense, v: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let (w, b) = map.split(p);
        let value = |row: &[f64], o: usize| {
            let z = b[o] + (0..map.inputs).map(|i| row[i] * w[i * map.outputs + o]).sum::<f64>();
            if map.activation.is_some() { sigma(z) } else { z }
        };
        v.iter().map(|row| (0..map.outputs).map(|o| value(row, o)).collect()).collect()
    };
    let n = points + padding;
    let w = spec.width;
    x.chunks(points * spec.inputs)
        .flat_map(|x| {
            let mut v: Vec<Vec<f64>> = x.chunks(spec.inputs).map(<[f64]>::to_vec).collect();
            for map in spec.lifting() {
                v = dense(map, &v);
            }
            v.resize(n, vec![0.0; w]);
            for l in 0..spec.layers {
                let parts = spec.layer(l);
                // The whole spectrum, most of it 0, as a fast transform would have it.
                let mut spectrum = vec![vec![(0.0, 0.0); w]; n / 2 + 1];
                for (m, out) in spectrum.iter_mut().enumerate().take(spec.modes) {
                    let weights = &p[parts.spectral.start + 2 * m * w * w..][..2 * w * w];
                    for i in 0..w {
                        let (mut re, mut im) = (0.0, 0.0);
                        for (k, v) in v.iter().enumerate() {
                            let (s, c) = (-std::f64::consts::TAU * (k * m) as f64 / n as f64).sin_cos();
                            re += c * v[i];
                            im += s * v[i];
                        }
                        for (o, out) in out.iter_mut().enumerate() {
                            let (a, b) = (weights[i * w + o], weights[w * w + i * w + o]);
                            out.0 += re * a - im * b;
                            out.1 += re * b + im * a;
                        }
                    }
                }
                // The real inverse: every mode with its conjugate.
                let mut kv: Vec<Vec<f64>> = (0..n)
                    .map(|k| {
                        let mut row = vec![0.0; w];
                        for (m, out) in spectrum.iter().enumerate() {
                            let (s, c) = (std::f64::consts::TAU * (k * m) as f64 / n as f64).sin_cos();
                            let twice = if m == 0 || 2 * m == n { 1.0 } else { 2.0 };
                            for (row, (re, im)) in row.iter_mut().zip(out) {
                                *row += twice * (re * c - im * s) / n as f64;
                            }
                        }
                        row
                    })
                    .collect();
                for map in parts.mlp.into_iter().flatten() {
                    kv = dense(map, &kv);
                }
                let wv = dense(parts.pointwise, &v);
                for ((v, kv), wv) in v.iter_mut().zip(kv).zip(wv) {
                    for ((v, kv), wv) in v.iter_mut().zip(kv).zip(wv) {
                        let z = kv + wv;
                        let z = if l + 1 == spec.layers { z } else { sigma(z) };
                        *v = if spec.variant == Variant::Residual { *v + z } else { z };
                    }
                }
            }
            v.truncate(points);
            for map in spec.projection() {
                v = dense(map, &v);
            }
            v.concat()
        })
        .collect()
}

fn loss(spec: &FnoSpec, points: usize, y: &[f64], targets: &[f64]) -> f64 {
    let each = points * spec.outputs;
    let samples = y.len() / each;
    let error = |b: usize, j: usize| {
        let column = || (b * each + j..(b + 1) * each).step_by(spec.outputs);
        let e: f64 = column().map(|i| (y[i] - targets[i]).powi(2)).sum();
        let t: f64 = column().map(|i| targets[i].powi(2)).sum();
        (e / t).sqrt()
    };
    let all = (0..samples).flat_map(|b| (0..spec.outputs).map(move |j| (b, j)));
    all.map(|(b, j)| error(b, j)).sum::<f64>() / (samples * spec.outputs) as f64
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

/// A fused operator with its batch.
fn fused(
    level: Level,
    spec: FnoSpec,
    sizes: (usize, usize),
    (p, x, t): (&[f32], &[f32], &[f32]),
    threads: usize,
) -> FusedFno {
    let samples = x.len() / (sizes.0 * spec.inputs);
    // Room for more: what is not used must not count.
    let mut net = FusedFno::new(level, spec, sizes, samples + 3, true, threads).unwrap();
    net.set_parameters(p);
    for b in 0..samples {
        let each = sizes.0 * spec.inputs;
        net.set_input(b, &x[b * each..][..each]);
        let each = sizes.0 * spec.outputs;
        net.set_target(b, &t[b * each..][..each]);
    }
    net.set_used(samples);
    net
}

fn spec(width: usize, modes: usize, layers: usize, variant: Variant, activation: Activation) -> FnoSpec {
    FnoSpec { inputs: 2, outputs: 3, width, modes, layers, padding: 0, hidden: 24, variant, activation }
}

/// Networks of every variant and activation, sizes and samples.
fn cases() -> Vec<(FnoSpec, (usize, usize), usize)> {
    use Activation::{GELU, LeakyReLU, ReLU, Tanh};
    use Variant::{Classic, Mlp, Residual};
    vec![
        (spec(16, 5, 3, Classic, GELU), (30, 4), 2),
        (spec(20, 4, 2, Mlp, Tanh), (33, 0), 3),
        (spec(7, 9, 3, Residual, LeakyReLU), (16, 1), 9),
        (spec(48, 3, 1, Classic, ReLU), (100, 7), 1),
        (spec(33, 8, 2, Mlp, GELU), (11, 4), 10),
        (FnoSpec { outputs: 20, inputs: 3, ..spec(64, 2, 2, Residual, GELU) }, (60, 0), 2),
    ]
}

#[test]
fn outputs_are_those_of_the_definition() {
    for (spec, sizes, samples) in cases() {
        let p = parameters(&spec, 3);
        let x = numbers(samples * sizes.0 * spec.inputs, 5, 1.0);
        let t = numbers(samples * sizes.0 * spec.outputs, 6, 1.0);
        let exact = definition(&spec, sizes, &wide(&p), &wide(&x));
        let size = exact.iter().fold(0.0f64, |m, y| m.max(y.abs()));
        for level in Level::available() {
            let mut net = fused(level, spec, sizes, (&p, &x, &t), 1);
            let error = net.learn();
            let expected = loss(&spec, sizes.0, &exact, &wide(&t));
            assert!((error - expected).abs() < 1e-5 * expected, "{spec}: loss {error}, not {expected}");
            let each = sizes.0 * spec.outputs;
            let mut infer = FusedFno::new(level, spec, sizes, samples, false, 1).unwrap();
            infer.set_parameters(&p);
            let mut y = vec![0.0; each];
            for b in 0..samples {
                let each = sizes.0 * spec.inputs;
                infer.set_input(b, &x[b * each..][..each]);
            }
            infer.predict();
            for b in 0..samples {
                infer.output(b, &mut y);
                for (y, e) in y.iter().zip(&exact[b * each..]) {
                    let error = (f64::from(*y) - e).abs();
                    assert!(error < 2e-5 * size, "{level:?}, {spec}: {y}, not {e}");
                }
            }
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_tape_and_of_differences() {
    for (spec, sizes, samples) in cases() {
        let p = parameters(&spec, 3);
        let x = numbers(samples * sizes.0 * spec.inputs, 5, 1.0);
        let t = numbers(samples * sizes.0 * spec.outputs, 6, 1.0);
        let mut exact = vec![0.0f64; p.len()];
        let (expected, y) = tape::learn(spec, sizes, &wide(&p), &wide(&x), &wide(&t), &mut exact).unwrap();
        // The tape in double precision against its definition, and against differences of that.
        let outputs = definition(&spec, sizes, &wide(&p), &wide(&x));
        assert!(y.iter().zip(&outputs).all(|(a, b)| (a - b).abs() < 1e-10), "{spec}: outputs of the tape");
        let h = 1e-6;
        let size = exact.iter().fold(0.0f64, |m, g| m.max(g.abs()));
        for k in 0..60 {
            let at = (k * 7919 + 11 * k * k) % p.len();
            let shifted = |by: f64| {
                let mut p = wide(&p);
                p[at] += by;
                loss(&spec, sizes.0, &definition(&spec, sizes, &p, &wide(&x)), &wide(&t))
            };
            let difference = (shifted(h) - shifted(-h)) / (2.0 * h);
            let error = (difference - exact[at]).abs();
            assert!(error < 1e-5 * size, "{spec}, parameter {at}: {}, difference {difference}", exact[at]);
        }
        for level in Level::available() {
            let mut net = fused(level, spec, sizes, (&p, &x, &t), 1);
            let found = net.learn();
            assert!((found - expected).abs() < 1e-5 * expected, "{spec}: {found}, not {expected}");
            let mut gradient = vec![0.0; p.len()];
            net.copy_gradient(&mut gradient);
            for (k, (g, e)) in gradient.iter().zip(&exact).enumerate() {
                let error = (f64::from(*g) - e).abs();
                assert!(error < 3e-5 * size, "{level:?}, {spec}, parameter {k}: {g}, not {e}");
            }
        }
    }
}

#[test]
fn threads_and_room_change_nothing() {
    for (spec, sizes, samples) in cases() {
        let p = parameters(&spec, 3);
        let x = numbers(samples * sizes.0 * spec.inputs, 5, 1.0);
        let t = numbers(samples * sizes.0 * spec.outputs, 6, 1.0);
        let run = |threads| {
            let mut net = fused(Level::widest(), spec, sizes, (&p, &x, &t), threads);
            net.learn();
            let loss = net.learn();
            (loss, net.gradient, net.groups[0].errors[..spec.outputs].to_vec())
        };
        assert_eq!(run(1), run(3), "{spec}");
    }
}

#[test]
fn what_fills_lines_stays_zero_and_parameters_survive_packing() {
    let (spec, sizes, samples) = cases()[2];
    let p = parameters(&spec, 3);
    let x = numbers(samples * sizes.0 * spec.inputs, 5, 1.0);
    let t = numbers(samples * sizes.0 * spec.outputs, 6, 1.0);
    let mut net = fused(Level::widest(), spec, sizes, (&p, &x, &t), 1);
    net.learn();
    let mut back = vec![0.0; p.len()];
    net.copy_parameters(&mut back);
    assert_eq!(back, p);
    let mut list = vec![1.0; p.len()];
    let mut ones = vec![0.0; net.packed()];
    net.pack(&list, &mut ones);
    let (parameters, gradient, _) = net.packed_mut();
    for ((one, p), g) in ones.iter().zip(parameters).zip(gradient) {
        assert!(*one == 1.0 || (*p == 0.0 && *g == 0.0));
    }
    list.fill(0.0);
    net.unpack(&ones, &mut list);
    assert!(list.iter().all(|x| *x == 1.0));
}

#[test]
fn an_output_without_a_target_is_not_asked_for_and_nan_is_not_hidden() {
    let (spec, sizes, _) = cases()[0];
    let p = parameters(&spec, 3);
    let x = numbers(sizes.0 * spec.inputs, 5, 1.0);
    let mut t = numbers(sizes.0 * spec.outputs, 6, 1.0);
    t.iter_mut().skip(1).step_by(spec.outputs).for_each(|t| *t = 0.0);
    let mut net = fused(Level::widest(), spec, sizes, (&p, &x, &t), 1);
    let loss = net.learn();
    assert!(loss.is_finite());
    assert_eq!(net.error(0, 1), 0.0);
    let mut x = x;
    x[4] = f32::NAN;
    let mut net = fused(Level::widest(), spec, sizes, (&p, &x, &t), 1);
    assert!(net.learn().is_nan());
}
