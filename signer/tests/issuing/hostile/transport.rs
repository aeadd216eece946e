//! What comes before the request is parsed: bodies, lifetimes, events, PEM.

use serde_json::{Value, json};

use super::Table;
use crate::der::{fixture, pem};
use crate::events::event;

pub(super) fn bodies(table: &mut Table) {
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

pub(super) fn lifetimes(table: &mut Table) {
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

pub(super) fn transport(table: &mut Table) {
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

pub(super) fn armour(table: &mut Table) {
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
