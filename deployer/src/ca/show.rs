//! What the certificates of a CA say.

use std::path::Path;

use signer::notation::{hex, sha256};
use time::OffsetDateTime;

use super::Files;
use super::constraints::Constraints;
use super::root;
use crate::error::{Error, Result};
use crate::issue::key_type;

/// One certificate of a CA, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Whose it is.
    pub subject: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// From when on it is valid.
    pub begins: OffsetDateTime,
    /// The last second of its validity.
    pub ends: OffsetDateTime,
    /// Such as `EC, 256 bits`.
    pub key: String,
    /// What it is held to.
    pub constraints: Constraints,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
}

/// Describes the root and the issuing CA in `dir`, from their certificates alone.
pub fn show(dir: &Path) -> Result<[Description; 2]> {
    let files = Files::within(dir);
    Ok([describe(&files.root)?, describe(&files.issuing)?])
}

fn describe(path: &Path) -> Result<Description> {
    let der = root::certificate_in(path)?;
    let wrong = || format!("could not read {}", path.display());
    let found = root::parse(&der)
        .ok_or_else(|| Error::new(wrong()).because("its certificate is not well-formed"))?;
    Ok(Description {
        subject: found.subject().to_string(),
        serial: hex(found.raw_serial()),
        begins: found.validity().not_before.to_datetime(),
        ends: found.validity().not_after.to_datetime(),
        key: key_type(found.public_key()),
        constraints: Constraints::of(&found).map_err(|error| error.within(wrong()))?,
        sha256: sha256(&der),
    })
}
