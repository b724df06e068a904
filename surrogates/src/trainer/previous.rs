//! The network of the window before, as the continuity term asks it: on a batch, without allocation.

use crate::Mlp;
use crate::fused::{Fused, Level};
use crate::ops::Rows;

/// A trained network and its layers on a batch.
pub(super) struct Previous {
    network: Mlp,
    net: Fused,
    row: Vec<f32>,
}

impl Previous {
    pub(super) fn new(network: &Mlp, rows: usize) -> Self {
        let net = Fused::new(Level::widest(), network.spec(), Rows { values: rows, tangents: 0 });
        Self { row: vec![0.0; network.spec().inputs], network: network.clone(), net }
    }

    /// Sets the inputs of a row, in physical units.
    pub(super) fn set(&mut self, row: usize, x: &[f64]) {
        for (to, from) in self.row.iter_mut().zip(x) {
            *to = *from as f32;
        }
        self.network.input_normalization().apply(&mut self.row);
        self.net.set_input(row, &self.row);
    }

    pub(super) fn forward(&mut self) {
        self.net.forward(self.network.parameters());
    }

    /// The outputs of a row, in physical units.
    pub(super) fn output(&self, row: usize, y: &mut [f32]) {
        self.net.output(row, y);
        self.network.output_normalization().undo(y);
    }
}
