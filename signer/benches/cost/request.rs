//! API Gateway's events with requests for certificates, and the policy that grants them.

use serde_json::{Value, json};

/// The key of a request.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) csr: &'static str,
}

pub(crate) const KINDS: [Kind; 3] = [
    Kind { name: "P-256", csr: include_str!("../../tests/fixtures/p256_sha256.pem") },
    Kind { name: "P-384", csr: include_str!("../../tests/fixtures/p384_sha384.pem") },
    Kind { name: "RSA-2048", csr: include_str!("../../tests/fixtures/rsa2048_sha256.pem") },
];

pub(crate) fn policy() -> String {
    let policy = json!({"rules": [{
        "name": "bench",
        "callers": ["arn:aws:iam::111122223333:role/deploy"],
        "dns": ["api.example.com", "*.internal.example"],
    }]});
    policy.to_string()
}

impl Kind {
    /// The body of a request.
    pub(crate) fn body(self) -> String {
        json!({"csr": self.csr}).to_string()
    }

    /// The event of a `POST /issue-cert`, as API Gateway sends it.
    pub(crate) fn event(self) -> Vec<u8> {
        let event = json!({
            "version": "2.0",
            "routeKey": "POST /issue-cert",
            "rawPath": "/issue-cert",
            "rawQueryString": "",
            "headers": {
                "accept": "*/*",
                "authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260508/us-east-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
                "content-type": "application/json",
                "host": "abc123.execute-api.us-east-1.amazonaws.com",
                "user-agent": "deployer/0.1.0",
                "x-amz-date": "20260508T053910Z",
                "x-amzn-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
                "x-forwarded-for": "203.0.113.7",
                "x-forwarded-port": "443",
                "x-forwarded-proto": "https",
            },
            "requestContext": {
                "accountId": "111122223333",
                "apiId": "abc123",
                "authorizer": {"iam": {
                    "accessKey": "AKIAIOSFODNN7EXAMPLE",
                    "accountId": "111122223333",
                    "callerId": "AROAEXAMPLE:session",
                    "cognitoIdentity": null,
                    "principalOrgId": "aws:PrincipalOrgID",
                    "userArn": "arn:aws:sts::111122223333:assumed-role/deploy/session",
                    "userId": "AROAEXAMPLE:session",
                }},
                "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
                "domainPrefix": "abc123",
                "http": {
                    "method": "POST",
                    "path": "/issue-cert",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                    "userAgent": "deployer/0.1.0",
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": "POST /issue-cert",
                "stage": "$default",
                "time": "08/May/2026:05:39:10 +0000",
                "timeEpoch": 1_778_218_750_000_u64,
            },
            "body": self.body(),
            "isBase64Encoded": false,
        });
        event.to_string().into_bytes()
    }
}

/// Panics unless the function issued a certificate.
pub(crate) fn check(response: &[u8]) {
    let response: Value = serde_json::from_slice(response).unwrap();
    assert_eq!(response["statusCode"], 200, "{response}");
}
