//! Constants of a graph.

use super::proto::{self, TensorProto};

/// A float32 constant.
#[derive(Debug, Clone)]
pub(crate) struct Constant {
    pub(crate) dims: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl Constant {
    /// Reads a tensor whose data lie in the file; the error says what is wrong with it.
    ///
    /// Nothing is allocated from declared dimensions: they only have to agree with the data.
    pub(crate) fn read(tensor: &TensorProto) -> Result<Self, String> {
        let name = &tensor.name;
        if tensor.data_type != proto::FLOAT {
            return Err(format!("constant `{name}` has element type {}, not float32 (1)", tensor.data_type));
        }
        let mut count = 1_usize;
        let mut dims = Vec::with_capacity(tensor.dims.len());
        for &d in &tensor.dims {
            let Ok(d) = usize::try_from(d) else {
                return Err(format!("constant `{name}` has a dimension of {d}"));
            };
            let Some(product) = count.checked_mul(d) else {
                return Err(format!("constant `{name}` has impossible dimensions {:?}", tensor.dims));
            };
            count = product;
            dims.push(d);
        }
        let values = match (tensor.raw_data.is_empty(), tensor.float_data.is_empty()) {
            (false, false) => return Err(format!("constant `{name}` holds its data twice")),
            (false, true) => {
                let (chunks, rest) = tensor.raw_data.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(format!(
                        "constant `{name}` has {} bytes of data, not a multiple of 4",
                        tensor.raw_data.len()
                    ));
                }
                chunks.iter().map(|&b| f32::from_le_bytes(b)).collect()
            }
            (true, _) => tensor.float_data.clone(),
        };
        if values.len() != count {
            return Err(format!(
                "constant `{name}` has dimensions {:?} but {} values",
                tensor.dims,
                values.len()
            ));
        }
        Ok(Self { dims, values })
    }

    /// The one value, if there is one only.
    pub(crate) fn scalar(&self) -> Option<f32> {
        match self.values[..] {
            [v] => Some(v),
            _ => None,
        }
    }
}

/// Most whole numbers that a constant may have to be read as a shape or as places: no tensor has as many axes.
const MAX_WHOLE: usize = 16;

/// The whole numbers of a constant, which are one number or one row of a few; `None` for any other constant.
pub(crate) fn whole_numbers(tensor: &TensorProto) -> Option<Vec<i64>> {
    let (numbers, rest) = tensor.raw_data.as_chunks::<8>();
    let whole = tensor.data_type == proto::INT64 && rest.is_empty() && numbers.len() <= MAX_WHOLE;
    let row = match tensor.dims[..] {
        [] => numbers.len() == 1,
        [n] => usize::try_from(n) == Ok(numbers.len()),
        _ => false,
    };
    (whole && row).then(|| numbers.iter().map(|&b| i64::from_le_bytes(b)).collect())
}
