//! `stack.yaml`: what is desired. Everything wrong in it is found in one go, before any AWS call,
//! and each mistake is shown with its place.

mod check;
mod entries;
mod environment;
mod given;
mod head;
mod locate;
mod schema;
mod trial;
mod variables;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

pub use self::entries::Edge;
pub use self::given::{Assignment, Environment, Given, Giver, PREFIX, whereabouts};
pub(crate) use self::head::is_region;

use crate::address::Address;
use crate::error::{Diagnostic, Error, Result};
use crate::yaml::{self, Node, Place};

pub use self::schema::schema;

/// The stack file to begin with: that of the repository, as nobody has edited it yet.
pub const DEFAULT: &str = include_str!("stack/default.yaml");

/// A stack file is read at a glance; anything of this size, in bytes, was not meant to be one.
const LARGEST: u64 = 1024 * 1024;

/// A whole `stack.yaml`, checked.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The stack's name, which is another one in each of its environments.
    pub name: String,
    /// The account that it is for, if it says so.
    pub account: Option<Account>,
    /// The region that it names, if it does.
    pub region: Option<String>,
    /// The folder that paths in it are relative to.
    pub base: PathBuf,
    /// What it declares.
    pub resources: BTreeMap<Address, Declaration>,
    /// What it makes known after an apply, in order; values may hold references.
    pub outputs: Vec<(String, String)>,
    /// Where all of this stands written.
    pub source: Arc<Source>,
    /// What it was given, as far as it has to do with it.
    pub given: Given,
}

/// The account that a stack is for.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its twelve digits.
    pub digits: String,
    /// Where that is said.
    place: Spot,
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
    pub place: Spot,
}

/// A place in a stack file. It is found only when somebody asks for it, because the whole file is read
/// again for that.
#[derive(Debug, Clone)]
pub struct Spot {
    source: Arc<Source>,
    node: usize,
}

impl PartialEq for Spot {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl Spot {
    /// The line and the column.
    pub fn place(&self) -> Place {
        yaml::place_of(self.node, &self.source.text)
    }

    /// A message about it.
    pub fn point(&self, message: impl Into<String>) -> Diagnostic {
        self.source.point(self.place(), message)
    }
}

/// The folder that a file is in.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

impl Stack {
    /// Reads and checks a stack file, with that of the environment over it.
    pub fn load(path: &Path, given: &Given) -> Result<Self> {
        let source = Arc::new(Source { file: path.display().to_string(), text: read(path)? });
        let environment = given.environment.as_ref();
        let overlay = environment.map(|it| environment::source(path, it)).transpose()?;
        check::check(&source, overlay.as_ref(), given, folder_of(path)).map_err(refusal)
    }

    /// Checks the text of a stack file that is given nothing; `file` is what diagnostics call it.
    ///
    /// # Errors
    /// One error that lists every mistake with its place.
    pub fn parse(text: &str, file: &str, base: PathBuf) -> Result<Self> {
        let source = Arc::new(Source { file: file.to_owned(), text: text.to_owned() });
        check::check(&source, None, &Given::default(), base).map_err(refusal)
    }

    /// Refuses to work in another account than the one that the file names.
    pub fn check_account(&self, account: &str) -> Result<()> {
        let wanted = self.account.as_ref().filter(|wanted| wanted.digits != account);
        let Some(Account { digits, place }) = wanted else { return Ok(()) };
        let mut error = Error::new(format!(
            "the stack `{}` is for account {digits}, and the credentials are for account {account}",
            self.name
        ))
        .hint("nothing was changed in AWS")
        .hint(format!("use credentials for {digits}, for example with AWS_PROFILE"));
        error.diagnostics = vec![place.point("no other account is meant")];
        Err(error)
    }
}

/// One error of all that is wrong with a stack file and that of its environment.
fn refusal(mistakes: Vec<Diagnostic>) -> Error {
    let mut files: Vec<&str> = mistakes.iter().map(|mistake| mistake.file.as_str()).collect();
    files.dedup();
    let (have, files) = (if files.len() > 1 { "have" } else { "has" }, files.join(" and "));
    let (count, s) = (mistakes.len(), if mistakes.len() == 1 { "" } else { "s" });
    let mut error = Error::new(format!("{files} {have} {count} mistake{s}"))
        .hint("nothing was read from or changed in AWS");
    error.diagnostics = mistakes;
    error
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
    fn parse(&self) -> Result<Node, Vec<Diagnostic>> {
        yaml::parse(&self.text).map_err(|(message, place)| vec![self.point(place, message)])
    }

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
