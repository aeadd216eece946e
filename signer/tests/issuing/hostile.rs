//! Hostile and odd requests as data: what they are, and the one answer that each must get.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::der::{
    COMMON_NAME, Csr, ECDSA_SHA256, OID_2_999_1, SAN, dns, extension, extension_request, fixture,
    oid, pem, san, subject, tlv,
};
use crate::events::{World, event};

/// Rows of the catalogue that are no single request, and the tests that have them.
const ELSEWHERE: [(u8, &str, &str); 5] = [
    (24, include_str!("events.rs"), "fn the_ca_must_outlive_the_certificate()"),
    (56, include_str!("events.rs"), "fn the_key_of_the_ca_itself_gets_no_certificate()"),
    (82, include_str!("refresh.rs"), "fn a_thousand_requests_at_once_make_one_look"),
    (83, include_str!("refresh.rs"), "fn unusable_material_is_the_issuers_fault"),
    (84, include_str!("events.rs"), "fn a_clock_before_the_ca_issues_nothing()"),
];

/// The longest that any answer may take, on a machine that has much else to do. Nearly all take a
/// ten-thousandth of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// One request and its answer. The code `ok` stands for a certificate.
struct Row {
    number: u8,
    what: String,
    event: Value,
    status: u16,
    code: &'static str,
}

#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    fn event(&mut self, number: u8, what: &str, event: Value, status: u16, code: &'static str) {
        self.0.push(Row { number, what: what.to_owned(), event, status, code });
    }

    fn body(&mut self, number: u8, body: &[u8], status: u16, code: &'static str) {
        let what = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        self.event(number, &what, event(body), status, code);
    }

    fn csr(&mut self, number: u8, what: &str, csr: &str, status: u16, code: &'static str) {
        let body = json!({"csr": csr}).to_string();
        self.event(number, what, event(body.as_bytes()), status, code);
    }

    fn refused(&mut self, number: u8, what: &str, csr: &Csr, code: &'static str) {
        self.csr(number, what, &csr.pem(), 400, code);
    }

    fn der(&mut self, number: u8, what: &str, der: &[u8], code: &'static str) {
        self.csr(number, what, &pem("CERTIFICATE REQUEST", der), 400, code);
    }
}

