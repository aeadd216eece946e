//! What Terraform has deployed becomes a stack, and goes on as the same objects.

mod commands;
mod live;

use std::path::Path;

use serde_json::Value;

use crate::support::World;

/// The system of this project as Terraform and the AWS provider 5 write it down, with the issuing CA
/// in the clear.
const STATE: &str = include_str!("adopt/terraform.tfstate");

/// What must be found nowhere: the lines of the private key in Terraform's state.
fn needles(state: &str) -> Vec<String> {
    let state: Value = serde_json::from_str(state).expect("a state");
    let resources = state["resources"].as_array().expect("resources");
    let version = resources.iter().find(|one| one["type"] == "aws_secretsmanager_secret_version");
    let value = &version.expect("a version")["instances"][0]["attributes"]["secret_string"];
    let value: Value = serde_json::from_str(value.as_str().expect("a value")).expect("JSON");
    let key = value["private_key"].as_str().expect("a key").to_owned();
    let lines = key.lines().filter(|line| !line.is_empty() && !line.starts_with('-'));
    let needles: Vec<_> = lines.map(|line| line[line.len() / 2..].to_owned()).collect();
    assert!(needles.len() > 1 && needles.iter().all(|needle| needle.len() >= 8), "{needles:?}");
    needles
}

/// Searches texts and files for them.
fn clean(needles: &[String], world: &World, texts: &[&str], files: &[&str]) {
    let read = |file: &&str| std::fs::read_to_string(world.path(file)).expect(file);
    let files: Vec<String> = files.iter().map(read).collect();
    for text in texts.iter().copied().chain(files.iter().map(String::as_str)) {
        assert!(!text.is_empty(), "there is something to search");
        assert!(!needles.iter().any(|needle| text.contains(needle)), "a secret is in: {text}");
    }
}

fn exists(world: &World, name: &str) -> bool {
    Path::new(&world.path(name)).exists()
}
