//! DER as PEM, in memory that is wiped: most of it is private keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use zeroize::Zeroizing;

/// RFC 7468 says that each line but the last has exactly 64 characters.
const LINE: usize = 64;

/// A key as PKCS#8 PEM. (`KeyPair::serialize_pem` would leave copies of it in freed memory.)
pub(crate) fn private_key(key: &KeyPair) -> Zeroizing<String> {
    encode("PRIVATE KEY", key.serialized_der())
}

/// DER as PEM under a label. Both buffers are wiped when dropped, and sized so that neither ever
/// moves.
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(der.len().div_ceil(3) * 4));
    STANDARD.encode_string(der, &mut encoded);
    let mut pem = Zeroizing::new(String::with_capacity(encoded.len() * 2 + 128));
    let mut push = |parts: [&str; 3]| parts.into_iter().for_each(|part| pem.push_str(part));
    push(["-----BEGIN ", label, "-----\n"]);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(LINE));
        push([line, "\n", ""]);
        rest = next;
    }
    push(["-----END ", label, "-----\n"]);
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_reads_back_as_it_was() {
        for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_RSA_SHA256] {
            let key = KeyPair::generate_for(algorithm).expect("a key");
            let pem = private_key(&key);
            assert_eq!(pem.trim_end(), key.serialize_pem().trim_end().replace('\r', ""));
        }
    }
}
