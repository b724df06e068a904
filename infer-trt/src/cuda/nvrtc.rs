//! NVIDIA's compiler of kernels, a library that is loaded at run time.

use std::path::PathBuf;
use std::sync::Mutex;

use cudarc::nvrtc::{CompileError, CompileOptions, Ptx, compile_ptx_with_opts, sys};

use super::driver::Version;
use crate::{InferError, Provider, library};

/// The tested release, shared with the command that fetches it.
const MANIFEST: &str = include_str!("../../nvrtc.toml");

/// The functions of the compiler that are called, all by way of `cudarc`, which looks each up when it is
/// first called and panics where it is not.
const SYMBOLS: [&str; 8] = [
    "nvrtcCompileProgram",
    "nvrtcCreateProgram",
    "nvrtcDestroyProgram",
    "nvrtcGetPTX",
    "nvrtcGetPTXSize",
    "nvrtcGetProgramLog",
    "nvrtcGetProgramLogSize",
    "nvrtcVersion",
];

/// What installs the library.
pub(crate) fn remedy() -> String {
    "run `cargo xtask setup nvrtc` in the workspace, or install the CUDA toolkit 13 and put its libraries on the library path".to_owned()
}

/// The folder that the set-up command fills, and the libraries in it, the compiler last.
fn cached() -> Option<Vec<PathBuf>> {
    let manifest: toml::Table = MANIFEST.parse().ok()?;
    let folder = library::cache().ok()?.join("nvrtc").join(manifest.get("version")?.as_str()?);
    let wheels = manifest.get("wheel")?.as_array()?;
    let is = |t: &toml::Table, key: &str, value: &str| t.get(key).and_then(|v| v.as_str()) == Some(value);
    let wheel = wheels
        .iter()
        .filter_map(toml::Value::as_table)
        .find(|t| is(t, "os", std::env::consts::OS) && is(t, "arch", std::env::consts::ARCH))?;
    let names = wheel.get("members")?.as_array()?.iter().filter_map(toml::Value::as_table);
    Some(names.filter_map(|m| Some(folder.join(m.get("library")?.as_str()?))).collect())
}

/// Loads the compiler, once per process: from where the set-up command puts it, or the system's. Returns
/// the version of CUDA that it belongs to.
///
/// # Errors
/// What is missing.
#[allow(unsafe_code, reason = "the compiler is a C library loaded at run time")]
pub(crate) fn load() -> Result<Version, String> {
    static LOADED: Mutex<Vec<libloading::Library>> = Mutex::new(Vec::new());
    let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if loaded.is_empty() {
        for path in cached().unwrap_or_default().iter().filter(|p| p.is_file()) {
            // Loaded once by its path, the system finds it by its name.
            // SAFETY: NVRTC's initialisers have no preconditions.
            match unsafe { libloading::Library::new(path) } {
                Ok(library) => loaded.push(library),
                Err(e) => return Err(format!("{} does not load ({e})", path.display())),
            }
        }
    }
    // SAFETY: loads the library by name, if there is one, and calls nothing.
    if !unsafe { sys::is_culib_present() } {
        return Err("no CUDA run-time compiler (libnvrtc) on this machine".to_owned());
    }
    // SAFETY: the library that was just found; functions are looked up and not called.
    let has = |symbol: &str| unsafe { sys::culib().get::<unsafe extern "C" fn()>(symbol.as_bytes()) }.is_ok();
    if let Some(lacking) = SYMBOLS.into_iter().find(|symbol| !has(symbol)) {
        return Err(format!("the library libnvrtc lacks {lacking}"));
    }
    let mut version = Version { major: 0, minor: 0 };
    // SAFETY: both numbers outlive the call, and the function is there.
    let asked = unsafe { sys::nvrtcVersion(&raw mut version.major, &raw mut version.minor) };
    match asked {
        sys::nvrtcResult::NVRTC_SUCCESS => Ok(version),
        e => Err(format!("the library libnvrtc does not say its version: {e:?}")),
    }
}

/// Loads the compiler for kernels that a driver is to load, which serves no newer version than `served`.
///
/// # Errors
/// [`InferError::Unavailable`] without the compiler, and for one that is newer than the driver.
pub(crate) fn for_driver(served: Version) -> Result<(), InferError> {
    let version = load().map_err(unavailable)?;
    if version <= served {
        return Ok(());
    }
    Err(InferError::Unavailable {
        provider: Provider::FusedCuda,
        reason: format!(
            "the run-time compiler (libnvrtc) is of CUDA {version}, and the driver loads what compilers up to {served} write"
        ),
        remedy: format!(
            "update NVIDIA's driver to one for CUDA {version}, or put a run-time compiler of CUDA {served} or older on the library path and remove the one that `cargo xtask setup nvrtc` fetched"
        ),
    })
}

/// The compiler is missing.
fn unavailable(reason: String) -> InferError {
    InferError::Unavailable { provider: Provider::FusedCuda, reason, remedy: remedy() }
}

/// Compiles CUDA C++ for devices of a compute capability (`(9, 0)`) and newer ones.
///
/// # Errors
/// [`InferError::Unavailable`] without the compiler, [`InferError::Cuda`] with what it says.
pub(crate) fn compile(source: &str, (major, minor): (i32, i32)) -> Result<Ptx, InferError> {
    load().map_err(unavailable)?;
    let failed = |message: String| InferError::Cuda { action: "compile a kernel", message };
    if source.contains('\0') {
        return Err(failed("the source holds a zero byte".to_owned()));
    }
    let options = CompileOptions {
        options: vec![
            format!("--gpu-architecture=compute_{major}{minor}"),
            "--std=c++17".to_owned(),
            // Quotients of f32 within two units of the last place, without a branch.
            "--prec-div=false".to_owned(),
        ],
        ..CompileOptions::default()
    };
    compile_ptx_with_opts(source, options).map_err(|e| match e {
        CompileError::CompileError { log, .. } => failed(log.to_string_lossy().trim().to_owned()),
        other => failed(other.to_string()),
    })
}
