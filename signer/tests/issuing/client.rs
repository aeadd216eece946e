//! The AWS client, made from an environment, against a server that notes what it is asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use signer::client::secrets_manager;
use signer::secret::{SecretsManager, Source as _};

use crate::events::run;

/// What Lambda sets, and what is set beside it.
fn environment(more: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
    let lambda = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "the-token"),
    ];
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let all: Vec<_> = more.iter().chain(&lambda).map(owned).collect();
    move |name| all.iter().find(|(each, _)| each == name).map(|(_, value)| value.clone())
}

/// Answers with these statuses, one for each connection, and returns the requests.
fn server(statuses: &'static [u16]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = thread::spawn(move || {
        let answer = |status: &u16| {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let mut request = String::new();
            while !request.ends_with("\r\n\r\n") {
                stream.read_line(&mut request).unwrap();
            }
            let (_, length) = request.split_once("content-length: ").unwrap();
            let length: u64 = length.lines().next().unwrap().parse().unwrap();
            (&mut stream).take(length).read_to_string(&mut request).unwrap();
            let body = r#"{"SecretString": "it"}"#;
            let answer = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            request
        };
        statuses.iter().map(answer).collect()
    });
    (url, requests)
}

fn read(environment: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let client = secrets_manager(environment)?;
    let source = SecretsManager { client, arn: "arn:secret".to_owned() };
    run(source.read()).map(|secret| secret.to_string())
}

#[test]
fn a_call_is_signed_with_what_lambda_gives_and_tried_again() {
    let (url, requests) = server(&[500, 200]);
    let elsewhere = ("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let secret = read(environment(&[("AWS_ENDPOINT_URL_SECRETS_MANAGER", &url), elsewhere]));
    assert_eq!(secret.as_deref(), Ok("it"));
    let requests = requests.join().unwrap();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(request.contains("Credential=AKIAEXAMPLE/"), "{request}");
        assert!(request.contains("/eu-west-1/secretsmanager/aws4_request"), "{request}");
        assert!(request.contains("x-amz-security-token: the-token\r\n"), "{request}");
        assert!(request.contains(r#""SecretId":"arn:secret""#), "{request}");
        assert!(request.contains(r#""VersionStage":"AWSCURRENT""#), "{request}");
    }
}

#[test]
fn the_general_endpoint_and_the_number_of_attempts_are_heeded() {
    let (url, _requests) = server(&[500, 200]);
    let variables = [("AWS_ENDPOINT_URL", url.as_str()), ("AWS_MAX_ATTEMPTS", "1")];
    let error = read(environment(&variables)).unwrap_err();
    assert_eq!(error, "could not read arn:secret: unknown: unknown (request id unknown)");
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    for (variables, problem) in [
        (
            ("AWS_SECRET_ACCESS_KEY", ""),
            "the environment variable AWS_SECRET_ACCESS_KEY is not set",
        ),
        (("AWS_RETRY_MODE", "never"), "AWS_RETRY_MODE is `never`, not standard or adaptive"),
        (("AWS_MAX_ATTEMPTS", "0"), "AWS_MAX_ATTEMPTS is `0`, not a number of at least 1"),
    ] {
        assert_eq!(read(environment(&[variables])), Err(problem.to_owned()));
    }
}
