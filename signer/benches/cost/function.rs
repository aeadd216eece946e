//! The release build of the function as a process between the stubs.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::{env, fs, thread};

use rustix::process::{Pid, Signal, kill_process};

use crate::callgrind;
use crate::request::policy;
use crate::surroundings::Surroundings;

/// How long anything may take before it is given up. Callgrind makes it fifty times slower.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is run.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// Where the policy lies.
    pub(crate) task_root: PathBuf,
}

/// How Secrets Manager is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Plain,
    Tls,
}

/// A function that polls for events.
pub(crate) struct Function<'a> {
    child: Child,
    around: &'a Surroundings,
    log: Option<PathBuf>,
}

impl Program {
    /// Builds what the deployer would deploy, unless the environment variable `BOOTSTRAP` names a program.
    pub(crate) fn build() -> Self {
        let task_root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        fs::write(task_root.join(signer::policy::FILE_NAME), policy()).unwrap();
        let path = env::var_os("BOOTSTRAP").map_or_else(cargo_build, PathBuf::from);
        Self { path, task_root }
    }

    /// Starts the function and waits for its first poll.
    pub(crate) fn start<'a>(
        &self,
        around: &'a Surroundings,
        endpoint: Endpoint,
        counted: bool,
    ) -> Function<'a> {
        let log = counted.then(|| callgrind::log("function"));
        let mut command = match &log {
            Some(log) => callgrind::command(&self.path, log),
            None => Command::new(&self.path),
        };
        let secrets_manager = match endpoint {
            Endpoint::Plain => format!("http://127.0.0.1:{}", around.plain),
            Endpoint::Tls => format!("https://localhost:{}", around.tls),
        };
        let child = command
            .env_clear()
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{}", around.runtime).as_str()),
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets_manager),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                ("AWS_SESSION_TOKEN", "token"),
                ("AWS_LAMBDA_FUNCTION_NAME", "signer"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/signer"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
                ("CA_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:111122223333:secret:ca"),
            ])
            .env("LAMBDA_TASK_ROOT", &self.task_root)
            .envs((endpoint == Endpoint::Tls).then_some(("SSL_CERT_FILE", &around.root)))
            .stdout(Stdio::null())
            .spawn()
            .expect("the function starts");
        let mut function = Function { child, around, log };
        function.wait_for_poll();
        function
    }
}

impl Function<'_> {
    /// Has an event answered, and returns when the function polls again.
    pub(crate) fn invoke(&mut self, event: &[u8]) -> Vec<u8> {
        self.around.events.send(event.to_vec()).unwrap();
        self.wait_for_poll();
        self.around.responses.try_recv().expect("a response comes before the next poll")
    }

    fn wait_for_poll(&mut self) {
        let second = Duration::from_secs(1);
        for _ in 0..PATIENCE.as_secs() {
            match self.around.polls.recv_timeout(second) {
                Ok(()) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let ended = self.child.try_wait().unwrap();
                    assert!(ended.is_none(), "the function ended: {ended:?}");
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        panic!("the function does not poll");
    }

    /// The CPU time of the process until now, user and system, all threads that are left.
    pub(crate) fn cpu(&self) -> Duration {
        self.settle();
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanoseconds = tasks.map(|task| {
            let text = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
            text.split(' ').next().unwrap().parse::<u64>().unwrap()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// A value of `/proc/PID/status` in KiB: `VmRSS`, `VmHWM`.
    pub(crate) fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Waits until the process sleeps: a poll is seen here before the process has ended its turn.
    fn settle(&self) {
        let stat = format!("/proc/{}/stat", self.child.id());
        while !fs::read_to_string(&stat).unwrap().contains(") S ") {
            thread::yield_now();
        }
    }

    /// Ends the function; returns the instructions that were counted.
    pub(crate) fn stop(mut self) -> u64 {
        self.settle();
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        self.child.wait().unwrap();
        // The poll that was held gets an answer that nobody reads.
        self.around.events.send(Vec::new()).unwrap();
        self.log.as_deref().map_or(0, callgrind::collected)
    }
}

/// As the deployer builds it: by itself, so that nothing which only tests need is in it.
fn cargo_build() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--package", "signer", "--bin", "bootstrap"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the function does not build");
    let messages = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let mut paths = messages.filter_map(|message: Result<serde_json::Value, _>| {
        Some(message.ok()?["executable"].as_str()?.into())
    });
    paths.next().expect("cargo names the program")
}
