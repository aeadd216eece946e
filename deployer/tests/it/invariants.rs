//! The rules of the architecture, checked on the source: see the crate's documentation.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::workspace;

/// Modules that compute and do nothing else.
const PURE: [&str; 13] = [
    "address.rs",
    "adopt.rs",
    "adopt/",
    "diff.rs",
    "graph.rs",
    "graph/",
    "near.rs",
    "plan.rs",
    "plan/",
    "policy.rs",
    "policy/",
    "reference.rs",
    "saved/moved.rs",
];

/// The source files of the deployer, by their path below `src`, tests left out.
fn sources() -> Vec<(String, String)> {
    let root = workspace().join("deployer/src");
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push((name(&root, &path), product(&path)));
            }
        }
    }
    let of_tests = |name: &str| {
        name.contains("/tests/")
            || ["tests.rs", "properties.rs", "fake.rs"].iter().any(|file| name.ends_with(file))
    };
    sources.retain(|(name, _)| !of_tests(name));
    assert!(sources.len() > 40, "the source was found");
    sources
}

fn name(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).map(PathBuf::from).expect("below the root").display().to_string()
}

/// A file without its tests and comments.
fn product(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The places where one of these words stands in a file that the rule is about.
fn offences(about: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    sources()
        .iter()
        .filter(|(name, _)| about(name))
        .flat_map(|(name, code)| {
            words
                .iter()
                .filter(|word| code.contains(**word))
                .map(move |word| format!("{name}: {word}"))
        })
        .collect()
}

#[test]
fn planning_is_pure() {
    let pure = |name: &str| PURE.iter().any(|module| name == *module || name.starts_with(module));
    let words =
        ["async ", ".await", "std::env", "std::fs", "Instant", "SystemTime", "now_utc", "tokio"];
    assert_eq!(offences(pure, &words), Vec::<String>::new());
}

#[test]
fn only_resources_and_the_client_know_the_sdk() {
    let allowed = |name: &str| {
        name.starts_with("resource/") || name == "aws.rs" || name == "local/bootstrap.rs"
    };
    assert_eq!(offences(|name| !allowed(name), &["aws_sdk_"]), Vec::<String>::new());
}

#[test]
fn the_engine_knows_no_kinds() {
    let engine = |name: &str| {
        ["apply.rs", "cloud.rs", "desired.rs", "graph.rs", "plan.rs", "refresh.rs", "state.rs"]
            .contains(&name)
            || ["apply/", "graph/", "plan/", "state/"].iter().any(|part| name.starts_with(part))
    };
    let kinds = [
        "\"secret\"",
        "\"iam_role\"",
        "\"log_group\"",
        "\"lambda_function\"",
        "\"http_api\"",
        "\"http_route\"",
    ];
    assert_eq!(offences(engine, &kinds), Vec::<String>::new());
}

#[test]
fn only_the_user_interface_prints() {
    // Taking colours out of a text prints nothing.
    let words = ["println!", "eprint", "print!", "anstream::std", "AutoStream"];
    let ui = |name: &str| name == "ui.rs" || name.starts_with("ui/");
    assert_eq!(offences(|name| !ui(name), &words), Vec::<String>::new());
}

#[test]
fn secret_values_are_never_read_back() {
    assert_eq!(offences(|_| true, &["get_secret_value"]), Vec::<String>::new());
}
