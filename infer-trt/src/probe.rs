//! What this machine has for inference, and what each missing thing would enable.
//!
//! ```
//! for item in infer_trt::probe::all() {
//!     println!("{}: {}", item.name, item.status);
//! }
//! ```

use core::fmt;

use crate::cuda::{driver, nvrtc};
use crate::native::{Simd, Unit};
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

/// Everything that is looked for: [`threads`], [`simd`], [`bf16`], [`onnx_runtime`], [`cuda`],
/// [`nvrtc`], [`tensorrt`].
///
/// Loads the libraries that it finds; takes well under a second.
pub fn all() -> Vec<Item> {
    vec![threads(), simd(), bf16(), onnx_runtime(), cuda(), nvrtc(), tensorrt()]
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

/// The processor's instruction for products of 16-bit numbers.
pub fn bf16() -> Item {
    let status = match Unit::of_processor() {
        Ok(_) => Status::Present("AVX512-BF16, 32 products at a time".to_owned()),
        Err(reason) => Status::Missing { reason, remedy: Unit::REMEDY.to_owned() },
    };
    Item {
        name: "bf16",
        status,
        enables: "provider `native-bf16`: products of 16-bit numbers, to two digits",
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
        Err(driver::Missing { reason, remedy }) => Status::Missing { reason, remedy: remedy.to_owned() },
    };
    Item {
        name: "CUDA",
        status,
        enables: "providers `ort-cuda`, `tensorrt` and `fused-cuda`, and numerical solvers on an NVIDIA GPU",
    }
}

fn cuda_devices() -> Result<String, driver::Missing> {
    let driver = driver::find()?;
    let device = |d: &driver::Found| {
        let (major, minor) = d.capability;
        format!(
            "{} ({:.1} GiB, compute capability {major}.{minor})",
            d.name,
            d.bytes as f64 / f64::from(1 << 30)
        )
    };
    let devices: Vec<String> = driver.devices.iter().map(device).collect();
    Ok(format!("driver for CUDA {}: {}", driver.version, devices.join(", ")))
}

/// NVIDIA's compiler of kernels; loads it.
pub fn nvrtc() -> Item {
    let status = match nvrtc::load() {
        Ok(version) => Status::Present(format!("for CUDA {version}")),
        Err(reason) => Status::Missing { reason, remedy: nvrtc::remedy() },
    };
    Item { name: "NVRTC", status, enables: "kernels of this workspace, compiled for the GPU that is there" }
}

/// The TensorRT library, searched as the system searches libraries.
#[allow(unsafe_code, reason = "asking for a library loads it")]
pub fn tensorrt() -> Item {
    // The major version that the GPU build of the tested ONNX Runtime is linked with.
    let name = if cfg!(windows) { "nvinfer_10.dll" } else { "libnvinfer.so.10" };
    // SAFETY: the library's initialisers only register its own plugins and allocators.
    let status = match unsafe { libloading::Library::new(name) } {
        Ok(library) => {
            // SAFETY: the function is part of TensorRT's C interface, with this type in every version.
            let version = unsafe { library.get::<unsafe extern "C" fn() -> i32>(b"getInferLibVersion\0") };
            // SAFETY: it takes nothing and returns a number.
            let version = version.map(|version| unsafe { version() });
            Status::Present(match version {
                Ok(v) => format!("{name}, version {v}"),
                Err(_) => format!("{name}, of unknown version"),
            })
        }
        Err(e) => Status::Missing {
            reason: format!("{name} does not load ({e})"),
            remedy: "install TensorRT 10 from NVIDIA and put its folder on the library path".to_owned(),
        },
    };
    Item { name: "TensorRT", status, enables: "provider `tensorrt`: engines compiled for an NVIDIA GPU" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_thing_has_a_reason_and_a_remedy() {
        let items = all();
        assert_eq!(items.len(), 7);
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
