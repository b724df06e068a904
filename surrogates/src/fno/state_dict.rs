//! Parameters under the names that PyTorch's `state_dict` has for them in the publication's code.
//!
//! | name | shape | what |
//! |---|---|---|
//! | `p.mlp1.weight`, `p.mlp1.bias` | `[hidden, inputs]`, `[hidden]` | first map of the lifting |
//! | `p.mlp2.weight`, `p.mlp2.bias` | `[width, hidden]`, `[width]` | second map of the lifting |
//! | `integrals.L.weights` | `[in, out, modes]`, complex | spectral weights of layer L |
//! | `ws.L.weight`, `ws.L.bias` | `[out, in, 1]`, `[out]` | W of layer L |
//! | `mlps.L.mlp1.*`, `mlps.L.mlp2.*` | `[out, in, 1]`, `[out]` | M of layer L |
//! | `q.mlp1.*`, `q.mlp2.*` | as `p` | the projection |
//!
//! Complex numbers are written as F32 with a last dimension of 2 (`torch.view_as_complex` takes them), and
//! read so or as C64. Read as well are the layers' other names `convL.weights1`, `wL.*` and `mlpL.mlp1.*`, maps
//! with or without the last 1, and names with a prefix such as `_orig_mod.`, which compiled modules have.
//!
//! In the publication's code a network of the residual kind ends with the layer before its last: that one is
//! passed by. Here it is v + K v + W v, so [`import`] sets its weights to 0, which comes to the same.

use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use super::{FnoSpec, Variant};
use crate::sealed::{self, Column, Number as _};
use crate::{Activation, Dense, Error};

/// The names of a map: ours first.
fn names(spec: &FnoSpec) -> Vec<(Dense, Vec<String>, bool)> {
    let mut out = Vec::new();
    for (maps, name) in [(spec.lifting(), "p"), (spec.projection(), "q")] {
        for (k, map) in maps.into_iter().enumerate() {
            out.push((map, vec![format!("{name}.mlp{}", k + 1)], false));
        }
    }
    for l in 0..spec.layers {
        let layer = spec.layer(l);
        out.push((layer.pointwise, vec![format!("ws.{l}"), format!("w{l}")], true));
        for (k, map) in layer.mlp.into_iter().flatten().enumerate() {
            let k = k + 1;
            out.push((map, vec![format!("mlps.{l}.mlp{k}"), format!("mlp{l}.mlp{k}")], true));
        }
    }
    out
}

/// The tensors of all parameters.
pub(super) fn columns(spec: &FnoSpec, parameters: &[f32]) -> Vec<Column> {
    let mut out = Vec::new();
    for (map, names, convolution) in names(spec) {
        let (w, b) = map.split(parameters);
        let mut turned = vec![0.0; w.len()];
        crate::kernels::transpose(map.inputs, map.outputs, w, &mut turned);
        let mut shape = vec![map.outputs, map.inputs];
        shape.extend(convolution.then_some(1));
        out.push(sealed::column(format!("{}.weight", names[0]), shape, &turned));
        out.push(sealed::list(format!("{}.bias", names[0]), b));
    }
    let (w, m) = (spec.width, spec.modes);
    for l in 0..spec.layers {
        let from = &parameters[spec.layer(l).spectral];
        // From [mode][part][in·out] to [in·out][mode][part].
        let mut to = vec![0.0; from.len()];
        crate::kernels::transpose(2 * m, w * w, from, &mut to);
        out.push(sealed::column(format!("integrals.{l}.weights"), vec![w, w, m, 2], &to));
    }
    out
}

/// The first tensor of these names that is there.
fn find<'a>(
    file: &SafeTensors<'a>,
    names: &[String],
) -> Result<(String, safetensors::tensor::TensorView<'a>), String> {
    for name in names {
        if let Ok(tensor) = file.tensor(name) {
            return Ok((name.clone(), tensor));
        }
    }
    Err(format!("it has no tensor `{}`", names.join("` or `")))
}

/// The numbers of a tensor of one of these types and shapes.
fn take(
    file: &SafeTensors<'_>,
    names: &[String],
    accepted: &[(Dtype, Vec<usize>)],
) -> Result<Vec<f32>, String> {
    let (name, t) = find(file, names)?;
    if !accepted.iter().any(|(dtype, shape)| t.dtype() == *dtype && t.shape() == shape) {
        return Err(format!("`{name}` is {:?} {:?}, not one of {accepted:?}", t.dtype(), t.shape()));
    }
    Ok(f32::read(t.data()))
}

