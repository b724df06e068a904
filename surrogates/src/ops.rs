//! Operations of our own on dfdx's tape: a dense layer that carries a time derivative along, and a
//! loss that brings its gradient.
//!
//! A batch is one matrix. Its first `rows.values` rows are values; the last `rows.tangents` rows
//! are derivatives of the last value rows with respect to one variable (time), in the same order.
//! A layer computes h = σ(Wx + b) for the values and ḣ = σ'(Wx + b)·Wẋ for the derivatives in one
//! operation; its reverse uses σ''. So du/dt is part of the graph, and reverse mode goes through it.

use dfdx::prelude::*;

use crate::kernels::{self, Strided};
use crate::{Activation, Real};

/// A matrix on the tape.
pub type Matrix<E, T = NoneTape> = Tensor<(usize, usize), E, Cpu, T>;

/// How a batch is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// The number of rows that are values.
    pub values: usize,
    /// The number of rows that are derivatives of the last value rows; at most `values`.
    pub tangents: usize,
}

impl Rows {
    /// All rows together.
    pub fn total(self) -> usize {
        self.values + self.tangents
    }
}

/// One dense layer on a batch with derivatives.
///
/// `x` is `[rows.total(), inputs]`, the result `[rows.total(), outputs]`. `parameters` is
/// `[inputs + 1, outputs]`: the weights, and the biases as its last row. The gradient is added to
/// that of `parameters` and, if `input_gradient`, to that of `x`; the first layer of a network saves
/// that work.
///
/// # Errors
/// Out of memory.
///
/// # Panics
/// If the shapes contradict each other.
pub fn dense<E: Real, T: Tape<E, Cpu>>(
    x: Matrix<E, T>,
    parameters: &Matrix<E>,
    activation: Option<Activation>,
    rows: Rows,
    input_gradient: bool,
) -> Result<Matrix<E, T>, CpuError> {
    let (x, mut tape) = x.split_tape();
    let (inputs, width) = (x.shape().1, parameters.shape().1);
    assert_eq!(x.shape().0, rows.total(), "rows of the layer's input");
    assert_eq!(parameters.shape().0, inputs + 1, "rows of the layer's parameters");
    assert!(rows.tangents <= rows.values, "each derivative belongs to a value");
    let dev = x.device().clone();
    let values = rows.values * width;
    let plain = (rows.values - rows.tangents) * width;

    let x_data = copy(&x);
    let p_data = copy(parameters);
    let mut out = vec![E::default(); rows.total() * width];
    forward(inputs, width, &p_data, &x_data, rows.values, &mut out);
    // σ' of every value, then σ''·ż of the values that have a derivative.
    let mut saved = Vec::new();
    if let Some(activation) = activation {
        saved.resize(out.len(), E::default());
        let (value, tangent) = out.split_at_mut(values);
        let (value, with_tangent) = value.split_at_mut(plain);
        let (d1, d2) = saved.split_at_mut(values);
        let (d1, d1_with_tangent) = d1.split_at_mut(plain);
        kernels::activate_value(activation, value, d1);
        kernels::activate_tangent(activation, with_tangent, tangent, d1_with_tangent, d2);
    }
    let out = dev.try_tensor_from_vec(out, (rows.total(), width))?;

    // Clones share the numbers and carry the identity under which gradients are kept.
    let (y, parameters) = (out.clone(), parameters.clone());
    tape.add_backward_op(move |grads| {
        // Every user of the output has run: its gradient is complete, and nobody else reads it.
        let mut g = std::mem::take(&mut **grads.get_or_alloc_mut(&y)?);
        if activation.is_some() {
            let (value, tangent) = g.split_at_mut(values);
            let (value, with_tangent) = value.split_at_mut(plain);
            let (d1, d2) = saved.split_at(values);
            kernels::scale_by(value, &d1[..plain]);
            kernels::reverse_tangent(with_tangent, tangent, &d1[plain..], d2);
        }
        let (gw, gb) = grads.get_or_alloc_mut(&parameters)?.split_at_mut(inputs * width);
        let xt = Strided { data: &x_data, row: 1, column: inputs };
        kernels::add_product(inputs, rows.total(), width, xt, &g, gw);
        kernels::add_rows(&g[..values], gb);
        if input_gradient {
            let mut transposed = vec![E::default(); inputs * width];
            kernels::transpose(inputs, width, &p_data, &mut transposed);
            let g = Strided { data: &g, row: width, column: 1 };
            let gx = grads.get_or_alloc_mut(&x)?;
            kernels::add_product(rows.total(), width, inputs, g, &transposed, gx);
        }
        Ok(())
    });
    Ok(out.put_tape(tape))
}

