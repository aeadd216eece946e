//! Installing ministack: once, into a Python environment of its own in the cache.
//!
//! The environment's folder carries the hash of the requirements, so an upgrade of this program
//! never changes the environment under a running server. Environments cannot be moved, so one is
//! made in its place, and a marker written at the end says that it is complete.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::lock::Lock;
use crate::error::{Context as _, Error, Result};
use crate::step::Step;

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The oldest Python that ministack runs on.
const OLDEST: (u32, u32) = (3, 10);

/// Where Python is looked for. The plain name comes first: it is the one that the user means.
const PYTHONS: [&str; 6] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];

/// What whoever waits for the installation is told.
const WAITING: &str = "waiting for another deployer that is installing the local AWS";

/// Tells the version first, and fails after that where Debian leaves the module out.
const INSPECT: &str = "import sys; print('%d.%d' % sys.version_info[:2], flush=True)\n\
                       import ensurepip, venv";

/// The Python that has ministack.
pub(super) async fn python(cache: &Path, report: &dyn Fn(&Step<'_>)) -> Result<PathBuf> {
    let folder = cache.join(format!("ministack-{}", hash()));
    let (python, marker) = (folder.join("bin/python"), folder.join("complete"));
    let waiting = || report(&Step::Begun(WAITING));
    let _lock = Lock::acquire(&cache.join("install.lock"), waiting).await?;
    if marker.exists() && has_ministack(&python).await {
        return Ok(python);
    }
    match fs::remove_dir_all(&folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &folder, &source));
        }
        _ => {}
    }
    let found = find(&PYTHONS).await?;
    report(&Step::Begun(&format!("installing the local AWS ({}), once", name())));
    report(&Step::At(&format!("into {}", folder.display())));
    make_environment(&found, &folder).await?;
    install(&python, &folder, report).await?;
    fs::write(&marker, "").map_err(|source| Error::io("write", &marker, &source))?;
    Ok(python)
}

/// What is installed, such as `ministack 1.5.33`.
fn name() -> String {
    let line = REQUIREMENTS.lines().find(|line| line.starts_with("ministack=="));
    line.unwrap_or("ministack").trim_end_matches([' ', '\\']).replace("==", " ")
}

/// The beginning of the requirements' SHA-256.
fn hash() -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, REQUIREMENTS.as_bytes());
    let number = digest.as_ref()[..6].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    format!("{number:012x}")
}

/// An upgrade of the system's Python can leave an environment behind that no longer works.
async fn has_ministack(python: &Path) -> bool {
    let check = Command::new(python).args(["-I", "-c", "import ministack"]).output().await;
    check.is_ok_and(|output| output.status.success())
}

/// The first Python that is recent enough and can make environments.
async fn find(candidates: &[&str]) -> Result<PathBuf> {
    let mut closest = Error::new("could not install the local AWS")
        .because("there is no python3 in PATH")
        .hint("install Python 3.10 or later; on Debian or Ubuntu: `apt install python3-venv`");
    for candidate in candidates {
        let inspected = Command::new(candidate).args(["-I", "-c", INSPECT]).output().await;
        let Ok(output) = inspected else { continue };
        match judge(candidate, &output) {
            Ok(()) => return Ok(candidate.into()),
            Err(error) => closest = error,
        }
    }
    Err(closest)
}

fn judge(candidate: &str, output: &Output) -> Result<()> {
    let text = String::from_utf8_lossy(&output.stdout);
    let refused = |cause: String| Error::new("could not install the local AWS").because(cause);
    let version = text
        .trim()
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    let Some(version) = version else {
        return Err(refused(format!("{candidate} does not work: {}", last_lines(&output.stderr)))
            .hint("install Python 3.10 or later, or repair the one that is there"));
    };
    if version < OLDEST {
        return Err(refused(format!("{candidate} is Python {}, which is too old", text.trim()))
            .hint("install Python 3.10 or later and put it into PATH as `python3`"));
    }
    if output.status.success() {
        return Ok(());
    }
    let (major, minor) = version;
    Err(refused(format!("{candidate} has no `venv` module"))
        .because(last_lines(&output.stderr))
        .hint(format!(
            "install it; on Debian or Ubuntu: `apt install python3-venv` (or \
             python{major}.{minor}-venv)"
        )))
}

