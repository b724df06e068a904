//! Every model of the registry as a kernel: C and CUDA text of loops over fixed and adaptive steps, and
//! what runs it on a device.

use infer_trt::InferError;
use infer_trt::cuda::{AdaptiveKernel, Columns, Device, Kernel, Real};
use ionic_models::models::{
    BeelerReuter1977, FitzHughNagumo, FitzHughNagumoPavia, HodgkinHuxley1952, LuoRudy1991, OHaraRudy2011,
    OHaraRudyCipa2017, ShermanRinzelKeizer1988, TenTusscherPanfilov2006, ToROrd2020,
};
use ionic_models::registry::Entry;
use ionic_models::{AnyCell, CellColumns, IonicModel};
use ode_solvers::tableau::RosenbrockTableau;
use ode_solvers::tape::{FixedStep, NotWritten, Precision, Source, Steps};

/// Calls a function of a model's type, with the entry and what else it takes; nothing for a model that
/// this list does not have.
macro_rules! of_model {
    ($function:ident($entry:expr $(, $more:expr)*)) => {
        of_model!(
            $function($entry $(, $more)*): FitzHughNagumo, FitzHughNagumoPavia, HodgkinHuxley1952,
            ShermanRinzelKeizer1988, LuoRudy1991, BeelerReuter1977, TenTusscherPanfilov2006, OHaraRudy2011,
            OHaraRudyCipa2017, ToROrd2020
        )
    };
    ($function:ident($entry:expr, $name:expr, $how:expr, $precision:expr): $($model:ident),*) => {
        match $entry {
            $(entry if is::<$model>(entry) => Some($function::<$model>(entry, $name, $how, $precision)),)*
            _ => None,
        }
    };
}

/// The function `name` for a model and the values of one variant; the stimulus is a number of each
/// cell's own, in the model's unit. Nothing for a model that this list does not have, or while this
/// thread writes down equations.
pub fn source(entry: &Entry, name: &str, step: FixedStep, precision: Precision) -> Option<Source> {
    of_model!(fixed(entry, name, step, precision)).flatten()
}

/// The function `name` that takes adaptive steps of a Rosenbrock method with a model and the values of
/// one variant. How strong pulses are, in the model's unit and sign, is a number of each cell's own.
/// Nothing for a model that this list does not have.
///
/// # Errors
/// As [`Source::adaptive`].
pub fn adaptive(
    entry: &Entry,
    name: &str,
    tableau: &RosenbrockTableau,
    precision: Precision,
) -> Option<Result<Source, NotWritten>> {
    of_model!(rosenbrock(entry, name, tableau, precision))
}

/// A text of fixed steps, in single precision, on a device.
///
/// # Errors
/// [`InferError::Option`] for another text, and those of [`Device::kernel`].
#[allow(unsafe_code, reason = "a text has to be vouched for")]
pub fn on_device(device: &Device, source: &Source) -> Result<Kernel, InferError> {
    let (text, columns) = compiled(source, (Steps::Fixed, Precision::Single))?;
    // SAFETY: `Source` alone writes its texts; this one is of fixed steps in single precision, and has
    // the columns that it says.
    unsafe { device.kernel(&text, source.name(), columns) }
}

/// A text of adaptive steps on a device. `R` is `f32` for a text in single precision and `f64` for one
/// in double.
///
/// # Errors
/// [`InferError::Option`] for another text, and those of [`Device::adaptive_kernel`].
#[allow(unsafe_code, reason = "a text has to be vouched for")]
pub fn adaptive_on_device<R: Real>(
    device: &Device,
    source: &Source,
) -> Result<AdaptiveKernel<R>, InferError> {
    let precision = if size_of::<R>() == 4 { Precision::Single } else { Precision::Double };
    let (text, columns) = compiled(source, (Steps::Adaptive, precision))?;
    // SAFETY: `Source` alone writes its texts; this one is of adaptive steps with numbers of this size,
    // and has the columns that it says. `Real` is `f32` or `f64`.
    unsafe { device.adaptive_kernel(&text, source.name(), columns) }
}

/// What is compiled for a source, and its columns.
fn compiled(source: &Source, wanted: (Steps, Precision)) -> Result<(String, Columns), InferError> {
    let found = (source.steps(), source.precision());
    if found != wanted {
        return Err(InferError::Option {
            option: "source",
            value: format!("{} ({found:?})", source.name()),
            reason: format!("this kernel takes a text of {wanted:?}"),
        });
    }
    let text = format!("{}{}", Source::prelude(found.1), source.text());
    Ok((text, Columns { states: source.states(), own: source.own() }))
}

/// Absolute tolerances that go with a relative one: a thousandth of it, of the width of each state's range.
pub(crate) fn absolute(entry: &Entry, rtol: f64) -> Vec<f64> {
    entry.states.iter().map(|state| 1e-3 * rtol * (state.range.1 - state.range.0)).collect()
}

/// Whether an entry is of a model: two models may share an identifier.
fn is<M: IonicModel>(entry: &Entry) -> bool {
    M::NAME == entry.id && M::VARIANTS.iter().any(|v| v.name == entry.variant)
}

fn values(entry: &Entry) -> Vec<Option<f64>> {
    entry.parameters.iter().map(|p| Some(p.value)).collect()
}

fn fixed<M: IonicModel>(entry: &Entry, name: &str, step: FixedStep, precision: Precision) -> Option<Source> {
    Source::new::<f64, CellColumns<M, f64>>(name, &values(entry), None, step, precision)
}

fn rosenbrock<M: IonicModel>(
    entry: &Entry,
    name: &str,
    tableau: &RosenbrockTableau,
    precision: Precision,
) -> Result<Source, NotWritten> {
    Source::adaptive::<f64, CellColumns<M, f64>>(name, &values(entry), None, tableau, precision)
}

/// The same loop on this machine, in double precision, for one cell: what a kernel is held against.
pub(crate) fn march(cell: &dyn AnyCell, step: FixedStep, dt: f64, steps: usize, y: &mut [f64]) {
    let (mut dy, mut b) = (vec![0.0; y.len()], vec![0.0; y.len()]);
    for _ in 0..steps {
        cell.rhs_and_rates(0.0, y, &mut dy, &mut b);
        for i in 0..y.len() {
            let relaxes = step == FixedStep::RushLarsen && b[i] != 0.0;
            y[i] += dy[i] * if relaxes { (b[i] * dt).exp_m1() / b[i] } else { dt };
        }
    }
}

#[cfg(test)]
mod tests;
