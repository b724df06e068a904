//! `cargo xtask setup onnxruntime`, `cargo xtask setup nvrtc`: fetch libraries that `infer-trt` loads.
//!
//! A library comes from its wheel of the Python package index, fetched by the user's own `pip` and so
//! through the user's own configuration (mirrors, proxies), or given as a file. What is fetched is
//! pinned by SHA-256 in `infer-trt/onnxruntime.toml` and `infer-trt/nvrtc.toml`.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, Subcommand};
use miette::{IntoDiagnostic as _, Result, WrapErr as _, bail, miette};
use sha2::{Digest as _, Sha256};

/// A library that can be set up: its name on the command line, for people, its manifest, shared with
/// `infer-trt`, and what to do without a wheel.
struct Package {
    word: &'static str,
    name: &'static str,
    manifest: &'static str,
    file: &'static str,
    otherwise: &'static str,
}

const ONNX_RUNTIME: Package = Package {
    word: "onnxruntime",
    name: "ONNX Runtime",
    manifest: include_str!("../../infer-trt/onnxruntime.toml"),
    file: "infer-trt/onnxruntime.toml",
    otherwise: "set ORT_DYLIB_PATH to the shared library of an ONNX Runtime of your own",
};

const NVRTC: Package = Package {
    word: "nvrtc",
    name: "NVIDIA's run-time compiler",
    manifest: include_str!("../../infer-trt/nvrtc.toml"),
    file: "infer-trt/nvrtc.toml",
    otherwise: "install the CUDA toolkit 13 and put its libraries on the library path",
};

/// More than the library of any platform has.
const MAX_LIBRARY_BYTES: u64 = 1 << 30;

#[derive(Args)]
pub(crate) struct Setup {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The ONNX Runtime library, for provider `ort-cpu`, from its Python wheel
    Onnxruntime(Choices),
    /// NVIDIA's run-time compiler of CUDA kernels, for provider `fused-cuda`, from its Python wheel
    Nvrtc(Choices),
}

#[derive(Args)]
struct Choices {
    /// A wheel that is here already; fetched with pip otherwise
    #[arg(long, value_name = "FILE")]
    wheel: Option<PathBuf>,
    /// Fetch and install even if the library is in place
    #[arg(long)]
    force: bool,
}

/// Runs `cargo xtask setup …`.
pub(crate) fn run(setup: &Setup) -> Result<()> {
    let (package, choices) = match &setup.what {
        What::Onnxruntime(choices) => (&ONNX_RUNTIME, choices),
        What::Nvrtc(choices) => (&NVRTC, choices),
    };
    let wheel = Wheel::of(package, std::env::consts::OS, std::env::consts::ARCH)?;
    let folder = cache(package, &wheel)?;
    install(package, choices, &wheel, &folder)
}

/// The wheel of one platform, and the libraries in it.
#[derive(Debug, Clone)]
struct Wheel {
    package: String,
    version: String,
    python: String,
    platform: String,
    file: String,
    sha256: String,
    members: Vec<Member>,
}

/// A library in a wheel.
#[derive(Debug, Clone)]
struct Member {
    member: String,
    library: String,
    sha256: String,
}

impl Wheel {
    fn of(package: &Package, os: &str, arch: &str) -> Result<Self> {
        let place = package.file;
        let manifest: toml::Table = package.manifest.parse().into_diagnostic().wrap_err(place)?;
        let text = |table: &toml::Table, key: &str| {
            table
                .get(key)
                .and_then(toml::Value::as_str)
                .map(str::to_owned)
                .ok_or_else(|| miette!("{place} has no text `{key}`"))
        };
        let tables = |table: &toml::Table, key: &str| -> Vec<toml::Table> {
            let all = table.get(key).and_then(toml::Value::as_array);
            all.into_iter().flatten().filter_map(toml::Value::as_table).cloned().collect()
        };
        let is =
            |t: &toml::Table, key: &str, value: &str| t.get(key).and_then(toml::Value::as_str) == Some(value);
        let wheel = tables(&manifest, "wheel")
            .into_iter()
            .find(|t| is(t, "os", os) && is(t, "arch", arch))
            .ok_or_else(|| {
            miette!(help = package.otherwise, "{place} names no wheel for {os} on {arch}")
        })?;
        let mut members = Vec::new();
        for member in tables(&wheel, "members") {
            members.push(Member {
                member: text(&member, "member")?,
                library: text(&member, "library")?,
                sha256: text(&member, "sha256")?,
            });
        }
        if members.is_empty() {
            members.push(Member {
                member: text(&wheel, "member")?,
                library: text(&wheel, "library")?,
                sha256: text(&wheel, "library_sha256")?,
            });
        }
        Ok(Self {
            package: text(&manifest, "package")?,
            version: text(&manifest, "version")?,
            python: text(&manifest, "python")?,
            platform: text(&wheel, "platform")?,
            file: text(&wheel, "file")?,
            sha256: text(&wheel, "sha256")?,
            members,
        })
    }

