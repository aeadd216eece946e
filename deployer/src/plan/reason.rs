//! Why a change is in the plan. For display only: nothing is decided by it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Declared, FieldChange};
use crate::reference;
use crate::resource::{Object, Reading};
use crate::state::{Entry, Phase};

/// Why a change is in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is declared and was never made.
    New,
    /// An earlier run was interrupted while it was being made.
    Unfinished,
    /// It was made by an earlier run and is gone.
    DeletedOutside,
    /// It was deleted and can be brought back; until when.
    Recoverable(String),
    /// `stack.yaml` asks for something else than at the last apply.
    Declared,
    /// AWS differs from what the last apply left.
    Drifted,
    /// It exists and carries our tags, but the state does not remember it.
    NotRemembered,
    /// It was not this stack's, and becomes so because the user wants it.
    Adopted,
    /// It carries no tags at all, as what AWS itself makes.
    AdoptedBare,
    /// Something that it refers to is made anew.
    DependencyChanges,
    /// `stack.yaml` does not declare it any more.
    NotDeclared,
    /// The whole stack is to go.
    Destroyed,
    /// It was deleted, and is there again.
    CameBack,
}

impl Reason {
    pub(super) fn of_absence(reading: &Reading<Object>, entry: Option<&Entry>) -> Self {
        match (reading, entry.map(|entry| entry.phase)) {
            (Reading::Recoverable(kept), _) => Self::Recoverable(kept.until.clone()),
            (_, None | Some(Phase::Deleted)) => Self::New,
            (_, Some(Phase::Creating | Phase::Deleting)) => Self::Unfinished,
            (_, Some(Phase::Ready)) => Self::DeletedOutside,
        }
    }

    pub(super) fn of_removal(entry: Option<&Entry>, declared: Option<&Declared>) -> Self {
        match (entry.map(|entry| entry.phase), declared) {
            (Some(Phase::Deleted), _) => Self::CameBack,
            (_, Some(_)) => Self::Destroyed,
            (_, None) => Self::NotDeclared,
        }
    }

    pub(super) fn of_difference(fields: &[FieldChange], entry: Option<&Entry>) -> Vec<Self> {
        let mut reasons = Vec::new();
        let unknown = |field: &FieldChange| field.after.as_ref().is_some_and(reference::is_unknown);
        match entry.map(|entry| entry.phase) {
            None | Some(Phase::Deleted) => reasons.push(Self::NotRemembered),
            Some(Phase::Creating | Phase::Deleting) => reasons.push(Self::Unfinished),
            Some(Phase::Ready) => {
                if fields.iter().any(|field| !field.drift && !unknown(field)) {
                    reasons.push(Self::Declared);
                }
                if fields.iter().any(|field| field.drift) {
                    reasons.push(Self::Drifted);
                }
            }
        }
        if fields.iter().any(unknown) {
            reasons.push(Self::DependencyChanges);
        }
        reasons
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new in stack.yaml"),
            Self::Unfinished => f.write_str("an earlier run did not finish it"),
            Self::DeletedOutside => f.write_str("drift: it was deleted outside of deployer"),
            Self::Recoverable(until) => {
                write!(f, "AWS has it scheduled for deletion on {until}")
            }
            Self::Declared => f.write_str("stack.yaml changed"),
            Self::Drifted => f.write_str("drift: it was changed outside of deployer"),
            Self::NotRemembered => f.write_str("it is ours by tag, and differs from stack.yaml"),
            Self::Adopted => f.write_str("adopted: it was not this stack's"),
            Self::AdoptedBare => {
                f.write_str("adopted: it has no tags at all, as what AWS makes by itself")
            }
            Self::DependencyChanges => f.write_str("something that it refers to is made anew"),
            Self::NotDeclared => f.write_str("not declared in stack.yaml any more"),
            Self::Destroyed => f.write_str("the whole stack is destroyed"),
            Self::CameBack => f.write_str("it was deleted, and is there again"),
        }
    }
}
