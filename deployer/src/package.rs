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
mod requirement;

use std::fmt;
use std::fs;
use std::path::Path;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use code::{Code, FileName, Source};
pub use host::Host;
pub use requirement::{Architecture, Glibc, Requirement};

use crate::error::{Error, Result};
use crate::step::Step;

/// The name under which Lambda's `provided` runtimes start the program in the zip.
const BOOTSTRAP: &str = "bootstrap";

/// A function's code, ready to be uploaded.
#[derive(Clone, PartialEq, Eq)]
pub struct Package {
    /// The zip file.
    pub zip: Vec<u8>,
    /// The SHA-256 of the zip file in base64, which Lambda calls `CodeSha256`.
    pub sha256_base64: String,
    /// The size of all files in it together, in bytes.
    pub unzipped: u64,
}

/// Leaves the contents out.
impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Package")
            .field("sha256_base64", &self.sha256_base64)
            .field("zip", &self.zip.len())
            .field("unzipped", &self.unzipped)
            .finish()
    }
}

/// Packs `code`, whose paths are relative to the folder `base`, for a host that meets `requirement`.
///
/// `report` is told what takes long, and what Cargo and the compiler say meanwhile.
pub fn package(
    code: &Code,
    base: &Path,
    requirement: &Requirement,
    report: &dyn Fn(&Step<'_>),
) -> Result<Package> {
    let (zip, unzipped) = match &code.source {
        Source::Cargo { package, target } => {
            report(&Step::Begun(&format!("building `{package}` with cargo")));
            let (path, program) = build::bootstrap(base, package, target.as_deref(), report)?;
            report(&Step::At("zipping what was built"));
            pack(&path, &program, code, requirement)?
        }
        Source::Bootstrap(path) => {
            let path = base.join(path);
            require_executable(&path)?;
            pack(&path, &read(&path)?, code, requirement)?
        }
        Source::Zip(path) => {
            let path = base.join(path);
            let zip = read(&path)?;
            let unzipped = archive::inspect(&zip, &path.display().to_string(), requirement)?;
            (zip, unzipped)
        }
    };
    let sha256_base64 = STANDARD.encode(digest::digest(&digest::SHA256, &zip));
    Ok(Package { zip, sha256_base64, unzipped })
}

fn pack(
    path: &Path,
    program: &[u8],
    code: &Code,
    requirement: &Requirement,
) -> Result<(Vec<u8>, u64)> {
    elf::check(program, &path.display().to_string(), requirement)?;
    archive::write(program, &code.files)
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
