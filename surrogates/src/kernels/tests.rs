//! The kernels against plain loops and against differences, on this machine's widest instructions
//! and on none.

use super::*;

/// Numbers in (−range, range) that repeat after a few hundred.
fn numbers(n: usize, range: f64) -> Vec<f64> {
    (0..n).map(|i| range * (((i * 7919 + 13) % 401) as f64 / 200.5 - 1.0)).collect()
}

#[test]
fn products_equal_plain_loops_for_every_shape() {
    for (m, k, n) in [(1, 1, 1), (4, 3, 2), (5, 7, 33), (9, 1, 70), (44, 32, 32), (3, 44, 17), (0, 2, 3)] {
        let (a, b) = (numbers(m * k, 2.0), numbers(k * n, 3.0));
        let mut expected = numbers(m * n, 1.0);
        let start = expected.clone();
        for i in 0..m {
            for j in 0..n {
                expected[i * n + j] += (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum::<f64>();
            }
        }
        let mut transposed = vec![0.0; m * k];
        transpose(m, k, &a, &mut transposed);
        let plain = Strided { data: &a, row: k, column: 1 };
        let other = Strided { data: &transposed, row: 1, column: m };
        let results = [
            run(|c| add_product(m, k, n, plain, &b, c), &start),
            run(|c| add_product(m, k, n, other, &b, c), &start),
            run(|c| product::<f64, false, 4>(m, k, n, plain, &b, c), &start),
            run(|c| product::<f64, false, 8>(m, k, n, plain, &b, c), &start),
            run(|c| product::<f64, false, 16>(m, k, n, other, &b, c), &start),
        ];
        for result in results {
            for (c, e) in result.iter().zip(&expected) {
                assert!((c - e).abs() < 1e-12, "{m}×{k}×{n}: {c} instead of {e}");
            }
        }
    }
}

fn run(f: impl FnOnce(&mut [f64]), start: &[f64]) -> Vec<f64> {
    let mut c = start.to_vec();
    f(&mut c);
    c
}

#[test]
#[should_panic(expected = "too short")]
fn a_short_matrix_is_refused() {
    let a = Strided { data: &[1.0f32; 5], row: 3, column: 1 };
    add_product(2, 3, 1, a, &[1.0; 3], &mut [0.0; 2]);
}

/// σ, σ' and σ'' as the kernels give them.
fn derivatives(kind: Activation, z: f64) -> [f64; 3] {
    let (mut h, mut t, mut d1, mut d2) = ([z], [1.0], [0.0], [0.0]);
    activate_tangent(kind, &mut h, &mut t, &mut d1, &mut d2);
    assert_eq!(t, d1, "ż = 1");
    let (mut value, mut only) = ([z], [z]);
    let mut slope = [0.0];
    activate_value(kind, &mut value, &mut slope);
    activate(kind, &mut only);
    assert_eq!((value, slope, only), (h, d1, h), "{kind} at {z}: the kernels differ");
    [h[0], d1[0], d2[0]]
}

#[test]
fn activations_and_their_derivatives() {
    type Function = fn(f64) -> f64;
    let exact: [(Activation, Function); 7] = [
        (Activation::SiLU, |z| z / (1.0 + (-z).exp())),
        (Activation::Tanh, f64::tanh),
        (Activation::ELU, |z| if z > 0.0 { z } else { z.exp_m1() }),
        (Activation::ReLU, |z| z.max(0.0)),
        (Activation::Sin, f64::sin),
        // Φ by the other function of the library.
        (Activation::GELU, |z| 0.5 * z * (1.0 + libm::erf(z / 2f64.sqrt()))),
        (Activation::LeakyReLU, |z| if z > 0.0 { z } else { 0.01 * z }),
    ];
    let h = 1e-5;
    for (kind, f) in exact {
        for z in numbers(401, 6.0) {
            // Differences across the kinks at 0 mean nothing.
            if z.abs() < 2.0 * h {
                continue;
            }
            let [value, first, second] = derivatives(kind, z);
            let difference = |order: usize| {
                (derivatives(kind, z + h)[order] - derivatives(kind, z - h)[order]) / (2.0 * h)
            };
            assert!((value - f(z)).abs() < 1e-15 * (1.0 + z.abs()), "{kind}({z}) = {value}");
            assert!((first - difference(0)).abs() < 1e-9, "{kind}'({z}) = {first}");
            assert!((second - difference(1)).abs() < 1e-9, "{kind}''({z}) = {second}");
        }
    }
    assert_eq!(derivatives(Activation::ReLU, 0.0), [0.0; 3]);
    assert_eq!(derivatives(Activation::ELU, 0.0), [0.0, 1.0, 1.0]);
}

#[test]
fn single_precision_activations_follow_double_precision() {
    for kind in Activation::ALL {
        // Past 8192 the sine takes its other path.
        for range in [0.3, 9.0, 200.0, 30_000.0] {
            let z: Vec<f32> = numbers(401, range).iter().map(|z| *z as f32).collect();
            let mut h = z.clone();
            let mut d1 = vec![0.0; z.len()];
            activate_value(kind, &mut h, &mut d1);
            for ((z, h), d1) in z.iter().zip(&h).zip(&d1) {
                let [value, slope, _] = derivatives(kind, f64::from(*z));
                assert!((f64::from(*h) - value).abs() < 3e-7 * (1.0 + value.abs()), "{kind}({z}) = {h}");
                assert!((f64::from(*d1) - slope).abs() < 2e-6, "{kind}'({z}) = {d1}");
            }
        }
    }
}

#[test]
fn nan_and_infinity_are_not_hidden() {
    for kind in Activation::ALL {
        let mut z = [f32::NAN, 0.5];
        activate(kind, &mut z);
        assert!(z[0].is_nan() && z[1].is_finite(), "{kind}");
        let mut z = [f64::NAN, 0.5];
        activate(kind, &mut z);
        assert!(z[0].is_nan() && z[1].is_finite(), "{kind}");
    }
    let mut z = [f32::INFINITY];
    activate(Activation::Sin, &mut z);
    assert!(z[0].is_nan());
}
