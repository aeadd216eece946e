//! The client against a small server that signs what it is sent, or answers something else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use deployer::call::{self, Caller, Target};
use deployer::error::{Error, Result};
use deployer::issue::{self, Issued, Issuer, KeyType, Request, Usage};
use deployer::{ca, ca::Files};
use http::Method;
use rcgen::{
    CertificateSigningRequestParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A demo CA, the folder for the client's files, and what the server answers.
struct World {
    dir: tempfile::TempDir,
    ca: Files,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let ca = ca::init(&dir.path().join("ca"), OffsetDateTime::now_utc()).expect("a CA");
        Self { dir, ca }
    }

    fn out(&self) -> std::path::PathBuf {
        self.dir.path().join("out")
    }

    fn issuer(port: u16) -> Issuer {
        Issuer {
            url: format!("http://abc.execute-api.localhost:{port}/issue-cert"),
            caller: Caller {
                credentials: Credentials::new(
                    "AKIDEXAMPLE",
                    "secret-of-the-caller",
                    None,
                    None,
                    "test",
                ),
                region: "us-east-1".into(),
                clock: SystemTime::now,
            },
            clock: OffsetDateTime::now_utc,
            chance: || 0.0,
        }
    }

    fn request(&self) -> Request {
        Request {
            dns: vec!["API.internal".into()],
            ip: vec![[10, 0, 0, 1].into()],
            uri: vec!["spiffe://example.org/api".into()],
            common_name: Some("api.internal".into()),
            usages: Vec::new(),
            key_type: None,
            ttl_hours: Some(12),
            csr: None,
            root: self.ca.root.clone(),
            out: self.out(),
            hook: None,
        }
    }

    /// Signs a certificate request as the real signer would, as far as the client can tell.
    fn sign(&self, body: &str) -> String {
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let hours = body["ttl_hours"].as_i64().unwrap_or(1);
        let csr = body["csr"].as_str().expect("a request");
        let mut csr = CertificateSigningRequestParams::from_pem(csr).expect("a request");
        let secret = fs::read(&self.ca.issuing_secret).expect("a secret");
        let secret: serde_json::Value = serde_json::from_slice(&secret).expect("JSON");
        let text = |name: &str| secret[name].as_str().expect("text");
        let key = KeyPair::from_pem(text("private_key")).expect("a key");
        let issuer = rcgen::Issuer::from_ca_cert_pem(text("certificate"), key).expect("an issuer");
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).expect("a time");
        csr.params.is_ca = IsCa::ExplicitNoCa;
        csr.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if csr.params.extended_key_usages.is_empty() {
            csr.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        csr.params.not_before = now - Duration::MINUTE;
        csr.params.not_after = now + Duration::hours(hours);
        serde_json::json!({
            "certificate": csr.signed_by(&issuer).expect("a leaf").pem(),
            "chain": text("chain"),
            "not_after": csr.params.not_after.format(&Rfc3339).expect("a time"),
        })
        .to_string()
    }

    /// Issues against a server that answers one request with what `answer` makes of its body.
    async fn issue(
        &self,
        change: impl FnOnce(&mut Request),
        answer: impl FnOnce(&str) -> (u16, String),
    ) -> Result<Issued> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = Self::issuer(listener.local_addr().expect("an address").port());
        let mut request = self.request();
        change(&mut request);
        let server = async {
            let head = serve(&listener, answer).await;
            assert!(head.starts_with("POST /issue-cert HTTP/1.1"), "{head}");
            assert!(head.contains("/us-east-1/execute-api/aws4_request"), "{head}");
            assert!(!head.contains("secret-of-the-caller"), "{head}");
        };
        tokio::join!(issue::issue(&request, &issuer, &|_| ()), server).0
    }

    async fn issue_rightly(&self, change: impl FnOnce(&mut Request)) -> Issued {
        self.issue(change, |body| (200, self.sign(body))).await.expect("a certificate")
    }
}

/// Answers one request, and yields its head.
async fn serve(listener: &TcpListener, answer: impl FnOnce(&str) -> (u16, String)) -> String {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut received = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let length = stream.read(&mut chunk).await.expect("a request");
        received.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let expected = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            })
            .unwrap_or(0);
        if body.len() < expected {
            continue;
        }
        let (status, answer) = answer(body);
        let response = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(response.as_bytes()).await.expect("an answer");
        return head.to_owned();
    }
}

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// What every folder of certificates holds, beside the key and the link.
const FILES: [&str; 3] = ["cert.pem", "chain.pem", "fullchain.pem"];

