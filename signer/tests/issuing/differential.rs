//! Thousands of generated requests, good and changed, before our reader and before two others: what
//! we issue a certificate for, they read too, and read alike.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};

use crate::certificates::{text, write};
use crate::der::{ECDSA_SHA256, oid, pem, tlv};
use crate::events::{World, event};
use crate::mutation::{self, Choice, Key, Seeded};
use crate::python::{self, Answer, Certificate, Judged};
use crate::verifiers::verify;

const REQUESTS: u64 = 4_000;

/// What pyca says of an attribute with more than one value, which RFC 2986 allows. We ignore all
/// attributes but one.
const SINGLE_VALUED: &str = "Only single-valued attributes are supported";

/// One request and what came of it.
struct Outcome {
    seed: u64,
    csr: String,
    status: u16,
    body: Value,
}

impl Outcome {
    fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("issued")
    }
}

/// Keys of all kinds, each with its `SubjectPublicKeyInfo` and the identifier of its signatures. They
/// are new in every run, which is why a request that fails is shown as a whole.
pub(crate) struct Keys(Vec<(KeyPair, Vec<u8>, Vec<u8>)>);

impl Keys {
    pub(crate) fn new() -> Self {
        let rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b];
        let kinds = [
            (&rcgen::PKCS_ECDSA_P256_SHA256, oid(ECDSA_SHA256)),
            (&rcgen::PKCS_ED25519, oid(&[0x2b, 0x65, 0x70])),
            (&rcgen::PKCS_ECDSA_P384_SHA384, oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3])),
            (&rcgen::PKCS_RSA_SHA256, [oid(&rsa), vec![5, 0]].concat()),
        ];
        Self(
            kinds
                .map(|(kind, algorithm)| {
                    let key = KeyPair::generate_for(kind).unwrap();
                    let spki = key.subject_public_key_info();
                    (key, spki, tlv(0x30, &[&algorithm]))
                })
                .into(),
        )
    }

    /// The PEM of one request and the key that it was signed with; a few are damaged after that.
    pub(crate) fn request(&self, seed: u64) -> (String, &[u8]) {
        let choice = &mut Seeded(seed);
        // Signing with RSA takes ten times as long as with the others.
        let (key, spki, algorithm) = &self.0[[0, 0, 0, 0, 1, 1, 1, 2, 2, 3][choice.below(10)]];
        let sign = |message: &[u8]| key.sign(message).unwrap();
        let mut der = mutation::request(choice, &Key { spki, algorithm, sign: &sign });
        if choice.one_in(10) {
            let index = choice.below(der.len());
            der[index] ^= 1 << choice.below(8);
        }
        let mut text = pem("CERTIFICATE REQUEST", &der).into_bytes();
        if choice.one_in(20) {
            let index = choice.below(text.len());
            text[index] = b" \n-=:A\0\x7f"[choice.below(8)];
        }
        (String::from_utf8(text).unwrap(), spki)
    }
}

fn outcomes(world: &World) -> Vec<Outcome> {
    let keys = Keys::new();
    let outcome = |seed| {
        let (csr, _) = keys.request(seed);
        let (status, body) = world.send(&event(json!({"csr": csr}).to_string().as_bytes()));
        Outcome { seed, csr, status, body }
    };
    (0..REQUESTS).map(outcome).collect()
}

#[test]
fn what_we_issue_for_is_what_others_read() {
    let world = World::new();
    let outcomes = outcomes(&world);
    let mut codes = BTreeMap::<_, usize>::new();
    for outcome in &outcomes {
        *codes.entry((outcome.status, outcome.code())).or_default() += 1;
    }
    eprintln!("{REQUESTS} requests: {codes:?}");

    let mut wrong = Vec::new();
    let mut judged = [0; 2];
    let mut issued = Vec::new();
    for (outcome, answer) in outcomes.iter().zip(judge_with_pyca(&world, &outcomes)) {
        let accepted = answer.request.as_ref().unwrap().refusal().is_none();
        judged[usize::from(accepted)] += 1;
        if let Err(why) = compare(outcome, &answer) {
            wrong.push(format!("seed {}: {why}\n{}", outcome.seed, outcome.csr));
        }
        if let Some(Judged::Read(certificate)) = answer.certificate {
            issued.push((outcome, certificate.usages));
        }
    }
    eprintln!("pyca refused {} and read {}", judged[0], judged[1]);
    wrong.extend(openssl_refuses(&issued));
    assert_openssl_accepts(&world, &issued);
    eprintln!("{} certificates before OpenSSL and pyca", issued.len());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert!(issued.len() > 700, "too few certificates for this to prove anything");
    assert!(codes.keys().all(|(status, _)| [200, 400, 403].contains(status)), "{codes:?}");
    assert!(codes.len() > 10, "too few ways to be refused: {codes:?}");
}

