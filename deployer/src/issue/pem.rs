//! Reading PEM: certificates, requests, and nothing else where nothing else belongs.

use std::fs;
use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use signer::notation::utc;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::error::{Error, Result};

/// Every PEM block of a text, in order, of whatever kind.
pub(super) fn blocks(pem: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>> {
    <(SectionKind, Vec<u8>)>::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|source| Error::new("it is no PEM").because(source))
}

/// The certificates of a text that may hold nothing but certificates.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    blocks(pem)?
        .into_iter()
        .map(|(kind, der)| match kind {
            SectionKind::Certificate => Ok(CertificateDer::from(der)),
            other => Err(Error::new("it holds something other than certificates")
                .because(format!("a PEM block of another kind: {other:?}"))),
        })
        .collect()
}

/// The pinned roots in a file, each of which can be one now: webpki itself looks at nothing of an
/// anchor but its name and its key.
pub(super) fn roots(path: &Path, now: OffsetDateTime) -> Result<Vec<CertificateDer<'static>>> {
    let subject = || format!("could not use {} as the pinned root", path.display());
    let hint = "name the file of the root certificate with --root; `deployer ca init` writes one";
    let pem = fs::read(path).map_err(|source| Error::new(subject()).because(source).hint(hint))?;
    let roots = certificates(&pem).map_err(|error| error.within(subject()).hint(hint))?;
    if roots.is_empty() {
        return Err(Error::new(subject()).because("it holds no certificate in PEM").hint(hint));
    }
    for root in &roots {
        check_root(root, now).map_err(|error| error.within(subject()).hint(hint))?;
    }
    Ok(roots)
}

fn check_root(der: &CertificateDer<'_>, now: OffsetDateTime) -> Result<()> {
    let Ok(([], root)) = X509Certificate::from_der(der) else {
        return Err(Error::new("it is no X.509 certificate"));
    };
    if !root.is_ca() || root.issuer().as_raw() != root.subject().as_raw() {
        return Err(Error::new(format!("{} is no root CA", root.subject())));
    }
    let validity = root.validity();
    let (begins, ends) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
    if now < begins || now > ends {
        let (begins, ends) = (utc(begins), utc(ends));
        return Err(Error::new(format!("it is valid from {begins} to {ends}")));
    }
    Ok(())
}
