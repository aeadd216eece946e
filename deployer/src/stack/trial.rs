//! Reading an entry again and again, each time without the mistakes that were found so far.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_path_to_error::Segment;

use super::words::plain;
use crate::yaml::{Content, Node};

/// Where serde found that an entry does not fit its type.
pub(super) struct Misfit {
    pub(super) path: Vec<String>,
    /// The field of the entry that is to blame.
    pub(super) field: String,
    /// Whether it is the key that does not belong there.
    pub(super) is_of_key: bool,
    /// What is wrong, in words for people.
    pub(super) message: String,
}

impl Misfit {
    pub(super) fn of(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let message = plain(&error.inner().to_string());
        let mut path: Vec<String> = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                Segment::Seq { index } => Some(index.to_string()),
                Segment::Map { key } => Some(key.clone()),
                Segment::Enum { variant } => Some(variant.clone()),
                Segment::Unknown => None,
            })
            .collect();
        // A field that is missing or unknown is named in the message only.
        let named =
            |prefix| message.strip_prefix(prefix).and_then(|rest: &str| rest.split('`').next());
        let unknown = named("unknown field `");
        if let Some(unknown) = unknown
            && path.last().map(String::as_str) != Some(unknown)
        {
            path.push(unknown.to_owned());
        }
        let missing = named("missing field `").map(str::to_owned);
        let field = path.first().cloned().or(missing).unwrap_or_default();
        Self { path, field, is_of_key: unknown.is_some(), message }
    }
}

/// An entry from which the mistakes found so far are taken out.
pub(super) struct Trial<'n> {
    key: &'n Node,
    entry: Node,
    /// Fields of the entry that have the example's value by now.
    mended: BTreeSet<String>,
    /// Nodes that something was taken out of: that they lack it is no mistake of the user's.
    wounded: BTreeSet<usize>,
}

impl<'n> Trial<'n> {
    pub(super) fn new(key: &'n Node, node: &Node) -> Self {
        Self { key, entry: node.clone(), mended: BTreeSet::new(), wounded: BTreeSet::new() }
    }

    pub(super) fn document(&self, example: &Value) -> Value {
        let mut document = self.entry.to_json();
        if let Value::Object(fields) = &mut document {
            for field in &self.mended {
                match example.get(field) {
                    Some(value) => fields.insert(field.clone(), value.clone()),
                    None => fields.remove(field),
                };
            }
        }
        document
    }

    pub(super) fn is_mended(&self, field: &str) -> bool {
        self.mended.contains(field)
    }

    /// Whether a complaint about this node would be about what was taken out of it.
    pub(super) fn is_aftermath(&self, node: &Node) -> bool {
        self.wounded.contains(&node.id())
    }

    /// The node at a path, or the last one on the way that exists: the key where the fault is the
    /// key's.
    pub(super) fn find(&self, path: &[String], is_of_key: bool) -> &Node {
        let (mut at, mut inside) = (self.key, &self.entry);
        for step in path {
            if let Some((key, value)) = inside.entry(step) {
                (at, inside) = (key, value);
            } else if let Some(item) = step.parse().ok().and_then(|index| inside.item(index)) {
                (at, inside) = (item, item);
            }
        }
        // A plain value is where the reader's eye should land; a mapping is found by its key.
        let is_nested =
            matches!(inside.content, Content::Map(_) | Content::List(_) | Content::Null);
        if is_of_key || is_nested { at } else { inside }
    }

    /// A list that is checked as a whole names the item that is to blame in the message only.
    pub(super) fn narrow(&self, fault: &mut Misfit) {
        let mut inside = &self.entry;
        for step in &fault.path {
            let entry = inside.entry(step).map(|(_, value)| value);
            let item = || step.parse().ok().and_then(|index| inside.item(index));
            let Some(next) = entry.or_else(item) else { return };
            inside = next;
        }
        let named = fault.message.strip_prefix('`').and_then(|rest| rest.split('`').next());
        if let (Content::List(items), Some(named)) = (&inside.content, named)
            && let Some(index) = items.iter().position(|item| item.text() == Some(named))
        {
            fault.path.push(index.to_string());
        }
    }

    /// Takes out what stands at a path, or mends a whole field; tells whether that was news.
    pub(super) fn mend(&mut self, path: &[String], field: &str) -> bool {
        let mut path = path;
        while let Some((step, parents @ [_, ..])) = path.split_last() {
            if let Some(holders) = self.entry.remove(parents, step) {
                self.wounded.extend(holders);
                return true;
            }
            path = parents;
        }
        self.mended.insert(field.to_owned())
    }
}
