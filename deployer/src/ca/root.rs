//! A root as it lies in its files, checked before it signs anything.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use rcgen::{Issuer, KeyPair, PublicKeyData as _};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use signer::ca::is_writable;
use signer::notation::utc;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// A root with its key. The key is wiped on drop.
pub(super) struct Root {
    der: CertificateDer<'static>,
    key: Zeroizing<KeyPair>,
}

impl Root {
    /// Reads a root and its key, and checks that it can sign an issuing CA now.
    pub(super) fn read(certificate: &Path, key: &Path, now: OffsetDateTime) -> Result<Self> {
        let der = certificate_in(certificate)?;
        let wrong = |why: String| {
            Error::new(format!("{} cannot sign an issuing CA", certificate.display())).because(why)
        };
        let parsed = parse(&der).ok_or_else(|| wrong("it is not well-formed".into()))?;
        check(&parsed, now).map_err(wrong)?;
        let key_file = key;
        let key = private_key(key_file)?;
        if key.subject_public_key_info() != parsed.public_key().raw {
            return Err(wrong(format!("{} is the key of another", key_file.display()))
                .hint("name the file with the root's key: --root-key FILE"));
        }
        Ok(Self { der, key })
    }

    /// The certificate.
    pub(super) fn certificate(&self) -> Result<X509Certificate<'_>> {
        parse(&self.der).ok_or_else(|| Error::new("could not read the root certificate"))
    }

    /// What signs an issuing CA.
    pub(super) fn issuer(&self) -> Result<Issuer<'_, &KeyPair>> {
        Issuer::from_ca_cert_der(&self.der, &*self.key)
            .map_err(|error| Error::new("could not sign with the root").because(error))
    }

    /// Whether a certificate is one that this root has signed, as every verifier sees it.
    pub(super) fn has_signed(&self, certificate: &X509Certificate<'_>) -> Result<bool> {
        let root = self.certificate()?;
        Ok(certificate.issuer().as_raw() == root.subject().as_raw()
            && certificate.verify_signature(Some(root.public_key())).is_ok())
    }
}

/// An issuing CA must not outlive its root: what it issues after that would verify nowhere.
pub(super) fn outlasts(
    root: OffsetDateTime,
    issuing: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<()> {
    if issuing <= root {
        return Ok(());
    }
    // Certificates have whole seconds.
    let most = (root - now.replace_nanosecond(0).unwrap_or(now)).whole_days();
    let error =
        Error::new(format!("could not make an issuing CA that is valid until {}", utc(issuing)))
            .because(format!("its root expires at {}, and it must not outlive that", utc(root)));
    Err(if most > 0 {
        error.hint(format!("give at most --days {most}"))
    } else {
        error.hint("make a new root in another folder: deployer ca init --dir DIR")
    })
}

fn check(root: &X509Certificate<'_>, now: OffsetDateTime) -> Result<(), String> {
    let basic = root.basic_constraints().ok().flatten().map(|extension| extension.value);
    match basic {
        Some(basic) if basic.ca && basic.path_len_constraint != Some(0) => {}
        Some(basic) if basic.ca => return Err("its path length permits no CA below it".into()),
        _ => return Err("it is not a CA certificate".into()),
    }
    let usage = root.key_usage().map_err(|_| "its key usage is not well-formed")?;
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err("its key usage lacks keyCertSign".into());
    }
    if !is_writable(root.subject()) {
        return Err("its subject has an attribute that cannot be written".into());
    }
    let validity = root.validity();
    let (begins, ends) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
    if now < begins || now > ends {
        return Err(format!("it is valid from {} to {}", utc(begins), utc(ends)));
    }
    Ok(())
}

/// The one certificate in a PEM file.
pub(super) fn certificate_in(path: &Path) -> Result<CertificateDer<'static>> {
    let bytes = fs::read(path).map_err(|source| {
        Error::io("read", path, &source).hint("name the folder of the CA with --dir")
    })?;
    certificate_of(&bytes)
        .map_err(|why| Error::new(format!("could not read {}", path.display())).because(why))
}

/// The one certificate in a PEM text.
pub(super) fn certificate_of(pem: &[u8]) -> Result<CertificateDer<'static>, &'static str> {
    let mut blocks = CertificateDer::pem_slice_iter(pem);
    match (blocks.next(), blocks.next()) {
        (Some(Ok(certificate)), None) => Ok(certificate),
        _ => Err("it does not hold exactly one certificate, PEM"),
    }
}

/// A certificate and nothing behind it.
pub(super) fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, found)| found)
}

fn private_key(path: &Path) -> Result<Zeroizing<KeyPair>> {
    let hint = "the root's key is needed for this only; name its file with --root-key FILE";
    let read = || -> std::io::Result<Zeroizing<String>> {
        let mut file = fs::File::open(path)?;
        // Sized so that the buffer never moves: a moved buffer leaves an unwiped copy behind.
        let size = usize::try_from(file.metadata()?.len()).unwrap_or_default();
        let mut text = Zeroizing::new(String::with_capacity(size + 1));
        file.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|source| Error::io("read", path, &source).hint(hint))?;
    KeyPair::from_pem(&text).map(Zeroizing::new).map_err(|_| {
        Error::new(format!("could not read {}", path.display()))
            .because("it is not an unencrypted private key of a kind that is known, PEM")
            .hint("`openssl pkcs8 -topk8 -nocrypt` converts other keys")
    })
}
