//! Kernels on an NVIDIA GPU: compiled at run time, so that the same program builds and runs without
//! CUDA.
//!
//! A kernel is text. That of a network comes from its ONNX file ([`network_source`]); that of a
//! numerical solver from whoever writes it, who vouches for what it does with memory:
//! [`Device::kernel`] takes functions of the signature
//!
//! ```text
//! extern "C" __global__ void NAME(long long n, long long steps, float dt, const float *each, float *y);
//! ```
//!
//! where `y` has the states of `n` members column by column, and `each` what members have of their
//! own. [`Device::adaptive_kernel`] takes those with adaptive steps, in `float` or `double` (`REAL`):
//!
//! ```text
//! extern "C" __global__ void NAME(long long n, long long stretches, const double *edges,
//!     const REAL *levels, REAL rtol, const REAL *atol, int most, const REAL *each, REAL *y,
//!     double *reached, int *report);
//! ```
//!
//! with `stretches + 1` edges, and three columns of reports: how each member ended, its steps, and the
//! tries that were thrown away. [`compile`] needs NVIDIA's run-time compiler alone, no driver and no device.

mod adaptive;
pub(crate) mod driver;
mod network;
pub(crate) mod nvrtc;
mod registers;
pub(crate) mod session;
mod tensor;
mod text;

use std::path::Path;
use std::sync::Arc;

use cudarc::driver::{
    CudaContext, CudaEvent, CudaFunction, CudaStream, DriverError, LaunchConfig, PushKernelArg as _, sys,
};

use crate::{InferError, Provider, native, onnx};

pub use adaptive::{AdaptiveKernel, Course, Ending, Integrated, Member, Real};
pub use network::Network;
pub use text::Way;

/// Threads of a block.
const BLOCK: u32 = 256;

/// The CUDA C++ text of a network: a kernel that takes rows through all layers, in one way or the
/// other.
///
/// ```
/// use infer_trt::cuda::{Way, network_source};
///
/// let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/larger.onnx");
/// let text = network_source(file, Way::Registers, 1 << 20)?;
/// assert!(text.contains("KERNEL network(long long rows, const float *x, float *y)"));
/// # Ok::<(), infer_trt::InferError>(())
/// ```
///
/// # Errors
/// A file that cannot be read, is damaged, larger than `max_file_bytes` or refused, and networks that
/// the kernel cannot hold: see [`InferError`].
pub fn network_source(path: impl AsRef<Path>, way: Way, max_file_bytes: u64) -> Result<String, InferError> {
    let file = onnx::File::read(path.as_ref(), max_file_bytes)?;
    let text = text::Text::new(&native::compile(&file, &Provider::FusedCuda)?, way);
    Ok(text.map_err(|reason| text::refused(&file, reason))?.source)
}

/// Compiles CUDA C++ text to PTX for devices of compute capability `major.minor` and newer ones.
/// Quotients of `float` are within two units of the last place.
///
/// # Errors
/// [`InferError::Unavailable`] without NVIDIA's run-time compiler, [`InferError::Cuda`] with what it
/// says about the text.
pub fn compile(source: &str, major: i32, minor: i32) -> Result<String, InferError> {
    Ok(nvrtc::compile(source, (major, minor))?.to_src())
}

/// A GPU.
pub struct Device {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    found: driver::Found,
    driver: driver::Version,
}

impl Device {
    /// Opens the device of a number, from 0.
    ///
    /// # Errors
    /// [`InferError::Unavailable`] without device or driver and for a driver that is too old,
    /// [`InferError::Option`] for a number that no device has, [`InferError::Cuda`] with what the driver says.
    pub fn open(ordinal: usize) -> Result<Self, InferError> {
        let (driver, found) = driver::device(&Provider::FusedCuda, ordinal)?;
        let context = CudaContext::new(ordinal).map_err(failed("open the device"))?;
        let stream = context.new_stream().map_err(failed("open a stream"))?;
        Ok(Self { context, stream, found, driver: driver.version })
    }

    /// The device's name, compute capability and driver, as reports have it.
    pub fn description(&self) -> String {
        let (major, minor) = self.found.capability;
        format!("{}, compute capability {major}.{minor}, driver for CUDA {}", self.found.name, self.driver)
    }

