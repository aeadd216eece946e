//! The least that must be done: what the function is held against, done by the same libraries and
//! nothing around them. As an errand of this program it can be counted alone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, ParsedPublicKey, VerificationAlgorithm};
use rustix::time::{ClockId, clock_gettime};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;

use crate::callgrind::count_own;
use crate::core::Core;
use crate::request::{KINDS, Kind};
use crate::surroundings::Surroundings;

/// The length of what is signed in a certificate as the function writes them, about.
const TBS: [u8; 500] = [7; 500];

/// Does an errand, if the arguments name one.
pub(crate) fn run(arguments: &[String]) -> bool {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["verify-and-sign", kind, times] => {
            let floor = Floor::new(kind_named(kind));
            (0..times.parse().unwrap()).for_each(|_: u32| floor.verify_and_sign());
        }
        ["issue", kind, times] => {
            let core = Core::new(kind_named(kind));
            (0..times.parse().unwrap()).for_each(|_: u32| core.issue());
        }
        ["exchange", port] => exchange(TcpStream::connect(address(port)).unwrap()),
        ["exchange", port, root] => {
            // The root of the stub is the last of the file.
            let root = CertificateDer::pem_file_iter(root).unwrap().last().unwrap().unwrap();
            let mut roots = RootCertStore::empty();
            roots.add(root).unwrap();
            let config =
                ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            let name = "localhost".try_into().unwrap();
            let connection = ClientConnection::new(Arc::new(config), name).unwrap();
            exchange(StreamOwned::new(connection, TcpStream::connect(address(port)).unwrap()));
        }
        _ => return false,
    }
    true
}

fn kind_named(name: &str) -> Kind {
    KINDS.into_iter().find(|each| each.name == name).unwrap()
}

fn address(port: &str) -> (&'static str, u16) {
    ("127.0.0.1", port.parse().unwrap())
}

/// One request and its answer.
fn exchange(mut stream: impl Read + Write) {
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut buffer = [0; 8192];
    assert!(stream.read(&mut buffer).unwrap() > 0);
}

/// The instructions of one TLS handshake: an exchange with TLS less the same without.
pub(crate) fn handshake(around: &Surroundings) -> u64 {
    let root = around.root.to_str().unwrap();
    let with = count_own(&["exchange", &around.tls.to_string(), root]);
    with - count_own(&["exchange", &around.plain.to_string()])
}

/// The one verification and the one signature without which there is no certificate.
pub(crate) struct Floor {
    algorithm: &'static dyn VerificationAlgorithm,
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
    ca: EcdsaKeyPair,
    random: SystemRandom,
}

impl Floor {
    pub(crate) fn new(kind: Kind) -> Self {
        let algorithm: &dyn VerificationAlgorithm = match kind.name {
            "P-256" => &signature::ECDSA_P256_SHA256_ASN1,
            "P-384" => &signature::ECDSA_P384_SHA384_ASN1,
            _ => &signature::RSA_PKCS1_2048_8192_SHA256,
        };
        let (_, pem) = x509_parser::pem::parse_x509_pem(kind.csr.as_bytes()).unwrap();
        let (_, request) = X509CertificationRequest::from_der(&pem.contents).unwrap();
        let info = &request.certification_request_info;
        let ca = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self {
            algorithm,
            key: info.subject_pki.subject_public_key.data.to_vec(),
            message: info.raw.to_vec(),
            signature: request.signature_value.data.to_vec(),
            ca,
            random: SystemRandom::new(),
        }
    }

    pub(crate) fn verify_and_sign(&self) {
        let key = ParsedPublicKey::new(self.algorithm, &self.key).unwrap();
        key.verify_sig(&self.message, &self.signature).unwrap();
        self.ca.sign(&self.random, &TBS).unwrap();
    }
}

/// The CPU time of one time, the mean of many on this thread.
pub(crate) fn cpu(times: u32, work: impl Fn()) -> Duration {
    let started = thread_cpu();
    (0..times).for_each(|_| work());
    thread_cpu().saturating_sub(started) / times
}

fn thread_cpu() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}
