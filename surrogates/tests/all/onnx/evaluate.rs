//! A graph evaluated node by node: what its messages say, and nothing else.

use std::collections::HashMap;

use surrogates::onnx::proto::Graph;

/// A tensor: its shape, and its numbers row by row.
#[derive(Clone)]
struct Value(Vec<usize>, Vec<f64>);

impl Value {
    /// Where the element of `shape` at flat place `at` lies here, by the rules of broadcasting.
    fn place(&self, shape: &[usize], mut at: usize) -> usize {
        let (mut place, mut stride) = (0, 1);
        for (axis, extent) in shape.iter().enumerate().rev() {
            let index = at % extent;
            at /= extent;
            if let Some(own) = (axis + self.0.len()).checked_sub(shape.len()) {
                place += if self.0[own] == 1 { 0 } else { index * stride };
                stride *= self.0[own];
            }
        }
        place
    }
}

/// The shape that two shapes have together.
fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], axis: usize| (axis + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
    (0..rank).map(|axis| at(a, axis).max(at(b, axis))).collect()
}

fn multiply(a: &Value, b: &Value) -> Value {
    let (m, k) = (a.0[a.0.len() - 2], a.0[a.0.len() - 1]);
    let n = b.0[b.0.len() - 1];
    assert_eq!(b.0[b.0.len() - 2], k);
    let (left, right) = (&a.0[..a.0.len() - 2], &b.0[..b.0.len() - 2]);
    let batch = broadcast(left, right);
    let place = |own: &[usize], at| Value(own.to_vec(), Vec::new()).place(&batch, at);
    let mut out = Vec::new();
    for at in 0..batch.iter().product() {
        let (from_a, from_b) = (place(left, at) * m * k, place(right, at) * k * n);
        for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
            out.push((0..k).map(|p| a.1[from_a + i * k + p] * b.1[from_b + p * n + j]).sum());
        }
    }
    Value([batch, vec![m, n]].concat(), out)
}

fn transpose(a: &Value, order: &[i64]) -> Value {
    let shape: Vec<usize> = order.iter().map(|&axis| a.0[axis as usize]).collect();
    let stride = |axis: usize| a.0[axis + 1..].iter().product::<usize>();
    let element = |mut at: usize| {
        let mut place = 0;
        for (extent, axis) in shape.iter().zip(order).rev() {
            place += (at % extent) * stride(*axis as usize);
            at /= extent;
        }
        a.1[place]
    };
    let numbers = (0..a.1.len()).map(element).collect();
    Value(shape, numbers)
}

/// Rows `from..to` of the second of three axes; rows beyond are 0.
fn rows(a: &Value, from: usize, to: usize) -> Value {
    let &[batch, n, width] = a.0.as_slice() else { panic!("three axes") };
    let row = |b: usize, i: usize| match i < n {
        true => a.1[(b * n + i) * width..][..width].to_vec(),
        false => vec![0.0; width],
    };
    let numbers = (0..batch).flat_map(|b| (from..to).flat_map(move |i| row(b, i))).collect();
    Value(vec![batch, to - from, width], numbers)
}

/// Evaluates a graph node by node in `f64`, from its messages alone. `x` has any batch.
pub(crate) fn evaluate(graph: &Graph, x: &[f64], extents: &[usize]) -> Vec<f64> {
    let mut values: HashMap<&str, Value> = HashMap::new();
    for t in &graph.initializer {
        let numbers = match t.data_type {
            1 => t.raw_data.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect(),
            7 => t.raw_data.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect(),
            other => panic!("data type {other}"),
        };
        values.insert(&t.name, Value(t.dims.iter().map(|&d| d as usize).collect(), numbers));
    }
    let batch = x.len() / extents.iter().product::<usize>();
    values.insert("x", Value([&[batch], extents].concat(), x.to_vec()));
    for node in &graph.node {
        let input = |i: usize| &values[node.input[i].as_str()];
        let whole = |i: usize| input(i).1.iter().map(|x| *x as i64).collect::<Vec<i64>>();
        let a = input(0);
        let both = |f: fn(f64, f64) -> f64| {
            let b = input(1);
            let shape = broadcast(&a.0, &b.0);
            let number = |at| f(a.1[a.place(&shape, at)], b.1[b.place(&shape, at)]);
            let numbers = (0..shape.iter().product()).map(number).collect();
            Value(shape, numbers)
        };
        let each = |f: fn(f64) -> f64| Value(a.0.clone(), a.1.iter().map(|a| f(*a)).collect());
        let alpha = |value: f32| {
            assert_eq!((node.attribute[0].name.as_str(), node.attribute[0].f), ("alpha", value));
        };
        let out = match node.op_type.as_str() {
            "Sub" => both(|a, b| a - b),
            "Div" => both(|a, b| a / b),
            "Mul" => both(|a, b| a * b),
            "Add" => both(|a, b| a + b),
            "Sigmoid" => each(|z| 1.0 / (1.0 + (-z).exp())),
            "Tanh" => each(f64::tanh),
            "Relu" => each(|z| z.max(0.0)),
            "Sin" => each(f64::sin),
            "Erf" => each(libm::erf),
            "LeakyRelu" => {
                alpha(0.01);
                each(|z| if z > 0.0 { z } else { f64::from(0.01f32) * z })
            }
            "Elu" => {
                alpha(1.0);
                each(|z| if z > 0.0 { z } else { z.exp_m1() })
            }
            "MatMul" => multiply(a, input(1)),
            "Transpose" => {
                assert_eq!((node.attribute[0].name.as_str(), node.attribute[0].r#type), ("perm", 7));
                transpose(a, &node.attribute[0].ints)
            }
            "Reshape" => {
                let shape = whole(1);
                let known: i64 = shape.iter().filter(|&&n| n > 0).product();
                let extent = |n: &i64| if *n > 0 { *n as usize } else { a.1.len() / known as usize };
                Value(shape.iter().map(extent).collect(), a.1.clone())
            }
            "Pad" => {
                let pads = whole(1);
                assert!(pads.iter().enumerate().all(|(i, n)| i == 4 || *n == 0), "{pads:?}");
                rows(a, 0, a.0[1] + pads[4] as usize)
            }
            "Slice" => {
                assert_eq!(whole(3), [1]);
                rows(a, whole(1)[0] as usize, whole(2)[0] as usize)
            }
            "LayerNormalization" => {
                let (gain, shift) = (&input(1).1, &input(2).1);
                let rows = a.1.chunks_exact(gain.len()).flat_map(|z| {
                    let n = z.len() as f64;
                    let mean = z.iter().sum::<f64>() / n;
                    let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
                    let normal = z.iter().map(move |z| (z - mean) / (variance + 1e-5).sqrt());
                    normal.zip(gain.iter().zip(shift)).map(|(z, (g, s))| z * g + s).collect::<Vec<_>>()
                });
                Value(a.0.clone(), rows.collect())
            }
            other => panic!("operator {other}"),
        };
        values.insert(&node.output[0], out);
    }
    values["y"].1.clone()
}
