//! What this machine has for inference, and what each missing thing would enable.
//!
//! ```
//! for item in infer_trt::probe::all() {
//!     println!("{}: {}", item.name, item.status);
//! }
//! ```

use core::fmt;

use crate::native::Simd;
use crate::{library, ort_cpu};

/// One thing that a machine has or lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// What was looked for.
    pub name: &'static str,
    /// What was found.
    pub status: Status,
    /// What it makes possible.
    pub enables: &'static str,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is there: version, place, size.
    Present(String),
    /// It is not, or is of no use.
    Missing {
        /// What was tried and what happened.
        reason: String,
        /// What to install or set.
        remedy: String,
    },
}

impl Status {
    /// Whether it is there.
    pub fn is_present(&self) -> bool {
        matches!(self, Status::Present(_))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Present(what) => f.write_str(what),
            Status::Missing { reason, remedy } => write!(f, "missing: {reason}; {remedy}"),
        }
    }
}

/// Everything that is looked for: [`threads`], [`simd`], [`onnx_runtime`], [`cuda`], [`tensorrt`].
///
/// Loads the libraries that it finds; takes well under a second.
pub fn all() -> Vec<Item> {
    vec![threads(), simd(), onnx_runtime(), cuda(), tensorrt()]
}

/// Threads that a session uses when it is left the choice.
pub fn threads() -> Item {
    let status = match std::thread::available_parallelism() {
        Ok(n) => Status::Present(n.to_string()),
        Err(e) => Status::Missing {
            reason: format!("the system does not say how many ({e})"),
            remedy: "one is used unless SessionOptions::threads says otherwise".to_owned(),
        },
    };
    Item { name: "threads", status, enables: "large batches divided over threads" }
}

/// Vector instructions that the native engine uses.
pub fn simd() -> Item {
    Item {
        name: "SIMD",
        status: Status::Present(Simd::widest().to_string()),
        enables: "several rows at a time in the native engine",
    }
}

/// What one thread of this machine can do at most: additions and multiplications of `f32` in a
/// second, by fused multiply-adds of registers alone; measured in a tenth of a second.
///
/// It is what fractions of peak are fractions of. On a busy machine it may come out too low.
///
/// ```
/// assert!(infer_trt::probe::peak() > 1e8);
/// ```
pub fn peak() -> f64 {
    Simd::widest().peak(0.1)
}

/// The ONNX Runtime library; loads it.
pub fn onnx_runtime() -> Item {
    let status = match ort_cpu::load() {
        Ok(loaded) => Status::Present(format!("{} at {}", loaded.version, loaded.path.display())),
        Err(crate::InferError::Unavailable { reason, remedy, .. }) => Status::Missing { reason, remedy },
        Err(e) => Status::Missing { reason: e.to_string(), remedy: library::remedy() },
    };
    Item {
        name: "ONNX Runtime",
        status,
        enables: "provider `ort-cpu`: any ONNX graph, and an independent check of the native engine",
    }
}

/// The CUDA driver and its devices; starts the driver but no context.
pub fn cuda() -> Item {
    let status = match cuda_devices() {
        Ok(devices) => Status::Present(devices),
        Err((reason, remedy)) => Status::Missing { reason, remedy: remedy.to_owned() },
    };
    Item {
        name: "CUDA",
        status,
        enables: "computing on an NVIDIA GPU; no provider of this version does so yet",
    }
}

#[allow(unsafe_code, reason = "the CUDA driver is a C library loaded at run time")]
fn cuda_devices() -> Result<String, (String, &'static str)> {
    use cudarc::driver::{result, sys};

    const REMEDY: &str = "install NVIDIA's driver, and let a container see the device";
    // SAFETY: loads the system's driver library by name, if there is one, and calls nothing.
    if !unsafe { sys::is_culib_present() } {
        return Err(("no CUDA driver library (libcuda) on this machine".to_owned(), REMEDY));
    }
    let failed = |what: &str, e: result::DriverError| {
        (format!("the driver is there but {what} failed: {e:?}"), REMEDY)
    };
    result::init().map_err(|e| failed("starting it", e))?;
    let mut version = 0;
    // SAFETY: `version` outlives the call, and the driver was started.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }
        .result()
        .map_err(|e| failed("asking its version", e))?;
    let count = result::device::get_count().map_err(|e| failed("counting devices", e))?;
    if count == 0 {
        return Err(("the driver is there but sees no device".to_owned(), REMEDY));
    }
    let mut devices = Vec::new();
    for ordinal in 0..count {
        let device = result::device::get(ordinal).map_err(|e| failed("opening a device", e))?;
        let name = result::device::get_name(device).map_err(|e| failed("naming a device", e))?;
        // SAFETY: `device` comes from the driver, just above.
        let bytes = unsafe { result::device::total_mem(device) }
            .map_err(|e| failed("asking a device's memory", e))?;
        devices.push(format!("{name} ({:.1} GiB)", bytes as f64 / f64::from(1 << 30)));
    }
    Ok(format!("driver for CUDA {}.{}: {}", version / 1000, version % 1000 / 10, devices.join(", ")))
}

/// The TensorRT library, searched as the system searches libraries.
#[allow(unsafe_code, reason = "asking for a library loads it")]
pub fn tensorrt() -> Item {
    // The major version that the GPU build of the tested ONNX Runtime is linked with.
    let name = if cfg!(windows) { "nvinfer_10.dll" } else { "libnvinfer.so.10" };
    // SAFETY: the library's initialisers only register its own plugins and allocators, and nothing
    // in it is called.
    let status = match unsafe { libloading::Library::new(name) } {
        Ok(_) => Status::Present(format!("{name} loads")),
        Err(e) => Status::Missing {
            reason: format!("{name} does not load ({e})"),
            remedy: "install TensorRT 10 from NVIDIA and put its folder on the library path".to_owned(),
        },
    };
    Item {
        name: "TensorRT",
        status,
        enables: "engines compiled for an NVIDIA GPU; no provider of this version uses them yet",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_thing_has_a_reason_and_a_remedy() {
        let items = all();
        assert_eq!(items.len(), 5);
        for item in items {
            assert!(!item.enables.is_empty());
            match &item.status {
                Status::Present(what) => assert!(!what.is_empty(), "{}", item.name),
                Status::Missing { reason, remedy } => {
                    assert!(!reason.is_empty() && !remedy.is_empty(), "{}", item.name);
                }
            }
        }
    }

    #[test]
    fn threads_and_instructions_are_always_known() {
        assert!(threads().status.is_present());
        assert!(simd().status.is_present());
    }
}
