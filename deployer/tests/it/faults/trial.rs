//! A small stack with an entry of every kind, in versions that differ in all that can be changed, and
//! the real binary that works on it through a proxy.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use deployer::ca;
use serde_json::Value;
use time::OffsetDateTime;

use super::proxy::Proxy;
use crate::support::{Run, World, write_program};

/// A version of the stack file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    /// Changes every field that can be changed in place.
    pub(crate) edit: u32,
    /// Changes every name that cannot.
    pub(crate) naming: u32,
    /// Gives the API another address, so that it and its route are made anew.
    pub(crate) api: u32,
}

impl Version {
    pub(crate) const FIRST: Self = Self { edit: 1, naming: 1, api: 1 };
}

/// A stack in a folder of its own, on a local AWS that it shares with others.
pub(crate) struct Trial<'w> {
    world: &'w World,
    /// The stack's name, with which all that is in the account begins.
    pub(crate) name: String,
    /// What the stack file declares.
    pub(crate) version: Version,
    /// What lies between the binary and AWS.
    pub(crate) proxy: Proxy,
}

impl<'w> Trial<'w> {
    /// The stack's files; nothing is deployed.
    pub(crate) fn new(world: &'w World, name: &str) -> Self {
        fs::create_dir(world.path(name)).expect("a folder");
        let proxy = Proxy::to(&world.instance().endpoint);
        let mut trial = Self { world, name: name.to_owned(), version: Version::FIRST, proxy };
        trial.declare(Version::FIRST);
        trial
    }

    /// Writes a version of the stack file, with the files that it names.
    pub(crate) fn declare(&mut self, version: Version) {
        self.version = version;
        let Version { edit, naming, api } = version;
        let name = &self.name;
        let ca = self.world.path(&format!("{name}/ca-{edit}"));
        if !ca.exists() {
            ca::init(&ca, OffsetDateTime::now_utc()).expect("a CA");
            write_program(self.world, &format!("{name}/program-{edit}"), 62);
        }
        let retention = if edit % 2 == 0 { 7 } else { 30 };
        let trust = if edit % 2 == 0 { "edgelambda" } else { "lambda" };
        let stack = format!(
            "\
stack: {name}
tags: {{ edit-{edit}: \"yes\" }}
resources:
  secret.ca:
    name: {name}/ca-{naming}
    description: Edit {edit}
    value_file: ca-{edit}/issuing-ca.json
    recovery_window_days: 0
  log_group.fn: {{ name: /{name}/{naming}, retention_days: {retention} }}
  iam_role.fn:
    name: {name}-{naming}
    description: Edit {edit}
    trust: {trust}.amazonaws.com
    allow:
      - actions: [secretsmanager:GetSecretValue, secretsmanager:Edit{edit}]
        on: ${{secret.ca.arn}}
  lambda_function.fn:
    name: {name}-{naming}
    description: Edit {edit}
    role: ${{iam_role.fn.arn}}
    code: {{ bootstrap: program-{edit} }}
    memory_mb: {memory}
    reserved_concurrency: {reserved}
    log_group: ${{log_group.fn.name}}
  http_api.api{api}: {{ name: {name}, description: Edit {edit} }}
  http_route.issue:
    api: ${{http_api.api{api}.id}}
    route: POST /edit-{edit}
    function: ${{lambda_function.fn.arn}}
outputs:
  url: ${{http_api.api{api}.endpoint}}
",
            memory = 128 + edit,
            reserved = 1 + edit % 2,
        );
        self.world.write(&format!("{name}/stack.yaml"), &stack);
    }

    /// The binary at the proxy, without `--local`: as on the real AWS.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let instance = self.world.instance();
        let stack = format!("{}/stack.yaml", self.name);
        let state = format!("{}/state", self.name);
        let mut all = vec!["--stack", &stack, "--state", &state];
        all.extend(arguments);
        let mut command = self.world.command(&all);
        command
            .env("AWS_ENDPOINT_URL", &self.proxy.endpoint)
            .env("AWS_REGION", &instance.region)
            .env("AWS_ACCESS_KEY_ID", instance.deployer.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", instance.deployer.secret_access_key());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Starts the binary; nobody reads what it says.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process")
    }

    /// How many entries its state has.
    pub(crate) fn remembered(&self) -> usize {
        let state = fs::read(self.state_file()).expect("a state");
        let state: Value = serde_json::from_slice(&state).expect("a whole state");
        let entries = state["resources"].as_object().expect("entries").values();
        entries.filter(|entry| entry["phase"] != "deleted").count()
    }

    /// The file that its state is in.
    pub(crate) fn state_file(&self) -> PathBuf {
        self.world.path(&format!("{0}/state/{0}.json", self.name))
    }
}
