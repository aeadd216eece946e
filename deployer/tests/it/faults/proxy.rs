//! A proxy for the built binary. It leaves method, path, query, headers and body as they are, `Host`
//! among them, because they are signed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::operation::Operation;
use super::rules::{Broken, Faults};
use crate::support::World;

/// A proxy on a thread and a port of its own, until it is dropped.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) endpoint: String,
    /// Its rules.
    pub(crate) faults: Arc<Faults>,
    /// Told of each call that is held.
    pub(crate) held: Receiver<Operation>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy to an endpoint such as `http://127.0.0.1:4566`.
    pub(crate) fn to(endpoint: &str) -> Self {
        let to: SocketAddr = endpoint
            .strip_prefix("http://")
            .and_then(|address| address.parse().ok())
            .expect("the endpoint of a local AWS");
        let (faults, held) = Faults::new();
        let faults = Arc::new(faults);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener for tokio");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&faults);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                tokio::select! {
                    () = serve(listener, to, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { endpoint, faults, held, stop: Some(stop), thread: Some(thread) }
    }
}

/// Makes the function of the default stack read its secret through a proxy.
pub(crate) fn reads_secrets_through(world: &World, proxy: &Proxy) {
    let variable = format!("AWS_ENDPOINT_URL_SECRETS_MANAGER: {}", proxy.endpoint);
    world.edit("environment:\n", &format!("environment:\n      {variable}\n"));
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: std::net::TcpListener, to: SocketAddr, faults: Arc<Faults>) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let faults = Arc::clone(&faults);
        tokio::spawn(async move {
            let service = service_fn(|request| pass(request, to, &faults));
            // An error from the service closes the connection without an answer, which is the point.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn pass(
    request: Request<Incoming>,
    to: SocketAddr,
    faults: &Faults,
) -> Result<Response<Full<Bytes>>, Broken> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let answer = faults.pass(Request::from_parts(parts, body), |request| forward(to, request));
    Ok(answer.await?.map(Full::new))
}

/// Carries a call out; what cannot be reached is a broken connection.
async fn forward(to: SocketAddr, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
    let stream = TcpStream::connect(to).await.map_err(|_| Broken)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|_| Broken)?;
    tokio::spawn(connection);
    let answer = sender.send_request(request.map(Full::new)).await.map_err(|_| Broken)?;
    let (mut parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    // They are about that connection, not about this one.
    for name in [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        parts.headers.remove(name);
    }
    Ok(Response::from_parts(parts, body))
}
