//! Widening: a change that gives more than anybody should give by the way, such as a `*`. Apply
//! refuses it unless it is told that this is meant.

use serde::{Deserialize, Serialize};

use super::{FieldChange, Plan};
use crate::address::Address;
use crate::error::{Diagnostic, Error, Result};
use crate::policy::Policy;
use crate::policy::breadth::Breadth;
use crate::policy::effect::{Permission, Set, permissions};
use crate::resource::Opening;

/// What a change gives, and why it is not to be given by the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Widening {
    /// The path of the field that gives it.
    pub field: String,
    /// What it gives.
    #[serde(flatten)]
    pub what: What,
}

/// What a change gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum What {
    /// A permission of IAM.
    Permission {
        /// Which.
        permission: Permission,
        /// What makes it broad: never nothing.
        breadth: Vec<Breadth>,
    },
    /// Something that the resource itself allows.
    Opening(Opening),
}

/// What widens in the fields of a change, measured against what AWS holds: so whoever takes back what
/// another one has widened does not widen.
pub(super) fn of(fields: &[FieldChange], account: &str) -> Vec<Widening> {
    let mut found = Vec::new();
    for field in fields {
        let Some(effect) = &field.effect else { continue };
        let before = permissions(field.before.clone().map(Policy::stored).as_ref());
        for permission in &effect.gains {
            let breadth = Breadth::of(permission, &before, account);
            if !breadth.is_empty() {
                let (field, permission) = (field.path.clone(), permission.clone());
                found.push(Widening { field, what: What::Permission { permission, breadth } });
            }
        }
    }
    found
}

impl Widening {
    /// What a resource itself allows, by the field that says so.
    pub(super) fn of_opening((field, opening): (String, Opening)) -> Self {
        Self { field, what: What::Opening(opening) }
    }

    /// What it gives, in words.
    pub fn gives(&self) -> String {
        match &self.what {
            What::Permission { permission, .. } => permission.to_string(),
            What::Opening(opening) => opening.gives.clone(),
        }
    }

    /// What makes it broad, in words.
    pub fn why(&self) -> String {
        match &self.what {
            What::Permission { breadth, .. } => {
                breadth.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            }
            What::Opening(opening) => opening.why.clone(),
        }
    }

    /// The texts that stand together where it is declared: first what makes it broad.
    pub fn texts(&self) -> Vec<&str> {
        let (permission, breadth) = match &self.what {
            What::Permission { permission, breadth } => (permission, breadth),
            What::Opening(opening) => return vec![&opening.text],
        };
        let Permission { principal, action, resource, .. } = permission;
        let broad = match breadth.first() {
            Some(Breadth::EveryResource) => resource.as_ref(),
            Some(Breadth::ForeignPrincipal) => principal.as_ref(),
            _ => None,
        };
        broad.into_iter().chain([action]).flat_map(Set::patterns).map(bare).collect()
    }
}

/// A principal stands in a document without its kind.
fn bare(text: &str) -> &str {
    text.split_once(' ').map_or(text, |(_, name)| name)
}

impl Plan {
    /// Everything in it that widens.
    pub fn widenings(&self) -> impl Iterator<Item = (&Address, &Widening)> {
        let changes = self.changes.iter();
        changes.flat_map(|change| change.widenings.iter().map(move |it| (&change.address, it)))
    }

    /// Refuses a plan that widens; `place` tells where that is declared.
    ///
    /// # Errors
    /// Everything that widens, in one error.
    pub fn refuse_widening(&self, place: impl Fn(&Address, &Widening) -> Diagnostic) -> Result<()> {
        let found = self.widenings().map(|(address, widening)| Diagnostic {
            message: format!(
                "{} of {address} gives {}: {}",
                widening.field,
                widening.gives(),
                widening.why()
            ),
            ..place(address, widening)
        });
        let diagnostics: Vec<Diagnostic> = found.collect();
        if diagnostics.is_empty() {
            return Ok(());
        }
        let error = Error { diagnostics, ..Error::new("this widens what is allowed") };
        Err(error.hint("nothing was changed; if that is meant, add --allow-widening"))
    }
}

#[cfg(test)]
mod tests;
