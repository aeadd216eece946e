//! The command that tells others of a new certificate.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use signer::notation::utc;
use tokio::process::{Child, Command};

use super::Issued;
use crate::error::{Error, Result};

/// Reloading a server takes seconds; a command that hangs must not hold up the next renewal.
const DEADLINE: Duration = Duration::from_mins(5);

/// Runs a shell command that finds the files in its environment. What it prints goes to standard
/// error: standard output is ours.
pub(super) async fn run(command: &str, issued: &Issued) -> Result<()> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(io::stderr());
    let paths = &issued.paths;
    let files = [
        ("DEPLOYER_CERT", Some(&paths.certificate)),
        ("DEPLOYER_CHAIN", Some(&paths.chain)),
        ("DEPLOYER_FULLCHAIN", Some(&paths.fullchain)),
        ("DEPLOYER_KEY", paths.key.as_ref()),
    ];
    for (name, path) in files {
        match path {
            Some(path) => shell.env(name, absolute(path)?),
            None => shell.env_remove(name),
        };
    }
    shell.env("DEPLOYER_NOT_AFTER", utc(issued.certificate.not_after));
    finish(&mut shell, DEADLINE).await.map_err(|cause| {
        Error::new(format!("the certificate is in place, but `{command}` failed")).because(cause)
    })
}

/// Starts a command and waits for its success; otherwise, what became of it.
async fn finish(command: &mut Command, deadline: Duration) -> Result<(), String> {
    // A group of its own: Ctrl-C in a terminal is for us, and a command that hangs is ended whole.
    let mut running = command
        .process_group(0)
        .spawn()
        .map_err(|source| format!("it could not be started: {source}"))?;
    match tokio::time::timeout(deadline, running.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(status.to_string()),
        Ok(Err(source)) => Err(format!("it could not be waited for: {source}")),
        Err(_) => {
            kill(&running);
            Err(format!("it did not end within {} seconds", deadline.as_secs()))
        }
    }
}

/// Ends a command and all that it has started.
fn kill(running: &Child) {
    let group = running.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(group) = group {
        // It may have ended in this very moment.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|source| Error::io("find", path, &source))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Instant;

    use super::*;

    /// Whether a process is there and has not ended.
    fn runs(pid: &str) -> bool {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        status.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_with_all_that_it_has_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo $! > child; wait"]).current_dir(folder.path());
        let cause = finish(&mut command, Duration::from_secs(1)).await.expect_err("it hangs");
        assert_eq!(cause, "it did not end within 1 seconds");
        let child = fs::read_to_string(folder.path().join("child")).expect("a child");
        let deadline = Instant::now() + Duration::from_secs(10);
        while runs(child.trim()) {
            assert!(Instant::now() < deadline, "what it started goes on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn what_a_command_ends_with_is_told() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        assert_eq!(finish(&mut shell("true"), DEADLINE).await, Ok(()));
        let cause = finish(&mut shell("exit 3"), DEADLINE).await.expect_err("it fails");
        assert!(cause.contains('3'), "{cause}");
        let mut missing = Command::new("/no/such/program");
        assert!(finish(&mut missing, DEADLINE).await.is_err());
    }
}
