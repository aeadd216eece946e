//! The certificate's files: replaced all together or not at all.
//!
//! Each certificate has a folder of its own, and one symbolic link says which of them counts:
//!
//! ```text
//! certs/cert.pem       -> current/cert.pem
//! certs/key.pem        -> current/key.pem       (and so on)
//! certs/current        -> .versions/52a3…
//! certs/.versions/52a3…/{cert,chain,fullchain,key}.pem
//! ```
//!
//! A new certificate is complete on the disk before one rename of `current` makes it count, so that
//! a crash at any moment leaves a key and a certificate that belong together. The version before is
//! kept. Readers who must not see a change between two files open `current` as a folder once.

mod steps;
mod store;

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{KeyPair, PublicKeyData as _};
use zeroize::Zeroizing;

use self::steps::{Content, Version};
use super::request::Prepared;
use super::verify::Verified;
use crate::ca::pem;
use crate::error::{Error, Result};

/// The written files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// The intermediate certificates, PEM; servers send them after the certificate.
    pub chain: PathBuf,
    /// The certificate and the intermediate ones in one file, as many servers want it.
    pub fullchain: PathBuf,
    /// The private key, PKCS#8 PEM, mode 0600; `None` if there is none here.
    pub key: Option<PathBuf>,
}

const CERTIFICATE: &str = "cert.pem";
const CHAIN: &str = "chain.pem";
const FULLCHAIN: &str = "fullchain.pem";
const KEY: &str = "key.pem";

/// Every file that readers look for.
const FILES: [&str; 4] = [CERTIFICATE, CHAIN, FULLCHAIN, KEY];

/// Lies in a version whose hook has yet to succeed.
const HOOK_PENDING: &str = "hook-pending";

impl Paths {
    /// The files in a folder, with or without a key.
    pub(super) fn within(out: &Path, has_key: bool) -> Self {
        Self {
            certificate: out.join(CERTIFICATE),
            chain: out.join(CHAIN),
            fullchain: out.join(FULLCHAIN),
            key: has_key.then(|| out.join(KEY)),
        }
    }
}

/// Refuses a folder that the files could not go into, before a certificate is issued in vain.
pub(super) fn check(out: &Path, request: &Prepared) -> Result<()> {
    let refused = || Error::new(format!("could not use {} as the output folder", out.display()));
    if !out.exists() {
        return Ok(());
    }
    let another = "name another folder with --out; it is created when it does not exist";
    if !out.is_dir() {
        return Err(refused().because("it is no folder").hint(another));
    }
    if store::is_foreign(out) {
        return Err(refused().because("it holds a `current` of somebody else").hint(another));
    }
    tempfile::tempfile_in(out).map_err(|source| {
        refused().because(source).hint("files must be made in it; or name another with --out")
    })?;
    match &request.key {
        Some(_) => Ok(()),
        None => key_beside(out, &request.public_key).map(drop),
    }
}

/// The private key that is to stay beside a certificate for this public key. Servers take key.pem and
/// cert.pem as a pair, so one that does not fit must not lie there.
fn key_beside(out: &Path, public_key: &[u8]) -> Result<Option<Zeroizing<String>>> {
    match key(out)? {
        Some(key) if !fits(&key, public_key) => {
            Err(Error::new(format!("could not use {} as the output folder", out.display()))
                .because("its key.pem is not the key of the certificate request")
                .hint("name another folder with --out"))
        }
        key => Ok(key),
    }
}

/// The folder of the version that counts now, so that all of its files can be read although another
/// takes its place meanwhile; the folder itself where there are plain files.
pub(super) fn present(out: &Path) -> PathBuf {
    fs::canonicalize(out.join(steps::CURRENT)).unwrap_or_else(|_| out.to_owned())
}

/// The text of the private key, if there is one.
pub(super) fn key(out: &Path) -> Result<Option<Zeroizing<String>>> {
    let path = out.join(KEY);
    if !path.exists() {
        return Ok(None);
    }
    fs::read_to_string(&path)
        .map(|text| Some(Zeroizing::new(text)))
        .map_err(|source| Error::io("read", &path, &source))
}

/// Whether a private key is the one of a public key.
pub(super) fn fits(key: &str, public_key: &[u8]) -> bool {
    KeyPair::from_pem(key)
        .map(Zeroizing::new)
        .is_ok_and(|key| key.subject_public_key_info() == public_key)
}

/// Replaces the files in `out`, all of them at one moment.
///
/// A key that is there already and belongs to the certificate stays with it. `hook_pending` is
/// remembered until [`hook_succeeded`].
pub(super) fn write(
    out: &Path,
    verified: &Verified,
    new_key: Option<&Zeroizing<KeyPair>>,
    hook_pending: bool,
) -> Result<Paths> {
    let certificate = pem::encode("CERTIFICATE", &verified.leaf);
    let chain: Vec<_> = verified.chain.iter().map(|one| pem::encode("CERTIFICATE", one)).collect();
    let chain: String = chain.iter().map(|one| one.as_str()).collect();
    let key = match new_key {
        Some(key) => Some(pem::private_key(key)),
        None => key_beside(out, &verified.certificate.public_key)?,
    };
    let mut files = vec![
        Content::public(FULLCHAIN, format!("{}{chain}", *certificate).into_bytes()),
        Content::public(CERTIFICATE, certificate.as_bytes().to_vec()),
        Content::public(CHAIN, chain.into_bytes()),
    ];
    files.extend(key.as_ref().map(|key| Content::private(KEY, key.as_bytes().to_vec())));
    files.extend(hook_pending.then(|| Content::public(HOOK_PENDING, Vec::new())));
    store::install(out, Version { name: verified.certificate.serial.clone(), files })?;
    Ok(Paths::within(out, key.is_some()))
}

/// Whether the hook of the present certificate has yet to succeed.
pub(super) fn is_hook_pending(out: &Path) -> bool {
    out.join(steps::CURRENT).join(HOOK_PENDING).exists()
}

/// Remembers that the hook has succeeded for this version.
pub(super) fn hook_succeeded(version: &Path) -> Result<()> {
    let path = version.join(HOOK_PENDING);
    match fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", &path, &source))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
