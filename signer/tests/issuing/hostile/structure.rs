//! DER, keys, signatures, attributes and extensions.

use super::Table;
use crate::der::{
    Csr, ECDSA_SHA256, OID_2_999_1, SAN, dns, extension, extension_request, fixture, oid, pem, tlv,
};

pub(super) fn structure(table: &mut Table) {
    let good = || Csr::new(&[dns("api.example.com")]);
    let der = good().der();
    table.csr(0, "the request that the others deviate from", &good().pem(), 200, "ok");
    table.der(37, "trailing byte", &[&der[..], &[0]].concat(), "invalid_csr");
    for length in [1, der.len() / 2, der.len() - 1] {
        table.der(38, "truncated", &der[..length], "invalid_csr");
    }
    table.der(38, "huge length", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], "invalid_csr");
    table.der(38, "indefinite length", &[0x30, 0x80, 0, 0], "invalid_csr");
    let deep = (0..2_000).fold(Vec::new(), |inner, _| tlv(0x30, &[&inner]));
    table.der(38, "deep nesting", &deep, "invalid_csr");
    table.der(38, "deep nesting without ends", &[0x30, 0x80].repeat(6_000), "invalid_csr");
    let deeper = pem("CERTIFICATE REQUEST", &[0x30, 0x80].repeat(20_000));
    table.csr(38, "20,000 levels", &deeper, 413, "too_large");
    let extra = Csr { extra: vec![5, 0], ..good() };
    table.refused(39, "extra element in the info", &extra, "invalid_csr");
    for version in [1, 5] {
        table.refused(40, "version", &Csr { version, ..good() }, "invalid_csr");
    }
    table.refused(41, "no attributes", &Csr { attributes: Vec::new(), ..good() }, "invalid_csr");
    let flipped = Csr { flip_signature: true, ..good() };
    table.refused(42, "flipped bit", &flipped, "bad_csr_signature");
    let stolen = Csr { spki: good().spki, ..good() };
    table.refused(42, "another's key", &stolen, "bad_csr_signature");
    let rsa = tlv(0x30, &[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b]), &[5, 0]]);
    table.refused(43, "RSA identifier", &Csr { algorithm: rsa, ..good() }, "unsupported_signature");
    let null = tlv(0x30, &[&oid(ECDSA_SHA256), &[5, 0]]);
    let parameters = Csr { algorithm: null, ..good() };
    table.refused(43, "ECDSA with parameters", &parameters, "unsupported_signature");
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let spki = rcgen::PublicKeyData::subject_public_key_info(&key);
    let algorithm = tlv(0x30, &[&oid(&[0x2b, 0x65, 0x70]), &[5, 0]]);
    let parameters = Csr { key, spki, algorithm, ..good() };
    table.refused(43, "Ed25519 with parameters", &parameters, "unsupported_signature");
    let ms = tlv(
        0x30,
        &[
            &oid(&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 0x0e]),
            &tlv(0x31, &[&tlv(0x30, &[&dns("evil.example.com")])]),
        ],
    );
    let ours = extension_request(&[&[dns("api.example.com")]]);
    let both = Csr::with_attributes(&[ours.clone(), ms.clone()]);
    table.csr(62, "Microsoft's attribute is ignored", &both.pem(), 200, "ok");
    // As others do, too: the attributes are a set, and DER has an order for it.
    let reversed = Csr::with_attributes(&[ms.clone(), ours]);
    table.refused(62, "attributes out of order", &reversed, "invalid_csr");
    table.refused(62, "and only that", &Csr::with_attributes(&[ms]), "no_names");
}

