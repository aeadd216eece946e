//! A resource on its way from Terraform's state into a stack.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::terraform::Instance;
use crate::address::Address;

/// What becomes of one resource.
pub(super) struct Draft {
    /// What Terraform calls it, and the parts that belong to it here.
    pub(super) terraform: Vec<String>,
    /// Its entry of the stack file, in the order in which people read it. No references yet.
    pub(super) declared: Vec<(&'static str, Value)>,
    /// What it is, as far as Terraform knows: the spec that an apply would have left.
    pub(super) spec: Value,
    /// What AWS assigned.
    pub(super) outputs: Value,
    /// What people must know of it.
    pub(super) notes: Vec<String>,
}

impl Draft {
    /// Begins one with what every resource has.
    pub(super) fn new(instance: &Instance<'_>) -> Self {
        Self {
            terraform: vec![instance.address.clone()],
            declared: Vec::new(),
            spec: Value::Object(Map::new()),
            outputs: Value::Object(Map::new()),
            notes: Vec::new(),
        }
    }

    /// A field of the entry.
    pub(super) fn declare(&mut self, name: &'static str, value: impl Into<Value>) {
        self.declared.push((name, value.into()));
    }

    /// Fields of the entry that say what the object is, unless that is nothing.
    pub(super) fn declare_as_is(&mut self, names: &[&'static str]) {
        for name in names {
            let value = &self.spec[name];
            if !value.is_null() && *value != json!("") && *value != json!({}) {
                self.declared.push((name, value.clone()));
            }
        }
    }

    /// Says which attributes are left as they are; `of` is the part that has them, if it is one.
    pub(super) fn leaves(&mut self, of: &str, attributes: &[String]) {
        if !attributes.is_empty() {
            let names = attributes.join(", ");
            let of = if of.is_empty() { String::new() } else { format!(" (of {of})") };
            self.notes.push(format!(
                "not managed here, so left as it is, and lost if the object is made anew: {names}{of}"
            ));
        }
    }
}

/// Tags with the provider's defaults, or where an old provider has not written those, without.
#[derive(Deserialize)]
pub(super) struct Tagged {
    tags: Option<BTreeMap<String, String>>,
    tags_all: Option<BTreeMap<String, String>>,
}

impl Tagged {
    pub(super) fn all(self) -> Value {
        let tags = self.tags_all.or(self.tags).unwrap_or_default();
        tags.into_iter().map(|(key, value)| (key, value.into())).collect::<Map<_, _>>().into()
    }
}

/// What a type looks at beside the object itself.
pub(super) struct Context<'a> {
    /// Everything in Terraform's state.
    pub(super) all: &'a [Instance<'a>],
    /// The address that the resource will have.
    pub(super) address: &'a Address,
    /// Where a path of Terraform leads, seen from the stack file.
    pub(super) path: &'a dyn Fn(&str) -> String,
    /// Parts that other resources have taken.
    pub(super) taken: &'a dyn Fn(&str) -> bool,
}

impl<'a> Context<'a> {
    /// All of one type that can be read; what cannot is told at the end.
    pub(super) fn parts<T: serde::de::DeserializeOwned>(
        &self,
        kind: &str,
    ) -> Vec<(&'a Instance<'a>, T)> {
        let of_kind = self.all.iter().filter(|instance| instance.kind == kind);
        of_kind.filter_map(|instance| Some((instance, instance.read().ok()?))).collect()
    }
}