    /// The arguments of `python3` that put the wheel into `folder`.
    fn pip_arguments(&self, folder: &Path) -> Vec<String> {
        let abi = format!("cp{}", self.python.replace('.', ""));
        let mut arguments: Vec<String> =
            ["-m", "pip", "download", "--disable-pip-version-check"].map(str::to_owned).into_iter().collect();
        arguments.extend(["--no-deps", "--only-binary=:all:"].map(str::to_owned));
        for (key, value) in [
            ("--implementation", "cp"),
            ("--python-version", &self.python),
            ("--abi", &abi),
            ("--platform", &self.platform),
            ("--dest", &folder.display().to_string()),
        ] {
            arguments.extend([key.to_owned(), value.to_owned()]);
        }
        arguments.push(format!("{}=={}", self.package, self.version));
        arguments
    }
}

/// The folder that `infer-trt` looks into.
fn cache(package: &Package, wheel: &Wheel) -> Result<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = var("XDG_CACHE_HOME")
        .filter(|p| p.is_absolute())
        .or_else(|| var("HOME").map(|home| home.join(".cache")))
        .ok_or_else(|| {
            miette!(
                help = "set XDG_CACHE_HOME to a folder that may be written",
                "neither XDG_CACHE_HOME nor HOME says where caches lie"
            )
        })?;
    Ok(base.join("ionic-surrogates").join(package.word).join(&wheel.version))
}

fn install(package: &Package, choices: &Choices, wheel: &Wheel, folder: &Path) -> Result<()> {
    let name = format!("{} {}", package.name, wheel.version);
    let mut wanted = Vec::new();
    for member in &wheel.members {
        let library = folder.join(&member.library);
        if !choices.force && library.is_file() {
            if sha256(&library)? == member.sha256 {
                println!("{name} is in place: {}", library.display());
                continue;
            }
            println!("{} is damaged or another build; it is replaced", library.display());
        }
        wanted.push(member);
    }
    if wanted.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("could not make the folder {}", folder.display()))?;
    // Beside the library, so that nothing large lands in a small /tmp; removed when dropped.
    let scratch = tempfile::tempdir_in(folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("could not write into {}", folder.display()))?;
    let file = match &choices.wheel {
        Some(file) => file.clone(),
        None => download(package, wheel, scratch.path())?,
    };
    let found = sha256(&file)?;
    if found != wheel.sha256 {
        bail!(
            help = format!("fetch {} again; nothing was installed", wheel.file),
            "{} has SHA-256 {found}, but {} has {}",
            file.display(),
            wheel.file,
            wheel.sha256
        );
    }
    for member in wanted {
        let library = folder.join(&member.library);
        extract(&file, member, &library)?;
        println!("{name} installed: {}", library.display());
    }
    if package.word == ONNX_RUNTIME.word && std::env::var_os("ORT_DYLIB_PATH").is_some_and(|v| !v.is_empty())
    {
        println!("ORT_DYLIB_PATH is set and comes first: unset it to use this library");
    }
    Ok(())
}