fn judge_with_pyca(world: &World, outcomes: &[Outcome]) -> Vec<Answer> {
    let questions: Vec<_> = outcomes
        .iter()
        .map(|Outcome { csr, status, body, .. }| {
            let certificate = json!({
                "leaf": body["certificate"],
                "chain": body["chain"],
                "root": world.authority.root,
            });
            json!({
                "request": csr,
                "certificate": (*status == 200).then_some(certificate),
            })
        })
        .collect();
    python::judge(&questions)
}

/// What pyca says must hold of everything that we issued a certificate for.
fn compare(outcome: &Outcome, answer: &Answer) -> Result<(), String> {
    if outcome.status != 200 {
        return Ok(());
    }
    if answer.request.as_ref().unwrap().refusal().is_some_and(|why| why.contains(SINGLE_VALUED)) {
        return Ok(());
    }
    let request = match answer.request.clone().unwrap() {
        Judged::Read(request) => request,
        Judged::Refused(why) => return Err(format!("pyca refuses the request: {why}")),
    };
    if let Some(why) = request.subject.refusal() {
        return Err(format!("pyca refuses the subject: {why}"));
    }
    let certificate = match answer.certificate.clone().unwrap() {
        Judged::Read(certificate) => certificate,
        Judged::Refused(why) => return Err(format!("pyca refuses the certificate: {why}")),
    };
    if (&certificate.spki, &certificate.names) != (&request.spki, &request.names) {
        return Err(format!("asked for {request:?}, issued {certificate:?}"));
    }
    // No opinion gets all that the policy has.
    let asked = !request.usages.is_empty();
    if (asked && request.usages != certificate.usages)
        || (!asked && certificate.usages != ["client", "server"])
    {
        return Err(format!("asked for {request:?}, issued {certificate:?}"));
    }
    verified_for_its_usages(&certificate)
}

/// Whether pyca verifies a certificate for what it may be used for, and for nothing else.
fn verified_for_its_usages(certificate: &Certificate) -> Result<(), String> {
    let is_for = |usage: &str| certificate.usages.iter().any(|found| found == usage);
    let has_server_name = certificate.names.iter().any(|name| !name.starts_with("uri:"));
    let (client, server) = (certificate.client == "ok", certificate.server == "ok");
    if (client, server) == (is_for("client"), is_for("server") && has_server_name) {
        return Ok(());
    }
    let verdicts = (&certificate.client, &certificate.server);
    Err(format!("pyca does not verify the certificate as it should: {verdicts:?}"))
}

/// One process for each request, so two at a time.
fn openssl_refuses(issued: &[(&Outcome, Vec<String>)]) -> Vec<String> {
    let refused = |outcomes: &[(&Outcome, Vec<String>)]| -> Vec<String> {
        let refused = outcomes.iter().filter_map(|(Outcome { seed, csr, .. }, _)| {
            openssl_reads(csr).err().map(|why| format!("seed {seed}: OpenSSL: {why}\n{csr}"))
        });
        refused.collect()
    };
    let (first, second) = issued.split_at(issued.len() / 2);
    std::thread::scope(|scope| {
        let first = scope.spawn(move || refused(first));
        let second = refused(second);
        [first.join().unwrap(), second].concat()
    })
}

fn openssl_reads(csr: &str) -> Result<(), String> {
    let mut process = Command::new("openssl")
        .args(["req", "-verify", "-noout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut process.stdin.take().unwrap(), csr.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Some releases tell of a signature that does not match, and succeed.
    if output.status.success() && said.contains("verify OK") { Ok(()) } else { Err(said) }
}

/// Each for what it may be used for, and for nothing else.
fn assert_openssl_accepts(world: &World, issued: &[(&Outcome, Vec<String>)]) {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), world, &issued[0].0.body);
    let file = |outcome: &Outcome| {
        let name = format!("{}.pem", outcome.seed);
        std::fs::write(directory.path().join(&name), text(&outcome.body, "certificate")).unwrap();
        name
    };
    let files: Vec<_> = issued.iter().map(|(outcome, _)| file(outcome)).collect();
    for usage in ["client", "server"] {
        let said = verify(directory.path(), &format!("ssl{usage}"), &files);
        for (file, (_, usages)) in files.iter().zip(issued) {
            let accepted = said.contains(&format!("\n{file}: OK\n"));
            assert_eq!(accepted, usages.iter().any(|found| found == usage), "{file}: {said}");
        }
    }
}
