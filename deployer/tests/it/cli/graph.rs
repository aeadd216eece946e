//! `deployer graph`: the default stack in each format, from the file alone.

use expect_test::{expect, expect_file};
use serde_json::{Value, json};

use super::nowhere;
use crate::support::{Run, World};

/// The graph of the default stack, of which nothing but the file is there.
fn graph(format: &[&str]) -> String {
    let world = World::empty();
    world.write("stack.yaml", deployer::stack::DEFAULT);
    let run = || Run::of(&mut nowhere(&world, &[&["graph"], format].concat()));
    let first = run();
    assert_eq!((first.status, first.stderr.as_str()), (0, ""));
    assert_eq!(run().stdout, first.stdout, "it is the same each time");
    first.stdout
}

#[test]
fn programs_get_nodes_and_edges() {
    let graph: Value = serde_json::from_str(&graph(&["--format", "json"])).expect("JSON");
    assert_eq!(graph["stack"], "cert-issuer");
    assert_eq!(graph["nodes"].as_array().map(Vec::len), Some(6));
    let edge = json!({
        "from": "http_route.issue_cert",
        "to": "http_api.issuer",
        "attributes": ["id"],
    });
    assert_eq!(graph["edges"][0], edge, "{graph:#}");
}

#[test]
fn mermaid_is_the_usual_form() {
    expect![[r#"
        flowchart TD
            http_api.issuer["issuer<br>http_api"]
            http_route.issue_cert["issue_cert<br>http_route"]
            iam_role.signer["signer<br>iam_role"]
            lambda_function.signer["signer<br>lambda_function"]
            log_group.signer["signer<br>log_group"]
            secret.ca["ca<br>secret"]
            http_route.issue_cert -->|"id"| http_api.issuer
            http_route.issue_cert -->|"arn"| lambda_function.signer
            iam_role.signer -->|"arn"| log_group.signer
            iam_role.signer -->|"arn"| secret.ca
            lambda_function.signer -->|"arn"| iam_role.signer
            lambda_function.signer -->|"name"| log_group.signer
            lambda_function.signer -->|"arn"| secret.ca
    "#]]
    .assert_eq(&graph(&[]));
    assert_eq!(graph(&["--format", "mermaid"]), graph(&[]));
}

#[test]
fn graphviz_gets_the_same_graph() {
    expect![[r#"
        digraph "cert-issuer" {
            node [shape=box];
            "http_api.issuer" [label="issuer\nhttp_api"];
            "http_route.issue_cert" [label="issue_cert\nhttp_route"];
            "iam_role.signer" [label="signer\niam_role"];
            "lambda_function.signer" [label="signer\nlambda_function"];
            "log_group.signer" [label="signer\nlog_group"];
            "secret.ca" [label="ca\nsecret"];
            "http_route.issue_cert" -> "http_api.issuer" [label="id"];
            "http_route.issue_cert" -> "lambda_function.signer" [label="arn"];
            "iam_role.signer" -> "log_group.signer" [label="arn"];
            "iam_role.signer" -> "secret.ca" [label="arn"];
            "lambda_function.signer" -> "iam_role.signer" [label="arn"];
            "lambda_function.signer" -> "log_group.signer" [label="name"];
            "lambda_function.signer" -> "secret.ca" [label="arn"];
        }
    "#]]
    .assert_eq(&graph(&["--format", "dot"]));
}

#[test]
fn the_picture_is_ours() {
    expect_file!["graph.svg"].assert_eq(&graph(&["--format", "svg"]));
}
