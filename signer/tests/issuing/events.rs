//! API Gateway's events, a handler to send them to, and what is expected of its surroundings.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::request::LambdaRequest;
use serde_json::{Value, json};
use signer::certificate::ToBeSigned;
use signer::handler::{Handler, disarm};
use signer::secret::{Source, Store};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::authority::Authority;
use crate::der::{Csr, dns, fixture};
use crate::rules::{policy, policy_with};

pub(crate) const ARN: &str = "arn:aws:sts::111122223333:assumed-role/deploy/session";

/// A secret that can be missing for a while.
pub(crate) struct FakeSecret {
    pub(crate) content: Arc<Mutex<Option<String>>>,
    pub(crate) reads: Arc<AtomicUsize>,
}

impl Source for FakeSecret {
    async fn read(&self) -> Result<Zeroizing<String>, String> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let content = self.content.lock().unwrap().clone();
        content.map(Zeroizing::new).ok_or_else(|| "arn:secret: ResourceNotFoundException".into())
    }
}

pub(crate) struct World {
    pub(crate) handler: Handler<FakeSecret>,
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
    pub(crate) secret: Arc<Mutex<Option<String>>>,
    pub(crate) reads: Arc<AtomicUsize>,
    /// How many seconds the handler's clock is ahead.
    pub(crate) ahead: Arc<AtomicI64>,
    pub(crate) authority: Authority,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(Authority::new())
    }

    pub(crate) fn of(authority: Authority) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let secret = Arc::new(Mutex::new(Some(authority.bundle().to_string())));
        let reads = Arc::new(AtomicUsize::new(0));
        let source = FakeSecret { content: Arc::clone(&secret), reads: Arc::clone(&reads) };
        let sink = Arc::clone(&lines);
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&ahead);
        let handler = Handler {
            policy: policy(),
            store: Store::new(source, signer::secret::REFRESH),
            now: Box::new(move || {
                OffsetDateTime::now_utc() + time::Duration::seconds(clock.load(Ordering::SeqCst))
            }),
            sign: ToBeSigned::sign,
            log: Box::new(move |line| sink.lock().unwrap().push(line.to_owned())),
        };
        Self { handler, lines, secret, reads, ahead, authority }
    }

    /// Sends an event and returns status and body.
    pub(crate) async fn send_async(&self, event: &Value) -> (u16, Value) {
        let mut event: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
        disarm(&mut event);
        let response = self.handler.handle(event.into()).await;
        assert_eq!(response.headers()["content-type"], "application/json");
        let body = serde_json::from_slice(response.body().as_ref()).unwrap();
        (response.status().as_u16(), body)
    }

    pub(crate) fn send(&self, event: &Value) -> (u16, Value) {
        run(self.send_async(event))
    }

    pub(crate) fn issue(&self, csr: &str) -> Value {
        let (status, body) = self.send(&event(json!({"csr": csr}).to_string().as_bytes()));
        assert_eq!(status, 200, "{body}");
        body
    }

    /// What the alarms in the log are about, in their order.
    pub(crate) fn alarms(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| line["alarm"].as_str().map(str::to_owned)).collect()
    }

    pub(crate) fn last_line(&self) -> Value {
        serde_json::from_str(self.lines.lock().unwrap().last().unwrap()).unwrap()
    }
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A signed request to an HTTP API (payload format 2.0).
pub(crate) fn event(body: &[u8]) -> Value {
    let (text, base64) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    json!({
        "version": "2.0",
        "routeKey": "POST /issue-cert",
        "rawPath": "/issue-cert",
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "api.example.com"},
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "a1b2c3",
            "authorizer": {"iam": {
                "accessKey": "ASIAEXAMPLE",
                "accountId": "111122223333",
                "callerId": "AROAEXAMPLE:session",
                "cognitoIdentity": null,
                "principalOrgId": "o-example",
                "userArn": ARN,
                "userId": "AROAEXAMPLE:session",
            }},
            "domainName": "a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "a1b2c3",
            "http": {
                "method": "POST",
                "path": "/issue-cert",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.7",
                "userAgent": "test",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "POST /issue-cert",
            "stage": "$default",
            "time": "08/May/2026:05:39:10 +0000",
            "timeEpoch": 1_778_218_750_000_i64,
        },
        "body": text,
        "isBase64Encoded": base64,
    })
}

const FIELDS: [&str; 16] = [
    "time",
    "request_id",
    "caller_arn",
    "user_id",
    "source_ip",
    "decision",
    "rule",
    "code",
    "serial",
    "spki_sha256",
    "certificate_sha256",
    "names",
    "not_before",
    "not_after",
    "ca_sha256",
    "duration_ms",
];

#[test]
fn an_issued_certificate_leaves_a_complete_audit_line() {
    let world = World::new();
    let csr = fixture("p256_sha256");
    let body = world.issue(&csr);
    let line = world.last_line();
    let fields = line.as_object().unwrap();
    assert_eq!(fields.len(), FIELDS.len());
    for field in FIELDS {
        assert!(fields.contains_key(field), "{field}");
        assert!(fields[field].is_null() == (field == "code"), "{field}: {}", fields[field]);
    }
    assert_eq!(line["decision"], "issued");
    assert_eq!(line["rule"], "test");
    assert_eq!(line["caller_arn"], ARN);
    assert_eq!(line["source_ip"], "192.0.2.7");
    assert_eq!(line["request_id"], "JKJaXmPLvHcESHA=");
    assert_eq!(line["names"], json!(["dns:api.example.com"]));
    assert_eq!(line["not_after"], body["not_after"]);
    assert_eq!(line["serial"].as_str().unwrap().len(), 40);
}

