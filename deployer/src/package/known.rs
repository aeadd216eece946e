//! What the zips of earlier runs hash to, by what went into them: to hash a program takes milliseconds,
//! to zip it a hundred times as long, and most plans find that it is in AWS already.
//!
//! It is a cache: whatever is wrong with the file, the zip is made again. One that is mistaken shows
//! when the zip is made to be sent.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Error;

/// The name of the file in the cache folder.
const FILE: &str = "zips.json";

/// How many are remembered; the oldest are forgotten first.
const MOST: usize = 64;

/// The newest come last: the digest of the contents, and the SHA-256 of the zip in base64.
type Entries = Vec<(String, String)>;

/// The hash of the zip of these contents.
pub(super) fn zip(digest: &str, cache: Option<&Path>) -> Option<String> {
    let entries = entries(&file(cache)?);
    entries.into_iter().find_map(|(known, zip)| (known == digest).then_some(zip))
}

/// Takes note of the hash of the zip of these contents, if there is a place for it.
pub(super) fn remember(digest: &str, zip: &str, cache: Option<&Path>) {
    let Some(file) = file(cache) else { return };
    let mut entries = entries(&file);
    entries.push((digest.to_owned(), zip.to_owned()));
    let oldest = entries.len().saturating_sub(MOST);
    // That it could not be written costs half a second the next time, and nothing else.
    let _ = replace(&file, &entries[oldest..]);
}

/// The error about a zip that is not what was remembered of it.
pub(super) fn mistaken() -> Error {
    Error::new("could not make the zip file of a function as it was planned")
        .because(format!("what an earlier run has noted of it in `{FILE}` is not true"))
        .hint(format!(
            "remove `{FILE}` from the cache folder (`~/.cache/deployer`), and plan again"
        ))
}

fn file(cache: Option<&Path>) -> Option<PathBuf> {
    cache.map(|folder| folder.join(FILE))
}

fn entries(file: &Path) -> Entries {
    let text = fs::read(file).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Runs at the same time may forget an entry of each other, but never see half a file.
fn replace(file: &Path, entries: &[(String, String)]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut new = NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut new, entries)?;
    new.persist(file)?;
    Ok(())
}