#[test]
fn every_hostile_request_gets_its_answer() {
    let mut table = Table::default();
    bodies(&mut table);
    lifetimes(&mut table);
    transport(&mut table);
    armour(&mut table);
    structure(&mut table);
    algorithms(&mut table);
    extensions(&mut table);
    names(&mut table);
    more_names(&mut table);
    subjects(&mut table);
    assert_complete(&table);

    let world = World::new();
    let mut wrong = Vec::new();
    for Row { number, what, event, status, code } in &table.0 {
        let started = Instant::now();
        let (got_status, body) = world.send(event);
        assert!(started.elapsed() < PATIENCE, "row {number} ({what}) took {:?}", started.elapsed());
        let got_code = body["error"]["code"].as_str().unwrap_or("ok");
        if (got_status, got_code) != (*status, *code) {
            wrong.push(format!("row {number} ({what}): {got_status} {body}, not {status} {code}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world.lines.lock().unwrap().len(), table.0.len(), "one audit line each");
}

/// Every row of the catalogue of hostile requests, which has 85, is here or elsewhere.
fn assert_complete(table: &Table) {
    let here: BTreeSet<_> = table.0.iter().map(|row| row.number).collect();
    let elsewhere = ELSEWHERE.iter().inspect(|(number, file, test)| {
        assert!(file.contains(test), "row {number}: there is no {test}");
    });
    let all: BTreeSet<_> = here.into_iter().chain(elsewhere.map(|(number, ..)| *number)).collect();
    let missing: Vec<_> = (1..=85).filter(|number| !all.contains(number)).collect();
    assert!(missing.is_empty(), "rows without a test: {missing:?}");
}

fn bodies(table: &mut Table) {
    let csr = json!(fixture("p256_sha256")).to_string();
    table.body(1, b"", 400, "empty_body");
    table.body(1, b" \n", 400, "empty_body");
    for bad in ["{", "{} {}", "{'csr': 1}", "/**/{}", "{\"csr\": \"x\",}", "{} x"] {
        let code = if bad.starts_with("{}") { "invalid_request" } else { "invalid_json" };
        table.body(2, bad.as_bytes(), 400, code);
    }
    for bad in ["null", "\"x\"", "5"] {
        table.body(3, bad.as_bytes(), 400, "invalid_request");
    }
    table.body(4, format!("[{csr},12]").as_bytes(), 400, "invalid_request");
    table.body(5, format!("{{\"csr\":{csr},\"csr\":{csr}}}").as_bytes(), 400, "invalid_request");
    let twice = format!("{{\"csr\":{csr},\"ttl_hours\":1,\"ttl_hours\":2}}");
    table.body(5, twice.as_bytes(), 400, "invalid_request");
    for field in ["TTL_hours", "__proto__"] {
        let body = format!("{{\"csr\":{csr},\"{field}\":1}}");
        table.body(6, body.as_bytes(), 400, "invalid_request");
    }
    let deep = format!("{{\"x\":{}", "[".repeat(60_000));
    table.body(7, deep.as_bytes(), 400, "invalid_request");
    let deep = format!("{{\"csr\":{csr},\"ttl_hours\":{}", "[".repeat(50_000));
    table.body(7, deep.as_bytes(), 400, "invalid_json");
    table.body(8, b"\xef\xbb\xbf{}", 400, "invalid_json");
    table.body(8, b"\xff\xfe{\0}\0", 400, "invalid_json");
    table.body(9, b"{\"csr\":\"\xff\"}", 400, "invalid_json");
    table.body(9, br#"{"csr":"\ud800"}"#, 400, "invalid_json");
    table.body(14, " ".repeat(64 * 1024 + 1).as_bytes(), 413, "too_large");
    let long = json!({"csr": "x".repeat(16 * 1024 + 1)}).to_string();
    table.body(14, long.as_bytes(), 413, "too_large");
    // More than API Gateway hands on. What it refuses by itself never gets here.
    table.body(15, " ".repeat(6 * 1024 * 1024).as_bytes(), 413, "too_large");
    for bad in ["{}", r#"{"csr":null}"#, r#"{"csr":5}"#, r#"{"csr":{}}"#] {
        table.body(16, bad.as_bytes(), 400, "invalid_request");
    }
    table.body(16, br#"{"csr":""}"#, 400, "invalid_pem");
}

fn lifetimes(table: &mut Table) {
    let csr = json!(fixture("p256_sha256")).to_string();
    let body = |ttl: &str| format!("{{\"csr\":{csr},\"ttl_hours\":{ttl}}}");
    table.body(17, format!("{{\"csr\":{csr}}}").as_bytes(), 200, "ok");
    for ttl in ["1", "24"] {
        table.body(17, body(ttl).as_bytes(), 200, "ok");
    }
    for (number, ttl) in [
        (18, "null"),
        (19, "0"),
        (20, "-1"),
        (20, "1e23"),
        (21, "12.0"),
        (21, "1.5"),
        (21, "1e1"),
        (22, "\"12\""),
        (22, "true"),
        (22, "-0"),
        (22, "[1]"),
    ] {
        table.body(number, body(ttl).as_bytes(), 400, "invalid_ttl");
    }
    for ttl in ["NaN", "012", "+1", "1e999"] {
        table.body(22, body(ttl).as_bytes(), 400, "invalid_json");
    }
    for ttl in ["25", "8761", "4294967296", "18446744073709551615"] {
        table.body(23, body(ttl).as_bytes(), 400, "ttl_too_long");
    }
}

fn transport(table: &mut Table) {
    let good = event(json!({"csr": fixture("p256_sha256")}).to_string().as_bytes());
    let mut header = |number, name: &str, value: Value, status, code| {
        let mut event = good.clone();
        event["headers"][name] = value.clone();
        table.event(number, &format!("{name}: {value}"), event, status, code);
    };
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        header(10, "content-type", json!(kind), 415, "unsupported_media_type");
    }
    for kind in ["Application/JSON; charset=UTF-8", "application/json; version=1"] {
        header(10, "content-type", json!(kind), 200, "ok");
    }
    header(
        11,
        "content-type",
        json!("application/json; charset=utf-16"),
        415,
        "unsupported_media_type",
    );
    header(13, "content-encoding", json!("gzip"), 415, "unsupported_media_type");

    let mut missing = good.clone();
    missing["headers"].as_object_mut().unwrap().remove("content-type");
    table.event(10, "no content type", missing, 415, "unsupported_media_type");

    let mut base64 = good.clone();
    let encoded = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        good["body"].as_str().unwrap(),
    );
    base64["body"] = json!(encoded);
    base64["isBase64Encoded"] = json!(true);
    table.event(12, "base64 body", base64.clone(), 200, "ok");
    base64["body"] = good["body"].clone();
    table.event(12, "a body that is no base64", base64, 400, "empty_body");

    for (method, path, stage, status, code) in [
        ("GET", "/issue-cert", "$default", 405, "method_not_allowed"),
        ("PUT", "/issue-cert", "$default", 405, "method_not_allowed"),
        ("POST", "/", "$default", 404, "not_found"),
        ("POST", "/issue-cert/", "$default", 404, "not_found"),
        ("POST", "/issue-certs", "$default", 404, "not_found"),
        ("POST", "/prod/issue-cert", "$default", 404, "not_found"),
        ("POST", "/prod/issue-cert", "prod", 200, "ok"),
        ("POST", "/issue-cert", "prod", 200, "ok"),
        ("GET", "/prod/issue-cert", "prod", 405, "method_not_allowed"),
    ] {
        let mut event = good.clone();
        event["rawPath"] = json!(path);
        event["requestContext"]["stage"] = json!(stage);
        event["requestContext"]["http"]["method"] = json!(method);
        table.event(25, &format!("{method} {path} in {stage}"), event, status, code);
    }
    for pointer in
        ["authorizer", "authorizer/iam", "authorizer/iam/userArn", "authorizer/iam/userId"]
    {
        let mut event = good.clone();
        *event.pointer_mut(&format!("/requestContext/{pointer}")).unwrap() = Value::Null;
        table.event(26, pointer, event, 403, "no_identity");
    }
    let mut empty = good.clone();
    empty["requestContext"]["authorizer"]["iam"]["userArn"] = json!("");
    table.event(26, "empty ARN", empty, 403, "no_identity");
    let mut flood = good.clone();
    for index in 0..2_000 {
        flood["headers"][format!("x-{index}")] = json!("x".repeat(100));
    }
    table.event(85, "2,000 headers", flood, 200, "ok");
    let mut host = good.clone();
    host["headers"]["host"] = json!("a b");
    table.event(85, "a host that is none", host, 200, "ok");
    table.event(81, "the same request again", good, 200, "ok");
}

fn armour(table: &mut Table) {
    let good = fixture("p256_sha256");
    let body = good.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().concat();
    let labelled = |label: &str| good.replace("CERTIFICATE REQUEST", label);
    table.csr(27, "CERTIFICATE", &labelled("CERTIFICATE"), 400, "wrong_pem_type");
    table.csr(28, "NEW CERTIFICATE REQUEST", &labelled("NEW CERTIFICATE REQUEST"), 200, "ok");
    table.csr(29, "two requests", &format!("{good}{good}"), 400, "invalid_pem");
    let key = pem("EC PRIVATE KEY", &[0x30, 0]);
    table.csr(30, "key before", &format!("{key}{good}"), 400, "private_key_sent");
    table.csr(30, "key behind", &format!("{good}{key}"), 400, "private_key_sent");
    table.csr(31, "text before", &format!("CN=x\n{good}"), 400, "invalid_pem");
    table.csr(31, "text behind", &format!("{good}x"), 400, "invalid_pem");
    table.csr(31, "white space around", &format!("\n \n{good}\n\t\n"), 200, "ok");
    table.csr(32, "CRLF", &good.replace('\n', "\r\n"), 200, "ok");
    table.csr(32, "no final newline", good.trim_end(), 200, "ok");
    table.csr(32, "everything in one line", &good.replace('\n', ""), 400, "invalid_pem");
    let one_line =
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----");
    table.csr(32, "base64 in one line", &one_line, 200, "ok");
    let headers = good.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1);
    table.csr(33, "headers", &headers, 400, "invalid_pem");
    for (what, text) in [
        ("END differs", good.replace("END CERTIFICATE REQUEST", "END CERTIFICATE")),
        ("no END", good.split("-----END").next().unwrap().to_owned()),
        ("empty", pem("CERTIFICATE REQUEST", &[])),
    ] {
        table.csr(34, what, &text, 400, "invalid_pem");
    }
    let padded = good.replacen("\n-----END", "=\n-----END", 1);
    for (what, text) in [
        ("URL-safe", one_line.replacen("MI", "M_", 1)),
        ("too much padding", padded),
        ("other characters", one_line.replacen("MI", "M*", 1)),
    ] {
        table.csr(35, what, &text, 400, "invalid_pem");
    }
    table.csr(36, "no armour", &body, 400, "invalid_pem");
    for label in ["PKCS7", "PUBLIC KEY"] {
        table.csr(36, label, &labelled(label), 400, "wrong_pem_type");
    }
}

fn structure(table: &mut Table) {
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

fn algorithms(table: &mut Table) {
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

fn extensions(table: &mut Table) {
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

fn names(table: &mut Table) {
    for (number, name) in [
        (64, "api.example.com\0.evil.example"),
        (65, "api.example.com\r\n"),
        (65, "a b.internal.example"),
        (65, ""),
        (65, ".internal.example"),
        (65, "a..internal.example"),
        (65, "-a.internal.example"),
        (65, "a_b.internal.example"),
        (66, "*"),
        (66, "*.com"),
        (66, "*.*.internal.example"),
        (66, "api.*"),
        (66, "*a.internal.example"),
        (66, "a*.internal.example"),
        (67, "пример.internal.example"),
        (67, "ab--c.internal.example"),
        (67, "xn--a.internal.example"),
        (67, "xn--.internal.example"),
        (67, "xn--api-.internal.example"),
        // An upper-case letter, a full-width one, a joiner, letter and accent apart, a leading accent.
        (67, "xn--mnchen-psa.internal.example"),
        (67, "xn--pi-bz3n.internal.example"),
        (67, "xn--ab-m1t.internal.example"),
        (67, "xn--ux-uub.internal.example"),
        (67, "xn--a-wbb.internal.example"),
        (68, "10.0.0.1"),
        (68, "10.1"),
        (68, "::1"),
        (68, "api.example.com."),
    ] {
        table.refused(number, name, &Csr::new(&[dns(name)]), "invalid_name");
    }
    let wildcard = Csr::new(&[dns("*.internal.example")]).pem();
    table.csr(66, "a wildcard that is not granted", &wildcard, 403, "name_not_allowed");
    for name in ["xn--mnchen-3ya.internal.example", "XN--MNCHEN-3YA.internal.example"] {
        table.csr(67, name, &Csr::new(&[dns(name)]).pem(), 200, "ok");
    }
    table.csr(68, "upper case", &Csr::new(&[dns("API.Example.COM")]).pem(), 200, "ok");
    let label = format!("{}.internal.example", "a".repeat(64));
    table.refused(65, "label of 64", &Csr::new(&[dns(&label)]), "invalid_name");
    let long = format!("{}internal.example", "aaaaaaa.".repeat(30));
    table.refused(65, "256 characters", &Csr::new(&[dns(&long)]), "invalid_name");
    table.refused(67, "bad UTF-8", &Csr::new(&[san(&[(0x82, &[0xff])])]), "invalid_name");

    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
    for octets in [
        &[10, 0, 0, 1, 0][..],
        &[10, 0, 0, 0, 255, 0, 0, 0],
        &[],
        &[0; 4],
        &[0; 16],
        &[169, 254, 169, 254],
        &[224, 0, 0, 1],
        &[255; 4],
        &mapped,
    ] {
        let csr = Csr::new(&[san(&[(0x87, octets)])]);
        table.refused(69, &format!("{octets:?}"), &csr, "invalid_name");
    }
    table.csr(69, "10.1.2.3", &Csr::new(&[san(&[(0x87, &[10, 1, 2, 3])])]).pem(), 200, "ok");
}

fn more_names(table: &mut Table) {
    let name = tlv(0x30, &[]);
    for (tag, content) in
        [(0x81, &b"a@example.com"[..]), (0xa4, &name), (0x88, &[0x2a]), (0xa3, &[]), (0xa5, &[])]
    {
        let csr = Csr::new(&[san(&[(tag, content)])]);
        table.refused(70, &format!("kind {tag:x}"), &csr, "unsupported_san");
    }
    let upn = oid(&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3]);
    for (number, id) in [(71, upn), (72, oid(OID_2_999_1)), (72, oid(&[]))] {
        let other = [id, tlv(0xa0, &[&tlv(0x0c, &[b"admin@corp"])])].concat();
        let csr = Csr::new(&[san(&[(0x82, b"api.example.com"), (0xa0, &other)])]);
        table.refused(number, "otherName", &csr, "unsupported_san");
    }
    for uri in [
        "SPIFFE://example.internal/a",
        "spiffe://Example.internal/a",
        "spiffe://example.internal:8/a",
        "spiffe://example.internal/a?b",
        "spiffe://example.internal/a/../b",
        "spiffe://example.internal",
        "spiffe://u@example.internal/a",
        "spiffe://example.internal/a\n",
        "spiffe://example.internal//a",
        "spiffe://example.internal/%2e%2e/b",
        "spiffe://example.internal/",
        "example",
        "ht_tp://example.com/a",
        "https:///a",
        "",
    ] {
        let csr = Csr::new(&[san(&[(0x86, uri.as_bytes())])]);
        table.refused(73, uri, &csr, "invalid_name");
    }
    for uri in ["spiffe://other.internal/a", "http://example.com/a", "https://example.com.evil/a"] {
        let csr = Csr::new(&[san(&[(0x86, uri.as_bytes())])]).pem();
        table.csr(73, uri, &csr, 403, "name_not_allowed");
    }
    let two = san(&[(0x86, b"spiffe://example.internal/a"), (0x86, b"https://example.com/b")]);
    table.refused(73, "two URIs", &Csr::new(&[two]), "invalid_name");
    let mixed = san(&[(0x82, b"api.example.com"), (0x82, b"www.example.com")]);
    table.csr(74, "one allowed, one not", &Csr::new(&[mixed]).pem(), 403, "name_not_allowed");
    let many = |count: u16| {
        let all: Vec<_> = (0..count).map(|index| format!("n{index}.internal.example")).collect();
        let all: Vec<_> = all.iter().map(|name| (0x82, name.as_bytes())).collect();
        Csr::new(&[san(&all)])
    };
    table.csr(75, "100 names", &many(100).pem(), 200, "ok");
    let names = vec![(0x82, &b"a"[..]); 5_000];
    table.csr(75, "5,000 names", &Csr::new(&[san(&names)]).pem(), 413, "too_large");
    table.refused(75, "101 names", &many(101), "too_many_names");
    table.csr(
        75,
        "a name twice",
        &Csr::new(&[san(&[(0x82, &b"api.example.com"[..]); 2])]).pem(),
        200,
        "ok",
    );
    table.refused(76, "nothing at all", &Csr::with_attributes(&[]), "no_names");
}

fn subjects(table: &mut Table) {
    let other = |id: &'static [u8]| (id, 0x0c, &b"x"[..]);
    let cn = |tag, text: &'static [u8]| (COMMON_NAME, tag, text);
    let ok = cn(0x0c, b"api.example.com");
    table.csr(80, "the name as CN", &Csr::with_subject(&[ok]).pem(), 200, "ok");
    table.refused(
        76,
        "CN and no SAN",
        &Csr { subject: subject(&[ok]), ..Csr::with_attributes(&[]) },
        "no_names",
    );
    table.refused(77, "two CNs", &Csr::with_subject(&[ok, ok]), "invalid_common_name");
    let units = [other(&[0x55, 4, 11]), other(&[0x55, 4, 11])];
    table.csr(77, "two OUs are ignored", &Csr::with_subject(&units).pem(), 200, "ok");
    let empty = Csr { subject: tlv(0x30, &[&[0x31, 0]]), ..Csr::new(&[dns("api.example.com")]) };
    table.refused(77, "empty SET", &empty, "invalid_csr");
    for (what, attribute) in [
        ("empty", cn(0x0c, b"")),
        ("NUL", cn(0x0c, b"api.example.com\0")),
        ("BMP", cn(0x1e, b"\0a")),
        ("INTEGER", cn(2, b"\x01")),
        ("T61", cn(0x14, b"api.example.com")),
    ] {
        table.refused(78, what, &Csr::with_subject(&[attribute]), "invalid_common_name");
    }
    let long = format!("{}.internal.example", "a".repeat(60));
    let long = Csr {
        subject: subject(&[(COMMON_NAME, 0x0c, long.as_bytes())]),
        ..Csr::new(&[dns(&long)])
    };
    table.refused(78, "77 characters", &long, "invalid_common_name");
    let serial = (&[0x55, 4, 5][..], 0x12, &b"12"[..]);
    table.csr(79, "serialNumber is ignored", &Csr::with_subject(&[serial]).pem(), 200, "ok");
    let admin = Csr::with_subject(&[cn(0x0c, b"admin")]).pem();
    table.csr(80, "CN=admin", &admin, 403, "common_name_not_allowed");
    // What is ignored must be well-formed all the same: others read it.
    for id in [OID_2_999_1, &[][..], &[0x80, 1], &[0x55, 0x84]] {
        table.refused(72, "no identifier", &Csr::with_subject(&[other(id)]), "invalid_csr");
    }
    for (what, tag, content) in [
        ("not UTF-8", 0x0c, &[0xff][..]),
        ("not printable", 0x13, b"a@b"),
        ("no string", 0x01, &[0xff]),
        ("a broken string", 0x24, &[4, 1, b'x']),
    ] {
        let csr = Csr::with_subject(&[(&[0x55, 4, 10], tag, content)]);
        table.refused(78, what, &csr, "invalid_csr");
    }
    let unit = tlv(0x30, &[&oid(&[0x55, 4, 11]), &tlv(0x0c, &[b"a"])]);
    let twice = tlv(0x30, &[&tlv(0x31, &[&unit, &unit])]);
    let twice = Csr { subject: twice, ..Csr::new(&[dns("api.example.com")]) };
    table.refused(77, "one attribute twice in one relative name", &twice, "invalid_csr");
}
