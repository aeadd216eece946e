//! The command that tells others of a new certificate.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use time::format_description::well_known::Rfc3339;
use tokio::process::Command;

use super::Issued;
use crate::error::{Error, Result};

/// Reloading a server takes seconds; a command that hangs must not hold up the next renewal.
const DEADLINE: Duration = Duration::from_mins(5);

/// Runs a shell command that finds the files in its environment. What it prints goes to standard
/// error: standard output is ours.
pub(super) async fn run(command: &str, issued: &Issued) -> Result<()> {
    let failed = |cause: String| {
        Err(Error::new(format!("the certificate is in place, but `{command}` failed"))
            .because(cause))
    };
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(io::stderr()).kill_on_drop(true);
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
    let end = issued.certificate.not_after.format(&Rfc3339).unwrap_or_default();
    shell.env("DEPLOYER_NOT_AFTER", end);
    match tokio::time::timeout(DEADLINE, shell.status()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => failed(status.to_string()),
        Ok(Err(source)) => failed(format!("it could not be started: {source}")),
        Err(_) => failed(format!("it did not end within {} seconds", DEADLINE.as_secs())),
    }
}

fn absolute(path: &Path) -> Result<std::path::PathBuf> {
    std::path::absolute(path).map_err(|source| Error::io("find", path, &source))
}
