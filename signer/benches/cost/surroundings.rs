//! What the function finds around it: the Runtime API, Secrets Manager, and a CA in it.

use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::authority::Authority;
use crate::http::{Answer, serve};

/// The stubs. Connections to Secrets Manager are counted by its requests.
pub(crate) struct Surroundings {
    /// The port of the Runtime API.
    pub(crate) runtime: u16,
    /// The port of Secrets Manager, without TLS.
    pub(crate) plain: u16,
    /// The port of Secrets Manager, with TLS.
    pub(crate) tls: u16,
    /// The root that the TLS stub's certificate is from, as a PEM file.
    pub(crate) root: PathBuf,
    /// How often the secret was read.
    pub(crate) reads: Arc<AtomicUsize>,
    /// Says that the function polls for its next event.
    pub(crate) polls: mpsc::Receiver<()>,
    /// Takes the next event.
    pub(crate) events: mpsc::Sender<Vec<u8>>,
    /// The responses of the function.
    pub(crate) responses: mpsc::Receiver<Vec<u8>>,
}

impl Surroundings {
    pub(crate) fn new(authority: &Authority) -> Self {
        let reads = Arc::new(AtomicUsize::new(0));
        let secret = json!({
            "ARN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:ca",
            "Name": "ca",
            "SecretString": authority.bundle().to_string(),
            "VersionStages": ["AWSCURRENT"],
        });
        let secret = secret.to_string();
        let secrets = |reads: &Arc<AtomicUsize>| {
            let (secret, reads) = (secret.clone(), Arc::clone(reads));
            move |_: &crate::http::Request| {
                reads.fetch_add(1, Ordering::SeqCst);
                let headers = "content-type: application/x-amz-json-1.1\r\n";
                Some(Answer { headers, ..Answer::new(200, secret.clone()) })
            }
        };
        let (server, root) = tls_server(authority);
        let wrap = move |stream: TcpStream| {
            let connection = ServerConnection::new(Arc::clone(&server)).unwrap();
            StreamOwned::new(connection, stream)
        };
        let plain = serve(|stream| stream, secrets(&reads));
        let tls = serve(wrap, secrets(&reads));
        let (runtime, polls, events, responses) = runtime_api();
        Self { runtime, plain, tls, root, reads, polls, events, responses }
    }
}

type Ends = (u16, mpsc::Receiver<()>, mpsc::Sender<Vec<u8>>, mpsc::Receiver<Vec<u8>>);

/// The Runtime API: each poll is told and then held until there is an event for it.
fn runtime_api() -> Ends {
    let (poll, polls) = mpsc::channel();
    let (events, next) = mpsc::channel::<Vec<u8>>();
    let (respond, responses) = mpsc::channel();
    let next = Mutex::new(next);
    let port = serve(
        |stream| stream,
        move |request| {
            if request.method == "GET" {
                poll.send(()).ok()?;
                let body = next.lock().unwrap().recv().ok()?;
                let headers = "lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
                    lambda-runtime-deadline-ms: 4102444800000\r\n\
                    lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:111122223333:function:signer\r\n\
                    lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n\
                    content-type: application/json\r\n";
                Some(Answer { headers, ..Answer::new(200, body) })
            } else {
                assert!(request.path.ends_with("/response"), "the function reports an error");
                respond.send(request.body.clone()).ok()?;
                Some(Answer::new(202, ""))
            }
        },
    );
    (port, polls, events, responses)
}

/// Amazon's roots, which the function reads where no other file is named.
const AMAZON: &str = include_str!("../../src/client/roots/amazon.pem");

/// A server for `localhost`, and the file with the root of its certificate and Amazon's: as much to
/// read as in Lambda.
fn tls_server(authority: &Authority) -> (Arc<ServerConfig>, PathBuf) {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("root.pem");
    std::fs::write(&file, [AMAZON, &authority.root].concat()).unwrap();
    let root = Issuer::from_params(&authority.root_params, &authority.root_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &root).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (Arc::new(config), file)
}