/// Fetches the wheel with pip into `folder`.
fn download(package: &Package, wheel: &Wheel, folder: &Path) -> Result<PathBuf> {
    let by_hand = format!(
        "fetch {} (package {} {} on PyPI) by any means, then run `cargo xtask setup {} --wheel {}`",
        wheel.file, wheel.package, wheel.version, package.word, wheel.file
    );
    let python = ["python3", "python"].into_iter().find(|python| {
        Command::new(python)
            .args(["-m", "pip", "--version"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    });
    let Some(python) = python else {
        bail!(help = by_hand, "there is no Python with pip on this machine to fetch the wheel with");
    };
    let status = Command::new(python)
        .args(wheel.pip_arguments(folder))
        .stdin(Stdio::null())
        .status()
        .into_diagnostic()
        .wrap_err_with(|| format!("could not start {python}"))?;
    if !status.success() {
        bail!(help = by_hand, "pip could not fetch {} ({status}); its messages are above", wheel.file);
    }
    let file = folder.join(&wheel.file);
    if !file.is_file() {
        bail!(help = by_hand, "pip fetched another file than {}", wheel.file);
    }
    Ok(file)
}

/// Takes the library out of a verified wheel: written beside its place, synchronised, renamed.
fn extract(file: &Path, member: &Member, library: &Path) -> Result<()> {
    let place = || format!("could not unpack {} from {}", member.member, file.display());
    let archive = fs::File::open(file).into_diagnostic().wrap_err_with(place)?;
    let mut archive = zip::ZipArchive::new(archive).into_diagnostic().wrap_err_with(place)?;
    let content = archive.by_name(&member.member).into_diagnostic().wrap_err_with(place)?;
    let folder = library.parent().unwrap_or(Path::new("."));
    let mut target = tempfile::Builder::new()
        .prefix(".library-")
        .tempfile_in(folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("could not write into {}", folder.display()))?;
    let bytes = io::copy(&mut content.take(MAX_LIBRARY_BYTES + 1), &mut target)
        .into_diagnostic()
        .wrap_err_with(place)?;
    if bytes > MAX_LIBRARY_BYTES {
        bail!("{} is larger than {MAX_LIBRARY_BYTES} bytes", member.member);
    }
    target.flush().and_then(|()| target.as_file().sync_all()).into_diagnostic().wrap_err_with(place)?;
    let found = sha256(target.path())?;
    if found != member.sha256 {
        bail!("{} has SHA-256 {found}, not {}", member.member, member.sha256);
    }
    target
        .persist(library)
        .into_diagnostic()
        .wrap_err_with(|| format!("could not put the library at {}", library.display()))?;
    Ok(())
}

/// The SHA-256 of a file, in hexadecimal digits.
fn sha256(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut file = fs::File::open(path)
        .into_diagnostic()
        .wrap_err_with(|| format!("could not open {}", path.display()))?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file
            .read(&mut buffer)
            .into_diagnostic()
            .wrap_err_with(|| format!("could not read {}", path.display()))?;
        if n == 0 {
            return Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect());
        }
        hash.update(&buffer[..n]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wheel of our own making with `contents` as its library, and what the manifest would say.
    fn fixture(folder: &Path, contents: &[u8]) -> (PathBuf, Wheel) {
        let mut wheel = Wheel::of(&ONNX_RUNTIME, "linux", "x86_64").unwrap();
        let file = folder.join("small.whl");
        let mut archive = zip::ZipWriter::new(fs::File::create(&file).unwrap());
        archive
            .start_file(wheel.members[0].member.as_str(), zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(contents).unwrap();
        archive.finish().unwrap();
        let plain = folder.join("plain");
        fs::write(&plain, contents).unwrap();
        wheel.sha256 = sha256(&file).unwrap();
        wheel.members[0].sha256 = sha256(&plain).unwrap();
        (file, wheel)
    }

    #[test]
    fn every_platform_of_the_manifest_is_complete() {
        for (os, arch) in [("linux", "x86_64"), ("linux", "aarch64"), ("macos", "aarch64")] {
            let wheel = Wheel::of(&ONNX_RUNTIME, os, arch).unwrap();
            assert_eq!((wheel.sha256.len(), wheel.members[0].sha256.len()), (64, 64));
            assert!(wheel.file.contains(&wheel.version) && wheel.members[0].member.contains(&wheel.version));
            let arguments = wheel.pip_arguments(Path::new("/x")).join(" ");
            assert!(arguments.contains(&format!("--platform {}", wheel.platform)));
            assert!(arguments.ends_with(&format!("onnxruntime=={}", wheel.version)));
        }
        for arch in ["x86_64", "aarch64"] {
            let wheel = Wheel::of(&NVRTC, "linux", arch).unwrap();
            assert!(wheel.file.contains(&wheel.version) && wheel.members.len() == 2);
            assert!(wheel.members.iter().all(|m| m.sha256.len() == 64 && m.member.ends_with(&m.library)));
            assert!(wheel.pip_arguments(Path::new("/x")).join(" ").ends_with("nvidia-cuda-nvrtc==13.0.88"));
        }
        let error = Wheel::of(&ONNX_RUNTIME, "plan9", "vax").unwrap_err();
        assert!(error.help().is_some_and(|h| h.to_string().contains("ORT_DYLIB_PATH")));
    }

    #[test]
    fn a_given_wheel_is_installed_once_and_repaired() {
        let home = tempfile::tempdir().unwrap();
        let (file, wheel) = fixture(home.path(), b"library");
        let folder = home.path().join("cache");
        let library = folder.join(&wheel.members[0].library);
        let given = Choices { wheel: Some(file), force: false };
        install(&ONNX_RUNTIME, &given, &wheel, &folder).unwrap();
        assert_eq!(fs::read(&library).unwrap(), b"library");
        // In place: the wheel is not needed any more.
        let absent = Choices { wheel: Some(home.path().join("absent.whl")), force: false };
        install(&ONNX_RUNTIME, &absent, &wheel, &folder).unwrap();
        fs::write(&library, b"damaged").unwrap();
        install(&ONNX_RUNTIME, &given, &wheel, &folder).unwrap();
        assert_eq!(fs::read(&library).unwrap(), b"library");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn a_wheel_with_another_hash_installs_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (file, wheel) = fixture(home.path(), b"library");
        let folder = home.path().join("cache");
        fs::write(&file, b"something else").unwrap();
        let given = Choices { wheel: Some(file), force: true };
        let error = install(&ONNX_RUNTIME, &given, &wheel, &folder).unwrap_err();
        assert!(error.to_string().contains("SHA-256"), "{error}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}