/// All parameters, in the order of [`FnoSpec`].
pub(super) fn read(file: &SafeTensors<'_>, spec: &FnoSpec, prefix: &str) -> Result<Vec<f32>, String> {
    // The header may claim anything: nothing is reserved that the file does not hold.
    let held: usize = file.iter().map(|(_, t)| t.data().len() / 4).sum();
    if held < spec.parameters() {
        return Err(format!("it holds {held} numbers, and {spec} has {}", spec.parameters()));
    }
    let mut parameters = vec![0.0; spec.parameters()];
    for (map, names, _) in names(spec) {
        let named = |part: &str| names.iter().map(|n| format!("{prefix}{n}.{part}")).collect::<Vec<_>>();
        let (o, i) = (map.outputs, map.inputs);
        let w = take(file, &named("weight"), &[(Dtype::F32, vec![o, i]), (Dtype::F32, vec![o, i, 1])])?;
        let b = take(file, &named("bias"), &[(Dtype::F32, vec![o])])?;
        let (to_w, to_b) = map.split_mut(&mut parameters);
        crate::kernels::transpose(o, i, &w, to_w);
        to_b.copy_from_slice(&b);
    }
    let (w, m) = (spec.width, spec.modes);
    for l in 0..spec.layers {
        let names = [format!("{prefix}integrals.{l}.weights"), format!("{prefix}conv{l}.weights1")];
        let accepted = [(Dtype::F32, vec![w, w, m, 2]), (Dtype::C64, vec![w, w, m])];
        let from = take(file, &names, &accepted)?;
        crate::kernels::transpose(w * w, 2 * m, &from, &mut parameters[spec.layer(l).spectral]);
    }
    Ok(parameters)
}

/// What a `state_dict` does not say about its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unwritten {
    /// σ.
    pub activation: Activation,
    /// Points of zeros on the right.
    pub padding: usize,
    /// Whether layers without M are of the residual kind.
    pub residual: bool,
}

/// Shape and parameters of a PyTorch `state_dict` that was converted to safetensors.
///
/// ```python
/// # How to convert one: complex tensors become pairs of real numbers.
/// from safetensors.torch import save_file
/// real = lambda t: torch.view_as_real(t) if t.is_complex() else t
/// save_file({k: real(v).contiguous() for k, v in net.state_dict().items()}, "weights.safetensors")
/// ```
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::BadCheckpoint`] naming the tensor that is missing or has
/// another shape than the rest.
pub fn import(path: &Path, unwritten: Unwritten) -> Result<(FnoSpec, Vec<f32>), Error> {
    sealed::read(path, |bytes| {
        let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        let all: Vec<String> = file.names().into_iter().map(ToString::to_string).collect();
        let end = "p.mlp1.weight";
        let first = all.iter().find(|name| name.ends_with(end));
        let prefix = first.map_or("", |name| &name[..name.len() - end.len()]);
        let shape = |names: &[&str], rank: usize| -> Result<Vec<usize>, String> {
            let names: Vec<_> = names.iter().map(|n| format!("{prefix}{n}")).collect();
            let (name, t) = find(&file, &names)?;
            match t.shape() {
                shape if shape.len() >= rank => Ok(shape.to_vec()),
                shape => Err(format!("`{name}` is {shape:?}: it has fewer than {rank} dimensions")),
            }
        };
        let (lifting, projection) = (shape(&["p.mlp1.weight"], 2)?, shape(&["q.mlp2.weight"], 2)?);
        let spectral = shape(&["integrals.0.weights", "conv0.weights1"], 3)?;
        let layer = |l: usize| {
            let has = |name: String| all.contains(&name);
            has(format!("{prefix}integrals.{l}.weights")) || has(format!("{prefix}conv{l}.weights1"))
        };
        let mlp = shape(&["mlps.0.mlp1.weight", "mlp0.mlp1.weight"], 2).is_ok();
        let spec = FnoSpec {
            inputs: lifting[1],
            outputs: projection[0],
            width: spectral[0],
            modes: spectral[2],
            layers: (0..).take_while(|l| layer(*l)).count(),
            padding: unwritten.padding,
            hidden: lifting[0],
            variant: match (mlp, unwritten.residual) {
                (true, _) => Variant::Mlp,
                (false, true) => Variant::Residual,
                (false, false) => Variant::Classic,
            },
            activation: unwritten.activation,
        };
        spec.check().map_err(|e| e.to_string())?;
        let mut parameters = read(&file, &spec, prefix)?;
        if spec.variant == Variant::Residual {
            pass_by_last_layer(&spec, &mut parameters);
        }
        Ok((spec, parameters))
    })
}

/// Makes the last layer v + 0.
fn pass_by_last_layer(spec: &FnoSpec, parameters: &mut [f32]) {
    let Some(last) = spec.layers.checked_sub(1).map(|l| spec.layer(l)) else { return };
    let (w, b) = last.pointwise.split_mut(parameters);
    w.fill(0.0);
    b.fill(0.0);
    parameters[last.spectral].fill(0.0);
}
