//! Any graph of the operators that networks here have, node by node in `f64`, as the ONNX standard says.

use std::collections::HashMap;

use super::proto::*;

/// An array.
#[derive(Clone)]
struct Array {
    dims: Vec<usize>,
    values: Vec<f64>,
}

impl Array {
    fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { dims: self.dims.clone(), values: self.values.iter().map(|v| f(*v)).collect() }
    }

    /// The value at an index of the larger shape that it is stretched to.
    fn at(&self, index: &[usize]) -> f64 {
        let own = &index[index.len() - self.dims.len()..];
        let place = own.iter().zip(&self.dims).fold(0, |p, (i, n)| p * n + if *n == 1 { 0 } else { *i });
        self.values[place]
    }

    fn filled(dims: Vec<usize>, f: impl Fn(&[usize]) -> f64) -> Self {
        let count: usize = dims.iter().product();
        let mut index = vec![0; dims.len()];
        let mut values = Vec::with_capacity(count);
        for k in 0..count {
            let mut rest = k;
            for (i, n) in index.iter_mut().zip(&dims).rev() {
                (*i, rest) = (rest % n, rest / n);
            }
            values.push(f(&index));
        }
        Self { dims, values }
    }

    fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let rank = self.dims.len().max(other.dims.len());
        let padded = |a: &Self| [vec![1; rank - a.dims.len()], a.dims.clone()].concat();
        let dims = padded(self).into_iter().zip(padded(other)).map(|(a, b)| a.max(b)).collect();
        Self::filled(dims, |index| f(self.at(index), other.at(index)))
    }

    fn matmul(&self, other: &Self) -> Self {
        let [ref outer_a @ .., m, k] = self.dims[..] else { panic!("a matrix") };
        let [ref outer_b @ .., l, n] = other.dims[..] else { panic!("a matrix") };
        assert_eq!(k, l);
        let batch = outer_a.iter().product::<usize>().max(outer_b.iter().product());
        let outer = if outer_a.len() > outer_b.len() { outer_a } else { outer_b };
        let mut values = vec![0.0; batch * m * n];
        for b in 0..batch {
            let x = &self.values[if outer_a.is_empty() { 0 } else { b * m * k }..];
            let y = &other.values[if outer_b.is_empty() { 0 } else { b * k * n }..];
            for i in 0..m {
                let to = &mut values[(b * m + i) * n..][..n];
                for p in 0..k {
                    let x = x[i * k + p];
                    to.iter_mut().zip(&y[p * n..][..n]).for_each(|(to, y)| *to += x * y);
                }
            }
        }
        Self { dims: [outer, &[m, n]].concat(), values }
    }
}

/// erf x, by a series of positive terms.
pub fn erf(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp() * sum
}

fn constant(tensor: &TensorProto) -> Array {
    let dims = tensor.dims.iter().map(|d| *d as usize).collect();
    let raw = &tensor.raw_data;
    let values = if tensor.data_type == FLOAT {
        raw.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
    } else {
        raw.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect()
    };
    Array { dims, values }
}

fn node(node: &NodeProto, x: &[&Array]) -> Array {
    let alpha = |default: f32| f64::from(node.attribute.first().map_or(default, |a| a.f));
    let whole = |k: usize| x[k].values.iter().map(|v| *v as i64).collect::<Vec<_>>();
    match node.op_type.as_str() {
        "Add" => x[0].zip(x[1], |a, b| a + b),
        "Sub" => x[0].zip(x[1], |a, b| a - b),
        "Mul" => x[0].zip(x[1], |a, b| a * b),
        "Div" => x[0].zip(x[1], |a, b| a / b),
        "MatMul" => x[0].matmul(x[1]),
        "Identity" => x[0].clone(),
        "Erf" => x[0].map(erf),
        "Sigmoid" => x[0].map(|v| 1.0 / (1.0 + (-v).exp())),
        "Tanh" => x[0].map(f64::tanh),
        "Sin" => x[0].map(f64::sin),
        "Relu" => x[0].map(|v| if v < 0.0 { 0.0 } else { v }),
        "Elu" => x[0].map(|v| if v > 0.0 { v } else { alpha(1.0) * v.exp_m1() }),
        "LeakyRelu" => x[0].map(|v| if v > 0.0 { v } else { alpha(0.01) * v }),
        "Reshape" => {
            let mut dims = whole(1);
            let known: i64 = dims.iter().filter(|d| **d > 0).product();
            dims.iter_mut().filter(|d| **d < 0).for_each(|d| *d = x[0].values.len() as i64 / known);
            Array { dims: dims.iter().map(|d| *d as usize).collect(), values: x[0].values.clone() }
        }
        "Transpose" => {
            let order: Vec<usize> = node.attribute[0].ints.iter().map(|i| *i as usize).collect();
            let dims = order.iter().map(|k| x[0].dims[*k]).collect();
            Array::filled(dims, |index| {
                let mut from = vec![0; index.len()];
                order.iter().zip(index).for_each(|(k, i)| from[*k] = *i);
                x[0].at(&from)
            })
        }
        "Pad" => {
            let pads = whole(1);
            let (before, after) = (pads[1] as usize, pads[4] as usize);
            let [b, n, c] = x[0].dims[..] else { panic!("three dimensions") };
            Array::filled(vec![b, before + n + after, c], |index| match index[1].checked_sub(before) {
                Some(p) if p < n => x[0].at(&[index[0], p, index[2]]),
                _ => 0.0,
            })
        }
        "Slice" => {
            let (start, end) = (whole(1)[0] as usize, whole(2)[0] as usize);
            let [b, _, c] = x[0].dims[..] else { panic!("three dimensions") };
            Array::filled(vec![b, end - start, c], |i| x[0].at(&[i[0], start + i[1], i[2]]))
        }
        name => panic!("{name} is not known"),
    }
}

/// The outputs of so many rows.
pub fn evaluate(model: &ModelProto, rows: usize, x: &[f32]) -> Vec<f64> {
    walk(model, rows, x, |v| v)
}

/// The same with what every node gives rounded to `f32`, once: no evaluation in single precision can be expected to come
/// much closer.
pub fn evaluate_rounded(model: &ModelProto, rows: usize, x: &[f32]) -> Vec<f32> {
    walk(model, rows, x, |v| f64::from(v as f32)).into_iter().map(|v| v as f32).collect()
}

fn walk(model: &ModelProto, rows: usize, x: &[f32], round: fn(f64) -> f64) -> Vec<f64> {
    let graph = model.graph.as_ref().unwrap();
    let mut values: HashMap<&str, Array> =
        graph.initializer.iter().map(|t| (t.name.as_str(), constant(t))).collect();
    let tensor = graph.input[0].r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
    let mut dims = vec![rows];
    for d in &tensor.shape.as_ref().unwrap().dim[1..] {
        let Some(Dimension::Value(n)) = d.value else { panic!("a static shape") };
        dims.push(n as usize);
    }
    values.insert(&graph.input[0].name, Array { dims, values: x.iter().map(|v| f64::from(*v)).collect() });
    for n in &graph.node {
        let operands: Vec<&Array> = n.input.iter().map(|name| &values[name.as_str()]).collect();
        let result = node(n, &operands).map(round);
        values.insert(&n.output[0], result);
    }
    values.remove(graph.output[0].name.as_str()).unwrap().values
}
