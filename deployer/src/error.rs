//! The one error type: what was being done to what, why it failed, and what to do next.
//!
//! Modules build an [`Error`] from the operation and its subject, add the causes from the outermost
//! inwards, and hints that name the next step. Only the user interface renders it. `Display` is the
//! message alone, so that a chain of causes never repeats itself.

use std::fmt;
use std::path::Path;

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure, in the words of the person who has to mend it.
#[derive(Debug, Clone, Default)]
pub struct Error {
    /// What was being done to what: lower case, no full stop.
    pub message: String,
    /// Why it failed, outermost cause first.
    pub causes: Vec<String>,
    /// What to do next, one sentence each.
    pub hints: Vec<String>,
    /// What is wrong in an input file, place by place.
    pub diagnostics: Vec<Diagnostic>,
}

/// One thing wrong in an input file, with the line that it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file as the user named it.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The whole offending line, without its line break.
    pub source: String,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl Error {
    /// An error that says what was being done to what.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// An error about a file operation, such as `could not read state/a.json`.
    pub fn io(operation: &str, path: &Path, source: &std::io::Error) -> Self {
        Self::new(format!("could not {operation} {}", path.display())).because(source)
    }

    /// Adds the next cause inwards.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a foreign error and all that caused it.
    #[must_use]
    pub fn caused_by(mut self, source: &(dyn std::error::Error + '_)) -> Self {
        let mut next = Some(source);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Both of two failures that came at once.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.causes.push(other.message);
        self.causes.extend(other.causes);
        self.hints.extend(other.hints);
        self.diagnostics.extend(other.diagnostics);
        self
    }

    /// Says in what larger undertaking this happened.
    #[must_use]
    pub fn within(mut self, message: impl Into<String>) -> Self {
        let inner = std::mem::replace(&mut self.message, message.into());
        self.causes.insert(0, inner);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Turns foreign errors into [`Error`]s at the place that knows what was being done.
pub trait Context<T> {
    /// Says what was being done when this failed.
    fn context(self, message: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: std::error::Error> Context<T> for std::result::Result<T, E> {
    fn context(self, message: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::new(message()).caused_by(&source))
    }
}
