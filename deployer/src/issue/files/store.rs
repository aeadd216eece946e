//! Looking at a folder of certificates, and taking the steps.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use super::steps::{CURRENT, Content, Seen, Step, VERSIONS, Version, steps, temporary};
use super::{FILES, KEY};
use crate::error::{Error, Result};
use crate::private;

/// Makes a version the one that counts. One run at a time does so in a folder.
pub(super) fn install(out: &Path, version: Version) -> Result<()> {
    let name = version.name.clone();
    let failed = |path: &Path, source: &io::Error| {
        let now = current(out).is_some_and(|current| current.starts_with(&name));
        let state = if now {
            "the new certificate counts already, but may not outlast a power failure"
        } else {
            "the files are as they were before"
        };
        Error::io("write", path, source).hint(state)
    };
    let at = |source: io::Error| failed(out, &source);
    private::make(out, 0o755).map_err(at)?;
    let lock = File::open(out).map_err(at)?;
    lock.lock().map_err(at)?;
    let before = current(out);
    for step in steps(out, look(out).map_err(at)?, version) {
        if let Err(source) = step.take() {
            let error = failed(step.path(), &source);
            // Where a new version counts already, a power failure may still bring the old one back.
            if current(out) == before {
                clean(out);
            }
            return Err(error);
        }
    }
    Ok(())
}

/// Whether the link that is to say which version counts is something else.
pub(super) fn is_foreign(out: &Path) -> bool {
    out.join(CURRENT).symlink_metadata().is_ok() && current(out).is_none()
}

/// The version that counts.
fn current(out: &Path) -> Option<String> {
    let target = fs::read_link(out.join(CURRENT)).ok()?;
    Some(target.strip_prefix(VERSIONS).ok()?.to_str()?.to_owned())
}

/// What a folder holds.
pub(super) fn look(out: &Path) -> io::Result<Seen> {
    let is_link = |name: &str| {
        fs::read_link(out.join(name)).is_ok_and(|target| target == Path::new(CURRENT).join(name))
    };
    let current = current(out);
    let linked: Vec<_> = FILES.into_iter().filter(|name| is_link(name)).collect();
    let visible: Vec<_> = FILES.into_iter().filter(|name| out.join(name).exists()).collect();
    let mut found = Vec::new();
    // After a crash, some of the plain files may be links already, and the others wait for it.
    let is_new = |name: &&str| {
        let shown = fs::read(out.join(CURRENT).join(name)).map(Zeroizing::new);
        let read = || fs::read(out.join(name)).map(Zeroizing::new);
        !linked.contains(name) && !shown.is_ok_and(|shown| read().is_ok_and(|new| new == shown))
    };
    if visible.iter().any(is_new) {
        for name in visible {
            let bytes = fs::read(out.join(name))?;
            let content = if name == KEY { Content::private } else { Content::public };
            found.push(content(name, bytes));
        }
    }
    let mut leftovers = Vec::new();
    for entry in fs::read_dir(out.join(VERSIONS)).into_iter().flatten() {
        let entry = entry?;
        if Some(entry.file_name().to_string_lossy().as_ref()) != current.as_deref() {
            leftovers.push(entry.path());
        }
    }
    let links = FILES.into_iter().chain([CURRENT]).map(|name| out.join(temporary(name)));
    leftovers.extend(links.filter(|path| path.symlink_metadata().is_ok()));
    Ok(Seen { current, found, linked, leftovers })
}

/// Takes away what an attempt has left. What cannot be taken away now is by the next one.
fn clean(out: &Path) {
    for leftover in look(out).map(|seen| seen.leftovers).unwrap_or_default() {
        let _ = Step::Remove(leftover).take();
    }
}
