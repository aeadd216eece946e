//! Issued certificates at work: peers that authenticate each other with TLS, and exchange data.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rcgen::KeyPair;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};

use crate::certificates::text;
use crate::events::World;
use crate::rules::policy_with;

const NAME: &str = "api.example.com";

/// A key and the certificate that was issued for it.
struct Identity {
    key: KeyPair,
    chain: String,
}

/// An issuer, and what peers need that trust its root.
struct Pki(World);

impl Pki {
    fn new() -> Self {
        Self(World::new())
    }

    fn issue(&mut self, usages: &[&str], key: KeyPair) -> Identity {
        self.0.handler.policy = policy_with(|rule| rule["usages"] = serde_json::json!(usages));
        let mut params = rcgen::CertificateParams::new([NAME.to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let csr = params.serialize_request(&key).unwrap().pem().unwrap();
        let body = self.0.issue(&csr);
        let chain = [text(&body, "certificate"), text(&body, "chain")].concat();
        Identity { key, chain }
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(certificates(&self.0.authority.root).remove(0)).unwrap();
        Arc::new(roots)
    }

    fn client(&self, version: Version, identity: &Identity) -> ClientConnection {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.roots())
            .with_client_auth_cert(certificates(&identity.chain), private_key(&identity.key))
            .unwrap();
        ClientConnection::new(Arc::new(config), ServerName::try_from(NAME).unwrap()).unwrap()
    }

    fn server(&self, version: Version, identity: &Identity) -> ServerConnection {
        let provider = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(self.roots(), provider.clone());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(certificates(&identity.chain), private_key(&identity.key))
            .unwrap();
        ServerConnection::new(Arc::new(config)).unwrap()
    }
}

type Version = &'static SupportedProtocolVersion;

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
}

fn private_key(key: &KeyPair) -> rustls::pki_types::PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

fn p256() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn keys() -> Vec<(&'static str, KeyPair)> {
    let rsa = |size| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
    vec![
        ("P-256", p256()),
        ("P-384", KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap()),
        ("Ed25519", ed25519()),
        ("RSA-2048", rsa(rcgen::RsaKeySize::_2048)),
        ("RSA-4096", rsa(rcgen::RsaKeySize::_4096)),
    ]
}

/// From OpenSSL, which cannot read the form that `rcgen` writes.
fn ed25519() -> KeyPair {
    let arguments = ["genpkey", "-algorithm", "ed25519"];
    let output = Command::new("openssl").args(arguments).output().unwrap();
    KeyPair::from_pem(std::str::from_utf8(&output.stdout).unwrap()).unwrap()
}

fn copy(key: &KeyPair) -> KeyPair {
    KeyPair::try_from(key.serialize_der()).unwrap()
}

/// Hands over what each side has to say until both are silent, or one refuses the other.
fn talk(client: &mut ClientConnection, server: &mut ServerConnection) -> Result<(), rustls::Error> {
    loop {
        let mut sent = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut sent).unwrap();
        }
        server.read_tls(&mut sent.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut answered = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut answered).unwrap();
        }
        client.read_tls(&mut answered.as_slice()).unwrap();
        client.process_new_packets()?;
        if sent.is_empty() && answered.is_empty() {
            return Ok(());
        }
    }
}

/// The handshake, then a question and an answer.
fn converse(
    client: &mut ClientConnection,
    server: &mut ServerConnection,
) -> Result<(), rustls::Error> {
    talk(client, server)?;
    assert!(!client.is_handshaking() && !server.is_handshaking());
    assert_eq!(server.peer_certificates().unwrap().len(), 2, "the client's certificate and chain");
    let mut received = [0; 4];
    client.writer().write_all(b"ping").unwrap();
    talk(client, server)?;
    server.reader().read_exact(&mut received).unwrap();
    assert_eq!(&received, b"ping");
    server.writer().write_all(b"pong").unwrap();
    talk(client, server)?;
    client.reader().read_exact(&mut received).unwrap();
    assert_eq!(&received, b"pong");
    Ok(())
}

#[test]
fn every_kind_of_key_authenticates_both_sides() {
    let mut pki = Pki::new();
    for (kind, key) in keys() {
        let server = pki.issue(&["server"], copy(&key));
        let client = pki.issue(&["client"], copy(&key));
        let both = pki.issue(&["server", "client"], key);
        for (server, client) in [(&server, &client), (&both, &both)] {
            for version in [&TLS13, &TLS12] {
                let mut client = pki.client(version, client);
                let mut server = pki.server(version, server);
                converse(&mut client, &mut server)
                    .unwrap_or_else(|error| panic!("{kind}, {version:?}: {error}"));
            }
        }
    }
}

