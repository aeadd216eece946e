//! What was found out about an object that was applied.

use crate::error::{Error, Result};

/// One thing that must hold, and whether it does.
#[derive(Debug, Clone)]
pub struct Check {
    /// What must hold, as a sentence without its full stop.
    pub what: String,
    /// Whether it does.
    pub finding: Finding,
}

/// Whether something holds.
#[derive(Debug, Clone)]
pub enum Finding {
    /// It was seen to.
    Holds,
    /// It was seen not to.
    Fails(Error),
    /// It could not be seen, and why.
    Unproven(String),
}

impl Check {
    /// It holds.
    pub fn holds(what: impl Into<String>) -> Self {
        Self { what: what.into(), finding: Finding::Holds }
    }

    /// It does not hold.
    pub fn fails(what: impl Into<String>, error: Error) -> Self {
        Self { what: what.into(), finding: Finding::Fails(error) }
    }

    /// It could not be found out.
    pub fn unproven(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), finding: Finding::Unproven(why.into()) }
    }

    /// It holds unless there was an error.
    pub fn of(what: impl Into<String>, result: Result<()>) -> Self {
        match result {
            Ok(()) => Self::holds(what),
            Err(error) => Self::fails(what, error),
        }
    }
}
