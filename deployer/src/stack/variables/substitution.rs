//! Puts the values of variables where `${var.name}` stands.

use std::collections::{BTreeMap, BTreeSet};

use super::{Value, Values, undeclared};
use crate::stack::check::Checker;
use crate::yaml::{Content, Node};

/// What a reference to a variable begins with.
const OPENING: &str = "${var.";

/// Where values were put, so that a mistake there can be explained.
#[derive(Default)]
pub(in crate::stack) struct Substitution {
    /// Which value each of these nodes got, and where it comes from, in words.
    origins: BTreeMap<usize, String>,
    /// The nodes that lack a value: whatever else is wrong with them follows from that.
    broken: BTreeSet<usize>,
}

impl Substitution {
    pub(in crate::stack) fn is_broken(&self, node: &Node) -> bool {
        self.broken.contains(&node.id())
    }

    /// What to add to a mistake at this node.
    pub(in crate::stack) fn origin(&self, node: &Node) -> String {
        self.origins.get(&node.id()).map(|origin| format!("; {origin}")).unwrap_or_default()
    }
}

impl Checker<'_> {
    /// The stack file with values in place of all `${var.name}`. Keys stay as they are, because
    /// addresses and fields are what the file is read by.
    pub(in crate::stack) fn substitute(&mut self, root: &Node, values: &Values) -> Node {
        let Content::Map(entries) = &root.content else { return root.clone() };
        let entries = entries.iter().map(|(key, node)| {
            let fixed = matches!(key.text(), Some("stack" | "variables"));
            (key.clone(), if fixed { node.clone() } else { self.fill(node, values) })
        });
        let entries = entries.collect();
        root.with(Content::Map(entries))
    }

    fn fill(&mut self, node: &Node, values: &Values) -> Node {
        let content = match &node.content {
            Content::List(items) => {
                Content::List(items.iter().map(|item| self.fill(item, values)).collect())
            }
            Content::Map(entries) => {
                let fill = |(key, value): &(Node, Node)| (key.clone(), self.fill(value, values));
                Content::Map(entries.iter().map(fill).collect())
            }
            Content::Text(text) if text.contains(OPENING) => self.replace(node, text, values),
            _ => return node.clone(),
        };
        node.with(content)
    }

    /// What a text becomes: the value itself where it is nothing but a variable.
    fn replace(&mut self, node: &Node, text: &str, values: &Values) -> Content {
        let mut filled = String::new();
        let mut origins = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPENING) {
            filled += before;
            let Some((name, after)) = after.split_once('}') else {
                return self.broken(node, "`}` is missing after the name of a variable");
            };
            let value = match values.get(name) {
                Some(Some(value)) => value,
                Some(None) => return self.broken(node, ""),
                None => return self.broken(node, &undeclared(name, values)),
            };
            origins.push(origin(name, value));
            if text.len() == OPENING.len() + name.len() + "}".len() {
                self.substitution.origins.insert(node.id(), origins.concat());
                return placed(node, &value.content);
            }
            let Some(inner) = inner(&value.content) else {
                return self.broken(node, &format!("`{name}` is a list: it can only stand alone"));
            };
            filled += &inner;
            rest = after;
        }
        filled += rest;
        self.substitution.origins.insert(node.id(), origins.join(", "));
        Content::Text(filled)
    }

    /// Leaves a node as it is, with a mistake unless that is told already.
    fn broken(&mut self, node: &Node, message: &str) -> Content {
        if !message.is_empty() {
            self.mistake(node, message);
        }
        self.substitution.broken.insert(node.id());
        node.content.clone()
    }
}

/// A value, all of it where the variable stands.
fn placed(node: &Node, content: &Content) -> Content {
    match content {
        Content::List(items) => {
            Content::List(items.iter().map(|item| node.with(item.content.clone())).collect())
        }
        other => other.clone(),
    }
}

/// A value within a text.
fn inner(content: &Content) -> Option<String> {
    match content {
        Content::Text(text) => Some(text.clone()),
        Content::Number(number) => Some(number.to_string()),
        Content::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn origin(name: &str, value: &Value) -> String {
    let shown = match &value.content {
        Content::List(_) => "a list".to_owned(),
        other => format!("`{}`", inner(other).unwrap_or_default()),
    };
    format!("`{name}` is {shown} by {}", value.from)
}