pub(super) fn algorithms(table: &mut Table) {
    for (number, name, code) in [
        (44, "p384_sha256", "ok"),
        (44, "p384_sha384", "ok"),
        (45, "p256_sha384", "ok"),
        (46, "p256_sha512", "unsupported_signature"),
        (47, "p521_sha512", "unsupported_key"),
        (47, "ed448", "unsupported_key"),
        (47, "secp256k1_sha256", "unsupported_key"),
        (47, "brainpool_sha256", "unsupported_key"),
        (47, "p224_sha256", "unsupported_key"),
        (47, "explicit_sha256", "unsupported_key"),
        (48, "ed25519", "ok"),
        (49, "rsa2048_pss", "unsupported_signature"),
        (49, "rsapss2048_sha256", "unsupported_key"),
        (50, "rsa1024_sha256", "weak_key"),
        (50, "rsa2047_sha256", "weak_key"),
        (50, "rsa2050_sha256", "unsupported_key"),
        (51, "rsa2048_e3", "weak_key"),
        (52, "rsa8192_sha256", "key_too_large"),
        (52, "rsa16384_sha256", "key_too_large"),
        (53, "rsa2048_sha1", "unsupported_signature"),
        (53, "rsa2048_md5", "unsupported_signature"),
        (53, "p256_sha1", "unsupported_signature"),
        (55, "roca2048_sha256", "weak_key"),
        (0, "rsa2048_sha512", "ok"),
        (0, "rsa4096_sha256", "ok"),
        (0, "typical_openssl", "ok"),
    ] {
        let status = if code == "ok" { 200 } else { 400 };
        table.csr(number, name, &fixture(name), status, code);
    }
    let good = || Csr::new(&[dns("api.example.com")]);
    let with_point = |point: &[u8]| {
        let p256 = [
            &oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1])[..],
            &oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
        ];
        let spki = tlv(0x30, &[&tlv(0x30, &p256), &tlv(3, &[&[0], point])]);
        Csr { spki, ..good() }
    };
    table.refused(54, "compressed", &with_point(&[&[2][..], &[7; 32]].concat()), "unsupported_key");
    table.refused(
        54,
        "not on curve",
        &with_point(&[&[4][..], &[7; 64]].concat()),
        "unsupported_key",
    );
    table.refused(54, "infinity", &with_point(&[0]), "unsupported_key");
    small_orders(table);
    older_algorithms(table);
}

/// Ed25519 keys for which anybody can make a signature: points of the orders 1, 2, 4 and 8, with
/// either sign, and numbers that should have been reduced.
fn small_orders(table: &mut Table) {
    let algorithm = tlv(0x30, &[&oid(&[0x2b, 0x65, 0x70])]);
    let number =
        |first: u8, between: u8, last: u8| [&[first][..], &[between; 30], &[last]].concat();
    let eighth: [u8; 32] = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    let prime = |first: u8| number(first, 0xff, 0x7f);
    let points =
        [number(1, 0, 0), prime(0xec), number(0, 0, 0), eighth.to_vec(), prime(0xed), prime(0xee)];
    for point in points {
        for sign in [0, 0x80] {
            let point = [&point[..31], &[point[31] | sign]].concat();
            let spki = tlv(0x30, &[&algorithm, &tlv(3, &[&[0], &point])]);
            let good = Csr::new(&[dns("api.example.com")]);
            let info = tlv(0x30, &[&[2, 1, 0], &good.subject, &spki, &good.attributes]);
            // Of the first point, this is a signature of anything: the point itself, and zero.
            let signature = tlv(3, &[&[0], &number(1, 0, 0), &[0; 32]]);
            let forged = tlv(0x30, &[&info, &algorithm, &signature]);
            table.der(55, "small order", &forged, "weak_key");
        }
    }
}

/// Exponents and algorithms that nothing here can make keys and signatures for. They are refused
/// before a signature is looked at.
fn older_algorithms(table: &mut Table) {
    let rsa = |last| oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last]);
    let with_exponent = |exponent: &[u8]| {
        let modulus = [&[0, 0xc1][..], &[0x55; 255]].concat();
        let numbers = tlv(0x30, &[&tlv(2, &[&modulus]), &tlv(2, &[exponent])]);
        let spki = tlv(0x30, &[&tlv(0x30, &[&rsa(1), &[5, 0]]), &tlv(3, &[&[0], &numbers])]);
        let algorithm = tlv(0x30, &[&rsa(0x0b), &[5, 0]]);
        Csr { spki, algorithm, ..Csr::new(&[dns("api.example.com")]) }
    };
    for exponent in [&[1][..], &[1, 0, 0], &[0x7f; 256]] {
        table.refused(51, "exponent", &with_exponent(exponent), "weak_key");
    }
    for exponent in [&[0][..], &[0x81], &[]] {
        table.refused(51, "exponent", &with_exponent(exponent), "invalid_csr");
    }
    let md4 = tlv(0x30, &[&rsa(3), &[5, 0]]);
    let md4 = Csr { algorithm: md4, ..with_exponent(&[1, 0, 1]) };
    table.refused(53, "MD4", &md4, "unsupported_signature");
    let dsa = tlv(0x30, &[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1]), &[5, 0]]);
    let spki = tlv(0x30, &[&dsa, &[3, 2, 0, 0]]);
    let dsa = Csr { spki, ..Csr::new(&[dns("api.example.com")]) };
    table.refused(53, "DSA", &dsa, "unsupported_key");
}

