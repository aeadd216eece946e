//! Writing the zip file, and looking into one that others wrote.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zip::read::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, System};

use super::{BOOTSTRAP, FileName, Requirement, elf};
use crate::error::{Context as _, Error, Result};

/// The largest zip that Lambda takes in a request, in bytes (Lambda quotas, "Deployment package size");
/// larger ones have to go through S3, which is not done here.
const ZIP_LIMIT: u64 = 50 * MIB;

/// The largest sum of the files in it, in bytes (the same quota).
const UNZIPPED_LIMIT: u64 = 250 * MIB;

const MIB: u64 = 1024 * 1024;

/// Mode bits of the program: Lambda runs it as a user who does not own it.
const PROGRAM_MODE: u32 = 0o755;

/// Mode bits of everything else: readable by that user.
const FILE_MODE: u32 = 0o644;

/// How zips are made here: with this, equal contents give equal bytes. Another one is to have another
/// name, so that no hash of the former is taken for one of it.
const METHOD: &str = concat!("deployer ", env!("CARGO_PKG_VERSION"), ", deflate 9");

/// The most that deflate offers: Lambda reads the zip with every cold start, and it is made once for
/// each build.
const LEVEL: i64 = 9;

/// What goes into a zip: the program and the files beside it, with their modes, in the order of their
/// names.
#[derive(PartialEq, Eq)]
pub(super) struct Contents(BTreeMap<String, (u32, Vec<u8>)>);

impl Contents {
    pub(super) fn new(program: Vec<u8>, files: &BTreeMap<FileName, Value>) -> Result<Self> {
        let mut entries = BTreeMap::from([(BOOTSTRAP.to_owned(), (PROGRAM_MODE, program))]);
        for (name, value) in files {
            let mut text = serde_json::to_vec_pretty(value).context(unwritten)?;
            text.push(b'\n');
            entries.insert(name.to_string(), (FILE_MODE, text));
        }
        let unzipped = entries.values().map(|(_, content)| content.len() as u64).sum();
        within_limit("unzipped", unzipped, UNZIPPED_LIMIT)?;
        Ok(Self(entries))
    }

    /// A hash of all that the bytes of the zip depend on, in base64.
    pub(super) fn digest(&self) -> String {
        let mut all = Context::new(&SHA256);
        let mut add = |part: &[u8]| {
            all.update(&part.len().to_be_bytes());
            all.update(part);
        };
        add(METHOD.as_bytes());
        for (name, (mode, content)) in &self.0 {
            add(name.as_bytes());
            add(&mode.to_be_bytes());
            add(content);
        }
        STANDARD.encode(all.finish())
    }

    /// The zip. Equal contents give equal bytes: names are in order, and time, system and compression
    /// are fixed.
    pub(super) fn zip(&self) -> Result<Vec<u8>> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, (mode, content)) in &self.0 {
            let options = SimpleFileOptions::default()
                .system(System::Unix)
                .compression_method(CompressionMethod::Deflated)
                .compression_level(Some(LEVEL))
                .last_modified_time(DateTime::DEFAULT)
                .unix_permissions(*mode);
            writer.start_file(name, options).context(unwritten)?;
            writer.write_all(content).context(unwritten)?;
        }
        let zip = writer.finish().context(unwritten)?.into_inner();
        within_limit("zipped", zip.len() as u64, ZIP_LIMIT)?;
        Ok(zip)
    }
}

fn unwritten() -> String {
    "could not write the zip file of a function".to_owned()
}

/// Refuses a zip file that Lambda would refuse or could not start.
pub(super) fn inspect(zip: &[u8], subject: &str, requirement: &Requirement) -> Result<()> {
    let unusable = || format!("could not use {subject} as the code of a function");
    within_limit("zipped", zip.len() as u64, ZIP_LIMIT).map_err(|e| e.within(unusable()))?;
    let mut archive = ZipArchive::new(Cursor::new(zip)).context(unusable)?;
    let mut unzipped = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).context(unusable)?;
        if entry.encrypted() {
            return Err(Error::new(unusable()).because("it is encrypted"));
        }
        unzipped = unzipped.saturating_add(entry.size());
    }
    within_limit("unzipped", unzipped, UNZIPPED_LIMIT).map_err(|e| e.within(unusable()))?;
    let program = program(&mut archive).map_err(|error| error.within(unusable()))?;
    elf::check(&program, &format!("`{BOOTSTRAP}` in {subject}"), requirement)
}

fn program(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Vec<u8>> {
    let Some(index) = archive.index_for_name(BOOTSTRAP) else {
        let error = Error::new(format!("it has no file `{BOOTSTRAP}`"));
        let nested = archive.file_names().flatten().find(|name| name.ends_with("/bootstrap"));
        return Err(match nested {
            Some(name) => {
                error.hint(format!("move `{name}` to the top of the zip, out of its folder"))
            }
            None => {
                error.hint(format!("put the program into the zip under the name `{BOOTSTRAP}`"))
            }
        });
    };
    let entry = archive.by_index(index).context(|| format!("could not unpack `{BOOTSTRAP}`"))?;
    let mode = entry.unix_mode();
    if mode.is_none_or(|mode| mode & 0o005 != 0o005) {
        let mode = mode.map_or("unknown".to_owned(), |mode| format!("{:o}", mode & 0o777));
        let cause =
            format!("`{BOOTSTRAP}` in it cannot be executed by everyone (its mode is {mode})");
        return Err(Error::new(cause)
            .hint("run `chmod 755 bootstrap` and zip it again on Linux or macOS, or name the program with `bootstrap:`"));
    }
    let mut program = Vec::new();
    // The size that a zip declares need not be true.
    entry
        .take(UNZIPPED_LIMIT + 1)
        .read_to_end(&mut program)
        .context(|| format!("could not unpack `{BOOTSTRAP}`"))?;
    within_limit("unzipped", program.len() as u64, UNZIPPED_LIMIT)?;
    Ok(program)
}

fn within_limit(state: &str, size: u64, limit: u64) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    let (size, limit) = (size.div_ceil(MIB), limit / MIB);
    Err(Error::new(format!(
        "the code is too large: {size} MiB {state}, and Lambda takes {limit} MiB"
    ))
    .hint("make it smaller: release profile with `strip = true`, fewer features, fewer files"))
}

#[cfg(test)]
mod tests {
    use super::{UNZIPPED_LIMIT, within_limit};

    #[test]
    fn limits_are_inclusive_and_sizes_are_rounded_up() {
        within_limit("unzipped", UNZIPPED_LIMIT, UNZIPPED_LIMIT).expect("fits");
        let error =
            within_limit("unzipped", UNZIPPED_LIMIT + 1, UNZIPPED_LIMIT).expect_err("large");
        assert_eq!(
            error.message,
            "the code is too large: 251 MiB unzipped, and Lambda takes 250 MiB"
        );
    }
}