/// σ(a + b) of two matrices of one shape; the tape comes with `a`, and gradients reach both.
///
/// # Errors
/// Out of memory.
///
/// # Panics
/// If the shapes differ.
pub fn activate_sum<E: Real, T: Tape<E, Cpu>>(
    a: Matrix<E, T>,
    b: &Matrix<E>,
    activation: Activation,
) -> Result<Matrix<E, T>, CpuError> {
    let (a, mut tape) = a.split_tape();
    assert_eq!(a.shape(), b.shape(), "shapes of the operands");
    let mut out = copy(&a);
    for (a, b) in out.iter_mut().zip(copy(b)) {
        *a += b;
    }
    let mut slope = vec![E::default(); out.len()];
    kernels::activate_value(activation, &mut out, &mut slope);
    let out = a.device().try_tensor_from_vec(out, *a.shape())?;
    let (y, b) = (out.clone(), b.clone());
    tape.add_backward_op(move |grads| {
        let mut g = std::mem::take(&mut **grads.get_or_alloc_mut(&y)?);
        kernels::scale_by(&mut g, &slope);
        for operand in [&a, &b] {
            for (sum, g) in grads.get_or_alloc_mut(operand)?.iter_mut().zip(&g) {
                *sum += *g;
            }
        }
        Ok(())
    });
    Ok(out.put_tape(tape))
}

/// `out = x·W`, plus b in the first `values` rows. `parameters` are W `[inputs, width]`, then b.
pub(crate) fn forward<E: Real>(
    inputs: usize,
    width: usize,
    parameters: &[E],
    x: &[E],
    values: usize,
    out: &mut [E],
) {
    let (w, b) = parameters.split_at(inputs * width);
    let (with_bias, without) = out.split_at_mut(values * width);
    for row in with_bias.chunks_exact_mut(width) {
        row.copy_from_slice(b);
    }
    without.fill(E::default());
    let x = Strided { data: x, row: inputs, column: 1 };
    kernels::add_product(out.len() / width, inputs, width, x, w, out);
}

/// A scalar on the tape from its value and its gradient by `y`, known already: a loss computes both
/// in one pass.
///
/// # Errors
/// Out of memory.
///
/// # Panics
/// If the gradient's length is not that of `y`.
pub fn with_gradient<E: Real, T: Tape<E, Cpu>>(
    y: Matrix<E, T>,
    value: E,
    gradient: Vec<E>,
) -> Result<Tensor<Rank0, E, Cpu, T>, CpuError> {
    let (y, mut tape) = y.split_tape();
    assert_eq!(y.shape().num_elements(), gradient.len(), "length of the gradient");
    let out = y.device().try_tensor_from_vec(vec![value], ())?;
    let loss = out.clone();
    tape.add_backward_op(move |grads| {
        let upstream = grads.get_or_alloc_mut(&loss)?[0];
        let gy = grads.get_or_alloc_mut(&y)?;
        for (gy, g) in gy.iter_mut().zip(&gradient) {
            *gy += *g * upstream;
        }
        Ok(())
    });
    Ok(out.put_tape(tape))
}

/// The numbers of a tensor, row by row.
pub fn copy<S: Shape, E: Real, T>(t: &Tensor<S, E, Cpu, T>) -> Vec<E> {
    let mut out = vec![E::default(); t.shape().num_elements()];
    t.copy_into(&mut out);
    out
}