/// What a listing of a folder shows.
fn visible(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
    let mut names: Vec<_> = names.map(|name| name.expect("UTF-8")).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[tokio::test]
async fn a_certificate_is_issued_verified_and_written() {
    let world = World::new();
    let issued = world.issue_rightly(|_| ()).await;
    let certificate = &issued.certificate;
    let names: Vec<_> = certificate.names.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["DNS:api.internal", "IP:10.0.0.1", "URI:spiffe://example.org/api"]);
    assert_eq!(certificate.issuer, "O=deployer demo, CN=Demo Issuing CA");
    assert_eq!(certificate.key_type, "P-256");

    let key = issued.paths.key.as_deref().expect("a key");
    assert_eq!(mode(key), 0o600);
    let (root, chain) = (text(&world.ca.root), text(&issued.paths.chain));
    let certificate = text(&issued.paths.certificate);
    openssl(&[
        "verify",
        "-CAfile",
        root,
        "-untrusted",
        chain,
        "-purpose",
        "sslclient",
        certificate,
    ]);
    let certified = openssl(&["x509", "-noout", "-pubkey", "-in", certificate]);
    assert_eq!(certified, openssl(&["pkey", "-pubout", "-in", text(key)]));
    let whole = fs::read_to_string(certificate).expect("a file")
        + &fs::read_to_string(chain).expect("a file");
    assert_eq!(fs::read_to_string(&issued.paths.fullchain).expect("a file"), whole);
    assert_eq!(visible(&world.out()), [FILES[0], FILES[1], "current", FILES[2], "key.pem"]);
}

#[tokio::test]
async fn openssl_reads_every_kind_of_key() {
    let world = World::new();
    for kind in [KeyType::P384, KeyType::Rsa2048, KeyType::Ed25519] {
        let issued = world.issue_rightly(|request| request.key_type = Some(kind)).await;
        let certified =
            openssl(&["x509", "-noout", "-pubkey", "-in", text(&issued.paths.certificate)]);
        let key = issued.paths.key.expect("a key");
        assert_eq!(certified, openssl(&["pkey", "-pubout", "-in", text(&key)]), "{kind}");
    }
}

#[tokio::test]
async fn a_request_from_a_file_needs_no_key_here() {
    let world = World::new();
    let (key, csr) = (world.dir.path().join("k.pem"), world.dir.path().join("csr.pem"));
    openssl(&[
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        text(&key),
        "-out",
        text(&csr),
        "-subj",
        "/CN=b.internal",
        "-addext",
        "subjectAltName=DNS:b.internal",
    ]);
    let issued = world.issue_rightly(|request| request.csr = Some(csr.clone())).await;
    assert_eq!(issued.paths.key, None);
    assert_eq!(issued.certificate.key_type, "RSA 2048");
    assert_eq!(visible(&world.out()), [FILES[0], FILES[1], "current", FILES[2]]);

    // A key.pem that does not belong to the certificate would be taken for its own.
    fs::write(world.out().join("key.pem"), "another").expect("a file");
    let request = Request { csr: Some(csr.clone()), ..world.request() };
    let error = issue::issue(&request, &World::issuer(1), &|_| ()).await.expect_err("refused");
    assert!(error.causes[0].contains("key.pem is not the key"), "{error:?}");

    // One that does belong to it stays beside each new certificate.
    fs::copy(&key, world.out().join("key.pem")).expect("a copy");
    let issued = world.issue_rightly(|request| request.csr = Some(csr)).await;
    let kept = issued.paths.key.expect("a key");
    assert_eq!(fs::read(&kept).expect("a file"), fs::read(&key).expect("a file"));
    assert_eq!(mode(&kept), 0o600);
}

#[tokio::test]
async fn a_usage_is_asked_for_and_must_be_granted() {
    let world = World::new();
    let issued = world.issue_rightly(|request| request.usages = vec![Usage::Server]).await;
    assert_eq!(issued.certificate.usages.into_iter().collect::<Vec<_>>(), [Usage::Server]);
    // This issuer grants what is asked for; the answer to an open request is for clients only.
    let open = world.issue_rightly(|_| ()).await.certificate;
    assert_eq!(open.usages.into_iter().collect::<Vec<_>>(), [Usage::Client]);
}

#[tokio::test]
async fn a_hook_finds_the_files_and_no_secret_in_its_arguments() {
    let world = World::new();
    let log = world.dir.path().join("hook.log");
    let command = format!(
        "set > {log}; tr '\\0' '\\n' < /proc/$$/cmdline >> {log}.arguments",
        log = log.display()
    );
    let issued = world.issue_rightly(|request| request.hook = Some(command.clone())).await;
    let request = Request { hook: Some(command), ..world.request() };
    assert!(request.is_hook_pending());
    request.run_hook().await.expect("a hook that succeeds");
    assert!(!request.is_hook_pending());
    let seen = fs::read_to_string(&log).expect("a log");
    let end = issued.certificate.not_after.format(&Rfc3339).expect("a time");
    for (name, value) in [
        ("CERT", text(&issued.paths.certificate)),
        ("CHAIN", text(&issued.paths.chain)),
        ("FULLCHAIN", text(&issued.paths.fullchain)),
        ("KEY", text(issued.paths.key.as_deref().expect("a key"))),
        ("NOT_AFTER", &end),
    ] {
        assert!(seen.contains(&format!("DEPLOYER_{name}='{value}'\n")), "{name} in {seen}");
    }
    let arguments = fs::read_to_string(log.with_extension("log.arguments")).expect("a log");
    assert!(arguments.starts_with("sh\n-c\n"), "{arguments}");
    assert!(!arguments.contains("PRIVATE KEY"), "{arguments}");
}

