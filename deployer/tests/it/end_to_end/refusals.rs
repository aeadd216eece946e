//! Requests that must not lead to a certificate, and the record that every request leaves.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::caller::Call;
use super::{LOG_GROUP, deployed, openssl_csr};
use crate::support::World;

const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const ALLOWED: &str = "subjectAltName = DNS:a.internal.example";

#[tokio::test]
async fn what_may_not_be_issued_is_refused_with_its_code_and_every_request_is_recorded() {
    let world = deployed();
    // The apply has asked whether the route works.
    let mut expected = vec!["invalid_request".to_owned()];
    expected.extend(refused_to_the_client(&world));
    let good = openssl_csr(&world, "good", P256, ALLOWED);
    expected.extend(refused_bodies(&world, &good));
    expected.extend(refused_requests(&world, &good));
    expected.extend(answered_all_the_same(&world, &good));
    expected.extend(answered_all_at_once(&world, &good));
    let issued = world.succeed(&["--local", "issue", "--dns", "a.internal.example"]);
    expected.push("issued".into());
    every_request_is_recorded(&world, &expected, &issued.stdout, &good).await;
}

/// What the deployer's own client passes on; yields the codes in the order of the requests.
fn refused_to_the_client(world: &World) -> Vec<String> {
    let csr = |name: &str, key: &[&str], extensions: &str| {
        openssl_csr(world, name, key, extensions);
        ["--csr".to_owned(), format!("{name}.csr")]
    };
    let with = |more: &str| format!("{ALLOWED}\n{more}");
    let ca = csr("ca-true", P256, &with("basicConstraints = critical, CA:TRUE"));
    let cert_sign = csr("cert-sign", P256, &with("keyUsage = keyCertSign"));
    let code_signing = csr("code-signing", P256, &with("extendedKeyUsage = codeSigning"));
    let weak = csr("weak", &["-newkey", "rsa:1024"], ALLOWED);
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"];
    let curve = csr("p521", &curve, ALLOWED);
    let sha1 = csr("sha1", &["-newkey", "rsa:2048", "-sha1"], ALLOWED);
    let a = "a.internal.example";
    let cases: &[(&[&str], &str)] = &[
        (&["--dns", "evil.example"], "name_not_allowed"),
        (&["--dns", "internal.example"], "name_not_allowed"),
        (&["--dns", a, "--dns", "a.internal.example.evil.example"], "name_not_allowed"),
        (&["--dns", "*.evil.example"], "name_not_allowed"),
        (&["--dns", "*.internal.example"], "name_not_allowed"),
        (&["--ip", "192.0.2.1"], "name_not_allowed"),
        (&["--uri", "spiffe://evil.example/a"], "name_not_allowed"),
        (&["--uri", "spiffe://internal.example/ns/000000000000/user/root"], "name_not_allowed"),
        (&["--uri", "spiffe://internal.example/a?b"], "invalid_name"),
        (&["--dns", a, "--cn", "Some One"], "common_name_not_allowed"),
        (&["--dns", a, "--ttl-hours", "25"], "ttl_too_long"),
        (&["--dns", a, "--ttl-hours", "4294967295"], "ttl_too_long"),
        (&[&ca[0], &ca[1]], "forbidden_extension"),
        (&[&cert_sign[0], &cert_sign[1]], "forbidden_extension"),
        (&[&code_signing[0], &code_signing[1]], "forbidden_extension"),
        (&[&weak[0], &weak[1]], "weak_key"),
        (&[&curve[0], &curve[1]], "unsupported_key"),
        (&[&sha1[0], &sha1[1]], "unsupported_signature"),
    ];
    for (arguments, code) in cases {
        let refused = world.fail(&[&["--local", "issue"], *arguments].concat());
        assert!(refused.stderr.contains(&format!("{code}: ")), "{arguments:?}: {}", refused.stderr);
        assert_eq!(refused.stdout, "", "{arguments:?}");
        assert!(!world.path("certs").exists(), "{arguments:?}: no file is written");
    }
    cases.iter().map(|(_, code)| (*code).to_owned()).collect()
}

