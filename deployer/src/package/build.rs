//! Building the bootstrap of a Cargo package.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::{BOOTSTRAP, cargo};
use crate::error::{Context, Error, Result};
use crate::step::Step;

/// Every package of a workspace puts its `bootstrap` at the same path, so that between the end of a
/// build and the reading of its result no other build may begin.
static BUILDING: Mutex<()> = Mutex::new(());

/// Builds the binary `bootstrap` of `package` in the workspace around `base`, in release mode, and
/// returns its path and its contents. A `Cargo.lock` that exists is kept to.
pub(super) fn bootstrap(
    base: &Path,
    package: &str,
    target: Option<&str>,
    report: &dyn Fn(&Step<'_>),
) -> Result<(PathBuf, Vec<u8>)> {
    // It guards no data that a panic could have left half written.
    let _building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = build(base, package, target, report)?;
    let program = super::read(&path)?;
    Ok((path, program))
}

fn build(
    base: &Path,
    package: &str,
    target: Option<&str>,
    report: &dyn Fn(&Step<'_>),
) -> Result<PathBuf> {
    let workspace = workspace(base, package)?;
    workspace.require_bootstrap(package)?;
    let mut command = cargo::command(base);
    command.args(["build", "--release", "--message-format=json-render-diagnostics"]);
    command.args(["--color", "always", "--package", package, "--bin", BOOTSTRAP]);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    if workspace.workspace_root.join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    let output = cargo::follow(&mut command, report)
        .map_err(|error| cargo::not_run(&command, &error, failed(package)))?;
    if !output.status.success() {
        return Err(build_failed(package, target, &output));
    }
    executable(&output.stdout).ok_or_else(|| {
        failed(package).because(format!("cargo did not say where the binary `{BOOTSTRAP}` is"))
    })
}

/// The part of `cargo metadata` that is needed to explain what is missing.
#[derive(Deserialize)]
struct Workspace {
    packages: Vec<Package>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Target {
    fn is_bootstrap(&self) -> bool {
        self.name == BOOTSTRAP && self.kind.iter().any(|kind| kind == "bin")
    }
}

impl Package {
    fn has_bootstrap(&self) -> bool {
        self.targets.iter().any(Target::is_bootstrap)
    }
}

impl Workspace {
    fn require_bootstrap(&self, name: &str) -> Result<()> {
        let root = self.workspace_root.display();
        match self.packages.iter().find(|package| package.name == name) {
            Some(package) if package.has_bootstrap() => Ok(()),
            Some(_) => Err(failed(name)
                .because(format!("the package has no binary called `{BOOTSTRAP}`"))
                .hint(format!("declare it in the package's Cargo.toml: [[bin]] name = \"{BOOTSTRAP}\", path = \"src/main.rs\""))),
            None => {
                let error = failed(name).because(format!("no package in {root} is called `{name}`"));
                let fit = self.packages.iter().filter(|package| package.has_bootstrap());
                let fit: Vec<_> = fit.map(|package| package.name.as_str()).collect();
                Err(match fit.as_slice() {
                    [] => error.hint(format!("no package there has a binary called `{BOOTSTRAP}`")),
                    fit => error.hint(format!("packages there with a binary called `{BOOTSTRAP}`: {}", fit.join(", "))),
                })
            }
        }
    }
}

fn workspace(base: &Path, package: &str) -> Result<Workspace> {
    let mut command = cargo::command(base);
    command.args(["metadata", "--no-deps", "--format-version=1"]);
    let output =
        command.output().map_err(|error| cargo::not_run(&command, &error, failed(package)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("error: ");
        return Err(failed(package)
            .because(said)
            .hint("`cargo:` names a package of the workspace that the stack file lies in")
            .hint("outside of it, name the program instead: `cargo build --release --package signer --bin bootstrap` in a clone makes target/release/bootstrap, and `code: { bootstrap: PATH }` takes it"));
    }
    serde_json::from_slice(&output.stdout).context(|| failed(package).message)
}

/// One line of `cargo build --message-format=json`, as far as it is about a program.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    target: Option<Target>,
    #[serde(default)]
    executable: Option<PathBuf>,
}

fn executable(messages: &[u8]) -> Option<PathBuf> {
    let mut messages = serde_json::Deserializer::from_slice(messages).into_iter::<Message>();
    messages.find_map(|message| match message.ok()? {
        Message { target: Some(target), executable } if target.is_bootstrap() => executable,
        _ => None,
    })
}

fn build_failed(package: &str, target: Option<&str>, output: &Output) -> Error {
    let error = failed(package)
        .because(format!("cargo build failed ({}); what it said is above", output.status));
    match target {
        Some(target) => error
            .hint(format!("if the target is missing, add it with `rustup target add {target}`")),
        None => error,
    }
}

fn failed(package: &str) -> Error {
    Error::new(format!("could not build package `{package}`"))
}
