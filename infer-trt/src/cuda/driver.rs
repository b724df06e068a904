//! The CUDA driver and its devices, asked without starting anything on them.

use core::fmt;

use cudarc::driver::{result, sys};

use crate::{InferError, Provider};

/// What is missing, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) reason: String,
    pub(crate) remedy: &'static str,
}

const INSTALL: &str = "install NVIDIA's driver, and let a container see the device";
const UPDATE: &str = "update NVIDIA's driver to one for CUDA 12.8 or newer";

/// A version of CUDA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: i32,
    pub(crate) minor: i32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The oldest version that a driver may serve: the first with all [`SYMBOLS`]
/// (`cuEventElapsedTime_v2` came last). [`UPDATE`] says it too.
const OLDEST: Version = Version { major: 12, minor: 8 };

/// The functions of the driver that this crate calls, all by way of `cudarc`, which looks each up when it
/// is first called and panics where it is not.
const SYMBOLS: [&str; 37] = [
    "cuCtxGetCurrent",
    "cuCtxSetCurrent",
    "cuCtxSynchronize",
    "cuDeviceGet",
    "cuDeviceGetAttribute",
    "cuDeviceGetCount",
    "cuDeviceGetName",
    "cuDevicePrimaryCtxRelease_v2",
    "cuDevicePrimaryCtxRetain",
    "cuDeviceTotalMem_v2",
    VERSION,
    "cuEventCreate",
    "cuEventDestroy_v2",
    "cuEventElapsedTime_v2",
    "cuEventRecord",
    "cuEventSynchronize",
    "cuFuncGetAttribute",
    "cuFuncSetAttribute",
    "cuGetErrorString",
    "cuInit",
    "cuLaunchKernel",
    "cuMemAllocAsync",
    "cuMemAlloc_v2",
    "cuMemFreeAsync",
    "cuMemFree_v2",
    "cuMemcpyDtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemcpyHtoDAsync_v2",
    "cuMemsetD8Async",
    "cuModuleGetFunction",
    "cuModuleLoadData",
    "cuModuleUnload",
    "cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags",
    "cuStreamCreate",
    "cuStreamDestroy_v2",
    "cuStreamSynchronize",
    "cuStreamWaitEvent",
];

const VERSION: &str = "cuDriverGetVersion";

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) bytes: usize,
    /// Major and minor number.
    pub(crate) capability: (i32, i32),
}

/// The driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Driver {
    /// The newest version that it serves.
    pub(crate) version: Version,
    pub(crate) devices: Vec<Found>,
}

/// Whether the driver's library has a function. There must be a library.
#[allow(unsafe_code, reason = "the CUDA driver is a C library loaded at run time")]
fn has(symbol: &str) -> bool {
    // SAFETY: loads the system's driver library by name; the function is looked up and not called.
    unsafe { sys::culib().get::<unsafe extern "C" fn()>(symbol.as_bytes()) }.is_ok()
}

/// The version that the driver's library serves, if that can be told and is recent enough, and nothing
/// lacks. Starts nothing.
///
/// # Errors
/// What is missing.
#[allow(unsafe_code, reason = "the CUDA driver is a C library loaded at run time")]
fn version() -> Result<Version, Missing> {
    let missing = |remedy, reason: String| Missing { reason, remedy };
    // SAFETY: loads the system's driver library by name, if there is one, and calls nothing.
    if !unsafe { sys::is_culib_present() } {
        return Err(missing(INSTALL, "no CUDA driver library (libcuda) on this machine".to_owned()));
    }
    if !has(VERSION) {
        return Err(missing(INSTALL, format!("the library libcuda is no CUDA driver: it has no {VERSION}")));
    }
    let mut number = 0;
    // SAFETY: `number` outlives the call, and the function is there.
    let asked = unsafe { sys::cuDriverGetVersion(&raw mut number) };
    if asked != sys::CUresult::CUDA_SUCCESS {
        return Err(missing(INSTALL, format!("the driver is there but does not say its version: {asked:?}")));
    }
    let version = Version { major: number / 1000, minor: number % 1000 / 10 };
    if version < OLDEST {
        return Err(missing(UPDATE, format!("the driver serves CUDA {version}, and {OLDEST} is needed")));
    }
    if let Some(lacking) = SYMBOLS.into_iter().find(|symbol| !has(symbol)) {
        return Err(missing(UPDATE, format!("the driver says CUDA {version} but lacks {lacking}")));
    }
    Ok(version)
}

/// The driver, if there is one that sees a device; starts it but no context.
///
/// # Errors
/// What is missing.
#[allow(unsafe_code, reason = "the CUDA driver is a C library loaded at run time")]
pub(crate) fn find() -> Result<Driver, Missing> {
    let version = version()?;
    let missing = |reason: String| Missing { reason, remedy: INSTALL };
    let failed =
        |what: &str, e: result::DriverError| missing(format!("the driver is there but {what} failed: {e:?}"));
    result::init().map_err(|e| failed("starting it", e))?;
    let count = result::device::get_count().map_err(|e| failed("counting devices", e))?;
    if count == 0 {
        return Err(missing("the driver is there but sees no device".to_owned()));
    }
    let mut devices = Vec::new();
    for ordinal in 0..count {
        let device = result::device::get(ordinal).map_err(|e| failed("opening a device", e))?;
        let name = result::device::get_name(device).map_err(|e| failed("naming a device", e))?;
        // SAFETY: `device` comes from the driver, just above.
        let bytes = unsafe { result::device::total_mem(device) }
            .map_err(|e| failed("asking a device's memory", e))?;
        use sys::CUdevice_attribute_enum as Attribute;
        // SAFETY: as above.
        let attribute = |a| unsafe { result::device::get_attribute(device, a) };
        let major = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
        let minor = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        let capability = major.and_then(|major| Ok((major, minor?)));
        let capability = capability.map_err(|e| failed("asking a device's compute capability", e))?;
        devices.push(Found { name, bytes, capability });
    }
    Ok(Driver { version, devices })
}

/// The driver and one of its devices, for a provider.
///
/// # Errors
/// [`InferError::Unavailable`], and [`InferError::Option`] for a device that there is not.
pub(crate) fn device(provider: &Provider, ordinal: usize) -> Result<(Driver, Found), InferError> {
    let driver = find().map_err(|Missing { reason, remedy }| InferError::Unavailable {
        provider: provider.clone(),
        reason,
        remedy: remedy.to_owned(),
    })?;
    match driver.devices.get(ordinal) {
        Some(found) => Ok((driver.clone(), found.clone())),
        None => Err(InferError::Option {
            option: "device",
            value: ordinal.to_string(),
            reason: format!("the driver sees {} devices, numbered from 0", driver.devices.len()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The stub that tests run everything against has what is asked for and nothing else: so nothing is
    /// called that is not asked for.
    #[test]
    fn the_stub_of_the_tests_has_what_is_asked_for() {
        let stub = include_str!("../../tests/data/driver.c");
        let names = stub.lines().filter_map(|line| line.strip_prefix("int ")?.split_once('(')).map(|p| p.0);
        let names: BTreeSet<&str> = names.filter(|name| name.starts_with("cu")).collect();
        assert_eq!(names, BTreeSet::from(SYMBOLS));
        assert!(UPDATE.contains(&format!("CUDA {OLDEST} ")));
    }
}
