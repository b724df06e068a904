//! Where the ONNX Runtime library lies, and whether it is one.

use std::ffi::CStr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The tested release, shared with the command that fetches it.
const MANIFEST: &str = include_str!("../onnxruntime.toml");

/// What `onnxruntime.toml` says.
#[derive(Debug, Deserialize)]
struct Manifest {
    version: String,
    wheel: Vec<Wheel>,
}

/// The package of one platform, as far as finding the library needs it.
#[derive(Debug, Deserialize)]
struct Wheel {
    os: String,
    arch: String,
    library: String,
}

/// A place to load the library from, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// Whether the user named it, by `ORT_DYLIB_PATH`.
    pub(crate) by_user: bool,
}

/// The tested version.
pub(crate) fn version() -> String {
    manifest().version
}

fn manifest() -> Manifest {
    toml::from_str(MANIFEST).expect("onnxruntime.toml is part of the crate and parsed by a test")
}

/// What installs the library.
pub(crate) fn remedy() -> String {
    format!(
        "run `cargo xtask setup onnxruntime` in the workspace, or set ORT_DYLIB_PATH to the shared library of ONNX Runtime {} (1.{} or later)",
        version(),
        ort::MINOR_VERSION
    )
}

/// The library to load: `ORT_DYLIB_PATH` if set, else the place that the set-up command fills.
///
/// # Errors
/// The reason why there is no place to look at.
pub(crate) fn place() -> Result<Place, String> {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(path) = var("ORT_DYLIB_PATH") {
        return Ok(Place { path, by_user: true });
    }
    cached(var("XDG_CACHE_HOME").as_deref(), var("HOME").as_deref())
        .map(|path| Place { path, by_user: false })
}

/// The place that the set-up command fills.
fn cached(xdg_cache_home: Option<&Path>, home: Option<&Path>) -> Result<PathBuf, String> {
    let manifest = manifest();
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let Some(wheel) = manifest.wheel.iter().find(|w| w.os == os && w.arch == arch) else {
        return Err(format!("no tested ONNX Runtime library is known for {os} on {arch}"));
    };
    Ok(cache_of(xdg_cache_home, home)?.join("onnxruntime").join(&manifest.version).join(&wheel.library))
}

/// The folder of this workspace in the user's cache.
///
/// # Errors
/// Why there is none.
pub(crate) fn cache() -> Result<PathBuf, String> {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    cache_of(var("XDG_CACHE_HOME").as_deref(), var("HOME").as_deref())
}

fn cache_of(xdg_cache_home: Option<&Path>, home: Option<&Path>) -> Result<PathBuf, String> {
    // The XDG specification has relative paths ignored.
    let cache = match (xdg_cache_home.filter(|p| p.is_absolute()), home) {
        (Some(cache), _) => cache.to_owned(),
        (None, Some(home)) => home.join(".cache"),
        (None, None) => {
            return Err("neither XDG_CACHE_HOME nor HOME says where caches lie".to_owned());
        }
    };
    Ok(cache.join("ionic-surrogates"))
}

/// A library that is an ONNX Runtime new enough to be used; open as long as this lives.
pub(crate) struct Opened {
    pub(crate) version: String,
    _library: libloading::Library,
}

impl Opened {
    /// Opens the library at `path` and asks its version, so that what follows cannot fail for a
    /// library of another kind or age.
    ///
    /// # Errors
    /// What is wrong with the library.
    #[allow(unsafe_code, reason = "the library is C and loaded at run time")]
    pub(crate) fn new(path: &Path) -> Result<Self, String> {
        type ApiBase = unsafe extern "system" fn() -> *const ort::sys::OrtApiBase;
        // SAFETY: ONNX Runtime's initialisers have no preconditions. That a file the user names as
        // a library may run its own initialisers is what loading a library means.
        let library = unsafe { libloading::Library::new(path) }
            .map_err(|e| format!("it does not load as a library ({e})"))?;
        // SAFETY: the one entry of ONNX Runtime's C interface has this type in every version.
        let base = unsafe { library.get::<ApiBase>(b"OrtGetApiBase\0") }
            .map_err(|_| "it is a library but not ONNX Runtime (no OrtGetApiBase)".to_owned())?;
        // SAFETY: the function takes no arguments and returns a static table or null.
        let base = unsafe { base().as_ref() }
            .ok_or_else(|| "it offers no interface (OrtGetApiBase returned null)".to_owned())?;
        // SAFETY: the function returns a static string.
        let version = unsafe { CStr::from_ptr((base.GetVersionString)()) };
        let version = version.to_string_lossy().into_owned();
        // SAFETY: the function returns a static table, or null for a version it does not have.
        if unsafe { (base.GetApi)(ort::sys::ORT_API_VERSION) }.is_null() {
            return Err(format!(
                "it is ONNX Runtime {version}, but 1.{} or later is needed",
                ort::MINOR_VERSION
            ));
        }
        Ok(Self { version, _library: library })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_parses_and_is_new_enough() {
        let minor: u32 = version().split('.').nth(1).and_then(|m| m.parse().ok()).expect("a minor version");
        assert!(minor >= ort::MINOR_VERSION);
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[test]
    fn the_cache_place_follows_xdg() {
        let tail = format!("ionic-surrogates/onnxruntime/{}/libonnxruntime.so", version());
        let home = Path::new("/h");
        assert_eq!(cached(Some(Path::new("/c")), Some(home)), Ok(Path::new("/c").join(&tail)));
        assert_eq!(cached(None, Some(home)), Ok(home.join(".cache").join(&tail)));
        assert_eq!(cached(Some(Path::new("relative")), Some(home)), Ok(home.join(".cache").join(&tail)));
        assert!(cached(None, None).is_err());
    }
}