async fn make_environment(python: &Path, folder: &Path) -> Result<()> {
    let message = || format!("could not make a Python environment in {}", folder.display());
    let output = Command::new(python)
        .args(["-I", "-m", "venv"])
        .arg(folder)
        .kill_on_drop(true)
        .output()
        .await
        .context(message)?;
    if output.status.success() {
        return Ok(());
    }
    // `venv` tells of a missing module on standard output.
    Err(Error::new(message())
        .because(last_lines(&[output.stdout, output.stderr].concat()))
        .hint("on Debian or Ubuntu: `apt install python3-venv`"))
}

/// Runs pip with the user's own configuration (mirrors, proxies, certificates), but with nothing
/// that is not in the requirements by its hash, and nothing that would run code to be built.
async fn install(python: &Path, folder: &Path, report: &dyn Fn(&Step<'_>)) -> Result<()> {
    let (requirements, errors) = (folder.join("requirements.txt"), folder.join("pip-errors.log"));
    fs::write(&requirements, REQUIREMENTS)
        .map_err(|source| Error::io("write", &requirements, &source))?;
    let error_file =
        fs::File::create(&errors).map_err(|source| Error::io("write", &errors, &source))?;
    let message = || format!("could not install the local AWS ({})", name());
    let mut pip = Command::new(python)
        .args(["-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"])
        // Compiled as it is used, which for most of it is never; that halves the time.
        .args(["--no-compile", "--no-input", "--disable-pip-version-check"])
        .args(["--progress-bar", "off", "-r"])
        .arg(&requirements)
        // A user-wide `--user` in pip's configuration would make it refuse an environment.
        .env("PIP_USER", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(error_file)
        .kill_on_drop(true)
        .spawn()
        .context(message)?;
    if let Some(output) = pip.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await.context(message)? {
            if let Some(step) = progress(&line) {
                report(&Step::At(&step));
            }
        }
    }
    let status = pip.wait().await.context(message)?;
    if status.success() {
        return Ok(());
    }
    let said = fs::read(&errors).unwrap_or_default();
    Err(explain(Error::new(message()), &said))
}

/// What a line of pip's output says to someone who waits.
fn progress(line: &str) -> Option<String> {
    if let Some(package) = line.strip_prefix("Collecting ") {
        let package = package.split([' ', ';']).next()?;
        return Some(format!("fetching {}", package.replace("==", " ")));
    }
    line.starts_with("Installing collected packages")
        .then(|| "unpacking what was fetched".to_owned())
}

fn explain(error: Error, said: &[u8]) -> Error {
    let text = String::from_utf8_lossy(said);
    let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    let hint = if says(&["DO NOT MATCH THE HASHES"]) {
        "what the package index sent is not what was expected: check pip's index and mirrors \
         (`pip config list`)"
    } else if says(&["CERTIFICATE_VERIFY_FAILED"]) {
        "Python does not trust who answers as the package index: name the CA of your network with \
         `pip config set global.cert FILE`"
    } else if says(&[
        "NewConnectionError",
        "name resolution",
        "ProxyError",
        "timed out",
        "SSLError",
    ]) {
        "the package index could not be reached: check the network, and for a proxy or a mirror \
         pip's configuration (`pip config list`); it is needed this once"
    } else if says(&["No matching distribution"]) {
        "the package index could not be reached, or does not have this: check the network and pip's \
         configuration (`pip config list`)"
    } else {
        "mend what pip names, and try again"
    };
    error.because(format!("pip said:\n{}", last_lines(said))).hint(hint)
}

fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

#[cfg(test)]
mod tests;