    /// Single-precision additions and multiplications that the device can do in a second: two for
    /// each core and cycle at its highest clock.
    ///
    /// # Errors
    /// [`InferError::Cuda`] with what the driver says.
    pub fn peak(&self) -> Result<f64, InferError> {
        use sys::CUdevice_attribute_enum as Attribute;
        let ask = |a| self.context.attribute(a).map(f64::from).map_err(failed("ask the device"));
        let units = ask(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
        let kilohertz = ask(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE)?;
        // Cores of a multiprocessor for single precision: CUDA C++ programming guide, table of
        // arithmetic throughput. 8.0 and 7.x have 64, 6.0 has 64, all others since 5.0 have 128.
        let cores = match self.found.capability {
            (8, 0) | (7, _) | (6, 0) => 64.0,
            _ => 128.0,
        };
        Ok(2.0 * cores * units * kilohertz * 1e3)
    }

    /// Bytes that the device reads and writes in a second while it copies within its memory: the best
    /// of ten copies of 256 MiB.
    ///
    /// # Errors
    /// [`InferError::Cuda`] with what the driver says, as when there is no room.
    pub fn bandwidth(&self) -> Result<f64, InferError> {
        const BYTES: usize = 256 << 20;
        let take = || self.stream.alloc_zeros::<u8>(BYTES).map_err(failed("take memory of the device"));
        let (from, mut to) = (take()?, take()?);
        let mut best = f64::INFINITY;
        for _ in 0..10 {
            let begin = now(&self.stream)?;
            self.stream.memcpy_dtod(&from, &mut to).map_err(failed("copy within the device"))?;
            let ms = begin.elapsed_ms(&now(&self.stream)?).map_err(failed("take the time"))?;
            best = best.min(f64::from(ms) * 1e-3);
        }
        Ok(2.0 * BYTES as f64 / best)
    }

    /// Compiles a text and takes the kernel `name`, which takes fixed steps, from it.
    ///
    /// # Safety
    /// The kernel has the first signature of the [module](self). For any number of threads and whatever
    /// numbers the arrays hold, it reads no more of `each` than the `n` numbers of each of `columns.own`
    /// columns, and reads and writes nothing but the `columns.states` columns of `y`. What
    /// `ode_solvers::tape::Source::new` writes is such a kernel, with the columns that it says.
    ///
    /// # Errors
    /// [`InferError::Unavailable`] without NVIDIA's run-time compiler or for one that is newer than the
    /// driver, [`InferError::Cuda`] with what compiler or driver say.
    #[allow(unsafe_code, reason = "nothing can tell what a text does with the pointers that it is given")]
    pub unsafe fn kernel(&self, source: &str, name: &str, columns: Columns) -> Result<Kernel, InferError> {
        self.load(source, name, columns)
    }

    /// Compiles a text and takes the kernel `name`, which takes adaptive steps, from it.
    ///
    /// # Safety
    /// The kernel has the second signature of the [module](self), with `R` for `REAL`. For any number of
    /// threads and whatever numbers the arrays hold, it reads `stretches + 1` edges, `stretches` levels,
    /// a tolerance for each of `columns.states`, and of `each` no more than the `n` numbers of each of
    /// `columns.own` columns; it reads and writes the `columns.states` columns of `y`, and writes one
    /// column of `reached`, three of `report` and nothing else. What `ode_solvers::tape::Source::adaptive`
    /// writes is such a kernel, with the columns and the precision that it says.
    ///
    /// # Errors
    /// As [`kernel`](Self::kernel).
    #[allow(unsafe_code, reason = "nothing can tell what a text does with the pointers that it is given")]
    pub unsafe fn adaptive_kernel<R: Real>(
        &self,
        source: &str,
        name: &str,
        columns: Columns,
    ) -> Result<AdaptiveKernel<R>, InferError> {
        Ok(AdaptiveKernel::of(self.load(source, name, columns)?))
    }

    fn load(&self, source: &str, name: &str, columns: Columns) -> Result<Kernel, InferError> {
        Ok(Kernel { function: self.function(source, name)?, stream: self.stream.clone(), columns })
    }

    fn function(&self, source: &str, name: &str) -> Result<CudaFunction, InferError> {
        nvrtc::for_driver(self.driver)?;
        let ptx = nvrtc::compile(source, self.found.capability)?;
        let module = self.context.load_module(ptx).map_err(failed("load a kernel"))?;
        module.load_function(name).map_err(failed("find the kernel in its module"))
    }
}

/// The columns of numbers that the members of a kernel have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Columns {
    /// States.
    pub states: usize,
    /// Numbers of each member's own.
    pub own: usize,
}