pub(super) fn extensions(table: &mut Table) {
    let name = || dns("api.example.com");
    let with = |other: Vec<u8>| Csr::new(&[name(), other]);
    let basic = |value: &[u8]| extension(&[0x55, 0x1d, 0x13], value);
    let purpose = |last: &[u8]| {
        let id = oid(last);
        extension(&[0x55, 0x1d, 0x25], &tlv(0x30, &[&id]))
    };
    for value in [&[0x30, 3, 1, 1, 0xff][..], &[0x30, 6, 1, 1, 0xff, 2, 1, 9], &[0x30, 3, 2, 1, 0]]
    {
        table.refused(57, "CA", &with(basic(value)), "forbidden_extension");
    }
    for value in [&[0x30, 0][..], &[0x30, 3, 1, 1, 0]] {
        table.csr(57, "CA:FALSE", &with(basic(value)).pem(), 200, "ok");
    }
    for bits in [[3, 2, 2, 4], [3, 2, 1, 2], [3, 2, 0, 0xff]] {
        let usage = extension(&[0x55, 0x1d, 0x0f], &bits);
        table.refused(58, "keyCertSign or cRLSign", &with(usage), "forbidden_extension");
    }
    // encipherOnly and decipherOnly without keyAgreement, an unused bit that is set, no bits, many.
    for bits in [
        &[3, 2, 0, 0x01][..],
        &[3, 3, 7, 0x80, 0x80],
        &[3, 2, 1, 0x01],
        &[3, 1, 1],
        &[3, 4, 0, 0x80, 0, 0],
    ] {
        let usage = extension(&[0x55, 0x1d, 0x0f], bits);
        table.refused(58, "malformed keyUsage", &with(usage), "invalid_csr");
    }
    for bits in [&[3, 2, 0, 0x09][..], &[3, 3, 7, 0x08, 0x80], &[3, 2, 5, 0xa0]] {
        let usage = extension(&[0x55, 0x1d, 0x0f], bits);
        table.csr(58, "harmless usages", &with(usage).pem(), 200, "ok");
    }
    for id in
        [&[0x55, 0x1d, 0x25, 0][..], &[0x2b, 6, 1, 5, 5, 7, 3, 3], &[0x2b, 6, 1, 5, 5, 7, 3, 9]]
    {
        table.refused(58, "any, code signing, OCSP", &with(purpose(id)), "forbidden_extension");
    }
    for id in [
        &[0x55, 0x1d, 0x1e][..],
        &[0x2a, 3, 4],
        &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2],
        OID_2_999_1,
    ] {
        table.refused(59, "other extension", &with(extension(id, &[5, 0])), "forbidden_extension");
    }
    let identifier = extension(&[0x55, 0x1d, 0x0e], &tlv(4, &[&[1; 20]]));
    table.csr(59, "subjectKeyIdentifier is ignored", &with(identifier).pem(), 200, "ok");
    table.refused(60, "two SAN", &with(dns("x.internal.example")), "invalid_csr");
    let request = || extension_request(&[&[name()]]);
    table.refused(
        61,
        "two attributes",
        &Csr::with_attributes(&[request(), request()]),
        "invalid_csr",
    );
    let two = extension_request(&[&[name()], &[dns("x.internal.example")]]);
    table.refused(61, "two values", &Csr::with_attributes(&[two]), "invalid_csr");
    table.refused(63, "no extension in the list", &Csr::new(&[]), "invalid_csr");
    for value in [&[][..], &[0x30, 0], &[0x30, 2, 0x82, 5], &[4, 0], &[0x30, 3, 0x82, 1, b'a', 0]] {
        table.refused(63, "malformed SAN", &Csr::new(&[extension(SAN, value)]), "invalid_csr");
    }
}
