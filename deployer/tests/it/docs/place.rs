//! Where a page is followed: a folder with what users see of the project, and an AWS.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use aws_credential_types::Credentials;
use deployer::aws::Aws;
use deployer::ca;
use serde_json::json;
use time::OffsetDateTime;

use super::{own_file, prepare};
use crate::support::{World, default_stack, workspace};

/// What is there at the beginning of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// The default stack file, in a Git repository.
    Stack,
    /// The same, with a CA, and deployed.
    Deployed,
    /// A state of Terraform, and no stack file.
    Terraform,
}

/// On which AWS a page is followed, and as whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// With `--local`, as somebody who has just read the README.
    Local,
    /// As on a real account, by somebody who is allowed what the deployer prints for deploying, issuing
    /// and auditing, and no more.
    Account,
    /// As on a real account, by somebody who may do anything.
    Administrator,
}

/// The account of the local AWS.
pub(super) const ACCOUNT: &str = "000000000000";

/// The keys of the account's root, for a shell.
pub(super) const ROOT: &str = "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test";

/// What Cargo does here is covered by its alias and its `run`: the binary is built already.
const CARGO: &str = r#"#!/bin/sh
case "$1 $2" in
"run --") shift 2; exec deployer "$@" ;;
"demo ") exec deployer demo ;;
esac
echo "cargo $* is not to be run here" >&2
exit 1
"#;

/// Where a page is followed.
pub(super) struct Place {
    pub(super) world: World,
    environment: Vec<(&'static str, String)>,
}

impl Place {
    pub(super) fn new(given: Given, who: Who) -> Self {
        let mut place = Self { world: World::empty(), environment: Vec::new() };
        place.furnish(given);
        if who != Who::Local {
            place.enter_account(who);
        }
        if given == Given::Deployed {
            ca::init(&place.world.path("ca"), OffsetDateTime::now_utc()).expect("a demo CA");
            let local = if who == Who::Local { "--local" } else { "" };
            prepare(place.shell().args(["-c", &format!("deployer {local} apply --yes")]));
        }
        place
    }

    /// A shell in the folder, with the programs of the page.
    pub(super) fn shell(&self) -> Command {
        let mut shell = self.world.program("bash");
        let built = PathBuf::from(env!("CARGO_BIN_EXE_deployer"));
        let built = built.parent().expect("a folder").to_owned();
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [self.world.path("bin"), built].into_iter().chain(env::split_paths(&path));
        shell.env("PATH", env::join_paths(folders).expect("a path"));
        shell.env("GIT_CONFIG_GLOBAL", "/dev/null").envs(self.environment.clone());
        shell
    }

    fn furnish(&self, given: Given) {
        let world = &self.world;
        fs::create_dir_all(world.path("bin")).expect("a folder");
        fs::create_dir_all(world.path("usb")).expect("a folder");
        fs::create_dir_all(world.path(".cache/deployer")).expect("a folder");
        // Where pages look for the files of the local AWS.
        symlink(world.path("local"), world.path(".cache/deployer/local")).expect("a link");
        self.install("cargo", CARGO);
        if given == Given::Terraform {
            let state = workspace().join("deployer/tests/it/adopt/terraform.tfstate");
            fs::copy(state, world.path("terraform.tfstate")).expect("a state");
            return;
        }
        world.write("stack.yaml", &default_stack());
        let commit = "git init -q && git add stack.yaml && \
            git -c user.name=a -c user.email=a@example.com commit -qm 'The default stack'";
        prepare(self.shell().args(["-c", commit]));
    }

    /// Starts the local AWS, to be reached like a real account.
    fn enter_account(&mut self, who: Who) {
        self.world.succeed(&["local", "start"]);
        let instance = self.world.instance();
        self.install("aws", &aws(instance.pid));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let policies = match who {
            Who::Administrator => vec![anything("*")],
            _ => ["apply", "issue", "audit"].map(|errand| self.printed(errand)).into(),
        };
        let keys = runtime
            .expect("a runtime")
            .block_on(async { person(&self.world.root().await, &policies).await });
        self.environment = vec![
            ("AWS_ENDPOINT_URL", instance.endpoint),
            ("AWS_REGION", instance.region.clone()),
            ("AWS_DEFAULT_REGION", instance.region),
            ("AWS_ACCESS_KEY_ID", keys.access_key_id().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key().to_owned()),
        ];
    }

    fn printed(&self, errand: &str) -> String {
        let place = ["--account", ACCOUNT, "--region", "us-east-1"];
        self.world.succeed(&[&["policy", "--for", errand], &place[..]].concat()).stdout
    }

    fn install(&self, name: &str, program: &str) {
        let path = self.world.path("bin").join(name);
        fs::write(&path, program).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
}

/// A new user with these policies. The local AWS allows the creation of functions on everything only.
async fn person(root: &Aws, policies: &[String]) -> Credentials {
    let name = "you";
    root.iam.create_user().user_name(name).send().await.expect("a user");
    let policies = policies.iter().cloned().chain([anything("lambda:CreateFunction")]);
    for (number, policy) in policies.enumerate() {
        let put = root.iam.put_user_policy().user_name(name).policy_name(format!("p{number}"));
        put.policy_document(policy).send().await.expect("a policy");
    }
    let made = root.iam.create_access_key().user_name(name).send().await.expect("a key");
    let key = made.access_key.expect("a key");
    Credentials::new(key.access_key_id, key.secret_access_key, None, None, "you")
}

fn anything(action: &str) -> String {
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// The part of the `aws` command that pages use, run by the Python of the local AWS, which has botocore.
fn aws(pid: i32) -> String {
    let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("a command line");
    let python = command.split('\0').next().unwrap_or_default();
    format!("#!/bin/sh\nexec {python} -I {} \"$@\"\n", own_file("aws.py").display())
}
