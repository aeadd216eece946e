//! What is tried: a step in the life of a stack, and what goes wrong with it.

use super::operation::Operation;
use super::rules::{Moment, Rule};
use super::trial::Version;

/// A step in the life of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scenario {
    /// Everything is made.
    Create,
    /// Everything is changed in place.
    Update,
    /// What has a name gets another one, and is made anew.
    Replace,
    /// The API is made anew, and its route with it.
    ReplaceApi,
    /// Everything goes.
    Destroy,
}

impl Scenario {
    pub(crate) const ALL: [Self; 5] =
        [Self::Create, Self::Update, Self::Replace, Self::ReplaceApi, Self::Destroy];

    /// The version that follows.
    pub(super) fn next(self, version: Version) -> Version {
        match self {
            Self::Update => Version { edit: version.edit + 1, ..version },
            Self::Replace => Version { naming: version.naming + 1, ..version },
            Self::ReplaceApi => Version { api: version.api + 1, ..version },
            Self::Create | Self::Destroy => version,
        }
    }

    pub(super) fn arguments(self) -> [&'static str; 2] {
        [if self == Self::Destroy { "destroy" } else { "apply" }, "--yes"]
    }
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// The binary is killed at the n-th call of an operation.
    Killed(Moment, Operation, usize),
    /// That call is carried out, and its answer lost.
    Lost(Operation, usize),
    /// The first call of each operation that changes something is refused.
    Refused,
    /// Faults that must be survived without another run.
    Passing(Vec<Rule>),
}

/// One step in trouble.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) scenario: Scenario,
    pub(crate) what: String,
    pub(crate) trouble: Trouble,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) job: Job,
    /// Calls that met a fault.
    pub(crate) hits: usize,
    /// Whether it was survived without another run, or what is wrong.
    pub(crate) result: Result<bool, String>,
}
