//! The client: a key that never leaves this machine, a signed request for a certificate, and a
//! check of everything that comes back before any file is touched.

mod answer;
mod ask;
mod certificate;
mod files;
mod hook;
mod key_type;
mod name;
mod pem;
mod refusal;
mod renewal;
mod request;
mod schedule;
mod usage;
mod verify;
pub mod watch;

use std::net::IpAddr;
use std::path::PathBuf;

use rcgen::KeyPair;
use time::OffsetDateTime;
use zeroize::Zeroizing;

pub use self::certificate::Certificate;
pub(crate) use self::certificate::key_type;
pub use self::files::Paths;
pub use self::key_type::KeyType;
pub use self::name::Name;
pub use self::renewal::{Renewal, renewal};
pub use self::schedule::{Lifetime, Urgency};
pub use self::usage::Usage;

use crate::call::{Caller, Target};
use crate::error::{Error, Result};

/// What a certificate is asked for, and where it goes.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// DNS names to be in the certificate.
    pub dns: Vec<String>,
    /// IP addresses to be in the certificate.
    pub ip: Vec<IpAddr>,
    /// URIs to be in the certificate.
    pub uri: Vec<String>,
    /// The subject's common name. One that looks like a DNS name is asked for as such too.
    pub common_name: Option<String>,
    /// What it is to be used for; if empty, that is left to the issuer.
    pub usages: Vec<Usage>,
    /// The kind of key to make, P-256 if left open; of no account with `csr`.
    pub key_type: Option<KeyType>,
    /// The lifetime to ask for, in hours; without it the signer's default applies.
    pub ttl_hours: Option<u32>,
    /// A certificate request to send instead of making a key; the names above are then left alone.
    pub csr: Option<PathBuf>,
    /// The pinned root certificate (PEM) that the answer must lead to.
    pub root: PathBuf,
    /// The folder for the files; created when it does not exist.
    pub out: PathBuf,
    /// A shell command to run when the files are in place.
    pub hook: Option<String>,
}

/// Whom to ask, and as whom.
pub struct Issuer {
    /// The route's URL, such as `https://abc123.execute-api.eu-central-1.amazonaws.com/issue-cert`.
    /// Plain `http` is accepted only to this machine itself.
    pub url: String,
    /// Who asks; the signer's policy decides by it.
    pub caller: Caller,
    /// Tells the time, for the certificate's validity.
    pub clock: fn() -> OffsetDateTime,
    /// Yields numbers from 0 to 1, for pauses between attempts.
    pub chance: fn() -> f64,
}

/// A certificate that has been checked and written.
#[derive(Debug, Clone)]
pub struct Issued {
    /// What it says.
    pub certificate: Certificate,
    /// The written files.
    pub paths: Paths,
}

/// A certificate that has been checked, but not written yet.
pub struct Obtained<'r> {
    request: &'r Request,
    verified: verify::Verified,
    key: Option<Zeroizing<KeyPair>>,
}

/// Asks for a certificate, checks the answer and writes the files.
///
/// # Errors
///
/// When an input is unusable, the route cannot be reached or refuses, or the answer is not exactly
/// what was asked for. The files in `out` are then as they were before.
pub async fn issue(request: &Request, issuer: &Issuer, report: &dyn Fn(&str)) -> Result<Issued> {
    obtain(request, issuer, report).await?.install()
}

/// Asks for a certificate and checks the answer.
///
/// # Errors
///
/// As with [`issue`].
pub async fn obtain<'r>(
    request: &'r Request,
    issuer: &Issuer,
    report: &dyn Fn(&str),
) -> Result<Obtained<'r>> {
    let target = Target::parse(&issuer.url)?;
    let roots = pem::roots(&request.root, (issuer.clock)())?;
    if let (None, Some(kind @ (KeyType::Rsa2048 | KeyType::Rsa4096))) =
        (&request.csr, request.key_type)
    {
        report(&format!("making a key ({kind})"));
    }
    let prepared = request::prepare(request)?;
    files::check(&request.out, &prepared)?;

    report(&format!("asking {} for a certificate", target.authority()));
    let body = prepared.body(request.ttl_hours)?;
    let send = async || issuer.caller.post(&target, body.clone()).await;
    let response = ask::ask(send, &issuer.chance, report).await.map_err(|error| {
        error
            .hint("check the URL (`deployer output` shows it) and the network between")
            .hint("what was in a local AWS is gone when it is started anew: `deployer apply`")
    })?;
    let now = (issuer.clock)();
    let session_end = issuer.caller.credentials.expiry().map(OffsetDateTime::from);
    let answer = answer::read(&response, &refusal::Asked { now, session_end })?;

    let expected = verify::Expected {
        public_key: &prepared.public_key,
        wanted: &prepared.wanted,
        ttl_hours: request.ttl_hours,
        roots: &roots,
        now,
    };
    let verified = verify::verify(&answer, &expected).map_err(|error: Error| {
        error.within("the answer is not the certificate that was asked for, so no file was written")
    })?;
    Ok(Obtained { request, verified, key: prepared.key })
}

impl Obtained<'_> {
    /// Replaces the files, all at one moment.
    pub fn install(self) -> Result<Issued> {
        let Request { out, hook, .. } = self.request;
        let paths = files::write(out, &self.verified, self.key.as_ref(), hook.is_some())?;
        Ok(Issued { certificate: self.verified.certificate, paths })
    }
}

impl Request {
    /// Whether the hook has yet to succeed for the certificate that is there.
    pub fn is_hook_pending(&self) -> bool {
        self.hook.is_some() && files::is_hook_pending(&self.out)
    }

    /// Runs the hook, if there is one, for the certificate that is there.
    pub async fn run_hook(&self) -> Result<()> {
        let Some(command) = &self.hook else { return Ok(()) };
        // By the time that the hook is done, another certificate may have come.
        let version = files::present(&self.out);
        hook::run(command, &renewal::load(&self.out)?).await?;
        files::hook_succeeded(&version)
    }
}

/// The certificate request (PEM) that would be sent: the one in the file that is named, or one with a
/// new key.
///
/// # Errors
///
/// When there is none in the file, or the names are none.
pub fn certificate_request(input: &Request) -> Result<String> {
    request::prepare(input).map(|prepared| prepared.csr)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request for one name, for the modules below.
    pub(super) fn request() -> Request {
        Request {
            dns: vec!["a.internal".into()],
            ip: Vec::new(),
            uri: Vec::new(),
            common_name: None,
            usages: Vec::new(),
            key_type: None,
            ttl_hours: None,
            csr: None,
            root: "root.pem".into(),
            out: "certs".into(),
            hook: None,
        }
    }
}
