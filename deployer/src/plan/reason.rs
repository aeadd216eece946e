//! Why a change is in the plan. For display only: nothing is decided by it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::FieldChange;
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
    /// Something that it refers to is made anew.
    DependencyChanges,
    /// `stack.yaml` does not declare it any more.
    NotDeclared,
    /// The whole stack is to go.
    Destroyed,
}

impl Reason {
    pub(super) fn of_absence(reading: &Reading<Object>, entry: Option<&Entry>) -> Self {
        match (reading, entry.map(|entry| entry.phase)) {
            (Reading::Recoverable(until), _) => Self::Recoverable(until.clone()),
            (_, None) => Self::New,
            (_, Some(Phase::Creating | Phase::Deleting)) => Self::Unfinished,
            (_, Some(Phase::Ready)) => Self::DeletedOutside,
        }
    }

    pub(super) fn of_difference(fields: &[FieldChange], entry: Option<&Entry>) -> Vec<Self> {
        let mut reasons = Vec::new();
        let unknown = |field: &FieldChange| field.after.as_ref().is_some_and(reference::is_unknown);
        match entry.map(|entry| entry.phase) {
            None => reasons.push(Self::NotRemembered),
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
            Self::Recoverable(until) => write!(f, "restored: {until}"),
            Self::Declared => f.write_str("stack.yaml changed"),
            Self::Drifted => f.write_str("drift: it was changed outside of deployer"),
            Self::NotRemembered => f.write_str("it is ours by tag, and differs from stack.yaml"),
            Self::DependencyChanges => f.write_str("something that it refers to is made anew"),
            Self::NotDeclared => f.write_str("not declared in stack.yaml any more"),
            Self::Destroyed => f.write_str("the whole stack is destroyed"),
        }
    }
}
