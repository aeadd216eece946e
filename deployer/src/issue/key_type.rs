//! The kinds of key that the client makes.

use std::fmt;
use std::str::FromStr;

use rcgen::{KeyPair, RsaKeySize};
use rustls_pki_types::PrivatePkcs8KeyDer;
use zeroize::Zeroizing;

use crate::error::{Context as _, Error, Result};

/// A kind of key. The signer accepts each of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA on P-256, which everything understands.
    #[default]
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 4096 bits; making one takes seconds.
    Rsa4096,
    /// Ed25519, which many browsers and load balancers still refuse.
    Ed25519,
}

impl KeyType {
    /// Every kind, in the order in which help texts list them.
    pub const ALL: [Self; 5] =
        [Self::P256, Self::P384, Self::Rsa2048, Self::Rsa4096, Self::Ed25519];

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Rsa2048 => "rsa2048",
            Self::Rsa4096 => "rsa4096",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The kind as a certificate's description names it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Rsa2048 => "RSA 2048",
            Self::Rsa4096 => "RSA 4096",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// The kind of that title; `None` for the keys that are not made here.
    pub(super) fn titled(title: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.title() == title)
    }

    /// A new key.
    pub(super) fn generate(self) -> Result<Zeroizing<KeyPair>> {
        let key = match self {
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::Rsa2048 => rsa(RsaKeySize::_2048),
            Self::Rsa4096 => rsa(RsaKeySize::_4096),
            Self::Ed25519 => return ed25519(),
        };
        key.map(Zeroizing::new).context(|| format!("could not make a key ({self})"))
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Error::new(format!("`{text}` is no kind of key")).hint(format!("there are: {known}"))
        })
    }
}

fn rsa(size: RsaKeySize) -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size)
}

/// rcgen would write version 2 of the key format, which OpenSSL 3.0 cannot read.
fn ed25519() -> Result<Zeroizing<KeyPair>> {
    let message = || "could not make a key (ed25519)".to_owned();
    let key = aws_lc_rs::signature::Ed25519KeyPair::generate().context(message)?;
    let document = key.to_pkcs8v1().context(message)?;
    KeyPair::from_pkcs8_der_and_sign_algo(
        &PrivatePkcs8KeyDer::from(document.as_ref()),
        &rcgen::PKCS_ED25519,
    )
    .map(Zeroizing::new)
    .context(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_types_read_as_they_are_written() {
        for kind in KeyType::ALL {
            assert_eq!(kind.as_str().parse::<KeyType>().expect("a kind"), kind);
            assert_eq!(KeyType::titled(kind.title()), Some(kind));
        }
        let error = "dsa".parse::<KeyType>().expect_err("refused");
        assert_eq!(error.message, "`dsa` is no kind of key");
    }
}
