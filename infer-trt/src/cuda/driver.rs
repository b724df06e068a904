//! The CUDA driver and its devices, asked without starting anything on them.

use cudarc::driver::{result, sys};

use crate::{InferError, Provider};

/// What to do where the driver or a device is missing.
pub(crate) const REMEDY: &str = "install NVIDIA's driver, and let a container see the device";

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
    /// The newest CUDA version that it serves: `13.0`.
    pub(crate) version: String,
    pub(crate) devices: Vec<Found>,
}

/// The driver, if there is one that sees a device; starts it but no context.
///
/// # Errors
/// What is missing.
#[allow(unsafe_code, reason = "the CUDA driver is a C library loaded at run time")]
pub(crate) fn find() -> Result<Driver, String> {
    // SAFETY: loads the system's driver library by name, if there is one, and calls nothing.
    if !unsafe { sys::is_culib_present() } {
        return Err("no CUDA driver library (libcuda) on this machine".to_owned());
    }
    let failed = |what: &str, e: result::DriverError| format!("the driver is there but {what} failed: {e:?}");
    result::init().map_err(|e| failed("starting it", e))?;
    let mut version = 0;
    // SAFETY: `version` outlives the call, and the driver was started.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }
        .result()
        .map_err(|e| failed("asking its version", e))?;
    let count = result::device::get_count().map_err(|e| failed("counting devices", e))?;
    if count == 0 {
        return Err("the driver is there but sees no device".to_owned());
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
    Ok(Driver { version: format!("{}.{}", version / 1000, version % 1000 / 10), devices })
}

/// The driver and one of its devices, for a provider.
///
/// # Errors
/// [`InferError::Unavailable`], and [`InferError::Option`] for a device that there is not.
pub(crate) fn device(provider: &Provider, ordinal: usize) -> Result<(Driver, Found), InferError> {
    let driver = find().map_err(|reason| InferError::Unavailable {
        provider: provider.clone(),
        reason,
        remedy: REMEDY.to_owned(),
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