#[test]
fn peers_refuse_the_wrong_usage_and_strangers() {
    let (mut pki, mut other) = (Pki::new(), Pki::new());
    let server = pki.issue(&["server"], p256());
    let client = pki.issue(&["client"], p256());
    let stranger = other.issue(&["server", "client"], p256());
    for version in [&TLS13, &TLS12] {
        let verdict = |client: &Identity, server: &Identity| {
            let verdict =
                converse(&mut pki.client(version, client), &mut pki.server(version, server));
            verdict.map_err(|error| format!("{error:?}"))
        };
        assert_eq!(verdict(&client, &server), Ok(()));
        for (client, server, reason) in [
            (&server, &server, "InvalidPurpose"),
            (&client, &client, "InvalidPurpose"),
            // The other root has the same name, and another key.
            (&stranger, &server, "BadSignature"),
            (&client, &stranger, "BadSignature"),
        ] {
            let error = verdict(client, server).unwrap_err();
            assert!(error.contains(reason), "{error}, not {reason}");
        }
    }
}

/// A process that ends with the test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts OpenSSL as a peer that has this identity and that verifies the other side.
fn openssl(directory: &Path, pki: &Pki, identity: &Identity, arguments: &[&str]) -> Peer {
    let (leaf, chain) = identity.chain.split_at(identity.chain.rfind("-----BEGIN").unwrap());
    let files = [
        ("root.pem", pki.0.authority.root.as_str()),
        ("leaf.pem", leaf),
        ("chain.pem", chain),
        ("key.pem", &identity.key.serialize_pem()),
    ];
    for (name, content) in files {
        std::fs::write(directory.join(name), content).unwrap();
    }
    let child = Command::new("openssl")
        .args(arguments)
        .args(["-cert", "leaf.pem", "-cert_chain", "chain.pem", "-key", "key.pem"])
        .args(["-CAfile", "root.pem", "-verify_return_error", "-x509_strict"])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Peer(child)
}

fn line(from: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line
}

#[test]
fn a_client_talks_to_a_server_of_openssl() {
    let mut pki = Pki::new();
    for (kind, key) in keys() {
        let server = pki.issue(&["server"], copy(&key));
        let client = pki.issue(&["client"], key);
        let directory = tempfile::tempdir().unwrap();
        // Sends every line back, turned around.
        let arguments =
            ["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-Verify", "2", "-rev"];
        let mut peer = openssl(directory.path(), &pki, &server, &arguments);
        let mut said = std::io::BufReader::new(peer.0.stdout.take().unwrap());
        let port = loop {
            let line = line(&mut said);
            assert!(!line.is_empty(), "{kind}: openssl s_server ended");
            if let Some((_, port)) = line.rsplit_once(':').filter(|_| line.starts_with("ACCEPT")) {
                break port.trim().parse::<u16>().unwrap();
            }
        };
        let mut tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut connection = pki.client(&TLS13, &client);
        let mut stream = rustls::Stream::new(&mut connection, &mut tcp);
        stream.write_all(b"ping\n").unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"gnip\n", "{kind}");
    }
}

#[test]
fn a_client_of_openssl_talks_to_a_server() {
    let mut pki = Pki::new();
    for (kind, key) in keys() {
        let server = pki.issue(&["server"], copy(&key));
        let client = pki.issue(&["client"], key);
        let directory = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let arguments =
            ["s_client", "-connect", &address, "-quiet", "-verify_hostname", NAME, "-verify", "2"];
        let mut peer = openssl(directory.path(), &pki, &client, &arguments);
        let mut input = peer.0.stdin.take().unwrap();
        input.write_all(b"ping\n").unwrap();
        let (mut tcp, _) = listener.accept().unwrap();
        let mut connection = pki.server(&TLS13, &server);
        let mut stream = rustls::Stream::new(&mut connection, &mut tcp);
        let mut question = [0; 5];
        stream.read_exact(&mut question).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(&question, b"ping\n");
        stream.write_all(b"pong\n").unwrap();
        let mut said = std::io::BufReader::new(peer.0.stdout.take().unwrap());
        assert_eq!(line(&mut said), "pong\n", "{kind}");
    }
}