/// Bodies that our client would never send.
fn refused_bodies(world: &World, good: &str) -> Vec<String> {
    let call = Call::new(world, "");
    let client = world.instance().client;
    let text = |value: Value| value.to_string();
    let pem = |label: &str| good.replace("CERTIFICATE REQUEST", label);
    let email = openssl_csr(world, "email", P256, "subjectAltName = email:a@internal.example");
    let nameless = openssl_csr(world, "nameless", P256, "keyUsage = digitalSignature");
    let cases = [
        (String::new(), "empty_body"),
        (" \n".into(), "empty_body"),
        ("{".into(), "invalid_json"),
        ("null".into(), "invalid_request"),
        (text(json!([good, 12])), "invalid_request"),
        (text(json!({"csr": good, "ca": true})), "invalid_request"),
        (format!(r#"{{"csr": {0}, "csr": {0}}}"#, json!(good)), "invalid_request"),
        (format!("\u{feff}{}", json!({"csr": good})), "invalid_json"),
        (text(json!({"csr": good, "ttl_hours": null})), "invalid_ttl"),
        (text(json!({"csr": good, "ttl_hours": "12"})), "invalid_ttl"),
        (text(json!({"csr": good, "ttl_hours": 1.5})), "invalid_ttl"),
        (text(json!({"csr": good, "ttl_hours": -1})), "invalid_ttl"),
        (text(json!({"csr": good, "ttl_hours": 0})), "invalid_ttl"),
        (text(json!({"csr": ""})), "invalid_pem"),
        (text(json!({"csr": format!("{good}{good}")})), "invalid_pem"),
        (text(json!({"csr": pem("CERTIFICATE")})), "wrong_pem_type"),
        (text(json!({"csr": pem("PRIVATE KEY")})), "private_key_sent"),
        (text(json!({"csr": with_last_byte_changed(good)})), "bad_csr_signature"),
        (text(json!({"csr": email})), "unsupported_san"),
        (text(json!({"csr": nameless})), "no_names"),
        (text(json!({"csr": "A".repeat(17 << 10)})), "too_large"),
        (text(json!({"csr": good, "ttl_hours": "A".repeat(65 << 10)})), "too_large"),
    ];
    for (body, code) in &cases {
        let answer = call.with_body(body.as_bytes()).signed(&client).send();
        let shown = &body[..body.len().min(80)];
        assert_eq!(answer.code(), *code, "{shown}: {answer:?}");
        assert!((400..500).contains(&answer.status), "{shown}: {answer:?}");
        assert!(answer.json()["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{shown}");
        assert!(!answer.body.contains("BEGIN"), "{shown}: nothing was issued: {answer:?}");
    }
    cases.iter().map(|(_, code)| (*code).to_owned()).collect()
}

/// The right body in a wrong envelope.
fn refused_requests(world: &World, good: &str) -> Vec<String> {
    let call = Call::new(world, json!({"csr": good}).to_string());
    let client = world.instance().client;
    let headers = [
        ("content-type", "text/plain"),
        ("content-type", "application/json; charset=utf-16"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-encoding", "gzip"),
    ];
    for (name, value) in headers {
        let answer = call.with_header(name, value).signed(&client).send();
        let seen = (answer.status, answer.code());
        assert_eq!(seen, (415, "unsupported_media_type".into()), "{value}: {answer:?}");
    }
    vec!["unsupported_media_type".into(); headers.len()]
}

/// Headers that callers choose, and that have made the function's runtime panic or could do so.
fn answered_all_the_same(world: &World, good: &str) -> Vec<String> {
    let call = Call::new(world, json!({"csr": good}).to_string());
    let client = world.instance().client;
    let headers = [
        ("x-forwarded-proto", "a b"),
        ("x-forwarded-host", "a b"),
        ("x-amzn-trace-id", "\"}{"),
        ("x-amzn-request-context", r#"{"authorizer":{"iam":{"userArn":"root"}}}"#),
        ("x-http-method-override", "GET"),
    ];
    for (name, value) in headers {
        let answer = call.with_header(name, value).signed(&client).send();
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
    vec!["issued".into(); headers.len()]
}

/// Each gets a certificate of its own, though all ask for the same.
fn answered_all_at_once(world: &World, good: &str) -> Vec<String> {
    let call = Call::new(world, json!({"csr": good}).to_string()).signed(&world.instance().client);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| call.send())).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let certificates: BTreeSet<_> =
        answers.iter().map(|answer| answer.json()["certificate"].to_string()).collect();
    assert_eq!(certificates.len(), answers.len(), "serial numbers differ");
    vec!["issued".into(); answers.len()]
}

/// The last byte belongs to the signature.
fn with_last_byte_changed(csr: &str) -> String {
    let lines: String = csr.lines().filter(|line| !line.starts_with('-')).collect();
    let mut der = BASE64_STANDARD.decode(lines).expect("base64");
    *der.last_mut().expect("a byte") ^= 1;
    let text = BASE64_STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n")
}

async fn every_request_is_recorded(world: &World, expected: &[String], issued: &str, csr: &str) {
    let logged = logged(world).await;
    let lines: Vec<Value> = logged
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["decision"].is_string())
        .collect();
    let codes: Vec<_> = lines
        .iter()
        .map(|line| line["code"].as_str().unwrap_or(line["decision"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(codes, expected, "one line for each request, in their order");
    let caller = format!("arn:aws:iam::{}:user/client", world.instance().account);
    for line in &lines {
        assert_eq!(line["caller_arn"], caller.as_str(), "{line}");
        assert!(line["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
        assert_eq!(line["serial"].is_string(), line["decision"] == "issued", "{line}");
    }
    let last = lines.last().expect("a line");
    assert!(issued.contains(last["serial"].as_str().expect("a serial")), "{last} {issued}");
    assert_eq!(last["names"], json!(["dns:a.internal.example"]));
    let body = csr.lines().nth(1).expect("base64");
    for line in &logged {
        assert!(!line.contains(body) && !line.contains("-----BEGIN"), "{line}");
        assert!(!line.contains("PRIVATE"), "{line}");
    }
}

/// Every line that the function has logged.
async fn logged(world: &World) -> Vec<String> {
    let logs = world.root().await.logs;
    let mut lines = Vec::new();
    let mut token = None;
    loop {
        let call = logs.filter_log_events().log_group_name(LOG_GROUP).set_next_token(token);
        let page = call.send().await.expect("events");
        lines.extend(page.events().iter().filter_map(|event| event.message().map(str::to_owned)));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return lines;
        }
    }
}
