//! The CA's private key, in the forms in which keys are written down.

use rcgen::KeyPair;
use rustls_pki_types::PrivateKeyDer;

use super::{Checked, problem};
use crate::pem;

/// Reads one PEM block: PKCS#8 (`PRIVATE KEY`), SEC1 (`EC PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
pub(super) fn read(text: &str) -> Checked<KeyPair> {
    let refuse = |message: &str| Err(problem("private_key", message));
    let blocks = pem::blocks(text).map_err(|error| problem("private_key", error))?;
    let [block] = blocks.as_slice() else {
        return refuse("must be exactly one PEM block; leave `EC PARAMETERS` out");
    };
    let der = block.der.as_slice();
    let der = match block.label {
        "PRIVATE KEY" => PrivateKeyDer::Pkcs8(der.into()),
        "EC PRIVATE KEY" => PrivateKeyDer::Sec1(der.into()),
        "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(der.into()),
        _ => {
            return refuse(
                "must be an unencrypted key, labelled PRIVATE KEY, EC PRIVATE KEY or \
                 RSA PRIVATE KEY; `openssl pkey` converts others",
            );
        }
    };
    // The algorithm that the issuing CA signs with follows from its key (RFC 5758, 4055, 8410).
    let accepted = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_RSA_SHA256,
        &rcgen::PKCS_ED25519,
    ];
    match KeyPair::try_from(&der) {
        Ok(key) if accepted.contains(&key.algorithm()) => Ok(key),
        _ => refuse("is not a P-256, P-384, RSA (2048 bits or more) or Ed25519 key"),
    }
}
