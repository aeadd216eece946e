//! What the zips of earlier runs hash to, by what went into them: to hash a program takes milliseconds,
//! to zip it a hundred times as long, and most plans find that it is in AWS already.
//!
//! It is a cache: where the file cannot be read, the zip is made again. A hash in it that is not true,
//! which a new release of what compresses could make of it, shows when the zip is made to be sent.

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

/// Forgets what was remembered of a zip that is another one, and tells that.
pub(super) fn mistaken(digest: &str, cache: Option<&Path>) -> Error {
    let error = Error::new("could not make the zip file of a function as it was planned");
    let Some(file) = file(cache) else { return error };
    let mut entries = entries(&file);
    entries.retain(|(known, _)| known != digest);
    let place = file.display();
    let error = error.because(format!("what {place} says of it, from an earlier run, is not true"));
    match replace(&file, &entries) {
        Ok(()) => error.hint("run again: what was wrong there is removed"),
        Err(_) => error.hint(format!("remove {place}, then run again")),
    }
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
