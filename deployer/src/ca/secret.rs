//! The secret's value: one JSON object with all that the signer needs of an issuing CA.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::certificate::Made;
use super::pem;
use crate::error::{Context as _, Error, Result};

/// The value, in the order in which it is written.
#[derive(Serialize)]
struct Secret<'a> {
    certificate: &'a str,
    private_key: &'a str,
    chain: &'a str,
}

/// All that is read again of a value; the key is skipped, and never copied.
#[derive(Deserialize)]
struct Public {
    certificate: String,
}

/// The value for an issuing CA directly below a root.
pub(super) fn value(issuing: &Made) -> Result<Zeroizing<Vec<u8>>> {
    let key = pem::private_key(&issuing.key);
    let secret = Secret { certificate: &issuing.pem, private_key: &key, chain: &issuing.pem };
    // Sized so that the buffer never moves: a moved buffer leaves an unwiped copy of the key behind.
    let capacity = 2 * (2 * issuing.pem.len() + key.len()) + 256;
    let mut json = Zeroizing::new(Vec::with_capacity(capacity));
    serde_json::to_writer_pretty(&mut *json, &secret)
        .context(|| "could not write the issuing CA as JSON".into())?;
    json.push(b'\n');
    Ok(json)
}

/// The certificate in a value, PEM.
///
/// # Errors
/// Says where the JSON is wrong, and quotes nothing of it.
pub(super) fn certificate(value: &[u8]) -> Result<String> {
    let public: Public = serde_json::from_slice(value).map_err(|error| {
        Error::new("it is not a JSON object with a `certificate`").because(format!(
            "line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    Ok(public.certificate)
}
