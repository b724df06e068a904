//! Any model of the registry as a C library: `cargo xtask export-library`. The interface is
//! described in `ionic_model.h` beside this file.
//!
//! One library holds all models: they share the solvers' view `dyn AnyCell`, so that what a C
//! program integrates is bit for bit what `solve` integrates.
#![allow(unsafe_code, reason = "a C interface: pointers and exported names")]

use std::ffi::{CStr, CString, c_char, c_double, c_int};
use std::ptr::null;
use std::sync::{Mutex, OnceLock, PoisonError};

use ionic_models::{AnyCell, Stimulus, registry};
use ode_solvers::sparse::{Compression, Depends, SparsityPattern};
use ode_solvers::tape::Planned;

/// A model that has been chosen.
struct Model {
    name: CString,
    state_names: Vec<CString>,
    amplitude: f64,
    /// Without and with the stimulus.
    off: Box<dyn AnyCell>,
    on: Box<dyn AnyCell>,
    plan: Compression,
    /// The Jacobian without and with the stimulus, as our own solvers compute it.
    jacobians: [Mutex<Planned<f64>>; 2],
    /// Where each value of the plan lies among the compressed columns.
    place: Vec<usize>,
    colptr: Vec<c_int>,
    rowind: Vec<c_int>,
    structural: c_int,
}

impl Model {
    /// The model called `id` or `id/variant`.
    fn new(name: &str, amplitude: Option<f64>) -> Result<Self, Box<dyn std::error::Error>> {
        let (id, variant) = name.split_once('/').map_or((name, None), |(id, variant)| (id, Some(variant)));
        let entry = registry::find(id, variant.filter(|v| !v.is_empty()))?;
        let off = entry.cell();
        let published = entry.stimulus.pacing.map_or(0.0, |pacing| pacing.amplitude);
        let amplitude = amplitude.unwrap_or(published);
        let on = with_stimulus(&*off, amplitude)?;

        let mut rows = vec![Depends::default(); off.dim()];
        off.sparsity(0.0, &mut rows);
        let structural = rows.iter().map(|row| row.count()).sum::<usize>();
        let entries = rows.iter().enumerate().flat_map(|(i, row)| row.states().map(move |j| (i, j)));
        let plan = Compression::new(&SparsityPattern::from_entries(off.dim(), entries)?);
        let mut columns: Vec<(usize, usize, usize)> =
            plan.entries().enumerate().map(|(k, (i, j))| (j, i, k)).collect();
        columns.sort_unstable();
        let mut place = vec![0; columns.len()];
        for (at, &(_, _, k)) in columns.iter().enumerate() {
            place[k] = at;
        }
        let jacobian = |cell: &dyn AnyCell| Mutex::new(Planned::new(cell, 0.0, &plan));
        Ok(Self {
            jacobians: [jacobian(&*off), jacobian(&*on)],
            name: CString::new([entry.id, entry.variant].join("/").trim_end_matches('/'))?,
            state_names: entry.states.iter().map(|s| CString::new(s.name)).collect::<Result<_, _>>()?,
            amplitude,
            colptr: (0..=off.dim()).map(|j| columns.partition_point(|c| c.0 < j) as c_int).collect(),
            rowind: columns.iter().map(|&(_, i, _)| i as c_int).collect(),
            structural: structural as c_int,
            off,
            on,
            plan,
            place,
        })
    }

    fn state(&self, name: &CStr) -> Option<usize> {
        self.state_names.iter().position(|s| s.as_c_str() == name)
    }

    /// Calls `f` with the cell whose stimulus is `pace` times the amplitude.
    fn at<R>(&self, pace: f64, f: impl FnOnce(&dyn AnyCell) -> R) -> R {
        if pace == 0.0 {
            f(&*self.off)
        } else if pace == 1.0 {
            f(&*self.on)
        } else {
            // Seldom: a stimulus that is no pulse. One that is not finite was answered before.
            match with_stimulus(&*self.off, self.amplitude * pace) {
                Ok(cell) => f(&*cell),
                Err(_) => f(&*self.off),
            }
        }
    }

    fn entries(&self, t: f64, y: &[f64], pace: f64) -> Vec<f64> {
        let mut values = vec![0.0; self.place.len()];
        if !(self.amplitude * pace).is_finite() {
            values.fill(f64::NAN);
            return values;
        }
        let (known, cell) = match pace {
            0.0 => (&self.jacobians[0], &self.off),
            1.0 => (&self.jacobians[1], &self.on),
            _ => {
                self.at(pace, |cell| cell.jacobian_entries(t, y, &self.plan, &mut values));
                return values;
            }
        };
        // What a panic left behind is numbers that the next call overwrites.
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entries(&**cell, t, y, &self.plan, &mut values);
        values
    }
}

fn with_stimulus(cell: &dyn AnyCell, value: f64) -> Result<Box<dyn AnyCell>, ionic_models::Error> {
    let mut cell = cell.boxed_clone();
    cell.set_stimulus(Stimulus::constant(value)?);
    Ok(cell)
}

static MODEL: OnceLock<Option<Model>> = OnceLock::new();

fn choose(name: &str, amplitude: Option<f64>) -> Option<Model> {
    match Model::new(name, amplitude) {
        Ok(model) => Some(model),
        Err(error) => {
            eprintln!("ionic_model: {error}");
            None
        }
    }
}

