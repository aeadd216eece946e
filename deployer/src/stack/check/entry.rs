//! One entry below `resources:`, read as its resource type.
//!
//! Serde stops at the first thing that does not fit. So that one run still reports everything, what
//! was found wrong is taken out of the entry, or where it is a field of the entry itself, replaced by
//! that of the resource type's example; and the entry is read again, until it fits.

use serde_json::Value;

use super::Checker;
use crate::address::Address;
use crate::resource::{self, AnyResourceType};
use crate::stack::Spot;
use crate::stack::trial::{Misfit, Trial};
use crate::stack::words::plain;
use crate::yaml::{self, Content, Node};

/// The key of an entry that protects what it declares from being deleted and replaced.
const PROTECT: &str = "protect";

impl Checker<'_> {
    /// One resource's declaration, with every mistake in it noted.
    pub(super) fn entry(&mut self, address: &Address, key: &Node, node: &Node) -> Option<Value> {
        let kind = resource::find(&address.kind)?;
        let example = yaml::parse(kind.example()).ok()?.to_json();
        if !matches!(node.content, Content::Map(_)) {
            self.mistake(key, format!("`{address}` must be a mapping of fields to values"));
            return None;
        }
        // Protection is not the resource types' business.
        let mut fields = node.clone();
        fields.remove(&[], PROTECT);
        let mut trial = Trial::new(key, &fields);
        let declared = loop {
            match kind.declare(&trial.document(&example)) {
                Ok(declared) => break declared,
                Err(error) => {
                    let mut fault = Misfit::of(&error);
                    trial.narrow(&mut fault);
                    let found = trial.find(&fault.path, fault.is_of_key);
                    if !trial.is_aftermath(found) {
                        self.mistake(found, &fault.message);
                    }
                    if !trial.mend(&fault.path, &fault.field) {
                        return None;
                    }
                }
            }
        };
        self.limits(kind, &example, declared.clone(), &mut trial);
        Some(declared)
    }

    /// Whether an entry is protected, and where that is said.
    pub(super) fn protection(&mut self, key: &Node, node: &Node, declared: &Value) -> (bool, Spot) {
        let Some((protect, value)) = node.entry(PROTECT) else {
            return (false, self.spot(key));
        };
        let Content::Bool(protected) = value.content else {
            self.mistake(value, "expected `true` or `false`");
            return (false, self.spot(protect));
        };
        if declared.get("tags").is_none() {
            let message = "protection is kept in tags, and this has none: protect its API instead";
            self.mistake(protect, message);
        }
        (protected, self.spot(protect))
    }

    /// AWS's limits, for what the user got right so far. A check that stops at the first mistake of
    /// a nested document is run again without it.
    fn limits(
        &mut self,
        kind: &dyn AnyResourceType,
        example: &Value,
        mut declared: Value,
        trial: &mut Trial<'_>,
    ) {
        loop {
            let faults: Vec<_> = kind
                .validate(&declared)
                .into_iter()
                .filter(|fault| !fault.path.first().is_some_and(|field| trial.is_mended(field)))
                .collect();
            for fault in &faults {
                // What is unknown or reserved is the key, whatever its value.
                let message = plain(&fault.message);
                let is_of_key =
                    message.starts_with("unknown field") || message.contains("reserved");
                let found = trial.find(&fault.path, is_of_key);
                if !trial.is_aftermath(found) {
                    self.mistake(found, message);
                }
            }
            for fault in &faults {
                let field = fault.path.first().map_or("", String::as_str);
                trial.mend(&fault.path, field);
            }
            if faults.is_empty() {
                return;
            }
            match kind.declare(&trial.document(example)) {
                Ok(mended) => declared = mended,
                // What is left is no more than the aftermath of what was taken out.
                Err(_) => return,
            }
        }
    }
}
