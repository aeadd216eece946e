//! Which actions work on a resource takes, and on which ARNs.
//!
//! Much of an ARN is in the stack file; what AWS makes up stands in it as a pattern, as long as it is
//! not known. All of this is pure.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::address::Address;
use crate::reference::{self, Reference};
use crate::resource::operations::{Operation, Purpose};
use crate::resource::{self, Place};

/// An action that must be allowed on some ARNs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The resource that takes it.
    pub address: Address,
    /// Such as `iam:GetRole`.
    pub action: &'static str,
    /// Where: patterns, as IAM knows them.
    pub resources: Vec<String>,
}

/// Resources that are there or will be.
pub struct Prospect<'a> {
    /// Where they are.
    pub place: &'a Place,
    /// Their declarations or specs, in which references may stand.
    pub documents: BTreeMap<Address, &'a Value>,
    /// What AWS is known to have assigned to some of them.
    pub known: BTreeMap<Address, &'a Value>,
}

impl Prospect<'_> {
    /// What all operations of a resource take that serve one of these purposes.
    pub fn needs(&self, address: &Address, purposes: &[Purpose]) -> Vec<Need> {
        let serves = |operation: &&Operation| {
            operation.purposes.iter().any(|purpose| purposes.contains(purpose))
        };
        let operations = resource::find(&address.kind).map_or(&[][..], |kind| kind.operations());
        let actions = operations.iter().filter(serves).flat_map(|operation| operation.actions);
        actions.filter_map(|action| self.need(address, action)).collect()
    }

    /// Where one action of a resource must be allowed.
    pub fn need(&self, address: &Address, action: &'static str) -> Option<Need> {
        let reach = resource::find(&address.kind)?.reach();
        let (_, templates) = reach.iter().find(|(beginning, _)| action.starts_with(beginning))?;
        let document = self.document(address)?;
        let outputs = self.outputs(address, &document)?;
        let fill = |name: &str| {
            let assigned = || outputs[name].as_str().or_else(|| document[name].as_str());
            self.place.part(name).or_else(assigned)
        };
        let resources = templates.iter().filter_map(|template| filled(template, &fill)).collect();
        Some(Need { address: address.clone(), action, resources })
    }

    /// A resource's own ARN, if it has one.
    pub fn arn(&self, address: &Address) -> Option<String> {
        let outputs = self.outputs(address, &self.document(address)?)?;
        outputs["arn"].as_str().map(str::to_owned)
    }

    /// A document with what is known or foretold in the place of references.
    fn document(&self, address: &Address) -> Option<Value> {
        let lookup = |found: &Reference| {
            let outputs = self.outputs(&found.address, &self.document(&found.address)?)?;
            outputs[&found.attribute].as_str().map(str::to_owned)
        };
        Some(reference::resolve(self.documents.get(address)?, &lookup))
    }

    fn outputs(&self, address: &Address, document: &Value) -> Option<Value> {
        if let Some(known) = self.known.get(address) {
            return Some((*known).clone());
        }
        resource::find(&address.kind)?.foretell(self.place, document).ok()
    }
}

/// A template with its names filled in; `None` where one is not known.
fn filled<'t>(template: &str, fill: &impl Fn(&str) -> Option<&'t str>) -> Option<String> {
    let mut pieces = template.split('{');
    let mut text = pieces.next()?.to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once('}')?;
        text += fill(name)?;
        text += rest;
    }
    Some(text)
}