/// A kernel that takes fixed steps, compiled and loaded.
pub struct Kernel {
    function: CudaFunction,
    stream: Arc<CudaStream>,
    columns: Columns,
}

/// What a thread of a kernel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resources {
    /// Registers, of 255 that it can have.
    pub registers: usize,
    /// Bytes of the device's memory for what has no register.
    pub local_bytes: usize,
}

impl Kernel {
    /// What a thread takes.
    ///
    /// # Errors
    /// [`InferError::Cuda`] with what the driver says.
    pub fn resources(&self) -> Result<Resources, InferError> {
        let count = |n: Result<i32, DriverError>| {
            n.map(|n| n.unsigned_abs() as usize).map_err(failed("ask for a kernel's registers"))
        };
        let function = &self.function;
        let local_bytes = count(function.local_size_bytes())?;
        Ok(Resources { registers: count(function.num_regs())?, local_bytes })
    }

    /// Takes `steps` steps with members whose states are in `y`, column by column, and whose own
    /// numbers are in `each`; see the [module](self). Returns the seconds that the kernel took, without
    /// copies.
    ///
    /// # Errors
    /// [`InferError::OutputLength`] if `y` is no whole number of members with all states,
    /// [`InferError::InputLength`] if `each` is not as long as their own columns, [`InferError::Cuda`].
    #[allow(unsafe_code, reason = "a kernel is started with pointers")]
    pub fn march(&self, steps: u64, dt: f32, each: &[f32], y: &mut [f32]) -> Result<f64, InferError> {
        let members = self.columns.members(each.len(), y.len())?;
        if members == 0 {
            return Ok(0.0);
        }
        let stream = &self.stream;
        // A column of nothing has an address too.
        let each = stream.clone_htod(if each.is_empty() { &[0.0][..] } else { each });
        let each = each.map_err(failed("copy to the device"))?;
        let mut state = stream.clone_htod(y).map_err(failed("copy to the device"))?;
        let (n, steps) = (members as i64, steps as i64);
        let begin = now(stream)?;
        let mut launch = stream.launch_builder(&self.function);
        launch.arg(&n).arg(&steps).arg(&dt).arg(&each).arg(&mut state);
        // SAFETY: whoever made the kernel vouched for its signature and columns; the arguments have its
        // types, and both arrays were just held against the columns.
        unsafe { launch.launch(grid(members)) }.map_err(failed("start a kernel"))?;
        let end = now(stream)?;
        stream.memcpy_dtoh(&state, y).map_err(failed("copy from the device"))?;
        stream.synchronize().map_err(failed("run a kernel"))?;
        let ms = begin.elapsed_ms(&end).map_err(failed("take the time"))?;
        Ok(f64::from(ms) * 1e-3)
    }
}

impl Columns {
    /// The number of members for which so many numbers are columns.
    fn members(self, each: usize, y: usize) -> Result<usize, InferError> {
        let Self { states, own } = self;
        let members = y / states.max(1);
        if states == 0 || !y.is_multiple_of(states) {
            return Err(InferError::OutputLength { len: y, rows: members, n_outputs: states });
        }
        if own.checked_mul(members) != Some(each) {
            return Err(InferError::InputLength { len: each, n_inputs: own });
        }
        Ok(members)
    }
}

/// Blocks of threads, one for each of so many members; kernels go on where there are fewer.
fn grid(members: usize) -> LaunchConfig {
    let blocks = u32::try_from(members.div_ceil(BLOCK as usize)).unwrap_or(u32::MAX).min(1 << 30);
    LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (BLOCK, 1, 1), shared_mem_bytes: 0 }
}

/// A moment of the device's own time.
fn now(stream: &Arc<CudaStream>) -> Result<CudaEvent, InferError> {
    let flags = Some(sys::CUevent_flags::CU_EVENT_DEFAULT);
    stream.record_event(flags).map_err(failed("take the time"))
}

/// An error of the driver.
fn failed(action: &'static str) -> impl Fn(DriverError) -> InferError {
    move |e| InferError::Cuda { action, message: e.to_string() }
}