/// The model that has been chosen, or that the environment names.
fn model() -> Option<&'static Model> {
    MODEL
        .get_or_init(|| {
            let Ok(name) = std::env::var("IONIC_MODEL") else {
                eprintln!("ionic_model: set IONIC_MODEL, for example to ohara_rudy_2011/endo");
                return None;
            };
            let amplitude = match std::env::var("IONIC_AMPLITUDE") {
                Ok(text) => match text.trim().parse() {
                    Ok(amplitude) => Some(amplitude),
                    Err(_) => {
                        eprintln!("ionic_model: IONIC_AMPLITUDE `{text}` is not a number");
                        return None;
                    }
                },
                Err(_) => None,
            };
            choose(&name, amplitude)
        })
        .as_ref()
}

/// # Safety
/// `name` is a C string.
#[unsafe(no_mangle)]
unsafe extern "C" fn model_select(name: *const c_char, amplitude: c_double) -> c_int {
    if name.is_null() {
        return -1;
    }
    // SAFETY: not null, and the caller passes a C string.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    let chosen = choose(&name, (!amplitude.is_nan()).then_some(amplitude));
    if chosen.is_some() && MODEL.set(chosen).is_ok() { 0 } else { -1 }
}

#[unsafe(no_mangle)]
extern "C" fn model_name() -> *const c_char {
    model().map_or(null(), |m| m.name.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn model_state_name(i: c_int) -> *const c_char {
    let name = model().and_then(|m| m.state_names.get(usize::try_from(i).ok()?));
    name.map_or(null(), |s| s.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn model_n() -> c_int {
    model().map_or(-1, |m| m.state_names.len() as c_int)
}

#[unsafe(no_mangle)]
extern "C" fn model_v() -> c_int {
    // Every model begins with its potential, whatever it is called.
    model().map_or(-1, |m| m.state(c"V").unwrap_or(0) as c_int)
}

#[unsafe(no_mangle)]
extern "C" fn model_cai() -> c_int {
    model().and_then(|m| m.state(c"Ca_i")).map_or(-1, |i| i as c_int)
}

/// # Safety
/// `y` has room for `model_n()` numbers.
#[unsafe(no_mangle)]
unsafe extern "C" fn model_y0(y: *mut c_double) {
    let Some(m) = model() else { return };
    let y0 = m.off.initial_state();
    // SAFETY: the caller's buffer holds as many numbers as the model has states.
    unsafe { std::slice::from_raw_parts_mut(y, y0.len()) }.copy_from_slice(y0);
}

/// # Safety
/// `y` holds `model_n()` numbers, `dy` has room for as many, and they do not overlap.
#[unsafe(no_mangle)]
unsafe extern "C" fn model_rhs(t: c_double, y: *const c_double, dy: *mut c_double, pace: c_double) {
    let Some(m) = model() else { return };
    let n = m.state_names.len();
    // SAFETY: the caller's buffers hold as many numbers as the model has states, apart.
    let (y, dy) = unsafe { (std::slice::from_raw_parts(y, n), std::slice::from_raw_parts_mut(dy, n)) };
    if (m.amplitude * pace).is_finite() {
        m.at(pace, |cell| cell.rhs(t, y, dy));
    } else {
        dy.fill(f64::NAN);
    }
}

/// # Safety
/// As `model_rhs`; `pace` points to a number.
#[unsafe(no_mangle)]
unsafe extern "C" fn model_rhs_data(t: c_double, y: *mut c_double, dy: *mut c_double, pace: *mut c_double) {
    // SAFETY: what the caller promises.
    unsafe { model_rhs(t, y, dy, *pace) };
}

/// # Safety
/// `y` holds `model_n()` numbers, `jac` has room for their square, and they do not overlap.
#[unsafe(no_mangle)]
unsafe extern "C" fn model_jac(t: c_double, y: *const c_double, jac: *mut c_double, pace: c_double) {
    let Some(m) = model() else { return };
    let n = m.state_names.len();
    // SAFETY: the caller's buffers have these lengths, apart.
    let (y, jac) = unsafe { (std::slice::from_raw_parts(y, n), std::slice::from_raw_parts_mut(jac, n * n)) };
    jac.fill(0.0);
    for ((i, j), value) in m.plan.entries().zip(m.entries(t, y, pace)) {
        jac[i + j * n] = value;
    }
}

/// # Safety
/// `y` holds `model_n()` numbers, `values` has room for `model_csc_nnz()`, and they do not overlap.
#[unsafe(no_mangle)]
unsafe extern "C" fn model_jac_csc(t: c_double, y: *const c_double, values: *mut c_double, pace: c_double) {
    let Some(m) = model() else { return };
    let (n, nnz) = (m.state_names.len(), m.place.len());
    // SAFETY: the caller's buffers have these lengths, apart.
    let (y, out) = unsafe { (std::slice::from_raw_parts(y, n), std::slice::from_raw_parts_mut(values, nnz)) };
    for (&at, value) in m.place.iter().zip(m.entries(t, y, pace)) {
        out[at] = value;
    }
}

#[unsafe(no_mangle)]
extern "C" fn model_csc_nnz() -> c_int {
    model().map_or(-1, |m| m.rowind.len() as c_int)
}

#[unsafe(no_mangle)]
extern "C" fn model_nnz() -> c_int {
    model().map_or(-1, |m| m.structural)
}

#[unsafe(no_mangle)]
extern "C" fn model_csc_colptr() -> *const c_int {
    model().map_or(null(), |m| m.colptr.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn model_csc_rowind() -> *const c_int {
    model().map_or(null(), |m| m.rowind.as_ptr())
}
