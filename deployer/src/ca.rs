//! A certificate authority: a root that stays on this machine, and the issuing CA that the signer
//! works with.
//!
//! The root signs one subordinate CA with `pathlen:0`, so that what is uploaded can issue leaf
//! certificates and nothing more, and a new one when its time has come. Installations that have a CA
//! bring their own issuing CA in the same JSON shape.

pub(crate) mod pem;

mod certificate;
mod constraints;
mod replace;
mod root;
mod rotate;
mod secret;
mod show;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::Issuer;
use time::OffsetDateTime;

pub use self::constraints::{Constraints, Subtree};
pub use self::rotate::{Rotated, Rotation, rotate};
pub use self::show::{Description, show};

use self::certificate::{Made, ROOT_DAYS, Subject, Validity};
use crate::error::{Error, Result};
use crate::private;

/// Where the files of a CA are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The root certificate, PEM, which clients and servers pin.
    pub root: PathBuf,
    /// The root's private key, PKCS#8 PEM, mode 0600. It is needed again only to replace the
    /// issuing CA, and never leaves the machine.
    pub root_key: PathBuf,
    /// The issuing CA's certificate, PEM.
    pub issuing: PathBuf,
    /// The secret's value, mode 0600: a JSON object of `certificate` (PEM), `private_key`
    /// (PKCS#8 PEM) and `chain` (PEM: what clients get beside their leaf, its issuer first, the
    /// root left out).
    pub issuing_secret: PathBuf,
    /// The certificate of the issuing CA before the last rotation.
    pub previous: PathBuf,
    /// The secret's value before the last rotation, mode 0600.
    pub previous_secret: PathBuf,
}

impl Files {
    /// The files of the CA in `dir`, whether or not they exist.
    pub fn within(dir: &Path) -> Self {
        Self {
            root: dir.join("root.pem"),
            root_key: dir.join("root-key.pem"),
            issuing: dir.join("issuing-ca.pem"),
            issuing_secret: dir.join("issuing-ca.json"),
            previous: dir.join("issuing-ca.previous.pem"),
            previous_secret: dir.join("issuing-ca.previous.json"),
        }
    }

    /// The paths of a new CA, in the order in which they are written.
    pub fn paths(&self) -> [&Path; 4] {
        [&self.root_key, &self.issuing_secret, &self.issuing, &self.root]
    }
}

/// How long an issuing CA is valid by default. Short, because this is the key that works online; a
/// year makes its replacement a routine.
pub const ISSUING_DAYS: u16 = 365;

/// The longest name, so that what a rotation adds to it still fits into a common name.
pub const LONGEST_NAME: usize = 32;

/// The longest organization (RFC 5280, appendix A.1).
pub const LONGEST_ORGANIZATION: usize = 64;

/// Reads a part of a subject.
pub fn attribute(text: &str, longest: usize) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().count() > longest {
        return Err(format!("expected 1 to {longest} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("control characters are not allowed".to_owned());
    }
    Ok(text.to_owned())
}

/// What a new CA is to be.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The organization in both subjects.
    pub organization: String,
    /// How both common names begin.
    pub name: String,
    /// How long the issuing CA is valid.
    pub days: u16,
    /// Which names the issuing CA can issue.
    pub constraints: Constraints,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            organization: "deployer demo".to_owned(),
            name: "Demo".to_owned(),
            days: ISSUING_DAYS,
            constraints: Constraints::default(),
        }
    }
}

/// Makes a demo CA: as [`make`] does by default.
pub fn init(dir: &Path, now: OffsetDateTime) -> Result<Files> {
    make(dir, &Profile::default(), now)
}

/// Makes a root CA and an issuing CA with new P-256 keys, and writes them into `dir`.
///
/// The folder is created with mode 0700 when it does not exist, and Git ignores it then.
///
/// # Errors
///
/// When one of the files exists already (nothing is written then), the issuing CA would outlive the
/// root, or the folder cannot be written (what was written before the failure is removed again).
pub fn make(dir: &Path, profile: &Profile, now: OffsetDateTime) -> Result<Files> {
    let files = Files::within(dir);
    refuse_to_overwrite(&files)?;

    let (root, issuing) = pair(profile, now)?;
    let root_key = pem::private_key(&root.key);
    let secret = secret::value(&issuing)?;

    let created_dir =
        private::make(dir, 0o700).map_err(|source| Error::io("create", dir, &source))?;
    let contents = [
        (files.root_key.as_path(), root_key.as_bytes(), 0o600),
        (files.issuing_secret.as_path(), secret.as_slice(), 0o600),
        (files.issuing.as_path(), issuing.pem.as_bytes(), 0o644),
        (files.root.as_path(), root.pem.as_bytes(), 0o644),
    ];
    write_all(&contents).inspect_err(|_| {
        if created_dir {
            private::unmake(dir);
        }
    })?;
    Ok(files)
}

fn pair(profile: &Profile, now: OffsetDateTime) -> Result<(Made, Made)> {
    let subject = |kind: &str| Subject {
        organization: Some(profile.organization.clone()),
        common_name: format!("{} {kind} CA", profile.name),
    };
    let ends = Validity::of_days(ROOT_DAYS, now)?;
    let validity = Validity::of_days(profile.days, now)?;
    root::outlasts(ends.ends, validity.ends, now)?;
    let (root, params) = certificate::root(&subject("Root"), ends)?;
    let issuer = Issuer::from_params(&params, &*root.key);
    let key = certificate::key()?;
    let issuing = subject("Issuing");
    let issuing = certificate::issuing(&issuer, key, &issuing, validity, &profile.constraints)?;
    Ok((root, issuing))
}

fn refuse_to_overwrite(files: &Files) -> Result<()> {
    // A dangling symbolic link counts as existing: it would be written through.
    let Some(taken) = files.paths().into_iter().find(|path| path.symlink_metadata().is_ok()) else {
        return Ok(());
    };
    Err(Error::new("could not make a demo CA")
        .because(format!("{} exists already", taken.display()))
        .hint("use the CA that is there, or name another folder; a CA is never overwritten")
        .hint("to replace the issuing CA below the same root: deployer ca rotate"))
}

/// Writes every file or none.
fn write_all(contents: &[(&Path, &[u8], u32)]) -> Result<()> {
    for (index, (path, bytes, mode)) in contents.iter().enumerate() {
        let mut created = false;
        if let Err(source) = write_new(path, bytes, *mode, &mut created) {
            let ours = index + usize::from(created);
            for (path, ..) in &contents[..ours] {
                let _ = fs::remove_file(path);
            }
            return Err(Error::io("write", path, &source));
        }
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8], mode: u32, created: &mut bool) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    *created = true;
    file.write_all(bytes)?;
    file.sync_all()
}
