//! A demo certificate authority: a root that stays on this machine, and the issuing CA that the
//! signer works with.
//!
//! The root signs one subordinate CA with `pathlen:0`, so that what is uploaded can issue leaf
//! certificates and nothing more. Real installations bring their own issuing CA in the same JSON
//! shape; the files here let anyone try the whole path in a minute.

pub(crate) mod pem;

mod certificate;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Where the files of a demo CA are.
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
}

impl Files {
    /// The files of the demo CA in `dir`, whether or not they exist.
    pub fn within(dir: &Path) -> Self {
        Self {
            root: dir.join("root.pem"),
            root_key: dir.join("root-key.pem"),
            issuing: dir.join("issuing-ca.pem"),
            issuing_secret: dir.join("issuing-ca.json"),
        }
    }

    /// All four paths, in the order in which they are written.
    pub fn paths(&self) -> [&Path; 4] {
        [&self.root_key, &self.issuing_secret, &self.issuing, &self.root]
    }
}

/// The secret's value, in the order in which it is written.
#[derive(Serialize)]
struct Secret<'a> {
    certificate: &'a str,
    private_key: &'a str,
    chain: &'a str,
}

/// Makes a root CA and an issuing CA with new P-256 keys, and writes them into `dir`.
///
/// The folder is created with mode 0700 when it does not exist.
///
/// # Errors
///
/// When one of the files exists already (nothing is written then), or when the folder cannot be
/// written (what was written before the failure is removed again).
pub fn init(dir: &Path, now: OffsetDateTime) -> Result<Files> {
    let files = Files::within(dir);
    refuse_to_overwrite(&files)?;

    let made = certificate::make(now)?;
    let root_key = pem::private_key(&made.root_key);
    let issuing_key = pem::private_key(&made.issuing_key);
    let secret = secret_value(&made.issuing_pem, &issuing_key)?;

    let created_dir = !dir.exists();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| Error::io("create", dir, &source))?;
    let contents = [
        (files.root_key.as_path(), root_key.as_bytes(), 0o600),
        (files.issuing_secret.as_path(), secret.as_slice(), 0o600),
        (files.issuing.as_path(), made.issuing_pem.as_bytes(), 0o644),
        (files.root.as_path(), made.root_pem.as_bytes(), 0o644),
    ];
    write_all(&contents).inspect_err(|_| {
        if created_dir {
            // A folder that has meanwhile got other contents stays.
            let _ = fs::remove_dir(dir);
        }
    })?;
    Ok(files)
}

fn refuse_to_overwrite(files: &Files) -> Result<()> {
    // A dangling symbolic link counts as existing: it would be written through.
    let Some(taken) = files.paths().into_iter().find(|path| path.symlink_metadata().is_ok()) else {
        return Ok(());
    };
    Err(Error::new("could not make a demo CA")
        .because(format!("{} exists already", taken.display()))
        .hint("use the CA that is there, or name another folder; a CA is never overwritten"))
}

fn secret_value(issuing_pem: &str, issuing_key: &str) -> Result<Zeroizing<Vec<u8>>> {
    let secret = Secret { certificate: issuing_pem, private_key: issuing_key, chain: issuing_pem };
    // Sized so that the buffer never moves: a moved buffer leaves an unwiped copy of the key behind.
    let capacity = 2 * (2 * issuing_pem.len() + issuing_key.len()) + 256;
    let mut json = Zeroizing::new(Vec::with_capacity(capacity));
    serde_json::to_writer_pretty(&mut *json, &secret)
        .map_err(|source| Error::new("could not write the issuing CA as JSON").because(source))?;
    json.push(b'\n');
    Ok(json)
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