/// Any of these, made into a URL, would be none.
#[test]
fn what_is_no_url_is_answered_like_any_other_request() {
    let world = World::new();
    let body = json!({"csr": fixture("p256_sha256")}).to_string();
    for (pointer, value) in [
        ("/headers/x-forwarded-proto", "a b"),
        ("/headers/host", "a b"),
        ("/headers/host", ":"),
        ("/rawQueryString", "<>"),
        ("/rawQueryString", "\u{7f}"),
        ("/requestContext/domainName", "a b"),
        ("/rawPath", ":99999/"),
    ] {
        let mut event = event(body.as_bytes());
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[field] = value.into();
        if field == "domainName" {
            event["headers"].as_object_mut().unwrap().remove("host");
        }
        let (status, body) = world.send(&event);
        let expected = if field == "rawPath" { (404, "refused") } else { (200, "issued") };
        assert_eq!(status, expected.0, "{pointer} {value:?}: {body}");
        assert_eq!(world.last_line()["decision"], expected.1);
    }
}

#[test]
fn a_refusal_leaves_a_complete_audit_line_and_no_secrets() {
    let world = World::new();
    let csr = Csr::new(&[dns("other.example.com")]).pem();
    let (status, body) = world.send(&event(json!({"csr": csr}).to_string().as_bytes()));
    assert_eq!((status, &body["error"]["code"]), (403, &json!("name_not_allowed")));
    assert_eq!(body["request_id"], "JKJaXmPLvHcESHA=");
    assert_eq!(body["error"]["message"], "not allowed for this caller: dns:other.example.com");
    let line = world.last_line();
    for field in FIELDS {
        assert!(line.get(field).is_some(), "{field}");
    }
    assert_eq!(line["decision"], "refused");
    assert_eq!(line["code"], "name_not_allowed");
    assert_eq!(line["names"], json!(["dns:other.example.com"]));
    assert!(line["spki_sha256"].is_string() && line["serial"].is_null());
    let text = world.lines.lock().unwrap().concat();
    assert!(!text.contains("BEGIN") && !text.contains(csr.lines().nth(1).unwrap()));
}

#[test]
fn serial_numbers_differ_for_the_same_key() {
    let world = World::new();
    let csr = fixture("p256_sha256");
    let mut serials: Vec<_> = (0..20)
        .map(|_| {
            world.issue(&csr);
            world.last_line()["serial"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(
        serials
            .iter()
            .all(|serial| (0x40..0x80).contains(&u8::from_str_radix(&serial[..2], 16).unwrap()))
    );
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), 20);
}

#[test]
fn a_refused_request_costs_no_look_at_the_secret() {
    let world = World::new();
    let (status, _) = world.send(&event(b"{}"));
    assert_eq!(status, 400);
    assert_eq!(world.reads.load(Ordering::SeqCst), 0);
}

#[test]
fn the_ca_must_outlive_the_certificate() {
    let authority = Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.not_after = OffsetDateTime::now_utc() + time::Duration::hours(5);
    });
    let world = World::of(authority);
    let csr = fixture("p256_sha256");
    let ask = |hours: u32| event(json!({"csr": csr, "ttl_hours": hours}).to_string().as_bytes());
    let (status, body) = world.send(&ask(6));
    assert_eq!((status, &body["error"]["code"]), (503, &json!("ca_expiring")));
    assert_eq!(world.send(&ask(4)).0, 200);
}

#[test]
fn a_ca_made_a_moment_ago_can_issue() {
    let start = OffsetDateTime::now_utc() - time::Duration::seconds(5);
    let authority =
        Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, |params| params.not_before = start);
    let world = World::of(authority);
    world.issue(&fixture("p256_sha256"));
    assert_eq!(world.last_line()["not_before"], signer::notation::utc(start));
}

#[test]
fn the_key_of_the_ca_itself_gets_no_certificate() {
    let world = World::new();
    let key = rcgen::KeyPair::try_from(world.authority.key.serialize_der()).unwrap();
    let csr = Csr {
        spki: rcgen::PublicKeyData::subject_public_key_info(&key),
        key,
        ..Csr::new(&[dns("api.example.com")])
    };
    let (status, body) = world.send(&event(json!({"csr": csr.pem()}).to_string().as_bytes()));
    assert_eq!((status, &body["error"]["code"]), (400, &json!("unsupported_key")));
}

#[test]
fn a_clock_before_the_ca_issues_nothing() {
    let world = World::new();
    let body = json!({"csr": fixture("p256_sha256")}).to_string();
    assert_eq!(world.send(&event(body.as_bytes())).0, 200);
    world.ahead.store(-3 * 86_400, Ordering::SeqCst);
    let (status, body) = world.send(&event(body.as_bytes()));
    assert_eq!((status, &body["error"]["code"]), (503, &json!("ca_expiring")));
    // The look at the secret that the jump brought about found the CA not valid yet.
    assert_eq!(world.alarms(), ["ca_refresh_failed", "ca_expiring"]);
}

#[test]
fn a_usage_that_the_policy_does_not_give_is_refused() {
    let mut world = World::new();
    world.handler.policy = policy_with(|rule| rule["usages"] = json!(["client"]));
    let csr = fixture("typical_openssl");
    let (status, body) = world.send(&event(json!({"csr": csr}).to_string().as_bytes()));
    assert_eq!((status, &body["error"]["code"]), (403, &json!("usage_not_allowed")));
}
