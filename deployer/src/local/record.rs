//! What is known of an instance, and the files that it is kept in.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use aws_credential_types::Credentials;
use serde::{Deserialize, Serialize};

use super::process::Process;
use super::{ACCOUNT, Instance, REGION, probe};
use crate::error::{Context as _, Error, Result};

const RECORD: &str = "instance.json";
const DEPLOYER_ENV: &str = "deployer.env";
const CLIENT_ENV: &str = "client.env";
const AUDITOR_ENV: &str = "auditor.env";
/// What the server prints, which is nothing while all is well.
pub(super) const LOG: &str = "ministack.log";
/// The server's home and temporary folder.
pub(super) const WORK: &str = "ministack";

/// How often a silent server is asked, and how long it is left alone in between.
const PATIENCE: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// An instance. It is written as soon as there is a process, and again when its users are there, so
/// that a start that was interrupted leaves no process that nobody knows.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) process: Process,
    pub(super) port: u16,
    pub(super) endpoint: String,
    pub(super) account: String,
    pub(super) region: String,
    /// `None` until the instance is ready for use.
    pub(super) users: Option<Users>,
    /// The deployer's policy document.
    pub(super) policy: String,
}

/// The IAM users and their access keys.
#[derive(Serialize, Deserialize)]
pub(super) struct Users {
    pub(super) deployer: AccessKey,
    pub(super) client: AccessKey,
    /// `None` in an instance that an earlier version has started.
    pub(super) auditor: Option<AccessKey>,
}

/// An access key of the local AWS. It opens nothing else, but is treated like any other.
#[derive(Serialize, Deserialize)]
pub(super) struct AccessKey {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
}

impl AccessKey {
    fn credentials(&self) -> Credentials {
        Credentials::new(&self.access_key_id, &self.secret_access_key, None, None, "the local AWS")
    }

    /// Lines for a shell to read.
    fn exports(&self, record: &Record) -> String {
        let lines = [
            ("AWS_ENDPOINT_URL", record.endpoint.as_str()),
            ("AWS_REGION", &record.region),
            // The name that Python's SDK knows.
            ("AWS_DEFAULT_REGION", &record.region),
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| format!("export {name}='{value}'\n"));
        // What is left of another session would go before these keys, or beside them.
        String::from("unset AWS_PROFILE AWS_SESSION_TOKEN\n") + &lines.concat()
    }
}

impl Record {
    /// The record of a process that has just been started.
    pub(super) fn of(process: Process, port: u16) -> Self {
        Self {
            process,
            port,
            endpoint: format!("http://127.0.0.1:{port}"),
            account: ACCOUNT.into(),
            region: REGION.into(),
            users: None,
            policy: String::new(),
        }
    }

    /// The record in an instance's folder, if there is one.
    pub(super) fn read(instance: &Path) -> Result<Option<Self>> {
        let path = instance.join(RECORD);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::io("read", &path, &source)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|source| {
            Error::new(format!("could not read {}", path.display())).because(source).hint(format!(
                "end the local AWS by hand if it runs (`ps`), and delete {}",
                path.display()
            ))
        })
    }

    /// Writes the record and, once there are users, the files for their shells.
    pub(super) fn write(&self, instance: &Path) -> Result<()> {
        if let Some(users) = &self.users {
            write(&instance.join(DEPLOYER_ENV), users.deployer.exports(self).as_bytes())?;
            write(&instance.join(CLIENT_ENV), users.client.exports(self).as_bytes())?;
            if let Some(auditor) = &users.auditor {
                write(&instance.join(AUDITOR_ENV), auditor.exports(self).as_bytes())?;
            }
        }
        let text = serde_json::to_vec_pretty(self)
            .context(|| "could not write the local AWS's record as JSON".into())?;
        write(&instance.join(RECORD), &text)
    }

    /// Whether it is complete, its process is there, and it answers.
    ///
    /// It is asked more than once: a busy server can stall for seconds, and one that is given up
    /// loses all that it holds.
    pub(super) async fn is_usable(&self) -> bool {
        for _ in 0..PATIENCE {
            if self.users.is_none() || !self.process.is_running() {
                return false;
            }
            if probe::is_ready(&self.endpoint).await {
                return true;
            }
            tokio::time::sleep(PAUSE).await;
        }
        false
    }

    /// The instance for others to use.
    pub(super) fn instance(&self) -> Result<Instance> {
        let unready =
            || Error::new("the local AWS is not ready").hint("start it: `deployer local start`");
        let users = self.users.as_ref().ok_or_else(unready)?;
        let auditor = users.auditor.as_ref().ok_or_else(unready)?;
        Ok(Instance {
            endpoint: self.endpoint.clone(),
            port: self.port,
            account: self.account.clone(),
            region: self.region.clone(),
            deployer: users.deployer.credentials(),
            client: users.client.credentials(),
            auditor: auditor.credentials(),
            pid: self.process.pid,
        })
    }
}

/// Whether an instance's folder has a record, readable or not.
pub(super) fn exists(instance: &Path) -> bool {
    instance.join(RECORD).exists()
}

/// Writes a private file so that a reader finds the old one or the new one, and never half of it.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // A temporary file has mode 0600 from its creation.
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|source| Error::io("write", path, &source))
}

/// Removes what an instance leaves in its folder, and nothing else: the folder's name came from
/// outside and may be a mistake.
pub(super) fn remove(instance: &Path) -> Result<()> {
    let gone = |result: std::io::Result<()>, path: &Path| match result {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path, &source))
        }
        _ => Ok(()),
    };
    let work = instance.join(WORK);
    gone(fs::remove_dir_all(&work), &work)?;
    // The record goes last: as long as it is there, a next attempt knows that there is work left.
    for name in [LOG, AUDITOR_ENV, CLIENT_ENV, DEPLOYER_ENV, RECORD] {
        let path = instance.join(name);
        gone(fs::remove_file(&path), &path)?;
    }
    Ok(())
}
