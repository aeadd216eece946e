//! Reading PEM: certificates, requests, and nothing else where nothing else belongs.

use std::fs;
use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{PemObject as _, SectionKind};

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

/// The pinned roots in a file.
pub(super) fn roots(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let subject = || format!("could not use {} as the pinned root", path.display());
    let hint = "name the file of the root certificate with --root; `deployer ca init` writes one";
    let pem = fs::read(path).map_err(|source| Error::new(subject()).because(source).hint(hint))?;
    let roots = certificates(&pem).map_err(|error| error.within(subject()).hint(hint))?;
    if roots.is_empty() {
        return Err(Error::new(subject()).because("it holds no certificate in PEM").hint(hint));
    }
    Ok(roots)
}
