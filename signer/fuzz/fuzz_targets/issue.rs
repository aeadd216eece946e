//! The whole pure core, with requests whose signatures are valid: no panic, no fault of the issuer's
//! own, and no certificate but one that webpki verifies, for the key of the request.
//!
//! No fuzzer finds a signature by mutation, so this target signs what the input describes. Its first
//! byte chooses the key, and whether the rest is what is signed, as it is, or decisions of the same
//! mutator that the tests use. Of what is signed, the key is put into its place.

#![no_main]

#[path = "../../tests/issuing/authority.rs"]
mod authority;
#[path = "../../tests/issuing/core.rs"]
mod core;
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/issuing/der.rs"]
mod der;
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/issuing/mutation.rs"]
mod mutation;
#[path = "../../tests/issuing/rules.rs"]
mod rules;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};

use crate::core::Core;
use crate::mutation::{Choice, Key};

/// Decisions by the bytes of the input, and the first of all when they run out.
struct Input<'a>(&'a [u8]);

impl Choice for Input<'_> {
    fn below(&mut self, limit: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % limit
    }
}

struct Setting {
    core: Core,
    keys: [(KeyPair, Vec<u8>, Vec<u8>); 2],
}

static SETTING: LazyLock<Setting> = LazyLock::new(|| {
    let ecdsa = der::oid(der::ECDSA_SHA256);
    let keys = [
        (&rcgen::PKCS_ECDSA_P256_SHA256, ecdsa),
        (&rcgen::PKCS_ED25519, der::oid(&[0x2b, 0x65, 0x70])),
    ];
    let keys = keys.map(|(kind, algorithm)| {
        let key = KeyPair::generate_for(kind).unwrap();
        let spki = key.subject_public_key_info();
        (key, spki, der::tlv(0x30, &[&algorithm]))
    });
    Setting { core: Core::new(), keys }
});

/// Stands for the key in what the input says is signed.
const PLACEHOLDER: &[u8] = &[0x30, 0x04, 0x4b, 0x45, 0x59, 0x21];

fn with_key(info: &[u8], spki: &[u8]) -> Vec<u8> {
    let found = info.windows(PLACEHOLDER.len()).position(|window| window == PLACEHOLDER);
    let Some(place) = found else { return info.to_vec() };
    [&info[..place], spki, &info[place + PLACEHOLDER.len()..]].concat()
}

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    // Longer ones are refused for their length, and what writes DER here stops at 64 KiB.
    if rest.len() > 8_192 {
        return;
    }
    let (key, spki, algorithm) = &SETTING.keys[usize::from(first & 1)];
    let sign = |message: &[u8]| key.sign(message).unwrap();
    let key = Key { spki, algorithm, sign: &sign };
    let request = if first & 2 == 0 {
        mutation::request(&mut Input(rest), &key)
    } else {
        // The elements within, so that their lengths need not be right beforehand.
        mutation::sign(&der::tlv(0x30, &[&with_key(rest, spki)]), &key)
    };
    let random = std::array::from_fn(|index| input.get(index).copied().unwrap_or(0xff));
    let _ = SETTING.core.ask(&der::pem("CERTIFICATE REQUEST", &request), spki, random);
});
