//! Many callers at once.

use std::collections::BTreeSet;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use serde_json::json;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::caller::{Answer, Call};
use super::{openssl_csr, processes_from};
use crate::faults::{Proxy, reads_secrets_through};
use crate::support::World;

const REQUESTS: usize = 1000;

/// How many requests more at once than before, and how many the local AWS carries out at once.
const WAVE: usize = 8;
const WIDEST: usize = 64;

/// A thread does nothing but wait for its answer.
const STACK: usize = 128 << 10;

/// The local AWS has one event loop and shares two cores with the function's environments.
const PATIENCE: Duration = Duration::from_mins(3);

/// Each answer is a certificate with a serial number of its own, or says that there are too many
/// requests; and each environment of the function has looked at the secret once.
#[test]
fn a_thousand_requests_at_once_are_answered_and_the_secret_is_read_once_by_each_environment() {
    let world = World::new();
    world.succeed(&["local", "start"]);
    let proxy = Proxy::to(&world.instance().endpoint);
    reads_secrets_through(&world, &proxy);
    world.succeed(&["--local", "apply", "--yes"]);
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let csr = openssl_csr(&world, "load", &key, "subjectAltName = DNS:load.internal.example");
    let call = Call::new(&world, json!({"csr": csr}).to_string()).signed(&world.instance().client);

    // Environments are started a few at a time, as load grows; sixty at once on two cores would each
    // wait so long for the secret that they said 503.
    for width in (WAVE..=WIDEST).step_by(WAVE) {
        at_once(&call, width);
    }
    let answers = at_once(&call, REQUESTS);

    let (issued, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 200);
    for answer in &refused {
        let busy = answer.status == 429 || answer.code() == "ca_unavailable";
        assert!(busy, "{answer:?}");
    }
    let serials: BTreeSet<_> =
        issued.iter().map(|answer| verified_serial(&world, answer)).collect();
    assert_eq!(serials.len(), issued.len(), "serial numbers differ");
    assert!(issued.len() >= REQUESTS / 2, "{} of {REQUESTS} were issued", issued.len());

    let environments = processes_from(&world.path("local")).len();
    let reads = proxy.faults.calls();
    let reads = reads.iter().filter(|call| call.operation.name == "GetSecretValue").count();
    // An environment looks again only where its look has failed, and then it has refused somebody.
    let looks = environments..=environments + refused.len();
    assert!(looks.contains(&reads), "{reads} looks by {environments} environments");
}

/// The answers to so many calls at once.
fn at_once(call: &Call, count: usize) -> Vec<Answer> {
    thread::scope(|scope| {
        let spawn = || Builder::new().stack_size(STACK).spawn_scoped(scope, || answer(call));
        let threads: Vec<_> = (0..count).map(|_| spawn().expect("a thread")).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    })
}

/// The answer to a call. Of so many connections at once the local AWS, whose queue is short, resets
/// some before it has looked at them; those are made again.
fn answer(call: &Call) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match call.exchange(PATIENCE) {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < deadline, "no answer: {error}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// The serial number of a certificate that leads to the root.
fn verified_serial(world: &World, answer: &Answer) -> Vec<u8> {
    let body = answer.json();
    let der = |field: &str| {
        let pem = body[field].as_str().expect("PEM");
        CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
    };
    let root = super::certificates::certificates(world, "ca/root.pem").remove(0);
    let anchors = [webpki::anchor_from_trusted_cert(&root).expect("an anchor")];
    let (leaf, chain) = (der("certificate"), [der("chain")]);
    let (algorithms, now) = (webpki::ALL_VERIFICATION_ALGS, UnixTime::now());
    webpki::EndEntityCert::try_from(&leaf)
        .expect("a leaf")
        .verify_for_usage(
            algorithms,
            &anchors,
            &chain,
            now,
            webpki::KeyUsage::client_auth(),
            None,
            None,
        )
        .expect("a path to the root");
    let (_, leaf) = X509Certificate::from_der(&leaf).expect("a certificate");
    leaf.raw_serial().to_vec()
}
