//! One HTTP request at a time, to AWS or to the local AWS.
//!
//! The connector is the one that the AWS SDK uses, so there is one HTTP and one TLS stack in the
//! binary.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::error::{Context as _, Error, Result};

/// A host that is there answers within this, from another continent too.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// More than any answer that this program asks for; a body beyond it is no answer of ours.
const BODY_LIMIT: usize = 1 << 20;

/// What a server answered, whatever its status.
#[derive(Debug)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Its body, whole.
    pub body: Vec<u8>,
}

impl Response {
    /// A header's value, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Sends one request and reads the whole answer, both within `deadline`.
///
/// # Errors
///
/// When no answer came; an answer of any status is none. The causes say whether the host was
/// found, refused the connection, or kept silent.
pub(crate) async fn send(request: http::Request<Vec<u8>>, deadline: Duration) -> Result<Response> {
    let subject = format!("could not reach {}", request.uri());
    match tokio::time::timeout(deadline, exchange(request)).await {
        Ok(answer) => answer.map_err(|error| error.within(subject)),
        Err(_) => Err(Error::new(subject)
            .because(format!("no complete answer within {} seconds", deadline.as_secs()))),
    }
}

async fn exchange(request: http::Request<Vec<u8>>) -> Result<Response> {
    let loopback = request.uri().host().is_some_and(is_loopback);
    let encrypted = request.uri().scheme() == Some(&http::uri::Scheme::HTTPS);
    let request = HttpRequest::try_from(request.map(SdkBody::from))
        .context(|| "the request is malformed".into())?;
    let answer = connector(loopback, encrypted)?
        .call(request)
        .await
        .context(|| "the connection failed".into())?;
    let answer = answer.try_into_http1x().context(|| "the answer is malformed".into())?;
    let (head, body) = answer.into_parts();
    let mut stream = ByteStream::new(body);
    let mut body = Vec::new();
    while let Some(chunk) =
        stream.try_next().await.context(|| "the connection broke off in the answer".into())?
    {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(Error::new("the answer is too long")
                .because(format!("it is longer than {BODY_LIMIT} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status: head.status.as_u16(), headers: head.headers, body })
}

fn connector(loopback: bool, encrypted: bool) -> Result<Connector> {
    // A proxy cannot reach this machine's loopback; everything else goes the way that the
    // environment says.
    let proxy = if loopback { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
    // Reading the system's certificates takes longer than a whole local request.
    let trust = if encrypted { TrustStore::default() } else { TrustStore::empty() };
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|source| Error::new("could not set up TLS").because(source))?;
    Ok(Connector::builder()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .tls_context(context)
        .connector_settings(
            HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build(),
        )
        .proxy_config(proxy)
        .build_with_resolver(Resolver))
}

/// Whether a URL's host can only be this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    is_localhost(bare) || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Looks names up as the system does, but knows by itself what RFC 6761 says of `localhost` and
/// all names beneath it. The local AWS's API URLs are such names, and many systems do not know
/// them.
#[derive(Debug, Clone)]
struct Resolver;

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            if is_localhost(name) {
                return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
            }
            let addresses =
                tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "abc.execute-api.LOCALHOST", "127.0.0.1", "127.8.8.8", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example.com", "notlocalhost", "10.0.0.1", "[::2]", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
