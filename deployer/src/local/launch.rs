//! Starting the server: on a free port, with an environment of its own, and detached.

use std::fs::{self, DirBuilder, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::process::Process;
use super::record::{LOG, Record, WORK};
use super::{ACCOUNT, REGION, probe};
use crate::error::{Context as _, Error, Result};

/// It takes half a second; a machine that is busy with tests may need many times that.
const START: Duration = Duration::from_mins(1);

/// How often it is asked meanwhile.
const PAUSE: Duration = Duration::from_millis(25);

/// How many chosen ports may be taken by others between the choice and the start.
const ATTEMPTS: u32 = 5;

/// How much of its log an error shows.
const LOG_LINES: usize = 12;

/// A private umask, deaf to the terminal's hang-up, and then the server in the same process.
const DETACHED: &str = r#"umask 077; trap "" HUP; exec "$@""#;

/// Starts the server and waits until it is ready. The record of it is in the instance's folder
/// from the moment that there is a process.
pub(super) async fn launch(python: &Path, instance: &Path, port: Option<u16>) -> Result<Record> {
    let mut attempt = 1;
    loop {
        let free = free_port(port)?;
        match launch_on(free, python, instance).await {
            Err(error) if port.is_none() && attempt < ATTEMPTS && is_port_clash(&error) => {
                attempt += 1;
            }
            result => {
                return result.map_err(|error| {
                    error.hint(format!(
                        "try again; if it persists, delete {} to have it installed anew",
                        environment_of(python).display()
                    ))
                });
            }
        }
    }
}

/// The folder of the Python environment that a `bin/python` is in.
fn environment_of(python: &Path) -> &Path {
    python.parent().and_then(Path::parent).unwrap_or(python)
}

async fn launch_on(port: u16, python: &Path, instance: &Path) -> Result<Record> {
    let mut child = spawn(port, python, instance)?;
    let record = Record::of(Process::identify(child.id())?, port);
    let started = match record.write(instance) {
        Ok(()) => wait_until_ready(&mut child, &record, instance).await,
        Err(error) => Err(error),
    };
    if let Err(error) = started {
        record.process.end().await?;
        super::record::remove(instance)?;
        return Err(error);
    }
    Ok(record)
}

/// A port that is free now: the one asked for, or any.
fn free_port(port: Option<u16>) -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0)))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| {
            let port = port.map_or_else(String::new, |port| format!(" on port {port}"));
            Error::new(format!("could not start the local AWS{port}"))
                .because(source)
                .hint("leave the port out to have a free one chosen, or name another")
        })
}

fn spawn(port: u16, python: &Path, instance: &Path) -> Result<Child> {
    let (work, log) = (instance.join(WORK), instance.join(LOG));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&work)
        .map_err(|source| Error::io("create", &work, &source))?;
    let log_file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&log)
        .map_err(|source| Error::io("write", &log, &source))?;
    let failed = || "could not start the local AWS".to_owned();
    let errors = log_file.try_clone().context(failed)?;
    Command::new("/bin/sh")
        .args(["-c", DETACHED, "sh"])
        .arg(python)
        .args(["-I", "-m", "ministack"])
        .current_dir(&work)
        .env_clear()
        .envs(environment(port))
        .env("HOME", &work)
        .env("TMPDIR", &work)
        .stdin(Stdio::null())
        .stdout(log_file)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .context(failed)
}

/// All that the server gets. It hands its environment on to the function, so nothing of the user's
/// may be in it.
fn environment(port: u16) -> [(&'static str, String); 14] {
    [
        ("PATH", "/usr/bin:/bin".into()),
        ("BIND_HOST", "127.0.0.1".into()),
        ("GATEWAY_PORT", port.to_string()),
        ("AUTH", "true".into()),
        // Two listeners that would open more ports.
        ("IOT_MTLS_ENABLED", "0".into()),
        ("SFTP_ENABLED", "0".into()),
        ("PERSIST_STATE", "0".into()),
        ("LOG_LEVEL", "WARNING".into()),
        ("MINISTACK_ACCOUNT_ID", ACCOUNT.into()),
        ("MINISTACK_REGION", REGION.into()),
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_ACCESS_KEY_ID", "test".into()),
        ("AWS_SECRET_ACCESS_KEY", "test".into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
    ]
}

async fn wait_until_ready(child: &mut Child, record: &Record, instance: &Path) -> Result<()> {
    let failed = || Error::new(format!("could not start the local AWS on port {}", record.port));
    let deadline = Instant::now() + START;
    loop {
        if let Some(status) = child.try_wait().context(|| "could not watch the local AWS".into())? {
            return Err(with_log(
                failed().because(format!("it ended at once ({status})")),
                instance,
            ));
        }
        // Whoever answers on the port must be our process: another may have taken it just before.
        if listens(record.process.pid, record.port) && probe::is_ready(&record.endpoint).await {
            return probe::check_authorization(&record.endpoint).await;
        }
        if Instant::now() >= deadline {
            let cause = format!("it was not ready within {} seconds", START.as_secs());
            return Err(with_log(failed().because(cause), instance));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether a process has the listening socket of a port on the loopback interface.
fn listens(pid: i32, port: u16) -> bool {
    let Some(inode) = listening_inode(port) else { return false };
    let socket = format!("socket:[{inode}]");
    fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|entries| {
        entries
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .any(|target| target.as_os_str() == socket.as_str())
    })
}

fn listening_inode(port: u16) -> Option<String> {
    // The address as the kernel writes it (in network order, read as a number), and state LISTEN.
    let address = format!("{:08X}:{port:04X}", u32::from_ne_bytes([127, 0, 0, 1]));
    fs::read_to_string("/proc/net/tcp").ok()?.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        (fields.get(1) == Some(&address.as_str()) && fields.get(3) == Some(&"0A"))
            .then(|| fields.get(9).map(ToString::to_string))?
    })
}

fn with_log(error: Error, instance: &Path) -> Error {
    let log = fs::read_to_string(instance.join(LOG)).unwrap_or_default();
    let lines: Vec<_> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LOG_LINES)..];
    if last.is_empty() {
        return error.because("its log is empty");
    }
    error.because(format!("its log ends with:\n{}", last.join("\n")))
}

fn is_port_clash(error: &Error) -> bool {
    error.causes.iter().any(|cause| cause.contains("already in use"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_an_error_with_a_way_out() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let error = free_port(Some(port)).expect_err("taken");
        assert_eq!(error.message, format!("could not start the local AWS on port {port}"));
        assert!(!error.hints.is_empty());
    }

    #[test]
    fn a_listener_is_known_by_its_process() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        assert!(listens(std::process::id().cast_signed(), port));
        assert!(!listens(1, port));
    }
}
