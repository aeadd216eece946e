//! A caller of the route that writes its requests byte by byte, so that wrong ones can be sent, too.
//!
//! It shares nothing with the client of the deployer but the library that computes signatures.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;

use crate::support::World;

/// A request as it goes over the wire.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    host: String,
    port: u16,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The stable code of the signer's refusal; empty if it is none.
    pub(super) fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// The output `url` of a deployed world.
pub(super) fn url(world: &World) -> String {
    world.succeed(&["--local", "output", "url"]).stdout.trim().to_owned()
}

impl Call {
    /// A right request to the route of a deployed world, not signed yet.
    pub(super) fn new(world: &World, body: impl Into<Vec<u8>>) -> Self {
        let url = url(world);
        let rest = url.strip_prefix("http://").expect("plain http on this machine");
        let (authority, path) = rest.split_once('/').expect("a path");
        let (_, port) = authority.rsplit_once(':').expect("a port");
        Self {
            method: "POST".into(),
            path: format!("/{path}"),
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.into(),
            host: authority.into(),
            port: port.parse().expect("a port number"),
        }
    }

    /// The same call with another body.
    pub(super) fn with_body(&self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }

    /// The same call with this header, in place of one of the same name.
    pub(super) fn with_header(&self, name: &str, value: &str) -> Self {
        let mut call = self.clone();
        call.headers.retain(|(known, _)| known != name);
        call.headers.push((name.into(), value.into()));
        call
    }

    /// The same call with another method and path.
    pub(super) fn to(&self, method: &str, path: &str) -> Self {
        Self { method: method.into(), path: path.into(), ..self.clone() }
    }

    /// The call with its signature, every header of it signed.
    pub(super) fn signed(&self, who: &Credentials) -> Self {
        self.signed_at(who, SystemTime::now())
    }

    /// The call as it would have been signed at another time.
    pub(super) fn signed_at(&self, who: &Credentials, time: SystemTime) -> Self {
        let identity = who.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("execute-api")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .expect("parameters of a signature")
            .into();
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let uri = format!("http://{}{}", self.host, self.path);
        let body = SignableBody::Bytes(&self.body);
        let signable = SignableRequest::new(&self.method, uri, headers, body).expect("a request");
        let (instructions, _) = sign(signable, &params).expect("a signature").into_parts();
        instructions
            .headers()
            .fold(self.clone(), |call, (name, value)| call.with_header(name, value))
    }

    /// Sends it as it is, and reads the answer to its end.
    pub(super) fn send(&self) -> Answer {
        self.exchange(Duration::from_secs(40)).expect("an answer")
    }

    /// The same, for an answer that may take longer than API Gateway would wait, and for a server that
    /// may break the connection before it answers.
    pub(super) fn exchange(&self, patience: Duration) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(patience))?;
        let own = [
            ("host", self.host.clone()),
            ("connection", "close".into()),
            ("content-length", self.body.len().to_string()),
        ];
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let given = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> =
            own.chain(given).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (method, path) = (&self.method, &self.path);
        let request = format!("{method} {path} HTTP/1.1\r\n{}\r\n", headers.concat());
        stream.write_all(request.as_bytes())?;
        // A server that refuses early closes the connection before it has read a long body.
        let _ = stream.write_all(&self.body);
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Err(error) if answer.is_empty() => Err(error),
            _ => Ok(parse(&String::from_utf8_lossy(&answer))),
        }
    }
}

fn parse(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no HTTP answer: {answer:?}"));
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    assert!(!chunked, "an answer in one piece: {head}");
    Answer { status, body: body.to_owned() }
}
