//! The local AWS: ministack, a Python program that answers AWS's API on this machine, checks
//! signatures and policies, and runs the function without containers.
//!
//! It is installed once for all, into the cache; each instance has a folder of its own, a port of
//! its own on the loopback interface, and nothing that outlives `stop`. Its root key is used only
//! here, to make three IAM users: the deployer, with the policy that a real deployer needs; a client,
//! that may only call the route; and an auditor, that may only read logs.

mod bootstrap;
mod dirs;
mod install;
mod launch;
mod lock;
mod probe;
mod process;
mod record;

use aws_credential_types::Credentials;

pub use self::dirs::Dirs;

use self::lock::Lock;
use self::record::Record;
use crate::error::{Error, Result};
use crate::step::Step;

/// The account that the local AWS plays.
pub const ACCOUNT: &str = "000000000000";

/// The region that the local AWS plays.
pub const REGION: &str = "us-east-1";

/// A running local AWS.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The base of every AWS endpoint, such as `http://127.0.0.1:41234`.
    pub endpoint: String,
    /// The port of `endpoint`.
    pub port: u16,
    /// The account number.
    pub account: String,
    /// The region.
    pub region: String,
    /// The key of the IAM user that deploys.
    pub deployer: Credentials,
    /// The key of the IAM user that may call `POST /issue-cert` and nothing else.
    pub client: Credentials,
    /// The key of the IAM user that may read the events of log groups and nothing else.
    pub auditor: Credentials,
    /// The server's process.
    pub pid: i32,
}

/// Starts the local AWS, or finds it running; installs it first if need be.
///
/// `policy` is the JSON policy document of the `deployer` user; a running instance that was started
/// with another one gets it. Without `port` a free one is chosen.
///
/// # Errors
///
/// When Python is missing or unfit, the installation fails, the port is taken, or the server does
/// not come up; what was started is stopped again.
pub async fn start(
    dirs: &Dirs,
    policy: &str,
    port: Option<u16>,
    report: &dyn Fn(&Step<'_>),
) -> Result<Instance> {
    let lock = Lock::of_instance(&dirs.instance, report).await?;
    let started = start_locked(dirs, policy, port, report).await;
    if started.is_err() && !record::exists(&dirs.instance) {
        lock.remove();
    }
    started
}

async fn start_locked(
    dirs: &Dirs,
    policy: &str,
    port: Option<u16>,
    report: &dyn Fn(&Step<'_>),
) -> Result<Instance> {
    if let Some(record) = Record::read(&dirs.instance)? {
        if record.is_usable().await {
            return reuse(dirs, record, policy, port).await;
        }
        end(&record, report).await?;
        record::remove(&dirs.instance)?;
    }
    let python = install::python(&dirs.cache, report).await?;
    report(&Step::Begun("starting the local AWS"));
    let mut record = launch::launch(&python, &dirs.instance, port).await?;
    match bootstrap::users(&record.endpoint, policy).await {
        Ok(users) => record.users = Some(users),
        Err(error) => {
            end(&record, report).await?;
            record::remove(&dirs.instance)?;
            return Err(error);
        }
    }
    record.policy = policy.to_owned();
    record.write(&dirs.instance)?;
    record.instance()
}

async fn reuse(
    dirs: &Dirs,
    mut record: Record,
    policy: &str,
    port: Option<u16>,
) -> Result<Instance> {
    if let Some(port) = port.filter(|port| *port != record.port) {
        return Err(Error::new(format!("could not start the local AWS on port {port}"))
            .because(format!("it is running on port {} already", record.port))
            .hint("stop it first: `deployer local stop`"));
    }
    if bootstrap::complete(&record.endpoint, record.users.as_mut()).await? {
        record.write(&dirs.instance)?;
    }
    if record.policy != policy {
        bootstrap::put_deployer_policy(&record.endpoint, policy).await?;
        policy.clone_into(&mut record.policy);
        record.write(&dirs.instance)?;
    }
    record.instance()
}

/// Finds the running local AWS; `None` when there is none.
///
/// # Errors
///
/// When the record of it cannot be read.
pub fn status(dirs: &Dirs) -> Result<Option<Instance>> {
    match Record::read(&dirs.instance)? {
        Some(record) if record.users.is_some() && record.process.is_running() => {
            record.instance().map(Some)
        }
        _ => Ok(None),
    }
}

/// Stops the local AWS with everything in it, and removes its files. Yields whether it was running.
///
/// # Errors
///
/// When its process does not end or its files cannot be removed.
pub async fn stop(dirs: &Dirs, report: &dyn Fn(&Step<'_>)) -> Result<bool> {
    if !dirs.instance.exists() {
        return Ok(false);
    }
    let lock = Lock::of_instance(&dirs.instance, report).await?;
    let running = match Record::read(&dirs.instance)? {
        Some(record) => end(&record, report).await?,
        None => false,
    };
    record::remove(&dirs.instance)?;
    lock.remove();
    Ok(running)
}

/// Ends a recorded process and its children. Yields whether there was one.
async fn end(record: &Record, report: &dyn Fn(&Step<'_>)) -> Result<bool> {
    if !record.process.is_running() {
        return Ok(false);
    }
    report(&Step::Begun("stopping the local AWS"));
    // Ends the function's processes and removes their files. A server that no longer answers
    // is ended without it.
    let _ = probe::reset(&record.endpoint).await;
    record.process.end().await?;
    Ok(true)
}
