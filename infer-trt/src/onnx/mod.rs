//! Reading ONNX files: every check that does not depend on the provider.

mod census;
mod constants;
pub(crate) mod proto;
mod tensor;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use prost::Message;
use prost::bytes::Bytes;
use sha2::{Digest, Sha256};

use self::proto::{Dimension, GraphProto, ModelProto, ValueInfoProto};
use crate::{InferError, ModelInfo};

pub(crate) use self::tensor::{Constant, whole_numbers};

/// File format versions that are read: 3 is the first with operator sets, 13 the newest known.
const IR_VERSIONS: std::ops::RangeInclusive<i64> = 3..=13;
/// Versions of the default operator set that are read: 7 is the first with today's broadcasting.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=26;
/// Widest row, inside a network too: far above any network here, far below what fills memory.
pub(crate) const MAX_WIDTH: usize = 1 << 16;
/// Dimensions of a row.
const MAX_ROW_DIMENSIONS: usize = 3;
/// Values of a row, inside a network too.
pub(crate) const MAX_ROW: usize = 1 << 22;

/// A model file that was read whole and passed the checks.
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Bytes,
    pub(crate) graph: GraphProto,
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) info: ModelInfo,
}

impl File {
    /// Reads and checks `path`.
    pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Self, InferError> {
        let io = |source| InferError::Io { path: path.to_owned(), source };
        let too_large = |bytes| InferError::TooLarge { path: path.to_owned(), bytes, limit: max_bytes };
        let file = fs::File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length > max_bytes {
            return Err(too_large(length));
        }
        // A file may grow, or be a pipe: never read more than the limit.
        let mut bytes = Vec::new();
        file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > max_bytes {
            return Err(too_large(bytes.len() as u64));
        }
        Self::parse(path, bytes.into())
    }

    /// Checks the contents of a file.
    pub(crate) fn parse(path: &Path, bytes: Bytes) -> Result<Self, InferError> {
        let malformed = |reason: String| InferError::Malformed { path: path.to_owned(), reason };
        let refused = |reason: String| InferError::Refused { path: path.to_owned(), reason };
        if bytes.is_empty() {
            return Err(malformed("the file is empty".to_owned()));
        }
        census::check(&bytes).map_err(&refused)?;
        let model = ModelProto::decode(bytes.clone()).map_err(|e| {
            malformed(format!("decoding its {} bytes failed ({e}): cut short or damaged", bytes.len()))
        })?;
        if !IR_VERSIONS.contains(&model.ir_version) {
            return Err(refused(format!(
                "IR version {} is outside {} to {}; export it with a current exporter",
                model.ir_version,
                IR_VERSIONS.start(),
                IR_VERSIONS.end()
            )));
        }
        let Some(graph) = model.graph else {
            return Err(malformed("it holds no graph: cut short or damaged".to_owned()));
        };
        let mut default_sets =
            model.opset_import.iter().filter(|o| o.domain.is_empty() || o.domain == "ai.onnx");
        let opset = match (default_sets.next(), default_sets.next()) {
            (Some(set), None) => set.version,
            (None, _) => {
                return Err(malformed(
                    "it declares no default operator set: cut short or damaged".to_owned(),
                ));
            }
            (Some(_), Some(_)) => {
                return Err(malformed("it declares two default operator sets".to_owned()));
            }
        };
        if !OPSETS.contains(&opset) {
            return Err(refused(format!(
                "operator set {opset} is outside {} to {}; export it with operator set 17",
                OPSETS.start(),
                OPSETS.end()
            )));
        }
        constants::check(&graph).map_err(&refused)?;
        for function in &model.functions {
            constants::check_function(&function.node).map_err(&refused)?;
        }
        for tensor in graph.initializer.iter().filter(|t| t.data_type == proto::FLOAT) {
            Constant::read(tensor).map_err(&malformed)?;
        }

        // Before IR version 4, constants were listed among the inputs too.
        let is_constant = |name: &str| graph.initializer.iter().any(|t| t.name == name);
        let inputs: Vec<_> = graph.input.iter().filter(|v| !is_constant(&v.name)).collect();
        let [input] = inputs[..] else {
            return Err(refused(format!("it has {} inputs; exactly one is served", inputs.len())));
        };
        let [output] = &graph.output[..] else {
            return Err(refused(format!("it has {} outputs; exactly one is served", graph.output.len())));
        };
        let input_shape = row_shape(input, "input").map_err(&refused)?;
        let output_shape = row_shape(output, "output").map_err(&refused)?;
        let mut metadata = BTreeMap::new();
        for entry in model.metadata_props {
            metadata.insert(entry.key, entry.value);
        }
        let info = ModelInfo {
            n_inputs: input_shape.iter().product(),
            n_outputs: output_shape.iter().product(),
            input_shape,
            output_shape,
            opset,
            ir_version: model.ir_version,
            sha256: hex(&Sha256::digest(&bytes)),
            metadata,
        };
        let (input, output) = (input.name.clone(), output.name.clone());
        Ok(Self { path: path.to_owned(), bytes, graph, input, output, info })
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The shape of a row of an input or output, which must be a float32 `[batch, …]` with any batch.
fn row_shape(value: &ValueInfoProto, what: &str) -> Result<Vec<usize>, String> {
    let name = &value.name;
    let tensor = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    let Some(tensor) = tensor else {
        return Err(format!("{what} `{name}` is not a tensor"));
    };
    if tensor.elem_type != proto::FLOAT {
        return Err(format!(
            "{what} `{name}` has element type {}, not float32 (1); export it in single precision",
            tensor.elem_type
        ));
    }
    let dims = tensor.shape.as_ref().map_or(&[][..], |s| &s.dim);
    let [batch, row @ ..] = dims else {
        return Err(format!("{what} `{name}` has no dimensions; export it as [batch, columns]"));
    };
    if !(1..=MAX_ROW_DIMENSIONS).contains(&row.len()) {
        return Err(format!(
            "{what} `{name}` has {} dimensions; 2 to {} are served, the batch among them",
            dims.len(),
            MAX_ROW_DIMENSIONS + 1
        ));
    }
    if let Some(Dimension::Value(n)) = batch.value {
        return Err(format!(
            "{what} `{name}` has a fixed batch of {n}; export it with a dynamic first dimension"
        ));
    }
    let mut shape = Vec::with_capacity(row.len());
    for (k, dimension) in row.iter().enumerate() {
        match dimension.value {
            Some(Dimension::Value(n)) if n >= 1 && n <= MAX_WIDTH as i64 => shape.push(n as usize),
            Some(Dimension::Value(n)) => {
                return Err(format!("{what} `{name}` has {n} columns; 1 to {MAX_WIDTH} are served"));
            }
            _ => {
                return Err(format!(
                    "{what} `{name}` has no fixed number of columns; export it with a static dimension {}",
                    k + 2
                ));
            }
        }
    }
    // No overflow: at most three numbers of at most 2¹⁶.
    let values: u64 = shape.iter().map(|n| *n as u64).product();
    if values > MAX_ROW as u64 {
        return Err(format!("{what} `{name}` has {values} values a row; up to {MAX_ROW} are served"));
    }
    Ok(shape)
}
