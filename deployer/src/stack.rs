//! `stack.yaml`: what is desired. Everything wrong in it is found in one go, before any AWS call,
//! and each mistake is shown with its place.

mod check;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::address::Address;
use crate::error::{Diagnostic, Error, Result};

/// A stack file is read at a glance; anything of this size, in bytes, was not meant to be one.
const LARGEST: u64 = 1024 * 1024;

/// A whole `stack.yaml`, checked.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The stack's name.
    pub name: String,
    /// The region that it names, if it does.
    pub region: Option<String>,
    /// The folder that paths in it are relative to.
    pub base: PathBuf,
    /// What it declares.
    pub resources: BTreeMap<Address, Declaration>,
    /// What it makes known after an apply, in order; values may hold references.
    pub outputs: Vec<(String, String)>,
}

/// One entry below `resources:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// What was written, defaults and ownership tags filled in; references as they stand.
    pub declared: Value,
    /// What it refers to.
    pub depends_on: BTreeSet<Address>,
    /// The line of its address, counted from 1.
    pub line: usize,
}

impl Stack {
    /// Reads and checks a stack file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = read(path)?;
        let base = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        Self::parse(&text, &path.display().to_string(), base)
    }

    /// Checks the text of a stack file; `file` is what diagnostics call it.
    ///
    /// # Errors
    /// One error that lists every mistake with its place.
    pub fn parse(text: &str, file: &str, base: PathBuf) -> Result<Self> {
        check::check(text, base).map_err(|mut mistakes| {
            mistakes.sort_by(|one, other| {
                let key = |mistake: &check::Mistake| (mistake.place.line, mistake.place.column);
                key(one).cmp(&key(other)).then_with(|| one.message.cmp(&other.message))
            });
            // What aliases repeat is wrong once.
            mistakes
                .dedup_by(|one, other| one.place == other.place && one.message == other.message);
            let count = mistakes.len();
            let mut error = Error::new(format!(
                "{file} has {count} mistake{}",
                if count == 1 { "" } else { "s" }
            ))
            .hint("nothing was read from or changed in AWS");
            error.diagnostics =
                mistakes.into_iter().map(|mistake| mistake.diagnose(file, text)).collect();
            error
        })
    }
}

fn read(path: &Path) -> Result<String> {
    let wrong = || Error::new(format!("could not read the stack file {}", path.display()));
    if path.is_dir() {
        return Err(wrong()
            .because("it is a folder")
            .hint("name the file in it, such as --stack FOLDER/stack.yaml"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(
        |error| {
            let error_is_absence = error.kind() == ErrorKind::NotFound;
            let described = wrong().because(error);
            if error_is_absence {
                described
                    .hint("run in the folder of your stack.yaml, or name the file with --stack")
            } else {
                described
            }
        },
    )?;
    if bytes.len() as u64 > LARGEST {
        return Err(wrong()
            .because("it is larger than 1 MiB")
            .hint("is this the file that you meant?"));
    }
    if bytes.contains(&0) {
        return Err(wrong()
            .because("it is a binary file")
            .hint("is this the file that you meant?"));
    }
    // Some editors begin a file with a mark of its encoding, which is no part of the text.
    if bytes.starts_with("\u{feff}".as_bytes()) {
        bytes.drain(.."\u{feff}".len());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count();
        wrong().because(format!("line {line} is not UTF-8 text")).hint("save the file in UTF-8")
    })
}

impl check::Mistake {
    fn diagnose(self, file: &str, text: &str) -> Diagnostic {
        let source =
            text.lines().nth(self.place.line - 1).unwrap_or_default().trim_end().to_owned();
        Diagnostic {
            file: file.to_owned(),
            line: self.place.line,
            column: self.place.column,
            source,
            message: self.message,
        }
    }
}