#[tokio::test]
async fn a_hook_that_fails_is_told_and_stays_pending() {
    let world = World::new();
    let issued = world.issue_rightly(|request| request.hook = Some("exit 7".into())).await;
    let request = Request { hook: Some("exit 7".into()), ..world.request() };
    let error = request.run_hook().await.expect_err("a failed hook");
    assert_eq!(error.message, "the certificate is in place, but `exit 7` failed");
    assert_eq!(error.causes, ["exit status: 7"]);
    assert!(request.is_hook_pending());
    assert!(issued.paths.certificate.exists());
    let killed = Request { hook: Some("kill -9 $$".into()), ..world.request() };
    let error = killed.run_hook().await.expect_err("a failed hook");
    assert!(error.causes[0].contains("SIGKILL"), "{error:?}");
}

#[tokio::test]
async fn a_forged_answer_leaves_the_old_files_alone() {
    let world = World::new();
    let first = world.issue_rightly(|_| ()).await;
    let read = || {
        let key = first.paths.key.as_deref().expect("a key");
        [key, &first.paths.chain, &first.paths.certificate]
            .map(|path| fs::read(path).expect("a file"))
    };
    let before = read();
    let other = World::new();
    let error =
        world.issue(|_| (), |body| (200, other.sign(body))).await.expect_err("a forgery passed");
    assert!(error.message.contains("no file was written"), "{error:?}");
    assert!(error.causes[0].contains("does not lead to the pinned root"), "{error:?}");
    assert_eq!(before, read());
    assert_eq!(visible(&world.out()), [FILES[0], FILES[1], "current", FILES[2], "key.pem"]);
    assert_eq!(visible(&world.out().join(".versions")).len(), 1);
}

#[tokio::test]
async fn a_refusal_is_told_in_the_issuers_words() {
    let world = World::new();
    let body = r#"{"error":{"code":"name_not_allowed","message":"no"},"request_id":"r"}"#;
    let error = world.issue(|_| (), |_| (403, body.into())).await.expect_err("refused");
    assert_eq!(error.causes, ["name_not_allowed: no", "HTTP 403, request id r"]);
    assert!(!world.out().exists());
}

async fn failure(world: &World, change: impl FnOnce(&mut Request, &mut Issuer)) -> Error {
    let (mut request, mut issuer) = (world.request(), World::issuer(1));
    change(&mut request, &mut issuer);
    let error = issue::issue(&request, &issuer, &|_| ()).await.expect_err("refused");
    assert!(!error.hints.is_empty(), "{error:?}");
    error
}

#[tokio::test]
async fn mistakes_are_found_before_anything_is_sent() {
    let world = World::new();
    let error = failure(&world, |_, issuer| issuer.url = "http://example.com/a".into()).await;
    assert!(error.causes[0].contains("plain http"), "{error:?}");
    let error = failure(&world, |request, _| request.root = "no-such-root.pem".into()).await;
    assert!(error.message.contains("no-such-root.pem as the pinned root"), "{error:?}");
    let issuing = world.ca.issuing.clone();
    let error = failure(&world, |request, _| request.root = issuing).await;
    assert!(error.causes[0].contains("Demo Issuing CA is no root CA"), "{error:?}");
    let in_twenty_years = || OffsetDateTime::now_utc() + Duration::days(7300);
    let error = failure(&world, |_, issuer| issuer.clock = in_twenty_years).await;
    assert!(error.causes[0].starts_with("it is valid from"), "{error:?}");
    let error = failure(&world, |request, _| {
        (request.dns, request.ip, request.uri) = (vec![], vec![], vec![]);
        request.common_name = Some("Some One".into());
    })
    .await;
    assert_eq!(error.message, "a certificate needs at least one name");
    let error = failure(&world, |request, _| request.out = "/proc".into()).await;
    assert_eq!(error.message, "could not use /proc as the output folder");
    let error = failure(&world, |_, _| ()).await;
    assert!(error.message.starts_with("could not reach http://abc.execute-api"), "{error:?}");
    assert!(error.causes.iter().any(|cause| cause.contains("refused")), "{error:?}");
}

#[tokio::test]
async fn an_unsigned_call_carries_no_signature() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://localhost:{}/issue-cert", listener.local_addr().expect("one").port());
    let server = serve(&listener, |_| (403, r#"{"message":"Forbidden"}"#.into()));
    let target = Target::parse(&url).expect("a URL");
    let (answer, head) = tokio::join!(call::send_unsigned(&target, &Method::POST, "{}"), server);
    let answer = answer.expect("an answer");
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (403, br#"{"message":"Forbidden"}"#.as_slice())
    );
    assert!(!head.to_ascii_lowercase().contains("authorization"), "{head}");
}
