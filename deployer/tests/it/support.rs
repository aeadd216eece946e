//! A world for a test: a folder with a stack and a demo CA, the real binary, and a local AWS.

pub(crate) mod running;
pub(crate) mod terminal;

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use aws_credential_types::Credentials;
use deployer::aws::{Aws, Calls, Target};
use deployer::ca;
use deployer::local::{Dirs, Instance, status};
use time::OffsetDateTime;

/// What the binary gets of the environment that the tests run in: where to find programs, and how to
/// reach a package index. Nothing of AWS.
const PASSED_ON: [&str; 3] = ["PATH", "CARGO_HOME", "RUSTUP_HOME"];

/// A folder of its own, in which the binary runs. The local AWS in it is stopped at the end.
pub(crate) struct World {
    dir: tempfile::TempDir,
}

impl World {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A folder with a demo CA and the default stack, except that its code is built already.
    pub(crate) fn new() -> Self {
        let world = Self::empty();
        ca::init(&world.path("ca"), OffsetDateTime::now_utc()).expect("a demo CA");
        world.write("stack.yaml", &default_stack());
        world
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file in the folder.
    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("a file to write");
    }

    /// Replaces a stretch of the stack file, which must be there.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("stack.yaml")).expect("a stack file");
        assert!(text.contains(from), "the stack file holds {from:?}");
        self.write("stack.yaml", &text.replace(from, to));
    }

    /// The binary with these arguments, in this folder, with nothing of the outer environment that
    /// could matter.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_deployer"));
        command.args(arguments);
        command
    }

    /// Any program in this folder, in the same environment.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).env_clear().stdin(Stdio::null());
        for (name, value) in std::env::vars_os() {
            let text = name.to_string_lossy().into_owned();
            if PASSED_ON.contains(&text.as_str()) || text.starts_with("PIP_") {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.dir.path())
            .env("XDG_CACHE_HOME", shared_cache())
            .env("DEPLOYER_LOCAL_DIR", self.path("local"))
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs the binary; it must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.status, 0, "deployer {arguments:?} failed:\n{}{}", run.stdout, run.stderr);
        run
    }

    /// Runs the binary; it must fail with status 1.
    pub(crate) fn fail(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(
            run.status, 1,
            "deployer {arguments:?} did not fail:\n{}{}",
            run.stdout, run.stderr
        );
        run
    }

    /// The running local AWS of this world.
    pub(crate) fn instance(&self) -> Instance {
        let dirs = Dirs { cache: shared_cache().into(), instance: self.path("local") };
        status(&dirs).expect("a status").expect("a running local AWS")
    }

    /// Clients that act as somebody.
    pub(crate) async fn aws(&self, who: Credentials) -> Aws {
        let instance = self.instance();
        let target =
            Target { region: Some(instance.region), local: Some((instance.endpoint, who)) };
        Aws::at(&target, Calls::unguarded()).await.expect("a local AWS that answers")
    }

    /// Clients that act as the account's root, to change things behind the deployer's back.
    pub(crate) async fn root(&self) -> Aws {
        self.aws(Credentials::new("test", "test", None, None, "root")).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.path("local").exists() {
            self.run(&["local", "stop"]);
        }
    }
}

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit status.
    pub(crate) status: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Run {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().expect("a command to run");
        Self {
            status: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }
}

/// The cache of the user who runs the tests: the local AWS is installed there once.
fn shared_cache() -> OsString {
    std::env::var_os("XDG_CACHE_HOME").unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache").into()
    })
}

/// The default stack, with the code that the tests build rather than a release build.
pub(crate) fn default_stack() -> String {
    let text = deployer::stack::DEFAULT;
    let built = "cargo: signer                # or `bootstrap: PATH`, or `zip: PATH`";
    assert!(text.contains(built), "the default stack builds the signer");
    text.replace(built, &format!("bootstrap: {}", signer().display()))
}

/// Writes a program that a function can be made of: the header of an ELF file for a machine (62 is
/// `x86_64`, 183 is `arm64`), and its name to tell it from others. It is never run.
pub(crate) fn write_program(world: &World, name: &str, machine: u8) {
    let mut program = vec![0_u8; 64];
    program[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    for (offset, value) in [(16, 2), (18, machine), (20, 1), (52, 64), (54, 56), (58, 64)] {
        program[offset] = value;
    }
    program.extend(name.bytes());
    fs::write(world.path(name), program).expect("a program");
    fs::set_permissions(world.path(name), Permissions::from_mode(0o755)).expect("a mode");
}

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

/// The signer's bootstrap in the profile of the tests: `cargo test` has built what it needs, so this
/// takes a moment. It is without its debug information, which would take most of the time of each zip.
pub(crate) fn signer() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let stripped = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bootstrap");
        let mut strip = Command::new("strip");
        strip.arg("--strip-debug").arg("-o").arg(&stripped);
        let run = Run::of(strip.arg(build_signer(&["--workspace", "--bins"])));
        assert_eq!(run.status, 0, "strip, of the binutils that came with the linker: {run:?}");
        stripped
    })
}

/// The signer's bootstrap, of a build with these arguments.
pub(crate) fn build_signer(arguments: &[&str]) -> PathBuf {
    let built = Run::of(
        Command::new(env!("CARGO"))
            .args(["build", "--message-format=json", "--quiet"])
            .args(arguments)
            .current_dir(workspace()),
    );
    assert_eq!(built.status, 0, "{}", built.stderr);
    let messages = built.stdout.lines().filter_map(|line| serde_json::from_str(line).ok());
    let executable = messages.into_iter().find_map(|message: serde_json::Value| {
        (message["target"]["name"] == "bootstrap")
            .then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executable.expect("the signer's bootstrap")
}
