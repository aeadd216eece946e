//! What entries have to do with each other: references, cycles, and two names of one object.

use std::collections::BTreeMap;

use super::Checker;
use crate::address::Address;
use crate::stack::Stack;
use crate::yaml::{Content, Node};
use crate::{graph, near, reference, resource};

impl Checker<'_> {
    /// Malformed and dangling references anywhere below a node.
    pub(super) fn references(&mut self, node: &Node, nodes: &BTreeMap<Address, (&Node, &Node)>) {
        match &node.content {
            Content::List(items) => {
                for item in items {
                    self.references(item, nodes);
                }
            }
            Content::Map(entries) => {
                for (_, value) in entries {
                    self.references(value, nodes);
                }
            }
            Content::Text(text) => {
                let (found, malformed) = reference::in_text(text);
                for text in malformed {
                    self.mistake(
                        node,
                        format!("`{text}` is not a reference: expected `${{kind.name.attribute}}`"),
                    );
                }
                for found in found {
                    self.reference(node, &found, nodes);
                }
            }
            _ => {}
        }
    }

    fn reference(
        &mut self,
        node: &Node,
        found: &reference::Reference,
        nodes: &BTreeMap<Address, (&Node, &Node)>,
    ) {
        let address = &found.address;
        if !nodes.contains_key(address) {
            let near = near::address(address, nodes.keys());
            let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            self.mistake(node, format!("`{address}` is referred to, but not declared{meant}"));
        } else if let Some(kind) = resource::find(&address.kind)
            && !kind.outputs().contains(&found.attribute.as_str())
        {
            let (attribute, outputs) = (&found.attribute, kind.outputs());
            let meant = near::ending(attribute, outputs, || {
                format!(", it offers `{}`", outputs.join("`, `"))
            });
            self.mistake(node, format!("`{address}` has no `{attribute}`{meant}"));
        }
    }

    pub(super) fn outputs(
        &mut self,
        root: &Node,
        nodes: &BTreeMap<Address, (&Node, &Node)>,
    ) -> Vec<(String, String)> {
        let Some((_, outputs)) = root.entry("outputs") else { return Vec::new() };
        let mut found = Vec::new();
        for (key, value) in self.mapping(outputs, "`outputs:`", false) {
            match value.text() {
                Some(text) => {
                    found.push((key.text().unwrap_or_default().to_owned(), text.to_owned()));
                }
                None => self.mistake(value, "an output must be a text"),
            }
            self.references(value, nodes);
        }
        found
    }

    pub(super) fn cycles(&mut self, stack: &Stack, nodes: &BTreeMap<Address, (&Node, &Node)>) {
        let graph = stack
            .resources
            .iter()
            .map(|(address, declaration)| (address.clone(), declaration.depends_on.clone()))
            .collect();
        if let Err(cycle) = graph::order(&graph) {
            let path: Vec<_> = cycle.iter().map(ToString::to_string).collect();
            let (key, _) = nodes[&cycle[0]];
            self.mistake(key, format!("these need each other: {}", path.join(" → ")));
        }
    }

    /// Two entries for one object would undo each other for ever.
    pub(super) fn clashes(&mut self, stack: &Stack, nodes: &BTreeMap<Address, (&Node, &Node)>) {
        let mut seen: BTreeMap<(String, String), &Address> = BTreeMap::new();
        for (address, declaration) in &stack.resources {
            let identity = resource::find(&address.kind)
                .and_then(|kind| kind.identity(&declaration.declared).ok());
            let Some(identity) = identity else { continue };
            // What has no name of its own is known by its route within its API.
            let name = match identity.get("name") {
                Some(name) => name.to_string(),
                None => format!("{} {}", identity["api"], identity["route"]),
            };
            if let Some(first) = seen.insert((address.kind.clone(), name), address) {
                let (key, _) = nodes[address];
                self.mistake(key, format!("`{address}` and `{first}` are the same object in AWS"));
            }
        }
    }
}
