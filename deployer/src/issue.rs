//! The client: a key that never leaves this machine, a signed request for a certificate, and a
//! check of everything that comes back before any file is touched.

mod answer;
mod files;
mod name;
mod pem;
mod request;
mod verify;

use std::net::IpAddr;
use std::path::PathBuf;

use time::OffsetDateTime;

pub use self::files::Paths;
pub use self::name::Name;
pub use self::request::KeyType;

use crate::call::{Caller, Target};
use crate::error::{Error, Result};

/// What a certificate is asked for, from whom, and where it goes.
pub struct Request {
    /// The route's URL, such as `https://abc123.execute-api.eu-central-1.amazonaws.com/issue-cert`.
    /// Plain `http` is accepted only to this machine itself.
    pub url: String,
    /// Who asks; the signer's policy decides by it.
    pub caller: Caller,
    /// Tells the time, for the certificate's validity.
    pub clock: fn() -> OffsetDateTime,
    /// DNS names to be in the certificate.
    pub dns: Vec<String>,
    /// IP addresses to be in the certificate.
    pub ip: Vec<IpAddr>,
    /// URIs to be in the certificate.
    pub uri: Vec<String>,
    /// The subject's common name. One that looks like a DNS name is asked for as such too.
    pub common_name: Option<String>,
    /// The kind of key to make; of no account with `csr`.
    pub key_type: KeyType,
    /// The lifetime to ask for, in hours; without it the signer's default applies.
    pub ttl_hours: Option<u32>,
    /// A certificate request to send instead of making a key; the names above are then left alone.
    pub csr: Option<PathBuf>,
    /// The pinned root certificate (PEM) that the answer must lead to.
    pub root: PathBuf,
    /// The folder for `cert.pem`, `chain.pem` and `key.pem`; created when it does not exist.
    pub out: PathBuf,
}

/// A certificate that has been checked and written.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Every name in the certificate, sorted.
    pub names: Vec<Name>,
    /// The serial number in lower-case hexadecimal, two digits to an octet.
    pub serial: String,
    /// When its validity begins.
    pub not_before: OffsetDateTime,
    /// When its validity ends.
    pub not_after: OffsetDateTime,
    /// The issuer's distinguished name, such as `O=deployer demo, CN=Demo Issuing CA`.
    pub issuer: String,
    /// The kind of key it certifies, such as `P-256`.
    pub key_type: String,
    /// What it may be used for: `client`, `server`, or both.
    pub usages: Vec<&'static str>,
    /// The written files.
    pub paths: Paths,
}

/// Asks for a certificate, checks the answer and writes the files.
///
/// # Errors
///
/// When an input is unusable, the route cannot be reached or refuses, or the answer is not exactly
/// what was asked for. The files in `out` are then as they were before.
pub async fn issue(input: &Request, report: &dyn Fn(&str)) -> Result<Issued> {
    let target = Target::parse(&input.url)?;
    let roots = pem::roots(&input.root)?;
    if input.csr.is_none() && !matches!(input.key_type, KeyType::P256 | KeyType::P384) {
        report(&format!("making a key ({})", input.key_type));
    }
    let request = request::prepare(input)?;
    files::check(&input.out, &request)?;

    report(&format!("asking {} for a certificate", target.authority()));
    let body = request.body(input.ttl_hours)?;
    let response = input.caller.post(&target, body).await.map_err(|error| {
        error.hint("check the URL (`deployer output` shows it) and the network between")
    })?;
    let now = (input.clock)();
    let answer = answer::read(&response, now)?;

    let expected = verify::Expected {
        public_key: &request.public_key,
        names: &request.names,
        ttl_hours: input.ttl_hours,
        roots: &roots,
        now,
    };
    let verified = verify::verify(&answer, &expected).map_err(|error: Error| {
        error.within("the answer is not the certificate that was asked for, so no file was written")
    })?;
    let paths = files::write(&input.out, &verified, request.key.as_ref())?;
    Ok(verified.issued(paths))
}
