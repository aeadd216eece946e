//! What is done to the disk, one thing after the other, as a list: after each of them a crash may
//! come, and readers see the files of one version only. Pure, but for [`Step::take`].

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The link that says which version counts.
pub(super) const CURRENT: &str = "current";

/// The folder of the versions.
pub(super) const VERSIONS: &str = ".versions";

/// The version that is made of plain files which were there before.
const FOUND: &str = "found";

/// A file of a version.
pub(super) struct Content {
    pub(super) name: &'static str,
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) mode: u32,
}

impl Content {
    pub(super) fn public(name: &'static str, bytes: Vec<u8>) -> Self {
        Self { name, bytes: Zeroizing::new(bytes), mode: 0o644 }
    }

    pub(super) fn private(name: &'static str, bytes: Vec<u8>) -> Self {
        Self { name, bytes: Zeroizing::new(bytes), mode: 0o600 }
    }
}

/// The files that belong together.
pub(super) struct Version {
    pub(super) name: String,
    pub(super) files: Vec<Content>,
}

/// What a folder holds before.
#[derive(Default)]
pub(super) struct Seen {
    /// The version that counts.
    pub(super) current: Option<String>,
    /// What readers see, if any of it is not what the current version holds.
    pub(super) found: Vec<Content>,
    /// The files that are the links that they should be.
    pub(super) linked: Vec<&'static str>,
    /// Versions that do not count, and what a crash has left.
    pub(super) leftovers: Vec<PathBuf>,
}

/// One thing done to the disk.
pub(super) enum Step {
    Remove(PathBuf),
    Folder(PathBuf),
    File(PathBuf, Content),
    /// Makes what is in a folder outlast a power failure.
    Sync(PathBuf),
    Link {
        path: PathBuf,
        target: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
}

/// Makes `version` the one that counts in `out`.
///
/// Plain files become a version of their own first, so that the links which replace them show what
/// they held.
pub(super) fn steps(out: &Path, seen: Seen, version: Version) -> Vec<Step> {
    let mut steps: Vec<_> = seen.leftovers.into_iter().map(Step::Remove).collect();
    steps.push(Step::Folder(out.join(VERSIONS)));
    let mut taken: Vec<_> = seen.current.into_iter().collect();
    let mut links: Vec<_> = version.files.iter().map(|file| file.name).collect();
    if !seen.found.is_empty() {
        links.extend(seen.found.iter().map(|file| file.name));
        let found = Version { name: FOUND.to_owned(), files: seen.found };
        steps.extend(turn_to(out, found, &mut taken));
    }
    links.retain(|name| super::FILES.contains(name) && !seen.linked.contains(name));
    links.sort_unstable();
    links.dedup();
    for name in links {
        steps.extend(link(out, name, &Path::new(CURRENT).join(name)));
    }
    steps.push(Step::Sync(out.to_owned()));
    steps.extend(turn_to(out, version, &mut taken));
    steps
}

/// Writes a version under a name that is not taken, and makes it count.
fn turn_to(out: &Path, version: Version, taken: &mut Vec<String>) -> Vec<Step> {
    let mut name = version.name;
    // An issuer may answer twice with the same certificate; what counts is never written to.
    while taken.contains(&name) {
        name.push_str("-again");
    }
    let (versions, folder) = (out.join(VERSIONS), out.join(VERSIONS).join(&name));
    let mut steps = vec![Step::Folder(folder.clone())];
    for file in version.files {
        steps.push(Step::File(folder.join(file.name), file));
    }
    steps.extend([Step::Sync(folder), Step::Sync(versions)]);
    steps.extend(link(out, CURRENT, &Path::new(VERSIONS).join(&name)));
    steps.push(Step::Sync(out.to_owned()));
    taken.push(name);
    steps
}

fn link(out: &Path, name: &str, target: &Path) -> [Step; 2] {
    let (path, new) = (out.join(name), out.join(temporary(name)));
    [
        Step::Link { path: new.clone(), target: target.to_owned() },
        Step::Rename { from: new, to: path },
    ]
}

/// The name of a link before it takes the place of another.
pub(super) fn temporary(name: &str) -> String {
    format!(".{name}.new")
}

impl Step {
    /// Does it.
    pub(super) fn take(&self) -> io::Result<()> {
        match self {
            Self::Remove(path) if path.is_dir() && !path.is_symlink() => fs::remove_dir_all(path),
            Self::Remove(path) => fs::remove_file(path),
            Self::Folder(path) => DirBuilder::new().recursive(true).create(path),
            Self::File(path, content) => {
                let mut new = OpenOptions::new();
                let mut file = new.write(true).create_new(true).mode(content.mode).open(path)?;
                file.write_all(&content.bytes)?;
                file.sync_all()
            }
            Self::Sync(folder) => File::open(folder)?.sync_all(),
            Self::Link { path, target } => symlink(target, path),
            Self::Rename { from, to } => fs::rename(from, to),
        }
    }

    /// What it is about, for an error.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Remove(path) | Self::Folder(path) | Self::File(path, _) | Self::Sync(path) => {
                path
            }
            Self::Link { path, .. } => path,
            Self::Rename { to, .. } => to,
        }
    }
}
