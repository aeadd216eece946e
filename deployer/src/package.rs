//! From what `stack.yaml` calls `code` to the zip file that Lambda runs.
//!
//! A bootstrap, freshly built or prebuilt, goes into a zip that is the same byte for byte whenever its
//! contents are, because the hash of that zip is how a change of code is noticed. A prebuilt zip is
//! uploaded as it is. Either way the program is looked at first: one that cannot start where it is
//! to run fails here, with the reason, and not at the first request.

mod archive;
mod build;
mod cargo;
mod code;
mod elf;
mod host;
mod known;
mod requirement;

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use archive::Contents;
pub use code::{Code, FileName, Source};
pub use host::Host;
pub use requirement::{Architecture, Glibc, Requirement};

use crate::error::{Error, Result};
use crate::step::Step;

/// The name under which Lambda's `provided` runtimes start the program in the zip.
const BOOTSTRAP: &str = "bootstrap";

/// A function's code, ready to be uploaded.
#[derive(PartialEq, Eq)]
pub struct Package {
    /// The SHA-256 of the zip file in base64, which Lambda calls `CodeSha256`.
    pub sha256_base64: String,
    content: Content,
}

#[derive(PartialEq, Eq)]
enum Content {
    Zip(Vec<u8>),
    /// An earlier run has made the zip, so this one need not unless it sends it; where that is
    /// remembered.
    Unzipped(Contents, Option<PathBuf>),
}

/// Leaves the contents out.
impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Package").field(&self.sha256_base64).finish()
    }
}

impl Package {
    /// The zip file.
    pub fn zip(&self) -> Result<Cow<'_, [u8]>> {
        match &self.content {
            Content::Zip(zip) => Ok(Cow::Borrowed(zip)),
            Content::Unzipped(contents, cache) => {
                let zip = contents.zip()?;
                if sha256_base64(&zip) != self.sha256_base64 {
                    return Err(known::mistaken(&contents.digest(), cache.as_deref()));
                }
                Ok(Cow::Owned(zip))
            }
        }
    }

    fn of(contents: Contents, cache: Option<&Path>, report: &dyn Fn(&Step<'_>)) -> Result<Self> {
        let digest = contents.digest();
        if let Some(sha256_base64) = known::zip(&digest, cache) {
            return Ok(Self {
                sha256_base64,
                content: Content::Unzipped(contents, cache.map(Path::to_owned)),
            });
        }
        report(&Step::At("zipping the program"));
        let package = Self::zipped(contents.zip()?);
        known::remember(&digest, &package.sha256_base64, cache);
        Ok(package)
    }

    fn zipped(zip: Vec<u8>) -> Self {
        Self { sha256_base64: sha256_base64(&zip), content: Content::Zip(zip) }
    }
}

fn sha256_base64(zip: &[u8]) -> String {
    STANDARD.encode(digest::digest(&digest::SHA256, zip))
}

/// Packs `code`, whose paths are relative to the folder `base`, for a host that meets `requirement`.
///
/// In the folder `cache` is remembered what need not be zipped again. `report` is told what takes
/// long, and what Cargo and the compiler say meanwhile.
pub fn package(
    code: &Code,
    base: &Path,
    requirement: &Requirement,
    cache: Option<&Path>,
    report: &dyn Fn(&Step<'_>),
) -> Result<Package> {
    let (path, program) = match &code.source {
        Source::Cargo { package, target } => {
            report(&Step::Begun(&format!("building `{package}` with cargo")));
            build::bootstrap(base, package, target.as_deref(), report)?
        }
        Source::Bootstrap(path) => {
            let path = base.join(path);
            require_executable(&path)?;
            let program = read(&path)?;
            (path, program)
        }
        Source::Zip(path) => {
            let path = base.join(path);
            let zip = read(&path)?;
            archive::inspect(&zip, &path.display().to_string(), requirement)?;
            return Ok(Package::zipped(zip));
        }
    };
    elf::check(&program, &path.display().to_string(), requirement)?;
    Package::of(Contents::new(program, &code.files)?, cache, report)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::io("read", path, &error))
}

/// A bootstrap that cannot be executed here was most likely never meant to be one.
#[cfg(unix)]
fn require_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = fs::metadata(path).map_err(|error| {
        Error::io("read", path, &error).hint(
            "build the program first; paths in stack.yaml are relative to the folder that it is in",
        )
    })?;
    if !metadata.is_file() {
        return Err(refuse(&path.display().to_string(), "it is not a file")
            .hint("name the program itself, not the folder that it is in"));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(refuse(&path.display().to_string(), "it is not marked as executable")
            .hint(format!("mark it with `chmod +x {}`", path.display())));
    }
    Ok(())
}

/// Other systems have no such mark.
#[cfg(not(unix))]
fn require_executable(_path: &Path) -> Result<()> {
    Ok(())
}

/// The error about a program that must not be uploaded.
fn refuse(subject: &str, cause: impl fmt::Display) -> Error {
    Error::new(format!("could not use {subject} as the bootstrap of a function")).because(cause)
}

#[cfg(test)]
mod tests;
