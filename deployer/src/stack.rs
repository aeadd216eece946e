//! `stack.yaml`: what is desired. Everything wrong in it is found in one go, before any AWS call,
//! and each mistake is shown with its place.

mod check;
mod entries;
mod head;
mod locate;
mod schema;
mod trial;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use self::entries::Edge;
pub(crate) use self::head::is_region;

use crate::address::Address;
use crate::error::{Diagnostic, Error, Result};
use crate::yaml::Place;

pub use self::schema::schema;

/// A stack file is read at a glance; anything of this size, in bytes, was not meant to be one.
const LARGEST: u64 = 1024 * 1024;

/// A whole `stack.yaml`, checked.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The stack's name.
    pub name: String,
    /// The account that it is for, if it says so, and where it does.
    pub account: Option<(String, Place)>,
    /// The region that it names, if it does.
    pub region: Option<String>,
    /// The folder that paths in it are relative to.
    pub base: PathBuf,
    /// What it declares.
    pub resources: BTreeMap<Address, Declaration>,
    /// What it makes known after an apply, in order; values may hold references.
    pub outputs: Vec<(String, String)>,
    /// Where all of this stands written.
    pub source: Source,
}

/// The text of a stack file, to point into.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file as the user named it.
    pub file: String,
    /// All that it holds.
    pub text: String,
}

/// One entry below `resources:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// What was written, defaults and ownership tags filled in; references as they stand.
    pub declared: Value,
    /// What it refers to.
    pub depends_on: BTreeSet<Address>,
    /// Whether it is neither to be deleted nor replaced.
    pub protected: bool,
    /// Where that is said, or else where its address stands.
    pub place: Place,
}

/// The folder that a file is in.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

impl Stack {
    /// Reads and checks a stack file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = read(path)?;
        Self::parse(&text, &path.display().to_string(), folder_of(path))
    }

    /// Checks the text of a stack file; `file` is what diagnostics call it.
    ///
    /// # Errors
    /// One error that lists every mistake with its place.
    pub fn parse(text: &str, file: &str, base: PathBuf) -> Result<Self> {
        let source = Source { file: file.to_owned(), text: text.to_owned() };
        check::check(&source, base).map_err(|mut mistakes| {
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
            error.diagnostics = mistakes
                .into_iter()
                .map(|mistake| source.point(mistake.place, mistake.message))
                .collect();
            error
        })
    }

    /// Refuses to work in another account than the one that the file names.
    pub fn check_account(&self, account: &str) -> Result<()> {
        let Some((wanted, place)) = self.account.as_ref().filter(|(wanted, _)| wanted != account)
        else {
            return Ok(());
        };
        let mut error = Error::new(format!(
            "the stack `{}` is for account {wanted}, and the credentials are for account {account}",
            self.name
        ))
        .hint("nothing was read from or changed in AWS")
        .hint(format!("use credentials for {wanted}, for example with AWS_PROFILE"));
        error.diagnostics = vec![self.source.point(*place, "no other account is meant")];
        Err(error)
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

impl Source {
    /// A message about a place in the file.
    pub fn point(&self, place: Place, message: impl Into<String>) -> Diagnostic {
        let line = self.text.lines().nth(place.line - 1).unwrap_or_default();
        Diagnostic {
            file: self.file.clone(),
            line: place.line,
            column: place.column,
            source: line.trim_end().to_owned(),
            message: message.into(),
        }
    }
}
