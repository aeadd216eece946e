//! The order of the checks, and what the README says of their codes.

use serde_json::{Value, json};
use signer::refusal::Code;

use crate::der::{Csr, dns, extension};
use crate::events::{World, event};

/// A request with every fault that there can be, and how each is mended, in the order in which they
/// are found. What is cheap to find, or says the most about the sender, comes first.
#[test]
fn the_first_fault_in_the_order_of_the_checks_is_the_answer() {
    let ca_true = extension(&[0x55, 0x1d, 0x13], &[0x30, 3, 1, 1, 0xff]);
    let unproven =
        |name: &str| Csr { flip_signature: true, ..Csr::new(&[dns(name), ca_true.clone()]) };
    let body = |csr: &Csr| json!({"csr": csr.pem(), "ttl_hours": 25});
    let bad_version = Csr { version: 1, ..unproven("a b") };
    let mut request = event("x".repeat(70_000).as_bytes());
    request["rawPath"] = json!("/other");
    request["headers"]["content-type"] = json!("text/plain");
    request["requestContext"]["http"]["method"] = json!("GET");
    let iam = request["requestContext"]["authorizer"]["iam"].take();
    let stranger = {
        let mut iam = iam.clone();
        iam["userArn"] = json!("arn:aws:iam::111122223333:user/stranger");
        iam
    };

    let world = World::new();
    let mut steps: Vec<(&str, &str, Value)> = Vec::new();
    let mut step = |code, pointer, mended: Value| steps.push((code, pointer, mended));
    step("not_found", "/rawPath", json!("/issue-cert"));
    step("method_not_allowed", "/requestContext/http/method", json!("POST"));
    step("unsupported_media_type", "/headers/content-type", json!("application/json"));
    step("too_large", "/body", json!("{"));
    step("no_identity", "/requestContext/authorizer/iam", stranger);
    step("invalid_json", "/body", json!(json!({"csr": "x", "ttl_hours": 0}).to_string()));
    step("invalid_ttl", "/body", json!(json!({"csr": "x", "ttl_hours": 25}).to_string()));
    step("invalid_pem", "/body", json!(body(&bad_version).to_string()));
    step("invalid_csr", "/body", json!(body(&unproven("a b")).to_string()));
    let proven = Csr { flip_signature: false, ..unproven("a b") };
    step("bad_csr_signature", "/body", json!(body(&proven).to_string()));
    step(
        "invalid_name",
        "/body",
        json!(body(&Csr::new(&[dns("evil.test"), ca_true.clone()])).to_string()),
    );
    step("forbidden_extension", "/body", json!(body(&Csr::new(&[dns("evil.test")])).to_string()));
    step("caller_not_allowed", "/requestContext/authorizer/iam", iam);
    step(
        "name_not_allowed",
        "/body",
        json!(body(&Csr::new(&[dns("api.example.com")])).to_string()),
    );
    for (code, pointer, mended) in steps {
        let (_, answer) = world.send(&request);
        assert_eq!(answer["error"]["code"], code, "{answer}");
        *request.pointer_mut(pointer).unwrap() = mended;
    }
    let (_, answer) = world.send(&request);
    assert_eq!(answer["error"]["code"], "ttl_too_long", "{answer}");
}

#[test]
fn the_readme_tells_every_code_with_its_status_and_what_to_do() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    for code in Code::ALL {
        let (name, status) = (format!("`{}`", code.as_str()), code.status().to_string());
        let row = readme.lines().find(|line| {
            let cells: Vec<_> = line.split(" | ").collect();
            cells.len() == 3 && cells[0].contains(&status) && cells[1].contains(&name)
        });
        assert!(row.is_some(), "{name} with {status}");
    }
}
